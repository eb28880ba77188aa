//! Departments, counters and evidence in JSON.
//! Leaves verifications to `json.rs`.

use hedui_proto::{audit, operations};
use serde::Serialize;

use super::super::values;
use super::word;

/// A department.
#[derive(Debug, Serialize)]
pub struct Department {
    id: String,
    name_zh: String,
    name_en: String,
    verifies_zh: String,
    verifies_en: String,
    record_types: Vec<String>,
    connector: String,
    deadline_ms: u32,
    freshness_ms: u64,
    /// `ANSWERING`, `FAILING`, `BREAKER_OPEN`, `UNKNOWN`.
    health: String,
    asked: u64,
    answered: u64,
    failed: u64,
    last_answer: Option<String>,
    checks: Vec<String>,
}

/// The counters.
#[derive(Debug, Serialize)]
pub struct Metrics {
    verifications: u64,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
struct Step {
    name: String,
    count: u64,
    total_ns: u64,
}

/// The evidence of a verification.
#[derive(Debug, Serialize)]
pub struct Case {
    name: String,
    leaves: Vec<Leaf>,
}

#[derive(Debug, Serialize)]
struct Leaf {
    kind: String,
    evidence: String,
    district: String,
    department: String,
    purpose: String,
    asked_at: Option<String>,
    answered_at: Option<String>,
    outcome: String,
    /// Hexadecimal, as the two below.
    ciphertext_digest: String,
    commitment: String,
    authorization: String,
    actor: String,
    rests_on: Vec<String>,
    segment: u64,
    offset: u64,
    /// The opened record: text where it is UTF-8, else hexadecimal; `null` where it was not asked for.
    record: Option<String>,
    intact: Option<bool>,
}

/// The departments.
pub fn departments(departments: &[operations::Department]) -> Vec<Department> {
    departments.iter().map(department).collect()
}

fn department(d: &operations::Department) -> Department {
    Department {
        id: d.id.clone(),
        name_zh: d.name_zh.clone(),
        name_en: d.name_en.clone(),
        verifies_zh: d.verifies_zh.clone(),
        verifies_en: d.verifies_en.clone(),
        record_types: d.record_types.clone(),
        connector: d.connector.clone(),
        deadline_ms: d.deadline_ms,
        freshness_ms: d.freshness_ms,
        health: word(d.health().as_str_name(), "DEPARTMENT_HEALTH_"),
        asked: d.asked,
        answered: d.answered,
        failed: d.failed,
        last_answer: d.last_answer.as_ref().map(values::rfc3339),
        checks: d.checks.clone(),
    }
}

/// The counters.
pub fn metrics(m: &operations::GetMetricsResponse) -> Metrics {
    let step = |s: &operations::Step| Step {
        name: s.name.clone(),
        count: s.count,
        total_ns: s.total_ns,
    };
    Metrics {
        verifications: m.verifications,
        steps: m.steps.iter().map(step).collect(),
    }
}

/// The evidence of a verification.
pub fn case(case: &audit::GetCaseResponse) -> Case {
    Case {
        name: case.name.clone(),
        leaves: case.leaves.iter().map(leaf).collect(),
    }
}

fn leaf(l: &audit::Leaf) -> Leaf {
    let record = || std::str::from_utf8(&l.record).map_or_else(|_| hex(&l.record), str::to_owned);
    Leaf {
        kind: l.kind.clone(),
        evidence: l.evidence.clone(),
        district: l.district.clone(),
        department: l.department.clone(),
        purpose: l.purpose.clone(),
        asked_at: l.asked_at.as_ref().map(values::rfc3339),
        answered_at: l.answered_at.as_ref().map(values::rfc3339),
        outcome: l.outcome.clone(),
        ciphertext_digest: hex(&l.ciphertext_digest),
        commitment: hex(&l.commitment),
        authorization: hex(&l.authorization),
        actor: l.actor.clone(),
        rests_on: l.rests_on.clone(),
        segment: l.segment,
        offset: l.offset,
        record: (!l.record.is_empty()).then(record),
        intact: l.intact,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
