//! The wrapped keys at a frame's end: outside the CRC, so that one can be destroyed in place, each with a check of its own.
//! Left to others: what a wrapped key opens (`sealer`), when one is destroyed (`segment::shred`, `memory`).

use super::envelope::{Body, envelope, open_body};
use super::{FrameHead, FrameKind, MAX_PARTS, WRAPPED_KEY_BYTES};
use crate::codec::CodecError;
use crate::ids::EvidenceId;
use crate::leaf::MAX_LEAF_BYTES;

/// A wrapped key and the CRC-32 of its number in the frame and itself. Destroyed: all zeros, which no key and CRC are.
pub(crate) const KEY_SLOT_BYTES: usize = WRAPPED_KEY_BYTES + 4;
const DESTROYED: [u8; KEY_SLOT_BYTES] = [0; KEY_SLOT_BYTES];

/// What stands in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyState {
    Present,
    Destroyed,
    /// Damaged, or half destroyed when power went.
    Neither,
}

/// The wrapped key of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeySlot {
    pub(crate) evidence_id: EvidenceId,
    /// Where it begins, in bytes from the record's beginning.
    pub(crate) at: usize,
    pub(crate) state: KeyState,
}

/// The wrapped keys of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySlots {
    /// At its end, where they can be destroyed.
    AtTheEnd(Vec<KeySlot>),
    /// Among the records, under the CRC, of these records.
    Inside(Vec<EvidenceId>),
}

/// The check of a key: its number as well, so that two keys which changed places are noticed.
fn check(number: u16, key: &[u8]) -> [u8; 4] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&number.to_be_bytes());
    crc.update(key);
    crc.finalize().to_be_bytes()
}

/// Writes the slot of a record; a key that was destroyed keeps its zeros.
pub(super) fn put(number: u16, key: &[u8; WRAPPED_KEY_BYTES], out: &mut Vec<u8>) {
    if *key == [0; WRAPPED_KEY_BYTES] {
        out.extend_from_slice(&DESTROYED);
        return;
    }
    out.extend_from_slice(key);
    out.extend_from_slice(&check(number, key));
}

fn state(number: u16, slot: &[u8; KEY_SLOT_BYTES]) -> KeyState {
    if *slot == DESTROYED {
        return KeyState::Destroyed;
    }
    let (key, crc) = slot.split_at(WRAPPED_KEY_BYTES);
    // No key is all zeros: then its check is what was not overwritten yet.
    let is_key = crc == check(number, key) && key.iter().any(|byte| *byte != 0);
    if is_key { KeyState::Present } else { KeyState::Neither }
}

/// Whether each is a key or destroyed.
pub(super) fn are_whole(keys: &[u8]) -> bool {
    let (slots, rest) = keys.as_chunks::<KEY_SLOT_BYTES>();
    rest.is_empty()
        && slots
            .iter()
            .zip(0..)
            .all(|(slot, number)| state(number, slot) != KeyState::Neither)
}

/// Whether one is destroyed.
pub(super) fn some_is_destroyed(keys: &[u8]) -> bool {
    keys.as_chunks::<KEY_SLOT_BYTES>().0.contains(&DESTROYED)
}

/// The kind of a frame, and the slots of its record, in whatever state: length and CRC are checked, the keys are not.
pub(crate) fn key_slots(record: &[u8]) -> Result<(FrameKind, KeySlots), CodecError> {
    let (covered, keys) = envelope(record)?;
    let mut body = open_body(covered, keys)?;
    let kind = FrameHead::read(&mut body)?.kind;
    let ids = record_ids(&mut body)?;
    if body.keys.is_none() {
        return Ok((kind, KeySlots::Inside(ids)));
    }
    let first = record.len().saturating_sub(keys.len());
    let (slots, _) = keys.as_chunks::<KEY_SLOT_BYTES>();
    let slots = slots
        .iter()
        .zip(0..)
        .zip(ids)
        .map(|((slot, number), evidence_id)| KeySlot {
            evidence_id,
            at: first + usize::from(number) * KEY_SLOT_BYTES,
            state: state(number, slot),
        });
    Ok((kind, KeySlots::AtTheEnd(slots.collect())))
}

/// The sealed records' ids, in order: passes over the leaves undecoded.
fn record_ids(body: &mut Body<'_>) -> Result<Vec<EvidenceId>, CodecError> {
    let leaves = body.fields.count("frame leaves", MAX_PARTS)?;
    for _ in 0..leaves {
        let length = body.fields.count("frame leaf", MAX_LEAF_BYTES)?;
        body.fields.take("frame leaf", length)?;
    }
    let sealed = body.sealed()?;
    Ok(sealed.into_iter().map(|sealed| sealed.evidence_id).collect())
}
