//! Sealing: each record under a random key of its own, that key under the district-month key, with the digests for the leaf.
//! Left to others: where the district-month key comes from and goes (`keys`).

use std::fmt;

use rand::CryptoRng;
use ring::aead::{AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::frame::{Sealed, WRAPPED_KEY_BYTES};
use crate::ids::{EvidenceId, KeyId};
use crate::lanes;
use crate::leaf::LeafKind;

/// Bytes of the salt in front of a sealed plaintext.
pub const SALT_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// Randomness for one record: its key, its salt, the nonce that wraps its key.
const DRAW_BYTES: usize = KEY_BYTES + SALT_BYTES + NONCE_BYTES;
/// A record key seals exactly one message, so its nonce carries no information.
const RECORD_NONCE: [u8; NONCE_BYTES] = [0; NONCE_BYTES];
/// For records and for their keys: on processors with instructions for AES, as every server has, it takes two thirds of the
/// time of ChaCha20-Poly1305. The nonces that wrap keys are random; README.md says why 96 bits of it are enough.
static CIPHER: &Algorithm = &AES_256_GCM;

/// BLAKE3 of a sealed record's ciphertext: what an auditor recomputes without any key.
#[must_use]
pub fn ciphertext_digest(ciphertext: &[u8]) -> [u8; 32] {
    *blake3::hash(ciphertext).as_bytes()
}

/// BLAKE3 of a plaintext keyed by its salt: can be recomputed once salt and plaintext are disclosed, tells nothing before.
#[must_use]
pub fn commitment(salt: &[u8; SALT_BYTES], plaintext: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(salt, plaintext).as_bytes()
}

/// What goes into a leaf about one sealed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// See [`ciphertext_digest`].
    pub ciphertext_digest: [u8; 32],
    /// See [`commitment`].
    pub commitment: [u8; 32],
}

/// What a sealed record is bound to: opening it as anything else fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The leaf that vouches for the record.
    pub evidence_id: EvidenceId,
    /// Division code of the district.
    pub district: &'a str,
    /// Who answered; empty where no department took part.
    pub department: &'a str,
    /// The kind of that leaf.
    pub kind: LeafKind,
}

impl Subject<'_> {
    /// Evidence id, then the two texts each behind its length, then the kind: no two subjects share these bytes.
    fn write_aad(&self, aad: &mut Vec<u8>) {
        aad.clear();
        aad.extend_from_slice(&self.evidence_id.0);
        for text in [self.district, self.department] {
            aad.extend_from_slice(&(text.len() as u64).to_be_bytes());
            aad.extend_from_slice(text.as_bytes());
        }
        aad.push(self.kind.code());
    }
}

/// One record to seal.
#[derive(Clone, Copy)]
pub struct Plain<'a> {
    /// The leaf that will vouch for it: random, fresh.
    pub evidence_id: EvidenceId,
    /// Who answered; empty where no department took part.
    pub department: &'a str,
    /// The kind of that leaf.
    pub kind: LeafKind,
    /// The record itself.
    pub plaintext: &'a [u8],
}

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Plain({}, {} bytes)", self.evidence_id, self.plaintext.len())
    }
}

impl Plain<'_> {
    /// How long its ciphertext is.
    pub(crate) fn sealed_bytes(&self) -> usize {
        SALT_BYTES + self.plaintext.len() + TAG_BYTES
    }
}

/// What belongs to a ciphertext, beside its digest.
pub(crate) struct Keyed {
    pub(crate) wrapped_key: [u8; WRAPPED_KEY_BYTES],
    pub(crate) commitment: [u8; 32],
}

/// Randomness for a batch, drawn at once, and room for what its records are bound to.
pub(crate) struct Draws {
    drawn: Zeroizing<Vec<u8>>,
    taken: usize,
    aad: Vec<u8>,
}

impl Draws {
    pub(crate) fn new(records: usize, rng: &mut (impl CryptoRng + ?Sized)) -> Draws {
        let mut drawn = Zeroizing::new(vec![0u8; records * DRAW_BYTES]);
        rng.fill_bytes(&mut drawn);
        Draws {
            drawn,
            taken: 0,
            aad: Vec::with_capacity(128),
        }
    }

    /// The next draw, which is never given again. Errors: when all are taken.
    fn next(&mut self) -> Result<(&[u8; DRAW_BYTES], &mut Vec<u8>), StoreError> {
        let (draws, _) = self.drawn.as_chunks::<DRAW_BYTES>();
        let draw = draws
            .get(self.taken)
            .ok_or(StoreError::Tampered("draw of randomness"))?;
        self.taken += 1;
        Ok((draw, &mut self.aad))
    }
}

/// An opened record: the plaintext and the salt that opens its commitment. Wiped when dropped, masked in `Debug`.
pub struct Opened {
    bytes: Zeroizing<Vec<u8>>,
}

impl Opened {
    /// The record itself.
    #[must_use]
    pub fn plaintext(&self) -> &[u8] {
        self.bytes
            .split_at_checked(SALT_BYTES)
            .map_or(&[], |(_, plaintext)| plaintext)
    }

    /// The salt; whoever is shown it together with the plaintext can check the leaf's commitment.
    #[must_use]
    pub fn salt(&self) -> [u8; SALT_BYTES] {
        self.bytes.first_chunk().copied().unwrap_or_default()
    }

    /// The commitment that the leaf must state.
    #[must_use]
    pub fn commitment(&self) -> [u8; 32] {
        commitment(&self.salt(), self.plaintext())
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Opened({} bytes)", self.plaintext().len())
    }
}

/// Seals and opens the records of one district and month.
pub struct Sealer {
    id: KeyId,
    district: String,
    wrap: LessSafeKey,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sealer({} for {})", self.id, self.district)
    }
}

impl Sealer {
    /// From a key; the id is the key's fingerprint, so it can never name another key.
    pub(crate) fn new(secret: &[u8; KEY_BYTES], district: &str) -> Result<Self, StoreError> {
        Ok(Self {
            id: fingerprint(secret),
            district: district.to_owned(),
            wrap: cipher(secret)?,
        })
    }

    /// Which key this is.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The district whose records it seals.
    #[must_use]
    pub fn district(&self) -> &str {
        &self.district
    }

    /// Seals a batch: one draw of randomness, one copy of each plaintext, each byte encrypted and hashed once. [`Frame::seal`](crate::Frame::seal)
    /// does the same where the records will stand.
    /// Errors: [`StoreError::Invalid`] for a plaintext beyond what the cipher takes (256 GiB).
    pub fn seal(
        &self,
        batch: &[Plain<'_>],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Vec<(Sealed, Digests)>, StoreError> {
        let mut draws = Draws::new(batch.len(), rng);
        let mut sealed = Vec::with_capacity(batch.len());
        for plain in batch {
            let mut ciphertext = Vec::with_capacity(plain.sealed_bytes());
            let keyed = self.seal_one(plain, &mut draws, &mut ciphertext)?;
            sealed.push((plain.evidence_id, keyed, ciphertext));
        }
        let ciphertexts: Vec<&[u8]> = sealed.iter().map(|(_, _, ciphertext)| ciphertext.as_slice()).collect();
        let hashes = lanes::hash_all(&ciphertexts);
        let with = |((evidence_id, keyed, ciphertext), ciphertext_digest): ((_, Keyed, _), _)| {
            let digests = Digests {
                ciphertext_digest,
                commitment: keyed.commitment,
            };
            let sealed = Sealed {
                evidence_id,
                period_key: self.id,
                wrapped_key: keyed.wrapped_key,
                ciphertext,
            };
            (sealed, digests)
        };
        Ok(sealed.into_iter().zip(hashes).map(with).collect())
    }

    /// Seals one record to the end of `out`: salt and plaintext encrypted, and the tag.
    pub(crate) fn seal_one(
        &self,
        plain: &Plain<'_>,
        draws: &mut Draws,
        out: &mut Vec<u8>,
    ) -> Result<Keyed, StoreError> {
        let (draw, aad) = draws.next()?;
        let (Some((key, rest)), Some(nonce)) =
            (draw.split_first_chunk::<KEY_BYTES>(), draw.last_chunk::<NONCE_BYTES>())
        else {
            return Err(StoreError::Tampered("draw of randomness"));
        };
        let salt = rest
            .first_chunk::<SALT_BYTES>()
            .ok_or(StoreError::Tampered("draw of randomness"))?;
        let Plain {
            evidence_id,
            department,
            kind,
            plaintext,
        } = *plain;
        Subject {
            evidence_id,
            district: &self.district,
            department,
            kind,
        }
        .write_aad(aad);
        let start = out.len();
        out.extend_from_slice(salt);
        out.extend_from_slice(plaintext);
        let place = out.get_mut(start..).ok_or_else(|| too_long(plaintext))?;
        let (nonce_at, aad) = (Nonce::assume_unique_for_key(RECORD_NONCE), Aad::from(aad.as_slice()));
        let tag = cipher(key)?
            .seal_in_place_separate_tag(nonce_at, aad, place)
            .map_err(|_| too_long(plaintext))?;
        out.extend_from_slice(tag.as_ref());
        let wrapped_key = self
            .wrap_key(evidence_id, key, nonce)
            .map_err(|_| too_long(plaintext))?;
        Ok(Keyed {
            wrapped_key,
            commitment: commitment(salt, plaintext),
        })
    }

    fn wrap_key(
        &self,
        evidence_id: EvidenceId,
        key: &[u8; KEY_BYTES],
        nonce: &[u8; NONCE_BYTES],
    ) -> Result<[u8; WRAPPED_KEY_BYTES], ring::error::Unspecified> {
        let mut wrapped = [0u8; WRAPPED_KEY_BYTES];
        let (nonce_at, rest) = wrapped.split_at_mut(NONCE_BYTES);
        let (key_at, tag_at) = rest.split_at_mut(KEY_BYTES);
        nonce_at.copy_from_slice(nonce);
        key_at.copy_from_slice(key);
        let tag = self.wrap.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(evidence_id.0),
            key_at,
        )?;
        tag_at.copy_from_slice(tag.as_ref());
        Ok(wrapped)
    }

    /// Opens a record. Errors: [`StoreError::Shredded`] when its key was destroyed; [`StoreError::WrongKey`] when it names another key, [`StoreError::Tampered`] when it,
    /// its wrapped key or its subject is not what was sealed.
    pub fn open(&self, sealed: &Sealed, subject: &Subject<'_>) -> Result<Opened, StoreError> {
        check_not_shredded(sealed)?;
        if sealed.period_key != self.id {
            return Err(StoreError::WrongKey {
                needed: sealed.period_key,
                held: self.id,
            });
        }
        let key = self.unwrap_key(sealed)?;
        let mut aad = Vec::with_capacity(128);
        subject.write_aad(&mut aad);
        let mut bytes = Zeroizing::new(sealed.ciphertext.clone());
        let length = key
            .open_in_place(
                Nonce::assume_unique_for_key(RECORD_NONCE),
                Aad::from(aad.as_slice()),
                &mut bytes,
            )
            .map_err(|_| StoreError::Tampered("sealed record"))?
            .len();
        if length < SALT_BYTES {
            return Err(StoreError::Tampered("sealed record"));
        }
        // Only the tag stood behind it.
        bytes.truncate(length);
        Ok(Opened { bytes })
    }

    /// The cipher of one record.
    fn unwrap_key(&self, sealed: &Sealed) -> Result<LessSafeKey, StoreError> {
        let damaged = |_| StoreError::Tampered("wrapped key");
        let mut wrapped = Zeroizing::new(sealed.wrapped_key);
        let (nonce, key_and_tag) = wrapped.split_at_mut(NONCE_BYTES);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(damaged)?;
        let key = self
            .wrap
            .open_in_place(nonce, Aad::from(sealed.evidence_id.0), key_and_tag)
            .map_err(damaged)?;
        cipher(key)
    }
}

/// Refuses a record whose key was destroyed, before anything else is said of it.
pub(crate) fn check_not_shredded(sealed: &Sealed) -> Result<(), StoreError> {
    if sealed.is_shredded() {
        return Err(StoreError::Shredded(sealed.evidence_id));
    }
    Ok(())
}

/// Sets the cipher up. It fails for a key of another length than the 32 bytes that it takes, so it never does. The
/// library does not wipe what it derives from a key; the key itself stays with the caller, who does.
fn cipher(key: &[u8]) -> Result<LessSafeKey, StoreError> {
    UnboundKey::new(CIPHER, key)
        .map(LessSafeKey::new)
        .map_err(|_| StoreError::Tampered("key"))
}

/// Names a key without revealing anything about it: it has 256 random bits.
pub(crate) fn fingerprint(secret: &[u8; KEY_BYTES]) -> KeyId {
    let derived = blake3::derive_key("hedui evidence 2026 key fingerprint v1", secret);
    KeyId(derived.first_chunk().copied().unwrap_or_default())
}

fn too_long(plaintext: &[u8]) -> StoreError {
    let limit = crate::frame::MAX_FRAME_BYTES;
    StoreError::Invalid(crate::codec::CodecError::TooLarge {
        what: "plaintext",
        found: plaintext.len(),
        limit,
    })
}

#[cfg(test)]
mod tests;
