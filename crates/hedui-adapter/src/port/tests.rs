//! The contract of every port, run on each of them over real sockets: exactly one reply per question, whatever happens.

mod contract;
mod places;
mod rogue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hedui_core::{AnswerState, Failure, Query, SubjectAnswer};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::adapter::{Adapter, CheckResult, Description};
use crate::testing::{description, query};

/// A department whose behaviour stands in the question's id.
pub(crate) struct Scripted;

#[async_trait]
impl Adapter for Scripted {
    fn describe(&self) -> Description {
        description()
    }

    async fn check(&self, _: Option<&str>) -> Vec<CheckResult> {
        Vec::new()
    }

    async fn query(&self, query: &Query, _: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        match query.query_id.split('-').next().unwrap() {
            "panic" => panic!("on purpose"),
            "silent" => std::future::pending().await,
            "fail" => return Err(Reason::SourceUnavailable.failure()),
            "late" => tokio::task::yield_now().await,
            _ => {}
        }
        let mut answers: Vec<_> = query
            .subjects
            .iter()
            .map(|s| SubjectAnswer::of(s.ordinal, AnswerState::NoRecord))
            .collect();
        if query.query_id.starts_with("short") {
            answers.pop();
        }
        // So that answers of different questions differ.
        answers[0].notes.push(query.query_id.clone());
        Ok(answers)
    }
}

/// Keeps every reply.
#[derive(Default)]
pub(crate) struct Collect {
    replies: Mutex<Vec<(u32, Reply)>>,
    arrived: Notify,
}

impl ReplySink for Collect {
    fn reply(&self, slot: u32, reply: Reply) {
        self.replies.lock().unwrap().push((slot, reply));
        self.arrived.notify_one();
    }
}

impl Collect {
    /// Waits for so many replies; each slot must have one only.
    pub(crate) async fn all(&self, count: usize) -> HashMap<u32, Reply> {
        let enough = async {
            while self.replies.lock().unwrap().len() < count {
                self.arrived.notified().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), enough)
            .await
            .expect("a question stays open");
        let replies = self.replies.lock().unwrap().clone();
        let by_slot: HashMap<u32, Reply> = replies.iter().cloned().collect();
        assert_eq!(replies.len(), by_slot.len(), "a slot was answered twice");
        by_slot
    }
}

pub(crate) fn ask(query_id: &str, timeout: Duration) -> Ask {
    let query = Query {
        query_id: query_id.to_owned(),
        ..query(2)
    };
    let encoded = crate::wire::encode_query(&query);
    Ask {
        query: Arc::new(query),
        encoded,
        timeout,
        forward: None,
    }
}

pub(crate) const LONG: Duration = Duration::from_secs(10);

pub(crate) fn no_jitter() -> Arc<dyn Jitter> {
    Arc::new(|_| 0)
}

/// Asks one question and waits.
pub(crate) async fn once(port: &dyn Port, ask: Ask) -> Reply {
    let sink = Arc::new(Collect::default());
    port.ask(ask, ReplyTo::new(sink.clone(), 0));
    sink.all(1).await.remove(&0).unwrap()
}

pub(crate) fn reason(reply: &Reply) -> Option<Reason> {
    match reply {
        Reply::Failed(_, failure) => Reason::from_word(&failure.reason),
        _ => None,
    }
}

#[test]
fn a_way_back_that_is_dropped_replies_once() {
    let sink = Arc::new(Collect::default());
    drop(ReplyTo::new(sink.clone(), 3));
    ReplyTo::new(sink.clone(), 4).send(Reply::Wire(Bytes::new()));
    let replies = sink.replies.lock().unwrap().clone();
    assert_eq!(replies.len(), 2);
    assert_eq!(reason(&replies[0].1), Some(Reason::ReplyLost));
}
