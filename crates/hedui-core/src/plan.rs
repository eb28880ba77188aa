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
}
