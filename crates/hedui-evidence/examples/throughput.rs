//! Measures what keeping verifications costs: microseconds of processor time over all threads, and verifications per
//! second, beside a floor in the same run (the same bytes, one write and one fdatasync per group of the same size).
//! Left to others: sealing (`seal`), the pipeline around the store (`benches`).
//! Run: `cargo run --release -p hedui-evidence --example throughput [seconds [verifications per second, 0: all it can]]`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a measurement: it reads the clock, and failing loudly is fine"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hedui_evidence::{
    CaseId, EvidenceId, EvidenceStore, Frame, FrameId, FrameKind, IndexKey, KeyId, Leaf, LeafKind, Sealed,
    SegmentOptions, SegmentStore, WRAPPED_KEY_BYTES,
};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Verifications in flight.
const TASKS: u64 = 128;
const ANSWERS: usize = 28;
const ANSWER_BYTES: usize = 700;
const REPORT_BYTES: usize = 10_000;
const REQUEST_BYTES: usize = 1_000;
/// What a sealed record is longer than its plaintext: salt and tag.
const SEALING_BYTES: usize = 48;
const DISTRICTS: usize = 20;
const NOW_MS: i64 = 1_763_773_200_000;
/// Ticks of a second in `/proc/self/stat` (the same on every Linux that hedui runs on).
const TICKS_PER_S: f64 = 100.0;

fn leaf(kind: LeafKind, department: &str, rng: &mut StdRng) -> Leaf {
    Leaf {
        kind,
        evidence_id: EvidenceId::random(rng),
        case: CaseId::random(rng),
        district: "511703".into(),
        department: department.into(),
        purpose: "dibao".into(),
        asked_at_ms: NOW_MS,
        answered_at_ms: NOW_MS + 200,
        outcome: "FOUND,NO_RECORD,NO_RECORD".into(),
        ciphertext_digest: rng.random(),
        commitment: rng.random(),
        authorization: rng.random(),
        actor: "district-system/verifier-7".into(),
        rests_on: Vec::new(),
    }
}

/// A sealed record of random bytes: sealing is measured elsewhere, and no store looks inside.
fn sealed(evidence_id: EvidenceId, plain_bytes: usize, rng: &mut StdRng) -> Sealed {
    let mut ciphertext = vec![0u8; plain_bytes + SEALING_BYTES];
    rng.fill_bytes(&mut ciphertext);
    let mut wrapped_key = [0u8; WRAPPED_KEY_BYTES];
    rng.fill_bytes(&mut wrapped_key);
    Sealed {
        evidence_id,
        period_key: KeyId(rng.random()),
        wrapped_key,
        ciphertext,
    }
}

fn frame(kind: FrameKind, leaves: Vec<Leaf>, sealed: Vec<Sealed>) -> Frame {
    Frame {
        id: FrameId::default(),
        kind,
        district: "511703".to_owned(),
        case: CaseId::default(),
        time_ms: NOW_MS,
        index: Vec::new(),
        leaves,
        sealed,
    }
}

/// The two frames of a verification, without their ids, cases and index keys.
struct Templates {
    asked: Frame,
    verdict: Frame,
}

impl Templates {
    fn new(rng: &mut StdRng) -> Self {
        let asked = leaf(LeafKind::Asked, &"social-insurance,".repeat(ANSWERS), rng);
        let request = sealed(asked.evidence_id, REQUEST_BYTES, rng);
        let mut leaves: Vec<Leaf> = (0..ANSWERS)
            .map(|_| leaf(LeafKind::Answer, "social-insurance", rng))
            .collect();
        let mut records: Vec<Sealed> = leaves
            .iter()
            .map(|leaf| sealed(leaf.evidence_id, ANSWER_BYTES, rng))
            .collect();
        let mut verdict = leaf(LeafKind::Verdict, "", rng);
        verdict.rests_on = leaves.iter().map(|leaf| leaf.evidence_id).collect();
        records.push(sealed(verdict.evidence_id, REPORT_BYTES, rng));
        leaves.push(verdict);
        Self {
            asked: frame(FrameKind::Asked, vec![asked], vec![request]),
            verdict: frame(FrameKind::Verdict, leaves, records),
        }
    }

    /// Copies them as one fresh verification, and gives the key of its question.
    fn make(&self, lists: &[IndexKey], rng: &mut StdRng) -> (IndexKey, Frame, Frame) {
        let (case, request, question) = (CaseId::random(rng), IndexKey::random(rng), IndexKey::random(rng));
        let list = lists[rng.random_range(0..lists.len())];
        let asked = Frame {
            id: FrameId(request.0),
            case,
            index: vec![list, request, IndexKey::random(rng)],
            ..self.asked.clone()
        };
        let verdict = Frame {
            id: FrameId::random(rng),
            case,
            index: vec![question],
            ..self.verdict.clone()
        };
        (question, asked, verdict)
    }
}

/// Processor seconds of this process so far, user and system, all threads, those that ended included.
fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS_PER_S
}

/// The same of the threads that live, by name, in nanoseconds.
fn thread_nanoseconds() -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/task").unwrap().flatten() {
        let read = |name: &str| fs::read_to_string(entry.path().join(name));
        if let (Ok(name), Ok(stat)) = (read("comm"), read("schedstat")) {
            let spent: u64 = stat.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
            *found.entry(name.trim().to_owned()).or_default() += spent;
        }
    }
    found
}

/// What one stretch of work took.
struct Cost {
    seconds: f64,
    processor_seconds: f64,
    threads: BTreeMap<String, u64>,
}

struct Watch(Instant, f64, BTreeMap<String, u64>);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), processor_seconds(), thread_nanoseconds())
    }

    fn stop(self) -> Cost {
        let mut threads = thread_nanoseconds();
        for (name, spent) in &mut threads {
            *spent = spent.saturating_sub(self.2.get(name).copied().unwrap_or(0));
        }
        Cost {
            seconds: self.0.elapsed().as_secs_f64(),
            processor_seconds: processor_seconds() - self.1,
            threads,
        }
    }
}

/// Groups of `group` bytes, written once and synced once each. Returns what it took.
fn floor(dir: &Path, group: usize, runs: usize) -> Cost {
    let file = File::create(dir.join("floor")).unwrap();
    let mut buffer = vec![0u8; group];
    StdRng::seed_from_u64(3).fill_bytes(&mut buffer);
    let watch = Watch::start();
    for run in 0..runs {
        file.write_all_at(&buffer, (run * group) as u64).unwrap();
        file.sync_data().unwrap();
    }
    watch.stop()
}

/// Runs verifications for a while. Without a store: what the measurement itself costs.
async fn run(store: Option<Arc<SegmentStore>>, seconds: u64, rate: f64, seed: u64) -> (u64, Cost) {
    let watch = Watch::start();
    let begin = watch.0;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let store = store.clone();
        tasks.spawn(async move {
            let mut rng = StdRng::seed_from_u64(seed * TASKS + task);
            let templates = Templates::new(&mut rng);
            let lists: Vec<IndexKey> = (0..DISTRICTS).map(|n| IndexKey([n as u8; 16])).collect();
            let mut done = 0u64;
            while begin.elapsed() < Duration::from_secs(seconds) {
                if rate > 0.0 {
                    let due = Duration::from_secs_f64((done * TASKS + task) as f64 / rate);
                    tokio::time::sleep_until((begin + due).into()).await;
                }
                let (question, asked, verdict) = templates.make(&lists, &mut rng);
                if let Some(store) = &store {
                    assert_eq!(store.newest(question).await.unwrap(), None);
                    assert!(!store.append(asked).await.unwrap().duplicate);
                    assert!(!store.append(verdict).await.unwrap().duplicate);
                } else {
                    // As many frames are alive at once as with a store: copying into cold memory costs more.
                    tokio::task::yield_now().await;
                    drop((asked, verdict));
                }
                done += 1;
            }
            done
        });
    }
    let done = tasks.join_all().await.into_iter().sum();
    (done, watch.stop())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = std::env::args().skip(1).map(|text| text.parse().unwrap());
    let (seconds, rate) = (args.next().unwrap_or(10.0) as u64, args.next().unwrap_or(0.0));
    // Beside the build, not in a memory file system: a disk is what is measured.
    let dir = tempfile::tempdir_in(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (done, bare) = run(None, 1, 0.0, 1).await;
    let bare_us = bare.processor_seconds * 1e6 / done as f64;
    println!("making the frames: cpu_us={bare_us:.1} (taken off below)");

    let options = SegmentOptions::new([1; 16]);
    let store = Arc::new(SegmentStore::open(&dir.path().join("store"), &options, &mut |_| ()).unwrap());
    // At full speed the next frame waits for the processor, as behind a broker.
    store.backlog().set(usize::from(rate == 0.0));
    // Once for warmth, so that what grows with the index is seen beside the first figure.
    for round in 1..=2 {
        let (groups, bytes) = (store.groups(), store.status().await.unwrap().bytes);
        let (done, cost) = run(Some(Arc::clone(&store)), seconds, rate, 1 + round).await;
        let (groups, bytes) = (store.groups() - groups, store.status().await.unwrap().bytes - bytes);
        let per = |value: f64| value / done as f64;
        println!(
            "round {round}: verifications_per_s={:.0} cpu_us={:.1} groups={groups} frames_per_group={:.1} bytes={:.0}",
            done as f64 / cost.seconds,
            per(cost.processor_seconds * 1e6) - bare_us,
            2.0 * done as f64 / groups as f64,
            per(bytes as f64),
        );
        for (name, spent) in &cost.threads {
            println!("  thread {name}: cpu_us={:.1}", per(*spent as f64 / 1e3));
        }
        let group = usize::try_from(bytes / groups).unwrap();
        let runs = usize::try_from(groups).unwrap().min(2_000);
        let floor = floor(dir.path(), group, runs);
        let written = done as f64 * runs as f64 / groups as f64;
        println!(
            "  floor: verifications_per_s={:.0} cpu_us={:.1}; ratio of rates={:.2}",
            written / floor.seconds,
            floor.processor_seconds * 1e6 / written,
            (done as f64 / cost.seconds) / (written / floor.seconds),
        );
    }
    let begin = Watch::start();
    drop(store);
    println!("closing: seconds={:.2}", begin.stop().seconds);
}
