//! Figures as intervals: what answered is known, what did not is unknown, and every figure names its parents.
//! Leaves arithmetic beyond sums to the policy evaluator.

use serde::{Deserialize, Serialize};

use crate::dates::PartialDate;
use crate::money::Fen;
use crate::names::DepartmentId;
use crate::record::RecordType;

/// A closed interval of whole numbers (fen, persons, months, pieces); an open end is unbounded.
/// Sums saturate into "unbounded", which is always the safe side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Least possible value; `None` for no lower bound.
    pub lo: Option<i64>,
    /// Greatest possible value; `None` for no upper bound.
    pub hi: Option<i64>,
}

impl Bounds {
    /// Exactly zero.
    pub const ZERO: Bounds = Bounds::exactly(0);
    /// Anything from zero.
    pub const NON_NEGATIVE: Bounds = Bounds { lo: Some(0), hi: None };

    /// Exactly this.
    pub const fn exactly(value: i64) -> Bounds {
        Bounds {
            lo: Some(value),
            hi: Some(value),
        }
    }

    /// From `lo` to `hi`.
    pub const fn between(lo: i64, hi: i64) -> Bounds {
        Bounds {
            lo: Some(lo),
            hi: Some(hi),
        }
    }

    /// Whether only one value is possible.
    pub fn is_exact(self) -> bool {
        self.lo.is_some() && self.lo == self.hi
    }

    /// Sum of two independent figures.
    #[must_use]
    pub fn plus(self, other: Bounds) -> Bounds {
        let add = |a: Option<i64>, b: Option<i64>| a.zip(b).and_then(|(a, b)| a.checked_add(b));
        Bounds {
            lo: add(self.lo, other.lo),
            hi: add(self.hi, other.hi),
        }
    }

    /// The same with no upper bound.
    #[must_use]
    pub fn or_more(self) -> Bounds {
        Bounds { lo: self.lo, hi: None }
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn hull(self, other: Bounds) -> Bounds {
        Bounds {
            lo: self.lo.zip(other.lo).map(|(a, b)| a.min(b)),
            hi: self.hi.zip(other.hi).map(|(a, b)| a.max(b)),
        }
    }

    /// Whether `inner` lies within.
    pub fn contains(self, inner: Bounds) -> bool {
        let below = match (self.lo, inner.lo) {
            (None, _) => true,
            (Some(outer), Some(inner)) => outer <= inner,
            (Some(_), None) => false,
        };
        let above = match (self.hi, inner.hi) {
            (None, _) => true,
            (Some(outer), Some(inner)) => outer >= inner,
            (Some(_), None) => false,
        };
        below && above
    }
}

/// What became of one record in a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Treatment {
    /// Counted.
    Counted,
    /// The same thing as another record, counted there.
    Duplicate {
        /// Reference of the record that is counted.
        of: String,
        /// Department of that record; empty where the same.
        at: String,
        /// The identifying key by which they were matched.
        by: String,
    },
    /// Not counted by a rule.
    Disregarded {
        /// The rule.
        rule: String,
    },
    /// Counted on the word of the household: no register shows it.
    Declared,
    /// Known only within bounds.
    Uncertain {
        /// Why.
        why: String,
    },
}

/// A record, or a declaration, behind a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Position of the person in the household.
    pub subject: u32,
    /// Department whose record it is; `None` for the household's own declaration.
    pub department: Option<DepartmentId>,
    /// Type of the record.
    pub record_type: Option<RecordType>,
    /// The department's key of the record.
    pub reference: String,
    /// What it is, in a few words without personal data: `wage 2026-10`.
    pub label: String,
    /// Amount in the figure's unit.
    pub amount: i64,
    /// Month or day that it belongs to.
    pub on: Option<PartialDate>,
    /// What became of it.
    pub treatment: Treatment,
}

/// A figure about a household or one of its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// What is possible.
    pub bounds: Bounds,
    /// Departments that did not settle their part, sorted, each once.
    pub missing: Vec<DepartmentId>,
    /// Other reasons why it is not exact, for example sources in conflict: finding codes, sorted, each once.
    pub open: Vec<String>,
    /// Records and declarations behind it.
    pub parts: Vec<Part>,
}

impl Figure {
    /// A figure that needs no record: an age, a number of members.
    pub fn known(value: i64) -> Figure {
        Figure {
            bounds: Bounds::exactly(value),
            missing: Vec::new(),
            open: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Adds another figure to this one.
    pub fn add(&mut self, other: Figure) {
        self.bounds = self.bounds.plus(other.bounds);
        self.parts.extend(other.parts);
        merge_sorted(&mut self.missing, other.missing);
        merge_sorted(&mut self.open, other.open);
    }
}

/// Unites two sorted lists without repetition.
pub(crate) fn merge_sorted<T: Ord>(into: &mut Vec<T>, from: Vec<T>) {
    if from.is_empty() {
        return;
    }
    into.extend(from);
    into.sort();
    into.dedup();
}

/// An amount in fen as bounds.
impl From<Fen> for Bounds {
    fn from(fen: Fen) -> Bounds {
        Bounds::exactly(fen.0)
    }
}
