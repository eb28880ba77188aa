//! The tasks by name, and the order of the steps of each.
//! Leaves how a step is run and told to `step`, and what it needs to `machine` and `deny`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{self, Steps};
use crate::{deny, machine, python, tidy};

/// What `cargo xtask help` prints.
pub const HELP: &str = "\
cargo xtask TASK

  test [-- FILTER...]  install what is missing, then every check and every test; the tests come last.
                       What follows `--` goes to the tests, for example a part of their names.
  lint                 format, clippy, house rules, dependencies; no tests
  tidy                 the house rules only
  help                 this text

With CI set in the environment, everything that could be left out for want of a network is a failure,
except the advisory database, which only a network has: leaving it out is said.";

/// One task, as asked for on the command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Everything, tests last; holds the arguments for the tests.
    Test(Vec<String>),
    /// Everything but the tests.
    Lint,
    /// The house rules.
    Tidy,
    /// The help text.
    Help,
}

impl Task {
    /// Reads the command line without the program's name. The error is a sentence for the caller.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let Some((name, rest)) = arguments.split_first() else {
            return Err("which task?".to_owned());
        };
        let task = match name.as_str() {
            "test" => return Self::parse_test(rest),
            "lint" => Self::Lint,
            "tidy" => Self::Tidy,
            "help" | "--help" | "-h" => Self::Help,
            other => return Err(format!("no such task: {other}")),
        };
        match rest.first() {
            None => Ok(task),
            Some(extra) => Err(format!("`{name}` takes no arguments, but got: {extra}")),
        }
    }

    fn parse_test(rest: &[String]) -> Result<Self, String> {
        match rest.split_first() {
            None => Ok(Self::Test(Vec::new())),
            Some((dashes, filters)) if dashes == "--" => Ok(Self::Test(filters.to_vec())),
            Some((extra, _)) => Err(format!(
                "`test` takes arguments for the tests after `--` only, but got: {extra}"
            )),
        }
    }
}

/// What the environment says about this run.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Whether nobody is watching: then nothing may be left out for want of a tool.
    pub ci: bool,
}

/// How a task ended, where it ran to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every step passed.
    Passed,
    /// Every check passed, some test did not; cargo has named it.
    TestsFailed,
}

/// Runs one task in the repository that this crate stands in. An error names the step and what to do.
pub fn run(task: &Task, settings: &Settings) -> Result<Outcome> {
    let root = repository()?;
    let mut steps = Steps::default();
    match task {
        Task::Help => Ok(Outcome::Passed),
        Task::Tidy => check_house_rules(&mut steps, &root).map(|()| Outcome::Passed),
        Task::Lint => {
            check(&mut steps, &root, settings)?;
            steps.summary();
            Ok(Outcome::Passed)
        }
        Task::Test(filters) => {
            check(&mut steps, &root, settings)?;
            steps.run(
                "benches, small",
                "a benchmark no longer runs; repeat it with `cargo test -p hedui-benches --benches`",
                || step::succeed(cargo(&root).args(["test", "--package", "hedui-benches", "--benches"])),
            )?;
            steps.run(
                "python kit",
                "repeat it in `adapters/sdk-python` with `PYTHONPATH=src pytest-3 tests`",
                || python::test(&root),
            )?;
            steps.run(
                "ODBC",
                "repeat it with `cargo test -p hedui-adapter --features connector-odbc odbc`",
                || {
                    let arguments = [
                        "test",
                        "--package",
                        "hedui-adapter",
                        "--lib",
                        "--features",
                        "connector-odbc",
                        "odbc",
                    ];
                    step::succeed(cargo(&root).args(arguments))
                },
            )?;
            steps.run(
                "ODBC of the program",
                "repeat it with `cargo test -p hedui-server --features connector-odbc --test cli odbc`",
                || {
                    let arguments = [
                        "test",
                        "--package",
                        "hedui-server",
                        "--test",
                        "cli",
                        "--features",
                        "connector-odbc",
                        "odbc",
                    ];
                    step::succeed(cargo(&root).args(arguments))
                },
            )?;
            steps.summary();
            test(&root, filters)
        }
    }
}

/// Every step but the tests.
fn check(steps: &mut Steps, root: &Path, settings: &Settings) -> Result<()> {
    steps.run(
        "machine",
        "the message above names the missing package or component",
        || machine::prepare(root),
    )?;
    steps.run(
        "format",
        "run `cargo fmt --all`, look at the difference and commit it",
        || step::succeed(cargo(root).args(["fmt", "--all", "--check"])),
    )?;
    steps.run(
        "clippy",
        "repair what clippy names; an exception needs #[expect(..., reason = \"...\")]",
        || step::succeed(cargo(root).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    )?;
    check_house_rules(steps, root)?;
    steps.run_what_can(
        "dependencies",
        "`.deny.toml` says what is allowed and why; change the dependency first",
        || deny::check(root, settings),
    )
}

fn check_house_rules(steps: &mut Steps, root: &Path) -> Result<()> {
    steps.run(
        "house rules",
        "each line above names the place and the rule; crates/xtask/README.md has the reasons",
        || {
            let findings = tidy::check(&tidy::Tree::read(root)?);
            for finding in &findings {
                step::say(&format!("    {finding}"));
            }
            match findings.len() {
                0 => Ok(()),
                count => bail!("{count} findings"),
            }
        },
    )
}

/// Every test of the workspace, with those in its documentation. Nothing may be printed after cargo's own lines.
fn test(root: &Path, filters: &[String]) -> Result<Outcome> {
    step::say("==> tests (one alone: `cargo test -p CRATE NAME`)");
    let status = cargo(root)
        .args(["test", "--workspace", "--no-fail-fast", "--"])
        .args(filters)
        .status()
        .context("cargo test could not be started")?;
    Ok(if status.success() {
        Outcome::Passed
    } else {
        Outcome::TestsFailed
    })
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root);
    command
}

/// The folder of the workspace: two above this crate, wherever it was checked out.
fn repository() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .context("this crate does not stand two folders below the workspace")
}

#[cfg(test)]
mod tests;
