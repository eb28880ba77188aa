//! Medical bills: what the patient bore of them. It lowers income, so that a bill in doubt is certain for the lesser sum.
//! Leaves what a pack takes off incomes for it to the pack.

use super::income::{about, lower, settle, uncertain};
use super::matching::{Differing, Row, months_of, place};
use super::{Facts, Found, IMPLAUSIBLE_RECORD};
use crate::bounds::Figure;
use crate::dates::{Month, Months};
use crate::money::Fen;
use crate::part::{Aspect, Because};
use crate::record::{MedicalExpense, RecordBody, RecordType};

/// So many months later another register may write a bill of about the same amount, or its own once more.
const LATER: i32 = 2;
/// So many months later another register may write a bill that is equal to the fen.
const MUCH_LATER: i32 = 6;
/// In so many months the same is paid only where a treatment goes on.
const COURSE: usize = 4;

/// A bill as it is compared with others.
struct Bill {
    rank: u16,
    months: Months,
    own: i64,
    total: i64,
    /// The least of the amounts that are about its own, and about its total.
    about: (i64, i64),
    /// What is certain of it in the months that count.
    certain: i64,
    /// What is certain of it whenever it was paid.
    anytime: i64,
}

/// Medical cost borne by the patient within the scope of the insurance. A bill that two registers may share, that one register may have twice, or
/// that contradicts itself, is certain for the lesser sum only.
pub(super) fn medical_own_cost(facts: &Facts<'_>, subject: Option<u32>, window: Months) -> Figure {
    let mut total = Figure::known(0);
    for ordinal in facts.subjects(subject) {
        let bills: Vec<(&Found<'_>, &MedicalExpense)> = facts
            .records(RecordType::MedicalExpense, Some(ordinal))
            .iter()
            .filter_map(|found| match &found.record.body {
                RecordBody::MedicalExpense(body) => Some((found, body)),
                _ => None,
            })
            .collect();
        let about_total = about(bills.iter().map(|(_, body)| body.total.0));
        let about_own = about(bills.iter().map(|(_, body)| body.own_cost_in_scope.0));
        let mut compared = Vec::with_capacity(bills.len());
        let mut rows = Vec::with_capacity(bills.len());
        for &(found, body) in &bills {
            let row = row(found, body, about_total(body.total.0), window);
            let own = body.own_cost_in_scope;
            compared.push(Bill {
                rank: found.rank,
                months: months_of(body.paid_on, body.paid_on),
                own: own.0,
                total: body.total.0,
                about: (about_own(own.0), about_total(body.total.0)),
                certain: row.placed.bounds.lo.unwrap_or(0),
                anytime: if is_possible(body) { own.0.max(0) } else { 0 },
            });
            rows.push(row);
        }
        let by = Because::DayAmounts;
        let of = RecordType::MedicalExpense;
        let mut figure = settle(facts, of, ordinal, rows, Differing::Events, by);
        let before = figure.bounds.lo.unwrap_or(0);
        lower(&mut figure, before.saturating_sub(certain(compared)), 0);
        total.add(figure);
    }
    total
}

/// Whether a bill leaves as much to the patient as it says.
fn is_possible(body: &MedicalExpense) -> bool {
    body.own_cost_in_scope <= body.total.saturating_sub(body.reimbursed.unwrap_or(Fen::ZERO))
}

fn row<'a>(found: &'a Found<'a>, body: &MedicalExpense, about_total: i64, window: Months) -> Row<'a> {
    let own = body.own_cost_in_scope;
    let mut placed = place(own, body.paid_on, body.paid_on, window);
    if !is_possible(body) {
        placed.bounds.lo = placed.bounds.lo.map(|lo| lo.min(0));
        placed.treatment = uncertain(Because::MoreThanTheBill);
        placed.code = Some(IMPLAUSIBLE_RECORD);
    }
    let months = months_of(body.paid_on, body.paid_on);
    Row {
        found,
        key: Some(("", [about_total, 0, 0])),
        certain: false,
        stamp: (months.from, months.until.plus(LATER), own.0),
        aspect: Aspect::Whole,
        placed,
    }
}

/// What is certain of the bills: of those that registers may share the lesser, where the first of these registers has it.
fn certain(mut bills: Vec<Bill>) -> i64 {
    forget_repeated(&mut bills);
    let least = bills.iter().filter(|bill| bill.certain > 0).map(|bill| {
        let mut least = bill.certain;
        for other in bills.iter().filter(|other| is_perhaps_shared(bill, other)) {
            least = if other.rank < bill.rank {
                0
            } else {
                least.min(other.anytime)
            };
            if least == 0 {
                break;
            }
        }
        least
    });
    least.fold(0, i64::saturating_add)
}

/// Whether two registers may mean one bill: by the whole or by the patient's part, which they may reckon differently.
fn is_perhaps_shared(a: &Bill, b: &Bill) -> bool {
    let within =
        |later: i32| a.months.from <= b.months.until.plus(later) && b.months.from <= a.months.until.plus(later);
    let is_own = a.about.0 == b.about.0 && a.own > 0;
    let is_equal = || (a.own, a.total) == (b.own, b.total);
    a.rank != b.rank && ((is_own || a.about.1 == b.about.1) && within(LATER) || is_equal() && within(MUCH_LATER))
}

/// Of equal bills of one register within two months one is certain; where the same is paid in many months on end, a treatment goes on, and one of
/// each month is.
fn forget_repeated(bills: &mut [Bill]) {
    bills.sort_by_key(|bill| (bill.rank, bill.own, bill.total, bill.months.from, bill.months.until));
    let is_next = |a: &Bill, b: &Bill| {
        (a.rank, a.own, a.total) == (b.rank, b.own, b.total) && b.months.from <= a.months.from.plus(LATER)
    };
    for chain in bills.chunk_by_mut(is_next) {
        let months = chain.chunk_by(|a, b| a.months.from == b.months.from).count();
        let apart = if months >= COURSE { 0 } else { LATER };
        let mut counted: Option<Month> = None;
        for bill in chain {
            if counted.is_some_and(|month| bill.months.from <= month.plus(apart)) {
                bill.certain = 0;
            } else {
                counted = Some(bill.months.from);
            }
        }
    }
}
