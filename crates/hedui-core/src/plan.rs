//! Plans: which department is asked about which member, for which purpose. No `Scope`, no `Plan`.
//! Leaves the asking to the broker.

use serde::{Deserialize, Serialize};

use crate::names::DepartmentId;
use crate::record::RecordType;

/// A department as planning and consolidation need to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepartmentProfile {
    /// Id.
    pub id: DepartmentId,
    /// Name in Chinese and English.
    pub name: crate::verdict::Text,
    /// Types of record that it holds.
    pub record_types: Vec<RecordType>,
    /// Time that one household may take, in milliseconds.
    pub deadline_ms: u32,
    /// For how long an answer may be used again, in milliseconds; 0 for never.
    pub freshness_ms: u64,
    /// Whether it answers only if a threshold is passed.
    pub threshold_only: bool,
    /// Keys under one of which its answers must be signed; none where they need not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_keys: Vec<PinnedKey>,
}

/// A department's public key that an operator trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedKey {
    /// What answers call it.
    pub id: String,
    /// Ed25519 public key, 64 lower-case hexadecimal digits.
    pub public_key: String,
}

use crate::authorization::Scope;

#[cfg(test)]
mod tests;

/// What is done about one member at one department.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Asked.
    Ask,
    /// Not asked: the member did not authorize it.
    NotAuthorized,
    /// Not asked: the purpose does not need it.
    NotAsked,
}

/// One department in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedDepartment {
    /// Position of the department in the catalogue that was planned with.
    pub index: usize,
    /// One intent per member, at the index of the ordinal.
    pub intents: Vec<Intent>,
}

impl PlannedDepartment {
    /// Whether anything is asked there.
    pub fn is_asked(&self) -> bool {
        self.intents.contains(&Intent::Ask)
    }
}

/// Who is asked about whom, for what. Made of a `Scope` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One entry per department of the catalogue, in its order.
    pub departments: Vec<PlannedDepartment>,
    /// Types of record that the programmes need, sorted.
    pub record_types: Vec<RecordType>,
}

impl Plan {
    /// Plans what a scope allows and the programmes need.
    pub fn new(scope: &Scope, members: usize, catalogue: &[DepartmentProfile], needs: &[RecordType]) -> Plan {
        let mut record_types = needs.to_vec();
        record_types.sort_unstable();
        record_types.dedup();
        let departments = catalogue
            .iter()
            .enumerate()
            .map(|(index, department)| {
                let needed = department.record_types.iter().any(|t| record_types.contains(t));
                let intents = (0..u32::try_from(members).unwrap_or(u32::MAX))
                    .map(|ordinal| match (needed, scope.allows(ordinal, &department.id)) {
                        (false, _) => Intent::NotAsked,
                        (true, false) => Intent::NotAuthorized,
                        (true, true) => Intent::Ask,
                    })
                    .collect();
                PlannedDepartment { index, intents }
            })
            .collect();
        Plan {
            departments,
            record_types,
        }
    }
}
