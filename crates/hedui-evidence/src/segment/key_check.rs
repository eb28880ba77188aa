//! The questions of `destroyed` while files are read in the background: keys that are gone unnamed, and keys that came back.
//! Left to others: reading the files (`walk`), whom it is told (`scrub`, `drill`).

use super::lookup::Lookup;
use super::reader::LogReader;
use super::walk::Damage;
use crate::destroyed::{back, gone};
use crate::error::StoreError;
use crate::frame::{FrameKind, KeySlots, KeyState, key_slots};
use crate::index::LookupKey;
use crate::store::{Entry, MAX_PAGE, Position};

/// What is wrong with the keys of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Zeros that no shred frame of the case names.
    Gone,
    /// Named by a shred frame that was carried out, and there.
    Back,
}

/// Looks at the keys of frames of one log.
pub(super) struct KeyCheck<'a> {
    pub(super) lookup: &'a Lookup,
    pub(super) reader: LogReader,
    /// Shred frames from here on may not be carried out yet.
    pub(super) shredded_before: Position,
}

impl KeyCheck<'_> {
    /// What does not fit of a frame that was come by: at most one finding for each frame concerned. Frames of the case that
    /// cannot be read are passed over: the walk comes by them. Errors: the index's and the disk's, when nothing can be said.
    pub(super) fn look(&self, entry: &Entry) -> Result<Vec<(Fault, Damage)>, StoreError> {
        let mut found = Vec::new();
        let mut unnamed = entry.destroyed()?;
        if entry.head.kind != FrameKind::Key && !unnamed.is_empty() {
            self.each_of_case(entry, Some(entry.position), &mut |at, kind, _| {
                if kind == FrameKind::Shred
                    && let Ok(frame) = self.reader.read(at)
                {
                    let named = frame.named_for_shredding();
                    unnamed.retain(|record| !named.contains(record));
                }
                !unnamed.is_empty()
            })?;
        }
        if let Some(record) = unnamed.first() {
            let error = gone(entry.position, entry.head.id, *record);
            found.push((Fault::Gone, damage(entry.position, &error)));
        }
        if entry.head.kind == FrameKind::Shred && entry.position < self.shredded_before {
            self.look_for_named(entry, &mut found)?;
        }
        Ok(found)
    }

    /// What is left of what a shred frame names.
    fn look_for_named(&self, entry: &Entry, found: &mut Vec<(Fault, Damage)>) -> Result<(), StoreError> {
        let named = entry.frame()?.named_for_shredding();
        self.each_of_case(entry, None, &mut |at, kind, slots| {
            if at >= entry.position {
                return false;
            }
            let KeySlots::AtTheEnd(slots) = slots else { return true };
            let mut left = slots.iter().filter(|slot| slot.state == KeyState::Present);
            if kind != FrameKind::Key
                && let Some(slot) = left.find(|slot| named.contains(&slot.evidence_id))
                && let Ok(frame) = self.reader.read(at)
            {
                let error = back(at, frame.id, slot.evidence_id);
                found.push((Fault::Back, damage(at, &error)));
            }
            true
        })
    }

    /// Hands out kind and keys of the frames of an entry's case behind a place, for as long as `take` wants more.
    fn each_of_case(
        &self,
        entry: &Entry,
        mut after: Option<Position>,
        take: &mut dyn FnMut(Position, FrameKind, &KeySlots) -> bool,
    ) -> Result<(), StoreError> {
        loop {
            let page = self.lookup.page(LookupKey::Case(entry.head.case), after, MAX_PAGE)?;
            for position in page.iter().copied() {
                let record = match self.reader.record(position) {
                    Ok(record) => record,
                    Err(StoreError::Corrupt { .. } | StoreError::NotFound { .. }) => continue,
                    Err(error) => return Err(error),
                };
                let Ok((kind, slots)) = key_slots(&record) else {
                    continue;
                };
                if !take(position, kind, &slots) {
                    return Ok(());
                }
            }
            after = page.last().copied();
            if page.len() < MAX_PAGE {
                return Ok(());
            }
        }
    }
}

fn damage(at: Position, error: &StoreError) -> Damage {
    let (frame, reason) = match error {
        StoreError::KeyGone { frame, .. } | StoreError::KeyBack { frame, .. } => (Some(*frame), error.to_string()),
        other => (None, other.to_string()),
    };
    Damage { at, frame, reason }
}

#[cfg(test)]
mod tests;
