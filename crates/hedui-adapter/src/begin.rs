//! The beginning of a department's folder: a manifest that answers as it stands, and cases of invented people that prove it.
//! Leaves looking at the source to `source::inspect` and choosing the columns to `guess`.

mod render;
#[cfg(test)]
mod tests;

use hedui_core::RecordType;

use crate::guess::{GuessError, Named, guess};
use crate::manifest::{
    DatabaseConnector, HttpConnector, Manifest, ManifestError, OdbcConnector, SftpServer, TextEncoding,
};
use crate::source::inspect::TableShape;
use crate::source::inspect::server::Server;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Id of the department.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// How the source is reached.
    pub connector: BeginConnector,
    /// What it looks like.
    pub table: TableShape,
    /// What its rows are; the likeliest where left out.
    pub records: Option<RecordType>,
    /// Columns that somebody named for fields.
    pub named: Vec<Named>,
}

/// How the source is reached, as far as a manifest writes it; texts may use `${variables}`.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one exists, for as long as a manifest is written"
)]
pub enum BeginConnector {
    /// A SQLite database.
    Sqlite {
        /// The file.
        path: String,
    },
    /// A delimited text file.
    Csv {
        /// The file.
        file: BeginFile,
        /// How it is encoded.
        encoding: TextEncoding,
        /// What separates the fields.
        delimiter: char,
    },
    /// A workbook.
    Excel {
        /// The file.
        file: BeginFile,
    },
    /// A dBASE table.
    Dbf {
        /// The file.
        file: BeginFile,
        /// How its texts are encoded.
        encoding: TextEncoding,
    },
    /// A table of a database server. The query is written here; the password is a `${variable}`.
    Server(Server, DatabaseConnector),
    /// A table behind an ODBC driver. The query is written here; the password is a `${variable}`.
    Odbc(OdbcConnector),
    /// A web service.
    Http(HttpConnector),
}

/// Where a file lies, as far as a manifest writes it; texts may use `${variables}`.
#[derive(Clone, Debug, Default)]
pub struct BeginFile {
    /// The file, or the folder that files are dropped in.
    pub at: String,
    /// Of a folder: the pattern of the names, and the ending of the file that says that one is complete.
    pub dropped: Option<(String, Option<String>)>,
    /// The server on which it lies; what it is logged in with is a `${variable}`. This machine where there is none.
    pub server: Option<SftpServer>,
    /// How old the data may be: folders and servers need it.
    pub max_age: Option<String>,
}

impl From<String> for BeginFile {
    fn from(at: String) -> BeginFile {
        BeginFile {
            at,
            ..BeginFile::default()
        }
    }
}

/// The two files, and what to look at.
#[derive(Clone, Debug)]
pub struct Begun {
    /// `department.toml`.
    pub manifest: String,
    /// `cases.toml`.
    pub cases: String,
    /// What was assumed and what stays open.
    pub notes: Vec<String>,
}

/// Why nothing can be begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// The mapping cannot be guessed.
    #[error(transparent)]
    Guess(#[from] GuessError),
    /// What was asked for makes no manifest: an id of another form.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Manifest(Vec<ManifestError>),
    /// The guessed mapping can hold no record, so no case can be made of it.
    #[error("a row cannot be made for the cases; name the columns with --map FIELD=COLUMN")]
    NoCase,
}

impl BeginError {
    /// Stable reason.
    pub const fn kind(&self) -> &'static str {
        match self {
            BeginError::Guess(GuessError::NoIdNumber { .. }) => "NO_ID_COLUMN",
            BeginError::Guess(GuessError::NoColumn { .. }) => "NO_COLUMN",
            BeginError::Guess(GuessError::NoType { .. }) => "NO_RECORD_TYPE",
            BeginError::Guess(GuessError::BadMap { .. }) => "MAP_INVALID",
            BeginError::Manifest(_) => "MANIFEST_INVALID",
            BeginError::NoCase => "NO_CASE",
        }
    }
}

/// Writes both files.
///
/// # Errors
/// No mapping, or no manifest, comes of it.
pub fn begin(wanted: &Begin) -> Result<Begun, BeginError> {
    let guess = guess(&wanted.table, wanted.records, &wanted.named)?;
    let text = render::manifest(wanted, &guess);
    let manifest = Manifest::parse(&text, &Manifest::placeholders(&text)).map_err(BeginError::Manifest)?;
    let cases = render::cases(&manifest).ok_or(BeginError::NoCase)?;
    Ok(Begun {
        manifest: text,
        cases,
        notes: guess.notes,
    })
}
