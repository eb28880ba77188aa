//! Whether a plugin keeps the protocol: named checks against a running endpoint, for authors of plugins and for operators before they connect one.
//! Leaves what the department's data should be to its cases.

mod checks;
mod client;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hedui_core::{Failure, Query, Subject};

use crate::port::Jitter;

/// Whom to ask about. Use a test system: the people are asked about for real.
#[derive(Clone, Debug)]
pub struct Samples {
    /// A question about people, at least one, that the plugin's test data knows. Its purpose and dates are used for every question.
    pub known: Query,
    /// Somebody whom the plugin cannot know. Their id and name are the canary: they must come up in no error text.
    pub unknown: Subject,
}

/// How one check went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// Its name.
    pub name: &'static str,
    /// Whether the plugin keeps this rule.
    pub passed: bool,
    /// What was found; no personal data.
    pub message: String,
}

/// Runs every check against a plugin at `http://host:port`.
///
/// # Errors
/// The endpoint is no address. A plugin that is not there fails the checks.
pub async fn run(endpoint: &str, samples: &Samples, jitter: Arc<dyn Jitter>) -> Result<Vec<CheckReport>, Failure> {
    let plugin = client::Plugin::open(endpoint, jitter)?;
    let c = checks::Checks { plugin, samples };
    let mut reports = Vec::new();
    let mut report = |name, outcome: Result<(), String>| {
        let message = outcome.as_ref().err().cloned().unwrap_or_else(|| "kept".to_owned());
        reports.push(CheckReport {
            name,
            passed: outcome.is_ok(),
            message,
        });
    };
    report("health says serving", c.health().await);
    report("the description is stable and complete", c.describe().await);
    report("the self-tests pass", c.self_tests().await);
    report("a person it cannot know has no record", c.unknown_person().await);
    report("everybody asked about is answered", c.everybody_answered().await);
    report("the same query id gives the same answer", c.idempotent().await);
    report("the order of persons does not matter", c.order().await);
    report("unknown fields are passed over", c.unknown_fields().await);
    report("a deadline of 1 ms is kept", c.deadline().await);
    report(
        "a malformed question is an invalid argument with a reason",
        c.malformed().await,
    );
    report("no error text holds the id or name asked with", c.canary().await);
    report("a stream answers like a call", c.stream_like_call().await);
    Ok(reports)
}
