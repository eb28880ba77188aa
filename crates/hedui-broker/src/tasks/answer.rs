//! Answering and confirming: what an office says is read by the rules for all departments, kept sealed, and then looked at by the verifications that wait.
//! Leaves which verifications those are to `judged`.

use bytes::Bytes;
use hedui_adapter::Reason;
use hedui_adapter::wire::{NOT_ASKED_FOR, decode_answer, encode_answer};
use hedui_core::authorization::EndEvent;
use hedui_core::{AnswerState, DepartmentId, FieldError, SubjectAnswer};
use hedui_evidence::{CaseId, EvidenceId, Frame, FrameId, FrameKind, LeafKind, Position};
use prost::Message;
use smol_str::SmolStr;

use super::log::{CLOSED, CONFIRMED, TO_CONFIRM, answered_key, task_key};
use super::{Found, Task, TaskRefusal, TaskState, mistake};
use crate::broker::Broker;
use crate::case::request_in;
use crate::core::Core;
use crate::error::BrokerError;
use crate::evidence::{self, Common, empty_frame};
use crate::request::StoredRequest;
use crate::retention::{Officer, check};
use crate::staff::resident_id;
use crate::supervision::person_key;

/// Largest answer of an office, in bytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// How many later requests about a person are looked at for a withdrawal.
const MAX_LATER: usize = 256;

/// How many persons an answer is about, and by how many records.
#[derive(Clone, PartialEq, Message)]
struct Counted {
    #[prost(message, repeated, tag = "2")]
    results: Vec<CountedResult>,
}

#[derive(Clone, PartialEq, Message)]
struct CountedResult {
    #[prost(bytes = "vec", repeated, tag = "4")]
    records: Vec<Vec<u8>>,
}

impl Broker {
    /// Answers a task with the bytes of a `QueryResponse` (its query id is not looked at). Where a second person has to confirm, the answer waits for them.
    /// The same answer again changes nothing. Resolves once the answer is durable and the verifications that wait for it have begun to be judged anew.
    ///
    /// Errors: [`TaskRefusal`]; every mistake of the answer, by person.
    pub async fn answer_task(
        &self,
        case: CaseId,
        department: &DepartmentId,
        answer: &[u8],
        officer: Officer<'_>,
    ) -> Result<Task, BrokerError> {
        check(officer, &[], None)?;
        // The same turn as orders about retention: nothing is sealed in a case that is being destroyed.
        let turn = self.core().retention_turn.lock().await;
        let found = self.found(case, department, officer).await?;
        let bytes = read(&found, answer).map_err(BrokerError::Invalid)?;
        let said = (bytes, officer.actor());
        match &found.task.state {
            TaskState::Closed(reason) => return Err(TaskRefusal::Closed(reason.clone()).into()),
            TaskState::Answered if is_same(found.history.answer.as_ref(), &said) => {}
            TaskState::Answered => return Err(TaskRefusal::Answered.into()),
            TaskState::ToConfirm if is_same(found.history.draft.as_ref(), &said) => {}
            TaskState::Open | TaskState::ToConfirm => {
                let frame = self.answer_frame(&found, &said, None, officer).await?;
                self.core().store.append(frame).await?;
            }
        }
        drop(turn);
        self.after_answer(case, department).await
    }

    /// Confirms what somebody else has answered, which was looked at under its evidence id.
    ///
    /// Errors: [`TaskRefusal`].
    pub async fn confirm_task(
        &self,
        case: CaseId,
        department: &DepartmentId,
        draft: EvidenceId,
        officer: Officer<'_>,
    ) -> Result<Task, BrokerError> {
        check(officer, &[], None)?;
        let turn = self.core().retention_turn.lock().await;
        let found = self.found(case, department, officer).await?;
        match &found.task.state {
            TaskState::Closed(reason) => return Err(TaskRefusal::Closed(reason.clone()).into()),
            TaskState::Open => return Err(TaskRefusal::NothingToConfirm.into()),
            TaskState::Answered if found.task.confirmed_by.as_deref() == Some(officer.actor().as_str()) => {}
            TaskState::Answered => return Err(TaskRefusal::Answered.into()),
            TaskState::ToConfirm => {
                let waiting = found
                    .history
                    .draft
                    .as_ref()
                    .filter(|(leaf, _)| leaf.evidence_id == draft);
                let (leaf, bytes) = waiting.ok_or(TaskRefusal::NothingToConfirm)?;
                if !officer.is_another_than(&leaf.actor) {
                    return Err(TaskRefusal::SecondPersonNeeded.into());
                }
                let said = (bytes.clone(), leaf.actor.to_string());
                let frame = self.answer_frame(&found, &said, Some(draft), officer).await?;
                self.core().store.append(frame).await?;
            }
        }
        drop(turn);
        self.after_answer(case, department).await
    }

    /// What an answer leads to, and where the task stands then.
    async fn after_answer(&self, case: CaseId, department: &DepartmentId) -> Result<Task, BrokerError> {
        let missing = || BrokerError::from(TaskRefusal::NotFound);
        let frame = self
            .core()
            .frame_of(case, FrameKind::Verdict)
            .await?
            .ok_or_else(missing)?;
        let (task, _) = self.task_of(&frame, department).await?;
        if task.state == TaskState::Answered {
            self.judge_waiting(case, department).await?;
        }
        Ok(task)
    }

    /// The frame of an answer: waiting to be confirmed, or for good.
    async fn answer_frame(
        &self,
        found: &Found,
        (bytes, by): &(Bytes, String),
        confirms: Option<EvidenceId>,
        officer: Officer<'_>,
    ) -> Result<Frame, BrokerError> {
        let core = self.core();
        let now = core.clock.now_ms();
        let mut rng = core.entropy.fork();
        let (task, waits) = (&found.task, found.two_persons && confirms.is_none());
        let common = common(found, by);
        let sealer = evidence::sealer(core, &task.district, now).await?;
        let mut index = vec![task_key(core, task.case, &task.department)];
        let mut id = FrameId::random(&mut rng);
        if !waits {
            index.push(answered_key(core));
            // A task is answered once.
            id = FrameId(
                core.keys
                    .index_key("answer of a task", &[&task.case.0, task.department.as_str().as_bytes()])
                    .0,
            );
        }
        let mut frame = empty_frame(id, FrameKind::Review, &common, now, index);
        let outcome = match waits {
            true => TO_CONFIRM.to_owned(),
            false => states(&decode_answer(bytes, &found.query)),
        };
        let kind = if waits { LeafKind::Review } else { LeafKind::Answer };
        let mut leaf = common.leaf(kind, EvidenceId::random(&mut rng), task.department.as_str(), outcome);
        (leaf.asked_at_ms, leaf.answered_at_ms) = (task.asked_at_ms, now);
        leaf.rests_on = confirms.into_iter().collect();
        let answer = leaf.evidence_id;
        evidence::sealed(&sealer, &mut rng, leaf, bytes, &mut frame)?;
        if confirms.is_some() {
            let second = Common {
                actor: officer.actor().into(),
                ..common
            };
            let mut leaf = second.leaf(
                LeafKind::Review,
                EvidenceId::random(&mut rng),
                task.department.as_str(),
                CONFIRMED,
            );
            (leaf.asked_at_ms, leaf.answered_at_ms) = (now, now);
            leaf.rests_on = vec![answer];
            frame.leaves.push(leaf);
        }
        Ok(frame)
    }

    /// Makes it durable that a task will not be answered.
    pub(super) async fn close_task(
        &self,
        found: &Found,
        reason: &str,
        officer: Officer<'_>,
    ) -> Result<(), BrokerError> {
        let core = self.core();
        let now = core.clock.now_ms();
        let mut rng = core.entropy.fork();
        let task = &found.task;
        let common = common(found, &officer.actor());
        let index = vec![task_key(core, task.case, &task.department)];
        let id = core
            .keys
            .index_key("end of a task", &[&task.case.0, task.department.as_str().as_bytes()]);
        let mut frame = empty_frame(FrameId(id.0), FrameKind::Review, &common, now, index);
        let outcome = format!("{CLOSED}:{reason}");
        let mut leaf = common.leaf(
            LeafKind::Review,
            EvidenceId::random(&mut rng),
            task.department.as_str(),
            outcome,
        );
        (leaf.asked_at_ms, leaf.answered_at_ms) = (now, now);
        frame.leaves.push(leaf);
        core.store.append(frame).await?;
        Ok(())
    }

    /// Whether a later request about one of the members states that a letter of this one has ended: a refused one does so too.
    pub(super) async fn withdrawn_since(&self, verdict: &Frame, stored: &StoredRequest) -> Result<bool, BrokerError> {
        let core = self.core();
        let today = core.clock.today();
        let letters = &stored.request.authorizations;
        let ids = letters.iter().map(|letter| letter.signer_id_number.as_str());
        let signers = ids.filter_map(|id| resident_id(id, stored.as_of).ok());
        for signer in signers {
            let later = core
                .store
                .find_before(person_key(core, &signer), None, MAX_LATER)
                .await?;
            for position in later {
                let frame = core.store.read(position).await?;
                if frame.time_ms < verdict.time_ms {
                    break;
                }
                let Some(request) = stated(core, &frame)? else { continue };
                let ended = request.request.authorizations.iter().any(|letter| {
                    let same = letters.iter().any(|l| l.authorization_id == letter.authorization_id);
                    let event = letter.ended.as_ref().filter(|ended| ended.on <= today);
                    same && event.is_some_and(|ended| is_end(ended.event))
                });
                if ended && frame.case != verdict.case {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Every event that ends a letter ends what is asked under it.
fn is_end(event: EndEvent) -> bool {
    match event {
        EndEvent::Withdrawn | EndEvent::AidEnded | EndEvent::MembersChanged => true,
    }
}

/// The request in a frame that asks or refuses; none where it cannot be opened any more.
fn stated(core: &Core, frame: &Frame) -> Result<Option<StoredRequest>, BrokerError> {
    let read = match frame.kind {
        FrameKind::Asked => request_in(core, frame),
        FrameKind::Denial => {
            let leaf = frame.leaves.iter().find(|leaf| leaf.kind == LeafKind::Denial);
            let opened = leaf.map(|leaf| crate::case::open(core, frame, leaf)).transpose();
            let unread = BrokerError::Damaged("a kept request does not decode");
            opened.and_then(|opened| match opened.flatten() {
                Some(opened) => serde_json::from_slice(opened.plaintext()).map_err(|_| unread),
                None => Err(unread),
            })
        }
        _ => return Ok(None),
    };
    match read {
        Ok(stored) => Ok(Some(stored)),
        Err(error) if crate::case::unreadable(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn common(found: &Found, actor: &str) -> Common {
    let task = &found.task;
    let asked = found.begun.leaves.first();
    Common {
        case: task.case,
        district: SmolStr::new(&task.district),
        purpose: SmolStr::new(&task.purpose),
        actor: SmolStr::new(actor),
        authorization: asked.map(|leaf| leaf.authorization).unwrap_or_default(),
    }
}

/// Whether somebody says again what they have said.
fn is_same(before: Option<&(hedui_evidence::Leaf, Bytes)>, (bytes, by): &(Bytes, String)) -> bool {
    before.is_some_and(|(leaf, said)| said == bytes && leaf.actor == by.as_str())
}

fn states(answers: &[SubjectAnswer]) -> String {
    let codes: Vec<&str> = answers.iter().map(|answer| answer.state.code()).collect();
    codes.join(",")
}

/// Reads an answer by the rules for all departments, and those for people; gives its canonical bytes.
fn read(found: &Found, answer: &[u8]) -> Result<Bytes, Vec<FieldError>> {
    let whole = |reason: &str, message: &str| vec![FieldError::new("results", reason, message)];
    if answer.len() > MAX_ANSWER_BYTES {
        return Err(whole("ANSWER_TOO_LARGE", "at most 1 MiB"));
    }
    let counted = Counted::decode(answer).map_err(|_| whole("MALFORMED_ANSWER", "is no answer"))?;
    if counted.results.len() != found.query.subjects.len() {
        let message = format!(
            "must answer for everybody asked about, {} persons",
            found.query.subjects.len()
        );
        return Err(whole("SUBJECT_MISSING", &message));
    }
    // What is written last counts: the answer is to this question.
    let mut bytes = answer.to_vec();
    bytes.extend_from_slice(&encode_answer(&found.query, &[]));
    let answers = decode_answer(&Bytes::from(bytes), &found.query);
    let mut mistakes = Vec::new();
    for (at, said) in answers.iter().enumerate() {
        mistakes.extend(wrong(found, at, said));
    }
    if mistakes.is_empty() {
        Ok(encode_answer(&found.query, &answers))
    } else {
        Err(mistakes)
    }
}

/// What is wrong with what was said of one person.
fn wrong(found: &Found, at: usize, said: &SubjectAnswer) -> Option<FieldError> {
    if said.notes.iter().any(|note| note == NOT_ASKED_FOR) {
        let message = "holds records of types that were not asked for";
        return Some(mistake(at, "RECORD_TYPE_NOT_ASKED", message));
    }
    let threshold = matches!(
        said.state,
        AnswerState::OverLimit { .. } | AnswerState::WithinLimit { .. }
    );
    match &said.state {
        AnswerState::Unreachable { .. } => {
            let failure = said.failure.as_ref();
            let reason = failure.map_or(Reason::MalformedAnswer.word(), |failure| failure.reason.as_str());
            let message = failure.map_or("", |failure| failure.message.as_str());
            (reason != Reason::OfficeCannotTell.word()).then(|| mistake(at, reason, message))
        }
        AnswerState::Pending | AnswerState::NotAuthorized | AnswerState::NotAsked => {
            let message = "say what was found, that nothing is on record, or that it could not be found out";
            Some(mistake(at, "STATE_NOT_ALLOWED", message))
        }
        AnswerState::Found { .. } if found.threshold_only => Some(mistake(
            at,
            "STATE_NOT_ALLOWED",
            "this office tells only whether a threshold is passed",
        )),
        _ if threshold && !found.threshold_only => Some(mistake(
            at,
            "STATE_NOT_ALLOWED",
            "this office tells more than a threshold",
        )),
        _ => None,
    }
}

/// The tasks that were answered before a place of the log, newest first.
pub(super) async fn answered_before(
    core: &Core,
    before: Option<Position>,
) -> Result<(Vec<(CaseId, DepartmentId, i64)>, Option<Position>), BrokerError> {
    let positions = core
        .store
        .find_before(answered_key(core), before, super::MAX_PAGE)
        .await?;
    let mut found = Vec::with_capacity(positions.len());
    for position in &positions {
        let frame = core.store.read(*position).await?;
        for leaf in frame.leaves.iter().filter(|leaf| leaf.kind == LeafKind::Answer) {
            if let Ok(department) = DepartmentId::new(&leaf.department) {
                found.push((leaf.case, department, leaf.answered_at_ms));
            }
        }
    }
    Ok((
        found,
        positions.last().copied().filter(|_| positions.len() == super::MAX_PAGE),
    ))
}
