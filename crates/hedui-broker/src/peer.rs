//! Answering another hedui: its question is looked at by our own rules, kept as evidence, put to our departments, and answered in one word per person.
//! Leaves who is a peer and what it may ask to the server, and signing to the department kit.
//!
//! Silence is never made into "no record": where one department that holds what was asked for says nothing of a person, the whole answer about them is a failure.

mod combine;
mod evidence;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use hedui_adapter::Reason;
use hedui_adapter::port::{Ask, Reply, ReplySink, ReplyTo};
use hedui_adapter::wire::{encode_answer, encode_query};
use hedui_core::forward::{Forward, MAX_HOPS};
use hedui_core::{AnswerState, DepartmentId, Query, RecordType, Subject, SubjectAnswer, Unreachable};
use hedui_evidence::CaseId;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::broker::Broker;
use crate::core::{Core, InForce};
use crate::error::BrokerError;
use combine::{Said, combined};
pub(crate) use evidence::peer_key;

/// A question of another hedui.
pub struct PeerQuestion<'q> {
    /// The authenticated peer.
    pub caller: &'q str,
    /// What this broker is called among brokers.
    pub own: &'q str,
    /// The district in whose log it is kept.
    pub district: &'q str,
    /// The departments that may be put such questions for this peer.
    pub departments: &'q [DepartmentId],
    /// The question.
    pub query: Query,
    /// Through whom it came, and what the letters allow.
    pub forward: Forward,
    /// The question as it came, which is kept.
    pub bytes: Bytes,
    /// How long there is for all of it.
    pub timeout: Duration,
}

/// One of our departments that is asked, with what it is asked.
struct Asked {
    index: usize,
    department: DepartmentId,
    types: Vec<RecordType>,
}

impl Broker {
    /// Answers another hedui, one answer per person in the order of the question. What was asked is durable before anybody is asked, and every answer before
    /// this one is released. The same question of the same peer again gets the same answer.
    ///
    /// Errors: evidence that cannot be kept. What is refused is told per person.
    pub async fn answer_peer(&self, question: PeerQuestion<'_>) -> Result<Vec<SubjectAnswer>, BrokerError> {
        let core = self.core();
        if core.closing.load(Ordering::SeqCst) {
            return Err(BrokerError::ShuttingDown);
        }
        core.logs.check(core.clock.now_ms())?;
        let deadline = Instant::now() + question.timeout;
        let query = &question.query;
        let (hops, own) = (&question.forward.hops, question.own);
        let circle = hops.iter().any(|hop| hop == own);
        if circle || hops.len() > MAX_HOPS {
            return Ok(all(query, if circle { Reason::PeerLoop } else { Reason::PeerTooFar }));
        }
        let key = evidence::request_key(core, question.caller, &query.query_id);
        if let Some(said) = evidence::said_before(core, key, query).await? {
            return Ok(said);
        }
        let allowed = question.forward.allowed(query, core.clock.today());
        if !allowed.contains(&true) {
            evidence::keep_denial(core, &question).await?;
            return Ok(not_authorized(query));
        }
        let in_force = core.in_force();
        let Some(asked) = whom(&in_force, &question) else {
            return Ok(all(query, Reason::RecordTypesNotHeld));
        };
        let case = CaseId::random(&mut core.entropy.fork());
        let allowed = Query {
            query_id: case.to_string(),
            subjects: kept_of(&query.subjects, &allowed),
            ..query.clone()
        };
        evidence::keep_asked(core, &question, case, &asked).await?;
        let started_at_ms = core.clock.now_ms();
        let said = put(core, &in_force, (&allowed, &question.forward), &asked, deadline).await;
        let answers: Vec<SubjectAnswer> = query
            .subjects
            .iter()
            .map(
                |subject| match allowed.subjects.iter().any(|s| s.ordinal == subject.ordinal) {
                    true => combined(subject.ordinal, &said),
                    false => SubjectAnswer::of(subject.ordinal, AnswerState::NotAuthorized),
                },
            )
            .collect();
        // As whoever asks will read it.
        let whole = encode_answer(query, &answers);
        evidence::keep_answer(core, &question, (case, key, started_at_ms), &asked, &said, &whole).await?;
        Ok(answers)
    }
}

fn kept_of(subjects: &[Subject], allowed: &[bool]) -> Vec<Subject> {
    let pairs = subjects.iter().zip(allowed);
    pairs.filter(|(_, allowed)| **allowed).map(|(s, _)| s.clone()).collect()
}

/// The same failure about everybody.
fn all(query: &Query, reason: Reason) -> Vec<SubjectAnswer> {
    let cause = hedui_adapter::cause_of(&reason.failure());
    let one = |s: &Subject| SubjectAnswer::unreachable(s.ordinal, cause, reason.failure());
    query.subjects.iter().map(one).collect()
}

fn not_authorized(query: &Query) -> Vec<SubjectAnswer> {
    let one = |s: &Subject| SubjectAnswer::of(s.ordinal, AnswerState::NotAuthorized);
    query.subjects.iter().map(one).collect()
}

/// Who is asked for what; none where a type that was asked for is held by nobody who may be put the question.
fn whom(in_force: &InForce, question: &PeerQuestion<'_>) -> Option<Vec<Asked>> {
    let wanted = &question.query.record_types;
    let registry = &in_force.registry;
    let mut asked = Vec::new();
    for (index, profile) in registry.profiles().iter().enumerate() {
        let types: Vec<RecordType> = profile
            .record_types
            .iter()
            .copied()
            .filter(|t| wanted.contains(t))
            .collect();
        // Somebody who needs days is not who a peer waits for.
        let is_people = registry.departments().get(index).is_some_and(|d| d.people.is_some());
        if !types.is_empty() && question.departments.contains(&profile.id) && !is_people {
            asked.push(Asked {
                index,
                department: profile.id.clone(),
                types,
            });
        }
    }
    let held = |of: &RecordType| asked.iter().any(|a| a.types.contains(of));
    // A peer that names no type asks for nothing in particular: it must say what its purpose needs.
    let complete = !wanted.is_empty() && wanted.iter().all(held);
    complete.then_some(asked)
}

/// Where the replies of one question arrive.
struct Replies(mpsc::Sender<(u32, Reply)>);

impl ReplySink for Replies {
    fn reply(&self, slot: u32, reply: Reply) {
        // There is room for one reply of each; whoever came too late is told to nobody.
        let _ = self.0.try_send((slot, reply));
    }
}

/// Puts the question to every department, and reads what has come by the deadline.
async fn put(
    core: &Core,
    in_force: &InForce,
    (query, forward): (&Query, &Forward),
    asked: &[Asked],
    deadline: Instant,
) -> Vec<Said> {
    let (sender, mut replies) = mpsc::channel(asked.len().max(1));
    let sink: Arc<dyn ReplySink> = Arc::new(Replies(sender));
    let forward = Arc::new(forward.clone());
    let mut permits = Vec::with_capacity(asked.len());
    let mut said: Vec<Option<Reply>> = vec![None; asked.len()];
    let mut waiting = 0;
    let questions: Vec<Arc<Query>> = asked.iter().map(|a| narrowed(query, &a.types)).collect();
    for ((slot, a), (one, question)) in (0u32..).zip(asked).zip(said.iter_mut().zip(&questions)) {
        permits.push(None);
        let Some(department) = in_force.registry.departments().get(a.index) else {
            continue;
        };
        let now = core.clock.now_ms();
        if core.pauses.holds(&a.department) {
            *one = Some(Reply::failed(Reason::DepartmentPaused));
            continue;
        }
        match department.admit(question.subjects.len(), now) {
            Err(refused) => *one = Some(Reply::failed(refused.reason())),
            Ok(permit) => {
                if let Some(last) = permits.last_mut() {
                    *last = Some(permit);
                }
                let own = Duration::from_millis(u64::from(department.profile.deadline_ms));
                let ask = Ask {
                    query: Arc::clone(question),
                    encoded: encode_query(question),
                    timeout: own.min(deadline.saturating_duration_since(Instant::now())),
                    forward: Some(Arc::clone(&forward)),
                };
                department.port.ask(ask, ReplyTo::new(Arc::clone(&sink), slot));
                waiting += 1;
            }
        }
    }
    drop(sink);
    while waiting > 0 {
        let Ok(Some((slot, reply))) = tokio::time::timeout_at(deadline, replies.recv()).await else {
            break;
        };
        if let Some(one) = said.get_mut(slot as usize) {
            *one = Some(reply);
            waiting -= 1;
        }
    }
    let now = core.clock.now_ms();
    let mut read = Vec::with_capacity(asked.len());
    for ((a, question), (reply, permit)) in asked.iter().zip(&questions).zip(said.into_iter().zip(permits)) {
        let reply = reply.unwrap_or_else(|| Reply::failed(Reason::DeadlineExceeded));
        if let (Some(permit), Some(department)) = (permit, in_force.registry.departments().get(a.index)) {
            department.settled(permit, combine::settled(&reply), now);
        }
        let profile = in_force.registry.profiles().get(a.index);
        read.push(Said::of(a.department.clone(), question, reply, profile, now));
    }
    read
}

fn narrowed(query: &Query, types: &[RecordType]) -> Arc<Query> {
    Arc::new(Query {
        record_types: types.to_vec(),
        ..query.clone()
    })
}

/// What a failure of one person counts as.
fn cause(reason: Reason) -> Unreachable {
    hedui_adapter::cause_of(&reason.failure())
}
