//! The store trait: append a frame durably, find frames again, read the whole log in order.
//! Left to others: how it is kept (`memory`, `segment`), what frames mean, who may read them.

use async_trait::async_trait;
use bytes::Bytes;
use hedui_log::merkle::Hash;

use crate::backlog::Backlog;
use crate::codec::CodecError;
use crate::destroyed::verify_keys;
use crate::error::StoreError;
use crate::frame::{Frame, FrameHead, Record};
use crate::ids::{CaseId, FrameId, IndexKey};
use crate::sealer::ciphertext_digest;

/// The most frames or positions one page holds.
pub const MAX_PAGE: usize = 1_024;
/// A page ends after the frame that makes it larger than this, so a scan's memory is bounded.
pub const MAX_PAGE_BYTES: usize = 8 << 20;

/// Where a frame begins. Later frames have greater positions; a position says nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Number of the segment, from 1 (a store without segments uses 0).
    pub segment: u64,
    /// Byte within the segment.
    pub offset: u64,
}

impl std::fmt::Display for Position {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "segment {}, byte {}", self.segment, self.offset)
    }
}

impl Position {
    /// Before every frame: where a scan begins.
    pub const START: Self = Self { segment: 0, offset: 0 };
}

/// The store's word that a frame is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// Where it stands.
    pub position: Position,
    /// A frame with this id was there before: this one was not written, the position is that of the first.
    pub duplicate: bool,
}

impl Receipt {
    pub(crate) const fn new(position: Position, duplicate: bool) -> Self {
        Self { position, duplicate }
    }
}

/// The store's word that a shred frame is durable, and that no key it names exists in the store any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shredded {
    /// Where the shred frame stands.
    pub receipt: Receipt,
    /// How many records this call has made unreadable; those that were already are not counted.
    pub records: usize,
}

impl Shredded {
    pub(crate) const fn new(receipt: Receipt, records: usize) -> Self {
        Self { receipt, records }
    }
}

/// One frame of a scan, checked against its CRC, decoded no further than its head.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it stands.
    pub position: Position,
    /// What it is.
    pub head: FrameHead,
    record: Bytes,
}

impl Entry {
    /// Of a record whose CRC was found to fit.
    pub(crate) fn new(position: Position, record: Bytes) -> Result<Self, CodecError> {
        Ok(Self {
            position,
            head: Frame::decode_head_of_whole(&record)?,
            record,
        })
    }

    /// The same of a record whose wrapped keys may be in any state.
    pub(crate) fn with_any_keys(position: Position, record: Bytes) -> Result<Self, CodecError> {
        Ok(Self {
            position,
            head: Frame::decode_head_with_any_keys(&record)?,
            record,
        })
    }

    /// The record's bytes, shared, not copied.
    #[must_use]
    pub fn record(&self) -> &Bytes {
        &self.record
    }

    /// Decodes the whole frame. Errors: [`StoreError::Corrupt`].
    pub fn frame(&self) -> Result<Frame, StoreError> {
        Frame::decode(&self.record).map_err(|error| corrupt(self.position, &error))
    }

    /// The canonical bytes of its leaves, in order. Errors: [`StoreError::Corrupt`].
    pub fn leaf_bytes(&self) -> Result<Vec<Bytes>, StoreError> {
        Frame::leaf_bytes_of_whole(&self.record).map_err(|error| corrupt(self.position, &error))
    }
}

/// A stretch of the log.
#[derive(Debug, Clone)]
pub struct Page {
    /// The frames, in append order.
    pub entries: Vec<Entry>,
    /// Where the next page begins, also when nothing stands there yet.
    pub next: Position,
    /// Whether `next` is the end of the durable log as it was when the page was read.
    pub at_end: bool,
}

/// A frame as a transparency log takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFrame {
    /// Where it stands.
    pub position: Position,
    /// Its id.
    pub id: FrameId,
    /// Division code of its district.
    pub district: String,
    /// When it was made, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The hashes of its leaves (RFC 6962, SHA-256), in order.
    pub leaves: Vec<Hash>,
}

/// A stretch of the log as a transparency log takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedPage {
    /// The frames, in append order.
    pub frames: Vec<HashedFrame>,
    /// As of a [`Page`].
    pub next: Position,
    /// As of a [`Page`].
    pub at_end: bool,
}

impl HashedFrame {
    /// Of a record whose CRC was found to fit.
    pub(crate) fn of(position: Position, record: &[u8]) -> Result<HashedFrame, CodecError> {
        let (head, leaves) = Frame::leaf_hashes_of_whole(record)?;
        Ok(HashedFrame {
            position,
            id: head.id,
            district: head.district,
            time_ms: head.time_ms,
            leaves,
        })
    }
}

impl HashedPage {
    /// The leaves of a page, hashed. Errors: [`StoreError::Corrupt`].
    pub fn of(page: Page) -> Result<HashedPage, StoreError> {
        let hashed = |entry: &Entry| {
            HashedFrame::of(entry.position, &entry.record).map_err(|error| corrupt(entry.position, &error))
        };
        Ok(HashedPage {
            frames: page.entries.iter().map(hashed).collect::<Result<_, _>>()?,
            next: page.next,
            at_end: page.at_end,
        })
    }
}

/// What keeps a store from taking appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The last append found no room. The next is tried all the same.
    NoRoom,
    /// Writing or syncing failed, or the disk became read-only. The store tries to resume at later appends.
    LogFailed,
    /// The index failed: neither look-ups nor idempotency can be trusted until it works again.
    IndexFailed,
    /// The store was opened for reading only.
    ReadOnly,
    /// Opening could not destroy every key that shred frames name: a frame cannot be read, or a segment not be written. Ends
    /// with an opening that can.
    ShredUnfinished,
}

impl RefusalReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::NoRoom,
        Self::LogFailed,
        Self::IndexFailed,
        Self::ReadOnly,
        Self::ShredUnfinished,
    ];

    /// A word that never changes, for metrics and health checks.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoRoom => "NO_ROOM",
            Self::LogFailed => "LOG_FAILED",
            Self::IndexFailed => "INDEX_FAILED",
            Self::ReadOnly => "READ_ONLY",
            Self::ShredUnfinished => "SHRED_UNFINISHED",
        }
    }
}

/// Why appends are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of reason.
    pub reason: RefusalReason,
    /// What failed, in words.
    pub text: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.reason.code(), self.text)
    }
}

/// How a store is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Where the next frame will stand, or later.
    pub end: Position,
    /// How many segments there are; 0 for a store without any.
    pub segments: u64,
    /// Bytes of the log.
    pub bytes: u64,
    /// Everything before this can be found without the overlay of recent frames.
    pub indexed: Position,
    /// Why appends are refused, if they are; see [`EvidenceStore::refusing`].
    pub refusing: Option<Refusal>,
}

/// What a whole reading of the log found in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Frames read and decoded.
    pub frames: u64,
    /// Leaves in them.
    pub leaves: u64,
    /// Ciphertexts whose digest is the one their leaf states.
    pub sealed: u64,
    /// Bytes of the records.
    pub bytes: u64,
}

/// A durable, append-only, ordered store of frames.
///
/// Laws (`contract` checks them on every implementation): an append resolves only once the frame is durable, and
/// whole; a second append under the same id changes nothing and answers with the first position; whatever was
/// acknowledged is found at once by every lookup; all orders are append order.
#[async_trait]
pub trait EvidenceStore: Send + Sync + 'static {
    /// Appends one frame. Resolves once it is durable. A shred frame is refused: see [`EvidenceStore::shred`]. `StoreError::certainly_not_written` tells a failure that left
    /// nothing from one whose outcome is unknown.
    async fn append_record(&self, record: Record) -> Result<Receipt, StoreError>;

    /// Encodes a frame and appends it. Errors: also [`StoreError::Invalid`], when it exceeds a limit.
    async fn append(&self, frame: Frame) -> Result<Receipt, StoreError> {
        let record = frame.record().map_err(StoreError::Invalid)?;
        drop(frame);
        self.append_record(record).await
    }

    /// Destroys sealed records for good. `frame` is of kind shred; its leaves, all of kind shred and of the frame's case, name
    /// in `rests_on` the records, which stand in earlier frames of that case. The frame is appended first; once it is
    /// durable the keys of those records are overwritten in place, and only when that is durable too this resolves. Leaves,
    /// digests, ciphertexts and positions stay: what was proved before can be proved after.
    ///
    /// A second call under the same frame id carries out the frame that stands there. Errors: [`StoreError::ShredRefused`]
    /// before anything is written; [`StoreError::ShredUnfinished`] once the frame is durable; those of an append.
    async fn shred(&self, frame: Frame) -> Result<Shredded, StoreError>;

    /// Up to `limit` (at most [`MAX_PAGE`]) positions of a case's frames after `after`, in append order.
    async fn case_page(&self, case: CaseId, after: Option<Position>, limit: usize)
    -> Result<Vec<Position>, StoreError>;

    /// Up to `limit` (at most [`MAX_PAGE`]) positions filed under `key` after `after`, in append order.
    async fn find_page(
        &self,
        key: IndexKey,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError>;

    /// Up to `limit` (at most [`MAX_PAGE`]) positions filed under `key` before `before` (`None`: before the end), newest
    /// first. What a reader of the latest entries pages with: the last position of a page is `before` of the next.
    async fn find_before(
        &self,
        key: IndexKey,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError>;

    /// The last position filed under `key`.
    async fn newest(&self, key: IndexKey) -> Result<Option<Position>, StoreError>;

    /// The frame that begins at `position`.
    async fn read(&self, position: Position) -> Result<Frame, StoreError>;

    /// The log in order, from the first frame at or after `from`; at most `limit` (and [`MAX_PAGE`]) frames or about
    /// [`MAX_PAGE_BYTES`]. A page may hold fewer: go on at `next` until `at_end`.
    async fn scan(&self, from: Position, limit: usize) -> Result<Page, StoreError>;

    /// As [`EvidenceStore::scan`], the leaves by their hashes, for one that follows the log: a store may keep those of what it has just written.
    async fn hashed(&self, from: Position, limit: usize) -> Result<HashedPage, StoreError> {
        HashedPage::of(self.scan(from, limit).await?)
    }

    /// How the store is doing.
    async fn status(&self) -> Result<Status, StoreError>;

    /// Why appends are refused just now, if they are. At once, without a look at a disk: for health checks and metrics.
    /// Where the store waits to resume, asking makes it try.
    fn refusing(&self) -> Option<Refusal>;

    /// Where whoever works with this store says how many jobs wait for the processor: while some do, those that commit may wait for more to share a
    /// sync, which costs each at most 4 ms.
    fn backlog(&self) -> Backlog {
        Backlog::default()
    }

    /// Up to where every shred frame is carried out, none where all are: what a later one names may still have its key.
    async fn shredded_before(&self) -> Result<Option<Position>, StoreError> {
        Ok(None)
    }

    /// Every frame of a case, in append order. For a case that may have been read thousands of times, page instead.
    async fn case(&self, case: CaseId) -> Result<Vec<Frame>, StoreError> {
        let mut frames = Vec::new();
        let mut after = None;
        loop {
            let page = self.case_page(case, after, MAX_PAGE).await?;
            for position in &page {
                frames.push(self.read(*position).await?);
            }
            after = page.last().copied();
            if page.len() < MAX_PAGE {
                return Ok(frames);
            }
        }
    }

    /// Every position filed under `key`, newest last. For a key that gathers much, page instead.
    async fn find(&self, key: IndexKey) -> Result<Vec<Position>, StoreError> {
        let mut found = Vec::new();
        loop {
            let page = self.find_page(key, found.last().copied(), MAX_PAGE).await?;
            let last = page.len() < MAX_PAGE;
            found.extend(page);
            if last {
                return Ok(found);
            }
        }
    }

    /// Reads the whole log: every record's CRC, every field, that each leaf states the digest of its ciphertext, and that the
    /// keys that are gone are those that shred frames name.
    /// Errors: [`StoreError::Corrupt`], [`StoreError::KeyGone`] and [`StoreError::KeyBack`] name the first place that does not fit.
    async fn verify(&self) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let mut from = Position::START;
        loop {
            let page = self.scan(from, MAX_PAGE).await?;
            for entry in &page.entries {
                verify_entry(entry, &mut verified)?;
                verify_keys(self, entry).await?;
            }
            from = page.next;
            if page.at_end {
                return Ok(verified);
            }
        }
    }
}

pub(crate) fn corrupt(at: Position, reason: &CodecError) -> StoreError {
    StoreError::Corrupt {
        segment: at.segment,
        offset: at.offset,
        reason: reason.to_string(),
    }
}

/// Checks one entry by itself, and counts it; what other frames say of its keys is `verify_keys`' part. Errors: [`StoreError::Corrupt`].
pub fn verify_entry(entry: &Entry, verified: &mut Verified) -> Result<(), StoreError> {
    let frame = entry.frame()?;
    for sealed in &frame.sealed {
        let vouched = frame.leaves.iter().any(|leaf| {
            leaf.evidence_id == sealed.evidence_id && leaf.ciphertext_digest == ciphertext_digest(&sealed.ciphertext)
        });
        if !vouched {
            let Position { segment, offset } = entry.position;
            let reason = format!("no leaf states the digest of sealed record {}", sealed.evidence_id);
            return Err(StoreError::Corrupt {
                segment,
                offset,
                reason,
            });
        }
    }
    verified.frames += 1;
    verified.leaves += frame.leaves.len() as u64;
    verified.sealed += frame.sealed.len() as u64;
    verified.bytes += entry.record.len() as u64;
    Ok(())
}
