//! Recomputing: every verdict comes out again byte for byte from evidence and archive alone, and whatever is changed shows.
//! Leaves judging itself to the tests of the packs.

use std::time::Duration;

use hedui_adapter::Reason;
use hedui_adapter::port::Reply;
use hedui_core::answer::Unreachable;
use hedui_core::finding::{LONG_PAST, LONG_PAST_DAYS};
use hedui_core::{AnswerState, Outcome, Town};
use hedui_evidence::LeafKind;
use hedui_policy::{Filed, Snapshot};
use jiff::ToSpan as _;

use super::support::*;
use crate::{BrokerError, Conflict, Create, FiledAgain, Recomputed, Request, Settings, State, Verification};

async fn again(world: &World, ended: &Verification) -> Recomputed {
    world
        .broker
        .recompute(ended.case, "audit-bureau", "auditor-1")
        .await
        .unwrap()
}

async fn comes_out(world: &World, ended: &Verification) -> Recomputed {
    assert_eq!(ended.state, State::Succeeded);
    let again = again(world, ended).await;
    assert_eq!(again.differences, []);
    assert!(again.same, "the bytes differ");
    assert_eq!(again.digests[0], again.digests[1]);
    assert_eq!(again.filed, FiledAgain::Same);
    again
}

/// A household about whom departments say all kinds of things.
async fn every_kind(world: &World, request: Request) -> Verification {
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    world
        .department("housing")
        .does(|ask| Act::Now(holds(&ask.query, &[flat(1), flat(2)])));
    world.department("bank").does(|ask| {
        Act::Now(say(&ask.query, |ordinal| match ordinal {
            0 => AnswerState::WithinLimit { limit: None },
            1 => AnswerState::IdentityMismatch,
            _ => AnswerState::NoRecord,
        }))
    });
    world.department("fund").does(|_| Act::Drop);
    world.department("land").holds();
    world
        .department("tax")
        .does(|_| Act::Now(Reply::Wire(bytes::Bytes::from_static(b"no answer at all"))));
    world
        .department("welfare")
        .does(|_| Act::Now(Reply::failed(Reason::DepartmentFailure)));
    world.verify(request).await
}

/// Chosen because the household was poorer then: the report says so, also when it is computed again much later.
#[tokio::test(start_paused = true)]
async fn a_day_long_past_is_named_and_comes_out_again() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    let about = |days: i64| Request {
        as_of: Some(crate::clock::Clock::today(&*world.clock).saturating_sub(days.days())),
        ..request()
    };
    let says = |ended: &Verification| report(ended).findings.iter().any(|f| f.code == LONG_PAST);
    let near = world.verify(about(LONG_PAST_DAYS)).await;
    assert!(!says(&near));
    let far = world.verify(about(LONG_PAST_DAYS + 1)).await;
    assert!(says(&far));
    world.clock.advance(1_000 * DAY_MS);
    comes_out(&world, &near).await;
    comes_out(&world, &far).await;
}

#[tokio::test(start_paused = true)]
async fn verdicts_come_out_again_whatever_departments_said() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    let plain = world.verify(request()).await;
    assert_eq!(outcome(&plain), Outcome::Qualifies);
    let again = comes_out(&world, &plain).await;
    assert_eq!((again.answers, again.packs.len()), (DEPARTMENTS.len(), 1));
    let odd = every_kind(&world, family(1)).await;
    assert_ne!(outcome(&odd), Outcome::Qualifies);
    let failed = AnswerState::Unreachable {
        cause: Unreachable::Failed,
    }
    .code();
    assert_eq!(states(report(&odd), "tax"), [failed; 3]);
    let again = comes_out(&world, &odd).await;
    assert!(again.answers < DEPARTMENTS.len());
    // In another process, years later, when departments hold other things and differences are judged otherwise.
    world.clock.advance(1_000 * DAY_MS);
    let later = world.restarted(3).await;
    comes_out(&later, &odd).await;
}

#[tokio::test(start_paused = true)]
async fn kept_shared_and_rechecked_answers_come_out_again() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    world.verify(request()).await;
    world.clock.advance(60_000);
    let second = world.verify(request()).await;
    assert!(report(&second).departments.iter().any(|line| line.kept));
    comes_out(&world, &second).await;
    let named = vec!["vehicles".to_owned()];
    let caller = ("centre".to_owned(), "clerk-8".to_owned());
    let rechecked = world
        .broker
        .recheck(second.case, named, None, caller.0, caller.1)
        .await
        .unwrap()
        .0;
    comes_out(&world, &rechecked).await;

    for name in world.departments.keys() {
        let department = world.department(name);
        department.does(|ask| Act::After(Duration::from_millis(50), nothing(&ask.query)));
    }
    let mut cases = Vec::new();
    for _ in 0..3 {
        let conflict = Conflict::RunBoth;
        let both = Create {
            conflict,
            ..create(family(5))
        };
        cases.push(world.broker.create(both).await.unwrap().case);
    }
    for case in cases {
        let ended = world.end(case).await;
        comes_out(&world, &ended).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_judged_by_now_changes_nothing_of_what_was_judged_then() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    let ended = every_kind(&world, request()).await;
    let mut settings = Settings::default();
    settings.tolerances.declared_percent = 99;
    let other = world.restarted_with(5, settings).await;
    // The new rules are other rules, and come into the archive beside the old ones.
    assert_eq!(other.broker.archive_packs().await.unwrap(), 1);
    let again = comes_out(&other, &ended).await;
    let new = other.verify(family(3)).await;
    assert_ne!(report(&new).rules, again.rules);
    assert_eq!(report(&ended).rules, again.rules);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_verdict_or_no_archive_is_told() {
    let world = World::new();
    let unarchived = world.verify(request()).await;
    let refused = world.broker.recompute(unarchived.case, "audit-bureau", "").await;
    assert_eq!(reason(refused), "EVIDENCE_DAMAGED");
    world.broker.archive_packs().await.unwrap();
    comes_out(&world, &unarchived).await;
    world.department("bank").holds();
    let running = world.begin(family(2)).await;
    let refused = world.broker.recompute(running, "audit-bureau", "").await;
    assert_eq!(reason(refused), "WRONG_STATE");
    world.broker.cancel(running).await.unwrap();
    world.end(running).await;
    assert_eq!(
        reason(world.broker.recompute(running, "audit-bureau", "").await),
        "WRONG_STATE"
    );
    let unknown = hedui_evidence::CaseId([1; 16]);
    assert_eq!(
        reason(world.broker.recompute(unknown, "audit-bureau", "").await),
        "VERIFICATION_NOT_FOUND"
    );
}

#[tokio::test(start_paused = true)]
async fn a_recomputation_is_a_reading_and_leaves_a_trace() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    let ended = world.verify(request()).await;
    let before = world.frames(ended.case).await.len();
    comes_out(&world, &ended).await;
    let after = world.frames(ended.case).await;
    assert_eq!(after.len(), before + 1);
    assert_eq!(after.last(), Some(&hedui_evidence::FrameKind::Access));
}

#[tokio::test(start_paused = true)]
async fn what_packs_read_is_filed_beside_the_verdict_and_tells_nobody_apart() {
    let world = World::new();
    let mut asked = request();
    asked.household.town = Some("511703101206".to_owned());
    let ended = world.verify(asked).await;
    let leaves = world.broker.case(ended.case, true, "audit-bureau", "").await.unwrap();
    let of = |kind| leaves.iter().find(|found| found.leaf.kind == kind);
    let (verdict, filed) = (of(LeafKind::Verdict).unwrap(), of(LeafKind::Snapshot).unwrap());
    assert_eq!(filed.leaf.rests_on, [verdict.leaf.evidence_id]);
    assert_eq!((filed.leaf.outcome.as_str(), filed.intact), ("FILED", Some(true)));
    let record = filed.record.as_deref().unwrap();
    let read = Filed::read(record).unwrap();
    assert_eq!(read.town, Town::parse("511703101206"));
    assert_eq!(read.programmes().collect::<Vec<_>>(), ["dibao"]);
    let snapshots: Vec<Snapshot> = read.snapshots().map(|bytes| Snapshot::decode(bytes).unwrap()).collect();
    let members = report(&ended).members.len();
    assert!(!snapshots.is_empty() && snapshots.iter().all(|snapshot| snapshot.members().len() == members));
    // Neither a number nor a name of anybody.
    let request = request();
    for member in &request.household.members {
        for text in [&member.id_number, &member.name] {
            assert!(!record.windows(text.len()).any(|window| window == text.as_bytes()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_filed_where_nothing_was_concluded() {
    let world = World::new();
    world.department("bank").holds();
    let running = world.begin(request()).await;
    world.broker.cancel(running).await.unwrap();
    world.end(running).await;
    let leaves = world.broker.case(running, false, "audit-bureau", "").await.unwrap();
    assert!(leaves.iter().all(|found| found.leaf.kind != LeafKind::Snapshot));
}

#[tokio::test(start_paused = true)]
async fn a_town_of_another_district_is_refused() {
    let world = World::new();
    for (town, reason) in [("511702101", "TOWN_NOT_IN_DISTRICT"), ("511703", "TOWN_INVALID")] {
        let mut elsewhere = request();
        elsewhere.household.town = Some(town.to_owned());
        let Err(BrokerError::Invalid(mistakes)) = world.broker.create(create(elsewhere)).await else {
            panic!("{town} was taken");
        };
        let found: Vec<(&str, &str)> = mistakes.iter().map(|m| (m.field.as_str(), m.reason.as_str())).collect();
        assert_eq!(found, [("household.town", reason)]);
    }
}
