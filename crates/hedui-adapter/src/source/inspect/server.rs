//! The tables of a database server, seen through the same sessions that a department is asked through: read-only, bounded, over TLS where it is said.
//! Leaves what the columns mean to `guess`.

use std::time::Duration;

use hedui_core::Failure;
use tokio::time::timeout;

use super::{MAX_SEEN, MAX_TABLES, TableShape, of_rows};
use crate::adapter::Limits;
use crate::manifest::DatabaseConnector;
use crate::mapping::{Row, Value};
use crate::reason::Reason;
use crate::source::query::{BoundQuery, Dialect};
use crate::source::sql::mysql::Mysql;
use crate::source::sql::postgres::Postgres;

/// What the rows that are looked at may have together: a wide table, but no archive of pictures.
const MAX_BYTES: u32 = 64 << 20;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// PostgreSQL and its kin.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Server {
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Server::Postgres => Dialect::Postgres,
            Server::Mysql => Dialect::Mysql,
        }
    }

    /// The expression of the schema in which names without one are looked for.
    const fn own_schema(self) -> &'static str {
        match self {
            Server::Postgres => "current_schema()",
            Server::Mysql => "database()",
        }
    }

    /// Schemas of the server itself.
    const fn internal(self) -> &'static str {
        match self {
            Server::Postgres => "'information_schema', 'pg_catalog'",
            Server::Mysql => "'information_schema', 'mysql', 'performance_schema', 'sys'",
        }
    }
}

/// A name in SQL, quoted unless it is bare.
pub(crate) fn identifier(dialect: Dialect, name: &str) -> String {
    // PostgreSQL reads bare names in small letters; databases behind drivers in one case or the other, which is that in which they name their own.
    let fits = |b: u8| b.is_ascii_lowercase() || (b.is_ascii_uppercase() && dialect != Dialect::Postgres);
    let has = |is: fn(&u8) -> bool| name.as_bytes().iter().any(is);
    if dialect == Dialect::Odbc && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) {
        return quoted(dialect, name);
    }
    let bare = name.bytes().all(|b| fits(b) || b.is_ascii_digit() || b == b'_')
        && !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if bare && !is_keyword(name) {
        return name.to_owned();
    }
    quoted(dialect, name)
}

fn quoted(dialect: Dialect, name: &str) -> String {
    let quote = if dialect == Dialect::Mysql { "`" } else { "\"" };
    format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
}

/// A table in SQL: of another schema where its name has one.
pub(crate) fn table_name(dialect: Dialect, name: &str) -> String {
    match name
        .split_once('.')
        .filter(|_| matches!(dialect, Dialect::Postgres | Dialect::Mysql | Dialect::Odbc))
    {
        Some((schema, table)) => format!("{}.{}", identifier(dialect, schema), identifier(dialect, table)),
        None => identifier(dialect, name),
    }
}

/// Words that registers use as names although SQL has another use for them.
fn is_keyword(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "all",
        "and",
        "as",
        "asc",
        "between",
        "both",
        "by",
        "case",
        "cast",
        "check",
        "column",
        "create",
        "current_date",
        "default",
        "desc",
        "distinct",
        "else",
        "end",
        "except",
        "false",
        "for",
        "from",
        "grant",
        "group",
        "having",
        "in",
        "index",
        "interval",
        "into",
        "is",
        "join",
        "key",
        "keys",
        "like",
        "limit",
        "not",
        "null",
        "of",
        "offset",
        "on",
        "or",
        "order",
        "primary",
        "rank",
        "references",
        "select",
        "table",
        "then",
        "to",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "values",
        "when",
        "where",
        "with",
    ];
    WORDS.contains(&name.to_ascii_lowercase().as_str())
}

/// A text in SQL.
fn literal(server: Server, text: &str) -> String {
    let text = text.replace('\'', "''");
    match server {
        Server::Postgres => format!("'{text}'"),
        Server::Mysql => format!("'{}'", text.replace('\\', "\\\\")),
    }
}

/// The tables and views that the account may read; those of another schema with its name and a point.
///
/// # Errors
/// The server does not take the account, or does not answer by then.
pub async fn tables(server: Server, connector: &DatabaseConnector, patience: Duration) -> Result<Vec<String>, Failure> {
    let (own, internal) = (server.own_schema(), server.internal());
    // A point in a name would be read as the end of a schema.
    let text = format!(
        "SELECT CASE WHEN table_schema = {own} THEN concat(table_name, '') ELSE concat(table_schema, '.', table_name) END AS n \
         FROM information_schema.tables WHERE table_schema NOT IN ({internal}) \
         AND table_name NOT LIKE '%.%' AND table_schema NOT LIKE '%.%' ORDER BY n LIMIT {MAX_TABLES}"
    );
    names(&ask(server, connector, text, patience).await?)
}

/// One of those tables.
///
/// # Errors
/// The account may not read it, or the server does not answer by then.
pub async fn table(
    server: Server,
    connector: &DatabaseConnector,
    name: &str,
    patience: Duration,
) -> Result<TableShape, Failure> {
    let (schema, table) = match name.split_once('.') {
        Some((schema, table)) => (literal(server, schema), table),
        None => (server.own_schema().to_owned(), name),
    };
    let text = format!(
        "SELECT concat(column_name, '') AS n FROM information_schema.columns WHERE table_schema = {schema} AND table_name = {} ORDER BY ordinal_position",
        literal(server, table)
    );
    let header = names(&ask(server, connector, text, patience).await?)?;
    let text = format!("SELECT * FROM {} LIMIT {MAX_SEEN}", table_name(server.dialect(), name));
    let rows = ask(server, connector, text, patience).await?;
    Ok(of_rows(name, &header, &rows))
}

fn names(rows: &[Row]) -> Result<Vec<String>, Failure> {
    let name = |row: &Row| match row.get("n") {
        Value::Text(text) => Ok(text.to_owned()),
        Value::Empty | Value::Unreadable => Err(Reason::SourceUnreadable.failure_at("a name")),
    };
    rows.iter().map(name).collect()
}

/// The rows of a query that is about nobody.
async fn ask(
    server: Server,
    connector: &DatabaseConnector,
    text: String,
    patience: Duration,
) -> Result<Vec<Row>, Failure> {
    let query = BoundQuery {
        text,
        parameters: Vec::new(),
    };
    let limits = Limits {
        max_subjects: 1,
        max_concurrent_queries: 1,
        max_response_bytes: MAX_BYTES,
    };
    let nobody = [Vec::new()];
    let found = match server {
        Server::Postgres => {
            let source = Postgres::of(connector, query, Vec::new(), limits, patience)?;
            timeout(patience, source.ask(&nobody)).await
        }
        Server::Mysql => {
            let source = Mysql::of(connector, query, Vec::new(), limits, patience)?;
            timeout(patience, source.ask(&nobody)).await
        }
    };
    let mut found = found.unwrap_or_else(|_| Err(Reason::SourceTimeout.failure()))?;
    found.pop().map_or(Ok(Vec::new()), |rows| rows.map(|rows| rows.rows))
}
