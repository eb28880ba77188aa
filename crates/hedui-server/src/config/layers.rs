//! The layers that say something (file, environment, flags), laid over each other into one tree.
//! Leaves the defaults, the types and the unknown keys to `read` and `resolve`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::mem::discriminant;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::mistake::Report;
use super::raw::{self, Entry, Node, Table, Value};
use super::{Origin, Position};

/// What the names of all variables of hedui begin with.
const FAMILY: &str = "HEDUI_";
/// What the names of the variables that are settings begin with.
const PREFIX: &str = "HEDUI__";
/// Between the parts of a variable's name.
const SEPARATOR: &str = "__";
/// The lists of tables: outside the file they are given whole, in TOML.
const LISTS: [&str; 3] = ["callers", "signing_keys", "transparency.witnesses"];
/// Larger than any configuration that people write.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The tree of all layers, and what was wrong with their form.
pub(super) struct Layers {
    pub root: Table,
    pub report: Report,
    /// Whether all that was given could be read. If not, nothing can be said about what is missing.
    pub complete: bool,
}

/// The variables of this process whose names begin with `HEDUI_`. The only place that reads them. A variable that is not UTF-8 keeps
/// a replacement character, which [`super::Config::load`] refuses.
pub fn read_environment() -> BTreeMap<String, String> {
    let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = variables.filter(|(name, _)| name.starts_with(FAMILY));
    ours.map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect()
}

/// Lays the layers over each other.
pub(super) fn merge(file: Option<&Path>, environment: &BTreeMap<String, String>, flags: &[(String, String)]) -> Layers {
    let mut layers = Layers {
        root: Table::new(),
        report: Report::default(),
        complete: true,
    };
    if let Some(path) = file {
        layers.file(path);
    }
    for (variable, text) in environment {
        layers.variable(variable, text);
    }
    for (key, text) in flags {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        layers.set(&path, text, &Origin::Flag(key.clone()));
    }
    layers
}

/// How a dotted key is spelled in the layer of `origin`.
pub(super) fn spelled(key: &str, origin: &Origin) -> String {
    match origin {
        Origin::Environment(_) => {
            format!(
                "{PREFIX}{}",
                key.to_uppercase().replace('.', SEPARATOR).replace('-', "_")
            )
        }
        _ => key.to_owned(),
    }
}

impl Layers {
    fn file(&mut self, path: &Path) {
        let path: Arc<Path> = Arc::from(path);
        let at = |position| Origin::File {
            path: Arc::clone(&path),
            position,
        };
        let text = match read(&path) {
            Ok(text) => text,
            Err(reason) => {
                let message = format!("cannot read the file: {reason}");
                self.report.add(&at(None), "", "FILE_UNREADABLE", message, None);
                self.complete = false;
                return;
            }
        };
        let (table, mistakes) = DeTable::parse_recoverable(&text);
        for mistake in &mistakes {
            // Only the message: the error's display would repeat the line, which may hold a secret.
            let position = mistake.span().map(|span| position(&text, span.start));
            self.report.add(&at(position), "", "SYNTAX", mistake.message(), None);
        }
        if mistakes.is_empty() {
            self.root = raw::table(table.get_ref(), &|span| at(Some(position(&text, span.start))));
        } else {
            self.complete = false;
        }
    }

    fn variable(&mut self, variable: &str, text: &str) {
        let origin = Origin::Environment(variable.to_owned());
        let Some(name) = variable.strip_prefix(PREFIX) else {
            // `HEDUI_SERVER__LISTEN` would otherwise be passed over in silence.
            if let Some(name) = variable.strip_prefix(FAMILY).filter(|name| name.contains(SEPARATOR)) {
                let message = format!("settings begin with {PREFIX}, with two underscores");
                let hint = Some(format!("did you mean {PREFIX}{name}?"));
                self.report.add(&origin, "", "KEY_UNKNOWN", message, hint);
            }
            return;
        };
        let mut path: Vec<String> = name.split(SEPARATOR).map(str::to_lowercase).collect();
        if let [catalogue, overrides, department, ..] = path.as_mut_slice()
            && (catalogue.as_str(), overrides.as_str()) == ("catalogue", "overrides")
        {
            // Ids of departments have hyphens and no underscores; names of variables in a shell are the other way round.
            *department = department.replace('_', "-");
        }
        if text.contains(char::REPLACEMENT_CHARACTER) {
            self.report
                .add(&origin, &path.join("."), "VALUE_WRONG", "the value is not UTF-8", None);
        }
        self.set(&path, text, &origin);
    }

    /// Lays one value of the environment or of a flag over what is there.
    fn set(&mut self, path: &[String], text: &str, origin: &Origin) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        let key = path.join(".");
        if let Some(list) = LISTS
            .iter()
            .find(|list| key.strip_prefix(**list).is_some_and(|rest| rest.starts_with('.')))
        {
            let message = format!(
                "`{list}` is given whole here: its value is a TOML list, [{{ {} = \"...\", ... }}]",
                first_key(list)
            );
            self.report.add(origin, &key, "KEY_UNKNOWN", message, None);
            return;
        }
        let mut table = &mut self.root;
        for (depth, parent) in parents.iter().enumerate() {
            let entry = table.entry(parent.clone()).or_insert_with(|| Entry {
                key: origin.clone(),
                node: Node::new(Value::Table(Table::new()), origin),
            });
            let node = &mut entry.node;
            if !matches!(node.value, Value::Table(_)) {
                let name = path.get(..=depth).unwrap_or_default().join(".");
                let message = format!("`{name}` must be a table of settings, not {}", node.value.type_name());
                self.report.add(&node.origin, &name, "TYPE_WRONG", message, None);
                node.value = Value::Table(Table::new());
            }
            let Value::Table(inner) = &mut node.value else { return };
            table = inner;
        }
        let node = if LISTS.contains(&key.as_str()) {
            let Some(node) = inline(text, &key, origin, &mut self.report) else {
                self.complete = false;
                return;
            };
            node
        } else {
            Node::new(Value::Loose(text.to_owned()), origin)
        };
        overlay(table, last, node, &key, &mut self.report);
    }
}

/// Puts a value over the one that is there, which stays under it.
fn overlay(table: &mut Table, name: &str, mut node: Node, key: &str, report: &mut Report) {
    let Some(entry) = table.get_mut(name) else {
        table.insert(
            name.to_owned(),
            Entry {
                key: node.origin.clone(),
                node,
            },
        );
        return;
    };
    if matches!(entry.node.value, Value::Table(_)) {
        let message = format!("`{key}` must be a table of settings, not a text: set what is in it");
        report.add(&node.origin, key, "TYPE_WRONG", message, None);
        return;
    }
    if discriminant(&entry.node.origin) == discriminant(&node.origin) {
        let message = format!("`{key}` is given twice, also by {}", entry.node.origin);
        report.add(&node.origin, key, "KEY_TWICE", message, None);
    }
    std::mem::swap(&mut entry.node, &mut node);
    entry.node.under = Some(Box::new(node));
}

/// What an entry of a list begins with, for messages.
fn first_key(list: &str) -> &'static str {
    if list == "transparency.witnesses" { "name" } else { "id" }
}

/// A TOML value outside a file.
fn inline(text: &str, key: &str, origin: &Origin, report: &mut Report) -> Option<Node> {
    match DeValue::parse(text) {
        Ok(value) => Some(raw::node(&value, &|_| origin.clone())),
        Err(mistake) => {
            let message = format!(
                "`{key}` must be a TOML list, [{{ {} = \"...\", ... }}]: {}",
                first_key(key),
                mistake.message()
            );
            report.add(origin, key, "SYNTAX", message, None);
            None
        }
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let bytes = std::fs::File::open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)?;
    if bytes as u64 > MAX_FILE_BYTES {
        return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
    }
    Ok(text)
}

/// Line and column of a byte offset.
fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line,
        column: before.get(start..).unwrap_or_default().chars().count() + 1,
    }
}
