//! Any database with an ODBC driver: blocking calls on a bounded number of threads, parameters bound, nothing that a query wrote is kept.
//! Leaves the meaning of the columns to the mapping. Texts of drivers may quote values, so only their SQLSTATE is used.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hedui_core::{Failure, Subject};
use odbc_api::buffers::Indicator;
use odbc_api::parameter::{InputParameter, VarCharSliceMut};
use odbc_api::{
    Connection, ConnectionOptions, DataType, Error, IntoParameter as _, ResultSetMetadata as _, environment,
};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::query::BoundQuery;
use super::{Budget, CHECK_TIMEOUT, Columns, push};
use crate::adapter::Limits;
use crate::manifest::OdbcConnector;
use crate::mapping::Cell;
use crate::reason::Reason;
use crate::source::{Found, Rows, Source, sheet};

/// The largest text of one cell, 64 KiB: longer ones are no field of a register.
const CELL_BYTES: usize = 64 << 10;

/// Of a sample so many rows are read: not every database has a word for it.
const SAMPLE_ROWS: usize = 200;

/// How long connecting may take, where the driver knows of it.
const LOGIN_SECONDS: u32 = 5;

/// A source behind a driver.
pub(in crate::source) struct Odbc {
    shared: Arc<Shared>,
    /// A call that nobody waits for any longer keeps its place until the driver returns.
    places: Arc<Semaphore>,
}

struct Shared {
    connection: String,
    query: BoundQuery,
    /// So many rows are read.
    most: usize,
    columns: Vec<String>,
    max_bytes: usize,
    seconds: usize,
    idle: Mutex<Vec<Connection<'static>>>,
}

impl Odbc {
    pub(in crate::source) fn of(
        connector: &OdbcConnector,
        query: BoundQuery,
        columns: Vec<String>,
        limits: Limits,
        deadline: Duration,
    ) -> Odbc {
        // A query about nobody in particular is a sample, which is not read to its end.
        let most = if query.parameters.is_empty() {
            SAMPLE_ROWS
        } else {
            usize::MAX
        };
        let shared = Shared {
            connection: connector.connection_string(),
            query,
            most,
            columns,
            max_bytes: limits.max_response_bytes as usize,
            // Whole seconds are all that drivers know; at least one.
            seconds: usize::try_from(deadline.as_millis().div_ceil(1_000))
                .unwrap_or(1)
                .max(1),
            idle: Mutex::default(),
        };
        Odbc {
            shared: Arc::new(shared),
            places: Arc::new(Semaphore::new(limits.max_concurrent_queries as usize)),
        }
    }

    async fn ask(&self, people: Vec<Vec<Option<String>>>, deadline: Instant) -> Result<Found, Failure> {
        let asked = timeout_at(deadline, async {
            let place = self.places.clone().acquire_owned().await;
            let place = place.map_err(|_| Reason::SourceUnavailable.failure())?;
            let shared = self.shared.clone();
            let work = tokio::task::spawn_blocking(move || {
                let found = shared.ask(&people);
                drop(place);
                found
            });
            work.await.unwrap_or_else(|_| Err(Reason::ConnectorPanicked.failure()))
        });
        asked.await.unwrap_or_else(|_| Err(Reason::SourceTimeout.failure()))
    }
}

#[async_trait]
impl Source for Odbc {
    async fn rows(&self, subjects: &[Subject], deadline: Instant) -> Result<Found, Failure> {
        let people = subjects.iter().map(|subject| self.shared.query.values(subject));
        self.ask(people.collect(), deadline).await
    }

    async fn check(&self) -> Result<(), Failure> {
        let nobody = vec![vec![None; self.shared.query.parameters.len()]];
        let found = self.ask(nobody, Instant::now() + CHECK_TIMEOUT).await?;
        found.into_iter().try_for_each(|rows| rows.map(|_| ()))
    }
}

impl Shared {
    fn ask(&self, people: &[Vec<Option<String>>]) -> Result<Found, Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle.filter(|connection| !connection.is_dead().unwrap_or(true)) {
            Some(connection) => connection,
            None => connect(&self.connection)?,
        };
        let budget = Budget::new(self.max_bytes);
        let mut found = Found::with_capacity(people.len());
        for values in people {
            let rows = self.person(&connection, &budget, values);
            // A connection on which something failed is given up.
            if rows.is_err() {
                found.push(rows);
                let rest = found.last().and_then(|last| last.as_ref().err()).cloned();
                found.extend(people.iter().skip(found.len()).filter_map(|_| rest.clone().map(Err)));
                return Ok(found);
            }
            found.push(rows);
        }
        // Whatever a query may have written is not kept; it also ends the reading.
        connection.rollback().map_err(|error| failure(&error))?;
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        Ok(found)
    }

    fn person(
        &self,
        connection: &Connection<'static>,
        budget: &Budget,
        values: &[Option<String>],
    ) -> Result<Rows, Failure> {
        let wrong = |error: Error| failure(&error);
        let values = values.iter().cloned();
        let values: Vec<Box<dyn InputParameter>> = values.map(|v| Box::new(v.into_parameter()) as _).collect();
        let asked = connection.execute(&self.query.text, values.as_slice(), Some(self.seconds));
        let asked = match asked {
            // Not every driver can be told how long to take.
            Err(error) if state(&error).is_some_and(|state| state == "HYC00") => {
                connection.execute(&self.query.text, values.as_slice(), None)
            }
            asked => asked,
        };
        let mut cursor = asked
            .map_err(wrong)?
            .ok_or_else(|| Reason::SourceMissing.failure_at("the query gives no rows"))?;
        let names = cursor.column_names().map_err(wrong)?;
        let names = names.collect::<Result<Vec<String>, Error>>().map_err(wrong)?;
        let columns = Columns::of(names.iter().map(String::as_str), &self.columns)?;
        let mut found = Vec::new();
        each_row(&mut cursor, names.len(), |cells| {
            push(&mut found, &columns, cells.into_iter(), budget).map(|()| found.len() < self.most)
        })?;
        Ok(found.into())
    }
}

/// Connects; nothing is written for good.
fn connect(text: &str) -> Result<Connection<'static>, Failure> {
    let environment = environment().map_err(|_| Reason::SourceMissing.failure_at("the ODBC driver manager"))?;
    let options = ConnectionOptions {
        login_timeout_sec: Some(LOGIN_SECONDS),
        ..ConnectionOptions::default()
    };
    let connection = environment.connect_with_connection_string(text, options);
    let connection = connection.map_err(|error| failure(&error))?;
    connection.set_autocommit(false).map_err(|error| failure(&error))?;
    Ok(connection)
}

/// The rows of a cursor, until somebody has seen enough.
fn each_row(
    cursor: &mut impl odbc_api::Cursor,
    width: usize,
    mut see: impl FnMut(Vec<Cell>) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let wrong = |error: Error| failure(&error);
    let mut kinds = Vec::with_capacity(width);
    for place in (1u16..).take(width) {
        kinds.push((place, cursor.col_data_type(place).map_err(wrong)?));
    }
    let mut buffer = vec![0u8; CELL_BYTES];
    while let Some(mut row) = cursor.next_row().map_err(wrong)? {
        let mut cells = Vec::with_capacity(kinds.len());
        for (place, kind) in &kinds {
            let mut target = VarCharSliceMut::from_buffer(&mut buffer, Indicator::Null);
            row.get_data(*place, &mut target).map_err(wrong)?;
            if !target.is_complete() {
                return Err(Reason::SourceTooLarge.failure_at("a value"));
            }
            cells.push(cell(kind, target.as_bytes()));
        }
        if !see(cells)? {
            break;
        }
    }
    Ok(())
}

/// The names of so many tables and views, each with its schema where it has one: for whoever has no manifest yet.
pub(in crate::source) async fn tables(
    connector: &OdbcConnector,
    most: usize,
    patience: Duration,
) -> Result<Vec<(Option<String>, String)>, Failure> {
    let wrong = |error: Error| failure(&error);
    let text = |name: Option<&[u8]>| {
        let name = std::str::from_utf8(name?).ok()?.trim();
        (!name.is_empty()).then(|| name.to_owned())
    };
    apart(connector, patience, move |connection| {
        let mut found = Vec::new();
        for row in connection.tables("", "", "", "TABLE,VIEW").map_err(wrong)?.take(most) {
            let row = row.map_err(wrong)?;
            found.extend(text(row.table.as_bytes()).map(|name| (text(row.schema.as_bytes()), name)));
        }
        Ok(found)
    })
    .await
}

/// The names of a query's columns, and so many of its first rows.
pub(in crate::source) async fn first_rows(
    connector: &OdbcConnector,
    query: String,
    most: usize,
    patience: Duration,
) -> Result<(Vec<String>, Vec<Vec<Cell>>), Failure> {
    apart(connector, patience, move |connection| {
        let cursor = connection.execute(&query, (), None).map_err(|error| failure(&error))?;
        seen(
            cursor.ok_or_else(|| Reason::SourceMissing.failure_at("the table gives no rows"))?,
            most,
        )
    })
    .await
}

/// Works on a connection of its own, on a thread of its own. Whatever it may have written is not kept.
async fn apart<T: Send + 'static>(
    connector: &OdbcConnector,
    patience: Duration,
    work: impl FnOnce(&Connection<'static>) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let text = connector.connection_string();
    let work = tokio::task::spawn_blocking(move || {
        let connection = connect(&text)?;
        let done = work(&connection)?;
        connection.rollback().map_err(|error| failure(&error))?;
        Ok(done)
    });
    let late = |_| Reason::SourceTimeout.failure();
    let done = tokio::time::timeout(patience, work).await.map_err(late)?;
    done.unwrap_or_else(|_| Err(Reason::ConnectorPanicked.failure()))
}

fn seen(mut cursor: impl odbc_api::Cursor, most: usize) -> Result<(Vec<String>, Vec<Vec<Cell>>), Failure> {
    let wrong = |error: Error| failure(&error);
    let names = cursor.column_names().map_err(wrong)?;
    let names = names.collect::<Result<Vec<String>, Error>>().map_err(wrong)?;
    let mut rows = Vec::new();
    each_row(&mut cursor, names.len(), |cells| {
        rows.push(cells);
        Ok(rows.len() < most)
    })?;
    Ok((names, rows))
}

/// The text of a value. Numbers that the database keeps in floating point may have lost digits.
fn cell(kind: &DataType, bytes: Option<&[u8]>) -> Cell {
    let Some(bytes) = bytes else {
        return Cell::Text(String::new());
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Cell::Unreadable;
    };
    let text = text.trim();
    match kind {
        DataType::Float { .. } | DataType::Double | DataType::Real => {
            text.parse().map_or(Cell::Unreadable, sheet::number)
        }
        // Some drivers leave out the zero before the point.
        DataType::Numeric { .. } | DataType::Decimal { .. } => Cell::Text(match text.strip_prefix('-') {
            Some(rest) if rest.starts_with('.') => format!("-0{rest}"),
            None if text.starts_with('.') => format!("0{text}"),
            _ => text.to_owned(),
        }),
        DataType::Bit => match text {
            "1" => Cell::Text("true".to_owned()),
            "0" => Cell::Text("false".to_owned()),
            _ => Cell::Unreadable,
        },
        DataType::Binary { .. } | DataType::Varbinary { .. } | DataType::LongVarbinary { .. } => Cell::Unreadable,
        _ => Cell::Text(text.to_owned()),
    }
}

fn state(error: &Error) -> Option<String> {
    match error {
        Error::Diagnostics { record, .. } => Some(record.state.as_str().to_owned()),
        _ => None,
    }
}

fn failure(error: &Error) -> Failure {
    let Some(state) = state(error) else {
        return Reason::SourceError.failure_at("ODBC");
    };
    let at = format_args!("SQLSTATE {state}");
    match state.as_str() {
        "28000" => Reason::SourceRefused.failure_at("user and password"),
        "25006" => Reason::SourceRefused.failure_at("the query would write"),
        "HYT00" | "HYT01" | "57014" => Reason::SourceTimeout.failure(),
        "IM002" | "IM003" | "IM004" => Reason::SourceMissing.failure_at("the ODBC driver or data source"),
        _ if state.starts_with("42") || state.starts_with("07") => {
            Reason::SourceMissing.failure_at(format_args!("the query, SQLSTATE {state}"))
        }
        _ if state.starts_with("08") || state.starts_with("40") => Reason::SourceUnavailable.failure_at(at),
        _ => Reason::SourceError.failure_at(at),
    }
}
