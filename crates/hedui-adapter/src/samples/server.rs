//! A small web server on 127.0.0.1 that answers like departments' web services: rows of the person whose id stands in the question.
//! Leaves the form of the questions to the manifests, whose addresses it is reached by.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value as Json};
use tokio::sync::watch;

use super::write::{cells, table_of};
use super::{SampleError, SampleRow};
use crate::manifest::{Connector, Manifest, RowTotal};
use crate::mapping::{Value, key};

/// The server; it ends when this is dropped.
pub struct SampleServer {
    address: SocketAddr,
    services: Arc<Services>,
    _end: watch::Sender<()>,
}

type Services = RwLock<HashMap<String, Service>>;

struct Service {
    /// Names from the root of the answer to the list of rows.
    holder: Vec<String>,
    /// Where and what it says that it succeeded.
    success: Option<(Vec<String>, String)>,
    /// Where it says how many rows there are.
    total: Option<Vec<String>>,
    no_record: StatusCode,
    /// Answered to everybody, in place of rows.
    instead: Option<Json>,
    by_id: HashMap<String, Vec<Json>>,
}

impl SampleServer {
    /// Binds a free port and serves.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn start() -> Result<SampleServer, SampleError> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let services: Arc<Services> = Arc::default();
        let app = axum::Router::new().fallback(answer).with_state(services.clone());
        let (end, mut ended) = watch::channel(());
        tokio::spawn(async move {
            let shutdown = async move {
                // Only the drop of the sender ends the wait.
                let _ = ended.changed().await;
            };
            let _ = axum::serve(listener, app).with_graceful_shutdown(shutdown).await;
        });
        Ok(SampleServer {
            address,
            services,
            _end: end,
        })
    }

    /// `http://127.0.0.1:port`, what `${http}` stands for.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves a department's rows under the path of its manifest, in place of earlier ones.
    ///
    /// # Errors
    /// A connector of another kind, an address elsewhere, or a rows path that is not `$.a.b[*]`.
    pub fn put(&self, manifest: &Manifest, rows: &[SampleRow]) -> Result<(), SampleError> {
        let (Connector::Http(connector), Some(mapping)) = (&manifest.connector, &manifest.mapping) else {
            return Err(SampleError::NoFile);
        };
        let path = connector
            .url
            .strip_prefix(&self.url())
            .and_then(|rest| rest.split(['?', '{']).next());
        let path = path.ok_or_else(|| SampleError::Source("an address on this server".to_owned()))?;
        let holder = connector.rows.strip_suffix("[*]").and_then(names);
        let holder = holder.ok_or_else(|| SampleError::Source("a rows path of the form $.a.b[*]".to_owned()))?;
        let success = connector.success.as_ref().map(|success| {
            let path = names(&success.path).filter(|names| !names.is_empty());
            path.zip(success.equals.first().cloned())
                .ok_or_else(|| SampleError::Source("a success path of the form $.a.b".to_owned()))
        });
        let total = match &connector.total {
            RowTotal::At(path) => Some(names(path).filter(|names| !names.is_empty())),
            RowTotal::Usual | RowTotal::Nowhere => None,
        };
        let total =
            total.map(|total| total.ok_or_else(|| SampleError::Source("a total path of the form $.a.b".to_owned())));
        let no_record = connector
            .no_record_status
            .first()
            .and_then(|status| StatusCode::from_u16(*status).ok());
        let mut service = Service {
            holder,
            success: success.transpose()?,
            total: total.transpose()?,
            no_record: no_record.unwrap_or(StatusCode::OK),
            instead: None,
            by_id: HashMap::new(),
        };
        for row in rows {
            if let Value::Text(text) = row.row.get(&mapping.identity.id_number) {
                let id = key(text);
                service.by_id.entry(id).or_default().push(object(manifest, row)?);
            }
        }
        let mut services = self.services.write().unwrap_or_else(PoisonError::into_inner);
        services.insert(path.to_owned(), service);
        Ok(())
    }
}

impl SampleServer {
    /// From now on a department's service answers everybody with this in place of the rows, after saying that it succeeded or that it did not.
    pub(crate) fn misbehave(&self, manifest: &Manifest, instead: Json, succeeded: bool) -> Result<(), SampleError> {
        self.put(manifest, &[])?;
        let mut services = self.services.write().unwrap_or_else(PoisonError::into_inner);
        for (path, service) in services.iter_mut() {
            let Connector::Http(connector) = &manifest.connector else {
                continue;
            };
            if connector
                .url
                .strip_prefix(&self.url())
                .is_some_and(|rest| rest.starts_with(path.as_str()))
            {
                service.instead = Some(instead.clone());
                if let (Some((_, text)), false) = (&mut service.success, succeeded) {
                    text.push_str("-not");
                }
            }
        }
        Ok(())
    }
}

/// The names of a path `$.a.b`; `None` for any other.
fn names(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix('$')?;
    let names: Vec<String> = rest.split('.').skip(1).map(str::to_owned).collect();
    let plain = |name: &String| !name.is_empty() && !name.contains(['[', '*', '(', '?']);
    (rest.is_empty() || rest.starts_with('.') && names.iter().all(plain)).then_some(names)
}

/// Puts a value at the end of a path of names, into whatever stands there already.
fn put_at(tree: &mut Json, names: &[String], value: Json) {
    let Some((name, below)) = names.split_first() else {
        *tree = value;
        return;
    };
    if !tree.is_object() {
        *tree = Json::Object(Map::new());
    }
    if let Json::Object(map) = tree {
        put_at(map.entry(name.as_str()).or_insert(Json::Null), below, value);
    }
}

/// The row as an object with every column of its table, null where it has no such cell; a column `a.b` nests.
fn object(manifest: &Manifest, row: &SampleRow) -> Result<Json, SampleError> {
    let mut top = Map::new();
    let table = table_of(manifest, row)?;
    for (column, text) in table.columns.iter().zip(cells(table, row)) {
        let mut names: Vec<&str> = column.split('.').collect();
        let last = names.pop().unwrap_or_default();
        let mut at = &mut top;
        for name in names {
            let below = at.entry(name).or_insert_with(|| Json::Object(Map::new()));
            match below {
                Json::Object(map) => at = map,
                _ => return Ok(Json::Object(top)),
            }
        }
        at.insert(last.to_owned(), text.map_or(Json::Null, Json::from));
    }
    Ok(Json::Object(top))
}

async fn answer(State(services): State<Arc<Services>>, uri: Uri, body: Bytes) -> Response {
    let services = services.read().unwrap_or_else(PoisonError::into_inner);
    // An address may hold the id in its path: the longest known beginning is the service.
    let known = services
        .iter()
        .filter_map(|(path, service)| Some((uri.path().strip_prefix(path.as_str())?, service)));
    let Some((rest, service)) = known.min_by_key(|(rest, _)| rest.len()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = String::from_utf8_lossy(&body);
    let question = [rest, uri.query().unwrap_or_default(), &body];
    let words = question
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()));
    let rows: Vec<Json> = words
        .filter_map(|word| service.by_id.get(word))
        .flatten()
        .cloned()
        .collect();
    let status = match &service.instead {
        None if rows.is_empty() => service.no_record,
        _ => StatusCode::OK,
    };
    let mut tree = Json::Null;
    let count = rows.len();
    let rows = service.instead.clone().unwrap_or(Json::Array(rows));
    put_at(&mut tree, &service.holder, rows);
    if let Some((path, text)) = &service.success {
        put_at(&mut tree, path, Json::from(text.as_str()));
    }
    if let Some(path) = &service.total {
        put_at(&mut tree, path, Json::from(count));
    }
    (status, axum::Json(tree)).into_response()
}
