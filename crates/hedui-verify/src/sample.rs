//! A random sample of a hedui log's verdicts, drawn again from an exported log: whoever draws can pick nothing.
//! Leaves whether the folder is the log to `folder`, and the leaves' form to `leaf`.
//!
//! How it is drawn stands in `crates/hedui-evidence/README.md`, "The transparency logs"; this shares no code with the broker's.

use std::path::Path;

use hedui_log::checkpoint::Checkpoint;
use hedui_log::note::MAX_NOTE_BYTES;
use hedui_log::policy::Policy;
use hedui_log::tile::{Level, TILE_WIDTH, TilePath, parse_entries};
use sha2::{Digest, Sha256};

use crate::folder::{self, Progress};
use crate::input::{InputError, read_bounded};
use crate::leaf::{Leaf, hex};
use crate::report::{Report, Value};

/// No bundle of 256 entries with their lengths is longer.
const MAX_BUNDLE_BYTES: usize = 256 * (65_535 + 2);

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Draw<'a> {
    /// The outcome of the verdicts that count: `dibao:QUALIFIES`.
    pub outcome: &'a str,
    /// How many of a hundred, 1 to 100.
    pub percent: u8,
    /// The text that became public after the checkpoint; may be empty.
    pub public_text: &'a str,
}

/// A verdict of the population.
struct Verdict {
    rank: [u8; 32],
    evidence: [u8; 16],
    case: [u8; 16],
    index: u64,
}

/// Checks the folder as [`folder::check`] does, then draws from the verdicts that `checkpoint` covers, a file with an earlier checkpoint of the same
/// log, or the folder's own.
///
/// # Errors
/// As [`folder::check`].
pub fn check_sample(
    folder: &Path,
    policy: &Policy,
    checkpoint: Option<&Path>,
    draw: &Draw<'_>,
    progress: impl FnMut(Progress),
) -> Result<Report, InputError> {
    let checked = folder::check(folder, policy, checkpoint, progress)?;
    if !checked.verdict {
        return Ok(checked);
    }
    let whole = signed(&folder.join("checkpoint"), policy)?;
    let from = checkpoint.map(|path| signed(path, policy)).transpose()?;
    let (Some(whole), Some(from)) = (whole.clone(), from.unwrap_or(whole)) else {
        return Ok(Report::refuted("CHANGED", "a file changed while it was read"));
    };
    let mut verdicts = Vec::new();
    let mut index = 0u64;
    while index < from.size {
        let bundle = index / u64::from(TILE_WIDTH);
        let Some(path) = TilePath::in_tree(Level::Entries, bundle, whole.size) else {
            return Ok(Report::refuted("CHANGED", "a file changed while it was read"));
        };
        let bytes = read_bounded(&folder.join(path.to_string()), MAX_BUNDLE_BYTES)?;
        let entries = match parse_entries(&bytes, path.width) {
            Ok(entries) => entries,
            Err(error) => return Ok(Report::refuted(error.code(), error)),
        };
        for entry in entries {
            if index < from.size {
                let leaf = match Leaf::read(entry) {
                    Ok(leaf) => leaf,
                    Err(error) => return Ok(Report::refuted(error.code(), format!("entry {index}: {error}"))),
                };
                verdicts.extend(verdict(&leaf, index, &from, draw));
            }
            index += 1;
        }
    }
    Ok(drawn(verdicts, &from, draw))
}

fn signed(path: &Path, policy: &Policy) -> Result<Option<Checkpoint>, InputError> {
    let note = read_bounded(path, MAX_NOTE_BYTES)?;
    Ok(policy.signed_by_log(&note).ok())
}

fn verdict(leaf: &Leaf, index: u64, from: &Checkpoint, draw: &Draw<'_>) -> Option<Verdict> {
    let counts = leaf.kind == "VERDICT" && leaf.outcome.split(',').any(|one| one == draw.outcome);
    counts.then(|| {
        let mut hash = Sha256::new();
        let lines = [
            "hedui-sample/v1",
            &from.origin,
            &from.size.to_string(),
            &from.root.to_string(),
            draw.outcome,
            draw.public_text,
            &hex(&leaf.evidence),
        ];
        for line in lines {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        Verdict {
            rank: hash.finalize().into(),
            evidence: leaf.evidence,
            case: leaf.case,
            index,
        }
    })
}

fn drawn(mut verdicts: Vec<Verdict>, from: &Checkpoint, draw: &Draw<'_>) -> Report {
    let population = verdicts.len();
    verdicts.sort_by_key(|verdict| (verdict.rank, verdict.evidence));
    verdicts.truncate(population.saturating_mul(usize::from(draw.percent)).div_ceil(100));
    let list = verdicts.iter().map(|verdict| {
        Value::Parts(vec![
            ("verification", Value::Text(hex(&verdict.case))),
            ("evidence", Value::Text(hex(&verdict.evidence))),
            ("index", Value::Number(verdict.index)),
        ])
    });
    Report::proved()
        .text("origin", &from.origin)
        .number("size", from.size)
        .text("root", from.root)
        .number("population", population as u64)
        .number("drawn", verdicts.len() as u64)
        .with("verdict_drawn", Value::List(list.collect()))
}
