//! `hedui store`: backup while somebody else writes, again, and the drill that finds a flipped bit.
//! Leaves copying and checking to `hedui-evidence`.

use std::path::Path;

use hedui_evidence::contract::sample_frame;
use hedui_evidence::{CaseId, EvidenceStore as _, SegmentOptions, SegmentStore};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::run;

async fn append(store: &SegmentStore, rng: &mut StdRng, frames: usize) {
    for _ in 0..frames {
        store.append(sample_frame(rng, CaseId([1; 16]), &[], 10)).await.unwrap();
    }
}

async fn ask(arguments: &[&str]) -> (i32, serde_json::Value) {
    let ran = run::run(&[arguments, &["--output", "json"]].concat()).await;
    (ran.code, ran.json())
}

#[tokio::test]
async fn a_backup_of_a_store_in_use_is_completed_by_the_next_and_drilled() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let mut options = SegmentOptions::new([7; 16]);
    options.segment_bytes = 256 << 10;
    let store = SegmentStore::open(Path::new(&at("store")), &options, &mut |_| ()).unwrap();
    let mut rng = StdRng::seed_from_u64(4);
    append(&store, &mut rng, 100).await;
    let checkpoint = folder.path().join("store/logs/511703/2026/checkpoint");
    std::fs::create_dir_all(checkpoint.parent().unwrap()).unwrap();
    std::fs::write(&checkpoint, "signed").unwrap();

    // The store is open for writing here all the while.
    let set = format!("store.directory={}", at("store"));
    let out = at("backup");
    let backup = ["store", "backup", "--set", &set, "--out", &out];
    let (code, first) = ask(&backup).await;
    assert_eq!(
        (code, &first["frames"], &first["checkpoints"]),
        (0, &100.into(), &1.into()),
        "{first}"
    );
    assert!(first["copied"].as_u64().unwrap() > 1);
    append(&store, &mut rng, 100).await;
    let (code, second) = ask(&backup).await;
    assert_eq!((code, &second["frames"]), (0, &200.into()));
    assert!(second["skipped"].as_u64().unwrap() >= 1, "{second}");
    assert_eq!(
        std::fs::read(folder.path().join("backup/checkpoints/511703/2026/checkpoint")).unwrap(),
        b"signed"
    );

    let scratch = at("scratch");
    let drill = ["store", "drill", &out, "--scratch", &scratch];
    let (code, good) = ask(&drill).await;
    assert_eq!(
        (code, &good["good"], &good["frames"], &good["leaves"]),
        (0, &true.into(), &200.into(), &2_000.into())
    );

    let segment = std::fs::read_dir(folder.path().join("backup/segments"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::remove_file(&segment).unwrap();
    std::fs::write(&segment, bytes).unwrap();
    let (code, bad) = ask(&drill).await;
    assert_eq!((code, &bad["good"]), (1, &false.into()));
    assert!(!bad["differences"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_backed_up_or_drilled_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let nothing = run::run(&["store", "drill", &path, "--scratch", &format!("{path}/s")]).await;
    assert_ne!(nothing.code, 0);
    assert!(!nothing.stderr.is_empty());
    let memory = run::run(&[
        "store",
        "backup",
        "--set",
        "store.kind=memory",
        "--out",
        &format!("{path}/b"),
    ])
    .await;
    assert_ne!(memory.code, 0);
    assert!(memory.stderr.contains("memory"), "{}", memory.stderr);
}
