//! Signed answers: what cannot be shown to be the department's own is not used, kept as evidence all the same, and told to a person.
//! Leaves the signature itself to the kit.

use std::sync::Arc;

use hedui_adapter::port::Reply;
use hedui_core::{AnswerState, Outcome, Query};
use hedui_evidence::{EvidenceStore, KeyRing, LeafKind, MasterKey};

use super::support::*;
use crate::{Reuse, Verification};

const OLD: [u8; 32] = [3; 32];
const NEW: [u8; 32] = [4; 32];

fn pinned(secrets: &[[u8; 32]]) -> Differently {
    Differently {
        signing: vec![("vehicles", secrets.to_vec())],
        ..Differently::default()
    }
}

/// What the department says, signed.
fn signed(query: &Query, secret: &[u8; 32], answer: Reply) -> Reply {
    let Reply::Wire(bytes) = answer else {
        panic!("{answer:?}");
    };
    let department = hedui_core::DepartmentId::new("vehicles").unwrap();
    Reply::Wire(signer(secret).sign(&department, &query.query_id, &bytes))
}

fn authentic(verification: &Verification) -> bool {
    let found = &report(verification).findings;
    let refused: Vec<_> = found.iter().filter(|f| f.code == "ANSWER_NOT_AUTHENTIC").collect();
    assert!(
        refused
            .iter()
            .all(|f| f.departments.len() == 1 && f.departments[0].as_str() == "vehicles")
    );
    refused.is_empty()
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_signed_as_pinned_counts_like_any_other() {
    let world = World::with(pinned(&[OLD, NEW]));
    world.broker.archive_packs().await.unwrap();
    let rich = |ask: &hedui_adapter::port::Ask| holds(&ask.query, &[car()]);
    world
        .department("vehicles")
        .does(move |ask| Act::Now(signed(&ask.query, &NEW, rich(ask))));
    let ended = world.verify(request()).await;
    assert_eq!(outcome(&ended), Outcome::Exceeds);
    assert_eq!(states(report(&ended), "vehicles"), ["FOUND", "NO_RECORD", "NO_RECORD"]);
    assert!(authentic(&ended));
    let again = world.broker.recompute(ended.case, "audit-bureau", "").await.unwrap();
    assert!(again.same, "{:?}", again.differences);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_the_departments_own_is_refused_kept_and_told() {
    type Forge = fn(&Query) -> Reply;
    let forged: [(&str, Forge); 4] = [
        ("unsigned", |query| holds(query, &[car()])),
        ("signed by a stranger", |query| signed(query, &OLD, nothing(query))),
        ("the answer to another question", |query| {
            let mut other = query.clone();
            other.query_id = "0".repeat(32);
            let Reply::Wire(bytes) = nothing(&other) else {
                panic!("no bytes");
            };
            let department = hedui_core::DepartmentId::new("vehicles").unwrap();
            Reply::Wire(signer(&NEW).sign(&department, &query.query_id, &bytes))
        }),
        ("another department's", |query| {
            let Reply::Wire(bytes) = nothing(query) else {
                panic!("no bytes");
            };
            let other = hedui_core::DepartmentId::new("tax").unwrap();
            Reply::Wire(signer(&NEW).sign(&other, &query.query_id, &bytes))
        }),
    ];
    for (what, forge) in forged {
        let world = World::with(pinned(&[NEW]));
        world.broker.archive_packs().await.unwrap();
        world
            .department("vehicles")
            .does(move |ask| Act::Now(forge(&ask.query)));
        let ended = world.verify(request()).await;
        // Neither "nothing there" nor "too rich": nobody knows what the department says.
        assert_eq!(outcome(&ended), Outcome::Inconclusive, "{what}");
        let (refused, replayed) = (&states(report(&ended), "vehicles")[0], what.contains("question"));
        let expected = if replayed {
            "UNREACHABLE:failed"
        } else {
            "UNREACHABLE:refused"
        };
        assert_eq!(refused, expected, "{what}");
        assert_eq!(authentic(&ended), replayed, "{what}");
        let frames = world.memory.case(ended.case).await.unwrap();
        let leaves = frames.iter().flat_map(|f| &f.leaves);
        let department = leaves
            .filter(|l| l.kind == LeafKind::Answer && l.department.as_str() == "vehicles")
            .count();
        assert_eq!(department, 1, "{what}: kept as evidence");
        let again = world.broker.recompute(ended.case, "audit-bureau", "").await.unwrap();
        assert!(again.same, "{what}: {:?}", again.differences);
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_answer_serves_no_longer_than_its_key_is_pinned() {
    let with_freshness = |secrets: &[[u8; 32]]| Differently {
        signing: vec![("housing", secrets.to_vec())],
        ..Differently::default()
    };
    let housing = hedui_core::DepartmentId::new("housing").unwrap();
    let answer = move |secret: [u8; 32]| {
        let housing = housing.clone();
        move |ask: &hedui_adapter::port::Ask| {
            let Reply::Wire(bytes) = say(&ask.query, |_| AnswerState::NoRecord) else {
                panic!("no bytes");
            };
            Act::Now(Reply::Wire(signer(&secret).sign(&housing, &ask.query.query_id, &bytes)))
        }
    };
    let world = World::with(with_freshness(&[OLD]));
    world.department("housing").does(answer(OLD));
    world.verify(request()).await;
    // The old key is still pinned beside the new one: the kept answer serves. Then it is not: the department is asked.
    for (pins, asked) in [(vec![OLD, NEW], 0), (vec![NEW], 1)] {
        let keys = Arc::new(KeyRing::new(MasterKey::from_bytes([9; 32])));
        keys.load(world.memory.as_ref()).await.unwrap();
        let store: Arc<dyn EvidenceStore> = world.memory.clone();
        let differently = Differently {
            seed: [u8::try_from(pins.len()).unwrap(); 32],
            ..with_freshness(&pins)
        };
        let later = World::over(world.memory.clone(), store, world.clock.clone(), keys, differently);
        later.department("housing").does(answer(NEW));
        let mut request = request();
        request.reuse = Reuse::Fresh;
        let ended = later.verify(request).await;
        assert_eq!(later.asked()["housing"], asked);
        assert_eq!(outcome(&ended), Outcome::Qualifies);
        assert_eq!(states(report(&ended), "housing"), ["NO_RECORD"; 3]);
    }
}
