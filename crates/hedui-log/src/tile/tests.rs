//! Names, bundles and sets of tiles against the specification's examples and its definition.
//! Leaves proofs themselves to `merkle/tests.rs`.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::merkle::{
    Frontier, Hash, consistency_proof, inclusion_proof, leaf_hash, root_of, verify_consistency, verify_inclusion,
};

fn tile(level: u8, index: u64, width: u16) -> TilePath {
    let level = Level::Hashes(level);
    TilePath { level, index, width }
}

#[test]
fn names_are_those_of_the_specification() {
    let entries = Level::Entries;
    let pairs = [
        (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (tile(0, 0, 256), "tile/0/000"),
        (tile(63, 999, 255), "tile/63/999.p/255"),
        (tile(7, 1_000, 1), "tile/7/x001/000.p/1"),
        (
            TilePath {
                level: entries,
                index: 273,
                width: 112,
            },
            "tile/entries/273.p/112",
        ),
        (tile(0, u64::MAX, 256), "tile/0/x018/x446/x744/x073/x709/x551/615"),
    ];
    for (path, name) in pairs {
        assert_eq!(path.to_string(), name);
        assert_eq!(name.parse(), Ok(path));
    }
}

#[test]
fn every_other_spelling_is_refused() {
    let names = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/256/000",
        "tile/Entries/000",
        "tile/data/000",
        "/tile/0/000",
        "tile/0/000/",
        "tile//000",
        "tile/0/x000/067",
        "tile/0/x001/x067",
        "tile/0/001/067",
        "tile/0/x001",
        "tile/0/x001/67",
        "tile/0/X001/067",
        "tile/0/x00a/067",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/0/x001.p/067",
        "tile/0/000 ",
        "tile/0/\u{661}00",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
    ];
    for name in names {
        assert_eq!(name.parse::<TilePath>(), Err(TileError::Path), "{name}");
    }
}

#[test]
fn a_tree_of_70_000_has_the_tiles_of_the_specification() {
    let tiles: Vec<TilePath> = tiles_of(70_000).collect();
    let count = |level, partial| {
        let on_level = tiles
            .iter()
            .filter(|path| path.level == level && path.is_partial() == partial);
        on_level.map(|path| path.width).collect::<Vec<u16>>()
    };
    assert_eq!(count(Level::Hashes(0), false).len(), 273);
    assert_eq!(count(Level::Hashes(0), true), [112]);
    assert_eq!(count(Level::Entries, false).len(), 273);
    assert_eq!(count(Level::Entries, true), [112]);
    assert_eq!(count(Level::Hashes(1), false).len(), 1);
    assert_eq!(count(Level::Hashes(1), true), [17]);
    assert_eq!(count(Level::Hashes(2), true), [1]);
    assert_eq!(tiles.len(), 2 * 274 + 2 + 1);
    let of_256: Vec<String> = tiles_of(256).map(|path| path.to_string()).collect();
    assert_eq!(of_256, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(tiles_of(0).count(), 0);
    // The last tile of the largest tree there can be, found without walking to it.
    assert_eq!(new_tiles(u64::MAX - 1, u64::MAX).next().unwrap().width, 255);
}

/// Texts that are names of tiles now and then.
const NEARLY_NAMES: &str = "(tile/(0|1|entries|[0-9]{1,3})/)?([x0-9/.p]{0,20})";

proptest! {
    #[test]
    fn a_name_is_read_as_it_was_written(level in 0_u8..=63, index in any::<u64>(), shift in 0_u32..64, width in 1_u16..=256) {
        let path = tile(level, index >> shift, width);
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn any_text_gives_an_answer(text in NEARLY_NAMES) {
        if let Ok(path) = text.parse::<TilePath>() {
            prop_assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn bundles_are_read_as_they_were_written_and_no_other_way(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..=20), cut in any::<prop::sample::Index>(),
    ) {
        let bundle = encode_entries(&entries).unwrap();
        let width = entries.len() as u16;
        prop_assert_eq!(parse_entries(&bundle, width).unwrap(), entries.clone());
        let mut longer = bundle.clone();
        longer.push(0);
        prop_assert_eq!(parse_entries(&longer, width), Err(TileError::BundleTooLong { bytes: 1 }));
        prop_assert_eq!(parse_entries(&bundle, width + 1), Err(TileError::BundleTooShort { at: entries.len() }));
        if !bundle.is_empty() {
            let short = parse_entries(&bundle[..cut.index(bundle.len())], width);
            let is_short = matches!(short, Err(TileError::BundleTooShort { .. }));
            prop_assert!(is_short);
        }
    }

    #[test]
    fn new_tiles_are_the_difference_of_two_trees(old in 0_u64..140_000, more in 0_u64..2_000) {
        let before: BTreeSet<TilePath> = tiles_of(old).collect();
        let after: BTreeSet<TilePath> = tiles_of(old + more).collect();
        let new: BTreeSet<TilePath> = new_tiles(old, old + more).collect();
        prop_assert_eq!(new, &after - &before);
        prop_assert_eq!(new_tiles(old + more, old).count(), 0);
        for path in &after {
            prop_assert_eq!(TilePath::in_tree(path.level, path.index, old + more), Some(*path));
        }
        let beyond = (old + more).div_ceil(256);
        prop_assert_eq!(TilePath::in_tree(Level::Entries, beyond, old + more), None);
        prop_assert_eq!(TilePath::in_tree(Level::Hashes(63), 0, old + more), None);
    }
}

type Tiles = BTreeMap<TilePath, Vec<u8>>;

/// The hash tiles of a tree, as their definition says: what is complete on levels 0, 8, 16, in rows of 256.
/// With them the roots of the trees that end with the picked entries, and the leaves.
fn tiles(size: u64, picks: &[u64]) -> (Tiles, BTreeMap<u64, Hash>, Vec<Hash>) {
    let (mut frontier, mut rows, mut leaves) = (Frontier::new(), BTreeMap::new(), Vec::new());
    let mut roots = BTreeMap::new();
    for index in 0..size {
        let leaf = leaf_hash(&index.to_be_bytes());
        leaves.push(leaf);
        frontier.append(leaf, |level, index, hash| {
            if level % 8 == 0 {
                let row: &mut Vec<u8> = rows.entry((level / 8, index / 256)).or_default();
                row.extend(hash.0);
            }
        });
        if picks.contains(&index) {
            roots.insert(index + 1, frontier.root());
        }
    }
    let named = rows
        .into_iter()
        .map(|((level, index), row)| (tile(level, index, (row.len() / 32) as u16), row));
    (named.collect(), roots, leaves)
}

#[test]
fn proofs_made_from_tiles_hold() {
    for size in [1, 2, 255, 256, 257, 511, 700, 65_800] {
        let picks = [0, 1, size / 3, size / 2, size - 1];
        let (tiles, roots, leaves) = tiles(size, &picks);
        let expected: BTreeSet<TilePath> = tiles_of(size).filter(|path| path.level != Level::Entries).collect();
        assert_eq!(tiles.keys().copied().collect::<BTreeSet<_>>(), expected);
        let reads = Cell::new(0_u32);
        let nodes = TileNodes::new(size, |path: &TilePath| {
            reads.set(reads.get() + 1);
            tiles.get(path).cloned().ok_or(())
        });
        let root = roots[&size];
        assert_eq!(root_of(size, &nodes).unwrap(), root);
        for index in picks {
            if index < size {
                let proof = inclusion_proof(index, size, &nodes).unwrap();
                verify_inclusion(&leaves[index as usize], index, size, &proof, &root).unwrap();
                let old = index + 1;
                let proof = consistency_proof(old, size, &nodes).unwrap();
                verify_consistency(old, &roots[&old], size, &root, &proof).unwrap();
            }
        }
        assert!(reads.get() > 0);
    }
}

#[test]
fn a_tile_that_is_missing_or_cut_is_named() {
    use crate::merkle::Nodes as _;
    let absent = TileNodes::new(300, |_: &TilePath| Err::<Vec<u8>, _>("gone"));
    let path = tile(0, 1, 44);
    assert_eq!(absent.node(0, 299), Err(TileNodesError::Read { path, source: "gone" }));
    let incomplete = TileNodesError::Incomplete {
        level: 1,
        index: 150,
        size: 300,
    };
    assert_eq!(absent.node(1, 150), Err(incomplete));
    assert!(absent.node(64, 0).is_err() && absent.node(255, u64::MAX).is_err());
    let cut = TileNodes::new(300, |_: &TilePath| Ok::<_, ()>(vec![0; 44 * 32 - 1]));
    let (expected, found) = (44 * 32, 44 * 32 - 1);
    assert_eq!(cut.node(0, 299), Err(TileNodesError::Length { path, expected, found }));
}

#[test]
fn a_bundle_has_limits() {
    let long = vec![0; MAX_ENTRY_BYTES + 1];
    let refused = TileError::EntryTooLong {
        at: 1,
        bytes: MAX_ENTRY_BYTES + 1,
    };
    assert_eq!(encode_entries([&[][..], &long]), Err(refused));
    assert_eq!(encode_entries(vec![b""; 257]), Err(TileError::TooManyEntries));
    assert_eq!(parse_entries(&[0; 514], 257), Err(TileError::TooManyEntries));
    let largest = encode_entries([&long[1..]]).unwrap();
    assert_eq!(largest.len(), 2 + MAX_ENTRY_BYTES);
    assert_eq!(parse_entries(&largest, 1).unwrap()[0].len(), MAX_ENTRY_BYTES);
}
