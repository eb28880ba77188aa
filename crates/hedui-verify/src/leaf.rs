//! The leaf of a hedui log, read by its documented form alone: a second reader beside the one that wrote it.
//! Leaves what its words mean to the people who read the report.
//!
//! The form stands in `crates/hedui-evidence/README.md`, "Leaf, version 1". This reader shares no code with the writer, so that a mistake of
//! one is not hidden by the other.

use thiserror::Error;

/// The kinds, by code from 1.
const KINDS: [&str; 10] = [
    "ASKED", "ANSWER", "VERDICT", "ACCESS", "DENIAL", "SHRED", "PACK", "KEY", "REVIEW", "SNAPSHOT",
];
/// The longest text.
const MAX_TEXT_BYTES: usize = 1_024;
/// The most leaves that one rests on.
const MAX_RESTS_ON: usize = 3_700;

/// Why bytes are no leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LeafError {
    /// Another version, or none.
    #[error("the leaf has version {0}, this program reads version 1")]
    Version(u8),
    /// A kind that this program does not know.
    #[error("the leaf has kind {0}, which is unknown here")]
    Kind(u8),
    /// It ends within a field.
    #[error("the leaf ends within its {0}")]
    Short(&'static str),
    /// A text is too long or not UTF-8.
    #[error("the leaf's {0} is no text of at most 1,024 bytes")]
    Text(&'static str),
    /// It rests on more leaves than there can be.
    #[error("the leaf rests on too many")]
    TooMany,
    /// Something follows the last field.
    #[error("the leaf has {0} bytes behind its end")]
    Trailing(usize),
}

impl LeafError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Version(_) => "LEAF_VERSION",
            Self::Kind(_) => "LEAF_KIND",
            Self::Short(_) => "LEAF_SHORT",
            Self::Text(_) => "LEAF_TEXT",
            Self::TooMany => "LEAF_TOO_MANY",
            Self::Trailing(_) => "LEAF_TRAILING",
        }
    }
}

/// What a leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its kind, in words: `ANSWER`.
    pub kind: &'static str,
    /// Its id.
    pub evidence: [u8; 16],
    /// The verification that it belongs to.
    pub case: [u8; 16],
    /// Milliseconds since 1970 UTC, 0 where there is none.
    pub asked_at_ms: i64,
    /// Likewise.
    pub answered_at_ms: i64,
    /// BLAKE3 of the ciphertext; zeros if nothing is sealed.
    pub ciphertext_digest: [u8; 32],
    /// BLAKE3 of the plaintext keyed by the salt; zeros if nothing is sealed.
    pub commitment: [u8; 32],
    /// Salted reference to the authorization.
    pub authorization: [u8; 32],
    /// Division code.
    pub district: String,
    /// Who was asked.
    pub department: String,
    /// What for.
    pub purpose: String,
    /// What came of it.
    pub outcome: String,
    /// Who acted.
    pub actor: String,
    /// The leaves that it was concluded from.
    pub rests_on: Vec<[u8; 16]>,
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], LeafError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(LeafError::Short(field))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], LeafError> {
        self.take(N, field)?.try_into().map_err(|_| LeafError::Short(field))
    }

    fn short(&mut self, field: &'static str) -> Result<usize, LeafError> {
        Ok(usize::from(u16::from_be_bytes(self.array(field)?)))
    }

    fn text(&mut self, field: &'static str) -> Result<String, LeafError> {
        let length = self.short(field)?;
        if length > MAX_TEXT_BYTES {
            return Err(LeafError::Text(field));
        }
        let bytes = self.take(length, field)?.to_vec();
        String::from_utf8(bytes).map_err(|_| LeafError::Text(field))
    }
}

impl Leaf {
    /// Reads the canonical bytes of a leaf, all of them.
    ///
    /// # Errors
    /// What does not fit the form.
    pub fn read(bytes: &[u8]) -> Result<Leaf, LeafError> {
        let mut rest = Rest(bytes);
        let [version, kind] = rest.array("version and kind")?;
        if version != 1 {
            return Err(LeafError::Version(version));
        }
        let word = usize::from(kind).checked_sub(1).and_then(|at| KINDS.get(at));
        let leaf = Leaf {
            kind: word.ok_or(LeafError::Kind(kind))?,
            evidence: rest.array("evidence id")?,
            case: rest.array("case")?,
            asked_at_ms: i64::from_be_bytes(rest.array("time of asking")?),
            answered_at_ms: i64::from_be_bytes(rest.array("time of the answer")?),
            ciphertext_digest: rest.array("ciphertext digest")?,
            commitment: rest.array("commitment")?,
            authorization: rest.array("authorization")?,
            district: rest.text("district")?,
            department: rest.text("department")?,
            purpose: rest.text("purpose")?,
            outcome: rest.text("outcome")?,
            actor: rest.text("actor")?,
            rests_on: {
                let count = rest.short("list of what it rests on")?;
                if count > MAX_RESTS_ON {
                    return Err(LeafError::TooMany);
                }
                let mut ids = Vec::with_capacity(count);
                for _ in 0..count {
                    ids.push(rest.array("list of what it rests on")?);
                }
                ids
            },
        };
        match rest.0.len() {
            0 => Ok(leaf),
            more => Err(LeafError::Trailing(more)),
        }
    }
}

/// Bytes in hexadecimal, lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
