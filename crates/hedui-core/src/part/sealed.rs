//! The sealed form of parts: a report has hundreds of them, so that a list is one string of bytes with some six bytes each.
//! Leaves what the codes mean to the parent. For `#[serde(with = ...)]`.
//!
//! Per part: source (varint), aspect (byte), amount (zigzag varint), treatment (byte: 0 counted, 1 duplicate, 2 disregarded, 3 declared,
//! 4 uncertain); then the reason (byte) for 1, 2 and 4, then the counted source (varint) for 1. Varints are those of protobuf.

use serde::{Deserializer, Serializer};

use super::{Aspect, Because, Part, Treatment};
use crate::blob::{self, put_varint, take_byte, take_u32, take_varint};

/// Bytes of a usual part.
const USUAL_BYTES: usize = 8;

/// Writes a list of parts.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize<S: Serializer>(parts: &[Part], serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = Vec::with_capacity(parts.len() * USUAL_BYTES);
    for part in parts {
        put(part, &mut out);
    }
    blob::serialize(&out, serializer)
}

/// Reads a list of parts.
///
/// # Errors
/// A list that ends early, or a code that this build does not know.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Part>, D::Error> {
    blob::deserialize(deserializer, take)
}

fn put(part: &Part, out: &mut Vec<u8>) {
    put_varint(u64::from(part.source), out);
    out.push(part.aspect.code());
    put_varint(((part.amount << 1) ^ (part.amount >> 63)).cast_unsigned(), out);
    match part.treatment {
        Treatment::Counted => out.push(0),
        Treatment::Duplicate { of, by } => {
            out.extend([1, by.code()]);
            put_varint(u64::from(of), out);
        }
        Treatment::Disregarded { rule } => out.extend([2, rule.code()]),
        Treatment::Declared => out.push(3),
        Treatment::Uncertain { why } => out.extend([4, why.code()]),
    }
}

fn take(rest: &mut &[u8]) -> Option<Part> {
    let source = take_u32(rest)?;
    let aspect = Aspect::from_code(take_byte(rest)?)?;
    let zigzag = take_varint(rest)?;
    let amount = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
    let treatment = match take_byte(rest)? {
        0 => Treatment::Counted,
        1 => {
            let by = Because::from_code(take_byte(rest)?)?;
            let of = take_u32(rest)?;
            Treatment::Duplicate { of, by }
        }
        2 => Treatment::Disregarded {
            rule: Because::from_code(take_byte(rest)?)?,
        },
        3 => Treatment::Declared,
        4 => Treatment::Uncertain {
            why: Because::from_code(take_byte(rest)?)?,
        },
        _ => return None,
    };
    Some(Part {
        source,
        aspect,
        amount,
        treatment,
    })
}
