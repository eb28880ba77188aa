//! Growing the whole tree again out of the entries, and finding the file that is wrong when it comes out different.
//! Leaves tiles above the lowest to `side`, and files that should not be there to `walk`.
//!
//! Where an entry and its hash in the lowest tile disagree, one of the two files is wrong. From there on two trees grow,
//! one that believes the entries and one that believes the hashes; the signed root tells which was right.

use std::path::Path;

use hedui_log::checkpoint::Checkpoint;
use hedui_log::merkle::Hash;
use hedui_log::tile::{Level, TILE_WIDTH, TilePath};

use super::Progress;
use super::files::{Content, read_entries, read_hashes};
use super::problem::{Code, Problem, Problems};
use super::side::{Grown, Side, first_difference};
use crate::input::InputError;

/// Bundles between two reports of progress: 65,536 entries.
const REPORT_EVERY: u64 = 256;

/// Checks every entry and every tile that the checkpoint's tree must have.
pub(super) fn recompute(
    folder: &Path,
    checkpoint: &Checkpoint,
    since: Option<&Checkpoint>,
    progress: &mut impl FnMut(Progress),
) -> Result<Problems, InputError> {
    let mut problems = Problems::default();
    let mut by_entries = Side::new(since.map(|since| since.size));
    let mut by_hashes: Option<Side> = None;
    let of = checkpoint.size;
    for index in 0..of.div_ceil(u64::from(TILE_WIDTH)) {
        match leaves(folder, index, of, &mut problems)? {
            Leaves::Agreed(leaves) => {
                by_entries.grow(folder, &leaves)?;
                if let Some(side) = &mut by_hashes {
                    side.grow(folder, &leaves)?;
                }
            }
            Leaves::Disputed { entries, hashes, at } => {
                let other = by_hashes.get_or_insert_with(|| by_entries.clone());
                let number = index * u64::from(TILE_WIDTH) + at as u64;
                let what = format!("hash {at} is not that of entry {number}");
                by_entries.problem(Problem::new(
                    Code::TileMismatch,
                    name(Level::Hashes(0), index, of),
                    what,
                ));
                let what = format!("entry {number} is not the one that was signed: its hash is another");
                other.problem(Problem::new(Code::EntryMismatch, name(Level::Entries, index, of), what));
                by_entries.grow(folder, &entries)?;
                other.grow(folder, &hashes)?;
            }
            Leaves::Lost => {
                let what = format!("entries from {} on cannot be checked", index * u64::from(TILE_WIDTH));
                problems.push(Problem::new(Code::Incomplete, "tile", what));
                return Ok(problems);
            }
        }
        if (index + 1) % REPORT_EVERY == 0 {
            let entries = (index + 1) * u64::from(TILE_WIDTH);
            let sealed = false;
            progress(Progress { entries, of, sealed });
        }
    }
    let by_entries = by_entries.finish(folder)?;
    let by_hashes = by_hashes.map(|side| side.finish(folder)).transpose()?;
    Ok(judge(checkpoint, since, by_entries, by_hashes, problems))
}

/// Believes the tree that has the signed root.
fn judge(
    checkpoint: &Checkpoint,
    since: Option<&Checkpoint>,
    by_entries: Grown,
    by_hashes: Option<Grown>,
    common: Problems,
) -> Problems {
    let mut problems = Problems::default();
    let (grown, other) = match by_hashes {
        _ if by_entries.root == checkpoint.root => (by_entries, None),
        Some(by_hashes) if by_hashes.root == checkpoint.root => (by_hashes, None),
        other => {
            let what = format!(
                "the log's entries lead to the root {}, not to the signed one",
                by_entries.root
            );
            problems.push(Problem::new(Code::RootMismatch, "checkpoint", what));
            (by_entries, other)
        }
    };
    if let Some(since) = since
        && grown.since != Some(since.root)
    {
        let what = format!(
            "the first {} entries are not those of the earlier checkpoint: what was logged has been changed",
            since.size
        );
        problems.push(Problem::new(Code::Inconsistent, "checkpoint", what));
    }
    problems.append(common);
    problems.append(grown.problems);
    if let Some(other) = other {
        // Neither was right throughout: of every pair that disagrees both files are named.
        problems.append(other.problems);
    }
    problems
}

enum Leaves {
    /// Entries and hashes say the same, or one of the two is unreadable and was noted.
    Agreed(Vec<Hash>),
    /// They differ, first at this place.
    Disputed {
        entries: Vec<Hash>,
        hashes: Vec<Hash>,
        at: usize,
    },
    /// Neither can be read; both were noted.
    Lost,
}

fn leaves(folder: &Path, index: u64, size: u64, problems: &mut Problems) -> Result<Leaves, InputError> {
    let path = |level| TilePath::in_tree(level, index, size);
    let (Some(bundle), Some(tile)) = (path(Level::Entries), path(Level::Hashes(0))) else {
        return Ok(Leaves::Lost);
    };
    Ok(match (read_entries(folder, bundle)?, read_hashes(folder, tile)?) {
        (Content::Bytes(entries), Content::Bytes(hashes)) => match first_difference(&entries, &hashes) {
            Some(at) => Leaves::Disputed { entries, hashes, at },
            None => Leaves::Agreed(entries),
        },
        (Content::Bytes(leaves), Content::Bad(problem)) | (Content::Bad(problem), Content::Bytes(leaves)) => {
            problems.push(problem);
            Leaves::Agreed(leaves)
        }
        (Content::Bad(first), Content::Bad(second)) => {
            problems.push(first);
            problems.push(second);
            Leaves::Lost
        }
    })
}

fn name(level: Level, index: u64, size: u64) -> String {
    TilePath::in_tree(level, index, size).map_or_else(String::new, |path| path.to_string())
}
