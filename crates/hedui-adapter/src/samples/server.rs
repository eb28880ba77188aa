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

use super::{SampleError, SampleRow};
use crate::manifest::{Connector, Manifest};
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
    no_record: StatusCode,
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
        let simple = connector
            .rows
            .strip_prefix("$")
            .and_then(|rest| rest.strip_suffix("[*]"));
        let simple = simple.ok_or_else(|| SampleError::Source("a rows path of the form $.a.b[*]".to_owned()))?;
        let no_record = connector
            .no_record_status
            .first()
            .and_then(|status| StatusCode::from_u16(*status).ok());
        let mut service = Service {
            holder: simple
                .split('.')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            no_record: no_record.unwrap_or(StatusCode::OK),
            by_id: HashMap::new(),
        };
        for row in rows {
            if let Value::Text(text) = row.row.get(&mapping.identity.id_number) {
                let id = key(text);
                service.by_id.entry(id).or_default().push(object(row));
            }
        }
        let mut services = self.services.write().unwrap_or_else(PoisonError::into_inner);
        services.insert(path.to_owned(), service);
        Ok(())
    }
}

/// The row as an object; a column `a.b` nests.
fn object(row: &SampleRow) -> Json {
    let mut top = Map::new();
    for (column, text) in row.row.cells() {
        let mut names: Vec<&str> = column.split('.').collect();
        let last = names.pop().unwrap_or_default();
        let mut at = &mut top;
        for name in names {
            let below = at.entry(name).or_insert_with(|| Json::Object(Map::new()));
            match below {
                Json::Object(map) => at = map,
                _ => return Json::Object(top),
            }
        }
        at.insert(last.to_owned(), Json::from(text));
    }
    Json::Object(top)
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
    let status = if rows.is_empty() {
        service.no_record
    } else {
        StatusCode::OK
    };
    let wrapped = service.holder.iter().rev().fold(Json::Array(rows), |inner, name| {
        Json::Object(Map::from_iter([(name.clone(), inner)]))
    });
    (status, axum::Json(wrapped)).into_response()
}
