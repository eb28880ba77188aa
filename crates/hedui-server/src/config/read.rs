//! Takes settings out of the tree one by one, remembers where each came from, and reports the keys that nobody takes.
//! Leaves which settings there are to `resolve`.

use super::kinds::{Kind, Sink};
use super::mistake::Report;
use super::origin::{Origin, Setting};
use super::raw::{Entry, Node, Table, Value};
use super::unknown::{self, Unknown};

/// What was found out while reading.
#[derive(Default)]
pub(super) struct Reader {
    pub report: Report,
    pub settings: Vec<Setting>,
    /// Dotted keys that exist, for hints.
    known: Vec<String>,
    unknown: Vec<Unknown>,
}

/// A setting with where it came from.
pub(super) struct Found<T> {
    pub value: T,
    pub origin: Origin,
}

/// A table of settings.
pub(super) struct Section {
    path: String,
    /// Where it begins.
    pub origin: Origin,
    table: Table,
    taken: Vec<&'static str>,
    /// Whether it takes effect; a list that a higher layer replaces is only checked.
    pub live: bool,
    /// Whether something else stands where the table should; then nothing is missing in it.
    broken: bool,
}

impl Section {
    pub fn root(table: Table) -> Section {
        Section {
            path: String::new(),
            origin: Origin::Default,
            table,
            taken: Vec::new(),
            live: true,
            broken: false,
        }
    }

    /// What stands for a table where something else is.
    fn broken(path: String, origin: &Origin, live: bool) -> Section {
        Section {
            path,
            origin: origin.clone(),
            live,
            broken: true,
            ..Section::root(Table::new())
        }
    }

    /// The dotted key of something in it.
    pub fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.taken.push(key);
        self.table.remove(key).map(|entry| entry.node)
    }

    /// The value in the highest layer that has one, after checking it in all.
    fn read<K: Kind>(&mut self, reader: &mut Reader, key: &'static str, kind: &K) -> Option<(Option<K::Out>, Origin)> {
        let node = self.take(key)?;
        let path = self.key(key);
        let mut sink = Sink {
            report: &mut reader.report,
            key: &path,
        };
        let values: Vec<Option<K::Out>> = node.layers().map(|layer| kind.read(layer, &mut sink)).collect();
        Some((values.into_iter().next().flatten(), node.origin))
    }

    fn record(&self, reader: &mut Reader, key: &str, value: String, origin: &Origin) {
        if self.live {
            reader.settings.push(Setting {
                key: self.key(key),
                value,
                origin: origin.clone(),
            });
        }
    }

    /// A setting with a default, which also stands for a wrong value.
    pub fn value<K: Kind>(
        &mut self,
        reader: &mut Reader,
        key: &'static str,
        kind: &K,
        default: K::Out,
    ) -> Found<K::Out> {
        let (value, origin) = self.read(reader, key, kind).unwrap_or((None, Origin::Default));
        let found = Found {
            value: value.unwrap_or(default),
            origin,
        };
        self.record(reader, key, kind.show(&found.value), &found.origin);
        found
    }

    /// A setting that may be left out; `absent` shows what that means.
    pub fn optional<K: Kind>(
        &mut self,
        reader: &mut Reader,
        key: &'static str,
        kind: &K,
        absent: &str,
    ) -> Option<K::Out> {
        let (value, origin) = self.read(reader, key, kind).unwrap_or((None, Origin::Default));
        let shown = value
            .as_ref()
            .map_or_else(|| absent.to_owned(), |value| kind.show(value));
        self.record(reader, key, shown, &origin);
        value
    }

    /// A setting that must be there; `None` where it is not, or is wrong.
    pub fn required<K: Kind>(&mut self, reader: &mut Reader, key: &'static str, kind: &K) -> Option<Found<K::Out>> {
        let Some((value, origin)) = self.read(reader, key, kind) else {
            if self.broken {
                return None;
            }
            let message = format!("`{}` is missing: {}", self.key(key), kind.wanted());
            reader
                .report
                .add(&self.origin, &self.key(key), "KEY_MISSING", message, None);
            return None;
        };
        let value = value?;
        self.record(reader, key, kind.show(&value), &origin);
        Some(Found { value, origin })
    }

    /// A table inside; empty where there is none.
    pub fn section(&mut self, reader: &mut Reader, key: &'static str) -> Section {
        let path = self.key(key);
        match self.take(key) {
            None => Section {
                path,
                ..Section::root(Table::new())
            },
            Some(node) => within(reader, path, &node, true),
        }
    }

    /// The tables of a list, in order: those that take effect, and those that a higher layer replaces.
    pub fn items(&mut self, reader: &mut Reader, key: &'static str) -> Vec<Section> {
        let path = self.key(key);
        let Some(node) = self.take(key) else { return Vec::new() };
        let mut sections = Vec::new();
        for (depth, layer) in node.layers().enumerate() {
            match &layer.value {
                Value::List(items) => {
                    let numbered = items.iter().enumerate();
                    sections.extend(numbered.map(|(n, item)| within(reader, format!("{path}[{n}]"), item, depth == 0)));
                }
                other => {
                    let message = format!(
                        "`{path}` must be a list of tables, each under [[{path}]], not {}",
                        other.type_name()
                    );
                    reader.report.add(&layer.origin, &path, "TYPE_WRONG", message, None);
                    sections.push(Section::broken(path.clone(), &layer.origin, depth == 0));
                }
            }
        }
        sections
    }

    /// The tables inside, under names of their own, with where each name stands.
    pub fn named(self, reader: &mut Reader) -> Vec<(String, Origin, Section)> {
        let path = self.path;
        let entry = |(name, entry): (String, Entry)| {
            let section = within(reader, format!("{path}.{name}"), &entry.node, true);
            (name, entry.key, section)
        };
        self.table.into_iter().map(entry).collect()
    }

    /// The values inside, all of one kind, under names of their own.
    pub fn values<K: Kind>(self, reader: &mut Reader, kind: &K) -> Vec<(String, Found<K::Out>)> {
        let mut values = Vec::new();
        for (name, entry) in &self.table {
            let key = self.key(name);
            let mut sink = Sink {
                report: &mut reader.report,
                key: &key,
            };
            let layers: Vec<Option<K::Out>> = entry.node.layers().map(|layer| kind.read(layer, &mut sink)).collect();
            if let Some(value) = layers.into_iter().next().flatten() {
                self.record(reader, name, kind.show(&value), &entry.node.origin);
                values.push((
                    name.clone(),
                    Found {
                        value,
                        origin: entry.key.clone(),
                    },
                ));
            }
        }
        values
    }

    /// Remembers the keys that exist, and those that nobody took.
    pub fn end(self, reader: &mut Reader) {
        if !self.path.contains('[') {
            reader.known.extend(self.taken.iter().map(|key| self.key(key)));
        }
        for (key, entry) in &self.table {
            for origin in unknown::places_of(entry) {
                reader.unknown.push(Unknown {
                    origin,
                    section: self.path.clone(),
                    key: key.clone(),
                    siblings: self.taken.clone(),
                });
            }
        }
    }
}

/// A table at `path`; where it is something else, that is reported.
fn within(reader: &mut Reader, path: String, node: &Node, live: bool) -> Section {
    if let Value::Table(table) = &node.value {
        let (origin, table) = (node.origin.clone(), table.clone());
        return Section {
            path,
            origin,
            live,
            ..Section::root(table)
        };
    }
    let message = format!("`{path}` must be a table of settings, not {}", node.value.type_name());
    reader.report.add(&node.origin, &path, "TYPE_WRONG", message, None);
    Section::broken(path, &node.origin, live)
}

impl Reader {
    /// Goes on from the mistakes found in the form of the layers.
    pub fn new(report: Report) -> Reader {
        Reader {
            report,
            ..Reader::default()
        }
    }

    /// All mistakes and all settings.
    pub fn finish(mut self) -> (Report, Vec<Setting>) {
        unknown::report(&self.unknown, &self.known, &mut self.report);
        (self.report, self.settings)
    }
}
