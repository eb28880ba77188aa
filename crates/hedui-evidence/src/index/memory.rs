//! The index in memory: the model, and what a store without a folder uses.
//! Left to others: surviving a restart (`sled`).

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Filed, IdMap, Index, IndexError, LookupKey, Watermark};
use crate::store::Position;

#[derive(Debug, Default)]
struct Inner {
    positions: IdMap<LookupKey, Vec<Position>>,
    watermark: Watermark,
    store_id: Option<[u8; 16]>,
}

/// Positions in a hash map; forgotten when dropped.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    inner: Mutex<Inner>,
}

impl MemoryIndex {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change below is one push or assignment: a panic elsewhere cannot leave it half made.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of an ascending list after `after`, at most `limit` long.
pub(crate) fn page_of(positions: &[Position], after: Option<Position>, limit: usize) -> Vec<Position> {
    let skip = after.map_or(0, |after| positions.partition_point(|position| *position <= after));
    positions.iter().skip(skip).take(limit).copied().collect()
}

/// The part of an ascending list before `before`, newest first, at most `limit` long.
pub(crate) fn page_before_of(positions: &[Position], before: Option<Position>, limit: usize) -> Vec<Position> {
    let end = before.map_or(positions.len(), |before| {
        positions.partition_point(|position| *position < before)
    });
    positions.iter().take(end).rev().take(limit).copied().collect()
}

impl Index for MemoryIndex {
    fn put(&self, batch: &[Filed], watermark: Watermark) -> Result<(), IndexError> {
        let mut inner = self.lock();
        for (position, keys) in batch {
            for key in keys {
                let positions = inner.positions.entry(*key).or_default();
                if positions.last() < Some(position) {
                    positions.push(*position);
                }
            }
        }
        inner.watermark = watermark;
        Ok(())
    }

    fn page(&self, key: LookupKey, after: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        Ok(self
            .lock()
            .positions
            .get(&key)
            .map(|found| page_of(found, after, limit))
            .unwrap_or_default())
    }

    fn page_before(&self, key: LookupKey, before: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError> {
        Ok(self
            .lock()
            .positions
            .get(&key)
            .map(|found| page_before_of(found, before, limit))
            .unwrap_or_default())
    }

    fn newest(&self, key: LookupKey) -> Result<Option<Position>, IndexError> {
        Ok(self.lock().positions.get(&key).and_then(|found| found.last().copied()))
    }

    fn surely_without(&self, key: LookupKey) -> bool {
        !self.lock().positions.contains_key(&key)
    }

    fn watermark(&self) -> Result<Watermark, IndexError> {
        Ok(self.lock().watermark)
    }

    fn store_id(&self) -> Result<Option<[u8; 16]>, IndexError> {
        Ok(self.lock().store_id)
    }

    fn reset(&self, store_id: [u8; 16]) -> Result<(), IndexError> {
        *self.lock() = Inner {
            store_id: Some(store_id),
            ..Inner::default()
        };
        Ok(())
    }

    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }
}
