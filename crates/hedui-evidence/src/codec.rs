//! Bounded reading and writing of the fixed binary formats: big-endian numbers, length-prefixed text.
//! Left to others: which fields there are and in which order (`leaf`, `frame`, `segment`).

use thiserror::Error;

/// Why bytes are not a leaf or a frame, or a value cannot become one. Names fields, never their contents.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes end inside the named field.
    #[error("the bytes end inside {0}")]
    Short(&'static str),
    /// Bytes follow the last field: two encodings of one value would exist.
    #[error("{0} bytes follow the last field")]
    Trailing(usize),
    /// A version this build does not know.
    #[error("{what} version {found} is not known to this build")]
    Version {
        /// Which format.
        what: &'static str,
        /// The version found.
        found: u8,
    },
    /// A code this build does not know.
    #[error("{what} {found} is not known to this build")]
    Code {
        /// Which field.
        what: &'static str,
        /// The code found.
        found: u8,
    },
    /// Text that is not UTF-8.
    #[error("{0} is not UTF-8")]
    Text(&'static str),
    /// The checksum does not fit the bytes.
    #[error("the checksum does not fit the bytes")]
    Crc,
    /// A wrapped key is neither a key nor destroyed.
    #[error("a wrapped key is not what was written")]
    WrappedKey,
    /// A sealed record came without its wrapped key: as if it were destroyed already.
    #[error("a sealed record comes without its wrapped key")]
    NoKey,
    /// What stands there once stands there twice.
    #[error("the {0} stands there twice")]
    Twice(&'static str),
    /// Longer or more than the format's limit.
    #[error("{what} is {found}, the limit is {limit}")]
    TooLarge {
        /// Which field.
        what: &'static str,
        /// Its size, in bytes or entries.
        found: usize,
        /// The limit in the same unit.
        limit: usize,
    },
}

/// Refuses what is above a limit.
pub(crate) fn within(what: &'static str, found: usize, limit: usize) -> Result<(), CodecError> {
    if found > limit {
        Err(CodecError::TooLarge { what, found, limit })
    } else {
        Ok(())
    }
}

/// Appends a 16-bit count, refusing what is above `limit` (which must itself fit).
pub(crate) fn put_count(out: &mut Vec<u8>, what: &'static str, count: usize, limit: usize) -> Result<(), CodecError> {
    within(what, count, limit.min(usize::from(u16::MAX)))?;
    let short = u16::try_from(count).map_err(|_| CodecError::TooLarge {
        what,
        found: count,
        limit,
    })?;
    out.extend_from_slice(&short.to_be_bytes());
    Ok(())
}

/// Appends length-prefixed bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, what: &'static str, bytes: &[u8], limit: usize) -> Result<(), CodecError> {
    put_count(out, what, bytes.len(), limit)?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// Reads fields one after the other, never past the end.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, what: &'static str, count: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CodecError::Short(what))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], CodecError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(CodecError::Short(what))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, CodecError> {
        self.array::<1>(what).map(u8::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, CodecError> {
        self.array(what).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, CodecError> {
        self.array(what).map(u64::from_be_bytes)
    }

    pub(crate) fn i64(&mut self, what: &'static str) -> Result<i64, CodecError> {
        self.array(what).map(i64::from_be_bytes)
    }

    pub(crate) fn count(&mut self, what: &'static str, limit: usize) -> Result<usize, CodecError> {
        let count = usize::from(self.array(what).map(u16::from_be_bytes)?);
        within(what, count, limit)?;
        Ok(count)
    }

    pub(crate) fn text(&mut self, what: &'static str, limit: usize) -> Result<&'a str, CodecError> {
        let count = self.count(what, limit)?;
        let bytes = self.take(what, count)?;
        std::str::from_utf8(bytes).map_err(|_| CodecError::Text(what))
    }

    pub(crate) fn finish(self) -> Result<(), CodecError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(CodecError::Trailing(self.rest.len()))
        }
    }
}
