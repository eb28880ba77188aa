//! Rechecks: only the named departments are asked, everything else is as it was, and the differences say what changed.
//! Leaves kept answers of other verifications to `kept`.

use std::time::Duration;

use hedui_core::Outcome;
use hedui_evidence::{EvidenceStore, FrameKind};

use super::support::*;
use crate::{BrokerError, Completion, Difference, Recheck, Request, State, Verification};

async fn recheck(
    world: &World,
    of: &Verification,
    named: &[&str],
) -> Result<(Verification, Vec<Difference>), BrokerError> {
    let named = named.iter().map(|n| (*n).to_owned()).collect();
    world
        .broker
        .recheck(of.case, named, None, "centre".to_owned(), "clerk-8".to_owned())
        .await
}

#[tokio::test(start_paused = true)]
async fn only_the_named_departments_are_asked_and_the_differences_are_theirs() {
    let world = World::new();
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    world.department("tax").does(|_| Act::Drop);
    world.department("land").holds();
    let first = world.verify(request()).await;
    assert_eq!(outcome(&first), Outcome::Exceeds);
    let before = world.asked();
    // Long after every answer has ceased to be fresh, and though others would answer otherwise now.
    world.clock.advance(2 * DAY_MS);
    for name in ["vehicles", "tax", "land"] {
        world.department(name).does(|ask| Act::Now(nothing(&ask.query)));
    }
    let (second, differences) = recheck(&world, &first, &["vehicles"]).await.unwrap();
    assert_eq!(second.state, State::Succeeded);
    for (name, times) in world.asked() {
        assert_eq!(times, before[name] + usize::from(name == "vehicles"), "{name}");
    }
    assert_eq!(second.rechecks, Some(first.case.to_string()));
    assert_eq!(second.as_of, first.as_of);
    for name in ["tax", "land", "bank"] {
        assert_eq!(states(report(&second), name), states(report(&first), name), "{name}");
    }
    let said = |subject: &str| differences.iter().find(|d| d.subject == subject).cloned().unwrap();
    assert_eq!(said("department/vehicles/0").before, "FOUND, 1 record(s)");
    assert_eq!(said("department/vehicles/0").after, "NO_RECORD, 0 record(s)");
    assert_eq!(
        (said("figure/vehicles").before, said("figure/vehicles").after),
        ("1 pieces".into(), "0 pieces".into())
    );
    assert_eq!(
        (said("verdict/dibao").before, said("verdict/dibao").after),
        ("EXCEEDS".into(), "INCONCLUSIVE".into())
    );
    assert!(
        differences
            .iter()
            .all(|d| !d.subject.starts_with("department/") || d.subject.contains("vehicles"))
    );
    // The earlier report was read for it.
    let frames = world.memory.case(first.case).await.unwrap();
    assert_eq!(frames.last().unwrap().kind, FrameKind::Access);
    // Both failures are settled by asking them, on top of the recheck.
    let (third, _) = recheck(&world, &second, &["tax", "land"]).await.unwrap();
    assert_eq!(outcome(&third), Outcome::Qualifies);
    let vehicles = report(&third)
        .departments
        .iter()
        .find(|l| l.department.as_str() == "vehicles")
        .unwrap();
    assert_eq!(vehicles.kept_from, second.case.to_string());
    assert_eq!(recheck(&world, &third, &["bank"]).await.unwrap().1, []);
}

#[tokio::test(start_paused = true)]
async fn who_was_not_waited_for_stays_so_until_named() {
    let world = World::new();
    world.department("bank").holds();
    world
        .department("vehicles")
        .does(|ask| Act::After(Duration::from_millis(5), holds(&ask.query, &[car()])));
    let hasty = Request {
        completion: Completion::VerdictFinal,
        ..request()
    };
    let first = world.verify(hasty).await;
    world.department("vehicles").does(|ask| Act::Now(nothing(&ask.query)));
    let (second, _) = recheck(&world, &first, &["vehicles"]).await.unwrap();
    assert_eq!(world.asked()["bank"], 1);
    assert_eq!(states(report(&second), "bank"), ["PENDING"; 3]);
    assert_eq!(outcome(&second), Outcome::Inconclusive);
    assert!(!report(&second).complete);
}

#[tokio::test(start_paused = true)]
async fn a_recheck_needs_an_end_a_known_department_live_letters_and_the_same_household() {
    let world = World::new();
    world.department("bank").holds();
    let case = world.begin(request()).await;
    let running = world.broker.peek(case).await.unwrap();
    assert_eq!(reason(recheck(&world, &running, &["bank"]).await), "WRONG_STATE");
    let ended = world.end(case).await;
    assert_eq!(reason(recheck(&world, &ended, &[]).await), "INVALID_REQUEST");
    assert_eq!(
        reason(recheck(&world, &ended, &["bank", "nobody"]).await),
        "INVALID_REQUEST"
    );
    let mut other = family(1);
    other.as_of = Some(ended.as_of);
    other.recheck = Some(Recheck {
        of: case.to_string(),
        departments: Vec::new(),
        answered: Vec::new(),
    });
    let questions = world.questions();
    assert_eq!(reason(world.broker.create(create(other)).await), "INVALID_REQUEST");
    world.clock.advance(4 * DAY_MS);
    assert_eq!(reason(recheck(&world, &ended, &["bank"]).await), "NOT_AUTHORIZED");
    assert_eq!(world.questions(), questions);
}

#[tokio::test(start_paused = true)]
async fn a_recheck_with_a_request_id_is_made_once() {
    let world = World::new();
    let first = world.verify(request()).await;
    let call = || {
        world.broker.recheck(
            first.case,
            vec!["tax".into()],
            Some("r-1".into()),
            "centre".into(),
            "p".into(),
        )
    };
    let (one, two) = (call().await.unwrap().0, call().await.unwrap().0);
    assert_eq!(one.case, two.case);
    assert_eq!(world.asked()["tax"], 2);
}
