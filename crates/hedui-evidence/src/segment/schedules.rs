//! A thousand seeded schedules of groups, shredding, failures, healing, power cuts and states of the index; a seed replays one.
//! Left to others: threads and queues (`power_cuts` runs them), the real disk (`tests`).
//!
//! The committer is driven by hand, so that a seed decides everything: what shares a group, what fails, when power goes.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::indexer::Due;
use super::power_cuts::{acknowledged_by, check_opened};
use super::shred::Shredder;
use super::*;
use crate::contract::{sample_frame, shred_frame, without_keys};
use crate::disk::sim::{Left, Outage, SimDisk};
use crate::ids::{EvidenceId, FrameId};
use crate::index::{Filed, IndexError, Watermark};
use crate::tell::Teller;

/// An index that outlives the store, as its folder does.
#[derive(Clone, Default)]
struct Kept(Arc<MemoryIndex>);

impl Index for Kept {
    fn put(&self, batch: &[Filed], watermark: Watermark) -> Result<(), IndexError> {
        self.0.put(batch, watermark)
    }
    fn page(&self, key: LookupKey, after: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        self.0.page(key, after, limit)
    }
    fn page_before(&self, key: LookupKey, before: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        self.0.page_before(key, before, limit)
    }
    fn newest(&self, key: LookupKey) -> Result<Option<Position>, IndexError> {
        self.0.newest(key)
    }
    fn surely_without(&self, key: LookupKey) -> bool {
        self.0.surely_without(key)
    }
    fn watermark(&self) -> Result<Watermark, IndexError> {
        self.0.watermark()
    }
    fn store_id(&self) -> Result<Option<[u8; 16]>, IndexError> {
        self.0.store_id()
    }
    fn reset(&self, store_id: [u8; 16]) -> Result<(), IndexError> {
        self.0.reset(store_id)
    }
    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }
}

/// A committer without its thread.
struct Driven {
    disk: Arc<SimDisk>,
    committer: Committer,
    shredder: Arc<Shredder>,
    ms: Arc<AtomicU64>,
    _due: Receiver<Due>,
}

const SEGMENT_BYTES: u64 = 4_000;

impl Driven {
    fn start(disk: Arc<SimDisk>, index: &Kept) -> Self {
        let wanted = Wanted {
            new_store_id: [9; 16],
            segment_bytes: SEGMENT_BYTES,
            read_only: false,
        };
        let on: Arc<dyn Disk> = Arc::<SimDisk>::clone(&disk);
        let (log, _) = recover(on, &wanted, &mut |_| ()).unwrap();
        index.reset(log.store_id).unwrap();
        let ms = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&ms);
        let clock = Clock::new(move || Duration::from_millis(told.load(Ordering::SeqCst)));
        let published = Arc::new(Published {
            tail: RwLock::new(log.tail),
            refusing: Refusing::new(clock),
            committed: AtomicU64::new(0),
            groups: AtomicU64::new(0),
            followed: Followed::default(),
            backlog: Backlog::default(),
            teller: Teller::default(),
        });
        let (due, work) = sync_channel(1);
        let lookup = Arc::new(Lookup::new(Box::new(index.clone())));
        let on: Arc<dyn Disk> = Arc::<SimDisk>::clone(&disk);
        let (finding, told_of) = (Arc::clone(&lookup), Arc::clone(&published));
        let shredder = Arc::new(Shredder::new(on, finding, told_of, log.store_id));
        Self {
            disk,
            shredder,
            committer: Committer::new(log, lookup, published, due),
            ms,
            _due: work,
        }
    }

    /// Appends frames that were queued together; what is acknowledged is marked on the disk's log of operations.
    fn append(&mut self, frames: &[Frame]) -> Vec<Frame> {
        self.committer.resume_if_due();
        let seen = self.committer.published.committed.load(Ordering::SeqCst);
        let (mut requests, mut answers) = (Vec::new(), Vec::new());
        for frame in frames {
            let (reply, answer) = oneshot::channel();
            let id = frame.id;
            let (case, index, record) = frame.record().unwrap().into_parts();
            let keys = LookupKey::of(id, case, &index);
            requests.push(Request {
                id,
                record,
                keys,
                seen,
                reply,
            });
            answers.push(answer);
        }
        self.committer.commit(requests);
        let mut refused = Vec::new();
        for (frame, mut answer) in frames.iter().zip(answers) {
            match answer.try_recv().unwrap() {
                Ok(_) => self.disk.mark(frame.id.0),
                Err(_) => refused.push(frame.clone()),
            }
        }
        refused
    }
}

impl Driven {
    /// Carries out those shred frames that can be, together. Whether one is acknowledged or not: once its frame is durable
    /// its keys must be gone after the next opening.
    fn shred(&mut self, shreds: &[Frame]) {
        let calls: Vec<_> = shreds
            .iter()
            .filter(|shred| self.shredder.check(shred).is_ok())
            .map(|shred| (shred, self.shredder.call()))
            .collect();
        let frames: Vec<Frame> = calls.iter().map(|(shred, _)| (*shred).clone()).collect();
        let refused = self.append(&frames);
        for (shred, call) in calls.into_iter().filter(|(shred, _)| !refused.contains(shred)) {
            let at = self
                .committer
                .lookup
                .newest(LookupKey::Frame(shred.id))
                .unwrap()
                .unwrap();
            // It fails where the disk does: then whatever it left is finished later.
            let _ = self.shredder.carry_out(at, &call);
        }
    }
}

/// Shred frames for records of frames that were sent, whether these are in the log or not.
fn shreds(rng: &mut StdRng, sent: &BTreeMap<FrameId, Frame>) -> Vec<Frame> {
    let held: Vec<EvidenceId> = sent
        .values()
        .flat_map(|frame| &frame.sealed)
        .map(|sealed| sealed.evidence_id)
        .collect();
    let count = rng.random_range(0..3);
    (0..count)
        .map(|_| {
            let odds = rng.random_range(1..4);
            let named: Vec<_> = held
                .iter()
                .copied()
                .filter(|_| rng.random_ratio(odds, 6))
                .take(6)
                .collect();
            let mut frame = shred_frame(rng, CaseId([2; 16]), &[&named]);
            frame.index = vec![IndexKey([1; 16])];
            frame
        })
        .collect()
}

/// What is counted over all schedules, so that the tests can tell that they test something.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    healed: usize,
    refused: usize,
    segments: usize,
    rebuilt: usize,
    torn: usize,
    lost: usize,
    shredded: usize,
    finished: usize,
}

/// One run with failures on a disk: what was sent, what the index had, what healed.
fn run(rng: &mut StdRng, disk: &Arc<SimDisk>, index: &Kept, counts: &mut Counts) -> BTreeMap<FrameId, Frame> {
    let mut driven = Driven::start(Arc::clone(disk), index);
    let (mut sent, mut again) = (BTreeMap::new(), Vec::<Frame>::new());
    for _ in 0..rng.random_range(4..9) {
        // Half of the schedules know failures; an outage covers a few groups.
        let outage = match rng.random_range(0..8) {
            0 => Outage::OneIn(4),
            1 => Outage::Syncs,
            2 => Outage::Writes,
            3 => Outage::All(std::io::ErrorKind::Other),
            _ => Outage::None,
        };
        driven.disk.set_outage(outage, rng.random());
        let room = if rng.random_ratio(1, 10) { 2_000 } else { u64::MAX };
        driven.disk.capacity.store(room, Ordering::SeqCst);
        let mut group: Vec<Frame> = std::mem::take(&mut again);
        for _ in 0..rng.random_range(1..4) {
            let records = rng.random_range(0..3);
            group.push(sample_frame(rng, CaseId([2; 16]), &[IndexKey([1; 16])], records));
        }
        if rng.random_ratio(1, 6) {
            group.push(group[0].clone());
        }
        sent.extend(group.iter().map(|frame| (frame.id, frame.clone())));
        let broken = driven.committer.published.refusing.is_broken();
        let refused = driven.append(&group);
        counts.refused += refused.len();
        counts.healed += usize::from(broken && !driven.committer.published.refusing.is_broken());
        // A caller tries again, or does not; it may also have been told "unknown" of what is there after all.
        again = refused.into_iter().filter(|_| rng.random()).collect();
        again.dedup_by_key(|frame| frame.id);
        if rng.random_ratio(1, 2) {
            let shreds = shreds(rng, &sent);
            sent.extend(shreds.iter().map(|frame| (frame.id, frame.clone())));
            driven.shred(&shreds);
        }
        driven.ms.fetch_add(rng.random_range(0..2_000), Ordering::SeqCst);
        if rng.random_ratio(1, 3) {
            indexer::file(&driven.committer.lookup);
        }
    }
    disk.set_outage(Outage::None, 0);
    disk.capacity.store(u64::MAX, Ordering::SeqCst);
    sent
}

/// Cuts power somewhere, opens what is left with the index as it was or without, and checks every promise.
async fn cut_and_check(
    (rng, disk, index): (&mut StdRng, &Arc<SimDisk>, &Kept),
    (sent, acknowledged): (&BTreeMap<FrameId, Frame>, &[FrameId]),
    what: &str,
    counts: &mut Counts,
) -> (Arc<SimDisk>, Vec<FrameId>, Kept) {
    let ops = disk.ops();
    let at = rng.random_range(ops.len() / 3..=ops.len());
    let mut acknowledged = acknowledged.to_vec();
    acknowledged.extend(acknowledged_by(&ops[..at]));
    let left = disk.after_power_cut(at, rng);
    counts.segments = counts.segments.max(left.files.len());
    counts.finished += usize::from(is_interrupted(left.clone()).await);
    let after = Arc::new(SimDisk::after(left));
    // The folder is as it was, ahead of the log or behind it, or it was deleted.
    let folder = if rng.random_ratio(2, 3) {
        index.clone()
    } else {
        Kept::default()
    };
    let folder = Arc::new(Mutex::new(folder));
    let inside = Arc::clone(&folder);
    let indexes = move |fresh: bool| -> Result<Box<dyn Index>, IndexError> {
        let mut folder = inside.lock().unwrap();
        if fresh {
            *folder = Kept::default();
        }
        Ok(Box::new(folder.clone()))
    };
    let options = SegmentOptions {
        segment_bytes: SEGMENT_BYTES,
        ..SegmentOptions::new([9; 16])
    };
    let on = Arc::<SimDisk>::clone(&after);
    let what = format!("{what}, cut after operation {at} of {}", ops.len());
    let store = SegmentStore::open_on(on, Box::new(indexes), &options, &mut |_| ())
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    counts.rebuilt += usize::from(store.opening().index_rebuilt.is_some());
    counts.torn += usize::from(store.opening().torn_bytes > 0);
    counts.lost += usize::from(store.verify().await.unwrap().frames < sent.len() as u64);
    let sent = &after_shredding(&store, sent, counts).await;
    check_opened(&store, sent, &acknowledged, &what).await;
    drop(store);
    let folder = folder.lock().unwrap().clone();
    (after, acknowledged, folder)
}

/// Whether power went while keys were being destroyed: a shred frame is there, and a key that it names, whole or in part.
async fn is_interrupted(left: Left) -> bool {
    let indexes = |_: bool| -> Result<Box<dyn Index>, IndexError> { Ok(Box::new(MemoryIndex::default())) };
    let options = SegmentOptions {
        read_only: true,
        ..SegmentOptions::new([9; 16])
    };
    let disk = Arc::new(SimDisk::after(left));
    // Without a whole segment there is nothing to open.
    let Ok(store) = SegmentStore::open_on(disk, Box::new(indexes), &options, &mut |_| ()) else {
        return false;
    };
    let mut named = std::collections::BTreeSet::new();
    for position in store.find(crate::frame::shred_frames()).await.unwrap() {
        named.extend(store.read(position).await.unwrap().named_for_shredding());
    }
    for position in store.find(IndexKey([1; 16])).await.unwrap() {
        let Ok(frame) = store.read(position).await else {
            return true;
        };
        if frame
            .sealed
            .iter()
            .any(|sealed| named.contains(&sealed.evidence_id) && !sealed.is_shredded())
        {
            return true;
        }
    }
    false
}

/// What was sent, as it must be read: of every shred frame in the log no named key is left, of those that are not in it all
/// are.
async fn after_shredding(
    store: &SegmentStore,
    sent: &BTreeMap<FrameId, Frame>,
    counts: &mut Counts,
) -> BTreeMap<FrameId, Frame> {
    let mut expected = sent.clone();
    for position in store.find(crate::frame::shred_frames()).await.unwrap() {
        let shred = store.read(position).await.unwrap();
        let named: Vec<_> = shred.named_for_shredding().into_iter().collect();
        counts.shredded += 1;
        for frame in expected.values_mut() {
            *frame = without_keys(frame, &named);
        }
    }
    expected
}

/// The whole schedule of a seed.
async fn schedule(seed: u64, counts: &mut Counts) {
    let mut rng = StdRng::seed_from_u64(seed);
    let (disk, index) = (Arc::new(SimDisk::new()), Kept::default());
    let sent = run(&mut rng, &disk, &index, counts);
    let what = format!("schedule {seed}");
    let (after, acknowledged, index) = cut_and_check((&mut rng, &disk, &index), (&sent, &[]), &what, counts).await;
    // And once more, with the second cut anywhere in the recovery or in what followed it. By then all was acknowledged
    // that had been before the first cut, and nothing else is certain.
    if rng.random_ratio(1, 3) {
        let what = format!("{what}, then");
        cut_and_check((&mut rng, &after, &index), (&sent, &acknowledged), &what, counts).await;
    }
}

async fn schedules(seeds: std::ops::Range<u64>) -> Counts {
    let mut counts = Counts::default();
    for seed in seeds {
        schedule(seed, &mut counts).await;
    }
    counts
}

fn assert_worth_it(counts: Counts) {
    let Counts {
        healed,
        refused,
        segments,
        rebuilt,
        torn,
        lost,
        shredded,
        finished,
    } = counts;
    assert!(healed > 50 && refused > 200, "failures and healing happen: {counts:?}");
    assert!(segments >= 4 && torn > 20 && lost > 100, "cuts cut: {counts:?}");
    assert!(
        shredded > 200 && finished > 20,
        "keys are destroyed, and what was interrupted is finished: {counts:?}"
    );
    assert!(rebuilt > 20, "an index of another moment is met: {counts:?}");
}

#[tokio::test]
async fn schedules_1_to_500_lose_nothing_acknowledged() {
    assert_worth_it(schedules(1..501).await);
}

#[tokio::test]
async fn schedules_501_to_1000_lose_nothing_acknowledged() {
    assert_worth_it(schedules(501..1_001).await);
}

#[tokio::test]
async fn a_seed_replays_its_schedule() {
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for ops in [&mut one, &mut two] {
        for seed in [3, 14, 159] {
            let disk = Arc::new(SimDisk::new());
            let mut rng = StdRng::seed_from_u64(seed);
            run(&mut rng, &disk, &Kept::default(), &mut Counts::default());
            ops.push(format!("{:?} {:?}", disk.ops(), disk.files()));
        }
    }
    assert!(one == two);
}
