//! Looking at the source that the flags, or the answers to questions, name.
//! Leaves what its columns mean to `hedui_adapter::guess`.

use std::path::Path;
use std::time::Duration;

use clap::ValueEnum as _;
use hedui_adapter::Limits;
use hedui_adapter::begin::{BeginConnector, BeginFile};
use hedui_adapter::manifest::{HttpConnector, ReplyFormat, RowTotal, TextEncoding, substituted};
use hedui_adapter::source::inspect::server::Server;
use hedui_adapter::source::inspect::{self, TableShape};
use hedui_core::household::ids_date;
use hedui_core::{Failure, Subject};
use hedui_ids::ResidentId;

use super::ask::Asking;
use super::{Encoding, Kind, NewArgs, afar, odbc, server, soap, wrong};
use crate::cli::{CliError, Context};

/// How long a web service, or each query of a database, may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// The largest question to a web service that is read from a file.
const MAX_BODY_BYTES: u64 = 1 << 20;
/// What separates fields in files that departments drop.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

pub(super) fn failed(field: &str) -> impl Fn(Failure) -> CliError + '_ {
    move |failure| wrong(field, &failure.reason, failure.message)
}

impl Encoding {
    fn of(self) -> TextEncoding {
        match self {
            Encoding::Utf8 => TextEncoding::Utf8,
            Encoding::Gb18030 => TextEncoding::Gb18030,
        }
    }
}

/// How the source is reached, its tables, and what was found out about it that somebody should look at.
pub(super) type Looked = (BeginConnector, Vec<TableShape>, Vec<String>);

/// Looks at the source.
pub(super) async fn look(arguments: &mut NewArgs, asking: &Asking, context: &Context) -> Result<Looked, CliError> {
    let kind = match arguments.kind {
        Some(kind) => kind,
        None => {
            let kinds: Vec<String> = Kind::value_variants()
                .iter()
                .filter_map(|k| Some(k.to_possible_value()?.get_name().to_owned()))
                .collect();
            let answer = asking.text("--kind", "what the source is", &kinds)?;
            Kind::from_str(&answer, false).map_err(|problem| wrong("--kind", "VALUE_INVALID", problem))?
        }
    };
    let variables = arguments.variables.given()?;
    let real = |flag: &str, text: &str| {
        substituted(text, &variables).map_err(|problem| wrong(flag, "VARIABLE_MISSING", problem))
    };
    match kind {
        Kind::Http => return http(arguments, asking, context, real).await,
        Kind::Soap => return soap::look(arguments, asking, context, real).await,
        Kind::Odbc => return odbc::look(arguments, asking, real).await,
        Kind::Postgres => return server::look(Server::Postgres, arguments, asking, real).await,
        Kind::Mysql => return server::look(Server::Mysql, arguments, asking, real).await,
        Kind::Sqlite | Kind::Csv | Kind::Excel | Kind::Dbf => {}
    }
    if kind != Kind::Sqlite && afar::is_meant(arguments) {
        let fetched = afar::fetch(kind, arguments, asking, real).await?;
        let (connector, tables) = file(kind, arguments, &fetched.copy, fetched.file)?;
        return Ok((connector, tables, fetched.notes));
    }
    let path = match arguments.path.take() {
        Some(path) => path,
        None => asking.text("--path", "the file", &[])?,
    };
    let real_path = real("--path", &path)?;
    let (connector, tables) = file(kind, arguments, Path::new(&real_path), absolute(path)?.into())?;
    Ok((connector, tables, Vec::new()))
}

/// Looks into a file of this machine; `written` is where the manifest says that it lies.
fn file(
    kind: Kind,
    arguments: &NewArgs,
    file: &Path,
    written: BeginFile,
) -> Result<(BeginConnector, Vec<TableShape>), CliError> {
    match kind {
        Kind::Sqlite => {
            let tables = inspect::sqlite(file).map_err(failed("--path"))?;
            Ok((BeginConnector::Sqlite { path: written.at }, tables))
        }
        Kind::Excel => {
            let tables = inspect::excel(file).map_err(failed("--path"))?;
            Ok((BeginConnector::Excel { file: written }, tables))
        }
        Kind::Dbf => {
            let encoding = arguments.encoding.map(Encoding::of);
            let (encoding, tables) = inspect::dbf(file, encoding).map_err(failed("--path"))?;
            Ok((
                BeginConnector::Dbf {
                    file: written,
                    encoding,
                },
                tables,
            ))
        }
        Kind::Csv | Kind::Http | Kind::Soap | Kind::Odbc | Kind::Postgres | Kind::Mysql => {
            let (encoding, delimiter, tables) = csv(arguments, file)?;
            Ok((
                BeginConnector::Csv {
                    file: written,
                    encoding,
                    delimiter,
                },
                tables,
            ))
        }
    }
}

/// A path that means the same wherever the broker runs; one with variables stays as it is.
pub(super) fn absolute(path: String) -> Result<String, CliError> {
    if path.contains("${") {
        return Ok(path);
    }
    let whole = std::path::absolute(&path).map_err(|error| wrong("--path", "FILE_UNREADABLE", error.to_string()))?;
    whole.into_os_string().into_string().map_err(|_| {
        wrong(
            "--path",
            "FILE_UNREADABLE",
            "a manifest cannot hold this path: it is not UTF-8",
        )
    })
}

/// The first encoding and mark that read the whole file, where the flags do not say.
fn csv(arguments: &NewArgs, file: &Path) -> Result<(TextEncoding, char, Vec<TableShape>), CliError> {
    let encodings = match arguments.encoding {
        Some(encoding) => vec![encoding.of()],
        None => vec![TextEncoding::Utf8, TextEncoding::Gb18030],
    };
    let delimiters = arguments.delimiter.map_or(DELIMITERS.to_vec(), |one| vec![one]);
    let mut first = None;
    for encoding in &encodings {
        for delimiter in &delimiters {
            let byte =
                u8::try_from(*delimiter).map_err(|_| wrong("--delimiter", "VALUE_INVALID", "must be an ASCII mark"))?;
            match inspect::csv(file, *encoding, byte) {
                Ok(tables) => return Ok((*encoding, *delimiter, tables)),
                Err(failure) => first = first.or(Some(failure)),
            }
        }
    }
    Err(first.map_or_else(
        || wrong("--path", "SOURCE_UNREADABLE", "cannot be read"),
        failed("--path"),
    ))
}

async fn http(
    arguments: &mut NewArgs,
    asking: &Asking,
    context: &Context,
    real: impl Fn(&str, &str) -> Result<String, CliError>,
) -> Result<Looked, CliError> {
    let url = match arguments.url.take() {
        Some(url) => url,
        None => asking.text("--url", "the address, with {{ id }} where the number belongs", &[])?,
    };
    let template = HttpConnector {
        url,
        post: arguments.body.is_some(),
        body: body(arguments)?,
        headers: std::mem::take(&mut arguments.headers),
        rows: arguments.rows.take().unwrap_or_else(|| "$[*]".to_owned()),
        ..nothing_asked()
    };
    let connector = reached(&template, real)?;
    let subject = known(arguments, asking, context)?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let tables = inspect::http(&connector, limits(), &subject, deadline).await;
    Ok((
        BeginConnector::Http(template),
        tables.map_err(failed("--url"))?,
        Vec::new(),
    ))
}

/// What is asked of a web service, or stands in a file.
pub(super) fn body(arguments: &mut NewArgs) -> Result<Option<String>, CliError> {
    let Some(body) = arguments.body.take() else {
        return Ok(None);
    };
    let Some(path) = body.strip_prefix('@') else {
        return Ok(Some(body));
    };
    let unreadable = |problem: String| wrong("--body", "FILE_UNREADABLE", problem);
    let length = std::fs::metadata(path)
        .map_err(|error| unreadable(error.to_string()))?
        .len();
    if length > MAX_BODY_BYTES {
        return Err(unreadable("is larger than 1 MiB".to_owned()));
    }
    std::fs::read_to_string(path)
        .map(Some)
        .map_err(|error| unreadable(error.to_string()))
}

/// A service that is asked for nothing yet.
pub(super) fn nothing_asked() -> HttpConnector {
    HttpConnector {
        url: String::new(),
        post: false,
        body: None,
        headers: Vec::new(),
        rows: String::new(),
        success: None,
        total: RowTotal::default(),
        empty_is_null: false,
        no_record_status: vec![404],
        format: ReplyFormat::ByContentType,
        tls: None,
        bearer: None,
        sign: None,
    }
}

/// The service with its variables.
pub(super) fn reached(
    template: &HttpConnector,
    real: impl Fn(&str, &str) -> Result<String, CliError>,
) -> Result<HttpConnector, CliError> {
    let mut connector = template.clone();
    connector.url = real("--url", &connector.url)?;
    connector.body = connector.body.map(|body| real("--body", &body)).transpose()?;
    for (_, value) in &mut connector.headers {
        *value = real("--header", value)?;
    }
    Ok(connector)
}

pub(super) const fn limits() -> Limits {
    Limits {
        max_subjects: 1,
        max_concurrent_queries: 1,
        max_response_bytes: 1 << 20,
    }
}

/// The person whom the service knows in its test data.
pub(super) fn known(arguments: &mut NewArgs, asking: &Asking, context: &Context) -> Result<Subject, CliError> {
    let number = match arguments.id_number.take() {
        Some(number) => number,
        None => asking.text("--id-number", "the number of a person in its test data", &[])?,
    };
    let today = context.surroundings.today();
    let day = ids_date(today);
    let id = day.and_then(|day| ResidentId::parse(&number, day).ok());
    let id = id
        .ok_or_else(|| wrong("--id-number", "ID_NUMBER_INVALID", "is no resident ID"))?
        .id;
    Ok(Subject {
        ordinal: 0,
        id,
        name: arguments.name.take().unwrap_or_default(),
    })
}

/// The table that was meant: the one named, the only one, or the one that somebody chooses.
pub(super) fn choose(tables: Vec<TableShape>, wanted: Option<&str>, asking: &Asking) -> Result<TableShape, CliError> {
    let names: Vec<String> = tables.iter().map(|t| t.name.clone()).collect();
    let chosen = name_of(&names, wanted, asking)?;
    let found = tables.into_iter().find(|table| table.name == chosen);
    found.ok_or_else(|| no_table(&names))
}

/// The name of the table that was meant.
pub(super) fn name_of(names: &[String], wanted: Option<&str>, asking: &Asking) -> Result<String, CliError> {
    match (wanted, names) {
        (Some(name), _) if names.iter().any(|known| known == name) => Ok(name.to_owned()),
        (_, []) => Err(wrong(
            "--table",
            "NO_TABLE",
            "the source holds no table that can be read",
        )),
        (Some(_), _) => Err(no_table(names)),
        (None, [only]) => Ok(only.clone()),
        (None, _) => asking.text("--table", "which table", names),
    }
}

fn no_table(names: &[String]) -> CliError {
    let message = format!("there is no such table; there are {}", names.join(", "));
    wrong("--table", "NO_TABLE", message)
}
