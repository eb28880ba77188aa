//! Judges many households at once: a pack compiled to operations on columns of whole numbers, run chunk by chunk on all processors.
//! Leaves the trace, and why something is open, to [`Pack::evaluate`], for the households that a person looks at; the results are the same.
//!
//! Every value of a pack is a whole-number column times a fraction that is known when the pack is compiled for a size of
//! household and a time, so that fractions cost nothing while households are judged. A proof at compile time bounds every
//! number; what has no such form, or a household beyond those bounds, is judged on exact fractions one by one.

use std::sync::OnceLock;

use hedui_core::dates::Date;
use hedui_core::household::MAX_MEMBERS;
use hedui_core::verdict::Outcome;

use crate::pack::Pack;
use crate::program::Filling;
use crate::snapshot::{Composition, FigureKey, Needs, Read, Snapshot, SnapshotError, key, scale};

mod build;
mod chunk;
mod divide;
mod exact;
mod kernel;
mod layout;
mod linear;
mod lower;
mod ops;
mod outcome;
mod sort;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

use kernel::Kernel;
use layout::{Layout, Shape};

pub use stream::{Prepared, PreparedVerdicts};
pub(crate) use stream::{UNJUDGED, Worker};

/// Greatest amounts of money in columns, in fen: the first for which a pack's numbers fit. The least is 42 million yuan.
const MONEY: [i64; 3] = [1 << 40, 1 << 36, 1 << 32];
/// Most times with parameters of their own for which operations are kept; a household of a later time is judged alone.
const MAX_TIMES: usize = 64;

/// The day whose parameters and ages count. Figures are always those of the snapshot, over the windows before its own date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The date of each snapshot.
    OwnDate,
    /// One day for all.
    On(Date),
}

impl When {
    pub(crate) fn day(self, snapshot: &Snapshot) -> Date {
        match self {
            When::OwnDate => snapshot.as_of(),
            When::On(day) => day,
        }
    }
}

/// What would be paid, in fen: least, and most (`None` where unbounded).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Payable {
    /// Least; never negative.
    pub lo: i64,
    /// Most.
    pub hi: Option<i64>,
}

/// A verdict without its explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What the evidence allows to say.
    pub outcome: Outcome,
    /// Position of the band, where the pack has bands and it is settled; see [`Columns::band`].
    pub band: Option<u8>,
    /// The amount, where the pack has one and the outcome is not `Exceeds`.
    pub amount: Option<Payable>,
}

/// Why one of many snapshots cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("snapshot {row}: {error}")]
pub struct RowError {
    /// Which of them, from 0.
    pub row: u64,
    /// Why.
    #[source]
    pub error: SnapshotError,
}

/// A pack made ready for columns. Operations are compiled when the first household of a shape needs them, once.
#[derive(Debug)]
pub struct Columns<'p> {
    pack: &'p Pack,
    needs: Needs,
    /// Which of the pack's places are read.
    read: Read,
    /// What the whole numbers of each figure are divided by, in the order of the needs.
    scales: Scales,
    /// Days from which other parameters are in force than before, ascending.
    changes: Vec<Date>,
    kernels: Vec<OnceLock<Option<Kernel>>>,
}

#[derive(Debug, Default)]
struct Scales {
    household: Vec<i128>,
    member: Vec<i128>,
}

impl<'p> Columns<'p> {
    /// Columns of a pack.
    ///
    /// # Errors
    /// `TooMany` where the pack reads more figures than a snapshot can hold.
    pub fn new(pack: &'p Pack) -> Result<Columns<'p>, SnapshotError> {
        // Every part of a pack is named, so that a part added to packs cannot be left out of columns unnoticed.
        let Pack {
            head: _,
            household,
            member,
            tables: _,
            // By the needs of the snapshots.
            composition: _,
            // Of households without supporters it is nothing; the others are judged one by one.
            support: _,
            steps: _,
            tests: _,
            bands: _,
            amount: _,
            assumptions: _,
            // Say what must come out, and decide nothing.
            cases: _,
        } = pack;
        let needs = Needs::of_packs([pack])?;
        let scale = |places: &[crate::program::Place], wanted: &FigureKey| {
            let place = places.iter().find(|place| key(place, pack).as_ref() == Some(wanted));
            place.map_or(1, |place| self::scale(&place.filling))
        };
        let scales = Scales {
            household: needs.household().iter().map(|key| scale(household, key)).collect(),
            member: needs.member().iter().map(|key| scale(member, key)).collect(),
        };
        let changes = changes(pack);
        let times = (changes.len() + 1).min(MAX_TIMES);
        Ok(Columns {
            pack,
            needs,
            read: Read::of(pack),
            scales,
            changes,
            kernels: (0..times * MAX_MEMBERS * 2).map(|_| OnceLock::new()).collect(),
        })
    }

    /// The pack.
    pub fn pack(&self) -> &'p Pack {
        self.pack
    }

    /// The figures that it reads.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Name of a band by its position.
    pub fn band(&self, position: u8) -> Option<&'p str> {
        self.pack
            .bands
            .get(usize::from(position))
            .map(|band| band.rule.name.as_str())
    }

    /// Judges one snapshot on exact fractions, as columns do where they cannot.
    ///
    /// # Errors
    /// `OtherRule` where it counts other people than the pack, `FigureMissing` and `SupportersMissing` where it lacks what the pack reads.
    pub fn judge_exactly(&self, snapshot: &Snapshot, when: When) -> Result<Judged, SnapshotError> {
        snapshot.needs().cover(&self.needs)?;
        if !is_reckoned(snapshot) {
            return Ok(Judged {
                outcome: Outcome::Inconclusive,
                band: None,
                amount: self.pack.amount.as_ref().map(|_| Payable { lo: 0, hi: None }),
            });
        }
        exact::judge(self.pack, &self.read, snapshot, when.day(snapshot))
    }

    /// Whether columns hold all that the pack reads of a household.
    fn fits(&self, snapshot: &Snapshot) -> bool {
        is_reckoned(snapshot) && (self.pack.support.is_none() || snapshot.supporters().is_empty())
    }

    /// Whether settled households of a size are judged by columns, and those on bounds, with the parameters of a day.
    pub fn has_columns(&self, persons: usize, day: Date) -> [bool; 2] {
        let time = self.time(day);
        [false, true].map(|may_be_open| self.kernel(time, Shape { persons, may_be_open }).is_some())
    }

    /// The number of the time that holds a day: how many changes came before.
    fn time(&self, day: Date) -> usize {
        self.changes.partition_point(|change| *change <= day)
    }

    fn layout(&self, shape: Shape) -> Layout<'_> {
        Layout {
            needs: &self.needs,
            shape,
        }
    }

    /// The operations for a time and shape; `None` where there are none.
    fn kernel(&self, time: usize, shape: Shape) -> Option<&Kernel> {
        if shape.persons == 0 || shape.persons > MAX_MEMBERS {
            return None;
        }
        let at = (time * MAX_MEMBERS + shape.persons - 1) * 2 + usize::from(shape.may_be_open);
        let compile = || {
            let day = time.checked_sub(1).and_then(|before| self.changes.get(before).copied());
            let day = day.unwrap_or(Date::MIN);
            let try_one = |money| lower::lower(self.pack, &self.read, self.layout(shape), day, money).ok();
            MONEY.into_iter().find_map(try_one)
        };
        self.kernels.get(at)?.get_or_init(compile).as_ref()
    }
}

/// Whether anything can be reckoned: not where it is open who counts, or where nobody does.
fn is_reckoned(snapshot: &Snapshot) -> bool {
    snapshot.composition() != Composition::CountOpen && !snapshot.members().is_empty()
}

/// Days from which a parameter has another value than the day before, or may have.
fn changes(pack: &Pack) -> Vec<Date> {
    let mut days = Vec::new();
    for place in &pack.household {
        if let Filling::Dated(_, periods) = &place.filling {
            days.extend(periods.iter().filter_map(|period| period.from));
            // Nothing comes after the last day of all.
            days.extend(periods.iter().filter_map(|period| period.to?.tomorrow().ok()));
        }
    }
    days.sort_unstable();
    days.dedup();
    days
}
