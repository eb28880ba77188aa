//! The tree against the RFC's own definition, its published constants, and proofs that somebody tampered with.
//! Leaves tiles to `tile/tests.rs`.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Remembers every node that `append` reports, and nothing that it does not.
struct Kept(BTreeMap<(u8, u64), Hash>);

impl Nodes for Kept {
    type Error = (u8, u64);

    fn node(&self, level: u8, index: u64) -> Result<Hash, (u8, u64)> {
        self.0.get(&(level, index)).copied().ok_or((level, index))
    }
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&entry(index))).collect()
}

fn grow(leaves: &[Hash]) -> (Frontier, Kept) {
    let (mut frontier, mut kept) = (Frontier::new(), BTreeMap::new());
    for leaf in leaves {
        frontier.append(*leaf, |level, index, hash| {
            assert_eq!(kept.insert((level, index), hash), None, "a node is complete once");
        });
    }
    (frontier, Kept(kept))
}

/// RFC 6962, section 2.1, word for word: the only thing the oracles share with the code is SHA-256.
mod oracle {
    use super::super::{Hash, node_hash};

    pub(super) fn split(length: usize) -> usize {
        let mut power = 1;
        while power * 2 < length {
            power *= 2;
        }
        power
    }

    pub(super) fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => super::empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                node_hash(&root(left), &root(right))
            }
        }
    }

    pub(super) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let middle = split(leaves.len());
        let (left, right) = leaves.split_at(middle);
        let (mut path, other) = if index < middle {
            (path(index, left), root(right))
        } else {
            (path(index - middle, right), root(left))
        };
        path.push(other);
        path
    }

    pub(super) fn subproof(old: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if known { Vec::new() } else { vec![root(leaves)] };
        }
        let middle = split(leaves.len());
        let (left, right) = leaves.split_at(middle);
        let (mut proof, other) = if old <= middle {
            (subproof(old, left, known), root(right))
        } else {
            (subproof(old - middle, right, false), root(left))
        };
        proof.push(other);
        proof
    }

    /// The root that the loop of RFC 9162, section 2.1.3.2, arrives at, if the proof has the right length.
    pub(super) fn includes(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
        if index >= size {
            return None;
        }
        let (mut position, mut last, mut hash) = (index, size - 1, leaf);
        for other in proof {
            if last == 0 {
                return None;
            }
            if position & 1 == 1 || position == last {
                hash = node_hash(other, &hash);
                while position & 1 == 0 && position != 0 {
                    position >>= 1;
                    last >>= 1;
                }
            } else {
                hash = node_hash(&hash, other);
            }
            position >>= 1;
            last >>= 1;
        }
        (last == 0).then_some(hash)
    }

    /// Both roots that the loop of RFC 9162, section 2.1.4.2, arrives at for `0 < old < new`.
    pub(super) fn consistent(old: u64, old_root: Hash, new: u64, proof: &[Hash]) -> Option<(Hash, Hash)> {
        let mut hashes = proof.to_vec();
        if old.is_power_of_two() {
            hashes.insert(0, old_root);
        }
        let (mut position, mut last) = (old - 1, new - 1);
        while position & 1 == 1 {
            position >>= 1;
            last >>= 1;
        }
        let (first, rest) = hashes.split_first()?;
        let (mut from_old, mut from_new) = (*first, *first);
        for other in rest {
            if last == 0 {
                return None;
            }
            if position & 1 == 1 || position == last {
                from_old = node_hash(other, &from_old);
                from_new = node_hash(other, &from_new);
                while position & 1 == 0 && position != 0 {
                    position >>= 1;
                    last >>= 1;
                }
            } else {
                from_new = node_hash(&from_new, other);
            }
            position >>= 1;
            last >>= 1;
        }
        (last == 0).then_some((from_old, from_new))
    }
}

fn hex(text: &str) -> Hash {
    let bytes: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    Hash(bytes.try_into().unwrap())
}

#[test]
fn the_constants_of_the_certificate_transparency_suites_hold() {
    assert_eq!(
        empty_root(),
        hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    assert_eq!(
        leaf_hash(b"L123456"),
        hex("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56")
    );
    let inputs: [&[u8]; 8] = [
        &[],
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        b"`abcdefghijklmno",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::new();
    for (input, root) in inputs.iter().zip(roots) {
        frontier.append(leaf_hash(input), |_, _, _| ());
        assert_eq!(frontier.root(), hex(root));
    }
    let hashes: Vec<Hash> = inputs.iter().map(|input| leaf_hash(input)).collect();
    let (_, kept) = grow(&hashes);
    let path = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(inclusion_proof(5, 8, &kept).unwrap(), path.map(hex));
    let consistency = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(consistency_proof(6, 8, &kept).unwrap(), consistency.map(hex));
}

#[test]
fn every_tree_up_to_50_gives_the_proofs_of_the_definition() {
    let leaves = leaves(50);
    let (_, kept) = grow(&leaves);
    for size in 0..=50_usize {
        let new = size as u64;
        let root = oracle::root(&leaves[..size]);
        assert_eq!(root_of(new, &kept).unwrap(), root);
        for (index, leaf) in leaves.iter().enumerate().take(size) {
            let proof = inclusion_proof(index as u64, new, &kept).unwrap();
            assert_eq!(proof, oracle::path(index, &leaves[..size]));
            verify_inclusion(leaf, index as u64, new, &proof, &root).unwrap();
        }
        for old in 1..=size {
            let proof = consistency_proof(old as u64, new, &kept).unwrap();
            assert_eq!(proof, oracle::subproof(old, &leaves[..size], true));
            verify_consistency(old as u64, &oracle::root(&leaves[..old]), new, &root, &proof).unwrap();
        }
    }
}

/// Every proof that differs from this one in a byte, or by one hash taken out, put in twice, added or exchanged.
fn damaged(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..proof.len() {
        for byte in 0..32 {
            let mut flipped = proof.to_vec();
            flipped[at].0[byte] ^= 1 << (byte % 8);
            all.push(flipped);
        }
        let mut dropped = proof.to_vec();
        dropped.remove(at);
        all.push(dropped);
        let mut doubled = proof.to_vec();
        doubled.insert(at, proof[at]);
        all.push(doubled);
        for other in at + 1..proof.len() {
            let mut exchanged = proof.to_vec();
            exchanged.swap(at, other);
            all.push(exchanged);
        }
    }
    for at in 0..=proof.len() {
        let mut added = proof.to_vec();
        added.insert(at, Hash([7; 32]));
        all.push(added);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_inclusion_proof_proves_one_thing(size in 1_u64..=700, pick in any::<u64>()) {
        let index = pick % size;
        let leaves = leaves(size + 1);
        let (_, kept) = grow(&leaves);
        let of = |size: u64| oracle::root(&leaves[..size as usize]);
        let (leaf, root) = (leaves[index as usize], of(size));
        let proof = inclusion_proof(index, size, &kept).unwrap();
        prop_assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
        for bad in damaged(&proof) {
            let verdict = verify_inclusion(&leaf, index, size, &bad, &root);
            match bad.len() as i64 - proof.len() as i64 {
                0 => prop_assert_eq!(verdict, Err(ProofError::WrongRoot)),
                1 => prop_assert_eq!(verdict, Err(ProofError::TooLong { expected: proof.len(), found: bad.len() })),
                _ => prop_assert_eq!(verdict, Err(ProofError::TooShort { expected: proof.len(), found: bad.len() })),
            }
        }
        for other in [index.wrapping_sub(1), index + 1, size - 1, index ^ 1, 0] {
            prop_assert!(other == index || verify_inclusion(&leaf, other, size, &proof, &root).is_err());
        }
        for other in [size - 1, size + 1] {
            prop_assert!(verify_inclusion(&leaf, index, other, &proof, &of(other)).is_err() || other == 0);
            // A root does not state its size: against the same root the loop of the RFC decides.
            let agreed = oracle::includes(leaf, index, other, &proof) == Some(root);
            prop_assert_eq!(verify_inclusion(&leaf, index, other, &proof, &root).is_ok(), agreed);
        }
        prop_assert!(verify_inclusion(&leaves[size as usize], index, size, &proof, &root).is_err());
    }

    #[test]
    fn a_consistency_proof_proves_one_thing(new in 2_u64..=700, pick in any::<u64>()) {
        let old = 1 + pick % (new - 1);
        let leaves = leaves(new + 1);
        let (_, kept) = grow(&leaves);
        let of = |size: u64| oracle::root(&leaves[..size as usize]);
        let (old_root, new_root) = (of(old), of(new));
        let proof = consistency_proof(old, new, &kept).unwrap();
        prop_assert_eq!(&proof, &oracle::subproof(old as usize, &leaves[..new as usize], true));
        prop_assert_eq!(verify_consistency(old, &old_root, new, &new_root, &proof), Ok(()));
        for bad in damaged(&proof) {
            prop_assert!(verify_consistency(old, &old_root, new, &new_root, &bad).is_err());
        }
        prop_assert!(verify_consistency(old, &new_root, new, &old_root, &proof).is_err());
        prop_assert!(verify_consistency(old, &old_root, new, &old_root, &proof).is_err());
        prop_assert!(verify_consistency(old, &new_root, new, &new_root, &proof).is_err());
        for byte in 0..32 {
            let (mut bad_old, mut bad_new) = (old_root, new_root);
            bad_old.0[byte] ^= 0x80;
            bad_new.0[byte] ^= 1;
            prop_assert!(verify_consistency(old, &bad_old, new, &new_root, &proof).is_err());
            prop_assert!(verify_consistency(old, &old_root, new, &bad_new, &proof).is_err());
        }
        for (other_old, other_new) in [(old - 1, new), (old + 1, new), (old, new - 1), (old, new + 1)] {
            if other_old > 0 && other_old < other_new {
                let verdict = verify_consistency(other_old, &of(other_old), other_new, &of(other_new), &proof);
                prop_assert!(verdict.is_err(), "{other_old} to {other_new} with the proof of {old} to {new}");
                let same_roots = verify_consistency(other_old, &old_root, other_new, &new_root, &proof);
                let agreed = oracle::consistent(other_old, old_root, other_new, &proof);
                prop_assert_eq!(same_roots.is_ok(), agreed == Some((old_root, new_root)));
            }
        }
    }

    #[test]
    fn any_hashes_in_any_tree_lead_where_the_loops_of_the_rfc_lead(
        (shift, first, second) in (0_u32..64, any::<u64>(), any::<u64>()),
        proof in prop::collection::vec(any::<u8>().prop_map(|byte| Hash([byte; 32])), 0..70),
    ) {
        let (index, size) = ((first >> shift).min(second >> shift), (first >> shift).max(second >> shift));
        let (leaf, other) = (Hash([1; 32]), Hash([2; 32]));
        // Of all lengths of a proof at most one fits.
        let mut fits = 0;
        for length in 0..=proof.len() {
            let proof = &proof[..length];
            match oracle::includes(leaf, index, size, proof) {
                Some(root) => {
                    fits += 1;
                    prop_assert_eq!(verify_inclusion(&leaf, index, size, proof, &root), Ok(()));
                    prop_assert_eq!(verify_inclusion(&other, index, size, proof, &root), Err(ProofError::WrongRoot));
                }
                None => prop_assert!(verify_inclusion(&leaf, index, size, proof, &leaf).is_err()),
            }
            if 0 < index && index < size {
                // For a power of two the old root is the start; else it is what the loop arrives at.
                let agreed = oracle::consistent(index, leaf, size, proof);
                let Some((old_root, new_root)) = agreed else {
                    prop_assert!(verify_consistency(index, &leaf, size, &leaf, proof).is_err());
                    continue;
                };
                prop_assert_eq!(verify_consistency(index, &old_root, size, &new_root, proof), Ok(()));
            }
        }
        let is_long_enough = proof.len() >= 64;
        prop_assert!(fits == 1 || index >= size || !is_long_enough);
    }

    #[test]
    fn sizes_of_any_magnitude_give_an_answer_and_no_panic(
        index in any::<u64>(), size in any::<u64>(), length in 0_usize..140,
    ) {
        let proof = vec![Hash([1; 32]); length];
        let root = Hash([2; 32]);
        prop_assert!(verify_inclusion(&root, index, size, &proof, &root).is_err() || (size == 1 && length == 0));
        prop_assert!(verify_consistency(index, &root, size, &root, &proof).is_err() || (index == size && length == 0));
        for extreme in [u64::MAX, 1 << 63, (1 << 63) + 1] {
            prop_assert!(verify_inclusion(&root, index, extreme, &proof, &root).is_err());
            prop_assert!(verify_consistency(extreme - 1, &root, extreme, &root, &proof).is_err());
        }
    }

    #[test]
    fn a_frontier_resumes_from_its_peaks(size in 0_u64..=300, more in 0_u64..=20) {
        let all = leaves(size + more);
        let (frontier, _) = grow(&all[..size as usize]);
        let mut resumed = Frontier::from_peaks(size, frontier.peaks().to_vec()).unwrap();
        prop_assert_eq!(&resumed, &frontier);
        for leaf in &all[size as usize..] {
            resumed.append(*leaf, |_, _, _| ());
        }
        prop_assert_eq!(resumed.root(), oracle::root(&all));
        prop_assert_eq!(Frontier::from_peaks(size + 1, frontier.peaks().to_vec()).is_some(), size % 2 == 1 && (size + 1).count_ones() == size.count_ones());
    }
}

#[test]
fn proofs_that_cannot_exist_are_named() {
    let (_, kept) = grow(&leaves(5));
    let root = empty_root();
    assert_eq!(verify_inclusion(&root, 0, 0, &[], &root), Err(ProofError::EmptyTree));
    let out = ProofError::IndexOutOfRange { index: 5, size: 5 };
    assert_eq!(verify_inclusion(&root, 5, 5, &[], &root), Err(out));
    assert_eq!(inclusion_proof(5, 5, &kept), Err(ProveError::Proof(out)));
    assert_eq!(
        inclusion_proof(0, 0, &kept),
        Err(ProveError::Proof(ProofError::EmptyTree))
    );
    let reversed = ProofError::SizesReversed { old: 4, new: 3 };
    assert_eq!(consistency_proof(4, 3, &kept), Err(ProveError::Proof(reversed)));
    assert_eq!(verify_consistency(4, &root, 3, &root, &[]), Err(reversed));
    // The tree of six needs a node over entry 5, which is not there.
    assert_eq!(inclusion_proof(0, 6, &kept), Err(ProveError::Node((1, 2))));
    assert_eq!(root_of(6, &kept), Err((1, 2)));
    assert_eq!(Frontier::from_peaks(MAX_SIZE + 1, vec![root]), None);
}

#[test]
fn nothing_is_consistent_with_everything_but_has_one_root() {
    let (empty, other) = (empty_root(), Hash([9; 32]));
    assert_eq!(verify_consistency(0, &empty, 7, &other, &[]), Ok(()));
    assert_eq!(verify_consistency(0, &empty, 0, &empty, &[]), Ok(()));
    assert_eq!(
        verify_consistency(0, &other, 7, &other, &[]),
        Err(ProofError::WrongOldRoot)
    );
    assert_eq!(
        verify_consistency(0, &empty, 0, &other, &[]),
        Err(ProofError::WrongNewRoot)
    );
    let long = ProofError::TooLong { expected: 0, found: 1 };
    assert_eq!(verify_consistency(0, &empty, 7, &other, &[other]), Err(long));
    assert_eq!(verify_consistency(7, &other, 7, &other, &[other]), Err(long));
    assert_eq!(
        verify_consistency(7, &other, 7, &empty, &[]),
        Err(ProofError::WrongNewRoot)
    );
}

#[test]
fn a_hash_has_one_spelling() {
    let hash = leaf_hash(b"L123456");
    let text = hash.to_string();
    assert_eq!(text, "OVqgZKpMKfcBCs/j8l25SFu9S5GJe2rXrVR2OSUrTVY=");
    assert_eq!(text.parse(), Ok(hash));
    assert_eq!(format!("{hash:?}"), text);
    let bad = [
        "OVqgZKpMKfcBCs/j8l25SFu9S5GJe2rXrVR2OSUrTVY",
        "OVqgZKpMKfcBCs/j8l25SFu9S5GJe2rXrVR2OSUrTVZ=",
        "OVqgZKpMKfcBCs_j8l25SFu9S5GJe2rXrVR2OSUrTVY=",
        " OVqgZKpMKfcBCs/j8l25SFu9S5GJe2rXrVR2OSUrTV=",
        "",
    ];
    for text in bad {
        assert_eq!(text.parse::<Hash>(), Err(ParseHashError), "{text}");
    }
}
