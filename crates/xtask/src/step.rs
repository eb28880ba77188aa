//! One step at a time: its name before, its duration after, and on failure what to do.
//! Leaves what the steps are, and their order, to `task`.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

/// The steps that have passed so far, with their durations.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    passed: Vec<(&'static str, Duration)>,
    left_out: Vec<String>,
}

impl Steps {
    /// Runs one step. `advice` is what a person should do when it fails.
    pub(crate) fn run(&mut self, name: &'static str, advice: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        say(&format!("==> {name}"));
        let start = now();
        let result = work();
        let duration = start.elapsed();
        match result {
            Ok(()) => {
                say(&format!("    passed in {:.1} s", duration.as_secs_f64()));
                self.passed.push((name, duration));
                Ok(())
            }
            Err(error) => Err(anyhow!(
                "{name} failed after {:.1} s: {error:#}\nwhat to do: {advice}",
                duration.as_secs_f64()
            )),
        }
    }

    /// Runs one step that may have to leave something out: each sentence is said now and again at the end.
    pub(crate) fn run_what_can(
        &mut self,
        name: &'static str,
        advice: &str,
        work: impl FnOnce() -> Result<Vec<String>>,
    ) -> Result<()> {
        let mut left_out = Vec::new();
        self.run(name, advice, || {
            left_out = work()?;
            for sentence in &left_out {
                say(&format!("    LEFT OUT: {sentence}"));
            }
            Ok(())
        })?;
        self.left_out.append(&mut left_out);
        Ok(())
    }

    /// Prints how long each step took, and what was left out.
    pub(crate) fn summary(&self) {
        let steps: Vec<String> = self
            .passed
            .iter()
            .map(|(name, duration)| format!("{name} {:.1} s", duration.as_secs_f64()))
            .collect();
        say(&format!("==> checks passed: {}", steps.join(" · ")));
        for sentence in &self.left_out {
            say(&format!("==> LEFT OUT: {sentence}"));
        }
    }
}

/// Runs a command whose failure is the step's failure; its output goes where ours goes.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let line = shown(command);
    say(&format!("    {line}"));
    let status = command
        .status()
        .with_context(|| format!("`{line}` could not be started"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs a command for its output; `None` when it cannot be started or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// One line on stderr, where cargo's own progress goes.
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the durations shown to a person are the machine's own"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
