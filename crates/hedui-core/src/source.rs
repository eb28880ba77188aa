//! Sources: the records and declarations that figures rest on, each described once for a report.
//! Leaves which figure uses which of them to `part`.

use smol_str::{SmolStr, SmolStrBuilder, format_smolstr};

use crate::answer::{AnswerState, SubjectAnswer};
use crate::household::Household;
use crate::names::{DepartmentId, ProgrammeId};
use crate::part::{Aspect, Part};
use crate::record::{Assistance, EmploymentStatus, IncomeKind, MarriageStatus, Record, RecordBody, RecordType};

pub mod sealed;
#[cfg(test)]
mod tests;

/// A record of a department, or what a member declares, as a report shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What parts name it by; ascending in a report.
    pub id: u32,
    /// Position of the person in the household.
    pub subject: u32,
    /// Department whose record it is; `None` for the household's own declaration or paper.
    pub department: Option<DepartmentId>,
    /// Type of the record.
    pub record_type: Option<RecordType>,
    /// The department's key of the record, or the name of the paper; withheld where it would give a person away, empty where it cannot be
    /// read any more.
    pub reference: SmolStr,
    /// What it is, in a few words without personal data: `wage 2026-10 to 2026-10`.
    pub label: SmolStr,
}

/// Where a source is: which record of which answer, or whose declaration. What a report seals; the record itself is sealed with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What parts name the source by.
    pub id: u32,
    /// Position of the person in the household.
    pub subject: u32,
    /// Which record; `None` for the household's own declaration.
    pub record: Option<RecordAt>,
    /// Which of the household's papers, in the order of [`Household::stated`], the supporters' behind; `None` for anything else.
    pub paper: Option<u32>,
}

/// The place of a record among the answers of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordAt {
    /// Position of the department in the report.
    pub department: u32,
    /// Type of the record.
    pub record_type: RecordType,
    /// Which of the department's records of this type about the person, from 0. Types are asked for or not as a whole, so that this
    /// place does not depend on which were.
    pub nth: u32,
}

impl Origin {
    /// The record, among what its department said of each member.
    pub fn record<'a>(&self, answers: &'a [SubjectAnswer]) -> Option<&'a Record> {
        let at = self.record?;
        let answer = answers.iter().find(|a| a.ordinal == self.subject)?;
        let AnswerState::Found { records } = &answer.state else {
            return None;
        };
        let of_type = |r: &&Record| r.body.record_type() == at.record_type;
        records.iter().filter(of_type).nth(at.nth as usize)
    }
}

impl Source {
    /// A source as a report shows it: with the household and the record that the origin means, where they can still be read. Otherwise
    /// its texts are empty.
    pub fn of(
        origin: &Origin,
        department: Option<&DepartmentId>,
        household: Option<&Household>,
        record: Option<&Record>,
    ) -> Source {
        let (reference, label) = match (household, record, origin.paper) {
            (Some(household), Some(record), _) => (reference(household, &record.reference), label(&record.body)),
            (Some(household), None, Some(nth)) => paper(household, nth),
            _ => Default::default(),
        };
        Source {
            id: origin.id,
            subject: origin.subject,
            department: department.cloned(),
            record_type: origin.record.map(|at| at.record_type),
            reference,
            label,
        }
    }

    /// What a part of this source is, in a few words.
    pub fn label_of(&self, part: &Part) -> SmolStr {
        match (self.label.is_empty(), part.aspect) {
            (_, Aspect::Whole) => self.label.clone(),
            (true, aspect) => SmolStr::new_static(aspect.text()),
            (false, aspect) => format_smolstr!("{}: {}", self.label, aspect.text()),
        }
    }
}

/// The department's key of a record, unless it gives a person away: keys stand in reports and findings.
fn reference(household: &Household, text: &str) -> SmolStr {
    // A number of fewer than fifteen characters, all ASCII, holds neither an ID nor a name written in Han.
    let short = text.len() < 15 && text.is_ascii();
    if short && household.members.iter().all(|m| !m.name.is_ascii()) {
        return SmolStr::new(text);
    }
    let gives_away = household.members.iter().any(|member| {
        let id = member.id.expose();
        let old = member.id.legacy_15();
        id.get(..17).is_some_and(|first| text.contains(first))
            || old.is_some_and(|old| text.contains(old.expose()))
            || text.contains(member.name.as_str())
    });
    if gives_away {
        SmolStr::new_static("withheld: holds personal data")
    } else {
        SmolStr::new(text)
    }
}

/// The document of a paper, and what it states: those of circumstances, then those about supporters.
fn paper(household: &Household, nth: u32) -> (SmolStr, SmolStr) {
    if let Some((_, one)) = household.stated().nth(nth as usize) {
        return (reference(household, &one.document), one.label().into());
    }
    let behind = (nth as usize).saturating_sub(household.stated().count());
    let supporter = household.supporters.get(behind);
    supporter.map_or_else(Default::default, |one| {
        (reference(household, &one.document), one.label().into())
    })
}

/// What a record is, in a few words without personal data.
fn label(body: &RecordBody) -> SmolStr {
    let fixed = SmolStr::new_static;
    match body {
        RecordBody::Registration(_) => fixed("household registration"),
        RecordBody::Marriage(b) if b.status == MarriageStatus::Married => fixed("marriage in force"),
        RecordBody::Marriage(b) => joined(&["marriage ", b.status.word()]),
        RecordBody::Vehicle(b) => joined(&[b.usage.word(), " ", b.kind.word(), ", ", b.status.word()]),
        RecordBody::RealEstate(b) => {
            format_smolstr!("{}, share {}/{}", b.kind.word(), b.share_numerator, b.share_denominator)
        }
        RecordBody::FinancialAsset(b) => match b.balance_on {
            Some(day) => joined(&[b.kind.word(), " on ", day.written().as_str()]),
            None => fixed(b.kind.word()),
        },
        RecordBody::ProvidentFund(_) => fixed("provident fund"),
        RecordBody::Employment(b) if b.status == EmploymentStatus::Unemployed => fixed("unemployment benefit a month"),
        RecordBody::Employment(_) => fixed("employment"),
        RecordBody::SocialInsurance(_) => fixed("social insurance"),
        RecordBody::Pension(b) => joined(&[b.kind.word(), " pension a month"]),
        RecordBody::Income(b) => {
            let (from, until) = (b.from.written(), b.until.written());
            let what = match b.kind {
                IncomeKind::Wage => "wage",
                IncomeKind::Business => "business income",
                IncomeKind::Property => "property income",
                IncomeKind::Transfer => "transfer income",
            };
            joined(&[what, " ", from.as_str(), " to ", until.as_str()])
        }
        RecordBody::MedicalExpense(b) => joined(&["medical bill of ", b.paid_on.written().as_str()]),
        RecordBody::Business(b) => joined(&[b.role.word(), ", ", b.status.word()]),
        RecordBody::PublicPayroll(_) => fixed("public salary a month"),
        RecordBody::Land(b) => joined(&["rent of ", b.kind.word(), " a year"]),
        RecordBody::Subsidy(b) => joined(&["subsidy of ", b.paid_on.written().as_str()]),
        RecordBody::Enrolment(b) => joined(&["enrolment ", b.stage.word()]),
        RecordBody::Disability(b) => format_smolstr!("disability {} grade {}", b.kind.word(), b.grade),
        RecordBody::Assistance(b) => assistance(b),
    }
}

fn joined(words: &[&str]) -> SmolStr {
    let mut text = SmolStrBuilder::new();
    words.iter().for_each(|word| text.push_str(word));
    text.finish()
}

/// A text that is no programme of ours may hold anything, a name too: it is not repeated.
fn assistance(body: &Assistance) -> SmolStr {
    let period = body.period.word();
    match ProgrammeId::new(body.programme.trim()) {
        Ok(programme) if !programme.as_str().bytes().any(|b| b.is_ascii_digit()) => {
            joined(&["draws ", programme.as_str(), ", ", period])
        }
        _ => joined(&["draws another programme, ", period]),
    }
}
