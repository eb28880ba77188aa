//! How much waits for the processor: said by whoever works with a store, read by its committer.
//! Leaves the work itself to the broker, and what follows from it to the committer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many jobs wait for the processor. Clones share the number. It is a hint: nothing depends on its being exact.
#[derive(Clone, Debug, Default)]
pub struct Backlog(Arc<AtomicUsize>);

impl Backlog {
    /// Says how many wait now.
    pub fn set(&self, waiting: usize) {
        self.0.store(waiting, Ordering::Relaxed);
    }

    /// Whether some wait.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}
