//! The sealed form of origins: one string of bytes with some five bytes each. For `#[serde(with = ...)]`.
//! Leaves what they mean to the parent.
//!
//! Per origin: id, subject, then 0 for a declaration, 2^32 - 1 for a paper or the department's position plus 1; then for a record its type
//! (its place in `RecordType::ALL`) and which of that type it is, for a paper which of the household's it is. All varints, as in protobuf.

use serde::{Deserializer, Serializer};

use super::{Origin, RecordAt};
use crate::blob::{self, put_varint, take_u32};
use crate::record::RecordType;

/// Bytes of a usual origin.
const USUAL_BYTES: usize = 6;
/// Marks a paper where a department's position stands: there are never so many departments.
const PAPER: u32 = u32::MAX;

/// Writes a list of origins.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize<S: Serializer>(origins: &[Origin], serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = Vec::with_capacity(origins.len() * USUAL_BYTES);
    for origin in origins {
        put_varint(u64::from(origin.id), &mut out);
        put_varint(u64::from(origin.subject), &mut out);
        match (origin.record, origin.paper) {
            (None, None) => put_varint(0, &mut out),
            (None, Some(nth)) => {
                put_varint(u64::from(PAPER), &mut out);
                put_varint(u64::from(nth), &mut out);
            }
            (Some(at), _) => {
                put_varint(u64::from(at.department) + 1, &mut out);
                put_varint(at.record_type as u64, &mut out);
                put_varint(u64::from(at.nth), &mut out);
            }
        }
    }
    blob::serialize(&out, serializer)
}

/// Reads a list of origins.
///
/// # Errors
/// A list that ends early, or a type of record that this build does not know.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Origin>, D::Error> {
    blob::deserialize(deserializer, take)
}

fn take(rest: &mut &[u8]) -> Option<Origin> {
    let (id, subject) = (take_u32(rest)?, take_u32(rest)?);
    let (record, paper) = match take_u32(rest)? {
        0 => (None, None),
        PAPER => (None, Some(take_u32(rest)?)),
        after => {
            let at = RecordAt {
                department: after - 1,
                record_type: *RecordType::ALL.get(take_u32(rest)? as usize)?,
                nth: take_u32(rest)?,
            };
            (Some(at), None)
        }
    };
    Some(Origin {
        id,
        subject,
        record,
        paper,
    })
}
