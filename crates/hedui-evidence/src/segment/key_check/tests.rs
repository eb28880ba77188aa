//! Zeros that no shred frame names, and keys that came back, are named by whoever reads the log; lawful destruction is not.
//! Left to others: destroying keys (`shred`), damage of any other kind (`damage`, `scrub`, `backup`).

use std::path::Path;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::super::*;
use crate::contract::{sample_frame, shred_frame};
use crate::frame::KEY_SLOT_BYTES;
use crate::ids::{EvidenceId, FrameId};
use crate::{ErrorKind, FrameKind};

const BACKUP: BackupOptions = BackupOptions {
    made_ms: 0,
    link: false,
};

fn open(dir: &Path) -> SegmentStore {
    let options = SegmentOptions {
        segment_bytes: 9_000,
        index_cache_bytes: 4 << 20,
        ..SegmentOptions::new([4; 16])
    };
    SegmentStore::open(dir, &options, &mut |_| ()).unwrap()
}

/// Where a record's key stands.
fn slot(at: Position, frame: &Frame, number: usize) -> (String, (u64, u64)) {
    let end = at.offset + frame.encode().unwrap().len() as u64;
    let behind = (frame.sealed.len() - number) * KEY_SLOT_BYTES;
    let place = (end - behind as u64, KEY_SLOT_BYTES as u64);
    (format::segment_name(at.segment), place)
}

/// Three cases in turn, until several segments are finished.
async fn fill(store: &SegmentStore, rng: &mut StdRng) -> Vec<(Position, Frame)> {
    let mut log = Vec::new();
    for number in 0..30u8 {
        let frame = sample_frame(rng, CaseId([number % 3; 16]), &[], 2);
        log.push((store.append(frame.clone()).await.unwrap().position, frame));
    }
    assert!(store.tail().segment > 3);
    log
}

fn scrub(store: &SegmentStore) -> Vec<(Position, Option<FrameId>)> {
    let mut scrub = store.scrub();
    while !scrub.step(4_000).done {}
    let found = scrub.report().damage.into_iter();
    found.map(|damage| (damage.at, damage.frame)).collect()
}

fn drill(root: &Path) -> Vec<Mismatch> {
    let report = restore_drill(&root.join("backup"), &root.join("scratch"), &mut |_| ()).unwrap();
    report.differences.into_iter().map(|one| one.mismatch).collect()
}

#[tokio::test]
async fn a_key_that_is_zeros_is_named_unless_a_shred_frame_of_its_case_names_it() {
    for seed in 0..6 {
        let root = tempfile::tempdir().unwrap();
        let store = open(&root.path().join("store"));
        let mut rng = StdRng::seed_from_u64(seed);
        let log = fill(&store, &mut rng).await;
        let finished = log.iter().filter(|(at, _)| at.segment < store.tail().segment);
        let (at, frame) = finished.collect::<Vec<_>>().choose(&mut rng).copied().unwrap();
        let number = rng.random_range(0..2);
        let record = frame.sealed[number].evidence_id;
        // Everything else that was destroyed is as it should be, also the other record of the same frame.
        let others: Vec<EvidenceId> = log
            .iter()
            .filter(|(_, other)| other.case == frame.case)
            .flat_map(|(_, other)| &other.sealed)
            .map(|sealed| sealed.evidence_id)
            .filter(|id| *id != record && rng.random())
            .collect();
        store
            .shred(shred_frame(&mut rng, frame.case, &[&others]))
            .await
            .unwrap();
        store.verify().await.unwrap();
        assert_eq!(scrub(&store), []);
        store.backup(&root.path().join("backup"), &BACKUP, &mut |_| ()).unwrap();
        assert_eq!(drill(root.path()), []);

        let (name, place) = slot(*at, frame, number);
        store.disk.erase(&name, &[place]).unwrap();
        let error = store.verify().await.unwrap_err();
        let expected = (at.segment, at.offset, frame.id, record);
        assert!(
            matches!(error, StoreError::KeyGone { segment, offset, frame, record } if (segment, offset, frame, record) == expected),
            "seed {seed}: {error}"
        );
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        store.disk.remove(super::super::scrub::STATE_FILE).unwrap();
        assert_eq!(scrub(&store), [(*at, Some(frame.id))]);
        std::fs::remove_dir_all(root.path().join("backup")).unwrap();
        store.backup(&root.path().join("backup"), &BACKUP, &mut |_| ()).unwrap();
        assert_eq!(drill(root.path()), [Mismatch::KeysGone]);

        // Another case's shred frame makes it no better, one of its own does.
        let elsewhere = CaseId([frame.case.0[0] + 7; 16]);
        let stranger = sample_frame(&mut rng, elsewhere, &[], 1);
        let theirs = [stranger.sealed[0].evidence_id];
        store.append(stranger).await.unwrap();
        store.shred(shred_frame(&mut rng, elsewhere, &[&theirs])).await.unwrap();
        assert!(store.verify().await.is_err());
        store
            .shred(shred_frame(&mut rng, frame.case, &[&[record]]))
            .await
            .unwrap();
        store.verify().await.unwrap();
    }
}

#[tokio::test]
async fn the_key_of_a_key_is_never_lawfully_gone() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path());
    let mut rng = StdRng::seed_from_u64(20);
    let mut frame = sample_frame(&mut rng, CaseId([1; 16]), &[], 1);
    frame.kind = FrameKind::Key;
    let at = store.append(frame.clone()).await.unwrap().position;
    let (name, place) = slot(at, &frame, 0);
    store.disk.erase(&name, &[place]).unwrap();
    assert!(matches!(store.verify().await.unwrap_err(), StoreError::KeyGone { .. }));
}

#[tokio::test]
async fn a_key_that_came_back_is_named() {
    let root = tempfile::tempdir().unwrap();
    let store = open(&root.path().join("store"));
    let mut rng = StdRng::seed_from_u64(30);
    let log = fill(&store, &mut rng).await;
    let (at, frame) = &log[4];
    let path = root.path().join("store").join(format::segment_name(at.segment));
    let old = std::fs::read(&path).unwrap();
    let named = [frame.sealed[1].evidence_id];
    let done = store.shred(shred_frame(&mut rng, frame.case, &[&named])).await.unwrap();
    // So that the scrub comes by the shred frame.
    while store.tail().segment == done.receipt.position.segment {
        store
            .append(sample_frame(&mut rng, CaseId([9; 16]), &[], 2))
            .await
            .unwrap();
    }
    store.verify().await.unwrap();
    let backup = root.path().join("backup");
    store.backup(&backup, &BACKUP, &mut |_| ()).unwrap();
    let put_back = |path: &Path| {
        std::fs::remove_file(path).unwrap();
        std::fs::write(path, &old).unwrap();
    };
    put_back(&backup.join(format::segment_name(at.segment)));
    assert_eq!(drill(root.path()), [Mismatch::KeysBack]);
    drop(store);
    put_back(&path);
    let store = open(&root.path().join("store"));
    let error = store.verify().await.unwrap_err();
    let expected = (at.segment, at.offset, frame.id, named[0]);
    assert!(
        matches!(error, StoreError::KeyBack { segment, offset, frame, record } if (segment, offset, frame, record) == expected),
        "{error}"
    );
    assert_eq!(scrub(&store), [(*at, Some(frame.id))]);
    // A frame that is not carried out yet leaves keys, which is as it should be.
    drop(store);
    std::fs::remove_file(root.path().join("store").join(super::super::shred::STATE_FILE)).unwrap();
    let options = SegmentOptions {
        read_only: true,
        ..SegmentOptions::new([4; 16])
    };
    let early = SegmentStore::open(&root.path().join("store"), &options, &mut |_| ()).unwrap();
    early.verify().await.unwrap();
}

#[tokio::test]
async fn a_backup_made_beside_a_shredding_holds_the_frames_that_name_what_is_gone() {
    let root = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&root.path().join("store")));
    let mut rng = StdRng::seed_from_u64(40);
    let log = fill(&store, &mut rng).await;
    let mut shreds = log.iter().rev().map(|(_, frame)| {
        let named: Vec<_> = frame.sealed.iter().map(|sealed| sealed.evidence_id).collect();
        shred_frame(&mut rng, frame.case, &[&named])
    });
    let mut done = 0;
    let mut shred = |_| {
        let Some(frame) = shreds.next() else { return };
        let store = Arc::clone(&store);
        let shredding = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(store.shred(frame)).unwrap().records
        });
        done += shredding.join().unwrap();
    };
    store.backup(&root.path().join("backup"), &BACKUP, &mut shred).unwrap();
    assert!(done > 6, "{done}");
    assert_eq!(drill(root.path()), []);
}
