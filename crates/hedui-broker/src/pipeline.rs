//! The pipeline: the only code that knows the order of a verification.
//! Leaves each step to the file of its name; the request was checked and its `ASKED` frame made durable by `broker`.

use std::sync::{Arc, OnceLock};

use futures::FutureExt as _;
use hedui_core::report::DepartmentLine;
use hedui_core::{Report, Verdict};
use hedui_evidence::{IndexKey, Record, Sealer, ToPromise};
use tokio::time::Instant;

use crate::before;
use crate::case::ending_in;
use crate::core::Core;
use crate::error::BrokerError;
use crate::evidence::{self, Ending};
use crate::fan_out::{self, Questions};
use crate::filing;
use crate::judge::{self, Judging};
use crate::kept_report::KeptReport;
use crate::meter::Step;
use crate::request::Completion;
use crate::reuse;
use crate::run::{Progress, Promised, Run, State};
use crate::tasks;

/// How a verification ended.
pub(crate) struct Ended {
    pub state: State,
    pub verdicts: Arc<[Verdict]>,
    pub report: Option<KeptReport>,
    pub failure: Option<String>,
    pub promise: Option<Arc<str>>,
    /// What departments have promised for later.
    pub promised: Promised,
    /// How many departments have answered.
    pub answered: u32,
}

/// From kept answers over the departments to the durable verdict.
pub(crate) async fn verify(core: &Arc<Core>, run: &Arc<Run>) -> Result<Ended, BrokerError> {
    let prepared = &run.prepared;
    let clock = core.clock.monotonic_ns();
    // Time has passed since the letters were checked: a question needs an authorization that is alive now.
    let live = prepared.scope.is_live(core.clock.today());
    let kept = if live {
        reuse::kept(core, run).await?
    } else {
        Vec::new()
    };
    let clock = core.note(Step::Reuse, clock);

    let before = before::before(core, prepared).await?;
    let started = Instant::now();
    let progress = run.progress.get_or_init(|| Progress {
        questions: Questions::new(prepared, &run.query_id),
        kept,
        started_at_ms: core.clock.now_ms(),
        leader: OnceLock::new(),
        live,
        before,
    });
    if live {
        fan_out::send(core, run, progress);
    }
    let clock = core.note(Step::Send, clock);

    // Judging is the processor's work: done beside the thread that speaks to departments and callers, here and at the end.
    let look = || {
        let (shared, ran, core) = (Arc::clone(core), Arc::clone(run), Arc::clone(core));
        let look = async move { core.workers.run(move || final_with(&shared, &ran)).await.ok().flatten() };
        look.boxed()
    };
    let early = prepared.stored.request.completion == Completion::VerdictFinal;
    let waited = fan_out::wait(core, run, started, early.then_some(&look as _)).await;
    let complete = waited && progress.kept.iter().flatten().all(|k| k.reply.is_some());
    let clock = core.note(Step::Wait, clock);

    let sealer = evidence::sealer(core, &prepared.stored.request.district_code, core.clock.now_ms()).await?;
    let (shared, ran) = (Arc::clone(core), Arc::clone(run));
    let work = move || conclude(&shared, &ran, &sealer, (live, complete), clock);
    let concluded = core.workers.run(work).await??;

    let clock = core.clock.monotonic_ns();
    let receipt = core.store.append_record(concluded.record).await?;
    core.note(Step::Commit, clock);
    if receipt.duplicate {
        // It had ended before, in another process or before a restart: what is durable counts.
        return ending_in(core, &core.store.read(receipt.position).await?);
    }
    let mut ended = concluded.ended;
    ended.promise = core.promise(concluded.to_promise).await;
    Ok(ended)
}

/// With how many replies the verdict is final, if it is: nobody who is still waited for could change it.
fn final_with(core: &Core, run: &Run) -> Option<u32> {
    // Counted first: a reply that comes now makes the look one too old, never the count one too high.
    let seen = run.collector.arrivals();
    if run.collector.waiting() == 0 || run.is_cancelled() {
        // Nobody waits for this look any more.
        return None;
    }
    let progress = run.progress.get()?;
    let (prepared, arrived) = (&run.prepared, run.collector.arrived());
    let read = judge::read(
        run.in_force.registry.profiles(),
        prepared,
        &progress.questions,
        &arrived,
        &progress.asking(run),
    );
    let judging = Judging::now(core, run, None);
    let report = judge::judge(&judging, prepared, &run.query_id, read, false);
    judge::is_final(&report, &judge::awaited(run, &arrived)).then_some(seen)
}

fn end_state(run: &Run, live: bool) -> (State, Option<&'static str>) {
    match (run.is_cancelled(), live) {
        (true, _) => (State::Cancelled, None),
        (false, false) => (State::Failed, Some("AUTHORIZATION_ENDED")),
        (false, true) => (State::Succeeded, None),
    }
}

/// A verification that is judged and sealed, and not yet durable: nothing of it may be released.
struct Concluded {
    record: Record,
    ended: Ended,
    /// What is promised of it once it is durable.
    to_promise: ToPromise,
}

/// From the replies to the frame that holds the whole verification. No waiting in here.
fn conclude(
    core: &Core,
    run: &Run,
    sealer: &Sealer,
    (live, complete): (bool, bool),
    clock: u64,
) -> Result<Concluded, BrokerError> {
    let clock = core.note(Step::Turn, clock);
    let prepared = &run.prepared;
    let progress = run
        .progress
        .get()
        .ok_or(BrokerError::Internal("judged before it asked"))?;
    let arrived = run.collector.arrived();
    let (profiles, asking) = (run.in_force.registry.profiles(), progress.asking(run));
    let read = judge::read(profiles, prepared, &progress.questions, &arrived, &asking);
    let now = (core.clock.today(), core.clock.now_ms());
    core.drifts.observe(profiles, &read, now);
    let clock = core.note(Step::Decode, clock);

    let (state, failure) = end_state(run, live);
    let wanted = (state == State::Succeeded).then(|| core.filings.wanted(&core.packs, prepared));
    let judging = Judging::now(core, run, progress.before.as_ref());
    let (mut report, filed) = judge::judge_and(&judging, prepared, &run.query_id, (read, complete), |facts, open| {
        filing::take(prepared, facts, open, &wanted?)
    });
    if state != State::Succeeded {
        report.verdicts.clear();
    }
    let clock = core.note(Step::Judge, clock);

    let mut rng = core.entropy.fork();
    evidence::name_evidence(&mut rng, &mut report);
    let kept = KeptReport::of(&report)?;
    let clock = core.note(Step::Report, clock);

    let ending = Ending {
        case: run.case,
        prepared,
        arrived: &arrived,
        state,
        failure,
        index: index(core, run, progress, state, &report),
        filed,
    };
    let (record, to_promise) = evidence::verdict(core, sealer, &mut rng, &ending, &report, &kept)?;
    core.note(Step::Seal, clock);
    let ended = Ended {
        state,
        verdicts: report.verdicts.iter().map(Verdict::brief).collect(),
        report: Some(kept),
        failure: failure.map(str::to_owned),
        promise: None,
        promised: promised(&report.departments),
        answered: answered(&report.departments),
    };
    Ok(Concluded {
        record,
        ended,
        to_promise,
    })
}

/// What the frame is found by. Answers serve again only from a verification in which something new was said.
fn index(core: &Core, run: &Run, progress: &Progress, state: State, report: &Report) -> Vec<IndexKey> {
    if state != State::Succeeded {
        return Vec::new();
    }
    let mut index = tasks::filed(core, run, &report.departments);
    let kept = &progress.kept;
    let all_kept = !kept.is_empty()
        && kept
            .iter()
            .zip(&report.departments)
            .all(|(k, l)| k.is_some() || l.arrival == 0);
    let recheck = run.prepared.stored.request.recheck.as_ref();
    if !all_kept || recheck.is_some_and(|recheck| !recheck.answered.is_empty()) {
        index.push(run.question);
    }
    index
}

/// How many departments have promised an answer for later, and until when.
pub(crate) fn promised(lines: &[DepartmentLine]) -> Promised {
    let pending = lines.iter().filter_map(|line| {
        let promised = line.subjects.iter().filter(|s| s.state == "PENDING");
        // Who was not waited for has promised nothing.
        let of: Vec<Option<i64>> = promised.filter(|_| line.arrival > 0).map(|s| s.due_at_ms).collect();
        (!of.is_empty()).then_some(of)
    });
    Promised::of(pending.collect())
}

/// How many departments have answered for everybody whom they were asked about. Who failed, refused, was late or will answer later is not among
/// them: no answer must never look like an answer without records.
pub(crate) fn answered(lines: &[DepartmentLine]) -> u32 {
    let has_none = |state: &str| state == "PENDING" || state.starts_with("UNREACHABLE");
    let is_open = |line: &DepartmentLine| line.subjects.iter().any(|s| has_none(&s.state));
    let have = lines.iter().filter(|line| line.arrival > 0 && !is_open(line));
    u32::try_from(have.count()).unwrap_or(u32::MAX)
}
