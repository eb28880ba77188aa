//! Keys: who signs, who may have signed, and the text form of a public key (`NAME+ID+BASE64`).
//! Leaves where a note's signatures stand to `format`, and the message of a cosignature to `cosignature`.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use sha2::{Digest, Sha256};

use super::NoteError;
use super::format::NoteSignature;
use crate::cosignature;
use crate::text::{base64, from_base64};

/// What kind of signatures a key makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Ed25519 over the note's text.
    Ed25519,
    /// Ed25519 over a time and a checkpoint, `cosignature/v1`.
    CosignatureV1,
}

impl KeyKind {
    fn code(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    fn from_code(kind: u8) -> Result<Self, NoteError> {
        match kind {
            0x01 => Ok(Self::Ed25519),
            0x04 => Ok(Self::CosignatureV1),
            _ => Err(NoteError::KeyKind { kind }),
        }
    }
}

/// A signature that was found to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Name of the key.
    pub name: String,
    /// ID of the key.
    pub id: u32,
    /// Seconds since 1970 UTC that the signer states; none for a plain signature.
    pub time: Option<u64>,
}

/// A public key with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Names a public key of 32 bytes.
    ///
    /// # Errors
    /// The name is not one, or the bytes are no usable key. Keys of small order are refused: anything verifies under them.
    pub fn new(name: &str, kind: KeyKind, public: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| NoteError::KeyBytes)?;
        if key.is_weak() {
            return Err(NoteError::KeyBytes);
        }
        let id = key_id(name, kind, public);
        let name = name.to_owned();
        Ok(Self { name, id, kind, key })
    }

    /// Reads the text form of a key, a vkey.
    ///
    /// # Errors
    /// Not of this form, of an algorithm that is not supported, or with an ID that does not belong to it.
    pub fn parse(vkey: &str) -> Result<Self, NoteError> {
        let (name, rest) = vkey.split_once('+').ok_or(NoteError::KeyFormat)?;
        let (id, encoded) = rest.split_once('+').ok_or(NoteError::KeyFormat)?;
        check_name(name)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if id.len() != 8 || !id.bytes().all(is_digit) {
            return Err(NoteError::KeyFormat);
        }
        let found = u32::from_str_radix(id, 16).map_err(|_| NoteError::KeyFormat)?;
        let decoded = from_base64(encoded).ok_or(NoteError::KeyFormat)?;
        let (kind, public) = decoded.split_first().ok_or(NoteError::KeyFormat)?;
        let kind = KeyKind::from_code(*kind)?;
        let public = <&[u8; 32]>::try_from(public).map_err(|_| NoteError::KeyBytes)?;
        let key = Self::new(name, kind, public)?;
        if key.id == found {
            Ok(key)
        } else {
            let expected = key.id;
            Err(NoteError::KeyId { expected, found })
        }
    }

    /// The key's name. A log's is its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of a hash over name, kind and key.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Which signatures it makes.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key itself: two names may hide the same key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Checks a signature, as it stands behind the key ID, over a note's text.
    pub(super) fn verify(&self, text: &str, signature: &[u8]) -> Result<Verified, NoteError> {
        let (time, is_true) = match self.kind {
            KeyKind::Ed25519 => (None, self.verify_raw(text.as_bytes(), signature)),
            KeyKind::CosignatureV1 => match cosignature::split(signature) {
                Some((time, raw)) => (
                    Some(time),
                    self.verify_raw(cosignature::message(text, time).as_bytes(), raw),
                ),
                None => (None, false),
            },
        };
        if is_true {
            let (name, id) = (self.name.clone(), self.id);
            Ok(Verified { name, id, time })
        } else {
            Err(NoteError::BadSignature {
                name: self.name.clone(),
            })
        }
    }

    /// Strictly: neither the key nor the signature's point may be of small order, so that a signature says one thing.
    fn verify_raw(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind.code()];
        bytes.extend_from_slice(self.key.as_bytes());
        write!(out, "{}+{:08x}+{}", self.name, self.id, base64(&bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        Self::parse(text)
    }
}

/// A log's private key. It is wiped from memory when dropped, and never shown.
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    verifier: VerifierKey,
}

impl SigningKey {
    /// Makes the key of a seed. A seed serves one key only: the kinds of signatures must not share it.
    ///
    /// # Errors
    /// The name is not one.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, NoteError> {
        Self::of_kind(name, KeyKind::Ed25519, &seed)
    }

    pub(crate) fn of_kind(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, kind, secret.verifying_key().as_bytes())?;
        Ok(Self { secret, verifier })
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.verifier.name
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    /// Signs a note's text, its newline at the end included, and gives the signature line.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        self.line(&self.sign_raw(text.as_bytes()))
    }

    pub(crate) fn sign_raw(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }

    /// The signature line of a signature that this key made elsewhere, for whoever has a quicker way to make it.
    #[must_use]
    pub fn line(&self, signature: &[u8]) -> String {
        NoteSignature::line(&self.verifier.name, self.verifier.id, signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.verifier)
    }
}

/// SHA-256 over name, newline, kind and key, its first four bytes.
fn key_id(name: &str, kind: KeyKind, public: &[u8; 32]) -> u32 {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind.code()])
        .chain_update(public)
        .finalize();
    let [first, second, third, fourth, ..] = <[u8; 32]>::from(digest);
    u32::from_be_bytes([first, second, third, fourth])
}

/// Names are non-empty, without plus, white space of Unicode, or control characters.
pub(super) fn check_name(name: &str) -> Result<(), NoteError> {
    let is_bad = |character: char| character == '+' || character.is_whitespace() || character < ' ';
    if name.is_empty() || name.contains(is_bad) {
        Err(NoteError::KeyName)
    } else {
        Ok(())
    }
}
