//! Whether a plugin keeps the protocol: named checks against anything that answers, for authors of plugins and for operators before they connect one.
//! Leaves what the department's data should be to its cases.

mod checks;
#[cfg(any(test, feature = "samples"))]
pub(crate) mod errors;
#[cfg(any(test, feature = "samples"))]
pub mod folder;
#[cfg(any(test, feature = "samples"))]
pub(crate) mod office;
mod probe;
mod report;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use hedui_core::{Failure, PinnedKey, Query, Subject};

use crate::exchange::{ExchangeProbe, HttpExchange, LinesExchange};
use crate::manifest::{JsonService, Program};
use crate::port::Jitter;

pub use probe::{GrpcProbe, Probe, Said};
pub use report::{CheckReport, Outcome};

/// Larger than any answer that a limit allows.
const MAX_BYTES: u32 = 64 << 20;

/// Whom to ask about. Use a test system: the people are asked about for real.
#[derive(Clone, Debug)]
pub struct Samples {
    /// A question about people, at least one, that the plugin's test data knows. Its purpose and dates are used for every question.
    pub known: Query,
    /// Somebody whom the plugin cannot know. Their id and name are the canary: they must come up in no error text.
    pub unknown: Subject,
    /// Keys under one of which its answers must be signed; none where an operator has pinned none.
    pub pinned: Vec<PinnedKey>,
}

/// How much is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What no department may get wrong.
    Core,
    /// The whole protocol.
    Full,
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// For an answer: long enough for any well plugin.
    pub patience: Duration,
    /// By how much a plugin may overrun a deadline of 1 ms, network and busy machine included.
    pub overrun: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            patience: Duration::from_secs(15),
            overrun: Duration::from_secs(2),
        }
    }
}

/// Runs the checks against a plugin at `http://host:port` that speaks gRPC.
///
/// # Errors
/// The endpoint is no address. A plugin that is not there fails the checks.
pub async fn run(
    endpoint: &str,
    samples: &Samples,
    level: Level,
    jitter: Arc<dyn Jitter>,
) -> Result<Vec<CheckReport>, Failure> {
    let probe = GrpcProbe::open(endpoint, jitter)?;
    Ok(run_on(&probe, samples, level, Bounds::default()).await)
}

/// Runs the checks against a program that speaks proto3-JSON over lines, started for it. Must be called within a tokio runtime.
///
/// # Errors
/// No program is named. One that cannot be started fails the checks.
pub async fn run_program(program: &Program, samples: &Samples, level: Level) -> Result<Vec<CheckReport>, Failure> {
    let exchange = LinesExchange::listening(program, MAX_BYTES)?;
    let probe = ExchangeProbe(Arc::new(exchange));
    Ok(run_on(&probe, samples, level, Bounds::default()).await)
}

/// Runs the checks against a service that speaks proto3-JSON over HTTP.
///
/// # Errors
/// Certificates or a token that cannot be used. A service that is not there fails the checks.
pub async fn run_service(service: &JsonService, samples: &Samples, level: Level) -> Result<Vec<CheckReport>, Failure> {
    let exchange = HttpExchange::listening(service, MAX_BYTES)?;
    let probe = ExchangeProbe(Arc::new(exchange));
    Ok(run_on(&probe, samples, level, Bounds::default()).await)
}

/// Runs the checks against whatever a probe reaches.
pub async fn run_on(probe: &dyn Probe, samples: &Samples, level: Level, bounds: Bounds) -> Vec<CheckReport> {
    let c = checks::Checks {
        probe,
        samples,
        bounds,
        description: checks::described(probe).await,
    };
    let mut reports = core(&c).await;
    if level == Level::Full {
        reports.extend(full(&c).await);
    }
    // Last: whatever was said in all the checks before is looked through as well.
    reports.push(report::of(
        "no-identity",
        "no error, status, metadata or log holds the id or name asked with",
        c.no_identity().await,
    ));
    reports
}

/// What no department may get wrong.
async fn core(c: &checks::Checks<'_>) -> Vec<CheckReport> {
    vec![
        report::of("health", "health says serving", c.health().await),
        report::of("describe", "the description is stable and complete", c.describe().await),
        report::of("self-tests", "the self-tests pass", c.self_tests().await),
        report::of(
            "unknown-person",
            "a person it cannot know has no record",
            c.unknown_person().await,
        ),
        report::of(
            "everybody",
            "everybody asked about is answered",
            c.everybody_answered().await,
        ),
        report::of("whole-fen", "amounts are whole fen", c.whole_fen().await),
        report::of(
            "same-query",
            "the same query id gives the same answer",
            c.same_query().await,
        ),
        report::of(
            "signatures",
            "who publishes a key signs under it, and who has a pinned key publishes it",
            c.signatures().await,
        ),
        report::of(
            "malformed",
            "a malformed question is refused with a reason",
            c.malformed().await,
        ),
    ]
}

/// The rest of the protocol.
async fn full(c: &checks::Checks<'_>) -> Vec<CheckReport> {
    vec![
        report::of("name", "a known ID under another name is a mismatch", c.name().await),
        report::of("order", "the order of persons does not matter", c.order().await),
        report::of(
            "unknown-fields",
            "unknown fields are passed over",
            c.unknown_fields().await,
        ),
        report::of("deadline", "a deadline of 1 ms is kept", c.deadline().await),
        report::of(
            "batch",
            "as many persons as declared are answered, and more refused",
            c.batch().await,
        ),
        report::of(
            "concurrency",
            "as many questions at once as declared are answered",
            c.concurrency().await,
        ),
        report::of(
            "rare-names",
            "rare characters in names are no mistake",
            c.rare_names().await,
        ),
        report::of(
            "id-forms",
            "15-digit and lower-case numbers are no surprise",
            c.id_forms().await,
        ),
        report::of(
            "response-size",
            "no answer is larger than declared",
            c.response_size().await,
        ),
        report::of("stream", "a stream answers like a call", c.stream_like_call().await),
        // Last of those that ask: a plugin that keeps places answers nobody afterwards.
        report::of(
            "cancel",
            "questions that nobody waits for free their place",
            c.cancel().await,
        ),
    ]
}
