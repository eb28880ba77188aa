//! Which tiles a tree of some size has, and which are new when it has grown.
//! Leaves their contents to `entries` and `nodes`.

use super::{Level, TILE_WIDTH, TilePath};

/// 256 to the eighth is beyond any size: no tree has tiles above level 7.
const LEVELS: u8 = 8;

/// How many hashes a level of tiles has in all; an entry bundle counts as level 0.
pub(super) fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level).saturating_mul(8)).unwrap_or(0)
}

/// Every tile of a tree: entries first, then hashes from the lowest level up, each from the left. At most one tile of a
/// level is partial, the last.
pub fn tiles_of(size: u64) -> impl Iterator<Item = TilePath> {
    new_tiles(0, size)
}

/// The tiles of the tree of `new` entries that the tree of `old` does not have: new ones, and partial ones that have
/// become wider. None if `new` is not above `old`.
pub fn new_tiles(old: u64, new: u64) -> impl Iterator<Item = TilePath> {
    let levels = std::iter::once((Level::Entries, 0)).chain((0..LEVELS).map(|level| (Level::Hashes(level), level)));
    levels.flat_map(move |(level, power)| {
        let (before, now) = (hashes_at(power, old), hashes_at(power, new));
        let width = u64::from(TILE_WIDTH);
        let first = before / width;
        let end = if now > before { now.div_ceil(width) } else { first };
        (first..end).map(move |index| TilePath {
            level,
            index,
            width: width_of(index, now),
        })
    })
}

/// How wide tile `index` is on a level with so many hashes; 0 if it does not exist.
pub(super) fn width_of(index: u64, hashes: u64) -> u16 {
    let full = u64::from(TILE_WIDTH);
    let begins = index.saturating_mul(full);
    u16::try_from(hashes.saturating_sub(begins).min(full)).unwrap_or(TILE_WIDTH)
}
