//! The bytes around a frame's fields: length, CRC, version, where its wrapped keys begin, and what of a record fits.
//! Left to others: the fields before the sealed records (`frame`), the wrapped keys (`keys`).

use super::keys::{self, KEY_SLOT_BYTES};
use super::{MAX_FRAME_BYTES, MAX_PARTS, Sealed, WRAPPED_KEY_BYTES};
use crate::codec::{CodecError, Reader, within};
use crate::ids::{EvidenceId, KeyId};

/// Bytes before the version and body of a record: length and CRC.
pub(crate) const RECORD_PREFIX: usize = 8;
/// Where the number of wrapped keys stands, counted from the version: behind frame id, kind, case and time, so that it can be
/// read without anything else.
pub(super) const KEY_COUNT_AT: usize = 1 + 16 + 1 + 16 + 8;
/// The frame encoding written by this build. Versions 1 and 2, never released, sealed records or wrapped keys another way.
pub(super) const VERSION: u8 = 4;
/// Still read: its wrapped keys stand among the records, under the CRC, where they cannot be destroyed.
pub(super) const VERSION_KEYS_INSIDE: u8 = 3;

/// Length and CRC-32 (IEEE) of the version and body that follow them. The CRC covers the length too, so that a
/// damaged length never makes another stretch of bytes look like a frame. The keys behind them belong to the length alone.
pub(super) fn record_prefix(covered: &[u8], key_bytes: usize) -> Result<[u8; RECORD_PREFIX], CodecError> {
    let found = covered.len() + key_bytes;
    let length = u32::try_from(found).map_err(|_| CodecError::TooLarge {
        what: "frame",
        found,
        limit: MAX_FRAME_BYTES,
    })?;
    let mut prefix = [0u8; RECORD_PREFIX];
    let (length_at, crc_at) = prefix.split_at_mut(4);
    length_at.copy_from_slice(&length.to_be_bytes());
    crc_at.copy_from_slice(&record_crc(length, covered).to_be_bytes());
    Ok(prefix)
}

fn record_crc(length: u32, covered: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length.to_be_bytes());
    crc.update(covered);
    crc.finalize()
}

/// The length that a record's first bytes announce, the prefix included; `None` when it cannot be a record.
pub(crate) fn record_length(prefix: &[u8; RECORD_PREFIX]) -> Option<usize> {
    let length = Reader::new(prefix).u32("frame length").ok()? as usize;
    let whole = length.checked_add(RECORD_PREFIX)?;
    (length > 0 && whole <= MAX_FRAME_BYTES).then_some(whole)
}

/// How much of a record's end is wrapped keys, told by its first bytes; `None` where they are too few to tell. From version 4
/// on; a later version keeps the number in its place.
pub(crate) fn key_bytes(start: &[u8]) -> Option<usize> {
    let rest = start.get(RECORD_PREFIX..)?;
    if *rest.first()? <= VERSION_KEYS_INSIDE {
        return Some(0);
    }
    let count: &[u8; 2] = rest.get(KEY_COUNT_AT..)?.first_chunk()?;
    Some(usize::from(u16::from_be_bytes(*count)) * KEY_SLOT_BYTES)
}

/// So much of a record tells [`key_bytes`].
pub(crate) const KEY_COUNT_END: usize = RECORD_PREFIX + KEY_COUNT_AT + 2;

/// What of a record fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    /// All of it.
    Yes,
    /// All but a wrapped key, which is neither a key nor destroyed: damaged, or half destroyed when power went.
    ButKeys,
    /// Length or CRC do not fit.
    No,
}

/// Whether length, CRC and wrapped keys fit, whatever version the record has.
pub(crate) fn record_is_whole(record: &[u8]) -> Whole {
    match envelope(record) {
        Ok((_, keys)) if keys::are_whole(keys) => Whole::Yes,
        Ok(_) => Whole::ButKeys,
        Err(_) => Whole::No,
    }
}

/// Whether a record that fits otherwise has a wrapped key that is neither whole nor destroyed.
pub(crate) fn has_half_keys(record: &[u8]) -> bool {
    let keys = key_bytes(record).and_then(|keys| record.len().checked_sub(keys));
    let keys = keys.and_then(|start| record.get(start..)).unwrap_or_default();
    !keys::are_whole(keys)
}

/// Whether a record that fits has a wrapped key that is destroyed.
pub(crate) fn some_key_is_zero(record: &[u8]) -> bool {
    let keys = key_bytes(record).and_then(|keys| record.len().checked_sub(keys));
    let keys = keys.and_then(|start| record.get(start..)).unwrap_or_default();
    keys::some_is_destroyed(keys)
}

/// The fields of a record that was checked, and its wrapped keys where they do not stand among the fields.
pub(super) struct Body<'a> {
    pub(super) fields: Reader<'a>,
    pub(super) keys: Option<&'a [u8]>,
}

impl Body<'_> {
    /// The sealed records: what stands behind the leaves.
    pub(super) fn sealed(&mut self) -> Result<Vec<Sealed>, CodecError> {
        let Some(keys) = self.keys else {
            let count = self.fields.count("frame sealed", MAX_PARTS)?;
            return (0..count).map(|_| self.sealed_record(None)).collect();
        };
        let (slots, _) = keys.as_chunks::<KEY_SLOT_BYTES>();
        within("frame sealed", slots.len(), MAX_PARTS)?;
        slots
            .iter()
            .map(|slot| self.sealed_record(slot.first_chunk()))
            .collect()
    }

    fn sealed_record(&mut self, key: Option<&[u8; WRAPPED_KEY_BYTES]>) -> Result<Sealed, CodecError> {
        let from = &mut self.fields;
        let evidence_id = EvidenceId(from.array("sealed evidence_id")?);
        let period_key = KeyId(from.array("sealed period_key")?);
        let wrapped_key = match key {
            Some(key) => *key,
            None => from.array("sealed wrapped_key")?,
        };
        let length = from.u32("ciphertext")? as usize;
        let ciphertext = from.take("ciphertext", length)?.to_vec();
        Ok(Sealed {
            evidence_id,
            period_key,
            wrapped_key,
            ciphertext,
        })
    }
}

/// Checks length and CRC, and gives what the CRC covers, the version first, and the wrapped keys behind it.
pub(super) fn envelope(record: &[u8]) -> Result<(&[u8], &[u8]), CodecError> {
    let Parts {
        length,
        crc,
        covered,
        keys,
    } = parts(record)?;
    if record_crc(length, covered) == crc {
        Ok((covered, keys))
    } else {
        Err(CodecError::Crc)
    }
}

/// The body of a record that was found whole before: nothing is reckoned again.
pub(super) fn body_of_whole(record: &[u8]) -> Result<Body<'_>, CodecError> {
    let Parts { covered, keys, .. } = parts(record)?;
    open_body(covered, keys)
}

/// A record taken apart.
struct Parts<'a> {
    length: u32,
    crc: u32,
    covered: &'a [u8],
    keys: &'a [u8],
}

fn parts(record: &[u8]) -> Result<Parts<'_>, CodecError> {
    within("frame", record.len(), MAX_FRAME_BYTES)?;
    let mut from = Reader::new(record);
    let length = from.u32("frame length")?;
    let crc = from.u32("frame CRC")?;
    let rest = from.take("frame body", length as usize)?;
    from.finish()?;
    let covered = key_bytes(record).and_then(|keys| rest.len().checked_sub(keys));
    let (covered, keys) = rest
        .split_at_checked(covered.unwrap_or(rest.len()))
        .ok_or(CodecError::Short("frame keys"))?;
    Ok(Parts {
        length,
        crc,
        covered,
        keys,
    })
}

/// Checks length, CRC, wrapped keys and version and leaves the reader at the body.
pub(super) fn open_record(record: &[u8]) -> Result<Body<'_>, CodecError> {
    let (covered, keys) = envelope(record)?;
    let body = open_body(covered, keys)?;
    if keys::are_whole(keys) {
        Ok(body)
    } else {
        Err(CodecError::WrappedKey)
    }
}

pub(super) fn open_body<'a>(covered: &'a [u8], keys: &'a [u8]) -> Result<Body<'a>, CodecError> {
    let mut fields = Reader::new(covered);
    let keys = match fields.u8("frame version")? {
        VERSION => Some(keys),
        VERSION_KEYS_INSIDE => None,
        found => {
            let what = "frame";
            return Err(CodecError::Version { what, found });
        }
    };
    Ok(Body { fields, keys })
}
