//! Until when an office's people promise an answer: time as it passes, or, where office hours are declared, time in which the office is open.
//! Leaves reading a manifest to `manifest`, and what happens to late answers to the broker.

use std::time::Duration;

use crate::gate::OfficeHours;

/// Within so many days a promise must be over by its week alone: more is no answer to a household in need.
const LONGEST_DAYS: u64 = 120;

/// How long an office may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Time as it passes, by day and by night.
    Passing(Duration),
    /// Time in which the office is open; it stands still while the office is closed.
    OfficeTime(Duration, OfficeHours),
    /// Working days: the day of the question does not count, and the last one ends when the office closes (Civil Code, articles 201 and 203).
    WorkingDays(u64, OfficeHours),
}

impl Promise {
    /// Until when a question that is asked now is promised to be answered; both since 1970 UTC. Whole minutes: it is people who keep them.
    pub fn due(&self, now: Duration) -> Duration {
        match self {
            Promise::Passing(within) => next_minute(now.saturating_add(*within)),
            Promise::OfficeTime(within, hours) => office_time(hours, next_minute(now), *within),
            Promise::WorkingDays(days, hours) => {
                let open = days_from(hours, OfficeHours::day_of(now).saturating_add(1));
                let closes = open.filter_map(|day| hours.open_on(day).last()).map(|(_, until)| until);
                let place = usize::try_from(days.saturating_sub(1)).unwrap_or(usize::MAX);
                // A bounded promise has such a day.
                let fallback = || now.saturating_add(Duration::from_secs(days.saturating_mul(86_400)));
                closes.into_iter().nth(place).unwrap_or_else(fallback)
            }
        }
    }

    /// Whether it is over within 120 days by the week alone; holidays come on top.
    pub(crate) fn is_bounded(&self) -> bool {
        let (needed, a_week) = match self {
            Promise::Passing(_) => return true,
            Promise::OfficeTime(within, hours) => (within.as_secs(), hours.open_in_a_week().as_secs()),
            Promise::WorkingDays(days, hours) => (*days, hours.days_in_a_week()),
        };
        needed.saturating_mul(7) <= a_week.saturating_mul(LONGEST_DAYS)
    }
}

/// The days from one on within which every bounded promise is over: each single day that differs can take one away.
fn days_from(hours: &OfficeHours, first: u64) -> std::ops::RangeInclusive<u64> {
    let single = u64::try_from(hours.days.len()).unwrap_or(u64::MAX);
    first..=first.saturating_add(LONGEST_DAYS + 14).saturating_add(single)
}

fn office_time(hours: &OfficeHours, asked: Duration, within: Duration) -> Duration {
    let mut left = within;
    for (from, until) in days_from(hours, OfficeHours::day_of(asked)).flat_map(|day| hours.open_on(day)) {
        let from = from.max(asked);
        let open = until.saturating_sub(from);
        if left <= open {
            // Offices open and close at whole minutes.
            return next_minute(from.saturating_add(left));
        }
        left = left.saturating_sub(open);
    }
    // A bounded promise is over before.
    asked.saturating_add(within)
}

/// This minute where it begins now, else the next one.
fn next_minute(time: Duration) -> Duration {
    let minutes = time.as_millis().div_ceil(60_000);
    Duration::from_secs(u64::try_from(minutes).unwrap_or(u64::MAX / 60).saturating_mul(60))
}
