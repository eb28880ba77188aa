//! Looking at a table behind an ODBC driver, with an account that may read it; only where this program was built with `connector-odbc`.
//! Leaves the driver to `hedui_adapter`. The password is never written anywhere: only the name of its variable is.

#[cfg(feature = "connector-odbc")]
use hedui_adapter::begin::BeginConnector;
#[cfg(feature = "connector-odbc")]
use hedui_adapter::manifest::{OdbcConnector, Secret};
#[cfg(feature = "connector-odbc")]
use hedui_adapter::source::inspect::odbc::{table, tables};

use super::NewArgs;
use super::ask::Asking;
use super::look::Looked;
#[cfg(feature = "connector-odbc")]
use super::look::{PATIENCE, failed, name_of};
#[cfg(feature = "connector-odbc")]
use super::server::is_variable;
#[cfg(not(feature = "connector-odbc"))]
use super::wrong;
use crate::cli::CliError;

/// How the driver is reached, and the one table that was meant: others are not read.
#[cfg(feature = "connector-odbc")]
pub(super) async fn look(
    arguments: &mut NewArgs,
    asking: &Asking,
    real: impl Fn(&str, &str) -> Result<String, CliError>,
) -> Result<Looked, CliError> {
    let connection = match arguments.connection.take() {
        Some(connection) => connection,
        None => asking.text(
            "--connection",
            "what the driver manager is told, for example Driver=DM8 ODBC DRIVER;Server=db.example",
            &[],
        )?,
    };
    let user = arguments.server.user.take();
    let given = arguments.server.password.take();
    // A file behind a driver has no account.
    let variable = user
        .as_ref()
        .map(|_| format!("${{{}_password}}", arguments.id.replace('-', "_")));
    let password = given.or(variable);
    if let Some(password) = &password {
        is_variable("--password", password)?;
    }
    let written = OdbcConnector {
        connection,
        user,
        password: password.map(Secret::new),
        query: String::new(),
        sample: Vec::new(),
    };
    let secret = |secret: &Secret| real("--password", secret.expose()).map(Secret::new);
    let reached = OdbcConnector {
        connection: real("--connection", &written.connection)?,
        user: written.user.as_ref().map(|user| real("--user", user)).transpose()?,
        password: written.password.as_ref().map(secret).transpose()?,
        query: String::new(),
        sample: Vec::new(),
    };
    let names = tables(&reached, PATIENCE).await.map_err(failed("--connection"))?;
    let name = name_of(&names, whole(&names, arguments.table.as_deref()), asking)?;
    let shape = table(&reached, &name, PATIENCE).await.map_err(failed("--table"))?;
    let note = "its cases are read from memory, since no database can be made behind a driver: try the query with `hedui adapter dry-run`";
    Ok((BeginConnector::Odbc(written), vec![shape], vec![note.to_owned()]))
}

/// The table that was named, also without its schema where one schema alone has it.
#[cfg(feature = "connector-odbc")]
fn whole<'n>(names: &'n [String], wanted: Option<&'n str>) -> Option<&'n str> {
    let wanted = wanted?;
    let ends = |name: &&String| name.rsplit_once('.').is_some_and(|(_, table)| table == wanted);
    let mut same = names.iter().filter(ends);
    match (names.iter().any(|name| name == wanted), same.next(), same.next()) {
        (false, Some(only), None) => Some(only),
        _ => Some(wanted),
    }
}

/// Says that this program cannot.
#[cfg(not(feature = "connector-odbc"))]
#[expect(
    clippy::unused_async,
    reason = "the same call where the program was built with drivers"
)]
pub(super) async fn look(
    _arguments: &mut NewArgs,
    _asking: &Asking,
    _real: impl Fn(&str, &str) -> Result<String, CliError>,
) -> Result<Looked, CliError> {
    let message = "this program was built without ODBC: build it with `--features connector-odbc`, for which Debian's unixodbc-dev is needed";
    Err(wrong("--kind", "ODBC_NOT_BUILT", message))
}
