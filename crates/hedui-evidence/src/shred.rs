//! Which records a shred frame names, and whether it can be carried out: the same questions for every store.
//! Left to others: overwriting the keys (`memory`, `segment::shred`), who may ask for it and why (the caller).

use std::collections::BTreeSet;

use crate::error::{ShredRefusal, StoreError};
use crate::frame::{Frame, FrameKind, KeySlots, Record};
use crate::ids::EvidenceId;
use crate::leaf::{Leaf, LeafKind};

/// Refuses a shred frame that comes to `append`.
pub(crate) fn check_appendable(record: &Record) -> Result<(), StoreError> {
    if record.kind() == FrameKind::Shred {
        return Err(StoreError::ShredRefused(ShredRefusal::NotAppended));
    }
    Ok(())
}

/// Which records a shred frame names, and which of them no frame was seen to hold yet.
#[derive(Debug)]
pub(crate) struct ShredTargets {
    missing: BTreeSet<EvidenceId>,
}

impl ShredTargets {
    /// What can be said of the frame by itself. Errors: `ShredRefused`.
    pub(crate) fn of(frame: &Frame) -> Result<Self, StoreError> {
        if frame.kind != FrameKind::Shred {
            return Err(StoreError::ShredRefused(ShredRefusal::NotShred));
        }
        let fits = |leaf: &Leaf| leaf.kind == LeafKind::Shred && leaf.case == frame.case;
        if let Some(foreign) = frame.leaves.iter().find(|leaf| !fits(leaf)) {
            return Err(StoreError::ShredRefused(ShredRefusal::ForeignLeaf(foreign.evidence_id)));
        }
        let missing = frame.named_for_shredding();
        if missing.is_empty() {
            return Err(StoreError::ShredRefused(ShredRefusal::NamesNothing));
        }
        Ok(Self { missing })
    }

    /// Looks at a frame of the case. Errors: `ShredRefused` when it holds a named record that cannot be destroyed.
    pub(crate) fn meet(&mut self, kind: FrameKind, slots: &KeySlots) -> Result<(), StoreError> {
        let mut meet = |id: EvidenceId, refusal: Option<ShredRefusal>| match refusal {
            _ if !self.missing.remove(&id) => Ok(()),
            Some(refusal) => Err(StoreError::ShredRefused(refusal)),
            None => Ok(()),
        };
        match slots {
            KeySlots::AtTheEnd(slots) => slots.iter().try_for_each(|slot| {
                let id = slot.evidence_id;
                meet(id, (kind == FrameKind::Key).then_some(ShredRefusal::HoldsKey(id)))
            }),
            KeySlots::Inside(ids) => ids
                .iter()
                .try_for_each(|id| meet(*id, Some(ShredRefusal::OldFrame(*id)))),
        }
    }

    /// After all frames of the case. Errors: `ShredRefused` when a named record stands in none.
    pub(crate) fn check_all_met(&self) -> Result<(), StoreError> {
        match self.missing.first() {
            Some(id) => Err(StoreError::ShredRefused(ShredRefusal::NotHeld(*id))),
            None => Ok(()),
        }
    }
}
