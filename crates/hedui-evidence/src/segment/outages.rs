//! A disk that fails for a while: appends are refused with the reason, reads go on, and all resumes by itself.
//! Left to others: the disk's full (`power_cuts`), failures and cuts mixed at random (`schedules`).

use std::io::ErrorKind as Kind;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::power_cuts::check_after_cut;
use super::*;
use crate::contract::{sample_frame, whole_log};
use crate::disk::sim::{Op, Outage, SimDisk};
use crate::error::ErrorKind;
use crate::ids::FrameId;

/// A store on a simulated disk with a clock that a test moves.
struct Bench {
    disk: Arc<SimDisk>,
    store: SegmentStore,
    ms: Arc<AtomicU64>,
    rng: StdRng,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let (disk, ms) = (Arc::new(SimDisk::new()), Arc::new(AtomicU64::new(0)));
        let told = Arc::clone(&ms);
        let options = SegmentOptions {
            segment_bytes: 12_000,
            clock: Clock::new(move || Duration::from_millis(told.load(Ordering::SeqCst))),
            ..SegmentOptions::new([9; 16])
        };
        let indexes =
            |_fresh: bool| -> Result<Box<dyn Index>, crate::index::IndexError> { Ok(Box::new(MemoryIndex::default())) };
        let on = Arc::<SimDisk>::clone(&disk);
        let store = SegmentStore::open_on(on, Box::new(indexes), &options, &mut |_| ()).unwrap();
        let rng = StdRng::seed_from_u64(seed);
        Self { disk, store, ms, rng }
    }

    fn frame(&mut self) -> Frame {
        sample_frame(&mut self.rng, CaseId([1; 16]), &[IndexKey([1; 16])], 2)
    }

    /// Appends that must succeed.
    async fn keep(&mut self, count: usize) -> Vec<(Position, Frame)> {
        let mut kept = Vec::new();
        for _ in 0..count {
            let frame = self.frame();
            kept.push((self.store.append(frame.clone()).await.unwrap().position, frame));
        }
        kept
    }

    /// An append that must fail.
    async fn fail(&mut self) -> (Frame, StoreError) {
        let frame = self.frame();
        let error = self.store.append(frame.clone()).await.unwrap_err();
        (frame, error)
    }

    fn later(&self, ms: u64) {
        self.ms.fetch_add(ms, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_failed_sync_is_never_tried_again_and_appends_resume_in_a_new_segment() {
    let mut bench = Bench::new(1);
    let mut log = bench.keep(3).await;
    bench.disk.fail_sync.store(1, Ordering::SeqCst);
    let (unknown, error) = bench.fail().await;
    assert_eq!(
        (error.kind(), error.certainly_not_written()),
        (ErrorKind::Unknown, false)
    );
    let before = bench.disk.ops().len();
    for _ in 0..3 {
        bench.later(300);
        let (_, error) = bench.fail().await;
        assert!(
            matches!(&error, StoreError::Refused { reason } if reason.contains("syncing failed")),
            "{error}"
        );
        assert!(error.certainly_not_written());
        let refusal = bench.store.refusing().unwrap();
        assert_eq!(refusal.reason.code(), "LOG_FAILED");
        assert_eq!(bench.store.status().await.unwrap().refusing, Some(refusal));
    }
    assert_eq!(
        bench.disk.ops().len(),
        before,
        "within a second nothing touches the disk"
    );
    assert_eq!(whole_log(&bench.store, 2).await, log, "reads go on");
    bench.later(100);
    log.extend(bench.keep(1).await);
    assert_eq!(bench.store.refusing(), None);
    assert_eq!(log[3].0.segment, 2, "the file that failed is not written again");
    let synced_again = bench.disk.ops().split_off(before);
    assert!(
        matches!(&synced_again[0], Op::SyncDir),
        "first what may be left of another segment: {synced_again:?}"
    );
    let cut = synced_again
        .iter()
        .position(|op| matches!(op, Op::Truncate { .. }))
        .unwrap();
    let made = synced_again.iter().position(|op| matches!(op, Op::Create(_))).unwrap();
    assert!(
        synced_again[cut..made].iter().any(|op| matches!(op, Op::Sync(_))),
        "the cut is durable before a header states it"
    );
    // Unknown became certainly absent, in the running store and in every later one.
    assert_eq!(whole_log(&bench.store, 2).await, log);
    let receipt = bench.store.append(unknown.clone()).await.unwrap();
    assert!(!receipt.duplicate);
    log.push((receipt.position, unknown));
    let Bench { disk, store, .. } = bench;
    drop(store);
    let store = super::power_cuts::open(&disk).unwrap();
    assert_eq!(whole_log(&store, 3).await, log);
}

#[tokio::test]
async fn after_healing_a_frame_of_a_failed_group_is_certainly_absent_whatever_comes() {
    for seed in 0..40 {
        let mut bench = Bench::new(seed);
        let log = bench.keep(2).await;
        bench.disk.fail_sync.store(1, Ordering::SeqCst);
        let (unknown, _) = bench.fail().await;
        bench.later(1_000);
        let healed = bench.keep(1).await;
        let Bench {
            disk, store, mut rng, ..
        } = bench;
        drop(store);
        let after = Arc::new(SimDisk::after(disk.after_power_cut(disk.ops().len(), &mut rng)));
        let store = super::power_cuts::open(&after).unwrap();
        let expected: Vec<_> = log.into_iter().chain(healed).collect();
        assert_eq!(whole_log(&store, 5).await, expected, "seed {seed}");
        assert!(!store.append(unknown).await.unwrap().duplicate);
    }
}

#[tokio::test]
async fn whatever_fails_for_a_while_is_refused_with_its_reason_and_resumes() {
    let outages = [
        (Outage::Writes, ErrorKind::Unknown, "writing failed"),
        (Outage::Syncs, ErrorKind::Unknown, "syncing failed"),
        (
            Outage::All(Kind::ReadOnlyFilesystem),
            ErrorKind::NotWritten,
            "read-only",
        ),
        (Outage::All(Kind::Other), ErrorKind::Unknown, "writing failed"),
        (Outage::All(Kind::StorageFull), ErrorKind::NotWritten, "did not fit"),
    ];
    for (number, (outage, first, says)) in outages.into_iter().enumerate() {
        for kept_before in [0, 4] {
            let mut bench = Bench::new(number as u64);
            let mut log = bench.keep(kept_before).await;
            bench.disk.set_outage(outage, 0);
            let (lost, error) = bench.fail().await;
            assert_eq!(error.kind(), first, "{outage:?}: {error}");
            let mut refused = vec![lost];
            for _ in 0..5 {
                bench.later(1_000);
                let (frame, error) = bench.fail().await;
                assert!(
                    error.certainly_not_written() || outage == Outage::Writes,
                    "{outage:?}: {error}"
                );
                assert!(
                    error.to_string().contains(says) || outage == Outage::Writes,
                    "{outage:?}: {error}"
                );
                refused.push(frame);
                assert!(bench.store.refusing().unwrap().text.contains("failed"));
                assert_eq!(whole_log(&bench.store, 3).await, log, "{outage:?}: reads go on");
            }
            let segments = bench.disk.files().len();
            assert!(segments <= 3, "{outage:?}: attempts do not gather files: {segments}");
            bench.disk.set_outage(Outage::None, 0);
            bench.later(1_000);
            for frame in refused {
                let receipt = bench.store.append(frame.clone()).await.unwrap();
                assert!(!receipt.duplicate, "{outage:?}");
                log.push((receipt.position, frame));
            }
            assert_eq!(bench.store.refusing(), None);
            assert_eq!(whole_log(&bench.store, 3).await, log, "{outage:?}");
            let sent = log.iter().map(|(_, frame)| (frame.id, frame.clone())).collect();
            let ids: Vec<FrameId> = log.iter().map(|(_, frame)| frame.id).collect();
            let Bench { disk, store, .. } = bench;
            drop(store);
            check_after_cut(disk, &sent, &ids, &format!("{outage:?}")).await;
        }
    }
}

#[tokio::test]
async fn asking_whether_appends_are_refused_resumes_them() {
    let mut bench = Bench::new(7);
    bench.keep(1).await;
    bench.disk.fail_sync.store(1, Ordering::SeqCst);
    bench.fail().await;
    assert!(bench.store.refusing().is_some());
    bench.later(1_000);
    // A health check is all that comes; the attempt is made behind it.
    while bench.store.refusing().is_some() {
        std::thread::yield_now();
    }
    bench.keep(1).await;
}

#[tokio::test]
async fn power_can_be_cut_after_any_step_of_healing() {
    let mut cuts = 0;
    for seed in 0..3 {
        for (outage, kept) in [
            (Outage::Writes, 3),
            (Outage::Syncs, 3),
            (Outage::Syncs, 0),
            (Outage::All(Kind::Other), 3),
        ] {
            let mut bench = Bench::new(seed);
            let mut sent: Vec<Frame> = bench.keep(kept).await.into_iter().map(|(_, frame)| frame).collect();
            sent.iter().for_each(|frame| bench.disk.mark(frame.id.0));
            let from = bench.disk.ops().len();
            bench.disk.set_outage(outage, seed);
            sent.push(bench.fail().await.0);
            bench.later(1_000);
            sent.push(bench.fail().await.0);
            bench.disk.set_outage(Outage::None, 0);
            bench.later(1_000);
            let (_, last) = bench.keep(1).await.remove(0);
            bench.disk.mark(last.id.0);
            sent.push(last);
            let Bench {
                disk, store, mut rng, ..
            } = bench;
            drop(store);
            let sent = sent.into_iter().map(|frame| (frame.id, frame)).collect();
            let ops = disk.ops();
            for at in from..=ops.len() {
                let left = disk.after_power_cut(at, &mut rng);
                let what = format!(
                    "seed {seed}, {outage:?} after {kept}, cut after operation {at} of {}",
                    ops.len()
                );
                let acknowledged = super::power_cuts::acknowledged_by(&ops[..at]);
                check_after_cut(Arc::new(SimDisk::after(left)), &sent, &acknowledged, &what).await;
                cuts += 1;
            }
        }
    }
    assert!(cuts > 75, "{cuts}");
}
