//! Measures verifications per second through a segment store against the floor: the same bytes, one write and one
//! fdatasync per group of the same size, on the same disk in the same run.
//! Left to others: the pipeline around the store (`benches`). Run: `cargo run --release -p hedui-evidence --example throughput`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a measurement: it reads the clock, and failing loudly is fine"
)]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hedui_evidence::{
    CaseId, EvidenceId, EvidenceStore, Frame, FrameId, FrameKind, IndexKey, KeyRing, Leaf, LeafKind, MasterKey, Plain,
    Sealer, SegmentOptions, SegmentStore,
};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

const TASKS: u64 = 64;
const ANSWERS: usize = 27;
const NOW_MS: i64 = 1_763_773_200_000;

/// 27 answers of 400 to 1,000 bytes and a verdict, sealed into one frame with two index keys.
fn verification(sealer: &Sealer, answers: &[Vec<u8>], rng: &mut StdRng) -> Frame {
    let case = CaseId::random(rng);
    let ids: Vec<EvidenceId> = answers.iter().map(|_| EvidenceId::random(rng)).collect();
    let kind = |number: usize| {
        if number < ANSWERS {
            LeafKind::Answer
        } else {
            LeafKind::Verdict
        }
    };
    let batch: Vec<Plain<'_>> = answers
        .iter()
        .enumerate()
        .map(|(number, plaintext)| Plain {
            evidence_id: ids[number],
            department: if number < ANSWERS { "social-insurance" } else { "" },
            kind: kind(number),
            plaintext,
        })
        .collect();
    let (mut leaves, mut sealed) = (Vec::with_capacity(28), Vec::with_capacity(28));
    for (number, (record, digests)) in sealer.seal(&batch, rng).unwrap().into_iter().enumerate() {
        leaves.push(Leaf {
            kind: kind(number),
            evidence_id: ids[number],
            case,
            district: "511703".to_owned(),
            department: batch[number].department.to_owned(),
            purpose: "dibao".to_owned(),
            asked_at_ms: NOW_MS,
            answered_at_ms: NOW_MS + 200,
            outcome: "FOUND".to_owned(),
            ciphertext_digest: digests.ciphertext_digest,
            commitment: digests.commitment,
            authorization: [7; 32],
            actor: "verifier-7".to_owned(),
            rests_on: if number < ANSWERS {
                Vec::new()
            } else {
                ids[..ANSWERS].to_vec()
            },
        });
        sealed.push(record);
    }
    let index = vec![IndexKey::random(rng), IndexKey::random(rng)];
    let (id, district) = (FrameId::random(rng), "511703".to_owned());
    Frame {
        id,
        kind: FrameKind::Verdict,
        district,
        case,
        time_ms: NOW_MS,
        index,
        leaves,
        sealed,
    }
}

fn answers(rng: &mut StdRng) -> Vec<Vec<u8>> {
    (0..=ANSWERS)
        .map(|_| {
            let mut answer = vec![0u8; rng.random_range(400..=1_000)];
            rng.fill_bytes(&mut answer);
            answer
        })
        .collect()
}

/// Groups of `group` records: concatenated, written once, synced once. Returns records per second.
fn floor(dir: &Path, records: &[Vec<u8>], group: usize, runs: usize) -> f64 {
    let file = File::create(dir.join("floor")).unwrap();
    let (mut at, mut buffer, mut written) = (0, Vec::new(), 0);
    let begin = Instant::now();
    for run in 0..runs {
        buffer.clear();
        for number in 0..group {
            buffer.extend_from_slice(&records[(run * group + number) % records.len()]);
        }
        file.write_all_at(&buffer, at).unwrap();
        file.sync_data().unwrap();
        at += buffer.len() as u64;
        written += group;
    }
    written as f64 / begin.elapsed().as_secs_f64()
}

/// Frames per second through the store, and how many shared a group on average.
async fn through_store(store: &Arc<SegmentStore>, sealer: &Arc<Sealer>, sealing: bool, seconds: u64) -> (f64, f64) {
    let (begin, groups) = (Instant::now(), store.groups());
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let (store, sealer) = (Arc::clone(store), Arc::clone(sealer));
        tasks.spawn(async move {
            let mut rng = StdRng::seed_from_u64(task + if sealing { 1_000 } else { 2_000 });
            let answers = answers(&mut rng);
            let ready = verification(&sealer, &answers, &mut rng);
            let mut done = 0u64;
            while begin.elapsed() < Duration::from_secs(seconds) {
                let frame = if sealing {
                    verification(&sealer, &answers, &mut rng)
                } else {
                    Frame {
                        id: FrameId::random(&mut rng),
                        case: CaseId::random(&mut rng),
                        ..ready.clone()
                    }
                };
                store.append(frame).await.unwrap();
                done += 1;
            }
            done
        });
    }
    let done: u64 = tasks.join_all().await.into_iter().sum();
    let rate = done as f64 / begin.elapsed().as_secs_f64();
    (rate, done as f64 / (store.groups() - groups).max(1) as f64)
}

#[tokio::main]
async fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5);
    // Beside the build, not in a memory file system: a disk is what is measured.
    let dir = tempfile::tempdir_in(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    let options = SegmentOptions::new([1; 16]);
    let store = Arc::new(SegmentStore::open(&dir.path().join("store"), &options, &mut |_| ()).unwrap());
    let ring = KeyRing::new(MasterKey::random(&mut rng));
    let sealer = ring.sealer(&*store, "511703", NOW_MS, &mut rng).await.unwrap();

    let plain = answers(&mut rng);
    let rounds = 2_000u32;
    let begin = Instant::now();
    let frames: Vec<Frame> = (0..rounds).map(|_| verification(&sealer, &plain, &mut rng)).collect();
    println!(
        "seal_and_build_us={:.1}",
        begin.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
    );
    let batch: Vec<Plain<'_>> = plain
        .iter()
        .map(|plaintext| Plain {
            evidence_id: EvidenceId([1; 16]),
            department: "social-insurance",
            kind: LeafKind::Answer,
            plaintext,
        })
        .collect();
    let begin = Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(sealer.seal(&batch, &mut rng).unwrap());
    }
    println!(
        "seal_only_us={:.1}",
        begin.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
    );
    let begin = Instant::now();
    let records: Vec<Vec<u8>> = frames.iter().map(|frame| frame.encode().unwrap()).collect();
    println!(
        "encode_us={:.1}",
        begin.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
    );
    println!(
        "frame_bytes={}",
        records.iter().map(Vec::len).sum::<usize>() / records.len()
    );

    for (name, sealing) in [("store", false), ("seal_and_store", true)] {
        let (rate, per_group) = through_store(&store, &sealer, sealing, seconds).await;
        let group = (per_group.round() as usize).max(1);
        let floor = floor(
            dir.path(),
            &records,
            group,
            (rate as usize * 3 / group).clamp(50, 5_000),
        );
        println!(
            "{name}: verifications_per_s={rate:.0} frames_per_group={per_group:.1} floor_per_s={floor:.0} ratio_to_floor={:.2}",
            rate / floor
        );
    }
}
