//! The index in sled 0.34: fast, and never trusted. It survives kill -9 but not power cuts, and may panic on damage.
//! Left to others: throwing it away and building it anew (`segment::catch_up`).
//!
//! sled spends microseconds on every key, whatever its size, and look-up keys are random. So what is filed at once
//! becomes a sorted run of a few large values, runs are merged as they gather, and a filter in memory answers for most
//! runs that a key is not in them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use self::merge::Merge;
use self::run::{Entry, POSITION_BYTES, Run, Values, Writer, position_bytes, position_from};
use super::filter::{Filter, hash_of};
use super::{Filed, Index, IndexError, LookupKey, Watermark};
use crate::codec::Reader;
use crate::ids::FrameId;
use crate::store::Position;

mod merge;
mod run;

/// Beside the tags of runs and filters.
const STORE_KEY: &[u8] = b"m:store";
const WATERMARK_KEY: &[u8] = b"m:watermark";
const RUNS_KEY: &[u8] = b"m:runs";
/// In front of the store id: another layout gets another version, and with it a rebuild. Version 1 had a key per entry.
const LAYOUT_VERSION: u8 = 2;
/// Between flushes by sled's own thread. What a crash takes is filed again from the segments.
const FLUSH_EVERY_MS: u64 = 1_000;
/// How often a lock that somebody is about to let go of is looked at, and how long between two looks: two seconds in all.
const LOCK_LOOKS: u32 = 100;
const LOCK_LOOK_EVERY: Duration = Duration::from_millis(20);
/// How many values of a run that was merged away are removed at once.
const REMOVED_AT_ONCE: usize = 1_024;

/// What filing needs to know beside the runs.
#[derive(Default)]
struct Filing {
    /// The number of the next run.
    next: u64,
    merges: Vec<Merge>,
    /// Runs that are listed no more; their values go once no look-up holds them any longer.
    unlisted: Vec<(u64, Weak<Run>)>,
}

/// Runs of sorted entries in one sled tree.
pub struct SledIndex {
    db: sled::Db,
    /// How much memory filters may take.
    filter_bytes: u64,
    /// Oldest first. A look-up takes a copy of the list, and with it a hold on what it lists.
    runs: RwLock<Arc<Vec<Arc<Run>>>>,
    filing: Mutex<Filing>,
}

impl std::fmt::Debug for SledIndex {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SledIndex")
    }
}

/// Runs a piece of sled, turning errors and panics alike into an error: an index is never worth a process.
fn guarded<T>(doing: &str, work: impl FnOnce() -> sled::Result<T>) -> Result<T, IndexError> {
    // Nothing that is touched inside is used again after a panic: the index is thrown away.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(IndexError {
            reason: format!("{doing}: {error}"),
        }),
        Err(_) => Err(IndexError {
            reason: format!("{doing}: sled panicked"),
        }),
    }
}

fn malformed(what: &str) -> IndexError {
    IndexError {
        reason: format!("{what} in the index is malformed"),
    }
}

fn watermark_bytes(watermark: Watermark) -> Vec<u8> {
    let mut bytes = position_bytes(watermark.end).to_vec();
    if let Some((position, FrameId(id))) = watermark.last {
        bytes.extend_from_slice(&position_bytes(position));
        bytes.extend_from_slice(&id);
    }
    bytes
}

fn watermark_from(bytes: &[u8]) -> Result<Watermark, IndexError> {
    let end = position_from(bytes)?;
    let Some(rest) = bytes.get(POSITION_BYTES..).filter(|rest| !rest.is_empty()) else {
        return Ok(Watermark { end, last: None });
    };
    let id = rest
        .get(POSITION_BYTES..)
        .and_then(|id| id.try_into().ok())
        .map(FrameId);
    let id = id.ok_or_else(|| malformed("the watermark"))?;
    Ok(Watermark {
        end,
        last: Some((position_from(rest)?, id)),
    })
}

/// The list of runs as it is kept: of each its number, entries, first and last position, whether it has a filter.
fn list_bytes(runs: &[Arc<Run>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for run in runs {
        bytes.extend_from_slice(&run.number.to_be_bytes());
        bytes.extend_from_slice(&run.entries.to_be_bytes());
        bytes.extend_from_slice(&position_bytes(run.first));
        bytes.extend_from_slice(&position_bytes(run.last));
        bytes.push(u8::from(run.filter.is_some()));
    }
    bytes
}

fn list_from(db: &sled::Db, bytes: &[u8]) -> Result<Vec<Arc<Run>>, IndexError> {
    const RUN_BYTES: usize = 8 + 8 + 2 * POSITION_BYTES + 1;
    let (listed, []) = bytes.as_chunks::<RUN_BYTES>() else {
        return Err(malformed("the list of runs"));
    };
    let read = |bytes: &[u8]| {
        let mut from = Reader::new(bytes);
        let (number, entries) = (from.u64("run")?, from.u64("entries")?);
        let mut position = || {
            Ok::<_, crate::CodecError>(Position {
                segment: from.u64("segment")?,
                offset: from.u64("offset")?,
            })
        };
        let (first, last) = (position()?, position()?);
        let run = Run {
            number,
            entries,
            first,
            last,
            filter: None,
        };
        Ok::<_, crate::CodecError>((run, from.u8("filter")? != 0))
    };
    let mut runs = Vec::with_capacity(listed.len());
    for bytes in listed {
        let (mut run, has_filter) = read(bytes).map_err(|_| malformed("the list of runs"))?;
        if has_filter {
            run.load_filter(db)?;
        }
        runs.push(Arc::new(run));
    }
    Ok(runs)
}

/// Opens the database. The folder's own lock is held already, so that only a process that ends, or a child that is just being started and
/// has our files until it is, can still hold sled's: for a moment. `wait` is called between two looks.
pub(super) fn opened(config: &sled::Config, mut wait: impl FnMut()) -> sled::Result<sled::Db> {
    let is_locked =
        |error: &sled::Error| matches!(error, sled::Error::Io(io) if io.to_string().contains("acquire lock"));
    for _ in 0..LOCK_LOOKS {
        match config.open() {
            Err(error) if is_locked(&error) => wait(),
            other => return other,
        }
    }
    config.open()
}

impl SledIndex {
    /// Opens the index in a folder; with `fresh`, deletes the folder first. Half of `cache_bytes` is for sled's cache,
    /// half for filters: about ten bytes for each verification ever kept, and without them a look-up reads more.
    /// Errors: whatever sled says, panics included.
    pub fn open(folder: &Path, cache_bytes: u64, fresh: bool) -> Result<Self, IndexError> {
        if fresh && folder.exists() {
            std::fs::remove_dir_all(folder).map_err(|error| IndexError {
                reason: format!("deleting the index: {error}"),
            })?;
        }
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes / 2)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(Some(FLUSH_EVERY_MS));
        let index = Self {
            db: guarded("opening the index", || {
                opened(&config, || std::thread::park_timeout(LOCK_LOOK_EVERY))
            })?,
            filter_bytes: cache_bytes / 2,
            runs: RwLock::default(),
            filing: Mutex::default(),
        };
        // Another layout is noticed by whoever asks for the store id, and has nothing that could be read here.
        if matches!(index.store_id(), Ok(Some(_))) {
            index.load()?;
        }
        Ok(index)
    }

    /// Reads the list of runs, and finds what a merge or its end left behind when the process was killed.
    fn load(&self) -> Result<(), IndexError> {
        let list = guarded("reading the list of runs", || self.db.get(RUNS_KEY))?;
        let runs = list.map_or_else(|| Ok(Vec::new()), |bytes| list_from(&self.db, &bytes))?;
        let numbers = run::numbers(&self.db)?;
        if runs.iter().any(|run| numbers.binary_search(&run.number).is_err()) {
            return Err(malformed("the list of runs"));
        }
        let mut filing = self.filing();
        filing.next = numbers.last().map_or(0, |last| last + 1);
        let unlisted = numbers.iter().filter(|n| runs.iter().all(|run| run.number != **n));
        filing.unlisted = unlisted.map(|number| (*number, Weak::new())).collect();
        self.list(runs);
        Ok(())
    }

    fn filing(&self) -> MutexGuard<'_, Filing> {
        // After a panic the index has failed, and is used no more.
        self.filing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn runs(&self) -> Arc<Vec<Arc<Run>>> {
        Arc::clone(&self.runs.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn list(&self, runs: Vec<Arc<Run>>) {
        *self.runs.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(runs);
    }

    fn has_room(&self, filing: &Filing, runs: &[Arc<Run>], entries: u64) -> bool {
        let held = runs.iter().filter(|run| run.filter.is_some());
        let held: u64 = held.map(|run| Filter::bytes_for(run.entries)).sum();
        let growing: u64 = filing.merges.iter().map(Merge::filter_bytes).sum();
        held + growing + Filter::bytes_for(entries) <= self.filter_bytes
    }

    /// Goes on with every merge under way, begins others, lists what is finished in the place of what went into it.
    fn merge(&self, filing: &mut Filing, runs: &mut Vec<Arc<Run>>, filed: u64) -> Result<(), IndexError> {
        while let Some((level, inputs)) = merge::next(runs, &filing.merges) {
            let entries = inputs.iter().map(|run| run.entries).sum();
            let with_filter = self.has_room(filing, runs, entries);
            let merge = Merge::new(&self.db, filing.next, (level, inputs), with_filter)?;
            filing.next += 1;
            filing.merges.push(merge);
        }
        let mut under_way = Vec::with_capacity(filing.merges.len());
        for mut merge in std::mem::take(&mut filing.merges) {
            if !merge.step(&self.db, filed)? {
                under_way.push(merge);
                continue;
            }
            let place = runs.iter().position(|run| merge.takes(run));
            let merged = runs.iter().filter(|run| merge.takes(run));
            filing
                .unlisted
                .extend(merged.map(|run| (run.number, Arc::downgrade(run))));
            runs.retain(|run| !merge.takes(run));
            runs.insert(place.unwrap_or(0), Arc::new(merge.finish(&self.db)?));
        }
        filing.merges = under_way;
        Ok(())
    }

    /// Removes a little of what is listed no more.
    fn tidy(&self, filing: &mut Filing) -> Result<(), IndexError> {
        let free = filing.unlisted.iter().position(|(_, held)| held.strong_count() == 0);
        if let Some(at) = free
            && let Some((number, _)) = filing.unlisted.get(at)
            && run::remove_some(&self.db, *number, REMOVED_AT_ONCE)? == 0
        {
            filing.unlisted.swap_remove(at);
        }
        Ok(())
    }
}

/// The run of a batch, and what is to be written for it.
fn run_of(number: u64, filed: &[Filed], with_filter: impl FnOnce(u64) -> bool) -> Option<(Run, Values)> {
    let (first, last) = (filed.first()?.0, filed.last()?.0);
    let keys = filed
        .iter()
        .flat_map(|(position, keys)| keys.iter().map(|key| (*key, *position)));
    let mut entries: Vec<Entry> = keys.map(|(key, position)| run::entry(key, position)).collect();
    entries.sort_unstable();
    entries.dedup();
    let count = entries.len() as u64;
    let mut writer = Writer::new(number, count, with_filter(count));
    let mut values = Values::new();
    entries.iter().for_each(|entry| writer.push(entry, &mut values));
    let filter = writer.finish(&mut values);
    let run = Run {
        number,
        entries: count,
        first,
        last,
        filter,
    };
    (count > 0).then_some((run, values))
}

impl Index for SledIndex {
    fn put(&self, filed: &[Filed], watermark: Watermark) -> Result<(), IndexError> {
        let mut filing = self.filing();
        let mut runs = self.runs().as_ref().clone();
        let mut batch = sled::Batch::default();
        let mut entries = 0;
        if let Some((run, values)) = run_of(filing.next, filed, |entries| self.has_room(&filing, &runs, entries)) {
            filing.next += 1;
            entries = run.entries;
            values.into_iter().for_each(|(key, value)| batch.insert(key, value));
            runs.push(Arc::new(run));
        }
        batch.insert(WATERMARK_KEY, watermark_bytes(watermark));
        batch.insert(RUNS_KEY, list_bytes(&runs));
        guarded("filing frames", || self.db.apply_batch(batch))?;
        self.list(runs.clone());

        self.merge(&mut filing, &mut runs, entries)?;
        if runs.len() != self.runs().len() {
            guarded("listing runs", || self.db.insert(RUNS_KEY, list_bytes(&runs)).map(drop))?;
            self.list(runs);
        }
        self.tidy(&mut filing)
    }

    fn page(&self, key: LookupKey, after: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        let hash = hash_of(key);
        let mut found = Vec::new();
        for run in self.runs().iter().filter(|run| run.may_hold(hash)) {
            if found.len() < limit && after.is_none_or(|after| run.last > after) {
                found.extend(run.page(&self.db, key, after, limit - found.len())?);
            }
        }
        Ok(found)
    }

    fn page_before(&self, key: LookupKey, before: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        let hash = hash_of(key);
        let mut found = Vec::new();
        for run in self.runs().iter().rev().filter(|run| run.may_hold(hash)) {
            if found.len() < limit && before.is_none_or(|before| run.first < before) {
                found.extend(run.page_before(&self.db, key, before, limit - found.len())?);
            }
        }
        Ok(found)
    }

    fn newest(&self, key: LookupKey) -> Result<Option<Position>, IndexError> {
        Ok(self.page_before(key, None, 1)?.first().copied())
    }

    fn surely_without(&self, key: LookupKey) -> bool {
        let hash = hash_of(key);
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        runs.iter().all(|run| !run.may_hold(hash))
    }

    fn watermark(&self) -> Result<Watermark, IndexError> {
        let found = guarded("reading the watermark", || self.db.get(WATERMARK_KEY))?;
        found.map_or(Ok(Watermark::default()), |bytes| watermark_from(&bytes))
    }

    fn store_id(&self) -> Result<Option<[u8; 16]>, IndexError> {
        let found = guarded("reading the index's store", || self.db.get(STORE_KEY))?;
        let Some(bytes) = found else {
            // Entries without a store id are of no store that can be named.
            let empty = guarded("reading the index", || Ok(self.db.is_empty()))?;
            return if empty {
                Ok(None)
            } else {
                Err(IndexError {
                    reason: "the index names no store".to_owned(),
                })
            };
        };
        match bytes.split_first() {
            Some((&LAYOUT_VERSION, id)) => id.try_into().map(Some).map_err(|_| malformed("the store id")),
            _ => Err(IndexError {
                reason: "the index has another layout".to_owned(),
            }),
        }
    }

    fn reset(&self, store_id: [u8; 16]) -> Result<(), IndexError> {
        let mut value = vec![LAYOUT_VERSION];
        value.extend_from_slice(&store_id);
        *self.filing() = Filing::default();
        self.list(Vec::new());
        guarded("binding the index to its store", || {
            self.db.clear()?;
            self.db.insert(STORE_KEY, value).map(drop)
        })
    }

    fn flush(&self) -> Result<(), IndexError> {
        guarded("flushing the index", || self.db.flush().map(drop))
    }
}

#[cfg(test)]
impl SledIndex {
    pub(super) fn run_count(&self) -> usize {
        self.runs().len()
    }

    /// Of how many runs anything is kept, listed or not.
    pub(super) fn stored_runs(&self) -> usize {
        run::numbers(&self.db).unwrap().len()
    }

    pub(super) fn limit_filters(&mut self, bytes: u64) {
        self.filter_bytes = bytes;
    }
}
