//! Places in a TOML text: line and column of a byte, and of the value to which a path leads.
//! Leaves what is wrong there to the reader.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Line and column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column in characters.
    pub column: usize,
}

impl Place {
    /// The place of a byte; of the end where the text is shorter.
    pub fn of(text: &str, at: usize) -> Place {
        let before = text.get(..at).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        Place {
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a table.
    Key(String),
    /// A position in a list, from 0.
    Item(usize),
}

/// Where a path leads: a text, number or list where it begins, a table where its name stands; `key` asks for the name in any case.
/// What is not there is reported where the last thing on the way stands.
pub fn locate(text: &str, path: &[Step], key: bool) -> Place {
    let (document, _) = DeTable::parse_recoverable(text);
    let mut at = 0;
    let mut here = Here::Table(document.get_ref());
    for (i, step) in path.iter().enumerate() {
        let Some((name, value)) = here.step(step) else { break };
        let last = i + 1 == path.len();
        at = match value.get_ref() {
            DeValue::Table(_) => name.start,
            _ if last && key => name.start,
            _ => value.span().start,
        };
        here = Here::Value(value.get_ref());
    }
    Place::of(text, at)
}

enum Here<'d, 'a> {
    Table(&'d DeTable<'a>),
    Value(&'d DeValue<'a>),
}

impl<'d, 'a> Here<'d, 'a> {
    fn step(&self, step: &Step) -> Option<(Range<usize>, &'d Spanned<DeValue<'a>>)> {
        match step {
            Step::Key(key) => {
                let table = match self {
                    Here::Table(table) => *table,
                    Here::Value(value) => value.as_table()?,
                };
                let (name, value) = table.iter().find(|(name, _)| name.get_ref() == key.as_str())?;
                Some((name.span(), value))
            }
            Step::Item(position) => {
                let Here::Value(value) = self else { return None };
                let item = value.as_array()?.get(*position)?;
                Some((item.span(), item))
            }
        }
    }
}
