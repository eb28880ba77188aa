//! The witness over HTTP: `POST /add-checkpoint`, and the newest cosigned checkpoints for monitors.
//! Leaves connections and their limits to `serve`, and every decision to the parent module.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hedui_log::witness::{AddCheckpoint, Decision, MAX_PROOF_LINES, SIZE_MEDIA_TYPE};

use super::{Outcome, Witness};

/// The longest body that is read: all proof lines, and a checkpoint with more signatures than any log has witnesses. Far below what
/// the format allows, because every connection may take as much of the memory.
const MAX_BODY_BYTES: usize = 64 + MAX_PROOF_LINES * 45 + (60 << 10);

const TEXT: &str = "text/plain; charset=utf-8";

/// The witness, and how long a request may take to arrive.
#[derive(Clone)]
struct Shared {
    witness: Arc<Witness>,
    body_within: Duration,
}

/// The routes. A body that takes longer than `body_within` comes from nobody who wants a cosignature.
pub(super) fn routes(witness: Arc<Witness>, body_within: Duration) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{hash}/checkpoint", get(newest))
        .with_state(Shared { witness, body_within })
}

async fn add_checkpoint(State(Shared { witness, body_within }): State<Shared>, body: Body) -> Response {
    let body = match read(body, body_within).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let request = match AddCheckpoint::parse(&body) {
        Ok(request) => request,
        Err(error) => return refused(StatusCode::BAD_REQUEST, error.code(), &error.to_string()),
    };
    match witness.add_checkpoint(request).await {
        Ok(Outcome::Cosigned(line)) => answer(StatusCode::OK, TEXT, line),
        Ok(Outcome::Refused(decision)) => decided(&decision),
        // Logged where it happened. Why a disk fails is no business of the log's.
        Err(error) => refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            error.code(),
            "the witness cannot cosign now",
        ),
    }
}

async fn newest(State(Shared { witness, .. }): State<Shared>, Path(hash): Path<String>) -> Response {
    match witness.newest(&hash).await {
        Some(note) => answer(StatusCode::OK, TEXT, note),
        None => refused(
            StatusCode::NOT_FOUND,
            "NEVER_COSIGNED",
            "nothing of such a log was cosigned",
        ),
    }
}

/// The body, as long as it is within its limits.
async fn read(body: Body, within: Duration) -> Result<Bytes, Response> {
    match tokio::time::timeout(within, axum::body::to_bytes(body, MAX_BODY_BYTES)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "REQUEST_TOO_LONG",
            &format!("the request is cut off, or longer than {MAX_BODY_BYTES} bytes"),
        )),
        Err(_) => Err(refused(
            StatusCode::REQUEST_TIMEOUT,
            "REQUEST_TOO_SLOW",
            "the request took too long",
        )),
    }
}

fn decided(decision: &Decision) -> Response {
    let status = StatusCode::from_u16(decision.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(size) = decision.body() {
        return answer(status, SIZE_MEDIA_TYPE, size);
    }
    let why = match decision {
        Decision::UnknownOrigin => "this log is not witnessed here".to_owned(),
        Decision::Forbidden(error) => error.to_string(),
        Decision::OldAboveNew => "the old size is above the checkpoint's".to_owned(),
        Decision::Inconsistent(error) => error.to_string(),
        _ => String::new(),
    };
    refused(status, decision.code(), &why)
}

/// One line: a stable word for programs, and a sentence.
fn refused(status: StatusCode, code: &str, why: &str) -> Response {
    answer(status, TEXT, format!("{code}: {why}\n"))
}

fn answer(status: StatusCode, media_type: &'static str, body: String) -> Response {
    let mut response = (status, body).into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
