//! The nodes of a tree, from the tiles in the folder.
//! Left to others: which nodes a proof needs (`hedui-log`), the tiles' names (`tree`).

use hedui_log::merkle::{Hash, Nodes};

use super::folder::Files;
use super::tree::{TILE_LEVELS, TILE_WIDTH};
use super::{LogError, LogName};

/// The nodes of a log of a size, from its tiles.
pub(super) struct TileNodes<'a> {
    pub files: &'a Files,
    pub log: &'a LogName,
    /// How many leaves the tiles are of.
    pub size: u64,
}

impl Nodes for TileNodes<'_> {
    type Error = LogError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let missing = || LogError::Folder {
            reason: format!("a tile of {} is missing or too short; it will be made again", self.log),
        };
        let (tile_level, within) = (level / TILE_LEVELS, level % TILE_LEVELS);
        let first = index << within;
        let tile = first / TILE_WIDTH as u64;
        let there = (self.size >> (TILE_LEVELS * tile_level)).saturating_sub(tile * TILE_WIDTH as u64);
        let width = usize::try_from(there.min(TILE_WIDTH as u64)).unwrap_or(TILE_WIDTH);
        let bytes = self
            .files
            .tile(self.log, tile_level, tile, width)?
            .ok_or_else(missing)?;
        let at = usize::try_from(first % TILE_WIDTH as u64).unwrap_or(0);
        let mut hashes: Vec<Hash> = bytes
            .as_chunks::<32>()
            .0
            .iter()
            .skip(at)
            .take(1 << within)
            .map(|hash| Hash(*hash))
            .collect();
        if hashes.len() != 1 << within {
            return Err(missing());
        }
        while hashes.len() > 1 {
            hashes = hashes
                .as_chunks::<2>()
                .0
                .iter()
                .map(|[left, right]| hedui_log::merkle::node_hash(left, right))
                .collect();
        }
        hashes.first().copied().ok_or_else(missing)
    }
}
