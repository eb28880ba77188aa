//! The checks, one rule each. Every question has an id of its own, so that one rule broken fails one check.
//! Leaves their order and names to `run_on`.

mod limits;
mod people;

use std::time::Duration;

use bytes::Bytes;
use hedui_core::{Query, Subject, SubjectAnswer};
use tokio::time::timeout;
use tonic::Code;

use super::report::Finding;
use super::{Bounds, Probe, Said, Samples};
use crate::adapter::{Description, Outcome};
use crate::reason::Reason;
use crate::wire::{
    check_published, check_signature, check_under, decode_answer, decode_checks, decode_description, encode_query,
    is_reason_word,
};

pub(super) struct Checks<'s> {
    pub(super) probe: &'s dyn Probe,
    pub(super) samples: &'s Samples,
    pub(super) bounds: Bounds,
    /// None where it cannot be read, which a check of its own says.
    pub(super) description: Option<Description>,
}

/// What the plugin says of itself.
pub(super) async fn described(probe: &dyn Probe) -> Option<Description> {
    decode_description(&probe.describe().await.ok()?)
}

fn must(kept: bool, otherwise: &str) -> Finding {
    if kept { Ok(None) } else { Err(otherwise.to_owned()) }
}

/// Only the code: texts may hold anything.
fn code(said: &Said) -> String {
    format!("ended with {:?}", said.code)
}

impl Checks<'_> {
    async fn raw(&self, message: Bytes) -> Result<Bytes, Said> {
        // A plugin that ignores its deadline keeps nobody waiting here.
        let patience = self.bounds.patience;
        let late = |_| Said::of(Code::DeadlineExceeded);
        timeout(patience + self.bounds.overrun, self.probe.query(message, patience))
            .await
            .map_err(late)?
    }

    async fn ask(&self, query: &Query) -> Result<Vec<SubjectAnswer>, String> {
        let bytes = self.raw(encode_query(query)).await.map_err(|said| code(&said))?;
        Ok(decode_answer(&bytes, query))
    }

    /// The known people, under a query id of their own.
    fn known(&self, query_id: &str) -> Query {
        Query {
            query_id: format!("conformance-{query_id}"),
            ..self.samples.known.clone()
        }
    }

    /// Other people, under a query id of their own.
    fn about(&self, query_id: &str, subjects: Vec<Subject>) -> Query {
        Query {
            query_id: format!("conformance-{query_id}"),
            subjects,
            ..self.samples.known.clone()
        }
    }

    fn unknown(&self, query_id: &str) -> Query {
        self.about(query_id, vec![self.samples.unknown.clone()])
    }

    pub(super) async fn health(&self) -> Finding {
        match self.probe.health().await {
            None => Ok(Some("this transport asks no health".to_owned())),
            Some(Ok(serving)) => must(serving, "it does not say serving"),
            Some(Err(said)) => Err(code(&said)),
        }
    }

    pub(super) async fn describe(&self) -> Finding {
        let second = self.probe.describe().await.map_err(|said| code(&said))?;
        let first = self.description.as_ref().ok_or("the description cannot be read")?;
        must(
            decode_description(&second).as_ref() == Some(first),
            "two descriptions differ",
        )?;
        must(
            first.protocol_versions.iter().any(|v| v == "v1"),
            "it does not speak v1",
        )?;
        must(!first.record_types.is_empty(), "it names no type of record")?;
        must(!first.lookup_keys.is_empty(), "it names no lookup key")?;
        let limits = first.limits;
        must(
            limits.max_subjects > 0 && limits.max_concurrent_queries > 0 && limits.max_response_bytes > 0,
            "its limits allow nothing",
        )
    }

    pub(super) async fn self_tests(&self) -> Finding {
        let bytes = self.probe.check().await.map_err(|said| code(&said))?;
        let results = decode_checks(&bytes).ok_or("the results cannot be read")?;
        must(!results.is_empty(), "there are none")?;
        let failed = results.iter().filter(|r| r.outcome == Outcome::Fail).count();
        must(failed == 0, &format!("{failed} of {} failed", results.len()))
    }

    pub(super) async fn same_query(&self) -> Finding {
        let query = self.known("same");
        let (first, second) = (self.ask(&query).await?, self.ask(&query).await?);
        must(first == second, "two answers differ")
    }

    pub(super) async fn signatures(&self) -> Finding {
        let description = self.description.as_ref().ok_or("it does not describe itself")?;
        let (published, pinned) = (&description.signing_key, &self.samples.pinned);
        match check_published(published, pinned) {
            None => return Ok(Some("it publishes no key, and none is pinned".to_owned())),
            Some(result) if result.outcome == Outcome::Fail => return Err(result.message),
            Some(_) => {}
        }
        let query = self.known("signatures");
        let bytes = self.raw(encode_query(&query)).await.map_err(|said| code(&said))?;
        let reason = |reason: Reason| reason.word().to_owned();
        check_under(&bytes, &description.department, published).map_err(reason)?;
        check_signature(&bytes, &description.department, pinned).map_err(reason)?;
        Ok(None)
    }

    pub(super) async fn order(&self) -> Finding {
        let mut subjects = self.samples.known.subjects.clone();
        let unused = subjects.iter().map(|s| s.ordinal).max().unwrap_or(0) + 1;
        subjects.push(Subject {
            ordinal: unused,
            ..self.samples.unknown.clone()
        });
        if self
            .description
            .as_ref()
            .is_some_and(|d| (d.limits.max_subjects as usize) < subjects.len())
        {
            return Ok(Some("it takes too few persons at once".to_owned()));
        }
        let forwards = self.ask(&self.about("order", subjects.clone())).await?;
        subjects.reverse();
        let mut backwards = self.ask(&self.about("order-reversed", subjects)).await?;
        backwards.reverse();
        must(forwards == backwards, "answers depend on the order")
    }

    pub(super) async fn unknown_fields(&self) -> Finding {
        let query = self.known("unknown-fields");
        let mut message = encode_query(&query).to_vec();
        // Field 1000, a text.
        message.extend_from_slice(&[0xC2, 0x3E, 0x01, b'x']);
        let bytes = self.raw(Bytes::from(message)).await.map_err(|said| code(&said))?;
        let plain = self.ask(&self.known("known-fields")).await?;
        must(
            decode_answer(&bytes, &query) == plain,
            "an unknown field changes the answer",
        )
    }

    pub(super) async fn malformed(&self) -> Finding {
        // A question about nobody, and one whose person has no number.
        let nobody = encode_query(&self.about("nobody", Vec::new()));
        let nameless = [nobody.as_ref(), &[0x42, 0x02, 0x08, 0x01]].concat();
        for message in [nobody, Bytes::from(nameless)] {
            match self.raw(message).await {
                Ok(_) => return Err("it answers a question that is none".to_owned()),
                Err(said) if said.code != Code::InvalidArgument => return Err(code(&said)),
                Err(said) => {
                    let named = said.reason.as_deref().is_some_and(is_reason_word);
                    must(named, "there is no ErrorInfo with a reason")?;
                }
            }
        }
        Ok(None)
    }

    /// Questions with the canary that must fail; nothing that was said here or before may repeat it.
    pub(super) async fn no_identity(&self) -> Finding {
        let id = self.samples.unknown.id.expose();
        let start = id.get(..15).unwrap_or(id).as_bytes();
        let holds = |said: &[u8]| {
            let repeats = |canary: &[u8]| said.windows(canary.len()).any(|bytes| bytes == canary);
            repeats(start) || repeats(self.samples.unknown.name.as_bytes())
        };
        let good = encode_query(&self.unknown("canary"));
        let crowd: Vec<Subject> = (0..1_001)
            .map(|ordinal| Subject {
                ordinal,
                ..self.samples.unknown.clone()
            })
            .collect();
        // The last but one character of the id changed: its check character is wrong.
        let mut misspelt = good.to_vec();
        let at = misspelt
            .windows(id.len())
            .position(|bytes| bytes == id.as_bytes())
            .ok_or("no id in the question")?;
        if let Some(digit) = misspelt.get_mut(at + id.len() - 2) {
            *digit = if *digit == b'0' { b'1' } else { b'0' };
        }
        let crowd = encode_query(&self.about("crowd", crowd));
        for message in [good, Bytes::from(misspelt), crowd] {
            if let Err(said) = self.raw(message).await {
                must(!holds(&said.text), "an error repeats who was asked about")?;
            }
        }
        let answers = self.probe.check().await.unwrap_or_default();
        must(!holds(&answers), "a self-test repeats who was asked about")?;
        must(
            !holds(&self.probe.besides()),
            "metadata or a log repeats who was asked about",
        )
    }

    pub(super) async fn stream_like_call(&self) -> Finding {
        let query = std::sync::Arc::new(self.known("stream"));
        let Some(reply) = self.probe.stream(query.clone(), self.bounds.patience).await else {
            return Ok(Some("this transport has no stream".to_owned()));
        };
        if let crate::port::Reply::Failed(_, failure) = &reply {
            return Err(failure.reason.clone());
        }
        let call = self.ask(&self.known("call")).await?;
        must(reply.answers(&query) == call, "stream and call answer differently")
    }

    fn short(&self) -> Duration {
        Duration::from_millis(1)
    }
}
