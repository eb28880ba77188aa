//! Facts about persons: disability, schooling, public salary, casual work.
//! Leaves incomes and property to their own files.

use super::matching::stands_on;
use super::{Facts, PERIOD_UNCERTAIN, figure_of};
use crate::bounds::{Bounds, Figure, insert_sorted, merge_sorted};
use crate::dates::{Date, completed_months};
use crate::names::DepartmentId;
use crate::part::{Aspect, Because, Part, Treatment};
use crate::record::{
    Assistance, AssistanceStatus, DisabilityKind, EmploymentStatus, RecordBody, RecordType, SchoolStage,
};

/// A fact that is settled, or left open by departments that did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled<T> {
    /// What the registers that answered say.
    pub value: T,
    /// Departments that could change it, sorted; empty when settled.
    pub missing: Vec<DepartmentId>,
    /// Records behind it.
    pub parts: Vec<Part>,
}

/// The most severe disability on record.
pub(super) fn disability(facts: &Facts<'_>, subject: u32) -> Settled<Option<(DisabilityKind, u32)>> {
    let mut parts = Vec::new();
    let mut value: Option<(DisabilityKind, u32)> = None;
    let mut missing = facts.unsettled(&[RecordType::Disability], Some(subject));
    for found in facts.records(RecordType::Disability, Some(subject)) {
        let RecordBody::Disability(body) = &found.record.body else {
            continue;
        };
        let treatment = if !(1..=4).contains(&body.grade) {
            // The register has a disability but does not tell which: it has not settled what it knows.
            insert_sorted(&mut missing, found.department.clone());
            Treatment::Uncertain {
                why: Because::NoSuchGrade,
            }
        } else if stands_on(body.issued_on, None, facts.as_of) == Some(false) {
            Treatment::Disregarded {
                rule: Because::IssuedLater,
            }
        } else {
            // Of equally severe ones the first kind in the vocabulary, whatever the order of answers.
            if value.is_none_or(|(kind, grade)| (body.grade, body.kind) < (grade, kind)) {
                value = Some((body.kind, body.grade));
            }
            Treatment::Counted
        };
        parts.push(found.part(Aspect::Whole, i64::from(body.grade), treatment));
    }
    Settled { value, missing, parts }
}

/// Full-time attendance up to bachelor at the date. A register whose dates do not tell has not settled what it knows, unless another record does.
pub(super) fn student(facts: &Facts<'_>, subject: u32) -> Settled<bool> {
    let (mut parts, mut unsettled) = (Vec::new(), Vec::new());
    let mut value = false;
    for found in facts.records(RecordType::Enrolment, Some(subject)) {
        let RecordBody::Enrolment(body) = &found.record.body else {
            continue;
        };
        if !body.full_time || body.stage == SchoolStage::Postgraduate {
            continue;
        }
        let treatment = match stands_on(body.from, body.until, facts.as_of) {
            Some(false) => continue,
            Some(true) => {
                value = true;
                Treatment::Counted
            }
            None => {
                insert_sorted(&mut unsettled, found.department.clone());
                let why = Because::MonthUnknown;
                Treatment::Uncertain { why }
            }
        };
        parts.push(found.part(Aspect::Whole, 1, treatment));
    }
    let mut missing = facts.unsettled(&[RecordType::Enrolment], Some(subject));
    if !value {
        merge_sorted(&mut missing, unsettled);
    }
    Settled { value, missing, parts }
}

/// Members on a public payroll at the date.
pub(super) fn public_payroll(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let mut parts = Vec::new();
    let (mut members, mut perhaps): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    for found in facts.records(RecordType::PublicPayroll, subject) {
        let RecordBody::PublicPayroll(body) = &found.record.body else {
            continue;
        };
        let stands = stands_on(body.from, body.until, facts.as_of);
        let treatment = match (stands, members.contains(&found.subject)) {
            (Some(false), _) => Treatment::Disregarded {
                rule: Because::NotPaidAtDate,
            },
            (_, true) => Treatment::Disregarded {
                rule: Because::MemberCountedOnce,
            },
            (None, false) => {
                perhaps.push(found.subject);
                Treatment::Uncertain {
                    why: Because::PerhapsStillPaid,
                }
            }
            (Some(true), false) => {
                members.push(found.subject);
                Treatment::Counted
            }
        };
        parts.push(found.part(Aspect::Whole, 1, treatment));
    }
    perhaps.sort_unstable();
    perhaps.dedup();
    perhaps.retain(|ordinal| !members.contains(ordinal));
    let count = |list: &[u32]| i64::try_from(list.len()).unwrap_or(i64::MAX);
    let known = count(&members);
    let mut figure = figure_of(
        Bounds::between(known, known.saturating_add(count(&perhaps))),
        facts.unsettled(&[RecordType::PublicPayroll], subject),
        parts,
    );
    if !perhaps.is_empty() {
        figure.open_by(PERIOD_UNCERTAIN);
    }
    if figure.bounds.hi.is_none() {
        // No more members can be on a payroll than there are.
        figure.bounds.hi = i64::try_from(facts.subjects(subject).len()).ok();
    }
    figure
}

/// Completed months since the present job began. A job that no register shows, or not since when, may have begun at any time.
pub(super) fn new_job_months(facts: &Facts<'_>, subject: u32) -> Figure {
    let mut figure = Figure::known(0);
    let mut months: Option<Bounds> = None;
    for found in facts.records(RecordType::Employment, Some(subject)) {
        let RecordBody::Employment(body) = &found.record.body else {
            continue;
        };
        let stands = stands_on(body.from, body.until, facts.as_of);
        if body.status != EmploymentStatus::Employed || stands == Some(false) {
            let rule = Because::NotAtDate;
            figure
                .parts
                .push(found.part(Aspect::Whole, 0, Treatment::Disregarded { rule }));
            continue;
        }
        let since = |day| i64::from(completed_months(day, facts.as_of));
        let of_job = body.from.map_or(Bounds::NON_NEGATIVE, |from| {
            Bounds::between(since(from.last_day()), since(from.first_day()))
        });
        months = Some(months.map_or(of_job, |known| known.hull(of_job)));
        figure
            .parts
            .push(found.part(Aspect::Whole, of_job.lo.unwrap_or(0), Treatment::Counted));
    }
    figure.missing = facts.unsettled(&[RecordType::Employment], Some(subject));
    figure.bounds = match months {
        Some(months) if figure.missing.is_empty() => months,
        _ => Bounds::NON_NEGATIVE,
    };
    if !figure.bounds.is_exact() && figure.missing.is_empty() {
        figure.open_by(PERIOD_UNCERTAIN);
    }
    figure
}

/// Months of casual work, as declared: no register sees it.
pub(super) fn casual_work_months(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let mut figure = Figure::known(0);
    for ordinal in facts.subjects(subject) {
        let Some(member) = facts.household.members.get(ordinal as usize) else {
            continue;
        };
        if member.casual_work_months > 0 {
            let months = i64::from(member.casual_work_months);
            figure.bounds = figure.bounds.plus(Bounds::exactly(months));
            figure.parts.push(facts.declared(ordinal, Aspect::CasualWork, months));
        }
    }
    figure
}

/// Whether help is being paid on a day.
pub(crate) fn is_drawn(body: &Assistance, as_of: Date) -> bool {
    let over = body
        .until
        .is_some_and(|last| last.last_day() < as_of && !last.ends_nothing());
    body.status == AssistanceStatus::Drawing && !over
}
