//! Plugins that speak proto3-JSON: a child process over lines, a web service over HTTP. One call in, one answer out, in the bytes of the protocol.
//! Leaves what the bytes mean to `wire`, and households to the ports.

mod besides;
mod http;
mod lines;
mod local;
mod port;
mod probe;
mod scrub;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hedui_core::{Failure, Query};
use serde_json::{Map, Value as Json};

use crate::manifest::{Connector, Manifest};
use crate::reason::Reason;
use crate::wire::{Message, Streamed, from_json, misplaced_due, read_failure_of, to_json};

pub use http::HttpExchange;
pub(crate) use http::TIMEOUT_HEADER;
pub use lines::LinesExchange;
pub use local::ExchangeAdapter;
pub use port::ExchangePort;
pub use probe::ExchangeProbe;

/// One call of the protocol, its request in bytes.
#[derive(Clone, Debug)]
pub enum Call {
    /// What the department is.
    Describe,
    /// One self-test; empty for all.
    Check(String),
    /// A serialized `QueryRequest`.
    Query(Bytes),
}

/// Why a call has no answer.
#[derive(Clone, Debug)]
pub enum Unanswered {
    /// The plugin says so: a serialized `Failure`, whose texts may name anybody.
    Said(Bytes),
    /// The way there, or the answer, failed.
    Broke(Failure),
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Unanswered {
        Unanswered::Broke(failure)
    }
}

impl From<Reason> for Unanswered {
    fn from(reason: Reason) -> Unanswered {
        Unanswered::Broke(reason.failure())
    }
}

impl Unanswered {
    /// The failure, its texts cleared of whom was asked about.
    pub fn about(self, query: &Query) -> Failure {
        match self {
            Unanswered::Said(bytes) => Streamed::failure(&bytes, query),
            Unanswered::Broke(failure) => failure,
        }
    }

    /// The failure of a call that was about nobody: the plugin's own texts may name anybody, so ours stand instead.
    pub fn about_nobody(self) -> Failure {
        match self {
            Unanswered::Said(bytes) => read_failure_of(&bytes),
            Unanswered::Broke(failure) => failure,
        }
    }
}

/// A way to a plugin that speaks proto3-JSON.
#[async_trait]
pub trait Exchange: Send + Sync {
    /// The serialized answer: `DescribeResponse`, `CheckResponse` or `QueryResponse`. Dropped while it waits, the call is cancelled.
    ///
    /// # Errors
    /// What the plugin says instead, or that it says nothing in time.
    async fn call(&self, call: &Call, limit: Duration) -> Result<Bytes, Unanswered>;

    /// What it said besides answers, as far as this was opened to listen: headers, its log. For the conformance kit.
    fn besides(&self) -> Vec<u8>;
}

/// The words of the calls, in addresses and lines.
pub(crate) const CALLS: [&str; 3] = ["describe", "check", "query"];

/// JSON is longer than the bytes that limits count: names of fields, of codes, and `\u` escapes. An answer that keeps its limit in bytes keeps
/// so many times that in JSON.
const JSON_PER_BYTE: usize = 8;
/// Descriptions and self-tests may have so much, however little a department allows its answers.
const LEAST_JSON: usize = 256 << 10;

/// So much JSON is read of a plugin whose answers may have `most` bytes.
fn most_json(most: usize) -> usize {
    most.saturating_mul(JSON_PER_BYTE).max(LEAST_JSON)
}

impl Call {
    /// The word of the call.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Call::Describe => "describe",
            Call::Check(_) => "check",
            Call::Query(_) => "query",
        }
    }

    /// The request as JSON.
    fn request(&self) -> Result<Json, Unanswered> {
        match self {
            Call::Describe => Ok(Json::Object(Map::new())),
            Call::Check(check) => Ok(serde_json::json!({ "check": check })),
            Call::Query(bytes) => to_json(Message::QueryRequest, bytes).map_err(|_| Reason::InvalidRequest.into()),
        }
    }

    /// The bytes of an answer; one to a question may have `most` of them.
    fn answer(&self, json: &Json, most: usize) -> Result<Bytes, Unanswered> {
        let message = match self {
            Call::Describe => Message::DescribeResponse,
            Call::Check(_) => Message::CheckResponse,
            Call::Query(_) => Message::QueryResponse,
        };
        let bytes = from_json(message, json).map_err(|fault| match misplaced_due(json) {
            Some(place) => Reason::ImpossibleDate.failure_at(place),
            None => fault.failure(),
        })?;
        if matches!(self, Call::Query(_)) && bytes.len() > most {
            return Err(Reason::SourceTooLarge.into());
        }
        Ok(bytes)
    }
}

/// The failure that a plugin says in JSON.
fn said(json: &Json) -> Unanswered {
    match from_json(Message::Failure, json) {
        Ok(bytes) => Unanswered::Said(bytes),
        Err(fault) => fault.into(),
    }
}

/// The exchange of a manifest. Must be called within a tokio runtime.
///
/// # Errors
/// The manifest names neither a program nor an endpoint, or certificates that cannot be read.
pub fn open(manifest: &Manifest) -> Result<Arc<dyn Exchange>, Failure> {
    let most = manifest.limits.max_response_bytes;
    Ok(match &manifest.connector {
        Connector::Exec(program) => Arc::new(LinesExchange::open(program, most)?),
        Connector::Json(service) => Arc::new(HttpExchange::open(service, most)?),
        _ => return Err(Reason::SourceMissing.failure_at("the manifest describes no plugin of this kind")),
    })
}
