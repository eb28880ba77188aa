//! Databases that are asked in SQL: what all of them share, which is the query's parameters, the row shape and the limits on what comes back.
//! Leaves connecting, sessions and value types to the file of each database.

pub(super) mod mysql;
#[cfg(feature = "connector-odbc")]
pub(super) mod odbc;
pub(super) mod postgres;
mod postgres_line;
mod postgres_value;
pub(crate) mod query;
pub(super) mod sqlite;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hedui_core::Failure;

use super::MAX_ROWS;
use crate::mapping::{Cell, Row};
use crate::reason::Reason;

/// How long the self-test of a server waits: longer than any network that a department would be used over.
const CHECK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// How long the request to stop a query may take; after it the server's own statement timeout does the same.
const CANCEL_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);

/// The bytes that the answers of one household may still have.
struct Budget(AtomicUsize);

impl Budget {
    fn new(bytes: usize) -> Budget {
        Budget(AtomicUsize::new(bytes))
    }

    fn take(&self, bytes: usize) -> Result<(), Failure> {
        let less = |left: usize| left.checked_sub(bytes);
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken
            .map(|_| ())
            .map_err(|_| Reason::SourceTooLarge.failure_at("bytes"))
    }
}

/// The names of a result's columns, shared by its rows.
struct Columns(Vec<Arc<str>>);

impl Columns {
    /// The columns of a result, which must have all that the mapping reads.
    fn of<'n>(given: impl Iterator<Item = &'n str>, wanted: &[String]) -> Result<Columns, Failure> {
        let columns = Columns(given.map(Arc::from).collect());
        let given = |column: &&String| columns.0.iter().any(|name| name.as_ref() == column.as_str());
        match wanted.iter().find(|column| !given(column)) {
            Some(column) => Err(Reason::SourceMissing.failure_at(format_args!("column {column}"))),
            None => Ok(columns),
        }
    }
}

/// Adds a row to those of one person, within the limits.
fn push(
    rows: &mut Vec<Row>,
    columns: &Columns,
    cells: impl Iterator<Item = Cell>,
    budget: &Budget,
) -> Result<(), Failure> {
    if rows.len() >= MAX_ROWS {
        return Err(Reason::SourceTooLarge.failure_at("rows of one person"));
    }
    let mut row = Vec::with_capacity(columns.0.len());
    for (name, cell) in columns.0.iter().zip(cells) {
        if let Cell::Text(text) = &cell {
            budget.take(text.len())?;
        }
        row.push((name.clone(), cell));
    }
    rows.push(Row::of(row));
    Ok(())
}
