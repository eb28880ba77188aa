//! Departments' sources made out of rows: real SQLite files, text files, workbooks and a small web server. For cases, simulations, tests.
//! Leaves inventing people and records to whoever has them; nothing here runs in production.

pub mod database;
mod filler;
mod memory;
mod server;
pub mod sftp;
mod typed;
mod write;

use std::path::{Path, PathBuf};

use hedui_core::{PartialDate, Record};
use hedui_ids::ResidentId;

use crate::manifest::{Connector, FileAt, FileConnector, Manifest, ReplyFormat};
use crate::mapping::{Inexpressible, Row};

pub use memory::Memory;
pub use server::SampleServer;
pub use typed::{Person, TypedAdapter};

/// A row for a table of the source.
#[derive(Clone, Debug)]
pub struct SampleRow {
    /// The table; the first of the source where none is named.
    pub table: Option<String>,
    /// Its cells.
    pub row: Row,
}

/// Why a sample cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The manifest's `[source]` does not say what is needed.
    #[error("the manifest's [source] lacks {0}")]
    Source(String),
    /// A file cannot be written.
    #[error("the sample cannot be written")]
    Io(#[from] std::io::Error),
    /// SQLite refuses.
    #[error("the sample database cannot be written")]
    Sqlite(#[from] rusqlite::Error),
    /// The workbook cannot be written.
    #[error("the sample workbook cannot be written")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A program that a sample server needs is not on the machine.
    #[error("install the Debian package {0}")]
    Program(&'static str),
    /// A server does not start, or refuses; invented data only.
    #[error("the sample server: {0}")]
    Server(String),
    /// A connector that needs a server, not a file.
    #[error("this connector has no file: use the sample server or a plugin")]
    NoFile,
}

impl SampleError {
    /// What kind of mistake: of the manifest, of the machine, of the call.
    pub const fn kind(&self) -> &'static str {
        match self {
            SampleError::Source(_) => "manifest",
            SampleError::Io(_) | SampleError::Sqlite(_) | SampleError::Workbook(_) => "write",
            SampleError::Program(_) | SampleError::Server(_) => "server",
            SampleError::NoFile => "use",
        }
    }
}

/// The row of a record, for the table it belongs in, with only the columns that the table has (a `when` column may be a constant of the query).
///
/// # Errors
/// As [`Mapping::to_row`](crate::Mapping::to_row); a manifest without mapping can hold nothing.
pub fn sample_row(
    manifest: &Manifest,
    record: &Record,
    id: &ResidentId,
    name: &str,
) -> Result<SampleRow, Inexpressible> {
    let record_type = record.body.record_type();
    let mapping = manifest.mapping.as_ref().ok_or_else(|| Inexpressible {
        record_type,
        fields: vec!["type".to_owned()],
    })?;
    let full = mapping.to_row(record, id, name)?;
    let Some(table) = manifest.table_of(record_type) else {
        return Ok(SampleRow { table: None, row: full });
    };
    let mut row = Row::new();
    for (column, text) in full
        .cells()
        .filter(|(column, _)| table.columns.iter().any(|c| c == column))
    {
        row.set(column, text);
    }
    Ok(SampleRow {
        table: Some(table.name.clone()),
        row,
    })
}

/// The manifest with its source in a folder or on the sample server: whatever is written for it goes there, never over the department's own data.
pub fn relocated(mut manifest: Manifest, folder: &Path, server: &SampleServer) -> Manifest {
    let inside = |path: &str| {
        let name = Path::new(path).file_name().unwrap_or(std::ffi::OsStr::new("source"));
        folder.join(name).display().to_string()
    };
    match &mut manifest.connector {
        Connector::Sqlite { path, .. } => *path = inside(path),
        // What was just made is complete, and new.
        Connector::Csv { file, .. } | Connector::Excel { file, .. } | Connector::Dbf { file, .. } => {
            *file.path_mut() = inside(file.path());
            (file.server, file.done, file.max_age) = (None, None, None);
            file.settle = std::time::Duration::ZERO;
        }
        Connector::Http(http) => {
            let rest = http.url.split_once("://").map_or("", |(_, rest)| rest);
            let path = rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or("/");
            http.url = format!("{}{path}", server.url());
            // The sample server knows neither certificates nor keys, and answers in JSON.
            (http.tls, http.sign) = (None, None);
            http.format = ReplyFormat::ByContentType;
        }
        _ => {}
    }
    manifest
}

/// Writes the file of the manifest's connector (SQLite, CSV, Excel, dBASE), over whatever stands there. A table in which nobody would
/// stand gets a row of somebody invented, since connectors believe no empty source.
///
/// # Errors
/// Columns or tables that `[source]` does not name, or a file that cannot be written.
pub fn materialise(manifest: &Manifest, rows: &[SampleRow]) -> Result<(), SampleError> {
    let rows = &*filler::filled(manifest, rows);
    match &manifest.connector {
        Connector::Sqlite { path, .. } => write::sqlite(manifest, path.as_ref(), rows),
        other if other.file().is_some_and(|file| file.server.is_some()) => Err(SampleError::NoFile),
        Connector::Csv {
            file,
            encoding,
            delimiter,
        } => write::csv(manifest, &made(file), *encoding, *delimiter, rows),
        Connector::Excel { file, sheet } => write::excel(manifest, &made(file), sheet, rows),
        Connector::Dbf { file, encoding } => write::dbf(manifest, &made(file), *encoding, rows),
        Connector::Postgres(_)
        | Connector::Mysql(_)
        | Connector::Odbc(_)
        | Connector::Http(_)
        | Connector::Grpc { .. }
        | Connector::Exec(_)
        | Connector::Json(_)
        | Connector::People(_)
        | Connector::Peer(_) => Err(SampleError::NoFile),
    }
}

/// The file that is made: in a folder, one of its pattern, of the day on which samples are.
fn made(file: &FileConnector) -> PathBuf {
    match &file.at {
        FileAt::Path(path) => PathBuf::from(path),
        FileAt::Folder(folder, pattern) => {
            let day = PartialDate::new(2019, 6, 30).map_or_else(String::new, |day| pattern.name(day));
            Path::new(folder).join(day)
        }
    }
}
