//! BLAKE3 of many short texts at once: answers are some hundred bytes each, and one alone leaves most of a vector unit idle.
//! Leaves texts of more than two chunks and single ones to the library, and so whatever the processor lacks.
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
const PARENT: u8 = 1 << 2;
const ROOT: u8 = 1 << 3;

/// Texts that go side by side. Wider vectors exist; the more texts, the more the longest of them goes on alone.
const LANES: usize = 8;

/// One chunk of at least two blocks, and how many full blocks stand before its last one.
struct Chunk<'a> {
    /// Which text it is of.
    at: usize,
    text: &'a [u8],
    blocks: usize,
    /// Which chunk of its text it is.
    number: u64,
    /// What tells its end: whether it is the whole text.
    end: u8,
}

/// BLAKE3 of each text.
pub(crate) fn hash_all(texts: &[&[u8]]) -> Vec<[u8; OUT_LEN]> {
    let mut hashes = vec![[0; OUT_LEN]; texts.len()];
    let mut seconds = vec![[0; OUT_LEN]; texts.len()];
    let mut chunks = Vec::with_capacity(2 * texts.len());
    for (at, (text, hash)) in texts.iter().zip(&mut hashes).enumerate() {
        let mut add = |text, number, end| {
            let blocks = <[u8]>::len(text).saturating_sub(1) / BLOCK_LEN;
            chunks.push(Chunk {
                at,
                text,
                blocks,
                number,
                end,
            });
        };
        match text.split_at_checked(CHUNK_LEN) {
            Some((first, second)) if (BLOCK_LEN + 1..=CHUNK_LEN).contains(&second.len()) => {
                add(first, 0, CHUNK_END);
                add(second, 1, CHUNK_END);
            }
            Some((_, second)) if !second.is_empty() => *hash = *blake3::hash(text).as_bytes(),
            _ if text.len() > BLOCK_LEN => add(text, 0, CHUNK_END | ROOT),
            _ => *hash = *blake3::hash(text).as_bytes(),
        }
    }
    // Of the same number and about the same length side by side.
    chunks.sort_unstable_by_key(|one| (one.number, one.blocks));
    let platform = Platform::detect();
    for of_number in chunks.chunk_by(|a, b| a.number == b.number) {
        for together in of_number.chunks(LANES) {
            let common = together.iter().map(|one| one.blocks).min().unwrap_or_default();
            let mut states = [0; LANES * OUT_LEN];
            side_by_side(platform, together, common, &mut states);
            let (states, _) = states.as_chunks::<OUT_LEN>();
            for (one, state) in together.iter().zip(states) {
                let to = if one.number == 0 { &mut hashes } else { &mut seconds };
                if let Some(hash) = to.get_mut(one.at) {
                    *hash = alone(platform, one, common, state);
                }
            }
        }
    }
    for second in chunks.iter().filter(|one| one.number == 1) {
        if let (Some(hash), Some(right)) = (hashes.get_mut(second.at), seconds.get(second.at)) {
            *hash = parent(platform, hash, right);
        }
    }
    hashes
}

/// The hash of a text of two chunks.
fn parent(platform: Platform, left: &[u8; OUT_LEN], right: &[u8; OUT_LEN]) -> [u8; OUT_LEN] {
    let mut block = [0; BLOCK_LEN];
    let (first, second) = block.split_at_mut(OUT_LEN);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    let mut state = IV;
    platform.compress_in_place(&mut state, &block, BLOCK_LEN as u8, 0, PARENT | ROOT);
    le_bytes_from_words_32(&state)
}

/// Goes through the first blocks of all chunks, which all of them have.
fn side_by_side(platform: Platform, chunks: &[Chunk<'_>], blocks: usize, states: &mut [u8; LANES * OUT_LEN]) {
    macro_rules! of {
        ($($blocks:literal),+) => {
            match blocks {
                $($blocks => first_blocks::<{ $blocks * BLOCK_LEN }>(platform, chunks, states),)+
                _ => {}
            }
        };
    }
    of!(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

fn first_blocks<const N: usize>(platform: Platform, chunks: &[Chunk<'_>], states: &mut [u8; LANES * OUT_LEN]) {
    let mut inputs = [&[0; N]; LANES];
    for (input, chunk) in inputs.iter_mut().zip(chunks) {
        if let Some(first) = chunk.text.first_chunk() {
            *input = first;
        }
    }
    let inputs = inputs.get(..chunks.len()).unwrap_or_default();
    let number = chunks.first().map_or(0, |chunk| chunk.number);
    platform.hash_many(inputs, &IV, number, IncrementCounter::No, 0, CHUNK_START, 0, states);
}

/// Goes on from there to the end of one chunk.
fn alone(platform: Platform, chunk: &Chunk<'_>, done: usize, state: &[u8; OUT_LEN]) -> [u8; OUT_LEN] {
    let mut state = words_from_le_bytes_32(state);
    let rest = chunk.text.get(done * BLOCK_LEN..).unwrap_or_default();
    let (between, last) = rest
        .split_at_checked((chunk.blocks - done) * BLOCK_LEN)
        .unwrap_or_default();
    for block in between.as_chunks::<BLOCK_LEN>().0 {
        platform.compress_in_place(&mut state, block, BLOCK_LEN as u8, chunk.number, 0);
    }
    let mut block = [0; BLOCK_LEN];
    block.iter_mut().zip(last).for_each(|(to, from)| *to = *from);
    platform.compress_in_place(&mut state, &block, last.len() as u8, chunk.number, chunk.end);
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
        for length in 0..=2 * CHUNK_LEN + 2 * BLOCK_LEN + 1 {
            check(&[length]);
            check(&[length, length, length]);
        }
        check(&(0..=2 * CHUNK_LEN + 1).collect::<Vec<_>>());
        check(&[]);
    }

    proptest! {
        #[test]
        fn texts_of_any_lengths_hash_as_the_library_does(lengths in prop::collection::vec(0usize..3_200, 0..60)) {
            check(&lengths);
        }
    }
}
