//! Strings of bytes for serde, and the numbers in them: what sealed lists of parts and origins are made of.
//! Leaves what the numbers mean to `part` and `source`.

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

/// Writes one string of bytes.
pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Reads a list: `take` takes one item off the front, or nothing where the bytes are none.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    take: impl Fn(&mut &[u8]) -> Option<T>,
) -> Result<Vec<T>, D::Error> {
    let bytes = deserializer.deserialize_byte_buf(Bytes)?;
    let mut rest = bytes.as_slice();
    let mut items = Vec::new();
    while !rest.is_empty() {
        items.push(take(&mut rest).ok_or_else(|| D::Error::custom("a sealed list that this build cannot read"))?);
    }
    Ok(items)
}

/// Appends a number as protobuf does.
pub(crate) fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7F {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(crate) fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    Some(*first)
}

pub(crate) fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    u32::try_from(take_varint(rest)?).ok()
}

pub(crate) fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let next = take_byte(rest)?;
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
