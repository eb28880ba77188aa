//! A web service of the department that answers JSON or XML: templates for the question, JSONPath for the rows.
//! Leaves the meaning of the columns to the mapping. Addresses hold ids, so no text of the client library is ever passed on.

mod absent;
pub(super) mod client;
mod complete;
mod reply;
mod sign;
mod template;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use complete::Head;
use hedui_core::{Failure, Subject};
use minijinja::Environment;
pub(super) use reply::Form;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use template::{Escape, render, templates};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::{Found, Source, is_tls};
use crate::adapter::Limits;
use crate::clock::Clock;
use crate::manifest::{HttpConnector, ReplyFormat, RowTotal};
use crate::mapping::{Mapping, Row};
use crate::reason::Reason;

/// How long the self-test waits.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// A web service.
pub(super) struct Http {
    client: reqwest::Client,
    connector: HttpConnector,
    templates: Environment<'static>,
    escape: Escape,
    max_bytes: usize,
    bearer: Option<HeaderValue>,
    /// What the rows are read with; none where it is not known yet which columns there are.
    mapping: Option<Mapping>,
    clock: Option<Arc<dyn Clock>>,
    /// As many requests as may be sent in a second.
    per_second: Option<u32>,
}

impl Http {
    pub(super) fn new(
        connector: &HttpConnector,
        mapping: Option<&Mapping>,
        limits: Limits,
        clock: Option<Arc<dyn Clock>>,
    ) -> Result<Http, Failure> {
        if connector.sign.is_some() && clock.is_none() {
            return Err(Reason::SourceMissing.failure_at("sign needs a clock"));
        }
        let client = client::client(connector.tls.as_ref())?;
        let templates = templates(connector).map_err(|(key, _)| Reason::SourceMissing.failure_at(key))?;
        let escape = Escape::of(connector);
        let bearer = connector.bearer.as_ref().map(client::bearer).transpose()?;
        let max_bytes = limits.max_response_bytes as usize;
        Ok(Http {
            client,
            connector: connector.clone(),
            templates,
            escape,
            max_bytes,
            bearer,
            mapping: mapping.cloned(),
            per_second: None,
            clock,
        })
    }

    /// The same service, sent so many requests in a second at most for one household.
    pub(super) fn paced(mut self, per_second: Option<u32>) -> Http {
        self.per_second = per_second;
        self
    }

    async fn person(&self, subject: &Subject) -> Result<Vec<Row>, Failure> {
        let legacy = subject.id.legacy_15();
        let legacy = legacy.as_ref().map_or("", |legacy| legacy.expose());
        let request = self.request([subject.id.expose(), legacy, subject.name.as_str()])?;
        let response = self.client.execute(request).await.map_err(|e| failure(&e))?;
        match response.status().as_u16() {
            status if self.connector.no_record_status.contains(&status) && is_of_a_service(&response) => {
                self.nobody(response).await.map(|()| Vec::new())
            }
            200..=299 => self.answer(response).await,
            status => Err(refusal(status)),
        }
    }

    fn request(&self, values: [&str; 3]) -> Result<reqwest::Request, Failure> {
        let render = |name: &str, escape: Escape| {
            render(&self.templates, name, values, escape).map_err(|_| Reason::SourceError.failure_at("template"))
        };
        let url = render("url", Escape::Address)?;
        let (method, builder) = if self.connector.post {
            ("POST", self.client.post(url))
        } else {
            ("GET", self.client.get(url))
        };
        let mut builder = builder;
        for (i, (name, _)) in self.connector.headers.iter().enumerate() {
            builder = builder.header(name.as_str(), render(&format!("header{i}"), Escape::Address)?);
        }
        if let Some(bearer) = &self.bearer {
            builder = builder.header(AUTHORIZATION, bearer.clone());
        }
        let body = match &self.connector.body {
            None => String::new(),
            Some(_) => render("body", self.escape)?,
        };
        let unfit = |_| Reason::SourceMissing.failure_at("the address or a header");
        let Some((sign, clock)) = self.connector.sign.as_ref().zip(self.clock.as_ref()) else {
            return self.with_body(builder, body).build().map_err(unfit);
        };
        // What is signed is the address as it is sent, whatever the template's spelling of it.
        let mut request = self.with_body(builder, body.clone()).build().map_err(unfit)?;
        let url = request.url();
        let target = match url.query() {
            None => url.path().to_owned(),
            Some(query) => format!("{}?{query}", url.path()),
        };
        let seconds = clock.now_ms().div_euclid(1_000);
        let signature = sign::signature(
            sign.key.expose(),
            &sign::canonical(method, &target, seconds, body.as_bytes()),
        );
        let texts = [(&sign.header, signature), (&sign.timestamp_header, seconds.to_string())];
        let key_id = sign.key_id.iter().map(|(name, id)| (name, id.clone()));
        for (name, text) in texts.into_iter().chain(key_id) {
            let name = reqwest::header::HeaderName::try_from(name.as_str())
                .map_err(|_| Reason::SourceMissing.failure_at("sign"))?;
            let value = HeaderValue::try_from(text).map_err(|_| Reason::SourceMissing.failure_at("sign"))?;
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }

    fn with_body(&self, builder: reqwest::RequestBuilder, body: String) -> reqwest::RequestBuilder {
        if self.connector.body.is_some() {
            builder.body(body)
        } else {
            builder
        }
    }

    /// What the service answers about a person, whole, and whether it is XML: for whoever does not know yet where the rows stand.
    ///
    /// # Errors
    /// It does not answer by then, or not in this form.
    pub(super) async fn whole(
        &self,
        subject: &Subject,
        deadline: Instant,
    ) -> Result<(serde_json::Value, Form), Failure> {
        let legacy = subject.id.legacy_15();
        let legacy = legacy.as_ref().map_or("", |legacy| legacy.expose());
        let request = self.request([subject.id.expose(), legacy, subject.name.as_str()])?;
        let answer = timeout_at(deadline, async {
            let response = self.client.execute(request).await.map_err(|e| failure(&e))?;
            match response.status().as_u16() {
                200..=299 => self.tree(response).await,
                status => Err(refusal(status)),
            }
        });
        answer.await.unwrap_or_else(|_| Err(Reason::SourceTimeout.failure()))
    }

    /// The rows of an answer.
    async fn answer(&self, response: reqwest::Response) -> Result<Vec<Row>, Failure> {
        let head = Head::of(response.status().as_u16(), response.headers());
        let (tree, form) = self.tree(response).await?;
        let rows = reply::rows(&tree, &self.connector, form)?;
        head.check(rows.len(), &self.connector.total)?;
        match self.mapping.as_ref().and_then(|mapping| mapping.missing_in(&rows)) {
            Some(column) => Err(Reason::SourceMissing.failure_at(format_args!("column {column} in every row"))),
            None => Ok(rows),
        }
    }

    /// Whether an answer under a status that means "no record" is one of the service and brings no rows. Where it says itself how it is meant,
    /// that counts; else it must not read as what a gateway says that does not find the service.
    ///
    /// # Errors
    /// It is another answer.
    async fn nobody(&self, response: reqwest::Response) -> Result<(), Failure> {
        let status = response.status().as_u16();
        let (tree, form) = self.tree(response).await?;
        match reply::rows(&tree, &self.connector, form) {
            Ok(rows) if rows.is_empty() => Ok(()),
            Ok(_) => Err(Reason::SourceError.failure_at(format_args!("status {status} with rows"))),
            Err(_) if status >= 400 && absent::is_of_a_gateway(&tree) => Err(lost(status)),
            Err(_) => Ok(()),
        }
    }

    /// Whether a person stands in the path of the address, so that without one it is another address.
    fn asks_in_path(&self) -> bool {
        let path = self.connector.url.split('?').next().unwrap_or_default();
        let path = path.split_once("://").map_or(path, |(_, rest)| rest);
        path.contains("{{")
    }

    /// An answer as a tree, by the form that the manifest states, else by its content type.
    async fn tree(&self, response: reqwest::Response) -> Result<(serde_json::Value, Form), Failure> {
        let content = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let xml = match self.connector.format {
            ReplyFormat::Json => false,
            ReplyFormat::Xml => true,
            ReplyFormat::ByContentType => content.is_some_and(|text| text.to_ascii_lowercase().contains("xml")),
        };
        let body = self.body(response).await?;
        if xml {
            return Ok((xml::tree(&body)?, Form::Xml));
        }
        let json = serde_json::from_slice(&body).map_err(|_| Reason::SourceUnreadable.failure_at("not JSON"))?;
        Ok((json, Form::Json))
    }

    /// The body, as long as it stays within the limit.
    async fn body(&self, mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| failure(&e))? {
            if body.len() + chunk.len() > self.max_bytes {
                return Err(Reason::SourceTooLarge.failure_at("bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

#[async_trait]
impl Source for Http {
    async fn rows(&self, subjects: &[Subject], deadline: Instant) -> Result<Found, Failure> {
        let begun = Instant::now();
        let ask = |(place, subject)| async move {
            let answer = timeout_at(deadline, async {
                // What the gate let through at once is more than passes in a second: the rest waits here.
                let seconds = self.per_second.map_or(0, |per_second| place / per_second.max(1));
                if seconds > 0 {
                    sleep_until(begun + Duration::from_secs(seconds.into())).await;
                }
                self.person(subject).await
            });
            let answer = answer.await;
            answer
                .unwrap_or_else(|_| Err(Reason::SourceTimeout.failure()))
                .map(Into::into)
        };
        Ok(futures::future::join_all((0u32..).zip(subjects).map(ask)).await)
    }

    /// What the service says of nobody is its own affair, as long as it is the service that says it: a gateway refuses, leads elsewhere, or
    /// does not know the address.
    async fn check(&self) -> Result<(), Failure> {
        let mut request = self.request(["", "", ""])?;
        *request.timeout_mut() = Some(CHECK_TIMEOUT);
        let response = self.client.execute(request).await.map_err(|e| failure(&e))?;
        let status = response.status().as_u16();
        match status {
            300..=399 | 401 | 403 | 500..=599 => Err(refusal(status)),
            // Of an address without its end nothing follows for the whole one.
            404 | 405 | 410 if self.asks_in_path() => Ok(()),
            _ if self.connector.no_record_status.contains(&status) && is_of_a_service(&response) => {
                timeout(CHECK_TIMEOUT, self.nobody(response))
                    .await
                    .unwrap_or_else(|_| Err(Reason::SourceTimeout.failure()))
            }
            404 | 405 | 410 => Err(lost(status)),
            _ => Ok(()),
        }
    }
}

/// The rows of a whole answer.
///
/// # Errors
/// They do not stand where the connector says.
pub(super) fn rows_in(tree: &serde_json::Value, connector: &HttpConnector, form: Form) -> Result<Vec<Row>, Failure> {
    reply::rows(tree, connector, form)
}

/// The rows of a JSON answer, for tests.
#[cfg(test)]
pub(super) fn rows_of(answer: &serde_json::Value, connector: &HttpConnector) -> Result<Vec<Row>, Failure> {
    reply::rows(answer, connector, Form::Json)
}

/// What is wrong with a connector's templates and path, for the manifest.
pub(crate) fn mistakes(connector: &HttpConnector) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = templates(connector).err().into_iter().collect();
    let success = connector
        .success
        .as_ref()
        .map(|success| ("success.path", &success.path));
    let total = match &connector.total {
        RowTotal::At(path) => Some(("total", path)),
        RowTotal::Usual | RowTotal::Nowhere => None,
    };
    for (key, path) in [("rows", &connector.rows)].into_iter().chain(success).chain(total) {
        if !path.is_empty() && jsonpath_rust::parser::parse_json_path(path).is_err() {
            found.push((key, "is no JSONPath".to_owned()));
        }
    }
    found
}

/// Whether the service itself speaks: a gateway that does not find the service says so in a page or a line for people.
fn is_of_a_service(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(reqwest::header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    ["json", "xml"].iter().any(|of| kind.contains(of))
}

/// Nobody is there who would know of a person.
fn lost(status: u16) -> Failure {
    Reason::SourceMissing.failure_at(format_args!("status {status}: the address of the service may be wrong"))
}

fn refusal(status: u16) -> Failure {
    let reason = match status {
        401 | 403 => Reason::SourceRefused,
        404 | 405 | 410 => Reason::SourceMissing,
        408 | 504 => Reason::SourceTimeout,
        429 | 502 | 503 => Reason::SourceUnavailable,
        _ => Reason::SourceError,
    };
    reason.failure_at(format_args!("status {status}"))
}

fn failure(error: &reqwest::Error) -> Failure {
    if is_tls(error) {
        return Reason::SourceRefused.failure_at("TLS");
    }
    let reason = if error.is_timeout() {
        Reason::SourceTimeout
    } else if error.is_connect() || error.is_request() {
        Reason::SourceUnavailable
    } else {
        Reason::SourceError
    };
    reason.failure()
}
