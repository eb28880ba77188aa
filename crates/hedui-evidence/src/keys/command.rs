//! The master key from a command's standard output, for key stores and hardware that have a program of their own.
//! Left to others: which command (configuration), the line's form (`file`).

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use zeroize::Zeroizing;

use super::MasterKey;
use super::file::{FORM, MAX_KEY_BYTES, parse};
use crate::error::StoreError;

/// Between two looks whether the command has ended.
const POLL: Duration = Duration::from_millis(10);

fn refused(command: &[String], reason: impl Into<String>) -> StoreError {
    StoreError::KeyCommand {
        program: command.first().cloned().unwrap_or_default(),
        reason: reason.into(),
    }
}

impl MasterKey {
    /// Runs a program with its arguments, without a shell, and reads its standard output as a key file's content. Its
    /// standard input is empty; its standard error is ours, so that its own complaints are seen and no error of ours
    /// repeats what it may have printed. Blocking, for at most about `limit`; then it is killed.
    ///
    /// Errors: [`StoreError::KeyCommand`] when it cannot be started, fails, takes too long, or prints anything else.
    pub fn from_command(command: &[String], limit: Duration) -> Result<Self, StoreError> {
        let Some((program, arguments)) = command.split_first().filter(|(program, _)| !program.is_empty()) else {
            return Err(refused(command, "the command is empty"));
        };
        let started = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let mut child = started.map_err(|error| refused(command, format!("it cannot be started: {error}")))?;
        let output = read_output(&mut child);
        let ended = wait(&mut child, limit);
        if !matches!(ended, Ok(Some(_))) {
            // It may have ended just now; either way nothing of it is left.
            let _ = child.kill();
            let _ = child.wait();
        }
        let status = ended.map_err(|error| refused(command, format!("waiting for it failed: {error}")))?;
        let Some(status) = status else {
            return Err(refused(
                command,
                format!("it did not end within {} ms, and was killed", limit.as_millis()),
            ));
        };
        if !status.success() {
            return Err(refused(
                command,
                format!("it failed ({status}); its standard error says why"),
            ));
        }
        let output = output.map_err(|error| refused(command, format!("its output cannot be read: {error}")))?;
        // It has ended, so that its output has too, unless it left somebody behind that holds it open.
        let bytes = match output.recv_timeout(limit) {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => return Err(refused(command, format!("its output cannot be read: {error}"))),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(refused(command, "its output did not end with it"));
            }
        };
        let key = std::str::from_utf8(&bytes).ok().and_then(parse);
        key.ok_or_else(|| refused(command, format!("its standard output is not {FORM}")))
    }
}

type Output = std::io::Result<Zeroizing<Vec<u8>>>;

/// Reads the output beside the waiting, so that neither blocks the other; no more of it than a key can have.
fn read_output(child: &mut Child) -> std::io::Result<Receiver<Output>> {
    let (send, receive) = sync_channel(1);
    let pipe = child.stdout.take();
    std::thread::Builder::new()
        .name("key-command".to_owned())
        .spawn(move || {
            let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_BYTES + 1));
            let read = match pipe {
                // What comes after that meets a closed pipe.
                Some(pipe) => pipe.take(MAX_KEY_BYTES as u64 + 1).read_to_end(&mut bytes),
                None => Ok(0),
            };
            // Whoever gave up waiting does not want it.
            let _ = send.send(read.map(|_| bytes));
        })?;
    Ok(receive)
}

/// Waits for the end; none when the time is over. No clock is read: the looks are counted.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if waited >= limit {
            return Ok(None);
        }
        // Nobody wakes this thread: it is a look at the clock that cannot be wrong, only early.
        std::thread::park_timeout(POLL);
        waited += POLL;
    }
}
