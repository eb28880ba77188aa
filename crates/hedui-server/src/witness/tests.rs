//! Laws of the witness: what was released is never taken back, whatever order requests come in, however the disk fails, whenever the power does.
//! Leaves the decision to `hedui_log`, and a broker as client to the tests of the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Mutex as StdMutex;

use futures::future::join_all;
use hedui_broker::clock::ManualClock;
use hedui_log::merkle::{Frontier, Nodes, consistency_proof, leaf_hash};
use hedui_log::note::SigningKey;
use proptest::prelude::*;

use super::*;

mod connections;

const ORIGIN: &str = "log.example/511703/2026";
const NOW_MS: i64 = 1_795_000_000_000;

/// A log with all its sizes, and another that forks from it after `fork` entries.
struct TestLog {
    nodes: BTreeMap<(u8, u64), Hash>,
    roots: Vec<Hash>,
    key: SigningKey,
}

impl Nodes for TestLog {
    type Error = ();

    fn node(&self, level: u8, index: u64) -> Result<Hash, ()> {
        self.nodes.get(&(level, index)).copied().ok_or(())
    }
}

impl TestLog {
    fn new(origin: &str, size: u64, fork: u64) -> TestLog {
        let (mut tree, mut nodes) = (Frontier::new(), BTreeMap::new());
        let mut roots = vec![tree.root()];
        for index in 0..size {
            let entry = if index < fork {
                format!("entry {index}")
            } else {
                format!("other {index}")
            };
            tree.append(leaf_hash(entry.as_bytes()), |level, index, hash| {
                nodes.insert((level, index), hash);
            });
            roots.push(tree.root());
        }
        let key = SigningKey::from_seed(origin, [1; 32]).unwrap();
        TestLog { nodes, roots, key }
    }

    fn honest(size: u64) -> TestLog {
        TestLog::new(ORIGIN, size, u64::MAX)
    }

    fn request(&self, old: u64, size: u64) -> AddCheckpoint {
        let root = self.roots[usize::try_from(size).unwrap()];
        let text = Checkpoint::new(self.key.name(), size, root).unwrap().to_string();
        let mut note = Note::unsigned(&text).unwrap();
        note.push_signature(&self.key.sign(&text)).unwrap();
        let proof = if old <= size {
            consistency_proof(old, size, self).unwrap()
        } else {
            Vec::new()
        };
        AddCheckpoint::new(old, proof, note).unwrap()
    }
}

/// A disk in memory. What is prepared or replaced is durable only when the call succeeds; before that a power cut decides.
#[derive(Default)]
struct TestFolder {
    files: StdMutex<Files>,
}

#[derive(Default)]
struct Files {
    durable: BTreeMap<String, Vec<u8>>,
    prepared: BTreeMap<String, Vec<u8>>,
    /// The next call to fail, and whether its effect is there all the same.
    fail: Option<(Call, bool)>,
    written: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Prepare,
    Replace,
}

impl TestFolder {
    fn fail(&self, call: Call, with_effect: bool) {
        self.files.lock().unwrap().fail = Some((call, with_effect));
    }

    fn read_now(&self, file: &str) -> Option<Vec<u8>> {
        self.files.lock().unwrap().durable.get(file).cloned()
    }
}

impl Files {
    fn fails(&mut self, call: Call) -> Option<bool> {
        self.fail.take_if(|(at, _)| *at == call).map(|(_, effect)| effect)
    }
}

impl Folder for TestFolder {
    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.read_now(file))
    }

    fn prepare(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.files.lock().unwrap();
        let fails = files.fails(Call::Prepare);
        if fails != Some(false) {
            files.prepared.insert(file.to_owned(), bytes.to_vec());
        }
        fails.map_or(Ok(()), |_| Err(io::ErrorKind::StorageFull.into()))
    }

    fn replace(&self, file: &str) -> io::Result<()> {
        let mut files = self.files.lock().unwrap();
        let fails = files.fails(Call::Replace);
        files.written += 1;
        if fails != Some(false) {
            let bytes = files.prepared.remove(file).unwrap();
            files.durable.insert(file.to_owned(), bytes);
        }
        fails.map_or(Ok(()), |_| Err(io::ErrorKind::Other.into()))
    }
}

fn key() -> CosigningKey {
    CosigningKey::from_seed("witness.example", [9; 32]).unwrap()
}

fn open(log: &TestLog, folder: &Arc<TestFolder>) -> Arc<Witness> {
    open_at(log, folder, NOW_MS)
}

fn open_at(log: &TestLog, folder: &Arc<TestFolder>, now_ms: i64) -> Arc<Witness> {
    let folder = Arc::clone(folder) as Arc<dyn Folder>;
    let clock = Arc::new(ManualClock::at(now_ms));
    Arc::new(Witness::open(key(), &[log.key.verifier()], folder, clock).unwrap())
}

/// The status that a request is answered with over HTTP.
async fn status(witness: &Arc<Witness>, request: AddCheckpoint) -> u16 {
    match Arc::clone(witness).add_checkpoint(request).await {
        Ok(Outcome::Cosigned(_)) => 200,
        Ok(Outcome::Refused(decision)) => decision.status(),
        Err(_) => 500,
    }
}

fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_race_of_the_specification_rolls_nothing_back() {
    // A asks from 5 to 8, B from 5 to 11, both while 5 was cosigned last; whichever is decided first, the other is in conflict.
    for b_first in [false, true] {
        let (log, folder) = (TestLog::honest(20), Arc::<TestFolder>::default());
        let witness = open(&log, &folder);
        assert_eq!(status(&witness, log.request(0, 5)).await, 200);
        let (a, b) = (log.request(5, 8), log.request(5, 11));
        // Both are under way before either may decide.
        let turn = Arc::clone(&witness.logs[ORIGIN].slot).lock_owned().await;
        let (first, second) = if b_first { (b, a) } else { (a, b) };
        let mut first = Box::pin(status(&witness, first));
        let mut second = Box::pin(status(&witness, second));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop(turn);
        assert_eq!(futures::join!(first, second), (200, 409));
        let size = if b_first { 11 } else { 8 };
        assert_eq!(witness.logs[ORIGIN].slot.lock().await.last.as_ref().unwrap().size, size);
        // After a restart it is the same.
        let again = open(&log, &folder);
        assert_eq!(status(&again, log.request(5, 8)).await, 409);
        assert_eq!(status(&again, log.request(size, 12)).await, 200);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn of_many_requests_at_once_each_size_is_left_once(
        requests in prop::collection::vec((0..9u64, 0..9u64, any::<bool>()), 1..120),
        fork in 0..9u64,
    ) {
        let (log, other) = (TestLog::honest(9), TestLog::new(ORIGIN, 9, fork));
        let folder = Arc::<TestFolder>::default();
        let witness = open(&log, &folder);
        let all = requests.into_iter().map(|(old, size, forked)| {
            let log = if forked { &other } else { &log };
            let (request, witness) = (log.request(old, size), Arc::clone(&witness));
            let root = request.checkpoint().root;
            async move { (old, size, root, tokio::spawn(witness.add_checkpoint(request)).await.unwrap().unwrap()) }
        });
        let answers = runtime(4).block_on(join_all(all));
        let mut steps: BTreeMap<u64, (u64, Hash)> = BTreeMap::new();
        let mut roots: BTreeMap<u64, Hash> = BTreeMap::new();
        for (old, size, root, outcome) in answers {
            let Outcome::Cosigned(line) = outcome else { continue };
            // Of one size one root, and of every old size one way on: the state never was one value twice.
            prop_assert_eq!(*roots.entry(size).or_insert(root), root);
            if old != size {
                prop_assert!(steps.insert(old, (size, root)).is_none(), "{} was left twice", old);
            }
            let text = Checkpoint::new(ORIGIN, size, root).unwrap().to_string();
            let mut note = Note::unsigned(&text).unwrap();
            note.push_signature(&line).unwrap();
            prop_assert_eq!(cosignature::verify(&note, &key().verifier()), Ok(1_795_000_000));
        }
        // One chain from nothing to what is kept.
        let (mut at, mut left) = (0, steps.len());
        while let Some((next, _)) = steps.get(&at) {
            (at, left) = (*next, left - 1);
        }
        prop_assert_eq!(left, 0, "not one chain: {:?}", steps);
        let kept = folder.read_now(&file_of(ORIGIN));
        prop_assert_eq!(kept.map_or(0, |bytes| size_in(&bytes)), at);
    }

    #[test]
    fn what_was_released_survives_failing_disks_and_kills_between_keeping_and_answering(
        steps in prop::collection::vec((0..6u8, 0..12u64, any::<bool>(), any::<bool>()), 1..40),
        fork in 0..6u64,
    ) {
        let trees = [TestLog::honest(500), TestLog::new(ORIGIN, 500, fork)];
        let folder = Arc::<TestFolder>::default();
        let mut witness = open(&trees[0], &folder);
        let mut released: Vec<(u64, Hash)> = Vec::new();
        runtime(1).block_on(async {
            for (what, by, forked, kill) in steps {
                match what {
                    0 => folder.fail(Call::Prepare, forked),
                    1 => folder.fail(Call::Replace, kill),
                    _ => {}
                }
                let last = released.last().map_or(0, |last| last.0);
                // The size that the witness names when it is asked from one that it never has, and the last that was heard of.
                let probe = trees[0].request(499, 500);
                let named = match Arc::clone(&witness).add_checkpoint(probe).await {
                    Ok(Outcome::Refused(Decision::Conflict { size })) => size,
                    _ => last,
                };
                prop_assert!(named >= last, "{} named, {} released", named, last);
                for (tree, old) in [(&trees[usize::from(forked)], named), (&trees[usize::from(!forked)], last)] {
                    let request = tree.request(old, old + by);
                    let new = (old + by, request.checkpoint().root);
                    let outcome = Arc::clone(&witness).add_checkpoint(request).await;
                    // With a kill it was kept, and nobody heard of it.
                    if matches!(outcome, Ok(Outcome::Cosigned(_))) && !kill {
                        released.push(new);
                    }
                }
                if kill {
                    witness = open(&trees[0], &folder);
                }
            }
            Ok(())
        })?;
        // One tree has all that was released, and no size is below an earlier one.
        prop_assert!(released.is_sorted_by_key(|last| last.0), "{:?}", released);
        let has_all = |tree: &TestLog| released.iter().all(|(size, root)| tree.roots[usize::try_from(*size).unwrap()] == *root);
        prop_assert!(trees.iter().any(has_all), "two trees: {:?}", released);
        let kept = folder.read_now(&file_of(ORIGIN)).map_or(0, |bytes| size_in(&bytes));
        prop_assert!(kept >= released.last().map_or(0, |last| last.0));
    }
}

fn size_in(note: &[u8]) -> u64 {
    Checkpoint::parse(Note::parse(note).unwrap().text()).unwrap().size
}

#[tokio::test]
async fn a_disk_that_fails_gives_no_cosignature_and_a_state_in_doubt_is_read_again_only_after_a_restart() {
    let (log, folder) = (TestLog::honest(20), Arc::<TestFolder>::default());
    let witness = open(&log, &folder);
    assert_eq!(status(&witness, log.request(0, 5)).await, 200);
    // A full disk is over once there is room.
    folder.fail(Call::Prepare, false);
    assert_eq!(status(&witness, log.request(5, 6)).await, 500);
    assert_eq!(status(&witness, log.request(5, 7)).await, 200);
    // After a failed sync nobody knows what is on disk.
    folder.fail(Call::Replace, true);
    assert_eq!(status(&witness, log.request(7, 9)).await, 500);
    assert_eq!(status(&witness, log.request(7, 10)).await, 500);
    let error = Arc::clone(&witness)
        .add_checkpoint(log.request(7, 10))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "WITNESS_STATE_UNKNOWN");
    let again = open(&log, &folder);
    assert_eq!(status(&again, log.request(7, 10)).await, 409);
    assert_eq!(status(&again, log.request(9, 10)).await, 200);
}

#[tokio::test]
async fn the_same_again_costs_no_write_and_states_no_earlier_time() {
    let (log, folder) = (TestLog::honest(20), Arc::<TestFolder>::default());
    assert_eq!(status(&open(&log, &folder), log.request(0, 5)).await, 200);
    // An hour back.
    let witness = open_at(&log, &folder, NOW_MS - 3_600_000);
    for (old, size) in [(5, 5), (5, 5), (5, 6)] {
        let request = log.request(old, size);
        let mut note = Note::unsigned(request.note().text()).unwrap();
        let Ok(Outcome::Cosigned(line)) = Arc::clone(&witness).add_checkpoint(request).await else {
            panic!("not cosigned");
        };
        note.push_signature(&line).unwrap();
        assert_eq!(cosignature::verify(&note, &key().verifier()), Ok(1_795_000_000));
    }
    assert_eq!(folder.files.lock().unwrap().written, 2);
    // A clock that gives no time at all signs nothing and changes nothing.
    let (folder, log) = (Arc::<TestFolder>::default(), TestLog::honest(3));
    assert_eq!(status(&open_at(&log, &folder, -5), log.request(0, 3)).await, 500);
    assert!(folder.files.lock().unwrap().durable.is_empty());
}

#[tokio::test]
async fn what_is_kept_holds_the_logs_signature_and_ours_and_no_strangers() {
    let (log, folder) = (TestLog::honest(20), Arc::<TestFolder>::default());
    let witness = open(&log, &folder);
    let request = log.request(0, 5);
    let stranger = SigningKey::from_seed("stranger.example", [3; 32]).unwrap();
    let mut note = Note::unsigned(request.note().text()).unwrap();
    note.push_signature(&stranger.sign(note.text())).unwrap();
    note.push_signature(&log.key.sign(note.text())).unwrap();
    let request = AddCheckpoint::new(0, Vec::new(), note).unwrap();
    assert_eq!(status(&witness, request).await, 200);
    let kept = witness.newest(&file_of(ORIGIN)).await.unwrap();
    assert_eq!(kept.as_bytes(), folder.read_now(&file_of(ORIGIN)).unwrap());
    let note = Note::parse(kept.as_bytes()).unwrap();
    assert_eq!(note.signatures().len(), 2);
    assert!(note.verified_by(&log.key.verifier()).is_ok() && note.verified_by(&key().verifier()).is_ok());
    assert_eq!(witness.newest(&file_of("other")).await, None);
}

#[test]
fn a_state_that_this_key_did_not_cosign_is_refused_at_the_start() {
    let (log, folder) = (TestLog::honest(20), Arc::<TestFolder>::default());
    let witness = open(&log, &folder);
    assert_eq!(runtime(1).block_on(status(&witness, log.request(0, 5))), 200);
    let file = file_of(ORIGIN);
    let good = folder.read_now(&file).unwrap();
    let (text, _) = std::str::from_utf8(&good).unwrap().split_once("\n\n").unwrap();
    let unsigned = TestLog::honest(20).request(0, 4).note().to_string();
    let other = format!("{}\n\n", text.replacen("511703", "511704", 1));
    for bytes in [
        &b""[..],
        b"\xff",
        unsigned.as_bytes(),
        &good[..good.len() - 9],
        other.as_bytes(),
    ] {
        folder
            .files
            .lock()
            .unwrap()
            .durable
            .insert(file.clone(), bytes.to_vec());
        let clock = Arc::new(ManualClock::at(NOW_MS));
        let opened = Witness::open(
            key(),
            &[log.key.verifier()],
            Arc::clone(&folder) as Arc<dyn Folder>,
            clock,
        );
        assert_eq!(opened.err().map(|error| error.code()), Some("WITNESS_STATE"));
    }
}

#[test]
fn no_origin_names_a_file_outside_the_folder() {
    let origins = [
        "../../etc/passwd",
        "/etc/passwd",
        "",
        ".",
        "..",
        "a\0b",
        ORIGIN,
        "LOCK",
        "日志",
    ];
    let mut files = BTreeSet::new();
    for origin in origins {
        let file = file_of(origin);
        assert!(file.len() == 64 && file.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        assert!(files.insert(file));
    }
    // By another implementation: printf %s log.example/511703/2026 | sha256sum.
    assert_eq!(
        file_of("abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn a_folder_serves_one_witness_and_keeps_what_it_is_given() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("new/state");
    let folder = DiskFolder::open(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(
        DiskFolder::open(&path).err().map(|error| error.code()),
        Some("WITNESS_FOLDER")
    );
    assert_eq!(folder.read("abc").unwrap(), None);
    for bytes in [&b"longer than the next"[..], b"short"] {
        state::keep(&folder, "abc", bytes).unwrap();
        assert_eq!(folder.read("abc").unwrap().as_deref(), Some(bytes));
    }
    assert_eq!(
        std::fs::metadata(path.join("abc")).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // A folder that has gone away: nothing is kept, and that is certain.
    std::fs::remove_dir_all(&path).unwrap();
    assert!(state::keep(&folder, "abc", b"x").unwrap_err().is_unchanged());
    drop(folder);
    assert!(DiskFolder::open(&path).is_ok());
}
