//! The contract on the store in memory, and its own switch.
//! Left to others: the laws themselves (`contract`).

use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::contract::sample_frame;
use crate::error::ErrorKind;

crate::evidence_store_contract!((Arc::new(MemoryStore::new()), ()));

#[tokio::test]
async fn a_full_store_refuses_and_recovers_without_a_trace() {
    let (store, mut rng) = (MemoryStore::new(), StdRng::seed_from_u64(1));
    let frame = sample_frame(&mut rng, CaseId::default(), &[], 1);
    store.set_full(true);
    let error = store.append(frame.clone()).await.unwrap_err();
    assert_eq!((error.kind(), error.certainly_not_written()), (ErrorKind::Full, true));
    assert!(store.case(frame.case).await.unwrap().is_empty());
    store.set_full(false);
    assert!(!store.append(frame).await.unwrap().duplicate);
}

#[tokio::test]
async fn verification_names_a_record_that_no_leaf_vouches_for() {
    let (store, mut rng) = (MemoryStore::new(), StdRng::seed_from_u64(2));
    let mut frame = sample_frame(&mut rng, CaseId::default(), &[], 3);
    frame.sealed[1].ciphertext[7] ^= 1;
    let at = store.append(frame).await.unwrap().position;
    let error = store.verify().await.unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { segment, offset, .. } if (segment, offset) == (at.segment, at.offset))
    );
}
