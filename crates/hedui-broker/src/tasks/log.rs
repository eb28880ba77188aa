//! What became of a task, read from the frames of its case; and what tasks are found by.
//! Leaves what is written there to `answer`.

use bytes::Bytes;
use hedui_core::DepartmentId;
use hedui_core::report::DepartmentLine;
use hedui_evidence::{CaseId, IndexKey, Leaf, LeafKind, MAX_PAGE};

use super::TaskState;
use crate::core::Core;
use crate::error::BrokerError;
use crate::reuse::open;
use crate::run::Run;

/// One person has answered, and another has to confirm it.
pub(super) const TO_CONFIRM: &str = "TASK_TO_CONFIRM";
/// A second person has confirmed.
pub(super) const CONFIRMED: &str = "TASK_CONFIRMED";
/// It will not be answered; the reason stands behind a colon.
pub(super) const CLOSED: &str = "TASK_CLOSED";

/// What an office's tasks are found by.
pub(crate) fn tasks_key(core: &Core, department: &DepartmentId) -> IndexKey {
    core.keys
        .index_key("tasks of an office", &[department.as_str().as_bytes()])
}

/// What became of one task is found by this.
pub(super) fn task_key(core: &Core, case: CaseId, department: &DepartmentId) -> IndexKey {
    core.keys.index_key("task", &[&case.0, department.as_str().as_bytes()])
}

/// The verifications that rest on an answer which is still to come, but for the one that asked.
pub(super) fn waiting_key(core: &Core, case: CaseId, department: &DepartmentId) -> IndexKey {
    core.keys
        .index_key("waits for a task", &[&case.0, department.as_str().as_bytes()])
}

/// All tasks that were answered.
pub(super) fn answered_key(core: &Core) -> IndexKey {
    core.keys.index_key("answered tasks", &[])
}

/// What the frame of a verdict is filed under for the sake of tasks: the offices that it asks, and the tasks of others that it waits for.
pub(crate) fn filed(core: &Core, run: &Run, lines: &[DepartmentLine]) -> Vec<IndexKey> {
    let departments = run.in_force.registry.departments();
    if departments.iter().all(|d| d.people.is_none()) {
        return Vec::new();
    }
    // One that takes an office's answers waits for the others through the verification that it looks at again.
    let takes_answers = (run.prepared.stored.request.recheck.as_ref()).is_some_and(|r| !r.answered.is_empty());
    let mut keys = Vec::new();
    for line in lines {
        let people = run.in_force.registry.position(&line.department);
        let people = people
            .and_then(|at| departments.get(at))
            .and_then(|d| d.people.as_ref());
        if people.is_none() || !line.subjects.iter().any(|s| s.state == "PENDING") {
            continue;
        }
        if !line.kept {
            keys.push(tasks_key(core, &line.department));
        } else if let (Some(of), false) = (CaseId::from_hex(&line.kept_from), takes_answers) {
            keys.push(waiting_key(core, of, &line.department));
        }
    }
    keys
}

/// What became of a task.
#[derive(Default)]
pub(super) struct History {
    /// What one person has answered, sealed until another confirms it, with its leaf.
    pub draft: Option<(Leaf, Bytes)>,
    /// The answer, with its leaf.
    pub answer: Option<(Leaf, Bytes)>,
    confirmed: Option<Leaf>,
    closed: Option<Leaf>,
}

impl History {
    pub fn state(&self) -> TaskState {
        let reason = |leaf: &Leaf| leaf.outcome.split_once(':').map_or("", |(_, reason)| reason).to_owned();
        match (&self.answer, &self.closed, &self.draft) {
            (Some(_), ..) => TaskState::Answered,
            (None, Some(leaf), _) => TaskState::Closed(reason(leaf)),
            (None, None, Some(_)) => TaskState::ToConfirm,
            (None, None, None) => TaskState::Open,
        }
    }

    pub fn settled_at_ms(&self) -> Option<i64> {
        let answered = self.answer.as_ref().map(|(leaf, _)| leaf.answered_at_ms);
        answered.or(self.closed.as_ref().map(|leaf| leaf.answered_at_ms))
    }

    pub fn answered_by(&self) -> Option<String> {
        let leaf = self.answer.as_ref().or(self.draft.as_ref());
        leaf.map(|(leaf, _)| leaf.actor.to_string())
    }

    pub fn confirmed_by(&self) -> Option<String> {
        self.confirmed.as_ref().map(|leaf| leaf.actor.to_string())
    }
}

/// Reads what became of a task. What was destroyed with its case is passed over.
pub(super) async fn history(core: &Core, case: CaseId, department: &DepartmentId) -> Result<History, BrokerError> {
    let key = task_key(core, case, department);
    let mut found = History::default();
    let mut after = None;
    loop {
        let page = core.store.find_page(key, after, MAX_PAGE).await?;
        for position in &page {
            let frame = core.store.read(*position).await?;
            // The index says where to look; what counts is what the leaves are about.
            let about = |leaf: &&Leaf| leaf.case == case && leaf.department == department.as_str();
            for leaf in frame.leaves.iter().filter(about) {
                let word = leaf.outcome.split(':').next().unwrap_or_default();
                let bytes = || match open(core, &frame, leaf) {
                    Err(error) if crate::case::unreadable(&error) => Ok(None),
                    opened => opened,
                };
                match (leaf.kind, word) {
                    (LeafKind::Answer, _) => found.answer = Some((leaf.clone(), bytes()?.unwrap_or_default())),
                    (LeafKind::Review, TO_CONFIRM) => found.draft = bytes()?.map(|bytes| (leaf.clone(), bytes)),
                    (LeafKind::Review, CONFIRMED) => found.confirmed = Some(leaf.clone()),
                    (LeafKind::Review, CLOSED) => found.closed = Some(leaf.clone()),
                    _ => {}
                }
            }
        }
        after = page.last().copied();
        if page.len() < MAX_PAGE {
            return Ok(found);
        }
    }
}
