//! Counts of answer states and of how long a department took, in fixed buckets.
//! Leaves naming and publishing metrics to telemetry.

use std::time::Duration;

use hedui_core::{AnswerState, Unreachable};

/// Upper ends of the latency buckets in milliseconds; a last bucket holds what took longer.
pub const BUCKETS_MS: [u64; 14] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

/// The codes that are counted, as `AnswerState::code` gives them.
pub const STATES: [&str; 13] = AnswerState::CODES;

/// What was counted of one department.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    states: [u64; STATES.len()],
    latency: [u64; BUCKETS_MS.len() + 1],
    total_micros: u64,
}

impl Meter {
    /// Counts the state of one person's answer.
    pub fn count(&mut self, state: &AnswerState) {
        let index = match state {
            AnswerState::Found { .. } => 0,
            AnswerState::NoRecord => 1,
            AnswerState::OverLimit { .. } => 2,
            AnswerState::WithinLimit { .. } => 3,
            AnswerState::IdentityMismatch => 4,
            AnswerState::NotAuthorized => 5,
            AnswerState::NotAsked => 6,
            AnswerState::Pending => 7,
            AnswerState::Unreachable { cause } => match cause {
                Unreachable::Timeout => 8,
                Unreachable::Refused => 9,
                Unreachable::Failed => 10,
                Unreachable::Breaker => 11,
                Unreachable::Cancelled => 12,
            },
        };
        if let Some(count) = self.states.get_mut(index) {
            *count += 1;
        }
    }

    /// Counts how long one question took.
    pub fn took(&mut self, time: Duration) {
        let millis = time.as_nanos().div_ceil(1_000_000);
        let bucket = BUCKETS_MS.partition_point(|end| u128::from(*end) < millis);
        if let Some(count) = self.latency.get_mut(bucket) {
            *count += 1;
        }
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.total_micros = self.total_micros.saturating_add(micros);
    }

    /// Each state's code with its count.
    pub fn states(&self) -> impl Iterator<Item = (&'static str, u64)> {
        STATES.into_iter().zip(self.states)
    }

    /// Counts per bucket, the last for what took longer than every end.
    pub fn latency(&self) -> &[u64] {
        &self.latency
    }

    /// Time of all questions together, in microseconds.
    pub fn total_micros(&self) -> u64 {
        self.total_micros
    }
}
