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
