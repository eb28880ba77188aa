//! A layer of the configuration as a tree in which every key and value remembers where it stands.
//! Leaves the order of the layers to `layers`, and what the values mean to `kinds`.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Origin;

/// Keys with their values. Not `Debug`: it may hold secrets.
pub(super) type Table = BTreeMap<String, Entry>;

/// A key and its value.
#[derive(Clone)]
pub(super) struct Entry {
    /// Where the key stands.
    pub key: Origin,
    pub node: Node,
}

/// A value.
#[derive(Clone)]
pub(super) struct Node {
    pub value: Value,
    pub origin: Origin,
    /// What a higher layer replaced with this; it is still checked.
    pub under: Option<Box<Node>>,
}

/// What stands there.
#[derive(Clone)]
pub(super) enum Value {
    Table(Table),
    List(Vec<Node>),
    Text(String),
    Integer(i128),
    Switch(bool),
    /// Text of the environment or of a flag: its type is whatever is wanted there.
    Loose(String),
    /// What no setting is.
    Other(&'static str),
}

impl Value {
    /// For messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Table(_) => "a table",
            Value::List(_) => "a list",
            Value::Text(_) | Value::Loose(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Switch(_) => "true or false",
            Value::Other(name) => name,
        }
    }
}

impl Node {
    pub fn new(value: Value, origin: &Origin) -> Node {
        Node {
            value,
            origin: origin.clone(),
            under: None,
        }
    }

    /// This value, then those that it replaced.
    pub fn layers(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(Some(self), |node| node.under.as_deref())
    }
}

/// The tree of a TOML table; `origin` says where a span of its text stands.
pub(super) fn table(table: &DeTable<'_>, origin: &impl Fn(Range<usize>) -> Origin) -> Table {
    let entry = |key: &Spanned<_>, value| Entry {
        key: origin(key.span()),
        node: node(value, origin),
    };
    table
        .iter()
        .map(|(key, value)| (key.get_ref().to_string(), entry(key, value)))
        .collect()
}

/// The tree of a TOML value.
pub(super) fn node(value: &Spanned<DeValue<'_>>, origin: &impl Fn(Range<usize>) -> Origin) -> Node {
    let tree = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(switch) => Value::Switch(*switch),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other("a number beyond all bounds"), Value::Integer),
        DeValue::Float(_) => Value::Other("a number with a point"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, origin)).collect()),
        DeValue::Table(inner) => Value::Table(table(inner, origin)),
    };
    Node::new(tree, &origin(value.span()))
}
