//! Watching: every event once, in order, from any point, while it runs and after it has ended, for as many as watch.
//! Leaves the stream on the wire to the server.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use super::support::*;
use crate::{Event, EventKind, State};

async fn all(mut events: Receiver<Event>) -> Vec<Event> {
    let mut seen = Vec::new();
    while let Some(event) = events.recv().await {
        seen.push(event);
    }
    seen
}

/// The sequences and departments of what happened after `after`, checked for order and completeness.
fn check(events: &[Event], after: i64) -> Vec<(i64, String)> {
    let (first, rest) = events.split_first().unwrap();
    assert!(matches!(first.kind, EventKind::Snapshot(_)));
    assert_eq!(first.sequence, after);
    let mut told = Vec::new();
    for event in rest {
        match &event.kind {
            EventKind::Answered { line, answered, asked } => {
                assert_eq!((i64::from(*answered), *asked), (event.sequence, 10));
                told.push((event.sequence, line.department.to_string()));
            }
            EventKind::Completed(end) => {
                assert_ne!(end.state, State::Running);
                told.push((event.sequence, "end".to_owned()));
            }
            EventKind::Heartbeat { .. } => assert_eq!(Some(event.sequence), told.last().map(|t| t.0).or(Some(after))),
            EventKind::Snapshot(_) => panic!("a second snapshot"),
        }
    }
    let sequences: Vec<i64> = told.iter().map(|t| t.0).collect();
    assert_eq!(sequences, (after + 1..=11).collect::<Vec<_>>());
    told
}

fn spread(world: &World) {
    for (n, name) in world.departments.keys().enumerate() {
        let after = Duration::from_millis(100 * (10 - n as u64) - 50);
        world
            .department(name)
            .does(move |ask| Act::After(after, nothing(&ask.query)));
    }
    world.department("bank").holds();
}

#[tokio::test(start_paused = true)]
async fn every_watcher_sees_every_event_once_in_order_from_wherever_it_begins() {
    let world = World::new();
    spread(&world);
    let case = world.begin(request()).await;
    let mut watchers = Vec::new();
    for _ in 0..3 {
        watchers.push(tokio::spawn(all(world.broker.watch(case, 0).await.unwrap())));
    }
    tokio::time::sleep(Duration::from_millis(420)).await;
    let running = world.broker.peek(case).await.unwrap();
    assert_eq!((running.state, running.answered), (State::Running, 4));
    for after in 0..=4 {
        let watcher = world.broker.watch(case, after).await.unwrap();
        let whole = all(watcher).await;
        check(&whole, after);
    }
    let mut seen = BTreeSet::new();
    for watcher in watchers {
        seen.insert(check(&watcher.await.unwrap(), 0));
    }
    assert_eq!(seen.len(), 1);
    let live = seen.pop_first().unwrap();
    assert_eq!(live[9].1, "bank");
    settle().await;
    for broker in [&world.broker, &world.restarted(8).await.broker] {
        for after in 0..=10 {
            let told = check(&all(broker.watch(case, after).await.unwrap()).await, after);
            assert_eq!(told, live[after as usize..]);
        }
        assert_eq!(all(broker.watch(case, 11).await.unwrap()).await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_when_nothing_else_does_and_a_lost_watcher_holds_nobody_up() {
    let world = World::new();
    world.department("bank").holds();
    let case = world.begin(request()).await;
    settle().await;
    drop(world.broker.watch(case, 0).await.unwrap());
    let events = all(world.broker.watch(case, 0).await.unwrap()).await;
    check(&events, 0);
    let beats = |e: &&Event| matches!(e.kind, EventKind::Heartbeat { .. });
    assert_eq!(events.iter().filter(beats).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn kept_answers_are_told_at_once_while_others_are_waited_for() {
    let world = World::new();
    world.verify(request()).await;
    world.department("bank").holds();
    world.clock.advance(1);
    let case = world.begin(request()).await;
    let mut events = world.broker.watch(case, 0).await.unwrap();
    settle().await;
    let mut told = 0;
    while let Ok(event) = events.try_recv() {
        told += usize::from(matches!(event.kind, EventKind::Answered { .. }));
    }
    assert_eq!(told, 9);
    assert_eq!(world.broker.peek(case).await.unwrap().state, State::Running);
}

#[tokio::test(start_paused = true)]
async fn nobody_watches_what_is_not_there() {
    let world = World::new();
    let unknown = hedui_evidence::CaseId([3; 16]);
    assert_eq!(
        reason(world.broker.watch(unknown, 0).await.map(|_| ())),
        "VERIFICATION_NOT_FOUND"
    );
}
