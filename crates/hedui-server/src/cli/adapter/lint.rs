//! `hedui adapter lint`: every mistake of every folder, each with line, column and a hint.
//! Leaves finding them to `hedui_adapter::lint`.

use std::path::PathBuf;

use clap::Args;
use hedui_adapter::lint::lint;
use serde_json::json;

use super::{VariableArgs, folders};
use crate::cli::json::mistake;
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui adapter lint`.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Departments' folders, or folders of them; the catalogue compiled in where left out.
    #[arg(value_name = "DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    variables: VariableArgs,
}

/// Runs `hedui adapter lint`.
pub(super) fn run(arguments: &LintArgs, context: &Context) -> Result<Answer, CliError> {
    let folders = folders(&arguments.paths)?;
    let given = arguments.variables.given();
    let mistakes: Vec<_> = folders
        .iter()
        .filter_map(|found| lint(&found.folder, &found.at, &given).err())
        .flat_map(|mistakes| mistakes.0)
        .collect();
    let exit = if mistakes.is_empty() {
        Exit::Success
    } else {
        Exit::BadInput
    };
    let read = folders.len();
    if context.output == Output::Json {
        let found: Vec<_> = mistakes.iter().map(mistake).collect();
        return Answer::json(&json!({ "departments": read, "mistakes": found }), exit);
    }
    let mut text: String = mistakes.iter().map(|m| format!("{m}\n")).collect();
    let found = mistakes.len();
    text.push_str(&if mistakes.is_empty() {
        context.lang.pick(
            format!("{read} 个部门，没有错误\n"),
            format!("{read} department(s), no mistake\n"),
        )
    } else {
        context.lang.pick(
            format!("{read} 个部门，{found} 处错误\n"),
            format!("{read} department(s), {found} mistake(s)\n"),
        )
    });
    Ok(Answer { text, exit })
}
