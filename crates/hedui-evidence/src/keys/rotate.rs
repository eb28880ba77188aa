//! Changing the master key: every period key wrapped anew by the new one, then one frame that makes it the store's.
//! Left to others: keeping the old key until the new one is backed up (the operator), destroying period keys.

use rand::CryptoRng;

use super::frames::{self, About};
use super::{Held, KeyRing, MasterKey, Names};
use crate::error::StoreError;
use crate::ids::KeyId;
use crate::sealer::Sealer;
use crate::store::EvidenceStore;

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// The key before.
    pub from: KeyId,
    /// The key from now on.
    pub to: KeyId,
    /// Period keys wrapped anew by this call.
    pub wrapped: usize,
    /// Those that an earlier, interrupted call had wrapped already.
    pub already: usize,
}

impl KeyRing {
    /// Makes `new` the master key of a store, and of this ring. Sealed records, index keys and pseudonyms stay as they
    /// are: the secrets behind them are handed on. Until the last frame is durable the old key is the store's, and a call
    /// that was interrupted is simply made again with the same two keys; afterwards the old key is refused with
    /// [`StoreError::KeyReplaced`]. No other ring may make keys in the store meanwhile.
    ///
    /// Errors: those of [`KeyRing::load`]; `KeyReplaced` when `new` was replaced itself before; the store's.
    pub async fn rotate(
        &self,
        store: &dyn EvidenceStore,
        new: MasterKey,
        time_ms: i64,
        rng: &mut (impl CryptoRng + Send + ?Sized),
    ) -> Result<Rotated, StoreError> {
        let _turn = self.creating.lock().await;
        let found = self.load_all(store).await?;
        let old = self.held();
        let (from, to) = (old.master.id(), new.id());
        let mut rotated = Rotated {
            from,
            to,
            wrapped: 0,
            already: 0,
        };
        if from == to {
            return Ok(rotated);
        }
        if found.masters.contains(&to) {
            return Err(StoreError::KeyReplaced {
                held: to,
                current: from,
            });
        }
        for ((district, period), wrappings) in &found.periods {
            if wrappings.contains_key(&to) {
                rotated.already += 1;
                continue;
            }
            let Some(position) = wrappings.get(&from) else {
                return Err(StoreError::KeyMissing(from));
            };
            let frame = store.read(*position).await?;
            if frames::about(&frame)? != (About::Period(*period), from) {
                return Err(StoreError::Tampered("key frame"));
            }
            let opened = frames::open(&old.wrapping(district)?, &frame)?;
            let before = frame
                .sealed
                .first()
                .map(|sealed| sealed.evidence_id)
                .unwrap_or_default();
            let wrapping = Sealer::new(&new.0, district)?;
            let secret = (*period, before, opened.plaintext());
            let frame = frames::period_anew((&wrapping, &old.names), secret, time_ms, rng)?;
            store.append(frame).await?;
            rotated.wrapped += 1;
        }
        let wrapping = Sealer::new(&new.0, "")?;
        store
            .append(frames::new_master((&wrapping, &old.names), time_ms, rng)?)
            .await?;
        let names = Names {
            index: old.names.index.clone(),
            pseudonym: old.names.pseudonym.clone(),
        };
        self.hold(Held { master: new, names });
        Ok(rotated)
    }
}
