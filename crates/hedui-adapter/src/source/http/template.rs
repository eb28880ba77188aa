//! The templates of questions: address, body and headers, each value escaped for the place it stands in.
//! Leaves sending them to `http`.

use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value as Json;

use crate::manifest::HttpConnector;

/// How values are written into a text so that they cannot change what it asks.
#[derive(Clone, Copy)]
pub(super) enum Escape {
    Address,
    Json,
    Xml,
}

impl Escape {
    /// By the content type of the body; JSON where none is given.
    pub(super) fn of(connector: &HttpConnector) -> Escape {
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
pub(super) fn templates(connector: &HttpConnector) -> Result<Environment<'static>, (&'static str, String)> {
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

pub(super) fn render(
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
