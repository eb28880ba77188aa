//! `hedui adapter dry-run`: the rows that a source gives for a person, beside the records that come of them.
//! Leaves reading them to `hedui_adapter`. What is printed is for the one who asked: nothing of it is logged.

use std::path::PathBuf;

use clap::Args;
use hedui_adapter::mapping::Row;
use hedui_adapter::{Adapter as _, Manifest, MappedAdapter};
use hedui_core::{AnswerState, SubjectAnswer};
use serde_json::{Value, json};

use super::{PersonArgs, VariableArgs, clock, folders, invalid, opened};
use crate::cli::table::{Column, paragraph, table};
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui adapter dry-run`.
#[derive(Debug, Args)]
pub struct DryRunArgs {
    /// The department's folder.
    #[arg(value_name = "DIR")]
    path: PathBuf,
    #[command(flatten)]
    person: PersonArgs,
    #[command(flatten)]
    variables: VariableArgs,
}

/// A row and what became of it.
struct Read {
    row: Row,
    answer: SubjectAnswer,
}

/// Runs `hedui adapter dry-run`.
pub(super) async fn run(arguments: DryRunArgs, context: &Context) -> Result<Answer, CliError> {
    let mut found = folders(std::slice::from_ref(&arguments.path))?;
    let (Some(department), true) = (found.pop(), found.is_empty()) else {
        return Err(CliError::Usage(
            "name one department's folder, not a folder of several".to_owned(),
        ));
    };
    let manifest = opened(&department, &arguments.variables.given()?)?;
    let query = arguments.person.query(context)?;
    let subject = query
        .subjects
        .first()
        .cloned()
        .ok_or_else(|| CliError::Internal("a question about nobody".to_owned()))?;
    let deadline = tokio::time::Instant::now() + manifest.deadline;
    if manifest.mapping.is_none() || manifest.connector.is_plugin() {
        return Err(CliError::Usage(
            "this department is a plugin or an office: it has no rows here; `hedui adapter test` asks a plugin"
                .to_owned(),
        ));
    }
    let adapter = MappedAdapter::open_with(&manifest, clock(context));
    let adapter = adapter.map_err(|failure| invalid("connector", &failure.reason, failure.message))?;
    let rows = adapter.rows(&query, deadline).await;
    let answers = adapter.query(&query, deadline).await;
    let answer = match answers {
        Ok(mut answers) if answers.len() == 1 => answers.swap_remove(0),
        Ok(_) => {
            return Err(CliError::Internal(
                "a question about one person has another number of answers".to_owned(),
            ));
        }
        Err(failure) => SubjectAnswer::unreachable(0, hedui_adapter::cause_of(&failure), failure),
    };
    let rows: Vec<Read> = rows
        .unwrap_or_default()
        .into_iter()
        .map(|row| Read {
            answer: adapter.mapping().read(std::slice::from_ref(&row), &subject, &[]),
            row,
        })
        .collect();
    let exit = if answer.state.is_answer() {
        Exit::Success
    } else {
        Exit::BadInput
    };
    if context.output == Output::Json {
        return Answer::json(&as_json(&rows, &answer), exit);
    }
    Ok(Answer {
        text: render(&manifest, &rows, &answer, context),
        exit,
    })
}

/// The fields of the records as text, in order.
fn fields(answer: &SubjectAnswer) -> Vec<(String, String)> {
    let AnswerState::Found { records } = &answer.state else {
        return Vec::new();
    };
    let values = records.iter().filter_map(|record| serde_json::to_value(record).ok());
    let mut fields = Vec::new();
    for value in values {
        let Value::Object(object) = value else { continue };
        fields.extend(
            object
                .into_iter()
                .filter(|(_, value)| !value.is_null() && *value != json!(""))
                .map(|(name, value)| {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    (name, text)
                }),
        );
    }
    fields
}

fn said(answer: &SubjectAnswer) -> String {
    match &answer.failure {
        Some(failure) => format!("{}: {}", failure.reason, failure.message),
        None => answer.state.code().to_owned(),
    }
}

fn render(manifest: &Manifest, rows: &[Read], answer: &SubjectAnswer, context: &Context) -> String {
    let lang = context.lang;
    let mut text = format!("{}: {}\n", manifest.id, said(answer));
    for note in &answer.notes {
        text.push_str(&paragraph(&format!("! {note}"), 2, context.width));
    }
    for (i, read) in rows.iter().enumerate() {
        let number = i + 1;
        text.push_str(&lang.pick(
            format!("\n第 {number} 行 -> {}\n", said(&read.answer)),
            format!("\nrow {number} -> {}\n", said(&read.answer)),
        ));
        let fields = fields(&read.answer);
        let cells: Vec<(&str, &str)> = read.row.cells().collect();
        let lines = (0..cells.len().max(fields.len())).map(|line| {
            let cell = cells.get(line).copied().unwrap_or_default();
            let (field, value) = fields.get(line).cloned().unwrap_or_default();
            vec![cell.0.to_owned(), cell.1.to_owned(), field, value]
        });
        let headers = [
            (lang.pick("来源列", "column"), Column::Whole),
            (lang.pick("来源值", "value"), Column::Text),
            (lang.pick("字段", "field"), Column::Whole),
            (lang.pick("记录", "record"), Column::Text),
        ];
        text.push_str(&table(&headers, lines.collect(), 2, context.width));
        for note in &read.answer.notes {
            text.push_str(&paragraph(&format!("! {note}"), 2, context.width));
        }
    }
    text
}

fn as_json(rows: &[Read], answer: &SubjectAnswer) -> Value {
    let one = |answer: &SubjectAnswer| {
        let records = match &answer.state {
            AnswerState::Found { records } => serde_json::to_value(records).unwrap_or_default(),
            _ => json!([]),
        };
        json!({
            "state": answer.state.code(),
            "reason": answer.failure.as_ref().map(|f| f.reason.as_str()),
            "message": answer.failure.as_ref().map(|f| f.message.as_str()),
            "records": records,
            "notes": answer.notes,
        })
    };
    let rows = rows.iter().map(|read| {
        let cells: serde_json::Map<String, Value> = read
            .row
            .cells()
            .map(|(column, text)| (column.to_owned(), json!(text)))
            .collect();
        json!({ "cells": cells, "answer": one(&read.answer) })
    });
    json!({ "answer": one(answer), "rows": rows.collect::<Vec<_>>() })
}
