//! Shared sums: what two types of register may both show of one payment, by about how much it is, or one register of two members.
//! Leaves what one type of register says twice to `matching` and `payers`.

use std::collections::{BTreeMap, HashSet};

use smol_str::SmolStr;

use super::Facts;
use super::income::net;
use super::matching::months_of;
use super::members::Members;
use crate::dates::Months;
use crate::part::{Because, Part, Treatment};
use crate::record::{Record, RecordBody, RecordType};

/// So many per cent of the greater of two amounts the lesser is, if they may be of one payment.
#[derive(Clone, Copy)]
pub(super) struct Likeness(i64);

impl Likeness {
    /// Apart by what is taken off on the way, as a fee.
    pub(super) const ABOUT: Likeness = Likeness(98);
    /// Apart by what a year changes, as a raise.
    pub(super) const ROUGHLY: Likeness = Likeness(80);
}

/// One record's amount, and in what sizes a register of another type may show it: a year's, all that its payer paid.
struct Sum {
    amount: i64,
    sizes: Vec<i64>,
}

/// At most so much of what some records show is what the others show too.
pub(super) fn shared<'p>(
    facts: &Facts<'_>,
    ones: impl Iterator<Item = &'p Part>,
    others: impl Iterator<Item = &'p Part>,
    window: Months,
    likeness: Likeness,
) -> i64 {
    let (ones, others) = (sums(facts, ones, window), sums(facts, others, window));
    found_in(&ones, &others, likeness).min(found_in(&others, &ones, likeness))
}

/// What of these is about as much as one of the others.
fn found_in(these: &[Sum], others: &[Sum], Likeness(percent): Likeness) -> i64 {
    let mut sizes: Vec<i64> = others.iter().flat_map(|sum| sum.sizes.iter().copied()).collect();
    sizes.sort_unstable();
    let is_like = |size: i64| {
        let least = size.saturating_mul(percent) / 100;
        let at = sizes.partition_point(|other| *other < least);
        sizes
            .get(at)
            .is_some_and(|other| other.saturating_mul(percent) / 100 <= size)
    };
    let like = these.iter().filter(|sum| sum.sizes.iter().any(|size| is_like(*size)));
    like.fold(0, |all, sum| all.saturating_add(sum.amount))
}

/// What counts of the parts, by record. What falls outside the months, or is a copy, adds nothing that could be taken off.
fn sums<'p>(facts: &Facts<'_>, parts: impl Iterator<Item = &'p Part>, window: Months) -> Vec<Sum> {
    let mut of_payers: BTreeMap<(&SmolStr, &SmolStr), i64> = BTreeMap::new();
    let mut sums = Vec::new();
    for part in parts.filter(|part| is_certain(part) && part.amount > 0) {
        let Some(found) = facts.found(part.source) else {
            continue;
        };
        let yearly = part.amount.saturating_mul(12);
        let (amount, sizes) = match &found.record.body {
            RecordBody::Income(body) => {
                let months = i64::from(months_of(body.from, body.until).len()).max(1);
                (part.amount, vec![net(body).0, body.gross.0, yearly / months])
            }
            RecordBody::Pension(_) | RecordBody::Employment(_) => {
                let all = part.amount.saturating_mul(i64::from(window.len()));
                (all, vec![all, yearly])
            }
            _ => (part.amount, vec![part.amount]),
        };
        let keys = facts.keys(found);
        // What no key tells apart has one sum: one more size, and no harm.
        let payer = (&keys.number, &keys.alias);
        let of_payer = of_payers.entry(payer).or_default();
        *of_payer = of_payer.saturating_add(amount);
        sums.push((payer, Sum { amount, sizes }));
    }
    let total = sums.iter().fold(0i64, |all, (_, sum)| all.saturating_add(sum.amount));
    let with_payers = sums.into_iter().map(|(payer, mut sum)| {
        sum.sizes.extend(of_payers.get(&payer));
        sum.sizes.push(total);
        sum
    });
    with_payers.collect()
}

/// Whether a part may add to what is certain.
fn is_certain(part: &Part) -> bool {
    match part.treatment {
        Treatment::Counted => true,
        Treatment::Uncertain { why } => matches!(
            why,
            Because::PerhapsSameOrContradicted | Because::PerhapsSameThing | Because::MonthUnknown
        ),
        Treatment::Duplicate { .. } | Treatment::Disregarded { .. } | Treatment::Declared => false,
    }
}

/// What a member's records say that a department shows of an earlier member in scope too, under the same reference: what both are paid together, and it has
/// filed with each of them.
pub(super) type Common<'a> = HashSet<&'a RecordBody>;

/// What of a type a member has in common with earlier ones in scope.
pub(super) fn common<'a>(facts: &'a Facts<'_>, of: RecordType, ordinal: u32, scope: Members) -> Common<'a> {
    let own = facts.records(of, Some(ordinal));
    let earlier = scope.into_iter().take_while(|other| *other < ordinal);
    let mut theirs: HashSet<(u16, &Record)> = HashSet::new();
    if !own.is_empty() {
        let records = earlier.flat_map(|other| facts.records(of, Some(other)));
        theirs.extend(records.map(|found| (found.rank, found.record)));
    }
    if theirs.is_empty() {
        return Common::new();
    }
    let shared = own
        .iter()
        .filter(|found| !found.record.reference.is_empty() && theirs.contains(&(found.rank, found.record)));
    shared.map(|found| &found.record.body).collect()
}
