//! The broker's face: create, read, list, wait, watch, cancel, recheck, supervise.
//! Leaves the order of a verification to `pipeline` and reading evidence to `case`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use dashmap::DashMap;
use hedui_core::FieldError;
use hedui_core::household::Relation;
use hedui_evidence::{CaseId, DistrictLogs, EvidenceStore, FrameId, IndexKey, KeyRing, StoreError};
use hedui_policy::PackSet;
use tokio::sync::oneshot;

use crate::claim::{Claim, Release, claim, same_id};
use crate::clock::Clock;
use crate::collector::Collector;
use crate::core::{Core, InForce, Settings};
use crate::drift::Drifts;
use crate::entropy::Entropy;
use crate::error::BrokerError;
use crate::evidence;
use crate::meter::{Meter, Step};
use crate::pause::Pauses;
use crate::pipeline;
use crate::prepare::prepare;
use crate::promises::Promises;
use crate::registry::Registry;
use crate::request::{Completion, Conflict, Create, MAX_LABEL_BYTES, Prepared, Request, StoredRequest};
use crate::retention::Officer;
use crate::reuse::{household_key, question_key};
use crate::run::{Begun, Run, State, Verification};
use crate::supervision::person_key;
use crate::workers::Workers;

/// What a broker is made of.
pub struct Parts {
    /// The departments.
    pub registry: Registry,
    /// The policy packs.
    pub packs: PackSet,
    /// Where evidence is kept.
    pub store: Arc<dyn EvidenceStore>,
    /// The keys that seal it.
    pub keys: Arc<KeyRing>,
    /// The transparency logs over it.
    pub logs: Arc<DistrictLogs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Entropy,
    /// What an operator can set.
    pub settings: Settings,
}

/// One broker of one process. Cheap to clone.
#[derive(Clone)]
pub struct Broker {
    core: Arc<Core>,
}

/// What became of an attempt to create.
enum Created {
    New,
    /// A frame with the same request id was there before.
    Known,
}

impl Broker {
    /// From its parts. Call `resume` once before serving.
    pub fn new(parts: Parts) -> Broker {
        let in_force = InForce::new(parts.registry, parts.settings.tolerances);
        let workers = Workers::on_all_processors(parts.store.backlog());
        Broker {
            core: Arc::new(Core {
                in_force: RwLock::new(Arc::new(in_force)),
                pauses: Pauses::default(),
                drifts: Drifts::new(parts.settings.drift),
                filings: crate::filing::Filings::default(),
                packs: Arc::new(parts.packs),
                store: parts.store,
                keys: parts.keys,
                logs: parts.logs,
                clock: parts.clock,
                entropy: parts.entropy,
                settings: parts.settings,
                meter: Meter::default(),
                running: DashMap::new(),
                questions: DashMap::new(),
                households: DashMap::new(),
                admitted: AtomicUsize::new(0),
                closing: AtomicBool::new(false),
                rechecking: DashMap::new(),
                retention_turn: tokio::sync::Mutex::default(),
                jobs: DashMap::new(),
                job_turn: tokio::sync::Mutex::default(),
                job_places: Arc::default(),
                expiring: Arc::default(),
                promises: Promises::default(),
                workers,
            }),
        }
    }

    /// One over parts that are shared already.
    pub(crate) fn of(core: &Arc<Core>) -> Broker {
        Broker { core: Arc::clone(core) }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The departments that verifications ask which begin now.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.core.in_force().registry)
    }

    /// The counters of each step.
    pub fn meter(&self) -> &Meter {
        &self.core.meter
    }

    /// The time as the broker sees it.
    pub fn clock(&self) -> &dyn Clock {
        self.core.clock.as_ref()
    }

    /// Whether a verification could be kept and proved now.
    ///
    /// Errors: why not; by itself it becomes better where the reason does.
    pub fn ready(&self) -> Result<(), BrokerError> {
        self.core.logs.check(self.core.clock.now_ms())?;
        match self.core.store.refusing() {
            Some(refusal) => Err(StoreError::Refused { reason: refusal.text }.into()),
            None => Ok(()),
        }
    }

    /// Creates a verification; resolves when its `ASKED` evidence is durable, or with the existing one of the same request id.
    ///
    /// Errors: every check of the request, all mistakes at once; a refusal for want of authorization is kept as evidence.
    pub async fn create(&self, create: Create) -> Result<Verification, BrokerError> {
        let request_key = self.request_key(&create)?;
        self.create_as(create, request_key).await
    }

    /// The same under a key that stands for the request, if it has one.
    pub(crate) async fn create_as(
        &self,
        create: Create,
        request_key: Option<IndexKey>,
    ) -> Result<Verification, BrokerError> {
        if self.core.closing.load(Ordering::SeqCst) {
            return Err(BrokerError::ShuttingDown);
        }
        let clock = self.core.clock.monotonic_ns();
        if let Some(key) = request_key
            && let Some(position) = self.core.store.newest(key).await?
        {
            let case = self.core.store.read(position).await?.case;
            return self.same_request(case, &create.caller, &create.request).await;
        }
        if let Some(recheck) = &create.request.recheck {
            self.rechecks_the_same(recheck, &create.request).await?;
        }
        let in_force = self.core.in_force();
        let prepared = match prepare(&self.core, &in_force, create.request, &create.caller) {
            Ok(prepared) => prepared,
            Err((error, stored)) => return Err(self.refused(error, &stored, create.validate_only).await?),
        };
        if let Some(recheck) = &prepared.stored.request.recheck {
            self.rests_on_what_was_asked(recheck, &prepared, &in_force).await?;
        }
        self.core.note(Step::Prepare, clock);
        let case = CaseId::random(&mut self.core.entropy.fork());
        let run = Arc::new(self.run(case, (prepared, in_force), request_key, Begun::NotYet));
        if create.validate_only {
            return Ok(run.snapshot());
        }
        self.begin(run, create.conflict).await
    }

    /// Takes the household and makes the `ASKED` frame durable, or finds the run that serves instead.
    async fn begin(&self, run: Arc<Run>, conflict: Conflict) -> Result<Verification, BrokerError> {
        let stored = &run.prepared.stored;
        let release = loop {
            match claim(&self.core, &run, conflict)? {
                Claim::Taken(release) => break release,
                // Until its evidence is durable there is nothing to return; if that fails the household is free again.
                Claim::Held(other) if !other.has_begun().await => {}
                Claim::Held(other) if same_id(&other, &run) => {
                    return self.same_request(other.case, &stored.caller, &stored.request).await;
                }
                Claim::Held(other) => {
                    // Whoever is shown another's verification leaves a trace.
                    let (district, person) = (&stored.request.district_code, &stored.request.actor);
                    self.note_access(
                        district,
                        other.case,
                        "use of a running verification",
                        &stored.caller,
                        person,
                    )
                    .await?;
                    return Ok(other.snapshot());
                }
            }
        };
        match (self.start(release).await?, run.request_key) {
            (Created::New, _) => Ok(run.snapshot()),
            (Created::Known, Some(key)) => {
                let position = self.core.store.newest(key).await?.ok_or(BrokerError::NotFound)?;
                let case = self.core.store.read(position).await?.case;
                self.same_request(case, &stored.caller, &stored.request).await
            }
            (Created::Known, None) => Err(BrokerError::Internal("a frame id was drawn twice")),
        }
    }

    /// The index key of a caller's request id.
    fn request_key(&self, create: &Create) -> Result<Option<IndexKey>, BrokerError> {
        let Some(id) = create.request_id.as_deref().filter(|id| !id.is_empty()) else {
            return Ok(None);
        };
        if id.len() > MAX_LABEL_BYTES || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            let message = "a UUID, or at most 128 letters, digits and hyphens";
            return Err(BrokerError::Invalid(vec![FieldError::new(
                "request_id",
                "REQUEST_ID_INVALID",
                message,
            )]));
        }
        Ok(Some(
            self.core
                .keys
                .index_key("request", &[create.caller.as_bytes(), id.as_bytes()]),
        ))
    }

    /// The verification that a request id already stands for, if it was asked for with the same request.
    async fn same_request(&self, case: CaseId, caller: &str, request: &Request) -> Result<Verification, BrokerError> {
        let person = request.actor.as_str();
        let found = self.refuse_frozen(case, self.peek(case).await, Officer { caller, person });
        let found = found.await?;
        // A request that was destroyed can be compared with no other.
        if found.state != State::Shredded && self.stored_request(case).await?.request != *request {
            return Err(BrokerError::RequestIdReused);
        }
        Ok(found)
    }

    /// Keeps a refusal for want of authorization as evidence, and passes the error on.
    async fn refused(
        &self,
        error: BrokerError,
        stored: &StoredRequest,
        validate_only: bool,
    ) -> Result<BrokerError, BrokerError> {
        if let (BrokerError::NotAuthorized(mistakes), false) = (&error, validate_only) {
            let mut reasons: Vec<&str> = mistakes.iter().map(|m| m.reason.as_str()).collect();
            reasons.sort_unstable();
            reasons.dedup();
            let case = CaseId::random(&mut self.core.entropy.fork());
            let sealer = evidence::sealer(&self.core, &stored.request.district_code, self.core.clock.now_ms()).await?;
            let frame = evidence::denial(&self.core, &sealer, stored, case, &reasons.join(","))?;
            self.core.store.append(frame).await?;
        }
        Ok(error)
    }

    pub(crate) fn run(
        &self,
        case: CaseId,
        (prepared, in_force): (Prepared, Arc<InForce>),
        request_key: Option<IndexKey>,
        begun: Begun,
    ) -> Run {
        let keys = (
            question_key(&self.core, &prepared, &in_force),
            household_key(&self.core, &prepared),
        );
        let eager = prepared.stored.request.completion == Completion::VerdictFinal;
        let collector = Collector::new(Arc::clone(&in_force.registry), Arc::clone(&self.core.clock), eager);
        Run::new(
            case,
            (prepared, in_force),
            Arc::new(collector),
            keys,
            request_key,
            begun,
        )
    }

    /// Runs in a task of its own, so that a caller who goes away neither stops nor orphans it.
    async fn start(&self, release: Release) -> Result<Created, BrokerError> {
        let (tell, told) = oneshot::channel();
        tokio::spawn(async move {
            // Its steps are boxed: a task is copied as a whole when it is made and when it ends.
            let (core, run) = (Arc::clone(&release.core), Arc::clone(&release.run));
            core.workers.room().await;
            let asked = if core.closing.load(Ordering::SeqCst) {
                // It was held back until now, and nothing of it is durable: whoever comes back asks again.
                Err(BrokerError::ShuttingDown)
            } else {
                Box::pin(ask(&core, &run)).await
            };
            match asked {
                Ok(Created::New) => {
                    run.set_begun(Begun::Durable);
                    let _ = tell.send(Ok(Created::New));
                    Box::pin(finish(&core, &run)).await;
                }
                other => {
                    // The household is free before the caller hears that it may try again.
                    drop(release);
                    let _ = tell.send(other);
                }
            }
        });
        told.await
            .unwrap_or(Err(BrokerError::Internal("a verification ended without a word")))
    }

    /// Waits for the end, at most `timeout`, and returns the verification as it then is.
    pub async fn wait(&self, case: CaseId, timeout: Duration) -> Result<Verification, BrokerError> {
        let Some(run) = self.core.running.get(&case).map(|r| Arc::clone(&r)) else {
            return self.peek(case).await;
        };
        let mut state = run.state.subscribe();
        let _ = tokio::time::timeout(timeout, state.wait_for(|v| v.state != State::Running)).await;
        Ok(run.snapshot())
    }

    /// Asks a running verification to end. What was answered stays evidence.
    pub async fn cancel(&self, case: CaseId) -> Result<Verification, BrokerError> {
        let Some(run) = self.core.running.get(&case).map(|r| Arc::clone(&r)) else {
            self.district_of(case).await?;
            return Err(BrokerError::WrongState("it has ended; there is nothing to cancel"));
        };
        if !run.is_running() {
            return Err(BrokerError::WrongState("it has ended; there is nothing to cancel"));
        }
        run.cancel();
        self.wait(case, Duration::from_secs(30)).await
    }

    /// Whether it takes no new work: what is long and can be asked for again ends soon.
    pub fn is_closing(&self) -> bool {
        self.core.closing.load(Ordering::SeqCst)
    }

    /// Takes no new verification and waits until those under way have ended, at most `patience`. Returns how many have not.
    pub async fn close(&self, patience: Duration) -> usize {
        self.core.closing.store(true, Ordering::SeqCst);
        let runs: Vec<Arc<Run>> = self.core.running.iter().map(|r| Arc::clone(r.value())).collect();
        let ended = async {
            for run in &runs {
                let mut state = run.state.subscribe();
                let _ = state.wait_for(|v| v.state != State::Running).await;
            }
            // Re-evaluations stop after the households that they are at.
            drop(self.core.job_places.write().await);
            // An expiry stops after the case that it is at.
            drop(self.core.expiring.lock().await);
            // An approval goes on without its caller.
            drop(self.core.retention_turn.lock().await);
        };
        let _ = tokio::time::timeout(patience, ended).await;
        runs.iter().filter(|run| run.is_running()).count()
    }
}

/// Makes the `ASKED` frame durable. Nothing is asked before.
async fn ask(core: &Core, run: &Run) -> Result<Created, BrokerError> {
    // Nobody is asked about people when what they say could not be proved.
    core.logs.check(core.clock.now_ms())?;
    let clock = core.clock.monotonic_ns();
    let stored = &run.prepared.stored;
    let district = stored.request.district_code.as_str();
    let sealer = evidence::sealer(core, district, core.clock.now_ms()).await?;
    // The request id becomes the frame id: of two calls at the same time the store keeps one.
    let id = run
        .request_key
        .map_or_else(|| FrameId::random(&mut core.entropy.fork()), |key| FrameId(key.0));
    let mut index = vec![crate::case::list_key(core, district)];
    // The applicant before the others: the household is known by them.
    let (applicant, others): (Vec<_>, Vec<_>) = run
        .prepared
        .household
        .members
        .iter()
        .partition(|member| member.relation == Relation::Applicant);
    index.extend(applicant.iter().chain(&others).map(|m| person_key(core, &m.id)));
    index.extend(run.request_key);
    let frame = evidence::asked(core, &sealer, run, id, index)?;
    let receipt = core.store.append(frame).await?;
    core.note(Step::Asked, clock);
    Ok(if receipt.duplicate {
        Created::Known
    } else {
        Created::New
    })
}

/// Runs the pipeline and publishes its end.
pub(crate) async fn finish(core: &Arc<Core>, run: &Arc<Run>) {
    let ended = pipeline::verify(core, run).await;
    let now = core.clock.now_ms();
    run.state.send_modify(|verification| {
        verification.ended_at_ms = Some(now);
        match ended {
            Ok(ended) => {
                verification.answered = ended.answered;
                verification.state = ended.state;
                verification.failure = ended.failure;
                verification.verdicts = ended.verdicts;
                verification.report = ended.report;
                verification.promise = ended.promise;
                verification.promised = ended.promised;
            }
            Err(error) => {
                tracing::error!(case = %run.case, reason = error.reason(), "a verification failed; no verdict was released");
                verification.state = State::Failed;
                verification.failure = Some(error.reason().to_owned());
            }
        }
    });
    // An office may have answered while a recheck carried its promise over.
    if run.prepared.stored.request.recheck.is_some() && run.state.borrow().promised.departments > 0 {
        Broker::of(core).look_for_answers(run.case);
    }
}
