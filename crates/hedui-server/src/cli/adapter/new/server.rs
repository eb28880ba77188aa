//! Looking at a table of a database server, with an account that may read it.
//! Leaves the sessions, which only read, to `hedui_adapter`. The password is never written anywhere: only the name of its variable is.

use clap::Args;
use hedui_adapter::begin::BeginConnector;
use hedui_adapter::manifest::{DatabaseConnector, Secret, TlsFiles};
use hedui_adapter::source::inspect::server::{Server, table, tables};

use super::ask::Asking;
use super::look::{Looked, PATIENCE, failed, name_of};
use super::{NewArgs, wrong};
use crate::cli::CliError;

/// How a server is reached.
#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The database server, or the SFTP server of a file: a name or an address.
    #[arg(long, value_name = "NAME")]
    pub(super) host: Option<String>,
    /// Its port; the usual one where left out.
    #[arg(long, value_name = "NUMBER")]
    pub(super) port: Option<u16>,
    /// The database on it.
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// An account that may read only.
    #[arg(long, value_name = "NAME")]
    pub(super) user: Option<String>,
    /// The variable that holds its password, for example ${register_password}, which --set-file gives for now; ${ID_password} where left out.
    #[arg(long, value_name = "VARIABLE")]
    pub(super) password: Option<String>,
    /// The authority that the server's certificate is checked by; the line is not encrypted where left out.
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
}

/// How the server is reached, and the one table that was meant: others are not read.
pub(super) async fn look(
    server: Server,
    arguments: &mut NewArgs,
    asking: &Asking,
    real: impl Fn(&str, &str) -> Result<String, CliError>,
) -> Result<Looked, CliError> {
    let variable = format!("${{{}_password}}", arguments.id.replace('-', "_"));
    let given = &mut arguments.server;
    let said = |flag: &str, given: &mut Option<String>, question: &str| match given.take() {
        Some(text) => Ok(text),
        None => asking.text(flag, question, &[]),
    };
    let written = DatabaseConnector {
        host: said("--host", &mut given.host, "the database server")?,
        port: given.port.unwrap_or(match server {
            Server::Postgres => 5432,
            Server::Mysql => 3306,
        }),
        database: said("--database", &mut given.database, "the database on it")?,
        user: said("--user", &mut given.user, "an account that may read only")?,
        password: Secret::new(given.password.take().unwrap_or(variable)),
        tls: given.ca.take().map(|ca| TlsFiles {
            ca: Some(ca),
            client: None,
        }),
        query: String::new(),
        sample: Vec::new(),
    };
    let password = written.password.expose();
    is_variable("--password", password)?;
    let mut reached = written.clone();
    for (flag, text) in [
        ("--host", &mut reached.host),
        ("--database", &mut reached.database),
        ("--user", &mut reached.user),
    ] {
        *text = real(flag, text)?;
    }
    reached.password = Secret::new(real("--password", password)?);
    if let Some(ca) = reached.tls.as_mut().and_then(|tls| tls.ca.as_mut()) {
        *ca = real("--ca", ca)?;
    }
    let names = tables(server, &reached, PATIENCE).await.map_err(failed("--host"))?;
    let name = name_of(&names, arguments.table.as_deref(), asking)?;
    let shape = table(server, &reached, &name, PATIENCE)
        .await
        .map_err(failed("--table"))?;
    Ok((BeginConnector::Server(server, written), vec![shape], Vec::new()))
}

/// Refuses a secret in the place of the name of its variable.
pub(super) fn is_variable(flag: &str, text: &str) -> Result<(), CliError> {
    if text.starts_with("${") && text.ends_with('}') {
        return Ok(());
    }
    let message = "name a variable, for example ${register_password}, and give its value with --set-file: a manifest holds no password";
    Err(wrong(flag, "SECRET_IN_PLAIN", message))
}
