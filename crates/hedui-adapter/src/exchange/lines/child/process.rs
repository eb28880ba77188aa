//! Starting a department's program, and ending it with everything that it started.
//! Leaves talking to it to `child`.

use std::io::{Error, ErrorKind};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::manifest::Program;

/// What of the broker's environment a program sees besides what its manifest gives it: where programs and libraries are, language and zone.
/// The rest may hold secrets of the broker.
const PASSED_ON: &[&str] = &["PATH", "HOME", "LANG", "LC_ALL", "TZ"];

/// A running program.
pub(super) struct Process {
    pub(super) guard: Guard,
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

/// Ends the program and its own children when it is dropped.
pub(super) struct Guard {
    child: Child,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Not waited for yet, so that nobody else can have its number.
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw) {
            // There is nobody to kill where all have ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Process {
    /// Starts a program, in a group of its own: a Ctrl-C at the broker's terminal is the broker's affair.
    pub(super) fn start(program: &Program) -> Result<Process, ErrorKind> {
        let (name, arguments) = program.command.split_first().ok_or(ErrorKind::NotFound)?;
        let mut command = Command::new(name);
        command.args(arguments).env_clear();
        for name in PASSED_ON {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        for (name, value) in &program.environment {
            command.env(name, value.expose());
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn().map_err(|error: Error| error.kind())?;
        let mut guard = Guard { child };
        let child = &mut guard.child;
        match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(stdin), Some(stdout), Some(stderr)) => Ok(Process {
                guard,
                stdin,
                stdout,
                stderr,
            }),
            _ => Err(ErrorKind::BrokenPipe),
        }
    }
}
