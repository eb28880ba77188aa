//! Frames to append, and the whole log to compare with.
//! Left to others: the laws (`contract`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite of tests: failing loudly is its job"
)]

use rand::{CryptoRng, RngExt};

use crate::{
    CaseId, EvidenceId, EvidenceStore, Frame, FrameId, FrameKind, IndexKey, Leaf, LeafKind, Position, Sealed,
    ciphertext_digest,
};

/// What is appended: all kinds but shred.
const APPENDED: [FrameKind; 6] = [
    FrameKind::Asked,
    FrameKind::Verdict,
    FrameKind::Access,
    FrameKind::Denial,
    FrameKind::Review,
    FrameKind::Pack,
];

/// A frame with `records` sealed records of arbitrary bytes, valid in every respect, filed under `index`.
pub fn sample_frame(rng: &mut impl CryptoRng, case: CaseId, index: &[IndexKey], records: usize) -> Frame {
    let (mut leaves, mut sealed) = (Vec::new(), Vec::new());
    for number in 0..records {
        let mut ciphertext = vec![0u8; rng.random_range(48..1_100)];
        rng.fill_bytes(&mut ciphertext);
        let mut wrapped_key = [0u8; crate::WRAPPED_KEY_BYTES];
        rng.fill_bytes(&mut wrapped_key);
        let evidence_id = EvidenceId::random(rng);
        leaves.push(Leaf {
            kind: LeafKind::Answer,
            evidence_id,
            case,
            district: "511703".into(),
            department: format!("department-{number}").into(),
            purpose: "dibao".into(),
            asked_at_ms: rng.random(),
            answered_at_ms: rng.random(),
            outcome: "FOUND".into(),
            ciphertext_digest: ciphertext_digest(&ciphertext),
            commitment: rng.random(),
            authorization: rng.random(),
            actor: "verifier-7".into(),
            rests_on: (0..number % 3).map(|_| EvidenceId::random(rng)).collect(),
        });
        sealed.push(Sealed {
            evidence_id,
            period_key: crate::KeyId(rng.random()),
            wrapped_key,
            ciphertext,
        });
    }
    Frame {
        id: FrameId::random(rng),
        kind: APPENDED[rng.random_range(0..APPENDED.len())],
        district: "511703".to_owned(),
        case,
        time_ms: rng.random(),
        index: index.to_vec(),
        leaves,
        sealed,
    }
}

/// The whole log by pages of `limit`.
pub async fn whole_log(store: &dyn EvidenceStore, limit: usize) -> Vec<(Position, Frame)> {
    let (mut all, mut from) = (Vec::new(), Position::START);
    loop {
        let page = store.scan(from, limit).await.unwrap();
        assert!(page.entries.len() <= limit, "a page holds no more than was asked for");
        all.extend(
            page.entries
                .iter()
                .map(|entry| (entry.position, entry.frame().unwrap())),
        );
        assert!(
            page.at_end || page.next > from,
            "a scan that is not at the end moves on"
        );
        from = page.next;
        if page.at_end {
            return all;
        }
    }
}
