//! Kept answers: an answer of an earlier verification serves again within its freshness, the same question and a live authorization.
//! Leaves keeping them to `evidence`: the evidence is the cache, the index only says where the newest stands.

use bytes::Bytes;
use hedui_adapter::port::Reply;
use hedui_adapter::wire::check_signature;
use hedui_core::plan::{Intent, PlannedDepartment};
use hedui_core::report::DepartmentLine;
use hedui_core::{DepartmentId, DepartmentProfile, Unreachable};
use hedui_evidence::{Frame, IndexKey, Leaf, LeafKind, Subject};
use prost::Message;

use crate::case::report_in;
use crate::core::{Core, InForce};
use crate::error::BrokerError;
use crate::request::{Prepared, Recheck, Reuse};
use crate::retention::{self, RetentionState};
use crate::run::Run;
use crate::tasks::answers_of;

/// An answer kept from an earlier verification.
pub(crate) struct Kept {
    /// What it said, or, in a recheck, why it did not; `None` where a recheck leaves out who was not waited for.
    pub reply: Option<Reply>,
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

/// What identifies a question beside the department: purpose, members, period, types of record. Two households with the same key ask
/// the same, as far as their letters allow it.
pub(crate) fn question_key(core: &Core, prepared: &Prepared, in_force: &InForce) -> IndexKey {
    let (as_of, period_from) = (
        prepared.stored.as_of.to_string(),
        prepared.scope.period_from().to_string(),
    );
    let mut parts: Vec<&[u8]> = Vec::with_capacity(prepared.plan.departments.len() + 64);
    parts.extend([
        prepared.stored.request.district_code.as_bytes(),
        as_of.as_bytes(),
        period_from.as_bytes(),
    ]);
    parts.extend(prepared.programmes.iter().map(|p| p.as_str().as_bytes()));
    parts.extend(prepared.plan.record_types.iter().map(|t| t.word().as_bytes()));
    for member in &prepared.household.members {
        parts.push(member.id.expose().as_bytes());
        parts.push(member.name.as_bytes());
    }
    // A department that holds more than it did has not been asked for that.
    let asked = prepared.plan.departments.iter().filter(|d| d.is_asked());
    parts.extend(
        asked
            .filter_map(|planned| in_force.asked_for.get(planned.index))
            .map(<[u8; 16]>::as_slice),
    );
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
pub(crate) async fn kept(core: &Core, run: &Run) -> Result<Vec<Option<Kept>>, BrokerError> {
    let (prepared, registry) = (&run.prepared, &run.in_force.registry);
    let request = &prepared.stored.request;
    if let Some(recheck) = &request.recheck {
        return rechecked(core, run, recheck).await;
    }
    if request.reuse == Reuse::Never {
        return Ok(Vec::new());
    }
    let Some(position) = core.store.newest(run.question).await? else {
        return Ok(Vec::new());
    };
    let frame = core.store.read(position).await?;
    let now = core.clock.now_ms();
    let planned = registry.profiles().iter().zip(&prepared.plan.departments);
    let found: Vec<Option<Kept>> = planned
        .map(|(profile, planned)| fresh(core, &frame, profile, planned, now))
        .collect();
    if found.iter().any(Option::is_some) {
        // Of a case that is frozen nothing is used but to store it.
        let standing = retention::standing(core, &frame, Some(frame.time_ms)).await?;
        if standing.state != RetentionState::Active {
            return Ok(Vec::new());
        }
    }
    Ok(found)
}

/// A department's kept answer, if it is fresh and about every member.
fn fresh(
    core: &Core,
    frame: &Frame,
    profile: &DepartmentProfile,
    planned: &PlannedDepartment,
    now: i64,
) -> Option<Kept> {
    // It must be about every member now asked about: the letters may have become wider since.
    if profile.freshness_ms == 0 || !planned.intents.iter().all(|i| *i == Intent::Ask) {
        return None;
    }
    let leaf = answer_leaf(frame, &profile.id)?;
    // A time before the answer was given is not an age.
    let age = u64::try_from(now.saturating_sub(leaf.answered_at_ms)).unwrap_or(u64::MAX);
    if age > profile.freshness_ms || !leaf.outcome.split(',').all(reusable) {
        return None;
    }
    // What cannot be opened any more, as its key was destroyed, serves nobody: the department is asked.
    let bytes = open(core, frame, leaf).ok()??;
    // Signed under a key that is no longer pinned, it serves nobody either.
    check_signature(&bytes, &profile.id, &profile.signing_keys).ok()?;
    Some(Kept {
        from: question_of(&bytes)?,
        reply: Some(Reply::Wire(bytes)),
        asked_at_ms: leaf.asked_at_ms,
        answered_at_ms: leaf.answered_at_ms,
    })
}

/// What a recheck rests on: for every department but those named what it said, or did not, the first time. Nobody else is asked.
async fn rechecked(core: &Core, run: &Run, recheck: &Recheck) -> Result<Vec<Option<Kept>>, BrokerError> {
    let frame = core.verdict_frame(&recheck.of).await?;
    let kept = report_in(core, &frame)?.ok_or(BrokerError::NotFound)?;
    let old = kept.open()?;
    let (prepared, registry) = (&run.prepared, &run.in_force.registry);
    let mut answered = answers_of(core, &recheck.answered).await?;
    let mut found = Vec::with_capacity(registry.profiles().len());
    for (profile, planned) in registry.profiles().iter().zip(&prepared.plan.departments) {
        let kept = if recheck.departments.contains(&profile.id) || !planned.is_asked() {
            None
        } else {
            let line = old.departments.iter().find(|l| l.department == profile.id);
            let since = answered.iter().position(|(id, _)| *id == profile.id);
            if let Some(at) = since.filter(|_| line.is_some_and(|line| !wider(planned, line))) {
                found.push(Some(answered.swap_remove(at).1));
                continue;
            }
            Some(said_then(core, &frame, recheck, profile, (planned, line))?)
        };
        found.push(kept);
    }
    Ok(found)
}

/// What a department said in the verification that is rechecked.
fn said_then(
    core: &Core,
    frame: &Frame,
    recheck: &Recheck,
    profile: &DepartmentProfile,
    (planned, line): (&PlannedDepartment, Option<&DepartmentLine>),
) -> Result<Kept, BrokerError> {
    let mut kept = Kept {
        reply: None,
        asked_at_ms: line.map_or(0, |l| l.asked_at_ms),
        answered_at_ms: line.map_or(0, |l| l.answered_at_ms),
        from: recheck.of.clone(),
    };
    let (Some(line), Some(leaf)) = (line, answer_leaf(frame, &profile.id)) else {
        return Ok(kept);
    };
    if wider(planned, line) {
        return Ok(kept);
    }
    match open(core, frame, leaf)? {
        Some(bytes) => {
            if let Some(from) = question_of(&bytes) {
                kept.from = from;
            }
            kept.reply = Some(Reply::Wire(bytes));
        }
        None => {
            let failed = line
                .subjects
                .iter()
                .find_map(|s| Some((cause(&s.state)?, s.failure.clone()?)));
            kept.reply = failed.map(|(cause, failure)| Reply::Failed(cause, failure));
        }
    }
    Ok(kept)
}

/// Whether a department was asked about a member whom the letters do not allow it to be asked about now.
fn wider(planned: &PlannedDepartment, line: &DepartmentLine) -> bool {
    planned.intents.iter().zip(0u32..).any(|(intent, ordinal)| {
        let was = line.subjects.iter().find(|s| s.ordinal == ordinal);
        *intent == Intent::NotAuthorized && was.is_none_or(|s| s.state != "NOT_AUTHORIZED")
    })
}

/// The cause in the code of a state.
fn cause(state: &str) -> Option<Unreachable> {
    Some(match state {
        "UNREACHABLE:timeout" => Unreachable::Timeout,
        "UNREACHABLE:refused" => Unreachable::Refused,
        "UNREACHABLE:failed" => Unreachable::Failed,
        "UNREACHABLE:breaker" => Unreachable::Breaker,
        "UNREACHABLE:cancelled" => Unreachable::Cancelled,
        _ => return None,
    })
}

/// The leaf of a department's answer.
pub(crate) fn answer_leaf<'a>(frame: &'a Frame, department: &DepartmentId) -> Option<&'a Leaf> {
    let mut leaves = frame.leaves.iter();
    leaves.find(|l| l.kind == LeafKind::Answer && l.department == department.as_str())
}

/// Opens the bytes of a department's answer, if it gave any.
pub(crate) fn open(core: &Core, frame: &Frame, leaf: &Leaf) -> Result<Option<Bytes>, BrokerError> {
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
    Ok(Some(Bytes::copy_from_slice(opened.plaintext())))
}

/// Only what a department really said serves again; a failure never does.
fn reusable(state: &str) -> bool {
    matches!(
        state,
        "FOUND" | "NO_RECORD" | "OVER_LIMIT" | "WITHIN_LIMIT" | "IDENTITY_MISMATCH"
    )
}
