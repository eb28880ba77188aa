//! The sealed form of parts: a report has hundreds of them, so that a list is one string of bytes with some six bytes each.
//! Leaves what the codes mean to the parent. For `#[serde(with = ...)]`.
//!
//! Per part: source (varint), aspect (byte), amount (zigzag varint), treatment (byte: 0 counted, 1 duplicate, 2 disregarded, 3 declared,
//! 4 uncertain); then the reason (byte) for 1, 2 and 4, then the counted source (varint) for 1. Varints are those of protobuf.

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

use super::{Aspect, Because, Part, Treatment};

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
    serializer.serialize_bytes(&out)
}

/// Reads a list of parts.
///
/// # Errors
/// A list that ends early, or a code that this build does not know.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Part>, D::Error> {
    let bytes = deserializer.deserialize_byte_buf(Bytes)?;
    let mut rest = bytes.as_slice();
    let mut parts = Vec::with_capacity(bytes.len() / USUAL_BYTES);
    while !rest.is_empty() {
        parts.push(take(&mut rest).ok_or_else(|| D::Error::custom("a part that this build cannot read"))?);
    }
    Ok(parts)
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

fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7F {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(rest: &mut &[u8]) -> Option<Part> {
    let source = u32::try_from(varint(rest)?).ok()?;
    let aspect = Aspect::from_code(byte(rest)?)?;
    let zigzag = varint(rest)?;
    let amount = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
    let treatment = match byte(rest)? {
        0 => Treatment::Counted,
        1 => {
            let by = Because::from_code(byte(rest)?)?;
            let of = u32::try_from(varint(rest)?).ok()?;
            Treatment::Duplicate { of, by }
        }
        2 => Treatment::Disregarded {
            rule: Because::from_code(byte(rest)?)?,
        },
        3 => Treatment::Declared,
        4 => Treatment::Uncertain {
            why: Because::from_code(byte(rest)?)?,
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

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    Some(*first)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let next = byte(rest)?;
        let bits = u64::from(next & 0x7F);
        if shift == 63 && bits > 1 {
            return None;
        }
        number |= bits << shift;
        if next & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Bytes, however a format gives them.
struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the bytes of a list of parts")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}
