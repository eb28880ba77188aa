//! What can go wrong in the store and with its keys, and what that means for the caller.
//! Left to others: turning a kind into a status code (the server) and logging (whoever consumes the error).

use std::io;

use thiserror::Error;

use crate::codec::CodecError;
use crate::ids::{EvidenceId, FrameId, KeyId};
use crate::index::IndexError;

/// Every failure of this crate. Texts name places, sizes and key fingerprints, never contents.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The frame cannot be encoded (too large, too many parts). Nothing was written.
    #[error("the frame cannot be stored: {0}")]
    Invalid(#[source] CodecError),
    /// A shred frame that cannot be carried out as it stands. Nothing was written, nothing destroyed.
    #[error("the shred frame is refused: {0}")]
    ShredRefused(#[source] ShredRefusal),
    /// The shred frame is durable, but not every key that it names is certainly destroyed. The same call again, under the
    /// same frame id, goes on; so does the next opening of the store.
    #[error("the shred frame is kept, but not every key that it names is certainly destroyed yet: {reason}")]
    ShredUnfinished {
        /// What failed.
        reason: String,
    },
    /// The record's key was destroyed by a shred frame: its plaintext and salt are gone for ever.
    #[error("the key of record {0} was destroyed; nobody can open it any more")]
    Shredded(EvidenceId),
    /// No room. Nothing was written; appends work again once there is room.
    #[error("no room left while {doing}")]
    Full {
        /// The step that found no room.
        doing: &'static str,
    },
    /// The store was opened for reading only. Nothing was written.
    #[error("the store was opened for reading only")]
    ReadOnly,
    /// The log cannot be written, or keys that shred frames name may still be there. Nothing of this frame was written; reads go
    /// on. In the first case the store tries to resume by itself, in the second the next opening does.
    #[error("the store refuses appends ({reason})")]
    Refused {
        /// What failed first, and what failed last when resuming was tried.
        reason: String,
    },
    /// The store has been closed. Nothing was written.
    #[error("the store is closed")]
    Closed,
    /// Writing or syncing failed: the frame may or may not be found after a restart. Once the store has resumed by
    /// itself it is certainly absent. Appending it again under its id is right in every case.
    #[error("it is unknown whether the frame was stored: {reason}")]
    Unknown {
        /// What failed.
        reason: String,
    },
    /// Bytes that were durable are not what was written.
    #[error("segment {segment} is damaged at byte {offset}: {reason}")]
    Corrupt {
        /// Number of the segment.
        segment: u64,
        /// Byte within the segment file.
        offset: u64,
        /// What does not fit.
        reason: String,
    },
    /// A record's key is zeros, and no shred frame of its case names it: it was destroyed without a trace, or the disk lost it.
    #[error(
        "the key of record {record} is gone, and no shred frame of its case names it (segment {segment}, byte {offset}, frame {frame})"
    )]
    KeyGone {
        /// Number of the segment.
        segment: u64,
        /// Byte within the segment file where the frame begins.
        offset: u64,
        /// The frame that holds the record.
        frame: FrameId,
        /// The record.
        record: EvidenceId,
    },
    /// A record's key is there although a shred frame that was carried out names it: it came back with a copy.
    #[error(
        "the key of record {record} is there, although a shred frame names it (segment {segment}, byte {offset}, frame {frame})"
    )]
    KeyBack {
        /// Number of the segment.
        segment: u64,
        /// Byte within the segment file where the frame begins.
        offset: u64,
        /// The frame that holds the record.
        frame: FrameId,
        /// The record.
        record: EvidenceId,
    },
    /// No frame begins at this position.
    #[error("no frame begins at byte {offset} of segment {segment}")]
    NotFound {
        /// Number of the segment.
        segment: u64,
        /// Byte within the segment file.
        offset: u64,
    },
    /// Another process, or another handle in this one, has the store open.
    #[error("the store in {place} is already open elsewhere")]
    Locked {
        /// The store's folder.
        place: String,
    },
    /// The folder is not a store of this format, or holds files of another store.
    #[error("not a store that this build can open: {reason}")]
    Foreign {
        /// What does not fit.
        reason: String,
    },
    /// The index cannot be used. Reads by position go on; a running store opens it again, or rebuilds it, by itself.
    #[error("the index failed ({reason}); look-ups and appends are refused until it works again")]
    Index {
        /// What failed.
        reason: String,
    },
    /// Reading, listing or preparing files failed.
    #[error("{doing} failed")]
    Io {
        /// The step that failed.
        doing: &'static str,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The key file is missing, malformed or readable by others.
    #[error("key file {place}: {reason}")]
    KeyFile {
        /// The file.
        place: String,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// The command that prints the master key did not. Its output is never repeated here.
    #[error("key command {program}: {reason}")]
    KeyCommand {
        /// The program.
        program: String,
        /// What went wrong.
        reason: String,
    },
    /// The store's master key was replaced: the one at hand opens what was sealed before only.
    #[error("master key {held} was replaced in this store by {current}; use that one")]
    KeyReplaced {
        /// The key at hand.
        held: KeyId,
        /// The store's key.
        current: KeyId,
    },
    /// The key that would open this is not in the ring: lost, destroyed or never loaded.
    #[error("key {0} is not in the key ring")]
    KeyMissing(KeyId),
    /// The key at hand is not the one this was sealed with.
    #[error("sealed with key {needed}, but the key at hand is {held}")]
    WrongKey {
        /// The key it was sealed with.
        needed: KeyId,
        /// The key that was offered.
        held: KeyId,
    },
    /// The right key does not open it: the bytes, or what they were bound to, were changed.
    #[error("the {0} was changed after it was sealed")]
    Tampered(&'static str),
}

/// Why a shred frame is refused. Names records by their random ids only.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShredRefusal {
    /// It came to `append`, which destroys nothing.
    #[error("it belongs to `shred`, not to `append`")]
    NotAppended,
    /// A frame of another kind came to `shred`.
    #[error("the frame is of another kind")]
    NotShred,
    /// A leaf is of another kind than shred, or of another case than its frame.
    #[error("the frame's leaf {0} is of another kind or case")]
    ForeignLeaf(EvidenceId),
    /// No record is named.
    #[error("the frame's leaves name no record")]
    NamesNothing,
    /// No earlier frame of the case holds this record.
    #[error("no frame of its case holds a sealed record {0}")]
    NotHeld(EvidenceId),
    /// The record holds a key of the store: whatever that key wraps would be gone with it.
    #[error("record {0} holds a key of the store")]
    HoldsKey(EvidenceId),
    /// The record stands in a frame of version 3, whose keys cannot be destroyed in place.
    #[error("record {0} stands in a frame of version 3, whose keys cannot be destroyed in place")]
    OldFrame(EvidenceId),
    /// A frame of another kind stands in the store under this id.
    #[error("its id is that of a frame of another kind")]
    IdTaken,
}

impl ShredRefusal {
    /// A word that never changes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAppended => "NOT_APPENDED",
            Self::NotShred => "NOT_SHRED",
            Self::ForeignLeaf(_) => "FOREIGN_LEAF",
            Self::NamesNothing => "NAMES_NOTHING",
            Self::NotHeld(_) => "NOT_HELD",
            Self::HoldsKey(_) => "HOLDS_KEY",
            Self::OldFrame(_) => "OLD_FRAME",
            Self::IdTaken => "ID_TAKEN",
        }
    }
}

/// What a failure means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request itself is at fault; nothing was written.
    Invalid,
    /// Certainly not written; the same append may be tried later.
    NotWritten,
    /// Certainly not written, for want of room.
    Full,
    /// Certainly not written: opened for reading only.
    ReadOnly,
    /// Written or not: append again under the same frame id, as soon as the store takes appends, to be sure.
    Unknown,
    /// Durable bytes are damaged.
    Corrupt,
    /// There is no such frame.
    NotFound,
    /// The store cannot be opened, or a part of it not be used, as things stand.
    Unavailable,
    /// A key is missing, wrong or unusable.
    Key,
    /// Sealed bytes were changed.
    Tampered,
    /// The record's key was destroyed.
    Shredded,
}

impl StoreError {
    /// What this means for the caller.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) | Self::ShredRefused(_) => ErrorKind::Invalid,
            Self::Full { .. } => ErrorKind::Full,
            Self::ReadOnly => ErrorKind::ReadOnly,
            Self::Refused { .. } | Self::Closed => ErrorKind::NotWritten,
            Self::Unknown { .. } | Self::ShredUnfinished { .. } => ErrorKind::Unknown,
            Self::Corrupt { .. } | Self::KeyGone { .. } | Self::KeyBack { .. } => ErrorKind::Corrupt,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Locked { .. } | Self::Foreign { .. } | Self::Index { .. } | Self::Io { .. } => ErrorKind::Unavailable,
            Self::KeyFile { .. }
            | Self::KeyCommand { .. }
            | Self::KeyReplaced { .. }
            | Self::KeyMissing(_)
            | Self::WrongKey { .. } => ErrorKind::Key,
            Self::Tampered(_) => ErrorKind::Tampered,
            Self::Shredded(_) => ErrorKind::Shredded,
        }
    }

    /// For a failed append: whether the frame will certainly never be found.
    #[must_use]
    pub fn certainly_not_written(&self) -> bool {
        self.kind() != ErrorKind::Unknown
    }

    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { doing }
            }
            _ => Self::Io { doing, source },
        }
    }
}

impl From<IndexError> for StoreError {
    fn from(error: IndexError) -> Self {
        Self::Index { reason: error.reason }
    }
}
