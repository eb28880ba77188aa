//! Cosignatures: a witness states that, as of some second, a checkpoint continues all it saw before (`cosignature/v1`).
//! Leaves checking that statement before it is made to `witness`, and whose statement counts to `policy`.

#[cfg(test)]
mod tests;

use std::fmt;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{KeyKind, Note, NoteError, SigningKey, VerifierKey};

/// The last second that a cosignature can state.
pub const MAX_TIME: u64 = i64::MAX as u64;

/// Why something cannot be cosigned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CosignatureError {
    /// Only checkpoints are cosigned.
    #[error("not a checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A time of zero says "no time", and none may be above 2^63 - 1.
    #[error("{0} is not a time that a cosignature can state")]
    Time(u64),
    /// The key does not make cosignatures.
    #[error("{0} is not a key for cosignatures")]
    Kind(String),
    /// The key did not cosign.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl CosignatureError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.code(),
            Self::Time(_) => "COSIGNATURE_TIME",
            Self::Kind(_) => "KEY_KIND",
            Self::Note(error) => error.code(),
        }
    }
}

/// A witness's private key. A witness has a key of its own: this kind of signature does not state its maker's name.
pub struct CosigningKey(SigningKey);

impl CosigningKey {
    /// Makes the key of a seed, which must serve nothing else.
    ///
    /// # Errors
    /// The name is not a key name.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, NoteError> {
        SigningKey::of_kind(name, KeyKind::CosignatureV1, &seed).map(Self)
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        self.0.verifier()
    }

    /// Cosigns the text of a checkpoint, `time` in seconds since 1970 UTC, and gives the signature line. The caller has
    /// decided (`witness::decide`) and made its decision durable.
    ///
    /// # Errors
    /// The text is not a checkpoint, or the time cannot be stated.
    pub fn sign(&self, checkpoint_text: &str, time: u64) -> Result<String, CosignatureError> {
        Checkpoint::parse(checkpoint_text)?;
        if time == 0 || time > MAX_TIME {
            return Err(CosignatureError::Time(time));
        }
        let mut signature = time.to_be_bytes().to_vec();
        signature.extend_from_slice(&self.0.sign_raw(message(checkpoint_text, time).as_bytes()));
        Ok(self.0.line(&signature))
    }
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CosigningKey({})", self.verifier())
    }
}

/// When this witness cosigned the checkpoint, in seconds since 1970 UTC; the earliest time if it did so repeatedly.
///
/// # Errors
/// The key is of another kind, did not cosign, or a cosignature in its name is false.
pub fn verify(note: &Note, key: &VerifierKey) -> Result<u64, CosignatureError> {
    Checkpoint::parse(note.text())?;
    match (key.kind(), note.verified_by(key)?.time) {
        (KeyKind::CosignatureV1, Some(time)) => Ok(time),
        _ => Err(CosignatureError::Kind(key.name().to_owned())),
    }
}

/// What is signed: a header that no note begins with, the time, the checkpoint.
pub(crate) fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The time and the Ed25519 signature behind it.
pub(crate) fn split(signature: &[u8]) -> Option<(u64, &[u8])> {
    let (time, raw) = signature.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    (time <= MAX_TIME).then_some((time, raw))
}
