//! Mistakes in the configuration: where, which, and what to do, all of them at once.
//! Leaves finding them to `read`, `kinds` and `contradictions`.

use std::fmt;

use super::Origin;

/// A mistake in the configuration. Never holds a secret, nor what stands where a secret should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it stands.
    pub origin: Origin,
    /// The setting, dotted; empty where the file as a whole is meant.
    pub key: String,
    /// Stable reason, for example `KEY_UNKNOWN`.
    pub reason: &'static str,
    /// For people: what is wrong and what is wanted.
    pub message: String,
    /// What was probably meant.
    pub hint: Option<String>,
}

/// `hedui.toml:3:9: KEY_UNKNOWN: ... (hint: ...)`.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.origin, self.reason, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

/// Every mistake that was found: the file's from top to bottom, then the environment's, then the flags'. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct ConfigErrors(pub Vec<Mistake>);

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigErrorKind {
    /// Whoever keeps the configuration; trying again does not help.
    Config,
}

impl ConfigErrors {
    /// Who has to act.
    pub fn kind(&self) -> ConfigErrorKind {
        ConfigErrorKind::Config
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    lines.join("\n")
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Mistake>);

impl Report {
    pub fn add(
        &mut self,
        origin: &Origin,
        key: &str,
        reason: &'static str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let (key, message) = (key.to_owned(), message.into());
        self.0.push(Mistake {
            origin: origin.clone(),
            key,
            reason,
            message,
            hint,
        });
    }

    pub fn append(&mut self, mut other: Report) {
        self.0.append(&mut other.0);
    }

    /// Nothing wrong, or all mistakes in order.
    pub fn finish(mut self) -> Result<(), ConfigErrors> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0
            .sort_by(|a, b| (&a.origin, &a.key, a.reason).cmp(&(&b.origin, &b.key, b.reason)));
        self.0.dedup();
        Err(ConfigErrors(self.0))
    }
}
