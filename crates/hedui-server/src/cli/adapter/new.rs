//! `hedui adapter new`: looks at a source and writes a department's folder that answers as it stands.
//! Leaves choosing the columns to `hedui_adapter::begin`; asks only where a terminal can answer.

mod afar;
mod ask;
mod look;
mod odbc;
mod server;
mod soap;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hedui_adapter::begin::{Begin, BeginError, begin};
use hedui_core::RecordType;
use serde_json::json;

use super::VariableArgs;
use crate::cli::error::Mistake;
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui adapter new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Id of the department: lower-case letters, digits, hyphens; becomes the name of its folder.
    #[arg(value_name = "ID")]
    id: String,
    /// What the source is.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The file; may hold ${variables}, which --set and --set-file give for now. With --host it lies there, and is fetched over SFTP.
    #[arg(long, value_name = "FILE")]
    path: Option<String>,
    #[command(flatten)]
    afar: afar::AfarArgs,
    /// The table, view or sheet.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Encoding of a text file; found out where left out.
    #[arg(long, value_enum)]
    encoding: Option<Encoding>,
    /// What separates the fields of a text file; found out where left out.
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<char>,
    #[command(flatten)]
    server: server::ServerArgs,
    /// Address of a web service, with {{ id }} and {{ name }} where they belong.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// JSONPath of the rows in what a web service answers; $[*] where left out, and of SOAP where the person's number stands.
    #[arg(long, value_name = "PATH")]
    rows: Option<String>,
    /// Body of a POST to a web service, with {{ id }} and {{ name }} where they belong; @FILE for what stands in a file.
    #[arg(long, value_name = "TEMPLATE")]
    body: Option<String>,
    /// What a SOAP service is asked to do: the SOAPAction header.
    #[arg(long, value_name = "URI")]
    action: Option<String>,
    /// What an ODBC driver manager is told: driver or data source, server, database; never the password.
    #[arg(long, value_name = "TEXT")]
    connection: Option<String>,
    /// Header of a web service's question; may hold ${variables}.
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = super::variable)]
    headers: Vec<(String, String)>,
    /// A person whom a web service knows in its test data, so that its columns can be seen.
    #[arg(long, value_name = "NUMBER")]
    id_number: Option<String>,
    /// The name of that person.
    #[arg(long, value_name = "NAME", requires = "id_number")]
    name: Option<String>,
    /// What the rows are, for example vehicle; the likeliest where left out.
    #[arg(long, value_name = "TYPE", value_parser = record_type)]
    records: Option<RecordType>,
    /// The column of a field, where its name does not tell; also id_number, name_of_person, reference.
    #[arg(long = "map", value_name = "FIELD=COLUMN", value_parser = super::variable)]
    named: Vec<(String, String)>,
    /// Name in Chinese.
    #[arg(long, value_name = "NAME")]
    name_zh: Option<String>,
    /// Name in English.
    #[arg(long, value_name = "NAME")]
    name_en: Option<String>,
    /// The folder that the department's folder is made in.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    #[command(flatten)]
    variables: VariableArgs,
}

/// Kinds of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A SQLite database.
    Sqlite,
    /// A delimited text file.
    Csv,
    /// A workbook.
    Excel,
    /// A dBASE table.
    Dbf,
    /// A PostgreSQL server, or one that speaks its protocol.
    Postgres,
    /// A MySQL or MariaDB server.
    Mysql,
    /// A table behind an ODBC driver, where this program was built with connector-odbc.
    Odbc,
    /// A web service that answers JSON.
    Http,
    /// A web service that answers XML: SOAP and its kin.
    Soap,
}

/// Encodings of text files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Encoding {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "gb18030")]
    Gb18030,
}

fn record_type(text: &str) -> Result<RecordType, String> {
    RecordType::from_word(text).ok_or_else(|| {
        let all: Vec<&str> = RecordType::ALL.iter().map(|t| t.word()).collect();
        format!("one of {}", all.join(", "))
    })
}

/// A mistake of an argument.
fn wrong(field: &str, reason: &str, message: impl Into<String>) -> CliError {
    CliError::Input {
        what: "the source".to_owned(),
        mistakes: vec![Mistake {
            line: None,
            field: field.to_owned(),
            reason: reason.to_owned(),
            message: message.into(),
        }],
    }
}

/// Runs `hedui adapter new`.
pub(super) async fn run(mut arguments: NewArgs, context: &Context) -> Result<Answer, CliError> {
    let folder = arguments.out.join(&arguments.id);
    if folder.join("department.toml").exists() {
        let message = format!(
            "{} is there already; nothing was changed",
            folder.join("department.toml").display()
        );
        return Err(wrong("ID", "DEPARTMENT_EXISTS", message));
    }
    let asking = ask::Asking::of(context);
    let (connector, tables, mut notes) = look::look(&mut arguments, &asking, context).await?;
    let table = look::choose(tables, arguments.table.as_deref(), &asking)?;
    let named = |name: &Option<String>| name.clone().unwrap_or_else(|| arguments.id.clone());
    let wanted = Begin {
        id: arguments.id.clone(),
        name_zh: named(&arguments.name_zh),
        name_en: named(&arguments.name_en),
        connector,
        table,
        records: arguments.records,
        named: arguments.named.clone(),
    };
    let begun = begin(&wanted).map_err(|error| match &error {
        BeginError::Manifest(mistakes) => wrong(
            mistakes.first().map_or("ID", |m| m.path.as_str()),
            error.kind(),
            error.to_string(),
        ),
        _ => wrong(wanted.table.name.as_str(), error.kind(), error.to_string()),
    })?;
    notes.extend(begun.notes);
    write(&folder, "department.toml", &begun.manifest)?;
    write(&folder, "cases.toml", &begun.cases)?;
    if context.output == Output::Json {
        return Answer::json(&json!({ "folder": folder, "notes": notes }), Exit::Success);
    }
    let at = folder.display();
    let mut text = context.lang.pick(
        format!("已写入 {at}/department.toml 和 {at}/cases.toml\n"),
        format!("wrote {at}/department.toml and {at}/cases.toml\n"),
    );
    if !notes.is_empty() {
        text.push_str(context.lang.pick("请核对：\n", "to be checked:\n"));
    }
    for note in &notes {
        text.push_str(&format!("  - {note}\n"));
    }
    text.push_str(&context.lang.pick(
        format!("下一步：hedui adapter test {at}\n"),
        format!("next: hedui adapter test {at}\n"),
    ));
    Ok(Answer::success(text))
}

/// Writes a file that is not there yet.
fn write(folder: &Path, name: &str, text: &str) -> Result<(), CliError> {
    use std::io::Write as _;
    let path = folder.join(name);
    let failed = |source: std::io::Error| CliError::Usage(format!("cannot write {}: {source}", path.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = std::fs::File::create_new(&path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
