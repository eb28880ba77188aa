//! A file that a department drops from time to time, held in memory with an index by id, and read again when it changes.
//! Leaves the form of the file to `sheet` and the meaning of its columns to the mapping.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use hedui_core::{Failure, Subject};
use tokio::time::{Instant, timeout_at};

use super::sheet::{Format, Sheet};
use super::{Found, MAX_ROWS, Source};
use crate::mapping::{Cell, Row, key};
use crate::reason::Reason;

/// A source in a file.
pub(super) struct File {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    format: Format,
    key_column: String,
    columns: Vec<String>,
    loaded: Mutex<Option<Arc<Loaded>>>,
}

/// What tells one state of the file from another.
type Stamp = (Option<SystemTime>, u64);

struct Loaded {
    stamp: Stamp,
    header: Vec<Arc<str>>,
    rows: Vec<(usize, Vec<Cell>)>,
    index: HashMap<String, Vec<usize>>,
}

impl File {
    pub(super) fn new(path: &str, format: Format, key_column: &str, columns: Vec<String>) -> File {
        let key_column = key_column.to_owned();
        let shared = Shared {
            path: PathBuf::from(path),
            format,
            key_column,
            columns,
            loaded: Mutex::default(),
        };
        File {
            shared: Arc::new(shared),
        }
    }

    async fn load(&self) -> Result<Arc<Loaded>, Failure> {
        let shared = self.shared.clone();
        let task = tokio::task::spawn_blocking(move || shared.current());
        task.await.unwrap_or_else(|_| Err(Reason::ConnectorPanicked.failure()))
    }
}

#[async_trait]
impl Source for File {
    async fn rows(&self, subjects: &[Subject], deadline: Instant) -> Result<Found, Failure> {
        // Past the deadline the reading goes on, for whoever asks next.
        let loaded = timeout_at(deadline, self.load())
            .await
            .map_err(|_| Reason::SourceTimeout.failure())??;
        Ok(subjects.iter().map(|subject| loaded.find(subject)).collect())
    }

    async fn check(&self) -> Result<(), Failure> {
        self.load().await.map(|_| ())
    }
}

impl Shared {
    /// The file as it is now; one caller reads, the others wait.
    fn current(&self) -> Result<Arc<Loaded>, Failure> {
        let mut held = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.stamp()?;
        if let Some(loaded) = held.as_ref().filter(|loaded| loaded.stamp == stamp) {
            return Ok(loaded.clone());
        }
        let sheet = self.format.read(&self.path)?;
        if self.stamp()? != stamp {
            return Err(Reason::SourceUnavailable.failure_at("the file is being replaced"));
        }
        let loaded = Arc::new(self.index(stamp, sheet)?);
        *held = Some(loaded.clone());
        Ok(loaded)
    }

    fn stamp(&self) -> Result<Stamp, Failure> {
        let metadata = std::fs::metadata(&self.path).map_err(|_| Reason::SourceMissing.failure_at("the file"))?;
        Ok((metadata.modified().ok(), metadata.len()))
    }

    fn index(&self, stamp: Stamp, sheet: Sheet) -> Result<Loaded, Failure> {
        let missing = |column: &str| Reason::SourceMissing.failure_at(format_args!("column {column}"));
        if let Some(column) = self.columns.iter().find(|column| !sheet.header.contains(column)) {
            return Err(missing(column));
        }
        let key_at = sheet.header.iter().position(|name| *name == self.key_column);
        let key_at = key_at.ok_or_else(|| missing(&self.key_column))?;
        let mut index: HashMap<String, Vec<usize>> = HashMap::with_capacity(sheet.rows.len());
        for (number, (line, cells)) in sheet.rows.iter().enumerate() {
            match cells.get(key_at) {
                Some(Cell::Text(text)) => index.entry(key(text)).or_default().push(number),
                // Whose row it is cannot be told, so nobody's "no record" could be trusted.
                _ => return Err(Reason::SourceUnreadable.failure_at(format_args!("the key in line {line}"))),
            }
        }
        let header = sheet.header.iter().map(|name| Arc::from(name.as_str())).collect();
        Ok(Loaded {
            stamp,
            header,
            rows: sheet.rows,
            index,
        })
    }
}

impl Loaded {
    fn find(&self, subject: &Subject) -> Result<Vec<Row>, Failure> {
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
        Ok(rows.collect())
    }
}
