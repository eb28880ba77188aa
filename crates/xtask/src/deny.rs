//! The dependency checks by cargo-deny: licences, bans, sources, advisories. Installs the tool where it is missing.
//! Leaves what is allowed to `.deny.toml`, which gives every exception its reason.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::step::{output, say, succeed};
use crate::task::Settings;

/// Its findings differ between versions; one version, one judgement.
const VERSION: &str = "0.20.2";

/// Seconds for fetching the advisory database. A network that drops packets silently must not hold up the tests.
const FETCH_SECONDS: &str = "60";

/// Runs every check that can run here; gives a sentence for each that could not.
pub(crate) fn check(root: &Path, settings: &Settings) -> Result<Vec<String>> {
    let tool = match find(root) {
        Some(tool) => tool,
        None => match install(root) {
            Ok(tool) => tool,
            Err(error) if !settings.ci => {
                return Ok(vec![format!(
                    "cargo-deny {VERSION} is missing and cannot be installed: {error:#}"
                )]);
            }
            Err(error) => return Err(error),
        },
    };
    succeed(
        Command::new(&tool)
            .current_dir(root)
            .args(["check", "licenses", "bans", "sources"]),
    )?;
    advisories(root, &tool, &database_folder())
}

/// Advisories, against a fresh copy of the database or else one that is there already; without either they are left
/// out, aloud: the database lives on a network that a closed office does not have.
fn advisories(root: &Path, tool: &Path, database: &Path) -> Result<Vec<String>> {
    let mut fetch = Command::new("timeout");
    fetch
        .current_dir(root)
        .arg(FETCH_SECONDS)
        .arg(tool)
        .args(["fetch", "db"]);
    if output(&mut fetch).is_none() {
        if !holds_folder(database) {
            let sentence = "advisories: the RustSec database cannot be reached and no copy of it is here";
            return Ok(vec![sentence.to_owned()]);
        }
        say("    the RustSec database cannot be reached: checking against the copy that is here");
    }
    // Offline, because the database has just been fetched or cannot be.
    succeed(
        Command::new(tool)
            .current_dir(root)
            .args(["--offline", "check", "advisories"]),
    )?;
    Ok(Vec::new())
}

/// The tool in the right version: our own copy, or the reader's.
fn find(root: &Path) -> Option<PathBuf> {
    [own_copy(root), PathBuf::from("cargo-deny")]
        .into_iter()
        .find(|tool| output(Command::new(tool).arg("--version")).is_some_and(|answer| is_wanted(&answer)))
}

fn is_wanted(answer: &str) -> bool {
    answer.split_whitespace().eq(["cargo-deny", VERSION])
}

/// Builds the tool under `target/`, unoptimised and without debug information: it runs for seconds, so a short build
/// counts for more (with an optimised and linked-as-one build the wait is many times as long).
fn install(root: &Path) -> Result<PathBuf> {
    let tools = tools(root);
    let mut command = Command::new("cargo");
    command.current_dir(root).env("CARGO_PROFILE_DEV_DEBUG", "false");
    command.args([
        "install",
        "--quiet",
        "--locked",
        "--debug",
        "--no-default-features",
        "--version",
        VERSION,
    ]);
    command.arg("--root").arg(&tools).arg("cargo-deny");
    say(&format!(
        "    cargo-deny {VERSION} is not here: building it once, for a few minutes"
    ));
    succeed(&mut command).with_context(|| {
        format!("cargo-deny {VERSION} must come from crates.io, or be on the PATH already in this version")
    })?;
    Ok(own_copy(root))
}

fn tools(root: &Path) -> PathBuf {
    root.join("target").join("tools")
}

fn own_copy(root: &Path) -> PathBuf {
    tools(root).join("bin").join("cargo-deny")
}

/// Where cargo-deny keeps its copy of the database unless told otherwise.
fn database_folder() -> PathBuf {
    database_below(std::env::var_os("CARGO_HOME"), std::env::var_os("HOME"))
}

fn database_below(cargo_home: Option<OsString>, home: Option<OsString>) -> PathBuf {
    let cargo = cargo_home
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(home.unwrap_or_default()).join(".cargo"));
    cargo.join("advisory-dbs")
}

/// A failed fetch leaves a lock file behind, so that only a folder inside counts as a database.
fn holds_folder(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| entry.path().is_dir()))
}

#[cfg(test)]
mod tests;
