//! One tree for both formats of household files, with the line of every value where the format keeps it.
//! Leaves what the values mean to `reading.rs`.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
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

/// Reads JSON, of which the first error is told: of its form, or a key that stands twice in one table.
pub(super) fn json(text: &str) -> Result<Node, Vec<Mistake>> {
    serde_json::from_str::<Json>(text).map(|json| json.0).map_err(|error| {
        // The reader's own words may quote the file, which holds people's numbers.
        let what = if error.is_data() {
            "duplicate key"
        } else {
            "this is no JSON"
        };
        vec![mistake(
            Some(error.line()),
            "JSON_SYNTAX",
            format!("{what} at column {}", error.column()),
        )]
    })
}

/// Any JSON. Of two equal keys neither is taken: it would be chance which one somebody meant.
struct Json(Node);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        let value = deserializer.deserialize_any(AnyJson)?;
        Ok(Json(Node { line: None, value }))
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        let number = i64::try_from(number).map(Value::Integer);
        Ok(number.unwrap_or(Value::Other("a number out of range")))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other("a fraction"))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Boolean(flag))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Json(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table: Vec<(String, Node)> = Vec::new();
        let mut known = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !known.insert(key.clone()) {
                return Err(de::Error::custom("duplicate key"));
            }
            let Json(value) = entries.next_value()?;
            table.push((key, value));
        }
        Ok(Value::Table(table))
    }
}
