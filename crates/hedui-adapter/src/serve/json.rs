//! Any adapter over HTTP as proto3-JSON: `POST /v1/describe`, `/v1/check`, `/v1/query`.
//! Leaves certificates and tokens to whoever stands in front, and what is in the messages to `wire`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use hedui_core::Failure;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

use super::handlers::DEFAULT_TIMEOUT;
use super::{DepartmentServer, MAX_REQUEST_BYTES, Serving, ended};
use crate::adapter::Adapter;
use crate::exchange::TIMEOUT_HEADER;
use crate::reason::Reason;
use crate::wire::{self, Message, from_json, to_json};

/// Serves an adapter as proto3-JSON on a listener; dropping the result ends it.
///
/// # Errors
/// The listener has no address.
pub async fn serve_json_on(adapter: Arc<dyn Adapter>, listener: TcpListener) -> std::io::Result<Serving> {
    let address = listener.local_addr()?;
    let (closing, closed) = watch::channel(false);
    let app = json_router(DepartmentServer::new(adapter, closed.clone()));
    let listener = listener.tap_io(|connection| {
        // A connection that is gone already ends by itself.
        let _ = connection.set_nodelay(true);
    });
    let task = tokio::spawn(async move {
        let served = axum::serve(listener, app).with_graceful_shutdown(ended(closed)).await;
        if served.is_err() {
            tracing::error!("the department's server ended with an error");
        }
    });
    Ok(Serving { address, closing, task })
}

/// The three calls.
pub(crate) fn json_router(server: DepartmentServer) -> Router {
    Router::new()
        .route("/v1/{call}", axum::routing::post(answer))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state(server)
}

async fn answer(
    State(server): State<DepartmentServer>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let limit = headers
        .get(TIMEOUT_HEADER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let limit = limit.map_or(DEFAULT_TIMEOUT, Duration::from_millis);
    let request = if body.is_empty() {
        Ok(json!({}))
    } else {
        serde_json::from_slice(&body)
    };
    let outcome = match request {
        Err(_) => Err(Reason::InvalidRequest.failure_at("not JSON")),
        Ok(request) => called(&server, &call, &request, limit).await,
    };
    match outcome {
        Ok(json) => axum::Json(json).into_response(),
        Err(failure) => (status(&failure), axum::Json(json!({ "failure": failed(&failure) }))).into_response(),
    }
}

/// One call in JSON, however it came here.
pub(super) async fn called(
    server: &DepartmentServer,
    call: &str,
    request: &Json,
    limit: Duration,
) -> Result<Json, Failure> {
    let invalid = |_| Reason::InvalidRequest.failure();
    let shown = |of, bytes: &[u8]| to_json(of, bytes).map_err(|_| Reason::MalformedAnswer.failure());
    match call {
        "describe" => shown(
            Message::DescribeResponse,
            &wire::encode_description(&server.adapter.describe()),
        ),
        "check" => {
            let asked = from_json(Message::CheckRequest, request).map_err(invalid)?;
            let name = wire::decode_check_request(&asked).ok_or_else(|| Reason::InvalidRequest.failure())?;
            let results = server
                .adapter
                .check(Some(name.as_str()).filter(|name| !name.is_empty()))
                .await;
            shown(Message::CheckResponse, &wire::encode_checks(&results))
        }
        "query" => {
            let asked = from_json(Message::QueryRequest, request).map_err(invalid)?;
            let answer = super::handlers::answer(server, &asked, Instant::now() + limit).await?;
            shown(Message::QueryResponse, &answer)
        }
        _ => Err(Reason::InvalidRequest.failure_at("there is no such call")),
    }
}

/// A failure as its message in JSON.
pub(super) fn failed(failure: &Failure) -> Json {
    to_json(Message::Failure, &wire::encode_failure(failure)).unwrap_or(Json::Null)
}

fn status(failure: &Failure) -> StatusCode {
    match Reason::from_word(&failure.reason) {
        Some(Reason::InvalidRequest | Reason::TooManySubjects) => StatusCode::BAD_REQUEST,
        Some(Reason::DeadlineExceeded | Reason::SourceTimeout) => StatusCode::GATEWAY_TIMEOUT,
        Some(Reason::Overloaded) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
