//! MySQL, MariaDB and databases that speak their protocol: a pool of read-only sessions, parameters bound, rows streamed within the limits.
//! Leaves the meaning of the columns to the mapping. The server's own texts may quote values, so only its codes are used.

use std::time::Duration;

use async_trait::async_trait;
use hedui_core::{Failure, Subject};
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::prelude::Queryable as _;
use mysql_async::{
    ClientIdentity, Column, Conn, DriverError, Error, IoError, Opts, OptsBuilder, Params, Pool, PoolConstraints,
    PoolOpts, SslOpts, Statement, Value,
};
use tokio::time::{Instant, timeout, timeout_at};

use super::query::BoundQuery;
use super::{Budget, CANCEL_TIMEOUT, CHECK_TIMEOUT, Columns, push};
use crate::adapter::Limits;
use crate::manifest::{DatabaseConnector, TlsFiles};
use crate::mapping::Cell;
use crate::reason::Reason;
use crate::source::{Found, Rows, Source, is_tls, sheet};

/// What a row may have beside the department's limit, so that the limit and not the driver ends a large answer.
const PACKET_MARGIN: usize = 64 << 10;

/// The number of the character set that stands for bytes.
const BINARY: u16 = 63;

/// A MySQL or MariaDB source.
pub(in crate::source) struct Mysql {
    pool: Pool,
    opts: Opts,
    query: BoundQuery,
    columns: Vec<String>,
    max_bytes: usize,
}

impl Mysql {
    pub(in crate::source) fn of(
        connector: &DatabaseConnector,
        query: BoundQuery,
        columns: Vec<String>,
        limits: Limits,
        deadline: Duration,
    ) -> Result<Mysql, Failure> {
        let connections = limits.max_concurrent_queries as usize;
        let constraints = PoolConstraints::new(0, connections)
            .ok_or_else(|| Reason::SourceMissing.failure_at("no pool of connections can be made"))?;
        let max_bytes = limits.max_response_bytes as usize;
        let opts: Opts = OptsBuilder::default()
            .ip_or_hostname(&connector.host)
            .tcp_port(connector.port)
            .db_name(Some(&connector.database))
            .user(Some(&connector.user))
            .pass(Some(connector.password.expose()))
            .prefer_socket(false)
            .max_allowed_packet(Some(max_bytes.saturating_add(PACKET_MARGIN)))
            .init(session(deadline))
            .pool_opts(
                PoolOpts::default()
                    .with_constraints(constraints)
                    .with_reset_connection(false),
            )
            .ssl_opts(connector.tls.as_ref().map(tls))
            .into();
        Ok(Mysql {
            pool: Pool::new(opts.clone()),
            opts,
            query,
            columns,
            max_bytes,
        })
    }

    pub(in crate::source) async fn ask(&self, people: &[Vec<Option<String>>]) -> Result<Found, Failure> {
        let mut asking = Asking {
            connection: Some(self.pool.get_conn().await.map_err(|e| failure(&e))?),
            opts: self.opts.clone(),
        };
        let connection = asking
            .connection
            .as_mut()
            .ok_or_else(|| Reason::SourceError.failure())?;
        let statement = match connection.prep(self.query.text.as_str()).await {
            Ok(statement) => statement,
            Err(error @ Error::Server(_)) => {
                asking.ended();
                return Err(failure(&error));
            }
            Err(error) => return Err(failure(&error)),
        };
        let kinds = statement.columns();
        let names: Vec<_> = kinds.iter().map(Column::name_str).collect();
        let columns = Columns::of(names.iter().map(AsRef::as_ref), &self.columns)?;
        let budget = Budget::new(self.max_bytes);
        let mut found = Vec::with_capacity(people.len());
        for values in people {
            let rows = person(connection, &statement, &columns, &budget, values).await;
            // What is left over of an answer that was too large is not waited for.
            if matches!(&rows, Err(failure) if failure.reason == Reason::SourceTooLarge.word()) {
                return rows.map(|_| found);
            }
            found.push(rows);
        }
        asking.ended();
        Ok(found)
    }
}

#[async_trait]
impl Source for Mysql {
    async fn rows(&self, subjects: &[Subject], deadline: Instant) -> Result<Found, Failure> {
        let people: Vec<_> = subjects.iter().map(|subject| self.query.values(subject)).collect();
        let found = timeout_at(deadline, self.ask(&people)).await;
        found.unwrap_or_else(|_| Err(Reason::SourceTimeout.failure()))
    }

    /// Asks about nobody, which shows whether the query would write as well.
    async fn check(&self) -> Result<(), Failure> {
        let nobody = [vec![None; self.query.parameters.len()]];
        let found = timeout(CHECK_TIMEOUT, self.ask(&nobody)).await;
        let found = found.unwrap_or_else(|_| Err(Reason::SourceTimeout.failure()))?;
        found.into_iter().try_for_each(|rows| rows.map(|_| ()))
    }
}

/// Every session reads only, shows points in time (TIMESTAMP) at the hour of Asia/Shanghai, and the server ends what we should no longer wait for:
/// MariaDB by a time in seconds, MySQL in milliseconds, each in a comment that only that one executes.
fn session(deadline: Duration) -> Vec<String> {
    let millis = deadline.as_millis().clamp(1, 86_400_000);
    let (seconds, rest) = (millis / 1_000, millis % 1_000);
    let limits = format!(
        "SET SESSION /*M!100100 max_statement_time = {seconds}.{rest:03}, */ /*!50708 max_execution_time = {millis}, */ time_zone = '+08:00', autocommit = 1"
    );
    vec!["SET SESSION TRANSACTION READ ONLY".to_owned(), limits]
}

fn tls(files: &TlsFiles) -> SslOpts {
    let path = |path: &String| std::path::PathBuf::from(path);
    let identity = files
        .client
        .as_ref()
        .map(|(certificate, key)| ClientIdentity::new(path(certificate).into(), path(key).into()));
    SslOpts::default()
        .with_root_certs(files.ca.iter().map(|ca| path(ca).into()).collect())
        .with_disable_built_in_roots(true)
        .with_client_identity(identity)
}

async fn person(
    connection: &mut Conn,
    statement: &Statement,
    columns: &Columns,
    budget: &Budget,
    values: &[Option<String>],
) -> Result<Rows, Failure> {
    let value = |value: &Option<String>| value.as_ref().map_or(Value::NULL, |text| Value::from(text.as_str()));
    let values = Params::Positional(values.iter().map(value).collect());
    let mut rows = connection.exec_iter(statement, values).await.map_err(|e| failure(&e))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().await.map_err(|e| failure(&e))? {
        let kinds = row.columns();
        let cells = kinds
            .iter()
            .zip(row.unwrap())
            .map(|(column, value)| cell(column, value));
        push(&mut found, columns, cells, budget)?;
    }
    Ok(found.into())
}

/// A connection with a question under way. Dropped before the end, the question is killed and the connection closed: what is still to come on
/// it belongs to nobody.
struct Asking {
    connection: Option<Conn>,
    opts: Opts,
}

impl Asking {
    fn ended(mut self) {
        self.connection = None;
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let (Some(connection), Ok(runtime)) = (self.connection.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let opts = self.opts.clone();
        runtime.spawn(async move {
            let kill = async {
                let mut other = Conn::new(opts).await?;
                other.query_drop(format!("KILL QUERY {}", connection.id())).await?;
                other.disconnect().await
            };
            // Where it fails, the server's own limit ends the query.
            let _ = timeout(CANCEL_TIMEOUT, kill).await;
            let _ = timeout(CANCEL_TIMEOUT, connection.disconnect()).await;
        });
    }
}

/// The text of a value.
fn cell(column: &Column, value: Value) -> Cell {
    match value {
        Value::NULL => Cell::Text(String::new()),
        Value::Int(number) => Cell::Text(number.to_string()),
        Value::UInt(number) => Cell::Text(number.to_string()),
        Value::Float(number) if number.is_finite() => Cell::Text(format!("{number}")),
        Value::Float(_) => Cell::Unreadable,
        Value::Double(number) => sheet::number(number),
        // Dates with zeros in them are the database's way to say that it does not know.
        Value::Date(_, 0, ..) | Value::Date(_, _, 0, ..) => Cell::Unreadable,
        Value::Date(year, month, day, hour, minute, second, _) => {
            let date = format!("{year:04}-{month:02}-{day:02}");
            Cell::Text(match column.column_type() {
                ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => date,
                _ => format!("{date} {hour:02}:{minute:02}:{second:02}"),
            })
        }
        // A length of time, not a time of day.
        Value::Time(..) => Cell::Unreadable,
        Value::Bytes(bytes) => match column.column_type() {
            ColumnType::MYSQL_TYPE_BIT => bit(&bytes),
            ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL | ColumnType::MYSQL_TYPE_JSON => {
                text(bytes)
            }
            _ if column.character_set() == BINARY && column.flags().contains(ColumnFlags::BINARY_FLAG) => {
                Cell::Unreadable
            }
            _ => text(bytes),
        },
    }
}

fn text(bytes: Vec<u8>) -> Cell {
    String::from_utf8(bytes).map_or(Cell::Unreadable, Cell::Text)
}

/// BIT(1) is a flag; longer ones are numbers.
fn bit(bytes: &[u8]) -> Cell {
    if bytes.len() > 8 {
        return Cell::Unreadable;
    }
    let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Cell::Text(number.to_string())
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::Server(error) => server_failure(error.code),
        Error::Io(error @ IoError::Tls(_)) if is_tls(error) => Reason::SourceRefused.failure_at("TLS"),
        Error::Io(IoError::Tls(_)) => Reason::SourceRefused.failure_at("TLS"),
        Error::Io(error) if is_tls(error) => Reason::SourceRefused.failure_at("TLS"),
        Error::Io(_) => Reason::SourceUnavailable.failure(),
        Error::Driver(DriverError::ConnectionClosed | DriverError::PoolDisconnected) => {
            Reason::SourceUnavailable.failure()
        }
        Error::Driver(DriverError::PacketTooLarge) => Reason::SourceTooLarge.failure_at("bytes"),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => Reason::SourceRefused.failure_at("TLS is not offered"),
        Error::Driver(DriverError::UnknownAuthPlugin { .. } | DriverError::CleartextPluginDisabled) => {
            Reason::SourceRefused.failure_at("the way of authentication")
        }
        Error::Driver(_) | Error::Url(_) | Error::Other(_) => Reason::SourceError.failure(),
    }
}

fn server_failure(code: u16) -> Failure {
    match code {
        1044 | 1045 | 1698 => Reason::SourceRefused.failure_at("user and password"),
        1142 | 1143 | 1227 | 1370 => Reason::SourceRefused.failure_at("the query is not permitted"),
        1290 | 1792 => Reason::SourceRefused.failure_at("the query would write"),
        1049 => Reason::SourceMissing.failure_at("the database"),
        // Syntax, tables, columns, functions.
        1054 | 1064 | 1146 | 1305 => Reason::SourceMissing.failure_at(format_args!("the query, code {code}")),
        // Killed, MariaDB's limit, MySQL's limit.
        1317 | 1969 | 3024 => Reason::SourceTimeout.failure(),
        // Connections, locks, shutting down, the user's resources.
        1040 | 1053 | 1203 | 1205 | 1213 | 1226 => Reason::SourceUnavailable.failure_at(format_args!("code {code}")),
        _ => Reason::SourceError.failure_at(format_args!("code {code}")),
    }
}
