//! The keys: a master key, district-month keys wrapped by it inside the store, and the keyed hashes derived from it.
//! Left to others: sealing records (`sealer`), where the master key comes from (`file`, `command`), changing it (`rotate`), its backup.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::frame::{Frame, Sealed};
use crate::ids::{IndexKey, KeyId, Pseudonym};
use crate::period::Period;
use crate::sealer::{Opened, Sealer, Subject, check_not_shredded, fingerprint};
use crate::store::{EvidenceStore, Position};

mod command;
pub(crate) mod file;
mod frames;
mod rotate;
mod source;

use frames::{About, key_frames};
pub use rotate::Rotated;
pub use source::KeySource;

/// Bytes of every key.
const KEY_BYTES: usize = 32;

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

/// The secrets behind index keys and pseudonyms. A store's first master key gives them; later ones take them over.
struct Names {
    index: Zeroizing<[u8; KEY_BYTES]>,
    pseudonym: Zeroizing<[u8; KEY_BYTES]>,
}

impl Names {
    fn of(master: &MasterKey) -> Self {
        let derive = |context| Zeroizing::new(blake3::derive_key(context, master.0.as_slice()));
        Self {
            index: derive("hedui evidence 2026 index key v1"),
            pseudonym: derive("hedui evidence 2026 pseudonym v1"),
        }
    }
}

/// The master key and what goes with it.
struct Held {
    master: MasterKey,
    names: Names,
}

impl Held {
    /// The master key in the role of a period key: what wraps the period keys of a district.
    fn wrapping(&self, district: &str) -> Result<Sealer, StoreError> {
        Sealer::new(&self.master.0, district)
    }
}

/// The key frames of a store.
#[derive(Default)]
struct Found {
    /// Of each district and month, by which master keys its key is wrapped, and where that stands.
    periods: BTreeMap<(String, Period), BTreeMap<KeyId, Position>>,
    /// The master keys that rotations made the store's, in order.
    masters: Vec<KeyId>,
    /// The frame that ended the last rotation.
    last: Option<Position>,
    /// The first period key's frame.
    first: Option<Position>,
}

/// All keys at hand. Share one per process behind an `Arc`.
pub struct KeyRing {
    held: RwLock<Arc<Held>>,
    loaded: RwLock<Loaded>,
    /// Whether a store's key frames were read: without them a key could be made that is there already.
    has_loaded: AtomicBool,
    /// One creation at a time; the store's idempotency settles races between processes.
    creating: tokio::sync::Mutex<()>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "KeyRing({}, {} period keys)",
            self.master_id(),
            self.read().by_id.len()
        )
    }
}

impl KeyRing {
    /// A ring without period keys; [`KeyRing::load`] fetches those a store has.
    #[must_use]
    pub fn new(master: MasterKey) -> Self {
        let names = Names::of(&master);
        Self {
            held: RwLock::new(Arc::new(Held { master, names })),
            loaded: RwLock::default(),
            has_loaded: AtomicBool::new(false),
            creating: tokio::sync::Mutex::default(),
        }
    }

    /// Which master key this ring holds.
    #[must_use]
    pub fn master_id(&self) -> KeyId {
        self.held().master.id()
    }

    /// Fetches every period key of a store and says how many; in a store whose master key was replaced also the secrets
    /// behind index keys and pseudonyms, so that nothing is to be looked up before.
    ///
    /// Errors: [`StoreError::KeyReplaced`] when the store has another master key by now; [`StoreError::WrongKey`] when the
    /// keys are wrapped by one that this is not; [`StoreError::Tampered`]; the store's own.
    pub async fn load(&self, store: &dyn EvidenceStore) -> Result<usize, StoreError> {
        let _turn = self.creating.lock().await;
        Ok(self.load_all(store).await?.periods.len())
    }

    async fn load_all(&self, store: &dyn EvidenceStore) -> Result<Found, StoreError> {
        let mut found = Found::default();
        for position in store.find(key_frames()).await? {
            let frame = store.read(position).await?;
            match frames::about(&frame)? {
                (About::Period(period), wrapped_by) => {
                    found.first.get_or_insert(position);
                    let wrappings = found.periods.entry((frame.district, period)).or_default();
                    wrappings.entry(wrapped_by).or_insert(position);
                }
                (About::Master(id), _) => {
                    found.masters.push(id);
                    found.last = Some(position);
                }
            }
        }
        self.take_over_names(store, &found).await?;
        let held = self.master_id();
        for wrappings in found.periods.values() {
            let Some(position) = wrappings.get(&held) else {
                let needed = wrappings.keys().next().copied().unwrap_or_default();
                return Err(StoreError::WrongKey { needed, held });
            };
            self.adopt(&store.read(*position).await?)?;
        }
        self.check_names(store, &found).await?;
        self.has_loaded.store(true, Ordering::Release);
        Ok(found)
    }

    /// A store's first key frame is named by the store's names. The new key of a rotation that was not ended has others.
    async fn check_names(&self, store: &dyn EvidenceStore, found: &Found) -> Result<(), StoreError> {
        let Some(position) = found.first else { return Ok(()) };
        let frame = store.read(position).await?;
        let (About::Period(period), needed) = frames::about(&frame)? else {
            return Ok(());
        };
        let held = self.held();
        if frames::period_frame_id(&held.names, &frame.district, period) == frame.id {
            return Ok(());
        }
        let held = held.master.id();
        Err(StoreError::WrongKey { needed, held })
    }

    /// Sees to it that this ring has the store's master key and its names.
    async fn take_over_names(&self, store: &dyn EvidenceStore, found: &Found) -> Result<(), StoreError> {
        let (Some(current), Some(position)) = (found.masters.last().copied(), found.last) else {
            return Ok(());
        };
        let held = self.held();
        let id = held.master.id();
        if id != current {
            let wraps = |wrappings: &BTreeMap<KeyId, Position>| wrappings.contains_key(&id);
            let was = found.masters.contains(&id) || found.periods.values().any(wraps);
            return Err(if was {
                StoreError::KeyReplaced { held: id, current }
            } else {
                StoreError::WrongKey {
                    needed: current,
                    held: id,
                }
            });
        }
        let names = frames::open_names(&held.wrapping("")?, &store.read(position).await?)?;
        let master = MasterKey(held.master.0.clone());
        self.hold(Held { master, names });
        Ok(())
    }

    fn held(&self) -> Arc<Held> {
        // Only ever replaced as a whole.
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn hold(&self, held: Held) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(held);
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
        if !self.has_loaded.load(Ordering::Acquire) {
            // After a rotation the names by which a key is recognised are in the store only.
            self.load_all(store).await?;
            if let Some(sealer) = self.ready(district, period) {
                return Ok(sealer);
            }
        }
        let held = self.held();
        let frame = frames::new_period((&held.wrapping(district)?, &held.names), period, time_ms, rng)?;
        let receipt = store.append(frame).await?;
        // Read back instead of trusting our own: another process may have stored one first, and that one counts.
        let frame = store.read(receipt.position).await?;
        if receipt.duplicate && frames::about(&frame)?.1 != held.master.id() {
            // It is from before a rotation, and stands there wrapped anew as well.
            self.load_all(store).await?;
            return self
                .ready(district, period)
                .ok_or(StoreError::KeyMissing(held.master.id()));
        }
        self.adopt(&frame)
    }

    /// The sealer of a district and month if its key is at hand: no waiting, for the hot path.
    #[must_use]
    pub fn ready(&self, district: &str, period: Period) -> Option<Arc<Sealer>> {
        self.read().by_period.get(&(district.to_owned(), period)).cloned()
    }

    /// Opens a record with whatever key it names. Errors: [`StoreError::Shredded`], [`StoreError::KeyMissing`],
    /// [`StoreError::Tampered`].
    pub fn open(&self, sealed: &Sealed, subject: &Subject<'_>) -> Result<Opened, StoreError> {
        check_not_shredded(sealed)?;
        let sealer = self.read().by_id.get(&sealed.period_key).cloned();
        sealer
            .ok_or(StoreError::KeyMissing(sealed.period_key))?
            .open(sealed, subject)
    }

    /// What an index finds a frame by. Keyed, because what goes in (a resident ID) can be enumerated; `domain` keeps
    /// different uses of the same parts apart.
    #[must_use]
    pub fn index_key(&self, domain: &str, parts: &[&[u8]]) -> IndexKey {
        let hash = keyed(&self.held().names.index, domain, parts);
        IndexKey(hash.first_chunk().copied().unwrap_or_default())
    }

    /// A stable stand-in for something enumerable, or a salted reference to it. Keyed like [`KeyRing::index_key`].
    #[must_use]
    pub fn pseudonym(&self, domain: &str, parts: &[&[u8]]) -> Pseudonym {
        Pseudonym(keyed(&self.held().names.pseudonym, domain, parts))
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

    /// Unwraps the key of a key frame and keeps it.
    fn adopt(&self, frame: &Frame) -> Result<Arc<Sealer>, StoreError> {
        let (About::Period(period), _) = frames::about(frame)? else {
            return Err(StoreError::Tampered("key frame"));
        };
        let district = frame.district.as_str();
        let opened = frames::open(&self.held().wrapping(district)?, frame)?;
        let secret: &[u8; KEY_BYTES] = opened
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

/// BLAKE3 keyed over the domain and the parts, each behind its length, so that no two inputs share their bytes.
fn keyed(key: &[u8; 32], domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    let parts = || std::iter::once(domain.as_bytes()).chain(parts.iter().copied());
    // In one piece: of hundreds of short parts each handed over by itself would cost more than hashing them.
    let mut text = Zeroizing::new(Vec::with_capacity(parts().map(|part| 8 + part.len()).sum()));
    for part in parts() {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part);
    }
    *blake3::keyed_hash(key, &text).as_bytes()
}

#[cfg(test)]
mod tests;
