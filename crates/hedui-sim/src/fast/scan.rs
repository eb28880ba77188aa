//! The few fields of a question that an answer has to echo, found without decoding it.
//! Leaves every other field unread: the meaning of a question does not matter to a load generator.

use bytes::{BufMut as _, Bytes, BytesMut};

/// A field of a message: varints and byte strings; fixed-width numbers are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Number(u64),
    Slice(&'a [u8]),
    Fixed,
}

/// The bytes are no message of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Walks the fields of a message.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            if shift < 64 {
                value |= u64::from(byte & 0x7F) << shift;
            }
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn slice(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next field and its number; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(self.varint()?),
            1 => self.slice(8).map(|_| Field::Fixed)?,
            2 => {
                let length = self.varint()?;
                Field::Slice(self.slice(length)?)
            }
            5 => self.slice(4).map(|_| Field::Fixed)?,
            _ => return Err(Malformed),
        };
        Ok(Some((tag >> 3, field)))
    }
}

/// One question of a frame.
pub(super) struct Question {
    pub(super) id: u64,
    /// A serialized `QueryRequest`, a slice of the frame.
    pub(super) query: Bytes,
}

/// The questions of a `QueryStreamRequest`, and the ids whose answers are no longer wanted.
pub(super) fn frame(
    frame: &Bytes,
    mut question: impl FnMut(Question),
    mut cancelled: impl FnMut(u64),
) -> Result<(), Malformed> {
    let mut fields = Fields(frame);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Slice(bytes)) => {
                let (mut id, mut query) = (0, &b""[..]);
                let mut inner = Fields(bytes);
                while let Some(field) = inner.next()? {
                    match field {
                        (1, Field::Number(value)) => id = value,
                        (3, Field::Slice(bytes)) => query = bytes,
                        _ => {}
                    }
                }
                let query = if query.is_empty() {
                    Bytes::new()
                } else {
                    frame.slice_ref(query)
                };
                question(Question { id, query });
            }
            (2, Field::Number(id)) => cancelled(id),
            (2, Field::Slice(packed)) => {
                let mut packed = Fields(packed);
                while !packed.0.is_empty() {
                    cancelled(packed.varint()?);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Bytes that a number takes as varint.
pub(super) fn varint_len(value: u64) -> usize {
    // Seven bits a byte; `| 1` because zero takes one byte too. At most ten.
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends a varint.
pub(super) fn put_varint(out: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Appends tag (numbers below 16 only), length and bytes.
pub(super) fn put_slice(out: &mut BytesMut, number: u8, bytes: &[u8]) {
    put_head(out, number, bytes.len());
    out.put_slice(bytes);
}

/// Appends tag and length of something that follows.
pub(super) fn put_head(out: &mut BytesMut, number: u8, length: usize) {
    out.put_u8(number << 3 | 2);
    put_varint(out, length as u64);
}

/// Bytes that tag, length and so many bytes take.
pub(super) fn slice_len(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}
