//! Where a master key comes from: a file or a command.
//! Left to others: reading the one (`file`) and running the other (`command`), which of them it is (configuration).

use std::path::PathBuf;
use std::time::Duration;

use super::MasterKey;
use crate::error::StoreError;

/// How long a key command may take unless somebody says otherwise: a key store may have to be reached over a network.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

/// Where a master key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A key file with mode 0600 or stricter.
    File(PathBuf),
    /// A program whose standard output is what a key file would hold.
    Command {
        /// The program and its arguments; no shell.
        command: Vec<String>,
        /// How long it may take.
        limit: Duration,
    },
}

impl KeySource {
    /// A command with the usual limit of 30 seconds.
    #[must_use]
    pub fn command(command: Vec<String>) -> Self {
        let limit = COMMAND_LIMIT;
        Self::Command { command, limit }
    }

    /// Reads the key. Blocking. Errors: [`StoreError::KeyFile`], [`StoreError::KeyCommand`].
    pub fn read(&self) -> Result<MasterKey, StoreError> {
        match self {
            Self::File(path) => MasterKey::read(path),
            Self::Command { command, limit } => MasterKey::from_command(command, *limit),
        }
    }
}
