//! The store in memory: the model that the others are compared with, and what tests and demonstrations use.
//! Left to others: durability (`segment`). Records are kept in the very bytes a segment would hold.

use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::StoreError;
use crate::frame::{Frame, Record};
use crate::ids::{CaseId, IndexKey};
use crate::index::{Index, LookupKey, MemoryIndex, Watermark};
use crate::store::{
    Entry, EvidenceStore, MAX_PAGE, MAX_PAGE_BYTES, Page, Position, Receipt, Refusal, RefusalReason, Status, corrupt,
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

    /// From now on refuses appends with [`StoreError::Full`] (or takes them again): lets callers test that they fail closed.
    pub fn set_full(&self, full: bool) {
        self.log.write().unwrap_or_else(PoisonError::into_inner).full = full;
    }

    fn push(&self, record: Record) -> Result<Receipt, StoreError> {
        let id = record.id();
        let (case, index, record) = record.into_parts();
        let keys = LookupKey::of(id, case, &index);
        let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
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
        self.push(record)
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
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        let found = log
            .records
            .binary_search_by_key(&position, |(at, _)| *at)
            .ok()
            .and_then(|at| log.records.get(at));
        let Position { segment, offset } = position;
        let (_, record) = found.ok_or(StoreError::NotFound { segment, offset })?;
        Frame::decode(record).map_err(|error| corrupt(position, &error))
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
