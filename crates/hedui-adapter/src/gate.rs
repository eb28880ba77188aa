//! What keeps a department from being overrun, and the others from waiting for it: limit, pace, breaker and meter as plain state machines.
//! Leaves time to the caller (every `now` is the time since 1970 UTC, never going back) and sharing between threads to a mutex.

mod breaker;
mod meter;
mod pace;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::manifest::{BreakerLimits, Manifest};
use crate::reason::Reason;

pub use breaker::{Breaker, BreakerState};
pub use meter::{BUCKETS_MS, Meter, STATES};
pub use pace::{OfficeHours, Pace, Spans, next_common};

/// How a question went, as far as the department's health is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It answered, whatever it said.
    Answered,
    /// It failed or kept silent.
    Failed,
    /// Nobody waited for it: says nothing about the department.
    Cancelled,
}

/// Why a question is not asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// As many as the department takes are under way.
    Concurrency,
    /// The department failed repeatedly.
    Breaker,
    /// As many as the department takes in a second were asked.
    Rate,
    /// The department takes no questions at this hour.
    Hours,
}

impl Refused {
    /// The reason to report.
    pub const fn reason(self) -> Reason {
        match self {
            Refused::Concurrency => Reason::ConcurrencyLimit,
            Refused::Breaker => Reason::BreakerOpen,
            Refused::Rate => Reason::RateLimit,
            Refused::Hours => Reason::OutsideHours,
        }
    }
}

/// The right to ask one question; give it back to [`Gate::settled`].
#[derive(Debug)]
#[must_use = "a permit that is not settled keeps its place for ever"]
pub struct Permit {
    admitted: Duration,
    probe: bool,
}

/// The gate before one department.
#[derive(Clone, Debug)]
pub struct Gate {
    max_concurrent: u32,
    running: u32,
    breaker: Breaker,
    meter: Meter,
    pace: Pace,
    rate: pace::Rate,
}

impl Gate {
    /// A gate with these limits, closed breaker, empty meter.
    pub fn new(max_concurrent: u32, limits: BreakerLimits) -> Gate {
        Gate {
            max_concurrent,
            running: 0,
            breaker: Breaker::new(limits),
            meter: Meter::default(),
            pace: Pace::default(),
            rate: pace::Rate::default(),
        }
    }

    /// The same gate, at this pace.
    pub fn paced(mut self, pace: Pace) -> Gate {
        self.pace = pace;
        self
    }

    /// The gate of a manifest.
    pub fn of(manifest: &Manifest) -> Gate {
        Gate::new(manifest.limits.max_concurrent_queries, manifest.breaker).paced(manifest.pace.clone())
    }

    /// Lets a question about one person through.
    ///
    /// # Errors
    /// Why not now.
    pub fn admit(&mut self, now: Duration) -> Result<Permit, Refused> {
        self.admit_persons(1, now)
    }

    /// Lets a question about so many persons through.
    ///
    /// # Errors
    /// Why not now.
    pub fn admit_persons(&mut self, persons: u32, now: Duration) -> Result<Permit, Refused> {
        let requests = if self.pace.per_person { persons.max(1) } else { 1 };
        // The limit first: a probe that finds no place must not use up its turn.
        if self.running >= self.max_concurrent {
            return Err(Refused::Concurrency);
        }
        if self.pace.hours.as_ref().is_some_and(|hours| !hours.is_open(now)) {
            return Err(Refused::Hours);
        }
        let per_second = self.pace.per_second;
        if per_second.is_some_and(|per_second| !self.rate.has_room(per_second, requests, now)) {
            return Err(Refused::Rate);
        }
        let probe = self.breaker.admit(now).ok_or(Refused::Breaker)?;
        if let Some(per_second) = per_second {
            self.rate.passed(per_second, requests, now);
        }
        self.running += 1;
        Ok(Permit { admitted: now, probe })
    }

    /// When it takes questions; always where there is none.
    pub fn hours(&self) -> Option<&OfficeHours> {
        self.pace.hours.as_ref()
    }

    /// Until when the breaker lets nothing pass, if nothing passes now. Nothing changes by asking.
    pub fn failing_until(&self, now: Duration) -> Option<Duration> {
        self.breaker.closed_until(now)
    }

    /// Whether it could take more than what is urgent: a place is free, and half of what it takes in a second. Nothing changes by asking.
    pub fn is_at_ease(&self, now: Duration) -> bool {
        let per_second = self.pace.per_second;
        self.running < self.max_concurrent && per_second.is_none_or(|most| self.rate.is_at_ease(most, now))
    }

    /// Takes the permit back.
    pub fn settled(&mut self, permit: Permit, settled: Settled, now: Duration) {
        self.running = self.running.saturating_sub(1);
        self.breaker.settled(permit.probe, settled, now);
        if settled != Settled::Cancelled {
            self.meter.took(now.saturating_sub(permit.admitted));
        }
    }

    /// How many questions are under way.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// Where the breaker stands.
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    /// What was counted.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// To count answers.
    pub fn meter_mut(&mut self) -> &mut Meter {
        &mut self.meter
    }
}
