//! Shredding on segments: what is interrupted is finished by the next opening, and nothing keeps a destroyed key.
//! Left to others: the laws for every store (`contract`), power cuts at every operation (`schedules`), backups (`backup`).

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::super::*;
use super::*;
use crate::contract::{sample_frame, shred_frame, whole_log, without_keys};
use crate::disk::sim::{Op, Outage, SimDisk};
use crate::error::ErrorKind;
use crate::frame::tests::record_of_version_3;
use crate::ids::EvidenceId;
use crate::{KeyRing, LeafKind, MasterKey, Plain, Subject};

const CASE: CaseId = CaseId([1; 16]);

fn options() -> SegmentOptions {
    SegmentOptions {
        segment_bytes: 9_000,
        index_cache_bytes: 4 << 20,
        ..SegmentOptions::new([4; 16])
    }
}

fn open(dir: &Path) -> SegmentStore {
    SegmentStore::open(dir, &options(), &mut |_| ()).unwrap()
}

fn open_on(disk: &Arc<SimDisk>) -> SegmentStore {
    open_telling(disk, &mut |_| ())
}

fn open_telling(disk: &Arc<SimDisk>, progress: &mut dyn FnMut(Progress)) -> SegmentStore {
    let indexes =
        |_fresh: bool| -> Result<Box<dyn Index>, crate::index::IndexError> { Ok(Box::new(MemoryIndex::default())) };
    SegmentStore::open_on(Arc::<SimDisk>::clone(disk), Box::new(indexes), &options(), progress).unwrap()
}

async fn fill(store: &SegmentStore, frames: usize) -> Vec<(Position, Frame)> {
    let mut rng = StdRng::seed_from_u64(1);
    let mut log = Vec::new();
    for _ in 0..frames {
        let frame = sample_frame(&mut rng, CASE, &[], 3);
        log.push((store.append(frame.clone()).await.unwrap().position, frame));
    }
    log
}

/// One record of every other frame.
fn some_of(log: &[(Position, Frame)]) -> Vec<EvidenceId> {
    log.iter()
        .step_by(2)
        .map(|(_, frame)| frame.sealed[1].evidence_id)
        .collect()
}

fn segments(dir: &Path) -> Vec<(std::ffi::OsString, Vec<u8>, u32)> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "seg"))
        .map(|entry| {
            (
                entry.file_name(),
                fs::read(entry.path()).unwrap(),
                entry.metadata().unwrap().mode() & 0o777,
            )
        })
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn only_the_named_keys_change_and_finished_segments_stay_finished() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let log = fill(&store, 12).await;
    let before = segments(dir.path());
    assert!(before.len() > 3);
    let named = some_of(&log);
    let shred = shred_frame(&mut StdRng::seed_from_u64(2), CASE, &[&named]);
    assert_eq!(store.shred(shred).await.unwrap().records, named.len());
    let mut zeroed = 0;
    for ((name, was, mode), (_, is, mode_now)) in before.iter().zip(segments(dir.path())) {
        let finished = *name != before.last().unwrap().0;
        assert!(mode_now == *mode || !finished, "{name:?}: {mode:o} became {mode_now:o}");
        assert!(is.len() >= was.len());
        for (was, is) in was.iter().zip(is).filter(|(was, is)| **was != *is) {
            assert_eq!(is, 0, "where there was {was}");
            zeroed += 1;
        }
    }
    // A random byte is zero once in 256.
    assert!(
        zeroed <= named.len() * 64 && zeroed > named.len() * 56,
        "{zeroed} of {}",
        named.len() * 64
    );
    drop(store);
    let again = open(dir.path());
    assert!(again.opening().torn_bytes == 0 && again.opening().index_rebuilt.is_none());
    for (position, frame) in &log {
        assert_eq!(again.read(*position).await.unwrap(), without_keys(frame, &named));
    }
}

#[tokio::test]
async fn keys_that_come_back_go_again_once_the_place_is_forgotten_or_unreadable() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let log = fill(&store, 6).await;
    let old = segments(dir.path());
    let named = some_of(&log);
    let shred = shred_frame(&mut StdRng::seed_from_u64(3), CASE, &[&named]);
    let done = store.shred(shred).await.unwrap();
    assert_eq!(
        *store.shredder.pause(),
        after(done.receipt.position),
        "all is done, and known to be"
    );
    drop(store);
    let shredded = segments(dir.path());
    for forgotten in [true, false] {
        // A finished segment comes back from a copy, keys and all.
        let path = dir.path().join(&old[0].0);
        fs::remove_file(&path).unwrap();
        fs::write(&path, &old[0].1).unwrap();
        let state = dir.path().join(STATE_FILE);
        if forgotten {
            fs::remove_file(state).unwrap();
        } else {
            let mut bytes = fs::read(&state).unwrap();
            bytes[20] ^= 1;
            fs::write(state, bytes).unwrap();
        }
        let store = open(dir.path());
        assert_eq!(*store.shredder.pause(), after(done.receipt.position));
        drop(store);
        assert!(segments(dir.path()) == shredded, "forgotten: {forgotten}");
    }
}

#[tokio::test]
async fn a_place_that_is_not_of_this_log_counts_as_none() {
    let disk = Arc::new(SimDisk::new());
    let store = open_on(&disk);
    let tail = store.tail();
    let place = after(tail);
    let read = |id| {
        write_state(&*disk, id, place).unwrap();
        read_state(&*disk, [4; 16])
    };
    assert_eq!((read([4; 16]), read([5; 16])), (Some(place), None));
    read([4; 16]);
    drop(store);
    assert_eq!(
        *open_on(&disk).shredder.pause(),
        Position::START,
        "it is behind the end"
    );
    for bit in 0..disk.files()[STATE_FILE].len() {
        disk.flip(STATE_FILE, bit);
        assert_eq!(read_state(&*disk, [4; 16]), None, "byte {bit}");
        disk.flip(STATE_FILE, bit);
    }
}

#[tokio::test]
async fn a_disk_that_fails_is_told_and_the_same_call_goes_on() {
    let disk = Arc::new(SimDisk::new());
    let store = open_on(&disk);
    let log = fill(&store, 6).await;
    let named = some_of(&log);
    let shred = shred_frame(&mut StdRng::seed_from_u64(5), CASE, &[&named]);
    // The append syncs once; what fails is the sync of the first segment behind it.
    disk.fail_sync.store(2, Ordering::SeqCst);
    let error = store.shred(shred.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::ShredUnfinished { .. }), "{error}");
    assert_eq!(
        (error.kind(), error.certainly_not_written()),
        (ErrorKind::Unknown, false)
    );
    assert!(store.refusing().is_none(), "appends go on");
    // Until then other calls carry it out as well, in their turn.
    let done = store.shred(shred.clone()).await.unwrap();
    assert!(done.receipt.duplicate);
    disk.set_outage(Outage::All(std::io::ErrorKind::Other), 1);
    assert!(
        store.shred(shred).await.is_err(),
        "nothing is taken for durable because it looks so"
    );
    disk.set_outage(Outage::None, 1);
    drop(store);
    let again = open_on(&disk);
    for (position, frame) in &log {
        assert_eq!(again.read(*position).await.unwrap(), without_keys(frame, &named));
    }
}

#[tokio::test]
async fn a_half_destroyed_key_that_no_shred_frame_names_is_damage() {
    for last in [false, true] {
        let disk = Arc::new(SimDisk::new());
        let store = open_on(&disk);
        let log = fill(&store, 6).await;
        let number = if last { store.tail().segment } else { 1 };
        let (position, frame) = log.iter().find(|(at, _)| at.segment == number).unwrap();
        let end = usize::try_from(position.offset).unwrap() + frame.encode().unwrap().len();
        fill(&store, 1).await;
        assert!(
            !last
                || store
                    .append(sample_frame(&mut StdRng::seed_from_u64(9), CASE, &[], 1))
                    .await
                    .is_ok()
        );
        disk.flip(&segment_name(number), end - 30);
        let error = store.read(*position).await.unwrap_err();
        assert!(error.to_string().contains("wrapped key"), "{error}");
        assert_eq!(store.verify().await.unwrap_err().kind(), ErrorKind::Corrupt);
        drop(store);
        let indexes =
            |_fresh: bool| -> Result<Box<dyn Index>, crate::index::IndexError> { Ok(Box::new(MemoryIndex::default())) };
        let on = Arc::<SimDisk>::clone(&disk);
        let error = SegmentStore::open_on(on, Box::new(indexes), &options(), &mut |_| ()).unwrap_err();
        assert!(
            matches!(error, StoreError::Corrupt { segment, offset, .. } if (segment, offset) == (position.segment, position.offset)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_frame_of_version_3_is_read_and_verified_but_not_shredded() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut rng = StdRng::seed_from_u64(6);
    let frame = sample_frame(&mut rng, CASE, &[], 2);
    let at = store.append_record(record_of_version_3(&frame)).await.unwrap().position;
    let log = [vec![(at, frame.clone())], fill(&store, 4).await].concat();
    let named = [frame.sealed[1].evidence_id, log[1].1.sealed[0].evidence_id];
    let shred = shred_frame(&mut rng, CASE, &[&named]);
    let error = store.shred(shred).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::ShredRefused(ShredRefusal::OldFrame(id)) if *id == named[0]),
        "{error}"
    );
    let done = store.shred(shred_frame(&mut rng, CASE, &[&named[1..]])).await.unwrap();
    assert_eq!(done.records, 1);
    drop(store);
    let store = open(dir.path());
    let expected: Vec<_> = log
        .iter()
        .map(|(at, frame)| (*at, without_keys(frame, &named[1..])))
        .collect();
    assert_eq!(whole_log(&store, 9).await[..log.len()], expected);
    assert_eq!(store.verify().await.unwrap().frames, 6);
}

#[tokio::test]
async fn nobody_opens_a_shredded_record_whatever_keys_they_have() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut rng = StdRng::seed_from_u64(7);
    let ring = KeyRing::new(MasterKey::from_bytes([1; 32]));
    let sealer = ring.sealer(&store, "511703", 0, &mut rng).await.unwrap();
    let plain = |id: u8| Plain {
        evidence_id: EvidenceId([id; 16]),
        department: "housing",
        kind: LeafKind::Answer,
        plaintext: b"one flat",
    };
    let sealed = sealer.seal(&[plain(1), plain(2)], &mut rng).unwrap();
    let mut frame = sample_frame(&mut rng, CASE, &[], 2);
    for (number, (record, digests)) in sealed.into_iter().enumerate() {
        frame.leaves[number].evidence_id = record.evidence_id;
        frame.leaves[number].ciphertext_digest = digests.ciphertext_digest;
        frame.sealed[number] = record;
    }
    let at = store.append(frame).await.unwrap().position;
    let early = store.read(at).await.unwrap();
    let named = [EvidenceId([1; 16])];
    store.shred(shred_frame(&mut rng, CASE, &[&named])).await.unwrap();
    // Also under a master key that came later.
    for round in 0..2 {
        let frame = store.read(at).await.unwrap();
        let open = |id: u8| {
            let subject = Subject {
                evidence_id: EvidenceId([id; 16]),
                district: "511703",
                department: "housing",
                kind: LeafKind::Answer,
            };
            ring.open(&frame.sealed[usize::from(id) - 1], &subject)
        };
        assert!(
            matches!(open(1), Err(StoreError::Shredded(id)) if id == named[0]),
            "round {round}"
        );
        assert_eq!(open(2).unwrap().plaintext(), b"one flat");
        if round == 0 {
            ring.rotate(&store, MasterKey::from_bytes([2; 32]), 1, &mut rng)
                .await
                .unwrap();
        }
    }
    store.verify().await.unwrap();
    let key = early.sealed[0].wrapped_key;
    drop(store);
    for (name, bytes, _) in segments(dir.path()) {
        // Any eight bytes of it in a row would be too many.
        for part in key.windows(8) {
            assert!(
                !bytes.windows(8).any(|window| window == part),
                "{name:?} still holds a part of the key"
            );
        }
    }
}

/// A store whose shred frames are all to be carried out again, with several batches of them: the keys are back, how far they were
/// is forgotten. Gives what stands where, and the records that are named.
async fn forgotten() -> (Arc<SimDisk>, Vec<(Position, Frame)>, Vec<EvidenceId>) {
    let disk = Arc::new(SimDisk::new());
    let store = open_on(&disk);
    let log = fill(&store, 24).await;
    let old: Vec<_> = disk.files().into_iter().collect();
    let mut rng = StdRng::seed_from_u64(50);
    let mut named = Vec::new();
    for (_, frame) in &log {
        let record = [frame.sealed[1].evidence_id];
        store.shred(shred_frame(&mut rng, CASE, &[&record])).await.unwrap();
        named.extend(record);
    }
    drop(store);
    for (name, bytes) in &old {
        disk.overwrite(name, bytes);
    }
    disk.remove(STATE_FILE).unwrap();
    (Arc::new(SimDisk::with_files(disk.files())), log, named)
}

#[tokio::test]
async fn many_shred_frames_are_finished_in_batches_that_sync_each_segment_once() {
    let (disk, log, named) = forgotten().await;
    let mut told = Vec::new();
    let store = open_telling(&disk, &mut |step| {
        if let Progress::Shredding { frames } = step {
            told.push(frames);
        }
    });
    assert_eq!(told, [5, 10, 15, 20, 24, 24][..told.len()]);
    assert!(told.len() >= 5, "{told:?}");
    for (position, frame) in &log {
        assert_eq!(store.read(*position).await.unwrap(), without_keys(frame, &named));
    }
    // Between two writings of the place no segment is synced twice, and of some several keys are destroyed at once.
    let (mut synced, mut written, mut states, mut syncs) = (BTreeSet::new(), 0, 0, 0);
    for op in &disk.ops() {
        match op {
            Op::Sync(name) => {
                assert!(synced.insert(name.clone()), "{name} twice");
                syncs += 1;
            }
            Op::Write { .. } => written += 1,
            Op::Replace { name, .. } if name == STATE_FILE => {
                synced.clear();
                states += 1;
            }
            _ => {}
        }
    }
    assert!(states >= 5 && written == 24 && syncs < 24, "{states} {written} {syncs}");
}

#[tokio::test]
async fn an_interrupted_opening_goes_on_where_it_was() {
    let (disk, log, named) = forgotten().await;
    drop(open_on(&disk));
    let ops = disk.ops();
    let mut states = ops
        .iter()
        .enumerate()
        .filter(|(_, op)| matches!(op, Op::Replace { .. }));
    let (second, _) = states.nth(1).unwrap();
    let left = disk.after_power_cut(second + 1, &mut StdRng::seed_from_u64(1));
    let disk = Arc::new(SimDisk::after(left));
    let mut frames = Vec::new();
    let store = open_telling(&disk, &mut |step| {
        if let Progress::Shredding { frames: so_far } = step {
            frames.push(so_far);
        }
    });
    assert_eq!(frames.last(), Some(&14), "ten were done");
    for (position, frame) in &log {
        assert_eq!(store.read(*position).await.unwrap(), without_keys(frame, &named));
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_written_down_keeps_nobody_out() {
    let (disk, log, named) = forgotten().await;
    disk.fail_replace.store(true, Ordering::SeqCst);
    let store = open_on(&disk);
    assert!(store.opening().unfinished_shreds.is_empty() && store.refusing().is_none());
    assert_eq!(store.read(log[0].0).await.unwrap(), without_keys(&log[0].1, &named));
    fill(&store, 1).await;
}

/// Changes a byte of a frame in a finished segment, in place, as a disk does it.
fn flip(dir: &Path, at: Position) {
    let path = dir.join(segment_name(at.segment));
    let mut bytes = fs::read(&path).unwrap();
    bytes[usize::try_from(at.offset).unwrap() + 100] ^= 4;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_keeps_appends_out_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let log = fill(&store, 12).await;
    let mut rng = StdRng::seed_from_u64(52);
    let named: Vec<_> = log.iter().map(|(_, frame)| frame.sealed[1].evidence_id).collect();
    for record in &named {
        store.shred(shred_frame(&mut rng, CASE, &[&[*record]])).await.unwrap();
    }
    drop(store);
    let (broken, frame) = &log[3];
    flip(dir.path(), *broken);
    fs::remove_file(dir.path().join(STATE_FILE)).unwrap();
    for _ in 0..2 {
        let store = open(dir.path());
        let found = &store.opening().unfinished_shreds;
        assert!(
            matches!(found.as_slice(), [damage] if damage.at == *broken),
            "{found:?}"
        );
        assert_eq!(store.refusing().unwrap().reason, RefusalReason::ShredUnfinished);
        let error = store.append(sample_frame(&mut rng, CASE, &[], 1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotWritten, "{error}");
        // Everything else is done, and can be read.
        for (position, frame) in log.iter().filter(|(at, _)| at != broken) {
            assert_eq!(store.read(*position).await.unwrap(), without_keys(frame, &named));
        }
        assert_eq!(store.case_page(CASE, None, 100).await.unwrap().len(), 24);
    }
    // Mended, and all is well.
    flip(dir.path(), *broken);
    let store = open(dir.path());
    assert!(store.opening().unfinished_shreds.is_empty() && store.refusing().is_none());
    assert_eq!(store.read(*broken).await.unwrap(), without_keys(frame, &named));
    fill(&store, 1).await;
}

#[tokio::test]
async fn a_damaged_frame_that_holds_nothing_named_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let log = fill(&store, 8).await;
    let named = [log[1].1.sealed[0].evidence_id];
    let shred = shred_frame(&mut StdRng::seed_from_u64(51), CASE, &[&named]);
    store.shred(shred).await.unwrap();
    drop(store);
    fs::remove_file(dir.path().join(STATE_FILE)).unwrap();
    flip(dir.path(), log[0].0);
    let store = open(dir.path());
    assert!(store.opening().unfinished_shreds.is_empty() && store.refusing().is_none());
    assert!(dir.path().join(STATE_FILE).exists());
}

#[tokio::test]
async fn a_segment_of_somebody_else_keeps_appends_out_unless_its_keys_are_gone_already() {
    for gone in [true, false] {
        let (disk, log, named) = forgotten().await;
        let first = segment_name(log[0].0.segment);
        if gone {
            drop(open_on(&disk));
            disk.remove(STATE_FILE).unwrap();
        }
        *disk.foreign.lock().unwrap() = Some(first.clone());
        let store = open_on(&disk);
        let found = &store.opening().unfinished_shreds;
        assert_eq!(found.is_empty(), gone, "{found:?}");
        assert_eq!(store.refusing().is_none(), gone);
        assert!(found.iter().all(|damage| segment_name(damage.at.segment) == first));
        for (position, frame) in log.iter().filter(|(at, _)| gone || segment_name(at.segment) != first) {
            assert_eq!(store.read(*position).await.unwrap(), without_keys(frame, &named));
        }
        if !gone {
            assert_eq!(store.read(log[0].0).await.unwrap(), log[0].1, "it is served as it is");
            drop(store);
            *disk.foreign.lock().unwrap() = None;
            let store = open_on(&disk);
            assert!(store.refusing().is_none());
            assert_eq!(store.read(log[0].0).await.unwrap(), without_keys(&log[0].1, &named));
        }
    }
}
