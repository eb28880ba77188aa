//! An annual review waits for departments that are paused, closed or failing, and says for whom; nobody is judged on their silence.
//! Leaves what a re-evaluation finds to `reevaluation`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hedui_adapter::gate::{OfficeHours, Pace};
use hedui_adapter::manifest::BreakerLimits;
use hedui_core::DepartmentId;

use super::reevaluation::{OFFICE, ask, rest, verify_all, world};
use super::support::*;
use crate::{Awaited, CaseId, JobState, Pause, Reevaluation, ReevaluationAsk, ReevaluationKind, Registered, Registry};

const REVIEW: ReevaluationKind = ReevaluationKind::AnnualReview;
const HOUR_MS: i64 = 3_600_000;

fn department(name: &str) -> DepartmentId {
    DepartmentId::new(name).unwrap()
}

fn awaited(name: &str, reason: &'static str, until_ms: Option<i64>) -> Awaited {
    Awaited {
        department: department(name),
        reason,
        until_ms,
    }
}

async fn begin(world: &World) -> CaseId {
    world.broker.reevaluate(ask(REVIEW), OFFICE).await.unwrap().id
}

/// Waits until a job waits for just these.
async fn waits_for(world: &World, id: CaseId, expected: &[Awaited]) {
    let mut state = world.broker.watch_reevaluation(id).unwrap();
    let found = state.wait_for(|job| !job.awaiting.is_empty()).await.unwrap();
    assert_eq!(found.awaiting, expected);
}

/// The world's departments, some of them asked at a pace of their own.
async fn paced(world: &World, paces: &[(&str, Pace)]) {
    let registry = world.broker.registry();
    let departments = registry.departments().iter().map(|d| {
        let pace = paces.iter().find(|(name, _)| d.profile.id.as_str() == *name);
        pace.map_or_else(
            || Arc::clone(d),
            |(_, pace)| {
                let limits = BreakerLimits::default();
                let anew = Registered::new(d.profile.clone(), Arc::clone(&d.port), limits);
                Arc::new(anew.paced(pace.clone()))
            },
        )
    });
    let registry = Registry::of(departments.collect());
    world.broker.replace_departments(registry).await.unwrap();
}

/// Office hours of every day, in minutes.
fn daily(from: u16, until: u16) -> Pace {
    let mut hours = OfficeHours::default();
    for day in &mut hours.week {
        *day = vec![(from, until)];
    }
    Pace {
        hours: Some(hours),
        ..Pace::default()
    }
}

fn all_judged(job: &Reevaluation, households: u64) {
    assert_eq!(job.state, JobState::Done);
    assert_eq!((job.counts.judged, job.counts.inconclusive), (households, 0));
    assert!(job.awaiting.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_paused_department_is_waited_for_and_nobody_is_judged_without_it() {
    let world = world();
    verify_all(&world, 3).await;
    world.clock.advance(12 * DAY_MS);
    let pause = Pause::new("moving house", "operator-1".to_owned(), NOON_MS).unwrap();
    world
        .broker
        .set_pauses(BTreeMap::from([(department("housing"), pause)]));
    let asked = world.questions();
    let id = begin(&world).await;
    waits_for(&world, id, &[awaited("housing", "DEPARTMENT_PAUSED", None)]).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(world.questions(), asked);
    world.broker.set_pauses(BTreeMap::new());
    all_judged(&rest(&world.broker, id).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_can_be_ended_and_one_that_is_told_to_goes_on_with_silence() {
    let world = world();
    verify_all(&world, 2).await;
    world.clock.advance(12 * DAY_MS);
    let pause = Pause::new("moving house", "operator-1".to_owned(), NOON_MS).unwrap();
    world
        .broker
        .set_pauses(BTreeMap::from([(department("housing"), pause)]));
    let id = begin(&world).await;
    waits_for(&world, id, &[awaited("housing", "DEPARTMENT_PAUSED", None)]).await;
    let ended = world.broker.cancel_reevaluation(id, OFFICE).await.unwrap();
    assert_eq!((ended.state, ended.counts.households), (JobState::Cancelled, 0));
    let with_silence = ReevaluationAsk {
        with_silence: true,
        ..ask(REVIEW)
    };
    let job = world.broker.reevaluate(with_silence, OFFICE).await.unwrap();
    let done = rest(&world.broker, job.id).await;
    assert_eq!((done.counts.judged, done.counts.inconclusive), (2, 2));
    // It is read from its leaf, too.
    assert!(done.with_silence && !ended.with_silence);
}

#[tokio::test(start_paused = true)]
async fn what_is_closed_is_waited_for_until_all_are_open_together() {
    let world = world();
    verify_all(&world, 2).await;
    world.clock.advance(12 * DAY_MS);
    // Minutes of the day from now on.
    let minute = |later: i64| u16::try_from(((NOON_MS + 8 * HOUR_MS) / 60_000 + later) % 1_440).unwrap();
    let (tax, housing) = (daily(minute(60), minute(240)), daily(minute(120), minute(180)));
    paced(&world, &[("tax", tax), ("housing", housing)]).await;
    let asked = world.questions();
    let id = begin(&world).await;
    let opens = Some(NOON_MS + 12 * DAY_MS + 2 * HOUR_MS);
    let both = [
        awaited("housing", "OUTSIDE_HOURS", opens),
        awaited("tax", "OUTSIDE_HOURS", opens),
    ];
    waits_for(&world, id, &both).await;
    // One has opened: still nobody is asked.
    world.clock.advance(90 * 60_000);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(world.questions(), asked);
    world.clock.advance(40 * 60_000);
    all_judged(&rest(&world.broker, id).await, 2);
}

#[tokio::test(start_paused = true)]
async fn those_who_are_never_open_together_are_not_waited_for() {
    let world = world();
    verify_all(&world, 1).await;
    world.clock.advance(12 * DAY_MS);
    let minute = |later: i64| u16::try_from(((NOON_MS + 8 * HOUR_MS) / 60_000 + later) % 1_440).unwrap();
    let (tax, housing) = (daily(minute(60), minute(120)), daily(minute(120), minute(180)));
    paced(&world, &[("tax", tax), ("housing", housing)]).await;
    let id = begin(&world).await;
    let done = rest(&world.broker, id).await;
    assert_eq!((done.counts.judged, done.counts.inconclusive), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_department_that_fails_costs_one_household_a_try_and_not_all_of_them() {
    let world = world();
    verify_all(&world, 12).await;
    world.clock.advance(12 * DAY_MS);
    world.department("housing").does(|_| Act::Drop);
    let registry = world.broker.registry();
    let failing = registry.departments().iter().map(|d| {
        let limits = BreakerLimits {
            failures: 1,
            retry_after: Duration::from_secs(3_600),
        };
        Arc::new(Registered::new(d.profile.clone(), Arc::clone(&d.port), limits))
    });
    let registry = Registry::of(failing.collect());
    world.broker.replace_departments(registry).await.unwrap();
    let slowly = ReevaluationAsk {
        rate_per_second: 1,
        ..ask(REVIEW)
    };
    let id = world.broker.reevaluate(slowly, OFFICE).await.unwrap().id;
    let now = NOON_MS + 12 * DAY_MS;
    let housing = awaited("housing", "BREAKER_OPEN", Some(now + HOUR_MS));
    waits_for(&world, id, std::slice::from_ref(&housing)).await;
    // It answers again, and the next household finds out.
    world.department("housing").does(|ask| Act::Now(nothing(&ask.query)));
    world.clock.advance(HOUR_MS);
    let done = rest(&world.broker, id).await;
    assert_eq!((done.counts.judged, done.counts.inconclusive), (12, 1));
}

#[tokio::test(start_paused = true)]
async fn a_department_that_takes_few_questions_a_second_refuses_none_of_a_job() {
    let world = world();
    verify_all(&world, 10).await;
    world.clock.advance(12 * DAY_MS);
    let asked = world.asked()["tax"];
    let slow = Pace {
        per_second: Some(2),
        ..Pace::default()
    };
    paced(&world, &[("tax", slow)]).await;
    let id = begin(&world).await;
    let done = rest(&world.broker, id);
    let passing = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            world.clock.advance(50);
        }
    };
    let done = tokio::select! {
        done = done => done,
        () = passing => unreachable!("time passes as long as it takes"),
    };
    all_judged(&done, 10);
    assert_eq!(world.asked()["tax"], asked + 10);
}
