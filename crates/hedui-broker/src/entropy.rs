//! Randomness as an argument: one seeded generator, so that one seed replays a run.
//! Leaves seeding from the machine to the binary.

use std::sync::{Mutex, PoisonError};

use rand::SeedableRng;
use rand::rngs::StdRng;

/// A shared source of randomness; cryptographically secure when its seed is.
#[derive(Debug)]
pub struct Entropy(Mutex<StdRng>);

impl Entropy {
    /// From a seed; 32 bytes of the machine's randomness in production.
    pub fn from_seed(seed: [u8; 32]) -> Entropy {
        Entropy(Mutex::new(StdRng::from_seed(seed)))
    }

    /// A generator of one's own, so that the lock is held for one draw only.
    pub fn fork(&self) -> StdRng {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        StdRng::from_rng(&mut *shared)
    }
}
