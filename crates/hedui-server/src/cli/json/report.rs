//! The report in JSON.
//! Leaves verdicts to `verdict.rs`.

use hedui_proto::verification as wire;
use serde::Serialize;

use super::super::values;
use super::verdict::{Verdict, verdict};
use super::word;

/// The report.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    members: Vec<Member>,
    /// `URBAN`, `RURAL`.
    residence: String,
    departments: Vec<Department>,
    figures: Vec<Figure>,
    findings: Vec<Finding>,
    complete: bool,
    warnings: Vec<String>,
    /// Other programmes of the district for which the household qualifies, or may.
    also: Vec<Verdict>,
    circumstances: Vec<Circumstance>,
}

#[derive(Debug, Serialize)]
struct Member {
    ordinal: u32,
    name: String,
    obfuscated_id_number: String,
    relation: String,
    age: u32,
    circumstances: Vec<Circumstance>,
}

/// What a paper states.
#[derive(Debug, Serialize)]
struct Circumstance {
    word: String,
    since: Option<String>,
    until: Option<String>,
    /// Yuan.
    amount: Option<String>,
    number: Option<u32>,
    document: String,
}

#[derive(Debug, Serialize)]
struct Department {
    department: String,
    name_zh: String,
    name_en: String,
    subjects: Vec<Subject>,
    asked_at: Option<String>,
    answered_at: Option<String>,
    /// Milliseconds; `null` for kept answers.
    elapsed_ms: Option<u64>,
    kept: bool,
    evidence: String,
    arrival: u32,
}

#[derive(Debug, Serialize)]
struct Subject {
    ordinal: u32,
    /// `FOUND`, `NO_RECORD`, `UNREACHABLE`, ...
    state: String,
    /// `TIMEOUT`, ...; `null` unless unreachable.
    cause: Option<String>,
    records: u32,
    data_on: Option<String>,
    failure_reason: String,
    failure_message: String,
    notes: Vec<String>,
    /// Of `PENDING`: until when the answer is promised.
    due_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Figure {
    name: String,
    /// `yuan`, `pieces`, `persons`, `months`.
    unit: String,
    /// Decimal string; `null` where unbounded.
    lo: Option<String>,
    hi: Option<String>,
    missing: Vec<String>,
    open: Vec<String>,
    /// Whether an answer that it rests on was kept from an earlier verification.
    kept: bool,
    /// When the oldest of these answers was given.
    answered_at: Option<String>,
    /// Over how many months before the date; 0: at the date.
    months: u32,
    parts: Vec<Part>,
}

/// A record behind a figure.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    subject: u32,
    department: String,
    record_type: String,
    reference: String,
    label: String,
    /// Decimal string in the unit of the figure; in a finding or a step, as the protocol has it.
    amount: String,
    treatment: String,
    because: String,
}

#[derive(Debug, Serialize)]
struct Finding {
    code: String,
    /// `NOTE`, `ATTENTION`, `OPENS_VERDICT`.
    weight: String,
    subject: Option<u32>,
    departments: Vec<String>,
    message_zh: String,
    message_en: String,
    parts: Vec<Part>,
}

/// A report.
pub(super) fn report(r: &wire::Report) -> Report {
    Report {
        members: r.members.iter().map(member).collect(),
        residence: word(r.residence().as_str_name(), "RESIDENCE_"),
        departments: r.departments.iter().map(department).collect(),
        figures: r.figures.iter().map(figure).collect(),
        findings: r.findings.iter().map(finding).collect(),
        complete: r.complete,
        warnings: r.warnings.clone(),
        also: r.also.iter().map(verdict).collect(),
        circumstances: r.circumstances.iter().map(circumstance).collect(),
    }
}

fn circumstance(c: &wire::Circumstance) -> Circumstance {
    Circumstance {
        word: c.word.clone(),
        since: c.since.as_ref().map(values::date),
        until: c.until.as_ref().map(values::date),
        amount: c.amount.as_ref().map(values::yuan),
        number: c.number,
        document: c.document.clone(),
    }
}

fn member(m: &wire::ReportMember) -> Member {
    Member {
        ordinal: m.ordinal,
        name: m.name.clone(),
        obfuscated_id_number: m.obfuscated_id_number.clone(),
        relation: word(m.relation().as_str_name(), "RELATION_"),
        age: m.age,
        circumstances: m.circumstances.iter().map(circumstance).collect(),
    }
}

fn department(d: &wire::DepartmentResult) -> Department {
    let elapsed = values::millis_between(d.asked_at.as_ref(), d.answered_at.as_ref());
    Department {
        department: d.department.clone(),
        name_zh: d.name_zh.clone(),
        name_en: d.name_en.clone(),
        subjects: d.subjects.iter().map(subject).collect(),
        asked_at: d.asked_at.as_ref().map(values::rfc3339),
        answered_at: d.answered_at.as_ref().map(values::rfc3339),
        elapsed_ms: elapsed.filter(|_| !d.kept),
        kept: d.kept,
        evidence: d.evidence.clone(),
        arrival: d.arrival,
    }
}

fn subject(s: &wire::SubjectResult) -> Subject {
    let unreachable = s.state() == wire::AnswerState::Unreachable;
    Subject {
        ordinal: s.ordinal,
        state: word(s.state().as_str_name(), "ANSWER_STATE_"),
        cause: unreachable.then(|| word(s.cause().as_str_name(), "UNREACHABLE_CAUSE_")),
        records: s.records,
        data_on: s.data_on.as_ref().map(values::date),
        failure_reason: s.failure_reason.clone(),
        failure_message: s.failure_message.clone(),
        notes: s.notes.clone(),
        due_at: s.due_at.as_ref().map(values::rfc3339),
    }
}

fn figure(f: &wire::NamedFigure) -> Figure {
    let bound = |bound: Option<i64>| bound.map(|bound| amount(bound, &f.unit));
    Figure {
        name: f.name.clone(),
        unit: if f.unit == "fen" {
            "yuan".to_owned()
        } else {
            f.unit.clone()
        },
        lo: bound(f.bounds.and_then(|bounds| bounds.lo)),
        hi: bound(f.bounds.and_then(|bounds| bounds.hi)),
        missing: f.missing.clone(),
        open: f.open.clone(),
        kept: f.kept,
        answered_at: f.answered_at.as_ref().map(values::rfc3339),
        months: f.months,
        parts: f.parts.iter().map(|p| part(p, &f.unit)).collect(),
    }
}

/// A record; `unit` is that of its figure, empty where unknown.
pub(super) fn part(p: &wire::Part, unit: &str) -> Part {
    Part {
        subject: p.subject,
        department: p.department.clone(),
        record_type: p.record_type.clone(),
        reference: p.reference.clone(),
        label: p.label.clone(),
        amount: amount(p.amount, unit),
        treatment: p.treatment.clone(),
        because: p.because.clone(),
    }
}

fn amount(amount: i64, unit: &str) -> String {
    if unit == "fen" {
        values::yuan_of_fen(amount)
    } else {
        amount.to_string()
    }
}

fn finding(f: &wire::Finding) -> Finding {
    Finding {
        code: f.code.clone(),
        weight: word(f.weight().as_str_name(), "FINDING_WEIGHT_"),
        subject: f.subject,
        departments: f.departments.clone(),
        message_zh: f.message_zh.clone(),
        message_en: f.message_en.clone(),
        parts: f.parts.iter().map(|p| part(p, "")).collect(),
    }
}
