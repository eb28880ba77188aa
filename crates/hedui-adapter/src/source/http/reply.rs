//! What a web service answered: whether it says that it succeeded, and the rows. Nothing but an empty list is "no record".
//! Leaves asking to `http`, XML to `xml`, and the meaning of the columns to the mapping.

use std::sync::Arc;

use hedui_core::Failure;
use jsonpath_rust::JsonPath as _;
use serde_json::Value as Json;

use super::complete::{self, Lists};
use crate::manifest::{HttpConnector, Success};
use crate::mapping::{Cell, Row};
use crate::reason::Reason;
use crate::source::MAX_ROWS;

/// How deep row objects may nest: deeper than any service answers.
const MAX_DEPTH: usize = 8;

/// Out of what the tree was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Form {
    Json,
    /// A list of one is no list, and an empty one is not there.
    Xml,
}

/// The rows of one person.
///
/// # Errors
/// The answer says that it is none, is not the one described, or has null where the rows should be.
pub(super) fn rows(tree: &Json, connector: &HttpConnector, form: Form) -> Result<Vec<Row>, Failure> {
    if let Some(success) = &connector.success
        && !succeeded(tree, success)?
    {
        return Ok(Vec::new());
    }
    let (items, lists) = match form {
        Form::Json => json_rows(tree, connector)?,
        Form::Xml => xml_rows(tree, connector)?,
    };
    complete::check(tree, &lists, &connector.total)?;
    if items.len() > MAX_ROWS {
        return Err(Reason::SourceTooLarge.failure_at("rows of one person"));
    }
    items.into_iter().map(row).collect()
}

fn select<'j>(tree: &'j Json, path: &str, key: &str) -> Result<Vec<&'j Json>, Failure> {
    tree.query(path)
        .map_err(|_| Reason::SourceError.failure_at(format_args!("{key} path")))
}

/// Whether the answer brings rows (true), or says that the person has none.
fn succeeded(tree: &Json, success: &Success) -> Result<bool, Failure> {
    let said = select(tree, &success.path, "success")?;
    let among = |texts: &[String]| {
        let same = |value: &Json| match value {
            Json::String(text) => texts.iter().any(|wanted| wanted == text.trim()),
            Json::Number(_) | Json::Bool(_) => texts.contains(&value.to_string()),
            _ => false,
        };
        said.iter().all(|value| same(value))
    };
    if said.is_empty() {
        return Err(Reason::SourceUnreadable.failure_at("the answer does not say whether it succeeded"));
    }
    if among(&success.equals) {
        return Ok(true);
    }
    if among(&success.no_record) {
        return Ok(false);
    }
    Err(Reason::SourceError.failure_at("the answer says that it is none (success)"))
}

fn no_part() -> Failure {
    Reason::SourceUnreadable.failure_at("the answer has no rows part")
}

/// Null, which services write for an empty list and for an answer that they could not give.
fn null(connector: &HttpConnector) -> Result<(), Failure> {
    if connector.empty_is_null {
        return Ok(());
    }
    Err(Reason::SourceUnreadable.failure_at("null where the rows should be"))
}

/// Where the list itself is not there the answer is not the one described.
fn json_rows<'j>(tree: &'j Json, connector: &HttpConnector) -> Result<(Vec<&'j Json>, Lists<'j>), Failure> {
    let (path, list) = match connector.rows.strip_suffix("[*]") {
        Some(path) => (path, true),
        None => (connector.rows.as_str(), false),
    };
    let holders = select(tree, path, "rows")?;
    if holders.is_empty() {
        return Err(no_part());
    }
    let mut items = Vec::new();
    for holder in &holders {
        match holder {
            Json::Null => null(connector)?,
            Json::Array(rows) if list => items.extend(rows),
            object @ Json::Object(_) if !list => items.push(*object),
            _ => return Err(Reason::SourceUnreadable.failure_at("the rows part is of another form")),
        }
    }
    let lists = Lists {
        rows: holders,
        holders: Vec::new(),
    };
    Ok((items, lists))
}

/// What must be there is what holds the rows. Without a row in it it must be empty, unless the answer has said that it succeeded: what stands
/// there instead may be an error.
fn xml_rows<'j>(tree: &'j Json, connector: &HttpConnector) -> Result<(Vec<&'j Json>, Lists<'j>), Failure> {
    let path = connector.rows.strip_suffix("[*]").unwrap_or(&connector.rows);
    let holder = path.rsplit_once('.').map_or("$", |(holder, _)| holder);
    let holders = select(tree, holder, "rows")?;
    if holders.is_empty() {
        return Err(no_part());
    }
    let rows = select(tree, path, "rows")?;
    let mut items = Vec::new();
    for item in &rows {
        match item {
            Json::Null => null(connector)?,
            Json::Array(rows) => {
                if rows.iter().any(Json::is_null) {
                    null(connector)?;
                }
                items.extend(rows.iter().filter(|row| !row.is_null()));
            }
            item => items.push(*item),
        }
    }
    if items.is_empty() && connector.success.is_none() {
        for holder in &holders {
            match holder {
                Json::Null => null(connector)?,
                Json::String(text) if text.is_empty() => {}
                // Only nulls, which were allowed.
                Json::Object(_) if connector.empty_is_null && !rows.is_empty() => {}
                _ => return Err(Reason::SourceUnreadable.failure_at("something else stands where the rows should be")),
            }
        }
    }
    Ok((items, Lists { rows, holders }))
}

fn row(json: &Json) -> Result<Row, Failure> {
    if !json.is_object() {
        return Err(Reason::SourceUnreadable.failure_at("a row is no object"));
    }
    let mut cells = Vec::new();
    flatten("", json, MAX_DEPTH, &mut cells);
    Ok(Row::of(cells))
}

/// Nested objects give columns such as `owner.name`; lists cannot be a cell.
fn flatten(name: &str, json: &Json, depth: usize, cells: &mut Vec<(Arc<str>, Cell)>) {
    let cell = match json {
        Json::Object(object) if depth > 0 => {
            for (key, value) in object {
                let path = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(&path, value, depth - 1, cells);
            }
            return;
        }
        Json::Null => Cell::Text(String::new()),
        Json::String(text) => Cell::Text(text.clone()),
        Json::Bool(flag) => Cell::Text(flag.to_string()),
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(value) => crate::source::sheet::number(value),
            None => Cell::Text(number.to_string()),
        },
        Json::Object(_) | Json::Array(_) => Cell::Unreadable,
    };
    cells.push((Arc::from(name), cell));
}
