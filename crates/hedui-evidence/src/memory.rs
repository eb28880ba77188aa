//! The store in memory: the model that the others are compared with, and what tests and demonstrations use.
//! Left to others: durability (`segment`). Records are kept in the very bytes a segment would hold.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::{ShredRefusal, StoreError};
use crate::frame::{Frame, FrameKind, KEY_SLOT_BYTES, KeySlot, KeySlots, KeyState, Record, key_slots};
use crate::ids::{CaseId, EvidenceId, IndexKey};
use crate::index::{Index, LookupKey, MemoryIndex, Watermark};
use crate::shred::{ShredTargets, check_appendable};
use crate::store::{
    Entry, EvidenceStore, MAX_PAGE, MAX_PAGE_BYTES, Page, Position, Receipt, Refusal, RefusalReason, Shredded, Status,
    corrupt,
};

#[derive(Debug, Default)]
struct Log {
    /// Ascending by position.
    records: Vec<(Position, Bytes)>,
    bytes: u64,
    full: bool,
}

impl Log {
    const fn end(&self) -> Position {
        Position {
            segment: 0,
            offset: self.bytes,
        }
    }

    fn record(&self, position: Position) -> Result<&Bytes, StoreError> {
        let at = self.records.binary_search_by_key(&position, |(at, _)| *at);
        let Position { segment, offset } = position;
        at.ok()
            .and_then(|at| self.records.get(at))
            .map(|(_, record)| record)
            .ok_or(StoreError::NotFound { segment, offset })
    }

    fn frame(&self, position: Position) -> Result<Frame, StoreError> {
        Frame::decode(self.record(position)?).map_err(|error| corrupt(position, &error))
    }

    fn slots(&self, position: Position) -> Result<(FrameKind, KeySlots), StoreError> {
        let record = self.record(position)?;
        key_slots(record).map_err(|error| corrupt(position, &error))
    }

    /// Overwrites the keys of the named records in one frame, and says how many there were.
    fn destroy(&mut self, position: Position, named: &BTreeSet<EvidenceId>) -> Result<usize, StoreError> {
        let (kind, slots) = self.slots(position)?;
        let KeySlots::AtTheEnd(slots) = slots else { return Ok(0) };
        let doomed = |slot: &&KeySlot| slot.state == KeyState::Present && named.contains(&slot.evidence_id);
        let doomed: Vec<KeySlot> = slots.iter().filter(doomed).copied().collect();
        let at = self.records.binary_search_by_key(&position, |(at, _)| *at);
        let Some((_, record)) = at.ok().and_then(|at| self.records.get_mut(at)) else {
            return Ok(0);
        };
        if kind == FrameKind::Key || doomed.is_empty() {
            return Ok(0);
        }
        let mut bytes = record.to_vec();
        for slot in &doomed {
            if let Some(key) = bytes.get_mut(slot.at..slot.at + KEY_SLOT_BYTES) {
                key.fill(0);
            }
        }
        *record = Bytes::from(bytes);
        Ok(doomed.len())
    }
}

/// Keeps every frame until it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    log: RwLock<Log>,
    index: MemoryIndex,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The frames of a case, up to one of them.
    fn case_before(&self, case: CaseId, end: Option<Position>) -> Result<Vec<Position>, StoreError> {
        let mut found = self.index.page(LookupKey::Case(case), None, usize::MAX)?;
        found.retain(|at| end.is_none_or(|end| *at < end));
        Ok(found)
    }

    /// From now on refuses appends with [`StoreError::Full`] (or takes them again): lets callers test that they fail closed.
    pub fn set_full(&self, full: bool) {
        self.log.write().unwrap_or_else(PoisonError::into_inner).full = full;
    }

    /// Turns keys of a frame to zeros without a shred frame, as a disk may that lost a sector: lets callers test that it is noticed.
    /// Errors: [`StoreError::NotFound`].
    pub fn lose_keys(&self, position: Position, named: &BTreeSet<EvidenceId>) -> Result<usize, StoreError> {
        let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
        log.destroy(position, named)
    }

    fn push(&self, log: &mut Log, record: Record) -> Result<Receipt, StoreError> {
        let id = record.id();
        let (case, index, record) = record.into_parts();
        let keys = LookupKey::of(id, case, &index);
        if let Some(position) = self.index.newest(LookupKey::Frame(id))? {
            return Ok(Receipt::new(position, true));
        }
        if log.full {
            return Err(StoreError::Full {
                doing: "appending to memory",
            });
        }
        let position = log.end();
        log.bytes += record.len() as u64;
        log.records.push((position, Bytes::from(record)));
        let watermark = Watermark {
            end: log.end(),
            last: Some((position, id)),
        };
        self.index.put(&[(position, keys)], watermark)?;
        Ok(Receipt::new(position, false))
    }
}

fn refusal(log: &Log) -> Option<Refusal> {
    log.full.then(|| Refusal {
        reason: RefusalReason::NoRoom,
        text: "told to be full".to_owned(),
    })
}

#[async_trait]
impl EvidenceStore for MemoryStore {
    async fn append_record(&self, record: Record) -> Result<Receipt, StoreError> {
        check_appendable(&record)?;
        self.push(&mut self.log.write().unwrap_or_else(PoisonError::into_inner), record)
    }

    async fn shred(&self, frame: Frame) -> Result<Shredded, StoreError> {
        let mut targets = ShredTargets::of(&frame)?;
        let record = frame.record().map_err(StoreError::Invalid)?;
        let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
        for position in self.case_before(frame.case, None)? {
            let (kind, slots) = log.slots(position)?;
            targets.meet(kind, &slots)?;
        }
        targets.check_all_met()?;
        let receipt = self.push(&mut log, record)?;
        let frame = log.frame(receipt.position)?;
        if frame.kind != FrameKind::Shred {
            return Err(StoreError::ShredRefused(ShredRefusal::IdTaken));
        }
        let (named, mut records) = (frame.named_for_shredding(), 0);
        for position in self.case_before(frame.case, Some(receipt.position))? {
            records += log.destroy(position, &named)?;
        }
        Ok(Shredded::new(receipt, records))
    }

    async fn case_page(
        &self,
        case: CaseId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        Ok(self.index.page(LookupKey::Case(case), after, limit.min(MAX_PAGE))?)
    }

    async fn find_page(
        &self,
        key: IndexKey,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        Ok(self.index.page(LookupKey::Found(key), after, limit.min(MAX_PAGE))?)
    }

    async fn find_before(
        &self,
        key: IndexKey,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        let key = LookupKey::Found(key);
        Ok(self.index.page_before(key, before, limit.min(MAX_PAGE))?)
    }

    async fn newest(&self, key: IndexKey) -> Result<Option<Position>, StoreError> {
        Ok(self.index.newest(LookupKey::Found(key))?)
    }

    async fn read(&self, position: Position) -> Result<Frame, StoreError> {
        self.log.read().unwrap_or_else(PoisonError::into_inner).frame(position)
    }

    async fn scan(&self, from: Position, limit: usize) -> Result<Page, StoreError> {
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        let start = log.records.partition_point(|(at, _)| *at < from);
        let mut page = Page {
            entries: Vec::new(),
            next: from,
            at_end: false,
        };
        let mut bytes = 0;
        for (position, record) in log.records.iter().skip(start).take(limit.clamp(1, MAX_PAGE)) {
            page.entries
                .push(Entry::new(*position, record.clone()).map_err(|error| corrupt(*position, &error))?);
            bytes += record.len();
            page.next = Position {
                segment: 0,
                offset: position.offset + record.len() as u64,
            };
            if bytes > MAX_PAGE_BYTES {
                break;
            }
        }
        page.at_end = page.next >= log.end();
        Ok(page)
    }

    fn refusing(&self) -> Option<Refusal> {
        refusal(&self.log.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn status(&self) -> Result<Status, StoreError> {
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        let refusing = refusal(&log);
        Ok(Status {
            end: log.end(),
            segments: 0,
            bytes: log.bytes,
            indexed: log.end(),
            refusing,
        })
    }
}

#[cfg(test)]
mod tests;
