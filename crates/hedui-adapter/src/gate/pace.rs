//! When and how fast a department may be asked: office hours by the clock of Asia/Shanghai, and questions per second.
//! Leaves concurrency and failures to `gate`; what day it is comes with the time that is passed in.

use std::collections::BTreeMap;
use std::time::Duration;

/// Asia/Shanghai is ahead of UTC by this, without summer time.
const CHINA_SECONDS: u64 = 8 * 3_600;

const DAY_SECONDS: u64 = 86_400;

/// 1970-01-01 was a Thursday; the week begins on Monday.
const FIRST_WEEKDAY: u64 = 3;

/// How far ahead a common hour is looked for: the longest holidays and the weekends around them.
const COMMON_DAYS: u64 = 14;

/// Minutes of a day in which questions are taken: from the first to before the second.
pub type Spans = Vec<(u16, u16)>;

/// When a department takes questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfficeHours {
    /// Monday to Sunday.
    pub week: [Spans; 7],
    /// Single days that differ, by their number since 1970-01-01: holidays have no span, working weekends some.
    pub days: BTreeMap<u64, Spans>,
}

impl OfficeHours {
    /// Whether questions are taken at a time since 1970 UTC.
    pub fn is_open(&self, now: Duration) -> bool {
        let minute = now.as_secs().saturating_add(CHINA_SECONDS) % DAY_SECONDS / 60;
        let within = |(from, until): &(u16, u16)| (u64::from(*from)..u64::from(*until)).contains(&minute);
        self.spans(OfficeHours::day_of(now)).iter().any(within)
    }

    /// The number of the day, since 1970-01-01 in Asia/Shanghai, that a time since 1970 UTC falls on.
    pub fn day_of(now: Duration) -> u64 {
        now.as_secs().saturating_add(CHINA_SECONDS) / DAY_SECONDS
    }

    /// When a day's spans begin and end, as times since 1970 UTC, in their order.
    pub fn open_on(&self, day: u64) -> impl Iterator<Item = (Duration, Duration)> + '_ {
        let at = move |minute: u16| {
            let local = day.saturating_mul(DAY_SECONDS).saturating_add(u64::from(minute) * 60);
            Duration::from_secs(local.saturating_sub(CHINA_SECONDS))
        };
        self.spans(day).iter().map(move |(from, until)| (at(*from), at(*until)))
    }

    /// How long it is open in a week without single days that differ.
    pub fn open_in_a_week(&self) -> Duration {
        let minutes = self
            .week
            .iter()
            .flatten()
            .map(|(from, until)| until.saturating_sub(*from));
        Duration::from_secs(minutes.map(u64::from).sum::<u64>() * 60)
    }

    /// On how many days of a week it is open.
    pub fn days_in_a_week(&self) -> u64 {
        self.week.iter().map(|spans| u64::from(!spans.is_empty())).sum()
    }

    fn spans(&self, day: u64) -> &[(u16, u16)] {
        let weekday = usize::try_from((day % 7 + FIRST_WEEKDAY) % 7).unwrap_or(0);
        let spans = self.days.get(&day).or_else(|| self.week.get(weekday));
        spans.map_or(&[], Vec::as_slice)
    }
}

/// The first moment from now on, by the minute, at which all of these take questions; none where there is no such within a fortnight.
pub fn next_common(hours: &[OfficeHours], now: Duration) -> Option<Duration> {
    let open = |at: &Duration| hours.iter().all(|hours| hours.is_open(*at));
    let minute = Duration::from_secs(now.as_secs() / 60 * 60);
    let later = (1..=COMMON_DAYS * 1_440).map(|minutes| minute + Duration::from_secs(minutes * 60));
    std::iter::once(now).chain(later).find(open)
}

/// When and how fast a department may be asked; nothing is limited by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Requests in a second; as many may come at once after a pause.
    pub per_second: Option<u32>,
    /// Whether each person of a household is a request of its own, as web services are asked; else the household is one.
    pub per_person: bool,
    /// Its office hours; always where there are none.
    pub hours: Option<OfficeHours>,
}

/// How far the questions let through reach ahead of the time.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    due: Duration,
}

impl Rate {
    /// Whether a question of so many requests may pass now. One of more than pass in a second waits until nothing is due: its source spaces them.
    pub(super) fn has_room(&self, per_second: u32, requests: u32, now: Duration) -> bool {
        let counted = requests.min(per_second);
        self.due.max(now) + interval(per_second) * counted <= now + Duration::from_secs(1)
    }

    /// Whether half of what may pass at once is left: for work that leaves room to what is more urgent.
    pub(super) fn is_at_ease(&self, per_second: u32, now: Duration) -> bool {
        self.has_room(per_second, 1, now) && self.due <= now + Duration::from_millis(500)
    }

    /// Counts one that passed.
    pub(super) fn passed(&mut self, per_second: u32, requests: u32, now: Duration) {
        self.due = self.due.max(now) + interval(per_second) * requests;
    }
}

fn interval(per_second: u32) -> Duration {
    Duration::from_secs(1) / per_second.max(1)
}
