//! The clock of a store: it only measures how long ago the last attempt to resume was.
//! Left to others: the time of day, which is an argument wherever it is kept.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time since any fixed moment; never goes back.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// A clock of the caller's own, such as one that a test moves.
    pub fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The operating system's steady clock.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place of this crate that reads a clock; it decides no content"
    )]
    pub fn steady() -> Self {
        let start = Instant::now();
        Self::new(move || start.elapsed())
    }

    pub(crate) fn now(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Clock")
    }
}
