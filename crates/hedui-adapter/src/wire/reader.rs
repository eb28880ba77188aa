//! Walking a protobuf message in place: tags, varints, lengths. Nothing is copied.
//! Leaves the meaning of fields to the messages.

use crate::reason::Reason;

/// Why bytes are not what they should be. The reason's text is all there is to say: values may be personal.
pub(crate) type Fault = Reason;

/// One field's value as it stands on the wire.
#[derive(Clone, Copy)]
pub(crate) enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Eight or four bytes: this protocol has no such field.
    Fixed,
}

/// A message, or what is left of it.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// The next field, if any. Unknown ones are the caller's to pass over.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Result<Option<(u32, Wire<'a>)>, Fault> {
        // Nearly every field of this protocol: a tag of one byte, then a number of one or two, or a length of one.
        match *self.rest {
            [tag @ 0x08..=0x7F, value @ 0..=0x7F, ref rest @ ..] => match tag & 7 {
                0 => {
                    self.rest = rest;
                    return Ok(Some((u32::from(tag >> 3), Wire::Varint(u64::from(value)))));
                }
                2 => {
                    if let Some((taken, rest)) = rest.split_at_checked(usize::from(value)) {
                        self.rest = rest;
                        return Ok(Some((u32::from(tag >> 3), Wire::Bytes(taken))));
                    }
                }
                _ => {}
            },
            [tag @ 0x08..=0x7F, low, high @ 0..=0x7F, ref rest @ ..] if tag & 7 == 0 => {
                self.rest = rest;
                let value = u64::from(low & 0x7F) | u64::from(high) << 7;
                return Ok(Some((u32::from(tag >> 3), Wire::Varint(value))));
            }
            [] => return Ok(None),
            _ => {}
        }
        self.any()
    }

    /// A field of any form.
    #[inline(never)]
    fn any(&mut self) -> Result<Option<(u32, Wire<'a>)>, Fault> {
        let tag = u32::try_from(self.varint()?).map_err(|_| Fault::MalformedAnswer)?;
        let value = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Fault::MalformedAnswer)?;
                Wire::Bytes(self.take(length)?)
            }
            1 => self.take(8).map(|_| Wire::Fixed)?,
            5 => self.take(4).map(|_| Wire::Fixed)?,
            _ => return Err(Fault::MalformedAnswer),
        };
        match tag >> 3 {
            0 => Err(Fault::MalformedAnswer),
            number => Ok(Some((number, value))),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Fault::MalformedAnswer)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Fault> {
        if let Some(word) = self.rest.first_chunk::<8>() {
            let word = u64::from_le_bytes(*word);
            // Where the first byte without a successor ends.
            let end = (!word & 0x8080_8080_8080_8080).trailing_zeros() + 1;
            if let Some(over) = 64u32.checked_sub(end) {
                // Seven bits of each byte, brought together in pairs, pairs of pairs, and halves.
                let bits = word << over >> over & 0x7F7F_7F7F_7F7F_7F7F;
                let bits = bits & 0x007F_007F_007F_007F | (bits & 0x7F00_7F00_7F00_7F00) >> 1;
                let bits = bits & 0x0000_3FFF_0000_3FFF | (bits & 0x3FFF_0000_3FFF_0000) >> 2;
                let bits = bits & 0x0000_0000_0FFF_FFFF | (bits & 0x0FFF_FFFF_0000_0000) >> 4;
                self.rest = self.rest.get(end as usize / 8..).unwrap_or_default();
                return Ok(bits);
            }
        }
        self.long_varint()
    }

    /// One of nine or ten bytes, or near the end.
    fn long_varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0u64;
        for (at, byte) in self.rest.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7F);
            if at == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * at);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(at + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(Fault::MalformedAnswer)
    }
}

impl<'a> Wire<'a> {
    #[inline]
    pub(crate) fn bytes(self) -> Result<&'a [u8], Fault> {
        match self {
            Wire::Bytes(bytes) => Ok(bytes),
            _ => Err(Fault::MalformedAnswer),
        }
    }

    #[inline]
    pub(crate) fn text(self) -> Result<&'a str, Fault> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Fault::MalformedAnswer)
    }

    #[inline]
    pub(crate) fn varint(self) -> Result<u64, Fault> {
        match self {
            Wire::Varint(value) => Ok(value),
            _ => Err(Fault::MalformedAnswer),
        }
    }

    /// An `int32` or `int64`: negative ones stand as ten bytes.
    #[inline]
    pub(crate) fn signed(self) -> Result<i64, Fault> {
        self.varint().map(|value| value.cast_signed())
    }

    /// A repeated number, packed or not; calls `each` for every one.
    pub(crate) fn numbers(self, mut each: impl FnMut(u64)) -> Result<(), Fault> {
        match self {
            Wire::Varint(value) => each(value),
            Wire::Bytes(bytes) => {
                let mut reader = Reader::new(bytes);
                while !reader.rest.is_empty() {
                    each(reader.varint()?);
                }
            }
            Wire::Fixed => return Err(Fault::MalformedAnswer),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Byte by byte and eight bytes at once read the same, and leave the same.
        #[test]
        fn varints_read_the_same_at_once_and_byte_by_byte(
            more in prop::collection::vec(0x80u8.., 0..11),
            last in 0u8..0x80,
            behind in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let bytes = [more.as_slice(), &[last], &behind].concat();
            let (mut at_once, mut byte_by_byte) = (Reader::new(&bytes), Reader::new(&bytes));
            prop_assert_eq!(at_once.varint(), byte_by_byte.long_varint());
            prop_assert_eq!(at_once.rest, byte_by_byte.rest);
        }
    }

    #[test]
    fn a_varint_is_read_to_its_end() {
        for (bytes, value, left) in [
            (&[0x00, 9, 9, 9, 9, 9, 9, 9][..], 0, 7),
            (&[0xAC, 0x02, 9, 9, 9, 9, 9, 9], 300, 6),
            (&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], (1 << 56) - 1, 0),
            (
                &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
                u64::MAX,
                0,
            ),
        ] {
            let mut reader = Reader::new(bytes);
            assert_eq!((reader.varint(), reader.rest.len()), (Ok(value), left));
        }
        for bytes in [&[0x80; 8][..], &[0x80; 20], &[0xFF; 10], &[]] {
            assert_eq!(Reader::new(bytes).varint(), Err(Fault::MalformedAnswer));
        }
    }
}
