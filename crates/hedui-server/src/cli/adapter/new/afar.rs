//! Looking at the file that a department dropped last: in a folder that it watches, or on its own server over SFTP.
//! Leaves what stands in the file to `look`. No key and no password is written anywhere: only the name of its variable is.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hedui_adapter::begin::BeginFile;
use hedui_adapter::manifest::{Secret, SftpLogin, SftpServer};
use hedui_adapter::source::inspect::dropped::{Place, dropped};

use super::ask::Asking;
use super::look::{absolute, failed};
use super::server::is_variable;
use super::{Kind, NewArgs, wrong};
use crate::cli::CliError;

/// How long a file may take to come over the line.
const PATIENCE: Duration = Duration::from_secs(120);
/// How old data may be where nobody says: a month, and some days for who is late.
const MAX_AGE: &str = "40d";

/// Where files are dropped.
#[derive(Debug, Args)]
pub(super) struct AfarArgs {
    /// In place of --path: the folder that files are dropped in; the newest is looked at.
    #[arg(long, value_name = "DIR", conflicts_with = "path")]
    folder: Option<String>,
    /// The names of those files, for example vehicles_{yyyymmdd}.csv; found out where left out.
    #[arg(long, value_name = "PATTERN", requires = "folder")]
    pattern: Option<String>,
    /// How old the data of a folder or a server may be, for example 40d.
    #[arg(long, value_name = "DURATION")]
    max_age: Option<String>,
    /// The key of the SFTP server: ssh-ed25519 AAAA..., or SHA256:...; ask for it by telephone, not over the line.
    #[arg(long, value_name = "KEY")]
    host_key: Option<String>,
    /// The variable that holds the private key for the SFTP server, for example ${register_key}; ${ID_key} where neither this nor --password is given.
    #[arg(
        long,
        value_name = "VARIABLE",
        conflicts_with = "password",
        allow_hyphen_values = true
    )]
    key: Option<String>,
}

/// Whether a file kind is meant that is no single file of this machine.
pub(super) fn is_meant(arguments: &NewArgs) -> bool {
    arguments.afar.folder.is_some() || arguments.server.host.is_some()
}

/// A file that was fetched.
pub(super) struct Fetched {
    /// Where its copy lies, until this is dropped.
    pub(super) copy: PathBuf,
    /// What the manifest says of it.
    pub(super) file: BeginFile,
    /// What was found out about it.
    pub(super) notes: Vec<String>,
    _scratch: tempfile::TempDir,
}

/// Fetches the file, or the newest of the folder.
pub(super) async fn fetch(
    kind: Kind,
    arguments: &mut NewArgs,
    asking: &Asking,
    real: impl Fn(&str, &str) -> Result<String, CliError>,
) -> Result<Fetched, CliError> {
    let server = server(arguments, asking)?;
    let reached = server.as_ref().map(|server| reached(server, &real)).transpose()?;
    let afar = &mut arguments.afar;
    let (flag, at) = match (afar.folder.take(), arguments.path.take()) {
        (Some(folder), _) => ("--folder", folder),
        (None, Some(path)) => ("--path", path),
        (None, None) => ("--path", asking.text("--path", "the file on the server", &[])?),
    };
    let there = real(flag, &at)?;
    let place = match flag {
        "--folder" => Place::Folder(&there, afar.pattern.as_deref()),
        _ => Place::File(&there),
    };
    let endings: &[&str] = match kind {
        Kind::Excel => &[".xlsx", ".xls", ".xlsm", ".et"],
        Kind::Dbf => &[".dbf"],
        _ => &[".csv", ".txt", ".tsv"],
    };
    let found = dropped(reached.as_ref(), place, endings, PATIENCE)
        .await
        .map_err(failed(flag))?;
    let mut notes = Vec::new();
    if let Some(pattern) = &found.pattern {
        notes.push(format!(
            "files are taken whose names fit {pattern}; the newest of them is in force"
        ));
    }
    match &found.done {
        Some(done) => notes.push(format!(
            "a file is complete when another of its name with {done} behind it is there"
        )),
        None if found.pattern.is_some() || server.is_some() => {
            notes.push("a file is complete when it has not changed for a minute; set `done` where the department marks complete ones".to_owned());
        }
        None => {}
    }
    let max_age = afar.max_age.take().unwrap_or_else(|| {
        notes.push(format!("max_age = {MAX_AGE} was assumed: older data answers nobody"));
        MAX_AGE.to_owned()
    });
    let scratch = tempfile::tempdir().map_err(|error| CliError::Internal(format!("no folder can be made: {error}")))?;
    let copy = scratch
        .path()
        .join(Path::new(&found.name).file_name().unwrap_or_default());
    let written = std::fs::File::create_new(&copy).and_then(|mut file| file.write_all(&found.bytes));
    written.map_err(|error| CliError::Internal(format!("the file cannot be looked at: {error}")))?;
    let at = if server.is_some() { at } else { absolute(at)? };
    Ok(Fetched {
        copy,
        file: BeginFile {
            at,
            dropped: found.pattern.map(|pattern| (pattern, found.done)),
            server,
            max_age: Some(max_age),
        },
        notes,
        _scratch: scratch,
    })
}

/// The server as the manifest names it.
fn server(arguments: &mut NewArgs, asking: &Asking) -> Result<Option<SftpServer>, CliError> {
    let Some(host) = arguments.server.host.take() else {
        return Ok(None);
    };
    let user = match arguments.server.user.take() {
        Some(user) => user,
        None => asking.text("--user", "who logs in to the server", &[])?,
    };
    let host_key = match arguments.afar.host_key.take() {
        Some(key) => key,
        None => asking.text(
            "--host-key",
            "the server's key, which the department says by telephone",
            &[],
        )?,
    };
    let login = match (arguments.server.password.take(), arguments.afar.key.take()) {
        (Some(password), _) => {
            is_variable("--password", &password)?;
            SftpLogin::Password(Secret::new(password))
        }
        (None, key) => {
            let key = key.unwrap_or_else(|| format!("${{{}_key}}", arguments.id.replace('-', "_")));
            is_variable("--key", &key)?;
            SftpLogin::Key(Secret::new(key))
        }
    };
    if !hedui_adapter::source::is_host_key(&host_key) {
        let message = "must be the server's key, ssh-ed25519 AAAA... (ECDSA as well), or its fingerprint SHA256:...";
        return Err(wrong("--host-key", "VALUE_INVALID", message));
    }
    Ok(Some(SftpServer {
        host,
        port: arguments.server.port.take().unwrap_or(22),
        user,
        host_key,
        login,
    }))
}

/// The server with its variables.
fn reached(
    server: &SftpServer,
    real: &impl Fn(&str, &str) -> Result<String, CliError>,
) -> Result<SftpServer, CliError> {
    Ok(SftpServer {
        host: real("--host", &server.host)?,
        user: real("--user", &server.user)?,
        login: match &server.login {
            SftpLogin::Password(secret) => SftpLogin::Password(Secret::new(real("--password", secret.expose())?)),
            SftpLogin::Key(secret) => SftpLogin::Key(Secret::new(real("--key", secret.expose())?)),
        },
        ..server.clone()
    })
}
