//! Tasks: questions that the people of an office answer later, in a form. The evidence is the queue.
//! Leaves forms to the department kit, and who belongs to which office to the server.
//!
//! A task begins with the frame of a verdict: its sealed answer of the office says "pending, until then", and the frame is filed under the office. So a
//! task is there exactly when its verification is, one write makes both durable, and what it is about is sealed like every other answer. What becomes
//! of it are further frames of the same case: destroyed with it, provable with it. Nothing else is kept.

mod answer;
mod judged;
mod log;
mod refusal;

use bytes::Bytes;
use hedui_adapter::wire::decode_answer;
use hedui_core::{DepartmentId, FieldError, Query, SubjectAnswer};
use hedui_evidence::{CaseId, EvidenceId, Frame, FrameKind, Position};

use crate::broker::Broker;
use crate::error::BrokerError;
use crate::fan_out::Questions;
use crate::prepare::prepare_stored;
use crate::retention::{Officer, RetentionRefusal, RetentionState, check, standing_of};
use crate::reuse::{answer_leaf, open};
pub(crate) use judged::answers_of;
use log::{History, history};
pub(crate) use log::{filed, tasks_key};
pub use refusal::TaskRefusal;

/// Most tasks looked at for one page of a list.
pub const MAX_PAGE: usize = 200;

/// Where a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Nobody has answered.
    Open,
    /// One person has answered, and a second one has to confirm it.
    ToConfirm,
    /// It is answered.
    Answered,
    /// It will not be answered: a stable reason says why.
    Closed(String),
}

/// A question to the people of an office. Says nothing of whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The verification that asks.
    pub case: CaseId,
    /// The office.
    pub department: DepartmentId,
    /// GB/T 2260 code of the district.
    pub district: String,
    /// The programmes on whose behalf is asked.
    pub purpose: String,
    /// When asked, milliseconds since 1970 UTC.
    pub asked_at_ms: i64,
    /// Until when the answer is promised.
    pub due_at_ms: Option<i64>,
    /// Where it stands.
    pub state: TaskState,
    /// Whether it is not answered and its time is over, or was answered when its time was over. It counts as no answer until there is one.
    pub late: bool,
    /// Who answered, as evidence names them.
    pub answered_by: Option<String>,
    /// Who confirmed it.
    pub confirmed_by: Option<String>,
    /// When it was answered, confirmed or closed.
    pub settled_at_ms: Option<i64>,
}

/// A task that was opened: with whom it is about.
#[derive(Clone, Debug)]
pub struct OpenedTask {
    /// The task.
    pub task: Task,
    /// The question.
    pub query: Query,
    /// Whether only a threshold is asked for.
    pub threshold_only: bool,
    /// Whether a second person must confirm the answer.
    pub two_persons: bool,
    /// What one person has answered and another has to confirm, by its evidence id.
    pub draft: Option<(EvidenceId, Vec<SubjectAnswer>)>,
}

/// One page of an office's tasks, newest first.
#[derive(Clone, Debug)]
pub struct TaskPage {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Where the next page begins; none on the last. A page may hold fewer tasks than were asked for, and none, with more to come.
    pub next: Option<Position>,
}

impl Broker {
    /// An office's tasks, newest first, from before a position: those that wait for somebody, or all. Opens nothing that says whom they are about.
    pub async fn tasks(
        &self,
        department: &DepartmentId,
        all: bool,
        before: Option<Position>,
        limit: usize,
    ) -> Result<TaskPage, BrokerError> {
        let core = self.core();
        let limit = limit.clamp(1, MAX_PAGE);
        let positions = core
            .store
            .find_before(tasks_key(core, department), before, limit)
            .await?;
        let mut tasks = Vec::new();
        for position in &positions {
            let frame = core.store.read(*position).await?;
            match self.task_of(&frame, department).await {
                Ok((task, _)) if all || matches!(task.state, TaskState::Open | TaskState::ToConfirm) => {
                    tasks.push(task)
                }
                Ok(_) => {}
                // One that cannot be read any more hides none of the others.
                Err(error) if crate::case::unreadable(&error) => {
                    tracing::error!(case = %frame.case, department = department.as_str(), "a task cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        let next = positions.last().copied().filter(|_| positions.len() == limit);
        Ok(TaskPage { tasks, next })
    }

    /// Opens a task: whom it is about, and what has been answered. The look is durable evidence before anything is returned; where the letters have
    /// ended, the task is closed instead.
    ///
    /// Errors: [`TaskRefusal`].
    pub async fn open_task(
        &self,
        case: CaseId,
        department: &DepartmentId,
        officer: Officer<'_>,
    ) -> Result<OpenedTask, BrokerError> {
        check(officer, &[], None)?;
        let found = self.found(case, department, officer).await?;
        let why = format!("task of {department}");
        self.note_access(&found.task.district, case, &why, officer.caller, officer.person)
            .await?;
        Ok(found.opened())
    }

    /// A task by its place, with everything that is known of it. Closes it where the letters have ended.
    async fn found(&self, case: CaseId, department: &DepartmentId, officer: Officer<'_>) -> Result<Found, BrokerError> {
        let core = self.core();
        let missing = || BrokerError::from(TaskRefusal::NotFound);
        let frame = core.frame_of(case, FrameKind::Verdict).await?.ok_or_else(missing)?;
        if !frame.index.contains(&tasks_key(core, department)) {
            return Err(missing());
        }
        let (begun, standing) = standing_of(core, case).await?;
        match standing.state {
            RetentionState::Shredded => return Err(RetentionRefusal::Shredded.into()),
            RetentionState::Frozen => {
                let refused = Err(RetentionRefusal::Frozen.into());
                return self.refuse_frozen(case, refused, officer).await;
            }
            RetentionState::Active => {}
        }
        let (task, history) = self.task_of(&frame, department).await?;
        let in_force = core.in_force();
        let position = in_force.registry.position(department);
        let registered = position.and_then(|at| in_force.registry.departments().get(at));
        let people = registered.and_then(|registered| registered.people.as_ref());
        let (Some(registered), Some(people)) = (registered, people) else {
            return Err(TaskRefusal::Closed("DEPARTMENT_CHANGED".to_owned()).into());
        };
        let material = self.material(&begun).await?;
        let was = material.rules.departments.iter().position(|d| d.id == *department);
        let asked = was
            .and_then(|at| material.prepared.plan.departments.get(at))
            .ok_or_else(missing)?;
        let questions = Questions::new(&material.prepared, &case.to_string());
        let query = Query::clone(&questions.of(asked).ok_or_else(missing)?.query);
        let stored = self.stored_request(case).await?;
        let ended = match prepare_stored(core, &in_force, stored.clone()) {
            Err((BrokerError::NotAuthorized(_), _)) => Some("AUTHORIZATION_ENDED"),
            Err((error, _)) => return Err(error),
            Ok(now) => {
                let now = position.and_then(|at| now.plan.departments.get(at).map(|d| d.intents.clone()));
                (now.as_ref() != Some(&asked.intents)).then_some("AUTHORIZATION_ENDED")
            }
        };
        let ended = match ended {
            None if self.withdrawn_since(&frame, &stored).await? => Some("AUTHORIZATION_WITHDRAWN"),
            ended => ended,
        };
        let found = Found {
            threshold_only: registered.profile.threshold_only,
            two_persons: people.two_persons,
            query: Query {
                record_types: spoken_of(&query, &registered.profile.record_types),
                ..query
            },
            begun,
            task,
            history,
        };
        match (ended, &found.task.state) {
            // Whom a closed task is about is nobody's business any more.
            (_, TaskState::Closed(reason)) => Err(TaskRefusal::Closed(reason.clone()).into()),
            (Some(reason), TaskState::Open | TaskState::ToConfirm) => {
                self.close_task(&found, reason, officer).await?;
                Err(TaskRefusal::Closed(reason.to_owned()).into())
            }
            (Some(reason), TaskState::Answered) => Err(TaskRefusal::Closed(reason.to_owned()).into()),
            (None, _) => Ok(found),
        }
    }

    /// The task that a verdict's frame begins, and what became of it.
    async fn task_of(&self, frame: &Frame, department: &DepartmentId) -> Result<(Task, History), BrokerError> {
        let core = self.core();
        let leaf = answer_leaf(frame, department).ok_or(BrokerError::Damaged("a task without its leaf"))?;
        let history = history(core, frame.case, department).await?;
        // Of a case that was destroyed nothing more is known than that there was a task.
        let (due_at_ms, gone) = match open(core, frame, leaf) {
            Ok(bytes) => (bytes.and_then(|bytes| due(&bytes)), false),
            Err(error) if crate::case::unreadable(&error) => (None, true),
            Err(error) => return Err(error),
        };
        let state = match history.state() {
            TaskState::Open | TaskState::ToConfirm if gone => TaskState::Closed("CASE_SHREDDED".to_owned()),
            state => state,
        };
        let settled_at_ms = history.settled_at_ms();
        let until = match state {
            TaskState::Open | TaskState::ToConfirm => Some(core.clock.now_ms()),
            TaskState::Answered => settled_at_ms,
            TaskState::Closed(_) => None,
        };
        let late = until.zip(due_at_ms).is_some_and(|(at, due)| at > due);
        let task = Task {
            case: frame.case,
            department: department.clone(),
            district: frame.district.clone(),
            purpose: leaf.purpose.to_string(),
            asked_at_ms: leaf.asked_at_ms,
            due_at_ms,
            late,
            answered_by: history.answered_by(),
            confirmed_by: history.confirmed_by(),
            settled_at_ms,
            state,
        };
        Ok((task, history))
    }
}

/// What an office may speak of: what was asked for, as far as it holds that.
fn spoken_of(query: &Query, held: &[hedui_core::RecordType]) -> Vec<hedui_core::RecordType> {
    held.iter()
        .copied()
        .filter(|of| query.record_types.is_empty() || query.record_types.contains(of))
        .collect()
}

/// A task with everything that is known of it.
struct Found {
    begun: Frame,
    task: Task,
    history: History,
    query: Query,
    threshold_only: bool,
    two_persons: bool,
}

impl Found {
    fn opened(self) -> OpenedTask {
        let draft = self.history.draft.as_ref();
        let draft = draft.map(|(leaf, bytes)| (leaf.evidence_id, decode_answer(bytes, &self.query)));
        OpenedTask {
            draft: draft.filter(|_| self.task.state == TaskState::ToConfirm),
            query: self.query,
            threshold_only: self.threshold_only,
            two_persons: self.two_persons,
            task: self.task,
        }
    }
}

/// Until when a sealed pending answer is promised: the latest of its persons.
fn due(bytes: &Bytes) -> Option<i64> {
    hedui_adapter::wire::due_at_ms(bytes)
}

/// What an office's answer gets wrong, by person.
fn mistake(at: usize, reason: &str, message: impl Into<String>) -> FieldError {
    FieldError::new(format!("results[{at}]"), reason, message)
}
