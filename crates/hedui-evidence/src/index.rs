//! The index over a log: which positions belong to a case, an index key or a frame id. Always rebuildable.
//! Left to others: the log itself (`segment`), which is the only truth, and when to rebuild.

use thiserror::Error;

use crate::frame::{FrameHead, filed_under};
use crate::ids::{CaseId, FrameId, IndexKey};
use crate::store::Position;

mod filter;
mod memory;
mod sled;

pub use self::sled::SledIndex;
pub(crate) use filter::IdMap;
pub use memory::MemoryIndex;
pub(crate) use memory::{page_before_of, page_of};

/// Bytes of an encoded [`LookupKey`].
pub const LOOKUP_KEY_BYTES: usize = 17;

/// What positions are filed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookupKey {
    /// All frames of a case.
    Case(CaseId),
    /// All frames filed under an index key.
    Found(IndexKey),
    /// The one frame with this id.
    Frame(FrameId),
}

impl LookupKey {
    /// A tag byte and the sixteen bytes of the key.
    #[must_use]
    pub fn to_bytes(self) -> [u8; LOOKUP_KEY_BYTES] {
        let (tag, key) = match self {
            Self::Case(CaseId(key)) => (b'c', key),
            Self::Found(IndexKey(key)) => (b'k', key),
            Self::Frame(FrameId(key)) => (b'f', key),
        };
        let mut bytes = [tag; LOOKUP_KEY_BYTES];
        if let Some(rest) = bytes.last_chunk_mut::<16>() {
            *rest = key;
        }
        bytes
    }

    /// Everything one frame is filed under; a key that stands twice in the frame is filed once.
    #[must_use]
    pub fn of(id: FrameId, case: CaseId, index: &[IndexKey]) -> Vec<Self> {
        let mut keys = Vec::with_capacity(index.len() + 2);
        keys.push(Self::Frame(id));
        keys.push(Self::Case(case));
        keys.extend(index.iter().copied().map(Self::Found));
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The same from a frame's head.
    #[must_use]
    pub fn of_head(head: &FrameHead) -> Vec<Self> {
        Self::of(head.id, head.case, &filed_under(head.kind, &head.index))
    }
}

/// An index that cannot be used any more; the reason is the backend's own text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct IndexError {
    /// What failed.
    pub reason: String,
}

/// Where a frame begins, what it is filed under.
pub type Filed = (Position, Vec<LookupKey>);

/// How far an index goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watermark {
    /// Everything before this position is filed.
    pub end: Position,
    /// The last frame filed: an index that was made for other segments names another one.
    pub last: Option<(Position, FrameId)>,
}

/// Positions by key. Implementations need not be durable, nor survive a power cut: whoever opens one compares
/// [`Index::store_id`] and [`Index::watermark`] with the log and fills in, or throws away, the difference.
pub trait Index: Send + Sync + 'static {
    /// Files a batch, in append order, and moves the watermark, in one step or not at all.
    fn put(&self, batch: &[Filed], watermark: Watermark) -> Result<(), IndexError>;

    /// Up to `limit` positions filed under `key` that come after `after`, ascending.
    fn page(&self, key: LookupKey, after: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError>;

    /// Up to `limit` positions filed under `key` that come before `before` (`None`: before the end), descending.
    fn page_before(&self, key: LookupKey, before: Option<Position>, limit: usize) -> Result<Vec<Position>, IndexError>;

    /// The greatest position filed under `key`.
    fn newest(&self, key: LookupKey) -> Result<Option<Position>, IndexError>;

    /// True where nothing is filed under `key` and that is known at once, without a look at a disk. May be false for
    /// any key.
    fn surely_without(&self, key: LookupKey) -> bool;

    /// How far it goes.
    fn watermark(&self) -> Result<Watermark, IndexError>;

    /// Which store this index was made for; `None` when it is new.
    fn store_id(&self) -> Result<Option<[u8; 16]>, IndexError>;

    /// Forgets everything and binds the index to a store.
    fn reset(&self, store_id: [u8; 16]) -> Result<(), IndexError>;

    /// Writes what is held back, best effort.
    fn flush(&self) -> Result<(), IndexError>;
}

#[cfg(test)]
mod tests;
