//! Where a case stands: its orders read in the order of the log.
//! Leaves giving orders to `holds`, `shred` and `expiry`.

use hedui_evidence::{CaseId, Frame, FrameKind, Leaf, LeafKind, MAX_PAGE};

use super::words::{FROZEN, HOLD_PLACED, HOLD_RELEASED, SHRED_REQUESTED, SHRED_WITHDRAWN, SHREDDED};
use super::{Basis, DAY_MS, Destroyed, Hold, REQUEST_DAYS, RetentionState, ShredRequest, Standing};
use super::{kept_until, retention_key};
use crate::core::Core;
use crate::error::BrokerError;

/// Where a case stands that began with a frame and ended at a time, if it has.
pub(crate) async fn standing(core: &Core, begun: &Frame, ended_ms: Option<i64>) -> Result<Standing, BrokerError> {
    let mut gathered = Gathered::default();
    let key = retention_key(core, begun.case);
    let mut after = None;
    loop {
        let page = core.store.find_page(key, after, MAX_PAGE).await?;
        for position in &page {
            let frame = core.store.read(*position).await?;
            // The index says where to look; what counts is what the leaves are about.
            let leaves = frame.leaves.iter().filter(|leaf| leaf.case == begun.case);
            leaves.for_each(|leaf| gathered.take(leaf));
        }
        after = page.last().copied();
        if page.len() < MAX_PAGE {
            break;
        }
    }
    Ok(gathered.standing(core, begun, ended_ms))
}

/// What the orders come to.
#[derive(Default)]
struct Gathered {
    rechecked_ms: Option<i64>,
    frozen_ms: Option<i64>,
    holds: Vec<Hold>,
    request: Option<ShredRequest>,
    destroyed: Option<Destroyed>,
}

impl Gathered {
    fn take(&mut self, leaf: &Leaf) {
        let (word, rest) = leaf.outcome.split_once(':').unwrap_or((&leaf.outcome, ""));
        match (leaf.kind, word) {
            // A recheck is a reading that begins the periods anew.
            (LeafKind::Access, _) => self.rechecked_ms = self.rechecked_ms.max(Some(leaf.asked_at_ms)),
            (LeafKind::Review, FROZEN) => self.frozen_ms = self.frozen_ms.or(Some(leaf.asked_at_ms)),
            (LeafKind::Review, HOLD_PLACED) => self.holds.push(Hold {
                reference: leaf.purpose.to_string(),
                placed_at_ms: leaf.asked_at_ms,
                actor: leaf.actor.to_string(),
            }),
            (LeafKind::Review, HOLD_RELEASED) => self.holds.retain(|hold| hold.reference != leaf.purpose),
            (LeafKind::Review, SHRED_REQUESTED) => self.request = requested(leaf, rest),
            (LeafKind::Review, SHRED_WITHDRAWN) => self.request = None,
            (LeafKind::Shred, SHREDDED) => self.shredded(leaf, rest),
            _ => {}
        }
    }

    /// One of the leaves of a destruction: a large case has several.
    fn shredded(&mut self, leaf: &Leaf, rest: &str) {
        let records = leaf.rests_on.len() as u64;
        if let Some(destroyed) = &mut self.destroyed {
            destroyed.records += records;
            return;
        }
        let (basis, expiry) = Basis::read(rest).unwrap_or((Basis::PeriodEnded, None));
        self.request = None;
        self.destroyed = Some(Destroyed {
            at_ms: leaf.asked_at_ms,
            legal_reference: leaf.purpose.to_string(),
            basis,
            expiry,
            actor: leaf.actor.to_string(),
            records,
        });
    }

    fn standing(self, core: &Core, begun: &Frame, ended_ms: Option<i64>) -> Standing {
        let now = core.clock.now_ms();
        let periods = core.settings.retention;
        let last_at_ms = ended_ms
            .unwrap_or(begun.time_ms)
            .max(self.rechecked_ms.unwrap_or(i64::MIN));
        let by_age = last_at_ms.saturating_add(i64::from(periods.freeze_after_days).saturating_mul(DAY_MS));
        let frozen_from_ms = self.frozen_ms.map_or(by_age, |by_hand| by_hand.min(by_age));
        let state = if self.destroyed.is_some() {
            RetentionState::Shredded
        } else if now >= frozen_from_ms && !is_running(core, begun.case) {
            RetentionState::Frozen
        } else {
            RetentionState::Active
        };
        Standing {
            state,
            district: begun.district.clone(),
            last_at_ms,
            frozen_from_ms,
            frozen_by_hand: self.frozen_ms.is_some(),
            kept_until: kept_until(last_at_ms, periods.keep_years),
            holds: self.holds,
            request: self.request.filter(|request| now < request.expires_at_ms),
            destroyed: self.destroyed,
        }
    }
}

fn requested(leaf: &Leaf, rest: &str) -> Option<ShredRequest> {
    let (basis, _) = Basis::read(rest)?;
    Some(ShredRequest {
        evidence_id: leaf.evidence_id,
        requested_at_ms: leaf.asked_at_ms,
        expires_at_ms: leaf.asked_at_ms.saturating_add(REQUEST_DAYS * DAY_MS),
        actor: leaf.actor.to_string(),
        legal_reference: leaf.purpose.to_string(),
        basis,
    })
}

/// Whether a verification is under way.
pub(super) fn is_running(core: &Core, case: CaseId) -> bool {
    core.running.get(&case).is_some_and(|run| run.is_running())
}

/// The frame that a case begins with. Errors: [`BrokerError::NotFound`] where it is no case of a household.
async fn beginning(core: &Core, case: CaseId) -> Result<Frame, BrokerError> {
    let first = core.store.case_page(case, None, 1).await?.first().copied();
    let frame = match first {
        Some(position) if case != CaseId::default() => core.store.read(position).await?,
        _ => return Err(BrokerError::NotFound),
    };
    match frame.kind {
        // A refusal for want of authorization holds the request that was refused.
        FrameKind::Asked | FrameKind::Denial => Ok(frame),
        _ => Err(BrokerError::NotFound),
    }
}

/// Where a case stands, from its id alone.
pub(crate) async fn standing_of(core: &Core, case: CaseId) -> Result<(Frame, Standing), BrokerError> {
    let begun = beginning(core, case).await?;
    let ended = match begun.kind {
        FrameKind::Asked => core.frame_of(case, FrameKind::Verdict).await?,
        _ => None,
    };
    let standing = standing(core, &begun, ended.map(|frame| frame.time_ms)).await?;
    Ok((begun, standing))
}
