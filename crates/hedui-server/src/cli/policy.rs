//! `hedui policy`: packs read, checked, tried and begun, the standard reckoned; of a server: verdicts explained, rules tried, households looked at again.
//! Leaves the rules of packs to `hedui_policy`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hedui_policy::{Mistake, PackFile, PackSet};

use super::{Answer, CliError, Context, error};

mod check;
mod explain;
mod list;
mod new;
mod reevaluate;
mod simulate;
mod snapshots;
mod standard;
mod test;

/// `hedui policy ...`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List the packs: where, for whom, from when, with what source.
    List(list::ListArgs),
    /// Check pack files: all mistakes at once; exit 0 when there are none, else 3.
    Check(check::CheckArgs),
    /// Judge the cases that packs carry: exit 0 when all come out as written, 1 when one does not, 3 when packs have mistakes.
    Test(test::TestArgs),
    /// Print a new pack that passes the check, to be filled with the rules.
    New(new::NewArgs),
    /// Print the JSON Schema of packs, for editors.
    Schema,
    /// Explain a verdict: condition by condition, down to the records and the articles.
    Explain(explain::ExplainArgs),
    /// Look at all households of a district again: under a new standard, or for the annual review. Advice: nothing is refused by it.
    Reevaluate(reevaluate::ReevaluateArgs),
    /// List the newest re-evaluations of a district.
    Jobs(reevaluate::JobsArgs),
    /// Show a re-evaluation; follow it, go on with it, end it.
    Job(reevaluate::JobArgs),
    /// Try a pack on verified households before it is in force: who gains, who loses, what it costs.
    Simulate(Box<simulate::SimulateArgs>),
    /// Write what is filed of a district's households to a file, to try packs on without a server.
    Snapshots(snapshots::SnapshotsArgs),
    /// Reckon the livelihood standard from yearbook data, with the alternatives side by side.
    Standard(standard::StandardArgs),
}

/// Runs `hedui policy ...`.
pub async fn run(command: PolicyCommand, context: &Context) -> Result<Answer, CliError> {
    match command {
        PolicyCommand::List(arguments) => list::run(&arguments, context),
        PolicyCommand::Check(arguments) => check::run(&arguments, context),
        PolicyCommand::Test(arguments) => test::run(&arguments, context),
        PolicyCommand::New(arguments) => new::run(&arguments, context),
        PolicyCommand::Schema => Ok(Answer::success(hedui_policy::schema::SCHEMA.to_owned())),
        PolicyCommand::Explain(arguments) => explain::run(arguments, context).await,
        PolicyCommand::Reevaluate(arguments) => reevaluate::begin(arguments, context).await,
        PolicyCommand::Jobs(arguments) => reevaluate::list(arguments, context).await,
        PolicyCommand::Job(arguments) => reevaluate::one(arguments, context).await,
        PolicyCommand::Simulate(arguments) => simulate::run(*arguments, context).await,
        PolicyCommand::Snapshots(arguments) => snapshots::run(arguments, context).await,
        PolicyCommand::Standard(arguments) => standard::run(&arguments, context),
    }
}

/// The pack files at some paths, each a file or a folder; those compiled in where none is given.
fn files(paths: &[PathBuf]) -> Result<Vec<PackFile>, CliError> {
    if paths.is_empty() {
        return Ok(PackSet::bundled_files());
    }
    let mut files = Vec::new();
    for path in paths {
        files.extend(crate::packs::read(path).map_err(|(path, source)| CliError::Read { path, source })?);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    // A file named twice, or a folder and a file in it: read once.
    files.dedup_by(|a, b| a.name == b.name);
    Ok(files)
}

/// The packs at some paths, or all their mistakes.
fn load(paths: &[PathBuf]) -> Result<PackSet, CliError> {
    PackSet::load(files(paths)?).map_err(|mistakes| CliError::Input {
        what: "the packs".to_owned(),
        mistakes: mistakes.0.iter().map(in_pack).collect(),
    })
}

fn in_pack(mistake: &Mistake) -> error::Mistake {
    let hint = mistake.hint.as_ref();
    let hint = hint.map(|hint| format!("; hint: {hint}")).unwrap_or_default();
    error::Mistake {
        line: Some(mistake.line),
        field: mistake.file.clone(),
        reason: mistake.reason.to_owned(),
        message: format!("column {}: {}{hint}", mistake.column, mistake.message),
    }
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|source| CliError::Read {
        path: path.to_path_buf(),
        source,
    })
}
