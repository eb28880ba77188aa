//! What `${name}` stands for in manifests: given one by one, or in files that nobody else can read.
//! Leaves what a manifest does with them to `hedui_adapter`. A mistake names file, line and variable, never a value.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use hedui_adapter::Variables;
use hedui_toml::{Place, Step, locate};

use super::super::CliError;
use super::super::error::Mistake;

/// A larger file holds something else than variables, 1 MiB.
const MAX_BYTES: u64 = 1 << 20;

/// What `${name}` stands for.
#[derive(Debug, Args)]
pub(super) struct VariableArgs {
    /// What ${NAME} stands for in manifests. Everybody on this machine can see it while the command runs: passwords belong into --set-file.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
    /// A TOML file of lines NAME = "value" that only its owner can read (chmod 600). May be given again: the last one counts, and --set more.
    #[arg(long = "set-file", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl VariableArgs {
    /// All of them. Reads the files, which may be pipes: once for a command.
    ///
    /// # Errors
    /// A file that cannot be read, that others can read, or that holds something else.
    pub(super) fn given(&self) -> Result<Variables, CliError> {
        let mut given = Variables::new();
        for path in &self.files {
            given.extend(read(path)?);
        }
        given.extend(self.variables.iter().cloned());
        Ok(given)
    }
}

/// A name and what it stands for.
pub(super) fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE, for example data=/srv/departments".to_owned()),
    }
}

fn read(path: &Path) -> Result<Variables, CliError> {
    let failed = |source| CliError::Read {
        path: path.to_owned(),
        source,
    };
    let wrong = |mistakes: Vec<Mistake>| CliError::Input {
        what: path.display().to_string(),
        mistakes,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        let message = format!("its mode is {mode:04o}, others can use it; run: chmod 600 on it");
        return Err(wrong(vec![mistake(None, "--set-file", "FILE_OPEN_TO_OTHERS", message)]));
    }
    let mut bytes = Vec::new();
    let taken = (&mut file).take(MAX_BYTES + 1).read_to_end(&mut bytes);
    if taken.map_err(failed)? as u64 > MAX_BYTES {
        let message = "is larger than 1 MiB".to_owned();
        return Err(wrong(vec![mistake(None, "--set-file", "FILE_TOO_LARGE", message)]));
    }
    let no_text = |_| {
        wrong(vec![mistake(
            None,
            "--set-file",
            "TOML_SYNTAX",
            "is not UTF-8".to_owned(),
        )])
    };
    parse(&String::from_utf8(bytes).map_err(no_text)?).map_err(wrong)
}

/// What stands in such a file, or all its mistakes. The parser's own messages repeat what stands there, so they are not passed on.
fn parse(text: &str) -> Result<Variables, Vec<Mistake>> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let message = "write NAME = \"value\" in every line (TOML)".to_owned();
        vec![mistake(
            Some(Place::of(text, at).line),
            "--set-file",
            "TOML_SYNTAX",
            message,
        )]
    })?;
    let (mut given, mut mistakes) = (Variables::new(), Vec::new());
    for (name, value) in table {
        if let toml::Value::String(value) = value {
            given.insert(name, value);
        } else {
            let line = locate(text, &[Step::Key(name.clone())], false).line;
            let message = "stands for a text: write it in quotes".to_owned();
            mistakes.push(mistake(Some(line), &name, "TYPE_WRONG", message));
        }
    }
    if mistakes.is_empty() { Ok(given) } else { Err(mistakes) }
}

fn mistake(line: Option<usize>, field: &str, reason: &str, message: String) -> Mistake {
    Mistake {
        line,
        field: field.to_owned(),
        reason: reason.to_owned(),
        message,
    }
}

#[cfg(test)]
mod tests;
