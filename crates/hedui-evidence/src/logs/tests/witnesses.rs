//! Laws of publishing under witnesses: what is published is always acceptable, provable, and what every witness has seen grow.
//! Leaves asking witnesses over a network to the server's tests.

use hedui_log::cosignature::CosigningKey;
use hedui_log::proof::TlogProof;
use hedui_log::witness::{AddCheckpoint, Decision, decide};

use super::*;

const TIME: u64 = 1_795_000_000;

fn witness(at: u8) -> CosigningKey {
    CosigningKey::from_seed(&format!("witness.example/{at}"), [at + 1; 32]).unwrap()
}

fn three(quorum: usize) -> Witnesses {
    let all = (0..3).map(|at| LogWitness {
        name: format!("w{at}"),
        key: witness(at).verifier(),
    });
    Witnesses::new(all.collect(), quorum).unwrap()
}

/// A witness as the specification has it: state, and a decision before every signature.
#[derive(Default)]
struct Model {
    state: Option<(u64, Hash)>,
}

#[derive(Debug, Clone)]
enum Step {
    Append {
        records: usize,
    },
    Follow,
    /// The newest checkpoint is what witnesses are asked for from here on.
    Take,
    Cosign {
        witness: u8,
    },
    Restart,
    LoseState,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..140usize).prop_map(|records| Step::Append { records }),
        4 => Just(Step::Follow),
        3 => Just(Step::Take),
        8 => (0..3u8).prop_map(|witness| Step::Cosign { witness }),
        1 => Just(Step::Restart),
        1 => Just(Step::LoseState),
    ]
}

struct Life {
    store: MemoryStore,
    logs: DistrictLogs,
    models: [Model; 3],
    candidate: Option<String>,
    /// What witnesses signed of it: all that there is is handed over each time.
    lines: Vec<String>,
    /// The last size that was published.
    published: u64,
}

impl Life {
    /// Asks one witness; its decision must be to cosign, unless it is ahead of the candidate.
    async fn cosign(&mut self, at: u8) {
        let log = LogName::parse("511703/2026").unwrap();
        let Some(candidate) = &self.candidate else { return };
        let model = &mut self.models[usize::from(at)];
        let (old, new) = (model.state.map_or(0, |state| state.0), checkpoint_of(candidate).size);
        if old > new {
            return;
        }
        let proof = self.logs.consistency(&log, old, new).await.unwrap();
        let request = AddCheckpoint::new(old, proof, Note::parse(candidate.as_bytes()).unwrap()).unwrap();
        let key = self.logs.verifier_key(&log).unwrap().parse().unwrap();
        let Decision::Cosign { size, root } = decide(model.state.as_ref(), &request, &[key]) else {
            panic!("an honest log is refused");
        };
        model.state = Some((size, root));
        let line = witness(at).sign(request.note().text(), TIME).unwrap();
        self.lines.push(line);
        self.logs.cosigned(&log, candidate, &self.lines).await.unwrap();
    }

    async fn check(&mut self, log: &LogName) {
        let Some(note) = self.logs.checkpoint(log).await.unwrap() else {
            assert_eq!(self.published, 0);
            return;
        };
        let policy = Policy::parse(self.logs.policy(log).unwrap().as_bytes()).unwrap();
        let satisfied = policy.satisfied_by(note.as_bytes()).unwrap();
        assert!(satisfied.checkpoint.size >= self.published);
        self.published = satisfied.checkpoint.size;
        // Every leaf that it covers is proved under it, and no other.
        for entry in self.store.scan(Position::START, MAX_PAGE).await.unwrap().entries {
            let leaf = entry.frame().unwrap().leaves[0].clone();
            match self
                .logs
                .prove(&self.store, entry.position, leaf.evidence_id, None)
                .await
            {
                Ok(proved) => {
                    let proof: TlogProof = proved.proof.parse().unwrap();
                    proof.verify_entry(&leaf.encode().unwrap(), &policy).unwrap();
                    assert_eq!(proved.size, self.published);
                }
                Err(LogError::NotIncluded) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let (mut tree, mut last) = (Frontier::default(), String::new());
        let mut give = |file: Exported| {
            if let Some(path) = file
                .path
                .parse::<hedui_log::tile::TilePath>()
                .ok()
                .filter(|path| path.level == hedui_log::tile::Level::Entries)
            {
                for entry in parse_entries(&file.bytes, path.width).unwrap() {
                    tree.append(leaf_hash(entry), |_, _, _| ());
                }
            }
            last = file.path;
            true
        };
        let what = Export::default();
        self.logs.export(&self.store, log, what, &mut give).await.unwrap();
        assert_eq!(last, "checkpoint");
        assert_eq!(tree.root(), satisfied.checkpoint.root);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn what_is_published_is_always_acceptable_and_never_shrinks(
        steps in prop::collection::vec(step(), 1..40),
        quorum in 0..4usize,
        seed in any::<u64>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let fresh = || logs(Some(folder.path())).with_witnesses(three(quorum));
        runtime().block_on(async {
            let log = LogName::parse("511703/2026").unwrap();
            let mut rng = StdRng::seed_from_u64(seed);
            let mut life = Life {
                store: MemoryStore::new(),
                logs: fresh(),
                models: Default::default(),
                candidate: None,
                lines: Vec::new(),
                published: 0,
            };
            for step in steps.into_iter().chain([Step::Follow, Step::Take, Step::Cosign { witness: 0 }, Step::Cosign { witness: 1 }, Step::Cosign { witness: 2 }]) {
                match step {
                    Step::Append { records } => {
                        life.store.append(frame(&mut rng, "511703", NOW, records)).await.unwrap();
                    }
                    Step::Follow => {
                        follow(&life.logs, &life.store).await.unwrap();
                    }
                    Step::Take => {
                        life.lines.clear();
                        life.candidate = life.logs.newest_signed(&log).await.unwrap();
                    }
                    Step::Cosign { witness } => life.cosign(witness).await,
                    Step::Restart => {
                        life.logs = fresh();
                        follow(&life.logs, &life.store).await.unwrap();
                    }
                    Step::LoseState => {
                        let _ = std::fs::remove_file(folder.path().join("state"));
                        let _ = std::fs::remove_dir_all(folder.path().join("511703/2026/tile"));
                        life.logs = fresh();
                        follow(&life.logs, &life.store).await.unwrap();
                    }
                }
                life.check(&log).await;
            }
            // When all have cosigned the newest, it is the newest that is published.
            if let Some(newest) = life.logs.newest_signed(&log).await.unwrap() {
                prop_assert_eq!(checkpoint_of(&newest).size, life.published);
            }
            Ok(())
        })?;
    }
}

async fn signed(quorum: usize) -> (DistrictLogs, LogName, String) {
    let logs = logs(None).with_witnesses(three(quorum));
    follow(&logs, &forked(5, 2, None).await).await.unwrap();
    let log = LogName::parse("511703/2026").unwrap();
    let note = logs.newest_signed(&log).await.unwrap().unwrap();
    (logs, log, note)
}

#[test]
fn false_signatures_and_other_lines_change_nothing() {
    runtime().block_on(async {
        for quorum in [0, 1] {
            let (logs, log, note) = signed(quorum).await;
            let before = logs.checkpoint(&log).await.unwrap();
            let text = Note::parse(note.as_bytes()).unwrap().text().to_owned();
            let other = text.replacen("511703", "511704", 1);
            let false_line = witness(0).sign(&other, TIME).unwrap();
            for line in [
                false_line.as_str(),
                "no signature",
                "",
                "\u{2014} w0 AAAA\n\u{2014} w1 AAAA\n",
            ] {
                let refused = logs.cosigned(&log, &note, &[line.to_owned()]).await;
                assert!(
                    matches!(refused, Err(LogError::Witnesses { .. })),
                    "{line}: {refused:?}"
                );
            }
            // A stranger's signature is none of a witness's.
            let stranger = witness(7).sign(&text, TIME).unwrap();
            assert_eq!(logs.cosigned(&log, &note, &[stranger]).await.unwrap(), quorum == 0);
            assert_eq!(logs.checkpoint(&log).await.unwrap(), before);
            let good = witness(1).sign(&text, TIME).unwrap();
            assert!(logs.cosigned(&log, &note, &[good.clone(), good.clone()]).await.unwrap());
            // The same line again, or one of a later time, is not there twice.
            let later = witness(1).sign(&text, TIME + 60).unwrap();
            assert!(logs.cosigned(&log, &note, &[good, later]).await.unwrap());
            let published = logs.checkpoint(&log).await.unwrap().unwrap();
            assert_eq!(published.matches("witness.example/1").count(), 1);
        }
    });
}

#[test]
fn a_note_that_the_log_did_not_sign_is_never_published() {
    runtime().block_on(async {
        let (logs, log, note) = signed(1).await;
        let text = Note::parse(note.as_bytes()).unwrap().text().to_owned();
        let mut forged = Note::unsigned(&text).unwrap();
        forged.push_signature(&witness(0).sign(&text, TIME).unwrap()).unwrap();
        let refused = logs.cosigned(&log, &forged.to_string(), &[]).await;
        assert!(matches!(refused, Err(LogError::Witnesses { .. })), "{refused:?}");
        assert_eq!(logs.checkpoint(&log).await.unwrap(), None);
    });
}

#[test]
fn witnesses_that_no_policy_can_name_are_refused() {
    let named = |name: &str, at: u8| LogWitness {
        name: name.to_owned(),
        key: witness(at).verifier(),
    };
    let log_key = hedui_log::note::SigningKey::from_seed("log.example", [9; 32]).unwrap();
    let no_witness = LogWitness {
        name: "log".to_owned(),
        key: log_key.verifier(),
    };
    let many: Vec<LogWitness> = (0..33).map(|at| named(&format!("w{at}"), at)).collect();
    for (all, quorum) in [
        (vec![named("a", 0)], 2),
        (vec![named("a", 0), named("a", 1)], 1),
        (vec![named("a", 0), named("b", 0)], 1),
        (vec![named("none", 0)], 1),
        (vec![named("a b", 0)], 1),
        (vec![named("", 0)], 0),
        (vec![named("1/1", 0)], 1),
        (vec![no_witness], 0),
        (many.clone(), 1),
    ] {
        assert!(matches!(Witnesses::new(all, quorum), Err(LogError::Witnesses { .. })));
    }
    assert!(Witnesses::new(many[..32].to_vec(), 32).is_ok());
    assert_eq!(three(2).policy_lines().lines().last(), Some("quorum 2/3"));
}

#[test]
fn consistency_is_proved_up_to_what_there_is() {
    runtime().block_on(async {
        let (logs, log, note) = signed(0).await;
        let size = checkpoint_of(&note).size;
        assert!(logs.consistency(&log, 1, size).await.is_ok());
        for (old, new) in [(1, size + 1), (size, 1), (1, u64::MAX)] {
            let refused = logs.consistency(&log, old, new).await;
            assert!(matches!(refused, Err(LogError::NotIncluded)), "{refused:?}");
        }
        let nowhere = LogName::parse("511703/1999").unwrap();
        assert!(logs.consistency(&nowhere, 1, 2).await.is_err());
    });
}

#[test]
fn raising_the_quorum_takes_back_nothing_and_publishes_nothing_unwitnessed() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = forked(5, 3, None).await;
        follow(&logs(Some(folder.path())), &store).await.unwrap();
        let log = LogName::parse("511703/2026").unwrap();
        let strict = logs(Some(folder.path())).with_witnesses(three(2));
        follow(&strict, &store).await.unwrap();
        assert_eq!(strict.checkpoint(&log).await.unwrap(), None);
        let note = strict.newest_signed(&log).await.unwrap().unwrap();
        let text = Note::parse(note.as_bytes()).unwrap().text().to_owned();
        for at in 0..2 {
            assert_eq!(strict.checkpoint(&log).await.unwrap(), None);
            // The server hands over all that it has each time.
            let lines: Vec<String> = (0..=at).map(|at| witness(at).sign(&text, TIME).unwrap()).collect();
            assert_eq!(strict.cosigned(&log, &note, &lines).await.unwrap(), at == 1);
        }
        // Shortened or changed, it is noticed by what waits as by what is published.
        let mut rng = StdRng::seed_from_u64(1);
        store.append(frame(&mut rng, "511703", NOW, 3)).await.unwrap();
        follow(&strict, &store).await.unwrap();
        std::fs::remove_file(folder.path().join("state")).unwrap();
        let older = forked(5, 3, None).await;
        let error = follow(&logs(Some(folder.path())), &older).await.unwrap_err();
        assert!(matches!(error, LogError::Shortened { .. }), "{error}");
    });
}

#[test]
fn a_published_checkpoint_is_proved_also_when_only_newer_tiles_were_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = || logs(Some(folder.path())).with_witnesses(three(1));
    runtime().block_on(async {
        let log = LogName::parse("511703/2026").unwrap();
        let store = forked(5, 2, None).await;
        let before = fresh();
        follow(&before, &store).await.unwrap();
        let note = before.newest_signed(&log).await.unwrap().unwrap();
        let text = Note::parse(note.as_bytes()).unwrap().text().to_owned();
        let line = witness(0).sign(&text, TIME).unwrap();
        assert!(before.cosigned(&log, &note, &[line]).await.unwrap());
        let mut rng = StdRng::seed_from_u64(1);
        store.append(frame(&mut rng, "511703", NOW, 3)).await.unwrap();
        std::fs::remove_file(folder.path().join("state")).unwrap();
        std::fs::remove_dir_all(folder.path().join("511703/2026/tile")).unwrap();
        let after = fresh();
        follow(&after, &store).await.unwrap();
        let size = checkpoint_of(&note).size;
        assert_eq!(
            after.consistency(&log, 1, size).await.unwrap().len(),
            before.consistency(&log, 1, size).await.unwrap().len()
        );
        let entry = &store.scan(Position::START, 1).await.unwrap().entries[0];
        let leaf = entry.frame().unwrap().leaves[0].clone();
        let proved = after
            .prove(&store, entry.position, leaf.evidence_id, None)
            .await
            .unwrap();
        assert_eq!(proved.size, size);
        let policy = Policy::parse(after.policy(&log).unwrap().as_bytes()).unwrap();
        let proof: TlogProof = proved.proof.parse().unwrap();
        proof.verify_entry(&leaf.encode().unwrap(), &policy).unwrap();
    });
}

#[test]
fn a_later_cosignature_leaves_the_earlier_ones_where_they_are() {
    runtime().block_on(async {
        for quorum in [0, 1] {
            let (logs, log, note) = signed(quorum).await;
            let text = Note::parse(note.as_bytes()).unwrap().text().to_owned();
            for at in 0..3 {
                let line = witness(at).sign(&text, TIME).unwrap();
                assert!(logs.cosigned(&log, &note, &[line]).await.unwrap());
            }
            let published = logs.checkpoint(&log).await.unwrap().unwrap();
            let policy = Policy::parse(logs.policy(&log).unwrap().as_bytes()).unwrap();
            assert_eq!(policy.satisfied_by(published.as_bytes()).unwrap().witnesses.len(), 3);
        }
    });
}
