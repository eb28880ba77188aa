//! A web service that answers XML, seen through one answer about a person of its test data: where the rows stand, and what they hold.
//! Leaves asking to the connector, and what the columns mean to `guess`.

use hedui_core::{Failure, Subject};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::{TableShape, of_answer};
use crate::adapter::Limits;
use crate::manifest::{HttpConnector, ReplyFormat};
use crate::reason::Reason;
use crate::source::http::{Form, Http, rows_in};

/// Asks about a person. Where the connector does not say where the rows stand, they stand where the person's number does: its `rows` are set, and its
/// format where the service does not say that it answers XML.
///
/// # Errors
/// The service does not answer, not in XML, or the number stands nowhere in it.
pub async fn look(
    connector: &mut HttpConnector,
    limits: Limits,
    subject: &Subject,
    deadline: Instant,
) -> Result<Vec<TableShape>, Failure> {
    let said = Http::new(connector, None, limits, None)?.whole(subject, deadline).await;
    let (tree, form) = match said {
        Ok((tree, Form::Xml)) => (tree, Form::Xml),
        // A service may call XML something else.
        _ if connector.format == ReplyFormat::ByContentType => {
            connector.format = ReplyFormat::Xml;
            Http::new(connector, None, limits, None)?
                .whole(subject, deadline)
                .await?
        }
        said => said?,
    };
    if connector.rows.is_empty() {
        let nowhere = || {
            Reason::SourceMissing
                .failure_at("the person's number stands in no element of the answer; say where the rows stand")
        };
        connector.rows = rows_path(&tree, subject).ok_or_else(nowhere)?;
    }
    let rows = rows_in(&tree, connector, form)?;
    if rows.is_empty() {
        return Err(Reason::SourceMissing.failure_at("no row about this person, so nothing shows its columns"));
    }
    Ok(vec![of_answer(&rows)])
}

/// The path of the rows: of what holds the person's number, the element with the most values, since an answer may repeat the question. What holds
/// the number alone is no row.
fn rows_path(tree: &Json, subject: &Subject) -> Option<String> {
    let legacy = subject.id.legacy_15();
    let is_number = |text: &str| {
        let text = text.trim();
        text.eq_ignore_ascii_case(subject.id.expose()) || legacy.as_ref().is_some_and(|legacy| text == legacy.expose())
    };
    let mut holders = Vec::new();
    holding(tree, "$", &is_number, &mut holders);
    let most = holders
        .iter()
        .map(|(values, _)| *values)
        .max()
        .filter(|most| *most > 1)?;
    let (_, path) = holders.into_iter().find(|(values, _)| *values == most)?;
    Some(format!("{path}[*]"))
}

/// Every element that holds the number itself, with how many values it has. Names that a path cannot hold are passed over.
fn holding(tree: &Json, path: &str, is_number: &impl Fn(&str) -> bool, found: &mut Vec<(usize, String)>) {
    match tree {
        Json::Array(items) => items.iter().for_each(|item| holding(item, path, is_number, found)),
        Json::Object(fields) => {
            let texts = fields.values().filter_map(text);
            if texts.clone().any(is_number) {
                found.push((texts.count(), path.to_owned()));
            }
            for (name, value) in fields {
                if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                    holding(value, &format!("{path}.{name}"), is_number, found);
                }
            }
        }
        _ => {}
    }
}

/// The text of an element, also where attributes stand beside it.
fn text(value: &Json) -> Option<&str> {
    match value {
        Json::String(text) => Some(text),
        Json::Object(fields) => fields.get("#text").and_then(Json::as_str),
        _ => None,
    }
}
