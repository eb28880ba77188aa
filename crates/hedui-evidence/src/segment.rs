//! The store on one machine: append-only segment files keep, a rebuildable index finds.
//! Left to others: sealing, file operations (`disk`), the parts below (`log`, `committer`, `indexer`, `reader`, `recover`).

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::thread::{Builder, JoinHandle};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use crate::backlog::Backlog;
use crate::disk::{Disk, RealDisk};
use crate::error::StoreError;
use crate::frame::{Frame, Record};
use crate::ids::{CaseId, IndexKey};
use crate::index::{Index, LookupKey, MemoryIndex, SledIndex};
use crate::shred::check_appendable;
use crate::store::{
    EvidenceStore, HashedPage, MAX_PAGE, Page, Position, Receipt, Refusal, RefusalReason, Shredded, Status,
};
use crate::tell::Teller;

mod backup;
mod catch_up;
mod clock;
mod committer;
mod digest;
mod drill;
mod followed;
mod format;
mod heal;
mod indexer;
mod key_check;
mod log;
mod lookup;
mod manifest;
mod opening;
mod reader;
mod recover;
mod refusing;
mod scrub;
mod scrub_state;
mod shred;
mod walk;

pub use backup::{BackupOptions, BackupReport, CopyProgress};
pub use clock::Clock;
use committer::{Committer, Published, Request, Work};
pub use drill::{Difference, DrillReport, Mismatch, restore_drill};
use followed::Followed;
use lookup::Lookup;
pub use manifest::MANIFEST_FILE;
pub use opening::{Opening, Progress, holds_evidence};
use reader::LogReader;
use recover::{Wanted, recover};
use refusing::Refusing;
pub use scrub::{Scrub, ScrubReport, ScrubStep};
use shred::Shredder;
pub use walk::Damage;

/// The folder of the index inside the store's folder; may be deleted whenever the store is closed.
pub const INDEX_FOLDER: &str = "index";
/// How many frames may wait for the committer; behind that, callers wait for a place.
const QUEUE_FRAMES: usize = 1_024;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct SegmentOptions {
    /// 16 random bytes that name the store if it has to be made; an existing one keeps its own.
    pub new_store_id: [u8; 16],
    /// A segment is closed before it grows beyond this, in bytes (a single larger group still fits).
    pub segment_bytes: u64,
    /// How much memory the index may use, in bytes: half for sled's cache, half for filters, which take about ten bytes
    /// for each verification kept. Beyond that look-ups read from disk to learn that there is nothing.
    pub index_cache_bytes: u64,
    /// Open for reading only: nothing is created, cut or locked, the index is kept in memory.
    pub read_only: bool,
    /// Measures how long ago the last attempt to resume was.
    pub clock: Clock,
}

impl SegmentOptions {
    /// The usual sizes: segments of 256 MiB, 128 MiB of memory for the index.
    #[must_use]
    pub fn new(new_store_id: [u8; 16]) -> Self {
        Self {
            new_store_id,
            segment_bytes: 256 << 20,
            index_cache_bytes: 128 << 20,
            read_only: false,
            clock: Clock::steady(),
        }
    }
}

/// Makes the index of a store, anew if asked.
pub trait IndexOpener {
    /// Opens the index; with `fresh`, destroys what is there first. Errors: the backend's reason.
    fn open(&mut self, fresh: bool) -> Result<Box<dyn Index>, crate::index::IndexError>;
}

impl<F> IndexOpener for F
where
    F: FnMut(bool) -> Result<Box<dyn Index>, crate::index::IndexError>,
{
    fn open(&mut self, fresh: bool) -> Result<Box<dyn Index>, crate::index::IndexError> {
        self(fresh)
    }
}

/// Segments and their index. Dropping it writes out whatever was queued and waits for its threads.
pub struct SegmentStore {
    disk: Arc<dyn Disk>,
    store_id: [u8; 16],
    lookup: Arc<Lookup>,
    published: Arc<Published>,
    shredder: Arc<Shredder>,
    queue: Option<mpsc::Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
    closing: Arc<AtomicBool>,
    opening: Opening,
    /// Held until the threads have ended: fields are dropped after `drop` has run.
    _lock: Option<Box<dyn std::any::Any + Send + Sync>>,
}

impl std::fmt::Debug for SegmentStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SegmentStore({}, {:?})", self.disk.place(), self.tail())
    }
}

impl SegmentStore {
    /// Opens, or makes, the store in a folder, with its index beside the segments. Blocking: call it before serving.
    /// Errors: `Locked`, `Corrupt`, `Foreign`, `Index`, `Full`, `Io`.
    pub fn open(dir: &Path, options: &SegmentOptions, progress: &mut dyn FnMut(Progress)) -> Result<Self, StoreError> {
        let disk = RealDisk::open(dir, !options.read_only).map_err(StoreError::io("opening the store's folder"))?;
        let (folder, cache_bytes, read_only) = (dir.join(INDEX_FOLDER), options.index_cache_bytes, options.read_only);
        let opener = move |fresh: bool| -> Result<Box<dyn Index>, crate::index::IndexError> {
            if read_only {
                return Ok(Box::new(MemoryIndex::default()));
            }
            Ok(Box::new(SledIndex::open(&folder, cache_bytes, fresh)?))
        };
        Self::open_on(Arc::new(disk), Box::new(opener), options, progress)
    }

    /// Opens a store on any disk with any index.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        mut indexes: Box<dyn IndexOpener + Send>,
        options: &SegmentOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, StoreError> {
        let lock = if options.read_only { None } else { Some(lock(&*disk)?) };
        let &SegmentOptions {
            new_store_id,
            segment_bytes,
            read_only,
            ..
        } = options;
        let wanted = Wanted {
            new_store_id,
            segment_bytes,
            read_only,
        };
        let (log, found) = recover(Arc::clone(&disk), &wanted, progress)?;
        let reader = LogReader {
            disk: Arc::clone(&disk),
            tail: log.tail,
        };
        let caught_up = catch_up::open_index(&mut *indexes, &reader, log.store_id, (&mut *progress, &|| false))?;
        let half_keys = [found.half_keys, caught_up.half_keys].concat();
        let opening = Opening {
            torn_bytes: found.torn_bytes,
            ..caught_up.opening
        };
        let lookup = Arc::new(Lookup::new(caught_up.index));
        let published = Arc::new(Published {
            tail: RwLock::new(log.tail),
            refusing: Refusing::new(options.clock.clone()),
            committed: AtomicU64::new(0),
            groups: AtomicU64::new(0),
            followed: Followed::default(),
            backlog: Backlog::default(),
            teller: Teller::default(),
        });
        let shredder = Shredder::new(
            Arc::clone(&disk),
            Arc::clone(&lookup),
            Arc::clone(&published),
            log.store_id,
        );
        let mut store = Self {
            disk,
            store_id: log.store_id,
            lookup,
            published,
            shredder: Arc::new(shredder),
            queue: None,
            threads: Vec::new(),
            closing: Arc::default(),
            opening,
            _lock: lock,
        };
        if !read_only {
            // Nothing is served before what power interrupted is finished, as far as it can be.
            store.finish_shreds(&half_keys, progress)?;
            store.start(log, indexes)?;
        }
        Ok(store)
    }

    fn start(&mut self, log: Log, opener: Box<dyn IndexOpener + Send>) -> Result<(), StoreError> {
        let (queue, requests) = mpsc::channel(QUEUE_FRAMES);
        // One word is enough: whoever hears it takes all that has gathered.
        let (due, work) = std::sync::mpsc::sync_channel(1);
        let committer = Committer::new(log, Arc::clone(&self.lookup), Arc::clone(&self.published), due);
        let lookup = Arc::clone(&self.lookup);
        let reopen = indexer::Reopen {
            opener,
            disk: Arc::clone(&self.disk),
            store_id: self.store_id,
            published: Arc::clone(&self.published),
            closing: Arc::clone(&self.closing),
        };
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(StoreError::io("starting a thread"))
        };
        self.threads
            .push(spawn("evidence-commit", Box::new(move || committer.run(requests)))?);
        self.threads.push(spawn(
            "evidence-index",
            Box::new(move || indexer::run(&work, &lookup, reopen)),
        )?);
        self.queue = Some(queue);
        Ok(())
    }

    /// What opening found and did.
    #[must_use]
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Groups committed since the store was opened: frames divided by this is how many shared one sync.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.published.groups.load(Ordering::Relaxed)
    }

    fn tail(&self) -> Position {
        self.published.tail()
    }

    /// The log as it is now.
    fn reader(&self) -> LogReader {
        LogReader {
            disk: Arc::clone(&self.disk),
            tail: self.tail(),
        }
    }

    /// Runs blocking file work where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(LogReader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.reader();
        match tokio::task::spawn_blocking(move || work(reader)).await {
            Ok(result) => result,
            Err(error) => Err(StoreError::Io {
                doing: "reading in the background",
                source: error.into(),
            }),
        }
    }

    /// Appends a frame of any kind.
    async fn queue_record(&self, record: Record) -> Result<Receipt, StoreError> {
        let queue = self.queue.as_ref().ok_or(StoreError::ReadOnly)?;
        if let Some(reason) = self.published.refusing.at_once() {
            return Err(StoreError::Refused { reason });
        }
        let id = record.id();
        let seen = self.published.committed.load(Ordering::Acquire);
        if let Some(position) = self.lookup.newest(LookupKey::Frame(id))? {
            return Ok(Receipt::new(position, true));
        }
        let (case, index, record) = record.into_parts();
        let keys = LookupKey::of(id, case, &index);
        let (reply, answer) = oneshot::channel();
        self.published.teller.ready();
        let request = Request {
            id,
            record,
            keys,
            seen,
            reply,
        };
        queue
            .send(Work::Append(request))
            .await
            .map_err(|_| StoreError::Closed)?;
        let gone = |_| StoreError::Unknown {
            reason: "the committing thread ended".to_owned(),
        };
        answer.await.map_err(gone)?
    }

    async fn page(&self, key: LookupKey, after: Option<Position>, limit: usize) -> Result<Vec<Position>, StoreError> {
        let limit = limit.min(MAX_PAGE);
        if let Some(known) = self.lookup.page_at_once(key, after, limit)? {
            return Ok(known);
        }
        let lookup = Arc::clone(&self.lookup);
        self.blocking(move |_| lookup.page(key, after, limit)).await
    }
}

fn lock(disk: &dyn Disk) -> Result<Box<dyn std::any::Any + Send + Sync>, StoreError> {
    disk.lock().map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock => StoreError::Locked { place: disk.place() },
        _ => StoreError::io("locking the store")(error),
    })
}

impl Drop for SegmentStore {
    fn drop(&mut self) {
        self.queue = None;
        self.closing.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the evidence store panicked");
            }
        }
    }
}

#[async_trait]
impl EvidenceStore for SegmentStore {
    fn backlog(&self) -> Backlog {
        self.published.backlog.clone()
    }

    /// Dropping the future does not take a frame back that was queued already.
    async fn append_record(&self, record: Record) -> Result<Receipt, StoreError> {
        check_appendable(&record)?;
        self.queue_record(record).await
    }

    /// Dropping the future does not take the frame back that was queued already: then its keys are destroyed by the next
    /// call, or by the next opening.
    async fn shred(&self, frame: Frame) -> Result<Shredded, StoreError> {
        let record = frame.record().map_err(StoreError::Invalid)?;
        if self.queue.is_none() {
            return Err(StoreError::ReadOnly);
        }
        let shredder = Arc::clone(&self.shredder);
        self.blocking(move |_| shredder.check(&frame)).await?;
        let call = self.shredder.call();
        let receipt = self.queue_record(record).await?;
        let shredder = Arc::clone(&self.shredder);
        let work = move |_| shredder.carry_out(receipt.position, &call);
        let records = self.blocking(work).await.map_err(|error| match error {
            StoreError::Io { .. } => shred::unfinished(&error),
            other => other,
        })?;
        Ok(Shredded::new(receipt, records))
    }

    async fn case_page(
        &self,
        case: CaseId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        self.page(LookupKey::Case(case), after, limit).await
    }

    async fn find_page(
        &self,
        key: IndexKey,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        self.page(LookupKey::Found(key), after, limit).await
    }

    async fn find_before(
        &self,
        key: IndexKey,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        let (key, limit) = (LookupKey::Found(key), limit.min(MAX_PAGE));
        if let Some(known) = self.lookup.page_before_at_once(key, before, limit)? {
            return Ok(known);
        }
        let lookup = Arc::clone(&self.lookup);
        self.blocking(move |_| lookup.page_before(key, before, limit)).await
    }

    async fn newest(&self, key: IndexKey) -> Result<Option<Position>, StoreError> {
        let key = LookupKey::Found(key);
        if let Some(known) = self.lookup.newest_at_once(key)? {
            return Ok(known);
        }
        let lookup = Arc::clone(&self.lookup);
        self.blocking(move |_| lookup.newest(key)).await
    }

    async fn read(&self, position: Position) -> Result<Frame, StoreError> {
        self.blocking(move |reader| reader.read(position)).await
    }

    async fn scan(&self, from: Position, limit: usize) -> Result<Page, StoreError> {
        self.blocking(move |reader| reader.scan(from, limit)).await
    }

    async fn hashed(&self, from: Position, limit: usize) -> Result<HashedPage, StoreError> {
        if let Some(page) = self.published.followed.page(from, limit.min(MAX_PAGE), self.tail()) {
            return Ok(page);
        }
        self.blocking(move |reader| HashedPage::of(reader.scan(from, limit)?))
            .await
    }

    fn refusing(&self) -> Option<Refusal> {
        let because = |reason, text| Some(Refusal { reason, text });
        let Some(queue) = &self.queue else {
            return because(RefusalReason::ReadOnly, StoreError::ReadOnly.to_string());
        };
        if let Err(error) = self.lookup.check() {
            return because(RefusalReason::IndexFailed, error.to_string());
        }
        if self.published.refusing.is_due() {
            // Where the queue is full of appends, they make it try.
            let _ = queue.try_send(Work::Resume);
        }
        self.published.refusing.why()
    }

    async fn shredded_before(&self) -> Result<Option<Position>, StoreError> {
        let shredder = Arc::clone(&self.shredder);
        self.blocking(move |_| Ok(Some(shredder.done()))).await
    }

    async fn status(&self) -> Result<Status, StoreError> {
        let lookup = Arc::clone(&self.lookup);
        let refusing = self.refusing();
        self.blocking(move |reader| {
            // Without its index a store still says how it is.
            let indexed = lookup.index().watermark().unwrap_or_default().end;
            Ok(Status {
                end: reader.tail,
                segments: reader.tail.segment,
                bytes: reader.bytes()?,
                indexed,
                refusing,
            })
        })
        .await
    }
}

use log::Log;

#[cfg(test)]
mod damage;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod power_cuts;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;
