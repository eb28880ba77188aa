//! Sealed records beside the entries of a hedui log: is each of them the one that its leaf vouches for?
//! Leaves whether the entries are those of the log to `recompute`, and opening records to those who have keys.
//!
//! `evidence-v1/x001/234` stands beside `tile/entries/x001/234` and has as many records: each behind its length in four bytes, big-endian, which
//! is 0 where there is none. Records are hashed as they are read: memory does not grow with them.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use hedui_log::tile::{Level, MAX_ENTRY_BYTES, TILE_WIDTH, TilePath, parse_entries};

use super::Progress;
use super::files::{Content, open, read};
use super::problem::{Code, Problem, Problems};
use super::walk::unexpected_in;
use crate::input::InputError;
use crate::leaf::Leaf;

/// The folder of sealed records; its name is the version of their form.
pub(super) const FOLDER: &str = "evidence-v1";

/// Bundles between two reports of progress: 65,536 entries.
const REPORT_EVERY: u64 = 256;

/// What was found beside the entries.
#[derive(Debug, Default)]
pub(super) struct Sealed {
    /// Leaves whose record is there, and is the right one.
    pub(super) present: u64,
    /// Leaves whose record is not there.
    pub(super) absent: u64,
    /// Leaves that vouch for no record.
    pub(super) nothing: u64,
    pub(super) problems: Problems,
}

/// Whether there are any sealed records beside the log.
pub(super) fn is_there(folder: &Path) -> Result<bool, InputError> {
    let path = folder.join(FOLDER);
    match fs::symlink_metadata(&path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(InputError::unreadable(&path, error)),
    }
}

/// Checks every sealed record against the leaves of a log of `size` entries, whose entries were checked before.
pub(super) fn check(folder: &Path, size: u64, progress: &mut impl FnMut(Progress)) -> Result<Sealed, InputError> {
    let mut sealed = Sealed::default();
    for index in 0..size.div_ceil(u64::from(TILE_WIDTH)) {
        let Some(path) = TilePath::in_tree(Level::Entries, index, size) else {
            break;
        };
        sealed.bundle(folder, path)?;
        if (index + 1) % REPORT_EVERY == 0 {
            let entries = (index + 1) * u64::from(TILE_WIDTH);
            let (of, sealed) = (size, true);
            progress(Progress { entries, of, sealed });
        }
    }
    unexpected_in(folder, FOLDER, &mut sealed.problems, |name| {
        Ok(judge(name, size).map(|what| Problem::new(Code::UnexpectedFile, name, what)))
    })?;
    Ok(sealed)
}

/// What is wrong with there being such a file.
fn judge(name: &str, size: u64) -> Option<String> {
    let path = name.strip_prefix(FOLDER).map(|rest| format!("tile/entries{rest}"));
    let path: Option<TilePath> = path.and_then(|path| path.parse().ok());
    match path {
        None => Some("is not the name of a bundle".to_owned()),
        Some(path) if TilePath::in_tree(path.level, path.index, size) == Some(path) => None,
        Some(_) => Some(format!("is not a bundle of the {size} entries of the checkpoint")),
    }
}

/// The bundle of sealed records beside one of entries.
fn beside(entries: TilePath) -> String {
    let entries = entries.to_string();
    format!("{FOLDER}{}", entries.strip_prefix("tile/entries").unwrap_or_default())
}

impl Sealed {
    /// One bundle of entries, and the records beside it.
    fn bundle(&mut self, folder: &Path, entries: TilePath) -> Result<(), InputError> {
        let name = beside(entries);
        let limit = usize::from(entries.width) * (2 + MAX_ENTRY_BYTES);
        let opened = (read(folder, &entries.to_string(), limit)?, open(folder, &name)?);
        let (bytes, file) = match opened {
            (Content::Bytes(bytes), Content::Bytes(file)) => (bytes, file),
            (Content::Bad(problem), _) | (_, Content::Bad(problem)) => {
                self.problems.push(problem);
                return Ok(());
            }
        };
        match parse_entries(&bytes, entries.width) {
            Ok(parsed) => self
                .records(&mut BufReader::new(file), &name, entries.index, &parsed)
                .map_err(|error| InputError::unreadable(&folder.join(&name), error)),
            Err(error) => {
                let problem = Problem::new(Code::BadBundle, entries, error.to_string());
                self.problems.push(problem);
                Ok(())
            }
        }
    }

    fn records(&mut self, records: &mut BufReader<File>, name: &str, index: u64, entries: &[&[u8]]) -> io::Result<()> {
        for (entry, number) in entries.iter().zip(index * u64::from(TILE_WIDTH)..) {
            let bad = |code, what: &str| Problem::new(code, name, format!("entry {number}: {what}"));
            match next(records)? {
                Ok(digest) => self.compare(entry, digest, bad),
                Err(what) => {
                    // Where the next record begins is not known any more.
                    self.problems.push(bad(Code::SealedBundleShort, what));
                    return Ok(());
                }
            }
        }
        if records.read(&mut [0])? > 0 {
            let what = format!("goes on behind the records of its {} entries", entries.len());
            self.problems.push(Problem::new(Code::SealedBundleLong, name, what));
        }
        Ok(())
    }

    /// A leaf, and the digest of the record in its place, if there is one.
    fn compare(&mut self, entry: &[u8], digest: Option<[u8; 32]>, bad: impl Fn(Code, &str) -> Problem) {
        let stated = match Leaf::read(entry) {
            Ok(leaf) => leaf.ciphertext_digest,
            Err(error) => return self.problems.push(bad(Code::NoLeaf(error), &error.to_string())),
        };
        match digest {
            None if stated == [0; 32] => self.nothing += 1,
            None => self.absent += 1,
            Some(digest) if digest == stated => self.present += 1,
            Some(_) if stated == [0; 32] => self.problems.push(bad(
                Code::SurplusRecord,
                "a sealed record where the leaf vouches for none",
            )),
            Some(_) => self.problems.push(bad(
                Code::SealedRecordDiffers,
                "the sealed record is not the one that the leaf vouches for",
            )),
        }
    }
}

/// The digest of the next record, if there is one in this place; or why there is no place.
fn next(records: &mut BufReader<File>) -> io::Result<Result<Option<[u8; 32]>, &'static str>> {
    let mut length = Vec::with_capacity(4);
    records.take(4).read_to_end(&mut length)?;
    let Ok(length) = length.try_into().map(u32::from_be_bytes) else {
        return Ok(Err("the bundle ends before its length"));
    };
    if length == 0 {
        return Ok(Ok(None));
    }
    let mut hasher = blake3::Hasher::new();
    let read = io::copy(&mut records.take(u64::from(length)), &mut hasher)?;
    if read < u64::from(length) {
        return Ok(Err("the bundle ends within its sealed record"));
    }
    Ok(Ok(Some(*hasher.finalize().as_bytes())))
}
