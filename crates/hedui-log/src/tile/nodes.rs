//! Every node of a tree out of its hash tiles, so that proofs can be made from files.
//! Leaves fetching and caching tiles to the function it is given, and proofs to `merkle`.

use thiserror::Error;

use super::set::{hashes_at, width_of};
use super::{Level, TILE_WIDTH, TilePath};
use crate::merkle::{Hash, Nodes, node_hash};

/// The tiles of a tree of one size, read through a function.
///
/// A node asks for one tile. A proof asks for the same tile several times: let the function remember the last few.
/// Tiles are taken as they are; a proof made from wrong ones does not verify.
#[derive(Debug)]
pub struct TileNodes<F> {
    size: u64,
    read: F,
}

/// Why a node cannot be computed from tiles.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TileNodesError<E> {
    /// The tree has no such complete subtree.
    #[error("node {index} of level {level} is not complete in a tree of {size} entries")]
    Incomplete {
        /// Level of the node, from 0 at the leaves.
        level: u8,
        /// Its number within the level.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// A tile has another length than its width says.
    #[error("{path} has {found} bytes instead of {expected}")]
    Length {
        /// Which tile.
        path: TilePath,
        /// 32 times its width.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// A tile could not be read.
    #[error("{path} cannot be read")]
    Read {
        /// Which tile.
        path: TilePath,
        /// What the function gave.
        #[source]
        source: E,
    },
}

impl<E, F: Fn(&TilePath) -> Result<Vec<u8>, E>> TileNodes<F> {
    /// The tree of `size` entries. `read` is asked for the tiles that this tree has, partial ones included.
    pub fn new(size: u64, read: F) -> Self {
        Self { size, read }
    }

    fn tile(&self, path: TilePath) -> Result<Vec<u8>, TileNodesError<E>> {
        let bytes = (self.read)(&path).map_err(|source| TileNodesError::Read { path, source })?;
        let expected = usize::from(path.width) * 32;
        if bytes.len() == expected {
            Ok(bytes)
        } else {
            let found = bytes.len();
            Err(TileNodesError::Length { path, expected, found })
        }
    }
}

impl<E, F: Fn(&TilePath) -> Result<Vec<u8>, E>> Nodes for TileNodes<F> {
    type Error = TileNodesError<E>;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let incomplete = TileNodesError::Incomplete {
            level,
            index,
            size: self.size,
        };
        let complete = self.size.checked_shr(u32::from(level)).unwrap_or(0);
        if index >= complete {
            return Err(incomplete);
        }
        let (tile_level, within) = (level / 8, level % 8);
        // No overflow: a complete node lies within the size.
        let first = index << within;
        let width = u64::from(TILE_WIDTH);
        let number = first / width;
        let path = TilePath {
            level: Level::Hashes(tile_level),
            index: number,
            width: width_of(number, hashes_at(tile_level, self.size)),
        };
        let bytes = self.tile(path)?;
        let from = usize::try_from(first % width).unwrap_or(usize::MAX);
        let (hashes, _) = bytes.as_chunks::<32>();
        let below = hashes.iter().skip(from).take(1 << within).map(|bytes| Hash(*bytes));
        fold(below.collect()).ok_or(incomplete)
    }
}

/// The root over a power of two of hashes.
fn fold(mut hashes: Vec<Hash>) -> Option<Hash> {
    while hashes.len() > 1 {
        hashes = hashes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[left, right]| node_hash(left, right))
            .collect();
    }
    hashes.first().copied()
}
