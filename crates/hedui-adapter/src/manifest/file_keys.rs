//! From TOML to a checked file connector: the keys that text files, workbooks and dBASE tables share.
//! Leaves the form of the file to the connector's kind.

use std::time::Duration;

use super::connector::Texts;
use super::fields::MISSING;
use super::file::{FileAt, FileConnector, NamePattern, SftpLogin, SftpServer};

/// How long a file in a folder must have rested: longer than an upload pauses between two pieces.
const SETTLE: Duration = Duration::from_secs(60);

/// How often a folder is looked at.
const REFRESH: Duration = Duration::from_secs(5);

/// How often a server is asked.
const REFRESH_AFAR: Duration = Duration::from_secs(600);

/// Reads them. A single file of this machine is watched at every question, a folder and a server from time to time.
pub(super) fn file(source: &mut Texts<'_, '_>) -> FileConnector {
    let afar = source.fields.has("sftp");
    let server = sftp(source);
    let at = at(source);
    // Where the file in force may be an old one, somebody must have said how old.
    let may_stay = afar || matches!(at, FileAt::Folder(..));
    let key_column = source.required("key_column");
    let spellings = spellings(source);
    let fields = &mut source.fields;
    let quarantine = fields.flag("quarantine").unwrap_or(false);
    let may_be_empty = fields.flag("may_be_empty").unwrap_or(false);
    let may_shrink = fields.flag("may_shrink").unwrap_or(may_be_empty);
    let aged = fields.has("max_age");
    let max_age = fields.duration("max_age");
    if may_stay && !aged {
        fields.missing("max_age");
    }
    if max_age.is_some_and(|age| age.is_zero()) {
        fields.mistake("max_age", "must be longer than nothing");
    }
    let done = fields.text("done");
    if done.as_ref().is_some_and(|done| done.contains(['/', '\\', '*'])) {
        fields.mistake("done", "must be the end of a file's name, for example .done");
    }
    let settle = fields.duration("settle");
    if settle.is_some() && done.is_some() {
        fields.mistake("settle", "cannot stand beside done, which says when a file is complete");
    }
    let rest = if may_stay && done.is_none() {
        SETTLE
    } else {
        Duration::ZERO
    };
    let refresh = fields.duration("refresh");
    let often = match (afar, may_stay) {
        (true, _) => REFRESH_AFAR,
        (false, true) => REFRESH,
        (false, false) => Duration::ZERO,
    };
    FileConnector {
        server,
        at,
        key_column,
        spellings,
        quarantine,
        may_be_empty,
        may_shrink,
        max_age,
        settle: settle.unwrap_or(rest),
        done,
        refresh: refresh.unwrap_or(often),
    }
}

fn sftp(source: &mut Texts<'_, '_>) -> Option<SftpServer> {
    let mut below = Texts {
        fields: source.fields.table("sftp")?,
        variables: source.variables,
    };
    let host = below.required("host");
    let port = below.port(22);
    let user = below.required("user");
    let host_key = below.required("host_key");
    if !host_key.is_empty() && !crate::source::is_host_key(&host_key) {
        below.fields.mistake(
            "host_key",
            "must be the server's key, ssh-ed25519 AAAA... (ECDSA as well), or its fingerprint SHA256:...",
        );
    }
    let login = match (below.fields.has("password"), below.fields.has("key")) {
        (true, false) => below.secret("password").map(SftpLogin::Password),
        (false, true) => below.secret("key").map(SftpLogin::Key),
        _ => {
            below.fields.raw("password");
            below.fields.raw("key");
            below
                .fields
                .mistake_with("", MISSING, "must have a password or a key, and not both", None);
            None
        }
    };
    below.fields.finish();
    Some(SftpServer {
        host,
        port,
        user,
        host_key,
        login: login?,
    })
}

fn at(source: &mut Texts<'_, '_>) -> FileAt {
    match (source.fields.has("folder"), source.fields.has("path")) {
        (false, _) => {
            let at = FileAt::Path(source.required("path"));
            if source.fields.has("pattern") {
                source.fields.mistake("pattern", "needs a folder in place of path");
                source.fields.raw("pattern");
            }
            at
        }
        (true, beside) => {
            if beside {
                source.fields.mistake("path", "cannot stand beside folder");
                source.fields.raw("path");
            }
            let folder = source.required("folder");
            let text = source.required("pattern");
            let pattern = NamePattern::parse(&text).unwrap_or_else(|mistake| {
                source.fields.mistake("pattern", mistake);
                NamePattern::default()
            });
            FileAt::Folder(folder, pattern)
        }
    }
}

fn spellings(source: &mut Texts<'_, '_>) -> Vec<(String, Vec<String>)> {
    let Some(mut table) = source.fields.table("spellings") else {
        return Vec::new();
    };
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for column in table.keys() {
        let names = table.texts(&column).unwrap_or_default();
        if names.is_empty() {
            table.mistake(&column, "must name at least one spelling");
        }
        let taken = |name: &String| found.iter().any(|(_, names)| names.contains(name));
        if let Some(name) = names.iter().find(|name| taken(name)) {
            table.mistake(&column, format!("{name:?} is a spelling of another column already"));
        }
        found.push((column, names));
    }
    table.finish();
    found
}
