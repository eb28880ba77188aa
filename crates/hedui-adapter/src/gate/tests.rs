//! The gate against a model that keeps the whole history, and the meter against the codes of the domain.

use std::time::Duration;

use hedui_core::{AnswerState, Unreachable};
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Admit,
    Settle(usize, Settled),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let settled = prop_oneof![1 => Just(Settled::Answered), 3 => Just(Settled::Failed), 1 => Just(Settled::Cancelled)];
    let step = prop_oneof![
        4 => Just(Step::Admit),
        4 => (any::<usize>(), settled).prop_map(|(i, s)| Step::Settle(i, s)),
        2 => (0u64..15).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..200)
}

/// The model: what happened, and rules read off it afresh each time.
#[derive(Default)]
struct Model {
    failures: u32,
    /// Since when it is open, and who tries, if somebody does.
    open: Option<Duration>,
    probe: Option<(usize, Duration)>,
}

proptest! {
    #[test]
    fn the_gate_behaves_as_the_model(steps in steps(), max in 1u32..4, failures in 1u32..4) {
        let retry = Duration::from_secs(10);
        let mut gate = Gate::new(max, BreakerLimits { failures, retry_after: retry });
        let mut model = Model::default();
        let mut now = Duration::ZERO;
        let mut permits: Vec<(usize, Permit)> = Vec::new();
        let mut number = 0;
        for step in steps {
            match step {
                Step::Wait(seconds) => now += Duration::from_secs(seconds),
                Step::Admit => {
                    let full = permits.len() >= max as usize;
                    let may_try = match (model.open, model.probe) {
                        (None, _) => None,
                        (Some(_), Some((_, since))) => Some(now >= since + retry),
                        (Some(until), None) => Some(now >= until),
                    };
                    match gate.admit(now) {
                        Err(Refused::Concurrency) => prop_assert!(full),
                        Err(Refused::Breaker) => prop_assert!(!full && may_try == Some(false)),
                        Err(Refused::Rate | Refused::Hours) => prop_assert!(false, "nothing limits the pace"),
                        Ok(permit) => {
                            prop_assert!(!full && may_try != Some(false));
                            number += 1;
                            if may_try.is_some() {
                                model.probe = Some((number, now));
                            }
                            permits.push((number, permit));
                        }
                    }
                }
                Step::Settle(_, _) if permits.is_empty() => {}
                Step::Settle(index, settled) => {
                    let (number, permit) = permits.remove(index % permits.len());
                    let tries = permit.probe;
                    gate.settled(permit, settled, now);
                    match (model.open, settled) {
                        (None, Settled::Answered) => model.failures = 0,
                        (None, Settled::Failed) => {
                            model.failures += 1;
                            if model.failures >= failures {
                                model.open = Some(now + retry);
                            }
                        }
                        (Some(_), _) if tries && model.probe.is_some() => {
                            prop_assert!(number > 0);
                            match settled {
                                Settled::Answered => model = Model::default(),
                                Settled::Failed => (model.open, model.probe) = (Some(now + retry), None),
                                Settled::Cancelled => (model.open, model.probe) = (Some(now), None),
                            }
                        }
                        _ => {}
                    }
                }
            }
            prop_assert_eq!(gate.running() as usize, permits.len());
            prop_assert_eq!(matches!(gate.breaker(), BreakerState::Closed { .. }), model.open.is_none());
        }
    }

    #[test]
    fn every_time_falls_into_the_first_bucket_that_holds_it(micros in 0u64..60_000_000) {
        let mut meter = Meter::default();
        meter.took(Duration::from_micros(micros));
        let expected = BUCKETS_MS.iter().position(|end| micros <= end * 1_000).unwrap_or(BUCKETS_MS.len());
        prop_assert_eq!(meter.latency().iter().position(|count| *count == 1), Some(expected));
        prop_assert_eq!(meter.total_micros(), micros);
    }
}

#[test]
fn every_state_is_counted_under_its_own_code() {
    let causes = [
        Unreachable::Timeout,
        Unreachable::Refused,
        Unreachable::Failed,
        Unreachable::Breaker,
        Unreachable::Cancelled,
    ];
    let states = [
        AnswerState::Found { records: Vec::new() },
        AnswerState::NoRecord,
        AnswerState::OverLimit { limit: None },
        AnswerState::WithinLimit { limit: None },
        AnswerState::IdentityMismatch,
        AnswerState::NotAuthorized,
        AnswerState::NotAsked,
        AnswerState::Pending,
    ];
    let states = states
        .into_iter()
        .chain(causes.map(|cause| AnswerState::Unreachable { cause }));
    for state in states {
        let mut meter = Meter::default();
        meter.count(&state);
        let counted: Vec<_> = meter.states().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, vec![(state.code(), 1)]);
    }
}

proptest! {
    #[test]
    fn no_window_of_a_second_has_more_than_twice_the_rate_and_a_pause_gives_all_of_it_back(
        per_second in 1u32..50,
        waits in prop::collection::vec(0u64..300, 1..300),
    ) {
        let pace = Pace { per_second: Some(per_second), ..Pace::default() };
        let mut gate = Gate::new(u32::MAX, BreakerLimits::default()).paced(pace);
        let (mut now, mut passed) = (Duration::from_secs(1_000), Vec::new());
        for wait in waits {
            now += Duration::from_millis(wait);
            if let Ok(permit) = gate.admit(now) {
                gate.settled(permit, Settled::Answered, now);
                passed.push(now);
            }
        }
        for (i, from) in passed.iter().enumerate() {
            let within = passed[i..].iter().take_while(|at| **at - *from < Duration::from_secs(1)).count();
            prop_assert!(within <= 2 * per_second as usize, "{within}");
        }
        now += Duration::from_secs(2);
        let at_once = (0..2 * per_second).filter(|_| gate.admit(now).is_ok()).count();
        prop_assert_eq!(at_once, per_second as usize);
    }

    /// What is counted is what is sent: a household of several persons is as many requests to a web service.
    #[test]
    fn no_window_of_a_second_has_more_requests_than_twice_the_rate(
        per_second in 1u32..50,
        asked in prop::collection::vec((0u64..300, 1u32..20), 1..300),
    ) {
        let pace = Pace { per_second: Some(per_second), per_person: true, hours: None };
        let mut gate = Gate::new(u32::MAX, BreakerLimits::default()).paced(pace);
        let (mut now, mut passed) = (Duration::from_secs(1_000), Vec::new());
        for (wait, persons) in asked {
            now += Duration::from_millis(wait);
            if let Ok(permit) = gate.admit_persons(persons, now) {
                gate.settled(permit, Settled::Answered, now);
                // As the source spaces them.
                passed.extend((0..persons).map(|i| now + Duration::from_secs(u64::from(i / per_second))));
            }
        }
        passed.sort_unstable();
        for (i, from) in passed.iter().enumerate() {
            let within = passed[i..].iter().take_while(|at| **at - *from < Duration::from_secs(1)).count();
            prop_assert!(within <= 2 * per_second as usize, "{within}");
        }
        now += Duration::from_secs(40);
        let mut of_one = gate.clone();
        prop_assert!(gate.admit_persons(u32::MAX, now).is_err() == (of_one.admit(now).is_err()), "a large household is not locked out");
    }

    #[test]
    fn a_common_hour_is_the_first_at_which_all_are_open(start in 0u64..60_000_000, spans in prop::collection::vec((0u16..1_440, 1u16..600), 0..4)) {
        let all: Vec<OfficeHours> = spans.iter().map(|(from, long)| {
            let mut hours = OfficeHours::default();
            for day in &mut hours.week {
                *day = vec![(*from, (from + long).min(1_440))];
            }
            hours
        }).collect();
        let now = Duration::from_secs(start * 60 + start % 60);
        let open = |at: Duration| all.iter().all(|hours| hours.is_open(at));
        match next_common(&all, now) {
            Some(found) => {
                prop_assert!(open(found) && found >= now);
                let before = (0..).map(|n| now + Duration::from_secs(30 * n)).take_while(|at| *at < found);
                prop_assert!(before.into_iter().all(|at| !open(at)));
            }
            // The same every day: a day tells.
            None => prop_assert!((0..2_880).all(|n| !open(now + Duration::from_secs(30 * n)))),
        }
    }

    #[test]
    fn office_hours_are_those_of_the_calendar(minutes in 0u64..60_000_000, special in 0u8..3) {
        let now = Duration::from_secs(minutes * 60);
        let zoned = jiff::Timestamp::from_second(i64::try_from(minutes * 60).unwrap()).unwrap();
        let local = zoned.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).datetime();
        let mut hours = OfficeHours::default();
        for day in &mut hours.week[..5] {
            *day = vec![(8 * 60 + 30, 12 * 60), (14 * 60, 17 * 60 + 30)];
        }
        let day = (minutes * 60 + 8 * 3_600) / 86_400;
        match special {
            1 => drop(hours.days.insert(day, Vec::new())),
            2 => drop(hours.days.insert(day, vec![(0, 24 * 60)])),
            _ => {}
        }
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let open = (510..720).contains(&minute) || (840..1_050).contains(&minute);
        let expected = match special {
            1 => false,
            2 => true,
            _ => open && local.weekday().to_monday_zero_offset() < 5,
        };
        prop_assert_eq!(hours.is_open(now), expected);
        let pace = Pace { hours: Some(hours), ..Pace::default() };
        let mut gate = Gate::new(1, BreakerLimits::default()).paced(pace);
        match gate.admit(now) {
            Ok(_) => prop_assert!(expected),
            Err(refused) => {
                prop_assert!(!expected);
                prop_assert_eq!(refused, Refused::Hours);
            }
        }
    }
}
