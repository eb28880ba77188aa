//! A port that misbehaves on purpose, by a seed: for tests and simulations.
//! Leaves the department behind it as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hedui_core::{DepartmentId, SubjectAnswer};

use super::{Ask, Port, Reply, ReplySink, ReplyTo};
use crate::reason::Reason;
use crate::wire::encode_answer;

/// One kind of misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// None.
    None,
    /// Answers later.
    Delay(Duration),
    /// Fails.
    Failure,
    /// Never answers, until the question is given up.
    Silence,
    /// Answers bytes that are no answer.
    Garbage,
    /// Answers about each person twice.
    Twice,
    /// Answers with the persons' answers exchanged under the wrong ids.
    WrongPerson,
    /// Answers, cut in the middle.
    Truncated,
}

/// How often which fault happens, in thousandths; the rest is answered well.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    /// Each fault with its thousandths.
    pub faults: Vec<(u16, Fault)>,
}

impl FaultPlan {
    /// The fault of a number drawn by chance.
    fn draw(&self, number: u64) -> Fault {
        let mut left = number % 1_000;
        for (thousandths, fault) in &self.faults {
            match left.checked_sub(u64::from(*thousandths)) {
                Some(rest) => left = rest,
                None => return *fault,
            }
        }
        Fault::None
    }
}

/// A port that misbehaves on purpose.
pub struct FaultPort {
    inner: Arc<dyn Port>,
    plan: FaultPlan,
    seed: u64,
    count: AtomicU64,
}

impl FaultPort {
    /// Misbehaves by the plan; the same seed and order of questions gives the same faults.
    pub fn new(inner: Arc<dyn Port>, plan: FaultPlan, seed: u64) -> FaultPort {
        FaultPort {
            inner,
            plan,
            seed,
            count: AtomicU64::new(0),
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): one well-mixed number per counter value.
fn mix(seed: u64, count: u64) -> u64 {
    let mut z = seed.wrapping_add(count.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Port for FaultPort {
    fn id(&self) -> &DepartmentId {
        self.inner.id()
    }

    fn ask(&self, ask: Ask, reply: ReplyTo) {
        let number = mix(self.seed, self.count.fetch_add(1, Ordering::Relaxed));
        match self.plan.draw(number) {
            Fault::None => self.inner.ask(ask, reply),
            Fault::Failure => reply.send(Reply::failed(Reason::SourceError)),
            Fault::Garbage => reply.send(Reply::Wire(Bytes::from(number.to_le_bytes().repeat(9)))),
            Fault::Delay(delay) => {
                let inner = self.inner.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    inner.ask(ask, reply);
                });
            }
            Fault::Silence => {
                // Nobody waits much longer than the time asked for.
                let patience = ask.timeout * 2;
                tokio::spawn(async move {
                    tokio::time::sleep(patience).await;
                    reply.send(Reply::failed(Reason::DeadlineExceeded));
                });
            }
            fault @ (Fault::Twice | Fault::WrongPerson | Fault::Truncated) => {
                let spoil = Spoil {
                    fault,
                    ask: ask.clone(),
                    reply: std::sync::Mutex::new(Some(reply)),
                };
                self.inner.ask(ask, ReplyTo::new(Arc::new(spoil), 0));
            }
        }
    }
}

/// Takes a good reply and passes a spoiled one on.
struct Spoil {
    fault: Fault,
    ask: Ask,
    reply: std::sync::Mutex<Option<ReplyTo>>,
}

impl ReplySink for Spoil {
    fn reply(&self, _slot: u32, good: Reply) {
        let query = &self.ask.query;
        let bytes = |answers: &[SubjectAnswer]| encode_answer(query, answers);
        let spoiled = match (self.fault, good) {
            (_, failed @ Reply::Failed(..)) => failed,
            (Fault::Twice, good) => {
                let answers = good.answers(query);
                Reply::Wire(bytes(&[answers.clone(), answers].concat()))
            }
            (Fault::WrongPerson, good) => {
                let answers = good.answers(query);
                // Under another person's id: the first of a household of one gets an id of the same form that is not theirs.
                let mut other = query.as_ref().clone();
                if let ([first, .., last], [..]) = (&mut other.subjects[..], &answers[..]) {
                    std::mem::swap(&mut first.id, &mut last.id);
                    Reply::Wire(encode_answer(&other, &answers))
                } else {
                    Reply::failed(Reason::WrongSubject)
                }
            }
            (_, good) => {
                let whole = match good {
                    Reply::Wire(whole) | Reply::Answers(_, whole) => whole,
                    Reply::Failed(..) => Bytes::new(),
                };
                Reply::Wire(whole.slice(..whole.len() / 2))
            }
        };
        let reply = self
            .reply
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        if let Some(reply) = reply {
            reply.send(spoiled);
        }
    }
}
