//! Facts about persons: disability, schooling, public salary, casual work.
//! Leaves incomes and property to their own files.

use super::{Facts, figure_of};
use crate::bounds::{Bounds, Figure, Part, Treatment};
use crate::names::DepartmentId;
use crate::record::{DisabilityKind, RecordBody, RecordType, SchoolStage};

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
    for found in facts.records(RecordType::Disability, Some(subject)) {
        let RecordBody::Disability(body) = &found.record.body else {
            continue;
        };
        let label = format!("disability {} grade {}", body.kind.word(), body.grade);
        parts.push(found.part(label, i64::from(body.grade), Treatment::Counted));
        if value.is_none_or(|(_, grade)| body.grade < grade) {
            value = Some((body.kind, body.grade));
        }
    }
    Settled {
        value,
        missing: facts.unsettled(&[RecordType::Disability], Some(subject)),
        parts,
    }
}

/// Full-time attendance up to bachelor at the date.
pub(super) fn student(facts: &Facts<'_>, subject: u32) -> Settled<bool> {
    let mut parts = Vec::new();
    for found in facts.records(RecordType::Enrolment, Some(subject)) {
        let RecordBody::Enrolment(body) = &found.record.body else {
            continue;
        };
        let begun = body.from.is_none_or(|d| d.first_day() <= facts.as_of);
        let over = body.until.is_some_and(|d| d.last_day() < facts.as_of);
        if begun && !over && body.full_time && body.stage != SchoolStage::Postgraduate {
            parts.push(found.part(format!("enrolment {}", body.stage.word()), 1, Treatment::Counted));
        }
    }
    Settled {
        value: !parts.is_empty(),
        missing: facts.unsettled(&[RecordType::Enrolment], Some(subject)),
        parts,
    }
}

/// Members on a public payroll at the date.
pub(super) fn public_payroll(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let mut parts = Vec::new();
    let mut members: Vec<u32> = Vec::new();
    for found in facts.records(RecordType::PublicPayroll, subject) {
        let RecordBody::PublicPayroll(body) = &found.record.body else {
            continue;
        };
        let over = body.until.is_some_and(|d| d.last_day() < facts.as_of);
        let treatment = match (over, members.contains(&found.subject)) {
            (true, _) => Treatment::Disregarded {
                rule: "ended before the date".into(),
            },
            (false, true) => Treatment::Disregarded {
                rule: "the member is counted once".into(),
            },
            (false, false) => {
                members.push(found.subject);
                Treatment::Counted
            }
        };
        parts.push(found.part("public payroll".into(), 1, treatment));
    }
    let known = i64::try_from(members.len()).unwrap_or(i64::MAX);
    let mut figure = figure_of(
        Bounds::exactly(known),
        facts.unsettled(&[RecordType::PublicPayroll], subject),
        parts,
    );
    if figure.bounds.hi.is_none() {
        // No more members can be on a payroll than there are.
        figure.bounds.hi = i64::try_from(facts.subjects(subject).len()).ok();
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
            figure
                .parts
                .push(declared_part(ordinal, "casual work, months".into(), months));
        }
    }
    figure
}

/// A part that rests on the household's word.
pub(super) fn declared_part(subject: u32, label: String, amount: i64) -> Part {
    Part {
        subject,
        department: None,
        record_type: None,
        reference: String::new(),
        label,
        amount,
        on: None,
        treatment: Treatment::Declared,
    }
}
