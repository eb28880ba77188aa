//! The registry: the departments that can be asked, each with its port, its gate and what the catalogue says of it.
//! Leaves building ports from manifests to whoever starts the broker.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hedui_adapter::gate::{BreakerState, OfficeHours, Pace};
use hedui_adapter::manifest::BreakerLimits;
use hedui_adapter::port::Port;
use hedui_adapter::{Gate, People, Permit, Refused, Settled};
use hedui_core::{DepartmentId, DepartmentProfile};

/// Questions of one department under way or waiting for it; beyond them it is overloaded and says so at once. How many of them run
/// at the same time is the adapter's business: it knows what its source takes.
const MAX_UNDER_WAY: u32 = 4_096;

/// One department.
pub struct Registered {
    /// As planning and consolidation know it.
    pub profile: DepartmentProfile,
    /// How it is asked.
    pub port: Arc<dyn Port>,
    /// How its people answer, where it is an office without a system.
    pub people: Option<People>,
    /// Whether it is another hedui.
    pub is_peer: bool,
    /// A hash of how its answers are found and read: what was read otherwise serves no new verification.
    reading: [u8; 32],
    gate: Mutex<Gate>,
    asked: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
    last_answer_ms: AtomicI64,
    /// How many questions had failed when it last passed its self-tests; `u64::MAX` where it never did.
    failed_at_check: AtomicU64,
}

/// How a department has fared since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fared {
    /// Questions asked.
    pub asked: u64,
    /// Questions answered, whatever the answer.
    pub answered: u64,
    /// Questions that failed or went unanswered.
    pub failed: u64,
    /// When it last answered, milliseconds since 1970.
    pub last_answer_ms: Option<i64>,
    /// Where its breaker stands.
    pub breaker: BreakerState,
    /// Whether it has passed its self-tests and no question has failed since.
    pub passed_check: bool,
}

/// The gate measures time from 1970; time before does not occur.
fn since_1970(now_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(now_ms).unwrap_or(0))
}

impl Registered {
    /// A department that has not been asked yet.
    pub fn new(profile: DepartmentProfile, port: Arc<dyn Port>, breaker: BreakerLimits) -> Registered {
        Registered {
            profile,
            port,
            people: None,
            is_peer: false,
            reading: [0; 32],
            gate: Mutex::new(Gate::new(MAX_UNDER_WAY, breaker)),
            asked: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            last_answer_ms: AtomicI64::new(i64::MIN),
            failed_at_check: AtomicU64::new(u64::MAX),
        }
    }

    /// The same department, asked at this pace.
    pub fn paced(mut self, pace: Pace) -> Registered {
        let gate = self.gate.get_mut().unwrap_or_else(PoisonError::into_inner);
        *gate = gate.clone().paced(pace);
        self
    }

    /// The same department, whose people answer.
    pub fn answered_by(mut self, people: Option<People>) -> Registered {
        self.people = people;
        self
    }

    /// The same department, which is another hedui or not.
    pub fn through_peer(mut self, is_peer: bool) -> Registered {
        self.is_peer = is_peer;
        self
    }

    /// The same department, whose manifest this is.
    pub fn read_by(mut self, manifest: &str) -> Registered {
        self.reading = blake3::derive_key("hedui 2026 manifest of a department v1", manifest.as_bytes());
        self
    }

    pub(crate) fn reading(&self) -> &[u8; 32] {
        &self.reading
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        // The gate is a plain state machine: each change is whole or not made.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a question about so many persons through, or says why not now.
    pub fn admit(&self, persons: usize, now_ms: i64) -> Result<Permit, Refused> {
        let persons = u32::try_from(persons).unwrap_or(u32::MAX);
        let permit = self.gate().admit_persons(persons, since_1970(now_ms))?;
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(permit)
    }

    /// When it takes questions; always where there is none.
    pub fn hours(&self) -> Option<OfficeHours> {
        self.gate().hours().cloned()
    }

    /// Until when its breaker lets nothing pass, milliseconds since 1970; none where something may pass now.
    pub fn failing_until_ms(&self, now_ms: i64) -> Option<i64> {
        let until = self.gate().failing_until(since_1970(now_ms))?;
        i64::try_from(until.as_millis()).ok()
    }

    /// Whether it could take more than what is urgent.
    pub fn is_at_ease(&self, now_ms: i64) -> bool {
        self.gate().is_at_ease(since_1970(now_ms))
    }

    /// Takes the permit back.
    pub fn settled(&self, permit: Permit, settled: Settled, now_ms: i64) {
        match settled {
            Settled::Answered => {
                self.answered.fetch_add(1, Ordering::Relaxed);
                self.last_answer_ms.store(now_ms, Ordering::Relaxed);
            }
            Settled::Failed => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
            Settled::Cancelled => {}
        }
        self.gate().settled(permit, settled, since_1970(now_ms));
    }

    /// Notes how its self-tests ended. They do not count as a question: the breaker hears nothing of them.
    pub fn checked(&self, passed: bool) {
        let at = if passed {
            self.failed.load(Ordering::Relaxed)
        } else {
            u64::MAX
        };
        self.failed_at_check.store(at, Ordering::Relaxed);
    }

    /// Whether no question is under way.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.gate().running() == 0
    }

    /// How it has fared.
    pub fn fared(&self) -> Fared {
        let last = self.last_answer_ms.load(Ordering::Relaxed);
        let failed = self.failed.load(Ordering::Relaxed);
        Fared {
            asked: self.asked.load(Ordering::Relaxed),
            answered: self.answered.load(Ordering::Relaxed),
            failed,
            passed_check: self.failed_at_check.load(Ordering::Relaxed) == failed,
            last_answer_ms: (last != i64::MIN).then_some(last),
            breaker: self.gate().breaker(),
        }
    }
}

/// All departments, sorted by id.
pub struct Registry {
    departments: Vec<Arc<Registered>>,
    profiles: Vec<DepartmentProfile>,
    positions: BTreeMap<DepartmentId, usize>,
}

impl Registry {
    /// From the departments, in any order. Of two with one id the first counts.
    pub fn new(departments: Vec<Registered>) -> Registry {
        Registry::of(departments.into_iter().map(Arc::new).collect())
    }

    /// The same of departments of which another registry may hold some, with how they have fared.
    pub fn of(mut departments: Vec<Arc<Registered>>) -> Registry {
        departments.sort_by(|a, b| a.profile.id.cmp(&b.profile.id));
        departments.dedup_by(|later, earlier| later.profile.id == earlier.profile.id);
        let profiles: Vec<DepartmentProfile> = departments.iter().map(|d| d.profile.clone()).collect();
        let positions = profiles.iter().enumerate().map(|(i, p)| (p.id.clone(), i)).collect();
        Registry {
            departments,
            profiles,
            positions,
        }
    }

    /// The departments, sorted by id.
    pub fn departments(&self) -> &[Arc<Registered>] {
        &self.departments
    }

    /// What the catalogue says of them, in the same order.
    pub fn profiles(&self) -> &[DepartmentProfile] {
        &self.profiles
    }

    /// Position of a department.
    pub fn position(&self, id: &DepartmentId) -> Option<usize> {
        self.positions.get(id).copied()
    }
}
