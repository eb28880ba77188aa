//! Evidence: sealed answers and their leaves, kept in an append-only store and found again through an index.
//! Left to others: what a department, a policy or a person is (strings and bytes here), the formats of a transparency log (`hedui-log`), any clock or source of randomness.
//!
//! A verification's outcome is one [`Frame`]: [`Leaf`]s without personal data and the [`Sealed`] answers they
//! vouch for. An [`EvidenceStore`] keeps frames durably and in order; a [`KeyRing`] owns the keys that seal them.
//! See `README.md` for the formats byte by byte.

mod backlog;
mod codec;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod destroyed;
pub mod disk;
mod error;
mod frame;
mod ids;
pub mod index;
mod keys;
mod lanes;
mod leaf;
mod logs;
mod memory;
mod period;
mod sealer;
mod segment;
mod shred;
mod store;
mod tell;

pub use backlog::Backlog;
pub use codec::CodecError;
pub use destroyed::verify_keys;
pub use error::{ErrorKind, ShredRefusal, StoreError};
pub use frame::{
    Frame, FrameHead, FrameKind, MAX_FRAME_BYTES, MAX_INDEX_KEYS, MAX_PARTS, Record, Sealed, WRAPPED_KEY_BYTES,
    shred_frames,
};
pub use ids::{CaseId, EvidenceId, FrameId, IndexKey, KeyId, Pseudonym};
pub use keys::{KeyRing, KeySource, MasterKey, Rotated};
pub use leaf::{Leaf, LeafKind, MAX_LEAF_BYTES, MAX_TEXT_BYTES};
pub use logs::{
    Disclosure, DistrictLogs, Draw, Drawn, Export, Exported, Followed, LogError, LogKey, LogName, LogOptions,
    LogSigner, LogStatus, LogWitness, MAX_WITNESSES, PROMISED_WITHIN_MS, Promise, Proved, SEALED_FOLDER, Sample,
    ToPromise, WitnessKey, Witnesses,
};
pub use memory::MemoryStore;
pub use period::Period;
pub use sealer::{Digests, Opened, Plain, SALT_BYTES, Sealer, Subject, ciphertext_digest, commitment};
pub use segment::{
    BackupOptions, BackupReport, Clock, CopyProgress, Damage, Difference, DrillReport, INDEX_FOLDER, IndexOpener,
    MANIFEST_FILE, Mismatch, Opening, Progress, Scrub, ScrubReport, ScrubStep, SegmentOptions, SegmentStore,
    holds_evidence, restore_drill,
};
pub use store::{
    Entry, EvidenceStore, HashedFrame, HashedPage, MAX_PAGE, MAX_PAGE_BYTES, Page, Position, Receipt, Refusal,
    RefusalReason, Shredded, Status, Verified, verify_entry,
};
pub use tell::{Tell, Teller};

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
