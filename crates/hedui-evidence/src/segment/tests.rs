//! The contract on segments with a sled index, and what only this store promises.
//! Left to others: power cuts (`power_cuts`).

use super::*;

fn open(dir: &Path, segment_bytes: u64) -> SegmentStore {
    let options = SegmentOptions {
        segment_bytes,
        ..SegmentOptions::new([7; 16])
    };
    SegmentStore::open(dir, &options, &mut |_| ()).unwrap()
}

fn fresh(segment_bytes: u64) -> (Arc<dyn EvidenceStore>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Arc::new(open(dir.path(), segment_bytes)), dir)
}

mod one_large_segment {
    use super::*;
    crate::evidence_store_contract!(fresh(256 << 20));
}

mod many_small_segments {
    use super::*;
    crate::evidence_store_contract!(fresh(9_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_store_is_the_same_store() {
    let dir = tempfile::tempdir().unwrap();
    crate::contract::a_reopened_store_is_the_same_store(|| Arc::new(open(dir.path(), 20_000))).await;
}
