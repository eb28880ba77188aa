//! What a simulation adds up: counts, sums on bounds, towns, kinds of household, a histogram, those who gain and lose most.
//! Leaves judging to `run`. Adding up does not depend on the order: the same households give the same tally.

use std::collections::BTreeMap;

use hedui_core::town::Town;
use hedui_core::verdict::Outcome;

use super::change::{Change, Payment};
use super::kind::HouseholdKind;
use super::{Judged, MAX_TOWNS, SimulationError};

/// Borders of the histogram of monthly changes, in yuan: below the first, between two neighbours (the lower one in), from the last on.
pub const HISTOGRAM: [i64; 12] = [-500, -200, -100, -50, -20, -1, 1, 20, 50, 100, 200, 500];

/// Why a household is none of those that a simulation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outside {
    /// It was not verified for the programme.
    Programme,
    /// The pack in force is for another residence.
    Residence,
    /// It lives elsewhere.
    Place,
}

/// What is paid in a year, in fen, on bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// At least.
    pub lo: i128,
    /// At most, of the households whose payment has an upper bound.
    pub hi: i128,
    /// Households whose payment has none.
    pub unbounded: u64,
}

impl Sum {
    fn add(&mut self, payment: Payment) {
        self.lo = self.lo.saturating_add(payment.lo);
        match payment.hi {
            Some(hi) => self.hi = self.hi.saturating_add(hi),
            None => self.unbounded += 1,
        }
    }

    fn merge(&mut self, other: &Sum) {
        self.lo = self.lo.saturating_add(other.lo);
        self.hi = self.hi.saturating_add(other.hi);
        self.unbounded += other.unbounded;
    }

    /// At most, where that is bounded.
    pub fn most(&self) -> Option<i128> {
        (self.unbounded == 0).then_some(self.hi)
    }
}

/// Some households together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// How many became what, in the order of [`Change::ALL`].
    pub changes: [u64; Change::ALL.len()],
    /// What is paid in a year now, where the pack has an amount.
    pub before: Sum,
    /// What would be.
    pub after: Sum,
}

impl Group {
    /// How many households.
    pub fn households(&self) -> u64 {
        self.changes.iter().sum()
    }

    /// How many became this.
    pub fn of(&self, change: Change) -> u64 {
        self.changes.get(change.place()).copied().unwrap_or_default()
    }

    fn add(&mut self, change: Change, [before, after]: [Option<Payment>; 2]) {
        if let Some(count) = self.changes.get_mut(change.place()) {
            *count += 1;
        }
        before.into_iter().for_each(|payment| self.before.add(payment));
        after.into_iter().for_each(|payment| self.after.add(payment));
    }

    fn merge(&mut self, other: &Group) {
        for (count, more) in self.changes.iter_mut().zip(other.changes) {
            *count += more;
        }
        self.before.merge(&other.before);
        self.after.merge(&other.after);
    }
}

/// Where a household stands under a pack: outcome, and position of its band.
pub type Standing = (u8, Option<u8>);

/// A household that gains or loses, by its reference only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// Change in fen a year.
    pub change: i128,
    /// What it is paid in a year now, in fen.
    pub before: i128,
    /// Its verification.
    pub reference: [u8; 16],
}

/// What a simulation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// All households.
    pub total: Group,
    /// By town; `None` where none was stated.
    pub towns: BTreeMap<Option<Town>, Group>,
    /// By kind, in the order of [`HouseholdKind::ALL`].
    pub kinds: [Group; HouseholdKind::ALL.len()],
    /// How many stand where before and after.
    pub standings: BTreeMap<(Standing, Standing), u64>,
    /// Monthly changes of those settled under both packs who qualify under one of them, in the classes of [`HISTOGRAM`].
    pub histogram: [u64; HISTOGRAM.len() + 1],
    /// Households that it is not about.
    pub outside: BTreeMap<Outside, u64>,
    /// Households of which too little is filed, by the reason.
    pub lacking: BTreeMap<&'static str, u64>,
    /// Those who lose most, the greatest loss first, those who drop out among them.
    pub losers: Vec<Moved>,
    /// Those who gain most, the greatest gain first, those who enter among them.
    pub gainers: Vec<Moved>,
    references: usize,
}

/// One judged household.
pub(super) struct Judgement {
    pub reference: [u8; 16],
    pub town: Option<Town>,
    pub kind: HouseholdKind,
    pub judged: [Judged; 2],
    pub change: Change,
    pub payments: [Option<Payment>; 2],
}

impl Tally {
    /// Nobody yet.
    pub fn new(references: usize) -> Tally {
        Tally {
            total: Group::default(),
            towns: BTreeMap::new(),
            kinds: Default::default(),
            standings: BTreeMap::new(),
            histogram: [0; HISTOGRAM.len() + 1],
            outside: BTreeMap::new(),
            lacking: BTreeMap::new(),
            losers: Vec::new(),
            gainers: Vec::new(),
            references,
        }
    }

    pub(super) fn add(&mut self, one: &Judgement) {
        self.total.add(one.change, one.payments);
        self.towns.entry(one.town).or_default().add(one.change, one.payments);
        if let Some(kind) = self.kinds.get_mut(one.kind.place()) {
            kind.add(one.change, one.payments);
        }
        let [from, to] = one.judged.map(standing);
        *self.standings.entry((from, to)).or_default() += 1;
        let [before, after] = one.payments.map(|payment| payment.and_then(|payment| payment.exact()));
        let settled = !one.judged.iter().any(|judged| judged.outcome == Outcome::Inconclusive);
        let is_paid = settled && one.change != Change::StaysOut;
        if let (Some(before), Some(after), true) = (before, after, is_paid) {
            let change = after - before;
            let class = HISTOGRAM.partition_point(|border| i128::from(*border) * 1_200 <= change);
            if let Some(count) = self.histogram.get_mut(class) {
                *count += 1;
            }
            let moved = Moved {
                change,
                before,
                reference: one.reference,
            };
            match one.change {
                Change::Loses | Change::DropsOut if change < 0 => {
                    keep(&mut self.losers, moved, self.references, |m| m.change)
                }
                Change::Gains | Change::Enters if change > 0 => {
                    keep(&mut self.gainers, moved, self.references, |m| -m.change)
                }
                _ => {}
            }
        }
    }

    /// A household that it is not about.
    pub fn pass(&mut self, outside: Outside) {
        *self.outside.entry(outside).or_default() += 1;
    }

    /// A household of which too little is filed.
    pub(super) fn lack(&mut self, reason: &'static str) {
        *self.lacking.entry(reason).or_default() += 1;
    }

    /// Adds another tally of the same simulation.
    ///
    /// # Errors
    /// `TooManyTowns`.
    pub fn merge(&mut self, other: Tally) -> Result<(), SimulationError> {
        self.total.merge(&other.total);
        for (town, group) in &other.towns {
            self.towns.entry(*town).or_default().merge(group);
        }
        for (kind, more) in self.kinds.iter_mut().zip(&other.kinds) {
            kind.merge(more);
        }
        for (standings, count) in other.standings {
            *self.standings.entry(standings).or_default() += count;
        }
        for (count, more) in self.histogram.iter_mut().zip(other.histogram) {
            *count += more;
        }
        for (outside, count) in other.outside {
            *self.outside.entry(outside).or_default() += count;
        }
        for (reason, count) in other.lacking {
            *self.lacking.entry(reason).or_default() += count;
        }
        for moved in other.losers {
            keep(&mut self.losers, moved, self.references, |m| m.change);
        }
        for moved in other.gainers {
            keep(&mut self.gainers, moved, self.references, |m| -m.change);
        }
        if self.towns.len() > MAX_TOWNS {
            return Err(SimulationError::TooManyTowns);
        }
        Ok(())
    }

    /// Whether none was judged, and none of those it is about lacked anything.
    pub fn is_about_nobody(&self) -> bool {
        self.households() == 0 && self.lacking.is_empty()
    }

    /// How many households were judged under both packs.
    pub fn households(&self) -> u64 {
        self.total.households()
    }
}

fn standing(judged: Judged) -> Standing {
    let outcome = match judged.outcome {
        Outcome::Qualifies => 0,
        Outcome::Exceeds => 1,
        Outcome::Inconclusive => 2,
    };
    (outcome, judged.band)
}

/// Keeps those of which this is least; of equal ones that with the lesser reference, so that the order never matters.
fn keep(list: &mut Vec<Moved>, moved: Moved, most: usize, by: impl Fn(&Moved) -> i128) {
    let key = |moved: &Moved| (by(moved), moved.reference);
    let at = list.partition_point(|kept| key(kept) < key(&moved));
    if at < most {
        list.insert(at, moved);
        list.truncate(most);
    }
}
