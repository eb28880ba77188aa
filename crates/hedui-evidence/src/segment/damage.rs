//! Damage to bytes at rest: it is noticed, named, never cut away and never returned as a frame.
//! Left to others: power cuts (`power_cuts`), damage to the index (`tests`).

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::format::segment_name;
use super::*;
use crate::contract::{sample_frame, whole_log};
use crate::disk::sim::SimDisk;
use crate::error::ErrorKind;

type Files = BTreeMap<String, Vec<u8>>;

fn open_with(disk: &Arc<SimDisk>, id: [u8; 16], segment_bytes: u64) -> Result<SegmentStore, StoreError> {
    let indexes =
        |_fresh: bool| -> Result<Box<dyn Index>, crate::index::IndexError> { Ok(Box::new(MemoryIndex::default())) };
    let options = SegmentOptions {
        segment_bytes,
        ..SegmentOptions::new(id)
    };
    SegmentStore::open_on(Arc::<SimDisk>::clone(disk), Box::new(indexes), &options, &mut |_| ())
}

fn open(files: &Files) -> Result<SegmentStore, StoreError> {
    open_with(&Arc::new(SimDisk::with_files(files.clone())), [9; 16], 2_500)
}

/// A store whose frames were each committed alone: their positions, the frames, the files.
async fn written(frames: usize, segment_bytes: u64) -> (Vec<(Position, Frame)>, Files) {
    let disk = Arc::new(SimDisk::new());
    let store = open_with(&disk, [9; 16], segment_bytes).unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    let mut log = Vec::new();
    for _ in 0..frames {
        let frame = sample_frame(&mut rng, CaseId([1; 16]), &[], 1);
        log.push((store.append(frame.clone()).await.unwrap().position, frame));
    }
    drop(store);
    (log, disk.files())
}

fn flipped(files: &Files, name: &str, at: usize) -> Files {
    let mut files = files.clone();
    files.get_mut(name).unwrap()[at] ^= 0x10;
    files
}

#[tokio::test]
async fn no_byte_of_a_closed_segment_can_change_unnoticed() {
    let (log, files) = written(9, 2_500).await;
    assert!(files.len() >= 3, "several segments");
    let name = segment_name(1);
    for at in 0..files[&name].len() {
        // Opening with an empty index reads everything.
        let error = open(&flipped(&files, &name, at))
            .err()
            .unwrap_or_else(|| panic!("byte {at} went unnoticed"));
        assert!(
            matches!(error, StoreError::Corrupt { segment: 1, offset, .. } if offset <= at as u64),
            "{at}: {error}"
        );
    }
    assert_eq!(whole_log(&open(&files).unwrap(), 4).await, log);
}

#[tokio::test]
async fn damage_before_the_last_group_is_never_taken_for_a_torn_tail() {
    let (log, files) = written(4, 1 << 20).await;
    let name = segment_name(1);
    let last_group = usize::try_from(log[3].0.offset - format::GROUP_HEADER).unwrap();
    for at in 0..last_group {
        let error = open(&flipped(&files, &name, at))
            .err()
            .unwrap_or_else(|| panic!("byte {at} was cut away"));
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{at}: {error}");
    }
    // Within the last group damage and tear look the same: the stated limit of the format.
    for at in (last_group..files[&name].len()).step_by(7) {
        let store = open(&flipped(&files, &name, at)).unwrap();
        assert!(store.opening().torn_bytes > 0);
        assert_eq!(whole_log(&store, 10).await, log[..3]);
    }
}

#[tokio::test]
async fn a_running_store_names_the_damaged_frame_and_reads_the_others() {
    let disk = Arc::new(SimDisk::new());
    let store = open_with(&disk, [9; 16], 1 << 20).unwrap();
    let mut rng = StdRng::seed_from_u64(2);
    let mut log = Vec::new();
    for _ in 0..5 {
        let frame = sample_frame(&mut rng, CaseId([1; 16]), &[], 1);
        log.push((store.append(frame.clone()).await.unwrap().position, frame));
    }
    let (damaged, _) = log[2];
    for into in [0, 5, 8, 40, 200] {
        let at = usize::try_from(damaged.offset).unwrap() + into;
        disk.flip(&segment_name(1), at);
        for (position, frame) in &log {
            let read = store.read(*position).await;
            if *position == damaged {
                let error = read.unwrap_err();
                let Position { segment, offset } = damaged;
                assert!(
                    matches!(error, StoreError::Corrupt { segment: s, offset: o, .. } if (s, o) == (segment, offset))
                );
            } else {
                assert_eq!(&read.unwrap(), frame);
            }
        }
        let before = store.scan(Position::START, 10).await.unwrap();
        assert_eq!(
            (before.entries.len(), before.at_end),
            (2, false),
            "what precedes the damage is handed out"
        );
        assert_eq!(
            store.scan(before.next, 10).await.unwrap_err().kind(),
            ErrorKind::Corrupt
        );
        assert_eq!(store.verify().await.unwrap_err().kind(), ErrorKind::Corrupt);
        disk.flip(&segment_name(1), at);
    }
    assert_eq!(store.verify().await.unwrap().frames, 5);
}

#[tokio::test]
async fn a_missing_or_shortened_or_lengthened_segment_is_named() {
    let (_, files) = written(9, 2_500).await;
    let named = |files: &Files, number: u64| {
        let error = open(files).unwrap_err();
        assert!(
            matches!(error, StoreError::Corrupt { segment, .. } if segment == number),
            "{error}"
        );
    };
    for number in 1..=2 {
        let mut other = files.clone();
        other.remove(&segment_name(number));
        named(&other, number);
        let mut other = files.clone();
        other.get_mut(&segment_name(number)).unwrap().pop();
        named(&other, number);
        let mut other = files.clone();
        other.get_mut(&segment_name(number)).unwrap().push(0);
        named(&other, number);
        let mut other = files.clone();
        let swapped = other[&segment_name(3)].clone();
        other.insert(segment_name(number), swapped);
        named(&other, number);
    }
}

#[tokio::test]
async fn segments_of_two_stores_do_not_mix() {
    let (_, files) = written(9, 2_500).await;
    let disk = Arc::new(SimDisk::new());
    let other = open_with(&disk, [8; 16], 2_500).unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    for _ in 0..9 {
        other
            .append(sample_frame(&mut rng, CaseId([1; 16]), &[], 1))
            .await
            .unwrap();
    }
    drop(other);
    let mut mixed = files;
    mixed.insert(segment_name(2), disk.files()[&segment_name(2)].clone());
    assert!(matches!(open(&mixed), Err(StoreError::Foreign { .. })));
}

#[tokio::test]
async fn a_store_of_a_later_version_is_left_alone() {
    let (_, mut files) = written(2, 1 << 20).await;
    let file = files.get_mut(&segment_name(1)).unwrap();
    file[11] = 2;
    let crc = crc32fast::hash(&file[..52]).to_be_bytes();
    file[52..56].copy_from_slice(&crc);
    let disk = Arc::new(SimDisk::with_files(files.clone()));
    assert!(matches!(
        open_with(&disk, [9; 16], 1 << 20),
        Err(StoreError::Foreign { .. })
    ));
    assert!(disk.files() == files, "not a byte of it was changed");
}
