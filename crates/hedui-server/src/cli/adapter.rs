//! `hedui adapter`: departments' folders begun, checked, tried and tested before a broker asks them; and how those of a server are.
//! Leaves what a manifest means and whether a plugin keeps the protocol to `hedui_adapter`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use hedui_adapter::{Catalogue, Clock, Folder, Manifest, ManifestError, Variables};
use hedui_core::household::ids_date;
use hedui_core::{ProgrammeId, Query, Subject};
use hedui_ids::ResidentId;

use super::departments::{self, ListArgs};
use super::error::Mistake;
use super::{Answer, CliError, Context};

mod dry_run;
mod lint;
mod new;
mod test;
mod variables;

use variables::{VariableArgs, variable};

/// `hedui adapter ...`
#[derive(Debug, Subcommand)]
pub enum AdapterCommand {
    /// Look at a source and write a department's folder that answers as it stands.
    New(Box<new::NewArgs>),
    /// Check departments' folders: all mistakes at once, with line, column and a hint; exit 0 when there are none, else 3.
    Lint(lint::LintArgs),
    /// Ask a department's source about one person: its rows beside the records that come of them; exit 3 when it cannot answer.
    DryRun(dry_run::DryRunArgs),
    /// Test departments' folders, or a running plugin, with the conformance kit; exit 1 when a check fails.
    Test(test::TestArgs),
    /// List the departments of a server, whether they answer, and what each answered (as `hedui departments`).
    Status(ListArgs),
}

/// Runs `hedui adapter ...`.
pub async fn run(command: AdapterCommand, context: &Context) -> Result<Answer, CliError> {
    match command {
        AdapterCommand::New(arguments) => new::run(*arguments, context).await,
        AdapterCommand::Test(arguments) => test::run(arguments, context).await,
        AdapterCommand::DryRun(arguments) => dry_run::run(arguments, context).await,
        AdapterCommand::Lint(arguments) => lint::run(&arguments, context),
        AdapterCommand::Status(arguments) => departments::list(arguments, context).await,
    }
}

/// Whom to ask about.
#[derive(Debug, Args)]
struct PersonArgs {
    /// Resident ID of the person.
    #[arg(long, value_name = "NUMBER")]
    id_number: String,
    /// Name of the person.
    #[arg(long, value_name = "NAME")]
    name: String,
}

impl PersonArgs {
    /// A question about the person, for all types of record and the year before today.
    fn query(&self, context: &Context) -> Result<Query, CliError> {
        let today = context.surroundings.today();
        let id = ids_date(today).and_then(|day| ResidentId::parse(&self.id_number, day).ok());
        let id = id.ok_or_else(|| {
            invalid(
                "--id-number",
                "ID_NUMBER_INVALID",
                "is no resident ID; `hedui id check` says why",
            )
        })?;
        let broken = |_| CliError::Internal("the question cannot be made".to_owned());
        Ok(Query {
            query_id: "dry-run".to_owned(),
            purpose: ProgrammeId::new("dibao").map_err(broken)?,
            district_code: "000000".to_owned(),
            authorization_digest: [0; 32],
            as_of: today,
            period_from: today.checked_sub(jiff::Span::new().years(1)).unwrap_or(today),
            period_until: today,
            subjects: vec![Subject {
                ordinal: 0,
                id: id.id,
                name: self.name.clone(),
            }],
            record_types: Vec::new(),
        })
    }
}

/// A clock that stands at the moment of the call, for questions that are signed.
fn clock(context: &Context) -> Arc<dyn Clock> {
    let now = context.surroundings.now.as_millisecond();
    Arc::new(move || now)
}

/// A mistake of an argument.
fn invalid(field: &str, reason: &str, message: impl Into<String>) -> CliError {
    CliError::Input {
        what: "the command line".to_owned(),
        mistakes: vec![Mistake {
            line: None,
            field: field.to_owned(),
            reason: reason.to_owned(),
            message: message.into(),
        }],
    }
}

/// All mistakes of a folder.
pub(super) fn input(at: &str, mistakes: Vec<ManifestError>) -> CliError {
    CliError::Input {
        what: at.to_owned(),
        mistakes: mistakes
            .into_iter()
            .map(|mistake| Mistake {
                line: mistake.place.map(|place| place.line),
                field: mistake.path,
                reason: mistake.reason.to_owned(),
                message: mistake.message,
            })
            .collect(),
    }
}

/// The manifest of a folder with its variables, or all its mistakes.
fn opened(found: &Found, variables: &Variables) -> Result<Manifest, CliError> {
    let manifest = Manifest::parse(&found.folder.manifest, variables);
    manifest.map_err(|mistakes| input(&format!("{}department.toml", found.at), mistakes))
}

/// A department's folder, and what stands before the names of its files.
struct Found {
    folder: Folder,
    at: String,
}

/// The folders at some paths, each a department's or one of several departments; those compiled in where none is given.
fn folders(paths: &[PathBuf]) -> Result<Vec<Found>, CliError> {
    if paths.is_empty() {
        let bundled = Catalogue::bundled_folders().into_iter();
        return Ok(bundled
            .map(|folder| Found {
                at: format!("adapters/{}/", folder.name),
                folder,
            })
            .collect());
    }
    let mut found: Vec<Found> = Vec::new();
    for path in paths {
        let failed = |source| CliError::Read {
            path: path.clone(),
            source,
        };
        // Also "." has a name.
        let whole = std::fs::canonicalize(path).map_err(failed)?;
        let mut folders = Vec::new();
        if whole.join("department.toml").is_file() {
            folders.extend(Catalogue::folder(&whole).map_err(failed)?.map(|f| (f, path.clone())));
        } else {
            let several = Catalogue::folders(&whole).map_err(failed)?;
            folders.extend(several.into_iter().map(|f| (f.clone(), path.join(&f.name))));
        }
        if folders.is_empty() {
            return Err(failed(std::io::Error::new(
                std::io::ErrorKind::NotFound,
                "there is no department.toml in it, nor in a folder below it",
            )));
        }
        found.extend(folders.into_iter().map(|(folder, path)| Found {
            folder,
            at: format!("{}/", shown(&path)),
        }));
    }
    found.sort_by(|a, b| a.at.cmp(&b.at));
    found.dedup_by(|a, b| a.at == b.at);
    Ok(found)
}

fn shown(path: &Path) -> String {
    path.display().to_string().trim_end_matches('/').to_owned()
}
