//! The time of day, where a connector or a gate needs one: always given by the caller.
//! Leaves reading a clock to whoever runs the departments.

/// A clock that the caller gives.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 UTC.
    fn now_ms(&self) -> i64;
}

impl<F: Fn() -> i64 + Send + Sync> Clock for F {
    fn now_ms(&self) -> i64 {
        self()
    }
}
