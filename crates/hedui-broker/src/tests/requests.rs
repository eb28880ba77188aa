//! Requests: the same one twice, one household twice, too many at once, and those that are only checked.
//! Leaves the checks of households and letters to the domain.

use hedui_core::Circumstance;
use hedui_evidence::{EvidenceStore, FrameKind, Position};

use super::support::*;
use crate::{Conflict, Create, Settings, State};

fn with_id(id: &str) -> Create {
    Create {
        request_id: Some(id.to_owned()),
        ..create(request())
    }
}

fn with_conflict(conflict: Conflict) -> Create {
    Create {
        conflict,
        ..create(request())
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_id_stands_for_one_verification_of_one_request_of_one_caller() {
    let world = World::new();
    world.department("bank").holds();
    let first = world.broker.create(with_id("a-1")).await.unwrap();
    let again = world.broker.create(with_id("a-1")).await.unwrap();
    assert_eq!((again.case, again.state), (first.case, State::Running));
    let mut other = with_id("a-1");
    other.request.deadline_ms = Some(9_000);
    assert_eq!(reason(world.broker.create(other).await), "REQUEST_ID_REUSED");
    let mut stating = with_id("a-1");
    stating.request.household.circumstances = vec![paper(Circumstance::UrgentNeed, "社区证明")];
    assert_eq!(reason(world.broker.create(stating).await), "REQUEST_ID_REUSED");
    let mut foreign = with_id("a-1");
    foreign.caller = "another-centre".to_owned();
    foreign.conflict = Conflict::RunBoth;
    assert_ne!(world.broker.create(foreign).await.unwrap().case, first.case);
    world.end(first.case).await;
    let ended = world.broker.create(with_id("a-1")).await.unwrap();
    assert_eq!((ended.case, ended.state), (first.case, State::Succeeded));
    let restarted = world.restarted(8).await;
    let after = restarted.broker.create(with_id("a-1")).await.unwrap();
    assert_eq!((after.case, after.report), (first.case, ended.report));
    assert_eq!(restarted.questions(), 0);
    let mut other = with_id("a-1");
    other.request.actor = "clerk-9".to_owned();
    assert_eq!(reason(restarted.broker.create(other).await), "REQUEST_ID_REUSED");
    for wrong in ["a b", "id/1", &"a".repeat(129)] {
        assert_eq!(reason(world.broker.create(with_id(wrong)).await), "INVALID_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_with_one_request_id_at_the_same_time_get_one_verification() {
    for conflict in [Conflict::Fail, Conflict::UseExisting, Conflict::RunBoth] {
        let world = World::new();
        let calls = (0..16).map(|_| {
            let broker = world.broker.clone();
            let create = Create {
                conflict,
                ..with_id("same")
            };
            tokio::spawn(async move { broker.create(create).await.map(|v| v.case) })
        });
        let mut cases: Vec<_> = futures::future::join_all(calls)
            .await
            .into_iter()
            .map(|c| c.unwrap().unwrap())
            .collect();
        cases.dedup();
        assert_eq!(cases.len(), 1);
        world.end(cases[0]).await;
        let page = world.memory.scan(Position::START, 1_000).await.unwrap();
        let asked = page.entries.iter().filter(|e| e.head.kind == FrameKind::Asked);
        assert_eq!(asked.count(), 1);
        assert!(world.asked().values().all(|n| *n == 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_call_while_the_first_is_beginning_is_told_of_it_or_that_it_is_another_request() {
    for conflict in [Conflict::Fail, Conflict::UseExisting] {
        let world = World::new();
        let call = || Create {
            conflict,
            ..with_id("same")
        };
        let mut other = call();
        other.request.deadline_ms = Some(9_000);
        let broker = &world.broker;
        let (one, two, three) = tokio::join!(broker.create(call()), broker.create(call()), broker.create(other));
        let case = one.unwrap().case;
        assert_eq!(two.unwrap().case, case);
        assert_eq!(reason(three), "REQUEST_ID_REUSED");
        world.end(case).await;
        assert_eq!(world.frames(case).await, [FrameKind::Asked, FrameKind::Verdict]);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_given_a_verification_whose_beginning_could_not_be_kept() {
    let world = World::new();
    world.memory.set_full(true);
    let use_existing = || world.broker.create(with_conflict(Conflict::UseExisting));
    let (one, two) = tokio::join!(use_existing(), use_existing());
    assert_eq!(
        (reason(one), reason(two)),
        ("EVIDENCE_UNAVAILABLE", "EVIDENCE_UNAVAILABLE")
    );
    world.memory.set_full(false);
    let (one, two) = tokio::join!(use_existing(), use_existing());
    assert_eq!(one.unwrap().case, two.unwrap().case);
}

#[tokio::test(start_paused = true)]
async fn a_household_under_verification_is_refused_shared_or_verified_twice_as_asked() {
    let world = World::new();
    world.department("bank").holds();
    let first = world.begin(request()).await;
    let refused = world.broker.create(with_conflict(Conflict::Fail)).await.unwrap_err();
    assert_eq!(
        (refused.reason(), format!("{refused:?}").contains(&first.to_string())),
        ("VERIFICATION_RUNNING", true)
    );
    let mut second = with_conflict(Conflict::UseExisting);
    second.caller = "another-centre".to_owned();
    assert_eq!(world.broker.create(second).await.unwrap().case, first);
    // Whoever is shown a verification that others began leaves a trace.
    let frames = world.memory.case(first).await.unwrap();
    let access = frames.iter().find(|f| f.kind == FrameKind::Access).unwrap();
    assert_eq!(access.leaves[0].actor, "another-centre/clerk-7");
    for change in [
        |r: &mut crate::Request| r.as_of = Some(date(2026, 11, 20)),
        |r: &mut crate::Request| r.district_code = "150102".to_owned(),
    ] {
        let mut elsewhere = with_conflict(Conflict::UseExisting);
        change(&mut elsewhere.request);
        assert_eq!(reason(world.broker.create(elsewhere).await), "VERIFICATION_RUNNING");
    }
    let both = world.broker.create(with_conflict(Conflict::RunBoth)).await.unwrap();
    assert_ne!(both.case, first);
    let mut programme = create(request());
    programme.request.programmes = vec!["low-income".to_owned()];
    assert!(world.broker.create(programme).await.is_ok());
    // As long as one of the two runs the household is taken, and no longer.
    world.broker.cancel(first).await.unwrap();
    settle().await;
    assert_eq!(
        reason(world.broker.create(with_conflict(Conflict::Fail)).await),
        "VERIFICATION_RUNNING"
    );
    world.broker.cancel(both.case).await.unwrap();
    settle().await;
    assert!(world.broker.create(with_conflict(Conflict::Fail)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_are_told_to_come_back_and_a_failure_gives_its_place_back() {
    let settings = Settings {
        max_running: 2,
        ..Settings::default()
    };
    let world = World::with(Differently {
        settings,
        ..Differently::default()
    });
    world.department("bank").holds();
    let first = world.begin(family(0)).await;
    world.begin(family(1)).await;
    assert_eq!(
        reason(world.broker.create(create(family(2))).await),
        "TOO_MANY_VERIFICATIONS"
    );
    // A refusal for another reason takes no place, and one that is known needs none.
    assert_eq!(
        reason(world.broker.create(create(family(0))).await),
        "TOO_MANY_VERIFICATIONS"
    );
    world.broker.cancel(first).await.unwrap();
    settle().await;
    world.memory.set_full(true);
    for _ in 0..3 {
        assert_eq!(
            reason(world.broker.create(create(family(2))).await),
            "EVIDENCE_UNAVAILABLE"
        );
        assert_eq!(
            reason(world.broker.create(create(family(1))).await),
            "VERIFICATION_RUNNING"
        );
    }
    world.memory.set_full(false);
    world.begin(family(2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_only_checked_leaves_nothing_and_asks_nobody() {
    let world = World::new();
    let checked = world
        .broker
        .create(Create {
            validate_only: true,
            ..with_id("v-1")
        })
        .await
        .unwrap();
    assert_eq!(checked.asked, 10);
    settle().await;
    assert_eq!(world.questions(), 0);
    assert!(world.memory.scan(Position::START, 10).await.unwrap().entries.is_empty());
    assert_eq!(
        reason(world.broker.get(checked.case, "c", "").await),
        "VERIFICATION_NOT_FOUND"
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_goes_from_the_newest_backwards_through_every_page() {
    let world = World::new();
    let mut cases = Vec::new();
    for n in 0..7 {
        cases.push(world.verify(family(n)).await.case);
    }
    cases.reverse();
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let page = world.broker.list(DISTRICT, before, 3).await.unwrap();
        assert!(page.verifications.len() <= 3);
        listed.extend(page.verifications.iter().map(|v| v.case));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(listed, cases);
    assert!(
        world
            .broker
            .list("150102", None, 3)
            .await
            .unwrap()
            .verifications
            .is_empty()
    );
}
