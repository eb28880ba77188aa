//! The keys: a master key in a file, district-month keys wrapped by it inside the store, and the keyed hashes derived from it.
//! Left to others: sealing records (`sealer`), backing the key file up, a hardware module in its place.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rand::CryptoRng;
use smol_str::{SmolStr, format_smolstr};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::frame::{Frame, FrameKind, Sealed};
use crate::ids::{CaseId, EvidenceId, FrameId, IndexKey, KeyId, Pseudonym};
use crate::leaf::{Leaf, LeafKind};
use crate::period::Period;
use crate::sealer::{Opened, Plain, Sealer, Subject, fingerprint};
use crate::store::EvidenceStore;

pub(crate) mod file;

/// The outcome code of a key's leaf.
const CREATED: &str = "CREATED";
/// In front of the month in the purpose of a key's leaf.
const PERIOD: &str = "period:";

/// The secret everything else hangs on. Wiped when dropped, masked in `Debug`.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Draws a new one.
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut secret = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(secret.as_mut_slice());
        Self(secret)
    }

    /// From 32 secret bytes.
    #[must_use]
    pub fn from_bytes(secret: [u8; 32]) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// Names it without revealing it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        fingerprint(&self.0)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MasterKey({})", self.id())
    }
}

#[derive(Default)]
struct Loaded {
    by_id: HashMap<KeyId, Arc<Sealer>>,
    by_period: HashMap<(String, Period), Arc<Sealer>>,
}

/// All keys at hand. Share one per process behind an `Arc`.
pub struct KeyRing {
    master: MasterKey,
    index_key: Zeroizing<[u8; 32]>,
    pseudonym_key: Zeroizing<[u8; 32]>,
    loaded: RwLock<Loaded>,
    /// One creation at a time; the store's idempotency settles races between processes.
    creating: tokio::sync::Mutex<()>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "KeyRing({}, {} period keys)",
            self.master.id(),
            self.read().by_id.len()
        )
    }
}

impl KeyRing {
    /// A ring without period keys; [`KeyRing::load`] fetches those a store has.
    #[must_use]
    pub fn new(master: MasterKey) -> Self {
        let index_key = Zeroizing::new(blake3::derive_key(
            "hedui evidence 2026 index key v1",
            master.0.as_slice(),
        ));
        let pseudonym_key = Zeroizing::new(blake3::derive_key(
            "hedui evidence 2026 pseudonym v1",
            master.0.as_slice(),
        ));
        let (loaded, creating) = (RwLock::default(), tokio::sync::Mutex::default());
        Self {
            master,
            index_key,
            pseudonym_key,
            loaded,
            creating,
        }
    }

    /// Fetches every period key of a store and says how many. Errors: [`StoreError::WrongKey`] when they are wrapped
    /// by another master key, [`StoreError::Tampered`], or the store's own.
    pub async fn load(&self, store: &dyn EvidenceStore) -> Result<usize, StoreError> {
        let positions = store.find(key_frames()).await?;
        for position in &positions {
            self.adopt(&store.read(*position).await?)?;
        }
        Ok(positions.len())
    }

    /// The sealer of a district for the month of `time_ms`, making and storing its key when there is none yet.
    /// Resolves only once the key is durable: nothing is ever sealed under a key that could be lost.
    pub async fn sealer(
        &self,
        store: &dyn EvidenceStore,
        district: &str,
        time_ms: i64,
        rng: &mut (impl CryptoRng + Send + ?Sized),
    ) -> Result<Arc<Sealer>, StoreError> {
        let period = Period::of_ms(time_ms);
        if let Some(sealer) = self.ready(district, period) {
            return Ok(sealer);
        }
        let _turn = self.creating.lock().await;
        if let Some(sealer) = self.ready(district, period) {
            return Ok(sealer);
        }
        let receipt = store.append(self.key_frame(district, period, time_ms, rng)?).await?;
        // Read back instead of trusting our own: another process may have stored one first, and that one counts.
        self.adopt(&store.read(receipt.position).await?)
    }

    /// The sealer of a district and month if its key is at hand: no waiting, for the hot path.
    #[must_use]
    pub fn ready(&self, district: &str, period: Period) -> Option<Arc<Sealer>> {
        self.read().by_period.get(&(district.to_owned(), period)).cloned()
    }

    /// Opens a record with whatever key it names. Errors: [`StoreError::KeyMissing`], [`StoreError::Tampered`].
    pub fn open(&self, sealed: &Sealed, subject: &Subject<'_>) -> Result<Opened, StoreError> {
        let sealer = self.read().by_id.get(&sealed.period_key).cloned();
        sealer
            .ok_or(StoreError::KeyMissing(sealed.period_key))?
            .open(sealed, subject)
    }

    /// What an index finds a frame by. Keyed, because what goes in (a resident ID) can be enumerated; `domain` keeps
    /// different uses of the same parts apart.
    #[must_use]
    pub fn index_key(&self, domain: &str, parts: &[&[u8]]) -> IndexKey {
        let hash = keyed(&self.index_key, domain, parts);
        IndexKey(hash.first_chunk().copied().unwrap_or_default())
    }

    /// A stable stand-in for something enumerable, or a salted reference to it. Keyed like [`KeyRing::index_key`].
    #[must_use]
    pub fn pseudonym(&self, domain: &str, parts: &[&[u8]]) -> Pseudonym {
        Pseudonym(keyed(&self.pseudonym_key, domain, parts))
    }

    /// Forgets the key of a month, as a seam for its destruction: whatever it wraps is from then on `KeyMissing`.
    pub fn forget(&self, id: KeyId) {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        loaded.by_id.remove(&id);
        loaded.by_period.retain(|_, sealer| sealer.id() != id);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Loaded> {
        // Only whole entries are ever inserted or removed, so a panic elsewhere leaves nothing half made.
        self.loaded.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The master key in the role of a period key: what wraps the period keys.
    fn master_sealer(&self, district: &str) -> Result<Sealer, StoreError> {
        Sealer::new(&self.master.0, district)
    }

    fn key_frame(
        &self,
        district: &str,
        period: Period,
        time_ms: i64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Frame, StoreError> {
        let mut secret = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(secret.as_mut_slice());
        let evidence_id = EvidenceId::random(rng);
        let plain = Plain {
            evidence_id,
            department: "",
            kind: LeafKind::Key,
            plaintext: secret.as_slice(),
        };
        let mut sealed = Vec::with_capacity(1);
        let mut leaves = Vec::with_capacity(1);
        for (record, digests) in self.master_sealer(district)?.seal(&[plain], rng)? {
            sealed.push(record);
            leaves.push(Leaf {
                kind: LeafKind::Key,
                evidence_id,
                case: CaseId::default(),
                district: SmolStr::new(district),
                department: SmolStr::default(),
                purpose: format_smolstr!("{PERIOD}{period}"),
                asked_at_ms: time_ms,
                answered_at_ms: time_ms,
                outcome: SmolStr::new_static(CREATED),
                ciphertext_digest: digests.ciphertext_digest,
                commitment: digests.commitment,
                authorization: [0; 32],
                actor: SmolStr::default(),
                rests_on: Vec::new(),
            });
        }
        let name = self.index_key(
            "period key frame",
            &[district.as_bytes(), period.to_string().as_bytes()],
        );
        Ok(Frame {
            id: FrameId(name.0),
            kind: FrameKind::Key,
            district: district.to_owned(),
            case: CaseId::default(),
            time_ms,
            index: vec![key_frames()],
            leaves,
            sealed,
        })
    }

    /// Unwraps the key of a key frame and keeps it.
    fn adopt(&self, frame: &Frame) -> Result<Arc<Sealer>, StoreError> {
        let (Some(leaf), Some(sealed)) = (frame.leaves.first(), frame.sealed.first()) else {
            return Err(StoreError::Tampered("key frame"));
        };
        let period = leaf.purpose.strip_prefix(PERIOD).and_then(Period::parse);
        let period = period.ok_or(StoreError::Tampered("key frame"))?;
        let district = frame.district.as_str();
        let subject = Subject {
            evidence_id: sealed.evidence_id,
            district,
            department: "",
            kind: LeafKind::Key,
        };
        let opened = self.master_sealer(district)?.open(sealed, &subject)?;
        let secret: &[u8; 32] = opened
            .plaintext()
            .try_into()
            .map_err(|_| StoreError::Tampered("key frame"))?;
        let sealer = Arc::new(Sealer::new(secret, district)?);
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        loaded.by_id.insert(sealer.id(), Arc::clone(&sealer));
        loaded
            .by_period
            .insert((district.to_owned(), period), Arc::clone(&sealer));
        Ok(sealer)
    }
}

/// Under what every key frame is filed. Not keyed: a ring with another master key must find them too, to say so.
fn key_frames() -> IndexKey {
    let hash = blake3::derive_key("hedui evidence 2026 key frames v1", b"");
    IndexKey(hash.first_chunk().copied().unwrap_or_default())
}

/// BLAKE3 keyed over the domain and the parts, each behind its length, so that no two inputs share their bytes.
fn keyed(key: &[u8; 32], domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests;
