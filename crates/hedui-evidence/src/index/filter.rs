//! Saying without a look at a disk that nothing is filed under a key: hashing of look-up keys, and a Bloom filter over them.
//! Left to others: what a "perhaps" costs (`sled`).

use std::hash::{BuildHasherDefault, Hasher};

use super::LookupKey;

/// Bits per key. With [`PROBES`] bits set within one word of 64, about one absent key in forty seems present.
const BITS_PER_KEY: u64 = 10;
const PROBES: u32 = 5;
/// An odd number with irregular bits (the golden ratio's): spreads the few keys that are not random.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes fields by multiplication. Ids are random or keyed hashes already: nobody outside can choose where they fall.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0.rotate_left(23) ^ value).wrapping_mul(SPREAD);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value.unsigned_abs() as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// For maps whose keys are ids.
pub(crate) type IdMap<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// The hash that filters go by. Filters are kept: another hash needs another layout version of the index.
pub(crate) fn hash_of(key: LookupKey) -> u64 {
    let mut hasher = IdHasher::default();
    hasher.write(&key.to_bytes());
    hasher.finish()
}

/// A Bloom filter in which all bits of a key stand in one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// Room for so many keys.
    pub(crate) fn for_keys(keys: u64) -> Self {
        let words = (keys * BITS_PER_KEY).div_ceil(64).max(1);
        Self {
            words: vec![0; usize::try_from(words).unwrap_or(usize::MAX)],
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.words.len() as u64 * 8
    }

    /// How many bytes a filter for so many keys takes.
    pub(crate) fn bytes_for(keys: u64) -> u64 {
        (keys * BITS_PER_KEY).div_ceil(64).max(1) * 8
    }

    pub(crate) fn add(&mut self, hash: u64) {
        let (at, mask) = self.place(hash);
        if let Some(word) = self.words.get_mut(at) {
            *word |= mask;
        }
    }

    /// Never false for a key that was added.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        let (at, mask) = self.place(hash);
        self.words.get(at).is_none_or(|word| word & mask == mask)
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        let at = (u128::from(hash) * self.words.len() as u128) >> 64;
        // The word was chosen by the upper bits; a second multiplication makes the bits within it independent of them.
        let bits = hash.wrapping_mul(SPREAD) >> (64 - 6 * PROBES);
        let mask = (0..PROBES).fold(0, |mask, probe| mask | 1 << ((bits >> (6 * probe)) & 63));
        (usize::try_from(at).unwrap_or(usize::MAX), mask)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// `None` when these are not the bytes of a filter for so many keys.
    pub(crate) fn from_bytes(bytes: &[u8], keys: u64) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let fits = rest.is_empty() && bytes.len() as u64 == Self::bytes_for(keys);
        fits.then(|| Self {
            words: words.iter().map(|word| u64::from_be_bytes(*word)).collect(),
        })
    }
}
