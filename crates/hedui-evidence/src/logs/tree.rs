//! One log in memory: the right edge of its tree, and where its frames begin.
//! Left to others: files (`folder`), what full tiles hold (read back where a proof needs them).

use hedui_log::merkle::{Frontier, Hash};
use hedui_log::tile::{Level, TilePath};

use super::LogName;
use super::folder::TileFile;
use crate::store::Position;

/// Hashes in a full tile, and levels of the tree in one.
pub(super) const TILE_WIDTH: usize = 256;
pub(super) const TILE_LEVELS: u8 = 8;

/// Where the leaves of a frame begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameAt {
    /// Index of its first leaf.
    pub first: u64,
    /// Where the frame stands in the store.
    pub position: Position,
}

/// A log that grows.
#[derive(Debug, Default)]
pub(super) struct Tree {
    frontier: Frontier,
    /// Of every level of tiles those hashes that do not fill one yet.
    edges: Vec<Vec<Hash>>,
    /// Tiles that have become full and are not written.
    full: Vec<(u8, u64, Vec<Hash>)>,
    frames: Vec<FrameAt>,
    /// How many of the frames are written.
    kept: usize,
    /// How many leaves the last checkpoint covers.
    signed: u64,
    /// Whether what was signed before this process has been compared.
    pub checked: bool,
}

impl Tree {
    /// As it was written. `None` when the parts do not fit one another.
    pub fn restore(size: u64, edges: Vec<Vec<Hash>>, peaks: Vec<Hash>, frames: Vec<FrameAt>) -> Option<Tree> {
        Some(Tree {
            frontier: Frontier::from_peaks(size, peaks)?,
            edges,
            full: Vec::new(),
            kept: frames.len(),
            frames,
            signed: size,
            checked: false,
        })
    }

    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Whether there are leaves that no checkpoint covers.
    pub fn has_grown(&self) -> bool {
        self.size() > self.signed
    }

    /// A checkpoint covers everything.
    pub fn published(&mut self) {
        self.signed = self.size();
        self.checked = true;
    }

    /// The leaves that follow are those of the frame there.
    pub fn begin_frame(&mut self, position: Position) {
        let first = self.size();
        self.frames.push(FrameAt { first, position });
    }

    /// Appends a leaf by its hash.
    pub fn append(&mut self, leaf: Hash) {
        let Tree {
            frontier, edges, full, ..
        } = self;
        frontier.append(leaf, |level, index, hash| {
            if level % TILE_LEVELS != 0 {
                return;
            }
            let tile_level = level / TILE_LEVELS;
            if edges.len() <= usize::from(tile_level) {
                edges.resize_with(usize::from(tile_level) + 1, Vec::new);
            }
            if let Some(edge) = edges.get_mut(usize::from(tile_level)) {
                edge.push(hash);
                if edge.len() == TILE_WIDTH {
                    full.push((tile_level, index / TILE_WIDTH as u64, std::mem::take(edge)));
                }
            }
        });
    }

    /// The full tiles that are not written yet; they count as written now.
    pub fn finished(&mut self, log: &LogName) -> Vec<TileFile> {
        let full = std::mem::take(&mut self.full);
        full.into_iter()
            .map(|(level, index, hashes)| TileFile::of(log, level, index, &hashes))
            .collect()
    }

    /// The full tiles that are not written yet, and the edge as partial tiles.
    pub fn tiles(&mut self, log: &LogName) -> Vec<TileFile> {
        let mut files = self.finished(log);
        let size = self.size();
        for (level, edge) in (0u8..).zip(&self.edges) {
            if !edge.is_empty() {
                let index = (size >> (TILE_LEVELS * level)) / TILE_WIDTH as u64;
                files.push(TileFile::of(log, level, index, edge));
            }
        }
        files
    }

    /// How many frames are written, and those that are not; they count as written now.
    pub fn new_frames(&mut self, log: &LogName) -> (LogName, usize, Vec<FrameAt>) {
        let new = self.frames.get(self.kept..).unwrap_or_default().to_vec();
        let before = std::mem::replace(&mut self.kept, self.frames.len());
        (log.clone(), before, new)
    }

    /// Name, leaves, frames, root.
    pub fn summary(&self, log: &LogName) -> (LogName, u64, usize, Hash) {
        (log.clone(), self.size(), self.frames.len(), self.root())
    }

    /// The index of the first leaf of the frame at a position.
    pub fn first_leaf(&self, position: Position) -> Option<u64> {
        let at = self
            .frames
            .binary_search_by_key(&position, |frame| frame.position)
            .ok()?;
        self.frames.get(at).map(|frame| frame.first)
    }

    /// The frames, in order.
    pub fn frames(&self) -> &[FrameAt] {
        &self.frames
    }
}

/// The path of a tile within its log.
pub(super) fn tile_path(level: u8, index: u64, width: usize) -> TilePath {
    TilePath {
        level: Level::Hashes(level),
        index,
        width: u16::try_from(width).unwrap_or(u16::MAX),
    }
}
