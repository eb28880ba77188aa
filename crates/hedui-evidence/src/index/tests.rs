//! The two indexes beside each other: whatever is asked, both say the same.
//! Left to others: damage to the index and its repair (`segment::tests`).

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

const LAST: Position = Position {
    segment: u64::MAX,
    offset: u64::MAX,
};

/// Neighbours in the key space of sled, so that a range that is one too long shows.
fn keys() -> Vec<LookupKey> {
    [[0; 16], [7; 16], [u8::MAX; 16]]
        .into_iter()
        .flat_map(|bytes| {
            let frame = LookupKey::Frame(FrameId(bytes));
            [LookupKey::Case(CaseId(bytes)), LookupKey::Found(IndexKey(bytes)), frame]
        })
        .collect()
}

/// A third of the keys each; a frame id is used once.
fn filed(rng: &mut StdRng) -> Vec<Filed> {
    let mut frames: Vec<_> = keys()
        .into_iter()
        .filter(|key| matches!(key, LookupKey::Frame(_)))
        .collect();
    (0..400u64)
        .map(|number| {
            let position = Position {
                segment: number / 90,
                offset: number % 90 * 11,
            };
            let mut under: Vec<_> = keys()
                .into_iter()
                .filter(|key| !matches!(key, LookupKey::Frame(_)) && rng.random_ratio(1, 3))
                .collect();
            if number % 100 == 50 {
                under.extend(frames.pop());
            }
            (position, under)
        })
        .collect()
}

#[test]
fn sled_finds_what_memory_finds_forwards_and_backwards() {
    let dir = tempfile::tempdir().unwrap();
    let (sled, memory) = (
        SledIndex::open(dir.path(), 4 << 20, true).unwrap(),
        MemoryIndex::default(),
    );
    let mut rng = StdRng::seed_from_u64(1);
    let all = filed(&mut rng);
    for batch in all.chunks(37) {
        sled.put(batch, Watermark::default()).unwrap();
        memory.put(batch, Watermark::default()).unwrap();
    }
    agree(&sled, &memory, &all);
}

/// Whatever is asked, both say the same.
fn agree(sled: &SledIndex, memory: &MemoryIndex, all: &[Filed]) {
    let between = Position { segment: 2, offset: 12 };
    for key in keys() {
        assert_eq!(sled.newest(key).unwrap(), memory.newest(key).unwrap());
        for limit in [0, 1, 5, 1_000] {
            let places = all.iter().step_by(9).map(|(at, _)| *at);
            for place in places.chain([Position::START, between, LAST]).map(Some).chain([None]) {
                let (forwards, backwards) = (sled.page(key, place, limit), sled.page_before(key, place, limit));
                assert_eq!(
                    forwards.unwrap(),
                    memory.page(key, place, limit).unwrap(),
                    "{key:?} after {place:?}"
                );
                let expected = memory.page_before(key, place, limit).unwrap();
                assert_eq!(backwards.unwrap(), expected, "{key:?} before {place:?}");
            }
        }
    }
    let (mut there, back) = (
        memory.page(keys()[0], None, 1_000).unwrap(),
        memory.page_before(keys()[0], None, 1_000).unwrap(),
    );
    there.reverse();
    assert_eq!(back, there);
    assert!(back.len() > 50, "the draw files something");
}

/// The files as a killed process leaves them. (They are copied since sled keeps its lock for a while after the end.)
fn snapshot(sled: &SledIndex, from: &tempfile::TempDir) -> tempfile::TempDir {
    sled.flush().unwrap();
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from.path()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}

/// Batches of any size, opened again now and then, in the middle of merges as well: every run, and every merge of runs,
/// is passed through.
#[test]
fn runs_are_merged_and_reopened_without_losing_or_repeating_anything() {
    for (seed, cache_bytes) in [(2, 4 << 20), (3, 600), (4, 0)] {
        let mut dirs = vec![tempfile::tempdir().unwrap()];
        let memory = MemoryIndex::default();
        let mut rng = StdRng::seed_from_u64(seed);
        let all = filed(&mut rng);
        let mut open = Some(SledIndex::open(dirs[0].path(), cache_bytes.max(4 << 20), true).unwrap());
        open.as_ref().unwrap().reset([7; 16]).unwrap();
        let (mut rest, mut most, mut fewer) = (all.as_slice(), 0, 0);
        while !rest.is_empty() {
            let (batch, others) = rest.split_at(rng.random_range(1..=9).min(rest.len()));
            rest = others;
            let watermark = Watermark {
                end: batch.last().unwrap().0,
                last: Some((batch[0].0, FrameId([9; 16]))),
            };
            let sled = open.as_mut().unwrap();
            sled.limit_filters(cache_bytes);
            let before = sled.run_count();
            sled.put(batch, watermark).unwrap();
            memory.put(batch, watermark).unwrap();
            most = most.max(sled.run_count());
            fewer += usize::from(sled.run_count() <= before);
            assert_eq!(sled.watermark().unwrap(), watermark);
            for key in keys() {
                assert_eq!(sled.newest(key).unwrap(), memory.newest(key).unwrap());
                if sled.surely_without(key) {
                    assert_eq!(memory.newest(key).unwrap(), None);
                }
            }
            if rng.random_ratio(1, 8) {
                dirs.push(snapshot(sled, dirs.last().unwrap()));
                let dir = dirs.last().unwrap().path();
                open = Some(SledIndex::open(dir, cache_bytes.max(4 << 20), false).unwrap());
                assert_eq!(open.as_ref().unwrap().store_id().unwrap(), Some([7; 16]));
            }
        }
        let sled = open.unwrap();
        assert!(fewer > 10, "runs are merged: {fewer}");
        assert!(most < 25, "and do not gather without end: {most}");
        agree(&sled, &memory, &all);
        let filters = cache_bytes > 0;
        let absent = (0..200u8).filter(|n| sled.surely_without(LookupKey::Frame(FrameId([*n; 16]))));
        assert_eq!(
            absent.count() > 100,
            filters && cache_bytes > 600,
            "filters answer where there is room for them"
        );
    }
}

#[test]
fn what_a_merge_leaves_behind_is_removed_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let sled = SledIndex::open(dir.path(), 4 << 20, true).unwrap();
    sled.reset([7; 16]).unwrap();
    let mut rng = StdRng::seed_from_u64(5);
    let all = filed(&mut rng);
    for batch in all.chunks(4) {
        sled.put(batch, Watermark::default()).unwrap();
    }
    let copy = snapshot(&sled, &dir);
    let sled = SledIndex::open(copy.path(), 4 << 20, false).unwrap();
    for _ in 0..200 {
        sled.put(&[], Watermark::default()).unwrap();
    }
    assert_eq!(sled.stored_runs(), sled.run_count(), "only what is listed is kept");
}

#[test]
fn a_lock_that_is_let_go_of_in_a_moment_is_waited_for_and_one_that_is_kept_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let config = ::sled::Config::new().path(dir.path());
    drop(config.open().unwrap());
    let held = std::fs::File::open(dir.path().join("db")).unwrap();
    held.lock().unwrap();
    let mut looks = 0;
    let opened = super::sled::opened(&config, || {
        looks += 1;
        if looks == 3 {
            held.unlock().unwrap();
        }
    });
    assert!(opened.is_ok() && looks == 3, "{looks} looks");
    drop(opened);
    held.lock().unwrap();
    assert!(
        super::sled::opened(&config, || ()).is_err(),
        "not waited for without end"
    );
}
