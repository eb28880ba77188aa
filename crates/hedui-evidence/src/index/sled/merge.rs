//! Making one run of several, a little at a time, so that look-ups meet few runs and filing never waits for long.
//! Left to others: listing the result and forgetting what went into it (`super`).

use std::sync::Arc;

use super::run::{Chunk, Entry, Run, Values, Writer, entries_of};
use super::{guarded, malformed};
use crate::index::IndexError;

/// How many runs of a size become one of the next size.
const FAN: usize = if cfg!(test) { 3 } else { 8 };
/// Entries of the largest run of the smallest size.
const SMALLEST: u64 = if cfg!(test) { 40 } else { 65_536 };
/// How many entries are merged at each size while one is filed. One would keep pace just so.
const PACE: u64 = 2;
/// Entries merged at least whenever anything is filed.
const LEAST: u64 = if cfg!(test) { 7 } else { 1_024 };

/// The size class of a run.
fn level(entries: u64) -> u32 {
    let mut level = 0;
    let mut limit = SMALLEST;
    while entries > limit {
        level += 1;
        limit = limit.saturating_mul(FAN as u64);
    }
    level
}

/// Where a merge stands in one of its inputs.
struct Cursor {
    run: Arc<Run>,
    chunk: Option<Chunk>,
    at: usize,
}

impl Cursor {
    fn new(db: &sled::Db, run: Arc<Run>) -> Result<Self, IndexError> {
        let chunk = run.chunk_after(db, None)?;
        Ok(Self { run, chunk, at: 0 })
    }

    fn peek(&self) -> Result<Option<&Entry>, IndexError> {
        match &self.chunk {
            Some((_, chunk)) => entries_of(chunk)?
                .get(self.at)
                .map(Some)
                .ok_or_else(|| malformed("a chunk")),
            None => Ok(None),
        }
    }

    fn advance(&mut self, db: &sled::Db) -> Result<(), IndexError> {
        self.at += 1;
        if let Some((key, chunk)) = &self.chunk
            && self.at >= entries_of(chunk)?.len()
        {
            self.chunk = self.run.chunk_after(db, Some(key))?;
            self.at = 0;
        }
        Ok(())
    }
}

/// One merge under way.
pub(super) struct Merge {
    level: u32,
    cursors: Vec<Cursor>,
    writer: Writer,
    done: u64,
}

/// The next runs to merge, neighbours in append order, if there are enough of a size that is not being merged.
pub(super) fn next(runs: &[Arc<Run>], merges: &[Merge]) -> Option<(u32, Vec<Arc<Run>>)> {
    let busy = |run: &Run| merges.iter().any(|merge| merge.takes(run));
    let highest = runs.iter().map(|run| level(run.entries)).max()?;
    (0..=highest)
        .filter(|wanted| merges.iter().all(|merge| merge.level != *wanted))
        .find_map(|wanted| {
            let stretches = runs.split(|run| busy(run) || level(run.entries) > wanted);
            let mut enough = stretches.filter(|stretch| stretch.len() >= FAN);
            enough.next().map(|stretch| (wanted, stretch.to_vec()))
        })
}

impl Merge {
    pub(super) fn new(
        db: &sled::Db,
        number: u64,
        (level, inputs): (u32, Vec<Arc<Run>>),
        with_filter: bool,
    ) -> Result<Self, IndexError> {
        let writer = Writer::new(number, entries(&inputs), with_filter);
        let cursors = inputs.into_iter().map(|run| Cursor::new(db, run));
        Ok(Self {
            level,
            cursors: cursors.collect::<Result<_, _>>()?,
            writer,
            done: 0,
        })
    }

    /// Whether a run goes into this.
    pub(super) fn takes(&self, run: &Run) -> bool {
        self.cursors.iter().any(|cursor| cursor.run.number == run.number)
    }

    /// Bytes of memory that the result's filter takes.
    pub(super) fn filter_bytes(&self) -> u64 {
        self.writer.filter_bytes()
    }

    /// Goes on for as long as is right when so many entries were filed. True when every entry is written.
    pub(super) fn step(&mut self, db: &sled::Db, filed: u64) -> Result<bool, IndexError> {
        let mut out = Values::new();
        for _ in 0..filed.saturating_mul(PACE).max(LEAST) {
            let mut least: Option<(usize, &Entry)> = None;
            for (number, cursor) in self.cursors.iter().enumerate() {
                if let Some(entry) = cursor.peek()?
                    && least.is_none_or(|(_, other)| entry < other)
                {
                    least = Some((number, entry));
                }
            }
            let Some((number, entry)) = least else {
                write(db, &mut out)?;
                return Ok(true);
            };
            self.writer.push(entry, &mut out);
            self.done += 1;
            if let Some(cursor) = self.cursors.get_mut(number) {
                cursor.advance(db)?;
            }
            write(db, &mut out)?;
        }
        Ok(false)
    }

    /// Ends it: the result, written but not listed yet.
    pub(super) fn finish(self, db: &sled::Db) -> Result<Run, IndexError> {
        let mut out = Values::new();
        let inputs: Vec<Arc<Run>> = self.cursors.into_iter().map(|cursor| cursor.run).collect();
        let (Some(oldest), Some(newest)) = (inputs.first(), inputs.last()) else {
            return Err(malformed("a merge"));
        };
        if self.done != entries(&inputs) {
            return Err(malformed("the number of entries of a run"));
        }
        let number = self.writer.number;
        let filter = self.writer.finish(&mut out);
        write(db, &mut out)?;
        Ok(Run {
            number,
            entries: self.done,
            first: oldest.first,
            last: newest.last,
            filter,
        })
    }
}

fn entries(runs: &[Arc<Run>]) -> u64 {
    runs.iter().map(|run| run.entries).sum()
}

/// One value after the other: unlike a batch this never keeps look-ups waiting.
fn write(db: &sled::Db, out: &mut Values) -> Result<(), IndexError> {
    for (key, value) in out.drain(..) {
        guarded("merging runs", || db.insert(key, value).map(drop))?;
    }
    Ok(())
}
