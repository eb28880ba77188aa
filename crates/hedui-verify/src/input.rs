//! Reading what the caller named, with a limit on every file.
//! Leaves the files of a log folder to `folder`, which judges them instead of failing.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use hedui_log::policy::{MAX_POLICY_BYTES, Policy, PolicyError};
use thiserror::Error;

/// The largest file that is taken for an entry.
pub const MAX_ENTRY_FILE_BYTES: usize = 16 << 20;

/// The largest file that is taken for a record: no frame holds a larger one.
pub const MAX_RECORD_FILE_BYTES: usize = 64 << 20;

/// Why nothing could be checked. Neither true nor false: the program ends with 2.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InputError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than anything that makes sense in its place.
    #[error("{} has more than {limit} bytes", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The policy cannot be used.
    #[error("the policy {} has a mistake on {error} ({})", path.display(), error.code())]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        error: PolicyError,
    },
}

impl InputError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "UNREADABLE",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::Policy { error, .. } => error.code(),
        }
    }

    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Unreadable { path, source }
    }
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// [`InputError::Unreadable`], [`InputError::TooLarge`].
pub fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, InputError> {
    let file = File::open(path).map_err(|source| InputError::unreadable(path, source))?;
    let mut bytes = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(one_more)
        .read_to_end(&mut bytes)
        .map_err(|source| InputError::unreadable(path, source))?;
    if bytes.len() > limit {
        let path = path.to_owned();
        return Err(InputError::TooLarge { path, limit });
    }
    Ok(bytes)
}

/// Reads a policy file.
///
/// # Errors
/// The file cannot be read, or has a mistake.
pub fn read_policy(path: &Path) -> Result<Policy, InputError> {
    let bytes = read_bounded(path, MAX_POLICY_BYTES)?;
    Policy::parse(&bytes).map_err(|error| InputError::Policy {
        path: path.to_owned(),
        error,
    })
}
