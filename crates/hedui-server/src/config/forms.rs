//! The settings that are texts of a certain form: ids, addresses, keys, hashes.
//! Leaves the other kinds to `kinds`.

use std::net::SocketAddr;

use hedui_core::DepartmentId;
use hedui_evidence::LogOptions;
use hedui_ids::DivisionCode;
use hedui_log::cosignature::CosigningKey;
use hedui_log::note::{KeyKind, VerifierKey};

use super::kinds::{Kind, Sink};
use super::logging;
use super::raw::{Node, Value};
use super::units::{parse_hex32, show_hex};

/// What is shown in place of what may be a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// A text of a certain form.
pub(super) struct Form<T> {
    pub wanted: &'static str,
    pub parse: fn(&str) -> Option<T>,
    pub show: fn(&T) -> String,
    /// Neither messages nor `show` repeat it.
    pub secret: bool,
}

impl<T> Kind for Form<T> {
    type Out = T;

    fn wanted(&self) -> String {
        self.wanted.to_owned()
    }

    fn read(&self, node: &Node, sink: &mut Sink<'_>) -> Option<T> {
        let (Value::Text(text) | Value::Loose(text)) = &node.value else {
            return sink.wrong_type(node, self.wanted);
        };
        match (self.parse)(text) {
            Some(value) => Some(value),
            None => sink.wrong_value(node, self.wanted, (!self.secret).then_some(text), None),
        }
    }

    fn show(&self, value: &T) -> String {
        if self.secret {
            HIDDEN.to_owned()
        } else {
            (self.show)(value)
        }
    }
}

/// The id of a caller or a signing key.
pub(super) const IDENTIFIER: Form<String> = Form {
    wanted: "1 to 64 letters, digits, `.`, `_`, `:` or `-`",
    parse: |text| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        ((1..=64).contains(&text.len()) && text.bytes().all(good)).then(|| text.to_owned())
    },
    show: String::clone,
    secret: false,
};
/// The id of a department.
pub(super) const DEPARTMENT: Form<String> = Form {
    wanted: "the id of a department: lower-case letters, digits and hyphens, a letter first",
    parse: |text| DepartmentId::new(text).ok().map(|id| id.to_string()),
    show: String::clone,
    secret: false,
};
/// A district.
pub(super) const DISTRICT: Form<String> = Form {
    wanted: "the six digits of a district (GB/T 2260)",
    parse: |text| DivisionCode::parse(text).map(|_| text.to_owned()),
    show: String::clone,
    secret: false,
};
/// A public key.
pub(super) const PUBLIC_KEY: Form<[u8; 32]> = Form {
    wanted: "an Ed25519 public key in 64 hexadecimal digits",
    parse: parse_hex32,
    show: |key| show_hex(key),
    secret: false,
};
/// The hash of a token. Secret, because a wrong value is probably the token itself.
pub(super) const TOKEN_HASH: Form<[u8; 32]> = Form {
    wanted: "the SHA-256 of the token in 64 hexadecimal digits (printf %s \"$TOKEN\" | sha256sum)",
    parse: parse_hex32,
    show: |_| String::new(),
    secret: true,
};
/// Where a server listens.
pub(super) const ADDRESS: Form<SocketAddr> = Form {
    wanted: "an IP address with a port, such as \"127.0.0.1:7311\" or \"[::]:7311\"",
    parse: |text| text.parse().ok(),
    show: SocketAddr::to_string,
    secret: false,
};
/// What a variable of the manifests stands for. Secret, because manifests may take credentials from variables.
pub(super) const VARIABLE: Form<String> = Form {
    wanted: "a text",
    parse: |text| Some(text.to_owned()),
    show: String::clone,
    secret: true,
};
/// What the origins of the transparency logs begin with.
pub(super) const LOG_NAME: Form<String> = Form {
    wanted: "a name that you own, without scheme, such as \"evidence.example.gov.cn\"",
    parse: |text| LogOptions::check_name(text).is_ok().then(|| text.to_owned()),
    show: String::clone,
    secret: false,
};
/// A program, or one of its arguments.
pub(super) const COMMAND_WORD: Form<String> = Form {
    wanted: "a program or argument without control characters",
    parse: |text| (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned()),
    show: String::clone,
    secret: false,
};
/// The key that a witness cosigns with.
pub(super) const WITNESS_KEY: Form<VerifierKey> = Form {
    wanted: "a witness's verifier key, as `hedui witness --show-key` prints it: NAME+ID+KEY, for cosignatures (0x04)",
    parse: |text| {
        let key = VerifierKey::parse(text).ok()?;
        (key.kind() == KeyKind::CosignatureV1).then_some(key)
    },
    show: VerifierKey::to_string,
    secret: false,
};
/// The key of a log.
pub(super) const LOG_KEY: Form<VerifierKey> = Form {
    wanted: "a log's verifier key, as `hedui audit logs` prints it: NAME+ID+KEY, Ed25519 (0x01)",
    parse: |text| {
        let key = VerifierKey::parse(text).ok()?;
        (key.kind() == KeyKind::Ed25519).then_some(key)
    },
    show: VerifierKey::to_string,
    secret: false,
};
/// What a witness calls its key.
pub(super) const KEY_NAME: Form<String> = Form {
    wanted: "a name that you own, without scheme, white space and plus, such as \"witness.audit.example\", at most 255 bytes",
    parse: |text| {
        let good = text.len() <= 255 && CosigningKey::from_seed(text, [1; 32]).is_ok();
        good.then(|| text.to_owned())
    },
    show: String::clone,
    secret: false,
};
/// Where a witness is asked.
pub(super) const WITNESS_URL: Form<String> = Form {
    wanted: "an address with http or https and without user, query and fragment, such as \"https://witness.audit.example\"",
    parse: |text| {
        let url = reqwest::Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        let plain = plain && url.query().is_none() && url.fragment().is_none();
        let good = plain && matches!(url.scheme(), "http" | "https") && url.has_host();
        good.then(|| text.trim_end_matches('/').to_owned())
    },
    show: String::clone,
    secret: false,
};
/// Which lines are logged.
pub(super) const LOG_FILTER: Form<String> = Form {
    wanted: "levels by target, such as \"info\" or \"warn,hedui_broker=debug\"",
    parse: |text| logging::filter(text).is_some().then(|| text.to_owned()),
    show: String::clone,
    secret: false,
};
