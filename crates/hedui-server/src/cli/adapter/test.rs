//! `hedui adapter test`: the conformance kit against a department's folder, a running plugin, or a program.
//! Leaves the checks to `hedui_adapter::conformance`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hedui_adapter::conformance::{self, CheckReport, Level, Outcome, Samples, folder, junit};
use hedui_core::{Query, Subject};
use hedui_ids::ResidentId;
use serde_json::json;

use super::{VariableArgs, folders, ids_date, input, invalid};
use crate::cli::table::{Column, table};
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui adapter test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Departments' folders, or the address of a running plugin: http://host:port.
    #[arg(value_name = "DIR|ENDPOINT")]
    targets: Vec<String>,
    /// How much is checked.
    #[arg(long, value_enum, default_value = "full")]
    level: LevelArg,
    /// Print JUnit XML, for continuous integration.
    #[arg(long)]
    junit: bool,
    /// Somebody whom a running plugin knows in its test data; without any, only invented people are asked about.
    #[arg(long = "known", value_name = "NUMBER=NAME", value_parser = super::variable)]
    known: Vec<(String, String)>,
    #[command(flatten)]
    variables: VariableArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LevelArg {
    /// What no department may get wrong.
    Core,
    /// The whole protocol.
    Full,
}

impl LevelArg {
    fn level(self) -> Level {
        match self {
            LevelArg::Core => Level::Core,
            LevelArg::Full => Level::Full,
        }
    }
}

/// What was tested, and how it went.
struct Tested {
    what: String,
    reports: Vec<CheckReport>,
}

/// Runs `hedui adapter test`.
pub(super) async fn run(arguments: TestArgs, context: &Context) -> Result<Answer, CliError> {
    let (endpoints, paths): (Vec<&String>, Vec<&String>) = arguments.targets.iter().partition(|t| t.contains("://"));
    let mut tested = Vec::new();
    if endpoints.is_empty() || !paths.is_empty() {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        for found in folders(&paths)? {
            tested.push(folder_tested(&found, &arguments).await?);
        }
    }
    for endpoint in endpoints {
        let samples = samples(&arguments, context)?;
        let reports = conformance::run(endpoint, &samples, arguments.level.level(), Arc::new(|_| 0)).await;
        let reports = reports.map_err(|failure| invalid("ENDPOINT", &failure.reason, failure.message))?;
        tested.push(Tested {
            what: endpoint.clone(),
            reports,
        });
    }
    let failed = tested
        .iter()
        .flat_map(|t| &t.reports)
        .any(|r| r.outcome == Outcome::Failed);
    let exit = if failed { Exit::Internal } else { Exit::Success };
    if arguments.junit {
        let text = tested.iter().map(|t| junit(&t.what, &t.reports)).collect();
        return Ok(Answer { text, exit });
    }
    if context.output == Output::Json {
        return Answer::json(&as_json(&tested), exit);
    }
    Ok(Answer {
        text: render(&tested, context),
        exit,
    })
}

async fn folder_tested(found: &super::Found, arguments: &TestArgs) -> Result<Tested, CliError> {
    let scratch = tempfile::tempdir().map_err(|error| CliError::Internal(format!("no folder can be made: {error}")))?;
    let (folder, given) = (&found.folder, arguments.variables.given());
    let reports = folder::run(
        &folder.manifest,
        &folder.cases,
        &given,
        scratch.path(),
        arguments.level.level(),
        Arc::new(|_| 0),
    );
    let reports = reports.await.map_err(|mistakes| input(&found.at, mistakes))?;
    Ok(Tested {
        what: folder.name.clone(),
        reports,
    })
}

/// The people that were named, or one whom nobody knows.
fn samples(arguments: &TestArgs, context: &Context) -> Result<Samples, CliError> {
    let broken = || CliError::Internal("nobody can be invented".to_owned());
    let today = ids_date(context.surroundings.today()).ok_or_else(broken)?;
    let mut known: Query = folder::nobody().ok_or_else(broken)?;
    let unknown = folder::canary().ok_or_else(broken)?;
    if !arguments.known.is_empty() {
        known.subjects.clear();
    }
    for ((number, name), ordinal) in arguments.known.iter().zip(0u32..) {
        let id = ResidentId::parse(number, today);
        let id = id.map_err(|_| {
            invalid(
                "--known",
                "ID_NUMBER_INVALID",
                "is no resident ID; `hedui id check` says why",
            )
        })?;
        known.subjects.push(Subject {
            ordinal,
            id: id.id,
            name: name.clone(),
        });
    }
    Ok(Samples { known, unknown })
}

fn as_json(tested: &[Tested]) -> serde_json::Value {
    let one = |tested: &Tested| {
        let checks = tested.reports.iter().map(|r| {
            json!({
                "name": r.name,
                "rule": r.rule,
                "outcome": r.outcome.word(),
                "message": r.message,
            })
        });
        json!({ "target": tested.what, "checks": checks.collect::<Vec<_>>() })
    };
    json!(tested.iter().map(one).collect::<Vec<_>>())
}

fn render(tested: &[Tested], context: &Context) -> String {
    let lang = context.lang;
    let mut text = String::new();
    for one in tested {
        let count = |outcome| one.reports.iter().filter(|r| r.outcome == outcome).count();
        let (passed, failed, skipped) = (count(Outcome::Passed), count(Outcome::Failed), count(Outcome::Skipped));
        text.push_str(&lang.pick(
            format!("{}：{passed} 项通过，{failed} 项不通过，{skipped} 项未检\n", one.what),
            format!("{}: {passed} passed, {failed} failed, {skipped} skipped\n", one.what),
        ));
        // Of several departments only what is wrong, or the list would hide it.
        let shown = one
            .reports
            .iter()
            .filter(|r| tested.len() == 1 || r.outcome == Outcome::Failed);
        let rows: Vec<Vec<String>> = shown
            .map(|r| {
                let mark = match r.outcome {
                    Outcome::Passed => lang.pick("通过", "passed"),
                    Outcome::Failed => lang.pick("!! 不通过", "!! FAILED"),
                    Outcome::Skipped => lang.pick("未检", "skipped"),
                };
                let said = match r.outcome {
                    Outcome::Passed => r.rule.to_owned(),
                    _ => format!("{}\n{}", r.rule, r.message),
                };
                vec![r.name.to_owned(), mark.to_owned(), said]
            })
            .collect();
        if !rows.is_empty() {
            let headers = [
                (lang.pick("检查", "check"), Column::Whole),
                ("", Column::Whole),
                (lang.pick("规则", "rule"), Column::Text),
            ];
            text.push_str(&table(&headers, rows, 2, context.width));
        }
    }
    text
}
