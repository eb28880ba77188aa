//! What a peer's question leaves as evidence: a case of its own, from what was asked to every answer.
//! Leaves the formats and durability to `hedui-evidence`.

use bytes::Bytes;
use hedui_adapter::wire::{decode_answer, encode_answer};
use hedui_core::{Query, SubjectAnswer};
use hedui_evidence::{CaseId, EvidenceId, Frame, FrameId, FrameKind, IndexKey, LeafKind};
use smol_str::SmolStr;

use super::combine::Said;
use super::{Asked, PeerQuestion};
use crate::core::Core;
use crate::error::BrokerError;
use crate::evidence::{self, Common, empty_frame, terminal_frame};
use crate::retention::named_for_destruction;
use crate::reuse::open;
use crate::supervision::person_key;

/// Before the word of a peer's question in leaves.
const PEER: &str = "PEER";

/// What a district's questions of peers are listed by.
pub(crate) fn peer_key(core: &Core, district: &str) -> IndexKey {
    core.keys.index_key("district peers", &[district.as_bytes()])
}

/// What a question of a peer is found by once it is answered.
pub(super) fn request_key(core: &Core, caller: &str, query_id: &str) -> IndexKey {
    core.keys
        .index_key("question of a peer", &[caller.as_bytes(), query_id.as_bytes()])
}

fn common(question: &PeerQuestion<'_>, case: CaseId) -> Common {
    let query = &question.query;
    Common {
        case,
        district: SmolStr::new(question.district),
        purpose: SmolStr::new(query.purpose.as_str()),
        actor: SmolStr::new(question.caller),
        authorization: query.authorization_digest,
    }
}

/// First what lists it, then whom it is about: as the frames of a district's own questions.
fn index(core: &Core, question: &PeerQuestion<'_>) -> Vec<IndexKey> {
    let mut index = vec![peer_key(core, question.district)];
    index.extend(question.query.subjects.iter().map(|s| person_key(core, &s.id)));
    index
}

/// What was said to the same question before; none where it was not asked, or another question had its id, or it was destroyed since.
pub(super) async fn said_before(
    core: &Core,
    key: IndexKey,
    query: &Query,
) -> Result<Option<Vec<SubjectAnswer>>, BrokerError> {
    let Some(position) = core.store.newest(key).await? else {
        return Ok(None);
    };
    let frame = core.store.read(position).await?;
    let verdict = frame.leaves.iter().find(|leaf| leaf.kind == LeafKind::Verdict);
    let Some(leaf) = verdict else { return Ok(None) };
    if named_for_destruction(core, frame.case)
        .await?
        .contains(&leaf.evidence_id)
    {
        return Ok(None);
    }
    let bytes = match open(core, &frame, leaf) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(error) if crate::case::unreadable(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let said = decode_answer(&bytes, query);
    // Of another question under the same id nothing fits.
    Ok((encode_answer(query, &said) == bytes).then_some(said))
}

/// Keeps a question that is refused for want of authorization.
pub(super) async fn keep_denial(core: &Core, question: &PeerQuestion<'_>) -> Result<(), BrokerError> {
    let case = CaseId::random(&mut core.entropy.fork());
    begin(
        core,
        question,
        case,
        (FrameKind::Denial, LeafKind::Denial),
        ("", "NOT_AUTHORIZED"),
    )
    .await
}

/// Keeps what was asked, before anybody is.
pub(super) async fn keep_asked(
    core: &Core,
    question: &PeerQuestion<'_>,
    case: CaseId,
    asked: &[Asked],
) -> Result<(), BrokerError> {
    let departments: Vec<&str> = asked.iter().map(|a| a.department.as_str()).collect();
    let departments = evidence::listed(&departments, "departments");
    begin(
        core,
        question,
        case,
        (FrameKind::Asked, LeafKind::Asked),
        (&departments, "ASKED"),
    )
    .await
}

async fn begin(
    core: &Core,
    question: &PeerQuestion<'_>,
    case: CaseId,
    (frame_kind, leaf_kind): (FrameKind, LeafKind),
    (departments, outcome): (&str, &str),
) -> Result<(), BrokerError> {
    let now = core.clock.now_ms();
    let mut rng = core.entropy.fork();
    let sealer = evidence::sealer(core, question.district, now).await?;
    let common = common(question, case);
    let id = FrameId::random(&mut rng);
    let mut frame = empty_frame(id, frame_kind, &common, now, index(core, question));
    let mut leaf = common.leaf(leaf_kind, EvidenceId::random(&mut rng), departments, outcome);
    leaf.asked_at_ms = now;
    if leaf_kind == LeafKind::Denial {
        leaf.answered_at_ms = now;
    }
    evidence::sealed(&sealer, &mut rng, leaf, &question.bytes, &mut frame)?;
    core.store.append(frame).await?;
    Ok(())
}

/// Keeps what every department said and what the peer is told, before it is told.
pub(super) async fn keep_answer(
    core: &Core,
    question: &PeerQuestion<'_>,
    (case, key, asked_at_ms): (CaseId, IndexKey, i64),
    asked: &[Asked],
    said: &[Said],
    whole: &Bytes,
) -> Result<(), BrokerError> {
    debug_assert_eq!(asked.len(), said.len());
    let now = core.clock.now_ms();
    let mut rng = core.entropy.fork();
    let sealer = evidence::sealer(core, question.district, now).await?;
    let common = common(question, case);
    let mut frame: Frame = empty_frame(terminal_frame(core, case), FrameKind::Verdict, &common, now, vec![key]);
    for one in said {
        let states: Vec<&str> = one.answers.iter().map(|answer| answer.state.code()).collect();
        let mut leaf = common.leaf(
            LeafKind::Answer,
            EvidenceId::random(&mut rng),
            one.department.as_str(),
            states.join(","),
        );
        (leaf.asked_at_ms, leaf.answered_at_ms) = (asked_at_ms, one.answered_at_ms);
        match &one.bytes {
            Some(bytes) => evidence::sealed(&sealer, &mut rng, leaf, bytes, &mut frame)?,
            None => frame.leaves.push(leaf),
        }
    }
    let mut verdict = common.leaf(
        LeafKind::Verdict,
        EvidenceId::random(&mut rng),
        SmolStr::default(),
        PEER,
    );
    (verdict.asked_at_ms, verdict.answered_at_ms) = (asked_at_ms, now);
    verdict.rests_on = frame.leaves.iter().map(|leaf| leaf.evidence_id).collect();
    evidence::sealed(&sealer, &mut rng, verdict, whole, &mut frame)?;
    core.store.append(frame).await?;
    Ok(())
}
