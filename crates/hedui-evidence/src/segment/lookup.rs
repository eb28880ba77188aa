//! Finding positions: the index together with the overlay of frames that are durable but not indexed yet.
//! Left to others: filling the index (`indexer`), reading the frames (`reader`).

use std::sync::{Arc, PoisonError, RwLock};

use crate::error::StoreError;
use crate::index::{Filed, IdMap, Index, IndexError, LookupKey, Watermark, page_before_of, page_of};
use crate::store::Position;

/// How many frames gather for the index before they are filed together: the more, the less each costs; a process that
/// is killed files them when it is started again. Small in tests, so that they reach every state.
const DUE_FRAMES: usize = if cfg!(test) { 8 } else { 8_192 };
/// And how many entries, for frames with many index keys.
const DUE_ENTRIES: usize = 65_536;
/// And how many bytes of the log, for large frames: that much is read again after a kill.
const DUE_BYTES: u64 = 256 << 20;
/// How many times as much may gather while the index is busy; behind that, the committer waits.
const MOST_GATHERED: usize = 8;

/// What is due for the index together: frames that are durable and found here until the index has them.
#[derive(Default)]
pub(crate) struct Recent {
    positions: IdMap<LookupKey, Vec<Position>>,
    pub(crate) filed: Vec<Filed>,
    pub(crate) watermark: Watermark,
    entries: usize,
    bytes: u64,
}

impl Recent {
    fn add(&mut self, batch: Vec<Filed>, watermark: Watermark, bytes: u64) {
        for (position, keys) in &batch {
            for key in keys {
                self.positions.entry(*key).or_default().push(*position);
            }
            self.entries += keys.len();
        }
        self.filed.extend(batch);
        self.watermark = watermark;
        self.bytes += bytes;
    }

    /// Whether there is enough here to be worth the index's while, `times` over.
    fn is_due(&self, times: usize) -> bool {
        self.filed.len() >= DUE_FRAMES * times
            || self.entries >= DUE_ENTRIES * times
            || self.bytes >= DUE_BYTES * times as u64
    }
}

#[derive(Default)]
struct Overlay {
    gathering: Recent,
    /// What the indexing thread is filing just now: older than everything that gathers.
    filing: Option<Arc<Recent>>,
}

/// Stands in the place of an index that failed: a look-up that had already begun must not take it for an empty one.
struct Absent;

fn absent<T>() -> Result<T, IndexError> {
    let reason = "the index is being opened again".to_owned();
    Err(IndexError { reason })
}

impl Index for Absent {
    fn put(&self, _: &[Filed], _: Watermark) -> Result<(), IndexError> {
        absent()
    }
    fn page(&self, _: LookupKey, _: Option<Position>, _: usize) -> Result<Vec<Position>, IndexError> {
        absent()
    }
    fn page_before(&self, _: LookupKey, _: Option<Position>, _: usize) -> Result<Vec<Position>, IndexError> {
        absent()
    }
    fn newest(&self, _: LookupKey) -> Result<Option<Position>, IndexError> {
        absent()
    }
    fn surely_without(&self, _: LookupKey) -> bool {
        false
    }
    fn watermark(&self) -> Result<Watermark, IndexError> {
        absent()
    }
    fn store_id(&self) -> Result<Option<[u8; 16]>, IndexError> {
        absent()
    }
    fn reset(&self, _: [u8; 16]) -> Result<(), IndexError> {
        absent()
    }
    fn flush(&self) -> Result<(), IndexError> {
        absent()
    }
}

/// The places a position can be found in. A reader sees every acknowledged frame in one of them at any time.
pub(crate) struct Lookup {
    overlay: RwLock<Overlay>,
    index: RwLock<Arc<dyn Index>>,
    /// Set by a failure of the index, until another takes its place: without it neither finding nor idempotency can be
    /// trusted.
    failed: RwLock<Option<String>>,
}

/// How much has gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gathered {
    Little,
    Due,
    /// More than may gather: the index does not keep up.
    TooMuch,
}

impl Lookup {
    pub(crate) fn new(index: Box<dyn Index>) -> Self {
        Self {
            overlay: RwLock::default(),
            index: RwLock::new(Arc::from(index)),
            failed: RwLock::default(),
        }
    }

    pub(crate) fn index(&self) -> Arc<dyn Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts an index in the place of one that failed. What it has, up to `end`, leaves the overlay; look-ups that wait
    /// for a failure to end see it all at once.
    pub(crate) fn replace(&self, index: Arc<dyn Index>, end: Position) {
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        overlay.filing = None;
        let gathered = std::mem::take(&mut overlay.gathering);
        let rest: Vec<Filed> = gathered.filed.into_iter().filter(|(at, _)| *at >= end).collect();
        if !rest.is_empty() {
            overlay.gathering.add(rest, gathered.watermark, gathered.bytes);
        }
        self.set_index(index);
        *self.failed.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Lets go of an index that failed, so that its files can be opened again.
    pub(crate) fn let_go(&self) {
        self.set_index(Arc::new(Absent));
    }

    fn set_index(&self, index: Arc<dyn Index>) {
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = index;
    }

    /// Makes durable frames findable, before anybody is told of them. `bytes` is what they take in the log.
    pub(crate) fn show(&self, batch: Vec<Filed>, watermark: Watermark, bytes: u64) -> Gathered {
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        let recent = &mut overlay.gathering;
        recent.add(batch, watermark, bytes);
        if recent.is_due(MOST_GATHERED) {
            Gathered::TooMuch
        } else if recent.is_due(1) {
            Gathered::Due
        } else {
            Gathered::Little
        }
    }

    /// Takes what has gathered, to file it; it is found until [`Lookup::indexed`]. None when there is nothing.
    pub(crate) fn take(&self) -> Option<Arc<Recent>> {
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        if overlay.gathering.filed.is_empty() {
            return None;
        }
        let taken = Arc::new(std::mem::take(&mut overlay.gathering));
        overlay.filing = Some(Arc::clone(&taken));
        Some(taken)
    }

    /// Forgets what was taken: the index has it by now.
    pub(crate) fn indexed(&self) {
        let filed = self
            .overlay
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .filing
            .take();
        drop(filed);
    }

    /// From now on every lookup fails with this reason, until another index takes the place of this one.
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
        let recent = self.recent_page(key, after, limit);
        let mut found = self.index().page(key, after, limit)?;
        if !recent.is_empty() {
            found.extend(recent);
            found.sort_unstable();
            found.dedup();
            found.truncate(limit);
        }
        Ok(found)
    }

    /// The same, where it is known without a look at a disk; none where it is not.
    pub(crate) fn page_at_once(
        &self,
        key: LookupKey,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Option<Vec<Position>>, StoreError> {
        self.check()?;
        let recent = self.recent_page(key, after, limit);
        Ok(self.index().surely_without(key).then_some(recent))
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
        let mut found = self.recent_before(key, before, limit);
        let Some(missing) = limit.checked_sub(found.len()).filter(|missing| *missing > 0) else {
            return Ok(found);
        };
        let older = found.last().copied().or(before);
        found.extend(self.index().page_before(key, older, missing)?);
        Ok(found)
    }

    /// The same, where it is known without a look at a disk; none where it is not.
    pub(crate) fn page_before_at_once(
        &self,
        key: LookupKey,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Option<Vec<Position>>, StoreError> {
        self.check()?;
        let recent = self.recent_before(key, before, limit);
        Ok((recent.len() == limit || self.index().surely_without(key)).then_some(recent))
    }

    /// The last position under a key.
    pub(crate) fn newest(&self, key: LookupKey) -> Result<Option<Position>, StoreError> {
        match self.newest_at_once(key)? {
            Some(known) => Ok(known),
            None => Ok(self.page_before(key, None, 1)?.first().copied()),
        }
    }

    /// The same, where it is known without a look at a disk; none where it is not.
    pub(crate) fn newest_at_once(&self, key: LookupKey) -> Result<Option<Option<Position>>, StoreError> {
        self.check()?;
        let recent = self.recent(key, |positions| positions.last().copied());
        // What is being filed is older than what gathers.
        let newest = recent.into_iter().rev().flatten().next();
        Ok((newest.is_some() || self.index().surely_without(key)).then_some(newest))
    }

    fn recent_page(&self, key: LookupKey, after: Option<Position>, limit: usize) -> Vec<Position> {
        let parts = self.recent(key, |positions| page_of(positions, after, limit));
        let mut found: Vec<Position> = parts.into_iter().flatten().collect();
        found.truncate(limit);
        found
    }

    fn recent_before(&self, key: LookupKey, before: Option<Position>, limit: usize) -> Vec<Position> {
        let parts = self.recent(key, |positions| page_before_of(positions, before, limit));
        let mut found: Vec<Position> = parts.into_iter().rev().flatten().collect();
        found.truncate(limit);
        found
    }

    /// What each part of the overlay says of a key, the older part first.
    fn recent<T: Default>(&self, key: LookupKey, take: impl Fn(&[Position]) -> T) -> [T; 2] {
        let overlay = self.overlay.read().unwrap_or_else(PoisonError::into_inner);
        let of = |recent: &Recent| recent.positions.get(&key).map(|positions| take(positions));
        let filing = overlay.filing.as_deref().and_then(of);
        [filing.unwrap_or_default(), of(&overlay.gathering).unwrap_or_default()]
    }
}

#[cfg(test)]
impl Lookup {
    /// Keeps everybody from making frames findable, until the guard is dropped.
    pub(crate) fn hold(&self) -> impl Drop + '_ {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner)
    }
}
