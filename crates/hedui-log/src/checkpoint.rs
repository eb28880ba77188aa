//! A checkpoint: what a log says of itself at one size, as the text of a note (C2SP tlog-checkpoint).
//! Leaves signatures to `note` and `cosignature`.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::merkle::Hash;
use crate::text::{decimal, has_control};

/// Why a text is not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The text does not end in a newline, or has another control character.
    #[error("the checkpoint is not made of lines")]
    Lines,
    /// The origin is missing or empty.
    #[error("the checkpoint has no origin")]
    Origin,
    /// The second line is not a size.
    #[error("the second line of the checkpoint is not a size: a decimal number without leading zeros")]
    Size,
    /// The third line is not a hash.
    #[error("the third line of the checkpoint is not a hash: 32 bytes in base64")]
    Root,
    /// An extension line is empty.
    #[error("line {line} of the checkpoint is empty")]
    Extension {
        /// Its number, from 1.
        line: usize,
    },
}

impl CheckpointError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Lines => "CHECKPOINT_LINES",
            Self::Origin => "CHECKPOINT_ORIGIN",
            Self::Size => "CHECKPOINT_SIZE",
            Self::Root => "CHECKPOINT_ROOT",
            Self::Extension { .. } => "CHECKPOINT_EXTENSION",
        }
    }
}

/// The state of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a name that no other log has.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Lines behind the root, of no meaning here. Only reading fills them: nobody audits them.
    extensions: Vec<String>,
}

impl Checkpoint {
    /// The state of a log of one's own.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`] for an empty origin, [`CheckpointError::Lines`] for one with a control character.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        if origin.is_empty() {
            return Err(CheckpointError::Origin);
        }
        if has_control(origin) || origin.contains('\n') {
            return Err(CheckpointError::Lines);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions: Vec::new(),
        })
    }

    /// Reads the text of a note, its newline at the end included.
    ///
    /// # Errors
    /// Which line is not what it should be.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        if has_control(text) {
            return Err(CheckpointError::Lines);
        }
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let origin = lines
            .next()
            .filter(|line| !line.is_empty())
            .ok_or(CheckpointError::Origin)?;
        let size = lines.next().and_then(decimal).ok_or(CheckpointError::Size)?;
        let root = lines.next().unwrap_or_default();
        let root = root.parse().map_err(|_| CheckpointError::Root)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if let Some(at) = extensions.iter().position(String::is_empty) {
            return Err(CheckpointError::Extension { line: at + 4 });
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions,
        })
    }

    /// Lines that another log's checkpoint carried behind the root.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\n{}\n{}\n", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        Self::parse(text)
    }
}
