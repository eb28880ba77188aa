//! Cases: reading verifications and their evidence back from the store. Every reading of a person's data becomes evidence itself.
//! Leaves writing to `evidence` and runs under way to `broker`.

use std::collections::HashSet;
use std::sync::Arc;

use hedui_core::Verdict;
use hedui_core::report::DepartmentLine;
use hedui_evidence::{
    CaseId, EvidenceId, Frame, FrameKind, IndexKey, Leaf, LeafKind, Position, Sealed, StoreError, Subject,
    ciphertext_digest,
};

use crate::broker::Broker;
use crate::clock::civil_date;
use crate::core::Core;
use crate::error::BrokerError;
use crate::evidence::{self, actor};
use crate::kept_report::KeptReport;
use crate::pipeline::{Ended, answered, promised};
use crate::prepare::label;
use crate::promises;
use crate::request::StoredRequest;
use crate::retention::{Officer, RetentionRefusal, RetentionState, Standing, named_for_destruction, standing};
use crate::run::{Promised, State, Verification};

/// Most verifications on one page of a list.
pub const MAX_PAGE: usize = 500;

/// One page of a list, newest first.
#[derive(Debug)]
pub struct Page {
    /// The verifications.
    pub verifications: Vec<Verification>,
    /// Where the next page begins; none on the last.
    pub next: Option<Position>,
}

/// One leaf of a case with where it stands and, where asked for, its opened record.
#[derive(Debug)]
pub struct CaseLeaf {
    /// The leaf.
    pub leaf: Leaf,
    /// Where its frame stands.
    pub position: Position,
    /// The opened record, where asked for and sealed.
    pub record: Option<Vec<u8>>,
    /// Whether ciphertext and commitment fit the sealed record; none where nothing is sealed, or the record was not opened.
    pub intact: Option<bool>,
    /// Whether its record was destroyed: nobody can open it.
    pub destroyed: bool,
}

/// A case of which nothing has been opened.
struct Look {
    asked: Frame,
    ended: Option<Frame>,
    standing: Standing,
}

impl Look {
    /// What is in it: of a frozen case only where that is allowed, of a destroyed one that it is.
    fn contents(self, core: &Core, frozen_too: bool) -> Result<Verification, BrokerError> {
        match self.standing.state {
            RetentionState::Shredded => return Ok(self.outside(State::Shredded)),
            RetentionState::Frozen if !frozen_too => return Err(RetentionRefusal::Frozen.into()),
            RetentionState::Frozen | RetentionState::Active => {}
        }
        let stored = request_in(core, &self.asked)?;
        let mut found = verification(core, self.asked.case, stored, self.ended.as_ref())?;
        found.retention = Some(Arc::new(self.standing));
        Ok(found)
    }

    /// As a list shows it: frozen cases without contents.
    fn listed(self, core: &Core) -> Result<Verification, BrokerError> {
        if self.standing.state == RetentionState::Frozen {
            return Ok(self.outside(State::Frozen));
        }
        let closed = self.outside(State::Failed);
        match self.contents(core, false) {
            // One that cannot be opened any more hides none of the others.
            Err(error) if unreadable(&error) => Ok(closed),
            found => found,
        }
    }

    /// What stands outside: in leaves, without anything opened.
    fn outside(&self, state: State) -> Verification {
        let leaf = self.asked.leaves.first();
        let created_at_ms = leaf.map_or(self.asked.time_ms, |l| l.asked_at_ms);
        Verification {
            case: self.asked.case,
            state,
            district_code: self.asked.district.clone(),
            programmes: leaf.map_or_else(Vec::new, |l| l.purpose.split(',').map(str::to_owned).collect()),
            created_at_ms,
            ended_at_ms: self.ended.as_ref().map(|frame| frame.time_ms),
            as_of: civil_date(created_at_ms),
            asked: 0,
            answered: 0,
            promised: Promised::default(),
            verdicts: Arc::default(),
            report: None,
            failure: (state == State::Failed).then(|| "EVIDENCE_UNREADABLE".to_owned()),
            rechecks: None,
            reevaluates: None,
            promise: None,
            retention: Some(Arc::new(self.standing.clone())),
        }
    }
}

/// What a district's verifications are listed by.
pub(crate) fn list_key(core: &Core, district: &str) -> IndexKey {
    core.keys.index_key("district list", &[district.as_bytes()])
}

/// Opens the sealed record of a leaf.
pub(crate) fn open(core: &Core, frame: &Frame, leaf: &Leaf) -> Result<Option<hedui_evidence::Opened>, BrokerError> {
    let Some(sealed) = frame.sealed.iter().find(|s| s.evidence_id == leaf.evidence_id) else {
        return Ok(None);
    };
    let subject = Subject {
        evidence_id: leaf.evidence_id,
        district: &leaf.district,
        department: &leaf.department,
        kind: leaf.kind,
    };
    Ok(Some(core.keys.open(sealed, &subject)?))
}

/// The request in an `ASKED` frame.
pub(crate) fn request_in(core: &Core, frame: &Frame) -> Result<StoredRequest, BrokerError> {
    let leaf = frame.leaves.iter().find(|l| l.kind == LeafKind::Asked);
    let leaf = leaf.ok_or(BrokerError::Damaged("an ASKED frame without its leaf"))?;
    let opened = open(core, frame, leaf)?.ok_or(BrokerError::Damaged("an ASKED frame without its request"))?;
    serde_json::from_slice(opened.plaintext()).map_err(|_| BrokerError::Damaged("a kept request does not decode"))
}

/// The report in a frame that ends a verification; none in one that only says why it could not be run.
pub(crate) fn report_in(core: &Core, frame: &Frame) -> Result<Option<KeptReport>, BrokerError> {
    let opened = open(core, frame, verdict_leaf(frame)?)?;
    opened.map(|opened| KeptReport::read(opened.plaintext())).transpose()
}

fn verdict_leaf(frame: &Frame) -> Result<&Leaf, BrokerError> {
    let leaf = frame.leaves.iter().find(|l| l.kind == LeafKind::Verdict);
    leaf.ok_or(BrokerError::Damaged("a verdict frame without its leaf"))
}

/// How a verification ended, by its ending frame.
pub(crate) fn ending_in(core: &Core, frame: &Frame) -> Result<Ended, BrokerError> {
    let outcome = verdict_leaf(frame)?.outcome.as_str();
    let (state, failure) = match outcome.split_once(':') {
        Some(("FAILED", reason)) => (State::Failed, Some(reason.to_owned())),
        _ if outcome == "CANCELLED" => (State::Cancelled, None),
        _ => (State::Succeeded, None),
    };
    let report = report_in(core, frame)?;
    if state == State::Succeeded && report.is_none() {
        return Err(BrokerError::Damaged("a verdict frame without its report"));
    }
    let (verdicts, promised, answered) = match &report {
        Some(kept) => {
            let report = kept.open()?;
            let verdicts = report.verdicts.iter().map(Verdict::brief).collect();
            (verdicts, promised(&report.departments), answered(&report.departments))
        }
        None => (Arc::default(), Promised::default(), 0),
    };
    Ok(Ended {
        state,
        verdicts,
        report,
        failure,
        promise: promises::one(&core.logs, evidence::to_promise(core, frame)?, core.clock.now_ms()),
        promised,
        answered,
    })
}

impl Broker {
    /// The request that a case began with.
    pub(crate) async fn stored_request(&self, case: CaseId) -> Result<StoredRequest, BrokerError> {
        let frame = self
            .core()
            .frame_of(case, FrameKind::Asked)
            .await?
            .ok_or(BrokerError::NotFound)?;
        request_in(self.core(), &frame)
    }

    /// A verification as it is, without leaving a trace: for the caller who has just created it.
    pub(crate) async fn peek(&self, case: CaseId) -> Result<Verification, BrokerError> {
        let core = self.core();
        if let Some(run) = core.running.get(&case) {
            return Ok(run.snapshot());
        }
        let asked = core
            .frame_of(case, FrameKind::Asked)
            .await?
            .ok_or(BrokerError::NotFound)?;
        self.look(asked).await?.contents(core, false)
    }

    /// The same of a case that may be frozen: for those who may read it all the same.
    pub(crate) async fn peek_frozen(&self, case: CaseId) -> Result<Verification, BrokerError> {
        let core = self.core();
        if let Some(run) = core.running.get(&case) {
            return Ok(run.snapshot());
        }
        let asked = core
            .frame_of(case, FrameKind::Asked)
            .await?
            .ok_or(BrokerError::NotFound)?;
        self.look(asked).await?.contents(core, true)
    }

    /// The frames of a case and how it is kept, with nothing opened.
    async fn look(&self, asked: Frame) -> Result<Look, BrokerError> {
        let core = self.core();
        let ended = core.frame_of(asked.case, FrameKind::Verdict).await?;
        let standing = standing(core, &asked, ended.as_ref().map(|frame| frame.time_ms)).await?;
        Ok(Look { asked, ended, standing })
    }

    /// Reads a verification with what the records behind its report say of themselves. Otherwise as `get`.
    pub async fn get_whole(&self, case: CaseId, caller: &str, person: &str) -> Result<Verification, BrokerError> {
        let mut found = self.get(case, caller, person).await?;
        self.describe(case, &mut found).await?;
        Ok(found)
    }

    /// Reads a verification; the reading is durable evidence before its content is returned. The sources of the report are without texts.
    ///
    /// Errors: [`RetentionRefusal::Frozen`] for a case that is frozen, and kept as evidence.
    ///
    /// [`RetentionRefusal::Frozen`]: crate::RetentionRefusal::Frozen
    pub async fn get(&self, case: CaseId, caller: &str, person: &str) -> Result<Verification, BrokerError> {
        let mistakes = label("actor", person);
        if !mistakes.is_empty() {
            return Err(BrokerError::Invalid(mistakes));
        }
        let officer = Officer { caller, person };
        let found = self.refuse_frozen(case, self.peek(case).await, officer).await?;
        self.note_access(&found.district_code, case, "read of a verification", caller, person)
            .await?;
        Ok(found)
    }

    /// Makes a reading durable evidence.
    pub(crate) async fn note_access(
        &self,
        district: &str,
        case: CaseId,
        why: &str,
        caller: &str,
        person: &str,
    ) -> Result<(), BrokerError> {
        let mistakes = label("actor", person);
        if !mistakes.is_empty() {
            return Err(BrokerError::Invalid(mistakes));
        }
        self.note_access_by(district, case, why, (caller, person), Vec::new())
            .await
    }

    /// The same, found by more than its case.
    pub(crate) async fn note_access_by(
        &self,
        district: &str,
        case: CaseId,
        why: &str,
        (caller, person): (&str, &str),
        index: Vec<IndexKey>,
    ) -> Result<(), BrokerError> {
        let mut frame = evidence::access(self.core(), district, case, why, actor(caller, person));
        frame.index = index;
        self.core().store.append(frame).await?;
        Ok(())
    }

    /// A district's verifications, newest first, from before a position.
    pub async fn list(&self, district: &str, before: Option<Position>, limit: usize) -> Result<Page, BrokerError> {
        let core = self.core();
        let limit = limit.clamp(1, MAX_PAGE);
        let positions = core.store.find_before(list_key(core, district), before, limit).await?;
        let mut verifications = Vec::with_capacity(positions.len());
        for position in &positions {
            let asked = core.store.read(*position).await?;
            let running = core.running.get(&asked.case).map(|run| run.snapshot());
            verifications.push(match running {
                Some(running) => running,
                None => self.look(asked).await?.listed(core)?,
            });
        }
        let next = positions.last().copied().filter(|_| positions.len() == limit);
        Ok(Page { verifications, next })
    }

    /// All evidence of a case, in order. Opening records needs the auditor's right, which the caller of this has checked.
    /// The reading is durable evidence before anything is returned.
    pub async fn case(
        &self,
        case: CaseId,
        open_records: bool,
        caller: &str,
        person: &str,
    ) -> Result<Vec<CaseLeaf>, BrokerError> {
        let core = self.core();
        let mut positions = Vec::new();
        loop {
            let page = core
                .store
                .case_page(case, positions.last().copied(), hedui_evidence::MAX_PAGE)
                .await?;
            let last = page.len() < hedui_evidence::MAX_PAGE;
            positions.extend(page);
            if last {
                break;
            }
        }
        let closed = named_for_destruction(core, case).await?;
        let mut leaves = Vec::new();
        let mut district = String::new();
        for position in positions {
            let frame = core.store.read(position).await?;
            district.clone_from(&frame.district);
            for leaf in &frame.leaves {
                let may_open = open_records && !closed.contains(&leaf.evidence_id);
                leaves.push(case_leaf(core, &frame, leaf, position, may_open)?);
            }
        }
        if leaves.is_empty() {
            return Err(BrokerError::NotFound);
        }
        mark_destroyed(&mut leaves);
        let why = if open_records {
            "audit of a case, records opened"
        } else {
            "audit of a case"
        };
        self.note_access(&district, case, why, caller, person).await?;
        Ok(leaves)
    }
}

/// What the leaves of a destruction name is destroyed, and not damaged for that; a key that is gone without one is damage. What was opened before
/// somebody decided it is shown no more.
fn mark_destroyed(leaves: &mut [CaseLeaf]) {
    let shreds = leaves.iter().filter(|found| found.leaf.kind == LeafKind::Shred);
    let destroyed: HashSet<EvidenceId> = shreds.flat_map(|found| found.leaf.rests_on.iter().copied()).collect();
    for found in leaves {
        let lawful = destroyed.contains(&found.leaf.evidence_id);
        if found.destroyed && !lawful {
            found.intact = Some(false);
        }
        found.destroyed = lawful;
        if lawful {
            found.record = None;
        }
    }
}

fn case_leaf(
    core: &Core,
    frame: &Frame,
    leaf: &Leaf,
    position: Position,
    open_records: bool,
) -> Result<CaseLeaf, BrokerError> {
    let sealed = frame.sealed.iter().find(|s| s.evidence_id == leaf.evidence_id);
    let mut intact = sealed.map(|s| ciphertext_digest(&s.ciphertext) == leaf.ciphertext_digest);
    let mut record = None;
    if sealed.is_some() && open_records {
        match open(core, frame, leaf) {
            Ok(Some(opened)) => {
                intact = intact.map(|fits| fits && opened.commitment() == leaf.commitment);
                record = Some(opened.plaintext().to_vec());
            }
            Ok(None) => {}
            // Destroyed on purpose: what is left of it fits, or not.
            Err(BrokerError::Store(StoreError::Shredded(_))) => {}
            // A record that cannot be opened is itself what an auditor must see.
            Err(_) => intact = Some(false),
        }
    }
    Ok(CaseLeaf {
        leaf: leaf.clone(),
        position,
        record,
        intact,
        destroyed: sealed.is_some_and(Sealed::is_shredded),
    })
}

/// A verification from its frames; without an end it was interrupted and has not been resumed.
fn verification(
    core: &Core,
    case: CaseId,
    stored: StoredRequest,
    ended: Option<&Frame>,
) -> Result<Verification, BrokerError> {
    let rechecks = stored.request.rechecks().map(str::to_owned);
    let mut found = Verification {
        case,
        state: State::Failed,
        district_code: stored.request.district_code,
        programmes: stored.request.programmes,
        created_at_ms: stored.created_at_ms,
        ended_at_ms: None,
        as_of: stored.as_of,
        asked: 0,
        answered: 0,
        promised: Promised::default(),
        verdicts: Arc::default(),
        report: None,
        failure: Some("INTERRUPTED".to_owned()),
        rechecks,
        reevaluates: stored.request.reevaluates,
        promise: None,
        retention: None,
    };
    if let Some(frame) = ended {
        let ended = ending_in(core, frame)?;
        (found.state, found.failure) = (ended.state, ended.failure);
        found.ended_at_ms = Some(frame.time_ms);
        if let Some(kept) = &ended.report {
            let lines = &kept.open()?.departments;
            let count = |is: fn(&&DepartmentLine) -> bool| u32::try_from(lines.iter().filter(is).count());
            found.asked = count(|line| line.asked_at_ms != 0).unwrap_or(u32::MAX);
            (found.answered, found.promised) = (ended.answered, ended.promised);
        }
        (found.verdicts, found.report, found.promise) = (ended.verdicts, ended.report, ended.promise);
    }
    Ok(found)
}

/// Whether an error says that evidence is there and cannot be opened.
pub(crate) fn unreadable(error: &BrokerError) -> bool {
    use hedui_evidence::ErrorKind as Evidence;
    match error {
        BrokerError::Damaged(_) => true,
        BrokerError::Store(error) => matches!(error.kind(), Evidence::Key | Evidence::Tampered | Evidence::Shredded),
        _ => false,
    }
}
