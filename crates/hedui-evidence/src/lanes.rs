//! BLAKE3 of many short texts at once: answers are some hundred bytes each, and one alone leaves most of a vector unit idle.
//! Leaves long texts and single ones to the library, and so whatever the processor lacks.
//!
//! The compression functions are the library's own, which it exports for measuring and does not document: its version is pinned in `Cargo.toml`, and a
//! test compares with the documented ones at every length.

use blake3::platform::{Platform, le_bytes_from_words_32, words_from_le_bytes_32};
use blake3::{BLOCK_LEN, CHUNK_LEN, IncrementCounter, OUT_LEN};

/// The constants of the BLAKE3 paper, table 1 and 3.
const IV: [u32; 8] = [
    0x6A09_E667,
    0xBB67_AE85,
    0x3C6E_F372,
    0xA54F_F53A,
    0x510E_527F,
    0x9B05_688C,
    0x1F83_D9AB,
    0x5BE0_CD19,
];
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 1 << 1;
const ROOT: u8 = 1 << 3;

/// Texts that go side by side. Wider vectors exist; the more texts, the more the longest of them goes on alone.
const LANES: usize = 8;

/// A text of one chunk and at least two blocks, and how many full blocks stand before its last one.
struct Short<'a> {
    at: usize,
    text: &'a [u8],
    blocks: usize,
}

/// BLAKE3 of each text.
pub(crate) fn hash_all(texts: &[&[u8]]) -> Vec<[u8; OUT_LEN]> {
    let mut hashes = vec![[0; OUT_LEN]; texts.len()];
    let mut short = Vec::with_capacity(texts.len());
    for (at, (text, hash)) in texts.iter().zip(&mut hashes).enumerate() {
        match (text.len().saturating_sub(1)) / BLOCK_LEN {
            blocks @ 1.. if text.len() <= CHUNK_LEN => short.push(Short { at, text, blocks }),
            _ => *hash = *blake3::hash(text).as_bytes(),
        }
    }
    // Of about the same length side by side.
    short.sort_unstable_by_key(|one| one.blocks);
    let platform = Platform::detect();
    for together in short.chunks(LANES) {
        let common = together.iter().map(|one| one.blocks).min().unwrap_or_default();
        let mut states = [0; LANES * OUT_LEN];
        side_by_side(platform, together, common, &mut states);
        let (states, _) = states.as_chunks::<OUT_LEN>();
        for (one, state) in together.iter().zip(states) {
            if let Some(hash) = hashes.get_mut(one.at) {
                *hash = alone(platform, one, common, state);
            }
        }
    }
    hashes
}

/// Goes through the first blocks of all texts, which all of them have.
fn side_by_side(platform: Platform, texts: &[Short<'_>], blocks: usize, states: &mut [u8; LANES * OUT_LEN]) {
    macro_rules! of {
        ($($blocks:literal),+) => {
            match blocks {
                $($blocks => first_blocks::<{ $blocks * BLOCK_LEN }>(platform, texts, states),)+
                _ => {}
            }
        };
    }
    of!(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

fn first_blocks<const N: usize>(platform: Platform, texts: &[Short<'_>], states: &mut [u8; LANES * OUT_LEN]) {
    let mut inputs = [&[0; N]; LANES];
    for (input, text) in inputs.iter_mut().zip(texts) {
        if let Some(first) = text.text.first_chunk() {
            *input = first;
        }
    }
    let inputs = inputs.get(..texts.len()).unwrap_or_default();
    platform.hash_many(inputs, &IV, 0, IncrementCounter::No, 0, CHUNK_START, 0, states);
}

/// Goes on from there to the end of one text.
fn alone(platform: Platform, text: &Short<'_>, done: usize, state: &[u8; OUT_LEN]) -> [u8; OUT_LEN] {
    let mut state = words_from_le_bytes_32(state);
    let rest = text.text.get(done * BLOCK_LEN..).unwrap_or_default();
    let (between, last) = rest
        .split_at_checked((text.blocks - done) * BLOCK_LEN)
        .unwrap_or_default();
    for block in between.as_chunks::<BLOCK_LEN>().0 {
        platform.compress_in_place(&mut state, block, BLOCK_LEN as u8, 0, 0);
    }
    let mut block = [0; BLOCK_LEN];
    block.iter_mut().zip(last).for_each(|(to, from)| *to = *from);
    platform.compress_in_place(&mut state, &block, last.len() as u8, 0, CHUNK_END | ROOT);
    le_bytes_from_words_32(&state)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(lengths: &[usize]) -> Vec<Vec<u8>> {
        let byte = |at: usize, seed: usize| (at.wrapping_mul(31).wrapping_add(seed * 7) % 251) as u8;
        let text = |(seed, length): (usize, &usize)| (0..*length).map(|at| byte(at, seed)).collect();
        lengths.iter().enumerate().map(text).collect()
    }

    fn check(lengths: &[usize]) {
        let texts = texts(lengths);
        let slices: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        let expected: Vec<[u8; OUT_LEN]> = texts.iter().map(|text| *blake3::hash(text).as_bytes()).collect();
        assert_eq!(hash_all(&slices), expected, "{lengths:?}");
    }

    #[test]
    fn every_length_alone_and_beside_others_hashes_as_the_library_does() {
        for length in 0..=CHUNK_LEN + 2 * BLOCK_LEN + 1 {
            check(&[length]);
            check(&[length, length, length]);
        }
        check(&(0..=CHUNK_LEN + 1).collect::<Vec<_>>());
        check(&[]);
    }

    proptest! {
        #[test]
        fn texts_of_any_lengths_hash_as_the_library_does(lengths in prop::collection::vec(0usize..2_100, 0..60)) {
            check(&lengths);
        }
    }
}
