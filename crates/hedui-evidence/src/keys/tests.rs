//! The key ring: key files, key frames in the store, keyed hashes.
//! Left to others: the cipher (`sealer`).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::ids::EvidenceId;
use crate::leaf::LeafKind;
use crate::sealer::Plain;
use crate::{CaseId, MemoryStore, Page, Receipt, Record, Refusal, Shredded, Status};

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
    let (right, wrong) = (ring(1).master_id(), ring(2).master_id());
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

/// A script that a test runs as the key command.
fn script(dir: &tempfile::TempDir, text: &str) -> Vec<String> {
    let path = dir.path().join("key.sh");
    fs::write(&path, text).unwrap();
    vec!["/bin/sh".to_owned(), path.display().to_string()]
}

#[test]
fn a_command_gives_the_key_that_its_output_states() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    let made = MasterKey::create(&path, &mut StdRng::seed_from_u64(20)).unwrap();
    let command = ["/bin/cat".to_owned(), path.display().to_string()];
    for source in [KeySource::File(path), KeySource::command(command.to_vec())] {
        assert_eq!(source.read().unwrap().id(), made.id(), "{source:?}");
    }
}

#[test]
fn a_command_that_fails_says_how_and_never_what_it_printed() {
    let dir = tempfile::tempdir().unwrap();
    let key = format!("hedui-master-key-v1:{}", "5a".repeat(32));
    let long = Duration::from_secs(20);
    let cases = [
        (format!("echo {key}; exit 3"), long, "exit status: 3"),
        (format!("echo {key}5a"), long, "64 hex digits"),
        (format!("echo {key}; echo {key}"), long, "64 hex digits"),
        ("true".to_owned(), long, "64 hex digits"),
        (
            format!("echo {key}; exec sleep 600"),
            Duration::from_millis(150),
            "150 ms",
        ),
        ("exec cat /dev/zero".to_owned(), long, "failed"),
    ];
    for (text, limit, says) in cases {
        let error = MasterKey::from_command(&script(&dir, &text), limit).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Key);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(says) && shown.contains("/bin/sh"), "{text}: {shown}");
        assert!(!shown.contains("5a5a"), "{shown}");
    }
    for command in [vec![], vec![String::new()], vec!["/no/such/program".to_owned()]] {
        let error = MasterKey::from_command(&command, long).unwrap_err();
        assert!(matches!(error, StoreError::KeyCommand { .. }), "{error}");
    }
}

/// Records of three months, sealed before anything else happens.
async fn sealed_before(store: &MemoryStore, ring: &KeyRing, rng: &mut StdRng) -> Vec<Sealed> {
    let mut sealed = Vec::new();
    for (district, time_ms) in [
        ("511703", NOVEMBER_MS),
        ("511703", DECEMBER_MS),
        ("511702", NOVEMBER_MS),
    ] {
        let sealer = ring.sealer(store, district, time_ms, rng).await.unwrap();
        sealed.push(seal(&sealer, rng));
    }
    // The subject of the test's records is of one district.
    sealed.truncate(2);
    sealed
}

#[tokio::test]
async fn a_rotation_changes_the_master_key_and_nothing_else() {
    let (store, mut rng) = (MemoryStore::new(), StdRng::seed_from_u64(21));
    let first = ring(1);
    let sealed = sealed_before(&store, &first, &mut rng).await;
    let names = |ring: &KeyRing| (ring.index_key("subject", &[b"x"]), ring.pseudonym("subject", &[b"x"]));
    let before = names(&first);
    for (from, to) in [(1, 2), (2, 3), (3, 4)] {
        let old = ring(from);
        old.load(&store).await.unwrap();
        let rotated = old
            .rotate(&store, MasterKey::from_bytes([to; 32]), DECEMBER_MS, &mut rng)
            .await
            .unwrap();
        assert_eq!(
            (rotated.from, rotated.to),
            (ring(from).master_id(), ring(to).master_id())
        );
        assert_eq!((rotated.wrapped, rotated.already), (3, 0));
        // The ring that did it goes on; so does a new one with the new key; the old key is named as replaced.
        let new = ring(to);
        assert_eq!(new.load(&store).await.unwrap(), 3);
        for ring in [&old, &new] {
            assert!(names(ring) == before, "what frames are found by stays");
            for record in &sealed {
                let opened = ring.open(record, &subject(record.evidence_id)).unwrap();
                assert_eq!(opened.plaintext(), b"a flat");
            }
        }
        for replaced in 1..to {
            let error = ring(replaced).load(&store).await.unwrap_err();
            let (held_id, current_id) = (ring(replaced).master_id(), ring(to).master_id());
            assert!(
                matches!(error, StoreError::KeyReplaced { held, current } if held == held_id && current == current_id),
                "{error}"
            );
            let text = error.to_string();
            assert!(text.contains(&held_id.to_string()) && text.contains(&current_id.to_string()));
        }
        let error = ring(9).load(&store).await.unwrap_err();
        assert!(matches!(error, StoreError::WrongKey { needed, .. } if needed == ring(to).master_id()));
    }
    let last = ring(4);
    last.load(&store).await.unwrap();
    let error = last
        .rotate(&store, MasterKey::from_bytes([2; 32]), DECEMBER_MS, &mut rng)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::KeyReplaced { .. }), "{error}");
    // A month's key is the same for a ring that did not load it first, and a new month's is made under the new key.
    let unloaded = ring(4);
    let sealer = unloaded.sealer(&store, "511703", NOVEMBER_MS, &mut rng).await;
    assert_eq!(
        sealer.err().map(|error| error.kind()),
        None,
        "found again although it was made under another master key"
    );
    let january = last
        .sealer(&store, "511703", DECEMBER_MS + 31 * 86_400_000, &mut rng)
        .await
        .unwrap();
    let fresh = ring(4);
    assert_eq!(fresh.load(&store).await.unwrap(), 4);
    let record = seal(&january, &mut rng);
    assert!(fresh.open(&record, &subject(record.evidence_id)).is_ok());
    store.verify().await.unwrap();
}

/// A store in memory that takes a number of appends and is full then.
struct Limited {
    inner: MemoryStore,
    left: AtomicUsize,
}

#[async_trait::async_trait]
impl EvidenceStore for Limited {
    async fn append_record(&self, record: Record) -> Result<Receipt, StoreError> {
        let left = self.left.load(Ordering::SeqCst);
        self.inner.set_full(left == 0);
        self.left.store(left.saturating_sub(1), Ordering::SeqCst);
        self.inner.append_record(record).await
    }
    async fn shred(&self, frame: Frame) -> Result<Shredded, StoreError> {
        self.inner.shred(frame).await
    }
    async fn case_page(&self, case: CaseId, at: Option<Position>, n: usize) -> Result<Vec<Position>, StoreError> {
        self.inner.case_page(case, at, n).await
    }
    async fn find_page(&self, key: IndexKey, at: Option<Position>, n: usize) -> Result<Vec<Position>, StoreError> {
        self.inner.find_page(key, at, n).await
    }
    async fn find_before(&self, key: IndexKey, at: Option<Position>, n: usize) -> Result<Vec<Position>, StoreError> {
        self.inner.find_before(key, at, n).await
    }
    async fn newest(&self, key: IndexKey) -> Result<Option<Position>, StoreError> {
        self.inner.newest(key).await
    }
    async fn read(&self, position: Position) -> Result<Frame, StoreError> {
        self.inner.read(position).await
    }
    async fn scan(&self, from: Position, limit: usize) -> Result<Page, StoreError> {
        self.inner.scan(from, limit).await
    }
    async fn status(&self) -> Result<Status, StoreError> {
        self.inner.status().await
    }
    fn refusing(&self) -> Option<Refusal> {
        self.inner.refusing()
    }
}

#[tokio::test]
async fn an_interrupted_rotation_leaves_the_old_key_in_force_and_is_simply_made_again() {
    for steps in 0..4 {
        let mut rng = StdRng::seed_from_u64(22);
        let store = Limited {
            inner: MemoryStore::new(),
            left: AtomicUsize::new(99),
        };
        let sealed = sealed_before(&store.inner, &ring(1), &mut rng).await;
        let next = || MasterKey::from_bytes([2; 32]);
        store.left.store(steps, Ordering::SeqCst);
        let error = ring(1).rotate(&store, next(), DECEMBER_MS, &mut rng).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Full);
        // Half way the old key opens everything, and the new one is not the store's yet.
        let old = ring(1);
        assert_eq!(old.load(&store).await.unwrap(), 3);
        for record in &sealed {
            assert!(old.open(record, &subject(record.evidence_id)).is_ok());
        }
        let error = ring(2).load(&store).await.unwrap_err();
        assert!(matches!(error, StoreError::WrongKey { needed, .. } if needed == ring(1).master_id()));
        store.left.store(99, Ordering::SeqCst);
        let rotated = old.rotate(&store, next(), DECEMBER_MS, &mut rng).await.unwrap();
        assert_eq!((rotated.wrapped, rotated.already), (3 - steps, steps));
        let new = ring(2);
        assert_eq!(new.load(&store).await.unwrap(), 3);
        for record in &sealed {
            assert!(new.open(record, &subject(record.evidence_id)).is_ok());
        }
        let again = ring(1).rotate(&store, next(), DECEMBER_MS, &mut rng).await.unwrap_err();
        assert!(matches!(again, StoreError::KeyReplaced { .. }), "{again}");
        assert_eq!(
            new.rotate(&store, next(), DECEMBER_MS, &mut rng).await.unwrap().wrapped,
            0
        );
    }
}

#[tokio::test]
async fn a_lost_a_wrong_and_a_tampered_key_are_told_apart() {
    let (store, mut rng) = (MemoryStore::new(), StdRng::seed_from_u64(23));
    let right = ring(1);
    let sealer = right.sealer(&store, "511703", NOVEMBER_MS, &mut rng).await.unwrap();
    let record = seal(&sealer, &mut rng);
    let at = store.find(key_frames()).await.unwrap()[0];
    let frame = store.read(at).await.unwrap();
    let load = async |change: &dyn Fn(&mut Frame), secret: u8| {
        let (other, mut frame) = (MemoryStore::new(), frame.clone());
        change(&mut frame);
        other.append(frame).await.unwrap();
        ring(secret).load(&other).await
    };
    assert_eq!(load(&|_| (), 1).await.unwrap(), 1);
    let wrong = load(&|_| (), 2).await.unwrap_err();
    assert!(matches!(wrong, StoreError::WrongKey { .. }), "{wrong}");
    let wrapped = load(&|frame| frame.sealed[0].wrapped_key[20] ^= 1, 1)
        .await
        .unwrap_err();
    assert!(matches!(wrapped, StoreError::Tampered("wrapped key")), "{wrapped}");
    let sealed = load(&|frame| frame.sealed[0].ciphertext[40] ^= 1, 1).await.unwrap_err();
    assert!(matches!(sealed, StoreError::Tampered("sealed record")), "{sealed}");
    let moved = load(&|frame| frame.district = "511702".to_owned(), 1)
        .await
        .unwrap_err();
    assert!(matches!(moved, StoreError::Tampered("sealed record")), "{moved}");
    let stripped = load(&|frame| frame.sealed.clear(), 1).await.unwrap_err();
    assert!(matches!(stripped, StoreError::Tampered("key frame")), "{stripped}");
    // A relabelled frame that claims a rotation hands on nothing.
    let claimed = |frame: &mut Frame| {
        frame.leaves[0].purpose = format!("master:{}", ring(1).master_id()).into();
    };
    assert!(matches!(load(&claimed, 1).await, Err(StoreError::Tampered(_))));
    let lost = ring(1).open(&record, &subject(record.evidence_id)).unwrap_err();
    assert!(
        matches!(lost, StoreError::KeyMissing(id) if id == record.period_key),
        "{lost}"
    );
}
