//! A store with something before each append: to fail at one frame, or to let time pass there.
//! Leaves keeping to the store in memory.

use std::sync::Arc;

use async_trait::async_trait;
use hedui_evidence::{
    CaseId, EvidenceStore, Frame, IndexKey, MemoryStore, Page, Position, Receipt, Record, Shredded, Status, StoreError,
};

/// What a store does with a frame before it keeps it.
pub type BeforeAppend = Box<dyn Fn(&Frame) -> Result<(), StoreError> + Send + Sync>;

/// The store in memory with something before each append.
pub struct Hooked {
    pub inner: Arc<MemoryStore>,
    pub before: BeforeAppend,
}

#[async_trait]
impl EvidenceStore for Hooked {
    async fn append_record(&self, record: Record) -> Result<Receipt, StoreError> {
        (self.before)(&record.frame().map_err(StoreError::Invalid)?)?;
        self.inner.append_record(record).await
    }
    async fn shred(&self, frame: Frame) -> Result<Shredded, StoreError> {
        (self.before)(&frame)?;
        self.inner.shred(frame).await
    }
    async fn case_page(&self, case: CaseId, at: Option<Position>, limit: usize) -> Result<Vec<Position>, StoreError> {
        self.inner.case_page(case, at, limit).await
    }
    async fn find_page(&self, key: IndexKey, at: Option<Position>, n: usize) -> Result<Vec<Position>, StoreError> {
        self.inner.find_page(key, at, n).await
    }
    async fn find_before(&self, key: IndexKey, at: Option<Position>, n: usize) -> Result<Vec<Position>, StoreError> {
        self.inner.find_before(key, at, n).await
    }
    async fn newest(&self, key: IndexKey) -> Result<Option<Position>, StoreError> {
        self.inner.newest(key).await
    }
    async fn read(&self, position: Position) -> Result<Frame, StoreError> {
        self.inner.read(position).await
    }
    async fn scan(&self, from: Position, limit: usize) -> Result<Page, StoreError> {
        self.inner.scan(from, limit).await
    }
    fn refusing(&self) -> Option<hedui_evidence::Refusal> {
        self.inner.refusing()
    }
    async fn status(&self) -> Result<Status, StoreError> {
        self.inner.status().await
    }
}
