//! The disk in memory loses and keeps what a real one may.

use super::*;

#[test]
fn a_cut_keeps_what_was_synced_and_can_lose_or_tear_the_rest() {
    let disk = SimDisk::new();
    disk.create("a").unwrap();
    disk.append("a", 0, &[&[1; 1_500], &[], &[1; 500]]).unwrap();
    disk.sync("a").unwrap();
    disk.sync_dir().unwrap();
    disk.append("a", 2_000, &[&[2; 2_000]]).unwrap();
    let (mut lost, mut kept, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let files = disk
            .after_power_cut(disk.ops().len(), &mut StdRng::seed_from_u64(seed))
            .files;
        assert_eq!(files["a"][..2_000], [1; 2_000], "synced bytes stay");
        match &files["a"][2_000..] {
            [] => lost += 1,
            all if *all == [2; 2_000] => kept += 1,
            _ => torn += 1,
        }
    }
    assert!(lost > 10 && kept > 10 && torn > 10, "{lost} {kept} {torn}");
    assert!(
        disk.after_power_cut(2, &mut StdRng::seed_from_u64(3)).files.len() <= 1,
        "an unsynced name may vanish"
    );
}

#[test]
fn what_a_failed_sync_lost_is_not_made_good_by_the_next_one() {
    let disk = SimDisk::new();
    disk.create("a").unwrap();
    disk.sync_dir().unwrap();
    disk.append("a", 0, &[&[1; 2_048]]).unwrap();
    disk.fail_sync.store(1, Ordering::SeqCst);
    disk.sync("a").unwrap_err();
    disk.sync("a").unwrap();
    let after = |seed| {
        disk.after_power_cut(disk.ops().len(), &mut StdRng::seed_from_u64(seed))
            .files["a"]
            .clone()
    };
    let lost = (0..200).filter(|seed| after(*seed) != [1; 2_048]).count();
    assert!(lost > 50, "{lost}");
    disk.truncate("a", 0).unwrap();
    disk.append("a", 0, &[&[2; 2_048]]).unwrap();
    disk.sync("a").unwrap();
    assert!(
        (0..200).all(|seed| after(seed) == [2; 2_048]),
        "what is written anew is"
    );
}

#[test]
fn a_name_made_anew_is_another_file() {
    let disk = SimDisk::new();
    disk.create("a").unwrap();
    disk.append("a", 0, &[&[1; 700]]).unwrap();
    disk.sync("a").unwrap();
    disk.sync_dir().unwrap();
    disk.remove("a").unwrap();
    disk.create("a").unwrap();
    disk.append("a", 0, &[&[2; 700]]).unwrap();
    disk.sync("a").unwrap();
    let mut seen = BTreeSet::new();
    for seed in 0..50 {
        let left = disk.after_power_cut(disk.ops().len(), &mut StdRng::seed_from_u64(seed));
        seen.insert(left.files["a"].clone());
    }
    assert_eq!(seen, [vec![1; 700], vec![2; 700]].into());
}
