//! Households of one size side by side, as columns; and their verdicts.
//! Leaves which snapshot goes into which chunk to `sort`, and judging to `kernel`.

use hedui_core::dates::Date;
use hedui_core::verdict::Outcome;

use super::layout::{self, Layout};
use super::ops::Given;
use super::{Judged, Payable, outcome};
use crate::snapshot::{Composition, Snapshot};

/// Households of one size and kind.
#[derive(Debug)]
pub(super) struct Chunk {
    numbers: Vec<Vec<i64>>,
    bytes: Vec<Vec<u8>>,
    composition: Vec<Composition>,
    /// Where each stood among all.
    rows: Vec<usize>,
}

/// Where the figures of a chunk stand in the snapshots that go into it, and the greatest number that each may be.
#[derive(Debug, Default)]
pub(super) struct Positions {
    pub household: Vec<(usize, i64)>,
    pub member: Vec<(usize, i64)>,
}

impl Chunk {
    pub(super) fn new(layout: Layout<'_>, capacity: usize) -> Chunk {
        Chunk {
            numbers: (0..layout.number_columns())
                .map(|_| Vec::with_capacity(capacity))
                .collect(),
            bytes: (0..layout.byte_columns())
                .map(|_| Vec::with_capacity(capacity))
                .collect(),
            composition: Vec::with_capacity(capacity),
            rows: Vec::with_capacity(capacity),
        }
    }

    /// How many households.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Where each stood among all.
    pub(super) fn rows(&self) -> &[usize] {
        &self.rows
    }

    pub(super) fn clear(&mut self) {
        self.numbers.iter_mut().for_each(Vec::clear);
        self.bytes.iter_mut().for_each(Vec::clear);
        self.composition.clear();
        self.rows.clear();
    }

    pub(super) fn given(&self, from: usize, rows: usize) -> Given<'_> {
        Given {
            numbers: &self.numbers,
            bytes: &self.bytes,
            from,
            rows,
        }
    }

    pub(super) fn composition(&self, from: usize, rows: usize) -> &[Composition] {
        self.composition.get(from..from + rows).unwrap_or_default()
    }

    /// Appends a household of the chunk's size with the ages of a day; `false`, and nothing is changed, where it does not fit columns:
    /// a number below zero or beyond the range, no lower bound, an age that no table holds.
    pub(super) fn push(
        &mut self,
        snapshot: &Snapshot,
        row: usize,
        day: Date,
        positions: &Positions,
        may_be_open: bool,
    ) -> bool {
        let per_member = snapshot.needs().member().len();
        let household = positions
            .household
            .iter()
            .map(|(at, most)| (*at, *most, snapshot.figures()));
        let members = (0..snapshot.members().len()).flat_map(|member| {
            let of = snapshot.member_figures().get(member * per_member..).unwrap_or_default();
            positions.member.iter().map(move |(at, most)| (*at, *most, of))
        });
        let before = self.rows.len();
        let mut numbers = self.numbers.iter_mut();
        let mut flags = self.bytes.iter_mut().skip(snapshot.members().len() * layout::TRAITS);
        let mut fits = true;
        for (at, most, of) in household.chain(members) {
            let figure = of
                .get(at)
                .copied()
                .unwrap_or(hedui_core::bounds::Bounds { lo: None, hi: None });
            let lo = figure.lo.unwrap_or(-1);
            // An open end stands at the other one: any number in range will do, since nobody reads it.
            let hi = figure.hi.unwrap_or(lo);
            fits &= (0..=most).contains(&lo) && (0..=most).contains(&hi);
            if let Some(column) = numbers.next() {
                column.push(lo);
            }
            if may_be_open {
                if let Some(column) = numbers.next() {
                    column.push(hi);
                }
                if let Some(column) = flags.next() {
                    column.push(u8::from(figure.hi.is_none()));
                }
            }
        }
        let mut traits = self.bytes.iter_mut();
        for person in snapshot.members() {
            let codes = layout::codes(person, person.age_on(day));
            fits &= codes.is_some();
            for code in codes.unwrap_or_default() {
                if let Some(column) = traits.next() {
                    column.push(code);
                }
            }
        }
        if !fits {
            self.numbers.iter_mut().for_each(|column| column.truncate(before));
            self.bytes.iter_mut().for_each(|column| column.truncate(before));
            return false;
        }
        self.composition.push(snapshot.composition());
        self.rows.push(row);
        true
    }
}

/// Verdicts of a chunk, in its order.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    pub outcome: Vec<u8>,
    pub band: Vec<u8>,
    /// Amounts in fen; empty where the pack has none. Of households that exceed they mean nothing.
    pub lo: Vec<i64>,
    /// `i64::MAX` where unbounded.
    pub hi: Vec<i64>,
}

impl Verdicts {
    pub(super) fn clear(&mut self) {
        self.outcome.clear();
        self.band.clear();
        self.lo.clear();
        self.hi.clear();
    }

    /// Each verdict.
    pub(super) fn iter(&self) -> impl Iterator<Item = Judged> {
        let amounts = self.lo.iter().zip(&self.hi).map(Some).chain(std::iter::repeat(None));
        self.outcome
            .iter()
            .zip(&self.band)
            .zip(amounts)
            .map(|((code, band), amount)| {
                let outcome = outcome::outcome(*code);
                let amount = amount.filter(|_| outcome != Outcome::Exceeds).map(|(lo, hi)| Payable {
                    lo: *lo,
                    hi: Some(*hi).filter(|hi| *hi != i64::MAX),
                });
                Judged {
                    outcome,
                    band: Some(*band).filter(|band| *band != outcome::NO_BAND),
                    amount,
                }
            })
    }
}
