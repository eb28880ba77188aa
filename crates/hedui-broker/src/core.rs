//! What every step of the broker shares: departments, packs, store, keys, clock, randomness, runs under way.
//! Leaves the steps to their own files.

use std::sync::{Arc, PoisonError, RwLock};

use dashmap::DashMap;
use ed25519_dalek::VerifyingKey;
use hedui_core::Tolerances;
use hedui_core::drift::DriftLimits;
use hedui_core::finding::EarlyWarnings;
use hedui_evidence::{CaseId, DistrictLogs, EvidenceStore, Frame, FrameKind, IndexKey, KeyRing, MAX_PAGE, ToPromise};
use hedui_policy::PackSet;

use crate::clock::Clock;
use crate::drift::Drifts;
use crate::entropy::Entropy;
use crate::error::BrokerError;
use crate::filing::Filings;
use crate::meter::Meter;
use crate::pause::Pauses;
use crate::promises::Promises;
use crate::reevaluation::LiveJob;
use crate::registry::Registry;
use crate::retention::RetentionPeriods;
use crate::rules::{KeptRules, Rules};
use crate::run::Run;
use crate::staff::StaffRegister;
use crate::workers::Workers;

/// What an operator can set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Longest time for all departments of one verification, in milliseconds, where the request says nothing.
    pub deadline_ms: u32,
    /// Most verifications under way at once; further ones are told to come back.
    pub max_running: usize,
    /// How far statements may differ before it becomes a finding.
    pub tolerances: Tolerances,
    /// How much a change must be to be told of in a re-evaluation.
    pub early_warnings: EarlyWarnings,
    /// When a department's answers have drifted.
    pub drift: DriftLimits,
    /// Keys of signing services that the district trusts, by id.
    pub signing_keys: Vec<(String, VerifyingKey)>,
    /// Who works with the system.
    pub staff: Arc<StaffRegister>,
    /// How long cases are kept.
    pub retention: RetentionPeriods,
}

impl Default for Settings {
    /// Ten seconds: twice the deadline of the slowest department of the catalogue.
    fn default() -> Settings {
        Settings {
            deadline_ms: 10_000,
            max_running: 4_096,
            tolerances: Tolerances::default(),
            early_warnings: EarlyWarnings::default(),
            drift: DriftLimits::default(),
            signing_keys: Vec::new(),
            staff: Arc::default(),
            retention: RetentionPeriods::default(),
        }
    }
}

/// The shared parts.
pub(crate) struct Core {
    /// Departments and rules for verifications that begin now.
    pub in_force: RwLock<Arc<InForce>>,
    /// Departments that are not asked for a while, by somebody's word.
    pub pauses: Pauses,
    /// How departments answer.
    pub drifts: Drifts,
    pub packs: Arc<PackSet>,
    pub store: Arc<dyn EvidenceStore>,
    pub keys: Arc<KeyRing>,
    pub logs: Arc<DistrictLogs>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    pub settings: Settings,
    pub meter: Meter,
    /// What is filed of a household beside its verdict.
    pub filings: Filings,
    /// Runs under way, by case.
    pub running: DashMap<CaseId, Arc<Run>>,
    /// The first run that asked a question and is under way: others with the same question follow it.
    pub questions: DashMap<IndexKey, Arc<Run>>,
    /// The runs under way for a household and programmes, the oldest first. Rechecks are not among them.
    pub households: DashMap<IndexKey, Vec<Arc<Run>>>,
    /// How many runs have been admitted and not released.
    pub admitted: std::sync::atomic::AtomicUsize,
    /// Who promises that verdicts will stand in the logs.
    pub promises: Promises,
    /// Who judges and seals.
    pub workers: Workers,
    /// Set when no new verification is taken.
    pub closing: std::sync::atomic::AtomicBool,
    /// Orders about retention are decided and made durable one at a time: a hold that was acknowledged blocks the destruction that comes next.
    pub retention_turn: tokio::sync::Mutex<()>,
    /// How many rechecks of a case are about to begin: they stand among those under way only later.
    pub rechecking: DashMap<CaseId, usize>,
    /// The re-evaluations that run, by their ids.
    pub jobs: DashMap<CaseId, Arc<LiveJob>>,
    /// Orders about re-evaluations are decided and made durable one at a time.
    pub job_turn: tokio::sync::Mutex<()>,
    /// Shared by the re-evaluations that run; whoever stops the broker waits until all have let go of it.
    pub job_places: Arc<tokio::sync::RwLock<()>>,
    /// Held by the expiry that runs.
    pub expiring: Arc<tokio::sync::Mutex<()>>,
}

/// What verifications that begin now go by. One that has begun keeps what it began with, whatever is loaded meanwhile.
pub(crate) struct InForce {
    pub registry: Arc<Registry>,
    /// Departments and tolerances as reports name them.
    pub rules: KeptRules,
    /// What each department is asked for, in the order of the catalogue: its id, types of record and how it is read in few bytes.
    pub asked_for: Vec<[u8; 16]>,
}

impl InForce {
    pub fn new(registry: Registry, tolerances: Tolerances) -> InForce {
        let asked_for = |department: &Arc<crate::Registered>| {
            let words = department.profile.record_types.iter().map(|of| of.word());
            let text: Vec<&str> = std::iter::once(department.profile.id.as_str()).chain(words).collect();
            let mut hash = blake3::Hasher::new_derive_key("hedui 2026 what a department is asked for v2");
            hash.update(department.reading()).update(text.join("\n").as_bytes());
            hash.finalize().as_bytes().first_chunk().copied().unwrap_or_default()
        };
        InForce {
            asked_for: registry.departments().iter().map(asked_for).collect(),
            rules: Rules::new(registry.profiles(), tolerances).keep(),
            registry: Arc::new(registry),
        }
    }
}

impl Core {
    /// What a verification that begins now goes by.
    pub fn in_force(&self) -> Arc<InForce> {
        // Only ever replaced as a whole.
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The promise that a durable verdict will stand in the log. None where nothing can be promised now: departments have been asked, so that what
    /// they said is kept all the same. Nobody is asked anew meanwhile.
    pub async fn promise(&self, leaf: ToPromise) -> Option<Arc<str>> {
        self.promises.make(&self.logs, leaf, self.clock.now_ms()).await
    }

    /// The ending frame of a verification, given its hexadecimal id.
    pub async fn verdict_frame(&self, case: &str) -> Result<Frame, BrokerError> {
        let case = CaseId::from_hex(case).ok_or(BrokerError::NotFound)?;
        self.frame_of(case, FrameKind::Verdict)
            .await?
            .ok_or(BrokerError::NotFound)
    }

    /// The first frame of a kind in a case.
    pub async fn frame_of(&self, case: CaseId, kind: FrameKind) -> Result<Option<Frame>, BrokerError> {
        // The asking and the ending frame are a case's first two; what follows are reads.
        for position in self.store.case_page(case, None, 2).await? {
            let frame = self.store.read(position).await?;
            if frame.kind == kind {
                return Ok(Some(frame));
            }
        }
        // A case that was read while it ran has its reads in between.
        let mut after = None;
        loop {
            let page = self.store.case_page(case, after, MAX_PAGE).await?;
            for position in &page {
                let frame = self.store.read(*position).await?;
                if frame.kind == kind {
                    return Ok(Some(frame));
                }
            }
            after = page.last().copied();
            if page.len() < MAX_PAGE {
                return Ok(None);
            }
        }
    }

    /// Notes how long a step took, from its start.
    pub fn note(&self, step: crate::meter::Step, since_ns: u64) -> u64 {
        let now = self.clock.monotonic_ns();
        self.meter.note(step, now.saturating_sub(since_ns));
        now
    }
}
