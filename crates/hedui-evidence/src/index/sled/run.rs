//! A run: entries that were filed together, sorted, in chunks that are values in sled, with a filter in front.
//! Left to others: which runs there are (`super`), making one of many (`merge`).

use std::ops::Bound::{Excluded, Included};

use super::{guarded, malformed};
use crate::codec::Reader;
use crate::index::filter::Filter;
use crate::index::{IndexError, LOOKUP_KEY_BYTES, LookupKey};
use crate::store::Position;

pub(super) const POSITION_BYTES: usize = 16;
/// A look-up key and a position: runs are sorted by these bytes, hence by key and then in append order.
pub(super) const ENTRY_BYTES: usize = LOOKUP_KEY_BYTES + POSITION_BYTES;
/// Entries in one value. sled keeps up to 16 values in a page and reads and rewrites whole pages: larger values make
/// filing cheaper and cold look-ups dearer. Small in tests, so that every law is tried across chunks.
const CHUNK_ENTRIES: usize = if cfg!(test) { 5 } else { 64 };
/// Bytes of a filter in one value.
const FILTER_CHUNK_BYTES: usize = 4_096;
/// In front of a chunk's key, then the run's number, then the chunk's first entry.
const CHUNK_TAG: u8 = b'r';
/// In front of a filter's key, then the run's number, then the number of the chunk.
const FILTER_TAG: u8 = b'f';
/// Behind every frame.
const LAST: Position = Position {
    segment: u64::MAX,
    offset: u64::MAX,
};

pub(super) type Entry = [u8; ENTRY_BYTES];

pub(super) fn position_bytes(position: Position) -> [u8; POSITION_BYTES] {
    (u128::from(position.segment) << 64 | u128::from(position.offset)).to_be_bytes()
}

pub(super) fn position_from(bytes: &[u8]) -> Result<Position, IndexError> {
    let mut from = Reader::new(bytes);
    match (from.u64("segment"), from.u64("offset")) {
        (Ok(segment), Ok(offset)) => Ok(Position { segment, offset }),
        _ => Err(malformed("a position")),
    }
}

pub(super) fn entry(key: LookupKey, position: Position) -> Entry {
    let mut bytes = [0u8; ENTRY_BYTES];
    let (head, tail) = bytes.split_at_mut(LOOKUP_KEY_BYTES);
    head.copy_from_slice(&key.to_bytes());
    tail.copy_from_slice(&position_bytes(position));
    bytes
}

fn position_of(entry: &Entry) -> Result<Position, IndexError> {
    position_from(entry.get(LOOKUP_KEY_BYTES..).unwrap_or_default())
}

/// The hash of an entry's key, as filters want it.
pub(super) fn entry_hash(entry: &Entry) -> u64 {
    use std::hash::Hasher;
    let mut hasher = crate::index::filter::IdHasher::default();
    hasher.write(entry.get(..LOOKUP_KEY_BYTES).unwrap_or_default());
    hasher.finish()
}

fn tagged(tag: u8, run: u64, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(9 + rest.len());
    key.push(tag);
    key.extend_from_slice(&run.to_be_bytes());
    key.extend_from_slice(rest);
    key
}

/// The entries of a chunk.
pub(super) fn entries_of(chunk: &[u8]) -> Result<&[Entry], IndexError> {
    match chunk.as_chunks::<ENTRY_BYTES>() {
        (entries, []) if !entries.is_empty() => Ok(entries),
        _ => Err(malformed("a chunk")),
    }
}

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    /// Never used twice in one index.
    pub(super) number: u64,
    pub(super) entries: u64,
    /// The first and the last position in it; runs never overlap.
    pub(super) first: Position,
    pub(super) last: Position,
    /// None where there was no memory for it: then the run must be looked at.
    pub(super) filter: Option<Filter>,
}

impl Run {
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.may_hold(hash))
    }

    /// Positions under `key` after `after`, ascending, at most `limit`.
    pub(super) fn page(
        &self,
        db: &sled::Db,
        key: LookupKey,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, IndexError> {
        let (from, until) = (entry(key, after.unwrap_or(Position::START)), entry(key, LAST));
        let wanted = |found: &Entry| *found <= until && if after.is_some() { *found > from } else { *found >= from };
        // The chunk that begins at or before the first entry wanted, then those behind it.
        let begin = guarded("looking up", || {
            let mut before = db.range(tagged(CHUNK_TAG, self.number, &[])..=tagged(CHUNK_TAG, self.number, &from));
            before.next_back().transpose()
        })?;
        let begin = begin.map_or_else(|| tagged(CHUNK_TAG, self.number, &[]), |(key, _)| key.to_vec());
        let mut found = Vec::new();
        let mut chunks = guarded("looking up", || {
            Ok(db.range((Included(begin), Included(tagged(CHUNK_TAG, self.number, &until)))))
        })?;
        while found.len() < limit
            && let Some((_, chunk)) = guarded("looking up", || chunks.next().transpose())?
        {
            for entry in entries_of(&chunk)?.iter().filter(|entry| wanted(entry)) {
                found.push(position_of(entry)?);
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Positions under `key` before `before`, descending, at most `limit`.
    pub(super) fn page_before(
        &self,
        db: &sled::Db,
        key: LookupKey,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, IndexError> {
        let (from, until) = (entry(key, Position::START), entry(key, before.unwrap_or(LAST)));
        let wanted = |found: &Entry| {
            *found >= from
                && if before.is_some() {
                    *found < until
                } else {
                    *found <= until
                }
        };
        let mut found = Vec::new();
        let mut chunks = guarded("looking up", || {
            let all = tagged(CHUNK_TAG, self.number, &[])..=tagged(CHUNK_TAG, self.number, &until);
            Ok(db.range(all).rev())
        })?;
        while found.len() < limit
            && let Some((_, chunk)) = guarded("looking up", || chunks.next().transpose())?
        {
            let entries = entries_of(&chunk)?;
            for entry in entries.iter().rev().filter(|entry| wanted(entry)) {
                found.push(position_of(entry)?);
            }
            if entries.first().is_none_or(|first| *first < from) {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The chunk behind the one with this key (`None`: the first).
    pub(super) fn chunk_after(&self, db: &sled::Db, after: Option<&[u8]>) -> Result<Option<Chunk>, IndexError> {
        let begin = after.map_or_else(
            || Included(tagged(CHUNK_TAG, self.number, &[])),
            |key| Excluded(key.to_vec()),
        );
        let end = Excluded(tagged(CHUNK_TAG, self.number.saturating_add(1), &[]));
        guarded("reading a run", || db.range((begin, end)).next().transpose())
    }

    /// The filter as it was kept.
    pub(super) fn load_filter(&mut self, db: &sled::Db) -> Result<(), IndexError> {
        let mut bytes = Vec::with_capacity(usize::try_from(Filter::bytes_for(self.entries)).unwrap_or(0));
        guarded("reading a filter", || {
            for item in db.scan_prefix(tagged(FILTER_TAG, self.number, &[])) {
                bytes.extend_from_slice(&item?.1);
            }
            Ok(())
        })?;
        self.filter = Some(Filter::from_bytes(&bytes, self.entries).ok_or_else(|| malformed("a filter"))?);
        Ok(())
    }
}

/// A chunk with its key.
pub(super) type Chunk = (sled::IVec, sled::IVec);
/// What is to be written, keys with values.
pub(super) type Values = Vec<(Vec<u8>, sled::IVec)>;

/// Writes a run: entries come in ascending order and go out as chunks, with the filter at the end.
pub(super) struct Writer {
    pub(super) number: u64,
    chunk: Vec<u8>,
    filter: Option<Filter>,
}

impl Writer {
    pub(super) fn new(number: u64, entries: u64, with_filter: bool) -> Self {
        Self {
            number,
            chunk: Vec::with_capacity(CHUNK_ENTRIES * ENTRY_BYTES),
            filter: with_filter.then(|| Filter::for_keys(entries)),
        }
    }

    /// Bytes of memory that the filter takes.
    pub(super) fn filter_bytes(&self) -> u64 {
        self.filter.as_ref().map_or(0, Filter::bytes)
    }

    pub(super) fn push(&mut self, entry: &Entry, out: &mut Values) {
        if let Some(filter) = &mut self.filter {
            filter.add(entry_hash(entry));
        }
        self.chunk.extend_from_slice(entry);
        if self.chunk.len() >= CHUNK_ENTRIES * ENTRY_BYTES {
            self.close_chunk(out);
        }
    }

    fn close_chunk(&mut self, out: &mut Values) {
        if let Some(first) = self.chunk.get(..ENTRY_BYTES) {
            out.push((tagged(CHUNK_TAG, self.number, first), self.chunk.as_slice().into()));
            self.chunk.clear();
        }
    }

    pub(super) fn finish(mut self, out: &mut Values) -> Option<Filter> {
        self.close_chunk(out);
        if let Some(filter) = &self.filter {
            for (number, part) in (0u32..).zip(filter.to_bytes().chunks(FILTER_CHUNK_BYTES)) {
                out.push((tagged(FILTER_TAG, self.number, &number.to_be_bytes()), part.into()));
            }
        }
        self.filter
    }
}

/// Removes up to `limit` values of a run that is listed no more. Returns how many there were.
pub(super) fn remove_some(db: &sled::Db, number: u64, limit: usize) -> Result<usize, IndexError> {
    guarded("removing a run", || {
        let mut keys = Vec::new();
        for tag in [CHUNK_TAG, FILTER_TAG] {
            for item in db.scan_prefix(tagged(tag, number, &[])).take(limit - keys.len()) {
                keys.push(item?.0);
            }
        }
        let mut batch = sled::Batch::default();
        keys.iter().for_each(|key| batch.remove(key));
        db.apply_batch(batch)?;
        Ok(keys.len())
    })
}

/// The numbers of all runs of which anything stands in sled, listed or not, ascending.
pub(super) fn numbers(db: &sled::Db) -> Result<Vec<u64>, IndexError> {
    let mut found = Vec::new();
    for tag in [CHUNK_TAG, FILTER_TAG] {
        let mut next = Some(0u64);
        while let Some(from) = next {
            let range = (Included(tagged(tag, from, &[])), Excluded(vec![tag + 1]));
            let key = guarded("listing runs", || db.range(range).keys().next().transpose())?;
            let number = key.as_ref().and_then(|key| key.get(1..9)?.first_chunk().copied());
            let number = number.map(u64::from_be_bytes);
            found.extend(number);
            next = number.and_then(|number| number.checked_add(1));
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
