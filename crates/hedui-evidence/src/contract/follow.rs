//! Laws of following: what a transparency log is given of the store.
//! Left to others: what it makes of it (`logs`).
#![allow(clippy::unwrap_used, reason = "a suite of tests: failing loudly is its job")]

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::sample_frame;
use crate::{CaseId, EvidenceStore, HashedPage, MAX_PAGE, Position};

/// Whoever follows the log closely gets the hashes of the leaves that a scan gives, from wherever and in pages of whatever size.
pub async fn a_follower_gets_the_hashes_of_what_a_scan_gives(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(50);
    let mut from = Position::START;
    // Twice: what was there before it followed, and what came while it did.
    for round in 0..6u8 {
        for number in 0..5 {
            let frame = sample_frame(&mut rng, CaseId([round; 16]), &[], number * 3);
            store.append(frame).await.unwrap();
        }
        let mut at = from;
        loop {
            let limit = rng.random_range(1..4);
            let (scanned, hashed) = (
                store.scan(at, limit).await.unwrap(),
                store.hashed(at, limit).await.unwrap(),
            );
            let expected = HashedPage::of(scanned.clone()).unwrap();
            assert_eq!(hashed, expected, "round {round} from {at}");
            let leaves = |entry: &crate::Entry| entry.leaf_bytes().unwrap().len();
            let counted: Vec<usize> = hashed.frames.iter().map(|frame| frame.leaves.len()).collect();
            assert_eq!(counted, scanned.entries.iter().map(leaves).collect::<Vec<_>>());
            at = hashed.next;
            if hashed.at_end {
                break;
            }
        }
        assert!(store.hashed(at, 9).await.unwrap().frames.is_empty());
        if round % 2 == 0 {
            from = at;
        }
    }
    let whole = store.hashed(Position::START, MAX_PAGE).await.unwrap();
    assert_eq!(whole.frames.len(), 30, "whoever begins anew gets everything");
}
