//! Whether the keys that are gone are those that shred frames name: zeros alone prove no destruction, and a copy brings keys back.
//! Left to others: destroying keys (`memory`, `segment::shred`), the same questions for files in the background (`segment::key_check`).

use std::collections::BTreeSet;

use crate::error::StoreError;
use crate::frame::{Frame, FrameKind, KeySlots, KeyState, key_slots, some_key_is_zero};
use crate::ids::{EvidenceId, FrameId};
use crate::store::{Entry, EvidenceStore, MAX_PAGE, Position, corrupt};

impl Entry {
    /// The records whose keys are zeros.
    pub(crate) fn destroyed(&self) -> Result<BTreeSet<EvidenceId>, StoreError> {
        // Most frames have none: looked at first, as it needs no fields.
        if !some_key_is_zero(self.record()) {
            return Ok(BTreeSet::new());
        }
        let (_, slots) = key_slots(self.record()).map_err(|error| corrupt(self.position, &error))?;
        let KeySlots::AtTheEnd(slots) = slots else {
            return Ok(BTreeSet::new());
        };
        let gone = slots.iter().filter(|slot| slot.state == KeyState::Destroyed);
        Ok(gone.map(|slot| slot.evidence_id).collect())
    }
}

/// A frame at a place, as errors name it.
pub(crate) fn gone(at: Position, frame: FrameId, record: EvidenceId) -> StoreError {
    let Position { segment, offset } = at;
    StoreError::KeyGone {
        segment,
        offset,
        frame,
        record,
    }
}

pub(crate) fn back(at: Position, frame: FrameId, record: EvidenceId) -> StoreError {
    let Position { segment, offset } = at;
    StoreError::KeyBack {
        segment,
        offset,
        frame,
        record,
    }
}

/// Checks the keys of one frame: each that is zeros is named by a later shred frame of its case, and of what a shred frame names no
/// key is left. Frames that cannot be read are passed over: reading the log comes by them.
///
/// Errors: [`StoreError::KeyGone`], [`StoreError::KeyBack`]; the store's.
pub async fn verify_keys<S: EvidenceStore + ?Sized>(store: &S, entry: &Entry) -> Result<(), StoreError> {
    let mut unnamed = entry.destroyed()?;
    // The store's own keys are never destroyed.
    if entry.head.kind != FrameKind::Key && !unnamed.is_empty() {
        let mut take = |_: Position, frame: &Frame| {
            if frame.kind == FrameKind::Shred {
                let named = frame.named_for_shredding();
                unnamed.retain(|record| !named.contains(record));
            }
            Ok(!unnamed.is_empty())
        };
        each_of_case(store, entry, Some(entry.position), &mut take).await?;
    }
    if let Some(record) = unnamed.first() {
        return Err(gone(entry.position, entry.head.id, *record));
    }
    // One that is not carried out yet leaves keys, which is as it should be.
    let carried_out = entry.head.kind == FrameKind::Shred
        && store
            .shredded_before()
            .await?
            .is_none_or(|before| entry.position < before);
    if !carried_out {
        return Ok(());
    }
    let named = entry.frame()?.named_for_shredding();
    let mut take = |at: Position, frame: &Frame| {
        if at >= entry.position {
            return Ok(false);
        }
        let mut left = frame.sealed.iter().filter(|sealed| !sealed.is_shredded());
        match left.find(|sealed| named.contains(&sealed.evidence_id)) {
            Some(sealed) if frame.kind != FrameKind::Key => Err(back(at, frame.id, sealed.evidence_id)),
            _ => Ok(true),
        }
    };
    each_of_case(store, entry, None, &mut take).await
}

/// Hands out the frames of an entry's case behind a place, for as long as `take` wants more.
async fn each_of_case<S: EvidenceStore + ?Sized>(
    store: &S,
    entry: &Entry,
    mut after: Option<Position>,
    take: &mut (dyn FnMut(Position, &Frame) -> Result<bool, StoreError> + Send),
) -> Result<(), StoreError> {
    loop {
        let page = store.case_page(entry.head.case, after, MAX_PAGE).await?;
        for position in &page {
            match store.read(*position).await {
                Ok(frame) if !take(*position, &frame)? => return Ok(()),
                Ok(_) | Err(StoreError::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        after = page.last().copied();
        if page.len() < MAX_PAGE {
            return Ok(());
        }
    }
}
