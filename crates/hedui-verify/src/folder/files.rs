//! Reading the files of a log: tiles and bundles of a known width, never more than they can hold.
//! Leaves comparing what they hold to `recompute` and `walk`.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use hedui_log::merkle::{Hash, leaf_hash};
use hedui_log::tile::{MAX_ENTRY_BYTES, TilePath, parse_entries};

use super::problem::{Code, Problem};
use crate::input::InputError;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// What a file holds, or what is wrong with it.
pub(super) enum Content<T> {
    Bytes(T),
    Bad(Problem),
}

/// Opens a file by its name within the log. Links are not followed: what they lead to is not part of the log.
pub(super) fn open(folder: &Path, name: &str) -> Result<Content<File>, InputError> {
    let path = folder.join(name);
    let unreadable = |source| InputError::unreadable(&path, source);
    let bad = |code, what: &str| Ok(Content::Bad(Problem::new(code, name, what)));
    let kind = match fs::symlink_metadata(&path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return bad(Code::MissingFile, "is missing");
        }
        Err(error) => return Err(unreadable(error)),
    };
    if !kind.is_file() {
        return bad(Code::NotAFile, "is not a file");
    }
    File::open(&path).map(Content::Bytes).map_err(unreadable)
}

/// Reads a file by its name within the log.
pub(super) fn read(folder: &Path, name: &str, limit: usize) -> Result<Content<Vec<u8>>, InputError> {
    let file = match open(folder, name)? {
        Content::Bytes(file) => file,
        Content::Bad(problem) => return Ok(Content::Bad(problem)),
    };
    let unreadable = |source| InputError::unreadable(&folder.join(name), source);
    let mut bytes = Vec::new();
    let one_more = (limit as u64).saturating_add(1);
    file.take(one_more).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limit {
        let what = format!("has more than {limit} bytes");
        return Ok(Content::Bad(Problem::new(Code::WrongSize, name, what)));
    }
    Ok(Content::Bytes(bytes))
}

/// Reads a tile of hashes.
pub(super) fn read_hashes(folder: &Path, path: TilePath) -> Result<Content<Vec<Hash>>, InputError> {
    let name = path.to_string();
    let expected = usize::from(path.width) * HASH_BYTES;
    let bytes = match read(folder, &name, expected)? {
        Content::Bytes(bytes) => bytes,
        Content::Bad(problem) => return Ok(Content::Bad(problem)),
    };
    if bytes.len() != expected {
        let what = format!("has {} bytes instead of {expected}", bytes.len());
        return Ok(Content::Bad(Problem::new(Code::WrongSize, name, what)));
    }
    let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
    Ok(Content::Bytes(hashes.iter().map(|bytes| Hash(*bytes)).collect()))
}

/// Reads a bundle of entries and hashes each.
pub(super) fn read_entries(folder: &Path, path: TilePath) -> Result<Content<Vec<Hash>>, InputError> {
    let name = path.to_string();
    let limit = usize::from(path.width) * (2 + MAX_ENTRY_BYTES);
    let bytes = match read(folder, &name, limit)? {
        Content::Bytes(bytes) => bytes,
        Content::Bad(problem) => return Ok(Content::Bad(problem)),
    };
    Ok(match parse_entries(&bytes, path.width) {
        Ok(entries) => Content::Bytes(entries.into_iter().map(leaf_hash).collect()),
        Err(error) => Content::Bad(Problem::new(Code::BadBundle, name, error.to_string())),
    })
}
