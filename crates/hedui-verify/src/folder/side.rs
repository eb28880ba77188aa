//! A tree grown again from leaves, and compared with the hash tiles above them.
//! Leaves which leaves to believe, entries or the lowest tiles, to `recompute`.

use std::path::Path;

use hedui_log::merkle::{Frontier, Hash};
use hedui_log::tile::{Level, TILE_WIDTH, TilePath};

use super::files::{Content, read_hashes};
use super::problem::{Code, Problem, Problems};
use crate::input::InputError;

/// Levels of tiles in any tree of 64-bit size, the lowest among them.
const LEVELS: usize = 8;

/// One tree. Cheap to clone: a row of hashes for every level, and the right edge.
#[derive(Clone)]
pub(super) struct Side {
    frontier: Frontier,
    /// The tile in the making on every level; the lowest is compared by whoever reads it, and stays empty.
    rows: [Row; LEVELS],
    /// Where to remember the root, and the root once it is there.
    since: Option<(u64, Option<Hash>)>,
    problems: Problems,
}

#[derive(Clone, Default)]
struct Row {
    index: u64,
    hashes: Vec<Hash>,
}

/// What a tree turned out to be.
pub(super) struct Grown {
    pub(super) root: Hash,
    /// The root at the size that was to be remembered.
    pub(super) since: Option<Hash>,
    pub(super) problems: Problems,
}

impl Side {
    /// A tree without entries that will remember its root at `since` entries.
    pub(super) fn new(since: Option<u64>) -> Self {
        let frontier = Frontier::new();
        let since = since.map(|size| (size, (size == 0).then(|| frontier.root())));
        Self {
            frontier,
            rows: Default::default(),
            since,
            problems: Problems::default(),
        }
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Adds leaves, and compares every tile above them that is full now.
    pub(super) fn grow(&mut self, folder: &Path, leaves: &[Hash]) -> Result<(), InputError> {
        for leaf in leaves {
            let rows = &mut self.rows;
            let mut full = 0_u32;
            self.frontier.append(*leaf, |level, _, hash| {
                let tile_level = usize::from(level / 8);
                if level % 8 == 0
                    && tile_level > 0
                    && let Some(row) = rows.get_mut(tile_level)
                {
                    row.hashes.push(hash);
                    full += u32::from(row.hashes.len() == usize::from(TILE_WIDTH));
                }
            });
            if let Some((size, root @ None)) = &mut self.since
                && *size == self.frontier.size()
            {
                *root = Some(self.frontier.root());
            }
            if full > 0 {
                self.compare(folder, |row| row.hashes.len() == usize::from(TILE_WIDTH))?;
            }
        }
        Ok(())
    }

    /// Compares the partial tiles at the right edge.
    pub(super) fn finish(mut self, folder: &Path) -> Result<Grown, InputError> {
        self.compare(folder, |row| !row.hashes.is_empty())?;
        Ok(Grown {
            root: self.frontier.root(),
            since: self.since.and_then(|(_, root)| root),
            problems: self.problems,
        })
    }

    /// Compares the rows that are ready with their tiles, and begins the next.
    fn compare(&mut self, folder: &Path, is_ready: impl Fn(&Row) -> bool) -> Result<(), InputError> {
        for (level, row) in (0_u8..).zip(&mut self.rows) {
            if !is_ready(row) {
                continue;
            }
            let path = TilePath {
                level: Level::Hashes(level),
                index: row.index,
                width: u16::try_from(row.hashes.len()).unwrap_or(TILE_WIDTH),
            };
            match read_hashes(folder, path)? {
                Content::Bad(problem) => self.problems.push(problem),
                Content::Bytes(found) => {
                    if let Some(at) = first_difference(&row.hashes, &found) {
                        let what = format!("hash {at} is not that of the tiles below");
                        self.problems.push(Problem::new(Code::TileMismatch, path, what));
                    }
                }
            }
            row.index += 1;
            row.hashes.clear();
        }
        Ok(())
    }
}

/// The first place where two lists of the same length differ.
pub(super) fn first_difference(one: &[Hash], other: &[Hash]) -> Option<usize> {
    one.iter().zip(other).position(|(one, other)| one != other)
}
