//! The fan-out: one question per department and household, all at once, one timer for the household.
//! Leaves reading the answers to `judge` and keeping them to `evidence`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hedui_adapter::Refused;
use hedui_adapter::port::{Ask, Reply, ReplySink, ReplyTo};
use hedui_adapter::wire::encode_query;
use hedui_core::answer::{Query, Subject, Unreachable};
use hedui_core::plan::{Intent, PlannedDepartment};
use tokio::time::Instant;

use crate::collector::Collector;
use crate::core::Core;
use crate::request::{MAX_DEADLINE_MS, Prepared};
use crate::reuse::Kept;
use crate::run::Run;

/// A question and its bytes, shared by all departments that are asked about the same members.
#[derive(Clone)]
pub(crate) struct Question {
    /// The question.
    pub query: Arc<Query>,
    /// Its wire form, encoded once.
    pub encoded: Bytes,
}

/// The questions of one household: one per set of members asked about; nearly always one.
pub(crate) struct Questions {
    by_members: HashMap<Vec<bool>, Question>,
}

impl Questions {
    /// Encodes every question of a plan.
    pub fn new(prepared: &Prepared, query_id: &str) -> Questions {
        let mut by_members: HashMap<Vec<bool>, Question> = HashMap::with_capacity(1);
        for planned in prepared.plan.departments.iter().filter(|d| d.is_asked()) {
            let key = mask(planned);
            by_members
                .entry(key)
                .or_insert_with_key(|key| question(prepared, query_id, key));
        }
        Questions { by_members }
    }

    /// The question for a department.
    pub fn of(&self, planned: &PlannedDepartment) -> Option<&Question> {
        self.by_members.get(&mask(planned))
    }
}

fn mask(planned: &PlannedDepartment) -> Vec<bool> {
    planned.intents.iter().map(|i| *i == Intent::Ask).collect()
}

fn question(prepared: &Prepared, query_id: &str, asked: &[bool]) -> Question {
    let members = prepared.household.members.iter().zip(0u32..).zip(asked);
    let subjects = members
        .filter(|(_, asked)| **asked)
        .map(|((member, ordinal), _)| Subject {
            ordinal,
            id: member.id,
            name: member.name.clone(),
        })
        .collect();
    let query = Query {
        query_id: query_id.to_owned(),
        purpose: prepared.purpose.clone(),
        district_code: prepared.stored.request.district_code.clone(),
        authorization_digest: prepared.authorization_digest,
        as_of: prepared.stored.as_of,
        period_from: prepared.scope.period_from(),
        period_until: prepared.stored.as_of,
        subjects,
        record_types: prepared.plan.record_types.clone(),
    };
    let encoded = encode_query(&query);
    Question {
        query: Arc::new(query),
        encoded,
    }
}

/// Sends all questions; answers kept from before and refusals by a gate are put in place at once.
pub(crate) fn send(core: &Core, run: &Arc<Run>, questions: &Questions, kept: &[Option<Kept>]) {
    let prepared = &run.prepared;
    let now = core.clock.now_ms();
    let leader = core.leader(run);
    let mut asks: Vec<(usize, &Question)> = Vec::with_capacity(prepared.plan.departments.len());
    let mut slots = Vec::with_capacity(prepared.plan.departments.len());
    for planned in prepared.plan.departments.iter().filter(|d| d.is_asked()) {
        let index = planned.index;
        let Some(department) = core.registry.departments().get(index) else {
            continue;
        };
        let Some(question) = questions.of(planned) else {
            continue;
        };
        if let Some(Some(kept)) = kept.get(index) {
            run.collector
                .put(index, Reply::Wire(kept.bytes.clone()), kept.answered_at_ms);
            continue;
        }
        match department.admit(now) {
            Ok(permit) => {
                slots.push((index, Some(permit)));
                asks.push((index, question));
            }
            Err(refused) => run.collector.put(index, refusal(refused), now),
        }
    }
    run.collector.expect(slots.into_iter());
    let sink: Arc<dyn ReplySink> = Arc::clone(&run.collector) as Arc<dyn ReplySink>;
    for (index, question) in asks {
        if leader
            .as_ref()
            .is_some_and(|leader| leader.follow(index, &run.collector))
        {
            continue;
        }
        let Some(department) = core.registry.departments().get(index) else {
            continue;
        };
        let ask = Ask {
            query: Arc::clone(&question.query),
            encoded: question.encoded.clone(),
            timeout: Duration::from_millis(u64::from(department_limit(core, prepared, index))),
        };
        department.port.ask(
            ask,
            ReplyTo::new(Arc::clone(&sink), u32::try_from(index).unwrap_or(u32::MAX)),
        );
    }
}

fn refusal(refused: Refused) -> Reply {
    let failure = refused.reason().failure();
    match refused {
        Refused::Breaker => Reply::Failed(Unreachable::Breaker, failure),
        Refused::Concurrency => Reply::Failed(Unreachable::Refused, failure),
    }
}

/// The time that a department has, in milliseconds: its own deadline within the overall one.
fn department_limit(core: &Core, prepared: &Prepared, index: usize) -> u32 {
    let overall = prepared
        .stored
        .request
        .deadline_ms
        .unwrap_or(core.settings.deadline_ms)
        .min(MAX_DEADLINE_MS);
    let own = core.registry.profiles().get(index).map_or(overall, |p| p.deadline_ms);
    own.min(overall)
}

/// Waits until every slot is settled: by its answer, its deadline, a cancellation, or, where `is_final` says so, because nothing
/// more could change the verdict. Returns whether every department was waited for.
pub(crate) async fn wait(
    core: &Core,
    run: &Run,
    started: Instant,
    is_final: Option<&(dyn Fn(&Collector) -> bool + Send + Sync)>,
) -> bool {
    let prepared = &run.prepared;
    let limit = |index: usize| started + Duration::from_millis(u64::from(department_limit(core, prepared, index)));
    let mut deadlines: Vec<Instant> = prepared
        .plan
        .departments
        .iter()
        .filter(|d| d.is_asked())
        .map(|d| limit(d.index))
        .collect();
    deadlines.sort_unstable();
    deadlines.dedup();
    let mut next = deadlines.into_iter();
    let mut deadline = next.next();
    let mut judged_at = 0;
    loop {
        if run.is_cancelled() {
            run.collector.give_up(|_| true, Unreachable::Cancelled);
        }
        if run.collector.waiting() == 0 {
            return true;
        }
        if let Some(is_final) = is_final {
            let arrivals = run.collector.arrivals();
            if arrivals != judged_at {
                judged_at = arrivals;
                if is_final(&run.collector) {
                    return false;
                }
            }
        }
        let Some(until) = deadline else {
            run.collector.give_up(|_| true, Unreachable::Timeout);
            continue;
        };
        tokio::select! {
            biased;
            () = run.collector.changed() => {}
            () = run.cancelled() => {}
            () = tokio::time::sleep_until(until) => {
                run.collector.give_up(|index| limit(index) <= until, Unreachable::Timeout);
                deadline = next.next();
            }
        }
    }
}
