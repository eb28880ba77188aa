//! The index in sled 0.34: fast, and never trusted. It survives kill -9 but not power cuts, and may panic on damage.
//! Left to others: throwing it away and building it anew (`segment::catch_up`).

use std::ops::Bound::{Excluded, Included};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::{Filed, Index, IndexError, LOOKUP_KEY_BYTES, LookupKey, Watermark};
use crate::codec::Reader;
use crate::ids::FrameId;
use crate::store::Position;

/// Beside the tags of `LookupKey`, which are c, f and k.
const STORE_KEY: &[u8] = b"m:store";
const WATERMARK_KEY: &[u8] = b"m:watermark";
/// In front of the store id: another layout gets another version, and with it a rebuild.
const LAYOUT_VERSION: u8 = 1;
/// Between flushes by sled's own thread. What a crash takes is filed again from the segments.
const FLUSH_EVERY_MS: u64 = 1_000;
const POSITION_BYTES: usize = 16;
/// Behind every frame.
const LAST: Position = Position {
    segment: u64::MAX,
    offset: u64::MAX,
};

/// Keys in one sled tree: lookup key and position, or for frame ids the lookup key alone with the position as value.
pub struct SledIndex {
    db: sled::Db,
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

fn position_bytes(position: Position) -> [u8; POSITION_BYTES] {
    (u128::from(position.segment) << 64 | u128::from(position.offset)).to_be_bytes()
}

fn position_from(bytes: &[u8]) -> Result<Position, IndexError> {
    let mut from = Reader::new(bytes);
    let mut read = || {
        Ok::<_, crate::CodecError>(Position {
            segment: from.u64("segment")?,
            offset: from.u64("offset")?,
        })
    };
    read().map_err(|error| IndexError {
        reason: format!("a position in the index: {error}"),
    })
}

fn entry_key(key: LookupKey, position: Position) -> [u8; LOOKUP_KEY_BYTES + POSITION_BYTES] {
    let mut bytes = [0u8; LOOKUP_KEY_BYTES + POSITION_BYTES];
    let (head, tail) = bytes.split_at_mut(LOOKUP_KEY_BYTES);
    head.copy_from_slice(&key.to_bytes());
    tail.copy_from_slice(&position_bytes(position));
    bytes
}

fn entry_position(entry: &sled::IVec) -> Result<Position, IndexError> {
    position_from(entry.get(LOOKUP_KEY_BYTES..).unwrap_or_default())
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
    let id = id.ok_or_else(|| IndexError {
        reason: "the watermark in the index is malformed".to_owned(),
    })?;
    Ok(Watermark {
        end,
        last: Some((position_from(rest)?, id)),
    })
}

impl SledIndex {
    /// Opens the index in a folder; with `fresh`, deletes the folder first. Errors: whatever sled says, panics included.
    pub fn open(folder: &Path, cache_bytes: u64, fresh: bool) -> Result<Self, IndexError> {
        if fresh && folder.exists() {
            std::fs::remove_dir_all(folder).map_err(|error| IndexError {
                reason: format!("deleting the index: {error}"),
            })?;
        }
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(Some(FLUSH_EVERY_MS));
        Ok(Self {
            db: guarded("opening the index", || config.open())?,
        })
    }

    fn file(batch: &mut sled::Batch, position: Position, key: LookupKey) {
        match key {
            LookupKey::Frame(_) => batch.insert(key.to_bytes().as_slice(), position_bytes(position).as_slice()),
            LookupKey::Case(_) | LookupKey::Found(_) => {
                batch.insert(entry_key(key, position).as_slice(), sled::IVec::default())
            }
        }
    }
}

impl Index for SledIndex {
    fn put(&self, filed: &[Filed], watermark: Watermark) -> Result<(), IndexError> {
        let mut batch = sled::Batch::default();
        for (position, keys) in filed {
            keys.iter().for_each(|key| Self::file(&mut batch, *position, *key));
        }
        batch.insert(WATERMARK_KEY, watermark_bytes(watermark));
        guarded("filing frames", || self.db.apply_batch(batch))
    }

    fn page(&self, key: LookupKey, after: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        if let LookupKey::Frame(_) = key {
            let found = self
                .newest(key)?
                .filter(|position| after.is_none_or(|after| *position > after));
            return Ok(found.into_iter().take(limit).collect());
        }
        let start = after.map_or(Included(entry_key(key, Position::START)), |after| {
            Excluded(entry_key(key, after))
        });
        let keys: Vec<sled::IVec> = guarded("looking up", || {
            let entries = self.db.range((start, Included(entry_key(key, LAST))));
            entries.take(limit).map(|item| item.map(|(found, _)| found)).collect()
        })?;
        keys.iter().map(entry_position).collect()
    }

    fn page_before(&self, key: LookupKey, before: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        if let LookupKey::Frame(_) = key {
            let found = self
                .newest(key)?
                .filter(|position| before.is_none_or(|before| *position < before));
            return Ok(found.into_iter().take(limit).collect());
        }
        let end = before.map_or(Included(entry_key(key, LAST)), |before| {
            Excluded(entry_key(key, before))
        });
        let keys: Vec<sled::IVec> = guarded("looking up", || {
            let entries = self.db.range((Included(entry_key(key, Position::START)), end));
            let newest_first = entries.rev().take(limit);
            newest_first.map(|item| item.map(|(found, _)| found)).collect()
        })?;
        keys.iter().map(entry_position).collect()
    }

    fn newest(&self, key: LookupKey) -> Result<Option<Position>, IndexError> {
        if let LookupKey::Frame(_) = key {
            let found = guarded("looking up", || self.db.get(key.to_bytes()))?;
            return found.map(|value| position_from(&value)).transpose();
        }
        Ok(self.page_before(key, None, 1)?.first().copied())
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
            Some((&LAYOUT_VERSION, id)) => id.try_into().map(Some).map_err(|_| IndexError {
                reason: "the index's store id is malformed".to_owned(),
            }),
            _ => Err(IndexError {
                reason: "the index has another layout".to_owned(),
            }),
        }
    }

    fn reset(&self, store_id: [u8; 16]) -> Result<(), IndexError> {
        let mut value = vec![LAYOUT_VERSION];
        value.extend_from_slice(&store_id);
        guarded("binding the index to its store", || {
            self.db.clear()?;
            self.db.insert(STORE_KEY, value).map(drop)
        })
    }

    fn flush(&self) -> Result<(), IndexError> {
        guarded("flushing the index", || self.db.flush().map(drop))
    }
}
