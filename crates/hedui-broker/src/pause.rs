//! Pauses: departments that are not asked for a while because somebody said so, and why.
//! Leaves keeping them over a restart to whoever starts the broker.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hedui_core::{DepartmentId, FieldError};
use serde::{Deserialize, Serialize};

use crate::prepare::label;

/// Why a department is not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// For whoever wonders; no personal data.
    pub reason: String,
    /// Who paused it.
    pub by: String,
    /// Since when, milliseconds since 1970.
    pub since_ms: i64,
}

impl Pause {
    /// A pause whose reason everybody may read.
    ///
    /// Errors: no reason, one that is too long or of several lines, one that holds an ID number.
    pub fn new(reason: &str, by: String, since_ms: i64) -> Result<Pause, Vec<FieldError>> {
        let reason = reason.trim();
        let mut errors = label("reason", reason);
        if reason.is_empty() {
            errors.push(FieldError::new("reason", "REQUIRED", "say why, in one line"));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Pause {
            reason: reason.to_owned(),
            by,
            since_ms,
        })
    }
}

/// The pauses in force. A department need not be in the catalogue: one that comes back with the next is still paused.
#[derive(Debug, Default)]
pub(crate) struct Pauses(RwLock<BTreeMap<DepartmentId, Pause>>);

impl Pauses {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<DepartmentId, Pause>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<DepartmentId, Pause>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a department is paused.
    pub fn holds(&self, department: &DepartmentId) -> bool {
        self.read().contains_key(department)
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<DepartmentId, Pause> {
        self.read().clone()
    }

    /// These and no others.
    pub fn set(&self, pauses: BTreeMap<DepartmentId, Pause>) {
        *self.write() = pauses;
    }
}
