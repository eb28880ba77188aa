//! Reads fields out of a tree and collects every mistake on the way, so that a clerk corrects a file once.
//! Leaves which fields there are to `file.rs`. Messages never quote a value: it may be a person's number.

use std::collections::BTreeMap;

use hedui_core::{Date, Fen, PartialDate};
use serde::de::DeserializeOwned;

use super::Mistake;
use super::document::{Node, Value};

/// What has been found wrong so far, and where everything stands.
#[derive(Default)]
pub(super) struct Reading {
    pub mistakes: Vec<Mistake>,
    pub lines: BTreeMap<String, usize>,
}

impl Reading {
    fn wrong(&mut self, line: Option<usize>, field: &str, reason: &str, message: impl Into<String>) {
        self.mistakes.push(Mistake {
            line,
            field: if field.is_empty() { "file" } else { field }.to_owned(),
            reason: reason.to_owned(),
            message: message.into(),
        });
    }
}

/// The fields of one table.
pub(super) struct Fields<'a> {
    node: &'a Node,
    path: String,
}

impl<'a> Fields<'a> {
    /// Opens a table and refuses the keys that it does not have.
    pub fn open(node: &'a Node, path: &str, keys: &[&str], reading: &mut Reading) -> Option<Fields<'a>> {
        let Value::Table(entries) = &node.value else {
            reading.wrong(
                node.line,
                path,
                "NOT_A_TABLE",
                format!("a table with the keys {}", keys.join(", ")),
            );
            return None;
        };
        for (key, value) in entries.iter().filter(|(key, _)| !keys.contains(&key.as_str())) {
            let message = format!("there is no such key; the keys here are {}", keys.join(", "));
            reading.wrong(value.line, &join(path, key), "UNKNOWN_KEY", message);
        }
        Some(Fields {
            node,
            path: path.to_owned(),
        })
    }

    /// A field.
    pub fn at(&mut self, key: &str) -> Field<'a> {
        self.as_path(key, key)
    }

    /// A field that the protocol names differently.
    pub fn as_path(&mut self, key: &str, name: &str) -> Field<'a> {
        Field {
            node: self.node.get(key),
            path: join(&self.path, name),
            parent_line: self.node.line,
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// One field, there or not. Every reader gives `None` where it is not there or is wrong; wrong ones are noted.
pub(super) struct Field<'a> {
    node: Option<&'a Node>,
    path: String,
    parent_line: Option<usize>,
}

impl Field<'_> {
    /// Notes it where it is not there.
    pub fn required(self, reading: &mut Reading) -> Self {
        if self.node.is_none() {
            reading.wrong(self.parent_line, &self.path, "MISSING", "this key is needed here");
        }
        self
    }

    fn read<T>(self, reading: &mut Reading, expected: &str, take: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let node = self.node?;
        note_line(node, &self.path, reading);
        let value = take(&node.value);
        if value.is_none() {
            reading.wrong(node.line, &self.path, "WRONG_VALUE", format!("write {expected}"));
        }
        value
    }

    /// Text.
    pub fn text(self, reading: &mut Reading) -> Option<String> {
        self.read(reading, "text in quotes", |value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// True or false.
    pub fn boolean(self, reading: &mut Reading) -> Option<bool> {
        self.read(reading, "true or false", |value| match value {
            Value::Boolean(flag) => Some(*flag),
            _ => None,
        })
    }

    /// A number of things.
    pub fn count(self, reading: &mut Reading) -> Option<u32> {
        self.read(reading, "a whole number from 0", |value| match value {
            Value::Integer(number) => u32::try_from(*number).ok(),
            _ => None,
        })
    }

    /// An amount in yuan, as text: a bare number could be taken for fen, and a hundredfold mistake would decide about aid.
    pub fn yuan(self, reading: &mut Reading) -> Option<Fen> {
        let expected = "yuan in quotes with at most two decimals, for example \"2400\" or \"2400.50\"";
        self.read(reading, expected, |value| match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// A whole date.
    pub fn date(self, reading: &mut Reading) -> Option<Date> {
        self.read(reading, "a date that exists, as YYYY-MM-DD", |value| match value {
            Value::Text(text) | Value::Date(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// A date, month or year.
    pub fn partial_date(self, reading: &mut Reading) -> Option<PartialDate> {
        let expected = "a month or day that exists, as \"YYYY-MM\" or \"YYYY-MM-DD\"";
        self.read(reading, expected, |value| match value {
            Value::Text(text) | Value::Date(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// One of a few words, in the spelling of the domain's own serde form.
    pub fn word<T: DeserializeOwned>(self, reading: &mut Reading, words: &str) -> Option<T> {
        self.read(reading, &format!("one of: {words}"), |value| match value {
            Value::Text(text) => serde_json::from_value(serde_json::Value::String(text.clone())).ok(),
            _ => None,
        })
    }

    /// A list of texts.
    pub fn texts(self, reading: &mut Reading) -> Option<Vec<String>> {
        let path = self.path.clone();
        self.items(reading, "a list of texts in quotes", |node, index, reading| {
            let path = format!("{path}[{index}]");
            let field = Field {
                node: Some(node),
                path,
                parent_line: None,
            };
            field.text(reading)
        })
    }

    /// A table.
    pub fn table<T>(
        self,
        reading: &mut Reading,
        read: impl FnOnce(&Node, &str, &mut Reading) -> Option<T>,
    ) -> Option<T> {
        let node = self.node?;
        note_line(node, &self.path, reading);
        read(node, &self.path, reading)
    }

    /// A list of tables.
    pub fn tables<T>(
        self,
        reading: &mut Reading,
        read: impl Fn(&Node, &str, &mut Reading) -> Option<T>,
    ) -> Option<Vec<T>> {
        let path = self.path.clone();
        self.items(reading, "a list of tables", |node, index, reading| {
            let path = format!("{path}[{index}]");
            note_line(node, &path, reading);
            read(node, &path, reading)
        })
    }

    /// Reads every item even after a wrong one; the list is `None` where one is wrong.
    fn items<T>(
        self,
        reading: &mut Reading,
        expected: &str,
        mut read: impl FnMut(&Node, usize, &mut Reading) -> Option<T>,
    ) -> Option<Vec<T>> {
        let node = self.node?;
        note_line(node, &self.path, reading);
        let Value::List(items) = &node.value else {
            reading.wrong(node.line, &self.path, "WRONG_VALUE", format!("write {expected}"));
            return None;
        };
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            all.push(read(item, index, reading));
        }
        all.into_iter().collect()
    }
}

fn note_line(node: &Node, path: &str, reading: &mut Reading) {
    if let Some(line) = node.line {
        reading.lines.insert(path.to_owned(), line);
    }
}
