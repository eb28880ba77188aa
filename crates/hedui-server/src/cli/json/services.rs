//! Departments and counters in JSON.
//! Leaves verifications to `json.rs`.

use hedui_proto::operations;
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
    /// `ANSWERING`, `FAILING`, `BREAKER_OPEN`, `PAUSED`, `UNKNOWN`.
    health: String,
    asked: u64,
    answered: u64,
    failed: u64,
    last_answer: Option<String>,
    checks: Vec<String>,
    pause: Option<Pause>,
    drifts: Vec<Drift>,
}

/// How a department does not answer as it used to: persons of a thousand, or fen in the middle.
#[derive(Debug, Serialize)]
struct Drift {
    kind: String,
    field: String,
    before: i64,
    now: i64,
    since: Option<String>,
}

/// Why a department is not asked.
#[derive(Debug, Serialize)]
struct Pause {
    reason: String,
    by: String,
    since: Option<String>,
}

/// What a reload changed, or would.
#[derive(Debug, Serialize)]
pub struct Changes {
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
    unchanged: u32,
    dry_run: bool,
}

/// The changes of a reload.
pub fn changes(c: &operations::ReloadCatalogueResponse, dry_run: bool) -> Changes {
    Changes {
        added: c.added.clone(),
        removed: c.removed.clone(),
        changed: c.changed.clone(),
        unchanged: c.unchanged,
        dry_run,
    }
}

/// The counters.
#[derive(Debug, Serialize)]
pub struct Metrics {
    verifications: u64,
    steps: Vec<Step>,
    gauges: Vec<Gauge>,
}

#[derive(Debug, Serialize)]
struct Gauge {
    name: String,
    reason: String,
    value: u32,
}

#[derive(Debug, Serialize)]
struct Step {
    name: String,
    count: u64,
    total_ns: u64,
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
        pause: d.pause.as_ref().map(|pause| Pause {
            reason: pause.reason.clone(),
            by: pause.by.clone(),
            since: pause.since.as_ref().map(values::rfc3339),
        }),
        drifts: d.drifts.iter().map(drift).collect(),
    }
}

fn drift(d: &operations::Drift) -> Drift {
    Drift {
        kind: d.kind.clone(),
        field: d.field.clone(),
        before: d.before,
        now: d.now,
        since: d.since.as_ref().map(values::rfc3339),
    }
}

/// The counters.
pub fn metrics(m: &operations::GetMetricsResponse) -> Metrics {
    let step = |s: &operations::Step| Step {
        name: s.name.clone(),
        count: s.count,
        total_ns: s.total_ns,
    };
    let gauge = |g: &operations::Gauge| Gauge {
        name: g.name.clone(),
        reason: g.reason.clone(),
        value: g.value,
    };
    Metrics {
        verifications: m.verifications,
        steps: m.steps.iter().map(step).collect(),
        gauges: m.gauges.iter().map(gauge).collect(),
    }
}
