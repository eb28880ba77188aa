//! The name of a tile, relative to the log's prefix: `tile/0/x001/x234/067.p/5`.
//! Leaves which names a tree of some size has to `set`.

use std::fmt;
use std::str::FromStr;

use super::set::{hashes_at, width_of};
use super::{TILE_WIDTH, TileError};
use crate::text::decimal;

/// The highest level that has a name.
const MAX_LEVEL: u8 = 63;

/// A 64-bit index has seven groups of three digits.
const MAX_GROUPS: usize = 7;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Entries themselves.
    Entries,
    /// Hashes, each over 256 to this power of entries.
    Hashes(u8),
}

/// Which tile: level, number from the left, and how wide it is, 1 to 256. Only parsing checks these ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    /// What it holds.
    pub level: Level,
    /// Its number within the level.
    pub index: u64,
    /// How many hashes or entries it holds; 256 is a full tile.
    pub width: u16,
}

impl TilePath {
    /// The tile at this place as the tree of `size` entries has it: full, partial or not at all.
    #[must_use]
    pub fn in_tree(level: Level, index: u64, size: u64) -> Option<Self> {
        let power = match level {
            Level::Entries => 0,
            Level::Hashes(power) => power,
        };
        let width = width_of(index, hashes_at(power, size));
        (width > 0).then_some(Self { level, index, width })
    }

    /// Whether it holds less than a full tile does.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.width < TILE_WIDTH
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Level::Entries => out.write_str("tile/entries/")?,
            Level::Hashes(level) => write!(out, "tile/{level}/")?,
        }
        // The divisor of the highest group that is not zero.
        let mut divisor = 1_u64;
        while self.index / divisor >= 1_000 {
            divisor *= 1_000;
        }
        while divisor > 1 {
            write!(out, "x{:03}/", self.index / divisor % 1_000)?;
            divisor /= 1_000;
        }
        write!(out, "{:03}", self.index % 1_000)?;
        if self.is_partial() {
            write!(out, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for TilePath {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        let path = parse(text).ok_or(TileError::Path)?;
        // One tile, one name: leading groups of zeros and the like do not survive being written again.
        if path.to_string() == text {
            Ok(path)
        } else {
            Err(TileError::Path)
        }
    }
}

fn parse(text: &str) -> Option<TilePath> {
    let (level, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let level = match level {
        "entries" => Level::Entries,
        number => Level::Hashes(
            u8::try_from(decimal(number)?)
                .ok()
                .filter(|level| *level <= MAX_LEVEL)?,
        ),
    };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => {
            let width = u16::try_from(decimal(width)?).ok()?;
            (number, (1..TILE_WIDTH).contains(&width).then_some(width)?)
        }
        None => (rest, TILE_WIDTH),
    };
    let mut index = 0_u64;
    for (at, group) in number.split('/').enumerate() {
        let digits = group.strip_prefix('x').unwrap_or(group);
        if at == MAX_GROUPS || digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(TilePath { level, index, width })
}
