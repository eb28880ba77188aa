//! The laws about destroying records: the named ones can never be opened again, everything else stays as it was.
//! Left to others: power cuts in the middle of it, files and backups (tests beside the segments).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite of tests: failing loudly is its job"
)]

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{CryptoRng, RngExt, SeedableRng};

use super::{sample_frame, whole_log};
use crate::{
    CaseId, ErrorKind, EvidenceId, EvidenceStore, Frame, FrameId, FrameKind, Leaf, LeafKind, Position, ShredRefusal,
    StoreError, WRAPPED_KEY_BYTES, shred_frames,
};

/// A shred frame for records of a case, one leaf for each part of the list.
pub fn shred_frame(rng: &mut impl CryptoRng, case: CaseId, named: &[&[EvidenceId]]) -> Frame {
    let leaf = |rng: &mut _, rests_on: &[EvidenceId]| Leaf {
        kind: LeafKind::Shred,
        evidence_id: EvidenceId::random(rng),
        case,
        district: "511703".into(),
        department: "".into(),
        purpose: "retention".into(),
        asked_at_ms: 1,
        answered_at_ms: 2,
        outcome: "SHREDDED".into(),
        ciphertext_digest: [0; 32],
        commitment: [0; 32],
        authorization: [7; 32],
        actor: "archivist-1".into(),
        rests_on: rests_on.to_vec(),
    };
    let leaves = named.iter().map(|part| leaf(rng, part)).collect();
    Frame {
        id: FrameId::random(rng),
        kind: FrameKind::Shred,
        district: "511703".to_owned(),
        case,
        time_ms: rng.random(),
        index: Vec::new(),
        leaves,
        sealed: Vec::new(),
    }
}

/// The frame as it must be once these records are destroyed.
#[must_use]
pub fn without_keys(frame: &Frame, named: &[EvidenceId]) -> Frame {
    let mut frame = frame.clone();
    for sealed in &mut frame.sealed {
        if named.contains(&sealed.evidence_id) {
            sealed.wrapped_key = [0; WRAPPED_KEY_BYTES];
        }
    }
    frame
}

fn ids(frame: &Frame) -> Vec<EvidenceId> {
    frame.sealed.iter().map(|sealed| sealed.evidence_id).collect()
}

/// Named records lose their keys in every frame and every reading of them; frames, leaves, digests, places and all other
/// records stay byte for byte, and the log still verifies.
pub async fn shredding_destroys_what_is_named_and_nothing_else(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(30);
    let (case, other) = (CaseId::random(&mut rng), CaseId::random(&mut rng));
    let mut log = Vec::new();
    for number in 0..24 {
        let of = if number % 3 == 0 { other } else { case };
        let frame = sample_frame(&mut rng, of, &[], number % 5);
        log.push((store.append(frame.clone()).await.unwrap().position, frame));
    }
    for round in 0..4 {
        let of_case = log.iter().filter(|(_, frame)| frame.case == case);
        let alive = of_case
            .flat_map(|(_, frame)| &frame.sealed)
            .filter(|sealed| !sealed.is_shredded());
        let named: Vec<_> = alive
            .map(|sealed| sealed.evidence_id)
            .filter(|_| rng.random_ratio(1, 3))
            .collect();
        assert!(named.len() > 1);
        // Named twice is named once.
        let shred = shred_frame(&mut rng, case, &[&named, &named[..1]]);
        let done = store.shred(shred.clone()).await.unwrap();
        assert_eq!(
            (done.records, done.receipt.duplicate),
            (named.len(), false),
            "round {round}"
        );
        for (_, frame) in &mut log {
            *frame = without_keys(frame, &named);
        }
        log.push((done.receipt.position, shred.clone()));
        assert_eq!(whole_log(store, 7).await, log);
        for (position, frame) in &log {
            assert_eq!(&store.read(*position).await.unwrap(), frame);
        }
        let again = store.shred(shred).await.unwrap();
        assert_eq!((again.records, again.receipt.duplicate), (0, true));
        assert_eq!(again.receipt.position, done.receipt.position);
    }
    assert_eq!(store.verify().await.unwrap().frames, log.len() as u64);
    let shreds: Vec<_> = log
        .iter()
        .filter(|(_, frame)| frame.kind == FrameKind::Shred)
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(
        store.find(shred_frames()).await.unwrap(),
        shreds,
        "they are found by a key of their own"
    );
}

/// A frame that cannot be carried out as it stands says why, is written nowhere, and destroys nothing.
pub async fn a_refused_shred_frame_leaves_nothing(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(31);
    let case = CaseId::random(&mut rng);
    let frame = sample_frame(&mut rng, case, &[], 3);
    let elsewhere = sample_frame(&mut rng, CaseId([4; 16]), &[], 1);
    let mut key = sample_frame(&mut rng, case, &[], 1);
    key.kind = FrameKind::Key;
    for frame in [&frame, &elsewhere, &key] {
        store.append(frame.clone()).await.unwrap();
    }
    let log = whole_log(store, 10).await;
    let unknown = EvidenceId::random(&mut rng);
    let held = ids(&frame);
    let good = shred_frame(&mut rng, case, &[&held]);
    let named = |rng: &mut StdRng, ids: &[EvidenceId]| shred_frame(rng, case, &[&held[..1], ids]);
    let mut of_other_case = good.clone();
    of_other_case.leaves[0].case = elsewhere.case;
    let mut of_other_kind = good.clone();
    of_other_kind.leaves[0].kind = LeafKind::Access;
    let mut not_shred = good.clone();
    not_shred.kind = FrameKind::Access;
    let taken = Frame {
        id: frame.id,
        ..good.clone()
    };
    let refused = [
        (named(&mut rng, &[unknown]), ShredRefusal::NotHeld(unknown)),
        (
            named(&mut rng, &ids(&elsewhere)),
            ShredRefusal::NotHeld(ids(&elsewhere)[0]),
        ),
        (named(&mut rng, &ids(&key)), ShredRefusal::HoldsKey(ids(&key)[0])),
        (shred_frame(&mut rng, case, &[&[]]), ShredRefusal::NamesNothing),
        (shred_frame(&mut rng, case, &[]), ShredRefusal::NamesNothing),
        (
            of_other_case.clone(),
            ShredRefusal::ForeignLeaf(of_other_case.leaves[0].evidence_id),
        ),
        (
            of_other_kind.clone(),
            ShredRefusal::ForeignLeaf(of_other_kind.leaves[0].evidence_id),
        ),
        (not_shred, ShredRefusal::NotShred),
        (taken, ShredRefusal::IdTaken),
    ];
    for (frame, reason) in refused {
        let error = store.shred(frame).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.certainly_not_written());
        assert!(
            matches!(&error, StoreError::ShredRefused(found) if *found == reason),
            "{error}, not {reason}"
        );
        assert_eq!(whole_log(store, 10).await, log, "{reason}");
    }
    let error = store.append(good.clone()).await.unwrap_err();
    assert!(
        matches!(error, StoreError::ShredRefused(ShredRefusal::NotAppended)),
        "{error}"
    );
    assert_eq!(whole_log(store, 10).await, log);
    assert_eq!(store.shred(good).await.unwrap().records, 3, "its id was not used up");
}

/// A record that comes without its key is refused, and leaves nothing: after a power cut it could not be told from one that was torn.
pub async fn a_record_without_its_key_is_refused(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(32);
    let case = CaseId::random(&mut rng);
    let frame = sample_frame(&mut rng, case, &[], 4);
    for record in ids(&frame) {
        let error = store.append(without_keys(&frame, &[record])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.certainly_not_written());
    }
    assert_eq!(whole_log(store, 10).await, []);
    assert!(!store.append(frame).await.unwrap().duplicate, "its id was not used up");
    store.verify().await.unwrap();
}

/// Cases are shredded side by side while others append and read: each call destroys exactly its own, and no reader meets
/// anything but a whole record or a destroyed one.
pub async fn shredding_side_by_side_destroys_each_record_once(store: Arc<dyn EvidenceStore>) {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..12u64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut rng = StdRng::seed_from_u64(3_000 + task);
            let case = CaseId::random(&mut rng);
            let frame = sample_frame(&mut rng, case, &[], 8);
            let at = store.append(frame.clone()).await.unwrap().position;
            for part in ids(&frame).chunks(3) {
                let shred = shred_frame(&mut rng, case, &[part]);
                assert_eq!(store.shred(shred).await.unwrap().records, part.len());
                let read = store.read(at).await.unwrap();
                assert!(
                    read.sealed
                        .iter()
                        .all(|sealed| sealed.is_shredded() || !part.contains(&sealed.evidence_id))
                );
                store.scan(Position::START, 20).await.unwrap();
            }
            let expected = without_keys(&frame, &ids(&frame));
            assert_eq!(store.read(at).await.unwrap(), expected);
        });
    }
    tasks.join_all().await;
    let verified = store.verify().await.unwrap();
    assert_eq!((verified.frames, verified.sealed), (12 * 4, 12 * 8));
}
