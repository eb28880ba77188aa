//! Finding positions: the index together with the overlay of frames that are durable but not indexed yet.
//! Left to others: filling the index (`indexer`), reading the frames (`reader`).

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::error::StoreError;
use crate::index::{Filed, Index, LookupKey, page_before_of, page_of};
use crate::store::Position;

/// The two places a position can be found in. A reader sees every acknowledged frame in one of them at any time.
pub(crate) struct Lookup {
    overlay: RwLock<HashMap<LookupKey, Vec<Position>>>,
    index: Box<dyn Index>,
    /// Set for good by the first failure of the index: without it neither finding nor idempotency can be trusted.
    failed: RwLock<Option<String>>,
}

impl Lookup {
    pub(crate) fn new(index: Box<dyn Index>) -> Self {
        Self {
            overlay: RwLock::default(),
            index,
            failed: RwLock::default(),
        }
    }

    pub(crate) fn index(&self) -> &dyn Index {
        &*self.index
    }

    /// Makes durable frames findable, before anybody is told of them.
    pub(crate) fn show(&self, batch: &[Filed]) {
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        for (position, keys) in batch {
            for key in keys {
                overlay.entry(*key).or_default().push(*position);
            }
        }
    }

    /// Forgets what the index has by now.
    pub(crate) fn indexed(&self, batch: &[Filed]) {
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        for (position, keys) in batch {
            for key in keys {
                if let Some(positions) = overlay.get_mut(key) {
                    positions.retain(|other| other > position);
                    if positions.is_empty() {
                        overlay.remove(key);
                    }
                }
            }
        }
    }

    /// From now on every lookup fails with this reason.
    pub(crate) fn fail(&self, reason: &str) {
        self.failed
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| reason.to_owned());
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &*self.failed.read().unwrap_or_else(PoisonError::into_inner) {
            Some(reason) => Err(StoreError::Index { reason: reason.clone() }),
            None => Ok(()),
        }
    }

    pub(crate) fn page(
        &self,
        key: LookupKey,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        self.check()?;
        // The overlay first: what leaves it meanwhile is in the index by then. The other way round could miss it.
        let recent = self
            .recent(key, |positions| page_of(positions, after, limit))
            .unwrap_or_default();
        let mut found = self.index.page(key, after, limit)?;
        if !recent.is_empty() {
            found.extend(recent);
            found.sort_unstable();
            found.dedup();
            found.truncate(limit);
        }
        Ok(found)
    }

    pub(crate) fn page_before(
        &self,
        key: LookupKey,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        self.check()?;
        // The overlay first, as in `page`. It holds the newest frames without a gap, so that the index is only needed
        // for what comes before them.
        let mut found = self
            .recent(key, |positions| page_before_of(positions, before, limit))
            .unwrap_or_default();
        let Some(missing) = limit.checked_sub(found.len()).filter(|missing| *missing > 0) else {
            return Ok(found);
        };
        let older = found.last().copied().or(before);
        found.extend(self.index.page_before(key, older, missing)?);
        Ok(found)
    }

    pub(crate) fn newest(&self, key: LookupKey) -> Result<Option<Position>, StoreError> {
        self.check()?;
        match self.recent(key, |positions| positions.last().copied()).flatten() {
            Some(position) => Ok(Some(position)),
            None => Ok(self.index.newest(key)?),
        }
    }

    fn recent<T>(&self, key: LookupKey, take: impl FnOnce(&[Position]) -> T) -> Option<T> {
        let overlay = self.overlay.read().unwrap_or_else(PoisonError::into_inner);
        overlay.get(&key).map(|positions| take(positions))
    }
}
