//! Kept answers: an answer of an earlier verification serves again within its freshness, the same question and a live authorization.
//! Leaves keeping them to `evidence`: the evidence is the cache, the index only says where the newest stands.

use bytes::Bytes;
use hedui_core::plan::Intent;
use hedui_evidence::{Frame, IndexKey, LeafKind, Subject};
use prost::Message;

use crate::core::Core;
use crate::error::BrokerError;
use crate::request::{Prepared, Reuse};

/// An answer kept from an earlier verification.
pub(crate) struct Kept {
    /// The department's bytes.
    pub bytes: Bytes,
    /// When it was first asked, milliseconds since 1970.
    pub asked_at_ms: i64,
    /// When it was first given, milliseconds since 1970.
    pub answered_at_ms: i64,
    /// The verification in which it was first given, hexadecimal.
    pub from: String,
}

/// Only the id of an answer, skipping everything else.
#[derive(Clone, PartialEq, Message)]
struct OnlyId {
    #[prost(string, tag = "1")]
    query_id: String,
}

/// The id of the question that an answer is for: the verification in which it was asked.
pub(crate) fn question_of(bytes: &Bytes) -> Option<String> {
    OnlyId::decode(bytes.clone())
        .ok()
        .map(|only| only.query_id)
        .filter(|id| !id.is_empty())
}

/// What identifies a question beside the department: purpose, members, period. Two households with the same key ask the same.
pub(crate) fn question_key(core: &Core, prepared: &Prepared) -> IndexKey {
    let mut parts: Vec<Vec<u8>> = vec![
        prepared.stored.request.district_code.clone().into_bytes(),
        prepared.stored.as_of.to_string().into_bytes(),
        prepared.scope.period_from().to_string().into_bytes(),
    ];
    parts.extend(prepared.programmes.iter().map(|p| p.as_str().as_bytes().to_vec()));
    for member in &prepared.household.members {
        parts.push(member.id.expose().as_bytes().to_vec());
        parts.push(member.name.clone().into_bytes());
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    core.keys.index_key("question", &parts)
}

/// What identifies a household under verification: members and programmes.
pub(crate) fn household_key(core: &Core, prepared: &Prepared) -> IndexKey {
    let mut ids: Vec<&[u8]> = prepared
        .household
        .members
        .iter()
        .map(|m| m.id.expose().as_bytes())
        .collect();
    ids.sort_unstable();
    ids.extend(prepared.programmes.iter().map(|p| p.as_str().as_bytes()));
    core.keys.index_key("household", &ids)
}

/// The kept answers that may serve, by department; of a recheck, all but those asked again, however old.
pub(crate) async fn kept(
    core: &Core,
    prepared: &Prepared,
    question: IndexKey,
) -> Result<Vec<Option<Kept>>, BrokerError> {
    let request = &prepared.stored.request;
    let frame = match (&request.recheck, request.reuse) {
        (Some(recheck), _) => Some(core.verdict_frame(&recheck.of).await?),
        (None, Reuse::Never) => None,
        (None, Reuse::Fresh) => match core.store.newest(question).await? {
            Some(position) => Some(core.store.read(position).await?),
            None => None,
        },
    };
    let Some(frame) = frame else { return Ok(Vec::new()) };
    let mut found = Vec::with_capacity(core.registry.profiles().len());
    for (profile, planned) in core.registry.profiles().iter().zip(&prepared.plan.departments) {
        let serves = match &request.recheck {
            Some(recheck) => !recheck.departments.contains(&profile.id),
            None => profile.freshness_ms > 0,
        };
        let kept = if serves {
            one(core, &frame, profile.id.as_str())?
        } else {
            None
        };
        let now = core.clock.now_ms();
        let fresh = |kept: &Kept| {
            let age = u64::try_from(now.saturating_sub(kept.answered_at_ms)).unwrap_or(u64::MAX);
            request.recheck.is_some() || age <= profile.freshness_ms
        };
        // A kept answer must be about every member now asked about: the letters may have become wider since.
        let all_asked = planned.intents.iter().all(|i| *i == Intent::Ask);
        found.push(kept.filter(|k| all_asked && fresh(k)));
    }
    Ok(found)
}

/// Opens one department's answer in a frame, if the department answered.
fn one(core: &Core, frame: &Frame, department: &str) -> Result<Option<Kept>, BrokerError> {
    let leaf = frame
        .leaves
        .iter()
        .find(|l| l.kind == LeafKind::Answer && l.department == department);
    let Some(leaf) = leaf.filter(|l| l.outcome.split(',').all(reusable)) else {
        return Ok(None);
    };
    let Some(sealed) = frame.sealed.iter().find(|s| s.evidence_id == leaf.evidence_id) else {
        return Ok(None);
    };
    let subject = Subject {
        evidence_id: leaf.evidence_id,
        district: &leaf.district,
        department: &leaf.department,
        kind: leaf.kind,
    };
    let opened = core.keys.open(sealed, &subject)?;
    let bytes = Bytes::copy_from_slice(opened.plaintext());
    let Some(from) = question_of(&bytes) else {
        return Ok(None);
    };
    Ok(Some(Kept {
        bytes,
        asked_at_ms: leaf.asked_at_ms,
        answered_at_ms: leaf.answered_at_ms,
        from,
    }))
}

/// Only what a department really said serves again; a failure never does.
fn reusable(state: &str) -> bool {
    matches!(
        state,
        "FOUND" | "NO_RECORD" | "OVER_LIMIT" | "WITHIN_LIMIT" | "IDENTITY_MISMATCH"
    )
}
