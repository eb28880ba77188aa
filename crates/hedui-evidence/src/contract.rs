//! The laws of an evidence store as a suite that every implementation runs: `evidence_store_contract!` makes one named test of each.
//! Left to others: what only one implementation promises (power cuts, damaged files), tested beside it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite of tests: failing loudly is its job"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::{CaseId, CodecError, ErrorKind, EvidenceStore, FrameId, IndexKey, MAX_PAGE, MemoryStore, Position};

mod faults;
mod follow;
mod sample;
mod shred;

pub use faults::{
    a_full_store_refuses_says_so_and_resumes_without_a_trace, a_store_that_takes_appends_refuses_nothing,
    verification_names_a_record_that_no_leaf_vouches_for,
};
pub use follow::a_follower_gets_the_hashes_of_what_a_scan_gives;
pub use sample::{sample_frame, whole_log};
pub use shred::{
    a_record_without_its_key_is_refused, a_refused_shred_frame_leaves_nothing, shred_frame,
    shredding_destroys_what_is_named_and_nothing_else, shredding_side_by_side_destroys_each_record_once, without_keys,
};

/// What was appended is read back, field by field, and by every lookup, as soon as it is acknowledged.
pub async fn an_acknowledged_frame_is_whole_and_found_at_once(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(1);
    for records in [0, 1, 28, 200] {
        let (case, key) = (CaseId::random(&mut rng), IndexKey::random(&mut rng));
        let frame = sample_frame(&mut rng, case, &[key], records);
        let receipt = store.append(frame.clone()).await.unwrap();
        assert!(!receipt.duplicate);
        assert_eq!(store.read(receipt.position).await.unwrap(), frame);
        assert_eq!(store.case(case).await.unwrap(), vec![frame]);
        assert_eq!(store.find(key).await.unwrap(), vec![receipt.position]);
        assert_eq!(store.newest(key).await.unwrap(), Some(receipt.position));
    }
    let verified = store.verify().await.unwrap();
    assert_eq!((verified.frames, verified.leaves, verified.sealed), (4, 229, 229));
}

/// A second append under the same id changes nothing and points to the first, also when both run at once.
pub async fn an_append_is_idempotent_by_frame_id(store: Arc<dyn EvidenceStore>) {
    let mut rng = StdRng::seed_from_u64(2);
    let (case, key, other) = (
        CaseId::random(&mut rng),
        IndexKey::random(&mut rng),
        IndexKey::random(&mut rng),
    );
    let first = sample_frame(&mut rng, case, &[key], 3);
    let mut second = sample_frame(&mut rng, case, &[other], 2);
    second.id = first.id;
    let at = store.append(first.clone()).await.unwrap().position;
    let again = store.append(second).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.position, at);
    assert_eq!(store.case(case).await.unwrap(), vec![first]);
    assert_eq!(
        store.newest(other).await.unwrap(),
        None,
        "the refused frame is filed nowhere"
    );

    let twin = sample_frame(&mut rng, CaseId([2; 16]), &[key], 5);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (store, twin) = (Arc::clone(&store), twin.clone());
        tasks.spawn(async move { store.append(twin).await.unwrap() });
    }
    let receipts = tasks.join_all().await;
    assert_eq!(
        receipts.iter().filter(|receipt| !receipt.duplicate).count(),
        1,
        "exactly one of them wrote it"
    );
    assert_eq!(
        receipts
            .iter()
            .map(|receipt| receipt.position)
            .collect::<BTreeSet<_>>()
            .len(),
        1
    );
    assert_eq!(store.case(twin.case).await.unwrap().len(), 1);
}

/// Cases, index keys and the log itself are in append order; nothing of one case shows in another.
pub async fn every_order_is_append_order(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(3);
    let cases: Vec<_> = (0..5).map(|_| CaseId::random(&mut rng)).collect();
    let keys: Vec<_> = (0..4).map(|_| IndexKey::random(&mut rng)).collect();
    let mut appended = Vec::new();
    for _ in 0..60 {
        let case = cases[rng.random_range(0..cases.len())];
        // The same key twice in one frame is filed once.
        let index: Vec<_> = (0..rng.random_range(0..4))
            .map(|_| keys[rng.random_range(0..keys.len())])
            .collect();
        let frame = sample_frame(&mut rng, case, &index, 2);
        appended.push((store.append(frame.clone()).await.unwrap().position, frame));
    }
    assert!(
        appended.is_sorted_by(|(one, _), (next, _)| one < next),
        "positions ascend"
    );
    assert_eq!(whole_log(store, 7).await, appended);
    for case in cases {
        let of_case: Vec<_> = appended
            .iter()
            .filter(|(_, frame)| frame.case == case)
            .cloned()
            .collect();
        let frames: Vec<_> = of_case.iter().map(|(_, frame)| frame.clone()).collect();
        assert_eq!(store.case(case).await.unwrap(), frames);
        let positions: Vec<_> = of_case.iter().map(|(position, _)| *position).collect();
        assert_eq!(store.case_page(case, None, MAX_PAGE).await.unwrap(), positions);
    }
    for key in keys {
        let filed: Vec<_> = appended
            .iter()
            .filter(|(_, frame)| frame.index.contains(&key))
            .map(|(position, _)| *position)
            .collect();
        assert_eq!(store.find(key).await.unwrap(), filed);
        assert_eq!(store.newest(key).await.unwrap(), filed.last().copied());
        for (passed, after) in filed.iter().enumerate() {
            let rest: Vec<_> = filed.iter().skip(passed + 1).take(2).copied().collect();
            assert_eq!(store.find_page(key, Some(*after), 2).await.unwrap(), rest);
        }
    }
}

/// Any page size gives the same log; a scan may begin anywhere and goes on where it stopped.
pub async fn paging_loses_and_repeats_nothing(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(4);
    let empty = store.scan(Position::START, 10).await.unwrap();
    assert!(empty.entries.is_empty() && empty.at_end);
    let case = CaseId::random(&mut rng);
    let mut appended = Vec::new();
    for _ in 0..23 {
        let frame = sample_frame(&mut rng, case, &[], 3);
        appended.push((store.append(frame.clone()).await.unwrap().position, frame));
    }
    for limit in [1, 2, 5, 22, 23, 24, MAX_PAGE] {
        assert_eq!(whole_log(store, limit).await, appended, "page size {limit}");
    }
    for (number, (position, _)) in appended.iter().enumerate() {
        let page = store.scan(*position, 1).await.unwrap();
        assert_eq!(page.entries[0].frame().unwrap(), appended[number].1);
        assert_eq!(page.entries[0].head.id, appended[number].1.id);
        let between = Position {
            offset: position.offset + 1,
            ..*position
        };
        let next = store.scan(between, 1).await.unwrap();
        assert_eq!(
            next.entries.first().map(|entry| entry.position),
            appended.get(number + 1).map(|(at, _)| *at)
        );
    }
    let end = store.scan(empty.next, MAX_PAGE).await.unwrap();
    assert_eq!(
        end.entries.len(),
        23,
        "the end of an empty log is where its first frame is found"
    );
    let late = sample_frame(&mut rng, case, &[], 1);
    store.append(late.clone()).await.unwrap();
    let tail = store.scan(end.next, 5).await.unwrap();
    assert_eq!(
        tail.entries
            .iter()
            .map(|entry| entry.frame().unwrap())
            .collect::<Vec<_>>(),
        vec![late]
    );
}

/// Reading a key from its newest entry backwards gives what reading it forwards gives, the other way round, with any
/// page size, beginning before any place, whether a frame of that key stands there or not.
pub async fn reading_backwards_mirrors_reading_forwards(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(10);
    let keys: Vec<_> = (0..3).map(|_| IndexKey::random(&mut rng)).collect();
    assert!(store.find_before(keys[0], None, 5).await.unwrap().is_empty());
    let mut log = Vec::new();
    for _ in 0..40 {
        let index: Vec<_> = keys.iter().copied().filter(|_| rng.random_ratio(1, 2)).collect();
        let case = CaseId::random(&mut rng);
        let frame = sample_frame(&mut rng, case, &index, 1);
        log.push(store.append(frame).await.unwrap().position);
    }
    let last = Position {
        segment: u64::MAX,
        offset: u64::MAX,
    };
    for key in keys {
        let mut expected = store.find(key).await.unwrap();
        expected.reverse();
        for limit in [1, 2, 7, MAX_PAGE] {
            let (mut found, mut before) = (Vec::new(), None);
            loop {
                let page = store.find_before(key, before, limit).await.unwrap();
                assert!(page.len() <= limit, "a page holds no more than was asked for");
                before = page.last().copied();
                found.extend(page);
                if before.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "page size {limit}");
        }
        for before in log.iter().copied().chain([Position::START, last]) {
            let older: Vec<_> = expected.iter().copied().filter(|at| *at < before).take(3).collect();
            assert_eq!(store.find_before(key, Some(before), 3).await.unwrap(), older);
        }
        assert!(store.find_before(key, None, 0).await.unwrap().is_empty());
    }
    assert!(
        store
            .find_before(IndexKey::random(&mut rng), None, 5)
            .await
            .unwrap()
            .is_empty()
    );
}

/// The leaf bytes that a scan hands out are the canonical ones, in order.
pub async fn a_scan_hands_out_canonical_leaf_bytes(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(5);
    let frame = sample_frame(&mut rng, CaseId([5; 16]), &[], 9);
    store.append(frame.clone()).await.unwrap();
    let page = store.scan(Position::START, 1).await.unwrap();
    let expected: Vec<_> = frame.leaves.iter().map(|leaf| leaf.encode().unwrap()).collect();
    assert_eq!(page.entries[0].leaf_bytes().unwrap(), expected);
}

/// What does not exist is empty or `NotFound`, never a failure of another kind.
pub async fn what_was_never_appended_is_not_found(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(6);
    let frame = sample_frame(&mut rng, CaseId([5; 16]), &[], 2);
    let at = store.append(frame).await.unwrap().position;
    assert!(store.case(CaseId::random(&mut rng)).await.unwrap().is_empty());
    assert!(store.find(IndexKey::random(&mut rng)).await.unwrap().is_empty());
    assert_eq!(store.newest(IndexKey::random(&mut rng)).await.unwrap(), None);
    let places = [
        Position {
            offset: at.offset + 1,
            ..at
        },
        Position {
            offset: at.offset + 100_000,
            ..at
        },
        Position {
            segment: at.segment + 9,
            ..at
        },
        Position {
            segment: u64::MAX,
            offset: u64::MAX,
        },
    ];
    for place in places {
        assert_eq!(
            store.read(place).await.unwrap_err().kind(),
            ErrorKind::NotFound,
            "{place:?}"
        );
        assert!(store.scan(place, 1).await.unwrap().entries.is_empty());
    }
}

/// A frame beyond the limits is refused as the caller's fault and leaves nothing behind.
pub async fn a_frame_beyond_the_limits_leaves_nothing(store: &dyn EvidenceStore) {
    let mut rng = StdRng::seed_from_u64(7);
    let case = CaseId::random(&mut rng);
    let mut frame = sample_frame(&mut rng, case, &[], 1);
    frame.index = (0..=crate::MAX_INDEX_KEYS)
        .map(|_| IndexKey::random(&mut rng))
        .collect();
    let key = frame.index[0];
    let error = store.append(frame.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.certainly_not_written());
    assert!(matches!(
        error,
        crate::StoreError::Invalid(CodecError::TooLarge {
            found: 1_025,
            limit: 1_024,
            ..
        })
    ));
    assert!(store.find(key).await.unwrap().is_empty());
    frame.index.truncate(1);
    assert!(!store.append(frame).await.unwrap().duplicate, "its id was not used up");
}

/// Many tasks at once: every acknowledged frame is found at once by the task that appended it, once, and in each
/// task's own order.
pub async fn concurrent_appends_are_each_durable_once_and_in_order(store: Arc<dyn EvidenceStore>) {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..64u64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut rng = StdRng::seed_from_u64(1_000 + task);
            let case = CaseId::random(&mut rng);
            let mut frames = Vec::new();
            for _ in 0..6 {
                let key = IndexKey::random(&mut rng);
                let frame = sample_frame(&mut rng, case, &[key], 4);
                let at = store.append(frame.clone()).await.unwrap().position;
                assert_eq!(store.newest(key).await.unwrap(), Some(at));
                frames.push(frame);
                assert_eq!(store.case(case).await.unwrap(), frames);
            }
            frames
        });
    }
    let mut appended: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    let mut found: Vec<_> = whole_log(&*store, 50)
        .await
        .into_iter()
        .map(|(_, frame)| frame)
        .collect();
    appended.sort_by_key(|frame| frame.id);
    found.sort_by_key(|frame| frame.id);
    assert!(found == appended, "the log holds exactly what was acknowledged");
    assert_eq!(store.verify().await.unwrap().frames, 64 * 6);
}

/// Any sequence of appends, repeats and look-ups gives what the store in memory gives, up to the positions themselves.
pub async fn it_behaves_like_the_model(store: &dyn EvidenceStore) {
    let model = MemoryStore::new();
    let mut rng = StdRng::seed_from_u64(8);
    let cases: Vec<_> = (0..6).map(|_| CaseId::random(&mut rng)).collect();
    let keys: Vec<_> = (0..6).map(|_| IndexKey::random(&mut rng)).collect();
    let mut ids: Vec<FrameId> = Vec::new();
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for _ in 0..250 {
        let (case, key) = (cases[rng.random_range(0..6)], keys[rng.random_range(0..6)]);
        match rng.random_range(0..5) {
            0 | 1 => {
                let mut frame = sample_frame(&mut rng, case, &[key, keys[0]], 2);
                if rng.random_ratio(1, 4) && !ids.is_empty() {
                    frame.id = ids[rng.random_range(0..ids.len())];
                }
                ids.push(frame.id);
                let (a, b) = (
                    store.append(frame.clone()).await.unwrap(),
                    model.append(frame).await.unwrap(),
                );
                assert_eq!(a.duplicate, b.duplicate);
                if !a.duplicate {
                    here.push(a.position);
                    there.push(b.position);
                }
            }
            2 => assert_eq!(store.case(case).await.unwrap(), model.case(case).await.unwrap()),
            3 => {
                let rank = |order: &[Position], found: Vec<Position>| -> Vec<usize> {
                    found
                        .iter()
                        .map(|position| order.binary_search(position).unwrap())
                        .collect()
                };
                let (a, b) = (store.find(key).await.unwrap(), model.find(key).await.unwrap());
                assert_eq!(rank(&here, a), rank(&there, b));
            }
            _ => {
                let (a, b) = (whole_log(store, 9).await, whole_log(&model, 11).await);
                assert!(a.iter().map(|(_, frame)| frame).eq(b.iter().map(|(_, frame)| frame)));
            }
        }
    }
}

/// A frame is found by all of its keys or by none, and whatever is found can be read, while others append.
pub async fn what_is_found_by_one_key_is_found_by_all_and_can_be_read(store: Arc<dyn EvidenceStore>) {
    let mut rng = StdRng::seed_from_u64(11);
    let keys: Vec<_> = (0..3).map(|_| IndexKey::random(&mut rng)).collect();
    let case = CaseId::random(&mut rng);
    let frames: Vec<_> = (0..120).map(|_| sample_frame(&mut rng, case, &keys, 1)).collect();
    let expected: BTreeSet<_> = frames.iter().map(|frame| frame.id).collect();
    let (writing, count) = (Arc::clone(&store), frames.len());
    let writer = tokio::spawn(async move {
        for frame in frames {
            writing.append(frame).await.unwrap();
        }
    });
    let mut seen = 0;
    while seen < count {
        let Some(at) = store.newest(keys[0]).await.unwrap() else {
            continue;
        };
        assert!(
            expected.contains(&store.read(at).await.unwrap().id),
            "what is found can be read"
        );
        for key in &keys[1..] {
            assert!(
                store.newest(*key).await.unwrap() >= Some(at),
                "and by the other keys too"
            );
        }
        let of_case = store.case_page(case, None, MAX_PAGE).await.unwrap();
        assert!(of_case.contains(&at));
        let page = store.scan(at, 1).await.unwrap();
        assert_eq!(page.entries[0].position, at, "and it stands in the log");
        seen = of_case.len();
    }
    writer.await.unwrap();
}

/// For stores that outlive their handle: after closing and opening, everything is as it was, and goes on.
pub async fn a_reopened_store_is_the_same_store(open: impl Fn() -> Arc<dyn EvidenceStore>) {
    let mut rng = StdRng::seed_from_u64(9);
    let (case, key) = (CaseId::random(&mut rng), IndexKey::random(&mut rng));
    let mut appended = Vec::new();
    for round in 0..4 {
        let store = open();
        assert_eq!(whole_log(&*store, 10).await, appended, "opening number {round}");
        for (position, frame) in &appended {
            let again = store.append(frame.clone()).await.unwrap();
            assert!(again.duplicate, "idempotency outlives a restart");
            assert_eq!(again.position, *position);
        }
        for _ in 0..12 {
            let frame = sample_frame(&mut rng, case, &[key], 3);
            appended.push((store.append(frame.clone()).await.unwrap().position, frame));
        }
        let positions: Vec<_> = appended.iter().map(|(position, _)| *position).collect();
        assert_eq!(store.find(key).await.unwrap(), positions);
        assert_eq!(store.case(case).await.unwrap().len(), appended.len());
        store.verify().await.unwrap();
    }
}

/// Makes one named test per law for a store; `$open` is an expression that gives a fresh, empty
/// `(Arc<dyn EvidenceStore>, guard)`, the guard being whatever must live as long as the store.
#[macro_export]
macro_rules! evidence_store_contract {
    ($open:expr) => {
        $crate::evidence_store_contract!(@ $open,
            borrowed an_acknowledged_frame_is_whole_and_found_at_once,
            shared an_append_is_idempotent_by_frame_id,
            borrowed every_order_is_append_order,
            borrowed paging_loses_and_repeats_nothing,
            borrowed reading_backwards_mirrors_reading_forwards,
            borrowed a_scan_hands_out_canonical_leaf_bytes,
            borrowed a_follower_gets_the_hashes_of_what_a_scan_gives,
            borrowed what_was_never_appended_is_not_found,
            borrowed a_frame_beyond_the_limits_leaves_nothing,
            shared concurrent_appends_are_each_durable_once_and_in_order,
            borrowed it_behaves_like_the_model,
            shared what_is_found_by_one_key_is_found_by_all_and_can_be_read,
            borrowed verification_names_a_record_that_no_leaf_vouches_for,
            borrowed a_store_that_takes_appends_refuses_nothing,
            borrowed shredding_destroys_what_is_named_and_nothing_else,
            borrowed a_refused_shred_frame_leaves_nothing,
            borrowed a_record_without_its_key_is_refused,
            shared shredding_side_by_side_destroys_each_record_once,
        );
    };
    (@ $open:expr, $($how:ident $law:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $law() {
                let (store, _guard): (std::sync::Arc<dyn $crate::EvidenceStore>, _) = $open;
                $crate::evidence_store_contract!(@call $how $law store);
            }
        )*
    };
    (@call borrowed $law:ident $store:ident) => { $crate::contract::$law(&*$store).await };
    (@call shared $law:ident $store:ident) => { $crate::contract::$law($store).await };
}
