//! When a verification ends: at its deadline, by its caller, as soon as nothing can change any more, or because its letters have.
//! Leaves restarts to `restart`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hedui_adapter::gate::BreakerState;
use hedui_core::Outcome;
use hedui_evidence::{EvidenceStore, FrameKind, LeafKind};

use super::hooked::{BeforeAppend, Hooked};
use super::support::*;
use crate::{Completion, Request, State};

fn early() -> Request {
    Request {
        completion: Completion::VerdictFinal,
        ..request()
    }
}

#[tokio::test(start_paused = true)]
async fn a_final_verdict_does_not_wait_and_says_who_was_not_waited_for() {
    let world = World::new();
    world.department("bank").holds();
    world
        .department("vehicles")
        .does(|ask| Act::After(Duration::from_millis(20), holds(&ask.query, &[car()])));
    let started = tokio::time::Instant::now();
    let ended = world.verify(early()).await;
    assert_eq!(started.elapsed(), Duration::from_millis(20));
    assert_eq!(outcome(&ended), Outcome::Exceeds);
    assert_eq!(states(report(&ended), "bank"), ["PENDING"; 3]);
    assert!(!report(&ended).complete);
    assert_eq!((ended.asked, ended.answered), (10, 9));
    let read = world.broker.get(ended.case, "caller", "").await.unwrap();
    assert_eq!((read.asked, read.answered), (10, 9));
}

#[tokio::test(start_paused = true)]
async fn no_verdict_is_final_while_the_register_of_spouses_may_still_open_it() {
    let world = World::new();
    world.department("bank").holds();
    // The car alone exceeds; the civil register could name a spouse nobody declared, and then nobody is told so.
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    let late = Duration::from_millis(300);
    world
        .department("civil")
        .does(move |ask| Act::After(late, nothing(&ask.query)));
    let started = tokio::time::Instant::now();
    let ended = world.verify(early()).await;
    assert_eq!(started.elapsed(), late);
    assert_eq!(outcome(&ended), Outcome::Exceeds);
    assert_eq!(states(report(&ended), "civil"), ["NO_RECORD"; 3]);
    assert_eq!(states(report(&ended), "bank"), ["PENDING"; 3]);
}

#[tokio::test(start_paused = true)]
async fn an_inconclusive_verdict_waits_for_everybody() {
    let world = World::new();
    world.department("bank").holds();
    let started = tokio::time::Instant::now();
    let ended = world.verify(early()).await;
    assert_eq!(started.elapsed(), Duration::from_secs(8));
    assert_eq!(outcome(&ended), Outcome::Inconclusive);
    assert_eq!(states(report(&ended), "bank"), ["UNREACHABLE:timeout"; 3]);
    assert!(report(&ended).complete);
}

#[tokio::test(start_paused = true)]
async fn who_gives_no_answer_is_not_counted_and_following_ends_all_the_same() {
    let world = World::new();
    world.department("bank").holds();
    world.department("housing").does(|_| Act::Drop);
    let case = world.begin(request()).await;
    settle().await;
    let running = world.broker.peek(case).await.unwrap();
    assert_eq!(
        (running.state, running.asked, running.answered),
        (State::Running, 10, 8)
    );
    let ended = world.end(case).await;
    assert_eq!(
        states(report(&ended), "housing")[0].split(':').next(),
        Some("UNREACHABLE")
    );
    assert_eq!((ended.asked, ended.answered), (10, 8));
    let read = world.broker.get(case, "caller", "").await.unwrap();
    assert_eq!((read.asked, read.answered), (10, 8));
    settle().await;
    let mut events = world.broker.watch(case, 0).await.unwrap();
    let mut seen = Vec::new();
    while let Some(event) = events.recv().await {
        seen.push(event.sequence);
    }
    // The silent ones are done too, and the end comes after everybody.
    assert_eq!(seen, (0..=11).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_early_end_keeps_no_place_at_the_gate_and_late_replies_change_nothing() {
    let world = World::new();
    world.department("bank").holds();
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    for n in 0..3 {
        let case = world
            .begin(Request {
                completion: Completion::VerdictFinal,
                ..family(n)
            })
            .await;
        settle().await;
        let ended = world.end(case).await;
        let mut events = world.broker.watch(case, 0).await.unwrap();
        world.department("bank").replies(nothing);
        let mut last = 0;
        while let Some(event) = events.recv().await {
            last = event.sequence;
        }
        assert_eq!(last, i64::from(ended.answered) + 1);
    }
    let bank = Arc::clone(&world.broker.registry().departments()[0]);
    assert_eq!(bank.profile.id.as_str(), "bank");
    let fared = bank.fared();
    assert_eq!((fared.asked, fared.answered, fared.failed), (3, 0, 0));
    assert!(matches!(fared.breaker, BreakerState::Closed { .. }));
    // Every place was given back.
    assert!(bank.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_comes_while_the_verdict_is_being_kept_changes_nothing() {
    let bank: Arc<OnceLock<Arc<Department>>> = Arc::default();
    let late = Arc::clone(&bank);
    let world = World::through(|inner, _| {
        let before: BeforeAppend = Box::new(move |frame| {
            if frame.kind == FrameKind::Verdict {
                late.get().unwrap().replies(nothing);
            }
            Ok(())
        });
        Arc::new(Hooked { inner, before })
    });
    let _ = bank.set(Arc::clone(&world.departments["bank"]));
    world.department("bank").holds();
    world
        .department("vehicles")
        .does(|ask| Act::After(Duration::from_millis(20), holds(&ask.query, &[car()])));
    let case = world.begin(early()).await;
    let mut events = world.broker.watch(case, 0).await.unwrap();
    let ended = world.end(case).await;
    let mut seen = Vec::new();
    while let Some(event) = events.recv().await {
        seen.push(event.sequence);
    }
    assert_eq!(seen, (0..=10).collect::<Vec<_>>());
    assert_eq!(ended.answered, 9);
    assert_eq!(states(report(&ended), "bank"), ["PENDING"; 3]);
    assert_eq!(world.broker.peek(case).await.unwrap().answered, 9);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_promptly_keeps_what_was_answered_and_gives_no_verdict() {
    let world = World::new();
    world.department("bank").holds();
    let case = world.begin(request()).await;
    settle().await;
    let started = tokio::time::Instant::now();
    let ended = world.broker.cancel(case).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(ended.state, State::Cancelled);
    assert!(report(&ended).verdicts.is_empty() && !report(&ended).complete);
    assert_eq!(states(report(&ended), "bank"), ["UNREACHABLE:cancelled"; 3]);
    assert_eq!(states(report(&ended), "housing"), ["NO_RECORD"; 3]);
    let frames = world.memory.case(case).await.unwrap();
    assert_eq!(
        frames.iter().map(|f| f.kind).collect::<Vec<_>>(),
        [FrameKind::Asked, FrameKind::Verdict]
    );
    assert_eq!(frames[1].leaves.last().unwrap().outcome, "CANCELLED");
    assert_eq!(
        frames[1].leaves.iter().filter(|l| l.kind == LeafKind::Answer).count(),
        10
    );
    settle().await;
    assert_eq!(reason(world.broker.cancel(case).await), "WRONG_STATE");
    let unknown = hedui_evidence::CaseId([1; 16]);
    assert_eq!(reason(world.broker.cancel(unknown).await), "VERIFICATION_NOT_FOUND");
    assert!(
        world
            .broker
            .registry()
            .departments()
            .iter()
            .all(|department| department.is_idle())
    );
    // A new one is not held up by it, and reuses nothing of it.
    world.department("bank").does(|ask| Act::Now(nothing(&ask.query)));
    assert_eq!(outcome(&world.verify(request()).await), Outcome::Qualifies);
    assert!(world.asked().values().all(|n| *n == 2));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_stops_nothing() {
    let world = World::new();
    world.department("bank").holds();
    let case = world.begin(request()).await;
    let waiting = world.broker.wait(case, Duration::from_millis(5)).await.unwrap();
    assert_eq!(waiting.state, State::Running);
    assert_eq!(waiting.answered, 9);
    world.department("bank").replies(nothing);
    assert_eq!(world.end(case).await.state, State::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn closing_takes_nothing_new_and_waits_for_what_is_under_way() {
    let world = World::new();
    world
        .department("bank")
        .does(|ask| Act::After(Duration::from_secs(3), nothing(&ask.query)));
    let case = world.begin(request()).await;
    settle().await;
    assert_eq!(world.broker.close(Duration::from_secs(1)).await, 1);
    assert_eq!(reason(world.broker.create(create(family(1))).await), "SHUTTING_DOWN");
    let started = tokio::time::Instant::now();
    assert_eq!(world.broker.close(Duration::from_secs(60)).await, 0);
    assert_eq!(started.elapsed(), Duration::from_secs(2));
    assert_eq!(world.frames(case).await.last(), Some(&FrameKind::Verdict));
}
