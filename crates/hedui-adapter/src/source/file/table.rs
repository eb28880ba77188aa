//! A whole file in memory: its columns under the names of the mapping, its rows by whom they are about, and what nobody can be told from.
//! Leaves reading the file to `sheet`, and when to read it to `file`.

use std::collections::HashMap;
use std::sync::Arc;

use hedui_core::{Failure, PartialDate, Subject};

use super::doubt::Doubt;
use crate::mapping::{Cell, DataOn, Row, Whose, is_id_number, key};
use crate::reason::Reason;
use crate::source::sheet::Sheet;
use crate::source::{MAX_ROWS, Rows};

/// Lines that a text names; of the others it says how many.
const MAX_NAMED: usize = 10;

/// What the mapping and the connector want of a file.
pub(super) struct Wanted {
    pub(super) key_column: String,
    /// The column of the name, where the mapping has one.
    pub(super) name_column: Option<String>,
    /// Columns of the mapping, and whether the file must have them.
    pub(super) columns: Vec<(String, bool)>,
    pub(super) spellings: Vec<(String, Vec<String>)>,
    pub(super) quarantine: bool,
    pub(super) may_be_empty: bool,
    pub(super) data_on: Option<DataOn>,
}

/// A file that was read whole.
pub(super) struct Table {
    header: Vec<Arc<str>>,
    rows: Vec<(usize, Vec<Cell>)>,
    index: HashMap<String, Vec<usize>>,
    /// Lines of which nobody can say whose they are.
    doubt: Doubt,
    /// Of which day the data is, as far as the file says.
    pub(super) data_on: Option<PartialDate>,
}

impl Wanted {
    /// Puts the columns under their names and the rows under their people.
    ///
    /// # Errors
    /// A column that is not there or there twice; lines that could be anybody's, unless they are quarantined; a file in which nobody stands.
    pub(super) fn table(&self, sheet: Sheet) -> Result<Table, Failure> {
        let header = self.header(&sheet.header)?;
        let key_at = header.iter().position(|name| **name == *self.key_column);
        let key_at = key_at.ok_or_else(|| missing(&self.key_column))?;
        let name_at = self.name_column.as_ref();
        let name_at = name_at.and_then(|column| header.iter().position(|name| **name == **column));
        let mut doubt = Doubt::new(sheet.unknown, name_at);
        let mut rows = sheet.rows;
        rows.retain(|(_, cells)| !cells.iter().all(is_blank));
        let mut index: HashMap<String, Vec<usize>> = HashMap::with_capacity(rows.len());
        let mut somebody = false;
        for (number, (line, cells)) in rows.iter().enumerate() {
            let whose = match cells.get(key_at) {
                Some(Cell::Text(text)) => {
                    somebody |= is_id_number(&key(text));
                    Whose::of(text)
                }
                Some(Cell::Unreadable) | None => Whose::Anybodys,
            };
            match whose {
                Whose::Of(who) => index.entry(who).or_default().push(number),
                whose => doubt.put(*line, whose, cells),
            }
        }
        let doubt = doubt.sorted();
        let unknown = doubt.anybodys();
        if !unknown.is_empty() && !self.quarantine {
            return Err(Reason::SourceUnreadable.failure_at(format_args!("whose {} is cannot be told", lines(unknown))));
        }
        self.holds_somebody(rows.len(), somebody, unknown)?;
        let mut table = Table {
            header,
            rows,
            index,
            doubt,
            data_on: None,
        };
        table.data_on = self.data_on(&table);
        Ok(table)
    }

    /// Out of a file without people nothing follows for anybody: an export that failed looks the same, and so does a column of something else.
    fn holds_somebody(&self, rows: usize, somebody: bool, unknown: &[usize]) -> Result<(), Failure> {
        if rows == 0 && unknown.is_empty() {
            let empty = Reason::SourceEmpty.failure_at(
                "the file has a header and no rows: export it again, or write may_be_empty = true where it may be so",
            );
            return if self.may_be_empty { Ok(()) } else { Err(empty) };
        }
        if somebody {
            return Ok(());
        }
        Err(Reason::SourceUnreadable.failure_at(format_args!(
            "no row has an id number in column {}: look whether it is the right column, and export it as text",
            self.key_column
        )))
    }

    /// The names under which the mapping knows the columns, in the order of the file.
    fn header(&self, given: &[String]) -> Result<Vec<Arc<str>>, Failure> {
        let mut header: Vec<Arc<str>> = given.iter().map(|name| Arc::from(name.as_str())).collect();
        let key_column = (self.key_column.clone(), true);
        for (column, required) in self.columns.iter().chain([&key_column]) {
            let at = match self.places(column, given).as_slice() {
                [at] => *at,
                [] if *required => return Err(missing(column)),
                [] => continue,
                _ => return Err(Reason::SourceUnreadable.failure_at(format_args!("column {column} is there twice"))),
            };
            if let Some(name) = header.get_mut(at) {
                *name = Arc::from(column.as_str());
            }
        }
        Ok(header)
    }

    /// Where a column stands: letter by letter, else without regard to blanks, width and case.
    fn places(&self, column: &str, given: &[String]) -> Vec<usize> {
        let spelled = self.spellings.iter().find(|(name, _)| name == column);
        let mut names = vec![column];
        names.extend(spelled.into_iter().flat_map(|(_, names)| names).map(String::as_str));
        let all = |same: &dyn Fn(&str, &str) -> bool| -> Vec<usize> {
            let places = given.iter().enumerate();
            let fits = places.filter(|(_, text)| names.iter().any(|name| same(name, text)));
            fits.map(|(at, _)| at).collect()
        };
        let exact = all(&|name, text| name == text);
        if exact.is_empty() {
            all(&|name, text| key(name) == key(text))
        } else {
            exact
        }
    }

    /// The latest day of a column, or what the manifest says.
    fn data_on(&self, table: &Table) -> Option<PartialDate> {
        match self.data_on.as_ref()? {
            DataOn::Value(date) => Some(*date),
            DataOn::Column(column, format) => {
                let at = table.header.iter().position(|name| **name == **column)?;
                let texts = table.rows.iter().filter_map(|(_, cells)| match cells.get(at) {
                    Some(Cell::Text(text)) => format.read(text.trim()).ok(),
                    _ => None,
                });
                texts.max()
            }
        }
    }
}

impl Table {
    /// The rows of a person, with what is to be said of the file they stand in.
    ///
    /// # Errors
    /// They are too many, or there is a row that may be theirs under a damaged number.
    pub(super) fn find(&self, subject: &Subject) -> Result<Rows, Failure> {
        if let Some(line) = self.doubt.damaged(subject).or_else(|| self.cut(subject)) {
            return Err(Reason::RowUnreadable.failure_at(format_args!("identity.id_number, line {line}")));
        }
        let by_id = self.index.get(subject.id.expose());
        let by_legacy = subject
            .id
            .legacy_15()
            .and_then(|legacy| self.index.get(legacy.expose()));
        let mut numbers: Vec<usize> = by_id.into_iter().chain(by_legacy).flatten().copied().collect();
        numbers.sort_unstable();
        if numbers.len() > MAX_ROWS {
            return Err(Reason::SourceTooLarge.failure_at("rows of one person"));
        }
        let rows = numbers.into_iter().filter_map(|number| {
            let (_, cells) = self.rows.get(number)?;
            Some(Row::of(self.header.iter().cloned().zip(cells.iter().cloned())))
        });
        let mut found = Rows {
            data_on: self.data_on,
            ..Rows::from(rows.collect::<Vec<Row>>())
        };
        let unknown = self.doubt.of(subject);
        if !unknown.is_empty() {
            let lines = lines(&unknown);
            found.notes.push(format!(
                "whose {lines} of the file is cannot be told: records may be missing"
            ));
            let doubt = Reason::SourceUnreadable.failure_at(format_args!("whose {lines} is cannot be told"));
            found.doubt = Some(doubt);
        }
        Ok(found)
    }

    /// The line under the person's number without its last three digits, where these look like a number of fifteen.
    fn cut(&self, subject: &Subject) -> Option<usize> {
        let rows = self.index.get(subject.id.expose().get(..15)?)?;
        let lines = rows.iter().filter_map(|number| self.rows.get(*number));
        let mut theirs = lines.filter(|(_, cells)| self.doubt.may_be_named(cells, subject));
        theirs.next().map(|(line, _)| *line)
    }
}

fn missing(column: &str) -> Failure {
    Reason::SourceMissing.failure_at(format_args!("column {column}"))
}

fn is_blank(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if text.trim().is_empty())
}

/// `line 3`, `lines 3, 17 and 4 more`.
fn lines(numbers: &[usize]) -> String {
    let named: Vec<String> = numbers.iter().take(MAX_NAMED).map(usize::to_string).collect();
    let more = numbers.len().saturating_sub(MAX_NAMED);
    let word = if numbers.len() == 1 { "line" } else { "lines" };
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("{word} {}{more}", named.join(", "))
}
