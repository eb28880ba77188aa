//! Sealing where the records will stand: a verification's answers are encrypted in its record, and no byte of them is copied again.
//! Left to others: sealing itself (`sealer`), the encoding (`frame`).

use bytes::Bytes;
use rand::CryptoRng;

use super::{
    Frame, MAX_FRAME_BYTES, MAX_PARTS, Record, SEALED_BYTES, Sealed, begin_sealed, encode_sealed, filed_under, finish,
};
use crate::codec::{CodecError, within};
use crate::error::StoreError;
use crate::lanes;
use crate::leaf::Leaf;
use crate::sealer::{Digests, Draws, Plain, Sealer};

impl Frame {
    /// Seals plaintexts behind what is sealed already, each for the leaf at its position, and encodes the whole: the record, and the leaves with
    /// their digests. The same as [`Sealer::seal`] and [`Frame::record`] one after the other, with less memory moved.
    ///
    /// Errors: [`StoreError::Invalid`] for a position without a leaf or named twice, when a part or the whole exceeds its limit, and those of
    /// [`Frame::record`].
    pub fn seal(
        mut self,
        sealer: &Sealer,
        bodies: &[(usize, Bytes)],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<(Record, Vec<Leaf>), StoreError> {
        let batch = self.batch(bodies).map_err(StoreError::Invalid)?;
        let count = self.sealed.len() + batch.len();
        let added: usize = batch.iter().map(|plain| SEALED_BYTES + plain.sealed_bytes()).sum();
        let whole = self.encoded_bytes() + added;
        // Before anything is sealed: what would be refused in the end is refused at once.
        within("frame", whole, MAX_FRAME_BYTES).map_err(StoreError::Invalid)?;
        if self.sealed.iter().any(Sealed::is_shredded) {
            return Err(StoreError::Invalid(CodecError::NoKey));
        }
        let mut out = Vec::with_capacity(whole);
        self.begin(count, &mut out).map_err(StoreError::Invalid)?;
        for sealed in &self.sealed {
            encode_sealed(sealed, &mut out).map_err(StoreError::Invalid)?;
        }
        let mut draws = Draws::new(batch.len(), rng);
        let mut sealed = Vec::with_capacity(batch.len());
        for plain in &batch {
            let head = (plain.evidence_id, sealer.id());
            begin_sealed(head, plain.sealed_bytes(), &mut out).map_err(StoreError::Invalid)?;
            let start = out.len();
            let keyed = sealer.seal_one(plain, &mut draws, &mut out)?;
            sealed.push((start..out.len(), keyed));
        }
        let ciphertexts = sealed
            .iter()
            .map(|(place, _)| out.get(place.clone()).unwrap_or_default());
        let hashes = lanes::hash_all(&ciphertexts.collect::<Vec<_>>());
        let starts = self.leaf_starts();
        for (((at, _), (_, keyed)), ciphertext_digest) in bodies.iter().zip(&sealed).zip(hashes) {
            let place = starts.get(*at).and_then(|start| out.get_mut(*start..));
            let (Some(leaf), Some(encoded)) = (self.leaves.get_mut(*at), place) else {
                return Err(StoreError::Invalid(NO_LEAF));
            };
            let digests = Digests {
                ciphertext_digest,
                commitment: keyed.commitment,
            };
            leaf.set_digests(digests, encoded).map_err(StoreError::Invalid)?;
        }
        let before = self.sealed.iter().map(|sealed| &sealed.wrapped_key);
        let keys = before.chain(sealed.iter().map(|(_, keyed)| &keyed.wrapped_key));
        finish(count, keys, &mut out).map_err(StoreError::Invalid)?;
        let record = Record {
            id: self.id,
            kind: self.kind,
            case: self.case,
            index: filed_under(self.kind, &self.index),
            bytes: out,
        };
        Ok((record, self.leaves))
    }

    fn batch<'a>(&'a self, bodies: &'a [(usize, Bytes)]) -> Result<Vec<Plain<'a>>, CodecError> {
        within("frame sealed", bodies.len(), MAX_PARTS)?;
        let mut is_sealed = vec![false; self.leaves.len()];
        let plain = |(at, plaintext): &'a (usize, Bytes)| {
            let (leaf, is_sealed) = self.leaves.get(*at).zip(is_sealed.get_mut(*at)).ok_or(NO_LEAF)?;
            if std::mem::replace(is_sealed, true) {
                return Err(CodecError::Twice("leaf of a sealed record"));
            }
            Ok(Plain {
                evidence_id: leaf.evidence_id,
                department: &leaf.department,
                kind: leaf.kind,
                plaintext,
            })
        };
        bodies.iter().map(plain).collect()
    }

    /// Where the canonical bytes of each leaf begin in the record.
    fn leaf_starts(&self) -> Vec<usize> {
        let mut next = self.leaves_at();
        let start = |leaf: &Leaf| {
            let start = next + 2;
            next = start + leaf.encoded_bytes();
            start
        };
        self.leaves.iter().map(start).collect()
    }
}

const NO_LEAF: CodecError = CodecError::Short("leaf of a sealed record");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::WRAPPED_KEY_BYTES;
    use crate::contract::sample_frame;
    use crate::ids::{CaseId, IndexKey};

    fn bodies() -> impl Strategy<Value = Vec<Bytes>> {
        let length = prop_oneof![0..200usize, 900..1_200usize, 3_000..20_000usize];
        let body = (length, any::<u8>()).prop_map(|(length, byte)| Bytes::from(vec![byte; length]));
        prop::collection::vec(body, 0..40)
    }

    proptest! {
        /// Two roads to one record, with the same randomness.
        #[test]
        fn sealing_in_place_is_sealing_and_then_encoding(seed: u64, kept in 0..3usize, bodies in bodies()) {
            let mut rng = StdRng::seed_from_u64(seed);
            let sealer = Sealer::new(&[seed as u8; 32], "511703").unwrap();
            let mut frame = sample_frame(&mut rng, CaseId([3; 16]), &[IndexKey([4; 16])], bodies.len() + 3);
            frame.sealed.truncate(kept);
            // Not every leaf has a record, and records need not stand in the order of their leaves.
            let bodies: Vec<(usize, Bytes)> = bodies.into_iter().enumerate().map(|(at, body)| (at + 2, body)).rev().collect();
            let mut by_steps = frame.clone();
            let batch = by_steps.clone();
            let sealed = sealer.seal(&batch.batch(&bodies).unwrap(), &mut StdRng::seed_from_u64(!seed)).unwrap();
            for ((at, _), (record, digests)) in bodies.iter().zip(sealed) {
                by_steps.leaves[*at].ciphertext_digest = digests.ciphertext_digest;
                by_steps.leaves[*at].commitment = digests.commitment;
                by_steps.sealed.push(record);
            }
            let (record, leaves) = frame.seal(&sealer, &bodies, &mut StdRng::seed_from_u64(!seed)).unwrap();
            prop_assert_eq!(&record, &by_steps.record().unwrap());
            prop_assert_eq!(leaves, by_steps.leaves.clone());
            prop_assert_eq!(record.frame().unwrap(), by_steps);
            prop_assert_eq!(record.bytes.capacity(), record.bytes.len(), "nothing was moved");
        }
    }

    #[test]
    fn what_could_not_be_kept_is_refused() {
        let mut rng = StdRng::seed_from_u64(1);
        let frame = sample_frame(&mut rng, CaseId([3; 16]), &[], 2);
        let sealer = Sealer::new(&[1; 32], "511703").unwrap();
        let mut refusal = |frame: &Frame, bodies: &[(usize, Bytes)]| match frame.clone().seal(&sealer, bodies, &mut rng)
        {
            Err(StoreError::Invalid(reason)) => reason,
            other => panic!("{other:?}"),
        };
        let empty = Bytes::new();
        assert_eq!(refusal(&frame, &[(2, empty.clone())]), NO_LEAF);
        let twice = [(1, empty.clone()), (0, empty.clone()), (1, empty.clone())];
        assert!(matches!(refusal(&frame, &twice), CodecError::Twice(_)));
        let large = [(0, Bytes::from(vec![0; MAX_FRAME_BYTES]))];
        assert!(matches!(
            refusal(&frame, &large),
            CodecError::TooLarge { what: "frame", .. }
        ));
        let mut shredded = frame;
        shredded.sealed[0].wrapped_key = [0; WRAPPED_KEY_BYTES];
        assert_eq!(refusal(&shredded, &[]), CodecError::NoKey);
    }
}
