//! Judging anew: once an office has answered, every verification that waits for it is judged by what is known now. Nobody else is asked again.
//! Leaves resting on kept answers to `recheck` and `reuse`.

use std::sync::Arc;

use hedui_core::DepartmentId;
use hedui_core::report::DepartmentLine;
use hedui_evidence::{CaseId, FrameKind, IndexKey, MAX_PAGE};

use super::answer::answered_before;
use super::log::{history, waiting_key};
use crate::broker::Broker;
use crate::case::{report_in, request_in};
use crate::core::Core;
use crate::error::BrokerError;
use crate::prepare::prepare_stored;
use crate::recheck::Pending;
use crate::request::{AnsweredTask, Completion, Conflict, Create, Recheck, Request};
use crate::retention::{RetentionState, standing_of};
use crate::reuse::Kept;

/// How long after an answer a start still looks whether it was judged.
const LOOK_BACK_MS: i64 = 30 * 86_400_000;

/// The kept answers that an office's people gave, by department.
pub(crate) type Answers = Vec<(DepartmentId, Kept)>;

/// What offices have answered of the tasks that a recheck takes into account.
pub(crate) async fn answers_of(core: &Core, tasks: &[AnsweredTask]) -> Result<Answers, BrokerError> {
    let mut found = Vec::with_capacity(tasks.len());
    for task in tasks {
        let case = CaseId::from_hex(&task.of).ok_or(BrokerError::NotFound)?;
        let Some((leaf, bytes)) = history(core, case, &task.department).await?.answer else {
            return Err(BrokerError::Damaged("an answer of an office is not there"));
        };
        let kept = Kept {
            reply: Some(hedui_adapter::port::Reply::Wire(bytes)),
            asked_at_ms: leaf.asked_at_ms,
            answered_at_ms: leaf.answered_at_ms,
            from: task.of.clone(),
        };
        found.push((task.department.clone(), kept));
    }
    Ok(found)
}

impl Broker {
    /// Judges anew what waits for a task that is answered: the verification that asked, and those that rest on its answers. What was judged with the same
    /// answers is not judged again.
    pub(super) async fn judge_waiting(&self, case: CaseId, department: &DepartmentId) -> Result<(), BrokerError> {
        self.judge_anew(case).await?;
        let core = self.core();
        let mut after = None;
        loop {
            let page = core
                .store
                .find_page(waiting_key(core, case, department), after, MAX_PAGE)
                .await?;
            for position in &page {
                let waiting = core.store.read(*position).await?.case;
                self.judge_anew(waiting).await?;
            }
            after = page.last().copied();
            if page.len() < MAX_PAGE {
                return Ok(());
            }
        }
    }

    /// Judges a verification anew by what offices have answered since, if they have. Returns the new verification. Passes over a case that is not kept for
    /// use any more, and letters that have ended.
    pub(crate) async fn judge_anew(&self, case: CaseId) -> Result<Option<CaseId>, BrokerError> {
        let core = self.core();
        let (begun, standing) = standing_of(core, case).await?;
        let ended = core.frame_of(case, FrameKind::Verdict).await?;
        let (Some(ended), RetentionState::Active) = (ended, standing.state) else {
            return Ok(None);
        };
        let Some(report) = report_in(core, &ended)? else {
            return Ok(None);
        };
        let answered = answered_now(core, case, &report.open()?.departments).await?;
        if answered.is_empty() {
            return Ok(None);
        }
        let stored = request_in(core, &begun)?;
        if let Err((error, _)) = prepare_stored(core, &core.in_force(), stored.clone()) {
            tracing::warn!(%case, reason = error.reason(), "an office has answered, and the verification is not judged anew");
            return Ok(None);
        }
        let key = judged_key(core, case, &answered);
        if let Some(position) = core.store.newest(key).await? {
            return Ok(Some(core.store.read(position).await?.case));
        }
        let pending = Pending::of(core, case).await?;
        let request = Request {
            as_of: Some(stored.as_of),
            completion: Completion::AllDepartments,
            recheck: Some(Recheck {
                of: case.to_string(),
                departments: Vec::new(),
                answered,
            }),
            ..stored.request
        };
        let create = Create {
            request,
            request_id: None,
            conflict: Conflict::RunBoth,
            caller: stored.caller,
            validate_only: false,
        };
        let broker = self.clone();
        // In a task of its own, as every recheck.
        let begun = tokio::spawn(async move { broker.begin_recheck(pending, create, Some(key)).await });
        let lost = Err(BrokerError::Internal("a verification ended without a word"));
        Ok(Some(begun.await.unwrap_or(lost)?.case))
    }

    /// Looks, after a verification has ended that waits for offices, whether one of them has answered meanwhile.
    pub(crate) fn look_for_answers(&self, case: CaseId) {
        let broker = self.clone();
        tokio::spawn(async move {
            if let Err(error) = broker.judge_anew(case).await {
                tracing::error!(%case, reason = error.reason(), "an office has answered, and the verification could not be judged anew");
            }
        });
    }

    /// Judges anew what a crash, or a store that refused, left unjudged of the answers of the last days. Returns how many tasks were looked at. One that
    /// cannot be judged stops no other.
    pub async fn resume_tasks(&self) -> Result<usize, BrokerError> {
        let core = Arc::clone(self.core());
        let since = core.clock.now_ms().saturating_sub(LOOK_BACK_MS);
        let (mut before, mut looked) = (None, 0);
        loop {
            let (tasks, next) = answered_before(&core, before).await?;
            for (case, department, at_ms) in tasks {
                if at_ms < since {
                    return Ok(looked);
                }
                looked += 1;
                if let Err(error) = self.judge_waiting(case, &department).await {
                    tracing::error!(%case, department = department.as_str(), reason = error.reason(), "an answer of an office could not be judged");
                }
            }
            if next.is_none() {
                return Ok(looked);
            }
            before = next;
        }
    }
}

/// The tasks that a verification waits for and that are answered by now.
async fn answered_now(core: &Core, case: CaseId, lines: &[DepartmentLine]) -> Result<Vec<AnsweredTask>, BrokerError> {
    let mut answered = Vec::new();
    for line in lines
        .iter()
        .filter(|line| line.subjects.iter().any(|s| s.state == "PENDING"))
    {
        let of = match line.kept {
            true => line.kept_from.clone(),
            false => case.to_string(),
        };
        let Some(task) = CaseId::from_hex(&of) else { continue };
        if history(core, task, &line.department)
            .await?
            .answer
            .is_some_and(|(_, bytes)| !bytes.is_empty())
        {
            answered.push(AnsweredTask {
                of,
                department: line.department.clone(),
            });
        }
    }
    Ok(answered)
}

/// One verification is made of one case and the same answers.
fn judged_key(core: &Core, case: CaseId, answered: &[AnsweredTask]) -> IndexKey {
    let mut parts: Vec<&[u8]> = vec![&case.0];
    for task in answered {
        parts.extend([task.of.as_bytes(), task.department.as_str().as_bytes()]);
    }
    core.keys.index_key("judged with tasks", &parts)
}
