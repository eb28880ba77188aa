//! Walking a TOML table so that every mistake is collected with its path, not only the first.
//! Leaves what the values mean to `parse`.

use std::cell::RefCell;
use std::time::Duration;

use toml::{Table, Value};

use super::ManifestError;

/// The mistakes found so far, shared by all tables of one document.
pub(crate) type Mistakes = RefCell<Vec<ManifestError>>;

/// One table on the way: each key is taken once, what is left over is unknown.
pub(crate) struct Fields<'m> {
    table: Table,
    path: String,
    mistakes: &'m Mistakes,
}

impl<'m> Fields<'m> {
    pub(crate) fn new(table: Table, path: impl Into<String>, mistakes: &'m Mistakes) -> Fields<'m> {
        Fields {
            table,
            path: path.into(),
            mistakes,
        }
    }

    /// `path.key`
    pub(crate) fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(crate) fn mistake(&self, key: &str, message: impl Into<String>) {
        let path = if key.is_empty() {
            self.path.clone()
        } else {
            self.at(key)
        };
        self.mistakes.borrow_mut().push(ManifestError {
            path,
            message: message.into(),
        });
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn take<T>(&mut self, key: &str, what: &str, read: impl FnOnce(Value) -> Option<T>) -> Option<T> {
        let value = self.table.remove(key)?;
        let read = read(value);
        if read.is_none() {
            self.mistake(key, format!("must be {what}"));
        }
        read
    }

    fn required<T>(&self, key: &str, present: bool, value: Option<T>) -> Option<T> {
        if !present {
            self.mistake(key, "is missing");
        }
        value
    }

    /// Text that is not blank.
    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        self.take(key, "text that is not blank", |value| match value {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        })
    }

    /// Text, maybe empty.
    pub(crate) fn any_text(&mut self, key: &str) -> Option<String> {
        self.take(key, "text", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    pub(crate) fn required_text(&mut self, key: &str) -> String {
        let present = self.has(key);
        let text = self.text(key);
        self.required(key, present, text).unwrap_or_default()
    }

    /// A text, number or yes/no, as text.
    pub(crate) fn scalar(&mut self, key: &str) -> Option<String> {
        self.take(key, "text, a whole number, true or false", scalar)
    }

    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        self.take(key, "true or false", |value| value.as_bool())
    }

    /// A whole number from `low` to `high`.
    pub(crate) fn number(&mut self, key: &str, low: u64, high: u64) -> Option<u64> {
        self.take(key, &format!("a whole number from {low} to {high}"), |value| {
            let number = u64::try_from(value.as_integer()?).ok()?;
            (low..=high).contains(&number).then_some(number)
        })
    }

    /// A duration such as `250ms`, `3s`, `10m`, `24h`, `7d`.
    pub(crate) fn duration(&mut self, key: &str) -> Option<Duration> {
        self.take(
            key,
            "a duration such as \"250ms\", \"3s\", \"10m\", \"24h\" or \"7d\"",
            |value| duration(value.as_str()?),
        )
    }

    pub(crate) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        self.take(key, "a list of texts", |value| match value {
            Value::Array(items) => items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        })
    }

    pub(crate) fn numbers(&mut self, key: &str, low: u64, high: u64) -> Option<Vec<u64>> {
        self.take(
            key,
            &format!("a list of whole numbers from {low} to {high}"),
            |value| match value {
                Value::Array(items) => items
                    .into_iter()
                    .map(|item| {
                        u64::try_from(item.as_integer()?)
                            .ok()
                            .filter(|n| (low..=high).contains(n))
                    })
                    .collect(),
                _ => None,
            },
        )
    }

    /// A table below, with its own path.
    pub(crate) fn table(&mut self, key: &str) -> Option<Fields<'m>> {
        let path = self.at(key);
        let table = self.take(key, "a table", |value| match value {
            Value::Table(table) => Some(table),
            _ => None,
        })?;
        Some(Fields::new(table, path, self.mistakes))
    }

    pub(crate) fn required_table(&mut self, key: &str) -> Option<Fields<'m>> {
        let present = self.has(key);
        let table = self.table(key);
        self.required(key, present, table)
    }

    /// A list of tables, each with its own path.
    pub(crate) fn tables(&mut self, key: &str) -> Vec<Fields<'m>> {
        let path = self.at(key);
        let items = self.take(key, "a list of tables", |value| match value {
            Value::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    Value::Table(table) => Some(table),
                    _ => None,
                })
                .collect::<Option<Vec<Table>>>(),
            _ => None,
        });
        let items = items.unwrap_or_default().into_iter().enumerate();
        items
            .map(|(i, table)| Fields::new(table, format!("{path}[{i}]"), self.mistakes))
            .collect()
    }

    /// Every remaining key with its text, number or flag as text, in order of the document.
    pub(crate) fn rest(mut self) -> Vec<(String, String)> {
        let keys: Vec<String> = self.table.keys().cloned().collect();
        let pairs = keys
            .into_iter()
            .filter_map(|key| self.scalar(&key).map(|text| (key, text)))
            .collect();
        self.finish();
        pairs
    }

    /// Every remaining key.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// The raw value of a key.
    pub(crate) fn raw(&mut self, key: &str) -> Option<Value> {
        self.table.remove(key)
    }

    /// Walks a table that was taken raw.
    pub(crate) fn below<T>(&self, table: Table, path: String, walk: impl FnOnce(Fields<'m>) -> T) -> T {
        walk(Fields::new(table, path, self.mistakes))
    }

    /// Reports what nobody took.
    pub(crate) fn finish(self) {
        for key in self.table.keys() {
            self.mistake(key, "is not known here");
        }
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}
