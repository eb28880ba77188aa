//! The contract on the store in memory, and its own switch.
//! Left to others: the laws themselves (`contract`).

use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::contract::{sample_frame, shred_frame};

crate::evidence_store_contract!((Arc::new(MemoryStore::new()), ()));

#[tokio::test]
async fn a_full_store_refuses_says_so_and_resumes_without_a_trace() {
    let store = MemoryStore::new();
    crate::contract::a_full_store_refuses_says_so_and_resumes_without_a_trace(&store, |full| store.set_full(full))
        .await;
}

#[tokio::test]
async fn lost_keys_are_no_destruction_until_a_shred_frame_names_them() {
    let store = MemoryStore::new();
    let mut rng = StdRng::seed_from_u64(32);
    let frame = sample_frame(&mut rng, CaseId([1; 16]), &[], 4);
    let at = store.append(frame.clone()).await.unwrap().position;
    let lost: BTreeSet<EvidenceId> = frame.sealed[1..3].iter().map(|sealed| sealed.evidence_id).collect();
    assert_eq!(store.lose_keys(at, &lost).unwrap(), 2);
    for sealed in &frame.sealed[1..3] {
        let error = store.verify().await.unwrap_err();
        assert!(
            matches!(error, StoreError::KeyGone { frame: id, .. } if id == frame.id),
            "{error}"
        );
        let shred = shred_frame(&mut rng, frame.case, &[&[sealed.evidence_id]]);
        assert_eq!(store.shred(shred).await.unwrap().records, 0);
    }
    store.verify().await.unwrap();
}
