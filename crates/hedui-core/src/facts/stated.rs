//! What papers state of a member or of the household at the date, with the paper behind it.
//! Leaves checking papers to `circumstance` and what follows from them to the policy packs.

use super::Facts;
use crate::circumstance::{Circumstance, StatedCircumstance};
use crate::part::{Aspect, Because, Part, Treatment};

/// A circumstance at the date. It is stated, so that nothing is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// Whether it stands at the date.
    pub holds: bool,
    /// Its number; 0 where it does not stand.
    pub number: u32,
    /// The sum of its amounts in fen; 0 where it does not stand.
    pub amount: i64,
    /// Completed months since its first day; 0 where it does not stand or states none.
    pub months: u32,
    /// Completed years, likewise.
    pub years: u32,
    /// The papers behind it, those that do not stand at the date too.
    pub parts: Vec<Part>,
}

/// What is stated of a member, or of the household where `subject` is `None`.
pub(super) fn stated(facts: &Facts<'_>, circumstance: Circumstance, subject: Option<u32>) -> Stated {
    let mut all = Stated::default();
    for ((of, one), nth) in facts.household.stated().zip(0u32..) {
        if one.word != circumstance || of != subject {
            continue;
        }
        let treatment = if one.stands_on(facts.as_of) {
            add(&mut all, one, facts);
            Treatment::Declared
        } else {
            Treatment::Disregarded {
                rule: Because::NotAtDate,
            }
        };
        all.parts.push(Part {
            // Papers come behind the members' declarations, in the order of the household.
            source: facts.first_paper().saturating_add(nth),
            aspect: Aspect::Whole,
            amount: one.amount.map_or(i64::from(one.number.unwrap_or(1)), |amount| amount.0),
            treatment,
        });
    }
    all
}

fn add(all: &mut Stated, one: &StatedCircumstance, facts: &Facts<'_>) {
    all.holds = true;
    all.number = all.number.max(one.number.unwrap_or(0));
    all.amount = all.amount.saturating_add(one.amount.map_or(0, |amount| amount.0));
    all.months = all.months.max(one.months_to(facts.as_of));
    all.years = all.years.max(one.years_to(facts.as_of));
}
