//! The contract on the store in memory, and its own switch.
//! Left to others: the laws themselves (`contract`).

use std::sync::Arc;

use super::*;

crate::evidence_store_contract!((Arc::new(MemoryStore::new()), ()));

#[tokio::test]
async fn a_full_store_refuses_says_so_and_resumes_without_a_trace() {
    let store = MemoryStore::new();
    crate::contract::a_full_store_refuses_says_so_and_resumes_without_a_trace(&store, |full| store.set_full(full))
        .await;
}
