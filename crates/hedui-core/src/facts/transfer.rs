//! Transfers: pensions, benefits and what payers declare, and what of them is of one nature, since rules leave some natures out.
//! Leaves which natures are left out to the policy packs, and declared transfers to `declared`.

use std::collections::{BTreeMap, BTreeSet};

use super::income::{assistance_is_not_income, benefits, lower, net, net_placed, pensions};
use super::matching::months_of;
use super::payers::stated;
use super::shared::{Likeness, shared};
use super::{CONFLICTING_SOURCES, DOUBTFUL_MATCH, Fact, Facts};
use crate::bounds::{Bounds, Figure, merge_sorted};
use crate::dates::{Month, Months};
use crate::record::{Income, IncomeKind, RecordBody, RecordType, TransferNature};

/// Natures that another type of record holds too: the same money can stand in both registers.
fn is_twofold(nature: Option<TransferNature>) -> bool {
    matches!(nature, Some(TransferNature::Pension | TransferNature::InsuranceBenefit))
}

/// A transfer of which the register does not tell what it is may be any of those.
fn is_untold(nature: Option<TransferNature>) -> bool {
    nature.is_none()
}

/// Whether two sums may be of the same money: neither is surely greater than the other by a fifth.
fn is_like(a: &Bounds, b: &Bounds) -> bool {
    let reaches = |hi: Option<i64>, lo: Option<i64>| {
        hi.is_none_or(|hi| hi.saturating_mul(5) >= lo.unwrap_or(0).saturating_mul(4))
    };
    *a != Bounds::ZERO && *b != Bounds::ZERO && reaches(a.hi, b.lo) && reaches(b.hi, a.lo)
}

/// Transfers that the registers show of one member.
pub(super) fn found(facts: &Facts<'_>, ordinal: u32, window: Months) -> Figure {
    let records = facts.records(RecordType::Income, Some(ordinal)).iter();
    let natures = records.filter_map(|found| match &found.record.body {
        RecordBody::Income(body) if body.kind == IncomeKind::Transfer => Some(body.nature),
        _ => None,
    });
    let any_twofold = natures.clone().any(is_twofold);
    let any_untold = natures.clone().any(is_untold);
    let mut figure = stated(facts, IncomeKind::Transfer, ordinal, window, |body| {
        !is_twofold(body.nature)
    });
    let mut own = if any_twofold {
        pension(facts, ordinal, window)
    } else {
        pensions(facts, ordinal, window)
    };
    own.add(if any_twofold {
        benefit(facts, ordinal, window)
    } else {
        benefits(facts, ordinal, window)
    });
    // What may be the same money is certain once; matching among payers' statements stays as it is.
    let twice = if any_untold {
        let untold = stated(facts, IncomeKind::Transfer, ordinal, window, |body| {
            is_untold(body.nature)
        });
        perhaps_told(facts, &own, &untold, window).min(figure.bounds.lo.unwrap_or(0))
    } else {
        0
    };
    figure.add(own);
    if any_twofold {
        lower(&mut figure, called_otherwise(facts, ordinal, window), 0);
    }
    if twice > 0 {
        figure.bounds.lo = figure.bounds.lo.map(|lo| lo.saturating_sub(twice).max(0));
        if figure.missing.is_empty() {
            figure.open_by(DOUBTFUL_MATCH);
        }
    }
    assistance_is_not_income(facts, ordinal, &mut figure);
    figure
}

/// How much of transfers that are not named may be what their own registers show: all of them together, or some payer's.
fn perhaps_told(facts: &Facts<'_>, own: &Figure, untold: &Figure, window: Months) -> i64 {
    let least = untold.bounds.lo.unwrap_or(0).min(own.bounds.lo.unwrap_or(0));
    if is_like(&own.bounds, &untold.bounds) {
        return least;
    }
    shared(facts, own.parts.iter(), untold.parts.iter(), window, Likeness::ROUGHLY).min(least)
}

fn declared_by_payers(facts: &Facts<'_>, nature: TransferNature, ordinal: u32, window: Months) -> Figure {
    let of_nature = |body: &Income| body.nature == Some(nature);
    stated(facts, IncomeKind::Transfer, ordinal, window, of_nature)
}

fn pension(facts: &Facts<'_>, ordinal: u32, window: Months) -> Figure {
    let declared = declared_by_payers(facts, TransferNature::Pension, ordinal, window);
    perhaps_the_same(pensions(facts, ordinal, window), declared)
}

fn benefit(facts: &Facts<'_>, ordinal: u32, window: Months) -> Figure {
    let declared = declared_by_payers(facts, TransferNature::InsuranceBenefit, ordinal, window);
    perhaps_the_same(benefits(facts, ordinal, window), declared)
}

/// What two kinds of register say of perhaps the same money: counted once at least, twice at most.
fn perhaps_the_same(mut one: Figure, other: Figure) -> Figure {
    let lo = one.bounds.lo.unwrap_or(0).max(other.bounds.lo.unwrap_or(0));
    let is_both = |figure: &Figure| figure.bounds.hi != Some(0);
    let is_doubtful = is_both(&one) && is_both(&other);
    one.add(other);
    one.bounds.lo = Some(lo);
    if is_doubtful && !one.bounds.is_exact() && one.missing.is_empty() {
        one.open_by(DOUBTFUL_MATCH);
    }
    one
}

/// What payers state of payments that one register says are a pension or a benefit and another that they are something else: each is in both sums.
fn called_otherwise(facts: &Facts<'_>, ordinal: u32, window: Months) -> i64 {
    let payments = payments(facts, ordinal, window, |nature| is_twofold(Some(nature)));
    let contested = payments.values().filter(|named| named.is_contested());
    contested.fold(0, |sum, named| sum.saturating_add(named.amount))
}

/// A payer by its code, the months and the net amount.
type Payment<'a> = (&'a str, Month, Month, i64);

/// Who says what of a payment.
#[derive(Default)]
struct Named {
    of_it: BTreeSet<u16>,
    otherwise: BTreeSet<u16>,
    /// The most of it that lies in the window.
    amount: i64,
}

impl Named {
    /// Whether one register says it is of the nature and another of another one. A register that has both has two payments.
    fn is_contested(&self) -> bool {
        !self.of_it.is_empty() && !self.otherwise.is_empty() && self.of_it.is_disjoint(&self.otherwise)
    }
}

/// The transfers of payers that have a code and whose nature is told, by who says that they are of one and who that they are not.
fn payments<'a>(
    facts: &'a Facts<'_>,
    ordinal: u32,
    window: Months,
    is_of_it: impl Fn(TransferNature) -> bool,
) -> BTreeMap<Payment<'a>, Named> {
    let mut payments: BTreeMap<Payment<'_>, Named> = BTreeMap::new();
    for found in facts.records(RecordType::Income, Some(ordinal)) {
        let RecordBody::Income(body) = &found.record.body else {
            continue;
        };
        let number = facts.keys(found).number.as_str();
        let (IncomeKind::Transfer, Some(nature), false) = (body.kind, body.nature, number.is_empty()) else {
            continue;
        };
        let period = months_of(body.from, body.until);
        let payment = (number, period.from, period.until, net(body).0);
        let named = payments.entry(payment).or_default();
        let sayers = if is_of_it(nature) {
            &mut named.of_it
        } else {
            &mut named.otherwise
        };
        sayers.insert(found.rank);
        named.amount = named.amount.max(net_placed(body, window).bounds.hi.unwrap_or(i64::MAX));
    }
    payments
}

/// The most that payments make up which one register says are of a nature and another of another one. Copies of one payment count once among all
/// transfers, so that it is not certain of what nature that one is. A register that names none contradicts nobody, and a payment without a payer's code
/// is nobody's copy.
fn contested(facts: &Facts<'_>, nature: TransferNature, ordinal: u32, window: Months) -> i64 {
    let payments = payments(facts, ordinal, window, |of| of == nature);
    let contested = payments.values().filter(|named| named.is_contested());
    contested.fold(0, |sum, named| sum.saturating_add(named.amount))
}

/// What of the *known* transfers is of a nature. Only to be subtracted from them: never more than what is certain of it and of them, so
/// that what stays open stays so in the transfers alone, but for what registers name differently: perhaps of it, perhaps not. While a register is silent, all that is known may be of this nature, but for the
/// pensions and benefits of their own registers, which are of theirs.
pub(super) fn of_nature(facts: &Facts<'_>, nature: TransferNature, subject: Option<u32>, window: Months) -> Figure {
    let mut total = Figure::known(0);
    for ordinal in facts.subjects(subject) {
        let (figure, other) = match nature {
            TransferNature::Pension => (pension(facts, ordinal, window), Some(RecordType::Pension)),
            TransferNature::InsuranceBenefit => (benefit(facts, ordinal, window), Some(RecordType::Employment)),
            other => (declared_by_payers(facts, other, ordinal, window), None),
        };
        let contested = if is_twofold(Some(nature)) {
            0
        } else {
            contested(facts, nature, ordinal, window)
        };
        let of_others = if other.is_some() {
            0
        } else {
            let least = |figure: Figure| figure.bounds.lo.unwrap_or(0);
            least(pensions(facts, ordinal, window)).saturating_add(least(benefits(facts, ordinal, window)))
        };
        let mut missing = facts.unsettled(&[RecordType::Income], Some(ordinal));
        if let Some(other) = other {
            merge_sorted(&mut missing, facts.unsettled(&[other], Some(ordinal)));
        }
        let transfers = facts.figure(Fact::Income(IncomeKind::Transfer), Some(ordinal), window);
        let known = transfers.bounds.lo.unwrap_or(0).saturating_sub(of_others).max(0);
        let most = figure.bounds.lo.unwrap_or(0).min(known);
        let bounds = if missing.is_empty() {
            Bounds::between(most.saturating_sub(contested).max(0), most)
        } else {
            Bounds::between(0, known)
        };
        let is_in_doubt = missing.is_empty() && !bounds.is_exact();
        let mut of_member = Figure {
            bounds,
            missing,
            open: Vec::new(),
            parts: figure.parts,
        };
        if is_in_doubt {
            of_member.open_by(CONFLICTING_SOURCES);
        }
        total.add(of_member);
    }
    total.parts.retain(|part| part.amount != 0);
    total
}
