//! Re-evaluation: the households of a district judged again as a job, by a new standard on kept evidence or by asking departments anew.
//! Leaves one household to `household`, going through all of them to `run`, and what is kept of a job to `job`.
//!
//! A job is advice in bulk: it refuses nothing, and every result is a verification of its own with its own evidence. Nobody is judged
//! twice: a household's verification has a key that follows from the job and the household.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use hedui_core::household::Residence;
use hedui_core::{Date, FieldError, ProgrammeId};
use hedui_evidence::CaseId;
use tokio::sync::watch;

use crate::broker::Broker;
use crate::error::BrokerError;
use crate::retention::{Officer, check};

mod household;
mod job;
mod listing;
mod run;
mod waiting;

pub use household::HOUSEHOLD_RESULTS;
pub use job::{JobState, Reevaluation, ReevaluationCounts, ReevaluationKind};
pub use listing::{Reviewed, ReviewedPage};
pub use waiting::Awaited;

use job::{CANCELLED, REQUESTED, job_of, jobs_of, order};

/// Most verifications that a job begins in a second.
pub const MAX_RATE: u32 = 1_000;
/// Most jobs that run at once; one of a district.
const MAX_JOBS: usize = 8;
/// Most jobs that are listed.
const LISTED: usize = 50;

/// Told while households are only counted; says whether to go on.
pub type JobProgress<'t> = &'t mut (dyn FnMut(&ReevaluationCounts) -> bool + Send);

/// What is asked for.
#[derive(Clone, Debug)]
pub struct ReevaluationAsk<'a> {
    /// GB/T 2260 code of the district.
    pub district: &'a str,
    /// The programme.
    pub programme: &'a str,
    /// On kept evidence, or by asking departments.
    pub kind: ReevaluationKind,
    /// How many verifications begin in a second at most.
    pub rate_per_second: u32,
    /// Whether an annual review goes on while departments that it needs are paused, closed or failing.
    pub with_silence: bool,
}

/// A job that runs in this process.
pub(crate) struct LiveJob {
    pub state: watch::Sender<Reevaluation>,
    cancelled: AtomicBool,
}

impl LiveJob {
    fn of(job: Reevaluation) -> LiveJob {
        LiveJob {
            state: watch::Sender::new(job),
            cancelled: AtomicBool::new(false),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}

impl Broker {
    /// Begins a re-evaluation: durable before it is returned, then on its way by itself, whatever becomes of its caller.
    ///
    /// Errors: the mistakes of what is asked for; [`BrokerError::ReevaluationRunning`] while one of the district is under way.
    pub async fn reevaluate(
        &self,
        ask: ReevaluationAsk<'_>,
        officer: Officer<'_>,
    ) -> Result<Reevaluation, BrokerError> {
        let core = self.core();
        let programme = self.checked(&ask, officer)?;
        if self.is_closing() {
            return Err(BrokerError::ShuttingDown);
        }
        let _turn = core.job_turn.lock().await;
        self.has_place(ask.district)?;
        let open = jobs_of(core, ask.district, LISTED).await?;
        if let Some(open) = open.iter().find(|job| job.state == JobState::Stopped) {
            // One that was interrupted is to be ended first: two would judge the same households side by side.
            return Err(BrokerError::ReevaluationRunning(open.id.to_string()));
        }
        let mut job = Reevaluation::new(CaseId::random(&mut core.entropy.fork()), &ask, programme, officer);
        job.requested_at_ms = core.clock.now_ms();
        job.before = core.store.status().await?.end;
        order(core, &job, officer, format!("{REQUESTED}:{}", job.text())).await?;
        Ok(self.start_job(job))
    }

    /// Looks at every household and says what a re-evaluation would find, without beginning any verification.
    pub async fn try_reevaluation(
        &self,
        ask: ReevaluationAsk<'_>,
        officer: Officer<'_>,
        tell: JobProgress<'_>,
    ) -> Result<Reevaluation, BrokerError> {
        let core = self.core();
        let programme = self.checked(&ask, officer)?;
        let mut job = Reevaluation::new(CaseId::default(), &ask, programme, officer);
        job.requested_at_ms = core.clock.now_ms();
        job.before = core.store.status().await?.end;
        job.state = JobState::Tried;
        run::count(self, &mut job, tell).await?;
        Ok(job)
    }

    /// A re-evaluation.
    ///
    /// Errors: [`BrokerError::ReevaluationNotFound`].
    pub async fn reevaluation(&self, id: CaseId) -> Result<Reevaluation, BrokerError> {
        if let Some(live) = self.core().jobs.get(&id) {
            return Ok(live.state.borrow().clone());
        }
        job_of(self.core(), id).await
    }

    /// Follows a re-evaluation that runs here; none where it does not.
    pub fn watch_reevaluation(&self, id: CaseId) -> Option<watch::Receiver<Reevaluation>> {
        self.core().jobs.get(&id).map(|live| live.state.subscribe())
    }

    /// The newest re-evaluations of a district.
    pub async fn reevaluations(&self, district: &str) -> Result<Vec<Reevaluation>, BrokerError> {
        let core = self.core();
        let mut found = jobs_of(core, district, LISTED).await?;
        for job in &mut found {
            if let Some(live) = core.jobs.get(&job.id) {
                *job = live.state.borrow().clone();
            }
        }
        Ok(found)
    }

    /// Goes on with a re-evaluation that was interrupted; one that runs is left to run.
    ///
    /// Errors: [`BrokerError::ReevaluationEnded`].
    pub async fn resume_reevaluation(&self, id: CaseId, officer: Officer<'_>) -> Result<Reevaluation, BrokerError> {
        check(officer, &[], None)?;
        let core = self.core();
        if self.is_closing() {
            return Err(BrokerError::ShuttingDown);
        }
        let _turn = core.job_turn.lock().await;
        if let Some(live) = core.jobs.get(&id) {
            return Ok(live.state.borrow().clone());
        }
        let job = job_of(core, id).await?;
        if job.state != JobState::Stopped {
            return Err(BrokerError::ReevaluationEnded);
        }
        self.has_place(&job.district)?;
        Ok(self.start_job(job))
    }

    /// Ends a re-evaluation. What it has judged stays.
    ///
    /// Errors: [`BrokerError::ReevaluationEnded`].
    pub async fn cancel_reevaluation(&self, id: CaseId, officer: Officer<'_>) -> Result<Reevaluation, BrokerError> {
        check(officer, &[], None)?;
        let core = self.core();
        let _turn = core.job_turn.lock().await;
        let job = job_of(core, id).await?;
        if job.state != JobState::Stopped {
            return Err(BrokerError::ReevaluationEnded);
        }
        let live = core.jobs.get(&id).map(|live| Arc::clone(&live));
        if let Some(live) = live {
            live.cancelled.store(true, Ordering::Release);
            let mut state = live.state.subscribe();
            // It ends after the households that it is at; the order stands behind the last of them.
            let _ = state.wait_for(|job| job.state != JobState::Running).await;
        }
        let job = job_of(core, id).await?;
        if job.state != JobState::Stopped {
            return Err(BrokerError::ReevaluationEnded);
        }
        order(core, &job, officer, CANCELLED.to_owned()).await?;
        job_of(core, id).await
    }

    /// Goes on with every re-evaluation that a stop or a crash has interrupted. Returns how many. To be called once, after `resume`.
    pub async fn resume_reevaluations(&self) -> Result<usize, BrokerError> {
        let core = self.core();
        let _turn = core.job_turn.lock().await;
        let mut resumed = 0;
        for job in jobs_of(core, "", LISTED).await? {
            if job.state == JobState::Stopped && self.has_place(&job.district).is_ok() {
                self.start_job(job);
                resumed += 1;
            }
        }
        Ok(resumed)
    }

    fn start_job(&self, mut job: Reevaluation) -> Reevaluation {
        let core = self.core();
        job.state = JobState::Running;
        let live = Arc::new(LiveJob::of(job.clone()));
        core.jobs.insert(job.id, Arc::clone(&live));
        let place = Arc::clone(&core.job_places).try_read_owned();
        let broker = self.clone();
        tokio::spawn(async move {
            let _place = place;
            let ended = AssertUnwindSafe(run::carry_out(&broker, &live)).catch_unwind().await;
            if ended.is_err() {
                // As after a crash: it can be resumed.
                let id = live.state.borrow().id;
                tracing::error!(job = %id, "a re-evaluation stopped by a mistake in the program; it goes on when it is resumed");
                broker.core().jobs.remove(&id);
                live.state.send_modify(|job| job.state = JobState::Stopped);
            }
        });
        job
    }

    /// Whether another job may run.
    fn has_place(&self, district: &str) -> Result<(), BrokerError> {
        let jobs = &self.core().jobs;
        let same = jobs.iter().find(|live| live.state.borrow().district == district);
        let other = same.or_else(|| jobs.iter().next().filter(|_| jobs.len() >= MAX_JOBS));
        match other {
            Some(live) => Err(BrokerError::ReevaluationRunning(live.key().to_string())),
            None => Ok(()),
        }
    }

    /// The mistakes of what is asked for, all at once.
    fn checked(&self, ask: &ReevaluationAsk<'_>, officer: Officer<'_>) -> Result<ProgrammeId, BrokerError> {
        check(officer, &[], None)?;
        let core = self.core();
        let today = core.clock.today();
        let mut mistakes = Vec::new();
        if hedui_ids::DivisionCode::parse(ask.district).is_none() {
            let message = "six digits by GB/T 2260, for example 511703";
            mistakes.push(FieldError::new("district_code", "DISTRICT_INVALID", message));
        }
        if !(1..=MAX_RATE).contains(&ask.rate_per_second) {
            let message = format!("1 to {MAX_RATE} verifications a second");
            mistakes.push(FieldError::new("rate_per_second", "RATE_INVALID", message));
        }
        let day = match ask.kind {
            ReevaluationKind::NewStandard { on } => on,
            ReevaluationKind::AnnualReview => today,
        };
        if day > today {
            let message = "a day up to today: what a standard would bring before its day is simulated";
            mistakes.push(FieldError::new("rules_on", "DATE_IN_FUTURE", message));
        }
        let programme = ProgrammeId::new(ask.programme);
        match (&programme, mistakes.is_empty()) {
            (Ok(programme), true) => mistakes.extend(self.no_pack(ask.district, programme, day)),
            (Err(error), _) => mistakes.push(FieldError::new("programme", "UNKNOWN_PROGRAMME", error.to_string())),
            (Ok(_), false) => {}
        }
        match programme {
            Ok(programme) if mistakes.is_empty() => Ok(programme),
            _ => Err(BrokerError::Invalid(mistakes)),
        }
    }

    /// That no pack judges anybody in the district on the day.
    fn no_pack(&self, district: &str, programme: &ProgrammeId, day: Date) -> Option<FieldError> {
        let select = |residence| self.core().packs.select(district, programme, residence, day, None);
        let (urban, rural) = (select(Residence::Urban), select(Residence::Rural));
        match (urban, rural) {
            (Err(error), Err(_)) => Some(FieldError::new("programme", error.reason(), error.to_string())),
            _ => None,
        }
    }
}
