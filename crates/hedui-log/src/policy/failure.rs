//! Why a checkpoint does not satisfy a policy.
//! Leaves mistakes in the policy itself to `parse`.

use thiserror::Error;

use crate::checkpoint::CheckpointError;
use crate::note::NoteError;

/// Why a checkpoint is not to be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyFailure {
    /// Not a signed note, or one with a false signature in the name of a known key.
    #[error(transparent)]
    Note(NoteError),
    /// The note is not a checkpoint.
    #[error(transparent)]
    Checkpoint(CheckpointError),
    /// The policy knows no log of this origin.
    #[error("the policy knows no log with the origin {origin}")]
    UnknownLog {
        /// The first line of the checkpoint.
        origin: String,
    },
    /// No known key of the log signed.
    #[error("no key that the policy knows for {origin} signed the checkpoint")]
    NotSignedByLog {
        /// The first line of the checkpoint.
        origin: String,
    },
    /// Not enough witnesses.
    #[error(
        "the quorum {quorum} is not met: {} of its known witnesses signed{}",
        count(signed),
        names(signed)
    )]
    Quorum {
        /// Name of the quorum.
        quorum: String,
        /// The known witnesses that did sign.
        signed: Vec<String>,
    },
}

fn count(signed: &[String]) -> String {
    match signed.len() {
        0 => "none".to_owned(),
        number => format!("only {number}"),
    }
}

fn names(signed: &[String]) -> String {
    if signed.is_empty() {
        String::new()
    } else {
        format!(" ({})", signed.join(", "))
    }
}

impl PolicyFailure {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Note(error) => error.code(),
            Self::Checkpoint(error) => error.code(),
            Self::UnknownLog { .. } => "UNKNOWN_LOG",
            Self::NotSignedByLog { .. } => "NOT_SIGNED_BY_LOG",
            Self::Quorum { .. } => "QUORUM_NOT_MET",
        }
    }
}
