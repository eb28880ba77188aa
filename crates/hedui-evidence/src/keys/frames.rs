//! Key frames: how a period key, and the change of a master key, stand in the store.
//! Left to others: which of them count (`keys`), when they are made (`keys`, `rotate`).

use rand::CryptoRng;
use smol_str::{SmolStr, format_smolstr};
use zeroize::Zeroizing;

use super::{KEY_BYTES, Names, keyed};
use crate::error::StoreError;
use crate::frame::{Frame, FrameKind};
use crate::ids::{CaseId, EvidenceId, FrameId, IndexKey, KeyId};
use crate::leaf::{Leaf, LeafKind};
use crate::period::Period;
use crate::sealer::{Opened, Plain, Sealer, Subject};

/// The outcome codes of a key's leaf.
const CREATED: &str = "CREATED";
const WRAPPED_ANEW: &str = "WRAPPED_ANEW";
const REPLACED: &str = "REPLACED";
/// In front of the month in the purpose of a period key's leaf.
const PERIOD: &str = "period:";
/// In front of the new key's id in the purpose of the leaf that ends a rotation.
const MASTER: &str = "master:";

/// Under what every key frame is filed. Not keyed: a ring with another master key must find them too, to say so.
pub(super) fn key_frames() -> IndexKey {
    let hash = blake3::derive_key("hedui evidence 2026 key frames v1", b"");
    IndexKey(hash.first_chunk().copied().unwrap_or_default())
}

/// What a key frame is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The key of the frame's district and this month.
    Period(Period),
    /// From here on this is the store's master key.
    Master(KeyId),
}

/// What a key frame is about, and which key wraps what it holds. Errors: `Tampered`.
pub(super) fn about(frame: &Frame) -> Result<(About, KeyId), StoreError> {
    let (Some(leaf), Some(sealed)) = (frame.leaves.first(), frame.sealed.first()) else {
        return Err(StoreError::Tampered("key frame"));
    };
    let period = || {
        leaf.purpose
            .strip_prefix(PERIOD)
            .and_then(Period::parse)
            .map(About::Period)
    };
    let master = || {
        leaf.purpose
            .strip_prefix(MASTER)
            .and_then(KeyId::from_hex)
            .map(About::Master)
    };
    let about = period().or_else(master).ok_or(StoreError::Tampered("key frame"))?;
    Ok((about, sealed.period_key))
}

/// Opens what a key frame holds. Errors: `WrongKey`, `Tampered`.
pub(super) fn open(master: &Sealer, frame: &Frame) -> Result<Opened, StoreError> {
    let sealed = frame.sealed.first().ok_or(StoreError::Tampered("key frame"))?;
    let subject = Subject {
        evidence_id: sealed.evidence_id,
        district: &frame.district,
        department: "",
        kind: LeafKind::Key,
    };
    master.open(sealed, &subject)
}

/// The names that a frame which ends a rotation hands on. Errors: `WrongKey`, `Tampered`.
pub(super) fn open_names(master: &Sealer, frame: &Frame) -> Result<Names, StoreError> {
    let opened = open(master, frame)?;
    let (halves, rest) = opened.plaintext().as_chunks::<KEY_BYTES>();
    match (halves, rest) {
        ([index, pseudonym], []) => Ok(Names {
            index: Zeroizing::new(*index),
            pseudonym: Zeroizing::new(*pseudonym),
        }),
        _ => Err(StoreError::Tampered("key frame")),
    }
}

/// The id of the frame of a period key: it depends on district and month alone, so that there is one.
pub(super) fn period_frame_id(names: &Names, district: &str, period: Period) -> FrameId {
    let month = period.to_string();
    named(keyed(
        &names.index,
        "period key frame",
        &[district.as_bytes(), month.as_bytes()],
    ))
}

fn named(hash: [u8; 32]) -> FrameId {
    FrameId(hash.first_chunk().copied().unwrap_or_default())
}

/// The frame of a new period key, wrapped by `master`.
pub(super) fn new_period(
    (master, names): (&Sealer, &Names),
    period: Period,
    time_ms: i64,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Frame, StoreError> {
    let mut secret = Zeroizing::new([0u8; KEY_BYTES]);
    rng.fill_bytes(secret.as_mut_slice());
    let id = period_frame_id(names, master.district(), period);
    let leaf = (format_smolstr!("{PERIOD}{period}"), CREATED, Vec::new());
    frame(master, id, leaf, secret.as_slice(), time_ms, rng)
}

/// The same period key wrapped by another master key.
pub(super) fn period_anew(
    (master, names): (&Sealer, &Names),
    (period, before, secret): (Period, EvidenceId, &[u8]),
    time_ms: i64,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Frame, StoreError> {
    let month = period.to_string();
    let parts: [&[u8]; 3] = [master.district().as_bytes(), month.as_bytes(), &master.id().0];
    let id = named(keyed(&names.index, "period key frame wrapped anew", &parts));
    let leaf = (format_smolstr!("{PERIOD}{month}"), WRAPPED_ANEW, vec![before]);
    frame(master, id, leaf, secret, time_ms, rng)
}

/// The frame that ends a rotation: by it, and not before, the new key is the store's.
pub(super) fn new_master(
    (master, names): (&Sealer, &Names),
    time_ms: i64,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Frame, StoreError> {
    let id = named(keyed(&names.index, "master key frame", &[&master.id().0]));
    let mut secret = Zeroizing::new(Vec::with_capacity(2 * KEY_BYTES));
    secret.extend_from_slice(names.index.as_slice());
    secret.extend_from_slice(names.pseudonym.as_slice());
    let leaf = (format_smolstr!("{MASTER}{}", master.id()), REPLACED, Vec::new());
    frame(master, id, leaf, &secret, time_ms, rng)
}

fn frame(
    master: &Sealer,
    id: FrameId,
    (purpose, outcome, rests_on): (SmolStr, &'static str, Vec<EvidenceId>),
    secret: &[u8],
    time_ms: i64,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Frame, StoreError> {
    let evidence_id = EvidenceId::random(rng);
    let plain = Plain {
        evidence_id,
        department: "",
        kind: LeafKind::Key,
        plaintext: secret,
    };
    let district = master.district();
    let mut sealed = Vec::with_capacity(1);
    let mut leaves = Vec::with_capacity(1);
    for (record, digests) in master.seal(&[plain], rng)? {
        sealed.push(record);
        leaves.push(Leaf {
            kind: LeafKind::Key,
            evidence_id,
            case: CaseId::default(),
            district: SmolStr::new(district),
            department: SmolStr::default(),
            purpose: purpose.clone(),
            asked_at_ms: time_ms,
            answered_at_ms: time_ms,
            outcome: SmolStr::new_static(outcome),
            ciphertext_digest: digests.ciphertext_digest,
            commitment: digests.commitment,
            authorization: [0; 32],
            actor: SmolStr::default(),
            rests_on: rests_on.clone(),
        });
    }
    Ok(Frame {
        id,
        kind: FrameKind::Key,
        district: district.to_owned(),
        case: CaseId::default(),
        time_ms,
        index: vec![key_frames()],
        leaves,
        sealed,
    })
}
