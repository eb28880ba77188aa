//! The contract on segments with a sled index, and what only this store promises: locks, its index, its secrets.
//! Left to others: power cuts (`power_cuts`), damaged segments (`damage`).

use std::fs;
use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use sha2::Digest;

use super::*;
use crate::contract::{sample_frame, whole_log};
use crate::disk::sim::SimDisk;
use crate::error::ErrorKind;
use crate::index::{Filed, IndexError, Watermark};
use crate::{EvidenceId, FrameId, FrameKind, KeyRing, Leaf, LeafKind, MasterKey, Plain, Subject};

fn try_open(dir: &Path, segment_bytes: u64) -> Result<SegmentStore, StoreError> {
    let mut id = [0; 16];
    // Two folders are two stores.
    id.copy_from_slice(&blake3::hash(dir.as_os_str().as_encoded_bytes()).as_bytes()[..16]);
    let options = SegmentOptions {
        segment_bytes,
        index_cache_bytes: 4 << 20,
        ..SegmentOptions::new(id)
    };
    SegmentStore::open(dir, &options, &mut |_| ())
}

fn open(dir: &Path) -> SegmentStore {
    try_open(dir, 20_000).unwrap()
}

fn fresh(segment_bytes: u64) -> (Arc<dyn EvidenceStore>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Arc::new(try_open(dir.path(), segment_bytes).unwrap()), dir)
}

mod one_large_segment {
    use super::*;
    crate::evidence_store_contract!(fresh(256 << 20));
}

mod many_small_segments {
    use super::*;
    crate::evidence_store_contract!(fresh(9_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_store_is_the_same_store() {
    let dir = tempfile::tempdir().unwrap();
    crate::contract::a_reopened_store_is_the_same_store(|| Arc::new(open(dir.path()))).await;
}

const KEY: IndexKey = IndexKey([3; 16]);

async fn fill(store: &SegmentStore, frames: usize, seed: u64) -> Vec<(Position, Frame)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut log = Vec::new();
    for _ in 0..frames {
        let frame = sample_frame(&mut rng, CaseId([1; 16]), &[KEY], 2);
        log.push((store.append(frame.clone()).await.unwrap().position, frame));
    }
    log
}

async fn holds(store: &SegmentStore, log: &[(Position, Frame)]) {
    assert_eq!(whole_log(store, 9).await, log);
    assert_eq!(
        store.find(KEY).await.unwrap(),
        log.iter().map(|(position, _)| *position).collect::<Vec<_>>()
    );
    for (position, frame) in log {
        let again = store.append(frame.clone()).await.unwrap();
        assert_eq!((again.duplicate, again.position), (true, *position));
    }
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn one_store_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = try_open(dir.path(), 20_000).unwrap_err();
    assert!(
        matches!(&error, StoreError::Locked { place } if place.contains(dir.path().to_str().unwrap())),
        "{error}"
    );
    drop(store);
    open(dir.path());
}

#[tokio::test]
async fn a_reader_beside_a_writer_sees_the_log_and_touches_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let read_only = SegmentOptions {
        read_only: true,
        ..SegmentOptions::new([0; 16])
    };
    assert!(matches!(
        SegmentStore::open(dir.path(), &read_only, &mut |_| ()),
        Err(StoreError::Foreign { .. })
    ));
    let writer = open(dir.path());
    let log = fill(&writer, 30, 1).await;
    let reader = SegmentStore::open(dir.path(), &read_only, &mut |_| ()).unwrap();
    holds_without_appending(&reader, &log).await;
    let refused = reader.append(log[0].1.clone()).await.unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly) && refused.certainly_not_written());
    drop(writer);
    // A torn tail is passed over, not cut.
    let last = dir.path().join(format::segment_name(log.last().unwrap().0.segment));
    let whole = fs::read(&last).unwrap();
    fs::write(&last, [whole.as_slice(), b"torn"].concat()).unwrap();
    let reader = SegmentStore::open(dir.path(), &read_only, &mut |_| ()).unwrap();
    holds_without_appending(&reader, &log).await;
    assert_eq!(
        (reader.opening().torn_bytes, fs::read(&last).unwrap().len()),
        (4, whole.len() + 4)
    );
}

async fn holds_without_appending(store: &SegmentStore, log: &[(Position, Frame)]) {
    assert_eq!(whole_log(store, 9).await, log);
    assert_eq!(store.find(KEY).await.unwrap().len(), log.len());
}

#[tokio::test]
async fn deleting_the_index_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = fill(&open(dir.path()), 40, 2).await;
    let store = open(dir.path());
    assert_eq!(
        (store.opening().index_rebuilt.clone(), store.opening().indexed_frames),
        (None, 0),
        "it was kept"
    );
    drop(store);
    fs::remove_dir_all(dir.path().join(INDEX_FOLDER)).unwrap();
    let mut steps = Vec::new();
    let options = SegmentOptions {
        segment_bytes: 20_000,
        ..SegmentOptions::new([0; 16])
    };
    let store = SegmentStore::open(dir.path(), &options, &mut |step| steps.push(step)).unwrap();
    assert_eq!(store.opening().indexed_frames, 40);
    assert!(
        steps
            .iter()
            .any(|step| matches!(step, Progress::Indexing { frames: 40, .. })),
        "{steps:?}"
    );
    holds(&store, &log).await;
}

#[tokio::test]
async fn a_damaged_index_is_rebuilt_or_was_not_needed() {
    let dir = tempfile::tempdir().unwrap();
    let log = fill(&open(dir.path()), 40, 3).await;
    let mut rebuilt = 0;
    for seed in 0..12 {
        let mut rng = StdRng::seed_from_u64(seed);
        let copy = tempfile::tempdir().unwrap();
        copy_dir(dir.path(), copy.path());
        for entry in fs::read_dir(copy.path().join(INDEX_FOLDER)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let mut bytes = fs::read(&path).unwrap();
            match seed % 4 {
                0 => rng.fill_bytes(&mut bytes),
                1 => bytes.truncate(bytes.len() / 2),
                2 => bytes.fill(0),
                _ => {
                    for _ in 0..200 {
                        let at = rng.random_range(0..bytes.len().min(4_096));
                        bytes[at] = rng.random();
                    }
                }
            }
            fs::write(&path, bytes).unwrap();
        }
        let store = open(copy.path());
        rebuilt += usize::from(store.opening().indexed_frames == 40);
        holds(&store, &log).await;
    }
    assert!(rebuilt > 4, "the damage does reach the index: {rebuilt}");
}

#[tokio::test]
async fn an_index_of_another_store_or_another_day_is_rebuilt() {
    let (one, two, restored) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let log = fill(&open(one.path()), 20, 4).await;
    fill(&open(two.path()), 20, 5).await;
    copy_dir(one.path(), restored.path());

    fs::remove_dir_all(one.path().join(INDEX_FOLDER)).unwrap();
    copy_dir(&two.path().join(INDEX_FOLDER), &one.path().join(INDEX_FOLDER));
    let store = open(one.path());
    assert!(
        store
            .opening()
            .index_rebuilt
            .as_ref()
            .unwrap()
            .contains("another store")
    );
    holds(&store, &log).await;

    // A backup of the segments is restored under the index of a later day.
    fill(&store, 10, 6).await;
    drop(store);
    fs::remove_dir_all(restored.path().join(INDEX_FOLDER)).unwrap();
    copy_dir(&one.path().join(INDEX_FOLDER), &restored.path().join(INDEX_FOLDER));
    let store = open(restored.path());
    assert!(store.opening().index_rebuilt.as_ref().unwrap().contains("ahead"));
    holds(&store, &log).await;

    // The restored store goes its own way until it is longer; the other's index still does not fit.
    let mut log = log;
    log.extend(fill(&store, 25, 7).await);
    drop(store);
    fs::remove_dir_all(restored.path().join(INDEX_FOLDER)).unwrap();
    copy_dir(&one.path().join(INDEX_FOLDER), &restored.path().join(INDEX_FOLDER));
    let store = open(restored.path());
    assert!(
        store
            .opening()
            .index_rebuilt
            .as_ref()
            .unwrap()
            .contains("other segments"),
        "{:?}",
        store.opening()
    );
    holds(&store, &log).await;
}

#[tokio::test]
async fn an_index_that_fits_to_the_byte_but_names_another_frame_is_rebuilt() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let open = |dir: &Path| SegmentStore::open(dir, &SegmentOptions::new([5; 16]), &mut |_| ()).unwrap();
    let log = fill(&open(one.path()), 10, 20).await;
    let twin = open(two.path());
    for (_, frame) in &log {
        let id = FrameId(frame.id.0.map(|byte| !byte));
        twin.append(Frame { id, ..frame.clone() }).await.unwrap();
    }
    drop(twin);
    fs::remove_dir_all(one.path().join(INDEX_FOLDER)).unwrap();
    copy_dir(&two.path().join(INDEX_FOLDER), &one.path().join(INDEX_FOLDER));
    let store = open(one.path());
    assert!(
        store
            .opening()
            .index_rebuilt
            .as_ref()
            .unwrap()
            .contains("other segments"),
        "{:?}",
        store.opening()
    );
    holds(&store, &log).await;
}

/// An index that waits, or fails, when told to.
struct Unsteady {
    inner: Box<dyn Index>,
    gate: Arc<Mutex<()>>,
    fails: Arc<std::sync::atomic::AtomicBool>,
}

impl Index for Unsteady {
    fn put(&self, batch: &[Filed], watermark: Watermark) -> Result<(), IndexError> {
        let _through = self.gate.lock().unwrap();
        if self.fails.load(Ordering::SeqCst) {
            return Err(IndexError {
                reason: "told to fail".to_owned(),
            });
        }
        self.inner.put(batch, watermark)
    }
    fn page(&self, key: LookupKey, after: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        self.inner.page(key, after, limit)
    }
    fn page_before(&self, key: LookupKey, before: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        self.inner.page_before(key, before, limit)
    }
    fn newest(&self, key: LookupKey) -> Result<Option<Position>, IndexError> {
        self.inner.newest(key)
    }
    fn surely_without(&self, key: LookupKey) -> bool {
        self.inner.surely_without(key)
    }
    fn watermark(&self) -> Result<Watermark, IndexError> {
        self.inner.watermark()
    }
    fn store_id(&self) -> Result<Option<[u8; 16]>, IndexError> {
        self.inner.store_id()
    }
    fn reset(&self, store_id: [u8; 16]) -> Result<(), IndexError> {
        self.inner.reset(store_id)
    }
    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }
}

fn open_unsteady() -> (SegmentStore, Arc<Mutex<()>>, Arc<std::sync::atomic::AtomicBool>) {
    let (gate, fails) = (
        Arc::<Mutex<()>>::default(),
        Arc::<std::sync::atomic::AtomicBool>::default(),
    );
    let (held, told) = (Arc::clone(&gate), Arc::clone(&fails));
    let indexes = move |_fresh: bool| -> Result<Box<dyn Index>, IndexError> {
        Ok(Box::new(Unsteady {
            inner: Box::new(MemoryIndex::default()),
            gate: Arc::clone(&held),
            fails: Arc::clone(&told),
        }))
    };
    let disk = Arc::new(SimDisk::new());
    let store = SegmentStore::open_on(disk, Box::new(indexes), &SegmentOptions::new([1; 16]), &mut |_| ()).unwrap();
    (store, gate, fails)
}

#[tokio::test]
#[expect(clippy::await_holding_lock, reason = "the lock is what keeps the index behind")]
async fn what_the_index_does_not_have_yet_is_found_all_the_same() {
    let (store, gate, _) = open_unsteady();
    let mut log = fill(&store, 3, 8).await;
    let behind = gate.lock().unwrap();
    log.extend(fill(&store, 30, 9).await);
    holds(&store, &log).await;
    assert!(store.status().await.unwrap().indexed < store.tail());
    assert_eq!(
        store.find_page(KEY, Some(log[1].0), 4).await.unwrap(),
        [log[2].0, log[3].0, log[4].0, log[5].0]
    );
    assert_eq!(store.newest(KEY).await.unwrap(), Some(log[32].0));
    // Backwards: within what the index lacks, across the border, and within what it has.
    for (before, limit) in [
        (None, 5),
        (Some(20), 9),
        (Some(20), 17),
        (Some(20), 18),
        (Some(5), 4),
        (Some(2), 9),
    ] {
        let end = before.unwrap_or(log.len());
        let expected: Vec<_> = log[..end].iter().rev().take(limit).map(|(at, _)| *at).collect();
        let before = before.map(|number| log[number].0);
        assert_eq!(store.find_before(KEY, before, limit).await.unwrap(), expected);
    }
    drop(behind);
    holds(&store, &log).await;
}

#[tokio::test]
async fn without_its_index_a_store_fails_closed_reads_go_on_and_all_resumes() {
    let (store, gate, fails) = open_unsteady();
    let log = fill(&store, 3, 10).await;
    fails.store(true, Ordering::SeqCst);
    let mut rng = StdRng::seed_from_u64(11);
    let error = loop {
        // The failure shows as soon as the indexing thread has met it; until then appends are durable as ever.
        let frame = sample_frame(&mut rng, CaseId([2; 16]), &[], 1);
        match store.append(frame).await {
            Ok(_) => drop(gate.lock().unwrap()),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, StoreError::Index { .. }) && error.certainly_not_written(),
        "{error}"
    );
    assert_eq!(store.find(KEY).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(store.read(log[1].0).await.unwrap(), log[1].1);
    let refusal = store.refusing().unwrap();
    assert_eq!(refusal.reason.code(), "INDEX_FAILED");
    assert!(refusal.text.contains("told to fail"));
    assert_eq!(store.status().await.unwrap().refusing, Some(refusal));
    // Once it works again it is built from the segments, and all resumes by itself.
    fails.store(false, Ordering::SeqCst);
    while store.refusing().is_some() {
        std::thread::yield_now();
    }
    let mut log = log;
    log.extend(fill(&store, 40, 12).await);
    let of_key: Vec<_> = log.iter().map(|(at, _)| *at).collect();
    assert_eq!(
        store.find(KEY).await.unwrap(),
        of_key,
        "nothing is lost, nothing stands twice"
    );
    let backwards: Vec<_> = of_key.into_iter().rev().collect();
    assert_eq!(store.find_before(KEY, None, 100).await.unwrap(), backwards);
    for (position, frame) in &log {
        let again = store.append(frame.clone()).await.unwrap();
        assert_eq!((again.duplicate, again.position), (true, *position));
    }
}

#[tokio::test]
async fn sled_is_opened_again_in_the_running_process_after_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let fails = Arc::<AtomicBool>::default();
    let (told, folder) = (Arc::clone(&fails), dir.path().join(INDEX_FOLDER));
    let indexes = move |fresh: bool| -> Result<Box<dyn Index>, IndexError> {
        Ok(Box::new(Unsteady {
            inner: Box::new(SledIndex::open(&folder, 4 << 20, fresh)?),
            gate: Arc::default(),
            fails: Arc::clone(&told),
        }))
    };
    let disk = Arc::new(RealDisk::open(dir.path(), true).unwrap());
    let store = SegmentStore::open_on(disk, Box::new(indexes), &SegmentOptions::new([1; 16]), &mut |_| ()).unwrap();
    let mut log = fill(&store, 30, 23).await;
    for round in 0..3 {
        fails.store(true, Ordering::SeqCst);
        let mut rng = StdRng::seed_from_u64(24 + round);
        while store.refusing().is_none() {
            let frame = sample_frame(&mut rng, CaseId([1; 16]), &[KEY], 1);
            if let Ok(receipt) = store.append(frame.clone()).await {
                log.push((receipt.position, frame));
            }
        }
        assert_eq!(store.find(KEY).await.unwrap_err().kind(), ErrorKind::Unavailable);
        fails.store(false, Ordering::SeqCst);
        while store.refusing().is_some() {
            std::thread::yield_now();
        }
        log.extend(fill(&store, 20, 30 + round).await);
        holds(&store, &log).await;
    }
    drop(store);
    holds(&open(dir.path()), &log).await;
}

#[test]
fn a_frame_can_be_read_before_it_can_be_found() {
    let (store, _, _) = open_unsteady();
    let (before, store) = (store.tail(), Arc::new(store));
    let held = store.lookup.hold();
    let appending = Arc::clone(&store);
    let append = std::thread::spawn(move || {
        let frame = sample_frame(&mut StdRng::seed_from_u64(21), CaseId([1; 16]), &[KEY], 1);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(appending.append(frame)).unwrap().position
    });
    // The log's end moves although nothing can be made findable: otherwise somebody could find what is not readable yet.
    let moved = (0..5_000_000).any(|_| {
        std::thread::yield_now();
        store.tail() > before
    });
    drop(held);
    assert!(moved);
    assert!(append.join().unwrap() < store.tail());
}

#[tokio::test]
async fn a_repeat_that_was_long_on_its_way_is_still_recognised() {
    let (store, _, _) = open_unsteady();
    let log = fill(&store, 80, 12).await;
    // As if this append had looked its id up before all the others were committed, and only now got its turn.
    for (position, frame) in [&log[0], &log[79]] {
        let (reply, answer) = oneshot::channel();
        let keys = LookupKey::of(frame.id, frame.case, &frame.index);
        let request = Request {
            id: frame.id,
            record: frame.encode().unwrap(),
            keys,
            seen: 0,
            reply,
        };
        store
            .queue
            .as_ref()
            .unwrap()
            .send(Work::Append(request))
            .await
            .unwrap_or_else(|_| panic!("closed"));
        let receipt = answer.await.unwrap().unwrap();
        assert_eq!((receipt.duplicate, receipt.position), (true, *position));
    }
    assert_eq!(store.verify().await.unwrap().frames, 80);
}

/// Where a needle stands in any file under a folder.
fn search(dir: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(search(&path, needle));
        } else if fs::read(&path)
            .unwrap()
            .windows(needle.len())
            .any(|window| window == needle)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn nothing_on_disk_shows_a_person_or_an_unkeyed_hash_of_one() {
    const PERSON: &[u8] = b"51170319650512001X";
    let dir = tempfile::tempdir().unwrap();
    let mut rng = StdRng::seed_from_u64(13);
    let ring = KeyRing::new(MasterKey::random(&mut rng));
    let store = open(dir.path());
    let sealer = ring
        .sealer(&store, "511703", 1_763_773_200_000, &mut rng)
        .await
        .unwrap();
    let evidence_id = EvidenceId::random(&mut rng);
    let subject = Subject {
        evidence_id,
        district: "511703",
        department: "housing",
        kind: LeafKind::Answer,
    };
    let plain = Plain {
        evidence_id,
        department: "housing",
        kind: LeafKind::Answer,
        plaintext: PERSON,
    };
    let (sealed, digests) = sealer.seal(&[plain], &mut rng).unwrap().remove(0);
    let key = ring.index_key("subject", &[PERSON]);
    let leaf = Leaf {
        kind: LeafKind::Answer,
        evidence_id,
        case: CaseId::random(&mut rng),
        district: "511703".into(),
        department: "housing".into(),
        purpose: "dibao".into(),
        asked_at_ms: 1,
        answered_at_ms: 2,
        outcome: "NO_RECORD".into(),
        ciphertext_digest: digests.ciphertext_digest,
        commitment: digests.commitment,
        authorization: ring.pseudonym("authorization", &[PERSON]).0,
        actor: "a-visible-actor".into(),
        rests_on: Vec::new(),
    };
    let frame = Frame {
        id: FrameId::random(&mut rng),
        kind: FrameKind::Verdict,
        district: "511703".to_owned(),
        case: leaf.case,
        time_ms: 3,
        index: vec![key],
        leaves: vec![leaf],
        sealed: vec![sealed.clone()],
    };
    store.append(frame).await.unwrap();
    let at = store
        .newest(ring.index_key("subject", &[PERSON]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        ring.open(&store.read(at).await.unwrap().sealed[0], &subject)
            .unwrap()
            .plaintext(),
        PERSON
    );
    drop(store);
    assert!(
        !search(dir.path(), b"a-visible-actor").is_empty(),
        "the search finds what is there"
    );
    assert!(search(dir.path(), &key.0).len() >= 2, "in segment and index");
    let hashes: [Vec<u8>; 2] = [
        blake3::hash(PERSON).as_bytes().to_vec(),
        sha2::Sha256::digest(PERSON).to_vec(),
    ];
    assert!(search(dir.path(), PERSON).is_empty());
    for hash in hashes {
        let mut hex = String::new();
        crate::ids::write_hex(&hash, &mut hex).unwrap();
        // Half of a hash would be enough to enumerate against.
        for needle in [
            &hash[..8],
            &hash[24..],
            &hex.as_bytes()[..16],
            &hex.to_uppercase().as_bytes()[..16],
        ] {
            assert!(search(dir.path(), needle).is_empty());
        }
    }
}

/// A typical verification takes at most 1.3 times what sealing makes of it (ciphertext, salt, tag, wrapped key, ids):
/// the rest is the leaves, which are the proof, and headers.
#[tokio::test]
async fn a_verification_takes_little_more_than_its_sealed_records() {
    let (dir, mut rng) = (tempfile::tempdir().unwrap(), StdRng::seed_from_u64(22));
    let store = SegmentStore::open(dir.path(), &SegmentOptions::new([1; 16]), &mut |_| ()).unwrap();
    let ring = KeyRing::new(MasterKey::random(&mut rng));
    let sealer = ring.sealer(&store, "511703", 1, &mut rng).await.unwrap();
    let case = CaseId::random(&mut rng);
    let plaintext = [7; 700];
    let plain = |id| Plain {
        evidence_id: EvidenceId([id; 16]),
        department: "social-insurance",
        kind: LeafKind::Answer,
        plaintext: &plaintext,
    };
    let batch: Vec<_> = (0..28).map(plain).collect();
    let (sealed, leaves): (Vec<_>, Vec<_>) = sealer
        .seal(&batch, &mut rng)
        .unwrap()
        .into_iter()
        .map(|(record, digests)| {
            let leaf = Leaf {
                kind: LeafKind::Answer,
                evidence_id: record.evidence_id,
                case,
                district: "511703".into(),
                department: "social-insurance".into(),
                purpose: "dibao".into(),
                asked_at_ms: 1,
                answered_at_ms: 2,
                outcome: "FOUND".into(),
                ciphertext_digest: digests.ciphertext_digest,
                commitment: digests.commitment,
                authorization: [1; 32],
                actor: "district-system/verifier-7".into(),
                rests_on: Vec::new(),
            };
            (record, leaf)
        })
        .unzip();
    let sealed_bytes: usize = sealed
        .iter()
        .map(|record| 16 + 16 + record.wrapped_key.len() + record.ciphertext.len())
        .sum();
    assert_eq!(sealed_bytes, 28 * (32 + 60 + 32 + 700 + 16));
    let before = store.status().await.unwrap().bytes;
    let frame = Frame {
        id: FrameId::random(&mut rng),
        kind: FrameKind::Verdict,
        district: "511703".to_owned(),
        case,
        time_ms: 3,
        index: (0..4).map(|_| IndexKey::random(&mut rng)).collect(),
        leaves,
        sealed,
    };
    store.append(frame).await.unwrap();
    let taken = store.status().await.unwrap().bytes - before;
    assert!(taken > sealed_bytes as u64);
    assert!(taken * 10 <= sealed_bytes as u64 * 13, "{taken} for {sealed_bytes}");
}
