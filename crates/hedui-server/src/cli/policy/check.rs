//! `hedui policy check`: every mistake of every file, each with line, column and a hint.
//! Leaves finding them to `hedui_policy`.

use std::path::PathBuf;

use clap::Args;
use hedui_policy::PackSet;
use serde_json::json;

use super::files;
use crate::cli::json::mistake;
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui policy check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Files, or folders of .toml files; the packs compiled in where left out.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Runs `hedui policy check`.
pub(super) fn run(arguments: &CheckArgs, context: &Context) -> Result<Answer, CliError> {
    let files = files(&arguments.paths)?;
    let read = files.len();
    let mistakes = PackSet::load(files).err().map(|m| m.0).unwrap_or_default();
    let exit = if mistakes.is_empty() {
        Exit::Success
    } else {
        Exit::BadInput
    };
    if context.output == Output::Json {
        let found: Vec<_> = mistakes.iter().map(mistake).collect();
        return Answer::json(&json!({ "files": read, "mistakes": found }), exit);
    }
    let lang = context.lang;
    let mut text: String = mistakes.iter().map(|m| format!("{m}\n")).collect();
    let found = mistakes.len();
    text.push_str(&if mistakes.is_empty() {
        lang.pick(
            format!("{read} 个政策包，没有错误\n"),
            format!("{read} pack(s), no mistake\n"),
        )
    } else {
        lang.pick(
            format!("{read} 个文件，{found} 处错误\n"),
            format!("{read} file(s), {found} mistake(s)\n"),
        )
    });
    Ok(Answer { text, exit })
}
