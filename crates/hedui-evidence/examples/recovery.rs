//! Measures how long a store takes to open again: with its index, without it, and beside a bare reading of its files in the same run.
//! Left to others: what keeping costs (`throughput`), sealing (`seal`).
//! Run: `cargo run --release -p hedui-evidence --example recovery [megabytes]`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a measurement: it reads the clock, and failing loudly is fine"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use hedui_evidence::{
    BackupOptions, CaseId, EvidenceId, EvidenceStore, Frame, FrameId, FrameKind, INDEX_FOLDER, IndexKey, KeyRing, Leaf,
    LeafKind, MasterKey, MemoryStore, Plain, Sealer, SegmentOptions, SegmentStore, restore_drill,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

const RECORDS: usize = 28;
const RECORD_BYTES: usize = 700;
const NOW_MS: i64 = 1_763_773_200_000;
const TASKS: usize = 64;

/// One verification: 28 sealed records of 700 bytes, filed under its question and its person.
fn verification(sealer: &Sealer, rng: &mut StdRng) -> Frame {
    let case = CaseId::random(rng);
    let plaintext = [b'x'; RECORD_BYTES];
    let ids: Vec<EvidenceId> = (0..RECORDS).map(|_| EvidenceId::random(rng)).collect();
    let plain = |id: &EvidenceId| Plain {
        evidence_id: *id,
        department: "social-insurance",
        kind: LeafKind::Answer,
        plaintext: &plaintext,
    };
    let batch: Vec<Plain<'_>> = ids.iter().map(plain).collect();
    let (mut leaves, mut sealed) = (Vec::new(), Vec::new());
    for (record, digests) in sealer.seal(&batch, rng).unwrap() {
        leaves.push(Leaf {
            kind: LeafKind::Answer,
            evidence_id: record.evidence_id,
            case,
            district: "511703".into(),
            department: "social-insurance".into(),
            purpose: "dibao".into(),
            asked_at_ms: NOW_MS,
            answered_at_ms: NOW_MS + 200,
            outcome: "FOUND".into(),
            ciphertext_digest: digests.ciphertext_digest,
            commitment: digests.commitment,
            authorization: [7; 32],
            actor: "district-system/verifier-7".into(),
            rests_on: Vec::new(),
        });
        sealed.push(record);
    }
    Frame {
        id: FrameId::random(rng),
        kind: FrameKind::Verdict,
        district: "511703".to_owned(),
        case,
        time_ms: NOW_MS,
        index: (0..4).map(|_| IndexKey::random(rng)).collect(),
        leaves,
        sealed,
    }
}

fn open(dir: &Path) -> SegmentStore {
    SegmentStore::open(dir, &SegmentOptions::new([1; 16]), &mut |_| ()).unwrap()
}

async fn fill(store: Arc<SegmentStore>, bytes: u64) {
    let mut rng = StdRng::seed_from_u64(1);
    let ring = KeyRing::new(MasterKey::random(&mut rng));
    let sealer = ring
        .sealer(&MemoryStore::new(), "511703", NOW_MS, &mut rng)
        .await
        .unwrap();
    while store.status().await.unwrap().bytes < bytes {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..TASKS {
            let (store, frame) = (Arc::clone(&store), verification(&sealer, &mut rng));
            tasks.spawn(async move { store.append(frame).await.unwrap() });
        }
        tasks.join_all().await;
    }
}

fn folder_bytes(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.metadata().unwrap() {
            meta if meta.is_dir() => folder_bytes(&entry.path()),
            meta => meta.len(),
        })
        .sum()
}

/// Runs a piece of work and prints its seconds, and its seconds per GB of log.
fn timed<T>(what: &str, log_bytes: u64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{what:<46} {seconds:>8.2} s {:>8.2} s/GB",
        seconds * 1e9 / log_bytes as f64
    );
    result
}

fn main() {
    let megabytes: u64 = std::env::args().nth(1).map_or(1_000, |text| text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let dir = tempfile::tempdir_in(".").unwrap();
    let root = dir.path().join("store");
    runtime.block_on(fill(Arc::new(open(&root)), megabytes * 1_000_000));
    let index = folder_bytes(&root.join(INDEX_FOLDER));
    let bytes = folder_bytes(&root) - index;
    println!("{bytes} bytes of log, {index} bytes of index");
    timed("floor: reading the files twice, one BLAKE3", bytes, || {
        for entry in fs::read_dir(&root).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                std::io::copy(&mut fs::File::open(entry.path()).unwrap(), &mut std::io::sink()).unwrap();
                let _ = blake3::hash(&fs::read(entry.path()).unwrap());
            }
        }
    });
    drop(timed("opening, index kept", bytes, || open(&root)));
    fs::remove_dir_all(root.join(INDEX_FOLDER)).unwrap();
    let store = timed("opening, index deleted", bytes, || open(&root));
    println!("  {} frames filed", store.opening().indexed_frames);
    timed("verifying every frame and leaf", bytes, || {
        runtime.block_on(store.verify()).unwrap()
    });
    let mut scrub = store.scrub();
    timed("a round of the scrub", bytes, || while !scrub.step(4 << 20).done {});
    assert_eq!(scrub.report().damaged, 0);
    let (backup, scratch) = (dir.path().join("backup"), dir.path().join("scratch"));
    let options = BackupOptions {
        made_ms: NOW_MS,
        link: false,
    };
    timed("backup, whole", bytes, || {
        store.backup(&backup, &options, &mut |_| ()).unwrap()
    });
    timed("backup again", bytes, || {
        store.backup(&backup, &options, &mut |_| ()).unwrap()
    });
    let report = timed("restore drill", bytes, || {
        restore_drill(&backup, &scratch, &mut |_| ()).unwrap()
    });
    assert!(report.is_good(), "{:?}", report.differences);
}
