//! What can go wrong in a command, how it is printed and which exit code it has. Every message says what to do.
//! Leaves reading the details of a server's refusal to `refusal.rs`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::exit::Exit;
use super::lang::Lang;
use super::refusal::Refusal;

/// A mistake in a file or on the command line: where it is and what to do. Never holds a person's number or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line of the file from 1; `None` where the format gives none.
    pub line: Option<usize>,
    /// Path of the field, for example `household.members[1].name`.
    pub field: String,
    /// Stable reason, for example `UNKNOWN_KEY`.
    pub reason: String,
    /// For people.
    pub message: String,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Flags that do not go together.
    #[error("{0}")]
    Usage(String),
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Mistakes in what was given, all of them.
    #[error("{what}: {} mistake(s)", mistakes.len())]
    Input {
        /// The file, or what else holds the mistakes.
        what: String,
        /// All of them.
        mistakes: Vec<Mistake>,
    },
    /// Mistakes in the settings, or a configuration file that is not there: a line for each.
    #[error("{0}")]
    Settings(String),
    /// The server refused, or is not there.
    #[error(transparent)]
    Server(Box<Refusal>),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(#[from] std::io::Error),
    /// Somebody pressed Ctrl-C: the server goes on with what was begun.
    #[error("stopped here; the server goes on with what was begun")]
    Interrupted,
    /// Somebody pressed Ctrl-C, and nothing is left of what was begun.
    #[error("stopped; nothing was kept")]
    Stopped,
    /// Something could not be hosted: the store, the catalogue, a port.
    #[error("{0}")]
    Host(String),
    /// A defect.
    #[error("{0}; this is a defect of hedui, please report it")]
    Internal(String),
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> CliError {
        CliError::Server(Box::new(refusal))
    }
}

impl CliError {
    /// The same where the server cannot be reached, about a verification that was begun: it says how to see what became of it.
    pub fn about(mut self, verification: &str) -> CliError {
        if let CliError::Server(refusal) = &mut self
            && refusal.is_out_of_reach()
        {
            refusal.verification = Some(verification.to_owned());
        }
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            CliError::Usage(_) => Exit::Usage,
            CliError::Read { .. } | CliError::Input { .. } | CliError::Settings(_) => Exit::BadInput,
            CliError::Server(refusal) => refusal.exit(),
            CliError::Output(_) | CliError::Internal(_) | CliError::Host(_) => Exit::Internal,
            CliError::Interrupted | CliError::Stopped => Exit::Interrupted,
        }
    }

    /// For people, several lines, ending with a line feed.
    pub fn text(&self, lang: Lang) -> String {
        let mut text = format!("error: {self}\n");
        match self {
            CliError::Input { mistakes, .. } => {
                for mistake in mistakes {
                    text.push_str(&mistake_line(mistake));
                }
            }
            CliError::Server(refusal) => text = refusal.text(lang),
            _ => {}
        }
        text
    }

    /// For programs: the JSON form of Google's API errors, with the exit code added.
    pub fn json(&self) -> Value {
        let error = match self {
            CliError::Server(refusal) => refusal.json(),
            CliError::Input { mistakes, .. } => json!({
                "message": self.to_string(),
                "reason": "BAD_INPUT",
                "field_violations": mistakes.iter().map(|mistake| json!({
                    "field": mistake.field,
                    "line": mistake.line,
                    "reason": mistake.reason,
                    "description": mistake.message,
                })).collect::<Vec<_>>(),
            }),
            other => json!({ "message": other.to_string(), "reason": other.reason() }),
        };
        json!({ "error": error, "exit_code": self.exit().number() })
    }

    fn reason(&self) -> &'static str {
        match self {
            CliError::Usage(_) => "USAGE",
            CliError::Read { .. } => "FILE_UNREADABLE",
            CliError::Input { .. } | CliError::Settings(_) => "BAD_INPUT",
            CliError::Server(_) => "SERVER",
            CliError::Output(_) => "OUTPUT",
            CliError::Interrupted | CliError::Stopped => "INTERRUPTED",
            CliError::Host(_) => "HOST",
            CliError::Internal(_) => "INTERNAL",
        }
    }
}

/// `  line 12, household.members[1].name: state the name (NAME_EMPTY)`.
fn mistake_line(mistake: &Mistake) -> String {
    let line = mistake.line.map(|line| format!("line {line}, ")).unwrap_or_default();
    format!("  {line}{}: {} ({})\n", mistake.field, mistake.message, mistake.reason)
}
