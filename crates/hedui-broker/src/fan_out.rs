//! The fan-out: one question per department and household, all at once, one timer for the household.
//! Leaves reading the answers to `judge` and keeping them to `evidence`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dashmap::mapref::entry::Entry;
use futures::future::BoxFuture;
use hedui_adapter::port::{Ask, Reply, ReplySink, ReplyTo};
use hedui_adapter::wire::encode_query;
use hedui_adapter::{Reason, Refused};
use hedui_core::AuthorizationInput;
use hedui_core::answer::{Query, Subject, Unreachable};
use hedui_core::forward::{Forward, ForwardedLetter};
use hedui_core::plan::{Intent, PlannedDepartment};
use tokio::time::Instant;

use crate::collector::gave_up;
use crate::core::Core;
use crate::request::{MAX_DEADLINE_MS, Prepared};
use crate::run::{Progress, Run};
use crate::staff::resident_id;

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
    /// Of each member whether they are asked about, and the question about those who are.
    by_members: Vec<(Vec<bool>, Question)>,
}

impl Questions {
    /// Encodes every question of a plan.
    pub fn new(prepared: &Prepared, query_id: &str) -> Questions {
        let mut questions = Questions { by_members: Vec::new() };
        for planned in prepared.plan.departments.iter().filter(|d| d.is_asked()) {
            if questions.of(planned).is_none() {
                let members: Vec<bool> = asked(planned).collect();
                let question = question(prepared, query_id, &members);
                questions.by_members.push((members, question));
            }
        }
        questions
    }

    /// The question for a department.
    pub fn of(&self, planned: &PlannedDepartment) -> Option<&Question> {
        let same = |(members, _): &&(Vec<bool>, Question)| asked(planned).eq(members.iter().copied());
        self.by_members.iter().find(same).map(|(_, question)| question)
    }
}

/// Of each member whether a department is asked about them.
fn asked(planned: &PlannedDepartment) -> impl Iterator<Item = bool> + '_ {
    planned.intents.iter().map(|i| *i == Intent::Ask)
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

/// Sends all questions; answers kept from before and refusals by a gate are put in place at once. Of the runs that ask the same
/// question at the same time the first leads, and the others follow its slots.
pub(crate) fn send(core: &Core, run: &Arc<Run>, progress: &Progress) {
    // Held until the slots are open: whoever finds a leader finds its slots.
    let asks = match core.questions.entry(run.question) {
        Entry::Vacant(vacant) => {
            let asks = open(core, run, progress, None);
            vacant.insert(Arc::clone(run));
            asks
        }
        Entry::Occupied(occupied) => {
            let leader = Arc::clone(occupied.get());
            drop(occupied);
            // Known before the first shared reply can be read.
            let _ = progress.leader.set(leader.query_id.clone());
            open(core, run, progress, Some(&leader))
        }
    };
    run.collector.tell();
    let is_peer = |(index, _): &(usize, _)| {
        run.in_force
            .registry
            .departments()
            .get(*index)
            .is_some_and(|d| d.is_peer)
    };
    let forward = asks.iter().any(is_peer).then(|| Arc::new(forwarded(&run.prepared)));
    let sink: Arc<dyn ReplySink> = Arc::clone(&run.collector) as Arc<dyn ReplySink>;
    for (index, question) in asks {
        let Some(department) = run.in_force.registry.departments().get(index) else {
            continue;
        };
        let ask = Ask {
            query: Arc::clone(&question.query),
            encoded: question.encoded.clone(),
            timeout: Duration::from_millis(u64::from(department_limit(core, run, index))),
            forward: forward.clone().filter(|_| department.is_peer),
        };
        let reply = ReplyTo::new(Arc::clone(&sink), u32::try_from(index).unwrap_or(u32::MAX));
        // One broken adapter must not take the other departments' answers with it; unwinding drops `reply`, which says so itself.
        if catch_unwind(AssertUnwindSafe(|| department.port.ask(ask, reply))).is_err() {
            tracing::error!(
                department = department.profile.id.as_str(),
                "an adapter panicked when it was asked"
            );
        }
    }
}

/// What another hedui is told of the letters: what they allow, and digests under the salt of this verification.
fn forwarded(prepared: &Prepared) -> Forward {
    let stored = &prepared.stored;
    let ordinal = |number: &String| {
        let id = resident_id(number, stored.as_of).ok()?;
        let at = prepared.household.members.iter().position(|member| member.id == id)?;
        u32::try_from(at).ok()
    };
    let letter = |letter: &AuthorizationInput| {
        let about = std::iter::once(&letter.signer_id_number).chain(&letter.on_behalf_of);
        let canonical = serde_json::to_vec(letter).unwrap_or_default();
        ForwardedLetter {
            digest: *blake3::keyed_hash(&stored.authorization_salt, &canonical).as_bytes(),
            about: about.filter_map(ordinal).collect(),
            programmes: letter.programmes.clone(),
            departments: letter.departments.clone(),
            signed_on: letter.signed_on,
            valid_until: letter.valid_until,
            period_from: letter.period_from,
        }
    };
    let live = stored
        .request
        .authorizations
        .iter()
        .filter(|letter| letter.ended.is_none());
    Forward {
        hops: Vec::new(),
        letters: live.map(letter).collect(),
        asked_as: String::new(),
    }
}

/// Opens the slots of all departments and returns whom to ask.
fn open<'a>(core: &Core, run: &Run, progress: &'a Progress, leader: Option<&Run>) -> Vec<(usize, &'a Question)> {
    let prepared = &run.prepared;
    let now = core.clock.now_ms();
    let mut asks = Vec::with_capacity(prepared.plan.departments.len());
    for planned in prepared.plan.departments.iter().filter(|d| d.is_asked()) {
        let index = planned.index;
        let (Some(department), Some(question)) = (
            run.in_force.registry.departments().get(index),
            progress.questions.of(planned),
        ) else {
            continue;
        };
        if let Some(Some(kept)) = progress.kept.get(index) {
            if let Some(reply) = &kept.reply {
                run.collector.put(index, reply.clone(), kept.answered_at_ms);
            }
            continue;
        }
        // Each verification has a task of its own: one that is cancelled takes nobody else's with it.
        let leader = leader.filter(|_| department.people.is_none());
        if let Some(leader) = leader.filter(|leader| same_question(core, leader, run, planned)) {
            run.collector.expect(index, None);
            if leader.collector.follow(index, &run.collector) {
                continue;
            }
        }
        if run.is_cancelled() {
            // Cancelled while it was held back: nobody is asked about people any more.
            run.collector.put(index, gave_up(Unreachable::Cancelled), now);
            continue;
        }
        if core.pauses.holds(&department.profile.id) {
            run.collector.put(index, Reply::failed(Reason::DepartmentPaused), now);
            continue;
        }
        match department.admit(question.query.subjects.len(), now) {
            Ok(permit) => {
                run.collector.expect(index, Some(permit));
                asks.push((index, question));
            }
            Err(refused) => run.collector.put(index, refusal(refused), now),
        }
    }
    asks
}

/// Whether a leader's question to a department serves a follower: about the same members, because nobody may see an answer about
/// a member whose letter does not allow it, and with no less time.
fn same_question(core: &Core, leader: &Run, follower: &Run, planned: &PlannedDepartment) -> bool {
    let index = planned.index;
    let asked = leader.prepared.plan.departments.get(index);
    // Positions are those of one catalogue; after another was loaded they may be other departments'.
    Arc::ptr_eq(&leader.in_force, &follower.in_force)
        && asked.is_some_and(|asked| asked.intents == planned.intents)
        && department_limit(core, leader, index) >= department_limit(core, follower, index)
}

fn refusal(refused: Refused) -> Reply {
    let failure = refused.reason().failure();
    match refused {
        Refused::Breaker => Reply::Failed(Unreachable::Breaker, failure),
        Refused::Concurrency | Refused::Rate | Refused::Hours => Reply::Failed(Unreachable::Refused, failure),
    }
}

/// The time that a department has, in milliseconds: its own deadline within the overall one.
fn department_limit(core: &Core, run: &Run, index: usize) -> u32 {
    let overall = run
        .prepared
        .stored
        .request
        .deadline_ms
        .unwrap_or(core.settings.deadline_ms)
        .min(MAX_DEADLINE_MS);
    let own = run
        .in_force
        .registry
        .profiles()
        .get(index)
        .map_or(overall, |p| p.deadline_ms);
    own.min(overall)
}

/// Waits until every slot is settled: by its answer, its deadline, a cancellation, or, where `look` says so, because nothing
/// more could change the verdict. Returns whether every department was waited for; afterwards nothing changes any more.
pub(crate) async fn wait(
    core: &Core,
    run: &Run,
    started: Instant,
    look: Option<&(dyn Fn() -> BoxFuture<'static, Option<u32>> + Send + Sync)>,
) -> bool {
    let prepared = &run.prepared;
    let limit = |index: usize| started + Duration::from_millis(u64::from(department_limit(core, run, index)));
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
    let (mut judged_at, mut judging) = (None, None);
    loop {
        if run.is_cancelled() {
            run.collector.give_up(|_| true, Unreachable::Cancelled);
            return false;
        }
        if run.collector.waiting() == 0 {
            return true;
        }
        // One look at a time, while more may arrive.
        if let (Some(look), None) = (look, &judging) {
            let arrivals = Some(run.collector.arrivals());
            if arrivals != judged_at {
                judged_at = arrivals;
                judging = Some(look());
            }
        }
        let Some(until) = deadline else {
            run.collector.give_up(|_| true, Unreachable::Timeout);
            continue;
        };
        tokio::select! {
            biased;
            final_with = ended(&mut judging), if judging.is_some() => {
                judging = None;
                // What has come since may say otherwise: then there is another look.
                if final_with.is_some_and(|seen| run.collector.leave_after(seen)) {
                    return false;
                }
            }
            () = run.collector.changed() => {}
            () = run.cancelled() => {}
            () = tokio::time::sleep_until(until) => {
                run.collector.give_up(|index| limit(index) <= until, Unreachable::Timeout);
                deadline = next.next();
            }
        }
    }
}

/// The outcome of a look that is under way; none never ends.
async fn ended(judging: &mut Option<BoxFuture<'static, Option<u32>>>) -> Option<u32> {
    match judging {
        Some(judging) => judging.await,
        None => std::future::pending().await,
    }
}
