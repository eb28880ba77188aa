//! Where rows come from: one small trait, and the connectors behind it.
//! Leaves what the rows mean to the mapping.

mod file;
mod http;
pub mod inspect;
mod sheet;
mod sql;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use hedui_core::{Failure, Subject};
use tokio::time::Instant;

use crate::manifest::{Connector, Manifest};
use crate::mapping::{Mapping, Row};

pub(crate) use http::mistakes as http_mistakes;
pub(crate) use sql::query;

/// The rows of one person: more than any person can have is a wrong query.
pub(crate) const MAX_ROWS: usize = 10_000;

/// The rows of each person asked about, in their order; a failure of one does not touch the others.
pub type Found = Vec<Result<Vec<Row>, Failure>>;

/// A source of rows.
#[async_trait]
pub trait Source: Send + Sync {
    /// The rows of each of these persons, in their order.
    ///
    /// # Errors
    /// A failure that concerns them all.
    async fn rows(&self, subjects: &[Subject], deadline: Instant) -> Result<Found, Failure>;

    /// Whether it can be read and has every column of the mapping.
    ///
    /// # Errors
    /// What is wrong and where; no personal data.
    async fn check(&self) -> Result<(), Failure>;
}

/// The source of a manifest; `None` where a plugin holds it.
pub(crate) fn open(manifest: &Manifest, mapping: &Mapping) -> Result<Option<Box<dyn Source>>, Failure> {
    let columns: Vec<String> = mapping.columns().into_iter().map(str::to_owned).collect();
    let limits = manifest.limits;
    Ok(Some(match &manifest.connector {
        Connector::Sqlite { path, query } => Box::new(sql::sqlite::Sqlite::new(path, query, columns, limits)?),
        Connector::Postgres(database) => Box::new(sql::postgres::Postgres::new(
            database,
            columns,
            limits,
            manifest.deadline,
        )?),
        Connector::Mysql(database) => Box::new(sql::mysql::Mysql::new(database, columns, limits, manifest.deadline)?),
        Connector::Csv {
            path,
            encoding,
            delimiter,
            key_column,
        } => {
            let format = sheet::Format::Delimited {
                encoding: *encoding,
                delimiter: *delimiter,
            };
            Box::new(file::File::new(path, format, key_column, columns))
        }
        Connector::Excel {
            path,
            sheet,
            key_column,
        } => {
            let format = sheet::Format::Workbook { sheet: sheet.clone() };
            Box::new(file::File::new(path, format, key_column, columns))
        }
        Connector::Http(connector) => Box::new(http::Http::new(connector, limits)?),
        Connector::Grpc { .. } => return Ok(None),
    }))
}
