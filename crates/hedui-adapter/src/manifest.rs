//! The manifest of a department: what it holds, by which keys, within which limits, and how it is reached. Data, not code.
//! Leaves asking to the connectors and ports; the format is described in this crate's README.

mod connector;
mod fields;
mod file;
mod file_keys;
mod group;
mod hours;
mod parse;
mod record;
mod secret;
#[cfg(test)]
mod tests;
mod tls;
mod variables;
mod web;

use std::collections::BTreeMap;
use std::time::Duration;

use hedui_core::{DepartmentId, PinnedKey, RecordType};
use hedui_toml::{Mistake, Place};

use crate::adapter::{Description, Limits, LookupKey};
use crate::gate::Pace;
use crate::mapping::Mapping;
use crate::people::People;

pub use file::{FileAt, FileConnector, NamePattern, SftpLogin, SftpServer};
pub use secret::Secret;
pub use tls::TlsFiles;
pub use variables::substituted;
pub use web::{HttpConnector, ReplyFormat, RowTotal, Signing, Success};

pub(crate) use fields::{Fields, Mistakes};
pub(crate) use parse::document;

/// What `${name}` stands for in the connector sections.
pub type Variables = BTreeMap<String, String>;

/// One mistake in a manifest, or in its cases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct ManifestError {
    /// Where, for example `record[0].fields.plate`.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
    /// Where in the text; none where it concerns the file as a whole.
    pub place: Option<Place>,
    /// Stable reason: `TOML_SYNTAX`, `KEY_MISSING`, `KEY_UNKNOWN`, `TYPE_WRONG`, `VALUE_INVALID`.
    pub reason: &'static str,
    /// What was probably meant.
    pub hint: Option<String>,
}

impl ManifestError {
    /// A value that cannot be, without a place.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> ManifestError {
        ManifestError {
            path: path.into(),
            message: message.into(),
            place: None,
            reason: fields::VALUE,
            hint: None,
        }
    }

    /// The mistake as the reader of a file sees it.
    pub fn in_file(self, file: &str) -> Mistake {
        let place = self.place.unwrap_or(Place { line: 1, column: 1 });
        let message = if self.reason == "TOML_SYNTAX" {
            self.message
        } else {
            format!("{}: {}", self.path, self.message)
        };
        Mistake {
            file: file.to_owned(),
            line: place.line,
            column: place.column,
            reason: self.reason,
            message,
            hint: self.hint,
        }
    }
}

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalName {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// When the breaker opens and tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Consecutive failures that open it.
    pub failures: u32,
    /// How long it stays open before one question is let through.
    pub retry_after: Duration,
}

impl Default for BreakerLimits {
    fn default() -> BreakerLimits {
        BreakerLimits {
            failures: 5,
            retry_after: Duration::from_secs(10),
        }
    }
}

/// How a department is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connector {
    /// A SQLite database, read only.
    Sqlite {
        /// The file.
        path: String,
        /// A `SELECT` with the named parameters `:id_number`, `:lower_id_number`, `:legacy_id_number`, `:name`.
        query: String,
        /// Queries without parameters that select some of the numbers which `query` compares with its own.
        sample: Vec<String>,
    },
    /// A database that speaks PostgreSQL's protocol.
    Postgres(DatabaseConnector),
    /// A database that speaks MySQL's protocol, MariaDB among them.
    Mysql(DatabaseConnector),
    /// Any database with an ODBC driver, where this program was built with `connector-odbc`.
    Odbc(OdbcConnector),
    /// A delimited text file that is dropped from time to time.
    Csv {
        /// The file.
        file: FileConnector,
        /// How it is encoded.
        encoding: TextEncoding,
        /// What separates the fields.
        delimiter: u8,
    },
    /// A workbook that is dropped from time to time.
    Excel {
        /// The file.
        file: FileConnector,
        /// The sheet.
        sheet: String,
    },
    /// A dBASE or FoxPro table that is dropped from time to time.
    Dbf {
        /// The file.
        file: FileConnector,
        /// How its texts are encoded.
        encoding: TextEncoding,
    },
    /// A web service that answers JSON or XML.
    Http(Box<HttpConnector>),
    /// A plugin that speaks the protocol.
    Grpc {
        /// `http://host:port`.
        endpoint: String,
        /// Whether it is asked over `QueryStream`; else with one call per household.
        stream: bool,
    },
    /// An office without a system: people answer later.
    People(People),
    /// A program that is started beside the broker and answers proto3-JSON, one object a line.
    Exec(Program),
    /// A plugin that answers proto3-JSON over HTTP.
    Json(JsonService),
    /// Another hedui: the city centre, the hometown in another province.
    Peer(Peer),
}

impl Connector {
    /// The word of its kind, as manifests have it.
    pub const fn word(&self) -> &'static str {
        match self {
            Connector::Sqlite { .. } => "sqlite",
            Connector::Postgres(_) => "postgres",
            Connector::Mysql(_) => "mysql",
            Connector::Odbc(_) => "odbc",
            Connector::Csv { .. } => "csv",
            Connector::Excel { .. } => "excel",
            Connector::Dbf { .. } => "dbf",
            Connector::Http(_) => "http",
            Connector::Grpc { .. } => "grpc",
            Connector::People(_) => "people",
            Connector::Exec(_) => "exec",
            Connector::Json(_) => "json",
            Connector::Peer(_) => "peer",
        }
    }

    /// The file that it reads, where it is one of rows.
    pub fn file(&self) -> Option<&FileConnector> {
        match self {
            Connector::Csv { file, .. } | Connector::Excel { file, .. } | Connector::Dbf { file, .. } => Some(file),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn file_mut(&mut self) -> Option<&mut FileConnector> {
        match self {
            Connector::Csv { file, .. } | Connector::Excel { file, .. } | Connector::Dbf { file, .. } => Some(file),
            _ => None,
        }
    }

    /// The samples that its query is tried on, where it is a database.
    pub fn sample(&self) -> Option<&[String]> {
        match self {
            Connector::Sqlite { sample, .. } => Some(sample),
            Connector::Postgres(database) | Connector::Mysql(database) => Some(&database.sample),
            Connector::Odbc(database) => Some(&database.sample),
            _ => None,
        }
    }

    /// Whether the department's own program answers in the protocol, rather than a source of rows.
    pub const fn is_plugin(&self) -> bool {
        matches!(
            self,
            Connector::Grpc { .. } | Connector::Exec(_) | Connector::Json(_) | Connector::Peer(_)
        )
    }

    /// Whether it has no source of rows that could be made out of cases: people answer it, or another hedui.
    pub fn is_answered_elsewhere(&self) -> bool {
        matches!(self, Connector::People(_) | Connector::Peer(_))
    }

    /// Whether people answer, later, rather than a system at once.
    pub fn people(&self) -> Option<&People> {
        match self {
            Connector::People(people) => Some(people),
            _ => None,
        }
    }
}

/// A program that is started beside the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What it sees of an environment, besides where programs are.
    pub environment: Vec<(String, Secret)>,
}

/// A web service that speaks the protocol in proto3-JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonService {
    /// `http://host:port` or `https://host`, below which `/v1/query` and the like are.
    pub endpoint: String,
    /// A token that is shown with every question.
    pub bearer: Option<Secret>,
    /// The files for TLS; without them the system's authorities count.
    pub tls: Option<TlsFiles>,
}

/// Another hedui.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// `http://host:port`.
    pub endpoint: String,
    /// The token by which it knows us.
    pub token: Option<Secret>,
}

/// A database server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseConnector {
    /// Name or address of the machine; for PostgreSQL also the folder of a Unix socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database on the server.
    pub database: String,
    /// Who asks.
    pub user: String,
    /// Their password.
    pub password: Secret,
    /// The files for TLS; none where the line is not encrypted.
    pub tls: Option<TlsFiles>,
    /// A `SELECT` with the named parameters `:id_number`, `:lower_id_number`, `:legacy_id_number`, `:name`.
    pub query: String,
    /// Queries without parameters that select some of the numbers which `query` compares with its own.
    pub sample: Vec<String>,
}

/// A database behind an ODBC driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OdbcConnector {
    /// What the driver manager is told: driver or data source, server, database.
    pub connection: String,
    /// Who asks.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<Secret>,
    /// A `SELECT` with the named parameters `:id_number`, `:lower_id_number`, `:legacy_id_number`, `:name`.
    pub query: String,
    /// Queries without parameters that select some of the numbers which `query` compares with its own.
    pub sample: Vec<String>,
}

impl OdbcConnector {
    /// The whole of it, for the one who connects; values in braces, so that they cannot add anything.
    pub fn connection_string(&self) -> String {
        let mut text = self.connection.trim_end_matches(';').to_owned();
        let password = self.password.as_ref().map(Secret::expose);
        for (key, value) in [("UID", self.user.as_deref()), ("PWD", password)] {
            if let Some(value) = value {
                text.push_str(&format!(";{key}={{{}}}", value.replace('}', "}}")));
            }
        }
        text
    }
}

/// How a text file is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8, with or without byte order mark.
    Utf8,
    /// GB18030, of which GBK and GB2312 are parts.
    Gb18030,
}

/// A table of a source, as samples are made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceTable {
    /// Its name.
    pub name: String,
    /// Its columns, all text.
    pub columns: Vec<String>,
}

/// The manifest of a department.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The department, and the name of its folder.
    pub id: DepartmentId,
    /// What it is called.
    pub name: LocalName,
    /// What it verifies.
    pub verifies: LocalName,
    /// What it holds.
    pub record_types: Vec<RecordType>,
    /// What it is searched by.
    pub lookup_keys: Vec<LookupKey>,
    /// For how long an answer may be used again; zero for never.
    pub freshness: Duration,
    /// How long it may take for one household.
    pub deadline: Duration,
    /// Whether it answers only whether a threshold is passed.
    pub threshold_only: bool,
    /// How much it can take.
    pub limits: Limits,
    /// When it is left alone.
    pub breaker: BreakerLimits,
    /// Keys under one of which its answers must be signed; none where they need not be.
    pub signing_keys: Vec<PinnedKey>,
    /// When and how fast it may be asked.
    pub pace: Pace,
    /// How it is reached.
    pub connector: Connector,
    /// How its rows are read; none where a plugin does that.
    pub mapping: Option<Mapping>,
    /// Into which table of the source the rows of a type of record go, where a `[[record]]` says so.
    pub sample_tables: Vec<(RecordType, String)>,
    /// The shape of the source, for samples only.
    pub source: Vec<SourceTable>,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// Every mistake, each with its path.
    pub fn parse(text: &str, variables: &Variables) -> Result<Manifest, Vec<ManifestError>> {
        parse::parse(text, variables)
    }

    /// The names of the `${variables}` that a manifest uses, sorted.
    pub fn variables(text: &str) -> Vec<String> {
        let names: std::collections::BTreeSet<String> = text
            .split("${")
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name.to_owned()))
            .collect();
        names.into_iter().collect()
    }

    /// A value for every variable that a manifest uses, which fits wherever a variable may stand: for looking at a manifest without its operator.
    pub fn placeholders(text: &str) -> Variables {
        let names = Manifest::variables(text).into_iter();
        let value = |name: &str| {
            if name.ends_with("port") {
                "1"
            } else {
                "http://variable.invalid"
            }
        };
        names.map(|name| (name.clone(), value(&name).to_owned())).collect()
    }

    /// What the department says of itself.
    pub fn describe(&self) -> Description {
        Description {
            department: self.id.clone(),
            name_zh: self.name.zh.clone(),
            name_en: self.name.en.clone(),
            protocol_versions: vec!["v1".to_owned()],
            record_types: self.record_types.clone(),
            lookup_keys: self.lookup_keys.clone(),
            limits: self.limits,
            freshness: self.freshness,
            checks: vec!["source".to_owned()],
            signing_key: Vec::new(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The table of the source into which rows of a type of record go: the one that its `[[record]]` names, else the first.
    pub fn table_of(&self, record_type: RecordType) -> Option<&SourceTable> {
        let named = self
            .sample_tables
            .iter()
            .find(|(t, _)| *t == record_type)
            .map(|(_, name)| name);
        match named {
            Some(name) => self.source.iter().find(|table| table.name == *name),
            None => self.source.first(),
        }
    }
}
