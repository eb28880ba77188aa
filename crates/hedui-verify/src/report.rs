//! The answer: true with what was proved, or false with why, as lines for people or as JSON.
//! Leaves finding the answer to `proof` and `folder`.

#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};

use hedui_log::policy::Satisfied;

use crate::time::utc;

/// One thing that a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A text. Control characters are escaped wherever it is shown: logs name themselves.
    Text(String),
    /// Several things of a kind.
    List(Vec<Value>),
    /// Parts with names.
    Parts(Vec<(&'static str, Value)>),
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether everything that was asked holds.
    pub verdict: bool,
    /// The parts, in the order they are shown. A false report has `reason`, a stable code, first.
    pub parts: Vec<(&'static str, Value)>,
}

impl Report {
    pub(crate) fn proved() -> Self {
        let (verdict, parts) = (true, Vec::new());
        Self { verdict, parts }
    }

    pub(crate) fn refuted(reason: &str, explanation: impl fmt::Display) -> Self {
        let (verdict, parts) = (false, Vec::new());
        let refuted = Self { verdict, parts };
        refuted.text("reason", reason).text("explanation", explanation)
    }

    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.parts.push((name, value));
        self
    }

    pub(crate) fn text(self, name: &'static str, value: impl fmt::Display) -> Self {
        self.with(name, Value::Text(value.to_string()))
    }

    pub(crate) fn number(self, name: &'static str, value: u64) -> Self {
        self.with(name, Value::Number(value))
    }

    /// Who vouches for the checkpoint, and what it says.
    pub(crate) fn checkpoint(self, satisfied: &Satisfied) -> Self {
        let witnesses = satisfied.witnesses.iter().map(|signed| {
            Value::Parts(vec![
                ("name", Value::Text(signed.witness.clone())),
                ("key", Value::Text(signed.key.clone())),
                ("time", Value::Text(utc(signed.time))),
                ("seconds", Value::Number(signed.time)),
            ])
        });
        self.text("origin", &satisfied.checkpoint.origin)
            .number("size", satisfied.checkpoint.size)
            .text("root", satisfied.checkpoint.root)
            .text("log_key", &satisfied.log)
            .with("witnesses", Value::List(witnesses.collect()))
    }

    /// The value of a part.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Value> {
        self.parts
            .iter()
            .find(|(part, _)| *part == name)
            .map(|(_, value)| value)
    }

    /// One JSON object on one line, `verdict` first.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = format!("{{\"verdict\":{}", self.verdict);
        for (name, value) in &self.parts {
            json.push_str(",\"");
            json.push_str(name);
            json.push_str("\":");
            push_json(&mut json, value);
        }
        json.push('}');
        json
    }
}

/// `true` or `false`, then one line for each part; of a list one line for each member.
impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.verdict)?;
        for (name, value) in &self.parts {
            match value {
                Value::List(members) if members.is_empty() => writeln!(out, "{name}: none")?,
                Value::List(members) => members.iter().try_for_each(|member| line(out, name, member))?,
                other => line(out, name, other)?,
            }
        }
        Ok(())
    }
}

fn line(out: &mut fmt::Formatter<'_>, name: &str, value: &Value) -> fmt::Result {
    write!(out, "{name}: ")?;
    match value {
        Value::Parts(parts) => {
            for (at, (part, value)) in parts.iter().enumerate() {
                let separator = if at == 0 { "" } else { ", " };
                write!(out, "{separator}{part} ")?;
                flat(out, value)?;
            }
        }
        other => flat(out, other)?,
    }
    writeln!(out)
}

fn flat(out: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Number(number) => write!(out, "{number}"),
        Value::Text(text) => text.chars().try_for_each(|character| {
            if is_unsafe(character) {
                write!(out, "{}", character.escape_unicode())
            } else {
                out.write_char(character)
            }
        }),
        Value::List(members) => members.iter().try_for_each(|member| flat(out, member)),
        Value::Parts(parts) => parts.iter().try_for_each(|(_, part)| flat(out, part)),
    }
}

/// What could make a terminal show something else than the text: controls, line separators and marks of direction.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{FEFF}')
        || ('\u{2028}'..='\u{202E}').contains(&character)
        || ('\u{2066}'..='\u{2069}').contains(&character)
}

fn push_json(json: &mut String, value: &Value) {
    match value {
        Value::Number(number) => json.push_str(&number.to_string()),
        Value::Text(text) => push_string(json, text),
        Value::List(members) => {
            json.push('[');
            for (at, member) in members.iter().enumerate() {
                json.push_str(if at == 0 { "" } else { "," });
                push_json(json, member);
            }
            json.push(']');
        }
        Value::Parts(parts) => {
            json.push('{');
            for (at, (name, part)) in parts.iter().enumerate() {
                json.push_str(if at == 0 { "\"" } else { ",\"" });
                json.push_str(name);
                json.push_str("\":");
                push_json(json, part);
            }
            json.push('}');
        }
    }
}

fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                json.push('\\');
                json.push(character);
            }
            _ if is_unsafe(character) => {
                // All of these are below U+10000: one escape of four digits.
                json.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => json.push(character),
        }
    }
    json.push('"');
}
