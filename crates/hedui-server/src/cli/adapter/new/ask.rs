//! Questions at a terminal, for what no flag says.
//! Leaves which questions there are to `look`.

use std::io::{BufRead as _, Write as _};

use super::wrong;
use crate::cli::{CliError, Context};

/// Longer answers are no answers.
const MAX_ANSWER_BYTES: u64 = 4096;

/// Whether somebody can be asked.
pub(super) struct Asking {
    terminal: bool,
}

impl Asking {
    pub(super) fn of(context: &Context) -> Asking {
        let around = &context.surroundings;
        Asking {
            terminal: around.stdin_is_terminal && around.stderr_is_terminal,
        }
    }

    /// The answer to a question, one of the choices where there are some; the mistake that a flag is missing where nobody can be asked.
    pub(super) fn text(&self, flag: &str, question: &str, choices: &[String]) -> Result<String, CliError> {
        let listed = choices.join(", ");
        if !self.terminal {
            let message = if choices.is_empty() {
                format!("is missing: {question}")
            } else {
                format!("is missing: {question}; one of {listed}")
            };
            return Err(wrong(flag, "FLAG_MISSING", message));
        }
        loop {
            let mut stderr = std::io::stderr().lock();
            let shown = if choices.is_empty() {
                String::new()
            } else {
                format!(" ({listed})")
            };
            write!(stderr, "{question}{shown}: ").and_then(|()| stderr.flush())?;
            let mut line = String::new();
            let read = std::io::Read::take(std::io::stdin().lock(), MAX_ANSWER_BYTES).read_line(&mut line)?;
            let answer = line.trim();
            if read == 0 {
                return Err(wrong(flag, "FLAG_MISSING", format!("is missing: {question}")));
            }
            if !answer.is_empty() && (choices.is_empty() || choices.iter().any(|c| c == answer)) {
                return Ok(answer.to_owned());
            }
        }
    }
}
