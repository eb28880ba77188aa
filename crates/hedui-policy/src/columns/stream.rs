//! Many snapshots from a slice or a stream through chunks to verdicts, on all processors; the same results in the same order at any number of them.
//! Leaves opening files, and what is done with the verdicts, to the caller.

use std::io::Read;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use hedui_core::verdict::Outcome;
use rayon::prelude::*;

use super::chunk::{Chunk, Verdicts};
use super::kernel::Kernel;
use super::layout::Shape;
use super::ops::Registers;
use super::sort::{Sort, Sorted};
use super::{Columns, Judged, RowError, When};
use crate::snapshot::{Block, Snapshot, SnapshotError, SnapshotReader};

/// Snapshots that one thread takes at a time: enough to fill chunks of the usual sizes of household.
const ROWS_PER_TASK: usize = 4096;
/// Households of a chunk that is filled from a stream.
const CHUNK_ROWS: usize = 512;
/// Households of a chunk that is kept in memory.
const PREPARED_ROWS: usize = 4096;

/// Before its turn comes a place among the results holds this; every place has its turn.
pub(crate) const UNJUDGED: Judged = Judged {
    outcome: Outcome::Inconclusive,
    band: None,
    amount: None,
};

/// What one thread needs again and again.
pub(crate) struct Worker<'c> {
    columns: &'c Columns<'c>,
    when: When,
    sort: Sort<'c>,
    registers: Registers,
    verdicts: Verdicts,
    snapshot: Snapshot,
}

impl<'c> Worker<'c> {
    pub fn new(columns: &'c Columns<'c>, when: When) -> Worker<'c> {
        Worker {
            columns,
            when,
            sort: Sort::new(columns, when, CHUNK_ROWS),
            registers: Registers::default(),
            verdicts: Verdicts::default(),
            snapshot: Snapshot::blank(),
        }
    }

    /// Takes a snapshot; its place among the results is filled now or at the end.
    ///
    /// Errors: as [`Columns::judge_exactly`]; nothing was taken.
    pub fn push(&mut self, snapshot: &Snapshot, row: usize, results: &mut [Judged]) -> Result<(), SnapshotError> {
        match self.sort.push(snapshot, row)? {
            Sorted::Kept => {}
            Sorted::Full(kernel, shape, chunk) => self.judge(kernel, chunk, shape, results),
            Sorted::Odd => {
                let judged = self.columns.judge_exactly(snapshot, self.when)?;
                if let Some(slot) = results.get_mut(row) {
                    *slot = judged;
                }
            }
        }
        Ok(())
    }

    fn judge(&mut self, kernel: &'c Kernel, chunk: Chunk, shape: Shape, results: &mut [Judged]) {
        kernel.run(&chunk, &mut self.registers, &mut self.verdicts);
        for (row, judged) in chunk.rows().iter().zip(self.verdicts.iter()) {
            if let Some(slot) = results.get_mut(*row) {
                *slot = judged;
            }
        }
        self.sort.give_back(chunk, shape);
    }

    /// Judges what is still in the columns.
    pub fn finish(&mut self, results: &mut [Judged]) {
        for (kernel, shape, chunk) in self.sort.drain() {
            self.judge(kernel, chunk, shape, results);
        }
    }

    /// Judges encoded snapshots; an error with its position among them.
    fn judge_encoded<'b>(
        &mut self,
        rows: impl Iterator<Item = &'b [u8]>,
        results: &mut [Judged],
    ) -> Result<(), (usize, SnapshotError)> {
        // Taken out while it is read into, because pushing it needs the rest.
        let mut snapshot = std::mem::replace(&mut self.snapshot, Snapshot::blank());
        let mut failed = None;
        for (row, bytes) in rows.enumerate() {
            let pushed = snapshot
                .decode_into(bytes)
                .and_then(|()| self.push(&snapshot, row, results));
            if let Err(error) = pushed {
                failed = Some((row, error));
                break;
            }
        }
        self.snapshot = snapshot;
        self.finish(results);
        failed.map_or(Ok(()), Err)
    }
}

/// Ranges of so many rows at most.
fn tasks(rows: usize) -> Vec<Range<usize>> {
    let starts = (0..rows).step_by(ROWS_PER_TASK);
    starts.map(|start| start..(start + ROWS_PER_TASK).min(rows)).collect()
}

/// Workers that wait for their next task.
type Pool<'c> = Mutex<Vec<Worker<'c>>>;

impl<'p> Columns<'p> {
    fn with_worker<'c, T>(&'c self, pool: &Pool<'c>, when: When, work: impl FnOnce(&mut Worker<'c>) -> T) -> T {
        let waiting = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker = waiting.unwrap_or_else(|| Worker::new(self, when));
        let result = work(&mut worker);
        pool.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        result
    }

    /// Judges snapshots on the threads of the current rayon pool; the verdicts are in their order.
    ///
    /// # Errors
    /// The first snapshot that lacks what the pack reads.
    pub fn judge_all(&self, snapshots: &[Snapshot], when: When) -> Result<Vec<Judged>, RowError> {
        let pool = Pool::default();
        let run = |rows: &Range<usize>| {
            let snapshots = snapshots.get(rows.clone()).unwrap_or_default();
            let mut results = vec![UNJUDGED; snapshots.len()];
            self.with_worker(&pool, when, |worker| {
                for (row, snapshot) in snapshots.iter().enumerate() {
                    let pushed = worker.push(snapshot, row, &mut results);
                    pushed.map_err(|error| row_error(rows.start, row, error))?;
                }
                worker.finish(&mut results);
                Ok(results)
            })
        };
        in_order(tasks(snapshots.len()).par_iter().map(run).collect())
    }

    /// Judges a stream of snapshots, as [`SnapshotWriter`](crate::SnapshotWriter) writes them, in memory that does not grow with
    /// it: two blocks of the stream, their verdicts, and a few chunks for each thread. The verdicts are handed over in order, with the
    /// number of the first. Returns how many there were.
    ///
    /// # Errors
    /// The first snapshot that cannot be read or lacks what the pack reads; the verdicts before its block were handed over.
    pub fn judge_stream(
        &self,
        source: impl Read + Send,
        when: When,
        mut sink: impl FnMut(u64, &[Judged]),
    ) -> Result<u64, RowError> {
        let pool = Pool::default();
        let mut reader = SnapshotReader::new(source);
        let (mut block, mut next) = (Block::default(), Block::default());
        let mut first = 0u64;
        let unreadable = |row: u64, error| RowError { row, error };
        reader
            .read_block(&mut block)
            .map_err(|error| unreadable(first, error))?;
        while block.len() > 0 {
            // The next block is read while this one is judged.
            let (judged, read) = rayon::join(
                || self.judge_block(&block, &pool, when),
                || reader.read_block(&mut next),
            );
            let judged = judged.map_err(|error| unreadable(first + error.row, error.error))?;
            sink(first, &judged);
            first += u64::try_from(block.len()).unwrap_or(u64::MAX);
            read.map_err(|error| unreadable(first, error))?;
            std::mem::swap(&mut block, &mut next);
        }
        Ok(first)
    }

    fn judge_block<'c>(&'c self, block: &Block, pool: &Pool<'c>, when: When) -> Result<Vec<Judged>, RowError> {
        let run = |rows: &Range<usize>| {
            let mut results = vec![UNJUDGED; rows.len()];
            let encoded = block.rows(rows.clone());
            let judged = self.with_worker(pool, when, |worker| worker.judge_encoded(encoded, &mut results));
            judged.map_err(|(row, error)| row_error(rows.start, row, error))?;
            Ok(results)
        };
        in_order(tasks(block.len()).par_iter().map(run).collect())
    }

    /// Sorts snapshots into columns that stay in memory, to be judged as often as one likes.
    ///
    /// # Errors
    /// The first snapshot that lacks what the pack reads.
    pub fn prepare<'s>(
        &self,
        snapshots: impl IntoIterator<Item = &'s Snapshot>,
        when: When,
    ) -> Result<Prepared<'_>, RowError> {
        let mut sort = Sort::new(self, when, PREPARED_ROWS);
        let mut prepared = Prepared::default();
        for (row, snapshot) in snapshots.into_iter().enumerate() {
            prepared.rows += 1;
            match sort.push(snapshot, row).map_err(|error| row_error(0, row, error))? {
                Sorted::Kept => {}
                Sorted::Full(kernel, _, chunk) => prepared.chunks.push((kernel, chunk)),
                Sorted::Odd => {
                    let judged = self.judge_exactly(snapshot, when);
                    prepared
                        .odd
                        .push((row, judged.map_err(|error| row_error(0, row, error))?));
                }
            }
        }
        let rest = sort.drain().into_iter().map(|(kernel, _, chunk)| (kernel, chunk));
        prepared.chunks.extend(rest);
        Ok(prepared)
    }
}

/// Snapshots sorted into columns.
#[derive(Debug, Default)]
pub struct Prepared<'c> {
    chunks: Vec<(&'c Kernel, Chunk)>,
    /// Those that have no form in columns are judged already.
    odd: Vec<(usize, Judged)>,
    rows: usize,
}

/// Verdicts in the order of the columns.
#[derive(Debug, Default)]
pub struct PreparedVerdicts(Vec<Verdicts>);

impl Prepared<'_> {
    /// How many snapshots have no form in columns.
    pub fn odd(&self) -> usize {
        self.odd.len()
    }

    /// Outcome, band and amount of every household, into the memory of an earlier run, on the threads of the current rayon pool.
    pub fn judge(&self, verdicts: &mut PreparedVerdicts) {
        verdicts.0.resize_with(self.chunks.len(), Verdicts::default);
        let each = self.chunks.par_iter().zip(&mut verdicts.0);
        each.for_each_init(Registers::default, |registers, ((kernel, chunk), verdicts)| {
            kernel.run(chunk, registers, verdicts);
        });
    }

    /// The verdicts in the order of the snapshots.
    pub fn in_order(&self, verdicts: &PreparedVerdicts) -> Vec<Judged> {
        let mut results = vec![UNJUDGED; self.rows];
        let of_chunk = |((_, chunk), verdicts): (&(_, Chunk), &Verdicts)| {
            let rows = chunk.rows().iter().copied();
            rows.zip(verdicts.iter()).collect::<Vec<_>>()
        };
        let judged = self.chunks.iter().zip(&verdicts.0).flat_map(of_chunk);
        for (row, judged) in judged.chain(self.odd.iter().copied()) {
            if let Some(slot) = results.get_mut(row) {
                *slot = judged;
            }
        }
        results
    }
}

fn row_error(start: usize, row: usize, error: SnapshotError) -> RowError {
    RowError {
        row: u64::try_from(start + row).unwrap_or(u64::MAX),
        error,
    }
}

/// The results one after another, or the first error: which thread met one first does not matter.
fn in_order(parts: Vec<Result<Vec<Judged>, RowError>>) -> Result<Vec<Judged>, RowError> {
    let mut all = Vec::new();
    for part in parts {
        all.append(&mut part?);
    }
    Ok(all)
}
