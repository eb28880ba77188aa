//! The exit codes of every command, in one place: scripts rely on them, `hedui --help` prints them, the README repeats them.
//! Leaves the wording of errors to `error.rs`.

use std::process::ExitCode;

use hedui_proto::verification::{Outcome, Verification, VerificationState};
use tonic::Code;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done; for a verification: every programme qualifies.
    Success = 0,
    /// Something is wrong with hedui itself.
    Internal = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A file, a number or a request is wrong.
    BadInput = 3,
    /// The server refuses: authorization, permission, or a state that does not allow it.
    Refused = 4,
    /// The server cannot be reached or cannot answer now.
    Unavailable = 5,
    /// A limit is exceeded for at least one programme, and no programme is inconclusive.
    Exceeds = 10,
    /// At least one programme is inconclusive, or the verification ended without a verdict.
    Inconclusive = 11,
    /// Stopped by Ctrl-C; a verification that was started runs on.
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning, as `hedui --help` and the README list them.
    pub const MEANINGS: &'static [(Exit, &'static str)] = &[
        (Exit::Success, "success; a verification: every programme qualifies"),
        (
            Exit::Internal,
            "internal error, of hedui or of the server; a verification, a proof, a pack's case or an adapter's check that failed",
        ),
        (Exit::Usage, "the command line is wrong"),
        (
            Exit::BadInput,
            "bad input: a file, a number, a name or a request is wrong",
        ),
        (
            Exit::Refused,
            "refused by the server: authorization, permission, or a state that does not allow it",
        ),
        (
            Exit::Unavailable,
            "unavailable: the server cannot be reached or cannot answer now; try again",
        ),
        (
            Exit::Exceeds,
            "a verification: a limit is exceeded for some programme, and none is inconclusive",
        ),
        (
            Exit::Inconclusive,
            "a verification: inconclusive for some programme, still running, or ended without a verdict",
        ),
        (
            Exit::Interrupted,
            "stopped by Ctrl-C; a verification that was started runs on",
        ),
    ];

    /// The number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// As the process returns it.
    pub fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }

    /// What a status of the server means. `authorization` says that the mistakes named are about signed authorizations.
    pub fn of_status(code: Code, authorization: bool) -> Exit {
        match code {
            Code::Ok => Exit::Success,
            Code::InvalidArgument | Code::NotFound | Code::OutOfRange if !authorization => Exit::BadInput,
            Code::InvalidArgument | Code::NotFound | Code::OutOfRange => Exit::Refused,
            Code::PermissionDenied | Code::Unauthenticated => Exit::Refused,
            Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => Exit::Refused,
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled => Exit::Unavailable,
            Code::Unknown | Code::Internal | Code::DataLoss | Code::Unimplemented => Exit::Internal,
        }
    }

    /// What the verdicts of several programmes come to: inconclusive before exceeding before qualifying, because an open
    /// question needs a person soonest. No verdict at all is inconclusive.
    pub fn of_outcomes(outcomes: impl IntoIterator<Item = Outcome>) -> Exit {
        let worst = outcomes.into_iter().map(|outcome| match outcome {
            Outcome::Qualifies => Exit::Success,
            Outcome::Exceeds => Exit::Exceeds,
            Outcome::Inconclusive | Outcome::Unspecified => Exit::Inconclusive,
        });
        worst.max().unwrap_or(Exit::Inconclusive)
    }

    /// What a verification comes to, ended or not.
    pub fn of_verification(verification: &Verification) -> Exit {
        match verification.state() {
            VerificationState::Succeeded => Exit::of_outcomes(verification.verdicts.iter().map(|v| v.outcome())),
            VerificationState::Failed => Exit::Internal,
            VerificationState::Running
            | VerificationState::Cancelled
            | VerificationState::Frozen
            | VerificationState::Shredded
            | VerificationState::Unspecified => Exit::Inconclusive,
        }
    }

    /// The table that closes `hedui --help`.
    pub fn help() -> String {
        let mut text = String::from("Exit codes:\n");
        for (exit, meaning) in Exit::MEANINGS {
            text.push_str(&format!("  {:>3}  {meaning}\n", exit.number()));
        }
        text.push_str(
            "  Several programmes: 11 if any is inconclusive, else 10 if any exceeds, else 0.\n\n\
             Results go to stdout, progress and errors to stderr. NO_COLOR turns colour off.",
        );
        text
    }
}

#[cfg(test)]
mod tests;
