//! A re-evaluation: what it is about, how far it is; read from its leaves and from the batches that it keeps.
//! Leaves giving its orders to `reevaluation` and going through the households to `run`.

use std::collections::BTreeMap;

use hedui_core::{Date, ProgrammeId};
use hedui_evidence::{CaseId, EvidenceId, Frame, FrameId, IndexKey, Leaf, LeafKind, Position};
use serde::{Deserialize, Serialize};

use super::{Awaited, ReevaluationAsk};
use crate::case::open;
use crate::core::Core;
use crate::error::BrokerError;
use crate::retention::{Officer, Order, retention_key};

pub(super) const REQUESTED: &str = "REEVALUATION_REQUESTED";
pub(super) const CANCELLED: &str = "REEVALUATION_CANCELLED";
pub(super) const DONE: &str = "REEVALUATION_DONE";
/// A batch of households; the leaf says how many have been looked at since the beginning.
pub(super) const BATCH: &str = "REEVALUATED";
/// Behind what was asked for, where departments are not waited for.
const WITH_SILENCE: &str = ":WITH_SILENCE";
/// Version of a batch.
const VERSION: u32 = 1;
/// Frames of one look.
const PAGE: usize = 64;

/// On what the households are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReevaluationKind {
    /// The evidence that is kept, by the packs in force on a day. Nobody is asked.
    NewStandard {
        /// The day.
        on: Date,
    },
    /// Departments are asked again; answers within their freshness serve again.
    AnnualReview,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It runs in this process.
    Running,
    /// It was interrupted; it goes on at the next start, or when somebody says so.
    Stopped,
    /// Somebody ended it.
    Cancelled,
    /// It has gone through all households.
    Done,
    /// Only counted.
    Tried,
}

/// What was found. Every household is in exactly one of `judged` to `failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReevaluationCounts {
    /// Looked at.
    pub households: u64,
    /// Judged again; of a count, could be.
    pub judged: u64,
    /// Their letters have ended, or somebody has come of age.
    pub needs_signature: u64,
    /// Frozen or destroyed: nothing of them may be used.
    pub closed: u64,
    /// Never had a verdict for the programme.
    pub without_verdict: u64,
    /// Cannot be read, are refused by today's rules, or ended without a verdict.
    pub failed: u64,
    /// Of the judged: another outcome or amount than before.
    pub changed: u64,
    /// Of the judged: qualify now and did not.
    pub newly_qualify: u64,
    /// Of the judged: exceed now and did not. For a person to look at; nothing is refused.
    pub newly_exceed: u64,
    /// Of the judged: nothing is certain. What was decided stays until somebody looks.
    pub inconclusive: u64,
    /// Of the judged: with an early warning.
    pub warned: u64,
}

/// One job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reevaluation {
    /// Its id; its own case, so that its leaves are shown and proved as any other's. All zeros of one that was only counted.
    pub id: CaseId,
    /// The district.
    pub district: String,
    /// The programme.
    pub programme: ProgrammeId,
    /// On what the households are judged.
    pub kind: ReevaluationKind,
    /// How many verifications begin in a second at most.
    pub rate_per_second: u32,
    /// Whether it goes on while departments that it needs are paused, closed or failing.
    pub with_silence: bool,
    /// Whom it waits for; none of one that does not run here.
    pub awaiting: Vec<Awaited>,
    /// Who asked for it: the office, and behind a slash the official.
    pub requested_by: String,
    /// When, milliseconds since 1970 UTC.
    pub requested_at_ms: i64,
    /// Where it stands.
    pub state: JobState,
    /// When it was done or cancelled, milliseconds since 1970 UTC.
    pub ended_at_ms: Option<i64>,
    /// How many households there are; 0 before they have been counted.
    pub total: u64,
    /// What was found so far.
    pub counts: ReevaluationCounts,
    /// How many households have each early warning.
    pub warnings: BTreeMap<String, u64>,
    /// Only verifications that were asked for before this place of the log are looked at again.
    pub(super) before: Position,
    /// Households first asked about up to this place have been looked at.
    pub(super) after: Option<Position>,
    /// The leaf by which it was asked for.
    request: EvidenceId,
}

/// What became of one household, as a job keeps it. Nothing of the household itself: that stands in the verifications, and goes with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The earlier verification, hexadecimal; none where there is none with verdicts.
    pub of: Option<String>,
    /// The new one, hexadecimal.
    pub case: Option<String>,
    /// `JUDGED`, or why not.
    pub result: String,
    /// More exactly: the reasons of the fields that are wrong.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// A batch of households, sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Batch {
    version: u32,
    /// Segment and byte of the last household.
    after: (u64, u64),
    total: u64,
    counts: ReevaluationCounts,
    warnings: BTreeMap<String, u64>,
    pub households: Vec<Entry>,
}

impl ReevaluationKind {
    fn text(self) -> String {
        match self {
            ReevaluationKind::NewStandard { on } => format!("NEW_STANDARD:{on}"),
            ReevaluationKind::AnnualReview => "ANNUAL_REVIEW:".to_owned(),
        }
    }

    fn read(word: &str, on: &str) -> Option<ReevaluationKind> {
        match word {
            "NEW_STANDARD" => Some(ReevaluationKind::NewStandard { on: on.parse().ok()? }),
            "ANNUAL_REVIEW" => Some(ReevaluationKind::AnnualReview),
            _ => None,
        }
    }
}

impl Reevaluation {
    pub(super) fn new(
        id: CaseId,
        ask: &ReevaluationAsk<'_>,
        programme: ProgrammeId,
        officer: Officer<'_>,
    ) -> Reevaluation {
        Reevaluation {
            id,
            district: ask.district.to_owned(),
            programme,
            kind: ask.kind,
            rate_per_second: ask.rate_per_second,
            with_silence: ask.with_silence,
            awaiting: Vec::new(),
            requested_by: officer.actor(),
            requested_at_ms: 0,
            state: JobState::Stopped,
            ended_at_ms: None,
            total: 0,
            counts: ReevaluationCounts::default(),
            warnings: BTreeMap::new(),
            before: Position::START,
            after: None,
            request: EvidenceId::default(),
        }
    }

    /// As a leaf remembers what was asked for.
    pub(super) fn text(&self) -> String {
        let Position { segment, offset } = self.before;
        let silence = if self.with_silence { WITH_SILENCE } else { "" };
        format!(
            "{}:{}:{segment}.{offset}{silence}",
            self.kind.text(),
            self.rate_per_second
        )
    }

    /// From the leaf by which it was asked for.
    fn of_leaf(leaf: &Leaf) -> Option<Reevaluation> {
        let mut parts = leaf.outcome.strip_prefix(REQUESTED)?.strip_prefix(':')?.split(':');
        let kind = ReevaluationKind::read(parts.next()?, parts.next()?)?;
        let rate_per_second = parts.next()?.parse().ok()?;
        let (segment, offset) = parts.next()?.split_once('.')?;
        let with_silence = parts.next() == WITH_SILENCE.strip_prefix(':');
        Some(Reevaluation {
            id: leaf.case,
            district: leaf.district.to_string(),
            programme: ProgrammeId::new(&leaf.purpose).ok()?,
            kind,
            rate_per_second,
            with_silence,
            awaiting: Vec::new(),
            requested_by: leaf.actor.to_string(),
            requested_at_ms: leaf.asked_at_ms,
            state: JobState::Stopped,
            ended_at_ms: None,
            total: 0,
            counts: ReevaluationCounts::default(),
            warnings: BTreeMap::new(),
            before: Position {
                segment: segment.parse().ok()?,
                offset: offset.parse().ok()?,
            },
            after: None,
            request: leaf.evidence_id,
        })
    }

    /// Takes over how far a batch says that it is.
    fn take(&mut self, batch: Batch) {
        let (segment, offset) = batch.after;
        self.after = Some(Position { segment, offset });
        (self.total, self.counts, self.warnings) = (batch.total, batch.counts, batch.warnings);
    }

    /// Who began it: the caller and the official.
    pub(super) fn officer(&self) -> Officer<'_> {
        let (caller, person) = self.requested_by.split_once('/').unwrap_or((&self.requested_by, ""));
        Officer { caller, person }
    }
}

fn jobs_key(core: &Core, district: &str) -> IndexKey {
    core.keys.index_key("reevaluations", &[district.as_bytes()])
}

/// Gives an order about a job.
pub(super) async fn order(
    core: &Core,
    job: &Reevaluation,
    officer: Officer<'_>,
    outcome: String,
) -> Result<(), BrokerError> {
    let is_first = outcome.starts_with(REQUESTED);
    let mut order = Order {
        reference: job.programme.as_str(),
        ..Order::review(core, &job.district, job.id, officer, outcome)
    };
    if is_first {
        // Found by district, and among those of all districts when the server starts.
        order.index.extend([jobs_key(core, &job.district), jobs_key(core, "")]);
    } else {
        order.rests_on = vec![job.request];
    }
    order.give(core).await
}

/// Keeps a batch. Its frame's id follows from the job and where the batch ends: of two processes one keeps it.
pub(super) async fn keep_batch(core: &Core, job: &Reevaluation, households: Vec<Entry>) -> Result<(), BrokerError> {
    let after = job.after.unwrap_or(Position::START);
    let batch = Batch {
        version: VERSION,
        after: (after.segment, after.offset),
        total: job.total,
        counts: job.counts,
        warnings: job.warnings.clone(),
        households,
    };
    let text = serde_json::to_string(&batch).map_err(|_| BrokerError::Internal("a batch does not serialise"))?;
    let order = Order {
        reference: job.programme.as_str(),
        reason: Some(&text),
        rests_on: vec![job.request],
        ..Order::review(
            core,
            &job.district,
            job.id,
            job.officer(),
            format!("{BATCH}:{}", job.counts.households),
        )
    };
    let mut frame = order.frame(core).await?;
    let place = (after.segment.to_be_bytes(), after.offset.to_be_bytes());
    let id = core
        .keys
        .index_key("reevaluation batch", &[&job.id.0, &place.0, &place.1]);
    frame.id = FrameId(id.0);
    core.store.append(frame).await?;
    Ok(())
}

/// The batch in a frame of a job, if it holds one.
pub(super) fn batch_in(core: &Core, frame: &Frame) -> Result<Option<Batch>, BrokerError> {
    let is_batch = |leaf: &&Leaf| leaf.kind == LeafKind::Review && leaf.outcome.starts_with("REEVALUATED:");
    let Some(leaf) = frame.leaves.iter().find(is_batch) else {
        return Ok(None);
    };
    let opened = open(core, frame, leaf)?.ok_or(BrokerError::Damaged("a batch without its record"))?;
    let batch: Batch =
        serde_json::from_slice(opened.plaintext()).map_err(|_| BrokerError::Damaged("a batch does not decode"))?;
    match batch.version {
        VERSION => Ok(Some(batch)),
        _ => Err(BrokerError::Damaged("a batch is of a version that is not known here")),
    }
}

/// A job from its leaves, as it would be taken up again.
///
/// Errors: [`BrokerError::ReevaluationNotFound`].
pub(super) async fn job_of(core: &Core, id: CaseId) -> Result<Reevaluation, BrokerError> {
    let key = retention_key(core, id);
    let first = core.store.find_page(key, None, 1).await?.first().copied();
    let first = first.ok_or(BrokerError::ReevaluationNotFound)?;
    let frame = core.store.read(first).await?;
    let mut job = frame
        .leaves
        .first()
        .and_then(Reevaluation::of_leaf)
        .ok_or(BrokerError::ReevaluationNotFound)?;
    // The newest batch says how far it is; the orders behind it, whether it has ended.
    let mut before = None;
    loop {
        let page = core.store.find_before(key, before, PAGE).await?;
        for position in &page {
            let frame = core.store.read(*position).await?;
            for leaf in &frame.leaves {
                let ended = match leaf.outcome.as_str() {
                    DONE => JobState::Done,
                    CANCELLED => JobState::Cancelled,
                    _ => continue,
                };
                if job.state == JobState::Stopped || ended == JobState::Done {
                    (job.state, job.ended_at_ms) = (ended, Some(leaf.asked_at_ms));
                }
            }
            if let Some(batch) = batch_in(core, &frame)? {
                job.take(batch);
                return Ok(job);
            }
        }
        before = page.last().copied();
        if page.len() < PAGE {
            return Ok(job);
        }
    }
}

/// The newest jobs of a district, or of all where it is empty.
pub(super) async fn jobs_of(core: &Core, district: &str, limit: usize) -> Result<Vec<Reevaluation>, BrokerError> {
    let positions = core.store.find_before(jobs_key(core, district), None, limit).await?;
    let mut found = Vec::with_capacity(positions.len());
    for position in positions {
        found.push(job_of(core, core.store.read(position).await?.case).await?);
    }
    Ok(found)
}
