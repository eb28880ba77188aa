//! From TOML to a checked connector.
//! Leaves opening the source to the connectors.

use std::time::Duration;

use super::fields::{Fields, VALUE};
use super::file_keys::file;
use super::{
    Connector, DatabaseConnector, HttpConnector, JsonService, OdbcConnector, Peer, Program, ReplyFormat, RowTotal,
    Secret, Signing, Success, TextEncoding, TlsFiles, Variables,
};
use crate::gate::OfficeHours;
use crate::people::{People, Promise};
use crate::source::query::{Dialect, bind, unbound};

/// The kinds of connector, as `kind` names them.
const KINDS: &[&str] = &[
    "sqlite", "postgres", "mysql", "odbc", "csv", "excel", "dbf", "http", "grpc", "exec", "json", "people", "peer",
];

/// Reads the connector section; its texts may use `${variables}`.
pub(super) fn connector(
    mut fields: Fields<'_>,
    variables: &Variables,
    hours: Option<&OfficeHours>,
) -> Option<Connector> {
    let kind = fields.required_text("kind");
    let mut source = Texts { fields, variables };
    let connector = match kind.as_str() {
        "sqlite" => {
            let path = source.required("path");
            let query = source.query(Dialect::Sqlite);
            let sample = source.sample(Dialect::Sqlite);
            Some(Connector::Sqlite { path, query, sample })
        }
        "postgres" => Some(Connector::Postgres(source.database(Dialect::Postgres, 5_432))),
        "mysql" => Some(Connector::Mysql(source.database(Dialect::Mysql, 3_306))),
        "odbc" => Some(Connector::Odbc(source.odbc())),
        "csv" => Some(Connector::Csv {
            file: file(&mut source),
            encoding: source.encoding(TextEncoding::Utf8),
            delimiter: source.delimiter(),
        }),
        "excel" => Some(Connector::Excel {
            file: file(&mut source),
            sheet: source.required("sheet"),
        }),
        "dbf" => Some(Connector::Dbf {
            file: file(&mut source),
            encoding: source.encoding(TextEncoding::Gb18030),
        }),
        "http" => Some(Connector::Http(Box::new(http(&mut source)))),
        "peer" => {
            let endpoint = source.endpoint();
            let token = source.secret("token");
            Some(Connector::Peer(Peer { endpoint, token }))
        }
        "grpc" => {
            let endpoint = source.endpoint();
            let stream = source.fields.flag("stream").unwrap_or(true);
            Some(Connector::Grpc { endpoint, stream })
        }
        "people" => Some(Connector::People(people(&mut source.fields, hours))),
        "exec" => Some(Connector::Exec(program(&mut source))),
        "json" => Some(Connector::Json(json(&mut source))),
        "" => None,
        other => {
            let hint = hedui_toml::hint::nearest(other, KINDS.iter().copied());
            source
                .fields
                .mistake_with("kind", VALUE, format!("must be one of {}", KINDS.join(", ")), hint);
            return None;
        }
    };
    source.fields.finish();
    connector
}

/// The shortest and the longest time that an office may take: less is not for people, more is no answer to a household in need.
const ANSWER_WITHIN: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(60 * 24 * 60 * 60);

fn people(fields: &mut Fields<'_>, hours: Option<&OfficeHours>) -> People {
    if !fields.has("answer_within") {
        fields.missing("answer_within");
    }
    let in_days = fields.is_in_days("answer_within");
    let within = fields.duration("answer_within").unwrap_or(*ANSWER_WITHIN.start());
    if !ANSWER_WITHIN.contains(&within) {
        fields.mistake("answer_within", "must be between a minute and 60 days");
    }
    // Hours that name no day are a mistake of their own.
    let hours = hours.filter(|hours| hours.days_in_a_week() > 0).cloned();
    let answer_within = match hours {
        None => Promise::Passing(within),
        Some(hours) if in_days => Promise::WorkingDays(within.as_secs() / 86_400, hours),
        Some(hours) => Promise::OfficeTime(within, hours),
    };
    if !answer_within.is_bounded() {
        fields.mistake(
            "answer_within",
            "takes more than 120 days of these [hours]: with them, hours and minutes are time in which the office is open",
        );
    }
    People {
        answer_within,
        two_persons: fields.flag("two_persons").unwrap_or(false),
    }
}

/// The section with its variables.
pub(super) struct Texts<'m, 'v> {
    pub(super) fields: Fields<'m>,
    pub(super) variables: &'v Variables,
}

impl Texts<'_, '_> {
    pub(super) fn required(&mut self, key: &str) -> String {
        let text = self.fields.required_text(key);
        self.substitute(key, text)
    }

    fn endpoint(&mut self) -> String {
        let endpoint = self.required("endpoint");
        if !endpoint.is_empty() && !endpoint.starts_with("http://") {
            self.fields.mistake("endpoint", "must be http://host:port");
        }
        endpoint
    }

    fn optional(&mut self, key: &str) -> Option<String> {
        let text = self.fields.text(key)?;
        self.given(key, &text)
    }

    /// Puts the variables in; an unknown one is a mistake that names it, and nothing more is said of what is left of the text.
    fn given(&self, key: &str, text: &str) -> Option<String> {
        let (text, problems) = super::variables::substitute(text, self.variables);
        if problems.is_empty() {
            return Some(text);
        }
        for problem in problems {
            self.fields.mistake(key, problem);
        }
        None
    }

    /// The same; empty where a variable is unknown.
    fn substitute(&self, key: &str, text: String) -> String {
        self.given(key, &text).unwrap_or_default()
    }

    /// A query whose parameters can be bound.
    fn query(&mut self, dialect: Dialect) -> String {
        let query = self.required("query");
        if let (false, Err(mistake)) = (query.is_empty(), bind(&query, dialect)) {
            self.fields.mistake("query", mistake);
        }
        query
    }

    /// One query, or a list of them, that nobody has to be named for.
    fn sample(&mut self, dialect: Dialect) -> Vec<String> {
        let texts = match self.fields.is_list("sample") {
            true => self.fields.texts("sample").unwrap_or_default(),
            false => self.fields.text("sample").into_iter().collect(),
        };
        let texts: Vec<String> = texts.into_iter().map(|text| self.substitute("sample", text)).collect();
        for mistake in texts.iter().filter_map(|text| unbound(text, dialect).err()) {
            self.fields.mistake("sample", mistake);
        }
        texts
    }

    fn database(&mut self, dialect: Dialect, port: u16) -> DatabaseConnector {
        let tls = self.tls();
        if let Some(TlsFiles { ca: None, .. }) = tls {
            self.fields
                .mistake("tls.ca", "is missing: the server's certificate is checked with it");
        }
        DatabaseConnector {
            host: self.required("host"),
            port: self.port(port),
            database: self.required("database"),
            user: self.required("user"),
            password: self.secret("password").unwrap_or_default(),
            tls,
            query: self.query(dialect),
            sample: self.sample(dialect),
        }
    }

    fn odbc(&mut self) -> OdbcConnector {
        let connection = self.required("connection");
        let keys = connection.split(';').filter_map(|pair| pair.split('=').next());
        let secret = |key: &str| ["pwd", "password"].contains(&key.trim().to_ascii_lowercase().as_str());
        if keys.into_iter().any(secret) {
            self.fields.mistake(
                "connection",
                "must not hold the password: write password = \"${variable}\"",
            );
        }
        let query = self.query(Dialect::Odbc);
        let sample = self.sample(Dialect::Odbc);
        for (key, text) in sample.iter().map(|text| ("sample", text)).chain([("query", &query)]) {
            let word = text.split_whitespace().next().unwrap_or_default();
            if !text.is_empty() && !word.eq_ignore_ascii_case("select") {
                self.fields.mistake(
                    key,
                    "must begin with SELECT: not every driver has sessions that only read",
                );
            }
        }
        OdbcConnector {
            connection,
            user: self.optional("user"),
            password: self.secret("password"),
            query,
            sample,
        }
    }

    pub(super) fn port(&mut self, default: u16) -> u16 {
        let number = match self.fields.scalar("port") {
            None => return default,
            Some(text) => match self.given("port", &text) {
                None => return default,
                Some(number) => number.parse::<u16>().ok(),
            },
        };
        match number {
            Some(number) if number > 0 => number,
            _ => {
                self.fields.mistake("port", "must be a number from 1 to 65535");
                default
            }
        }
    }

    /// A secret is a variable and nothing else: manifests are copied, compared and archived.
    pub(super) fn secret(&mut self, key: &str) -> Option<Secret> {
        let text = self.fields.text(key)?;
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        if name.is_none_or(|name| name.contains(['$', '{', '}'])) {
            self.fields.mistake(
                key,
                "must be one ${variable} and nothing else, so that no secret stands in a manifest",
            );
            return None;
        }
        Some(Secret::new(self.substitute(key, text)))
    }

    fn sign(&mut self) -> Option<Signing> {
        let mut below = Texts {
            fields: self.fields.table("sign")?,
            variables: self.variables,
        };
        let key = below.secret("key");
        if key.is_none() {
            below.fields.mistake("key", "is missing");
        }
        let mut header = |key: &str, default: &str| {
            let name = below.optional(key).unwrap_or_else(|| default.to_owned());
            let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if !name.chars().all(known) {
                below.fields.mistake(key, "must be the name of a header");
            }
            name
        };
        let signature = header("header", "X-Signature");
        let timestamp_header = header("timestamp_header", "X-Timestamp");
        let key_id_header = header("key_id_header", "X-Key-Id");
        let key_id = below.optional("key_id").map(|id| (key_id_header, id));
        below.fields.finish();
        Some(Signing {
            key: key?,
            header: signature,
            timestamp_header,
            key_id,
        })
    }

    fn success(&mut self) -> Option<Success> {
        let mut below = self.fields.table("success")?;
        let path = below.required_text("path");
        if !below.has("equals") {
            below.missing("equals");
        }
        let equals = below.scalars("equals").unwrap_or_default();
        let no_record = below.scalars("no_record").unwrap_or_default();
        if no_record.iter().any(|text| equals.contains(text)) {
            below.mistake("no_record", "shares a text with equals");
        }
        below.finish();
        Some(Success {
            path,
            equals,
            no_record,
        })
    }

    /// The files for TLS to an address.
    fn tls_for(&mut self, address: &str) -> Option<TlsFiles> {
        let tls = self.tls();
        if tls.is_some() && !address.starts_with("https://") {
            self.fields.mistake("tls", "needs an address that begins with https://");
        }
        tls
    }

    fn tls(&mut self) -> Option<TlsFiles> {
        let mut below = Texts {
            fields: self.fields.table("tls")?,
            variables: self.variables,
        };
        let ca = below.optional("ca");
        let client = match (below.optional("certificate"), below.optional("key")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                below
                    .fields
                    .mistake("", "must have both certificate and key, or neither");
                None
            }
        };
        below.fields.finish();
        Some(TlsFiles { ca, client })
    }

    fn encoding(&mut self, default: TextEncoding) -> TextEncoding {
        match self.optional("encoding").as_deref() {
            None => default,
            Some("utf-8") => TextEncoding::Utf8,
            Some("gb18030") => TextEncoding::Gb18030,
            Some(_) => {
                self.fields.mistake("encoding", "must be utf-8 or gb18030");
                TextEncoding::Utf8
            }
        }
    }

    fn delimiter(&mut self) -> u8 {
        let text = self.fields.any_text("delimiter").unwrap_or_else(|| ",".to_owned());
        match text.as_bytes() {
            [byte] if byte.is_ascii_punctuation() && *byte != b'"' || *byte == b'\t' => *byte,
            _ => {
                self.fields
                    .mistake("delimiter", "must be one ASCII mark other than a quote, or a tab");
                b','
            }
        }
    }
}

fn program(source: &mut Texts<'_, '_>) -> Program {
    let command = source.fields.texts("command").unwrap_or_default();
    let command: Vec<String> = command
        .into_iter()
        .map(|text| source.substitute("command", text))
        .collect();
    if command.first().is_none_or(String::is_empty) {
        source
            .fields
            .mistake("command", "must be a list: a program, and its arguments");
    }
    let environment = source.fields.table("environment").map(Fields::rest).unwrap_or_default();
    let mut given = Vec::with_capacity(environment.len());
    for (name, value) in environment {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.chars().all(is_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
            source
                .fields
                .mistake("environment", format!("{name} is no name of a variable"));
        }
        let value = source.substitute("environment", value);
        given.push((name, Secret::new(value)));
    }
    Program {
        command,
        environment: given,
    }
}

fn json(source: &mut Texts<'_, '_>) -> JsonService {
    let endpoint = source.required("endpoint");
    if !endpoint.is_empty() && !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
        source.fields.mistake("endpoint", "must begin with http:// or https://");
    }
    JsonService {
        tls: source.tls_for(&endpoint),
        bearer: source.secret("bearer"),
        endpoint,
    }
}

fn http(source: &mut Texts<'_, '_>) -> HttpConnector {
    let url = source.required("url");
    if !url.is_empty() && !url.starts_with("http://") && !url.starts_with("https://") {
        source.fields.mistake("url", "must begin with http:// or https://");
    }
    let post = match source.optional("method").as_deref() {
        None | Some("GET") => false,
        Some("POST") => true,
        Some(_) => {
            source.fields.mistake("method", "must be GET or POST");
            false
        }
    };
    let body = source.optional("body");
    if body.is_some() && !post {
        source.fields.mistake("body", "needs method = \"POST\"");
    }
    let headers = source.fields.table("headers").map(Fields::rest).unwrap_or_default();
    let headers = headers
        .into_iter()
        .map(|(name, value)| {
            let value = source.substitute("headers", value);
            (name, value)
        })
        .collect();
    let format = match source.optional("format").as_deref() {
        None => ReplyFormat::ByContentType,
        Some("json") => ReplyFormat::Json,
        Some("xml") => ReplyFormat::Xml,
        Some(_) => {
            source.fields.mistake("format", "must be json or xml");
            ReplyFormat::ByContentType
        }
    };
    let tls = source.tls_for(&url);
    let bearer = source.secret("bearer");
    let sign = source.sign();
    let no_record = source.fields.numbers("no_record_status", 200, 599).unwrap_or_default();
    let success = source.success();
    let total = match source.fields.text("total") {
        None => RowTotal::Usual,
        Some(word) if word == "none" => RowTotal::Nowhere,
        Some(path) => RowTotal::At(path),
    };
    let connector = HttpConnector {
        url,
        post,
        body,
        headers,
        rows: source.required("rows"),
        success,
        total,
        empty_is_null: source.fields.flag("empty_is_null").unwrap_or(false),
        no_record_status: no_record.into_iter().filter_map(|n| u16::try_from(n).ok()).collect(),
        format,
        tls,
        bearer,
        sign,
    };
    for (key, mistake) in crate::source::http_mistakes(&connector) {
        source.fields.mistake(key, mistake);
    }
    connector
}
