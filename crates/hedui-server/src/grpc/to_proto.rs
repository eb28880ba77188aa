//! From the domain to the wire: verifications, reports, verdicts, events.
//! Leaves requests to `from_proto`; nothing here decides anything.

use hedui_broker::{Event, EventKind, State, Verification};
use hedui_core::bounds::Bounds;
use hedui_core::circumstance::StatedCircumstance;
use hedui_core::finding::{Finding, Weight};
use hedui_core::household::{Relation, Residence};
use hedui_core::part::{Part, Treatment};
use hedui_core::report::{DepartmentLine, NamedFigure, Report, ReportMember, SubjectLine};
use hedui_core::verdict::{Outcome, Per, TestResult, TraceStep, Truth, Verdict};
use hedui_core::{Date, DepartmentId, PartialDate, Source};
use hedui_proto::gtype;
use hedui_proto::verification as pb;

use smol_str::SmolStr;

use crate::grpc::caller::Known;
use crate::grpc::operations::DepartmentNames;
use crate::grpc::retention;

/// How much of a verification is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// State, verdicts without trace, references.
    Basic,
    /// With the whole report.
    Full,
}

/// A moment on the wire.
pub fn timestamp(ms: i64) -> prost_types::Timestamp {
    let nanos = i32::try_from(ms.rem_euclid(1_000) * 1_000_000).unwrap_or(0);
    prost_types::Timestamp {
        seconds: ms.div_euclid(1_000),
        nanos,
    }
}

/// An amount in fen on the wire.
pub fn money(fen: i64) -> gtype::Money {
    let nanos = i32::try_from(fen % 100).unwrap_or(0) * 10_000_000;
    gtype::Money {
        currency_code: "CNY".to_owned(),
        units: fen / 100,
        nanos,
    }
}

/// A date on the wire.
pub fn date(date: Date) -> gtype::Date {
    gtype::Date {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

fn partial(date: PartialDate) -> gtype::Date {
    gtype::Date {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

/// Resource name of a verification.
pub fn name(case: impl std::fmt::Display) -> String {
    format!("verifications/{case}")
}

/// A verification, for a caller: how it is kept is told whole to those only who may ask for it.
pub fn verification_for(caller: &Known, v: &Verification, view: View, names: &DepartmentNames) -> pb::Verification {
    let mut told = verification(v, view, names);
    if retention::SEEING.iter().any(|role| caller.has(*role)) {
        let standing = v.retention.as_ref();
        told.retention = standing.map(|standing| retention::standing(v.case, standing));
    }
    told
}

/// A verification as anybody who may read it sees it.
fn verification(v: &Verification, view: View, names: &DepartmentNames) -> pb::Verification {
    let state = match v.state {
        State::Running => pb::VerificationState::Running,
        State::Succeeded => pb::VerificationState::Succeeded,
        State::Cancelled => pb::VerificationState::Cancelled,
        State::Failed => pb::VerificationState::Failed,
        State::Frozen => pb::VerificationState::Frozen,
        State::Shredded => pb::VerificationState::Shredded,
    };
    let report = v.report.as_ref().filter(|_| view == View::Full);
    let report = report.and_then(|kept| kept.open().ok());
    // Without the report its verdicts in brief.
    let verdicts = report.map_or(&*v.verdicts, |r| &r.verdicts);
    pb::Verification {
        name: name(v.case),
        state: state.into(),
        district_code: v.district_code.clone(),
        programmes: v.programmes.clone(),
        create_time: Some(timestamp(v.created_at_ms)),
        end_time: v.ended_at_ms.map(timestamp),
        as_of: Some(date(v.as_of)),
        verdicts: verdicts.iter().map(|x| verdict(x, report)).collect(),
        departments_asked: v.asked,
        departments_answered: v.answered,
        departments_pending: v.promised.departments,
        pending_until: v.promised.until_ms.map(timestamp),
        report: report.map(|r| self::report(r, names)),
        failure_reason: v.failure.clone().unwrap_or_default(),
        rechecks: v.rechecks.as_ref().map(name).unwrap_or_default(),
        reevaluates: v.reevaluates.as_ref().map(|r| name(&r.of)).unwrap_or_default(),
        reevaluation: v.reevaluates.as_ref().map(|r| r.job.clone()).unwrap_or_default(),
        inclusion_promise: v.promise.as_deref().unwrap_or_default().to_owned(),
        retention: v
            .retention
            .as_ref()
            .map(|standing| retention::outline(v.case, standing)),
    }
}

fn report(r: &Report, names: &DepartmentNames) -> pb::Report {
    let residence = match r.residence {
        Residence::Urban => pb::Residence::Urban,
        Residence::Rural => pb::Residence::Rural,
    };
    pb::Report {
        members: r.members.iter().map(member).collect(),
        residence: residence.into(),
        departments: r.departments.iter().map(|d| department(d, names)).collect(),
        figures: r.figures.iter().map(|f| figure(f, r)).collect(),
        findings: r.findings.iter().map(|f| finding(f, r)).collect(),
        complete: r.complete,
        warnings: r.warnings.clone(),
        also: r.also.iter().map(|v| verdict(v, None)).collect(),
        circumstances: r.circumstances.iter().map(circumstance).collect(),
    }
}

fn circumstance(c: &StatedCircumstance) -> pb::Circumstance {
    pb::Circumstance {
        word: c.word.word().to_owned(),
        since: c.since.map(date),
        until: c.until.map(date),
        amount: c.amount.map(|amount| money(amount.0)),
        number: c.number,
        document: c.document.clone(),
    }
}

fn member(m: &ReportMember) -> pb::ReportMember {
    let relation = match m.relation {
        Relation::Applicant => pb::Relation::Applicant,
        Relation::Spouse => pb::Relation::Spouse,
        Relation::Child => pb::Relation::Child,
        Relation::Parent => pb::Relation::Parent,
        Relation::Grandparent => pb::Relation::Grandparent,
        Relation::Grandchild => pb::Relation::Grandchild,
        Relation::Sibling => pb::Relation::Sibling,
        Relation::Other => pb::Relation::Other,
    };
    pb::ReportMember {
        ordinal: m.ordinal,
        name: m.name.clone(),
        obfuscated_id_number: m.id_masked.clone(),
        relation: relation.into(),
        age: m.age,
        circumstances: m.circumstances.iter().map(circumstance).collect(),
    }
}

/// One department's line.
pub fn department(d: &DepartmentLine, names: &DepartmentNames) -> pb::DepartmentResult {
    let (zh, en) = names.of(&d.department);
    let moment = |ms: i64| (ms != 0).then(|| timestamp(ms));
    pb::DepartmentResult {
        department: d.department.to_string(),
        name_zh: zh,
        name_en: en,
        subjects: d.subjects.iter().map(subject).collect(),
        asked_at: moment(d.asked_at_ms),
        answered_at: moment(d.answered_at_ms),
        kept: d.kept,
        evidence: d.evidence.map(|id| id.to_string()).unwrap_or_default(),
        arrival: d.arrival,
    }
}

fn subject(s: &SubjectLine) -> pb::SubjectResult {
    use pb::{AnswerState as A, UnreachableCause as C};
    let (state, cause) = match s.state.as_str() {
        "FOUND" => (A::Found, C::Unspecified),
        "NO_RECORD" => (A::NoRecord, C::Unspecified),
        "OVER_LIMIT" => (A::OverLimit, C::Unspecified),
        "WITHIN_LIMIT" => (A::WithinLimit, C::Unspecified),
        "IDENTITY_MISMATCH" => (A::IdentityMismatch, C::Unspecified),
        "NOT_AUTHORIZED" => (A::NotAuthorized, C::Unspecified),
        "NOT_ASKED" => (A::NotAsked, C::Unspecified),
        "PENDING" => (A::Pending, C::Unspecified),
        "UNREACHABLE:timeout" => (A::Unreachable, C::Timeout),
        "UNREACHABLE:refused" => (A::Unreachable, C::Refused),
        "UNREACHABLE:breaker" => (A::Unreachable, C::Breaker),
        "UNREACHABLE:cancelled" => (A::Unreachable, C::Cancelled),
        _ => (A::Unreachable, C::Failed),
    };
    pb::SubjectResult {
        ordinal: s.ordinal,
        state: state.into(),
        cause: cause.into(),
        records: s.records,
        data_on: s.data_on.map(partial),
        failure_reason: s.failure.as_ref().map(|f| f.reason.clone()).unwrap_or_default(),
        failure_message: s.failure.as_ref().map(|f| f.message.clone()).unwrap_or_default(),
        notes: s.notes.clone(),
        due_at: s.due_at_ms.map(timestamp),
    }
}

fn bounds(b: Bounds) -> pb::Bounds {
    pb::Bounds { lo: b.lo, hi: b.hi }
}

fn ids(list: &[DepartmentId]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn texts(list: &[SmolStr]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn figure(n: &NamedFigure, r: &Report) -> pb::NamedFigure {
    pb::NamedFigure {
        name: n.name.to_string(),
        unit: n.unit.to_string(),
        bounds: Some(bounds(n.figure.bounds)),
        missing: ids(&n.figure.missing),
        open: texts(&n.figure.open),
        parts: parts(&n.figure.parts, r),
        kept: answers(n, r).any(|line| line.kept),
        answered_at: answers(n, r).map(|line| line.answered_at_ms).min().map(timestamp),
        months: n.months(),
    }
}

/// What the departments said that a figure rests on: those of its records, or all that answered where there is none.
fn answers<'r>(n: &'r NamedFigure, r: &'r Report) -> impl Iterator<Item = &'r DepartmentLine> {
    let of_record = |part: &Part| r.source(part.source).and_then(|source| source.department.as_ref());
    let has_records = n.figure.parts.iter().any(|part| of_record(part).is_some());
    r.departments.iter().filter(move |line| match has_records {
        true => n
            .figure
            .parts
            .iter()
            .any(|part| of_record(part) == Some(&line.department)),
        false => line
            .subjects
            .iter()
            .any(|subject| ANSWERS.contains(&subject.state.as_str())),
    })
}

/// The states in which a department has said something.
const ANSWERS: [&str; 5] = ["FOUND", "NO_RECORD", "OVER_LIMIT", "WITHIN_LIMIT", "IDENTITY_MISMATCH"];

/// The parts of a report, each with what its source says of itself.
fn parts(parts: &[Part], r: &Report) -> Vec<pb::Part> {
    parts.iter().map(|p| part(p, r)).collect()
}

fn part(p: &Part, r: &Report) -> pb::Part {
    let department = |s: &Source| s.department.as_ref().map(ToString::to_string).unwrap_or_default();
    let counted = |id: u32| {
        r.source(id)
            .map(|s| format!("{} {}", department(s), s.reference))
            .unwrap_or_default()
    };
    let (treatment, because) = match p.treatment {
        Treatment::Counted => ("counted", String::new()),
        Treatment::Duplicate { of, by } => ("duplicate", format!("{} ({})", counted(of), by.text())),
        Treatment::Disregarded { rule } => ("disregarded", rule.text().to_owned()),
        Treatment::Declared => ("declared", String::new()),
        Treatment::Uncertain { why } => ("uncertain", why.text().to_owned()),
    };
    let source = r.source(p.source);
    pb::Part {
        subject: source.map_or(0, |s| s.subject),
        department: source.map(department).unwrap_or_default(),
        record_type: source
            .and_then(|s| s.record_type)
            .map(|t| t.word().to_owned())
            .unwrap_or_default(),
        reference: source.map(|s| s.reference.to_string()).unwrap_or_default(),
        label: source.map(|s| s.label_of(p).to_string()).unwrap_or_default(),
        amount: p.amount,
        treatment: treatment.to_owned(),
        because,
    }
}

fn finding(f: &Finding, r: &Report) -> pb::Finding {
    let weight = match f.weight {
        Weight::Note => pb::FindingWeight::Note,
        Weight::Attention => pb::FindingWeight::Attention,
        Weight::OpensVerdict => pb::FindingWeight::OpensVerdict,
    };
    pb::Finding {
        code: f.code.to_string(),
        weight: weight.into(),
        subject: f.subject,
        departments: ids(&f.departments),
        message_zh: f.message.zh.to_string(),
        message_en: f.message.en.to_string(),
        parts: parts(&f.parts, r),
    }
}

fn truth(t: Truth) -> pb::Truth {
    match t {
        Truth::Holds => pb::Truth::Holds,
        Truth::Fails => pb::Truth::Fails,
        Truth::Open => pb::Truth::Open,
    }
}

pub(super) fn verdict(v: &Verdict, report: Option<&Report>) -> pb::Verdict {
    let outcome = match v.outcome {
        Outcome::Qualifies => pb::Outcome::Qualifies,
        Outcome::Exceeds => pb::Outcome::Exceeds,
        Outcome::Inconclusive => pb::Outcome::Inconclusive,
    };
    let period = v
        .amount
        .as_ref()
        .map_or(pb::AmountPeriod::Unspecified, |a| match a.per {
            Per::Once => pb::AmountPeriod::Once,
            Per::Month => pb::AmountPeriod::Month,
            Per::Year => pb::AmountPeriod::Year,
        });
    let assumption = |t: &hedui_core::verdict::Text| pb::Assumption {
        zh: t.zh.to_string(),
        en: t.en.to_string(),
    };
    pb::Verdict {
        programme: v.programme.to_string(),
        title_zh: v.title.zh.to_string(),
        title_en: v.title.en.to_string(),
        pack: v.pack.id.to_string(),
        pack_version: v.pack.version.to_string(),
        pack_digest: v.pack.digest.to_string(),
        jurisdiction: v.jurisdiction.to_string(),
        as_of: Some(date(v.as_of)),
        outcome: outcome.into(),
        band: v.band.as_deref().unwrap_or_default().to_owned(),
        amount_least: v.amount.as_ref().map(|a| money(a.lo)),
        amount_most: v.amount.as_ref().and_then(|a| a.hi).map(money),
        amount_period: period.into(),
        tests: v.tests.iter().map(test).collect(),
        trace: report.map_or_else(Vec::new, |r| v.trace.iter().map(|s| step(s, r)).collect()),
        undecided_by: ids(&v.undecided_by),
        undecided_because: texts(&v.undecided_because),
        assumptions: v.assumptions.iter().map(assumption).collect(),
    }
}

fn test(t: &TestResult) -> pb::Test {
    pb::Test {
        name: t.name.to_string(),
        title_zh: t.title.zh.to_string(),
        title_en: t.title.en.to_string(),
        result: truth(t.result).into(),
        formula: t.formula.to_string(),
        numbers: t.numbers.to_string(),
        reference: t.reference.to_string(),
        assumption: t.assumption,
        missing: ids(&t.missing),
        open: texts(&t.open),
    }
}

fn step(s: &TraceStep, r: &Report) -> pb::TraceStep {
    pb::TraceStep {
        name: s.name.to_string(),
        title_zh: s.title.zh.to_string(),
        title_en: s.title.en.to_string(),
        subject: s.subject,
        formula: s.formula.to_string(),
        numbers: s.numbers.to_string(),
        value: s.value.to_string(),
        unit: s.unit.to_string(),
        reference: s.reference.to_string(),
        assumption: s.assumption,
        parts: parts(&s.parts, r),
        missing: ids(&s.missing),
    }
}

/// An event of a watched verification.
pub fn event(event: Event, names: &DepartmentNames) -> pb::WatchVerificationResponse {
    use pb::watch_verification_response::Event as E;
    let kind = match event.kind {
        EventKind::Snapshot(v) => E::Snapshot(verification(&v, View::Basic, names)),
        EventKind::Completed(v) => E::Completed(verification(&v, View::Basic, names)),
        EventKind::Heartbeat { answered, asked } => E::Heartbeat(pb::Heartbeat { answered, asked }),
        EventKind::Answered { line, answered, asked } => E::DepartmentAnswered(pb::DepartmentAnswered {
            result: Some(department(&line, names)),
            answered,
            asked,
        }),
    };
    pb::WatchVerificationResponse {
        sequence: event.sequence,
        event_time: Some(timestamp(event.time_ms)),
        event: Some(kind),
    }
}
