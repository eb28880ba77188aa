//! A web service of the department that answers JSON: templates for the question, JSONPath for the rows.
//! Leaves the meaning of the columns to the mapping. Addresses hold ids, so no text of the client library is ever passed on.

use std::sync::Arc;

use async_trait::async_trait;
use hedui_core::{Failure, Subject};
use jsonpath_rust::JsonPath;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value as Json;
use tokio::time::{Instant, timeout_at};

use super::{Found, MAX_ROWS, Source};
use crate::adapter::Limits;
use crate::manifest::HttpConnector;
use crate::mapping::{Cell, Row};
use crate::reason::Reason;

/// How deep row objects may nest: deeper than any service answers.
const MAX_DEPTH: usize = 8;

/// How long the self-test waits.
const CHECK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// A web service.
pub(super) struct Http {
    client: reqwest::Client,
    connector: HttpConnector,
    templates: Environment<'static>,
    escape: Escape,
    max_bytes: usize,
}

impl Http {
    pub(super) fn new(connector: &HttpConnector, limits: Limits) -> Result<Http, Failure> {
        // One provider for the process; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| Reason::SourceMissing.failure_at("no client for web services can be made"))?;
        let templates = templates(connector).map_err(|(key, _)| Reason::SourceMissing.failure_at(key))?;
        let escape = Escape::of(connector);
        let max_bytes = limits.max_response_bytes as usize;
        Ok(Http {
            client,
            connector: connector.clone(),
            templates,
            escape,
            max_bytes,
        })
    }

    async fn person(&self, subject: &Subject) -> Result<Vec<Row>, Failure> {
        let legacy = subject.id.legacy_15();
        let legacy = legacy.as_ref().map_or("", |legacy| legacy.expose());
        let request = self.request([subject.id.expose(), legacy, subject.name.as_str()])?;
        let response = request.send().await.map_err(|e| failure(&e))?;
        match response.status().as_u16() {
            status if self.connector.no_record_status.contains(&status) => Ok(Vec::new()),
            200..=299 => rows(&self.json(response).await?, &self.connector.rows),
            status => Err(refusal(status)),
        }
    }

    fn request(&self, values: [&str; 3]) -> Result<reqwest::RequestBuilder, Failure> {
        let render = |name: &str, escape: Escape| {
            render(&self.templates, name, values, escape).map_err(|_| Reason::SourceError.failure_at("template"))
        };
        let url = render("url", Escape::Address)?;
        let mut request = if self.connector.post {
            self.client.post(url)
        } else {
            self.client.get(url)
        };
        for (i, (name, _)) in self.connector.headers.iter().enumerate() {
            request = request.header(name.as_str(), render(&format!("header{i}"), Escape::Address)?);
        }
        if self.connector.body.is_some() {
            request = request.body(render("body", self.escape)?);
        }
        Ok(request)
    }

    /// The body, as long as it stays within the limit.
    async fn json(&self, mut response: reqwest::Response) -> Result<Json, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| failure(&e))? {
            if body.len() + chunk.len() > self.max_bytes {
                return Err(Reason::SourceTooLarge.failure_at("bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| Reason::SourceUnreadable.failure_at("not JSON"))
    }
}

#[async_trait]
impl Source for Http {
    async fn rows(&self, subjects: &[Subject], deadline: Instant) -> Result<Found, Failure> {
        let ask = |subject| async move {
            let answer = timeout_at(deadline, self.person(subject)).await;
            answer.unwrap_or_else(|_| Err(Reason::SourceTimeout.failure()))
        };
        Ok(futures::future::join_all(subjects.iter().map(ask)).await)
    }

    /// Any answer at all shows that the service is there; what it says of nobody is its own affair.
    async fn check(&self) -> Result<(), Failure> {
        let request = self.request(["", "", ""])?.timeout(CHECK_TIMEOUT);
        match request.send().await.map_err(|e| failure(&e))?.status().as_u16() {
            status @ (401 | 403 | 500..=599) => Err(refusal(status)),
            _ => Ok(()),
        }
    }
}

/// How values are written into a text so that they cannot change what it asks.
#[derive(Clone, Copy)]
enum Escape {
    Address,
    Json,
    Xml,
}

impl Escape {
    /// By the content type of the body; JSON where none is given.
    fn of(connector: &HttpConnector) -> Escape {
        let content = connector
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        match content.map(|(_, value)| value.as_str()) {
            Some(value) if value.contains("xml") => Escape::Xml,
            Some(value) if value.contains("x-www-form-urlencoded") => Escape::Address,
            _ => Escape::Json,
        }
    }

    fn apply(self, text: &str) -> String {
        match self {
            Escape::Address => text
                .bytes()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
                    _ => format!("%{byte:02X}"),
                })
                .collect(),
            Escape::Json => {
                let quoted = Json::from(text).to_string();
                quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
            }
            Escape::Xml => text
                .chars()
                .map(|c| match c {
                    '&' => "&amp;".to_owned(),
                    '<' => "&lt;".to_owned(),
                    '>' => "&gt;".to_owned(),
                    '"' => "&quot;".to_owned(),
                    '\'' => "&apos;".to_owned(),
                    c => c.to_string(),
                })
                .collect(),
        }
    }
}

/// The templates of a connector, or the key of the one that is wrong.
fn templates(connector: &HttpConnector) -> Result<Environment<'static>, (&'static str, String)> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    let mut add = |key: &'static str, name: String, text: &str| {
        let mistake = |_| {
            (
                key,
                "is no template, or uses a value other than id_number, legacy_id_number, name".to_owned(),
            )
        };
        environment
            .add_template_owned(name.clone(), text.to_owned())
            .map_err(mistake)?;
        render(&environment, &name, ["", "", ""], Escape::Address)
            .map_err(mistake)
            .map(|_| ())
    };
    add("url", "url".to_owned(), &connector.url)?;
    if let Some(body) = &connector.body {
        add("body", "body".to_owned(), body)?;
    }
    for (i, (_, value)) in connector.headers.iter().enumerate() {
        add("headers", format!("header{i}"), value)?;
    }
    Ok(environment)
}

fn render(
    environment: &Environment<'_>,
    name: &str,
    [id, legacy, person]: [&str; 3],
    escape: Escape,
) -> Result<String, minijinja::Error> {
    let (id, legacy, person) = (escape.apply(id), escape.apply(legacy), escape.apply(person));
    let (id, legacy) = (id.as_str(), legacy.as_str());
    environment.get_template(name)?.render(minijinja::context! {
        id => id, id_number => id, legacy_id => legacy, legacy_id_number => legacy, name => person,
    })
}

/// What is wrong with a connector's templates and path, for the manifest.
pub(crate) fn mistakes(connector: &HttpConnector) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = templates(connector).err().into_iter().collect();
    if !connector.rows.is_empty() && jsonpath_rust::parser::parse_json_path(&connector.rows).is_err() {
        found.push(("rows", "is no JSONPath".to_owned()));
    }
    found
}

/// The rows that the path selects. Where the list itself is not there the answer is not the one described, which is no "no record".
fn rows(json: &Json, path: &str) -> Result<Vec<Row>, Failure> {
    let select = |path: &str| {
        json.query(path)
            .map_err(|_| Reason::SourceError.failure_at("rows path"))
    };
    let holder = path.strip_suffix("[*]").unwrap_or(path);
    let holders = select(holder)?;
    if holders.is_empty() {
        return Err(Reason::SourceUnreadable.failure_at("the answer has no rows part"));
    }
    let mut found = Vec::new();
    for holder in holders {
        match holder {
            Json::Null => {}
            Json::Array(items) if path.ends_with("[*]") => found.extend(items),
            object @ Json::Object(_) if !path.ends_with("[*]") => found.push(object),
            _ => return Err(Reason::SourceUnreadable.failure_at("the rows part is of another form")),
        }
    }
    if found.len() > MAX_ROWS {
        return Err(Reason::SourceTooLarge.failure_at("rows of one person"));
    }
    found.into_iter().map(row).collect()
}

fn row(json: &Json) -> Result<Row, Failure> {
    if !json.is_object() {
        return Err(Reason::SourceUnreadable.failure_at("a row is no object"));
    }
    let mut cells = Vec::new();
    flatten("", json, MAX_DEPTH, &mut cells);
    Ok(Row::of(cells))
}

/// Nested objects give columns such as `owner.name`; lists cannot be a cell.
fn flatten(name: &str, json: &Json, depth: usize, cells: &mut Vec<(Arc<str>, Cell)>) {
    let cell = match json {
        Json::Object(object) if depth > 0 => {
            for (key, value) in object {
                let path = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(&path, value, depth - 1, cells);
            }
            return;
        }
        Json::Null => Cell::Text(String::new()),
        Json::String(text) => Cell::Text(text.clone()),
        Json::Bool(flag) => Cell::Text(flag.to_string()),
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(value) => super::sheet::number(value),
            None => Cell::Text(number.to_string()),
        },
        Json::Object(_) | Json::Array(_) => Cell::Unreadable,
    };
    cells.push((Arc::from(name), cell));
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
    let reason = if error.is_timeout() {
        Reason::SourceTimeout
    } else if error.is_connect() || error.is_request() {
        Reason::SourceUnavailable
    } else {
        Reason::SourceError
    };
    reason.failure()
}
