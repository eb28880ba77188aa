//! Sources: the records and declarations that figures rest on, each described once for a report.
//! Leaves which figure uses which of them to `part`.

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, SmolStrBuilder, format_smolstr};

use crate::household::Household;
use crate::names::{DepartmentId, ProgrammeId};
use crate::part::{Aspect, Part};
use crate::record::{Assistance, EmploymentStatus, IncomeKind, MarriageStatus, Record, RecordBody, RecordType};

#[cfg(test)]
mod tests;

/// A record of a department, or what a member declares, as a report shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What parts name it by; ascending in a report.
    pub id: u32,
    /// Position of the person in the household.
    pub subject: u32,
    /// Department whose record it is; `None` for the household's own declaration.
    pub department: Option<DepartmentId>,
    /// Type of the record.
    pub record_type: Option<RecordType>,
    /// The department's key of the record; withheld where it would give a person away.
    pub reference: SmolStr,
    /// What it is, in a few words without personal data: `wage 2026-10 to 2026-10`.
    pub label: SmolStr,
}

impl Source {
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
pub(crate) fn reference(household: &Household, record: &Record) -> SmolStr {
    let text = record.reference.as_str();
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

/// What a record is, in a few words without personal data.
pub(crate) fn label(body: &RecordBody) -> SmolStr {
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
