//! The note as text: where the signed text ends, and the lines behind it.
//! Leaves keys and whether a signature is true to `key`.

use std::fmt;

use super::NoteError;
use super::key::{Verified, VerifierKey, check_name};
use crate::text::{base64, from_base64, has_control};

/// A longer note is not looked at.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

/// How many signatures a note may carry. The specification asks for 16 at least.
pub const MAX_SIGNATURES: usize = 100;

/// What a signature line begins with.
const DASH: &str = "\u{2014} ";

/// Bytes of a key ID before the signature proper.
const ID_BYTES: usize = 4;

/// One signature line. Nothing is known of its truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: u32,
    bytes: Vec<u8>,
}

impl NoteSignature {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
        check_name(name).ok()?;
        let decoded = from_base64(encoded)?;
        let (id, bytes) = decoded.split_first_chunk::<ID_BYTES>()?;
        (!bytes.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: u32::from_be_bytes(*id),
            bytes: bytes.to_vec(),
        })
    }

    /// The line of a signature, its newline included.
    pub(crate) fn line(name: &str, id: u32, signature: &[u8]) -> String {
        let mut bytes = id.to_be_bytes().to_vec();
        bytes.extend_from_slice(signature);
        format!("{DASH}{name} {}\n", base64(&bytes))
    }

    /// The name of the key that is said to have signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ID of that key.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The signature behind the key ID, as its algorithm writes it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A text and its signatures. Trust the text only after [`Note::verified_by`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a signed note.
    ///
    /// # Errors
    /// What is wrong with the form; signatures are not checked.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes: bytes.len() });
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
        if has_control(whole) {
            return Err(NoteError::ControlCharacter);
        }
        // The text may hold blank lines itself: the last one counts.
        let (before, lines) = whole.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let mut signatures = Vec::new();
        for (at, line) in lines.split('\n').enumerate() {
            if at == MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(NoteSignature::parse(line).ok_or(NoteError::SignatureLine { line: at + 1 })?);
        }
        let text = format!("{before}\n");
        Ok(Self { text, signatures })
    }

    /// A note that nobody has signed yet. Its `Display` is not a signed note until a signature is added.
    ///
    /// # Errors
    /// The text is too long, does not end in a newline or has another control character.
    pub fn unsigned(text: &str) -> Result<Self, NoteError> {
        if text.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes: text.len() });
        }
        if has_control(text) {
            return Err(NoteError::ControlCharacter);
        }
        if !text.ends_with('\n') {
            return Err(NoteError::Text);
        }
        let text = text.to_owned();
        let signatures = Vec::new();
        Ok(Self { text, signatures })
    }

    /// Adds one signature line, as `sign` writes it; the newline at its end may be missing.
    ///
    /// # Errors
    /// Not a signature line, or the note is full.
    pub fn push_signature(&mut self, line: &str) -> Result<(), NoteError> {
        let number = self.signatures.len() + 1;
        if number > MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let line = line.strip_suffix('\n').unwrap_or(line);
        if has_control(line) || line.contains('\n') {
            return Err(NoteError::SignatureLine { line: number });
        }
        let signature = NoteSignature::parse(line).ok_or(NoteError::SignatureLine { line: number })?;
        self.signatures.push(signature);
        Ok(())
    }

    /// What is signed: it ends in a newline, without the blank line behind it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, in their order, true or not.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Whether this key signed the text. Every signature in its name must be true; of several cosignatures the earliest
    /// time counts.
    ///
    /// # Errors
    /// [`NoteError::Absent`], or [`NoteError::BadSignature`], after which nothing of the note may be used.
    pub fn verified_by(&self, key: &VerifierKey) -> Result<Verified, NoteError> {
        let mut verified: Option<Verified> = None;
        let claimed = |signature: &&NoteSignature| signature.name == key.name() && signature.id == key.id();
        for signature in self.signatures.iter().filter(claimed) {
            let this = key.verify(&self.text, &signature.bytes)?;
            verified = match verified {
                Some(earlier) if earlier.time <= this.time => Some(earlier),
                _ => Some(this),
            };
        }
        verified.ok_or_else(|| NoteError::Absent {
            name: key.name().to_owned(),
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        let mut signatures = self.signatures.iter();
        signatures.try_for_each(|signature| {
            out.write_str(&NoteSignature::line(&signature.name, signature.id, &signature.bytes))
        })
    }
}
