//! Signed answers: a department signs the bytes of its answer, and who asks checks that with the keys that an operator has pinned.
//! Leaves reading what is signed to `answer`, and which keys are trusted to the manifest.

use bytes::Bytes;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hedui_core::{DepartmentId, PinnedKey};

use super::reader::{Fault, Reader};
use super::writer::Writer;
use crate::adapter::{CheckResult, Outcome};
use crate::reason::Reason;

/// The first line of what is signed, so that a signature can never be taken for one of another protocol.
const CONTEXT: &[u8] = b"hedui.department.v1 signed answer\n";

/// Numbers of the fields of `QueryResponse`.
const QUERY_ID: u32 = 1;
const SIGNATURE: u32 = 4;
const SIGNING_KEY_ID: u32 = 5;
const SIGNED_ANSWER: u32 = 6;

/// What is signed: the context, the department, the answer. The department stands in it, so that a key that serves two departments does
/// not let one of them speak for the other; the query's id stands in the answer, so that no answer can be given twice.
fn signed(department: &DepartmentId, answer: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(CONTEXT.len() + department.as_str().len() + 1 + answer.len());
    message.extend_from_slice(CONTEXT);
    message.extend_from_slice(department.as_str().as_bytes());
    message.push(b'\n');
    message.extend_from_slice(answer);
    message
}

/// Signs a department's answers.
pub struct Signer {
    key_id: String,
    key: SigningKey,
}

impl Signer {
    /// With a key of 32 secret bytes, under the id by which operators pin it.
    pub fn new(key_id: impl Into<String>, secret: &[u8; 32]) -> Signer {
        Signer {
            key_id: key_id.into(),
            key: SigningKey::from_bytes(secret),
        }
    }

    /// The public key, 32 bytes, for `Describe`.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// A serialised `QueryResponse` that carries `answer`, another one, signed.
    pub fn sign(&self, department: &DepartmentId, query_id: &str, answer: &[u8]) -> Bytes {
        let signature = self.key.sign(&signed(department, answer)).to_bytes();
        let mut out = Writer::with_capacity(answer.len() + 160);
        out.text(QUERY_ID, query_id);
        out.bytes(SIGNATURE, &signature);
        out.text(SIGNING_KEY_ID, &self.key_id);
        out.bytes(SIGNED_ANSWER, answer);
        Bytes::from(out.into_vec())
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.key_id)
    }
}

/// The parts of a signed `QueryResponse`, as far as they are there.
#[derive(Default)]
struct Parts<'a> {
    signature: &'a [u8],
    key_id: &'a [u8],
    answer: Option<&'a [u8]>,
}

fn parts(bytes: &[u8]) -> Result<Parts<'_>, Fault> {
    let mut parts = Parts::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            SIGNATURE => parts.signature = wire.bytes()?,
            SIGNING_KEY_ID => parts.key_id = wire.bytes()?,
            SIGNED_ANSWER if parts.answer.is_some() => return Err(Reason::MalformedAnswer),
            SIGNED_ANSWER => parts.answer = Some(wire.bytes()?),
            _ => {}
        }
    }
    Ok(parts)
}

/// Whether an answer is signed under one of the pinned keys; where none is pinned, nothing is asked of it.
///
/// # Errors
/// `SIGNATURE_MISSING`, `SIGNATURE_KEY_UNKNOWN`, `SIGNATURE_INVALID`, and `MALFORMED_ANSWER` for bytes that are no answer.
pub fn check_signature(bytes: &[u8], department: &DepartmentId, pinned: &[PinnedKey]) -> Result<(), Reason> {
    if pinned.is_empty() {
        return Ok(());
    }
    let parts = parts(bytes)?;
    let (Some(answer), false) = (parts.answer, parts.signature.is_empty()) else {
        return Err(Reason::SignatureMissing);
    };
    let pin = pinned.iter().find(|pin| pin.id.as_bytes() == parts.key_id);
    let key = pin
        .and_then(|pin| public_key(&pin.public_key))
        .ok_or(Reason::SignatureKeyUnknown)?;
    let signature = Signature::from_slice(parts.signature).map_err(|_| Reason::SignatureInvalid)?;
    // Strict: no key of small order, no second form of a signature.
    key.verify_strict(&signed(department, answer), &signature)
        .map_err(|_| Reason::SignatureInvalid)
}

/// Whether an answer is signed under a key that the department publishes, whatever it calls it.
///
/// # Errors
/// As [`check_signature`].
pub(crate) fn check_under(bytes: &[u8], department: &DepartmentId, published: &[u8]) -> Result<(), Reason> {
    let key_id = parts(bytes)?.key_id;
    let pin = PinnedKey {
        id: String::from_utf8(key_id.to_vec()).map_err(|_| Reason::SignatureKeyUnknown)?,
        public_key: hex(published),
    };
    check_signature(bytes, department, &[pin])
}

/// What a published key means beside those that an operator has pinned; nothing where there is neither.
pub fn check_published(published: &[u8], pinned: &[PinnedKey]) -> Option<CheckResult> {
    let digits = hex(published);
    let known = pinned.iter().find(|pin| pin.public_key.eq_ignore_ascii_case(&digits));
    let (outcome, message) = match (published.is_empty(), pinned.is_empty(), known) {
        (true, true, _) => return None,
        (_, _, Some(pin)) => (Outcome::Pass, format!("the published key is pinned as {}", pin.id)),
        (false, true, _) => (
            Outcome::Warn,
            "a key is published and none is pinned: signatures are not checked".to_owned(),
        ),
        (true, false, _) => (
            Outcome::Fail,
            "a key is pinned and none is published: unsigned answers do not count".to_owned(),
        ),
        (false, false, None) => (
            Outcome::Fail,
            "the published key is not pinned: answers signed under it do not count".to_owned(),
        ),
    };
    Some(CheckResult {
        check: "signing-key".to_owned(),
        outcome,
        message,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A public key of its 64 hexadecimal digits; none where they are no key, or one under which anything verifies.
pub(crate) fn public_key(digits: &str) -> Option<VerifyingKey> {
    let bytes = blake3::Hash::from_hex(digits).ok()?;
    let key = VerifyingKey::from_bytes(bytes.as_bytes()).ok()?;
    (!key.is_weak()).then_some(key)
}

#[cfg(test)]
mod tests;
