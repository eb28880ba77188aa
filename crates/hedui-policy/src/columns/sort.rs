//! Puts snapshots into chunks of one size, kind and time, and tells those that do not fit.
//! Leaves what becomes of full chunks to `stream`.

use std::sync::Arc;

use hedui_core::bounds::Bounds;
use hedui_core::dates::Date;
use hedui_core::verdict::Truth;

use super::chunk::{Chunk, Positions};
use super::kernel::Kernel;
use super::layout::{self, Shape};
use super::{Columns, When};
use crate::snapshot::{FigureKey, Needs, Snapshot, SnapshotError};

/// Most chunks that are filled at a time. A country's households of one day need some twenty.
const MAX_FILLING: usize = 48;

/// What became of a snapshot.
pub(super) enum Sorted<'c> {
    /// It went into a chunk that is not full yet.
    Kept,
    /// It went into a chunk that must now be judged.
    Full(&'c Kernel, Shape, Chunk),
    /// It has no form in columns.
    Odd,
}

struct Filling<'c> {
    time: usize,
    shape: Shape,
    kernel: &'c Kernel,
    positions: Positions,
    chunk: Chunk,
}

/// Chunks being filled.
pub(super) struct Sort<'c> {
    columns: &'c Columns<'c>,
    when: When,
    capacity: usize,
    /// The figures of the snapshots that the positions are for.
    needs: Arc<Needs>,
    filling: Vec<Filling<'c>>,
    /// Chunks to fill again.
    spare: Vec<(Shape, Chunk)>,
}

impl<'c> Sort<'c> {
    pub(super) fn new(columns: &'c Columns<'c>, when: When, capacity: usize) -> Sort<'c> {
        Sort {
            columns,
            when,
            capacity,
            needs: Arc::new(Needs::default()),
            filling: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Takes a judged chunk back, to fill it again.
    pub(super) fn give_back(&mut self, mut chunk: Chunk, shape: Shape) {
        chunk.clear();
        if self.spare.len() < MAX_FILLING {
            self.spare.push((shape, chunk));
        }
    }

    /// Every chunk that holds something.
    pub(super) fn drain(&mut self) -> Vec<(&'c Kernel, Shape, Chunk)> {
        let filled = self.filling.drain(..);
        filled
            .map(|filling| (filling.kernel, filling.shape, filling.chunk))
            .collect()
    }

    /// Puts a snapshot into the chunk where it belongs.
    pub(super) fn push(&mut self, snapshot: &Snapshot, row: usize) -> Result<Sorted<'c>, SnapshotError> {
        if !Arc::ptr_eq(&self.needs, &snapshot.needs) {
            snapshot.needs().cover(&self.columns.needs)?;
            if *self.needs != *snapshot.needs {
                // Chunks being filled would look for figures where they no longer stand.
                for filling in &mut self.filling {
                    filling.positions = positions(self.columns, snapshot.needs(), filling.kernel);
                }
            }
            self.needs = Arc::clone(&snapshot.needs);
        }
        if !self.columns.fits(snapshot) {
            return Ok(Sorted::Odd);
        }
        let day = self.when.day(snapshot);
        let shape = Shape {
            persons: snapshot.members().len(),
            may_be_open: !is_settled(snapshot),
        };
        let time = self.columns.time(day);
        let Some(at) = self.filling_of(time, shape) else {
            return Ok(Sorted::Odd);
        };
        let full = self.put(at, snapshot, row, day);
        Ok(full.unwrap_or(Sorted::Odd))
    }

    /// The chunk at a position takes a snapshot; `None` where it does not fit.
    fn put(&mut self, at: usize, snapshot: &Snapshot, row: usize, day: Date) -> Option<Sorted<'c>> {
        let filling = self.filling.get_mut(at)?;
        let may_be_open = filling.shape.may_be_open;
        if !filling.chunk.push(snapshot, row, day, &filling.positions, may_be_open) {
            return None;
        }
        if filling.chunk.len() < self.capacity {
            return Some(Sorted::Kept);
        }
        let full = self.filling.swap_remove(at);
        Some(Sorted::Full(full.kernel, full.shape, full.chunk))
    }

    /// Where the chunk of a time and shape is; `None` where there are no operations for it, or no room.
    fn filling_of(&mut self, time: usize, shape: Shape) -> Option<usize> {
        let found = self.filling.iter().position(|f| f.time == time && f.shape == shape);
        if found.is_some() {
            return found;
        }
        let kernel = self.columns.kernel(time, shape)?;
        if self.filling.len() == MAX_FILLING {
            return None;
        }
        let spare = self.spare.iter().position(|(of, _)| *of == shape);
        let chunk = match spare {
            Some(at) => self.spare.swap_remove(at).1,
            None => Chunk::new(self.columns.layout(shape), self.capacity),
        };
        self.filling.push(Filling {
            time,
            shape,
            kernel,
            positions: positions(self.columns, &self.needs, kernel),
            chunk,
        });
        Some(self.filling.len() - 1)
    }
}

/// Where each figure of the pack stands in snapshots, and how great it may be.
fn positions(columns: &Columns<'_>, held: &Needs, kernel: &Kernel) -> Positions {
    let of = |wanted: &[FigureKey], held: &[FigureKey], scales: &[i128]| {
        let each = wanted.iter().zip(scales).map(|(key, scale)| {
            // What is not held was refused before.
            let at = held.iter().position(|k| k == key).unwrap_or(usize::MAX);
            (at, layout::most(*scale, kernel.money))
        });
        each.collect()
    };
    Positions {
        household: of(columns.needs.household(), held.household(), &columns.scales.household),
        member: of(columns.needs.member(), held.member(), &columns.scales.member),
    }
}

/// Whether nothing about a household is open. Figures that the pack does not read count too: most households have none.
fn is_settled(snapshot: &Snapshot) -> bool {
    let exact = |figure: &Bounds| figure.is_exact();
    snapshot.figures().iter().all(exact)
        && snapshot.member_figures().iter().all(exact)
        && snapshot
            .members()
            .iter()
            .all(|person| person.student != Truth::Open && !person.disability.is_open)
}
