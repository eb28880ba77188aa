//! Walking a TOML table so that every mistake is collected with its path, not only the first.
//! Leaves what the values mean to `parse`.

use std::cell::RefCell;
use std::time::Duration;

use hedui_toml::{Step, hint, locate};
use toml::{Table, Value};

use super::ManifestError;

/// The mistakes found so far, shared by all tables of one document.
#[derive(Default)]
pub(crate) struct Mistakes(RefCell<Vec<(Vec<Step>, ManifestError)>>);

impl Mistakes {
    fn push(&self, steps: Vec<Step>, mistake: ManifestError) {
        self.0.borrow_mut().push((steps, mistake));
    }

    /// All of them with their places, in the order of the text.
    pub(crate) fn placed(self, text: &str) -> Vec<ManifestError> {
        let placed = self.0.into_inner().into_iter().map(|(steps, mistake)| {
            let name = mistake.reason == UNKNOWN;
            let place = Some(locate(text, &steps, name));
            ManifestError { place, ..mistake }
        });
        let mut placed: Vec<ManifestError> = placed.collect();
        // What concerns the same place stays in the order in which it was found.
        placed.sort_by_key(|mistake| mistake.place);
        placed
    }
}

/// A key that a table cannot do without is not there.
pub(crate) const MISSING: &str = "KEY_MISSING";
/// A key that nobody reads.
pub(crate) const UNKNOWN: &str = "KEY_UNKNOWN";
/// A value of another type or form.
pub(crate) const TYPE: &str = "TYPE_WRONG";
/// A value that cannot be.
pub(crate) const VALUE: &str = "VALUE_INVALID";

/// One table on the way: each key is taken once, what is left over is unknown.
pub(crate) struct Fields<'m> {
    table: Table,
    steps: Vec<Step>,
    mistakes: &'m Mistakes,
    /// Keys that were asked for, for hints.
    asked: RefCell<Vec<String>>,
}

/// `record[0].fields.plate`
fn shown(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.push_str(&format!(".{key}")),
            Step::Item(position) => text.push_str(&format!("[{position}]")),
        }
    }
    text
}

impl<'m> Fields<'m> {
    /// The whole document.
    pub(crate) fn new(table: Table, mistakes: &'m Mistakes) -> Fields<'m> {
        Fields::at(table, Vec::new(), mistakes)
    }

    fn at(table: Table, steps: Vec<Step>, mistakes: &'m Mistakes) -> Fields<'m> {
        Fields {
            table,
            steps,
            mistakes,
            asked: RefCell::default(),
        }
    }

    fn steps(&self, key: &str) -> Vec<Step> {
        let mut steps = self.steps.clone();
        if !key.is_empty() {
            steps.push(Step::Key(key.to_owned()));
        }
        steps
    }

    /// A value, or the whole table where `key` is empty, cannot be.
    pub(crate) fn mistake(&self, key: &str, message: impl Into<String>) {
        self.mistake_with(key, VALUE, message, None);
    }

    pub(crate) fn mistake_with(
        &self,
        key: &str,
        reason: &'static str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let steps = self.steps(key);
        let mistake = ManifestError {
            reason,
            hint,
            ..ManifestError::new(shown(&steps), message)
        };
        self.mistakes.push(steps, mistake);
    }

    /// A key is not there.
    pub(crate) fn is_list(&self, key: &str) -> bool {
        matches!(self.table.get(key), Some(Value::Array(_)))
    }

    pub(crate) fn missing(&self, key: &str) {
        self.mistake_with(key, MISSING, "is missing", None);
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.asked(key);
        self.table.contains_key(key)
    }

    fn asked(&self, key: &str) {
        self.asked.borrow_mut().push(key.to_owned());
    }

    fn take<T>(&mut self, key: &str, what: &str, read: impl FnOnce(Value) -> Option<T>) -> Option<T> {
        self.asked(key);
        let value = self.table.remove(key)?;
        let read = read(value);
        if read.is_none() {
            self.mistake_with(key, TYPE, format!("must be {what}"), None);
        }
        read
    }

    fn required<T>(&self, key: &str, present: bool, value: Option<T>) -> Option<T> {
        if !present {
            self.missing(key);
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

    /// Whether a duration is written in days.
    pub(crate) fn is_in_days(&self, key: &str) -> bool {
        let text = self.table.get(key).and_then(Value::as_str);
        text.is_some_and(|text| text.ends_with('d'))
    }

    pub(crate) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        self.take(key, "a list of texts", |value| match value {
            Value::Array(items) => items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        })
    }

    /// A list of texts, numbers or yes/no, not empty, as texts.
    pub(crate) fn scalars(&mut self, key: &str) -> Option<Vec<String>> {
        self.take(
            key,
            "a list of texts, whole numbers, true or false",
            |value| match value {
                Value::Array(items) if !items.is_empty() => items.into_iter().map(scalar).collect(),
                _ => None,
            },
        )
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
        let steps = self.steps(key);
        let table = self.take(key, "a table", |value| match value {
            Value::Table(table) => Some(table),
            _ => None,
        })?;
        Some(Fields::at(table, steps, self.mistakes))
    }

    pub(crate) fn required_table(&mut self, key: &str) -> Option<Fields<'m>> {
        let present = self.has(key);
        let table = self.table(key);
        self.required(key, present, table)
    }

    /// A list of tables, each with its own path.
    pub(crate) fn tables(&mut self, key: &str) -> Vec<Fields<'m>> {
        let steps = self.steps(key);
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
            .map(|(i, table)| {
                let steps = steps.iter().cloned().chain([Step::Item(i)]).collect();
                Fields::at(table, steps, self.mistakes)
            })
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
        self.asked(key);
        self.table.remove(key)
    }

    /// Walks a table that was taken raw from a key.
    pub(crate) fn below<T>(&self, table: Table, key: &str, walk: impl FnOnce(Fields<'m>) -> T) -> T {
        walk(Fields::at(table, self.steps(key), self.mistakes))
    }

    /// Reports what nobody took.
    pub(crate) fn finish(self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let hint = hint::nearest(key, asked.iter().map(String::as_str));
            self.mistake_with(key, UNKNOWN, "is not known here", hint);
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
