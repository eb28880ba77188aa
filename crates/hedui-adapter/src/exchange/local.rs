//! A plugin behind an exchange, as a department in this process: for its self-tests.
//! Leaves questions of verifications to the port.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hedui_core::{Failure, PinnedKey, Query, SubjectAnswer};
use tokio::time::Instant;

use super::{Call, Exchange, Unanswered};
use crate::adapter::{Adapter, CheckResult, Description, Outcome};
use crate::manifest::Manifest;
use crate::reason::Reason;
use crate::wire::{check_published, decode_answer, decode_checks, decode_description, encode_query};

/// How long self-tests may take.
const CHECK_LIMIT: Duration = Duration::from_secs(5);

/// A plugin behind an exchange.
pub struct ExchangeAdapter {
    description: Description,
    pinned: Vec<PinnedKey>,
    exchange: Arc<dyn Exchange>,
}

impl ExchangeAdapter {
    /// With what the manifest says of it.
    pub fn new(manifest: &Manifest, exchange: Arc<dyn Exchange>) -> ExchangeAdapter {
        ExchangeAdapter {
            description: manifest.describe(),
            pinned: manifest.signing_keys.clone(),
            exchange,
        }
    }

    /// The plugin's own tests. Its words are not passed on: nobody knows whom they name.
    async fn own_tests(&self, name: &str) -> Result<Vec<CheckResult>, Failure> {
        let call = Call::Check(name.to_owned());
        let bytes = self.exchange.call(&call, CHECK_LIMIT).await;
        let bytes = bytes.map_err(Unanswered::about_nobody)?;
        let results = decode_checks(&bytes).ok_or_else(|| Reason::MalformedAnswer.failure())?;
        let silent = |result| CheckResult {
            message: String::new(),
            ..result
        };
        Ok(results.into_iter().map(silent).collect())
    }

    /// Whether the key that it publishes is one of those pinned.
    async fn signing_key(&self) -> Option<CheckResult> {
        let bytes = self.exchange.call(&Call::Describe, CHECK_LIMIT).await.ok()?;
        check_published(&decode_description(&bytes)?.signing_key, &self.pinned)
    }
}

#[async_trait]
impl Adapter for ExchangeAdapter {
    fn describe(&self) -> Description {
        self.description.clone()
    }

    async fn check(&self, name: Option<&str>) -> Vec<CheckResult> {
        let own = self.own_tests(name.unwrap_or_default()).await;
        let mut results = own.unwrap_or_else(|failure| {
            vec![CheckResult {
                check: name.unwrap_or("source").to_owned(),
                outcome: Outcome::Fail,
                message: failure.message,
            }]
        });
        if name.is_none() {
            results.extend(self.signing_key().await);
        }
        results
    }

    async fn query(&self, query: &Query, deadline: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        let limit = deadline.saturating_duration_since(Instant::now());
        let answer = self.exchange.call(&Call::Query(encode_query(query)), limit).await;
        let bytes = answer.map_err(|unanswered| unanswered.about(query))?;
        Ok(decode_answer(&bytes, query))
    }
}
