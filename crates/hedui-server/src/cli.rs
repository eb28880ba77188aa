//! The command line of `hedui`: its commands, what they share, and how a result or an error leaves the process.
//! Leaves each command to its own module, and the surroundings (clock, chance, terminal, environment) to `main.rs`.

use std::ffi::OsString;
use std::io::Write as _;

use clap::{Parser, Subcommand, ValueEnum};

pub mod adapter;
pub mod audit;
pub mod client;
pub mod convert;
pub mod departments;
pub mod error;
pub mod exit;
pub mod file;
pub mod follow;
pub mod id;
pub mod json;
mod junit;
pub mod lang;
pub mod manage;
pub mod policy;
pub mod progress;
mod record;
pub mod refusal;
pub mod report;
pub mod show;
pub mod table;
pub mod tasks;
pub mod values;
pub mod verify;

pub use error::CliError;
pub use exit::Exit;
pub use lang::Lang;

/// What the process finds around it; read once, in `main.rs`.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The moment of the call.
    pub now: jiff::Timestamp,
    /// Chance for one request id.
    pub request_id: [u8; 16],
    /// Locale, for example `zh_CN.UTF-8`; decides the language where no flag does.
    pub locale: String,
    /// Whether colour is unwanted (`NO_COLOR`, a dumb terminal).
    pub no_colour: bool,
    /// Whether somebody at a terminal can answer questions.
    pub stdin_is_terminal: bool,
    /// Whether results go to a terminal.
    pub stdout_is_terminal: bool,
    /// Whether progress goes to a terminal.
    pub stderr_is_terminal: bool,
}

impl Surroundings {
    /// Today in China, which has had one offset and no summer time since 1991.
    pub fn today(&self) -> hedui_core::Date {
        let offset = jiff::tz::Offset::constant(8);
        offset.to_datetime(self.now).date()
    }
}

/// The form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// For programs: one JSON value.
    Json,
}

/// Verification of a household's economic status against the records of many departments.
#[derive(Debug, Parser)]
#[command(name = "hedui", version, after_help = exit::Exit::help(), disable_help_subcommand = true)]
pub struct Cli {
    /// Form of the result; errors on stderr follow it.
    #[arg(long, value_enum, default_value = "table", global = true)]
    output: Output,
    /// Language of reports and errors; otherwise by LC_ALL, LC_MESSAGES, LANG.
    #[arg(long, value_enum, global = true)]
    lang: Option<Lang>,
    /// Columns that tables may take.
    #[arg(long, value_name = "COLUMNS", default_value_t = 100, global = true, hide_short_help = true,
          value_parser = clap::value_parser!(u16).range(i64::from(table::MIN_WIDTH)..=i64::from(table::MAX_WIDTH)))]
    width: u16,
    #[command(subcommand)]
    command: Command,
}

/// The commands; those that host something are in `host`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Check resident IDs and unified social credit codes, without any server.
    #[command(subcommand)]
    Id(id::IdCommand),
    /// Verify a household and print the report.
    Verify(verify::VerifyArgs),
    /// Print the report of a verification.
    Show(show::ShowArgs),
    /// List the verifications of a district, newest first.
    List(show::ListArgs),
    /// End a running verification without a verdict.
    Cancel(manage::CancelArgs),
    /// Ask departments again, for a dispute, and print what is different.
    Recheck(manage::RecheckArgs),
    /// List the departments and whether they answer; read the catalogue again, pause and resume one.
    Departments(departments::DepartmentsArgs),
    /// What waits for the people of an office without a system: list, show, answer, confirm.
    #[command(subcommand)]
    Tasks(tasks::TasksCommand),
    /// Read the evidence.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Policy packs: check, begin, list; explain a verdict; reckon the livelihood standard.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Departments' adapters: check a folder, and see the departments of a server.
    #[command(subcommand)]
    Adapter(adapter::AdapterCommand),
    /// Print the time spent in each step of a verification.
    Metrics(departments::MetricsArgs),
    #[command(flatten)]
    Host(crate::host::HostCommand),
}

/// What every command needs to know besides its own arguments.
#[derive(Clone, Debug)]
pub struct Context {
    /// Form of the result.
    pub output: Output,
    /// Language of the result.
    pub lang: Lang,
    /// Columns.
    pub width: u16,
    /// The surroundings.
    pub surroundings: Surroundings,
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// For stdout.
    pub text: String,
    /// The exit code.
    pub exit: Exit,
}

impl Answer {
    /// A result with exit code 0.
    pub fn success(text: String) -> Answer {
        Answer {
            text,
            exit: Exit::Success,
        }
    }

    /// A JSON value, indented.
    pub fn json(value: &impl serde::Serialize, exit: Exit) -> Result<Answer, CliError> {
        let mut text = serde_json::to_string_pretty(value)
            .map_err(|error| CliError::Internal(format!("the result cannot be written as JSON: {error}")))?;
        text.push('\n');
        Ok(Answer { text, exit })
    }
}

/// Runs the program: reads the arguments, runs the command, writes its result. The only place that writes results, but for the demo, which shows one after the other.
pub fn main(arguments: impl IntoIterator<Item = OsString>, surroundings: &Surroundings) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let wanted = !error.use_stderr();
            // Nothing can be done when not even the help can be written.
            let _ = error.print();
            return if wanted { Exit::Success } else { Exit::Usage };
        }
    };
    let context = Context {
        output: cli.output,
        lang: cli.lang.unwrap_or_else(|| Lang::of_locale(&surroundings.locale)),
        width: cli.width,
        surroundings: surroundings.clone(),
    };
    let result = run(cli.command, &context).and_then(|answer| {
        let coloured = surroundings.stdout_is_terminal && !surroundings.no_colour;
        let text = match context.output {
            Output::Json => answer.text,
            Output::Table if coloured => report::paint(&printable(&answer.text)),
            Output::Table => printable(&answer.text),
        };
        write(&text).map(|_| answer.exit)
    });
    result.unwrap_or_else(|error| {
        let text = match context.output {
            Output::Table => printable(&error.text(context.lang)),
            Output::Json => format!("{}\n", error.json()),
        };
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        error.exit()
    })
}

/// Without control characters: texts come from departments' systems, and a terminal would obey them.
pub fn printable(text: &str) -> String {
    let clean = |c: char| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c };
    text.chars().map(clean).collect()
}

/// Writes to stdout; whether somebody still reads. A reader that has gone away (`| head`) wants no more: that is no error.
pub(crate) fn write(text: &str) -> Result<bool, CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        other => Ok(other.map(|()| true)?),
    }
}

fn run(command: Command, context: &Context) -> Result<Answer, CliError> {
    match command {
        Command::Id(command) => id::run(command, context),
        Command::Verify(arguments) => wait_for(verify::run(arguments, context)),
        Command::Show(arguments) => wait_for(show::show(arguments, context)),
        Command::List(arguments) => wait_for(show::list(arguments, context)),
        Command::Cancel(arguments) => wait_for(manage::cancel(arguments, context)),
        Command::Recheck(arguments) => wait_for(manage::recheck(arguments, context)),
        Command::Departments(arguments) => wait_for(departments::run(arguments, context)),
        Command::Tasks(command) => wait_for(tasks::run(command, context)),
        Command::Audit(command) => wait_for(audit::run(command, context)),
        Command::Policy(command) => wait_for(policy::run(command, context)),
        Command::Adapter(command) => wait_for(adapter::run(command, context)),
        Command::Metrics(arguments) => wait_for(departments::metrics(arguments, context)),
        Command::Host(command) => crate::host::run(command, context),
    }
}

/// One thread is enough for a client.
fn wait_for<T>(future: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .map_err(|error| CliError::Internal(format!("no runtime can be started: {error}")))?
        .block_on(future)
}
