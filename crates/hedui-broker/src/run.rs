//! A running verification: its collector, its cancellation, its state, as those who wait and watch see it.
//! Leaves what happens in it to `pipeline`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use hedui_core::report::DepartmentLine;
use hedui_core::{Date, Verdict};
use hedui_evidence::{CaseId, IndexKey};
use tokio::sync::{Notify, watch};

use crate::before::Before;
use crate::collector::Collector;
use crate::core::InForce;
use crate::fan_out::Questions;
use crate::judge::{self, Asking};
use crate::kept_report::KeptReport;
use crate::pipeline::answered;
use crate::request::{Prepared, Reevaluates};
use crate::retention::Standing;
use crate::reuse::Kept;

/// Where a verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Departments are being asked.
    Running,
    /// Ended with verdicts.
    Succeeded,
    /// Ended by its caller.
    Cancelled,
    /// Ended without verdicts; see the reason.
    Failed,
    /// Stored and nothing else: its contents are for disputes and audits.
    Frozen,
    /// Its keys are destroyed.
    Shredded,
}

impl State {
    /// Code in the verdict leaf of a verification that ended this way without verdicts.
    pub(crate) fn code(self) -> &'static str {
        match self {
            State::Running => "RUNNING",
            State::Succeeded => "SUCCEEDED",
            State::Cancelled => "CANCELLED",
            State::Failed => "FAILED",
            State::Frozen => "FROZEN",
            State::Shredded => "SHREDDED",
        }
    }
}

/// A verification, as anyone may see it.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Its id.
    pub case: CaseId,
    /// Where it stands.
    pub state: State,
    /// GB/T 2260 code of the district.
    pub district_code: String,
    /// Programme ids.
    pub programmes: Vec<String>,
    /// When created, milliseconds since 1970.
    pub created_at_ms: i64,
    /// When ended, milliseconds since 1970.
    pub ended_at_ms: Option<i64>,
    /// The date that it is about.
    pub as_of: Date,
    /// How many departments are asked.
    pub asked: u32,
    /// How many of them have answered; who failed, was late or will answer later has not.
    pub answered: u32,
    /// What departments have promised for later, once ended.
    pub promised: Promised,
    /// The verdicts without their calculations, once ended.
    pub verdicts: Arc<[Verdict]>,
    /// The report, once ended.
    pub report: Option<KeptReport>,
    /// Why it failed.
    pub failure: Option<String>,
    /// The verification that it rechecks, hexadecimal.
    pub rechecks: Option<String>,
    /// The verification and the job that it is a re-evaluation of.
    pub reevaluates: Option<Reevaluates>,
    /// The signed promise that its verdict will stand in the district's log, once ended.
    pub promise: Option<Arc<str>>,
    /// How it is kept; none while it runs, and of what has just ended.
    pub retention: Option<Arc<Standing>>,
}

/// What departments have promised for later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promised {
    /// How many departments.
    pub departments: u32,
    /// Until when the last of them, milliseconds since 1970 UTC; none where one of them named no time.
    pub until_ms: Option<i64>,
}

impl Promised {
    /// From what each of the departments that have promised something said of its persons.
    pub(crate) fn of(promises: Vec<Vec<Option<i64>>>) -> Promised {
        Promised {
            departments: u32::try_from(promises.len()).unwrap_or(u32::MAX),
            until_ms: promises
                .into_iter()
                .flatten()
                .collect::<Option<Vec<i64>>>()
                .and_then(|all| all.into_iter().max()),
        }
    }
}

/// What a run knows once it has begun to ask.
pub(crate) struct Progress {
    pub questions: Questions,
    pub kept: Vec<Option<Kept>>,
    pub started_at_ms: i64,
    /// The verification that asked the same question first, if its answers are shared.
    pub leader: OnceLock<String>,
    /// Whether the authorization was in force when departments were to be asked.
    pub live: bool,
    /// What was known when the household was verified before, in a re-evaluation.
    pub before: Option<Before>,
}

/// Whether the `ASKED` frame of a run is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is on its way.
    NotYet,
    /// It is.
    Durable,
    /// It never will be: nobody was asked.
    Never,
}

/// A verification under way.
pub(crate) struct Run {
    pub case: CaseId,
    /// The case in hexadecimal, which is also the id of its questions.
    pub query_id: String,
    pub prepared: Prepared,
    /// The departments and rules it goes by from beginning to end.
    pub in_force: Arc<InForce>,
    pub progress: OnceLock<Progress>,
    pub collector: Arc<Collector>,
    /// Finds runs that ask the same question.
    pub question: IndexKey,
    /// Finds runs of the same household and programmes.
    pub household: IndexKey,
    pub state: watch::Sender<Verification>,
    /// The caller's request id, as the index knows it.
    pub request_key: Option<IndexKey>,
    begun: watch::Sender<Begun>,
    cancel: AtomicBool,
    cancelled: Notify,
}

impl Run {
    pub fn new(
        case: CaseId,
        (prepared, in_force): (Prepared, Arc<InForce>),
        collector: Arc<Collector>,
        (question, household): (IndexKey, IndexKey),
        request_key: Option<IndexKey>,
        begun: Begun,
    ) -> Run {
        let asked = prepared.plan.departments.iter().filter(|d| d.is_asked()).count();
        let first = Verification {
            case,
            state: State::Running,
            district_code: prepared.stored.request.district_code.clone(),
            programmes: prepared.stored.request.programmes.clone(),
            created_at_ms: prepared.stored.created_at_ms,
            ended_at_ms: None,
            as_of: prepared.stored.as_of,
            asked: u32::try_from(asked).unwrap_or(u32::MAX),
            answered: 0,
            promised: Promised::default(),
            verdicts: Arc::default(),
            report: None,
            failure: None,
            rechecks: prepared.stored.request.rechecks().map(str::to_owned),
            reevaluates: prepared.stored.request.reevaluates.clone(),
            promise: None,
            retention: None,
        };
        Run {
            case,
            query_id: case.to_string(),
            prepared,
            in_force,
            progress: OnceLock::new(),
            collector,
            question,
            household,
            state: watch::Sender::new(first),
            request_key,
            begun: watch::Sender::new(begun),
            cancel: AtomicBool::new(false),
            cancelled: Notify::new(),
        }
    }

    /// What has arrived so far, as the report will show it, in the order of arrival.
    pub fn lines(&self) -> Vec<DepartmentLine> {
        let Some(progress) = self.progress.get() else {
            return Vec::new();
        };
        let asking = progress.asking(self);
        let read = judge::read(
            self.in_force.registry.profiles(),
            &self.prepared,
            &progress.questions,
            &self.collector.arrived(),
            &asking,
        );
        let mut lines: Vec<DepartmentLine> = read.into_iter().map(|r| r.line).filter(|l| l.arrival > 0).collect();
        lines.sort_by_key(|l| l.arrival);
        lines
    }

    /// Says that the `ASKED` frame is durable, or that it never will be. What was said first counts.
    pub fn set_begun(&self, begun: Begun) {
        self.begun.send_if_modified(|now| {
            let undecided = *now == Begun::NotYet;
            if undecided {
                *now = begun;
            }
            undecided
        });
    }

    /// Waits until the `ASKED` frame is durable; `false` when it never will be.
    pub async fn has_begun(&self) -> bool {
        let mut begun = self.begun.subscribe();
        let decided = begun.wait_for(|b| *b != Begun::NotYet).await;
        decided.is_ok_and(|b| *b == Begun::Durable)
    }

    /// Whether it is still under way.
    pub fn is_running(&self) -> bool {
        self.state.borrow().state == State::Running
    }

    /// Asks it to end.
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Release);
        self.cancelled.notify_one();
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Acquire)
    }

    /// Resolves when it was asked to end.
    pub async fn cancelled(&self) {
        if !self.is_cancelled() {
            self.cancelled.notified().await;
        }
    }

    /// As it is now.
    pub fn snapshot(&self) -> Verification {
        let mut now = self.state.borrow().clone();
        if now.state == State::Running {
            now.answered = answered(&self.lines());
        }
        now
    }
}

impl Progress {
    /// When and as whom this run asked.
    pub fn asking<'a>(&'a self, run: &'a Run) -> Asking<'a> {
        Asking {
            started_at_ms: self.started_at_ms,
            kept: &self.kept,
            query_id: &run.query_id,
            leader: self.leader.get().map(String::as_str),
            live: self.live,
        }
    }
}
