//! The scrub finds every flipped bit of a finished segment, names it, goes on behind it and resumes where it was.
//! Left to others: damage met when a store is opened or read (`damage`).

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::super::*;
use super::*;
use crate::contract::sample_frame;
use crate::disk::sim::SimDisk;
use crate::segment::format::GROUP_HEADER;

fn open(disk: &Arc<SimDisk>) -> SegmentStore {
    let indexes =
        |_fresh: bool| -> Result<Box<dyn Index>, crate::index::IndexError> { Ok(Box::new(MemoryIndex::default())) };
    let options = SegmentOptions {
        segment_bytes: 6_000,
        ..SegmentOptions::new([9; 16])
    };
    SegmentStore::open_on(Arc::<SimDisk>::clone(disk), Box::new(indexes), &options, &mut |_| ()).unwrap()
}

/// A store with several finished segments, each frame in a group of its own.
async fn filled(frames: usize) -> (Arc<SimDisk>, SegmentStore, BTreeMap<Position, FrameId>) {
    let disk = Arc::new(SimDisk::new());
    let store = open(&disk);
    let mut rng = StdRng::seed_from_u64(5);
    let mut log = BTreeMap::new();
    for _ in 0..frames {
        let frame = sample_frame(&mut rng, CaseId([1; 16]), &[], 1);
        let id = frame.id;
        log.insert(store.append(frame).await.unwrap().position, id);
    }
    assert!(store.tail().segment >= 3);
    (disk, store, log)
}

/// A whole round, with any budget.
fn round(scrub: &mut Scrub, budget: u64) -> ScrubReport {
    while !scrub.step(budget).done {}
    scrub.report()
}

#[tokio::test]
async fn a_whole_log_is_found_whole_whatever_the_budget() {
    let (_, store, log) = filled(24).await;
    let finished = log.keys().filter(|at| at.segment < store.tail().segment).count() as u64;
    for budget in [0, 1, 100, 5_000, u64::MAX] {
        let report = round(&mut store.scrub(), budget);
        assert_eq!(
            (report.verified.frames, report.damaged),
            (finished, 0),
            "budget {budget}"
        );
        assert_eq!(report.done_bytes, report.total_bytes);
        store.disk.remove(STATE_FILE).unwrap();
    }
}

#[tokio::test]
async fn a_step_reads_no_more_than_its_budget_and_one_record() {
    let (_, store, _) = filled(24).await;
    let mut scrub = store.scrub();
    loop {
        let step = scrub.step(500);
        assert!(step.read_bytes < 500 + 3_000, "{step:?}");
        if step.done {
            break;
        }
        assert!(step.read_bytes >= 500);
    }
}

#[tokio::test]
async fn every_flipped_byte_of_a_finished_segment_is_named() {
    let (disk, store, log) = filled(14).await;
    let name = segment_name(1);
    let length = disk.files()[&name].len();
    let frames: Vec<_> = log.iter().filter(|(at, _)| at.segment == 1).collect();
    let (mut named, mut heads) = (0, 0);
    for at in 0..length {
        disk.flip(&name, at);
        let report = round(&mut store.scrub(), u64::MAX);
        assert!(report.damaged >= 1, "byte {at} went unnoticed");
        let first = &report.damage[0];
        assert_eq!(first.at.segment, 1, "{first}");
        assert!(first.at.offset <= at as u64, "byte {at}: {first}");
        let within = frames.iter().rev().find(|(position, _)| position.offset <= at as u64);
        let until = |position: &Position| {
            frames
                .iter()
                .map(|(next, _)| next.offset - GROUP_HEADER)
                .find(|start| *start > position.offset)
                .unwrap_or(length as u64)
        };
        if let Some((position, id)) = within.filter(|(position, _)| (at as u64) < until(position)) {
            assert_eq!(first.at, **position, "byte {at}: {first}");
            if first.frame == Some(**id) {
                named += 1;
            } else {
                // Only a damaged id cannot be told.
                assert_eq!(first.frame, None);
                let id_at = usize::try_from(position.offset).unwrap() + 9;
                assert!((id_at..id_at + 16).contains(&at), "byte {at}: {first}");
            }
            assert_eq!(report.damaged, 1, "byte {at}: {:?}", report.damage);
            assert!(report.verified.frames > 0, "what is behind is read");
        } else {
            heads += 1;
        }
        disk.flip(&name, at);
        disk.remove(STATE_FILE).unwrap();
    }
    assert!(named > 1_000 && heads > 100, "{named} {heads}");
}

#[tokio::test]
async fn a_finished_segment_of_another_length_is_named() {
    let (disk, store, _) = filled(24).await;
    let length = disk.files()[&segment_name(2)].len();
    for other in [length - 1, length + 1, length + 700, 60] {
        disk.resize(&segment_name(2), other);
        let report = round(&mut store.scrub(), 3_000);
        let first = &report.damage[0];
        assert_eq!(first.at.segment, 2, "{first}");
        assert_eq!(first.at.offset, other.min(length) as u64, "{first}");
        assert!(
            first.reason.contains(&format!("{other} bytes")) && first.reason.contains(&length.to_string()),
            "{first}"
        );
        disk.resize(&segment_name(2), length);
        disk.remove(STATE_FILE).unwrap();
    }
    disk.remove(&segment_name(3)).unwrap();
    let report = round(&mut store.scrub(), 3_000);
    assert!(
        report.damage.iter().any(|damage| damage.at.segment == 3),
        "{:?}",
        report.damage
    );
}

#[tokio::test]
async fn a_scrub_resumes_where_it_paused_and_counts_nothing_twice() {
    let (disk, store, _) = filled(24).await;
    disk.flip(&segment_name(1), 900);
    disk.flip(&segment_name(3), 900);
    let whole = round(&mut store.scrub(), u64::MAX);
    assert_eq!(whole.damaged, 2);
    for pauses in [1, 700, 2_500] {
        disk.remove(STATE_FILE).unwrap();
        let mut read = 0;
        let report = loop {
            // Each is another process.
            let mut scrub = store.scrub();
            let step = scrub.step(pauses);
            read += step.read_bytes;
            if step.done {
                break scrub.report();
            }
            scrub.pause();
        };
        assert_eq!(report, whole, "paused after {pauses} bytes");
        assert!(read <= whole.total_bytes, "nothing is read twice");
    }
    // A text that was damaged counts as none.
    disk.flip(STATE_FILE, 20);
    assert_eq!(store.scrub().report().done_bytes, 0);
}

#[tokio::test]
async fn appends_go_on_and_what_they_finish_is_scrubbed_too() {
    let (_, store, _) = filled(24).await;
    let store = Arc::new(store);
    let mut scrub = store.scrub();
    scrub.step(5_000);
    let before = store.tail().segment;
    let mut rng = StdRng::seed_from_u64(6);
    while store.tail().segment < before + 2 {
        let frame = sample_frame(&mut rng, CaseId([1; 16]), &[], 1);
        store.append(frame).await.unwrap();
    }
    let mut told = 0;
    let report = scrub
        .run(u64::MAX, &mut |report| told += usize::from(report.done_bytes > 0))
        .await
        .unwrap();
    assert_eq!(report.place.segment, before + 2);
    assert_eq!((report.damaged, report.done_bytes), (0, report.total_bytes));
    assert!(told > 0);
}

#[test]
fn a_pace_is_kept() {
    assert_eq!(pause_after(5_000_000, 10_000_000), Duration::from_millis(500));
    assert_eq!(pause_after(0, 1), Duration::ZERO);
    assert_eq!(pause_after(u64::MAX, 0), Duration::from_micros(u64::MAX));
}
