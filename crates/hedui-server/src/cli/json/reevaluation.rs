//! The JSON form of re-evaluations: jobs, and the households of one.
//! Leaves what they mean to `proto/hedui/reevaluation/v1`.

use std::collections::BTreeMap;

use hedui_proto::reevaluation as wire;
use serde::Serialize;

use super::verdict::{Verdict, verdict};
use super::word;
use crate::cli::values;

/// A job.
#[derive(Debug, Serialize)]
pub struct Job {
    /// Empty of one that was only counted.
    id: String,
    district_code: String,
    programme: String,
    /// `NEW_STANDARD`, `ANNUAL_REVIEW`.
    kind: String,
    rules_on: Option<String>,
    rate_per_second: u32,
    requested_by: String,
    requested_at: Option<String>,
    /// `RUNNING`, `STOPPED`, `CANCELLED`, `DONE`, `TRIED`.
    state: String,
    ended_at: Option<String>,
    total: u64,
    counts: Counts,
    /// Households by early warning.
    warnings: BTreeMap<String, u64>,
    /// Whom it waits for.
    awaiting: Vec<Awaited>,
    with_silence: bool,
    /// `null` where they were not asked for.
    households: Option<Vec<Household>>,
}

#[derive(Debug, Serialize)]
struct Awaited {
    department: String,
    /// `DEPARTMENT_PAUSED`, `OUTSIDE_HOURS`, `BREAKER_OPEN`.
    reason: String,
    until: Option<String>,
}

#[derive(Debug, Serialize)]
struct Counts {
    households: u64,
    judged: u64,
    needs_signature: u64,
    closed: u64,
    without_verdict: u64,
    failed: u64,
    changed: u64,
    newly_qualify: u64,
    newly_exceed: u64,
    inconclusive: u64,
    warned: u64,
}

#[derive(Debug, Serialize)]
struct Household {
    before_name: String,
    name: String,
    /// `JUDGED`, or why not.
    result: String,
    reasons: Vec<String>,
    before: Option<Verdict>,
    after: Option<Verdict>,
    findings: Vec<Finding>,
    to_look_at: bool,
}

#[derive(Debug, Serialize)]
struct Finding {
    code: String,
    subject: Option<u32>,
    departments: Vec<String>,
    message_zh: String,
    message_en: String,
}

/// Jobs.
#[derive(Debug, Serialize)]
pub struct Jobs {
    reevaluations: Vec<Job>,
}

/// Jobs, without their households.
pub fn reevaluations(found: &[wire::Reevaluation]) -> Jobs {
    Jobs {
        reevaluations: found.iter().map(|found| job(found, None)).collect(),
    }
}

/// A job.
pub fn job(found: &wire::Reevaluation, households: Option<&[wire::ReevaluatedHousehold]>) -> Job {
    let counts = found.counts.unwrap_or_default();
    Job {
        id: found.id.clone(),
        district_code: found.district_code.clone(),
        programme: found.programme.clone(),
        kind: word(found.kind().as_str_name(), "REEVALUATION_KIND_"),
        rules_on: found.rules_on.as_ref().map(values::date),
        rate_per_second: found.rate_per_second,
        requested_by: found.requested_by.clone(),
        requested_at: found.requested_at.as_ref().map(values::rfc3339),
        state: word(found.state().as_str_name(), "REEVALUATION_STATE_"),
        ended_at: found.ended_at.as_ref().map(values::rfc3339),
        total: found.total,
        counts: Counts {
            households: counts.households,
            judged: counts.judged,
            needs_signature: counts.needs_signature,
            closed: counts.closed,
            without_verdict: counts.without_verdict,
            failed: counts.failed,
            changed: counts.changed,
            newly_qualify: counts.newly_qualify,
            newly_exceed: counts.newly_exceed,
            inconclusive: counts.inconclusive,
            warned: counts.warned,
        },
        warnings: found.warnings.iter().map(|w| (w.code.clone(), w.households)).collect(),
        awaiting: found
            .awaiting
            .iter()
            .map(|awaited| Awaited {
                department: awaited.department.clone(),
                reason: awaited.reason.clone(),
                until: awaited.until.as_ref().map(values::rfc3339),
            })
            .collect(),
        with_silence: found.with_silence,
        households: households.map(|households| households.iter().map(household).collect()),
    }
}

fn household(found: &wire::ReevaluatedHousehold) -> Household {
    Household {
        before_name: found.before_name.clone(),
        name: found.name.clone(),
        result: found.result.clone(),
        reasons: found.reasons.clone(),
        before: found.before.as_ref().map(verdict),
        after: found.after.as_ref().map(verdict),
        findings: found.findings.iter().map(finding).collect(),
        to_look_at: found.to_look_at,
    }
}

fn finding(found: &hedui_proto::verification::Finding) -> Finding {
    Finding {
        code: found.code.clone(),
        subject: found.subject,
        departments: found.departments.clone(),
        message_zh: found.message_zh.clone(),
        message_en: found.message_en.clone(),
    }
}
