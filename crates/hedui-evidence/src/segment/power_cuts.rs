//! Power cuts and full disks on a simulated disk: whatever was acknowledged stays, nothing torn shows.
//! Left to others: disks that fail for a while (`outages`), a thousand seeded schedules (`schedules`), damage to bytes at rest (`damage`).

use std::collections::BTreeMap;
use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::contract::{sample_frame, whole_log};
use crate::disk::sim::{Op, SimDisk};
use crate::error::ErrorKind;
use crate::frame::Sealed;
use crate::ids::FrameId;

fn in_memory(_fresh: bool) -> Result<Box<dyn Index>, crate::index::IndexError> {
    Ok(Box::new(MemoryIndex::default()))
}

pub(super) fn open(disk: &Arc<SimDisk>) -> Result<SegmentStore, StoreError> {
    let disk: Arc<dyn Disk> = Arc::<SimDisk>::clone(disk);
    let options = SegmentOptions {
        segment_bytes: 12_000,
        ..SegmentOptions::new([9; 16])
    };
    SegmentStore::open_on(disk, Box::new(in_memory), &options, &mut |_| ())
}

/// Appends from several tasks at once and marks on the disk's log what was acknowledged, when it was.
async fn append_from_many_tasks(disk: &Arc<SimDisk>, store: SegmentStore, seed: u64) -> BTreeMap<FrameId, Frame> {
    let store = Arc::new(store);
    let sent = Arc::new(Mutex::new(BTreeMap::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..6 {
        let (store, disk, sent) = (Arc::clone(&store), Arc::clone(disk), Arc::clone(&sent));
        tasks.spawn(async move {
            let mut rng = StdRng::seed_from_u64(seed * 100 + task);
            let case = CaseId::random(&mut rng);
            for _ in 0..4 {
                let records = rng.random_range(0..5);
                let frame = sample_frame(&mut rng, case, &[IndexKey([1; 16])], records);
                sent.lock().unwrap().insert(frame.id, frame.clone());
                if store.append(frame.clone()).await.is_ok() {
                    disk.mark(frame.id.0);
                }
            }
        });
    }
    tasks.join_all().await;
    drop(store);
    Arc::try_unwrap(sent).unwrap().into_inner().unwrap()
}

/// What a store must be after a cut, given what was sent to it and what it had acknowledged by then.
pub(super) async fn check_after_cut(
    disk: Arc<SimDisk>,
    sent: &BTreeMap<FrameId, Frame>,
    acknowledged: &[FrameId],
    what: &str,
) {
    let store = open(&disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    check_opened(&store, sent, acknowledged, what).await;
}

/// The same of a store that is open already.
pub(super) async fn check_opened(
    store: &SegmentStore,
    sent: &BTreeMap<FrameId, Frame>,
    acknowledged: &[FrameId],
    what: &str,
) {
    let log = whole_log(store, 5).await;
    for (position, frame) in &log {
        assert_eq!(
            sent.get(&frame.id),
            Some(frame),
            "{what}: only whole frames that were sent are ever shown"
        );
        assert_eq!(&store.read(*position).await.unwrap(), frame, "{what}");
    }
    let found: std::collections::BTreeSet<_> = log.iter().map(|(_, frame)| frame.id).collect();
    assert_eq!(found.len(), log.len(), "{what}: nothing stands twice");
    for id in acknowledged {
        assert!(found.contains(id), "{what}: acknowledged frame {id} is gone");
    }
    let positions: Vec<_> = log.iter().map(|(position, _)| *position).collect();
    assert_eq!(store.find(IndexKey([1; 16])).await.unwrap(), positions, "{what}");
    // Appending again what was sent settles every unknown outcome: afterwards each frame stands once.
    let (shreds, others): (Vec<_>, Vec<_>) = sent.values().partition(|frame| frame.kind == crate::FrameKind::Shred);
    for frame in &shreds {
        // One whose frame was lost may name what was lost with it.
        if found.contains(&frame.id) {
            let again = store.shred((*frame).clone()).await.unwrap();
            assert_eq!(
                (again.records, again.receipt.duplicate),
                (0, true),
                "{what}: all of it was destroyed"
            );
        }
    }
    for frame in &others {
        let frame = *frame;
        if frame.sealed.iter().any(Sealed::is_shredded) {
            assert!(
                found.contains(&frame.id),
                "{what}: a shred frame stands behind what lost keys"
            );
            continue;
        }
        let receipt = store
            .append(frame.clone())
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(receipt.duplicate, found.contains(&frame.id), "{what}");
    }
    let kept = shreds.iter().filter(|frame| found.contains(&frame.id)).count() + others.len();
    assert_eq!(store.verify().await.unwrap().frames, kept as u64, "{what}");
}

pub(super) fn acknowledged_by(ops: &[Op]) -> Vec<FrameId> {
    ops.iter()
        .filter_map(|op| match op {
            Op::Mark(id) => Some(FrameId(*id)),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_power_cut_takes_an_acknowledged_frame_or_shows_a_torn_one() {
    let mut cuts_with_unsynced_bytes = 0;
    for seed in 0..10 {
        let disk = Arc::new(SimDisk::new());
        let sent = append_from_many_tasks(&disk, open(&disk).unwrap(), seed).await;
        let ops = disk.ops();
        let mut rng = StdRng::seed_from_u64(seed);
        for cut in 0..10 {
            let at = rng.random_range(0..=ops.len());
            cuts_with_unsynced_bytes += usize::from(matches!(ops.get(at.wrapping_sub(1)), Some(Op::Write { .. })));
            let after = Arc::new(SimDisk::after(disk.after_power_cut(at, &mut rng)));
            let what = format!("seed {seed}, cut {cut} after operation {at}");
            check_after_cut(Arc::clone(&after), &sent, &acknowledged_by(&ops[..at]), &what).await;
            // And once more, with the second cut anywhere in the recovery or in what followed it.
            let again = rng.random_range(0..=after.ops().len());
            let files = after.after_power_cut(again, &mut rng);
            let what = format!("{what}, then after operation {again}");
            check_after_cut(
                Arc::new(SimDisk::after(files)),
                &sent,
                &acknowledged_by(&ops[..at]),
                &what,
            )
            .await;
        }
    }
    assert!(
        cuts_with_unsynced_bytes > 10,
        "the schedules do cut between a write and its sync"
    );
}

#[tokio::test]
async fn every_operation_of_one_run_can_be_the_last() {
    let disk = Arc::new(SimDisk::new());
    let sent = append_from_many_tasks(&disk, open(&disk).unwrap(), 77).await;
    let ops = disk.ops();
    for at in 0..=ops.len() {
        let mut rng = StdRng::seed_from_u64(at as u64);
        let files = disk.after_power_cut(at, &mut rng);
        let what = format!("cut after operation {at} of {}", ops.len());
        check_after_cut(
            Arc::new(SimDisk::after(files)),
            &sent,
            &acknowledged_by(&ops[..at]),
            &what,
        )
        .await;
    }
}

/// A file may be longer after a cut than what was durable of it, and zeros stand there: also where destroyed keys would.
#[tokio::test]
async fn a_last_group_that_ends_in_zeros_was_never_durable() {
    let disk = Arc::new(SimDisk::new());
    let store = open(&disk).unwrap();
    let mut rng = StdRng::seed_from_u64(5);
    let [first, last] = [2, 6].map(|records| sample_frame(&mut rng, CaseId([1; 16]), &[], records));
    let kept = (store.append(first.clone()).await.unwrap().position, first);
    let begin = usize::try_from(store.append(last.clone()).await.unwrap().position.offset).unwrap();
    drop(store);
    let name = format::segment_name(1);
    let files = disk.files();
    let length = files[&name].len();
    let keys = length - last.sealed.len() * crate::frame::KEY_SLOT_BYTES;
    for from in (begin..keys).step_by(211).chain(keys..length) {
        let mut files = files.clone();
        files.get_mut(&name).unwrap()[from..].fill(0);
        let store = open(&Arc::new(SimDisk::with_files(files))).unwrap();
        assert!(store.opening().torn_bytes > 0, "zeros from byte {from} of {length}");
        assert_eq!(whole_log(&store, 5).await, std::slice::from_ref(&kept));
        assert!(!store.append(last.clone()).await.unwrap().duplicate);
        store.verify().await.unwrap();
    }
}

#[tokio::test]
#[expect(
    clippy::await_holding_lock,
    reason = "the lock is what holds the committer back while the frames gather"
)]
async fn what_waits_behind_a_failed_sync_is_certainly_not_written() {
    let disk = Arc::new(SimDisk::new());
    let store = Arc::new(open(&disk).unwrap());
    let mut rng = StdRng::seed_from_u64(2);
    let frames: Vec<_> = (0..9)
        .map(|_| sample_frame(&mut rng, CaseId([1; 16]), &[], 1))
        .collect();
    let before = disk.ops().len();
    let gate = disk.gate.lock().unwrap();
    disk.fail_sync.store(1, Ordering::SeqCst);
    let mut tasks = Vec::new();
    for frame in frames.clone() {
        let waiting = Arc::clone(&store);
        tasks.push(tokio::spawn(async move { waiting.append(frame).await }));
        tokio::task::yield_now().await;
        // The first is written and stands before its sync; all others queue behind it.
        while disk.ops().len() == before {
            std::thread::yield_now();
        }
    }
    drop(gate);
    for (number, task) in tasks.into_iter().enumerate() {
        let error = task.await.unwrap().unwrap_err();
        assert_eq!(error.certainly_not_written(), number > 0, "{number}: {error}");
    }
    drop(store);
    let store = open(&disk).unwrap();
    for frame in frames.into_iter().skip(1) {
        assert!(!store.append(frame).await.unwrap().duplicate);
    }
}

#[tokio::test]
async fn a_full_store_refuses_says_so_and_resumes_without_a_trace() {
    let disk = Arc::new(SimDisk::new());
    let store = open(&disk).unwrap();
    let set_full = |full| disk.capacity.store(if full { 0 } else { u64::MAX }, Ordering::SeqCst);
    crate::contract::a_full_store_refuses_says_so_and_resumes_without_a_trace(&store, set_full).await;
}

#[tokio::test]
async fn a_full_disk_refuses_without_a_trace_and_recovers() {
    for seed in 0..60 {
        let disk = Arc::new(SimDisk::new());
        let store = open(&disk).unwrap();
        let mut rng = StdRng::seed_from_u64(seed);
        let case = CaseId::random(&mut rng);
        disk.capacity.store(rng.random_range(3_000..40_000), Ordering::SeqCst);
        let (mut kept, mut refused) = (BTreeMap::new(), Vec::new());
        while refused.len() < 3 {
            let frame = sample_frame(&mut rng, case, &[IndexKey([1; 16])], 3);
            match store.append(frame.clone()).await {
                Ok(_) => drop(kept.insert(frame.id, frame)),
                Err(error) => {
                    assert_eq!(
                        (error.kind(), error.certainly_not_written()),
                        (ErrorKind::Full, true),
                        "seed {seed}"
                    );
                    refused.push(frame);
                }
            }
        }
        assert_eq!(store.verify().await.unwrap().frames, kept.len() as u64, "seed {seed}");
        if rng.random() {
            // Power goes while the disk is full: the remains of refused frames must not come back.
            drop(store);
            let at = rng.random_range(disk.ops().len() - 3..=disk.ops().len());
            let after = Arc::new(SimDisk::after(disk.after_power_cut(at, &mut rng)));
            let store = open(&after).unwrap();
            for frame in &refused {
                assert!(!store.append(frame.clone()).await.unwrap().duplicate, "seed {seed}");
            }
        } else {
            disk.capacity.store(u64::MAX, Ordering::SeqCst);
            for frame in &refused {
                assert!(!store.append(frame.clone()).await.unwrap().duplicate, "seed {seed}");
            }
            drop(store);
            let ids: Vec<_> = kept.keys().copied().collect();
            kept.extend(refused.into_iter().map(|frame| (frame.id, frame)));
            check_after_cut(disk, &kept, &ids, &format!("seed {seed}")).await;
        }
    }
}

#[tokio::test]
async fn a_full_disk_that_cannot_even_be_cut_refuses() {
    let disk = Arc::new(SimDisk::new());
    let store = open(&disk).unwrap();
    let mut rng = StdRng::seed_from_u64(5);
    disk.capacity.store(700, Ordering::SeqCst);
    disk.fail_truncate.store(1, Ordering::SeqCst);
    let frame = sample_frame(&mut rng, CaseId([1; 16]), &[], 3);
    let error = store.append(frame.clone()).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Refused { .. }) && error.certainly_not_written(),
        "{error}"
    );
    drop(store);
    disk.capacity.store(u64::MAX, Ordering::SeqCst);
    let store = open(&disk).unwrap();
    assert!(store.opening().torn_bytes > 0);
    assert!(
        !store.append(frame).await.unwrap().duplicate,
        "a group that is not whole never comes back"
    );
}

#[tokio::test]
async fn frames_that_wait_together_share_one_write_and_one_sync() {
    for jobs_waiting in [0, 3] {
        share_one_write_and_one_sync(jobs_waiting).await;
    }
}

#[expect(
    clippy::await_holding_lock,
    reason = "the lock is what holds the committer back while the frames gather"
)]
async fn share_one_write_and_one_sync(jobs_waiting: usize) {
    let disk = Arc::new(SimDisk::new());
    let store = Arc::new(open(&disk).unwrap());
    store.backlog().set(jobs_waiting);
    let mut rng = StdRng::seed_from_u64(6);
    let before = disk.ops().len();
    let gate = disk.gate.lock().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (store, frame) = (Arc::clone(&store), sample_frame(&mut rng, CaseId([1; 16]), &[], 0));
        tasks.spawn(async move { store.append(frame).await.unwrap() });
    }
    // One thread runs all tasks in turn, at most 61 between two turns of this one: after this each queued its frame.
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    drop(gate);
    tasks.join_all().await;
    let ops = disk.ops().split_off(before);
    let syncs = ops.iter().filter(|op| matches!(op, Op::Sync(_))).count() as u64;
    assert_eq!(
        (ops.len() as u64, syncs),
        (2 * store.groups(), store.groups()),
        "a group is a write and a sync"
    );
    assert!(
        syncs <= 2,
        "those that came before the gate, those that gathered behind it: {syncs}"
    );
}
