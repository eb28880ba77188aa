//! The table of all records, filed once by type and member, so that a figure looks only at the records it is made of.
//! Leaves what records add up to to the files beside it.

use std::cell::OnceCell;
use std::collections::HashSet;

use smol_str::SmolStr;

use super::DepartmentAnswers;
use super::keys::{identifying, identifying_number, key, organisation, plate};
use super::members::{MEMBER_BITS, Members};
use crate::answer::AnswerState;
use crate::names::DepartmentId;
use crate::part::{Aspect, Part, Treatment};
use crate::record::{Record, RecordBody, RecordType};

/// A record with where it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    /// Its id as a source: its place in the table.
    pub id: u32,
    /// Place of its department among all, by department id: equal where the department is the same.
    pub rank: u16,
    /// Place of its department's answer among all answers.
    pub column: u16,
    /// Which record of its type it is in that answer.
    pub nth: u16,
    pub department: &'a DepartmentId,
    pub subject: u32,
    pub record: &'a Record,
}

impl Found<'_> {
    /// A part of a figure made of this record.
    pub fn part(&self, aspect: Aspect, amount: i64, treatment: Treatment) -> Part {
        Part {
            source: self.id,
            aspect,
            amount,
            treatment,
        }
    }
}

/// The two identifying texts of a record as they are compared: a number, and a weaker sign of sameness.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub number: SmolStr,
    pub alias: SmolStr,
}

/// A department's part of the table.
#[derive(Clone, Debug)]
struct Column {
    rank: u16,
    /// One bit per type of record that it holds.
    types: u32,
    /// One bit per member of whom it settled what it knows.
    known: u32,
}

/// All records of one verification.
#[derive(Debug, Default)]
pub(crate) struct Table<'a> {
    found: Vec<Found<'a>>,
    keys: Vec<OnceCell<Keys>>,
    /// Where the records of a type and member begin: at type times members plus member; one more behind the last.
    starts: Vec<usize>,
    columns: Vec<Column>,
    /// Of every type one bit per member of whom some department that holds it did not settle what it knows.
    open: [u32; RecordType::ALL.len()],
    /// One bit per type that nobody was asked for: who answered said nothing about it.
    unasked: u32,
    members: usize,
    /// How many records there are of everybody: the ids of other sources come behind them.
    records: u32,
}

const _: () = assert!(crate::household::MAX_MEMBERS <= MEMBER_BITS && RecordType::ALL.len() <= 32);

fn bit(index: usize) -> u32 {
    u32::try_from(index).ok().and_then(|i| 1u32.checked_shl(i)).unwrap_or(0)
}

/// One bit per type.
fn mask(types: &[RecordType]) -> u32 {
    types.iter().fold(0, |mask, t| mask | bit(*t as usize))
}

impl<'a> Table<'a> {
    /// Files every record of every department. A row that a department hands over twice is one row, unless it is called by the number
    /// of its account; a record of a type that a
    /// department does not hold is not looked at.
    pub fn new(departments: &'a [DepartmentAnswers<'a>], members: usize) -> Table<'a> {
        let mut ids: Vec<&DepartmentId> = departments.iter().map(|d| &d.profile.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut table = Table {
            members,
            columns: Vec::with_capacity(departments.len()),
            ..Table::default()
        };
        let mut filed: Vec<(u16, Found<'a>)> = Vec::with_capacity(departments.len() * members);
        for (column, department) in departments.iter().enumerate() {
            let column = u16::try_from(column).unwrap_or(u16::MAX);
            let rank = ids.binary_search(&&department.profile.id).unwrap_or(usize::MAX);
            let rank = u16::try_from(rank).unwrap_or(u16::MAX);
            let types = mask(&department.profile.record_types);
            let mut known = 0;
            for ordinal in 0..u32::try_from(members).unwrap_or(u32::MAX) {
                let state = department.answer(ordinal);
                if state.is_some_and(AnswerState::is_known) {
                    known |= bit(ordinal as usize);
                }
                let Some(AnswerState::Found { records }) = state else {
                    continue;
                };
                let holder = Holder {
                    rank,
                    column,
                    department: &department.profile.id,
                    subject: ordinal,
                };
                file(records, types, &holder, members, &mut filed);
            }
            for (at, open) in table.open.iter_mut().enumerate() {
                *open |= if types & bit(at) == 0 { 0 } else { !known };
            }
            table.columns.push(Column { rank, types, known });
        }
        table.starts = starts(&filed, RecordType::ALL.len() * members);
        table.keys.resize_with(filed.len(), OnceCell::new);
        let in_order = by_slot(&filed, &table.starts);
        let renumbered = in_order.iter().filter_map(|at| filed.get(*at as usize)).zip(0u32..);
        table.found = renumbered.map(|((_, found), id)| Found { id, ..*found }).collect();
        table.records = u32::try_from(table.found.len()).unwrap_or(u32::MAX);
        table
    }

    /// The same where departments were asked for these types only. Of every other type each that holds it has left everything open,
    /// whatever it answered.
    pub fn asked_for(mut self, asked: &[RecordType]) -> Table<'a> {
        self.unasked = !mask(asked);
        let held = self.columns.iter().fold(0, |held, column| held | column.types);
        for (at, open) in self.open.iter_mut().enumerate() {
            *open |= if self.unasked & held & bit(at) == 0 {
                0
            } else {
                u32::MAX
            };
        }
        self
    }

    /// Whether departments were asked for a type.
    pub fn is_asked_for(&self, of: RecordType) -> bool {
        self.unasked & bit(of as usize) == 0
    }

    /// The records of some members, under their ids in this table.
    pub fn restricted(&self, to: Members) -> Table<'a> {
        let mut starts = Vec::with_capacity(self.starts.len());
        let mut found = Vec::with_capacity(self.found.len());
        let mut keys = Vec::new();
        keys.resize_with(self.keys.len(), OnceCell::new);
        for of in RecordType::ALL {
            for ordinal in 0..u32::try_from(self.members).unwrap_or(u32::MAX) {
                starts.push(found.len());
                if to.contains(ordinal) {
                    found.extend_from_slice(self.of(*of, Some(ordinal)));
                }
            }
        }
        starts.push(found.len());
        Table {
            found,
            keys,
            starts,
            columns: self.columns.clone(),
            ..*self
        }
    }

    /// The records of a type, of one member or of all.
    pub fn of(&self, of: RecordType, subject: Option<u32>) -> &[Found<'a>] {
        let row = of as usize * self.members;
        let (first, last) = match subject {
            None => (row, row + self.members),
            Some(ordinal) if (ordinal as usize) < self.members => (row + ordinal as usize, row + ordinal as usize + 1),
            Some(_) => return &[],
        };
        match (self.starts.get(first), self.starts.get(last)) {
            (Some(from), Some(until)) => self.found.get(*from..*until).unwrap_or_default(),
            _ => &[],
        }
    }

    /// How many records there are; the ids of other sources come behind them.
    pub fn len(&self) -> u32 {
        self.records
    }

    /// A record by its id.
    pub fn by_id(&self, id: u32) -> Option<&Found<'a>> {
        // Where all members count, its place is its id.
        let here = self.found.get(id as usize).filter(|found| found.id == id);
        here.or_else(|| {
            let at = self.found.binary_search_by_key(&id, |found| found.id).ok()?;
            self.found.get(at)
        })
    }

    /// The identifying texts of a record, brought to one form when first asked for.
    pub fn keys(&self, found: &Found<'_>) -> &Keys {
        static NONE: Keys = Keys {
            number: SmolStr::new_static(""),
            alias: SmolStr::new_static(""),
        };
        self.keys
            .get(found.id as usize)
            .map_or(&NONE, |cell| cell.get_or_init(|| keys_of(&found.record.body)))
    }

    /// Positions and ranks of the departments that hold any of these types and did not settle what they know of every one of these members.
    pub fn unsettled(&self, of: &[RecordType], subjects: Members) -> impl Iterator<Item = (usize, u16)> + '_ {
        let types = mask(of);
        let asked = subjects.bits();
        let of_type = |t: &RecordType| self.open.get(*t as usize).is_none_or(|open| open & asked != 0);
        // Nearly always everything is settled.
        let columns = if of.iter().any(of_type) {
            self.columns.as_slice()
        } else {
            &[]
        };
        let unasked = types & self.unasked;
        let open = move |c: &Column| c.types & types != 0 && (c.known & asked != asked || c.types & unasked != 0);
        columns
            .iter()
            .enumerate()
            .filter(move |(_, c)| open(c))
            .map(|(at, c)| (at, c.rank))
    }
}

/// Who holds records of whom.
struct Holder<'a> {
    rank: u16,
    column: u16,
    department: &'a DepartmentId,
    subject: u32,
}

/// So many records are few enough to compare each with all.
const FEW: usize = 64;

/// Files the records of one member at one department under their type and member.
fn file<'a>(records: &'a [Record], types: u32, holder: &Holder<'a>, members: usize, filed: &mut Vec<(u16, Found<'a>)>) {
    let mut counts = [0u16; RecordType::ALL.len()];
    // Of a few records each is compared with those before it; of many that would take too long.
    let mut seen: Option<HashSet<&Record>> = (records.len() > FEW).then(HashSet::new);
    for (at, record) in records.iter().enumerate() {
        let of = record.body.record_type() as usize;
        let Some(count) = counts.get_mut(of) else { continue };
        let nth = *count;
        *count = count.saturating_add(1);
        let is_again = match &mut seen {
            Some(seen) => !seen.insert(record),
            None => !record.reference.is_empty() && records.iter().take(at).any(|other| other == record),
        };
        let is_row_again = is_again && !record.reference.is_empty() && !is_named_by_account(record);
        if types & bit(of) == 0 || is_row_again {
            continue;
        }
        let slot = u16::try_from(of * members + holder.subject as usize).unwrap_or(u16::MAX);
        let found = Found {
            id: 0,
            rank: holder.rank,
            column: holder.column,
            nth,
            department: holder.department,
            subject: holder.subject,
            record,
        };
        filed.push((slot, found));
    }
}

/// Whether a record is called by the number of its account: several deposits on one passbook are then several records of one name, and none of them
/// is the other handed over again.
fn is_named_by_account(record: &Record) -> bool {
    let RecordBody::FinancialAsset(body) = &record.body else {
        return false;
    };
    let (name, number) = (
        identifying_number(&record.reference),
        identifying_number(&body.account_reference),
    );
    key(&record.reference) == key(&body.account_reference) || !name.is_empty() && name == number
}

/// The positions in the order of their slots. Within one, a type and member, as they were filed: by department and the department's order.
fn by_slot(filed: &[(u16, Found<'_>)], starts: &[usize]) -> Vec<u32> {
    let mut next = starts.to_vec();
    let mut order = vec![0u32; filed.len()];
    for ((slot, _), at) in filed.iter().zip(0u32..) {
        if let Some(next) = next.get_mut(usize::from(*slot))
            && let Some(place) = order.get_mut(*next)
        {
            *place = at;
            *next += 1;
        }
    }
    order
}

/// Where every slot begins among sorted ones.
fn starts(filed: &[(u16, Found<'_>)], slots: usize) -> Vec<usize> {
    let mut starts = vec![0usize; slots + 1];
    for (slot, _) in filed {
        if let Some(count) = starts.get_mut(usize::from(*slot) + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    starts
}

fn keys_of(body: &RecordBody) -> Keys {
    static NONE: SmolStr = SmolStr::new_static("");
    let (number, alias): (&SmolStr, &SmolStr) = match body {
        RecordBody::Vehicle(b) => (&b.identification_number, &b.plate),
        RecordBody::RealEstate(b) => (&b.unit_number, &b.address),
        RecordBody::FinancialAsset(b) => (&b.account_reference, &b.institution),
        RecordBody::ProvidentFund(b) => (&b.employer_credit_code, &b.employer_name),
        RecordBody::Employment(b) => (&b.employer_credit_code, &b.employer_name),
        RecordBody::SocialInsurance(b) => (&b.employer_credit_code, &b.employer_name),
        RecordBody::Income(b) => (&b.payer_credit_code, &b.payer_name),
        RecordBody::Business(b) => (&b.credit_code, &b.name),
        RecordBody::PublicPayroll(b) => (&b.unit_credit_code, &b.unit_name),
        RecordBody::Land(b) => (&b.contract_number, &NONE),
        RecordBody::Subsidy(b) => (&NONE, &b.project),
        RecordBody::Registration(_)
        | RecordBody::Marriage(_)
        | RecordBody::Pension(_)
        | RecordBody::MedicalExpense(_)
        | RecordBody::Enrolment(_)
        | RecordBody::Disability(_)
        | RecordBody::Assistance(_) => (&NONE, &NONE),
    };
    let of_organisation = matches!(
        body,
        RecordBody::ProvidentFund(_)
            | RecordBody::Employment(_)
            | RecordBody::SocialInsurance(_)
            | RecordBody::Income(_)
            | RecordBody::Business(_)
            | RecordBody::PublicPayroll(_)
    );
    Keys {
        number: if of_organisation {
            organisation(number)
        } else {
            identifying_number(number)
        },
        alias: match body {
            RecordBody::Vehicle(_) => plate(alias),
            _ => identifying(alias),
        },
    }
}
