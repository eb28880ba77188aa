//! The port of a department inside this process.
//! Leaves the department to its adapter; a panic there is a failure of that question only.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use hedui_core::{DepartmentId, Query, SubjectAnswer, Unreachable};
use tokio::time::Instant;

use super::{Ask, Places, Port, Reply, ReplyTo};
use crate::adapter::Adapter;
use crate::reason::Reason;
use crate::wire::encode_answer;

/// A department inside this process.
pub struct AdapterPort {
    id: DepartmentId,
    adapter: Arc<dyn Adapter>,
    places: Places,
}

impl AdapterPort {
    /// The port of an adapter, with the concurrency that the adapter describes.
    pub fn new(adapter: Arc<dyn Adapter>) -> AdapterPort {
        let description = adapter.describe();
        AdapterPort {
            places: Places::of(&description.limits),
            id: description.department,
            adapter,
        }
    }
}

impl Port for AdapterPort {
    fn id(&self) -> &DepartmentId {
        &self.id
    }

    fn ask(&self, ask: Ask, reply: ReplyTo) {
        let adapter = self.adapter.clone();
        let deadline = Instant::now() + ask.timeout;
        self.places.ask((deadline, Reason::SourceTimeout), reply, async move {
            let asked = AssertUnwindSafe(adapter.query(&ask.query, deadline));
            match asked.catch_unwind().await {
                Err(_) => Reply::failed(Reason::ConnectorPanicked),
                Ok(Err(failure)) => Reply::failure(failure),
                Ok(Ok(answers)) => {
                    let answers = one_each(&ask.query, answers);
                    let wire = encode_answer(&ask.query, &answers);
                    Reply::Answers(answers, wire)
                }
            }
        });
    }
}

/// Exactly one answer per person, in the order of the query, whatever the adapter gave.
pub(crate) fn one_each(query: &Query, answers: Vec<SubjectAnswer>) -> Vec<SubjectAnswer> {
    let as_asked = answers.len() == query.subjects.len()
        && answers
            .iter()
            .zip(&query.subjects)
            .all(|(answer, subject)| answer.ordinal == subject.ordinal);
    if as_asked {
        return answers;
    }
    let mut answers: Vec<Option<SubjectAnswer>> = answers.into_iter().map(Some).collect();
    let mut take = |ordinal: u32| {
        let mut of = answers
            .iter_mut()
            .filter(|a| a.as_ref().is_some_and(|a| a.ordinal == ordinal));
        let first = of.next().and_then(Option::take);
        if of.next().is_some() {
            Err(Reason::SubjectTwice)
        } else {
            first.ok_or(Reason::SubjectMissing)
        }
    };
    let one = |subject: &hedui_core::Subject| {
        let failed =
            |reason: Reason| SubjectAnswer::unreachable(subject.ordinal, Unreachable::Failed, reason.failure());
        take(subject.ordinal).unwrap_or_else(failed)
    };
    query.subjects.iter().map(one).collect()
}
