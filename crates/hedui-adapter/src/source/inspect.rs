//! What a source looks like from outside: its tables, their columns, and of which form their values are. Never a person's value.
//! Leaves what the columns mean to `guess`.

pub mod dropped;
#[cfg(feature = "connector-odbc")]
pub mod odbc;
pub mod server;
mod shape;
pub mod soap;
#[cfg(test)]
mod tests;

use std::path::Path;

use hedui_core::{Failure, Subject};
use rusqlite::{Connection, OpenFlags};
use tokio::time::Instant;

use super::http;
use super::sheet::{Format, Sheet};
use super::sql::sqlite;
use crate::adapter::Limits;
use crate::manifest::{HttpConnector, TextEncoding};
use crate::mapping::{Cell, Row, Value};
use crate::reason::Reason;

pub use shape::{Gathering, Shape};

/// Rows that are looked at: enough to see the forms, few enough for a table of a million.
const MAX_SEEN: usize = 500;
/// More tables than this nobody chooses from.
const MAX_TABLES: usize = 500;

/// A table, sheet or file.
#[derive(Clone, Debug)]
pub struct TableShape {
    /// Its name; empty where the source has none.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<ColumnShape>,
    /// How many rows were looked at.
    pub rows_seen: usize,
}

/// A column.
#[derive(Clone, Debug)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// Of which form its values are.
    pub shape: Shape,
}

impl TableShape {
    fn of<'r>(name: &str, header: &[String], rows: impl IntoIterator<Item = &'r [Cell]>) -> TableShape {
        let mut gathering: Vec<Gathering> = header.iter().map(|_| Gathering::default()).collect();
        let mut rows_seen = 0;
        for row in rows.into_iter().take(MAX_SEEN) {
            rows_seen += 1;
            for (cell, gathering) in row.iter().zip(&mut gathering) {
                match cell {
                    Cell::Text(text) => gathering.see(text),
                    Cell::Unreadable => gathering.see_unreadable(),
                }
            }
        }
        let columns = header.iter().zip(gathering).map(|(name, gathering)| ColumnShape {
            name: name.clone(),
            shape: gathering.shape(),
        });
        TableShape {
            name: name.to_owned(),
            columns: columns.collect(),
            rows_seen,
        }
    }
}

/// The tables and views of a SQLite database.
///
/// # Errors
/// The file is not there, or no database.
pub fn sqlite(path: &Path) -> Result<Vec<TableShape>, Failure> {
    let wrong = |error: rusqlite::Error| sqlite::failure(&error);
    if !path.is_file() {
        return Err(Reason::SourceMissing.failure_at("the file"));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(wrong)?;
    let mut names = connection
        .prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name LIMIT ?1")
        .map_err(wrong)?;
    let names = names
        .query_map([MAX_TABLES as i64], |row| row.get::<_, String>(0))
        .and_then(Iterator::collect::<Result<Vec<String>, _>>)
        .map_err(wrong)?;
    names
        .iter()
        .map(|name| table(&connection, name).map_err(wrong))
        .collect()
}

fn table(connection: &Connection, name: &str) -> Result<TableShape, rusqlite::Error> {
    let quoted = name.replace('"', "\"\"");
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{quoted}\" LIMIT {MAX_SEEN}"))?;
    let header: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.raw_query();
    let mut seen: Vec<Vec<Cell>> = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..header.len()).map(|i| row.get_ref(i).map(sqlite::cell));
        seen.push(cells.collect::<Result<_, _>>()?);
    }
    Ok(TableShape::of(name, &header, seen.iter().map(Vec::as_slice)))
}

/// A delimited text file: one table without a name.
///
/// # Errors
/// The file is not there, or cannot be read in this encoding.
pub fn csv(path: &Path, encoding: TextEncoding, delimiter: u8) -> Result<Vec<TableShape>, Failure> {
    let sheet = Format::Delimited { encoding, delimiter }.read(path)?;
    if sheet.header.len() < 2 {
        return Err(Reason::SourceUnreadable.failure_at("one column only: another delimiter?"));
    }
    if let Some(line) = sheet.unknown.first() {
        return Err(Reason::SourceUnreadable.failure_at(format_args!("line {line} has other columns")));
    }
    let unreadable = |cells: &[Cell]| cells.iter().any(|cell| matches!(cell, Cell::Unreadable));
    if sheet.rows.iter().any(|(_, cells)| unreadable(cells)) {
        return Err(Reason::SourceUnreadable.failure_at("not in this encoding"));
    }
    Ok(vec![of_sheet("", &sheet)])
}

/// The sheets of a workbook that have a header.
///
/// # Errors
/// The file is not there, or no workbook.
pub fn excel(path: &Path) -> Result<Vec<TableShape>, Failure> {
    let names = super::sheet::names(path)?;
    let sheets = names.into_iter().take(MAX_TABLES).filter_map(|name| {
        let format = Format::Workbook { sheet: name.clone() };
        // A sheet without a header holds no table.
        format.read(path).ok().map(|sheet| of_sheet(&name, &sheet))
    });
    Ok(sheets.collect())
}

/// A dBASE table: one table without a name, and the encoding that its texts are in, where it is not said.
///
/// # Errors
/// The file is not there, or no dBASE table.
pub fn dbf(path: &Path, encoding: Option<TextEncoding>) -> Result<(TextEncoding, Vec<TableShape>), Failure> {
    let read = |encoding: TextEncoding| Format::Dbf { encoding }.read(path).map(|sheet| (encoding, sheet));
    let damaged = |sheet: &Sheet| {
        let cells = sheet.rows.iter().flat_map(|(_, cells)| cells);
        cells.filter(|cell| matches!(cell, Cell::Unreadable)).count()
    };
    let (encoding, sheet) = match encoding {
        Some(encoding) => read(encoding)?,
        None => match (read(TextEncoding::Utf8), read(TextEncoding::Gb18030)) {
            // Chinese text in GB18030 is hardly ever UTF-8 by accident; text without any reads the same.
            (Ok((utf8, ours)), Ok((_, theirs)))
                if damaged(&ours) <= damaged(&theirs) && (ours.header != theirs.header || ours.rows != theirs.rows) =>
            {
                (utf8, ours)
            }
            (Ok(ours), Err(_)) => ours,
            (_, theirs) => theirs?,
        },
    };
    if let Some(row) = sheet.unknown.first() {
        return Err(Reason::SourceUnreadable.failure_at(format_args!("row {row} is neither there nor deleted")));
    }
    Ok((encoding, vec![of_sheet("", &sheet)]))
}

fn of_sheet(name: &str, sheet: &Sheet) -> TableShape {
    TableShape::of(
        name,
        &sheet.header,
        sheet.rows.iter().map(|(_, cells)| cells.as_slice()),
    )
}

/// The rows that a web service answers about one person: one table without a name.
///
/// # Errors
/// The service does not answer, or not in this form.
pub async fn http(
    connector: &HttpConnector,
    limits: Limits,
    subject: &Subject,
    deadline: Instant,
) -> Result<Vec<TableShape>, Failure> {
    let source: Box<dyn super::Source> = Box::new(http::Http::new(connector, None, limits, None)?);
    let mut found = source.rows(std::slice::from_ref(subject), deadline).await?;
    let rows = found.pop().unwrap_or_else(|| Ok(super::Rows::default()))?.rows;
    if rows.is_empty() {
        return Err(Reason::SourceMissing.failure_at("no row about this person, so nothing shows its columns"));
    }
    Ok(vec![of_answer(&rows)])
}

/// The shape of the rows that a service answers: every column that one of them has.
fn of_answer(rows: &[Row]) -> TableShape {
    let mut header: Vec<String> = Vec::new();
    for row in rows {
        for (column, _) in row.cells() {
            if !header.iter().any(|known| known == column) {
                header.push(column.to_owned());
            }
        }
    }
    of_rows("", &header, rows)
}

/// The shape of rows under a header.
fn of_rows(name: &str, header: &[String], rows: &[Row]) -> TableShape {
    let cells = rows.iter().map(|row| {
        let cell = |column: &String| match row.get(column) {
            Value::Text(text) => Cell::Text(text.to_owned()),
            Value::Empty => Cell::Text(String::new()),
            Value::Unreadable => Cell::Unreadable,
        };
        header.iter().map(cell).collect::<Vec<Cell>>()
    });
    let cells: Vec<Vec<Cell>> = cells.collect();
    TableShape::of(name, header, cells.iter().map(Vec::as_slice))
}
