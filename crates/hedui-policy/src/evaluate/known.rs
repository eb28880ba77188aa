//! Values with the reasons why they are not exact: departments that are missing, findings that are open.
//! Leaves how values arise to `run` and `facts`.

use hedui_core::names::DepartmentId;

use smol_str::SmolStr;

use crate::value::Value;

/// A set of reasons by their numbers. Empty, which is the rule, it owns no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Causes(Vec<u64>);

impl Causes {
    pub fn insert(&mut self, reason: usize) {
        let word = reason / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (reason % 64);
        }
    }

    pub fn unite(&mut self, other: &Causes) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    fn holds(&self, reason: usize) -> bool {
        self.0
            .get(reason / 64)
            .is_some_and(|bits| bits >> (reason % 64) & 1 == 1)
    }
}

/// A value and why it is open. A settled value has no causes: nothing can change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub value: Value,
    pub causes: Causes,
}

impl Known {
    pub fn new(value: Value, causes: Causes) -> Known {
        let causes = if value.is_settled() { Causes::default() } else { causes };
        Known { value, causes }
    }

    /// A value that needs no record.
    pub fn settled(value: Value) -> Known {
        Known {
            value,
            causes: Causes::default(),
        }
    }
}

/// Before its turn comes a place holds anything; compiled packs never read it then.
impl Default for Known {
    fn default() -> Known {
        Known::settled(Value::UNKNOWN)
    }
}

/// Why a value is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Department(DepartmentId),
    Code(SmolStr),
}

/// The reasons met in one evaluation, each with a number.
#[derive(Debug, Default)]
pub(super) struct Reasons(Vec<Reason>);

impl Reasons {
    /// The number of a reason.
    pub fn intern(&mut self, reason: Reason) -> usize {
        if let Some(known) = self.0.iter().position(|r| *r == reason) {
            return known;
        }
        self.0.push(reason);
        self.0.len() - 1
    }

    fn of<'r>(&'r self, causes: &'r Causes) -> impl Iterator<Item = &'r Reason> {
        self.0
            .iter()
            .enumerate()
            .filter(|(i, _)| causes.holds(*i))
            .map(|(_, reason)| reason)
    }

    /// The departments among them, sorted.
    pub fn departments(&self, causes: &Causes) -> Vec<DepartmentId> {
        if causes.0.is_empty() {
            return Vec::new();
        }
        let of = |reason: &Reason| {
            if let Reason::Department(id) = reason {
                Some(id.clone())
            } else {
                None
            }
        };
        let mut found: Vec<DepartmentId> = self.of(causes).filter_map(of).collect();
        found.sort();
        found
    }

    /// The findings among them, sorted.
    pub fn codes(&self, causes: &Causes) -> Vec<SmolStr> {
        if causes.0.is_empty() {
            return Vec::new();
        }
        let of = |reason: &Reason| {
            if let Reason::Code(code) = reason {
                Some(code.clone())
            } else {
                None
            }
        };
        let mut found: Vec<SmolStr> = self.of(causes).filter_map(of).collect();
        found.sort();
        found
    }
}
