//! Where rows come from: one small trait, and the connectors behind it.
//! Leaves what the rows mean to the mapping.

mod file;
mod http;
pub mod inspect;
mod sheet;
mod sql;
#[cfg(test)]
pub(crate) mod tests;

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use hedui_core::{Failure, PartialDate, Subject};
use tokio::time::Instant;

use crate::clock::Clock;

use crate::manifest::{Connector, Manifest};
use crate::mapping::{Mapping, Row};

pub use file::is_host_key;
pub(crate) use http::client::{bearer, client as web_client};
pub(crate) use http::mistakes as http_mistakes;
pub(crate) use sql::query;

/// The rows of one person: more than any person can have is a wrong query.
pub(crate) const MAX_ROWS: usize = 10_000;

/// The rows of each person asked about, in their order; a failure of one does not touch the others.
pub type Found = Vec<Result<Rows, Failure>>;

/// The rows of one person, and what is to be said of the source that they came from.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// The rows.
    pub rows: Vec<Row>,
    /// Of which day the source's data is, where no row says it.
    pub data_on: Option<PartialDate>,
    /// Notes on data quality.
    pub notes: Vec<String>,
    /// Why there may be more rows of this person than these: then nothing may be concluded from what is not among them.
    pub doubt: Option<Failure>,
}

impl From<Vec<Row>> for Rows {
    fn from(rows: Vec<Row>) -> Rows {
        Rows {
            rows,
            ..Rows::default()
        }
    }
}

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
pub(crate) fn open(
    manifest: &Manifest,
    mapping: &Mapping,
    clock: Option<Arc<dyn Clock>>,
) -> Result<Option<Box<dyn Source>>, Failure> {
    let columns: Vec<String> = mapping.columns().into_iter().map(str::to_owned).collect();
    let limits = manifest.limits;
    Ok(Some(match &manifest.connector {
        Connector::Sqlite { .. } | Connector::Postgres(_) | Connector::Mysql(_) | Connector::Odbc(_) => {
            return sql::open(manifest, columns).map(Some);
        }
        Connector::Csv {
            file,
            encoding,
            delimiter,
        } => {
            let format = sheet::Format::Delimited {
                encoding: *encoding,
                delimiter: *delimiter,
            };
            Box::new(file::File::new(file, format, mapping, clock)?)
        }
        Connector::Excel { file, sheet } => {
            let format = sheet::Format::Workbook { sheet: sheet.clone() };
            Box::new(file::File::new(file, format, mapping, clock)?)
        }
        Connector::Dbf { file, encoding } => {
            let format = sheet::Format::Dbf { encoding: *encoding };
            Box::new(file::File::new(file, format, mapping, clock)?)
        }
        Connector::Http(connector) => {
            let service = http::Http::new(connector, Some(mapping), limits, clock)?;
            Box::new(service.paced(manifest.pace.per_second))
        }
        Connector::Grpc { .. }
        | Connector::Exec(_)
        | Connector::Json(_)
        | Connector::People(_)
        | Connector::Peer(_) => return Ok(None),
    }))
}

/// Whether a failed connection failed over certificates: somebody has to act, waiting does not help.
pub(crate) fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // What an I/O error wraps is not its source, but its source's source.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}
