//! A SQLite database of the department, opened read only; parameters are bound, never written into the query.
//! Leaves the meaning of the columns to the mapping.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hedui_core::{Failure, Subject};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags, Statement};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::query::BoundQuery;
use super::{Budget, Columns, push};
use crate::adapter::Limits;
use crate::mapping::Cell;
use crate::reason::Reason;
use crate::source::{Found, Rows, Source, sheet};

/// More connections than this gain nothing: readers share one file and the machine's cores.
const MAX_CONNECTIONS: usize = 4;

/// A SQLite source.
pub(in crate::source) struct Sqlite {
    shared: Arc<Shared>,
    permits: Arc<Semaphore>,
}

struct Shared {
    path: PathBuf,
    query: BoundQuery,
    columns: Vec<String>,
    max_bytes: usize,
    idle: Mutex<Vec<(FileId, Connection)>>,
}

/// Which file stands under the path and when it was written: departments put a new one there by renaming, or write one over it. What a connection
/// has read of the old it would go on believing, where both count as many changes.
type FileId = (u64, u64, u64, (i64, i64), (i64, i64));

impl Sqlite {
    pub(in crate::source) fn of(path: &str, query: BoundQuery, columns: Vec<String>, limits: Limits) -> Sqlite {
        let connections = (limits.max_concurrent_queries as usize).clamp(1, MAX_CONNECTIONS);
        let shared = Shared {
            path: PathBuf::from(path),
            query,
            columns,
            max_bytes: limits.max_response_bytes as usize,
            idle: Mutex::default(),
        };
        Sqlite {
            shared: Arc::new(shared),
            permits: Arc::new(Semaphore::new(connections)),
        }
    }

    /// Runs work on a connection off the async threads; at the deadline the statement under way is interrupted.
    async fn run<T: Send + 'static>(
        &self,
        deadline: Option<Instant>,
        work: impl FnOnce(&Shared, &Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let late = || Reason::SourceTimeout.failure();
        let permit = self.permits.clone().acquire_owned();
        let permit = match deadline {
            Some(deadline) => timeout_at(deadline, permit).await.map_err(|_| late())?,
            None => permit.await,
        };
        let permit = permit.map_err(|_| Reason::SourceUnavailable.failure())?;
        let running: Arc<Mutex<Option<InterruptHandle>>> = Arc::default();
        let (shared, handle) = (self.shared.clone(), running.clone());
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let (id, connection) = shared.connection()?;
            *handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection.get_interrupt_handle());
            let result = work(&shared, &connection);
            if result.is_ok() {
                let mut idle = shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.push((id, connection));
            }
            // Whatever failed on it, a connection may remember a file that was written over in its place: the next one looks anew.
            result
        });
        let done = match deadline {
            Some(deadline) => timeout_at(deadline, task).await.map_err(|_| {
                if let Some(handle) = running.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                    handle.interrupt();
                }
                late()
            })?,
            None => task.await,
        };
        done.unwrap_or_else(|_| Err(Reason::ConnectorPanicked.failure()))
    }
}

#[async_trait]
impl Source for Sqlite {
    async fn rows(&self, subjects: &[Subject], deadline: Instant) -> Result<Found, Failure> {
        let people: Vec<_> = subjects
            .iter()
            .map(|subject| self.shared.query.values(subject))
            .collect();
        self.run(Some(deadline), move |shared, connection| {
            let (mut statement, columns) = shared.prepare(connection)?;
            let budget = Budget::new(shared.max_bytes);
            let rows = people
                .iter()
                .map(|values| person(&mut statement, &columns, values, &budget));
            let rows: Found = rows.collect();
            let is_error =
                |rows: &Result<Rows, Failure>| matches!(rows, Err(f) if f.reason == Reason::SourceError.word());
            if rows.iter().any(is_error) {
                drop(statement);
                // A connection that knew the tables as they were finds out when it reads: now it says what is gone.
                shared.prepare(connection)?;
            }
            Ok(rows)
        })
        .await
    }

    async fn check(&self) -> Result<(), Failure> {
        self.run(None, |shared, connection| shared.prepare(connection).map(|_| ()))
            .await
    }
}

impl Shared {
    /// An idle connection to the file that stands there now, or a new one.
    fn connection(&self) -> Result<(FileId, Connection), Failure> {
        let id = file_id(&self.path)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(known, _)| *known == id);
        if let Some(found) = idle.pop() {
            return Ok(found);
        }
        drop(idle);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(|e| failure(&e))?;
        connection
            .busy_timeout(std::time::Duration::from_millis(200))
            .map_err(|e| failure(&e))?;
        Ok((id, connection))
    }

    fn prepare<'c>(&self, connection: &'c Connection) -> Result<(Statement<'c>, Columns), Failure> {
        let statement = connection
            .prepare(&self.query.text)
            .map_err(|error| match failure(&error) {
                // What cannot even be prepared does not fit the database: a table or column is not there.
                other if other.reason == Reason::SourceError.word() => lost(&error, &self.query.text),
                other => other,
            })?;
        if !statement.readonly() {
            return Err(Reason::SourceRefused.failure_at("the query would write"));
        }
        let columns = Columns::of(statement.column_names(), &self.columns)?;
        Ok((statement, columns))
    }
}

/// What a query names and the database does not have. Of SQLite's text only a name is passed on, and only one of the query itself.
fn lost(error: &rusqlite::Error, query: &str) -> Failure {
    let text = match error {
        rusqlite::Error::SqlInputError { msg, .. } | rusqlite::Error::SqliteFailure(_, Some(msg)) => msg.as_str(),
        _ => "",
    };
    for (word, what) in [("no such column: ", "column"), ("no such table: ", "table")] {
        let name = text.strip_prefix(word).filter(|name| query.contains(name));
        if let Some(name) = name {
            return Reason::SourceMissing.failure_at(format_args!("{what} {name}"));
        }
    }
    Reason::SourceMissing.failure_at("the query")
}

fn file_id(path: &Path) -> Result<FileId, Failure> {
    let metadata = std::fs::metadata(path).map_err(|_| Reason::SourceMissing.failure_at("the file"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let written = (metadata.mtime(), metadata.mtime_nsec());
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Ok((metadata.dev(), metadata.ino(), metadata.len(), written, changed))
    }
    #[cfg(not(unix))]
    {
        // No number of the file: its times tell a new one from the old.
        let seconds = |time: std::io::Result<std::time::SystemTime>| {
            let since = time.ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
            since.map_or((0, 0), |t| (t.as_secs().cast_signed(), i64::from(t.subsec_nanos())))
        };
        Ok((
            0,
            0,
            metadata.len(),
            seconds(metadata.modified()),
            seconds(metadata.created()),
        ))
    }
}

/// The rows of one person.
fn person(
    statement: &mut Statement<'_>,
    columns: &Columns,
    values: &[Option<String>],
    budget: &Budget,
) -> Result<Rows, Failure> {
    for (index, value) in (1..).zip(values) {
        statement.raw_bind_parameter(index, value).map_err(|e| failure(&e))?;
    }
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(|e| failure(&e))? {
        let cells = (0..columns.0.len()).map(|index| row.get_ref(index).map_or(Cell::Unreadable, cell));
        push(&mut found, columns, cells, budget)?;
    }
    Ok(found.into())
}

pub(in super::super) fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Text(String::new()),
        ValueRef::Integer(number) => Cell::Text(number.to_string()),
        ValueRef::Real(number) => sheet::number(number),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_or(Cell::Unreadable, |t| Cell::Text(t.to_owned())),
        ValueRef::Blob(_) => Cell::Unreadable,
    }
}

/// SQLite's own texts may quote values and paths, so only the code is used.
pub(in super::super) fn failure(error: &rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Reason::SourceTimeout.failure(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Reason::SourceUnavailable.failure_at("busy"),
        Some(ErrorCode::CannotOpen) => Reason::SourceMissing.failure_at("the file cannot be opened"),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Reason::SourceUnreadable.failure(),
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            Reason::SourceRefused.failure()
        }
        _ => Reason::SourceError.failure(),
    }
}
