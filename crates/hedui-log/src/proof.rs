//! A proof that an entry is in a log, to be checked offline (C2SP tlog-proof, `.tlog-proof` files).
//! Leaves what the entry means, and what the extra data is for, to the application.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::merkle::{Hash, ProofError, leaf_hash, verify_inclusion};
use crate::note::{Note, NoteError};
use crate::policy::{Policy, PolicyFailure, Satisfied};
use crate::text::{base64, decimal, from_base64, line};

/// A longer proof file is not looked at: a note, and as much extra data again.
pub const MAX_PROOF_BYTES: usize = 2_000_000;

/// No path in a tree of 64-bit size is longer.
const MAX_PATH: usize = 64;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Why a text is not a proof.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TlogProofError {
    /// Longer than any proof that is looked at.
    #[error("the proof has {bytes} bytes, the limit is {MAX_PROOF_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("the proof is not UTF-8")]
    NotUtf8,
    /// The first line is another.
    #[error("the first line is not {HEADER}")]
    Header,
    /// The extra data is not base64, or empty.
    #[error("the extra line is not `extra BASE64`")]
    Extra,
    /// The index line is missing or wrong.
    #[error("line {line} is not `index NUMBER`")]
    Index {
        /// Its number, from 1.
        line: usize,
    },
    /// A line of the path is not a hash.
    #[error("line {line} is not a hash: 32 bytes in base64")]
    Hash {
        /// Its number, from 1.
        line: usize,
    },
    /// The path is longer than any.
    #[error("the path has more than {MAX_PATH} hashes")]
    PathTooLong,
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

impl TlogProofError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "PROOF_FILE_TOO_LONG",
            Self::NotUtf8 => "PROOF_FILE_NOT_UTF8",
            Self::Header => "PROOF_FILE_HEADER",
            Self::Extra => "PROOF_FILE_EXTRA",
            Self::Index { .. } => "PROOF_FILE_INDEX",
            Self::Hash { .. } => "PROOF_FILE_HASH",
            Self::PathTooLong => "PROOF_FILE_PATH_TOO_LONG",
            Self::NoCheckpoint => "PROOF_FILE_WITHOUT_CHECKPOINT",
            Self::Note(error) => error.code(),
            Self::Checkpoint(error) => error.code(),
        }
    }
}

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The checkpoint is not to be relied on.
    #[error(transparent)]
    Policy(#[from] PolicyFailure),
    /// The entry is not in the tree of the checkpoint.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl VerifyError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Policy(error) => error.code(),
            Self::Proof(error) => error.code(),
        }
    }
}

/// The contents of a proof file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Data of the application. Nothing vouches for it. Empty data is written as none.
    pub extra: Option<Vec<u8>>,
    /// Number of the entry in the log, from 0.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub path: Vec<Hash>,
    /// The signed note, verbatim.
    pub checkpoint: String,
}

/// What a proof proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The hash of the entry.
    pub leaf: Hash,
    /// Its number in the log.
    pub index: u64,
    /// The log's state, the key that signed it, and the witnesses.
    pub satisfied: Satisfied,
}

impl TlogProof {
    /// Reads a proof file.
    ///
    /// # Errors
    /// Which line is wrong. Whether the proof holds is [`TlogProof::verify`]'s to say.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(TlogProofError::TooLong { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| TlogProofError::NotUtf8)?;
        let (header, mut rest) = line(text).ok_or(TlogProofError::Header)?;
        if header != HEADER {
            return Err(TlogProofError::Header);
        }
        let mut number = 2;
        let mut extra = None;
        if rest.starts_with("extra") {
            let (first, behind) = line(rest).ok_or(TlogProofError::Extra)?;
            let encoded = first.strip_prefix("extra ").ok_or(TlogProofError::Extra)?;
            let data = from_base64(encoded).filter(|data| !data.is_empty());
            extra = Some(data.ok_or(TlogProofError::Extra)?);
            rest = behind;
            number += 1;
        }
        let no_index = TlogProofError::Index { line: number };
        let (first, behind) = line(rest).ok_or_else(|| no_index.clone())?;
        let index = first.strip_prefix("index ").and_then(decimal).ok_or(no_index)?;
        let (path, checkpoint) = hashes(behind, MAX_PATH).map_err(|problem| match problem {
            HashesError::NotAHash { at } => TlogProofError::Hash { line: number + 1 + at },
            HashesError::TooMany => TlogProofError::PathTooLong,
            HashesError::NoEnd => TlogProofError::NoCheckpoint,
        })?;
        Checkpoint::parse(Note::parse(checkpoint.as_bytes())?.text())?;
        Ok(Self {
            extra,
            index,
            path,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// Checks that the entry with this leaf hash is in the log, and that the policy accepts the log's checkpoint.
    ///
    /// # Errors
    /// What does not hold, the checkpoint first.
    pub fn verify(&self, leaf: &Hash, policy: &Policy) -> Result<Verified, VerifyError> {
        let satisfied = policy.satisfied_by(self.checkpoint.as_bytes())?;
        let Checkpoint { size, root, .. } = &satisfied.checkpoint;
        verify_inclusion(leaf, self.index, *size, &self.path, root)?;
        Ok(Verified {
            leaf: *leaf,
            index: self.index,
            satisfied,
        })
    }

    /// The same for the entry itself.
    ///
    /// # Errors
    /// As [`TlogProof::verify`].
    pub fn verify_entry(&self, entry: &[u8], policy: &Policy) -> Result<Verified, VerifyError> {
        self.verify(&leaf_hash(entry), policy)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEADER}")?;
        if let Some(extra) = self.extra.as_ref().filter(|extra| !extra.is_empty()) {
            writeln!(out, "extra {}", base64(extra))?;
        }
        writeln!(out, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(out, "{hash}"))?;
        write!(out, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(text: &str) -> Result<Self, TlogProofError> {
        Self::parse(text.as_bytes())
    }
}

/// Why lines of hashes cannot be read.
pub(crate) enum HashesError {
    /// This line, from 0, is not a hash.
    NotAHash { at: usize },
    /// More lines than allowed.
    TooMany,
    /// No blank line ends them.
    NoEnd,
}

/// Reads lines of hashes up to a blank line; gives them and what stands behind it.
pub(crate) fn hashes(text: &str, limit: usize) -> Result<(Vec<Hash>, &str), HashesError> {
    let mut hashes = Vec::new();
    let mut rest = text;
    loop {
        let (first, behind) = line(rest).ok_or(HashesError::NoEnd)?;
        rest = behind;
        if first.is_empty() {
            return Ok((hashes, rest));
        }
        if hashes.len() == limit {
            return Err(HashesError::TooMany);
        }
        let at = hashes.len();
        hashes.push(first.parse().map_err(|_| HashesError::NotAHash { at })?);
    }
}
