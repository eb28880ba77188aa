//! The checks, one rule each.
//! Leaves their order and names to `run`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hedui_core::{AnswerState, Query, SubjectAnswer};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::Samples;
use super::client::Plugin;
use crate::adapter::Outcome;
use crate::port::{Ask, Port as _, Reply, ReplySink, ReplyTo};
use crate::wire::{decode_answer, decode_checks, decode_description, encode_query, is_reason_word};

const QUERY: &str = "/hedui.department.v1.DepartmentService/Query";
const DESCRIBE: &str = "/hedui.department.v1.DepartmentService/Describe";
const CHECK: &str = "/hedui.department.v1.DepartmentService/Check";
const HEALTH: &str = "/grpc.health.v1.Health/Check";
/// Long enough for any well plugin.
const PATIENCE: Duration = Duration::from_secs(15);
/// By how much a plugin may overrun a deadline of 1 ms, network and busy machine included.
const OVERRUN: Duration = Duration::from_secs(2);

pub(super) struct Checks<'s> {
    pub(super) plugin: Plugin,
    pub(super) samples: &'s Samples,
}

type Outcomes = Result<(), String>;

fn must(kept: bool, otherwise: &str) -> Outcomes {
    if kept { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// Only the code: texts may hold anything.
fn code(status: &Status) -> String {
    format!("ended with {:?}", status.code())
}

impl Checks<'_> {
    async fn raw(&self, path: &'static str, message: Bytes) -> Result<Bytes, String> {
        self.plugin
            .call(path, message, PATIENCE)
            .await
            .map_err(|status| code(&status))
    }

    async fn ask(&self, query: &Query) -> Result<Vec<SubjectAnswer>, String> {
        let bytes = self.raw(QUERY, encode_query(query)).await?;
        Ok(decode_answer(&bytes, query))
    }

    fn unknown(&self, query_id: &str) -> Query {
        let subjects = vec![self.samples.unknown.clone()];
        Query {
            query_id: query_id.to_owned(),
            subjects,
            ..self.samples.known.clone()
        }
    }

    pub(super) async fn health(&self) -> Outcomes {
        let answer = self.raw(HEALTH, Bytes::new()).await?;
        // HealthCheckResponse { status: SERVING }
        must(answer.as_ref() == [0x08, 0x01], "it does not say serving")
    }

    pub(super) async fn describe(&self) -> Outcomes {
        let (first, second) = (
            self.raw(DESCRIBE, Bytes::new()).await?,
            self.raw(DESCRIBE, Bytes::new()).await?,
        );
        let description = decode_description(&first).ok_or("the description cannot be read")?;
        must(
            decode_description(&second).as_ref() == Some(&description),
            "two descriptions differ",
        )?;
        must(
            description.protocol_versions.iter().any(|v| v == "v1"),
            "it does not speak v1",
        )?;
        must(!description.record_types.is_empty(), "it names no type of record")?;
        let limits = description.limits;
        must(
            limits.max_subjects > 0 && limits.max_concurrent_queries > 0,
            "its limits allow nothing",
        )
    }

    pub(super) async fn self_tests(&self) -> Outcomes {
        let results = decode_checks(&self.raw(CHECK, Bytes::new()).await?).ok_or("the results cannot be read")?;
        must(!results.is_empty(), "there are none")?;
        let failed: Vec<&str> = results
            .iter()
            .filter(|r| r.outcome == Outcome::Fail)
            .map(|r| r.check.as_str())
            .collect();
        must(failed.is_empty(), &format!("failed: {}", failed.join(", ")))
    }

    pub(super) async fn unknown_person(&self) -> Outcomes {
        let answers = self.ask(&self.unknown("conformance-unknown")).await?;
        let states: Vec<&str> = answers.iter().map(|a| a.state.code()).collect();
        must(
            answers.iter().all(|a| a.state == AnswerState::NoRecord),
            &format!("answered {}", states.join(", ")),
        )
    }

    pub(super) async fn everybody_answered(&self) -> Outcomes {
        let answers = self.ask(&self.samples.known).await?;
        let silent = answers.iter().find(|a| !a.state.is_answer());
        let reason = |a: &SubjectAnswer| {
            a.failure
                .as_ref()
                .map_or(a.state.code().to_owned(), |f| f.reason.clone())
        };
        silent.map_or(Ok(()), |answer| {
            Err(format!("person {}: {}", answer.ordinal, reason(answer)))
        })
    }

    pub(super) async fn idempotent(&self) -> Outcomes {
        let (first, second) = (
            self.ask(&self.samples.known).await?,
            self.ask(&self.samples.known).await?,
        );
        must(first == second, "two answers differ")
    }

    pub(super) async fn order(&self) -> Outcomes {
        let mut query = self.unknown("conformance-order");
        query.subjects = self.samples.known.subjects.clone();
        let unused = query.subjects.iter().map(|s| s.ordinal).max().unwrap_or(0) + 1;
        query.subjects.push(hedui_core::Subject {
            ordinal: unused,
            ..self.samples.unknown.clone()
        });
        let forwards = self.ask(&query).await?;
        query.subjects.reverse();
        "conformance-order-reversed".clone_into(&mut query.query_id);
        let mut backwards = self.ask(&query).await?;
        backwards.reverse();
        must(forwards == backwards, "answers depend on the order")
    }

    pub(super) async fn unknown_fields(&self) -> Outcomes {
        let query = &self.samples.known;
        let mut message = encode_query(query).to_vec();
        // Field 1000, a text.
        message.extend_from_slice(&[0xC2, 0x3E, 0x01, b'x']);
        let bytes = self.raw(QUERY, Bytes::from(message)).await?;
        must(
            decode_answer(&bytes, query) == self.ask(query).await?,
            "an unknown field changes the answer",
        )
    }

    pub(super) async fn deadline(&self) -> Outcomes {
        let started = Instant::now();
        let message = encode_query(&self.unknown("conformance-deadline"));
        let call = self.plugin.call(QUERY, message, Duration::from_millis(1));
        // An answer in so short a time is as good.
        let outcome = timeout(OVERRUN, call)
            .await
            .map_err(|_| "it goes on past its deadline")?;
        must(started.elapsed() <= OVERRUN, "it goes on past its deadline")?;
        match outcome.map_err(|status| status.code()) {
            Ok(_) | Err(Code::DeadlineExceeded | Code::Cancelled) => Ok(()),
            Err(code) => Err(format!("ended with {code:?}")),
        }
    }

    pub(super) async fn malformed(&self) -> Outcomes {
        match self
            .plugin
            .call(QUERY, Bytes::from_static(&[0x0A, 0xFF]), PATIENCE)
            .await
        {
            Ok(_) => Err("it answers a question that is none".to_owned()),
            Err(status) if status.code() != Code::InvalidArgument => Err(code(&status)),
            Err(status) => {
                let reason = status.get_details_error_info().map(|info| info.reason);
                must(
                    reason.is_some_and(|reason| is_reason_word(&reason)),
                    "there is no ErrorInfo with a reason",
                )
            }
        }
    }

    /// Questions with the canary that must fail; neither text nor details of the errors may repeat it.
    pub(super) async fn canary(&self) -> Outcomes {
        let good = encode_query(&self.unknown("conformance-canary"));
        let mut crowd = self.unknown("conformance-crowd");
        crowd.subjects = (0..1_001)
            .map(|ordinal| hedui_core::Subject {
                ordinal,
                ..self.samples.unknown.clone()
            })
            .collect();
        let cut = good.slice(..good.len() - 1);
        // The last but one byte of the id changed: its check character is wrong.
        let mut misspelt = good.to_vec();
        let id = self.samples.unknown.id.as_bytes();
        let at = misspelt
            .windows(id.len())
            .position(|bytes| bytes == id)
            .ok_or("no id in the question")?;
        if let Some(digit) = misspelt.get_mut(at + id.len() - 2) {
            *digit = if *digit == b'0' { b'1' } else { b'0' };
        }
        for message in [good, cut, Bytes::from(misspelt), encode_query(&crowd)] {
            if let Err(status) = self.plugin.call(QUERY, message, PATIENCE).await {
                let said = [status.message().as_bytes(), status.details()].concat();
                let holds = |canary: &[u8]| said.windows(canary.len()).any(|bytes| bytes == canary);
                let start = id.get(..15).unwrap_or(id);
                must(
                    !holds(start) && !holds(self.samples.unknown.name.as_bytes()),
                    "an error repeats who was asked about",
                )?;
            }
        }
        Ok(())
    }

    pub(super) async fn stream_like_call(&self) -> Outcomes {
        let query = Arc::new(self.samples.known.clone());
        let (sender, receiver) = oneshot::channel();
        let ask = Ask {
            query: query.clone(),
            encoded: encode_query(&query),
            timeout: PATIENCE,
        };
        self.plugin
            .stream
            .ask(ask, ReplyTo::new(Arc::new(One(Mutex::new(Some(sender)))), 0));
        let reply = timeout(PATIENCE, receiver)
            .await
            .map_err(|_| "the stream keeps silent")?;
        let reply = reply.map_err(|_| "the stream gives no reply")?;
        if let Reply::Failed(_, failure) = &reply {
            return Err(failure.reason.clone());
        }
        must(
            reply.answers(&query) == self.ask(&query).await?,
            "stream and call answer differently",
        )
    }
}

/// A sink for one reply.
struct One(Mutex<Option<oneshot::Sender<Reply>>>);

impl ReplySink for One {
    fn reply(&self, _slot: u32, reply: Reply) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Whoever waited may have given up.
            let _ = sender.send(reply);
        }
    }
}
