//! Figures as intervals: what answered is known, what did not is unknown, and every figure names its parents.
//! Leaves arithmetic beyond sums to the policy evaluator.

use serde::{Deserialize, Serialize};

use smol_str::SmolStr;

use crate::money::Fen;
use crate::names::DepartmentId;
use crate::part::Part;

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

/// A figure about a household or one of its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// What is possible.
    pub bounds: Bounds,
    /// Departments that did not settle their part, sorted, each once.
    pub missing: Vec<DepartmentId>,
    /// Other reasons why it is not exact, for example sources in conflict: finding codes, sorted, each once.
    pub open: Vec<SmolStr>,
    /// Records and declarations behind it.
    #[serde(with = "crate::part::sealed")]
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

    /// Adds a figure that others rest on too.
    pub fn add_shared(&mut self, other: &Figure) {
        self.bounds = self.bounds.plus(other.bounds);
        self.parts.extend_from_slice(&other.parts);
        merge_sorted(&mut self.missing, other.missing.clone());
        merge_sorted(&mut self.open, other.open.clone());
    }

    /// Adds another figure to this one.
    pub fn add(&mut self, other: Figure) {
        self.bounds = self.bounds.plus(other.bounds);
        if self.parts.is_empty() {
            self.parts = other.parts;
        } else {
            self.parts.extend(other.parts);
        }
        merge_sorted(&mut self.missing, other.missing);
        merge_sorted(&mut self.open, other.open);
    }
}

/// Unites two sorted lists without repetition.
pub(crate) fn merge_sorted<T: Ord>(into: &mut Vec<T>, from: Vec<T>) {
    if into.is_empty() {
        *into = from;
        return;
    }
    for new in from {
        insert_sorted(into, new);
    }
}

/// Adds to a sorted list what it does not hold yet.
pub(crate) fn insert_sorted<T: Ord>(into: &mut Vec<T>, new: T) {
    if let Err(at) = into.binary_search(&new) {
        into.insert(at, new);
    }
}

/// An amount in fen as bounds.
impl From<Fen> for Bounds {
    fn from(fen: Fen) -> Bounds {
        Bounds::exactly(fen.0)
    }
}
