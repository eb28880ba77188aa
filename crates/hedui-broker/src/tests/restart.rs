//! After a crash: what was asked and not ended is run again or ends with the reason why not; what has ended is left alone.
//! Leaves the store's own durability to `hedui-evidence`.

use hedui_core::Outcome;
use hedui_evidence::{CaseId, EvidenceStore, Frame, FrameId, FrameKind, Position};

use super::support::*;
use crate::State;

#[tokio::test(start_paused = true)]
async fn what_was_interrupted_is_run_again_once_and_ends() {
    let world = World::new();
    let before = world.verify(family(1)).await;
    world.department("bank").holds();
    let case = world.begin(request()).await;
    settle().await;

    let later = world.restarted(8).await;
    later.department("bank").holds();
    let interrupted = later.broker.get(case, "c", "").await.unwrap();
    assert_eq!(
        (interrupted.state, interrupted.failure.as_deref()),
        (State::Failed, Some("INTERRUPTED"))
    );
    assert_eq!(later.broker.resume().await.unwrap(), 1);
    assert_eq!(later.broker.resume().await.unwrap(), 0);
    // It is the same verification of the same household, also for those who would begin another.
    assert_eq!(
        reason(later.broker.create(create(request())).await),
        "VERIFICATION_RUNNING"
    );
    settle().await;
    assert_eq!(later.department("bank").asked()[0].query.query_id, case.to_string());
    later.department("bank").replies(nothing);
    let ended = later.end(case).await;
    assert_eq!((ended.state, outcome(&ended)), (State::Succeeded, Outcome::Qualifies));
    assert!(later.asked().values().all(|n| *n == 1));
    assert_eq!(
        later.broker.get(before.case, "c", "").await.unwrap().report,
        before.report
    );

    // The first process was only slow. It finds that the verification has ended, and says what is durable.
    let slow = world.end(case).await;
    assert_eq!((slow.state, slow.report), (ended.state, ended.report));
    let ends = world
        .frames(case)
        .await
        .iter()
        .filter(|k| **k == FrameKind::Verdict)
        .count();
    assert_eq!(ends, 1);
    let last = world.restarted(9).await;
    assert_eq!(last.broker.resume().await.unwrap(), 0);
    settle().await;
    assert_eq!(last.questions(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_whose_letters_have_ended_since_ends_durably_with_that_reason() {
    let world = World::new();
    world.department("bank").holds();
    let case = world.begin(request()).await;
    settle().await;
    world.clock.advance(4 * DAY_MS);
    let later = world.restarted(8).await;
    // While nothing can be kept it stays open, and the start is not held up.
    world.memory.set_full(true);
    assert_eq!(later.broker.resume().await.unwrap(), 0);
    assert_eq!(world.frames(case).await, [FrameKind::Asked]);
    world.memory.set_full(false);
    for _ in 0..2 {
        assert_eq!(later.broker.resume().await.unwrap(), 0);
        let frames = world.memory.case(case).await.unwrap();
        assert_eq!(
            frames.iter().map(|f| f.kind).collect::<Vec<_>>(),
            [FrameKind::Asked, FrameKind::Verdict]
        );
        let (asked, end) = (&frames[0].leaves[0], &frames[1].leaves[0]);
        assert_eq!(end.outcome, "FAILED:AUTHORIZATION_ENDED");
        assert_eq!(
            (&end.actor, &end.purpose, end.authorization),
            (&asked.actor, &asked.purpose, asked.authorization)
        );
    }
    let found = later.broker.peek(case).await.unwrap();
    assert_eq!(
        (found.state, found.failure.as_deref()),
        (State::Failed, Some("AUTHORIZATION_ENDED"))
    );
    assert!(found.report.is_none() && found.ended_at_ms.is_some());
    assert_eq!(later.questions(), 0);
    let leaves = later.broker.case(case, true, "auditor", "").await.unwrap();
    assert_eq!(leaves.len(), 2);
    let mut events = later.broker.watch(case, 0).await.unwrap();
    let mut last = None;
    while let Some(event) = events.recv().await {
        last = Some(event.kind);
    }
    assert!(matches!(last, Some(crate::EventKind::Completed(_))));
    assert_eq!(
        reason(
            later
                .broker
                .recheck(case, vec!["bank".into()], None, "c".into(), "p".into())
                .await
        ),
        "WRONG_STATE"
    );
}

#[tokio::test(start_paused = true)]
async fn one_request_that_cannot_be_read_ends_and_holds_up_no_other() {
    let world = World::new();
    world.department("bank").holds();
    let case = world.begin(request()).await;
    settle().await;
    let whole = world.memory.case(case).await.unwrap().remove(0);
    let broken = CaseId([5; 16]);
    let damaged = Frame {
        id: FrameId([5; 16]),
        case: broken,
        sealed: Vec::new(),
        ..whole
    };
    world.memory.append(damaged).await.unwrap();
    let later = world.restarted(8).await;
    assert_eq!(later.broker.resume().await.unwrap(), 1);
    assert_eq!(later.end(case).await.state, State::Succeeded);
    let frames = world.memory.case(broken).await.unwrap();
    assert_eq!(frames[1].leaves[0].outcome, "FAILED:REQUEST_UNREADABLE");
    // Nor does it hide the others from the list.
    let listed = later.broker.list(DISTRICT, None, 10).await.unwrap().verifications;
    let seen: Vec<_> = listed.iter().map(|v| (v.case, v.failure.as_deref())).collect();
    assert_eq!(seen, [(broken, Some("EVIDENCE_UNREADABLE")), (case, None)]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_store_and_one_with_ended_verifications_have_nothing_to_resume() {
    let world = World::new();
    assert_eq!(world.broker.resume().await.unwrap(), 0);
    let ended = world.verify(request()).await;
    world.department("bank").holds();
    let cancelled = world.begin(family(1)).await;
    world.broker.cancel(cancelled).await.unwrap();
    let before = world.memory.scan(Position::START, 100).await.unwrap().entries.len();
    let later = world.restarted(8).await;
    assert_eq!(later.broker.resume().await.unwrap(), 0);
    settle().await;
    assert_eq!(
        world.memory.scan(Position::START, 100).await.unwrap().entries.len(),
        before
    );
    let read = later.broker.peek(ended.case).await.unwrap();
    assert_eq!(
        (read.state, read.report, read.answered),
        (ended.state, ended.report, ended.answered)
    );
    assert_eq!(later.broker.peek(cancelled).await.unwrap().state, State::Cancelled);
}
