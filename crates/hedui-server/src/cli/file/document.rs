//! One tree for both formats of household files, with the line of every value where the format keeps it.
//! Leaves what the values mean to `reading.rs`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Mistake;

/// A value and where it stands.
#[derive(Clone, PartialEq)]
pub(super) struct Node {
    /// Line from 1; `None` in JSON.
    pub line: Option<usize>,
    /// The value.
    pub value: Value,
}

/// What stands in a file.
#[derive(Clone, PartialEq)]
pub(super) enum Value {
    /// Text.
    Text(String),
    /// A whole number that fits.
    Integer(i64),
    /// A date of TOML, in its text form.
    Date(String),
    /// True or false.
    Boolean(bool),
    /// A list.
    List(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<(String, Node)>),
    /// Anything that no field takes: fractions, null, numbers out of range.
    Other(&'static str),
}

impl Node {
    /// The value of a key, where this is a table.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// A mistake about the file as a whole.
pub(super) fn mistake(line: Option<usize>, reason: &str, message: String) -> Mistake {
    Mistake {
        line,
        field: "file".to_owned(),
        reason: reason.to_owned(),
        message,
    }
}

/// Reads TOML; all its syntax errors at once.
pub(super) fn toml(text: &str) -> Result<Node, Vec<Mistake>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let each = errors.iter().map(|error| {
            let line = error.span().map(|span| line_at(text, span.start));
            mistake(line, "TOML_SYNTAX", error.message().to_owned())
        });
        return Err(each.collect());
    }
    Ok(Node {
        line: Some(1),
        value: from_table(table.get_ref(), text),
    })
}

fn from_table(table: &DeTable<'_>, text: &str) -> Value {
    let entry = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        let line = Some(line_at(text, key.span().start));
        (
            key.get_ref().to_string(),
            Node {
                line,
                value: from_value(value.get_ref(), text),
            },
        )
    };
    Value::Table(table.iter().map(entry).collect())
}

fn from_value(value: &DeValue<'_>, text: &str) -> Value {
    match value {
        DeValue::String(content) => Value::Text(content.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Other("a number out of range"),
        },
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(moment) => Value::Date(moment.to_string()),
        DeValue::Array(items) => {
            let item = |item: &Spanned<DeValue<'_>>| Node {
                line: Some(line_at(text, item.span().start)),
                value: from_value(item.get_ref(), text),
            };
            Value::List(items.iter().map(item).collect())
        }
        DeValue::Table(table) => from_table(table, text),
    }
}

/// The line of a byte, from 1.
fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Reads JSON, which has one syntax error at most.
pub(super) fn json(text: &str) -> Result<Node, Vec<Mistake>> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => Ok(from_json(value)),
        // The reader's own words may quote the file, which holds people's numbers.
        Err(error) => Err(vec![mistake(
            Some(error.line()),
            "JSON_SYNTAX",
            format!("this is no JSON at column {}", error.column()),
        )]),
    }
}

fn from_json(value: serde_json::Value) -> Node {
    use serde_json::Value as Json;
    let value = match value {
        Json::String(content) => Value::Text(content),
        Json::Number(number) => number.as_i64().map_or(Value::Other("a fraction"), Value::Integer),
        Json::Bool(flag) => Value::Boolean(flag),
        Json::Null => Value::Other("null"),
        Json::Array(items) => Value::List(items.into_iter().map(from_json).collect()),
        Json::Object(entries) => Value::Table(
            entries
                .into_iter()
                .map(|(key, value)| (key, from_json(value)))
                .collect(),
        ),
    };
    Node { line: None, value }
}
