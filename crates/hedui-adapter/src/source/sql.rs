//! Databases that are asked in SQL: what all of them share, which is the query's parameters, the row shape and the limits on what comes back.
//! Leaves connecting, sessions and value types to the file of each database.

pub(super) mod mysql;
#[cfg(feature = "connector-odbc")]
pub(super) mod odbc;
pub(super) mod postgres;
mod postgres_line;
mod postgres_value;
pub(crate) mod query;
mod sampled;
pub(super) mod sqlite;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hedui_core::Failure;

use super::{MAX_ROWS, Source};
use crate::adapter::Limits;
use crate::manifest::{Connector, Manifest};
use crate::mapping::{Cell, Row};
use crate::reason::Reason;
use query::{BoundQuery, Dialect, bound, unbound};
use sampled::Sampled;

/// How long the self-test of a server waits: longer than any network that a department would be used over.
const CHECK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// How long the request to stop a query may take; after it the server's own statement timeout does the same.
const CANCEL_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);

/// The source of a manifest whose connector is a database, with the samples that its query is tried on.
pub(super) fn open(manifest: &Manifest, columns: Vec<String>) -> Result<Box<dyn Source>, Failure> {
    let (dialect, query, sample) = match &manifest.connector {
        Connector::Sqlite { query, sample, .. } => (Dialect::Sqlite, query, sample),
        Connector::Postgres(database) => (Dialect::Postgres, &database.query, &database.sample),
        Connector::Mysql(database) => (Dialect::Mysql, &database.query, &database.sample),
        Connector::Odbc(database) => (Dialect::Odbc, &database.query, &database.sample),
        _ => return Err(Reason::SourceMissing.failure_at("no database")),
    };
    let query = bound(query, dialect)?;
    let parameters = query.parameters.clone();
    let source = with_query(manifest, query, columns, manifest.limits)?;
    // One connection is enough for a question that is asked now and then.
    let limits = Limits {
        max_concurrent_queries: 1,
        ..manifest.limits
    };
    let sample = sample.iter().map(|text| {
        let query = unbound(text, dialect).map_err(|_| Reason::SourceMissing.failure_at("the sample"))?;
        with_query(manifest, query, Vec::new(), limits)
    });
    let sample = sample.collect::<Result<Vec<_>, Failure>>()?;
    Ok(if sample.is_empty() {
        source
    } else {
        Box::new(Sampled::new(source, sample, parameters))
    })
}

/// The database of a manifest, asked this.
fn with_query(
    manifest: &Manifest,
    query: BoundQuery,
    columns: Vec<String>,
    limits: Limits,
) -> Result<Box<dyn Source>, Failure> {
    let deadline = manifest.deadline;
    Ok(match &manifest.connector {
        Connector::Sqlite { path, .. } => Box::new(sqlite::Sqlite::of(path, query, columns, limits)),
        Connector::Postgres(database) => Box::new(postgres::Postgres::of(database, query, columns, limits, deadline)?),
        Connector::Mysql(database) => Box::new(mysql::Mysql::of(database, query, columns, limits, deadline)?),
        #[cfg(feature = "connector-odbc")]
        Connector::Odbc(database) => Box::new(odbc::Odbc::of(database, query, columns, limits, deadline)),
        #[cfg(not(feature = "connector-odbc"))]
        Connector::Odbc(_) => {
            return Err(Reason::SourceMissing.failure_at("this program was built without connector-odbc"));
        }
        _ => return Err(Reason::SourceMissing.failure_at("no database")),
    })
}

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
