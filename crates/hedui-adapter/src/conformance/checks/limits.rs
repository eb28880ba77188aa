//! The checks of limits: time, persons, questions at once, bytes.
//! Leaves who is asked about to `people`.

use futures::future::{join_all, select};
use hedui_core::Subject;
use tokio::time::{Instant, timeout};
use tonic::Code;

use super::super::report::Finding;
use super::{Checks, code, must};
use crate::wire::{decode_answer, encode_query, is_reason_word};

/// More at once than this says nothing new, whatever a plugin declares.
const MAX_AT_ONCE: usize = 64;
/// More persons in one question than this no test needs.
const MAX_PERSONS: usize = 200;

impl Checks<'_> {
    pub(in super::super) async fn deadline(&self) -> Finding {
        let started = Instant::now();
        let message = encode_query(&self.unknown("deadline"));
        let overrun = self.bounds.overrun;
        let call = timeout(overrun, self.probe.query(message, self.short()));
        let outcome = call.await.map_err(|_| "it goes on past its deadline")?;
        must(started.elapsed() <= overrun, "it goes on past its deadline")?;
        // An answer in so short a time is as good.
        match outcome.map_err(|said| said.code) {
            Ok(_) | Err(Code::DeadlineExceeded | Code::Cancelled) => Ok(None),
            Err(code) => Err(format!("ended with {code:?}")),
        }
    }

    /// Four times as many questions as may run are begun and dropped, some at once and some on their way; then one must still be answered.
    pub(in super::super) async fn cancel(&self) -> Finding {
        let count = self.at_once() * 4;
        for (i, turns) in [0, 1, 2, 20].into_iter().cycle().take(count).enumerate() {
            let message = encode_query(&self.unknown(&format!("cancel-{i}")));
            let question = self.probe.query(message, self.bounds.patience);
            let turns = Box::pin(async move {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            });
            // Whichever comes first, the question is dropped here.
            drop(select(question, turns).await);
        }
        let answers = self.ask(&self.unknown("after-cancel")).await;
        let answers = answers.map_err(|problem| format!("after {count} cancelled questions: {problem}"))?;
        must(
            answers.iter().all(|a| a.state.is_answer()),
            "after cancelled questions it answers with a failure",
        )
    }

    fn at_once(&self) -> usize {
        let declared = self
            .description
            .as_ref()
            .map_or(1, |d| d.limits.max_concurrent_queries as usize);
        declared.clamp(1, MAX_AT_ONCE)
    }

    fn crowd(&self, persons: usize) -> Vec<Subject> {
        let one = |ordinal| Subject {
            ordinal,
            ..self.samples.unknown.clone()
        };
        (0..u32::try_from(persons).unwrap_or(u32::MAX)).map(one).collect()
    }

    pub(in super::super) async fn batch(&self) -> Finding {
        let Some(description) = &self.description else {
            return Err("it does not describe itself".to_owned());
        };
        let most = description.limits.max_subjects as usize;
        if most > MAX_PERSONS {
            return Err(format!("it declares {most} persons at once: more than any household"));
        }
        let answers = self.ask(&self.about("as-many", self.crowd(most))).await?;
        let all = answers.len() == most && answers.iter().all(|a| a.state.is_answer());
        must(all, &format!("{most} persons are not all answered"))?;
        match self
            .raw(encode_query(&self.about("too-many", self.crowd(most + 1))))
            .await
        {
            Ok(_) => Err(format!("{} persons are answered, with {most} declared", most + 1)),
            Err(said) if said.code != Code::InvalidArgument => Err(format!("too many persons: {}", code(&said))),
            Err(said) => must(
                said.reason.as_deref().is_some_and(is_reason_word),
                "too many persons: there is no ErrorInfo with a reason",
            ),
        }
    }

    pub(in super::super) async fn concurrency(&self) -> Finding {
        let at_once = self.at_once();
        let queries: Vec<_> = (0..at_once).map(|i| self.unknown(&format!("at-once-{i}"))).collect();
        let answers = join_all(queries.iter().map(|query| self.ask(query))).await;
        for answers in answers {
            let answers = answers.map_err(|problem| format!("{at_once} at once: {problem}"))?;
            if let Some(silent) = answers.iter().find(|a| !a.state.is_answer()) {
                let reason = silent.failure.as_ref().map_or("no reason", |f| f.reason.as_str());
                return Err(format!("{at_once} at once: {reason}"));
            }
        }
        Ok(None)
    }

    pub(in super::super) async fn response_size(&self) -> Finding {
        let Some(description) = &self.description else {
            return Err("it does not describe itself".to_owned());
        };
        let most = description.limits.max_response_bytes as usize;
        let query = self.known("size");
        let bytes = self.raw(encode_query(&query)).await.map_err(|said| code(&said))?;
        // What is no answer has checks of its own.
        let _ = decode_answer(&bytes, &query);
        must(
            bytes.len() <= most,
            &format!("an answer has {} bytes, with {most} declared", bytes.len()),
        )
    }
}
