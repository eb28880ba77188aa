//! The broker's face: create, read, list, wait, watch, cancel, recheck, supervise.
//! Leaves the order of a verification to `pipeline` and reading evidence to `case`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use hedui_core::{DepartmentId, FieldError};
use hedui_evidence::{CaseId, EvidenceStore, FrameId, IndexKey, KeyRing};
use hedui_policy::PackSet;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::collector::Collector;
use crate::core::{Core, Settings};
use crate::difference::{Difference, differences};
use crate::entropy::Entropy;
use crate::error::BrokerError;
use crate::evidence;
use crate::meter::{Meter, Step};
use crate::pipeline;
use crate::prepare::{prepare, prepare_stored};
use crate::registry::Registry;
use crate::request::{Completion, Conflict, Create, MAX_LABEL_BYTES, Prepared, Recheck, Request, StoredRequest};
use crate::reuse::{household_key, question_key};
use crate::run::{Run, State, Verification};

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
        Broker {
            core: Arc::new(Core {
                registry: Arc::new(parts.registry),
                packs: Arc::new(parts.packs),
                store: parts.store,
                keys: parts.keys,
                clock: parts.clock,
                entropy: parts.entropy,
                settings: parts.settings,
                meter: Meter::default(),
                running: DashMap::new(),
                questions: DashMap::new(),
                households: DashMap::new(),
                closing: AtomicBool::new(false),
            }),
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The departments.
    pub fn registry(&self) -> &Registry {
        &self.core.registry
    }

    /// The counters of each step.
    pub fn meter(&self) -> &Meter {
        &self.core.meter
    }

    /// The time as the broker sees it.
    pub fn clock(&self) -> &dyn Clock {
        self.core.clock.as_ref()
    }

    /// Creates a verification; resolves when its `ASKED` evidence is durable, or with the existing one of the same request id.
    ///
    /// Errors: every check of the request, all mistakes at once; a refusal for want of authorization is kept as evidence.
    pub async fn create(&self, create: Create) -> Result<Verification, BrokerError> {
        if self.core.closing.load(Ordering::Acquire) {
            return Err(BrokerError::ShuttingDown);
        }
        let clock = self.core.clock.monotonic_ns();
        let request_key = self.request_key(&create)?;
        if let Some(key) = request_key
            && let Some(position) = self.core.store.newest(key).await?
        {
            let case = self.core.store.read(position).await?.case;
            return self.same_request(case, &create).await;
        }
        let Create {
            request,
            conflict,
            caller,
            validate_only,
            ..
        } = create;
        let again = request_key.map(|_| request.clone());
        let prepared = match prepare(&self.core, request, &caller) {
            Ok(prepared) => prepared,
            Err((error, stored)) => return Err(self.refused(error, &stored, validate_only).await?),
        };
        self.core.note(Step::Prepare, clock);
        let case = CaseId::random(&mut self.core.entropy.fork());
        let run = Arc::new(self.run(case, prepared));
        if validate_only {
            return Ok(run.snapshot());
        }
        if let Some(existing) = self.claim(&run, conflict)? {
            return Ok(existing);
        }
        match self.start(&run, request_key).await {
            Ok(Created::New) => Ok(run.snapshot()),
            Ok(Created::Known) => {
                let (Some(key), Some(request)) = (request_key, again) else {
                    return Err(BrokerError::Internal("a frame id was drawn twice"));
                };
                let position = self.core.store.newest(key).await?.ok_or(BrokerError::NotFound)?;
                let case = self.core.store.read(position).await?.case;
                let create = Create {
                    request,
                    request_id: None,
                    conflict,
                    caller,
                    validate_only,
                };
                self.same_request(case, &create).await
            }
            Err(error) => Err(error),
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
    async fn same_request(&self, case: CaseId, create: &Create) -> Result<Verification, BrokerError> {
        let stored = self.stored_request(case).await?;
        if stored.request != create.request {
            return Err(BrokerError::RequestIdReused);
        }
        self.peek(case).await
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

    fn run(&self, case: CaseId, prepared: Prepared) -> Run {
        let keys = (
            question_key(&self.core, &prepared),
            household_key(&self.core, &prepared),
        );
        let eager = prepared.stored.request.completion == Completion::VerdictFinal;
        let collector = Collector::new(Arc::clone(&self.core.registry), Arc::clone(&self.core.clock), eager);
        Run::new(case, prepared, Arc::new(collector), keys)
    }

    /// Takes the household for this run, or says what happens instead.
    fn claim(&self, run: &Arc<Run>, conflict: Conflict) -> Result<Option<Verification>, BrokerError> {
        if self.core.running.len() >= self.core.settings.max_running {
            return Err(BrokerError::Busy);
        }
        if conflict != Conflict::RunBoth {
            match self.core.households.entry(run.household) {
                Entry::Vacant(entry) => {
                    entry.insert(run.case);
                }
                Entry::Occupied(entry) => {
                    let running = *entry.get();
                    drop(entry);
                    return match (conflict, self.core.running.get(&running).map(|r| r.snapshot())) {
                        (Conflict::UseExisting, Some(existing)) => Ok(Some(existing)),
                        _ => Err(BrokerError::Running(running.to_string())),
                    };
                }
            }
        }
        self.core.running.insert(run.case, Arc::clone(run));
        self.core.questions.entry(run.question).or_insert(run.case);
        Ok(None)
    }

    /// Runs in a task of its own, so that a caller who goes away neither stops nor orphans it.
    async fn start(&self, run: &Arc<Run>, request_key: Option<IndexKey>) -> Result<Created, BrokerError> {
        let (tell, told) = oneshot::channel();
        let (core, run) = (Arc::clone(&self.core), Arc::clone(run));
        tokio::spawn(async move {
            let _release = Release {
                core: Arc::clone(&core),
                run: Arc::clone(&run),
            };
            match ask(&core, &run, request_key).await {
                Ok(Created::New) => {
                    let _ = tell.send(Ok(Created::New));
                    finish(&core, &run).await;
                }
                other => {
                    let _ = tell.send(other);
                }
            }
        });
        told.await
            .unwrap_or(Err(BrokerError::Internal("a verification ended without a word")))
    }

    /// Runs again what a crash interrupted: every recent `ASKED` frame without an end. Returns how many.
    pub async fn resume(&self) -> Result<usize, BrokerError> {
        let unfinished = crate::case::unfinished(&self.core).await?;
        let mut resumed = 0;
        for (case, stored) in unfinished {
            let Ok(prepared) = prepare_stored(&self.core, stored) else {
                tracing::warn!(case = %case, "an interrupted verification can no longer be run: its request is not valid any more");
                continue;
            };
            let run = Arc::new(self.run(case, prepared));
            self.core.running.insert(case, Arc::clone(&run));
            self.core.questions.entry(run.question).or_insert(case);
            let core = Arc::clone(&self.core);
            tokio::spawn(async move {
                let _release = Release {
                    core: Arc::clone(&core),
                    run: Arc::clone(&run),
                };
                finish(&core, &run).await;
            });
            resumed += 1;
        }
        Ok(resumed)
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
            self.peek(case).await?;
            return Err(BrokerError::WrongState("it has ended; there is nothing to cancel"));
        };
        run.cancel();
        self.wait(case, Duration::from_secs(30)).await
    }

    /// Asks departments again in a new verification that otherwise rests on the kept answers, and waits for its end.
    pub async fn recheck(
        &self,
        case: CaseId,
        departments: Vec<String>,
        request_id: Option<String>,
        caller: String,
        actor: String,
    ) -> Result<(Verification, Vec<Difference>), BrokerError> {
        let before = self.peek(case).await?;
        let Some(old) = before.report.filter(|_| before.state == State::Succeeded) else {
            return Err(BrokerError::WrongState(
                "only a verification that has ended with a verdict can be rechecked",
            ));
        };
        let departments = self.known_departments(departments)?;
        let stored = self.stored_request(case).await?;
        let request = Request {
            as_of: Some(stored.as_of),
            actor,
            completion: Completion::AllDepartments,
            recheck: Some(Recheck {
                of: case.to_string(),
                departments,
            }),
            ..stored.request
        };
        let conflict = Conflict::RunBoth;
        let created = self
            .create(Create {
                request,
                request_id,
                conflict,
                caller,
                validate_only: false,
            })
            .await?;
        let longest = Duration::from_millis(u64::from(crate::request::MAX_DEADLINE_MS));
        let after = self.wait(created.case, longest).await?;
        let found = after
            .report
            .as_ref()
            .map(|new| differences(&old, new))
            .unwrap_or_default();
        Ok((after, found))
    }

    fn known_departments(&self, departments: Vec<String>) -> Result<Vec<DepartmentId>, BrokerError> {
        let mut errors = Vec::new();
        let mut known = Vec::new();
        if departments.is_empty() {
            errors.push(FieldError::new(
                "departments",
                "NO_DEPARTMENT",
                "name at least one department to ask again",
            ));
        }
        for (i, text) in departments.iter().enumerate() {
            match DepartmentId::new(text)
                .ok()
                .filter(|id| self.core.registry.position(id).is_some())
            {
                Some(id) => known.push(id),
                None => {
                    let message = "there is no such department; see `hedui departments`";
                    errors.push(FieldError::new(
                        format!("departments[{i}]"),
                        "UNKNOWN_DEPARTMENT",
                        message,
                    ));
                }
            }
        }
        if errors.is_empty() {
            Ok(known)
        } else {
            Err(BrokerError::Invalid(errors))
        }
    }

    /// Takes no new verification and waits until those under way have ended, at most `patience`. Returns how many have not.
    pub async fn close(&self, patience: Duration) -> usize {
        self.core.closing.store(true, Ordering::Release);
        let runs: Vec<Arc<Run>> = self.core.running.iter().map(|r| Arc::clone(r.value())).collect();
        let ended = async {
            for run in &runs {
                let mut state = run.state.subscribe();
                let _ = state.wait_for(|v| v.state != State::Running).await;
            }
        };
        let _ = tokio::time::timeout(patience, ended).await;
        self.core.running.len()
    }
}

/// Makes the `ASKED` frame durable. Nothing is asked before.
async fn ask(core: &Core, run: &Run, request_key: Option<IndexKey>) -> Result<Created, BrokerError> {
    let clock = core.clock.monotonic_ns();
    let stored = &run.prepared.stored;
    let district = stored.request.district_code.as_str();
    let sealer = evidence::sealer(core, district, core.clock.now_ms()).await?;
    // The request id becomes the frame id: of two calls at the same time the store keeps one.
    let id = request_key.map_or_else(|| FrameId::random(&mut core.entropy.fork()), |key| FrameId(key.0));
    let mut index = vec![crate::case::list_key(core, district)];
    index.extend(request_key);
    let frame = evidence::asked(core, &sealer, &run.prepared, run.case, id, index)?;
    let receipt = core.store.append(frame).await?;
    core.note(Step::Asked, clock);
    Ok(if receipt.duplicate {
        Created::Known
    } else {
        Created::New
    })
}

/// Runs the pipeline and publishes its end.
async fn finish(core: &Core, run: &Arc<Run>) {
    let ended = pipeline::verify(core, run).await;
    let now = core.clock.now_ms();
    run.state.send_modify(|verification| {
        verification.ended_at_ms = Some(now);
        verification.answered = run.collector.arrivals();
        match ended {
            Ok(ended) => {
                verification.state = ended.state;
                verification.failure = ended.failure.map(str::to_owned);
                verification.report = Some(Arc::new(ended.report));
            }
            Err(error) => {
                tracing::error!(case = %run.case, reason = error.reason(), "a verification failed; no verdict was released");
                verification.state = State::Failed;
                verification.failure = Some(error.reason().to_owned());
            }
        }
    });
}

/// Lets go of a run however its task ends, a panic included.
struct Release {
    core: Arc<Core>,
    run: Arc<Run>,
}

impl Drop for Release {
    fn drop(&mut self) {
        let run = &self.run;
        self.core
            .questions
            .remove_if(&run.question, |_, case| *case == run.case);
        self.core
            .households
            .remove_if(&run.household, |_, case| *case == run.case);
        self.core.running.remove(&run.case);
        run.state.send_if_modified(|verification| {
            let lost = verification.state == State::Running;
            if lost {
                verification.state = State::Failed;
                verification.failure = Some("INTERNAL".to_owned());
            }
            lost
        });
    }
}
