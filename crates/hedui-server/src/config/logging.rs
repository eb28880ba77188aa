//! The log: lines to stderr, as text or JSON, filtered as configured.
//! Leaves what is logged to those who log it.

use std::io;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{Log, LogFormat, hint};

/// The names of levels.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// Not by way of [`super::Config::load`], which checks it.
    #[error("`{0}` is no filter of log lines")]
    Filter(String),
    /// This process has a log already.
    #[error("the log is set up already")]
    Twice,
}

/// Sends the log lines of this process to stderr from here on.
///
/// # Errors
/// A filter that is none, or a second call.
pub fn init(log: &Log) -> Result<(), LoggingError> {
    subscriber(log, io::stderr)?.try_init().map_err(|_| LoggingError::Twice)
}

/// What writes the lines.
fn subscriber<W>(log: &Log, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = filter(&log.filter).ok_or_else(|| LoggingError::Filter(log.filter.clone()))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match log.format {
        LogFormat::Text => Box::new(lines.with_ansi(false).finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).finish()),
    })
}

/// The filter that a text describes. A misspelt level, which would be taken for a target and silence everything else, is none.
pub(super) fn filter(text: &str) -> Option<EnvFilter> {
    let misspelt = |part: &str| !LEVELS.contains(&part) && hint::nearest(part, LEVELS.into_iter()).is_some();
    if text.trim().is_empty() || text.split(',').any(|part| misspelt(&part.to_lowercase())) {
        return None;
    }
    EnvFilter::builder().parse(text).ok()
}

#[cfg(test)]
mod tests;
