//! What becomes of one household: what it is paid in a year under each pack, and which kind of change that is.
//! Leaves adding up to `tally`.

use hedui_core::verdict::Outcome;

use super::Little;
use crate::columns::Judged;

/// What a household is paid in a year, in fen: at least, and at most (`None` where that is unbounded).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// At least.
    pub lo: i128,
    /// At most.
    pub hi: Option<i128>,
}

impl Payment {
    /// Under a pack that pays so often in a year. Who exceeds gets nothing; who is open may get nothing, or what they may be paid.
    pub fn of(judged: &Judged, payments_a_year: i128) -> Payment {
        let amount = judged.amount.map(|amount| Payment {
            lo: i128::from(amount.lo) * payments_a_year,
            hi: amount.hi.map(|hi| i128::from(hi) * payments_a_year),
        });
        match (judged.outcome, amount) {
            (Outcome::Exceeds, _) => Payment { lo: 0, hi: Some(0) },
            (Outcome::Qualifies, Some(amount)) => amount,
            (Outcome::Inconclusive, Some(amount)) => Payment { lo: 0, ..amount },
            // Nobody reckons what a household without an amount is paid.
            (Outcome::Qualifies | Outcome::Inconclusive, None) => Payment { lo: 0, hi: None },
        }
    }

    /// The amount, where it is settled.
    pub fn exact(&self) -> Option<i128> {
        (self.hi == Some(self.lo)).then_some(self.lo)
    }
}

/// What becomes of a household. Each is in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Qualifies under both, and gets more.
    Gains,
    /// Qualifies under both, and gets less.
    Loses,
    /// Qualifies under both, and gets about the same; also where a pack has no amount.
    Little,
    /// Qualifies under both; whether it gets more or less is open.
    AmountOpen,
    /// Qualifies now and would exceed.
    DropsOut,
    /// Exceeds now and would qualify.
    Enters,
    /// Exceeds under both.
    StaysOut,
    /// Is settled now and would be open.
    BecomesInconclusive,
    /// Is open under both.
    StaysInconclusive,
    /// Is open now and would qualify.
    SettlesIn,
    /// Is open now and would exceed.
    SettlesOut,
}

impl Change {
    /// Every kind, in this order everywhere.
    pub const ALL: [Change; 11] = [
        Change::Gains,
        Change::Loses,
        Change::Little,
        Change::AmountOpen,
        Change::DropsOut,
        Change::Enters,
        Change::StaysOut,
        Change::BecomesInconclusive,
        Change::StaysInconclusive,
        Change::SettlesIn,
        Change::SettlesOut,
    ];

    /// Its place among all.
    pub(crate) fn place(self) -> usize {
        self as usize
    }

    /// What becomes of a household. `payments` where both packs have an amount.
    pub fn of([from, to]: [Outcome; 2], payments: Option<[Payment; 2]>, little: Little) -> Change {
        use Outcome::{Exceeds, Inconclusive, Qualifies};
        match (from, to) {
            (Qualifies, Qualifies) => payments.map_or(Change::Little, |payments| of_amounts(payments, little)),
            (Qualifies, Exceeds) => Change::DropsOut,
            (Exceeds, Qualifies) => Change::Enters,
            (Exceeds, Exceeds) => Change::StaysOut,
            (Qualifies | Exceeds, Inconclusive) => Change::BecomesInconclusive,
            (Inconclusive, Inconclusive) => Change::StaysInconclusive,
            (Inconclusive, Qualifies) => Change::SettlesIn,
            (Inconclusive, Exceeds) => Change::SettlesOut,
        }
    }
}

/// Of a household that is paid under both: what holds whatever the open amounts are.
fn of_amounts([before, after]: [Payment; 2], little: Little) -> Change {
    // The least that counts as about the same, whatever was paid before, and the most.
    let threshold = |paid: i128| {
        let share = paid * i128::from(little.basis_points) / 10_000;
        share.max(i128::from(little.monthly) * 12)
    };
    let least = before.hi.map(|hi| after.lo - hi);
    let most = after.hi.map(|hi| hi - before.lo);
    let narrow = threshold(before.lo);
    let wide = before.hi.map(threshold);
    if least.zip(wide).is_some_and(|(least, wide)| least > wide) {
        Change::Gains
    } else if most.zip(wide).is_some_and(|(most, wide)| most < -wide) {
        Change::Loses
    } else if least
        .zip(most)
        .is_some_and(|(least, most)| least >= -narrow && most <= narrow)
    {
        Change::Little
    } else {
        Change::AmountOpen
    }
}
