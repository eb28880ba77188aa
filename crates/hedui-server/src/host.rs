//! The commands that host something: the service, a witness, the demo, a simulated department's plugin; and the configuration that they read.
//! Leaves the commands of clients to `cli`, and what is hosted to `serve`, `demo` and `hedui-sim`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use tracing::error;

use crate::catalogue::CatalogueProblem;
use crate::cli::error::Mistake;
use crate::cli::{Answer, CliError, Context, Exit, Output};
use crate::config::{Config, Loaded, WitnessConfig, logging, read_environment};
use crate::demo::{DemoArgs, Show, demo};
use crate::serve::{interrupted, runtime, serve};
use crate::upkeep::StoreCommand;
use crate::witness;

/// The commands that host something.
#[derive(Debug, Subcommand)]
pub enum HostCommand {
    /// Run the broker as a service.
    Serve(SettingsArgs),
    /// Show hedui at work on a synthetic district, and serve it until Ctrl-C.
    Demo(DemoArgs),
    /// Witness the transparency logs of others: cosign every checkpoint that continues what was cosigned before (C2SP tlog-witness).
    Witness(WitnessArgs),
    /// Show every setting and where it comes from, or all mistakes in them.
    Config(SettingsArgs),
    /// Back the evidence up, drill its restoring, exchange the master key.
    #[command(subcommand)]
    Store(StoreCommand),
    /// A simulated department as a plugin process: what `demo` starts.
    #[command(hide = true)]
    SimPlugin {
        /// Passed on.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Where settings come from: defaults, then the file, then `HEDUI__SECTION__KEY` in the environment, then `--set`.
#[derive(Args, Clone, Debug)]
pub struct SettingsArgs {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, over file and environment: `--set server.listen=0.0.0.0:7311`. May be given again.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl SettingsArgs {
    pub(crate) fn load(&self) -> Result<Loaded, CliError> {
        let mut flags = Vec::with_capacity(self.set.len());
        for setting in &self.set {
            let Some((key, value)) = setting.split_once('=') else {
                return Err(CliError::Usage(format!(
                    "--set {setting}: write KEY=VALUE, for example server.listen=127.0.0.1:7311"
                )));
            };
            flags.push((key.trim().to_owned(), value.trim().to_owned()));
        }
        Config::load(self.config.as_deref(), &read_environment(), &flags)
            .map_err(|mistakes| CliError::Settings(mistakes.to_string()))
    }
}

/// Settings of a witness: defaults, then the file's `[witness]` and `[log]`, then these flags.
#[derive(Args, Clone, Debug)]
pub struct WitnessArgs {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What the key is called: a name that you own, in every cosignature.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where to listen; 127.0.0.1:7312 unless set.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where to keep what was cosigned last; hedui-witness unless set. Never restore it from a copy: a witness without its folder needs a new key.
    #[arg(long, value_name = "FOLDER")]
    directory: Option<String>,
    /// The secret of the key; witness.key in that folder unless set.
    #[arg(long, value_name = "FILE")]
    key_file: Option<String>,
    /// The verifier key of a log to witness, as `hedui audit logs` prints it. May be given again.
    #[arg(long = "log", value_name = "VKEY")]
    logs: Vec<String>,
    /// Print the verifier key for the operators of the logs, and end.
    #[arg(long)]
    show_key: bool,
}

impl WitnessArgs {
    fn load(&self) -> Result<WitnessConfig, CliError> {
        let logs = (!self.logs.is_empty()).then(|| self.logs.join(","));
        let flags = [
            ("name", &self.name),
            ("listen", &self.listen),
            ("directory", &self.directory),
            ("key_file", &self.key_file),
            ("logs", &logs),
        ];
        let given = flags.into_iter().filter_map(|(key, value)| {
            let value = value.clone()?;
            Some((format!("witness.{key}"), value))
        });
        let flags: Vec<(String, String)> = given.collect();
        WitnessConfig::load(self.config.as_deref(), &flags).map_err(|mistakes| CliError::Settings(mistakes.to_string()))
    }
}

/// Runs a command to its end.
pub fn run(command: HostCommand, context: &Context) -> Result<Answer, CliError> {
    match command {
        HostCommand::Serve(settings) => run_serve(&settings),
        HostCommand::Demo(args) => run_demo(args, context),
        HostCommand::Witness(args) => run_witness(&args),
        HostCommand::Config(settings) => Ok(answer(show(&settings.load()?))),
        HostCommand::Store(command) => crate::upkeep::run(command, context),
        HostCommand::SimPlugin { arguments } => {
            hedui_sim::plugin_main(arguments).map_err(|e| CliError::Usage(e.to_string()))?;
            Ok(answer(String::new()))
        }
    }
}

fn answer(text: String) -> Answer {
    Answer {
        text,
        exit: Exit::Success,
    }
}

fn run_serve(settings: &SettingsArgs) -> Result<Answer, CliError> {
    let loaded = settings.load()?;
    check_departments(&loaded)?;
    // Before anything is made for departments that cannot be opened.
    crate::catalogue::read(&loaded.config.catalogue).map_err(wrong_catalogue)?;
    let config = loaded.config;
    logging::init(&config.log).map_err(|e| CliError::Usage(e.to_string()))?;
    let runtime = runtime(config.server.threads)?;
    match runtime.block_on(serve(config)) {
        Ok(()) => Ok(answer(String::new())),
        Err(problem) => {
            error!(reason = %format!("{problem:#}"), "not serving");
            Err(CliError::Host(format!("{problem:#}")))
        }
    }
}

fn run_witness(args: &WitnessArgs) -> Result<Answer, CliError> {
    let config = args.load()?;
    let failed = |problem: anyhow::Error| CliError::Host(format!("{problem:#}"));
    if args.show_key {
        let key = witness::witness_key(&config).map_err(failed)?;
        return Ok(answer(format!("{}\n", key.verifier())));
    }
    logging::init(&config.log).map_err(|e| CliError::Usage(e.to_string()))?;
    // One thread: files are written beside it.
    runtime(1)?
        .block_on(async {
            let running = witness::start(&config).await?;
            if config.logs.is_empty() {
                tracing::warn!("no log is configured: every checkpoint is refused");
            }
            tracing::info!(
                address = %running.address,
                key = %running.verifier,
                logs = config.logs.len(),
                "witnessing"
            );
            interrupted().await?;
            running.stop().await
        })
        .map_err(failed)?;
    Ok(answer(String::new()))
}

/// Mistakes in manifests are bad input, each with its department and place.
fn wrong_catalogue(problem: CatalogueProblem) -> CliError {
    let CatalogueProblem::Mistakes(mistakes) = problem else {
        return CliError::Host(format!("{problem:#}"));
    };
    let each = mistakes.into_iter().map(|found| Mistake {
        line: None,
        field: format!("{}: {}", found.folder, found.mistake.path),
        reason: "CATALOGUE_INVALID".to_owned(),
        message: found.mistake.message,
    });
    CliError::Input {
        what: "the catalogue".to_owned(),
        mistakes: each.collect(),
    }
}

/// A misspelt department in the settings would silently change nothing.
fn check_departments(loaded: &Loaded) -> Result<(), CliError> {
    let known = crate::catalogue::known(&loaded.config.catalogue);
    let known = known.map_err(wrong_catalogue)?;
    loaded
        .check_departments(&known.iter().collect::<Vec<_>>())
        .map_err(|mistakes| CliError::Settings(mistakes.to_string()))
}

fn run_demo(args: DemoArgs, context: &Context) -> Result<Answer, CliError> {
    if context.output == Output::Json {
        return Err(CliError::Usage(
            "`hedui demo` shows its reports to people, one after the other; for JSON ask its server: `hedui show NAME --output json`".to_owned(),
        ));
    }
    let show = Show {
        lang: context.lang,
        width: context.width,
    };
    let today = context.surroundings.today();
    let ended = runtime(0)?.block_on(demo(args, show, today));
    let exit = ended.map_err(|problem| match problem.downcast::<CliError>() {
        Ok(error) => error,
        Err(problem) => CliError::Host(format!("{problem:#}")),
    })?;
    Ok(Answer {
        text: String::new(),
        exit,
    })
}

/// One line a setting: key, value, origin.
fn show(loaded: &Loaded) -> String {
    let mut text = String::new();
    for setting in &loaded.origins {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:<45} {:<40} {}", setting.key, setting.value, setting.origin);
    }
    text
}
