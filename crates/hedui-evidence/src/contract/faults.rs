//! The laws about what goes wrong: damage is named, refusing is said, resuming leaves no trace.
//! Left to others: what goes right (`contract`), what only one store can suffer (power cuts, damaged files).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite of tests: failing loudly is its job"
)]

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::sample_frame;
use crate::{CaseId, ErrorKind, EvidenceStore, IndexKey, Position};

/// A record whose digest no leaf states is named by its frame's position; so the log's own reading finds what was
/// damaged before it was appended, on every store alike.
pub async fn verification_names_a_record_that_no_leaf_vouches_for(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(12);
    let case = CaseId::random(&mut rng);
    for _ in 0..3 {
        store.append(sample_frame(&mut rng, case, &[], 2)).await.unwrap();
    }
    store.verify().await.unwrap();
    let mut frame = sample_frame(&mut rng, case, &[], 3);
    frame.sealed[1].ciphertext[7] ^= 1;
    let at = store.append(frame).await.unwrap().position;
    store.append(sample_frame(&mut rng, case, &[], 2)).await.unwrap();
    let error = store.verify().await.unwrap_err();
    assert!(
        matches!(error, crate::StoreError::Corrupt { segment, offset, .. } if (segment, offset) == (at.segment, at.offset)),
        "{error}"
    );
}

/// A store that works says so.
pub async fn a_store_that_takes_appends_refuses_nothing(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(13);
    assert_eq!(store.refusing(), None);
    store
        .append(sample_frame(&mut rng, CaseId([5; 16]), &[], 1))
        .await
        .unwrap();
    assert_eq!(store.refusing(), None);
    let status = store.status().await.unwrap();
    assert_eq!(status.refusing, None);
    assert!(status.bytes > 0 && status.end > Position::START);
}

/// For stores that can be made to have no room: `set_full` takes it away and gives it back.
pub async fn a_full_store_refuses_says_so_and_resumes_without_a_trace(
    store: &dyn EvidenceStore,
    set_full: impl Fn(bool),
) {
    let mut rng = StdRng::seed_from_u64(14);
    let (case, key) = (CaseId::random(&mut rng), IndexKey::random(&mut rng));
    let kept = sample_frame(&mut rng, case, &[key], 2);
    store.append(kept.clone()).await.unwrap();
    for _ in 0..3 {
        set_full(true);
        let refused = sample_frame(&mut rng, case, &[key], 2);
        for _ in 0..2 {
            let error = store.append(refused.clone()).await.unwrap_err();
            assert_eq!((error.kind(), error.certainly_not_written()), (ErrorKind::Full, true));
            let refusal = store.refusing().unwrap();
            assert_eq!(refusal.reason.code(), "NO_ROOM");
            assert_eq!(store.status().await.unwrap().refusing, Some(refusal));
        }
        let before = store.case(case).await.unwrap();
        assert_eq!(before[0], kept, "reads go on");
        assert!(before.iter().all(|frame| frame.id != refused.id));
        set_full(false);
        assert!(!store.append(refused.clone()).await.unwrap().duplicate);
        assert_eq!(store.refusing(), None);
        assert_eq!(store.case(case).await.unwrap(), [before, vec![refused]].concat());
    }
    assert_eq!(store.verify().await.unwrap().frames, 4);
}
