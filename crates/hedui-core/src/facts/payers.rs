//! Payers: what they state of a kind of income, each matter once, and whether what two departments state alike is of one payer under two names.
//! Leaves what else a kind of income is made of to `income`, and employers to `wage`.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::income::{lower, net, net_placed, uncertain};
use super::matching::{Differing, Matter, Row, months_of, named, once_and_greatest};
use super::shared::Common;
use super::{Facts, Found, Keys, figure_of};
use crate::bounds::Figure;
use crate::dates::{Month, Months};
use crate::part::{Aspect, Because, Treatment};
use crate::record::{Income, IncomeKind, RecordBody, RecordType, TransferNature};

/// An income record of the kind that is asked for.
type Asked<'a> = (&'a Found<'a>, &'a Income, &'a Keys);

/// Net amounts of those income records of a kind that are asked for, each matter of a payer once.
pub(super) fn stated(
    facts: &Facts<'_>,
    kind: IncomeKind,
    ordinal: u32,
    window: Months,
    is_asked: impl Fn(&Income) -> bool,
) -> Figure {
    stated_in_common(facts, kind, ordinal, window, &Common::new(), is_asked)
}

/// The same of a member who may have some of it in common with another, with whom it is counted.
pub(super) fn stated_in_common(
    facts: &Facts<'_>,
    kind: IncomeKind,
    ordinal: u32,
    window: Months,
    common: &Common<'_>,
    is_asked: impl Fn(&Income) -> bool,
) -> Figure {
    let asked: Vec<Asked<'_>> = facts
        .records(RecordType::Income, Some(ordinal))
        .iter()
        .filter_map(|found| match &found.record.body {
            RecordBody::Income(body) if body.kind == kind && is_asked(body) => Some((found, body, facts.keys(found))),
            _ => None,
        })
        .collect();
    let payments = payments(&asked);
    // Whatever another department calls it: a copy of what is another's is another's too.
    let anothers: BTreeSet<(Stated, Matter<'_>)> = asked
        .iter()
        .zip(&payments)
        .filter(|((found, ..), _)| common.contains(&found.record.body))
        .map(|(_, payment)| (payment.stated, payment.payer))
        .collect();
    let mut shared = Vec::new();
    let rows = asked
        .iter()
        .zip(payments.iter().zip(elsewhere(&payments)))
        .map(|(&(found, body, keys), (payment, elsewhere))| {
            let mut placed = net_placed(body, window);
            if anothers.contains(&(payment.stated, payment.payer)) {
                placed = placed.perhaps_anothers();
            }
            let (stamp, _) = payment.stated;
            let is_alone = elsewhere == Elsewhere::Perhaps;
            if elsewhere == Elsewhere::PerhapsWithOthers {
                shared.push((payment.stated, payment.payer, placed.bounds.lo.unwrap_or(0)));
                if placed.treatment == Treatment::Counted {
                    placed.treatment = uncertain(Because::PerhapsSameOrContradicted);
                }
            }
            Row {
                key: Some(if is_alone {
                    ("", [i64::from(stamp.0.number()), i64::from(stamp.1.number()), stamp.2])
                } else {
                    payment.payer
                }),
                certain: !keys.number.is_empty() && !is_alone,
                stamp,
                aspect: Aspect::Whole,
                placed,
                found,
            }
        })
        .collect();
    let missing = facts.unsettled(&[RecordType::Income], Some(ordinal));
    let by = Because::PayerPeriodAmount;
    let (summed, greatest) = once_and_greatest(rows, Differing::PerhapsSeveral, by, !missing.is_empty());
    let mut figure = figure_of(summed.bounds, missing, summed.parts);
    figure.open = summed.open;
    lower(&mut figure, beyond_one(shared), greatest);
    figure
}

/// The records as payments, in their order.
fn payments<'a>(asked: &[Asked<'a>]) -> Vec<Payment<'a>> {
    // A payer that one register knows by code and another by name only is perhaps the same: the least code of that name.
    let mut codes: BTreeMap<&SmolStr, &SmolStr> = BTreeMap::new();
    for (.., keys) in asked.iter().filter(|(.., keys)| !keys.number.is_empty()) {
        let least = codes.entry(&keys.alias).or_insert(&keys.number);
        *least = (*least).min(&keys.number);
    }
    let untold: BTreeSet<u16> = asked
        .iter()
        .filter(|(_, body, _)| body.nature.is_none())
        .map(|(found, ..)| found.rank)
        .collect();
    let payments = asked.iter().map(|&(found, body, keys)| Payment {
        rank: found.rank,
        number: &keys.number,
        stated: (stamp(body), body.nature),
        payer: payer(keys, codes.get(&keys.alias).copied()).unwrap_or_else(|| {
            // One that nobody names may be any of its department's, but for what is surely of another nature.
            let nature = body.nature.filter(|_| !untold.contains(&found.rank));
            ("", [2, i64::from(found.rank), nature.map_or(-1, |n| n as i64)])
        }),
    });
    payments.collect()
}

/// What tells a payer from others: its code, or that under which its name is known.
fn payer<'a>(keys: &'a Keys, known: Option<&'a SmolStr>) -> Option<Matter<'a>> {
    match (keys.number.is_empty(), keys.alias.is_empty()) {
        (false, _) => named(&keys.number),
        (true, true) => None,
        // A name is no code, even where it is spelled like one.
        (true, false) => known.map_or(Some((keys.alias.as_str(), [1, 0, 0])), |code| named(code)),
    }
}

/// What an income record states: first and last month, and the net amount.
fn stamp(body: &Income) -> (Month, Month, i64) {
    let period = months_of(body.from, body.until);
    (period.from, period.until, net(body).0)
}

/// What is stated: first and last month and net amount, and of what nature it is.
pub(super) type Stated = ((Month, Month, i64), Option<TransferNature>);

/// One record.
pub(super) struct Payment<'a> {
    /// The department.
    pub rank: u16,
    /// The payer's code; empty where it is not on record.
    pub number: &'a SmolStr,
    pub stated: Stated,
    /// The payer as others' payments are told from its own; one that nobody names is one of its department's.
    pub payer: Matter<'a>,
}

/// Whether a payment may be one that another department states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// It is not, as far as anyone can tell.
    No,
    /// It may be, and stands by itself.
    Perhaps,
    /// It may be, and so may what its payer paid for some of the same months: a settlement beside its instalments.
    PerhapsWithOthers,
}

/// What of the payments of one class each department may have, and how they stand to those beside them.
pub(super) fn elsewhere(payments: &[Payment<'_>]) -> Vec<Elsewhere> {
    let is_perhaps = perhaps_elsewhere(payments);
    if !is_perhaps.contains(&true) {
        return vec![Elsewhere::No; payments.len()];
    }
    let months = |payment: &Payment<'_>| (payment.stated.0.0, payment.stated.0.1);
    let is_beside = |one: &Payment<'_>, other: &Payment<'_>| {
        let ((from, until), (since, to)) = (months(one), months(other));
        one.rank == other.rank
            && one.payer == other.payer
            && one.stated.0 != other.stated.0
            && from <= to
            && since <= until
    };
    let entangled: BTreeSet<Stated> = payments
        .iter()
        .zip(&is_perhaps)
        .filter(|(one, is_perhaps)| **is_perhaps && payments.iter().any(|other| is_beside(one, other)))
        .map(|(one, _)| one.stated)
        .collect();
    let each = payments.iter().zip(is_perhaps);
    each.map(
        |(payment, is_perhaps)| match (is_perhaps, entangled.contains(&payment.stated)) {
            (false, _) => Elsewhere::No,
            (true, false) => Elsewhere::Perhaps,
            (true, true) => Elsewhere::PerhapsWithOthers,
        },
    )
    .collect()
}

/// What payments that may be one add up to beyond one of them. Of several equal ones of a payer one is certain at most.
pub(super) fn beyond_one(mut payments: Vec<(Stated, Matter<'_>, i64)>) -> i64 {
    payments.sort_unstable();
    let mut beyond = 0i64;
    for alike in payments.chunk_by(|a, b| a.0 == b.0) {
        let each = || {
            let payers = alike.chunk_by(|a, b| a.1 == b.1);
            payers.filter_map(|own| own.iter().map(|(.., least)| *least).max())
        };
        let all = each().fold(0i64, i64::saturating_add);
        beyond = beyond.saturating_add(all.saturating_sub(each().max().unwrap_or(0)));
    }
    beyond
}

/// Which payments another department states to the fen for the same months under another payer or none, in the order given. Where a department has
/// both payers they are two.
fn perhaps_elsewhere(payments: &[Payment<'_>]) -> Vec<bool> {
    let mut found = vec![false; payments.len()];
    let several = payments
        .iter()
        .any(|one| payments.first().is_some_and(|first| first.rank != one.rank));
    if !several {
        return found;
    }
    let mut order: Vec<(usize, &Payment<'_>)> = payments.iter().enumerate().filter(|(_, p)| p.stated.0.2 > 0).collect();
    order.sort_by_key(|(_, payment)| (payment.stated, payment.rank));
    for alike in order.chunk_by(|a, b| a.1.stated == b.1.stated) {
        let departments: Vec<(u16, BTreeSet<&SmolStr>)> = alike
            .chunk_by(|a, b| a.1.rank == b.1.rank)
            .filter_map(|own| {
                Some((
                    own.first()?.1.rank,
                    own.iter().map(|(_, payment)| payment.number).collect(),
                ))
            })
            .collect();
        for (own, numbers) in &departments {
            // Departments that name a payer here, or none, whom this one does not.
            let others: Vec<&BTreeSet<&SmolStr>> = departments
                .iter()
                .filter(|(rank, theirs)| rank != own && theirs.iter().any(|n| n.is_empty() || !numbers.contains(n)))
                .map(|(_, theirs)| theirs)
                .collect();
            for (at, payment) in alike.iter().filter(|(_, payment)| payment.rank == *own) {
                let is_elsewhere = others
                    .iter()
                    .any(|theirs| payment.number.is_empty() || !theirs.contains(payment.number));
                if let Some(found) = found.get_mut(*at) {
                    *found = is_elsewhere;
                }
            }
        }
    }
    found
}
