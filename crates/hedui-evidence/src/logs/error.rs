//! What can go wrong with the logs.
//! Left to others: raising the alarm (the server).

use hedui_log::merkle::ProveError;
use thiserror::Error;

use crate::codec::CodecError;
use crate::error::StoreError;

/// Every failure of the logs. Texts name logs, sizes and files, never contents.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The logs' folder could not be read or written.
    #[error("the logs' folder: {reason}")]
    Folder {
        /// What happened.
        reason: String,
    },
    /// A name that no log can have.
    #[error("the name of the logs: {reason}")]
    Name {
        /// What is wrong with it.
        reason: String,
    },
    /// Witnesses that no policy can name, or what they signed is wrong.
    #[error("the witnesses: {reason}")]
    Witnesses {
        /// What is wrong.
        reason: String,
    },
    /// The store holds other leaves than those that were signed: it was changed, or belongs to another folder of logs.
    #[error(
        "{reason}: the evidence was changed after it was signed, or these are not its logs; nothing is signed any more"
    )]
    Forked {
        /// Which log, and where.
        reason: String,
    },
    /// The store holds fewer leaves than were signed: it was restored from an older copy, or lost its end.
    #[error("{reason}: the evidence was cut, or restored from an older copy; nothing is signed any more")]
    Shortened {
        /// Which log, and by how much.
        reason: String,
    },
    /// The last checkpoint was signed by another key, or under another name: the key file or the configuration was exchanged.
    #[error("{reason}: restore the key file of the logs, or transparency.name; nothing is signed in another name")]
    OtherKey {
        /// Which log, and whose checkpoint.
        reason: String,
    },
    /// An earlier failure forbids to sign anything.
    #[error("the logs sign nothing any more: {reason}")]
    Halted {
        /// That failure.
        reason: String,
    },
    /// No checkpoint was signed for longer than was promised.
    #[error("the logs were not followed in time; nothing more is promised until they are")]
    Late,
    /// There is no such leaf in the logs, or not yet.
    #[error(
        "no log holds this leaf yet; its checkpoint follows within seconds, or once enough witnesses have cosigned it"
    )]
    NotIncluded,
    /// A leaf does not encode.
    #[error("the leaf does not encode: {0}")]
    Leaf(#[source] CodecError),
}

impl From<ProveError<LogError>> for LogError {
    fn from(error: ProveError<LogError>) -> LogError {
        match error {
            ProveError::Node(error) => error,
            // No such index or size: asked for what no checkpoint covers.
            ProveError::Proof(_) => LogError::NotIncluded,
        }
    }
}

impl LogError {
    /// A name or text that the formats refuse.
    pub(super) fn name(error: impl std::fmt::Display) -> LogError {
        LogError::Name {
            reason: error.to_string(),
        }
    }

    /// What [`LogError::halt_code`] may be.
    pub const HALT_CODES: [&'static str; 3] = ["FORKED", "SHORTENED", "OTHER_KEY"];

    /// A word that never changes, for an error after which a person has to look before anything may be signed again.
    #[must_use]
    pub fn halt_code(&self) -> Option<&'static str> {
        let [forked, shortened, other_key] = Self::HALT_CODES;
        match self {
            LogError::Forked { .. } => Some(forked),
            LogError::Shortened { .. } => Some(shortened),
            LogError::OtherKey { .. } => Some(other_key),
            _ => None,
        }
    }

    /// Whether a person has to look before anything may be signed again.
    #[must_use]
    pub fn halts(&self) -> bool {
        self.halt_code().is_some()
    }
}
