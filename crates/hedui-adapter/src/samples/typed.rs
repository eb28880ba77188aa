//! A department in memory that holds typed records: what stands behind a plugin in cases and tests.
//! Leaves columns and codes to the departments that have some.

use std::collections::HashMap;

use async_trait::async_trait;
use hedui_core::{AnswerState, Failure, Query, Record, Subject, SubjectAnswer};
use tokio::time::Instant;

use crate::adapter::{Adapter, CheckResult, Description, Outcome};
use crate::answering::registered;

/// What the department holds of one person.
#[derive(Clone)]
pub struct Person {
    /// 18 characters.
    pub id_number: String,
    /// Name as registered.
    pub name: String,
    /// The records.
    pub records: Vec<Record>,
}

/// A department in memory.
pub struct TypedAdapter {
    description: Description,
    people: HashMap<String, Person>,
}

impl TypedAdapter {
    /// A department that holds these people.
    pub fn new(description: Description, people: impl IntoIterator<Item = Person>) -> TypedAdapter {
        let people = people
            .into_iter()
            .map(|person| (person.id_number.clone(), person))
            .collect();
        TypedAdapter { description, people }
    }

    fn answer(&self, subject: &Subject, query: &Query) -> SubjectAnswer {
        match self.people.get(subject.id.expose()) {
            None => SubjectAnswer::of(subject.ordinal, AnswerState::NoRecord),
            Some(person) => registered(subject, &person.name, person.records.clone(), &query.record_types),
        }
    }
}

#[async_trait]
impl Adapter for TypedAdapter {
    fn describe(&self) -> Description {
        self.description.clone()
    }

    async fn check(&self, name: Option<&str>) -> Vec<CheckResult> {
        let check = name.unwrap_or("source").to_owned();
        let known = self.description.checks.contains(&check);
        let outcome = if known { Outcome::Pass } else { Outcome::Fail };
        let message = if known { "in memory" } else { "there is no such check" };
        vec![CheckResult {
            check,
            outcome,
            message: message.to_owned(),
        }]
    }

    async fn query(&self, query: &Query, _deadline: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        self.description.takes(query)?;
        Ok(query
            .subjects
            .iter()
            .map(|subject| self.answer(subject, query))
            .collect())
    }
}
