//! PostgreSQL, and databases that speak its protocol: a pool of read-only sessions, parameters bound, rows streamed within the limits.
//! Leaves the meaning of the columns to the mapping. The server's own texts may quote values, so only its codes are used.

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use futures::TryStreamExt as _;
use futures::future::join_all;
use hedui_core::{Failure, Subject};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use tokio_postgres::{Client, NoTls, Statement};

use super::postgres_line::{Lines, Refused};
use super::postgres_value::{Raw, cell};
use super::query::BoundQuery;
use super::tls::{self, Connector};
use super::{Budget, CANCEL_TIMEOUT, CHECK_TIMEOUT, Columns, push};
use crate::adapter::Limits;
use crate::manifest::DatabaseConnector;
use crate::reason::Reason;
use crate::source::{Found, Rows, Source, is_tls};

/// A PostgreSQL source.
pub(in crate::source) struct Postgres {
    pool: Pool,
    tls: Option<Connector>,
    query: BoundQuery,
    columns: Vec<String>,
    max_bytes: usize,
    /// Messages that were too large to be taken in.
    refused: Refused,
}

impl Postgres {
    pub(in crate::source) fn of(
        connector: &DatabaseConnector,
        query: BoundQuery,
        columns: Vec<String>,
        limits: Limits,
        deadline: Duration,
    ) -> Result<Postgres, Failure> {
        let tls = connector.tls.as_ref().map(tls::connector).transpose()?;
        let mut config = tokio_postgres::Config::new();
        config
            .host(&connector.host)
            .port(connector.port)
            .dbname(&connector.database)
            .user(&connector.user)
            .password(connector.password.expose())
            .application_name("hedui")
            .connect_timeout(deadline)
            .ssl_mode(if tls.is_some() {
                SslMode::Require
            } else {
                SslMode::Disable
            });
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let max_bytes = limits.max_response_bytes as usize;
        let refused = Refused::default();
        let lines = Lines {
            tls: tls.clone(),
            max_bytes,
            patience: deadline,
            refused: refused.clone(),
        };
        let manager = Manager::from_connect(config, lines, manager);
        let pool = Pool::builder(manager)
            .max_size(limits.max_concurrent_queries as usize)
            .runtime(Runtime::Tokio1)
            .post_create(session(deadline))
            .build()
            .map_err(|_| Reason::SourceMissing.failure_at("no pool of connections can be made"))?;
        Ok(Postgres {
            pool,
            tls,
            query,
            columns,
            max_bytes,
            refused,
        })
    }

    pub(in crate::source) async fn ask(&self, people: &[Vec<Option<String>>]) -> Result<Found, Failure> {
        let client = self.pool.get().await.map_err(|e| pool_failure(&e))?;
        let asking = Asking {
            client: Some(client),
            tls: self.tls.clone(),
        };
        let client = asking.client.as_ref().ok_or_else(|| Reason::SourceError.failure())?;
        // What cannot even be prepared does not fit the database: a table or column is not there.
        let statement = match client.prepare_cached(&self.query.text).await {
            Ok(statement) => statement,
            Err(error) => {
                asking.ended();
                return Err(failure(&error));
            }
        };
        let names = statement.columns().iter().map(|column| column.name());
        let columns = Columns::of(names, &self.columns)?;
        let budget = Budget::new(self.max_bytes);
        let refused = self.refused.count();
        // The questions go out together, the answers come in their order.
        let found = people
            .iter()
            .map(|values| person(client, &statement, &columns, &budget, values));
        let mut found = join_all(found).await;
        // A line that broke because of one says nothing of it to those who wait.
        if self.refused.count() > refused {
            for rows in found.iter_mut().filter(|rows| rows.is_err()) {
                *rows = Err(Reason::SourceTooLarge.failure_at("bytes"));
            }
        }
        // What is left over of an answer that was too large is not waited for.
        if found
            .iter()
            .all(|rows| !matches!(rows, Err(f) if f.reason == Reason::SourceTooLarge.word()))
        {
            asking.ended();
        }
        Ok(found)
    }
}

#[async_trait]
impl Source for Postgres {
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

/// Every session reads only, reckons in the hours of Asia/Shanghai what the query makes of points in time, and the server ends what we should no
/// longer wait for.
fn session(deadline: Duration) -> Hook {
    let millis = deadline.as_millis().clamp(1, i32::MAX as u128);
    let settings = format!(
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SET SESSION statement_timeout = {millis}; SET TIME ZONE 8"
    );
    Hook::async_fn(move |client, _| {
        let settings = settings.clone();
        Box::pin(async move { client.batch_execute(&settings).await.map_err(HookError::Backend) })
    })
}

async fn person(
    client: &Client,
    statement: &Statement,
    columns: &Columns,
    budget: &Budget,
    values: &[Option<String>],
) -> Result<Rows, Failure> {
    let values = values.iter().map(|value| Text(value.as_deref()));
    let rows = client.query_raw(statement, values).await.map_err(|e| failure(&e))?;
    let mut rows = std::pin::pin!(rows);
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(|e| failure(&e))? {
        let kinds = row.columns().iter().enumerate();
        let cells = kinds.map(|(index, column)| match row.try_get::<_, Option<Raw<'_>>>(index) {
            Ok(value) => cell(column.type_(), value),
            Err(_) => crate::mapping::Cell::Unreadable,
        });
        push(&mut found, columns, cells, budget)?;
    }
    Ok(found.into())
}

/// A connection with a question under way. Dropped before the end, the question is cancelled and the connection closed: what is still to
/// come on it belongs to nobody.
struct Asking {
    client: Option<Object>,
    tls: Option<Connector>,
}

impl Asking {
    fn ended(mut self) {
        self.client = None;
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let (Some(client), Ok(runtime)) = (self.client.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let tls = self.tls.take();
        let client = Object::take(client);
        runtime.spawn(async move {
            let token = client.cancel_token();
            let cancel = async {
                match tls {
                    Some(tls) => token.cancel_query(tls).await,
                    None => token.cancel_query(NoTls).await,
                }
            };
            // Where it fails, the server's statement timeout ends the query.
            let _ = timeout(CANCEL_TIMEOUT, cancel).await;
        });
    }
}

/// A parameter as text, whatever the column it is compared with: the server reads it.
#[derive(Debug)]
struct Text<'t>(Option<&'t str>);

impl ToSql for Text<'_> {
    fn to_sql(&self, _: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            None => Ok(IsNull::Yes),
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        kind: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.to_sql(kind, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }
}

fn pool_failure(error: &PoolError) -> Failure {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => failure(error),
        _ => Reason::SourceUnavailable.failure_at("no connection"),
    }
}

fn failure(error: &tokio_postgres::Error) -> Failure {
    let Some(state) = error.code().map(|state| state.code()) else {
        return connection_failure(error);
    };
    match state {
        "28000" | "28P01" => Reason::SourceRefused.failure_at("user and password"),
        "42501" => Reason::SourceRefused.failure_at("the query is not permitted"),
        "25006" => Reason::SourceRefused.failure_at("the query would write"),
        "3D000" => Reason::SourceMissing.failure_at("the database"),
        "57014" => Reason::SourceTimeout.failure(),
        _ if state.starts_with("42") || state.starts_with("3F") => {
            Reason::SourceMissing.failure_at(format_args!("the query, SQLSTATE {state}"))
        }
        // Connections, resources, operators, conflicts: later it may work.
        _ if ["08", "40", "53", "57"].iter().any(|class| state.starts_with(class)) => {
            Reason::SourceUnavailable.failure_at(format_args!("SQLSTATE {state}"))
        }
        _ => Reason::SourceError.failure_at(format_args!("SQLSTATE {state}")),
    }
}

/// What did not come from the server.
fn connection_failure(error: &tokio_postgres::Error) -> Failure {
    if is_tls(error) {
        return Reason::SourceRefused.failure_at("TLS");
    }
    // The only way to tell a login that cannot be done (GaussDB's own method, say) from a line that broke.
    if error.to_string().starts_with("authentication error") {
        return Reason::SourceRefused.failure_at("the way of authentication");
    }
    if error.to_string().starts_with("error performing TLS handshake") {
        return Reason::SourceRefused.failure_at("TLS is not offered");
    }
    Reason::SourceUnavailable.failure()
}
