//! What a witness is asked and what it decides: the body of `add-checkpoint` and its answer (C2SP tlog-witness).
//! Leaves HTTP, the key, the clock and keeping the state, atomically and before answering, to others.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::merkle::{Hash, ProofError, empty_root, verify_consistency};
use crate::note::{MAX_NOTE_BYTES, Note, NoteError, VerifierKey};
use crate::proof::{HashesError, hashes};
use crate::text::{decimal, line};

/// How many hashes a request may carry.
pub const MAX_PROOF_LINES: usize = 63;

/// The longest body: the size line, the hashes, and a note. Refuse more before reading it.
pub const MAX_REQUEST_BYTES: usize = 32 + MAX_PROOF_LINES * 45 + MAX_NOTE_BYTES;

/// The media type of a 409's body.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";

/// Why a body is not a request; the answer is 400.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Longer than any request.
    #[error("the request has {bytes} bytes, the limit is {MAX_REQUEST_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("the request is not UTF-8")]
    NotUtf8,
    /// The first line is not the old size.
    #[error("the first line is not `old SIZE`")]
    Old,
    /// A line of the proof is not a hash.
    #[error("line {line} is not a hash: 32 bytes in base64")]
    Hash {
        /// Its number, from 1.
        line: usize,
    },
    /// Too many hashes.
    #[error("more than {MAX_PROOF_LINES} hashes")]
    TooManyHashes,
    /// The blank line before the checkpoint is missing.
    #[error("no blank line before the checkpoint")]
    NoCheckpoint,
    /// What stands behind the blank line is not a signed note.
    #[error("the checkpoint is not a signed note: {0}")]
    Note(#[from] NoteError),
    /// The note is not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl RequestError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "REQUEST_TOO_LONG",
            Self::NotUtf8 => "REQUEST_NOT_UTF8",
            Self::Old => "REQUEST_OLD_SIZE",
            Self::Hash { .. } => "REQUEST_HASH",
            Self::TooManyHashes => "REQUEST_TOO_MANY_HASHES",
            Self::NoCheckpoint => "REQUEST_WITHOUT_CHECKPOINT",
            Self::Note(error) => error.code(),
            Self::Checkpoint(error) => error.code(),
        }
    }
}

/// A request to cosign a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// Asks to cosign `note`, given that the witness last cosigned the tree of `old` entries.
    ///
    /// # Errors
    /// The note is not a signed checkpoint, or there are too many hashes.
    pub fn new(old: u64, proof: Vec<Hash>, note: Note) -> Result<Self, RequestError> {
        if proof.len() > MAX_PROOF_LINES {
            return Err(RequestError::TooManyHashes);
        }
        if note.signatures().is_empty() {
            return Err(NoteError::NoSignatures.into());
        }
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self {
            old,
            proof,
            note,
            checkpoint,
        })
    }

    /// Reads the body of a request.
    ///
    /// # Errors
    /// Which line is wrong; answer with 400.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLong { bytes: body.len() });
        }
        let text = std::str::from_utf8(body).map_err(|_| RequestError::NotUtf8)?;
        let (first, rest) = line(text).ok_or(RequestError::Old)?;
        let old = first.strip_prefix("old ").and_then(decimal).ok_or(RequestError::Old)?;
        let (proof, note) = hashes(rest, MAX_PROOF_LINES).map_err(|problem| match problem {
            HashesError::NotAHash { at } => RequestError::Hash { line: at + 2 },
            HashesError::TooMany => RequestError::TooManyHashes,
            HashesError::NoEnd => RequestError::NoCheckpoint,
        })?;
        Self::new(old, proof, Note::parse(note.as_bytes())?)
    }

    /// The size that the log believes the witness has cosigned last.
    #[must_use]
    pub fn old(&self) -> u64 {
        self.old
    }

    /// The proof that the new tree continues the old one.
    #[must_use]
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The signed checkpoint.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// What it says. Its origin tells which state to decide on; trust none of it before [`decide`].
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(out, "{hash}"))?;
        write!(out, "\n{}", self.note)
    }
}

impl FromStr for AddCheckpoint {
    type Err = RequestError;

    fn from_str(text: &str) -> Result<Self, RequestError> {
        Self::parse(text.as_bytes())
    }
}

/// How to answer a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// 404: no key is known for the origin.
    UnknownOrigin,
    /// 403: no known key of the log signed, or a signature in its name is false.
    Forbidden(NoteError),
    /// 400: the old size is above the checkpoint's.
    OldAboveNew,
    /// 409: another size was cosigned last; [`Decision::body`] tells it.
    Conflict {
        /// The size that was cosigned last.
        size: u64,
    },
    /// 422: the checkpoint does not continue what was cosigned last. It is signed: keep it as proof against the log.
    Inconsistent(ProofError),
    /// 200: keep this size and root if the state is still the one decided on, durably; then cosign and answer.
    Cosign {
        /// The new size.
        size: u64,
        /// The new root.
        root: Hash,
    },
}

impl Decision {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::UnknownOrigin => 404,
            Self::Forbidden(_) => 403,
            Self::OldAboveNew => 400,
            Self::Conflict { .. } => 409,
            Self::Inconsistent(_) => 422,
            Self::Cosign { .. } => 200,
        }
    }

    /// The body of a conflict, of the type [`SIZE_MEDIA_TYPE`]; none for all others.
    #[must_use]
    pub fn body(&self) -> Option<String> {
        match self {
            Self::Conflict { size } => Some(format!("{size}\n")),
            _ => None,
        }
    }

    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownOrigin => "UNKNOWN_ORIGIN",
            Self::Forbidden(error) => error.code(),
            Self::OldAboveNew => "OLD_ABOVE_NEW",
            Self::Conflict { .. } => "CONFLICT",
            Self::Inconsistent(error) => error.code(),
            Self::Cosign { .. } => "COSIGN",
        }
    }
}

/// Decides on a request, in the order of the specification. `state` is what was cosigned last for the request's origin,
/// if anything was. Of `log_keys` those named as the origin count, so that no log can speak for another.
#[must_use]
pub fn decide(state: Option<&(u64, Hash)>, request: &AddCheckpoint, log_keys: &[VerifierKey]) -> Decision {
    let Checkpoint { origin, size, root, .. } = &request.checkpoint;
    let mut trusted = log_keys.iter().filter(|key| key.name() == origin).peekable();
    if trusted.peek().is_none() {
        return Decision::UnknownOrigin;
    }
    let mut is_signed = false;
    for key in trusted {
        match request.note.verified_by(key) {
            Ok(_) => is_signed = true,
            Err(NoteError::Absent { .. }) => {}
            Err(error) => return Decision::Forbidden(error),
        }
    }
    if !is_signed {
        return Decision::Forbidden(NoteError::Absent { name: origin.clone() });
    }
    if request.old > *size {
        return Decision::OldAboveNew;
    }
    let (last, last_root) = state.copied().unwrap_or_else(|| (0, empty_root()));
    if request.old != last {
        return Decision::Conflict { size: last };
    }
    // Also finds a root that is not the empty tree's at size 0, and a proof that nothing asks for.
    match verify_consistency(last, &last_root, *size, root, &request.proof) {
        Ok(()) => Decision::Cosign {
            size: *size,
            root: *root,
        },
        Err(error) => Decision::Inconsistent(error),
    }
}
