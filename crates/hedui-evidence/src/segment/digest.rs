//! The digest of a segment's bytes as a backup states it: wrapped keys count as zeros, so that it outlives their destruction.
//! Left to others: the keys themselves, each of which has a check of its own that every reading looks at (`frame::keys`).

use super::format::{GROUP_HEADER, GroupHeader, SEGMENT_HEADER};
use crate::frame::{KEY_COUNT_END, RECORD_PREFIX, key_bytes, record_length};

/// What the next bytes are.
enum Next {
    /// So many that are neither looked at nor keys.
    Plain(u64),
    /// So many of wrapped keys.
    Keys(u64),
    /// The first bytes of a group or record: so many tell how it goes on.
    Head(usize),
    /// Nothing tells where the keys are any more: all the rest counts as it is.
    Unknown,
}

/// Takes a segment's bytes in order, in pieces of any size. Where they are damaged it counts them as they are.
pub(super) struct SegmentDigest {
    hasher: blake3::Hasher,
    next: Next,
    /// The bytes of keys behind the plain ones.
    then_keys: u64,
    /// What is left of the group behind this record.
    group_left: u64,
    head: Vec<u8>,
    piece: Vec<u8>,
}

impl SegmentDigest {
    pub(super) fn new() -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            next: Next::Plain(SEGMENT_HEADER),
            then_keys: 0,
            group_left: 0,
            head: Vec::with_capacity(KEY_COUNT_END),
            piece: Vec::new(),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let mut piece = std::mem::take(&mut self.piece);
        piece.clear();
        piece.extend_from_slice(bytes);
        let mut rest = piece.as_mut_slice();
        while !rest.is_empty() {
            let count = self.pass(rest);
            rest = rest.get_mut(count..).unwrap_or_default();
        }
        self.hasher.update(&piece);
        self.piece = piece;
    }

    /// Of what was taken so far.
    pub(super) fn digest(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }

    /// Passes some of the bytes, keys as zeros, and says how many.
    fn pass(&mut self, bytes: &mut [u8]) -> usize {
        let most = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        match self.next {
            Next::Unknown => bytes.len(),
            Next::Plain(0) | Next::Keys(0) => {
                self.turn();
                0
            }
            Next::Plain(left) => {
                let count = most(left);
                self.next = Next::Plain(left - count as u64);
                count
            }
            Next::Keys(left) => {
                let count = most(left);
                bytes.get_mut(..count).unwrap_or_default().fill(0);
                self.next = Next::Keys(left - count as u64);
                count
            }
            Next::Head(needed) => {
                let count = most(needed.saturating_sub(self.head.len()) as u64);
                self.head.extend_from_slice(bytes.get(..count).unwrap_or_default());
                if self.head.len() >= needed {
                    self.read_head();
                    self.head.clear();
                }
                count
            }
        }
    }

    /// Goes on behind a stretch that has ended.
    fn turn(&mut self) {
        let keys = std::mem::take(&mut self.then_keys);
        self.next = match (keys, self.group_left) {
            (0, 0) => Next::Head(usize::try_from(GROUP_HEADER).unwrap_or(usize::MAX)),
            (0, left) => Next::Head(usize::try_from(left).unwrap_or(usize::MAX).min(KEY_COUNT_END)),
            (keys, _) => Next::Keys(keys),
        };
    }

    fn read_head(&mut self) {
        if self.group_left == 0 {
            self.next = match GroupHeader::decode(&self.head) {
                Some(group) => {
                    self.group_left = u64::from(group.length);
                    Next::Plain(0)
                }
                None => Next::Unknown,
            };
            return;
        }
        let seen = self.head.len() as u64;
        let length = self.head.first_chunk::<RECORD_PREFIX>().and_then(record_length);
        let length = length
            .map(|length| length as u64)
            .filter(|length| *length <= self.group_left);
        let keys = key_bytes(&self.head).map(|keys| keys as u64);
        let plain = length
            .zip(keys)
            .and_then(|(length, keys)| length.checked_sub(keys)?.checked_sub(seen));
        match (length, keys, plain) {
            (Some(length), Some(keys), Some(plain)) => {
                self.next = Next::Plain(plain);
                self.then_keys = keys;
                self.group_left -= length;
            }
            // The next group may be whole.
            _ => {
                self.next = Next::Plain(self.group_left.saturating_sub(seen));
                self.group_left = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{Rng, RngExt, SeedableRng};

    use super::*;
    use crate::contract::{sample_frame, without_keys};
    use crate::ids::CaseId;
    use crate::{EvidenceId, Frame};

    /// A segment's bytes: a header of any bytes, groups of frames.
    fn segment(frames: &[Vec<Frame>]) -> Vec<u8> {
        let mut bytes = vec![7; 56];
        for (sequence, group) in (1..).zip(frames) {
            let records: Vec<u8> = group.iter().flat_map(|frame| frame.encode().unwrap()).collect();
            let (length, count) = (
                u32::try_from(records.len()).unwrap(),
                u32::try_from(group.len()).unwrap(),
            );
            bytes.extend(
                GroupHeader {
                    sequence,
                    length,
                    count,
                }
                .encode(),
            );
            bytes.extend(records);
        }
        bytes
    }

    fn digest(bytes: &[u8], rng: &mut StdRng) -> [u8; 32] {
        let (mut digest, mut rest) = (SegmentDigest::new(), bytes);
        while !rest.is_empty() {
            let (piece, others) = rest.split_at(rng.random_range(1..=rest.len().min(900)));
            digest.update(piece);
            rest = others;
        }
        digest.digest()
    }

    proptest! {
        #[test]
        fn only_destroyed_keys_leave_it_as_it_is(seed in any::<u64>(), groups in 1usize..5) {
            let mut rng = StdRng::seed_from_u64(seed);
            let frames: Vec<Vec<Frame>> = (0..groups)
                .map(|_| (0..rng.random_range(1..4)).map(|number| sample_frame(&mut rng, CaseId([1; 16]), &[], number * 2)).collect())
                .collect();
            let held: Vec<EvidenceId> = frames.iter().flatten().flat_map(|frame| &frame.sealed).map(|sealed| sealed.evidence_id).collect();
            let named: Vec<_> = held.into_iter().filter(|_| rng.random()).collect();
            let before = segment(&frames);
            let shredded: Vec<Vec<Frame>> = frames.iter().map(|group| group.iter().map(|frame| without_keys(frame, &named)).collect()).collect();
            let after = segment(&shredded);
            let expected = digest(&before, &mut rng);
            prop_assert_eq!(digest(&after, &mut rng), expected);
            // The bytes that may change are the keys, and no others.
            let keys = segment_without_keys(&frames);
            for _ in 0..40 {
                let at = rng.random_range(0..before.len());
                let mut other = before.clone();
                other[at] ^= 1 << rng.random_range(0..8);
                prop_assert_eq!(digest(&other, &mut rng) == expected, keys[at], "byte {}", at);
            }
            let mut noise = vec![0; 3_000];
            rng.fill_bytes(&mut noise);
            digest(&noise, &mut rng);
        }
    }

    /// Of each byte of a segment, whether it is one of a wrapped key: told from the frames, not from the bytes.
    fn segment_without_keys(frames: &[Vec<Frame>]) -> Vec<bool> {
        let mut keys = vec![false; 56];
        for group in frames {
            keys.extend([false; 24]);
            for frame in group {
                let (length, of_keys) = (frame.encode().unwrap().len(), frame.sealed.len() * 64);
                keys.extend(vec![false; length - of_keys]);
                keys.extend(vec![true; of_keys]);
            }
        }
        keys
    }
}
