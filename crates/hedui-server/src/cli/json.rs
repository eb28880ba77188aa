//! The JSON form of results: the protocol's field names, enum values without their prefix, money as yuan in decimal strings, times in
//! UTC. Keys are stable: they are only ever added. Leaves the report to `json/report.rs` and the rest to `json/services.rs`.

use hedui_proto::verification as wire;
use serde::Serialize;

use super::values;

mod audit;
mod reevaluation;
mod report;
mod retention;
mod services;
mod simulation;
mod verdict;

pub use audit::{access, case, checked, logs, misuse, proofs, sample};
pub use reevaluation::{job, reevaluations};
pub use retention::{expiries, expiry, retention};
pub use services::{changes, departments, metrics};
pub use simulation::simulation;

/// A verification.
#[derive(Debug, Serialize)]
pub struct Verification {
    name: String,
    /// `RUNNING`, `SUCCEEDED`, `CANCELLED`, `FAILED`, `FROZEN`, `SHREDDED`.
    state: String,
    district_code: String,
    programmes: Vec<String>,
    create_time: Option<String>,
    end_time: Option<String>,
    as_of: Option<String>,
    verdicts: Vec<verdict::Verdict>,
    departments_asked: u32,
    departments_answered: u32,
    /// Departments that answer later, and until when the last of them.
    departments_pending: u32,
    pending_until: Option<String>,
    /// Only in the full view of an ended verification.
    report: Option<report::Report>,
    failure_reason: String,
    rechecks: String,
    /// The verification that this one looks at again as part of a job, and the job's id.
    reevaluates: String,
    reevaluation: String,
    /// With what has just ended.
    inclusion_promise: String,
    /// `null` while it runs, and of what has just ended.
    retention: Option<retention::Retention>,
}

/// A page of verifications.
#[derive(Debug, Serialize)]
pub struct List {
    verifications: Vec<Verification>,
    /// Empty on the last page.
    next_page_token: String,
}

/// A recheck.
#[derive(Debug, Serialize)]
pub struct Recheck {
    differences: Vec<Difference>,
    verification: Verification,
}

#[derive(Debug, Serialize)]
struct Difference {
    subject: String,
    before: String,
    after: String,
}

/// A mistake in a file that people write: a policy pack, a manifest.
pub fn mistake(mistake: &hedui_toml::Mistake) -> serde_json::Value {
    serde_json::json!({
        "file": mistake.file,
        "line": mistake.line,
        "column": mistake.column,
        "reason": mistake.reason,
        "message": mistake.message,
        "hint": mistake.hint,
    })
}

/// A verification in any view.
pub fn verification(v: &wire::Verification) -> Verification {
    Verification {
        name: v.name.clone(),
        state: word(v.state().as_str_name(), "VERIFICATION_STATE_"),
        district_code: v.district_code.clone(),
        programmes: v.programmes.clone(),
        create_time: v.create_time.as_ref().map(values::rfc3339),
        end_time: v.end_time.as_ref().map(values::rfc3339),
        as_of: v.as_of.as_ref().map(values::date),
        verdicts: v.verdicts.iter().map(verdict::verdict).collect(),
        departments_asked: v.departments_asked,
        departments_answered: v.departments_answered,
        departments_pending: v.departments_pending,
        pending_until: v.pending_until.as_ref().map(values::rfc3339),
        report: v.report.as_ref().map(report::report),
        failure_reason: v.failure_reason.clone(),
        rechecks: v.rechecks.clone(),
        reevaluates: v.reevaluates.clone(),
        reevaluation: v.reevaluation.clone(),
        inclusion_promise: v.inclusion_promise.clone(),
        retention: v.retention.as_ref().map(retention::retention),
    }
}

/// Verifications with the token of what follows.
pub fn list(verifications: &[wire::Verification], next_page_token: &str) -> List {
    List {
        verifications: verifications.iter().map(verification).collect(),
        next_page_token: next_page_token.to_owned(),
    }
}

/// A recheck with what is different.
pub fn recheck(v: &wire::Verification, differences: &[wire::Difference]) -> Recheck {
    let difference = |d: &wire::Difference| Difference {
        subject: d.subject.clone(),
        before: d.before.clone(),
        after: d.after.clone(),
    };
    Recheck {
        differences: differences.iter().map(difference).collect(),
        verification: verification(v),
    }
}

/// An enum value without the name of its enum: `FOUND`.
pub(super) fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}
