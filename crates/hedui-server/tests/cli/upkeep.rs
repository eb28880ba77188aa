//! `hedui store`: backup while somebody else writes, again, the drill that finds a flipped bit, and another master key.
//! Leaves copying and checking to `hedui-evidence`.

use std::path::Path;

use hedui_evidence::contract::sample_frame;
use hedui_evidence::{CaseId, EvidenceId, EvidenceStore as _, KeyRing, LeafKind, MasterKey, Plain, SegmentOptions};
use hedui_evidence::{SegmentStore, StoreError, Subject};
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

#[tokio::test]
async fn the_master_key_is_exchanged_and_the_old_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut rng = StdRng::seed_from_u64(9);
    std::fs::create_dir_all(at("store")).unwrap();
    let old = MasterKey::create(&at("old.key"), &mut rng).unwrap();
    let plain = Plain {
        evidence_id: EvidenceId([5; 16]),
        department: "housing",
        kind: LeafKind::Answer,
        plaintext: b"what was said",
    };
    let sealed = {
        let store = SegmentStore::open(&at("store"), &SegmentOptions::new([7; 16]), &mut |_| ()).unwrap();
        let ring = KeyRing::new(old);
        let sealer = ring
            .sealer(&store, "511703", 1_795_000_000_000, &mut rng)
            .await
            .unwrap();
        sealer.seal(&[plain], &mut rng).unwrap().remove(0).0
    };
    let set = [
        format!("store.directory={}", at("store").display()),
        format!("store.key_file={}", at("old.key").display()),
    ];
    let new = at("new.key").display().to_string();
    let rotate = [
        "store",
        "rotate-key",
        "--set",
        &set[0],
        "--set",
        &set[1],
        "--new-key-file",
        &new,
    ];
    let (code, rotated) = ask(&rotate).await;
    assert_eq!((code, &rotated["wrapped"]), (0, &1.into()), "{rotated}");
    let again = run::run(&rotate).await;
    assert_ne!(again.code, 0);
    assert!(
        again.stderr.contains("replaced") || again.stderr.contains("key"),
        "{}",
        again.stderr
    );

    let store = SegmentStore::open(&at("store"), &SegmentOptions::new([7; 16]), &mut |_| ()).unwrap();
    let subject = Subject {
        evidence_id: EvidenceId([5; 16]),
        district: "511703",
        department: "housing",
        kind: LeafKind::Answer,
    };
    let ring = KeyRing::new(MasterKey::read(&at("new.key")).unwrap());
    ring.load(&store).await.unwrap();
    assert_eq!(ring.open(&sealed, &subject).unwrap().plaintext(), b"what was said");
    let old = KeyRing::new(MasterKey::read(&at("old.key")).unwrap());
    assert!(matches!(old.load(&store).await, Err(StoreError::KeyReplaced { .. })));
}
