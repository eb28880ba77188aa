//! Frames: what a verification leaves as evidence, before it asks and before it answers.
//! Leaves the formats and durability to `hedui-evidence`.

use std::sync::Arc;

use bytes::Bytes;
use hedui_adapter::port::Reply;
use hedui_core::{CONFLICT_OF_INTEREST, LeafId, Report};
use hedui_evidence::{
    CaseId, EvidenceId, Frame, FrameId, FrameKind, IndexKey, Leaf, LeafKind, Period, Plain, Record, Sealer, ToPromise,
};
use rand::CryptoRng;
use smol_str::{SmolStr, SmolStrBuilder, format_smolstr};

use crate::collector::Arrived;
use crate::core::Core;
use crate::error::BrokerError;
use crate::kept_report::KeptReport;
use crate::request::{Prepared, StoredRequest};
use crate::run::{Run, State};
use crate::staff::resident_id;
use crate::supervision::person_key;

/// What every leaf of one verification has in common.
pub(crate) struct Common {
    pub case: CaseId,
    pub district: SmolStr,
    pub purpose: SmolStr,
    pub actor: SmolStr,
    pub authorization: [u8; 32],
}

impl Common {
    pub(crate) fn leaf(
        &self,
        kind: LeafKind,
        evidence_id: EvidenceId,
        department: impl Into<SmolStr>,
        outcome: impl Into<SmolStr>,
    ) -> Leaf {
        Leaf {
            kind,
            evidence_id,
            case: self.case,
            district: self.district.clone(),
            department: department.into(),
            purpose: self.purpose.clone(),
            asked_at_ms: 0,
            answered_at_ms: 0,
            outcome: outcome.into(),
            ciphertext_digest: [0; 32],
            commitment: [0; 32],
            authorization: self.authorization,
            actor: self.actor.clone(),
            rests_on: Vec::new(),
        }
    }
}

/// The common part of a prepared verification's leaves.
pub(crate) fn common(case: CaseId, prepared: &Prepared) -> Common {
    let programmes: Vec<&str> = prepared.programmes.iter().map(|p| p.as_str()).collect();
    Common {
        case,
        district: SmolStr::new(&prepared.stored.request.district_code),
        purpose: listed(&programmes, "programmes").into(),
        actor: actor(&prepared.stored.caller, &prepared.stored.request.actor).into(),
        authorization: prepared.authorization_digest,
    }
}

/// The caller and the person on whose behalf it asks.
pub(crate) fn actor(caller: &str, person: &str) -> String {
    if person.is_empty() {
        caller.to_owned()
    } else {
        format!("{caller}/{person}")
    }
}

/// The sealer of a district's month, with its key durable.
pub(crate) async fn sealer(core: &Core, district: &str, time_ms: i64) -> Result<Arc<Sealer>, BrokerError> {
    if let Some(sealer) = core.keys.ready(district, Period::of_ms(time_ms)) {
        return Ok(sealer);
    }
    let mut rng = core.entropy.fork();
    Ok(core
        .keys
        .sealer(core.store.as_ref(), district, time_ms, &mut rng)
        .await?)
}

/// One sealed record with its leaf.
pub(crate) fn sealed(
    sealer: &Sealer,
    rng: &mut (impl CryptoRng + ?Sized),
    mut leaf: Leaf,
    plaintext: &[u8],
    frame: &mut Frame,
) -> Result<(), BrokerError> {
    let plain = Plain {
        evidence_id: leaf.evidence_id,
        department: &leaf.department,
        kind: leaf.kind,
        plaintext,
    };
    for (record, digests) in sealer.seal(&[plain], rng)? {
        leaf.ciphertext_digest = digests.ciphertext_digest;
        leaf.commitment = digests.commitment;
        frame.sealed.push(record);
    }
    frame.leaves.push(leaf);
    Ok(())
}

pub(crate) fn empty_frame(id: FrameId, kind: FrameKind, common: &Common, time_ms: i64, index: Vec<IndexKey>) -> Frame {
    Frame {
        id,
        kind,
        district: common.district.to_string(),
        case: common.case,
        time_ms,
        index,
        leaves: Vec::new(),
        sealed: Vec::new(),
    }
}

/// Who asks, for whom, why, which departments: durable before the first is asked.
pub(crate) fn asked(
    core: &Core,
    sealer: &Sealer,
    run: &Run,
    id: FrameId,
    index: Vec<IndexKey>,
) -> Result<Frame, BrokerError> {
    let prepared = &run.prepared;
    let mut rng = core.entropy.fork();
    let common = common(run.case, prepared);
    let now = core.clock.now_ms();
    // A recheck asks those that it names; one that names none judges again what is kept.
    let recheck = prepared.stored.request.recheck.as_ref();
    let again = recheck.map(|recheck| &recheck.departments);
    let departments: Vec<&str> = prepared
        .plan
        .departments
        .iter()
        .filter(|d| d.is_asked())
        .filter_map(|d| run.in_force.registry.profiles().get(d.index))
        .filter(|p| again.is_none_or(|named| named.contains(&p.id)))
        .map(|p| p.id.as_str())
        .collect();
    let mut frame = empty_frame(id, FrameKind::Asked, &common, now, index);
    let mut leaf = common.leaf(
        LeafKind::Asked,
        EvidenceId::random(&mut rng),
        listed(&departments, "departments"),
        "ASKED",
    );
    leaf.asked_at_ms = now;
    let request = encode_request(&prepared.stored)?;
    sealed(sealer, &mut rng, leaf, &request, &mut frame)?;
    Ok(frame)
}

/// A list of ids that fits a leaf's field; one too long for it is named by its size.
pub(crate) fn listed(ids: &[&str], what: &str) -> String {
    let list = ids.join(",");
    if list.len() <= hedui_evidence::MAX_TEXT_BYTES {
        list
    } else {
        format!("{} {what}", ids.len())
    }
}

/// What a district's refusals for want of authorization are found by.
pub(crate) fn denials_key(core: &Core, district: &str) -> IndexKey {
    core.keys.index_key("district denials", &[district.as_bytes()])
}

/// A refusal for want of authorization.
pub(crate) fn denial(
    core: &Core,
    sealer: &Sealer,
    stored: &StoredRequest,
    case: CaseId,
    reasons: &str,
) -> Result<Frame, BrokerError> {
    let mut rng = core.entropy.fork();
    let programmes: Vec<&str> = stored.request.programmes.iter().map(String::as_str).collect();
    let common = Common {
        case,
        district: SmolStr::new(&stored.request.district_code),
        purpose: listed(&programmes, "programmes").into(),
        actor: actor(&stored.caller, &stored.request.actor).into(),
        authorization: [0; 32],
    };
    let now = core.clock.now_ms();
    // Found by the persons too: a refused look-up is one that they may be told of.
    let mut index = vec![denials_key(core, &stored.request.district_code)];
    let members = stored.request.household.members.iter();
    let ids = members.filter_map(|member| resident_id(&member.id_number, stored.as_of).ok());
    index.extend(ids.map(|id| person_key(core, &id)));
    let mut frame = empty_frame(FrameId::random(&mut rng), FrameKind::Denial, &common, now, index);
    let mut leaf = common.leaf(
        LeafKind::Denial,
        EvidenceId::random(&mut rng),
        SmolStr::default(),
        reasons,
    );
    leaf.asked_at_ms = now;
    leaf.answered_at_ms = now;
    let request = encode_request(stored)?;
    sealed(sealer, &mut rng, leaf, &request, &mut frame)?;
    Ok(frame)
}

/// A read of a verification.
pub(crate) fn access(core: &Core, district: &str, case: CaseId, purpose: &str, actor: String) -> Frame {
    let mut rng = core.entropy.fork();
    let now = core.clock.now_ms();
    let common = Common {
        case,
        district: SmolStr::new(district),
        purpose: SmolStr::new(purpose),
        actor: actor.into(),
        authorization: [0; 32],
    };
    let mut frame = empty_frame(FrameId::random(&mut rng), FrameKind::Access, &common, now, Vec::new());
    let mut leaf = common.leaf(
        LeafKind::Access,
        EvidenceId::random(&mut rng),
        SmolStr::default(),
        "READ",
    );
    leaf.asked_at_ms = now;
    leaf.answered_at_ms = now;
    frame.leaves.push(leaf);
    frame
}

/// The end of a verification: every answer with its leaf, the report, the verdict leaf that lists what it rests on.
pub(crate) struct Ending<'a> {
    pub case: CaseId,
    pub prepared: &'a Prepared,
    pub arrived: &'a [Option<Arrived>],
    pub state: State,
    pub failure: Option<&'a str>,
    pub index: Vec<IndexKey>,
    /// What is filed of the household for packs that come later.
    pub filed: Option<Vec<u8>>,
}

/// Evidence ids for a report's departments, drawn before the report is serialised so that it can name them.
pub(crate) fn name_evidence(rng: &mut impl CryptoRng, report: &mut Report) {
    for line in &mut report.departments {
        if line.arrival > 0 {
            line.evidence = Some(LeafId(EvidenceId::random(rng).0));
        }
    }
}

/// The frame that holds the whole verification, and what is promised of it once it is durable.
pub(crate) fn verdict(
    core: &Core,
    sealer: &Sealer,
    rng: &mut impl CryptoRng,
    ending: &Ending<'_>,
    report: &Report,
    kept: &KeptReport,
) -> Result<(Record, ToPromise), BrokerError> {
    let common = common(ending.case, ending.prepared);
    let now = core.clock.now_ms();
    let id = terminal_frame(core, ending.case);
    let mut frame = empty_frame(id, FrameKind::Verdict, &common, now, ending.index.clone());
    let (mut leaves, mut bodies) = answers(&common, ending, report);
    if let Some(review) = conflict(&common, rng, report, now) {
        leaves.push(review);
    }
    let mut verdict = common.leaf(
        LeafKind::Verdict,
        EvidenceId::random(rng),
        SmolStr::default(),
        outcome(ending, report),
    );
    verdict.asked_at_ms = ending.prepared.stored.created_at_ms;
    verdict.answered_at_ms = now;
    verdict.rests_on = leaves.iter().map(|leaf| leaf.evidence_id).collect();
    bodies.push((leaves.len(), kept.form().clone()));
    let concluded = verdict.evidence_id;
    leaves.push(verdict);
    if let Some(filed) = &ending.filed {
        let mut snapshot = common.leaf(LeafKind::Snapshot, EvidenceId::random(rng), SmolStr::default(), "FILED");
        (snapshot.asked_at_ms, snapshot.answered_at_ms) = (now, now);
        snapshot.rests_on = vec![concluded];
        bodies.push((leaves.len(), Bytes::copy_from_slice(filed)));
        leaves.push(snapshot);
    }
    frame.leaves = leaves;
    let (record, leaves) = frame.seal(sealer, &bodies, rng)?;
    Ok((record, to_promise_of(core, &leaves, now)?))
}

/// The leaf that says that the official who asked should not have: it stands in the log whatever becomes of the report.
fn conflict(common: &Common, rng: &mut impl CryptoRng, report: &Report, now: i64) -> Option<Leaf> {
    let is_conflict = |f: &&hedui_core::Finding| f.code == CONFLICT_OF_INTEREST;
    let members = report.findings.iter().filter(is_conflict).count();
    (members > 0).then(|| {
        let outcome = format_smolstr!("{CONFLICT_OF_INTEREST}:{members}");
        let mut leaf = common.leaf(LeafKind::Review, EvidenceId::random(rng), SmolStr::default(), outcome);
        (leaf.asked_at_ms, leaf.answered_at_ms) = (now, now);
        leaf
    })
}

/// One leaf per department that was asked, and the bytes of those that answered with the position of their leaf.
fn answers(common: &Common, ending: &Ending<'_>, report: &Report) -> (Vec<Leaf>, Vec<(usize, Bytes)>) {
    // And room for a review, the verdict and what is filed.
    let room = report.departments.len() + 3;
    let (mut leaves, mut bodies) = (Vec::with_capacity(room), Vec::with_capacity(room));
    for (index, line) in report.departments.iter().enumerate() {
        let Some(LeafId(evidence_id)) = line.evidence else {
            continue;
        };
        let states = line.subjects.iter().map(|s| s.state.as_str());
        let mut outcome = SmolStrBuilder::new();
        for (at, state) in states.filter(|s| *s != "NOT_ASKED").enumerate() {
            outcome.push_str(if at > 0 { "," } else { "" });
            outcome.push_str(state);
        }
        let (department, outcome) = (SmolStr::new(line.department.as_str()), outcome.finish());
        let mut leaf = common.leaf(LeafKind::Answer, EvidenceId(evidence_id), department, outcome);
        leaf.asked_at_ms = line.asked_at_ms;
        leaf.answered_at_ms = line.answered_at_ms;
        if let Some(Some(arrived)) = ending.arrived.get(index)
            && let Some(bytes) = body(&arrived.reply)
        {
            bodies.push((leaves.len(), bytes));
        }
        leaves.push(leaf);
    }
    (leaves, bodies)
}

/// The bytes of an answer that are kept: the department's own, or our canonical form of a connector's.
fn body(reply: &Reply) -> Option<Bytes> {
    match reply {
        Reply::Wire(bytes) | Reply::Answers(_, bytes) => Some(bytes.clone()),
        Reply::Failed(..) => None,
    }
}

fn outcome(ending: &Ending<'_>, report: &Report) -> String {
    match (ending.state, ending.failure) {
        (State::Succeeded, _) => {
            let verdicts = report
                .verdicts
                .iter()
                .map(|v| format!("{}:{}", v.programme, outcome_code(v.outcome)));
            let joined = verdicts.collect::<Vec<_>>().join(",");
            if joined.len() <= hedui_evidence::MAX_TEXT_BYTES {
                joined
            } else {
                format!("{} verdicts", report.verdicts.len())
            }
        }
        (state, Some(failure)) => format!("{}:{failure}", state.code()),
        (state, None) => state.code().to_owned(),
    }
}

/// The word of an outcome in leaves and lists.
pub fn outcome_code(outcome: hedui_core::Outcome) -> &'static str {
    match outcome {
        hedui_core::Outcome::Qualifies => "QUALIFIES",
        hedui_core::Outcome::Exceeds => "EXCEEDS",
        hedui_core::Outcome::Inconclusive => "INCONCLUSIVE",
    }
}

/// What is promised of a frame's verdict, once the frame is durable.
pub(crate) fn to_promise(core: &Core, frame: &Frame) -> Result<ToPromise, BrokerError> {
    to_promise_of(core, &frame.leaves, frame.time_ms)
}

fn to_promise_of(core: &Core, leaves: &[Leaf], time_ms: i64) -> Result<ToPromise, BrokerError> {
    let leaf = leaves.iter().find(|leaf| leaf.kind == LeafKind::Verdict);
    let leaf = leaf.ok_or(BrokerError::Internal("a verdict frame without its leaf"))?;
    Ok(core.logs.to_promise(leaf, time_ms)?)
}

/// The end of a verification that was asked for and cannot be run any more: nothing was concluded, only why is kept.
pub(crate) fn never_run(core: &Core, asked: &Frame, reason: &str) -> Frame {
    let mut rng = core.entropy.fork();
    let now = core.clock.now_ms();
    let was = asked.leaves.iter().find(|l| l.kind == LeafKind::Asked);
    let common = Common {
        case: asked.case,
        district: SmolStr::new(&asked.district),
        purpose: was.map(|l| l.purpose.clone()).unwrap_or_default(),
        actor: was.map(|l| l.actor.clone()).unwrap_or_default(),
        authorization: was.map(|l| l.authorization).unwrap_or_default(),
    };
    let id = terminal_frame(core, asked.case);
    let mut frame = empty_frame(id, FrameKind::Verdict, &common, now, Vec::new());
    let outcome = format!("{}:{reason}", State::Failed.code());
    let mut leaf = common.leaf(
        LeafKind::Verdict,
        EvidenceId::random(&mut rng),
        SmolStr::default(),
        outcome,
    );
    leaf.asked_at_ms = was.map_or(asked.time_ms, |l| l.asked_at_ms);
    leaf.answered_at_ms = now;
    frame.leaves.push(leaf);
    frame
}

/// A verification ends once: the frame of its end has an id that follows from the case.
pub(crate) fn terminal_frame(core: &Core, case: CaseId) -> FrameId {
    FrameId(core.keys.index_key("terminal frame", &[&case.0]).0)
}

fn encode_request(stored: &StoredRequest) -> Result<Vec<u8>, BrokerError> {
    serde_json::to_vec(stored).map_err(|_| BrokerError::Internal("a request does not serialise"))
}
