//! The key of the logs: one secret, of which each log's signing key follows; and the key of a witness of others' logs.
//! Left to others: where the secret is kept (`keys`), publishing the public keys (policy files).

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hedui_log::cosignature::CosigningKey;
use hedui_log::note::{Note, NoteError, SigningKey};
use rand::CryptoRng;
use ring::signature::Ed25519KeyPair;
use zeroize::Zeroizing;

use super::LogError;
use crate::error::StoreError;
use crate::keys::file::{read_or_create_secret, read_secret};

/// What the line of a witness's key file begins with.
const WITNESS_PREFIX: &str = "hedui-witness-key-v1:";
/// What the line of a key file begins with.
const PREFIX: &str = "hedui-log-key-v1:";

/// The secret that signs. Wiped when dropped, masked in `Debug`. It is not the master key: whoever can open records need not be able to
/// sign, and a master key can be exchanged while a log's key stands in every auditor's policy file.
pub struct LogKey {
    secret: Zeroizing<[u8; 32]>,
    signers: Mutex<HashMap<String, Arc<LogSigner>>>,
}

impl LogKey {
    /// Draws a new one.
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> LogKey {
        let mut secret = [0u8; 32];
        rng.fill_bytes(&mut secret);
        LogKey::from_bytes(secret)
    }

    /// From 32 secret bytes.
    #[must_use]
    pub fn from_bytes(secret: [u8; 32]) -> LogKey {
        LogKey::of(Zeroizing::new(secret))
    }

    fn of(secret: Zeroizing<[u8; 32]>) -> LogKey {
        LogKey {
            secret,
            signers: Mutex::default(),
        }
    }

    /// Reads a key file: one line, `hedui-log-key-v1:` and 64 hex digits. Errors: [`StoreError::KeyFile`] when it is missing, malformed,
    /// or open to anybody but its owner.
    pub fn read(path: &Path) -> Result<LogKey, StoreError> {
        read_secret(path, PREFIX).map(LogKey::of)
    }

    /// Reads the file, or makes it with mode 0600 when there is none.
    pub fn read_or_create(path: &Path, rng: &mut (impl CryptoRng + ?Sized)) -> Result<LogKey, StoreError> {
        read_or_create_secret(path, PREFIX, rng).map(LogKey::of)
    }

    /// The secret under which answers to other brokers are signed: another key than that of any log, as neither may be taken for the other.
    #[must_use]
    pub fn answering_secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(
            "hedui evidence 2026 answers to other brokers v1",
            self.secret.as_slice(),
        ))
    }

    /// The signer of a log, by its origin. Kept once it is made.
    pub(super) fn signer(&self, origin: &str) -> Result<Arc<LogSigner>, LogError> {
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signer) = signers.get(origin) {
            return Ok(Arc::clone(signer));
        }
        let mut material = Zeroizing::new(Vec::with_capacity(32 + origin.len()));
        material.extend_from_slice(self.secret.as_slice());
        material.extend_from_slice(origin.as_bytes());
        let seed = Zeroizing::new(blake3::derive_key("hedui evidence 2026 log signing key v1", &material));
        let signer = Arc::new(LogSigner::of(origin, &seed)?);
        signers.insert(origin.to_owned(), Arc::clone(&signer));
        Ok(signer)
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LogKey(..)")
    }
}

/// Signs for one log.
pub struct LogSigner {
    key: SigningKey,
    /// The same key for promises, one for every verification: it makes the same signatures in half the time, and does not wipe itself.
    often: Ed25519KeyPair,
}

impl LogSigner {
    fn of(origin: &str, seed: &[u8; 32]) -> Result<LogSigner, LogError> {
        let key = SigningKey::from_seed(origin, *seed).map_err(LogError::name)?;
        let public = key.verifier().public();
        let often = Ed25519KeyPair::from_seed_and_public_key(seed, &public);
        let often = often.map_err(|_| LogError::name(NoteError::KeyBytes))?;
        Ok(LogSigner { key, often })
    }

    /// The public key in the form of C2SP signed-note: what auditors put into their policy files.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        self.key.verifier().to_string()
    }

    /// Whether a note carries a good signature of this log.
    pub(super) fn has_signed(&self, note: &str) -> bool {
        Note::parse(note.as_bytes()).is_ok_and(|note| note.verified_by(&self.key.verifier()).is_ok())
    }

    /// The same as [`LogSigner::sign_note`] for a text of ours that is a note's text by its making: nothing is read back to check it.
    pub(super) fn sign_own(&self, text: &str) -> String {
        let signature = self.often.sign(text.as_bytes());
        format!("{text}\n{}", self.key.line(signature.as_ref()))
    }

    /// A note with the signature of this log.
    pub(super) fn sign_note(&self, text: &str) -> Result<String, LogError> {
        let mut note = Note::unsigned(text).map_err(LogError::name)?;
        note.push_signature(&self.key.sign(text)).map_err(LogError::name)?;
        Ok(note.to_string())
    }
}

impl fmt::Debug for LogSigner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "LogSigner({})", self.verifier_key())
    }
}

/// The secret of a witness. Wiped when dropped, masked in `Debug`.
pub struct WitnessKey(Zeroizing<[u8; 32]>);

impl WitnessKey {
    /// From 32 secret bytes.
    #[must_use]
    pub fn from_bytes(secret: [u8; 32]) -> WitnessKey {
        WitnessKey(Zeroizing::new(secret))
    }

    /// Reads a key file: one line, `hedui-witness-key-v1:` and 64 hex digits. Errors: [`StoreError::KeyFile`] when it is missing,
    /// malformed, or open to anybody but its owner.
    pub fn read(path: &Path) -> Result<WitnessKey, StoreError> {
        read_secret(path, WITNESS_PREFIX).map(WitnessKey)
    }

    /// Reads the file, or makes it with mode 0600 when there is none.
    pub fn read_or_create(path: &Path, rng: &mut (impl CryptoRng + ?Sized)) -> Result<WitnessKey, StoreError> {
        read_or_create_secret(path, WITNESS_PREFIX, rng).map(WitnessKey)
    }

    /// The key that cosigns under a name. Another name has another key, because this kind of cosignature does not state its maker's name.
    pub fn cosigning(&self, name: &str) -> Result<CosigningKey, LogError> {
        let mut material = Zeroizing::new(Vec::with_capacity(32 + name.len()));
        material.extend_from_slice(self.0.as_slice());
        material.extend_from_slice(name.as_bytes());
        let seed = Zeroizing::new(blake3::derive_key("hedui 2026 witness cosigning key v1", &material));
        CosigningKey::from_seed(name, *seed).map_err(LogError::name)
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("WitnessKey(..)")
    }
}

/// What all logs of an operator are called: a name that stands in front of `/DISTRICT/YEAR`, without scheme.
pub(super) fn check_name(name: &str) -> Result<(), LogError> {
    let refuse = |reason: &str| {
        Err(LogError::Name {
            reason: reason.to_owned(),
        })
    };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/');
    if name.is_empty() || name.len() > 128 {
        return refuse("1 to 128 characters, such as evidence.example.gov.cn");
    }
    if !name.bytes().all(allowed) || name.starts_with('/') || name.ends_with('/') {
        return refuse(
            "ASCII letters, digits, dots, hyphens and slashes within it, without a scheme, such as evidence.example.gov.cn",
        );
    }
    Ok(())
}
