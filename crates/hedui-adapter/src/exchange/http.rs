//! A plugin that answers proto3-JSON over HTTP: `POST /v1/describe`, `/v1/check`, `/v1/query`.
//! Leaves what the answers mean to `wire`. Texts of the client library are never passed on.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hedui_core::Failure;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value as Json;
use tokio::time::timeout;

use super::besides::Besides;
use super::{Call, Exchange, Unanswered, most_json, said};
use crate::manifest::JsonService;
use crate::reason::Reason;
use crate::source::{bearer, is_tls, web_client};

/// The header with the time left, in milliseconds.
pub(crate) const TIMEOUT_HEADER: &str = "hedui-timeout-ms";

/// A web service that speaks the protocol.
pub struct HttpExchange {
    client: reqwest::Client,
    endpoint: String,
    bearer: Option<HeaderValue>,
    most: usize,
    besides: Besides,
}

impl HttpExchange {
    /// A way to a service whose answers may have `most` bytes. Nothing is asked yet.
    ///
    /// # Errors
    /// `SOURCE_MISSING`: certificates that cannot be read, a token that is none.
    pub fn open(service: &JsonService, most: u32) -> Result<HttpExchange, Failure> {
        HttpExchange::with(service, most, Besides::new(false))
    }

    /// The same, keeping what is said besides answers.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn listening(service: &JsonService, most: u32) -> Result<HttpExchange, Failure> {
        HttpExchange::with(service, most, Besides::new(true))
    }

    fn with(service: &JsonService, most: u32, besides: Besides) -> Result<HttpExchange, Failure> {
        Ok(HttpExchange {
            client: web_client(service.tls.as_ref())?,
            endpoint: service.endpoint.trim_end_matches('/').to_owned(),
            bearer: service.bearer.as_ref().map(bearer).transpose()?,
            most: most as usize,
            besides,
        })
    }

    async fn exchange(&self, call: &Call, limit: Duration) -> Result<Bytes, Unanswered> {
        let mut request = self
            .client
            .post(format!("{}/v1/{}", self.endpoint, call.word()))
            .header(CONTENT_TYPE, "application/json")
            .header(TIMEOUT_HEADER, limit.as_millis().max(1).to_string())
            .body(call.request()?.to_string());
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, bearer.clone());
        }
        let response = request.send().await.map_err(|error| broken(&error))?;
        self.hear(response.headers());
        let status = response.status().as_u16();
        let body = self.body(response).await?;
        let json = serde_json::from_slice::<Json>(&body);
        match (status, json) {
            (200, Ok(json)) => call.answer(&json, self.most),
            (200, Err(_)) => Err(Reason::MalformedAnswer.into()),
            (status, json) => match json.as_ref().ok().and_then(|json| json.get("failure")) {
                Some(failure) => Err(said(failure)),
                None => {
                    // What stands in an error that is not of the protocol is read by nobody but the kit.
                    self.besides.hear(&body);
                    Err(refusal(status).into())
                }
            },
        }
    }

    /// The body, as long as it stays within the limit.
    async fn body(&self, mut response: reqwest::Response) -> Result<Vec<u8>, Unanswered> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            if body.len() + chunk.len() > most_json(self.most) {
                return Err(Reason::SourceTooLarge.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn hear(&self, headers: &HeaderMap) {
        for (name, value) in headers {
            let line = [name.as_str().as_bytes(), b"=", value.as_bytes(), b"\n"].concat();
            self.besides.hear(&line);
        }
    }
}

#[async_trait]
impl Exchange for HttpExchange {
    async fn call(&self, call: &Call, limit: Duration) -> Result<Bytes, Unanswered> {
        let answer = timeout(limit, self.exchange(call, limit)).await;
        answer.unwrap_or_else(|_| Err(Reason::DeadlineExceeded.into()))
    }

    fn besides(&self) -> Vec<u8> {
        self.besides.all()
    }
}

/// What a status without a failure of the protocol means.
fn refusal(status: u16) -> Failure {
    let reason = match status {
        400 | 422 => Reason::InvalidRequest,
        401 | 403 | 404 | 405 => Reason::PluginRefused,
        408 | 504 => Reason::DeadlineExceeded,
        413 => Reason::TooManySubjects,
        429 => Reason::Overloaded,
        502 | 503 => Reason::PluginUnavailable,
        _ => Reason::PluginError,
    };
    reason.failure_at(format_args!("status {status}"))
}

fn broken(error: &reqwest::Error) -> Unanswered {
    if is_tls(error) {
        return Reason::PluginRefused.failure_at("TLS").into();
    }
    let reason = if error.is_timeout() {
        Reason::DeadlineExceeded
    } else if error.is_connect() {
        Reason::ConnectFailed
    } else {
        Reason::ConnectionLost
    };
    reason.into()
}
