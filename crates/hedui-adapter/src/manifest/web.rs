//! A web service of a department: how it is asked, and how its answer is told from an error and from a part of an answer.
//! Leaves asking to the connector.

use super::{Secret, TlsFiles};

/// A web service that answers JSON or XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpConnector {
    /// Template of the address; `id`, `legacy_id`, `name` are the person's, encoded for addresses with `| urlencode`.
    pub url: String,
    /// Whether it is a POST.
    pub post: bool,
    /// Template of the body.
    pub body: Option<String>,
    /// Names and templates of headers.
    pub headers: Vec<(String, String)>,
    /// JSONPath of the row objects.
    pub rows: String,
    /// Where the answer says whether it succeeded, looked at before its rows.
    pub success: Option<Success>,
    /// Where the answer says how many rows there are, so that a page of them is not taken for all.
    pub total: RowTotal,
    /// Whether null where the rows should be is an empty list; else it is no answer.
    pub empty_is_null: bool,
    /// Statuses that mean "no record".
    pub no_record_status: Vec<u16>,
    /// In what form it answers.
    pub format: ReplyFormat,
    /// The files for TLS; without them the system's authorities count.
    pub tls: Option<TlsFiles>,
    /// A token that is shown with every question.
    pub bearer: Option<Secret>,
    /// How questions are signed.
    pub sign: Option<Signing>,
}

/// How the answer of a web service says whether it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success {
    /// JSONPath of what says so.
    pub path: String,
    /// Its texts where the answer brings the rows.
    pub equals: Vec<String>,
    /// Its texts where the person has none.
    pub no_record: Vec<String>,
}

/// How the answer of a web service says how many rows there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RowTotal {
    /// By one of the usual names beside the rows or above them, if at all.
    #[default]
    Usual,
    /// At this JSONPath, in every answer that brings rows.
    At(String),
    /// Nowhere: what has such a name counts something else.
    Nowhere,
}

/// In what form a web service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyFormat {
    /// XML where the content type says so, else JSON.
    ByContentType,
    /// JSON.
    Json,
    /// XML.
    Xml,
}

/// How questions are signed: HMAC-SHA-256 over method, address, time and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The shared key.
    pub key: Secret,
    /// The header of the signature.
    pub header: String,
    /// The header of the time, in seconds since 1970.
    pub timestamp_header: String,
    /// Header and text that tell which key it is.
    pub key_id: Option<(String, String)>,
}
