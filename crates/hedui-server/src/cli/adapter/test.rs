//! `hedui adapter test`: the conformance kit against a department's folder, a running plugin, or a program.
//! Leaves the checks to `hedui_adapter::conformance`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hedui_adapter::Variables;
use hedui_adapter::conformance::{self, CheckReport, Level, Outcome, Samples, folder};
use hedui_adapter::manifest::{JsonService, Program, Secret, TlsFiles};
use hedui_core::{PinnedKey, Query, Subject};
use hedui_ids::ResidentId;
use serde_json::json;

use super::{VariableArgs, clock, folders, ids_date, input, invalid};
use crate::cli::junit::{self, Case, Suite, Went};
use crate::cli::table::{Column, table};
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui adapter test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Departments' folders, or the address of a running plugin: http://host:port.
    #[arg(value_name = "DIR|ENDPOINT")]
    targets: Vec<String>,
    /// After `--`: a program that answers lines of JSON, and its arguments.
    #[arg(last = true, value_name = "COMMAND")]
    program: Vec<String>,
    /// What a running plugin speaks.
    #[arg(long, value_enum, default_value = "grpc")]
    speaks: Speaks,
    #[command(flatten)]
    access: AccessArgs,
    /// How much is checked.
    #[arg(long, value_enum, default_value = "full")]
    level: LevelArg,
    /// Print JUnit XML, for continuous integration.
    #[arg(long)]
    junit: bool,
    /// Somebody whom a running plugin knows in its test data; without any, only invented people are asked about.
    #[arg(long = "known", value_name = "NUMBER=NAME", value_parser = super::variable)]
    known: Vec<(String, String)>,
    /// A key that is pinned for a plugin: its 64 hexadecimal digits, under the id that the plugin calls it.
    #[arg(long = "pinned", value_name = "ID=KEY", value_parser = super::variable)]
    pinned: Vec<(String, String)>,
    #[command(flatten)]
    variables: VariableArgs,
}

fn pinned((id, key): &(String, String)) -> Result<PinnedKey, CliError> {
    if key.len() != 64 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(invalid(
            "--pinned",
            "VALUE_INVALID",
            "must be ID=KEY, the key in 64 hexadecimal digits",
        ));
    }
    Ok(PinnedKey {
        id: id.clone(),
        public_key: key.to_ascii_lowercase(),
    })
}

/// How a plugin that speaks JSON over HTTP is reached.
#[derive(Debug, Args)]
struct AccessArgs {
    /// With --speaks json: the token that is shown; better in HEDUI_PLUGIN_BEARER, since others can see a command line.
    #[arg(long, env = "HEDUI_PLUGIN_BEARER", hide_env_values = true, value_name = "TOKEN")]
    bearer: Option<String>,
    /// With --speaks json: certificates (PEM) of the authorities that are trusted, in place of the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
    /// With --speaks json: our certificate (PEM), where the plugin wants one.
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<String>,
    /// The key of --certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<String>,
}

impl AccessArgs {
    fn service(&self, endpoint: &str) -> JsonService {
        let client = self.certificate.clone().zip(self.key.clone());
        let tls = TlsFiles {
            ca: self.ca.clone(),
            client,
        };
        JsonService {
            endpoint: endpoint.to_owned(),
            bearer: self.bearer.clone().map(Secret::new),
            tls: Some(tls).filter(|tls| tls.ca.is_some() || tls.client.is_some()),
        }
    }
}

/// What a running plugin speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Speaks {
    /// hedui.department.v1 in gRPC.
    Grpc,
    /// The same in JSON over HTTP.
    Json,
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
    if !paths.is_empty() || endpoints.is_empty() && arguments.program.is_empty() {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let given = arguments.variables.given()?;
        for found in folders(&paths)? {
            tested.push(folder_tested(&found, &given, &arguments, context).await?);
        }
    }
    for endpoint in endpoints {
        let (samples, level) = (samples(&arguments, context)?, arguments.level.level());
        let reports = match arguments.speaks {
            Speaks::Grpc => conformance::run(endpoint, &samples, level, Arc::new(|_| 0)).await,
            Speaks::Json => conformance::run_service(&arguments.access.service(endpoint), &samples, level).await,
        };
        let reports = reports.map_err(|failure| invalid("ENDPOINT", &failure.reason, failure.message))?;
        tested.push(Tested {
            what: endpoint.clone(),
            reports,
        });
    }
    if !arguments.program.is_empty() {
        let program = Program {
            command: arguments.program.clone(),
            environment: Vec::new(),
        };
        let samples = samples(&arguments, context)?;
        let reports = conformance::run_program(&program, &samples, arguments.level.level()).await;
        let reports = reports.map_err(|failure| invalid("COMMAND", &failure.reason, failure.message))?;
        tested.push(Tested {
            what: arguments.program.join(" "),
            reports,
        });
    }
    let failed = tested
        .iter()
        .flat_map(|t| &t.reports)
        .any(|r| r.outcome == Outcome::Failed);
    let exit = if failed { Exit::Internal } else { Exit::Success };
    if arguments.junit {
        let suites: Vec<Suite> = tested.iter().map(suite).collect();
        let text = junit::document("hedui adapter test", &suites);
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

async fn folder_tested(
    found: &super::Found,
    given: &Variables,
    arguments: &TestArgs,
    context: &Context,
) -> Result<Tested, CliError> {
    let scratch = tempfile::tempdir().map_err(|error| CliError::Internal(format!("no folder can be made: {error}")))?;
    let folder = &found.folder;
    let reports = folder::run(
        &folder.manifest,
        &folder.cases,
        given,
        scratch.path(),
        arguments.level.level(),
        Arc::new(|_| 0),
        clock(context),
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
    Ok(Samples {
        known,
        unknown,
        pinned: arguments.pinned.iter().map(pinned).collect::<Result<_, _>>()?,
    })
}

/// The checks of one target.
fn suite(tested: &Tested) -> Suite {
    let case = |report: &CheckReport| Case {
        name: report.name.to_owned(),
        went: match report.outcome {
            Outcome::Passed => Went::Passed,
            Outcome::Skipped => Went::Skipped(report.message.clone()),
            Outcome::Failed => Went::Failed {
                message: report.message.clone(),
                about: report.rule.to_owned(),
            },
        },
    };
    Suite {
        name: tested.what.clone(),
        cases: tested.reports.iter().map(case).collect(),
    }
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
