//! Drift watch: what departments say, counted as it comes, and the alarm when one does not answer as it used to.
//! Leaves when that is so to `hedui_core::drift`, and keeping the counts over a restart to whoever starts the broker.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hedui_core::drift::{Drift, DriftKind, DriftLimits, Habit, drifting};
use hedui_core::{Date, DepartmentId, DepartmentProfile, FieldError, Finding};
use serde::{Deserialize, Serialize};

use crate::broker::Broker;
use crate::error::BrokerError;
use crate::judge::Read;
use crate::prepare::label;

/// Version of the kept form.
const VERSION: u32 = 1;
const DAY_MS: u64 = 86_400_000;

/// That somebody looked at a department's drift, and takes what it says now as usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedDrift {
    /// Why; no personal data.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When, milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// How one department answers, and who accepted its last drift.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Followed {
    habit: Habit,
    accepted: Option<AcceptedDrift>,
}

/// The counts of all departments as they are kept: counts only, nothing of any person.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    departments: BTreeMap<DepartmentId, Followed>,
}

/// The counts of all departments.
pub(crate) struct Drifts {
    limits: DriftLimits,
    followed: Mutex<BTreeMap<DepartmentId, Followed>>,
    /// Whether any department is in doubt: hardly ever, and every verification asks.
    is_any_in_doubt: AtomicBool,
}

/// The first drift that leaves what a department says in doubt.
fn doubt(one: &Followed) -> Option<&Drift> {
    one.habit.drifts().iter().find(|drift| drift.kind.is_doubt())
}

impl Drifts {
    pub fn new(limits: DriftLimits) -> Drifts {
        Drifts {
            limits,
            followed: Mutex::default(),
            is_any_in_doubt: AtomicBool::new(false),
        }
    }

    /// To be called before the lock is given back by whoever changes what drifts.
    fn changed(&self, followed: &BTreeMap<DepartmentId, Followed>) {
        let is_any = followed.values().any(|one| doubt(one).is_some());
        self.is_any_in_doubt.store(is_any, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DepartmentId, Followed>> {
        // Counts: what a panic elsewhere has left half done is one household.
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what departments have just said; what was kept was counted when it was said.
    pub fn observe(&self, profiles: &[DepartmentProfile], read: &[Read], (today, now_ms): (Date, i64)) {
        let mut followed = self.lock();
        let mut has_changed = false;
        for (profile, read) in profiles.iter().zip(read) {
            if read.line.kept || read.line.arrival == 0 {
                continue;
            }
            let one = match followed.get_mut(&profile.id) {
                Some(one) => one,
                // Seldom: an entry takes a copy of the id.
                None => followed.entry(profile.id.clone()).or_default(),
            };
            let was_in_doubt = doubt(one).is_some();
            let begun = one
                .habit
                .take(self.limits, &read.answers, (today, now_ms), promised_days(profile));
            has_changed |= doubt(one).is_some() != was_in_doubt;
            for drift in begun {
                tracing::warn!(
                    department = profile.id.as_str(),
                    kind = drift.kind.word(),
                    field = drift.field,
                    before = drift.before,
                    now = drift.now,
                    "a department does not answer as it used to"
                );
            }
        }
        if has_changed {
            self.changed(&followed);
        }
    }

    /// What a clerk must see of the departments that were asked: whose answers are in doubt.
    pub fn findings(&self, profiles: &[DepartmentProfile], read: &[Read]) -> Vec<Finding> {
        if !self.is_any_in_doubt.load(Ordering::Acquire) {
            return Vec::new();
        }
        let followed = self.lock();
        let asked = profiles.iter().zip(read).filter(|(_, read)| read.line.asked_at_ms != 0);
        asked
            .filter_map(|(profile, _)| Some(drifting(&profile.id, doubt(followed.get(&profile.id)?)?)))
            .collect()
    }

    fn any(&self, kind: DriftKind) -> bool {
        self.lock()
            .values()
            .any(|one| one.habit.drifts().iter().any(|drift| drift.kind == kind))
    }
}

/// How old a department's data may be: as old as an answer that is used again, and a day for the night in which it is made.
fn promised_days(profile: &DepartmentProfile) -> i64 {
    match profile.freshness_ms {
        // Nothing was promised.
        0 => i64::MAX,
        promised => i64::try_from(promised / DAY_MS).unwrap_or(i64::MAX).saturating_add(1),
    }
}

impl Broker {
    /// How a department drifts, and who accepted its last drift.
    pub fn drifts_of(&self, department: &DepartmentId) -> (Vec<Drift>, Option<AcceptedDrift>) {
        let followed = self.core().drifts.lock();
        let one = followed.get(department);
        let drifts = one.map(|one| one.habit.drifts().to_vec()).unwrap_or_default();
        (drifts, one.and_then(|one| one.accepted.clone()))
    }

    /// Whether any department drifts in a way.
    pub(crate) fn any_drift(&self, kind: DriftKind) -> bool {
        self.core().drifts.any(kind)
    }

    /// Takes what a department says now as usual. To be kept at once by whoever keeps the counts. False where it does not drift.
    ///
    /// Errors: no reason, one that is too long or of several lines, one that holds an ID number.
    pub fn accept_drift(&self, department: &DepartmentId, reason: &str, by: &str) -> Result<bool, BrokerError> {
        let reason = reason.trim();
        let mut errors = label("reason", reason);
        if reason.is_empty() {
            errors.push(FieldError::new("reason", "REQUIRED", "say why, in one line"));
        }
        if !errors.is_empty() {
            return Err(BrokerError::Invalid(errors));
        }
        let at_ms = self.core().clock.now_ms();
        let mut followed = self.core().drifts.lock();
        let drifting = followed
            .get_mut(department)
            .filter(|one| !one.habit.drifts().is_empty());
        let Some(one) = drifting else { return Ok(false) };
        one.habit.accept();
        one.accepted = Some(AcceptedDrift {
            reason: reason.to_owned(),
            by: by.to_owned(),
            at_ms,
        });
        self.core().drifts.changed(&followed);
        Ok(true)
    }

    /// The counts, to be kept over a restart.
    pub fn drift_counts(&self) -> Vec<u8> {
        let departments = self.core().drifts.lock().clone();
        let kept = Kept {
            version: VERSION,
            departments,
        };
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// Goes on with counts that were kept. False where they cannot be read: then counting begins anew.
    pub fn set_drift_counts(&self, bytes: &[u8]) -> bool {
        let read = serde_json::from_slice::<Kept>(bytes).ok();
        let Some(kept) = read.filter(|kept| kept.version == VERSION) else {
            return false;
        };
        let drifts = &self.core().drifts;
        let mut followed = drifts.lock();
        *followed = kept.departments;
        drifts.changed(&followed);
        true
    }
}
