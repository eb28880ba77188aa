//! Going through the households of a re-evaluation: counted, judged in batches at a pace, each batch kept before the next begins.
//! Leaves one household to `household` and what is kept to `job`.
//!
//! An interruption loses at most the batch it is at; what that batch had begun is found again by its keys, so that nobody is judged twice.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;

use super::household::{JUDGED, NEEDS_NEW_SIGNATURE, NO_VERDICT, Outcomes, look, reevaluate};
use super::job::{DONE, Entry, JobState, Reevaluation, ReevaluationCounts, keep_batch, order};
use super::waiting::{self, Waited};
use super::{JobProgress, LiveJob};
use crate::broker::Broker;
use crate::core::Core;
use crate::error::BrokerError;
use crate::latest::{Households, HouseholdsOf, Latest};
use crate::retention::RetentionRefusal;

/// Households of a batch. So many may be looked at again after a crash, none of them judged twice.
const BATCH: usize = 64;
/// Verifications of one job under way at once: the slowest department decides how long each takes.
const IN_FLIGHT: usize = 32;
/// Households between two words of progress while they are only counted.
const TELL_EVERY: u64 = 16;
/// A count rests so long between two words of progress: verifications need the same disk.
const COUNT_PAUSE: Duration = Duration::from_millis(5);

/// How a run ended by itself.
enum Ended {
    /// Gone through all households.
    Whole,
    /// The broker closes, or somebody ended the job.
    Stopped,
}

/// Runs a job to its end, and lets go of it.
pub(super) async fn carry_out(broker: &Broker, live: &Arc<LiveJob>) {
    let mut job = live.state.borrow().clone();
    let id = job.id;
    let ended = go_through(broker, live, &mut job).await;
    let state = match &ended {
        Ok(Ended::Whole) => JobState::Done,
        Ok(Ended::Stopped) => JobState::Stopped,
        Err(error) => {
            tracing::error!(job = %id, reason = error.reason(), "a re-evaluation stopped; it goes on when it is resumed");
            JobState::Stopped
        }
    };
    job.state = state;
    job.awaiting.clear();
    job.ended_at_ms = (state == JobState::Done).then(|| broker.core().clock.now_ms());
    broker.core().jobs.remove(&id);
    live.state.send_replace(job);
}

async fn go_through(broker: &Broker, live: &Arc<LiveJob>, job: &mut Reevaluation) -> Result<Ended, BrokerError> {
    let core = broker.core();
    let is_stopped = || live.is_cancelled() || broker.is_closing();
    if job.total == 0 {
        job.total = total(core, job).await?;
        live.state.send_replace(job.clone());
    }
    let pause = Duration::from_micros(1_000_000 / u64::from(job.rate_per_second.max(1)));
    let programme = job.programme.clone();
    let district = job.district.clone();
    let mut households = Households::of(core, of(&district, &programme, job), job.after);
    loop {
        let mut batch: Vec<Latest> = Vec::with_capacity(BATCH);
        while batch.len() < BATCH {
            match households.next(core).await? {
                Some(household) => batch.push(household),
                None => break,
            }
        }
        if batch.is_empty() {
            break;
        }
        let firsts: Vec<_> = batch.iter().map(|household| household.first).collect();
        let (entries, whole) = judge_batch(broker, live, job, (batch, pause)).await?;
        // Also where it was told to stop: what was judged is told of, since no later job will find a difference.
        if let Some(last) = entries.len().checked_sub(1).and_then(|last| firsts.get(last)) {
            job.after = Some(*last);
            keep_batch(core, job, entries).await?;
            live.state.send_replace(job.clone());
        }
        if !whole || is_stopped() {
            return Ok(Ended::Stopped);
        }
    }
    order(core, job, job.officer(), DONE.to_owned()).await?;
    Ok(Ended::Whole)
}

/// Judges the households of a batch at the pace, in their order: the first so many of them, and whether that is all. Where it was told to
/// stop before all had begun, what was begun has ended all the same.
async fn judge_batch(
    broker: &Broker,
    live: &Arc<LiveJob>,
    job: &mut Reevaluation,
    (batch, pause): (Vec<Latest>, Duration),
) -> Result<(Vec<Entry>, bool), BrokerError> {
    let of = job.clone();
    let is_stopped = || live.is_cancelled() || broker.is_closing();
    let turn = tokio::sync::Mutex::new(());
    let judge = |household: Latest| {
        let (turn, of, is_stopped) = (&turn, &of, &is_stopped);
        async move {
            // One begins after the other: daily work goes on beside.
            let turn = turn.lock().await;
            if is_stopped() {
                return Ok(None);
            }
            tokio::time::sleep(pause).await;
            match waiting::wait(broker, live, of, is_stopped).await {
                Waited::Stopped => return Ok(None),
                Waited::Ready => drop(turn),
                Waited::Again => {
                    let outcome = reevaluate(broker, of, &household, is_stopped).await;
                    drop(turn);
                    return outcome;
                }
            }
            reevaluate(broker, of, &household, is_stopped).await
        }
    };
    let mut judged = futures::stream::iter(batch).map(judge).buffered(IN_FLIGHT);
    let (mut entries, mut failure, mut whole) = (Vec::new(), None, true);
    // Also after a failure: what has begun is waited for, so that a next run finds it ended.
    while let Some(outcome) = judged.next().await {
        match outcome {
            Ok(Some(outcome)) if whole && failure.is_none() => {
                note(job, &outcome);
                entries.push(outcome.entry);
                live.state.send_replace(job.clone());
            }
            Ok(Some(_)) => {}
            Ok(None) => whole = false,
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok((entries, whole)),
    }
}

/// How many households there are.
async fn total(core: &Core, job: &Reevaluation) -> Result<u64, BrokerError> {
    let mut households = Households::of(core, of(&job.district, &job.programme, job), None);
    let mut total = 0u64;
    while households.next(core).await?.is_some() {
        total += 1;
        if total.is_multiple_of(TELL_EVERY) {
            tokio::time::sleep(COUNT_PAUSE).await;
        }
    }
    Ok(total)
}

fn of<'a>(district: &'a str, programme: &'a hedui_core::ProgrammeId, job: &Reevaluation) -> HouseholdsOf<'a> {
    HouseholdsOf {
        district,
        programme: Some(programme),
        before: Some(job.before),
    }
}

/// Counts what a re-evaluation would find. Begins nothing.
pub(super) async fn count(broker: &Broker, job: &mut Reevaluation, tell: JobProgress<'_>) -> Result<(), BrokerError> {
    let core = broker.core();
    let (district, programme) = (job.district.clone(), job.programme.clone());
    let mut households = Households::of(core, of(&district, &programme, job), None);
    while let Some(household) = households.next(core).await? {
        let found = look(broker, job, &household).await?;
        note(job, &found);
        if broker.is_closing() {
            return Err(BrokerError::ShuttingDown);
        }
        if job.counts.households.is_multiple_of(TELL_EVERY) {
            if !tell(&job.counts) {
                return Err(RetentionRefusal::NoRequest.into());
            }
            tokio::time::sleep(COUNT_PAUSE).await;
        }
    }
    job.total = job.counts.households;
    Ok(())
}

/// Adds what became of a household.
fn note(job: &mut Reevaluation, outcome: &Outcomes) {
    let counts: &mut ReevaluationCounts = &mut job.counts;
    counts.households += 1;
    let slot = match outcome.entry.result.as_str() {
        JUDGED => &mut counts.judged,
        NEEDS_NEW_SIGNATURE => &mut counts.needs_signature,
        NO_VERDICT => &mut counts.without_verdict,
        "CASE_FROZEN" | "CASE_SHREDDED" => &mut counts.closed,
        _ => &mut counts.failed,
    };
    *slot += 1;
    let Some(change) = &outcome.change else {
        return;
    };
    counts.changed += u64::from(change.changed);
    counts.newly_qualify += u64::from(change.newly_qualifies);
    counts.newly_exceed += u64::from(change.newly_exceeds);
    counts.inconclusive += u64::from(change.inconclusive);
    counts.warned += u64::from(!change.warnings.is_empty());
    for warning in &change.warnings {
        *job.warnings.entry(warning.clone()).or_default() += 1;
    }
}
