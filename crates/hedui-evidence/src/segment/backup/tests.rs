//! Backups of a running store, and drills of good and bad ones.
//! Left to others: damage and power cuts in the store itself.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::*;
use super::*;
use crate::EvidenceId;
use crate::contract::{sample_frame, shred_frame, whole_log, without_keys};

const OPTIONS: BackupOptions = BackupOptions {
    made_ms: 1_763_773_200_000,
    link: false,
};

fn open(dir: &Path) -> SegmentStore {
    let options = SegmentOptions {
        segment_bytes: 9_000,
        index_cache_bytes: 4 << 20,
        ..SegmentOptions::new([4; 16])
    };
    SegmentStore::open(dir, &options, &mut |_| ()).unwrap()
}

async fn fill(store: &SegmentStore, frames: usize, seed: u64) -> Vec<(Position, Frame)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut log = Vec::new();
    for _ in 0..frames {
        let records = rng.random_range(0..4);
        let frame = sample_frame(&mut rng, CaseId([1; 16]), &[], records);
        log.push((store.append(frame.clone()).await.unwrap().position, frame));
    }
    log
}

struct Folders {
    _root: tempfile::TempDir,
    store: PathBuf,
    backup: PathBuf,
    scratch: PathBuf,
}

fn folders() -> Folders {
    let root = tempfile::tempdir().unwrap();
    let [store, backup, scratch] = ["store", "backup", "scratch"].map(|name| root.path().join(name));
    Folders {
        _root: root,
        store,
        backup,
        scratch,
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut digest = SegmentDigest::new();
    digest.update(bytes);
    digest.digest()
}

fn drill(folders: &Folders) -> DrillReport {
    restore_drill(&folders.backup, &folders.scratch, &mut |_| ()).unwrap()
}

/// The bytes, modes and times of a folder's files.
fn contents(dir: &Path) -> BTreeMap<String, (Vec<u8>, u32, i64)> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|entry| {
            let meta = entry.metadata().unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, (fs::read(entry.path()).unwrap(), meta.mode(), meta.mtime_nsec()))
        })
        .collect()
}

#[tokio::test]
async fn a_backup_restores_to_the_store_as_it_was() {
    for link in [false, true] {
        let at = folders();
        let store = open(&at.store);
        let log = fill(&store, 30, 1).await;
        let options = BackupOptions { link, ..OPTIONS };
        let mut told = Vec::new();
        let report = store.backup(&at.backup, &options, &mut |step| told.push(step)).unwrap();
        let last = log.last().map(|(position, frame)| (*position, frame.id));
        assert_eq!((report.verified.frames, report.last), (30, last));
        assert_eq!(report.end, store.tail());
        let finished = store.tail().segment - 1;
        assert!(finished >= 3);
        assert_eq!(
            (report.linked, report.copied),
            if link { (finished, 1) } else { (0, finished + 1) }
        );
        assert_eq!(told.len() as u64, finished + 1);
        for number in 1..=finished {
            let mode = |dir: &Path| fs::metadata(dir.join(segment_name(number))).unwrap().mode() & 0o777;
            assert_eq!(
                (mode(&at.store), mode(&at.backup)),
                (0o444, 0o444),
                "finished segments are unwritable"
            );
        }
        let before = contents(&at.backup);
        let report = drill(&at);
        assert!(report.is_good(), "{:?}", report.differences);
        assert_eq!(report.found, report.stated);
        assert!(contents(&at.backup) == before, "a drill touches nothing");
        assert_eq!(fs::read_dir(&at.scratch).unwrap().count(), 0, "and leaves nothing");
        // And for use: the segments in a folder are a store, which goes on.
        let restored = at.store.with_file_name("restored");
        fs::create_dir(&restored).unwrap();
        for name in before.keys().filter(|name| name.ends_with(".seg")) {
            fs::copy(at.backup.join(name), restored.join(name)).unwrap();
        }
        let restored = open(&restored);
        assert_eq!(whole_log(&restored, 7).await, log);
        let more = fill(&restored, 20, 2).await;
        assert_eq!(whole_log(&restored, 7).await, [log.clone(), more].concat());
        // What went on elsewhere did not reach the backup, linked or not.
        fill(&store, 20, 3).await;
        assert!(drill(&at).is_good());
    }
}

#[tokio::test]
async fn backups_are_incremental_and_always_of_a_durable_end() {
    let at = folders();
    let store = Arc::new(open(&at.store));
    fill(&store, 5, 1).await;
    let (writing, stop) = (Arc::clone(&store), Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    let writer = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut seed = 10;
        while !stopped.load(Ordering::SeqCst) {
            seed += 1;
            runtime.block_on(fill(&writing, 3, seed));
        }
    });
    let (mut skipped, mut frames) = (0, 0);
    for _ in 0..8 {
        let finished = store.tail().segment;
        while store.tail().segment < finished + 2 {
            std::thread::yield_now();
        }
        let report = store.backup(&at.backup, &OPTIONS, &mut |_| ()).unwrap();
        skipped += report.skipped;
        assert!(report.verified.frames > frames, "each has what came since");
        frames = report.verified.frames;
        assert!(report.damage.is_empty(), "{:?}", report.damage);
        let report = drill(&at);
        assert!(report.is_good(), "{:?}", report.differences);
    }
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    assert!(skipped > 20, "{skipped}");
    let report = store.backup(&at.backup, &OPTIONS, &mut |_| ()).unwrap();
    assert_eq!(report.verified, store.verify().await.unwrap());
    let report = store.backup(&at.backup, &OPTIONS, &mut |_| ()).unwrap();
    assert!(report.copied <= 1, "only the last segment is copied again: {report:?}");
}

#[tokio::test]
async fn a_drill_names_whatever_was_done_to_a_backup() {
    let at = folders();
    let store = open(&at.store);
    let log = fill(&store, 30, 5).await;
    store.backup(&at.backup, &OPTIONS, &mut |_| ()).unwrap();
    let good = contents(&at.backup);
    let mut seen = std::collections::BTreeSet::new();
    let mut check = |what: &str, expected: &[Mismatch]| {
        let report = drill(&at);
        let found: Vec<Mismatch> = report
            .differences
            .iter()
            .map(|difference| difference.mismatch)
            .collect();
        for mismatch in expected {
            assert!(found.contains(mismatch), "{what}: {:?}", report.differences);
            seen.insert(mismatch.code());
        }
        assert!(!report.is_good());
        // Put back.
        for (name, (bytes, ..)) in &good {
            fs::remove_file(at.backup.join(name)).ok();
            fs::write(at.backup.join(name), bytes).unwrap();
        }
        assert!(drill(&at).is_good());
    };
    let write = |name: &str, bytes: &[u8]| {
        fs::remove_file(at.backup.join(name)).unwrap();
        fs::write(at.backup.join(name), bytes).unwrap();
    };
    let second = segment_name(2);
    let mut rng = StdRng::seed_from_u64(6);
    for _ in 0..12 {
        let mut bytes = good[&second].0.clone();
        let bit = rng.random_range(0..bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        write(&second, &bytes);
        // A key has a check of its own instead.
        let of_key = digest(&bytes) == digest(&good[&second].0);
        let expected = [Mismatch::Damaged, Mismatch::OtherBytes];
        check(&format!("bit {bit}"), if of_key { &expected[..1] } else { &expected });
    }
    fs::remove_file(at.backup.join(&second)).unwrap();
    check(
        "a file is gone",
        &[Mismatch::Missing, Mismatch::NotAStore, Mismatch::Counts],
    );
    let last = segment_name(log.last().unwrap().0.segment);
    let bytes = &good[&last].0;
    write(&last, &bytes[..bytes.len() - 1]);
    check(
        "the last file is short",
        &[Mismatch::TooShort, Mismatch::LastFrame, Mismatch::Counts],
    );
    assert_eq!(
        seen.len(),
        Mismatch::ALL.len() - 2,
        "but for keys, which have tests of their own: {seen:?}"
    );
    // A file that a later, interrupted backup made longer still holds this one.
    write(&last, &[bytes.as_slice(), b"more"].concat());
    assert!(drill(&at).is_good());
    write(MANIFEST_FILE, b"hedui-backup-v1\n");
    let error = restore_drill(&at.backup, &at.scratch, &mut |_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn what_was_damaged_before_is_copied_and_admitted() {
    let at = folders();
    let store = open(&at.store);
    let log = fill(&store, 30, 7).await;
    let (position, frame) = log
        .iter()
        .find(|(at, frame)| at.segment == 2 && !frame.sealed.is_empty())
        .unwrap();
    let path = at.store.join(segment_name(2));
    let mut bytes = fs::read(&path).unwrap();
    bytes[usize::try_from(position.offset).unwrap() + 200] ^= 4;
    // In place, as a disk does it.
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, bytes).unwrap();
    let report = store.backup(&at.backup, &OPTIONS, &mut |_| ()).unwrap();
    assert_eq!(report.damage.len(), 1);
    assert_eq!(
        (report.damage[0].at, report.damage[0].frame),
        (*position, Some(frame.id))
    );
    let drilled = drill(&at);
    assert_eq!((drilled.damaged_before, drilled.found.frames), (1, 29));
    let only_opening = drilled.differences.iter().all(|d| d.mismatch == Mismatch::NotAStore);
    assert!(only_opening && !drilled.is_good(), "{:?}", drilled.differences);
}

#[tokio::test]
async fn a_folder_of_another_store_or_of_a_later_day_is_refused() {
    let (at, other) = (folders(), folders());
    let store = open(&at.store);
    fill(&store, 10, 8).await;
    let early = at.store.with_file_name("early");
    fs::create_dir(&early).unwrap();
    for (name, (bytes, ..)) in contents(&at.store) {
        fs::write(early.join(name), bytes).unwrap();
    }
    fill(&store, 10, 9).await;
    store.backup(&at.backup, &OPTIONS, &mut |_| ()).unwrap();
    let refused = |store: &SegmentStore, into: &Path| {
        let error = store.backup(into, &OPTIONS, &mut |_| ()).unwrap_err();
        assert!(
            matches!(error, StoreError::Foreign { .. } | StoreError::Corrupt { .. }),
            "{error}"
        );
        error.to_string()
    };
    let before = contents(&at.backup);
    assert!(refused(&store, &at.store).contains("own folder"));
    let restored = open(&early);
    assert!(refused(&restored, &at.backup).contains("only to"));
    // It goes its own way until it is longer: what the backup has is not how it goes on.
    fill(&restored, 40, 10).await;
    refused(&restored, &at.backup);
    let mut options = SegmentOptions::new([8; 16]);
    options.index_cache_bytes = 4 << 20;
    let stranger = SegmentStore::open(&other.store, &options, &mut |_| ()).unwrap();
    assert!(refused(&stranger, &at.backup).contains("another store"));
    let kept: Vec<_> = contents(&at.backup)
        .into_iter()
        .filter(|(name, _)| !name.ends_with(".part"))
        .collect();
    assert!(
        kept == before.into_iter().collect::<Vec<_>>(),
        "the backup is as it was"
    );
}

fn copy_segments(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for name in contents(from).into_keys().filter(|name| name.ends_with(".seg")) {
        fs::copy(from.join(&name), to.join(name)).unwrap();
    }
}

/// The log with these keys gone.
fn shredded(log: &[(Position, Frame)], named: &[EvidenceId]) -> Vec<(Position, Frame)> {
    log.iter()
        .map(|(at, frame)| (*at, without_keys(frame, named)))
        .collect()
}

#[tokio::test]
async fn destroyed_keys_leave_the_next_backup_and_earlier_ones_stay_good() {
    for link in [false, true] {
        let at = folders();
        let store = open(&at.store);
        let mut log = fill(&store, 30, 21).await;
        let options = BackupOptions { link, ..OPTIONS };
        store.backup(&at.backup, &options, &mut |_| ()).unwrap();
        let early = at.store.with_file_name("early");
        copy_segments(&at.backup, &early);
        // One in a finished segment, one in the last.
        let last = store.tail().segment;
        assert!(last > 4);
        let named: Vec<EvidenceId> = [2, last]
            .iter()
            .map(|number| {
                let in_it = log.iter().filter(|(at, _)| at.segment == *number);
                in_it.flat_map(|(_, frame)| &frame.sealed).next().unwrap().evidence_id
            })
            .collect();
        let shred = shred_frame(&mut StdRng::seed_from_u64(22), CaseId([1; 16]), &[&named]);
        let done = store.shred(shred.clone()).await.unwrap();
        assert_eq!(done.records, 2);
        assert!(
            drill(&at).is_good(),
            "the earlier backup is as good as it was: {:?}",
            drill(&at).differences
        );
        let before = log.clone();
        log.push((done.receipt.position, shred));
        let after = shredded(&log, &named);
        let report = store.backup(&at.backup, &options, &mut |_| ()).unwrap();
        assert!(report.damage.is_empty());
        let anew = report.copied + report.linked;
        let opened_since = store.tail().segment - last;
        assert_eq!(
            anew,
            2 + opened_since,
            "the shredded segment and those that were open: {report:?}"
        );
        assert!(drill(&at).is_good(), "{:?}", drill(&at).differences);
        let restored = at.store.with_file_name("restored");
        copy_segments(&at.backup, &restored);
        let keyless = |folder: &Path| {
            let bytes = fs::read(folder.join(segment_name(2))).unwrap();
            bytes == fs::read(at.store.join(segment_name(2))).unwrap()
        };
        assert!(keyless(&restored), "not a byte of the key is in the new backup");
        assert_eq!(whole_log(&open(&restored), 7).await, after);
        // The copy from before knows nothing of it: it still holds the keys, as README.md says.
        assert!(!keyless(&early));
        assert_eq!(whole_log(&open(&early), 7).await, before);
        // Once its log holds the shred frame, opening destroys the keys there too.
        for number in last..=store.tail().segment {
            let name = segment_name(number);
            fs::remove_file(early.join(&name)).ok();
            fs::copy(at.backup.join(&name), early.join(&name)).unwrap();
        }
        assert!(!keyless(&early));
        assert_eq!(whole_log(&open(&early), 7).await, after);
        assert!(keyless(&early));
        // Nothing more is to do: the next backup takes the last segment alone.
        let report = store.backup(&at.backup, &options, &mut |_| ()).unwrap();
        assert_eq!(report.copied + report.linked, 1, "{report:?}");
    }
}
