//! Saying without a look at a disk that nothing is filed under a key: hashing of look-up keys, and a Bloom filter over them.
//! Left to others: what a "perhaps" costs (`sled`).

use std::hash::{BuildHasherDefault, Hasher};

use super::LookupKey;

/// Bits per key. With [`PROBES`] bits set within one word of 64, about one absent key in forty seems present, ...
const BITS_PER_KEY: u64 = 10;
/// ... or one in four hundred with these, for filters of at most [`SMALL_KEYS`]: most filters are small, so that most of
/// the mistakes are spared for little memory.
const SMALL_BITS_PER_KEY: u64 = 16;
const SMALL_KEYS: u64 = 1 << 20;
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

fn words_for(keys: u64) -> u64 {
    let bits = if keys <= SMALL_KEYS {
        SMALL_BITS_PER_KEY
    } else {
        BITS_PER_KEY
    };
    keys.saturating_mul(bits).div_ceil(64).max(1)
}

/// A Bloom filter in which all bits of a key stand in one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// Room for so many keys.
    pub(crate) fn for_keys(keys: u64) -> Self {
        Self {
            words: vec![0; usize::try_from(words_for(keys)).unwrap_or(usize::MAX)],
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.words.len() as u64 * 8
    }

    /// How many bytes a filter for so many keys takes.
    pub(crate) fn bytes_for(keys: u64) -> u64 {
        words_for(keys) * 8
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

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::ids::FrameId;

    #[test]
    fn a_filter_forgets_nothing_and_seldom_errs_also_after_it_was_kept() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut draw = || hash_of(LookupKey::Frame(FrameId(rng.random())));
        for count in [0, 1, 900, 20_000] {
            let held: Vec<u64> = (0..count).map(|_| draw()).collect();
            let mut filter = Filter::for_keys(count);
            held.iter().for_each(|hash| filter.add(*hash));
            let kept = Filter::from_bytes(&filter.to_bytes(), count).unwrap();
            assert_eq!(kept, filter);
            assert!(held.iter().all(|hash| kept.may_hold(*hash)));
            let mistakes = (0..20_000).filter(|_| kept.may_hold(draw())).count();
            assert!(mistakes < 200, "{mistakes} of 20,000 with {count} keys");
        }
        assert_eq!(Filter::from_bytes(&[0; 16], 3), None);
        assert_eq!(Filter::from_bytes(&[0; 9], 1), None);
    }

    #[test]
    fn the_hash_of_a_key_is_this_for_ever_or_the_layout_changes() {
        assert_eq!(hash_of(LookupKey::Frame(FrameId([1; 16]))), GOLDEN);
        let neighbours = (0..=255u8).map(|last| hash_of(LookupKey::Frame(FrameId([last; 16]))) >> 56);
        let distinct: std::collections::BTreeSet<u64> = neighbours.collect();
        assert!(
            distinct.len() > 120,
            "keys that are not random spread all the same: {}",
            distinct.len()
        );
    }

    const GOLDEN: u64 = 7_610_797_931_430_600_063;
}
