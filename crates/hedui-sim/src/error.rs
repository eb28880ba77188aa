//! What can go wrong while simulating.
//! Leaves what to do about it to the caller; no variant holds a name or a number of a person.

/// Kinds of error, for exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// An argument is wrong.
    Usage,
    /// A file, socket or database failed.
    Io,
    /// The simulator contradicts itself: a mistake in this crate or in a manifest.
    Internal,
}

/// Why a simulation failed.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The district code has no six digits.
    #[error("`{0}` is not a district code: six digits of GB/T 2260, for example 511703")]
    District(String),
    /// The date leaves no room for lives.
    #[error("the date of the simulation must lie between 1990 and 2100")]
    AsOf,
    /// An argument of a command.
    #[error("{0}")]
    Argument(String),
    /// No more numbers of a kind.
    #[error("the simulation ran out of {0}: ask for fewer households")]
    Exhausted(&'static str),
    /// A manifest cannot hold what its department knows.
    #[error("department {department}: {message}")]
    Source {
        /// Which department.
        department: String,
        /// What its source cannot do, without personal data.
        message: String,
    },
    /// A file or socket.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

impl SimError {
    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            SimError::District(_) | SimError::AsOf | SimError::Argument(_) => ErrorKind::Usage,
            SimError::Io { .. } => ErrorKind::Io,
            SimError::Exhausted(_) | SimError::Source { .. } => ErrorKind::Internal,
        }
    }
}
