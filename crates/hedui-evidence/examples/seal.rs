//! Measures what sealing and encoding one verification costs a processor: 28 records of 700 bytes, 20,000 times,
//! the least of 2,000 runs, beside the bare primitives on the same bytes in the same run.
//! Left to others: the disk (`throughput`). Run: `cargo run --release -p hedui-evidence --example seal`.
#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a measurement: it reads the clock, and failing loudly is fine"
)]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use hedui_evidence::{
    CaseId, EvidenceId, EvidenceStore, Frame, FrameId, FrameKind, IndexKey, KeyRing, Leaf, LeafKind, MasterKey,
    MemoryStore, Plain, SALT_BYTES, Sealer, ciphertext_digest, commitment,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ring::aead::{AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

const RECORDS: usize = 28;
const RECORD_BYTES: usize = 700;
const RUNS: u32 = 2_000;
const BATCHES: u32 = 10;
const NOW_MS: i64 = 1_763_773_200_000;

/// Microseconds of one call: the least of all runs, since other processes can only add.
fn least_us(mut work: impl FnMut()) -> f64 {
    (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            (0..BATCHES).for_each(|_| work());
            begin.elapsed().as_secs_f64() * 1e6 / f64::from(BATCHES)
        })
        .fold(f64::INFINITY, f64::min)
}

fn batch(plaintexts: &[Vec<u8>]) -> Vec<Plain<'_>> {
    plaintexts
        .iter()
        .map(|plaintext| Plain {
            evidence_id: EvidenceId([1; 16]),
            department: "social-insurance",
            kind: LeafKind::Answer,
            plaintext,
        })
        .collect()
}

fn frame(sealer: &Sealer, plaintexts: &[Vec<u8>], rng: &mut StdRng) -> Frame {
    let (mut leaves, mut sealed) = (Vec::new(), Vec::new());
    for (record, digests) in sealer.seal(&batch(plaintexts), rng).unwrap() {
        leaves.push(Leaf {
            kind: LeafKind::Answer,
            evidence_id: record.evidence_id,
            case: CaseId([2; 16]),
            district: "511703".into(),
            department: "social-insurance".into(),
            purpose: "dibao".into(),
            asked_at_ms: NOW_MS,
            answered_at_ms: NOW_MS + 200,
            outcome: "FOUND".into(),
            ciphertext_digest: digests.ciphertext_digest,
            commitment: digests.commitment,
            authorization: [7; 32],
            actor: "verifier-7".into(),
            rests_on: Vec::new(),
        });
        sealed.push(record);
    }
    Frame {
        id: FrameId::random(rng),
        kind: FrameKind::Verdict,
        district: "511703".to_owned(),
        case: CaseId([2; 16]),
        time_ms: NOW_MS,
        index: vec![IndexKey::random(rng), IndexKey::random(rng)],
        leaves,
        sealed,
    }
}

fn key(algorithm: &'static Algorithm) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(algorithm, &black_box([8u8; 32])).unwrap())
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// What sealing is made of, each alone, without allocation.
fn primitives(plaintexts: &[Vec<u8>]) {
    for (name, algorithm) in [("aes_256_gcm", &AES_256_GCM), ("chacha20_poly1305", &CHACHA20_POLY1305)] {
        let mut buffer = [5u8; SALT_BYTES + RECORD_BYTES];
        let us = least_us(|| {
            for _ in plaintexts {
                let aad = Aad::from([9u8; 50]);
                let sealed = key(algorithm).seal_in_place_separate_tag(nonce(), aad, &mut buffer);
                let _ = black_box(sealed);
            }
        });
        println!("  seal_with_{name}_us={us:.1}");
    }
    for (name, algorithm) in [("aes_256_gcm", &AES_256_GCM), ("chacha20_poly1305", &CHACHA20_POLY1305)] {
        let (key, mut record_key) = (key(algorithm), [7u8; 32]);
        let us = least_us(|| {
            for _ in plaintexts {
                let _ = black_box(key.seal_in_place_separate_tag(nonce(), Aad::from([1; 16]), &mut record_key));
            }
        });
        println!("  wrap_with_{name}_us={us:.1}");
    }
    let ciphertext = [5u8; SALT_BYTES + RECORD_BYTES + 16];
    let us = least_us(|| {
        for _ in plaintexts {
            black_box(ciphertext_digest(black_box(&ciphertext)));
        }
    });
    println!("  ciphertext_digests_us={us:.1}");
    let us = least_us(|| {
        for plaintext in plaintexts {
            black_box(commitment(&[3; SALT_BYTES], plaintext));
        }
    });
    println!("  commitments_us={us:.1}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut rng = StdRng::seed_from_u64(1);
    let ring = KeyRing::new(MasterKey::random(&mut rng));
    let store = MemoryStore::new();
    let sealer = ring
        .sealer(&store as &dyn EvidenceStore, "511703", NOW_MS, &mut rng)
        .await
        .unwrap();
    let plaintexts: Vec<Vec<u8>> = (0..RECORDS)
        .map(|_| {
            let mut plaintext = vec![0u8; RECORD_BYTES];
            rng.fill_bytes(&mut plaintext);
            plaintext
        })
        .collect();
    let frame = frame(&sealer, &plaintexts, &mut rng);
    let batch = batch(&plaintexts);
    println!(
        "seal_us={:.1}",
        least_us(|| {
            black_box(sealer.seal(&batch, &mut rng).unwrap());
        })
    );
    primitives(&plaintexts);
    println!(
        "encode_us={:.1}",
        least_us(|| {
            black_box(frame.encode().unwrap());
        })
    );
    let bodies: Vec<(usize, Bytes)> = plaintexts
        .iter()
        .map(|p| Bytes::copy_from_slice(p))
        .enumerate()
        .collect();
    let mut bare = frame.clone();
    bare.sealed.clear();
    println!(
        "seal_in_place_us={:.1}",
        least_us(|| {
            black_box(bare.clone().seal(&sealer, &bodies, &mut rng).unwrap());
        })
    );
    let record = frame.encode().unwrap();
    println!(
        "copy_and_crc_us={:.1}",
        least_us(|| {
            black_box(crc32fast::hash(&record));
            black_box(record.clone());
        })
    );
}
