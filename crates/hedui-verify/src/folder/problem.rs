//! What can be wrong with a file of a log, each kind with a stable code.
//! Leaves finding it to `recompute` and `walk`.

use crate::leaf::LeafError;

/// How many problems are listed; the others are counted.
const MAX_LISTED: usize = 100;

/// Kinds of problems. The codes are part of the program's output: only ever add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The first entries are not those of the earlier checkpoint.
    Inconsistent,
    /// The entries lead to another root.
    RootMismatch,
    /// A file that the log must have is not there.
    MissingFile,
    /// A file that the log does not have.
    UnexpectedFile,
    /// A link, a folder or a device where a file should be.
    NotAFile,
    /// Another number of bytes than the tile has.
    WrongSize,
    /// Not a sequence of entries.
    BadBundle,
    /// An entry is not the one whose hash was signed.
    EntryMismatch,
    /// A hash is not that of its entries.
    TileMismatch,
    /// An older, partial tile is not the beginning of the one that replaced it.
    PartialMismatch,
    /// A sealed record is not the one that its leaf vouches for.
    SealedRecordDiffers,
    /// A sealed record whose leaf vouches for none.
    SurplusRecord,
    /// A bundle of sealed records ends too early.
    SealedBundleShort,
    /// A bundle of sealed records goes on behind the last.
    SealedBundleLong,
    /// An entry beside sealed records is no leaf.
    NoLeaf(LeafError),
    /// Entries and hashes are both missing: nothing behind them can be checked.
    Incomplete,
}

impl Code {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Inconsistent => "INCONSISTENT",
            Self::RootMismatch => "ROOT_MISMATCH",
            Self::MissingFile => "MISSING_FILE",
            Self::UnexpectedFile => "UNEXPECTED_FILE",
            Self::NotAFile => "NOT_A_FILE",
            Self::WrongSize => "WRONG_SIZE",
            Self::BadBundle => "BAD_BUNDLE",
            Self::EntryMismatch => "ENTRY_MISMATCH",
            Self::TileMismatch => "TILE_MISMATCH",
            Self::PartialMismatch => "PARTIAL_MISMATCH",
            Self::SealedRecordDiffers => "SEALED_RECORD_DIFFERS",
            Self::SurplusRecord => "SURPLUS_RECORD",
            Self::SealedBundleShort => "SEALED_BUNDLE_SHORT",
            Self::SealedBundleLong => "SEALED_BUNDLE_LONG",
            Self::NoLeaf(error) => error.code(),
            Self::Incomplete => "INCOMPLETE",
        }
    }
}

/// One problem with one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: Code,
    /// Relative to the log's folder, with forward slashes.
    pub(super) file: String,
    pub(super) what: String,
}

impl Problem {
    pub(super) fn new(code: Code, file: impl ToString, what: impl Into<String>) -> Self {
        Self {
            code,
            file: file.to_string(),
            what: what.into(),
        }
    }
}

/// The first problems, and how many there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Problems {
    listed: Vec<Problem>,
    count: u64,
}

impl Problems {
    pub(super) fn one(problem: Problem) -> Self {
        let mut problems = Self::default();
        problems.push(problem);
        problems
    }

    pub(super) fn push(&mut self, problem: Problem) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED {
            self.listed.push(problem);
        }
    }

    /// Puts the others behind these.
    pub(super) fn append(&mut self, others: Self) {
        let unlisted = others.count.saturating_sub(others.listed.len() as u64);
        others.listed.into_iter().for_each(|problem| self.push(problem));
        self.count += unlisted;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn first(&self) -> Option<&Problem> {
        self.listed.first()
    }

    pub(super) fn listed(&self) -> &[Problem] {
        &self.listed
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }
}
