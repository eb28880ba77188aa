//! A whole log in a folder, as C2SP tlog-tiles lays it out: signatures, every entry, every tile, nothing else; of a hedui log also the sealed
//! records beside it, if they are there. Leaves the meaning of entries to their readers.
//!
//! Memory is bounded: one bundle of entries, one tile and the right edge of the tree at a time.

mod files;
mod problem;
mod recompute;
mod sealed;
mod side;
mod walk;

use std::path::Path;

use hedui_log::checkpoint::Checkpoint;
use hedui_log::note::MAX_NOTE_BYTES;
use hedui_log::policy::Policy;

use crate::input::{InputError, read_bounded};
use crate::report::{Report, Value};
use files::{Content, read};
use problem::{Code, Problem, Problems};
use recompute::recompute;

/// How far the check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries hashed so far.
    pub entries: u64,
    /// Entries in the log.
    pub of: u64,
    /// Whether it is their sealed records that are hashed, once the entries are known to be the log's.
    pub sealed: bool,
}

/// Checks the log in `folder`. `since` is a file with an earlier signed checkpoint of the same log: its entries must be
/// the beginning of this log's. Every 65,536 entries `progress` hears of it.
///
/// # Errors
/// [`InputError`] if the folder or a file cannot be read for another reason than that it is not there.
pub fn check(
    folder: &Path,
    policy: &Policy,
    since: Option<&Path>,
    mut progress: impl FnMut(Progress),
) -> Result<Report, InputError> {
    let others = walk::others(folder)?;
    let note = match read(folder, "checkpoint", MAX_NOTE_BYTES)? {
        Content::Bytes(note) => note,
        Content::Bad(problem) => return Ok(refuted(&Problems::one(problem))),
    };
    let satisfied = match policy.satisfied_by(&note) {
        Ok(satisfied) => satisfied,
        Err(failure) => return Ok(Report::refuted(failure.code(), failure)),
    };
    let checkpoint = &satisfied.checkpoint;
    let since = match since.map(|path| earlier(path, policy, checkpoint)).transpose()? {
        Some(Err(report)) => return Ok(report),
        Some(Ok(since)) => Some(since),
        None => None,
    };
    let mut problems = recompute(folder, checkpoint, since.as_ref(), &mut progress)?;
    walk::unexpected(folder, checkpoint.size, &mut problems)?;
    // Only entries that are the log's can vouch for anything.
    let due = problems.is_empty() && sealed::is_there(folder)?;
    let sealed = due.then(|| sealed::check(folder, checkpoint.size, &mut progress));
    let sealed = sealed.transpose()?;
    if let Some(sealed) = &sealed {
        problems.append(sealed.problems.clone());
    }
    let report = if problems.is_empty() {
        Report::proved()
    } else {
        refuted(&problems)
    };
    let report = report.checkpoint(&satisfied);
    let report = match &since {
        Some(since) => report.number("since_size", since.size).text("since_root", since.root),
        None => report,
    };
    let report = match &sealed {
        Some(sealed) => report
            .number("sealed_records", sealed.present)
            .number("sealed_records_absent", sealed.absent)
            .number("nothing_sealed", sealed.nothing),
        None => report,
    };
    let others = others
        .into_iter()
        .filter(|name| sealed.is_none() || name != sealed::FOLDER);
    let others = others.map(Value::Text).collect();
    Ok(report.with("not_looked_at", Value::List(others)))
}

/// The earlier checkpoint, or why there is nothing to compare.
fn earlier(path: &Path, policy: &Policy, now: &Checkpoint) -> Result<Result<Checkpoint, Report>, InputError> {
    let note = read_bounded(path, MAX_NOTE_BYTES)?;
    // The log's own signature is enough to hold it to its word; who witnessed it then does not matter.
    let since = match policy.signed_by_log(&note) {
        Ok(since) => since,
        Err(failure) => {
            let explanation = format!("the earlier checkpoint is not to be relied on: {failure}");
            return Ok(Err(Report::refuted(failure.code(), explanation)));
        }
    };
    if since.origin != now.origin {
        let explanation = format!("the earlier checkpoint is of the log {}", since.origin);
        return Ok(Err(Report::refuted("SINCE_OTHER_LOG", explanation)));
    }
    if since.size > now.size {
        let explanation = format!(
            "the log has {} entries and stated {} in the earlier checkpoint",
            now.size, since.size
        );
        return Ok(Err(Report::refuted("LOG_SHRANK", explanation)));
    }
    Ok(Ok(since))
}

fn refuted(problems: &Problems) -> Report {
    let first = problems.first();
    let (reason, explanation) = match first {
        Some(Problem { code, file, what }) => (code.as_str(), format!("{file}: {what}")),
        None => (Code::Incomplete.as_str(), "not everything could be checked".to_owned()),
    };
    let listed = problems.listed().iter().map(|problem| {
        Value::Parts(vec![
            ("code", Value::Text(problem.code.as_str().to_owned())),
            ("file", Value::Text(problem.file.clone())),
            ("what", Value::Text(problem.what.clone())),
        ])
    });
    Report::refuted(reason, explanation)
        .number("problems_found", problems.count())
        .with("problems", Value::List(listed.collect()))
}
