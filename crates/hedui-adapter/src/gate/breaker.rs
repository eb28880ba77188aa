//! A circuit breaker: closed, open for a while after repeated failures, half open while one question tries again.
//! Leaves counting and limits to `gate`.

use std::time::Duration;

use super::Settled;
use crate::manifest::BreakerLimits;

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Questions pass; so many failed since the last answer.
    Closed {
        /// Consecutive failures.
        failures: u32,
    },
    /// No question passes until then.
    Open {
        /// When one may try.
        until: Duration,
    },
    /// One question tries; no other passes, unless it is lost until then.
    HalfOpen {
        /// When another may try.
        until: Duration,
    },
}

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    limits: BreakerLimits,
    state: BreakerState,
}

impl Breaker {
    /// A closed one.
    pub fn new(limits: BreakerLimits) -> Breaker {
        Breaker {
            limits,
            state: BreakerState::Closed { failures: 0 },
        }
    }

    /// Where it stands.
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether a question passes, and whether it is the one that tries.
    pub(super) fn admit(&mut self, now: Duration) -> Option<bool> {
        match self.state {
            BreakerState::Closed { .. } => Some(false),
            BreakerState::Open { until } | BreakerState::HalfOpen { until } if now >= until => {
                self.state = BreakerState::HalfOpen {
                    until: now.saturating_add(self.limits.retry_after),
                };
                Some(true)
            }
            BreakerState::Open { .. } | BreakerState::HalfOpen { .. } => None,
        }
    }

    /// Until when no question passes, if none passes now. Nothing changes by asking.
    pub(super) fn closed_until(&self, now: Duration) -> Option<Duration> {
        match self.state {
            BreakerState::Open { until } | BreakerState::HalfOpen { until } => Some(until).filter(|until| now < *until),
            BreakerState::Closed { .. } => None,
        }
    }

    /// What came of a question. Those admitted before it opened say nothing new about an open one.
    pub(super) fn settled(&mut self, probe: bool, settled: Settled, now: Duration) {
        let open = BreakerState::Open {
            until: now.saturating_add(self.limits.retry_after),
        };
        self.state = match (self.state, settled) {
            (BreakerState::Closed { .. }, Settled::Answered) => BreakerState::Closed { failures: 0 },
            (BreakerState::Closed { failures }, Settled::Failed) => match failures.saturating_add(1) {
                failures if failures >= self.limits.failures => open,
                failures => BreakerState::Closed { failures },
            },
            (BreakerState::HalfOpen { .. }, Settled::Answered) if probe => BreakerState::Closed { failures: 0 },
            (BreakerState::HalfOpen { .. }, Settled::Failed) if probe => open,
            // The next question may try at once.
            (BreakerState::HalfOpen { .. }, Settled::Cancelled) if probe => BreakerState::Open { until: now },
            (state, _) => state,
        };
    }
}
