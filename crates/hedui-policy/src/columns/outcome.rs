//! From the truths of tests and bands to the outcome and the band, household by household or column by column.
//! Leaves how truths arise to the evaluators; the rule itself is `hedui_core::verdict`'s and `evaluate`'s.

use hedui_core::verdict::{Outcome, Truth};

use crate::snapshot::Composition;

/// Truths as columns hold them, so that "and" is the least and "or" the greatest.
pub(super) const FAILS: u8 = 0;
pub(super) const OPEN: u8 = 1;
pub(super) const HOLDS: u8 = 2;
/// In a column of bands: none, or not settled.
pub(super) const NO_BAND: u8 = u8::MAX;

/// A truth as columns hold it.
pub(super) fn code(truth: Truth) -> u8 {
    match truth {
        Truth::Fails => FAILS,
        Truth::Open => OPEN,
        Truth::Holds => HOLDS,
    }
}

/// Which bands are possible for a household, met in the order of the pack.
#[derive(Clone, Copy)]
pub(super) struct Bands {
    decided: bool,
    possible: u8,
    first: u8,
    any_qualifies: bool,
    all_qualify: bool,
}

impl Bands {
    pub(super) const START: Bands = Bands {
        decided: false,
        possible: 0,
        first: NO_BAND,
        any_qualifies: false,
        all_qualify: true,
    };

    pub(super) fn meet(&mut self, at: u8, truth: u8, qualifies: bool) {
        if self.decided || truth == FAILS {
            return;
        }
        if self.possible == 0 {
            self.first = at;
        }
        self.possible = self.possible.saturating_add(1);
        self.any_qualifies |= qualifies;
        self.all_qualify &= qualifies;
        self.decided = truth == HOLDS;
    }

    /// Whether the household is in a band that qualifies, and which it is where only one is possible.
    pub(super) fn end(mut self) -> (u8, u8) {
        if !self.decided {
            // Perhaps none of them.
            self.possible = self.possible.saturating_add(1);
            self.all_qualify = false;
        }
        let truth = match (self.any_qualifies, self.all_qualify) {
            (_, true) => HOLDS,
            (false, _) => FAILS,
            (true, false) => OPEN,
        };
        (truth, if self.possible == 1 { self.first } else { NO_BAND })
    }
}

/// The outcome from the least of all truths.
pub(super) fn combine(least: u8, composition: Composition) -> u8 {
    match (least, composition) {
        (HOLDS, Composition::Settled) => HOLDS,
        (FAILS, Composition::Settled | Composition::Open) => FAILS,
        _ => OPEN,
    }
}

/// The outcome of a combined truth.
pub(super) fn outcome(code: u8) -> Outcome {
    match code {
        HOLDS => Outcome::Qualifies,
        FAILS => Outcome::Exceeds,
        _ => Outcome::Inconclusive,
    }
}

/// The outcome and the position of the band of one household.
pub(super) fn of(tests: &[Truth], bands: &[(Truth, bool)], composition: Composition) -> (Outcome, Option<u8>) {
    let mut least = tests.iter().map(|truth| code(*truth)).min().unwrap_or(HOLDS);
    let failed = least == FAILS;
    let mut band = NO_BAND;
    if !bands.is_empty() {
        let mut met = Bands::START;
        for (at, (truth, qualifies)) in (0u8..).zip(bands) {
            met.meet(at, code(*truth), *qualifies);
        }
        let (truth, only) = met.end();
        least = least.min(truth);
        band = only;
    }
    let band = Some(band).filter(|band| *band != NO_BAND && !failed);
    (outcome(combine(least, composition)), band)
}
