//! Entry bundles: up to 256 entries, each behind its length in two bytes, big-endian.
//! Leaves what an entry means to the log's owner.

use super::{TILE_WIDTH, TileError};

/// The longest entry that a bundle can hold.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Writes a bundle.
///
/// # Errors
/// [`TileError::EntryTooLong`], [`TileError::TooManyEntries`].
pub fn encode_entries<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = E>) -> Result<Vec<u8>, TileError> {
    let mut bundle = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let entry = entry.as_ref();
        if at >= usize::from(TILE_WIDTH) {
            return Err(TileError::TooManyEntries);
        }
        let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { at, bytes: entry.len() })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Reads a bundle of exactly `width` entries, and nothing behind them.
///
/// # Errors
/// [`TileError::BundleTooShort`], [`TileError::BundleTooLong`], [`TileError::TooManyEntries`] for a width above 256.
pub fn parse_entries(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    if width > TILE_WIDTH {
        return Err(TileError::TooManyEntries);
    }
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bundle;
    for at in 0..usize::from(width) {
        let short = TileError::BundleTooShort { at };
        let (length, behind) = rest.split_first_chunk::<2>().ok_or(short)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, behind) = behind.split_at_checked(length).ok_or(short)?;
        entries.push(entry);
        rest = behind;
    }
    if rest.is_empty() {
        Ok(entries)
    } else {
        Err(TileError::BundleTooLong { bytes: rest.len() })
    }
}
