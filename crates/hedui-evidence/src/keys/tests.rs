//! The key ring: key files, key frames in the store, keyed hashes.
//! Left to others: the cipher (`sealer`).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::MemoryStore;

const NOVEMBER_MS: i64 = 1_763_773_200_000;
const DECEMBER_MS: i64 = NOVEMBER_MS + 31 * 86_400_000;

fn ring(secret: u8) -> KeyRing {
    KeyRing::new(MasterKey::from_bytes([secret; 32]))
}

fn subject(id: EvidenceId) -> Subject<'static> {
    Subject {
        evidence_id: id,
        district: "511703",
        department: "housing",
        kind: LeafKind::Answer,
    }
}

fn seal(sealer: &Sealer, rng: &mut StdRng) -> Sealed {
    let id = EvidenceId::random(rng);
    let plain = Plain {
        evidence_id: id,
        department: "housing",
        kind: LeafKind::Answer,
        plaintext: b"a flat",
    };
    sealer.seal(&[plain], rng).unwrap().remove(0).0
}

#[test]
fn a_key_file_is_private_from_the_start_and_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    let mut rng = StdRng::seed_from_u64(1);
    let made = MasterKey::read_or_create(&path, &mut rng).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(MasterKey::read_or_create(&path, &mut rng).unwrap().id(), made.id());
    let error = MasterKey::create(&path, &mut rng).unwrap_err();
    assert!(matches!(error, StoreError::KeyFile { .. }), "{error}");
    assert_eq!(MasterKey::read(&path).unwrap().id(), made.id());
}

#[test]
fn a_key_file_that_others_can_use_is_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    MasterKey::create(&path, &mut StdRng::seed_from_u64(2)).unwrap();
    for mode in [0o640, 0o604, 0o601, 0o660, 0o644, 0o777] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = MasterKey::read(&path).unwrap_err().to_string();
        assert!(
            error.contains(&format!("{mode:04o}")) && error.contains("chmod 600"),
            "{error}"
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    MasterKey::read(&path).unwrap();
}

#[test]
fn a_malformed_key_file_is_refused_without_showing_its_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    assert!(
        matches!(MasterKey::read(&path), Err(StoreError::KeyFile { .. })),
        "a missing file"
    );
    MasterKey::create(&path, &mut StdRng::seed_from_u64(3)).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    for bad in [
        "",
        "secret",
        &good[..good.len() - 2],
        &good.replace("v1", "v2"),
        &format!("{}zz", good.trim_end()),
    ] {
        fs::write(&path, bad).unwrap();
        let error = MasterKey::read(&path).unwrap_err().to_string();
        assert!(error.contains("64 hex digits") && !error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn the_store_alone_brings_every_period_key_back() {
    let (store, mut rng) = (MemoryStore::new(), StdRng::seed_from_u64(4));
    let before = ring(1);
    let mut sealed = Vec::new();
    for (district, time_ms) in [
        ("511703", NOVEMBER_MS),
        ("511703", DECEMBER_MS),
        ("511703", NOVEMBER_MS),
    ] {
        let sealer = before.sealer(&store, district, time_ms, &mut rng).await.unwrap();
        sealed.push(seal(&sealer, &mut rng));
    }
    before.sealer(&store, "511702", NOVEMBER_MS, &mut rng).await.unwrap();
    assert_eq!(
        sealed[0].period_key, sealed[2].period_key,
        "one key a month and district"
    );
    assert_ne!(sealed[0].period_key, sealed[1].period_key);
    let after = ring(1);
    for record in &sealed {
        let error = after.open(record, &subject(record.evidence_id)).unwrap_err();
        assert!(matches!(error, StoreError::KeyMissing(id) if id == record.period_key));
    }
    assert_eq!(after.load(&store).await.unwrap(), 3);
    for record in &sealed {
        assert_eq!(
            after.open(record, &subject(record.evidence_id)).unwrap().plaintext(),
            b"a flat"
        );
    }
    assert_eq!(
        after
            .sealer(&store, "511703", DECEMBER_MS, &mut rng)
            .await
            .unwrap()
            .id(),
        sealed[1].period_key
    );
    assert_eq!(store.verify().await.unwrap().frames, 3, "no key was made twice");
}

#[tokio::test]
async fn two_rings_that_race_for_a_month_end_with_one_key() {
    let store = MemoryStore::new();
    let (one, two) = (ring(1), ring(1));
    let a = one
        .sealer(&store, "511703", NOVEMBER_MS, &mut StdRng::seed_from_u64(5))
        .await
        .unwrap();
    let b = two
        .sealer(&store, "511703", NOVEMBER_MS, &mut StdRng::seed_from_u64(6))
        .await
        .unwrap();
    assert_eq!(a.id(), b.id());
    assert_eq!(store.verify().await.unwrap().frames, 1);
}

#[tokio::test]
async fn another_master_key_is_named_as_the_wrong_one() {
    let store = MemoryStore::new();
    ring(1)
        .sealer(&store, "511703", NOVEMBER_MS, &mut StdRng::seed_from_u64(7))
        .await
        .unwrap();
    let error = ring(2).load(&store).await.unwrap_err();
    let (right, wrong) = (ring(1).master.id(), ring(2).master.id());
    assert!(matches!(error, StoreError::WrongKey { needed, held } if needed == right && held == wrong));
}

#[tokio::test]
async fn a_key_that_cannot_be_stored_seals_nothing() {
    let store = MemoryStore::new();
    store.set_full(true);
    let ring = ring(1);
    let error = ring
        .sealer(&store, "511703", NOVEMBER_MS, &mut StdRng::seed_from_u64(8))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }));
    assert!(ring.ready("511703", Period::of_ms(NOVEMBER_MS)).is_none());
}

#[tokio::test]
async fn a_forgotten_key_is_missing_and_is_not_made_anew_under_another_name() {
    let (store, mut rng) = (MemoryStore::new(), StdRng::seed_from_u64(9));
    let ring = ring(1);
    let sealer = ring.sealer(&store, "511703", NOVEMBER_MS, &mut rng).await.unwrap();
    let record = seal(&sealer, &mut rng);
    ring.forget(sealer.id());
    assert!(matches!(
        ring.open(&record, &subject(record.evidence_id)),
        Err(StoreError::KeyMissing(_))
    ));
}

#[test]
fn keyed_hashes_depend_on_key_domain_and_every_boundary() {
    let mut seen = BTreeSet::new();
    let inputs: [(u8, &str, &[&[u8]]); 7] = [
        (1, "subject", &[b"ab", b"c"]),
        (1, "subject", &[b"a", b"bc"]),
        (1, "subject", &[b"abc"]),
        (1, "subject", &[b"abc", b""]),
        (1, "subjecta", &[b"bc"]),
        (1, "household", &[b"ab", b"c"]),
        (2, "subject", &[b"ab", b"c"]),
    ];
    for (secret, domain, parts) in inputs {
        assert!(seen.insert(ring(secret).index_key(domain, parts).to_string()));
        assert!(seen.insert(ring(secret).pseudonym(domain, parts).to_string()));
        assert_eq!(
            ring(secret).index_key(domain, parts),
            ring(secret).index_key(domain, parts)
        );
    }
    let (index, pseudonym) = (ring(1).index_key("s", &[b"x"]), ring(1).pseudonym("s", &[b"x"]));
    assert_ne!(index.0[..], pseudonym.0[..16], "the two uses do not share a key");
}

#[test]
fn debug_shows_fingerprints_only() {
    let (master, ring) = (MasterKey::from_bytes([0xC5; 32]), ring(0xC5));
    let shown = format!("{master:?} {ring:?}").to_lowercase();
    assert!(!shown.contains("c5c5") && !shown.contains("197, 197"), "{shown}");
}
