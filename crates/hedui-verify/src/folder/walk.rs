//! Files that a log of this size does not have, and older partial tiles, which it may have.
//! Leaves the tiles that it must have to `recompute`.

use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::path::Path;

use hedui_log::tile::{Level, MAX_ENTRY_BYTES, TilePath, parse_entries};

use super::files::{Content, read};
use super::problem::{Code, Problem, Problems};
use crate::input::InputError;

/// A folder of a log has at most 1,000 folders, 1,000 full tiles and 1,000 folders of partial ones.
const MAX_IN_FOLDER: usize = 3_000;

/// `tile`, a level, seven groups of digits at most, a folder of partial tiles.
const MAX_DEPTH: usize = 10;

/// How many other things at the top of the folder are named.
const MAX_OTHERS: usize = 50;

/// What stands beside the log in its folder. It is no part of the log and not looked at.
pub(super) fn others(folder: &Path) -> Result<Vec<String>, InputError> {
    let unreadable = |source| InputError::unreadable(folder, source);
    let mut others = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if name != "checkpoint" && name != "tile" && others.len() < MAX_OTHERS {
            others.push(name);
        }
    }
    others.sort();
    Ok(others)
}

/// Names everything in the folder of tiles that is not a tile of this tree.
pub(super) fn unexpected(folder: &Path, size: u64, problems: &mut Problems) -> Result<(), InputError> {
    unexpected_in(folder, "tile", problems, |name| judge(folder, name, size))
}

/// Names everything in a folder of the log that is not a file or that `judge` finds something wrong with.
pub(super) fn unexpected_in(
    folder: &Path,
    within: &str,
    problems: &mut Problems,
    judge: impl Fn(&str) -> Result<Option<Problem>, InputError>,
) -> Result<(), InputError> {
    let mut waiting = vec![within.to_owned()];
    while let Some(parent) = waiting.pop() {
        let Some(children) = children(folder, &parent)? else {
            let what = format!("holds more than the {MAX_IN_FOLDER} files and folders that a log has in one place");
            problems.push(Problem::new(Code::UnexpectedFile, &parent, what));
            continue;
        };
        for (name, kind) in children {
            let name = format!("{parent}/{name}");
            if kind.is_dir() && name.split('/').count() <= MAX_DEPTH {
                waiting.push(name);
            } else if kind.is_file() {
                if let Some(problem) = judge(&name)? {
                    problems.push(problem);
                }
            } else {
                problems.push(Problem::new(
                    Code::NotAFile,
                    name,
                    "is neither a file nor a folder of a log",
                ));
            }
        }
    }
    Ok(())
}

/// What a folder holds, sorted so that reports repeat; none if that is too much. A folder that is not there is empty.
fn children(folder: &Path, parent: &str) -> Result<Option<Vec<(String, FileType)>>, InputError> {
    let path = folder.join(parent);
    let unreadable = |source| InputError::unreadable(&path, source);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Some(Vec::new()));
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut children = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        if children.len() == MAX_IN_FOLDER {
            return Ok(None);
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        children.push((name, entry.file_type().map_err(unreadable)?));
    }
    children.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(Some(children))
}

/// A tile that the tree has was compared before; one that it had when it was smaller must be the beginning of that.
fn judge(folder: &Path, name: &str, size: u64) -> Result<Option<Problem>, InputError> {
    let unexpected = |what: String| Ok(Some(Problem::new(Code::UnexpectedFile, name, what)));
    let Ok(path) = name.parse::<TilePath>() else {
        return unexpected("is not the name of a tile".to_owned());
    };
    match TilePath::in_tree(path.level, path.index, size) {
        Some(now) if now.width == path.width => Ok(None),
        Some(now) if now.width > path.width => older(folder, path, now),
        _ => unexpected(format!("lies beyond the {size} entries of the checkpoint")),
    }
}

fn older(folder: &Path, path: TilePath, now: TilePath) -> Result<Option<Problem>, InputError> {
    let limit = |path: TilePath| {
        let one = match path.level {
            Level::Entries => 2 + MAX_ENTRY_BYTES,
            Level::Hashes(_) => 32,
        };
        usize::from(path.width) * one
    };
    // That the present tile is missing has been said already.
    let Content::Bytes(whole) = read(folder, &now.to_string(), limit(now))? else {
        return Ok(None);
    };
    let part = match read(folder, &path.to_string(), limit(path))? {
        Content::Bytes(part) => part,
        Content::Bad(problem) => return Ok(Some(problem)),
    };
    let is_whole = match path.level {
        Level::Entries => parse_entries(&part, path.width).is_ok(),
        Level::Hashes(_) => part.len() == limit(path),
    };
    let what = format!("is not the beginning of {now}");
    let differs = !is_whole || !whole.starts_with(&part);
    Ok(differs.then(|| Problem::new(Code::PartialMismatch, path, what)))
}
