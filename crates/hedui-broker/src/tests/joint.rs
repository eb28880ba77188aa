//! Joint assistance: what else the same evidence says, as far as the letters go, and nothing asked for its sake.
//! Leaves the rules of programmes to the packs.

use std::sync::Arc;

use hedui_adapter::manifest::BreakerLimits;
use hedui_core::authorization::JOINT_ASSISTANCE;
use hedui_core::finding::MEMBERS_UNCONFIRMED;
use hedui_core::record::AssistancePeriod;
use hedui_core::{Outcome, RecordType};

use super::support::*;
use crate::{Registered, Registry, Request, Verification};

fn letters_for(programmes: &[&str]) -> Request {
    let mut request = request();
    for letter in &mut request.authorizations {
        letter.programmes = programmes.iter().map(|p| (*p).to_owned()).collect();
    }
    request
}

fn also(verification: &Verification) -> Vec<(&str, Outcome)> {
    let also = report(verification).also.iter();
    also.map(|v| (v.programme.as_str(), v.outcome)).collect()
}

#[tokio::test(start_paused = true)]
async fn another_programme_is_judged_by_the_same_answers_where_the_letters_allow_it() {
    let world = World::new();
    let plain = world.verify(letters_for(&["dibao"])).await;
    assert_eq!(also(&plain), []);
    let asked = world.questions();
    world.clock.advance(60_000);
    for programmes in [["dibao", "low-income"], ["dibao", JOINT_ASSISTANCE]] {
        let joint = world.verify(letters_for(&programmes)).await;
        let found = also(&joint);
        assert!(found.contains(&("low-income", Outcome::Qualifies)), "{found:?}");
        assert!(found.iter().all(|(programme, _)| *programme != "dibao"));
        let verdict = &report(&joint).also[0];
        assert!(verdict.trace.is_empty() && verdict.amount.is_some());
    }
    // Nothing more was asked: only the one whose answers are never fresh was asked again.
    assert_eq!(world.questions(), asked + 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_exceeded_or_drawn_already_is_left_out_and_what_is_open_says_by_whom() {
    let world = World::new();
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    let exceeds = world.verify(letters_for(&["dibao", "low-income"])).await;
    assert_eq!((outcome(&exceeds), also(&exceeds).len()), (Outcome::Exceeds, 0));
    world.department("vehicles").does(|_| Act::Drop);
    let mut open = letters_for(&["dibao", "low-income"]);
    open.reuse = crate::Reuse::Never;
    let open = world.verify(open).await;
    assert_eq!(also(&open), [("low-income", Outcome::Inconclusive)]);
    assert_eq!(report(&open).also[0].undecided_by[0].as_str(), "vehicles");
    world.department("vehicles").does(|ask| Act::Now(nothing(&ask.query)));
    world.department("welfare").does(|ask| {
        let drawn = assistance("low-income", AssistancePeriod::Monthly);
        Act::Now(holds(&ask.query, &[drawn]))
    });
    let mut drawing = letters_for(&["dibao", "low-income"]);
    drawing.reuse = crate::Reuse::Never;
    assert_eq!(also(&world.verify(drawing).await), []);
}

#[tokio::test(start_paused = true)]
async fn a_verdict_with_other_programmes_comes_out_again() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    let joint = world.verify(letters_for(&["dibao", JOINT_ASSISTANCE])).await;
    assert!(!also(&joint).is_empty());
    let again = world.broker.recompute(joint.case, "audit-bureau", "").await.unwrap();
    assert!(again.same, "{:?}", again.differences);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_was_asked_for_is_open_for_other_programmes_though_its_register_answered() {
    let world = World::new();
    let registry = world.broker.registry();
    // The register of dwellings holds vehicles too, and nobody else does.
    let others = registry
        .departments()
        .iter()
        .filter(|d| d.profile.id.as_str() != "vehicles");
    let departments = others.map(|d| {
        if d.profile.id.as_str() != "housing" {
            return Arc::clone(d);
        }
        let mut profile = d.profile.clone();
        profile.record_types.push(RecordType::Vehicle);
        Arc::new(Registered::new(profile, Arc::clone(&d.port), BreakerLimits::default()))
    });
    let registry = Registry::of(departments.collect());
    world.broker.replace_departments(registry).await.unwrap();
    let mut request = letters_for(&["rent-subsidy", JOINT_ASSISTANCE]);
    request.programmes = vec!["rent-subsidy".to_owned()];
    let ended = world.verify(request).await;
    let asked = world.department("housing").asked();
    assert!(!asked[0].query.record_types.contains(&RecordType::Vehicle));
    let line = report(&ended)
        .departments
        .iter()
        .find(|l| l.department.as_str() == "housing");
    assert!(line.unwrap().subjects.iter().all(|s| s.state == "NO_RECORD"));
    let dibao = report(&ended)
        .also
        .iter()
        .find(|v| v.programme.as_str() == "dibao")
        .unwrap();
    assert_eq!(dibao.outcome, Outcome::Inconclusive);
    assert!(
        dibao.undecided_by.iter().any(|d| d.as_str() == "housing"),
        "{:?}",
        dibao.undecided_by
    );
    // Nor was anybody asked for marriages: whether a spouse is hidden is open, though no register is silent.
    assert!(
        dibao.undecided_because.iter().any(|c| c == MEMBERS_UNCONFIRMED),
        "{:?}",
        dibao.undecided_because
    );
    assert!(dibao.undecided_by.iter().any(|d| d.as_str() == "civil"));
    assert!(report(&ended).findings.iter().all(|f| f.code != MEMBERS_UNCONFIRMED));
}
