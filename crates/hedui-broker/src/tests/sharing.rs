//! Questions under way: the same one is asked once, and nobody's answer depends on what becomes of the one who asked.
//! Leaves kept answers to `kept`.

use std::sync::Arc;

use std::time::Duration;

use hedui_core::Outcome;

use super::support::*;
use crate::{Conflict, Create, Request, State, Verification};

async fn both(world: &World, request: Request) -> Verification {
    let created = world.broker.create(Create {
        conflict: Conflict::RunBoth,
        ..create(request)
    });
    created.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_same_question_at_the_same_time_is_asked_once_and_everybody_gets_the_answer() {
    let world = World::new();
    for (name, department) in world.departments.iter() {
        let name = name.clone();
        department.does(move |ask| Act::After(Duration::from_millis(50), usual(&name, &ask.query)));
    }
    let started: Vec<_> = (0..8).map(|_| both(&world, request())).collect();
    let cases = futures::future::join_all(started).await;
    let mut reports = Vec::new();
    for created in &cases {
        let ended = world.end(created.case).await;
        assert_eq!(outcome(&ended), Outcome::Qualifies);
        assert!(report(&ended).departments.iter().all(|l| !l.kept));
        reports.push(serde_json::to_string(&report(&ended).verdicts).unwrap());
    }
    reports.dedup();
    assert_eq!(reports.len(), 1);
    assert!(world.asked().values().all(|n| *n == 1), "{:?}", world.asked());
    for department in world.broker.registry().departments() {
        let fared = department.fared();
        assert_eq!((fared.asked, fared.answered), (1, 1));
        assert!(department.is_idle());
    }
    // Followers' answers are kept too, and serve again under the id they were asked with.
    world.clock.advance(1);
    let later = world.verify(request()).await;
    let mut kept_from = report(&later)
        .departments
        .iter()
        .filter(|l| l.kept)
        .map(|l| l.kept_from.clone())
        .collect::<Vec<_>>();
    kept_from.dedup();
    assert_eq!(kept_from.len(), 1);
    assert!(cases.iter().any(|c| c.case.to_string() == kept_from[0]));
}

#[tokio::test(start_paused = true)]
async fn cancelling_the_first_does_not_take_the_answer_from_the_second() {
    let world = World::new();
    world.department("housing").holds();
    let first = both(&world, request()).await.case;
    settle().await;
    let second = both(&world, request()).await.case;
    settle().await;
    assert_eq!(world.asked()["housing"], 1);
    assert_eq!(world.broker.cancel(first).await.unwrap().state, State::Cancelled);
    settle().await;
    world.department("housing").replies(|q| holds(q, &[flat(1)]));
    let ended = world.end(second).await;
    assert_eq!(states(report(&ended), "housing")[0], "FOUND");
    assert_eq!(outcome(&ended), Outcome::Qualifies);
    assert!(
        world
            .broker
            .registry()
            .departments()
            .iter()
            .all(|department| department.is_idle())
    );
}

#[tokio::test(start_paused = true)]
async fn the_early_end_of_the_first_does_not_take_the_answer_from_the_second() {
    let world = World::new();
    world.department("bank").holds();
    world
        .department("vehicles")
        .does(|ask| Act::After(Duration::from_millis(9), holds(&ask.query, &[car()])));
    let mut hasty = request();
    hasty.completion = crate::Completion::VerdictFinal;
    let first = both(&world, hasty).await.case;
    settle().await;
    let second = both(&world, request()).await.case;
    assert_eq!(states(report(&world.end(first).await), "bank"), ["PENDING"; 3]);
    world.department("bank").replies(|q| holds(q, &[deposit(10)]));
    assert_eq!(states(report(&world.end(second).await), "bank")[0], "FOUND");
}

#[tokio::test(start_paused = true)]
async fn nobody_follows_a_question_with_less_time_or_about_other_members() {
    let mut narrow = request();
    narrow.authorizations[1].departments = vec!["bank".to_owned()];
    let hurried = Request {
        deadline_ms: Some(500),
        ..request()
    };
    for (first, second) in [(hurried, request()), (narrow.clone(), request()), (request(), narrow)] {
        let world = World::new();
        world
            .department("housing")
            .does(|ask| Act::After(Duration::from_millis(900), nothing(&ask.query)));
        let first = both(&world, first).await.case;
        settle().await;
        let second = both(&world, second).await.case;
        world.end(first).await;
        let ended = world.end(second).await;
        assert_eq!(world.asked()["housing"], 2);
        let states = states(report(&ended), "housing");
        assert!(
            states.iter().all(|s| s == "NO_RECORD" || s == "NOT_AUTHORIZED"),
            "{states:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_silence_that_two_wait_for_is_counted_once() {
    let world = World::new();
    world.department("housing").holds();
    let first = both(&world, request()).await.case;
    let second = both(&world, request()).await.case;
    for case in [first, second] {
        assert_eq!(
            states(report(&world.end(case).await), "housing"),
            ["UNREACHABLE:timeout"; 3]
        );
    }
    let housing = Arc::clone(&world.broker.registry().departments()[4]);
    assert_eq!((housing.fared().asked, housing.fared().failed), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn other_households_are_asked_about_each() {
    let world = World::new();
    let (one, two) = tokio::join!(both(&world, family(0)), both(&world, family(1)));
    world.end(one.case).await;
    world.end(two.case).await;
    assert!(world.asked().values().all(|n| *n == 2));
}
