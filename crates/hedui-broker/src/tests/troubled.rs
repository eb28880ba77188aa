//! A store in trouble: frames that cannot be read, destructions that are cut short, lookups that wait.
//! Leaves keeping to the store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hedui_evidence::{
    CaseId, EvidenceStore, Frame, IndexKey, MemoryStore, Page, Position, Receipt, Record, Shredded, Status, StoreError,
};
use tokio::sync::Semaphore;

/// The store in memory, with what goes wrong in it.
pub struct Troubled {
    inner: Arc<MemoryStore>,
    /// What cannot be read.
    pub damaged: Mutex<BTreeSet<Position>>,
    /// Frames whose keys a destruction that was cut short has not reached, as they were.
    pub unreached: Mutex<BTreeMap<Position, Frame>>,
    /// Which sealed frame of a case the next destruction does not reach; it fails there, its own frame durable.
    pub fails_at: Mutex<Option<usize>>,
    /// How often something was destroyed, whether it ended or not.
    pub shreds: AtomicUsize,
    /// A destruction passes here before anything of it is kept.
    pub before_shred: Semaphore,
    /// A lookup of a request id passes here.
    pub before_newest: Semaphore,
}

impl Troubled {
    /// Without any trouble yet.
    pub fn new(inner: Arc<MemoryStore>) -> Troubled {
        Troubled {
            inner,
            damaged: Mutex::default(),
            unreached: Mutex::default(),
            fails_at: Mutex::default(),
            shreds: AtomicUsize::new(0),
            before_shred: Semaphore::new(Semaphore::MAX_PERMITS),
            before_newest: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }

    /// Lets nobody through.
    pub fn closes(gate: &Semaphore) {
        gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets everybody through again.
    pub fn opens(gate: &Semaphore) {
        gate.add_permits(1_000);
    }

    /// The sealed frames of a case, as they are now.
    async fn sealed(&self, case: CaseId) -> Vec<(Position, Frame)> {
        let mut found = Vec::new();
        for position in self.inner.case_page(case, None, 256).await.unwrap() {
            let frame = self.inner.read(position).await.unwrap();
            if !frame.sealed.is_empty() {
                found.push((position, frame));
            }
        }
        found
    }
}

#[async_trait]
impl EvidenceStore for Troubled {
    async fn append_record(&self, record: Record) -> Result<Receipt, StoreError> {
        self.inner.append_record(record).await
    }
    async fn shred(&self, frame: Frame) -> Result<Shredded, StoreError> {
        drop(self.before_shred.acquire().await.unwrap());
        self.shreds.fetch_add(1, Ordering::SeqCst);
        let before = self.sealed(frame.case).await;
        let done = self.inner.shred(frame).await?;
        self.unreached.lock().unwrap().clear();
        let Some(at) = self.fails_at.lock().unwrap().take() else {
            return Ok(done);
        };
        self.unreached.lock().unwrap().extend(before.into_iter().skip(at));
        Err(StoreError::ShredUnfinished {
            reason: "the disk failed".to_owned(),
        })
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
        drop(self.before_newest.acquire().await.unwrap());
        self.inner.newest(key).await
    }
    async fn read(&self, position: Position) -> Result<Frame, StoreError> {
        if self.damaged.lock().unwrap().contains(&position) {
            return Err(StoreError::Corrupt {
                segment: position.segment,
                offset: position.offset,
                reason: "its sum does not fit".to_owned(),
            });
        }
        let unreached = self.unreached.lock().unwrap().get(&position).cloned();
        match unreached {
            Some(frame) => Ok(frame),
            None => self.inner.read(position).await,
        }
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
