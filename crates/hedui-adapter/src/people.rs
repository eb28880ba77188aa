//! Offices whose people answer: every question is put off until a moment, and a form is answered instead of a source being read.
//! Leaves keeping the questions, and who may answer them, to the broker.

pub mod form;
mod promise;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hedui_core::{AnswerState, Failure, Query, SubjectAnswer};
use tokio::time::Instant;

use crate::adapter::{Adapter, CheckResult, Description, Outcome};
use crate::clock::Clock;
use crate::manifest::{Connector, Manifest};
use crate::reason::Reason;

pub use promise::Promise;

/// How an office without a system answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// How long it may take.
    pub answer_within: Promise,
    /// Whether a second person confirms what the first has answered.
    pub two_persons: bool,
}

/// An office without a system: it promises an answer, and nothing else. What it says later comes by another way.
pub struct PeopleAdapter {
    description: Description,
    people: People,
    clock: Arc<dyn Clock>,
}

impl PeopleAdapter {
    /// The office of a manifest.
    ///
    /// # Errors
    /// `SOURCE_MISSING` where the manifest describes no people.
    pub fn open(manifest: &Manifest, clock: Arc<dyn Clock>) -> Result<PeopleAdapter, Failure> {
        let Connector::People(people) = &manifest.connector else {
            return Err(Reason::SourceMissing.failure_at("the manifest describes no people"));
        };
        Ok(PeopleAdapter {
            description: Description {
                checks: vec!["people".to_owned()],
                ..manifest.describe()
            },
            people: people.clone(),
            clock,
        })
    }
}

#[async_trait]
impl Adapter for PeopleAdapter {
    fn describe(&self) -> Description {
        self.description.clone()
    }

    async fn check(&self, name: Option<&str>) -> Vec<CheckResult> {
        let check = name.unwrap_or("people").to_owned();
        let (outcome, message) = match check.as_str() {
            "people" => (Outcome::Pass, "people answer; see `hedui tasks list`"),
            _ => (Outcome::Fail, "there is no such check"),
        };
        vec![CheckResult {
            check,
            outcome,
            message: message.to_owned(),
        }]
    }

    async fn query(&self, query: &Query, _deadline: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        self.description.takes(query)?;
        let now = Duration::from_millis(u64::try_from(self.clock.now_ms()).unwrap_or(0));
        let due_at_ms = i64::try_from(self.people.answer_within.due(now).as_millis()).ok();
        let promised = |s: &hedui_core::Subject| SubjectAnswer {
            due_at_ms,
            ..SubjectAnswer::of(s.ordinal, AnswerState::Pending)
        };
        Ok(query.subjects.iter().map(promised).collect())
    }
}
