//! Tiles: the files of 256 hashes and of 256 entries that a tiled log is served and kept as (C2SP tlog-tiles).
//! Leaves reading and writing files to others: here are names, contents, and which tiles a tree has.

mod entries;
mod nodes;
mod path;
mod set;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use entries::{MAX_ENTRY_BYTES, encode_entries, parse_entries};
pub use nodes::{TileNodes, TileNodesError};
pub use path::{Level, TilePath};
pub use set::{new_tiles, tiles_of};

/// How many hashes or entries a full tile has.
pub const TILE_WIDTH: u16 = 256;

/// Why a name or the contents of a tile are not what tlog-tiles says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TileError {
    /// Not the name of a tile, or not its only spelling.
    #[error("not the name of a tile as tlog-tiles spells it")]
    Path,
    /// An entry is longer than its 16-bit length can say.
    #[error("entry {at} of the bundle has {bytes} bytes, the limit is {MAX_ENTRY_BYTES}")]
    EntryTooLong {
        /// Its place in the bundle, from 0.
        at: usize,
        /// Its length.
        bytes: usize,
    },
    /// More entries than a bundle holds.
    #[error("a bundle holds at most {TILE_WIDTH} entries")]
    TooManyEntries,
    /// The bundle ends inside an entry or before it.
    #[error("the bundle ends before the end of entry {at}")]
    BundleTooShort {
        /// Place of the entry that is not whole, from 0.
        at: usize,
    },
    /// Bytes follow the last entry.
    #[error("{bytes} bytes follow the last entry of the bundle")]
    BundleTooLong {
        /// How many.
        bytes: usize,
    },
}

impl TileError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Path => "BAD_TILE_PATH",
            Self::EntryTooLong { .. } => "ENTRY_TOO_LONG",
            Self::TooManyEntries => "TOO_MANY_ENTRIES",
            Self::BundleTooShort { .. } => "BUNDLE_TOO_SHORT",
            Self::BundleTooLong { .. } => "BUNDLE_TOO_LONG",
        }
    }
}
