//! A row of a source: named cells of text, as every connector hands them over.
//! Leaves what the columns mean to the mapping.

use std::sync::Arc;

/// What stands in a cell.
#[derive(Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text, without blanks at the ends; may be empty.
    Text(String),
    /// Something that cannot be read: wrong encoding, an id kept as a number that lost digits.
    Unreadable,
}

/// What a column gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// No such column, no value, or blanks.
    Empty,
    /// Text without blanks at the ends.
    Text(&'a str),
    /// Something that cannot be read.
    Unreadable,
}

/// One row. Holds personal data: `Debug` shows the columns only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Row {
    cells: Vec<(Arc<str>, Cell)>,
}

impl Row {
    /// An empty row.
    pub fn new() -> Row {
        Row::default()
    }

    /// A row of cells in the order of the source.
    pub fn of(cells: impl IntoIterator<Item = (Arc<str>, Cell)>) -> Row {
        Row {
            cells: cells.into_iter().collect(),
        }
    }

    /// What a column gives.
    pub fn get(&self, column: &str) -> Value<'_> {
        match self.cells.iter().find(|(name, _)| name.as_ref() == column) {
            None => Value::Empty,
            Some((_, Cell::Unreadable)) => Value::Unreadable,
            Some((_, Cell::Text(text))) => match text.trim() {
                "" => Value::Empty,
                text => Value::Text(text),
            },
        }
    }

    /// Whether the source gave such a column, even without a value.
    pub fn has(&self, column: &str) -> bool {
        self.cells.iter().any(|(name, _)| name.as_ref() == column)
    }

    /// Writes a cell over whatever the column held.
    pub fn set(&mut self, column: &str, text: impl Into<String>) {
        let cell = Cell::Text(text.into());
        match self.cells.iter_mut().find(|(name, _)| name.as_ref() == column) {
            Some((_, old)) => *old = cell,
            None => self.cells.push((Arc::from(column), cell)),
        }
    }

    /// The text of the first column as the source gave it, blanks and all; none where it cannot be read, or where there is no column.
    pub(crate) fn first(&self) -> Option<&str> {
        match self.cells.first() {
            Some((_, Cell::Text(text))) => Some(text),
            Some((_, Cell::Unreadable)) | None => None,
        }
    }

    /// The columns and their readable text, in order; empty text where there is none.
    pub fn cells(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cells.iter().map(|(name, cell)| match cell {
            Cell::Text(text) => (name.as_ref(), text.as_str()),
            Cell::Unreadable => (name.as_ref(), ""),
        })
    }
}

/// Only the columns.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.cells.iter().map(|(name, _)| name)).finish()
    }
}
