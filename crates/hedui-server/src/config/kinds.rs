//! The kinds of values: what is wanted, how it is read from a file, a variable or a flag, and how it is shown.
//! Leaves which setting is of which kind, and its bounds, to `resolve`.

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use super::mistake::Report;
use super::raw::{Node, Value};
use super::units::{parse_bytes, parse_duration, show_bytes, show_duration};
use super::{Origin, hint};

/// How much of a wrong value a message repeats, in characters.
const MAX_SHOWN_CHARS: usize = 40;

/// Where mistakes in one setting go.
pub(super) struct Sink<'r> {
    pub report: &'r mut Report,
    /// The setting, dotted.
    pub key: &'r str,
}

impl Sink<'_> {
    pub fn wrong_type<T>(&mut self, node: &Node, wanted: &str) -> Option<T> {
        let message = format!("`{}` must be {wanted}, not {}", self.key, node.value.type_name());
        self.report.add(&node.origin, self.key, "TYPE_WRONG", message, None);
        None
    }

    /// `found` is what was written, where that is no secret.
    pub fn wrong_value<T>(
        &mut self,
        node: &Node,
        wanted: &str,
        found: Option<&str>,
        hint: Option<String>,
    ) -> Option<T> {
        let found = found.map_or_else(String::new, |found| {
            let short: String = found.chars().take(MAX_SHOWN_CHARS).collect();
            format!(", not `{short}`")
        });
        let message = format!("`{}` must be {wanted}{found}", self.key);
        self.report.add(&node.origin, self.key, "VALUE_WRONG", message, hint);
        None
    }
}

/// A kind of value.
pub(super) trait Kind {
    /// What the setting is.
    type Out;
    /// For messages: "must be ...".
    fn wanted(&self) -> String;
    /// Reads it, or says what is wrong.
    fn read(&self, node: &Node, sink: &mut Sink<'_>) -> Option<Self::Out>;
    /// Shows it as the file would say it, without quotes.
    fn show(&self, value: &Self::Out) -> String;
}

/// A whole number within bounds, both included.
pub(super) struct Whole<T> {
    pub min: T,
    pub max: T,
}

impl<T: Copy + PartialOrd + Display + TryFrom<i128>> Kind for Whole<T> {
    type Out = T;

    fn wanted(&self) -> String {
        format!("a whole number from {} to {}", self.min, self.max)
    }

    fn read(&self, node: &Node, sink: &mut Sink<'_>) -> Option<T> {
        let (number, text) = match &node.value {
            Value::Integer(number) => (Some(*number), number.to_string()),
            Value::Loose(text) => (text.parse().ok(), text.clone()),
            _ => return sink.wrong_type(node, &self.wanted()),
        };
        let number = number.and_then(|number| T::try_from(number).ok());
        match number.filter(|number| self.min <= *number && *number <= self.max) {
            Some(number) => Some(number),
            None => sink.wrong_value(node, &self.wanted(), Some(&text), None),
        }
    }

    fn show(&self, value: &T) -> String {
        value.to_string()
    }
}

/// A size in bytes within bounds, both included.
pub(super) struct Bytes {
    pub min: u64,
    pub max: u64,
}

impl Kind for Bytes {
    type Out = u64;

    fn wanted(&self) -> String {
        format!(
            "a size from {} to {}, such as \"64KiB\" or \"256MiB\"",
            show_bytes(self.min),
            show_bytes(self.max)
        )
    }

    fn read(&self, node: &Node, sink: &mut Sink<'_>) -> Option<u64> {
        let (bytes, text) = match &node.value {
            Value::Integer(number) => (u64::try_from(*number).ok(), number.to_string()),
            Value::Text(text) => (parse_bytes(text), text.clone()),
            Value::Loose(text) => (parse_bytes(text).or_else(|| text.parse().ok()), text.clone()),
            _ => return sink.wrong_type(node, &self.wanted()),
        };
        match bytes.filter(|bytes| (self.min..=self.max).contains(bytes)) {
            Some(bytes) => Some(bytes),
            None => sink.wrong_value(node, &self.wanted(), Some(&text), None),
        }
    }

    fn show(&self, value: &u64) -> String {
        show_bytes(*value)
    }
}

/// A duration within bounds, both included.
pub(super) struct Span {
    pub min: Duration,
    pub max: Duration,
}

impl Kind for Span {
    type Out = Duration;

    fn wanted(&self) -> String {
        let (min, max) = (show_duration(self.min), show_duration(self.max));
        format!("a duration from {min} to {max}, such as \"500ms\", \"10s\" or \"5m\"")
    }

    fn read(&self, node: &Node, sink: &mut Sink<'_>) -> Option<Duration> {
        let (Value::Text(text) | Value::Loose(text)) = &node.value else {
            return sink.wrong_type(node, &self.wanted());
        };
        match parse_duration(text).filter(|span| (self.min..=self.max).contains(span)) {
            Some(span) => Some(span),
            None => sink.wrong_value(node, &self.wanted(), Some(text), None),
        }
    }

    fn show(&self, value: &Duration) -> String {
        show_duration(*value)
    }
}

/// `true` or `false`.
pub(super) struct Switch;

impl Kind for Switch {
    type Out = bool;

    fn wanted(&self) -> String {
        "true or false".to_owned()
    }

    fn read(&self, node: &Node, sink: &mut Sink<'_>) -> Option<bool> {
        match &node.value {
            Value::Switch(switch) => Some(*switch),
            Value::Loose(text) => match text.parse() {
                Ok(switch) => Some(switch),
                Err(_) => sink.wrong_value(node, &self.wanted(), Some(text), None),
            },
            _ => sink.wrong_type(node, &self.wanted()),
        }
    }

    fn show(&self, value: &bool) -> String {
        value.to_string()
    }
}

/// One of some names.
pub(super) struct Choice<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Kind for Choice<T> {
    type Out = T;

    fn wanted(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        names.join(" or ")
    }

    fn read(&self, node: &Node, sink: &mut Sink<'_>) -> Option<T> {
        let (Value::Text(text) | Value::Loose(text)) = &node.value else {
            return sink.wrong_type(node, &self.wanted());
        };
        if let Some((_, choice)) = self.0.iter().find(|(name, _)| name == text) {
            return Some(*choice);
        }
        let near = hint::nearest(text, self.0.iter().map(|(name, _)| *name));
        let hint = near.map(|near| format!("did you mean \"{near}\"?"));
        sink.wrong_value(node, &self.wanted(), Some(text), hint)
    }

    fn show(&self, value: &T) -> String {
        let name = self.0.iter().find(|(_, choice)| choice == value).map(|(name, _)| *name);
        name.unwrap_or_default().to_owned()
    }
}

/// The path of a file or folder. A relative one in a file is relative to that file's folder, elsewhere to the working directory.
pub(super) struct FilePath;

impl Kind for FilePath {
    type Out = PathBuf;

    fn wanted(&self) -> String {
        "a path".to_owned()
    }

    fn read(&self, node: &Node, sink: &mut Sink<'_>) -> Option<PathBuf> {
        let (Value::Text(text) | Value::Loose(text)) = &node.value else {
            return sink.wrong_type(node, &self.wanted());
        };
        if text.is_empty() || text.contains('\0') {
            return sink.wrong_value(node, &self.wanted(), Some(text), None);
        }
        let folder = match &node.origin {
            Origin::File { path, .. } => path.parent(),
            _ => None,
        };
        Some(folder.map_or_else(|| PathBuf::from(text), |folder| folder.join(text)))
    }

    fn show(&self, value: &PathBuf) -> String {
        value.display().to_string()
    }
}

/// A list, not empty, nothing in it twice. In a variable or a flag its items are separated by commas.
pub(super) struct ListOf<K>(pub K);

impl<K: Kind<Out: PartialEq>> Kind for ListOf<K> {
    type Out = Vec<K::Out>;

    fn wanted(&self) -> String {
        format!("a list, each {}", self.0.wanted())
    }

    fn read(&self, node: &Node, sink: &mut Sink<'_>) -> Option<Vec<K::Out>> {
        let items = match &node.value {
            Value::List(items) => items.clone(),
            Value::Loose(text) if text.is_empty() => Vec::new(),
            Value::Loose(text) => {
                let item = |item: &str| Node::new(Value::Loose(item.trim().to_owned()), &node.origin);
                text.split(',').map(item).collect()
            }
            _ => return sink.wrong_type(node, &self.wanted()),
        };
        if items.is_empty() {
            return sink.wrong_value(node, "a list with something in it, or left out", None, None);
        }
        let mut values = Vec::new();
        let mut good = true;
        for item in &items {
            match self.0.read(item, sink) {
                None => good = false,
                Some(value) if values.contains(&value) => {
                    let message = format!("`{}` lists {} twice", sink.key, self.0.show(&value));
                    sink.report.add(&item.origin, sink.key, "LISTED_TWICE", message, None);
                    good = false;
                }
                Some(value) => values.push(value),
            }
        }
        good.then_some(values)
    }

    fn show(&self, value: &Vec<K::Out>) -> String {
        let items: Vec<String> = value.iter().map(|item| self.0.show(item)).collect();
        items.join(",")
    }
}
