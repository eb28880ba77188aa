//! Laws of the logs: what is durable is covered, proved, exported and never signed twice in two ways, whatever happens in between.
//! Leaves the formats to `hedui-log`, and checking a whole export to `hedui-verify`.

mod exports;
mod promises;
mod witnesses;

use std::path::Path;

use hedui_log::merkle::Frontier;
use hedui_log::note::Note;
use hedui_log::policy::Policy;
use hedui_log::tile::parse_entries;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::contract::sample_frame;
use crate::frame::Frame;
use crate::ids::CaseId;
use crate::memory::MemoryStore;

const NOW: i64 = 1_795_000_000_000;
const DISTRICTS: [&str; 3] = ["511703", "360830", ""];

fn logs(folder: Option<&Path>) -> DistrictLogs {
    let options = LogOptions {
        name: "evidence.example".to_owned(),
        folder: folder.map(Path::to_path_buf),
        promised_within_ms: PROMISED_WITHIN_MS,
    };
    DistrictLogs::new(options, LogKey::from_bytes([7; 32])).unwrap()
}

fn frame(rng: &mut StdRng, district: &str, time_ms: i64, records: usize) -> Frame {
    let mut frame = sample_frame(rng, CaseId([1; 16]), &[], records);
    frame.district = district.to_owned();
    frame.time_ms = time_ms;
    for leaf in &mut frame.leaves {
        leaf.district = district.into();
    }
    frame
}

async fn follow(logs: &DistrictLogs, store: &MemoryStore) -> Result<Followed, LogError> {
    logs.follow(store, NOW, &mut |_| ()).await
}

/// The roots that the leaves of a store have, log by log, reckoned without tiles.
async fn roots(store: &MemoryStore) -> BTreeMap<LogName, Frontier> {
    let mut roots: BTreeMap<LogName, Frontier> = BTreeMap::new();
    for entry in store.scan(Position::START, MAX_PAGE).await.unwrap().entries {
        let tree = roots
            .entry(LogName::of(&entry.head.district, entry.head.time_ms))
            .or_default();
        for leaf in entry.leaf_bytes().unwrap() {
            tree.append(leaf_hash(&leaf), |_, _, _| ());
        }
    }
    roots
}

fn checkpoint_of(note: &str) -> Checkpoint {
    Note::parse(note.as_bytes()).unwrap().text().parse().unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// One step of a life: frames become durable, the store is followed, the process starts again, made files are lost.
#[derive(Debug, Clone)]
enum Step {
    Append {
        district: usize,
        next_year: bool,
        records: usize,
    },
    Follow,
    Restart,
    LoseState,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3usize, any::<bool>(), 1..60usize)
            .prop_map(|(district, next_year, records)| Step::Append { district, next_year, records }),
        3 => Just(Step::Follow),
        1 => Just(Step::Restart),
        1 => Just(Step::LoseState),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn checkpoints_cover_every_durable_leaf_in_order_and_every_leaf_is_proved(
        steps in prop::collection::vec(step(), 1..24),
        seed in any::<u64>(),
        on_disk in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let at = on_disk.then(|| folder.path());
        runtime().block_on(async {
            let mut rng = StdRng::seed_from_u64(seed);
            let store = MemoryStore::new();
            let mut logs = logs(at);
            let mut signed: Vec<Checkpoint> = Vec::new();
            for step in steps.into_iter().chain([Step::Follow]) {
                match step {
                    Step::Append { district, next_year, records } => {
                        let time = NOW + if next_year { 366 * 86_400_000 } else { 0 };
                        store.append(frame(&mut rng, DISTRICTS[district], time, records)).await.unwrap();
                    }
                    Step::Follow => {
                        follow(&logs, &store).await.unwrap();
                        for (log, size) in logs.logs().await {
                            let note = logs.checkpoint(&log).await.unwrap().unwrap();
                            let checkpoint = checkpoint_of(&note);
                            prop_assert_eq!(checkpoint.size, size);
                            signed.push(checkpoint);
                        }
                    }
                    Step::Restart if on_disk => logs = self::logs(at),
                    Step::LoseState if on_disk => {
                        // Also the tiles of one log, if there are any.
                        let _ = std::fs::remove_file(folder.path().join("state"));
                        let _ = std::fs::remove_dir_all(folder.path().join("511703/2026/tile"));
                        logs = self::logs(at);
                    }
                    Step::Restart | Step::LoseState => {}
                }
            }
            // Everything durable is covered, with the root that its leaves have.
            let expected = roots(&store).await;
            prop_assert_eq!(logs.logs().await.len(), expected.len());
            for (log, tree) in &expected {
                let note = logs.checkpoint(log).await.unwrap().unwrap();
                let checkpoint = checkpoint_of(&note);
                prop_assert_eq!((checkpoint.size, checkpoint.root), (tree.size(), tree.root()));
                prop_assert_eq!(&checkpoint.origin, &logs.origin(log));
            }
            // Nothing that was ever signed of one log and size says something else.
            for a in &signed {
                for b in &signed {
                    if a.origin == b.origin && a.size == b.size {
                        prop_assert_eq!(a.root, b.root);
                    }
                }
            }
            // Every leaf is proved under the log's own policy, and only under its own leaf.
            for entry in store.scan(Position::START, MAX_PAGE).await.unwrap().entries {
                let log = LogName::of(&entry.head.district, entry.head.time_ms);
                let policy = Policy::parse(logs.policy(&log).unwrap().as_bytes()).unwrap();
                let leaves = entry.frame().unwrap().leaves;
                let mut before = None;
                for leaf in leaves.iter().step_by(7) {
                    let proved = logs.prove(&store, entry.position, leaf.evidence_id, None).await.unwrap();
                    let proof: hedui_log::proof::TlogProof = proved.proof.parse().unwrap();
                    let bytes = leaf.encode().unwrap();
                    prop_assert!(proof.verify_entry(&bytes, &policy).is_ok());
                    prop_assert!(proof.extra.as_ref().unwrap().ends_with(&bytes));
                    if let Some(other) = before.replace(bytes) {
                        prop_assert!(proof.verify_entry(&other, &policy).is_err());
                    }
                }
            }
            Ok(())
        })?;
    }
}

/// Two stores that agree up to a point and differ behind it.
async fn forked(seed: u64, frames: usize, change: Option<usize>) -> MemoryStore {
    let store = MemoryStore::new();
    let mut rng = StdRng::seed_from_u64(seed);
    for n in 0..frames {
        let mut frame = frame(&mut rng, "511703", NOW, 20);
        if Some(n) == change {
            frame.leaves[3].outcome = "NO_RECORD".into();
        }
        store.append(frame).await.unwrap();
    }
    store
}

#[test]
fn evidence_that_was_changed_or_cut_after_it_was_signed_is_never_signed_again() {
    for (frames, change, forked_log) in [(4, Some(1), true), (6, Some(0), true), (2, None, false)] {
        let folder = tempfile::tempdir().unwrap();
        runtime().block_on(async {
            let honest = forked(5, 4, None).await;
            let before = logs(Some(folder.path()));
            follow(&before, &honest).await.unwrap();
            let log = LogName::parse("511703/2026").unwrap();
            let signed = before.checkpoint(&log).await.unwrap();
            // Whoever changes the store also removes what would notice first.
            std::fs::remove_file(folder.path().join("state")).unwrap();
            let other = forked(5, frames, change).await;
            let logs = logs(Some(folder.path()));
            let error = follow(&logs, &other).await.unwrap_err();
            assert_eq!(matches!(error, LogError::Forked { .. }), forked_log, "{error}");
            assert_eq!(matches!(error, LogError::Shortened { .. }), !forked_log, "{error}");
            let code = if forked_log { "FORKED" } else { "SHORTENED" };
            assert_eq!(logs.status(NOW).halt_code, Some(code));
            // It stays so, nothing is promised, and what was signed stands.
            assert!(matches!(follow(&logs, &other).await, Err(LogError::Halted { .. })));
            assert!(matches!(logs.check(NOW), Err(LogError::Halted { .. })));
            assert_eq!(logs.checkpoint(&log).await.unwrap(), signed);
        });
    }
}

#[test]
fn a_store_restored_from_an_older_copy_is_noticed_by_the_state_alone() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        follow(&logs(Some(folder.path())), &forked(5, 4, None).await)
            .await
            .unwrap();
        let older = forked(5, 3, None).await;
        let error = follow(&logs(Some(folder.path())), &older).await.unwrap_err();
        assert!(matches!(error, LogError::Shortened { .. }), "{error}");
    });
}

#[test]
fn a_folder_that_cannot_be_written_delays_checkpoints_and_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = forked(9, 3, None).await;
        let logs = logs(Some(folder.path()));
        follow(&logs, &store).await.unwrap();
        // A file stands where the new log's folder must be.
        std::fs::write(folder.path().join("360830"), b"in the way").unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        store.append(frame(&mut rng, "360830", NOW, 3)).await.unwrap();
        assert!(matches!(follow(&logs, &store).await, Err(LogError::Folder { .. })));
        assert!(!logs.status(NOW).late);
        let later = NOW + PROMISED_WITHIN_MS + 1;
        assert!(logs.follow(&store, later, &mut |_| ()).await.is_err());
        assert!(logs.status(later).late);
        assert!(matches!(logs.check(later), Err(LogError::Late)));
        std::fs::remove_file(folder.path().join("360830")).unwrap();
        assert_eq!(logs.follow(&store, later, &mut |_| ()).await.unwrap().checkpoints, 1);
        assert!(logs.check(later).is_ok());
        assert_eq!(logs.logs().await.len(), 2);
    });
}

#[test]
fn a_district_that_is_no_code_makes_no_path() {
    for district in ["", "../../etc", "a/b", "511703 ", "中", "x", &"9".repeat(40)] {
        let log = LogName::of(district, NOW);
        assert!(log.district.bytes().all(|b| b.is_ascii_alphanumeric()), "{log}");
        assert_ne!(log.district, district);
    }
    assert_eq!(LogName::of("511703", NOW).to_string(), "511703/2026");
    for text in [
        "511703",
        "511703/26",
        "511703/02026",
        "../2026",
        "511703/2026/",
        "/2026",
    ] {
        assert_eq!(LogName::parse(text), None, "{text}");
    }
}

#[test]
fn a_restored_store_that_has_grown_meanwhile_is_still_noticed_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        follow(&logs(Some(folder.path())), &forked(5, 4, None).await)
            .await
            .unwrap();
        // An older copy, to which readings were added while nothing was signed: as long as before, or longer.
        let older = forked(5, 2, None).await;
        let mut rng = StdRng::seed_from_u64(77);
        for _ in 0..5 {
            older.append(frame(&mut rng, "511703", NOW, 20)).await.unwrap();
            let error = follow(&logs(Some(folder.path())), &older).await.unwrap_err();
            assert!(error.halts(), "{error}");
        }
        // And one that has lost a whole log.
        let other = MemoryStore::new();
        other.append(frame(&mut rng, "360830", NOW, 3)).await.unwrap();
        let error = follow(&logs(Some(folder.path())), &other).await.unwrap_err();
        assert!(matches!(error, LogError::Shortened { .. }), "{error}");
        // What was signed, and what proves it, is as it was.
        let honest = forked(5, 4, None).await;
        assert_eq!(
            follow(&logs(Some(folder.path())), &honest).await.unwrap().checkpoints,
            0
        );
    });
}

#[test]
fn another_key_or_name_does_not_go_on_with_a_log() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = forked(5, 2, None).await;
        follow(&logs(Some(folder.path())), &store).await.unwrap();
        let options = |name: &str| LogOptions {
            name: name.to_owned(),
            folder: Some(folder.path().to_path_buf()),
            promised_within_ms: PROMISED_WITHIN_MS,
        };
        for (name, key) in [("evidence.example", 8), ("other.example", 7)] {
            let other = DistrictLogs::new(options(name), LogKey::from_bytes([key; 32])).unwrap();
            let error = follow(&other, &store).await.unwrap_err();
            assert!(matches!(error, LogError::OtherKey { .. }), "{error}");
            assert_eq!(other.status(NOW).halt_code, Some("OTHER_KEY"));
            assert!(matches!(other.check(NOW), Err(LogError::Halted { .. })));
        }
        assert!(follow(&logs(Some(folder.path())), &store).await.is_ok());
    });
}

#[test]
fn a_tile_that_is_gone_is_made_again_and_one_that_was_changed_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = MemoryStore::new();
        let mut rng = StdRng::seed_from_u64(6);
        for _ in 0..8 {
            store.append(frame(&mut rng, "511703", NOW, 100)).await.unwrap();
        }
        let logs = logs(Some(folder.path()));
        follow(&logs, &store).await.unwrap();
        let tile = folder.path().join("511703/2026/tile/0/001");
        let bytes = std::fs::read(&tile).unwrap();
        std::fs::remove_file(&tile).unwrap();
        let entry = store.scan(Position::START, 4).await.unwrap().entries.pop().unwrap();
        let evidence = entry.frame().unwrap().leaves[0].evidence_id;
        assert!(matches!(
            logs.prove(&store, entry.position, evidence, None).await,
            Err(LogError::Folder { .. })
        ));
        follow(&logs, &store).await.unwrap();
        assert_eq!(std::fs::read(&tile).unwrap(), bytes);
        assert!(logs.prove(&store, entry.position, evidence, None).await.is_ok());
        // A power cut leaves less than was written, whoever changes something leaves as much.
        std::fs::write(&tile, &bytes[..100]).unwrap();
        std::fs::remove_file(folder.path().join("state")).unwrap();
        let again = self::logs(Some(folder.path()));
        follow(&again, &store).await.unwrap();
        assert_eq!(std::fs::read(&tile).unwrap(), bytes);
        let mut changed = bytes.clone();
        changed[5] ^= 1;
        std::fs::write(&tile, &changed).unwrap();
        std::fs::remove_file(folder.path().join("state")).unwrap();
        let again = self::logs(Some(folder.path()));
        assert!(matches!(follow(&again, &store).await, Err(LogError::Forked { .. })));
        assert_eq!(std::fs::read(&tile).unwrap(), changed);
    });
}

#[test]
fn no_frame_keeps_the_others_from_being_followed() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = MemoryStore::new();
        let mut rng = StdRng::seed_from_u64(6);
        for district in ["", "a/../b", &"中".repeat(200), "511703"] {
            store.append(frame(&mut rng, district, NOW, 3)).await.unwrap();
        }
        let logs = logs(Some(folder.path()));
        assert_eq!(follow(&logs, &store).await.unwrap().checkpoints, 4);
        for (log, _) in logs.logs().await {
            assert_eq!(LogName::parse(&log.to_string()), Some(log));
        }
    });
}

#[test]
fn promises_end_with_their_time_and_are_late_from_the_first_failure_on() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = forked(9, 1, None).await;
        let leaf = store.scan(Position::START, 1).await.unwrap().entries[0]
            .frame()
            .unwrap()
            .leaves[0]
            .clone();
        // The logs' folder cannot be made: nothing was ever followed.
        let in_the_way = folder.path().join("file");
        std::fs::write(&in_the_way, b"x").unwrap();
        let logs = logs(Some(&in_the_way));
        let leaf = [logs.to_promise(&leaf, NOW).unwrap()];
        assert!(logs.promise(&leaf, NOW).unwrap()[0].is_some());
        let later = NOW + PROMISED_WITHIN_MS + 1;
        assert!(logs.promise(&leaf, later).unwrap()[0].is_none());
        assert!(logs.follow(&store, NOW, &mut |_| ()).await.is_err());
        assert!(logs.check(NOW).is_ok() && !logs.status(NOW).late);
        assert!(matches!(logs.check(later), Err(LogError::Late)));
        // Also where following hangs instead of failing.
        assert!(logs.status(later).late);
        std::fs::remove_file(&in_the_way).unwrap();
        logs.follow(&store, later, &mut |_| ()).await.unwrap();
        // It goes on, and what was promised too much stays known.
        assert!(logs.check(later).is_ok() && logs.status(later).late);
    });
}

#[test]
fn what_was_proved_before_shredding_is_proved_after() {
    runtime().block_on(async {
        let mut rng = StdRng::seed_from_u64(40);
        let (store, logs) = (MemoryStore::new(), logs(None));
        let log = LogName::parse("511703/2026").unwrap();
        let frame = frame(&mut rng, "511703", NOW, 20);
        let at = store.append(frame.clone()).await.unwrap().position;
        follow(&logs, &store).await.unwrap();
        let named: Vec<_> = frame
            .sealed
            .iter()
            .step_by(2)
            .map(|sealed| sealed.evidence_id)
            .collect();
        let mut before = Vec::new();
        for id in &named {
            before.push(logs.prove(&store, at, *id, None).await.unwrap().proof);
        }
        let mut shred = crate::contract::shred_frame(&mut rng, CaseId([1; 16]), &[&named]);
        shred.time_ms = NOW;
        let tombstone = store.shred(shred.clone()).await.unwrap().receipt.position;
        let policy = Policy::parse(logs.policy(&log).unwrap().as_bytes()).unwrap();
        let leaf = |id| {
            frame
                .leaves
                .iter()
                .find(|leaf| leaf.evidence_id == id)
                .unwrap()
                .encode()
                .unwrap()
        };
        for (id, proof) in named.iter().zip(&before) {
            let proof: hedui_log::proof::TlogProof = proof.parse().unwrap();
            assert!(proof.verify_entry(&leaf(*id), &policy).is_ok());
        }
        // Also anew, against a checkpoint that covers the tombstone, by logs that hash everything again.
        for logs in [logs, self::logs(None)] {
            follow(&logs, &store).await.unwrap();
            for id in &named {
                let proved = logs.prove(&store, at, *id, None).await.unwrap();
                assert_eq!(proved.size, 21);
                let proof: hedui_log::proof::TlogProof = proved.proof.parse().unwrap();
                assert!(proof.verify_entry(&leaf(*id), &policy).is_ok());
            }
            let id = shred.leaves[0].evidence_id;
            assert_eq!(logs.prove(&store, tombstone, id, None).await.unwrap().index, 20);
        }
    });
}
