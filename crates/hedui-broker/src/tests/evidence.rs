//! Evidence comes first: nothing is asked and nothing is released before it is durable, and it holds nobody's name or number.
//! Leaves reuse of evidence to `kept`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use hedui_core::Outcome;
use hedui_evidence::{CaseId, EvidenceStore, FrameKind, LeafKind, Position, StoreError};
use sha2::{Digest, Sha256};

use super::hooked::{BeforeAppend, Hooked};
use super::support::*;
use crate::{BrokerError, Completion, State};

#[tokio::test(start_paused = true)]
async fn the_asked_frame_is_in_the_store_when_the_first_department_is_asked() {
    let world = World::new();
    let found: Arc<Mutex<Vec<FrameKind>>> = Arc::default();
    for name in world.departments.keys() {
        let (store, found) = (Arc::clone(&world.memory), Arc::clone(&found));
        world.department(name).does(move |ask| {
            let case = CaseId::from_hex(&ask.query.query_id).unwrap();
            let frames = store.case(case).now_or_never().unwrap().unwrap();
            found.lock().unwrap().extend(frames.iter().map(|f| f.kind));
            Act::Now(nothing(&ask.query))
        });
    }
    let ended = world.verify(request()).await;
    assert_eq!(*found.lock().unwrap(), vec![FrameKind::Asked; DEPARTMENTS.len()]);
    assert_eq!(world.frames(ended.case).await, [FrameKind::Asked, FrameKind::Verdict]);
}

#[tokio::test(start_paused = true)]
async fn a_full_store_means_that_nobody_is_asked_and_it_goes_on_when_there_is_room() {
    let world = World::new();
    // Also when the key of the month is there already.
    for _ in 0..2 {
        world.memory.set_full(true);
        let before = world.questions();
        let refused = world.broker.create(create(family(1))).await;
        assert_eq!(reason(refused), "EVIDENCE_UNAVAILABLE");
        settle().await;
        assert_eq!(world.questions(), before);
        world.memory.set_full(false);
        let ended = world.verify(family(1)).await;
        assert_eq!(outcome(&ended), Outcome::Qualifies);
        world.clock.advance(DAY_MS);
    }
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_cannot_be_kept_is_not_released() {
    let refusing = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&refusing);
    let world = World::through(|inner, _| {
        let before: BeforeAppend = Box::new(move |frame| {
            let refused = frame.kind == FrameKind::Verdict && flag.load(Ordering::SeqCst);
            let error = StoreError::Full {
                doing: "appending a verdict",
            };
            if refused { Err(error) } else { Ok(()) }
        });
        Arc::new(Hooked { inner, before })
    });
    world
        .department("bank")
        .does(|ask| Act::After(std::time::Duration::from_millis(10), nothing(&ask.query)));
    let case = world.begin(request()).await;
    let mut watcher = world.broker.watch(case, 0).await.unwrap();
    let ended = world.end(case).await;
    assert_eq!(
        (ended.state, ended.failure.as_deref()),
        (State::Failed, Some("EVIDENCE_UNAVAILABLE"))
    );
    assert!(ended.report.is_none());
    let mut last = None;
    while let Some(event) = watcher.recv().await {
        last = Some(event.kind);
    }
    let Some(crate::EventKind::Completed(told)) = last else {
        panic!("no end")
    };
    assert!(told.report.is_none() && told.state == State::Failed);
    let read = world.broker.get(case, "caller", "clerk").await.unwrap();
    assert!(read.state == State::Failed && read.report.is_none());
    // Another process finds what was asked and not ended, and ends it.
    refusing.store(false, Ordering::SeqCst);
    let later = world.restarted(8).await;
    assert_eq!(later.broker.resume().await.unwrap(), 1);
    assert_eq!(later.end(case).await.state, State::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_want_of_authorization_is_evidence_and_asks_nobody() {
    let world = World::new();
    let mut unsigned = request();
    unsigned.authorizations.pop();
    let refused = world.broker.create(create(unsigned)).await;
    assert_eq!(reason(refused), "NOT_AUTHORIZED");
    assert_eq!(world.questions(), 0);
    let page = world.memory.scan(Position::START, 100).await.unwrap();
    let denial = page.entries.iter().find(|e| e.head.kind == FrameKind::Denial).unwrap();
    let leaf = &denial.frame().unwrap().leaves[0];
    assert_eq!(
        (leaf.kind, leaf.outcome.as_str()),
        (LeafKind::Denial, "AUTHORIZATION_MISSING")
    );
    let mut unsigned = create(request());
    unsigned.request.authorizations.clear();
    unsigned.validate_only = true;
    let frames = page.entries.len();
    assert_eq!(reason(world.broker.create(unsigned).await), "NOT_AUTHORIZED");
    assert_eq!(
        world.memory.scan(Position::START, 100).await.unwrap().entries.len(),
        frames
    );
}

/// What identifies the people of a household, and every unkeyed hash by which it could be found.
fn traces(texts: &[String]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for text in texts {
        let (sha, blake) = (Sha256::digest(text.as_bytes()), blake3::hash(text.as_bytes()));
        all.push(text.as_bytes().to_vec());
        all.push(sha.to_vec());
        all.push(blake.as_bytes().to_vec());
        all.push(blake.to_hex().as_bytes().to_vec());
        all.push(sha.iter().map(|b| format!("{b:02x}")).collect::<String>().into_bytes());
    }
    all
}

fn holds_any(haystack: &[u8], traces: &[Vec<u8>]) -> bool {
    traces.iter().any(|t| haystack.windows(t.len()).any(|w| w == t))
}

#[tokio::test(start_paused = true)]
async fn nothing_stored_in_the_clear_and_no_error_names_a_person() {
    let world = World::new();
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    world.department("housing").holds();
    let mut texts = vec![PLATE.to_owned()];
    for member in &request().household.members {
        texts.push(member.id_number.clone());
        texts.push(member.name.clone());
    }
    let ended = world.verify(request()).await;
    let again = world.broker.recheck(
        ended.case,
        vec!["housing".to_owned()],
        None,
        "c".to_owned(),
        "clerk-8".to_owned(),
    );
    again.await.unwrap();
    world
        .broker
        .case(ended.case, true, "auditor", "auditor-1")
        .await
        .unwrap();
    let mut wrong = request();
    wrong.authorizations[0].valid_until = Some(date(2026, 11, 2));
    wrong.authorizations[1].signer_id_number = "51170319800601001X".to_owned();
    wrong.household.members[1].relation = hedui_core::household::Relation::Applicant;
    let mut errors: Vec<BrokerError> = vec![world.broker.create(create(wrong)).await.unwrap_err()];
    let mut named = request();
    named.actor = request().household.members[0].id_number.clone();
    errors.push(world.broker.create(create(named)).await.unwrap_err());
    let person = &request().household.members[0].id_number;
    errors.push(world.broker.get(ended.case, "caller", person).await.unwrap_err());
    let told: String = errors.iter().map(|e| format!("{e} {e:?} {:?}", e.fields())).collect();

    let bytes = world.bytes().await;
    let traces = traces(&texts);
    assert!(!holds_any(&bytes, &traces));
    assert!(!holds_any(told.as_bytes(), &traces), "{told}");
    assert!(!format!("{ended:?}").contains(person.as_str()));
    // The search finds what is there, and what must be there is.
    for there in [
        "district-centre/clerk-7",
        "auditor/auditor-1",
        "vehicles",
        "dibao",
        "bank,civil,finance",
        DISTRICT,
    ] {
        assert!(holds_any(&bytes, &[there.as_bytes().to_vec()]), "{there}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_verdict_leaf_rests_on_one_leaf_for_each_department_that_was_asked() {
    let world = World::new();
    world.department("housing").holds();
    let ended = world.verify(request()).await;
    let frames = world.memory.case(ended.case).await.unwrap();
    let leaves = &frames[1].leaves;
    let verdict = leaves.iter().find(|leaf| leaf.kind == LeafKind::Verdict).unwrap();
    assert_eq!(verdict.outcome, "dibao:INCONCLUSIVE");
    let answers: Vec<_> = leaves.iter().filter(|l| l.kind == LeafKind::Answer).collect();
    assert_eq!(answers.len(), DEPARTMENTS.len());
    assert_eq!(
        verdict.rests_on,
        answers.iter().map(|l| l.evidence_id).collect::<Vec<_>>()
    );
    for (line, leaf) in report(&ended).departments.iter().zip(&answers) {
        assert_eq!(line.evidence, Some(hedui_core::LeafId(leaf.evidence_id.0)));
        assert_eq!(line.department.as_str(), leaf.department);
    }
    let silent = answers.iter().find(|l| l.department == "housing").unwrap();
    assert_eq!(silent.outcome, ["UNREACHABLE:timeout"; 3].join(","));
    assert_eq!(silent.ciphertext_digest, [0; 32]);
    world.memory.verify().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_same_answers_give_the_same_report_whatever_the_order_of_arrival() {
    let mut seen = Vec::new();
    for order in [[0u64, 1, 2], [2, 1, 0], [1, 0, 2], [0, 1, 2]] {
        let world = World::new();
        let records = [
            ("bank", vec![deposit(5_000)]),
            ("housing", vec![flat(1)]),
            ("vehicles", vec![car()]),
        ];
        for ((name, records), after) in records.into_iter().zip(order) {
            world.department(name).does(move |ask| {
                Act::After(
                    std::time::Duration::from_millis(1 + after * 100),
                    holds(&ask.query, &records),
                )
            });
        }
        let ended = world.verify(request()).await;
        let whole = report(&ended);
        let bytes = serde_json::to_vec(&(&whole.verdicts, &whole.figures, &whole.findings)).unwrap();
        seen.push((bytes, serde_json::to_vec(whole).unwrap()));
    }
    assert!(seen.iter().all(|(judged, _)| *judged == seen[0].0));
    // With the same order the whole report is the same, evidence ids and times included.
    assert_eq!(seen[0].1, seen[3].1);
    assert_ne!(seen[0].1, seen[1].1);
}

#[tokio::test(start_paused = true)]
async fn every_reading_of_a_verification_is_evidence_before_it_is_answered() {
    let world = World::new();
    let ended = world.verify(request()).await;
    world.broker.get(ended.case, "centre", "clerk-9").await.unwrap();
    world.broker.case(ended.case, false, "auditor", "").await.unwrap();
    let frames = world.memory.case(ended.case).await.unwrap();
    let readers: Vec<_> = frames[2..]
        .iter()
        .map(|f| (f.kind, f.leaves[0].actor.as_str()))
        .collect();
    assert_eq!(
        readers,
        [(FrameKind::Access, "centre/clerk-9"), (FrameKind::Access, "auditor")]
    );
    world.memory.set_full(true);
    assert_eq!(
        reason(world.broker.get(ended.case, "centre", "").await),
        "EVIDENCE_UNAVAILABLE"
    );
    assert_eq!(
        reason(world.broker.case(ended.case, true, "auditor", "").await),
        "EVIDENCE_UNAVAILABLE"
    );
}

#[tokio::test(start_paused = true)]
async fn an_audit_opens_every_record_intact_and_the_request_is_among_them() {
    let world = World::new();
    let ended = world
        .verify(crate::Request {
            completion: Completion::VerdictFinal,
            ..request()
        })
        .await;
    let leaves = world.broker.case(ended.case, true, "auditor", "").await.unwrap();
    assert!(leaves.len() > 2);
    for leaf in &leaves {
        assert_eq!(
            (leaf.intact, leaf.record.is_some()),
            (Some(true), true),
            "{:?}",
            leaf.leaf.kind
        );
    }
    let first = leaves[0].record.as_ref().unwrap();
    assert!(String::from_utf8_lossy(first).contains(&request().household.members[0].id_number));
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_key_is_gone_without_a_destruction_is_damage() {
    let world = World::new();
    let ended = world.verify(request()).await;
    // As a disk that lost a sector gives it, under ids of its own.
    let mut frame = world.memory.case(ended.case).await.unwrap().pop().unwrap();
    frame.id = hedui_evidence::FrameId([9; 16]);
    let gone = hedui_evidence::EvidenceId([9; 16]);
    let sealed = frame.sealed.first_mut().unwrap();
    let leaf = frame
        .leaves
        .iter_mut()
        .find(|leaf| leaf.evidence_id == sealed.evidence_id)
        .unwrap();
    (leaf.evidence_id, sealed.evidence_id) = (gone, gone);
    frame.leaves = vec![leaf.clone()];
    frame.sealed.truncate(1);
    let at = world.memory.append(frame).await.unwrap().position;
    assert_eq!(world.memory.lose_keys(at, &[gone].into()).unwrap(), 1);
    for opened in [false, true] {
        let leaves = world.broker.case(ended.case, opened, "auditor", "").await.unwrap();
        let leaf = leaves.iter().find(|found| found.leaf.evidence_id == gone).unwrap();
        assert_eq!((leaf.intact, leaf.destroyed), (Some(false), false));
        assert!(
            leaves
                .iter()
                .all(|found| found.leaf.evidence_id == gone || found.intact != Some(false))
        );
    }
    let error = world.broker.verify_evidence(("audit", "1"), &mut |_| true).await;
    assert!(matches!(error, Err(BrokerError::Store(StoreError::KeyGone { record, .. })) if record == gone));
}

#[tokio::test(start_paused = true)]
async fn every_pack_in_use_is_kept_once_and_whole_under_the_digest_that_verdicts_name() {
    let world = World::new();
    let packs = packs();
    assert_eq!(world.broker.archive_packs().await.unwrap(), packs.packs().len() + 1);
    assert_eq!(world.broker.archive_packs().await.unwrap(), 0);
    assert_eq!(world.restarted(3).await.broker.archive_packs().await.unwrap(), 0);
    for pack in packs.packs() {
        let kept = world.broker.archived(pack.digest()).await.unwrap();
        assert_eq!(kept.as_deref(), Some(pack.text()));
    }
    assert_eq!(world.broker.archived(&"0".repeat(64)).await.unwrap(), None);
    // The pack of a verdict is among them, and its leaf names it.
    let ended = world.verify(request()).await;
    let report = ended.report.unwrap();
    let digest = report.open().unwrap().verdicts[0].pack.digest.to_string();
    assert!(world.broker.archived(&digest).await.unwrap().is_some());
    let page = world.memory.scan(Position::START, 64).await.unwrap();
    let leaves = page.entries.iter().filter(|e| e.head.kind == FrameKind::Pack);
    let outcomes: Vec<String> = leaves
        .map(|e| e.frame().unwrap().leaves[0].outcome.to_string())
        .collect();
    assert!(outcomes.contains(&format!("IN_USE:{digest}")), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn answers_are_kept_when_the_logs_fall_behind_meanwhile_and_nobody_is_asked_anew() {
    let world = World::new();
    world.broker.follow_logs(&mut |_| ()).await.unwrap();
    let clock = Arc::clone(&world.clock);
    // While the departments answer, no checkpoint is signed for longer than was promised.
    world.department("bank").does(move |ask| {
        clock.advance(hedui_evidence::PROMISED_WITHIN_MS + 1);
        Act::Now(nothing(&ask.query))
    });
    let ended = world.verify(request()).await;
    assert_eq!((ended.state, ended.promise.is_none()), (State::Succeeded, true));
    assert!(world.frames(ended.case).await.contains(&FrameKind::Verdict));
    let before = world.questions();
    assert_eq!(
        reason(world.broker.create(create(family(1))).await),
        "EVIDENCE_LOG_UNAVAILABLE"
    );
    assert_eq!(world.questions(), before);
    assert!(world.broker.ready().is_err());
    // Followed again, it goes on by itself, and promises again.
    world.department("bank").does(|ask| Act::Now(nothing(&ask.query)));
    world.broker.follow_logs(&mut |_| ()).await.unwrap();
    assert!(world.verify(family(1)).await.promise.is_some());
}
