//! Facts: what the answers add up to, as figures on bounds, each thing counted once, each figure with its records.
//! Leaves which figures matter, over which window and against which limit, to the policy packs.

mod assets;
mod declared;
mod income;
mod matching;
mod memo;
mod persons;
mod property;
mod wage;

#[cfg(test)]
mod tests;

use crate::answer::{AnswerState, SubjectAnswer};
use crate::bounds::{Figure, Part, Treatment, merge_sorted};
use crate::dates::{Date, Months};
use crate::household::Household;
use crate::names::DepartmentId;
use crate::plan::DepartmentProfile;
use crate::record::{DisabilityKind, IncomeKind, Record, RecordType};

pub use memo::Memo;
pub use persons::Settled;

/// Two registers disagree about one thing beyond the tolerance.
pub const CONFLICTING_SOURCES: &str = "CONFLICTING_SOURCES";
/// A wage that a single contribution register suggests and no payer has declared.
pub const UNCORROBORATED_WAGE: &str = "UNCORROBORATED_WAGE";
/// A job without any wage on record.
pub const WAGE_UNKNOWN: &str = "WAGE_UNKNOWN";
/// Land leased out without any rent on record.
pub const RENT_UNKNOWN: &str = "RENT_UNKNOWN";
/// Two records that may or may not be the same thing.
pub const DOUBTFUL_MATCH: &str = "DOUBTFUL_MATCH";
/// An amount of which the record does not tell whether it belongs to the months that count.
pub const PERIOD_UNCERTAIN: &str = "PERIOD_UNCERTAIN";
/// A record that cannot be true as it stands: a negative amount, a period that ends before it begins, a share of nothing.
pub const IMPLAUSIBLE_RECORD: &str = "IMPLAUSIBLE_RECORD";
/// Income declared for more months than are counted, which no register explains.
pub const DECLARED_PERIOD: &str = "DECLARED_PERIOD";

/// A department's settled or unsettled part of one verification: one answer per member, in the order of ordinals.
#[derive(Clone, Debug)]
pub struct DepartmentAnswers<'a> {
    /// The department as the catalogue describes it.
    pub profile: &'a DepartmentProfile,
    /// One answer per member, at the index of the ordinal.
    pub subjects: &'a [SubjectAnswer],
}

/// A figure that a policy pack can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Net income of a kind in a window of months, in fen.
    Income(IncomeKind),
    /// Of the transfer income in a window, the basic old-age pension of residents, in fen.
    BasicPension,
    /// Medical cost that the patient bore within the insurance's scope in a window, in fen.
    MedicalOwnCost,
    /// Deposits, securities, funds, insurance and payment balances at the date, in fen.
    FinancialAssets,
    /// Balance of the housing provident fund at the date, in fen.
    ProvidentFundBalance,
    /// Dwellings owned wholly or in part, each unit once, homesteads left out.
    Dwellings,
    /// Shops, garages, offices and other buildings, each unit once.
    OtherRealEstate,
    /// Private vehicles that rules limit: cars, lorries, buses, ships and others; not farm machines, motorcycles, vehicles for
    /// the disabled, scrapped or transferred ones. Each vehicle once.
    Vehicles,
    /// Vehicles and ships in commercial operation, each once.
    CommercialVehicles,
    /// Businesses in operation of which a member is sole trader, legal representative or shareholder, each once.
    Businesses,
    /// Members drawing a public salary.
    PublicPayroll,
    /// Months of casual work in the last twelve, as declared.
    CasualWorkMonths,
}

/// Everything that the answers and the declaration say, ready to be asked for figures. Borrowed, built once per verification.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The household as it applies.
    pub household: &'a Household,
    /// The date that it is about.
    pub as_of: Date,
    /// What the departments said, sorted by department id.
    pub departments: &'a [DepartmentAnswers<'a>],
    /// Tolerance between two sources of one wage, in per cent of the greater.
    pub wage_tolerance_percent: u8,
    /// Figures that have been asked for before; `Memo::default()`.
    pub memo: Memo,
}

/// A record with where it comes from.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub household: &'a Household,
    pub department: &'a DepartmentId,
    pub subject: u32,
    pub record: &'a Record,
}

impl<'a> Facts<'a> {
    /// Number of members, all of them.
    pub fn persons(&self) -> usize {
        self.household.members.len()
    }

    /// A figure about one member, or about the whole household where `subject` is `None`.
    /// `window` is the months that count for incomes and expenses; figures at a date ignore it.
    pub fn figure(&self, fact: Fact, subject: Option<u32>, window: Months) -> Figure {
        self.memo
            .get_or((fact, subject, window), || self.reckon(fact, subject, window))
    }

    fn reckon(&self, fact: Fact, subject: Option<u32>, window: Months) -> Figure {
        match fact {
            Fact::Income(kind) => income::income(self, kind, subject, window),
            Fact::BasicPension => income::basic_pension(self, subject, window),
            Fact::MedicalOwnCost => income::medical_own_cost(self, subject, window),
            Fact::FinancialAssets => assets::financial_assets(self, subject),
            Fact::ProvidentFundBalance => assets::provident_fund_balance(self, subject),
            Fact::Dwellings => property::dwellings(self, subject),
            Fact::OtherRealEstate => property::other_real_estate(self, subject),
            Fact::Vehicles => property::vehicles(self, subject),
            Fact::CommercialVehicles => property::commercial_vehicles(self, subject),
            Fact::Businesses => property::businesses(self, subject),
            Fact::PublicPayroll => persons::public_payroll(self, subject),
            Fact::CasualWorkMonths => persons::casual_work_months(self, subject),
        }
    }

    /// The disability of a member, the most severe where several are on record: `Ok(None)` when the registers that hold
    /// disabilities all answered and have none.
    pub fn disability(&self, subject: u32) -> Settled<Option<(DisabilityKind, u32)>> {
        persons::disability(self, subject)
    }

    /// Whether a member attends school or study up to bachelor full time.
    pub fn student(&self, subject: u32) -> Settled<bool> {
        persons::student(self, subject)
    }

    /// The ordinals that a question is about.
    pub(crate) fn subjects(&self, subject: Option<u32>) -> std::ops::Range<u32> {
        match subject {
            Some(ordinal) => ordinal..ordinal.saturating_add(1),
            None => 0..u32::try_from(self.persons()).unwrap_or(u32::MAX),
        }
    }

    /// What a department said of a member. An answer under another member's place is no answer: it must not become this member's.
    pub(crate) fn answer(department: &DepartmentAnswers<'a>, ordinal: u32) -> Option<&'a AnswerState> {
        let answer = department.subjects.get(ordinal as usize)?;
        (answer.ordinal == ordinal).then_some(&answer.state)
    }

    /// Every record of a type about the members asked for, by member, department and the department's order. A row that a department
    /// hands over twice is one row.
    pub(crate) fn records(&self, of: RecordType, subject: Option<u32>) -> impl Iterator<Item = Found<'a>> + '_ {
        let household = self.household;
        self.subjects(subject).flat_map(move |ordinal| {
            self.departments
                .iter()
                .filter(move |d| d.profile.record_types.contains(&of))
                .flat_map(move |department| {
                    let records = match Self::answer(department, ordinal) {
                        Some(AnswerState::Found { records }) => records.as_slice(),
                        _ => &[],
                    };
                    records
                        .iter()
                        .enumerate()
                        .filter(move |(_, r)| r.body.record_type() == of)
                        .filter(|(at, r)| r.reference.is_empty() || !records.iter().take(*at).any(|other| other == *r))
                        .map(move |(_, record)| Found {
                            household,
                            department: &department.profile.id,
                            subject: ordinal,
                            record,
                        })
                })
        })
    }

    /// Departments that hold records of any of these types and did not settle what they know of the members asked for. Sorted.
    pub(crate) fn unsettled(&self, of: &[RecordType], subject: Option<u32>) -> Vec<DepartmentId> {
        let mut missing: Vec<DepartmentId> = self
            .departments
            .iter()
            .filter(|d| d.profile.record_types.iter().any(|t| of.contains(t)))
            .filter(|d| {
                self.subjects(subject)
                    .any(|o| !Self::answer(d, o).is_some_and(AnswerState::is_known))
            })
            .map(|d| d.profile.id.clone())
            .collect();
        missing.sort();
        missing.dedup();
        missing
    }
}

/// Sums counted parts into a figure; anything unsettled opens its upper end.
pub(crate) fn figure_of(bounds: crate::bounds::Bounds, missing: Vec<DepartmentId>, parts: Vec<Part>) -> Figure {
    let bounds = if missing.is_empty() { bounds } else { bounds.or_more() };
    Figure {
        bounds,
        missing,
        open: Vec::new(),
        parts,
    }
}

impl Found<'_> {
    /// The department's key of the record, unless it gives a person away: keys stand in reports and findings.
    pub(crate) fn reference(&self) -> String {
        let text = &self.record.reference;
        // A number of fewer than fifteen characters, all ASCII, holds neither an ID nor a name written in Han.
        let short = text.len() < 15 && text.is_ascii();
        if short && self.household.members.iter().all(|m| !m.name.is_ascii()) {
            return text.clone();
        }
        let gives_away = self.household.members.iter().any(|member| {
            let id = member.id.expose();
            let old = member.id.legacy_15();
            id.get(..17).is_some_and(|first| text.contains(first))
                || old.is_some_and(|old| text.contains(old.expose()))
                || text.contains(member.name.as_str())
        });
        if gives_away {
            "withheld: holds personal data".to_owned()
        } else {
            text.clone()
        }
    }

    /// A part of a figure made of this record.
    pub(crate) fn part(&self, label: String, amount: i64, treatment: Treatment) -> Part {
        Part {
            subject: self.subject,
            department: Some(self.department.clone()),
            record_type: Some(self.record.body.record_type()),
            reference: self.reference(),
            label,
            amount,
            on: None,
            treatment,
        }
    }
}

impl Figure {
    /// Notes a finding that keeps the figure from being exact.
    pub(crate) fn open_by(&mut self, code: &str) {
        merge_sorted(&mut self.open, vec![code.to_owned()]);
    }
}
