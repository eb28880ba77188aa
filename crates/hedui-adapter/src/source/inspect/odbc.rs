//! The tables behind an ODBC driver, as the driver names them.
//! Leaves what the columns mean to `guess`.

use std::time::Duration;

use hedui_core::Failure;

use super::server::table_name;
use super::{MAX_SEEN, MAX_TABLES, TableShape};
use crate::manifest::OdbcConnector;
use crate::source::query::Dialect;
use crate::source::sql::odbc;

/// The tables and views that the account sees, those with a schema with its name and a point; names that have a point themselves are left out.
///
/// # Errors
/// The driver or the account cannot be used, or it does not answer by then.
pub async fn tables(connector: &OdbcConnector, patience: Duration) -> Result<Vec<String>, Failure> {
    let plain = |text: &str| !text.contains('.');
    let name = |(schema, name): (Option<String>, String)| match schema {
        Some(schema) => (plain(&schema) && plain(&name)).then(|| format!("{schema}.{name}")),
        None => plain(&name).then_some(name),
    };
    let found = odbc::tables(connector, MAX_TABLES, patience).await?;
    Ok(found.into_iter().filter_map(name).collect())
}

/// One of those tables.
///
/// # Errors
/// The account may not read it, or the driver does not answer by then.
pub async fn table(connector: &OdbcConnector, name: &str, patience: Duration) -> Result<TableShape, Failure> {
    let query = format!("SELECT * FROM {}", table_name(Dialect::Odbc, name));
    let (header, rows) = odbc::first_rows(connector, query, MAX_SEEN, patience).await?;
    Ok(TableShape::of(name, &header, rows.iter().map(Vec::as_slice)))
}
