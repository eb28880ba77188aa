//! Facts: what the answers add up to, as figures on bounds, each thing counted once, each figure with its records.
//! Leaves which figures matter, over which window and against which limit, to the policy packs.

mod assets;
mod declared;
mod income;
mod job;
mod keys;
mod matching;
mod medical;
mod members;
mod memo;
mod open;
mod payers;
mod persons;
mod places;
mod property;
mod rents;
mod shared;
mod standing;
mod stated;
mod table;
mod things;
mod transfer;
mod undeclared;
mod wage;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use smol_str::SmolStr;

use crate::answer::{AnswerState, SubjectAnswer};
use crate::bounds::{Figure, insert_sorted};
use crate::circumstance::Circumstance;
use crate::dates::{Date, Months};
use crate::household::{Declared, Household};
use crate::names::DepartmentId;
use crate::part::{Aspect, Part, Treatment};
use crate::plan::DepartmentProfile;
use crate::record::{DisabilityKind, IncomeKind, RecordType, TransferNature};
#[cfg(test)]
use crate::source::Source;
use crate::source::{Origin, RecordAt};

pub use members::Members;
use memo::{Memo, Question};
pub use open::*;
pub use persons::Settled;
pub(crate) use persons::is_drawn;
pub use standing::{Condition, Standing};
pub use stated::Stated;
pub(crate) use table::Found;
use table::{Keys, Table};

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
    /// Of the transfer income in a window, what is of a nature, in fen.
    Transfer(TransferNature),
    /// Medical cost that the patient bore within the insurance's scope in a window, in fen.
    MedicalOwnCost,
    /// Deposits, securities, funds, insurance and payment balances at the date, in fen.
    FinancialAssets,
    /// Balance of the housing provident fund at the date, in fen.
    ProvidentFundBalance,
    /// Dwellings owned wholly or in part, each unit once, homesteads left out.
    Dwellings,
    /// Area of the dwellings in hundredths of a square metre, each unit once and as a whole.
    DwellingArea,
    /// Shops, garages, offices and other buildings, each unit once.
    OtherRealEstate,
    /// Real estate of which a share was sold or given away from the first month of a window until the date, each unit once.
    RealEstateGivenUp,
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

impl Fact {
    /// Whether it stands at the date, whatever months are asked for.
    fn is_at_date(self) -> bool {
        !matches!(
            self,
            Fact::Income(_) | Fact::BasicPension | Fact::Transfer(_) | Fact::MedicalOwnCost | Fact::RealEstateGivenUp
        )
    }

    /// Another number for every fact.
    fn number(self) -> u32 {
        match self {
            Fact::Income(kind) => kind as u32,
            Fact::BasicPension => 16,
            Fact::MedicalOwnCost => 17,
            Fact::FinancialAssets => 18,
            Fact::ProvidentFundBalance => 19,
            Fact::Dwellings => 20,
            Fact::OtherRealEstate => 21,
            Fact::Vehicles => 22,
            Fact::CommercialVehicles => 23,
            Fact::Businesses => 24,
            Fact::PublicPayroll => 25,
            Fact::CasualWorkMonths => 26,
            Fact::RealEstateGivenUp => 27,
            Fact::DwellingArea => 28,
            Fact::Transfer(nature) => 32 + nature as u32,
        }
    }
}

impl<'a> DepartmentAnswers<'a> {
    /// What the department said of a member. An answer under another member's place is no answer: it must not become this member's.
    pub(crate) fn answer(&self, ordinal: u32) -> Option<&'a AnswerState> {
        let answer = self.subjects.get(ordinal as usize)?;
        (answer.ordinal == ordinal).then_some(&answer.state)
    }
}

/// Everything that the answers and the declaration say, ready to be asked for figures. Borrowed, built once per verification.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The household as it applies.
    pub household: &'a Household,
    /// The date that it is about.
    pub as_of: Date,
    /// What the departments said, sorted by department id.
    pub departments: &'a [DepartmentAnswers<'a>],
    /// Tolerance between two sources of one wage, in per cent of the greater.
    pub wage_tolerance_percent: u8,
    /// Whom figures about the household are about.
    members: Members,
    table: Rc<Table<'a>>,
    /// The records of everybody, where these are only some members'.
    everybody: Option<Rc<Table<'a>>>,
    memo: Memo,
}

impl<'a> Facts<'a> {
    /// What departments said of a household, by a date.
    pub fn new(
        household: &'a Household,
        as_of: Date,
        departments: &'a [DepartmentAnswers<'a>],
        wage_tolerance_percent: u8,
    ) -> Facts<'a> {
        Facts::asked_for(household, as_of, departments, wage_tolerance_percent, RecordType::ALL)
    }

    /// The same where departments were asked for these types only: a department that holds others too has said nothing about them, not that
    /// there is nothing.
    pub fn asked_for(
        household: &'a Household,
        as_of: Date,
        departments: &'a [DepartmentAnswers<'a>],
        wage_tolerance_percent: u8,
        asked: &[RecordType],
    ) -> Facts<'a> {
        let table = Table::new(departments, household.members.len());
        Facts {
            household,
            as_of,
            departments,
            wage_tolerance_percent,
            members: Members::first(household.members.len()),
            table: Rc::new(table.asked_for(asked)),
            everybody: None,
            memo: Memo::default(),
        }
    }

    /// The same facts where only some members count: figures about the household are about these, and `persons` is their number. Ordinals
    /// and the ids of sources stay as they are.
    #[must_use]
    pub fn restricted(&self, members: Members) -> Facts<'a> {
        let everybody = self.everybody.as_ref().unwrap_or(&self.table);
        Facts {
            members,
            table: Rc::new(everybody.restricted(members)),
            everybody: Some(Rc::clone(everybody)),
            memo: Memo::default(),
            ..*self
        }
    }

    /// Whom figures about the household are about: all members, or those who count.
    pub fn members(&self) -> Members {
        self.members
    }

    /// How many they are.
    pub fn persons(&self) -> usize {
        self.members.len()
    }

    /// A figure about one member, or about the whole household where `subject` is `None`.
    /// `window` is the months that count for incomes and expenses; figures at a date ignore it.
    pub fn figure(&self, fact: Fact, subject: Option<u32>, window: Months) -> Rc<Figure> {
        let question = Question::of(fact, subject, window);
        self.memo.get_or(question, || {
            let mut figure = self.reckon(fact, subject, window);
            if let (Some(everybody), None) = (&self.everybody, subject) {
                let all = Facts {
                    members: Members::first(self.household.members.len()),
                    table: Rc::clone(everybody),
                    everybody: None,
                    memo: Memo::default(),
                    ..*self
                };
                declared::open_by_others(&all, fact, window, &mut figure);
            }
            figure
        })
    }

    /// What the household states to own; nothing where only some of its members count, since it does not state whose it is.
    pub(crate) fn stated_property(&self) -> Option<&'a Declared> {
        self.everybody.is_none().then_some(&self.household.declared)
    }

    fn reckon(&self, fact: Fact, subject: Option<u32>, window: Months) -> Figure {
        match fact {
            Fact::Income(kind) => income::income(self, kind, subject, window),
            Fact::BasicPension => income::basic_pension(self, subject, window),
            Fact::Transfer(nature) => transfer::of_nature(self, nature, subject, window),
            Fact::MedicalOwnCost => medical::medical_own_cost(self, subject, window),
            Fact::FinancialAssets => assets::financial_assets(self, subject),
            Fact::ProvidentFundBalance => assets::provident_fund_balance(self, subject),
            Fact::Dwellings => property::dwellings(self, subject),
            Fact::OtherRealEstate => property::other_real_estate(self, subject),
            Fact::DwellingArea => property::dwelling_area(self, subject),
            Fact::RealEstateGivenUp => property::given_up(self, subject, window),
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

    /// Completed months since the present job of a member began. With several jobs, anything between the newest and the oldest.
    pub fn new_job_months(&self, subject: u32) -> Figure {
        persons::new_job_months(self, subject)
    }

    /// Whether a member attends school or study up to bachelor full time.
    pub fn student(&self, subject: u32) -> Settled<bool> {
        persons::student(self, subject)
    }

    /// What papers state of a member, or of the household where `subject` is `None`.
    pub fn stated(&self, circumstance: Circumstance, subject: Option<u32>) -> Stated {
        stated::stated(self, circumstance, subject)
    }

    /// The ordinals that a question is about.
    pub(crate) fn subjects(&self, subject: Option<u32>) -> Members {
        subject.map_or(self.members, Members::one)
    }

    /// Every record of a type about the members asked for, by member, department and the department's order.
    pub(crate) fn records(&self, of: RecordType, subject: Option<u32>) -> &[Found<'a>] {
        self.table.of(of, subject)
    }

    /// The identifying texts of a record in the form in which they are compared.
    pub(crate) fn keys(&self, found: &Found<'_>) -> &Keys {
        self.table.keys(found)
    }

    /// Whether departments were asked for a type.
    pub(crate) fn is_asked_for(&self, of: RecordType) -> bool {
        self.everybody.as_ref().unwrap_or(&self.table).is_asked_for(of)
    }

    /// Departments that hold records of any of these types and did not settle what they know of the members asked for. Sorted.
    pub(crate) fn unsettled(&self, of: &[RecordType], subject: Option<u32>) -> Vec<DepartmentId> {
        let mut missing = Vec::new();
        for (at, _) in self.table.unsettled(of, self.subjects(subject)) {
            if let Some(department) = self.departments.get(at) {
                insert_sorted(&mut missing, department.profile.id.clone());
            }
        }
        missing
    }

    /// Whether there is any such department.
    pub(crate) fn is_unsettled(&self, of: &[RecordType], subject: Option<u32>) -> bool {
        self.table.unsettled(of, self.subjects(subject)).next().is_some()
    }

    /// A part that rests on a member's word.
    pub(crate) fn declared(&self, subject: u32, aspect: Aspect, amount: i64) -> Part {
        Part {
            // Declarations come behind the records, one source per member.
            source: self.table.len().saturating_add(subject),
            aspect,
            amount,
            treatment: Treatment::Declared,
        }
    }

    /// A part that rests on the paper about a supporter; an amount in fen.
    pub fn of_supporter(&self, nth: usize, amount: i64) -> Part {
        let behind = self.household.stated().count() + nth;
        Part {
            source: self
                .first_paper()
                .saturating_add(u32::try_from(behind).unwrap_or(u32::MAX)),
            aspect: Aspect::Whole,
            amount,
            treatment: Treatment::Declared,
        }
    }

    /// Id of the first paper as a source: papers come behind the declarations, one source each.
    pub(crate) fn first_paper(&self) -> u32 {
        let members = u32::try_from(self.household.members.len()).unwrap_or(u32::MAX);
        self.table.len().saturating_add(members)
    }

    /// The record that a source is; `None` for a declaration or a paper.
    pub(crate) fn found(&self, source: u32) -> Option<&Found<'a>> {
        self.table.by_id(source)
    }

    /// The department whose record a source is; `None` for a declaration.
    pub(crate) fn department_of(&self, source: u32) -> Option<&'a DepartmentId> {
        self.table.by_id(source).map(|found| found.department)
    }

    /// The departments whose records parts are made of, each once, in the order of the parts.
    pub fn departments_of(&self, parts: &[Part]) -> Vec<DepartmentId> {
        let mut found: Vec<DepartmentId> = Vec::new();
        for department in parts.iter().filter_map(|part| self.department_of(part.source)) {
            if !found.contains(department) {
                found.push(department.clone());
            }
        }
        found
    }

    /// Where the sources of parts are: every one that a part is made of or copies, by id.
    pub fn origins<'p>(&self, parts: impl IntoIterator<Item = &'p Part>) -> Vec<Origin> {
        let papers = self.household.stated().count() + self.household.supporters.len();
        let mut is_used = vec![false; self.first_paper() as usize + papers];
        let mut mark = |id: u32| {
            if let Some(used) = is_used.get_mut(id as usize) {
                *used = true;
            }
        };
        for part in parts {
            mark(part.source);
            if let Treatment::Duplicate { of, .. } = part.treatment {
                mark(of);
            }
        }
        let used = is_used.iter().zip(0u32..).filter(|(used, _)| **used);
        used.map(|(_, id)| self.origin(id)).collect()
    }

    fn origin(&self, id: u32) -> Origin {
        match self.table.by_id(id) {
            Some(found) => Origin {
                id,
                subject: found.subject,
                record: Some(RecordAt {
                    department: u32::from(found.column),
                    record_type: found.record.body.record_type(),
                    nth: u32::from(found.nth),
                }),
                paper: None,
            },
            None => match id.checked_sub(self.first_paper()) {
                // What is stated of the household is shown with its first member.
                Some(nth) => Origin {
                    id,
                    subject: self
                        .household
                        .stated()
                        .nth(nth as usize)
                        .and_then(|(of, _)| of)
                        .unwrap_or(0),
                    record: None,
                    paper: Some(nth),
                },
                None => Origin {
                    id,
                    subject: id.saturating_sub(self.table.len()),
                    record: None,
                    paper: None,
                },
            },
        }
    }

    /// The sources of parts, described.
    #[cfg(test)]
    pub(crate) fn sources<'p>(&self, parts: impl IntoIterator<Item = &'p Part>) -> Vec<Source> {
        let described = self.origins(parts).into_iter().map(|origin| {
            let department = origin
                .record
                .and_then(|at| self.departments.get(at.department as usize));
            let record = department.and_then(|d| origin.record(d.subjects));
            Source::of(&origin, department.map(|d| &d.profile.id), Some(self.household), record)
        });
        described.collect()
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

impl Figure {
    /// Notes a finding that keeps the figure from being exact.
    pub(crate) fn open_by(&mut self, code: &'static str) {
        insert_sorted(&mut self.open, SmolStr::new_static(code));
    }
}
