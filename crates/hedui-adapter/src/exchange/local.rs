//! A plugin behind an exchange, as a department in this process: for its self-tests.
//! Leaves questions of verifications to the port.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hedui_core::{Failure, Query, SubjectAnswer};
use tokio::time::Instant;

use super::{Call, Exchange};
use crate::adapter::{Adapter, CheckResult, Description, Outcome};
use crate::reason::Reason;
use crate::wire::{decode_answer, decode_checks, encode_query};

/// How long self-tests may take.
const CHECK_LIMIT: Duration = Duration::from_secs(5);

/// A plugin behind an exchange.
pub struct ExchangeAdapter {
    description: Description,
    exchange: Arc<dyn Exchange>,
}

impl ExchangeAdapter {
    /// With what the manifest says of it.
    pub fn new(description: Description, exchange: Arc<dyn Exchange>) -> ExchangeAdapter {
        ExchangeAdapter { description, exchange }
    }
}

#[async_trait]
impl Adapter for ExchangeAdapter {
    fn describe(&self) -> Description {
        self.description.clone()
    }

    async fn check(&self, name: Option<&str>) -> Vec<CheckResult> {
        let call = Call::Check(name.unwrap_or_default().to_owned());
        let results = match self.exchange.call(&call, CHECK_LIMIT).await {
            Ok(bytes) => decode_checks(&bytes).ok_or_else(|| Reason::MalformedAnswer.failure()),
            Err(unanswered) => Err(unanswered.about_nobody()),
        };
        results.unwrap_or_else(|failure| {
            vec![CheckResult {
                check: name.unwrap_or("source").to_owned(),
                outcome: Outcome::Fail,
                message: failure.message,
            }]
        })
    }

    async fn query(&self, query: &Query, deadline: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        let limit = deadline.saturating_duration_since(Instant::now());
        let answer = self.exchange.call(&Call::Query(encode_query(query)), limit).await;
        let bytes = answer.map_err(|unanswered| unanswered.about(query))?;
        Ok(decode_answer(&bytes, query))
    }
}
