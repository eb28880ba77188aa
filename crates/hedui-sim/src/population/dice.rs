//! Seeded chance, in integers only.
//! Leaves what is drawn to whoever draws.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// A source of chance that one seed replays.
pub(crate) struct Dice(StdRng);

impl Dice {
    /// An independent source for each `stream` of a `seed`, so that household 7 is the same however many there are.
    pub(crate) fn seeded(seed: u64, stream: u64) -> Dice {
        // An odd multiplier spreads neighbouring streams over the whole range.
        Dice(StdRng::seed_from_u64(
            seed ^ stream.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
        ))
    }

    /// From `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: i64, high: i64) -> i64 {
        if high <= low {
            low
        } else {
            self.0.random_range(low..=high)
        }
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, chance: i64) -> bool {
        self.range(1, 100) <= chance
    }

    /// True so many times in a thousand.
    pub(crate) fn permille(&mut self, chance: i64) -> bool {
        self.range(1, 1000) <= chance
    }

    /// One of `first` and `others`, all equally often.
    pub(crate) fn pick<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        let last = i64::try_from(others.len()).unwrap_or(0);
        match usize::try_from(self.range(0, last)) {
            Ok(n) if n > 0 => others.get(n - 1).copied().unwrap_or(first),
            _ => first,
        }
    }

    /// One of the words; empty only when there are none.
    pub(crate) fn word(&mut self, words: &[&'static str]) -> &'static str {
        match words {
            [] => "",
            [first, others @ ..] => self.pick(*first, others),
        }
    }

    /// One of the values by weight; the first when all weights are 0.
    pub(crate) fn weighted<T: Copy>(&mut self, first: (T, i64), others: &[(T, i64)]) -> T {
        let total: i64 = first.1 + others.iter().map(|o| o.1).sum::<i64>();
        let mut rest = self.range(1, total);
        for (value, weight) in others {
            if rest <= *weight {
                return *value;
            }
            rest -= weight;
        }
        first.0
    }

    /// The first `take` positions of a shuffled `0..len`, as a set of flags.
    pub(crate) fn sample(&mut self, len: usize, take: usize) -> Vec<bool> {
        let mut flags: Vec<bool> = (0..len).map(|i| i < take).collect();
        for i in (1..len).rev() {
            let j = usize::try_from(self.range(0, i64::try_from(i).unwrap_or(0))).unwrap_or(0);
            flags.swap(i, j);
        }
        flags
    }
}
