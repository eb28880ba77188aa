//! The frame: everything one act leaves behind, appended as one unit, and its record on disk (length, CRC, version, body).
//! Left to others: the wrapped keys at a record's end (`keys`), sealing (`sealer`), where records stand in a segment (`segment`).

use std::collections::BTreeSet;

use bytes::Bytes;
use hedui_log::merkle::{Hash, leaf_hash};

use crate::codec::{CodecError, put_bytes, put_count, within};
use crate::ids::{CaseId, EvidenceId, FrameId, IndexKey, KeyId};
use crate::leaf::{Leaf, LeafKind, MAX_LEAF_BYTES, MAX_TEXT_BYTES};

mod envelope;
mod keys;
mod sealing;

use envelope::{Body, VERSION, body_of_whole, envelope, open_body, open_record, record_prefix};
pub(crate) use envelope::{
    KEY_COUNT_END, RECORD_PREFIX, Whole, has_half_keys, key_bytes, record_is_whole, record_length, some_key_is_zero,
};
pub(crate) use keys::{KEY_SLOT_BYTES, KeySlot, KeySlots, KeyState, key_slots};

/// The largest frame record, in bytes: 27 departments with a megabyte each still fit twice.
pub const MAX_FRAME_BYTES: usize = 64 << 20;
/// How many index keys a frame may carry.
pub const MAX_INDEX_KEYS: usize = 1_024;
/// How many leaves, and how many sealed records, a frame may carry.
pub const MAX_PARTS: usize = 8_192;
/// A wrapped record key: 12 bytes nonce, 32 bytes key, 16 bytes tag (AES-256-GCM).
pub const WRAPPED_KEY_BYTES: usize = 12 + 32 + 16;
/// A head without its district and index keys: frame id, kind, case, time, three counts.
const HEAD_BYTES: usize = 16 + 1 + 16 + 8 + 2 + 2 + 2;
/// A sealed record without its ciphertext: two ids, a length, the wrapped key at the end of the frame.
const SEALED_BYTES: usize = 16 + 16 + 4 + KEY_SLOT_BYTES;
/// What a frame is about. The codes are part of the format: only ever add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum FrameKind {
    /// The intention to ask, durable before the first department is asked.
    Asked = 1,
    /// The answers and the verdict of one verification.
    Verdict = 2,
    /// A read of evidence.
    Access = 3,
    /// A refusal for want of a right.
    Denial = 4,
    /// A wrapped key.
    Key = 5,
    /// A person's review.
    Review = 6,
    /// A policy pack that came into use.
    Pack = 7,
    /// Keys of sealed records of its case were destroyed: its leaves of kind shred name which. Only `EvidenceStore::shred` takes it.
    Shred = 8,
}

impl FrameKind {
    /// Every kind, by ascending code.
    pub const ALL: [Self; 8] = [
        Self::Asked,
        Self::Verdict,
        Self::Access,
        Self::Denial,
        Self::Key,
        Self::Review,
        Self::Pack,
        Self::Shred,
    ];

    /// The code in the encoding.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this code, if this build knows it.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// One record under its own key. Without the period key neither the plaintext nor the salt of its commitment can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The leaf that vouches for it.
    pub evidence_id: EvidenceId,
    /// The district-month key that wraps its key.
    pub period_key: KeyId,
    /// Nonce, wrapped record key, tag; zeros once it is destroyed.
    pub wrapped_key: [u8; WRAPPED_KEY_BYTES],
    /// Salt and plaintext under the record key, with the tag at the end.
    pub ciphertext: Vec<u8>,
}

impl Sealed {
    /// Whether its key was destroyed: nobody can open it any more, whatever keys they have.
    #[must_use]
    pub fn is_shredded(&self) -> bool {
        self.wrapped_key == [0; WRAPPED_KEY_BYTES]
    }
}

/// What is appended at once: all of it becomes durable, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Idempotency: a second append under the same id changes nothing.
    pub id: FrameId,
    /// What it is about.
    pub kind: FrameKind,
    /// Division code of the district, at most 1,024 bytes.
    pub district: String,
    /// The verification it belongs to.
    pub case: CaseId,
    /// When it was made, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// What it can be found by, beside its case.
    pub index: Vec<IndexKey>,
    /// The leaves, in the order of the log.
    pub leaves: Vec<Leaf>,
    /// The sealed records.
    pub sealed: Vec<Sealed>,
}

/// The beginning of a frame: enough to list, count and index without touching leaves and ciphertexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameHead {
    /// See [`Frame::id`].
    pub id: FrameId,
    /// See [`Frame::kind`].
    pub kind: FrameKind,
    /// See [`Frame::district`].
    pub district: String,
    /// See [`Frame::case`].
    pub case: CaseId,
    /// See [`Frame::time_ms`].
    pub time_ms: i64,
    /// See [`Frame::index`].
    pub index: Vec<IndexKey>,
}

impl FrameHead {
    fn read(body: &mut Body<'_>) -> Result<Self, CodecError> {
        let from = &mut body.fields;
        let id = FrameId(from.array("frame id")?);
        let code = from.u8("frame kind")?;
        let kind = FrameKind::from_code(code).ok_or(CodecError::Code {
            what: "frame kind",
            found: code,
        })?;
        let case = CaseId(from.array("frame case")?);
        let time_ms = from.i64("frame time_ms")?;
        if body.keys.is_some() {
            from.take("frame sealed", 2)?;
        }
        let district = from.text("frame district", MAX_TEXT_BYTES)?.to_owned();
        let count = from.count("frame index", MAX_INDEX_KEYS)?;
        let mut index = Vec::with_capacity(count);
        for _ in 0..count {
            index.push(IndexKey(from.array("frame index")?));
        }
        Ok(Self {
            id,
            kind,
            district,
            case,
            time_ms,
            index,
        })
    }
}

/// A frame as it will stand in a log, made where there is time for it: appending it copies and checks nothing more.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    id: FrameId,
    kind: FrameKind,
    case: CaseId,
    index: Vec<IndexKey>,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Record({}, {} bytes)", self.id, self.bytes.len())
    }
}

impl Record {
    /// The frame's id.
    #[must_use]
    pub fn id(&self) -> FrameId {
        self.id
    }

    /// What the frame is about.
    #[must_use]
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// The frame, read back. Errors: none for a record that [`Frame::record`] made.
    pub fn frame(&self) -> Result<Frame, CodecError> {
        Frame::decode(&self.bytes)
    }

    /// What it can be found by, and its bytes.
    pub(crate) fn into_parts(self) -> (CaseId, Vec<IndexKey>, Vec<u8>) {
        (self.case, self.index, self.bytes)
    }
}

impl Frame {
    /// The frame encoded, with what finds it. Errors: those of [`Frame::encode`]; [`CodecError::NoKey`] for a record whose key is destroyed: only
    /// a shred frame behind it tells zeros that were written from zeros that a power cut left.
    pub fn record(&self) -> Result<Record, CodecError> {
        if self.sealed.iter().any(Sealed::is_shredded) {
            return Err(CodecError::NoKey);
        }
        Ok(Record {
            id: self.id,
            kind: self.kind,
            case: self.case,
            index: filed_under(self.kind, &self.index),
            bytes: self.encode()?,
        })
    }

    /// The record as it stands in a segment: length, CRC-32, version, body, wrapped keys.
    /// Errors: [`CodecError::TooLarge`] when a part or the whole exceeds its limit.
    pub fn encode(&self) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(self.encoded_bytes());
        self.begin(self.sealed.len(), &mut out)?;
        for sealed in &self.sealed {
            encode_sealed(sealed, &mut out)?;
        }
        let keys = self.sealed.iter().map(|sealed| &sealed.wrapped_key);
        finish(self.sealed.len(), keys, &mut out)?;
        Ok(out)
    }

    /// Everything before the sealed records, of which there will be so many.
    fn begin(&self, sealed: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.extend_from_slice(&[0u8; RECORD_PREFIX]);
        out.push(VERSION);
        self.encode_head(sealed, out)?;
        put_count(out, "frame leaves", self.leaves.len(), MAX_PARTS)?;
        self.leaves.iter().try_for_each(|leaf| encode_leaf(leaf, out))
    }

    fn encode_head(&self, sealed: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.extend_from_slice(&self.id.0);
        out.push(self.kind.code());
        out.extend_from_slice(&self.case.0);
        out.extend_from_slice(&self.time_ms.to_be_bytes());
        put_count(out, "frame sealed", sealed, MAX_PARTS)?;
        put_bytes(out, "frame district", self.district.as_bytes(), MAX_TEXT_BYTES)?;
        put_count(out, "frame index", self.index.len(), MAX_INDEX_KEYS)?;
        for key in &self.index {
            out.extend_from_slice(&key.0);
        }
        Ok(())
    }

    /// Reads a whole record back. Errors: the CRC, a wrapped key, the version or a field is not what [`Frame::encode`] writes.
    pub fn decode(record: &[u8]) -> Result<Self, CodecError> {
        let mut body = open_record(record)?;
        let head = FrameHead::read(&mut body)?;
        let count = body.fields.count("frame leaves", MAX_PARTS)?;
        let mut leaves = Vec::with_capacity(count);
        for _ in 0..count {
            let length = body.fields.count("frame leaf", MAX_LEAF_BYTES)?;
            leaves.push(Leaf::decode(body.fields.take("frame leaf", length)?)?);
        }
        let sealed = body.sealed()?;
        body.fields.finish()?;
        let FrameHead {
            id,
            kind,
            district,
            case,
            time_ms,
            index,
        } = head;
        Ok(Self {
            id,
            kind,
            district,
            case,
            time_ms,
            index,
            leaves,
            sealed,
        })
    }

    /// The beginning of a record whose wrapped keys may be in any state.
    pub(crate) fn decode_head_with_any_keys(record: &[u8]) -> Result<FrameHead, CodecError> {
        let (covered, keys) = envelope(record)?;
        FrameHead::read(&mut open_body(covered, keys)?)
    }

    /// Reads only the beginning of a record, after checking its length, its CRC and its wrapped keys.
    pub fn decode_head(record: &[u8]) -> Result<FrameHead, CodecError> {
        FrameHead::read(&mut open_record(record)?)
    }

    /// The same of a record whose CRC was found to fit; its wrapped keys are looked at.
    pub(crate) fn decode_head_of_whole(record: &[u8]) -> Result<FrameHead, CodecError> {
        let head = FrameHead::read(&mut body_of_whole(record)?)?;
        if has_half_keys(record) {
            return Err(CodecError::WrappedKey);
        }
        Ok(head)
    }

    /// The canonical bytes of every leaf of a record, in order, as slices of the record: what a Merkle tree hashes.
    pub fn leaf_bytes(record: &Bytes) -> Result<Vec<Bytes>, CodecError> {
        Self::leaves_of(record, open_record(record)?)
    }

    /// The beginning of a record that was found whole, and the hashes of its leaves.
    pub(crate) fn leaf_hashes_of_whole(record: &[u8]) -> Result<(FrameHead, Vec<Hash>), CodecError> {
        let mut body = body_of_whole(record)?;
        let head = FrameHead::read(&mut body)?;
        let count = body.fields.count("frame leaves", MAX_PARTS)?;
        let mut leaves = Vec::with_capacity(count);
        for _ in 0..count {
            let length = body.fields.count("frame leaf", MAX_LEAF_BYTES)?;
            leaves.push(leaf_hash(body.fields.take("frame leaf", length)?));
        }
        Ok((head, leaves))
    }

    /// The leaves of a record that was found whole.
    pub(crate) fn leaf_bytes_of_whole(record: &Bytes) -> Result<Vec<Bytes>, CodecError> {
        Self::leaves_of(record, body_of_whole(record)?)
    }

    fn leaves_of(record: &Bytes, mut body: Body<'_>) -> Result<Vec<Bytes>, CodecError> {
        FrameHead::read(&mut body)?;
        let count = body.fields.count("frame leaves", MAX_PARTS)?;
        let mut leaves = Vec::with_capacity(count);
        for _ in 0..count {
            let length = body.fields.count("frame leaf", MAX_LEAF_BYTES)?;
            leaves.push(record.slice_ref(body.fields.take("frame leaf", length)?));
        }
        Ok(leaves)
    }

    /// The records that a shred frame names, each once.
    pub(crate) fn named_for_shredding(&self) -> BTreeSet<EvidenceId> {
        let leaves = self.leaves.iter().filter(|leaf| leaf.kind == LeafKind::Shred);
        leaves.flat_map(|leaf| leaf.rests_on.iter().copied()).collect()
    }

    /// How long the record is, so that writing it never moves it.
    fn encoded_bytes(&self) -> usize {
        let leaves: usize = self.leaves.iter().map(|leaf| 2 + leaf.encoded_bytes()).sum();
        let sealed = self.sealed.iter();
        let sealed: usize = sealed.map(|sealed| SEALED_BYTES + sealed.ciphertext.len()).sum();
        self.leaves_at() + leaves + sealed
    }

    /// Where the first leaf begins, behind the length of it.
    fn leaves_at(&self) -> usize {
        RECORD_PREFIX + 1 + HEAD_BYTES + self.district.len() + self.index.len() * 16 + 2
    }
}

/// The sealed records stand at the end of `out`: checks the whole, writes length and CRC, and then the wrapped keys.
fn finish<'a>(
    count: usize,
    keys: impl Iterator<Item = &'a [u8; WRAPPED_KEY_BYTES]>,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let key_bytes = count * KEY_SLOT_BYTES;
    within("frame", out.len() + key_bytes, MAX_FRAME_BYTES)?;
    if let Some((prefix, covered)) = out.split_first_chunk_mut::<RECORD_PREFIX>() {
        *prefix = record_prefix(covered, key_bytes)?;
    }
    keys.zip(0..).for_each(|(key, number)| keys::put(number, key, out));
    Ok(())
}

fn encode_leaf(leaf: &Leaf, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let at = out.len();
    out.extend_from_slice(&[0, 0]);
    leaf.encode_into(out)?;
    let length = out.len() - at - 2;
    let short = u16::try_from(length).map_err(|_| CodecError::TooLarge {
        what: "leaf",
        found: length,
        limit: MAX_LEAF_BYTES,
    })?;
    if let Some(slot) = out.get_mut(at..at + 2) {
        slot.copy_from_slice(&short.to_be_bytes());
    }
    Ok(())
}

fn encode_sealed(sealed: &Sealed, out: &mut Vec<u8>) -> Result<(), CodecError> {
    begin_sealed((sealed.evidence_id, sealed.period_key), sealed.ciphertext.len(), out)?;
    out.extend_from_slice(&sealed.ciphertext);
    Ok(())
}

/// What stands before a ciphertext of so many bytes.
fn begin_sealed((id, key): (EvidenceId, KeyId), bytes: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
    out.extend_from_slice(&id.0);
    out.extend_from_slice(&key.0);
    within("ciphertext", bytes, MAX_FRAME_BYTES)?;
    out.extend_from_slice(&u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes());
    Ok(())
}

/// What a frame is found by, beside its id and case: shred frames are all found by a key of their own.
pub(crate) fn filed_under(kind: FrameKind, index: &[IndexKey]) -> Vec<IndexKey> {
    let mut index = index.to_vec();
    if kind == FrameKind::Shred {
        index.push(shred_frames());
    }
    index
}

/// Under what every shred frame is filed, without naming it itself. Not keyed: it says nothing about anybody.
#[must_use]
pub fn shred_frames() -> IndexKey {
    let hash = blake3::derive_key("hedui evidence 2026 shred frames v1", b"");
    IndexKey(hash.first_chunk().copied().unwrap_or_default())
}

#[cfg(test)]
pub(crate) mod tests;
