//! Every job runs once, never more at once than allowed, and one that panics harms no other.
//! Leaves what jobs do to the pipeline.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use hedui_evidence::Backlog;

use super::{FULL, Workers};

#[tokio::test]
async fn every_job_runs_once_and_never_too_many_at_once() {
    let workers = Workers::new(2, Backlog::default());
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let jobs = (0..200u64).map(|n| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        workers.run(move || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let sum = (0..n * 100).fold(0u64, |sum, x| sum.wrapping_mul(31).wrapping_add(x));
            now.fetch_sub(1, Ordering::SeqCst);
            (n, sum)
        })
    });
    let done: Vec<u64> = join_all(jobs).await.into_iter().map(|r| r.unwrap().0).collect();
    assert_eq!(done, (0..200).collect::<Vec<_>>());
    assert!(most.load(Ordering::SeqCst) <= 2);
    assert_eq!(now.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_job_that_panics_is_told_and_the_next_ones_run() {
    let workers = Workers::new(1, Backlog::default());
    let broken = workers.run(|| -> u32 { panic!("on purpose") });
    let (broken, sound) = tokio::join!(broken, workers.run(|| 7));
    assert!(broken.is_err());
    assert_eq!(sound.unwrap(), 7);
    assert_eq!(workers.run(|| 8).await.unwrap(), 8);
}

#[tokio::test]
async fn whoever_starts_work_is_held_while_far_too_much_of_it_waits() {
    let backlog = Backlog::default();
    let workers = Workers::new(1, backlog.clone());
    workers.room().await;
    assert!(!backlog.is_there());
    // The first job keeps the only thread until it is let go.
    let (go, may_go) = std::sync::mpsc::sync_channel::<()>(1);
    let first = workers.run(move || may_go.recv().is_ok());
    let more = join_all((0..FULL + 1).map(|n| workers.run(move || n)));
    let all = async { tokio::join!(first, more) };
    tokio::pin!(all);
    assert!(futures::poll!(all.as_mut()).is_pending());
    assert!(backlog.is_there(), "jobs wait behind the first");
    let room = workers.room();
    tokio::pin!(room);
    assert!(futures::poll!(room.as_mut()).is_pending());
    go.send(()).unwrap();
    let (first, more) = all.await;
    assert!(first.unwrap());
    assert_eq!(more.len(), FULL + 1);
    assert!(!backlog.is_there());
    room.await;
    workers.room().await;
}

#[tokio::test]
async fn jobs_after_a_pause_are_done_too_and_no_thread_stays_for_ever() {
    let workers = Workers::new(2, Backlog::default());
    for n in 0..50 {
        assert_eq!(workers.run(move || n).await.unwrap(), n);
    }
    // Whoever stops waiting leaves a job behind that nobody asks about.
    let mut given_up = Box::pin(workers.run(|| 0));
    assert!(futures::poll!(given_up.as_mut()).is_pending());
    drop(given_up);
    let shared = Arc::downgrade(&workers.shared);
    drop(workers);
    // Nothing else holds it: this ends when both threads have gone.
    while shared.strong_count() > 0 {
        std::thread::yield_now();
    }
}
