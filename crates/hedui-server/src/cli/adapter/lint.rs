//! `hedui adapter lint`: every mistake of every folder, each with line, column and a hint.
//! Leaves finding them to `hedui_adapter::lint`.

use std::path::PathBuf;

use clap::Args;
use hedui_adapter::lint::{advice, lint};
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
    let given = arguments.variables.given()?;
    let (mut mistakes, mut advised) = (Vec::new(), Vec::new());
    for found in &folders {
        match lint(&found.folder, &found.at, &given) {
            Ok(manifest) => advised.extend(advice(&found.folder, &found.at, &manifest)),
            Err(found) => mistakes.extend(found.0),
        }
    }
    let exit = if mistakes.is_empty() {
        Exit::Success
    } else {
        Exit::BadInput
    };
    let read = folders.len();
    if context.output == Output::Json {
        let all = |found: &[hedui_toml::Mistake]| found.iter().map(mistake).collect::<Vec<_>>();
        let found = json!({ "departments": read, "mistakes": all(&mistakes), "advice": all(&advised) });
        return Answer::json(&found, exit);
    }
    let mut text: String = mistakes.iter().chain(&advised).map(|m| format!("{m}\n")).collect();
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
