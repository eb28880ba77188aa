//! Destruction and its interruptions: damaged frames, disks that fail, callers who go away.
//! Leaves the rules of retention to `retention`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hedui_evidence::{EvidenceStore, KeyRing, MasterKey, Position};

use super::retention::{FIRST, SCHEDULE, SECOND, YEAR_MS, carry_out, expiry, orders};
use super::support::*;
use super::troubled::Troubled;
use crate::{CaseId, RetentionState, State};

/// A world over a store in trouble.
fn troubled() -> (World, Arc<Troubled>) {
    let mut kept = None;
    let world = World::through(|inner, _| {
        let store = Arc::new(Troubled::new(inner));
        kept = Some(Arc::clone(&store));
        store
    });
    (world, kept.unwrap())
}

/// The positions of a case's frames.
async fn positions(world: &World, case: CaseId) -> Vec<Position> {
    world.memory.case_page(case, None, 256).await.unwrap()
}

/// Whether nothing of a case can be opened, as the store below the trouble sees it.
async fn is_destroyed(world: &World, case: CaseId) -> bool {
    let frames = world.memory.case(case).await.unwrap();
    frames
        .iter()
        .flat_map(|frame| &frame.sealed)
        .all(hedui_evidence::Sealed::is_shredded)
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_case_that_was_to_be_destroyed_is_not_asked_about_again_though_a_disk_left_its_keys() {
    let world = World::new();
    world.department("bank").holds();
    let case = world.begin(request()).await;
    settle().await;
    // Another process over the same store, whose disk fails as soon as keys are to be destroyed.
    let store = Arc::new(Troubled::new(Arc::clone(&world.memory)));
    let keys = Arc::new(KeyRing::new(MasterKey::from_bytes([9; 32])));
    keys.load(store.as_ref()).await.unwrap();
    let (memory, clock) = (Arc::clone(&world.memory), Arc::clone(&world.clock));
    let differently = Differently {
        seed: [8; 32],
        ..Differently::default()
    };
    let kept: Arc<dyn EvidenceStore> = Arc::<Troubled>::clone(&store);
    let later = World::over(memory, kept, clock, keys, differently);
    let erasure = (SCHEDULE, "个人信息保护法第四十七条");
    later.broker.request_shred(case, erasure, FIRST).await.unwrap();
    *store.fails_at.lock().unwrap() = Some(0);
    later.broker.approve_shred(case, SECOND).await.unwrap_err();
    assert_eq!(later.broker.resume().await.unwrap(), 0);
    settle().await;
    assert_eq!(later.questions(), 0);
    let state = later.broker.retention(case).await.unwrap().state;
    assert_eq!(state, RetentionState::Shredded);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_frame_fails_its_case_and_stops_no_other() {
    // The frame that a case begins with, and the one that it ends with.
    for damaged in 0..2 {
        let (world, store) = troubled();
        let mut cases = Vec::new();
        for n in 0..5 {
            cases.push(world.verify(family(n)).await.case);
        }
        world.clock.advance(6 * YEAR_MS);
        let asked = expiry(&world).await;
        world.broker.approve_expiry(asked.id, SECOND).await.unwrap();
        let hurt = positions(&world, cases[2]).await[damaged];
        store.damaged.lock().unwrap().insert(hurt);
        let counted = expiry(&world).await.counts;
        assert_eq!((counted.cases, counted.due, counted.failed), (5, 4, 1));
        let run = carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await.unwrap();
        assert_eq!((run.counts.destroyed, run.counts.failed), (4, 1));
        for (at, case) in cases.iter().enumerate() {
            assert_eq!(is_destroyed(&world, *case).await, at != 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_with_an_error_says_how_far_it_came() {
    let (world, store) = troubled();
    for n in 0..3 {
        world.verify(family(n)).await;
    }
    world.clock.advance(6 * YEAR_MS);
    let asked = expiry(&world).await;
    world.broker.approve_expiry(asked.id, SECOND).await.unwrap();
    *store.fails_at.lock().unwrap() = Some(0);
    let run = carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await;
    assert_eq!(reason(run), "EVIDENCE_UNAVAILABLE");
    let words = orders(&world, asked.id).await;
    let stopped = "EXPIRY_STOPPED:cases=0,due=0,destroyed=0,gone=0,held=0,kept=0,failed=0";
    assert_eq!(words.last().map(String::as_str), Some(stopped));
    let run = carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await.unwrap();
    assert_eq!((run.counts.destroyed, store.shreds.load(Ordering::SeqCst)), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn what_is_damaged_after_its_destruction_stops_no_other() {
    let (world, store) = troubled();
    let first = world.verify(family(0)).await.case;
    let second = world.verify(family(1)).await.case;
    world.broker.note_dispute(first, "a dispute", FIRST).await.unwrap();
    world.clock.advance(6 * YEAR_MS);
    let asked = expiry(&world).await;
    world.broker.approve_expiry(asked.id, SECOND).await.unwrap();
    // The first destruction of this run fails at its last record, and the run with it.
    *store.fails_at.lock().unwrap() = Some(2);
    assert_eq!(
        reason(carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await),
        "EVIDENCE_UNAVAILABLE"
    );
    let dispute = positions(&world, first).await[2];
    store.damaged.lock().unwrap().insert(dispute);
    let run = carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await.unwrap();
    assert_eq!((run.counts.destroyed, run.counts.failed), (1, 1));
    assert!(is_destroyed(&world, second).await);
}

#[tokio::test(start_paused = true)]
async fn a_run_finds_keys_that_were_left_in_any_frame() {
    for left in 0..3 {
        let (world, store) = troubled();
        let case = world.verify(family(0)).await.case;
        world.broker.note_dispute(case, "a dispute", FIRST).await.unwrap();
        world.clock.advance(6 * YEAR_MS);
        let asked = expiry(&world).await;
        world.broker.approve_expiry(asked.id, SECOND).await.unwrap();
        *store.fails_at.lock().unwrap() = Some(left);
        let run = carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await;
        assert_eq!(reason(run), "EVIDENCE_UNAVAILABLE");
        assert_eq!(store.unreached.lock().unwrap().len(), 3 - left);
        let run = carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await.unwrap();
        assert_eq!(run.counts.destroyed, 1);
        assert!(store.unreached.lock().unwrap().is_empty());
        assert_eq!(store.shreds.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_approval_whose_caller_goes_away_is_carried_out() {
    let (world, store) = troubled();
    let case = world.verify(request()).await.case;
    let ordered = (SCHEDULE, "PIPL 47(1)4");
    world.broker.request_shred(case, ordered, FIRST).await.unwrap();
    Troubled::closes(&store.before_shred);
    tokio::select! {
        done = world.broker.approve_shred(case, SECOND) => panic!("it waits: {done:?}"),
        () = settle() => {}
    }
    // Whoever stops the broker waits for it.
    let broker = world.broker.clone();
    let closing = tokio::spawn(async move { broker.close(LONG).await });
    settle().await;
    assert!(!closing.is_finished());
    Troubled::opens(&store.before_shred);
    closing.await.unwrap();
    assert_eq!(
        world.broker.retention(case).await.unwrap().state,
        RetentionState::Shredded
    );
    assert!(is_destroyed(&world, case).await);
}

#[tokio::test(start_paused = true)]
async fn what_a_destruction_names_is_opened_by_nobody_though_its_keys_are_left() {
    let (world, store) = troubled();
    let case = world.verify(request()).await.case;
    let broker = &world.broker;
    broker.note_dispute(case, "a dispute", FIRST).await.unwrap();
    broker
        .request_shred(case, (SCHEDULE, "PIPL 47(1)4"), FIRST)
        .await
        .unwrap();
    *store.fails_at.lock().unwrap() = Some(0);
    assert_eq!(reason(broker.approve_shred(case, SECOND).await), "EVIDENCE_UNAVAILABLE");
    broker.follow_logs(&mut |_| ()).await.unwrap();
    assert_eq!(store.unreached.lock().unwrap().len(), 3);
    let leaves = broker.case(case, true, "audit", "1").await.unwrap();
    let sealed: Vec<_> = leaves.iter().filter(|leaf| leaf.intact.is_some()).collect();
    assert!(sealed.len() >= 12 && leaves.iter().all(|leaf| leaf.record.is_none()));
    assert!(sealed.iter().all(|leaf| leaf.destroyed && leaf.intact == Some(true)));
    // Neither the records nor the salts that open their commitments.
    let opened = broker.proofs(case, true, "audit", "1").await.unwrap();
    let closed = broker.proofs(case, false, "audit", "1").await.unwrap();
    assert!(opened.len() >= sealed.len());
    for (one, other) in opened.iter().zip(&closed) {
        assert_eq!((&one.proof, &one.record), (&other.proof, &None));
    }
    assert_eq!(reason(broker.recompute(case, "audit", "1").await), "CASE_SHREDDED");
    // Whoever approved it ends it.
    broker.approve_shred(case, SECOND).await.unwrap();
    assert!(store.unreached.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_case_whose_recheck_is_about_to_begin_is_not_destroyed() {
    let (world, store) = troubled();
    let case = world.verify(request()).await.case;
    let broker = world.broker.clone();
    let named = |id: &str| {
        let (broker, id) = (broker.clone(), Some(id.to_owned()));
        let named = vec!["bank".to_owned()];
        async move { broker.recheck(case, named, id, "window".into(), "clerk".into()).await }
    };
    Troubled::closes(&store.before_newest);
    let rechecking = tokio::spawn(named("r-1"));
    // Nothing of it stands among what is under way yet: it looks its request id up.
    settle().await;
    let ordered = (SCHEDULE, "PIPL 47(1)4");
    let refused = world.broker.request_shred(case, ordered, FIRST).await;
    assert_eq!(reason(refused), "WRONG_STATE");
    Troubled::opens(&store.before_newest);
    let (after, _) = rechecking.await.unwrap().unwrap();
    assert_eq!(after.state, State::Succeeded);
    // One that fails blocks nothing any more either.
    world.clock.advance(4 * DAY_MS);
    assert_eq!(reason(named("r-2").await), "NOT_AUTHORIZED");
    world.broker.request_shred(case, ordered, FIRST).await.unwrap();
    world.broker.approve_shred(case, SECOND).await.unwrap();
    assert_eq!(reason(named("r-3").await), "CASE_SHREDDED");
}
