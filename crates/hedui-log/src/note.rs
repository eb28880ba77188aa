//! Signed notes: a text and the signatures under it (C2SP signed-note, Ed25519).
//! Leaves what the text says to `checkpoint`, timestamped signatures to `cosignature`, and whom to trust to `policy`.

mod format;
mod key;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use format::{MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteSignature};
pub use key::{KeyKind, SigningKey, Verified, VerifierKey};

/// Why bytes are not a note or a key, or a note is not signed as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than any note that is looked at.
    #[error("the note has {bytes} bytes, the limit is {MAX_NOTE_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("the note is not UTF-8")]
    NotUtf8,
    /// A control character other than newline.
    #[error("the note has a control character other than newline")]
    ControlCharacter,
    /// The text does not end in a newline, or nothing stands before it.
    #[error("the text does not end in a newline")]
    Text,
    /// No blank line with signatures behind it.
    #[error("no blank line with signature lines behind it")]
    NoSignatures,
    /// A line that is not a signature line.
    #[error("signature line {line} is not `— NAME BASE64`")]
    SignatureLine {
        /// Its number among the signature lines, from 1.
        line: usize,
    },
    /// More signatures than are looked at.
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A key name that is empty or has white space, a plus or a control character.
    #[error("a key name is empty or has white space, a plus or a control character")]
    KeyName,
    /// Text that is not `NAME+ID+BASE64`.
    #[error("not a verifier key: NAME+ID+BASE64, the ID in eight lower-case hex digits")]
    KeyFormat,
    /// An algorithm that is not implemented.
    #[error("keys of type 0x{kind:02x} are not supported, only Ed25519 (0x01) and its cosignatures (0x04)")]
    KeyKind {
        /// The type's identifier byte.
        kind: u8,
    },
    /// The key's ID is not that of its name, type and bytes.
    #[error("the key's ID is {found:08x}, its name and bytes give {expected:08x}")]
    KeyId {
        /// What name, type and bytes give.
        expected: u32,
        /// What the text says.
        found: u32,
    },
    /// Not a usable Ed25519 public key.
    #[error("not a usable Ed25519 public key")]
    KeyBytes,
    /// The key has not signed the note.
    #[error("no signature of {name}")]
    Absent {
        /// The key's name.
        name: String,
    },
    /// A signature with the key's name and ID that it did not make: the whole note is to be rejected.
    #[error("a signature in the name of {name} is false")]
    BadSignature {
        /// The key's name.
        name: String,
    },
}

impl NoteError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "NOTE_TOO_LONG",
            Self::NotUtf8 => "NOTE_NOT_UTF8",
            Self::ControlCharacter => "NOTE_CONTROL_CHARACTER",
            Self::Text => "NOTE_TEXT",
            Self::NoSignatures => "NOTE_WITHOUT_SIGNATURES",
            Self::SignatureLine { .. } => "NOTE_SIGNATURE_LINE",
            Self::TooManySignatures => "NOTE_TOO_MANY_SIGNATURES",
            Self::KeyName => "KEY_NAME",
            Self::KeyFormat => "KEY_FORMAT",
            Self::KeyKind { .. } => "KEY_KIND",
            Self::KeyId { .. } => "KEY_ID",
            Self::KeyBytes => "KEY_BYTES",
            Self::Absent { .. } => "SIGNATURE_ABSENT",
            Self::BadSignature { .. } => "BAD_SIGNATURE",
        }
    }
}
