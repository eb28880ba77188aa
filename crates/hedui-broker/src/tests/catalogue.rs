//! Departments that change while the broker runs: what has begun goes on as it began, what begins later goes by the new, and both recompute.
//! Leaves manifests to the server.

use std::collections::BTreeMap;
use std::sync::Arc;

use hedui_adapter::manifest::BreakerLimits;
use hedui_adapter::port::Port;
use hedui_core::{DepartmentId, Outcome};

use super::support::*;
use crate::{BrokerError, Pause, Registered, Registry, Reuse, State};

fn department(name: &str) -> DepartmentId {
    DepartmentId::new(name).unwrap()
}

/// The world's departments without one of them, the others as they are.
pub fn without(world: &World, name: &str) -> Registry {
    let registry = world.broker.registry();
    let others = registry.departments().iter().filter(|d| d.profile.id.as_str() != name);
    Registry::of(others.map(Arc::clone).collect())
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_ends_as_it_began_and_what_begins_later_goes_by_the_new() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    world.department("civil").holds();
    let first = world.begin(request()).await;
    settle().await;
    // "bank" was the first department: every later one now stands at another position.
    world.broker.replace_departments(without(&world, "bank")).await.unwrap();
    let second = world.begin(family(1)).await;
    settle().await;
    world.department("civil").replies(registered);
    let (first, second) = (world.end(first).await, world.end(second).await);
    assert_eq!((first.asked, second.asked), (10, 9));
    for ended in [&first, &second] {
        assert_eq!(ended.state, State::Succeeded);
        let lines = &report(ended).departments;
        assert_eq!(lines.len(), usize::try_from(ended.asked).unwrap());
        let as_usual = |line: &hedui_core::report::DepartmentLine| {
            line.subjects
                .iter()
                .all(|s| s.state == usually(line.department.as_str()))
        };
        assert!(lines.iter().all(as_usual));
        let again = world.broker.recompute(ended.case, "audit-bureau", "").await.unwrap();
        assert!(again.same, "{:?}", again.differences);
    }
    // Nobody holds what the bank held: that is unknown, not nothing.
    assert_eq!(
        (outcome(&first), outcome(&second)),
        (Outcome::Qualifies, Outcome::Inconclusive)
    );
    assert_ne!(report(&first).rules, report(&second).rules);
}

#[tokio::test(start_paused = true)]
async fn the_same_question_is_not_shared_over_a_change_and_nobody_forgets_how_they_fared() {
    let world = World::new();
    world.department("civil").holds();
    let mut other = request();
    other.programmes = vec!["low-income".to_owned()];
    let first = world.begin(request()).await;
    settle().await;
    let registry = without(&world, "bank");
    world.broker.replace_departments(registry).await.unwrap();
    // The household asks again for the same, as another caller would: its question is put anew.
    let mut again = crate::Create {
        conflict: crate::Conflict::UseExisting,
        ..create(request())
    };
    again.request.programmes = other.programmes;
    let second = world.broker.create(again).await.unwrap().case;
    settle().await;
    assert_eq!(world.department("civil").asked().len(), 2);
    world.department("civil").replies(registered);
    assert_eq!(world.end(first).await.asked, 10);
    assert_eq!(world.end(second).await.state, State::Succeeded);
    let registry = world.broker.registry();
    assert!(
        registry
            .departments()
            .iter()
            .all(|d| d.fared().answered == 2 && d.is_idle())
    );
}

#[tokio::test(start_paused = true)]
async fn a_paused_department_is_not_asked_leaves_the_verdict_open_and_is_asked_again_afterwards() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    let pause = Pause {
        reason: "moving house".to_owned(),
        by: "operator-1".to_owned(),
        since_ms: NOON_MS,
    };
    world
        .broker
        .set_pauses(BTreeMap::from([(department("housing"), pause)]));
    let ended = world.verify(request()).await;
    assert_eq!(outcome(&ended), Outcome::Inconclusive);
    assert_eq!(states(report(&ended), "housing"), ["UNREACHABLE:refused"; 3]);
    let line = report(&ended)
        .departments
        .iter()
        .find(|l| l.department.as_str() == "housing");
    let failure = line.unwrap().subjects[0].failure.as_ref().unwrap();
    assert_eq!(failure.reason, "DEPARTMENT_PAUSED");
    assert_eq!(world.asked()["housing"], 0);
    let again = world.broker.recompute(ended.case, "audit-bureau", "").await.unwrap();
    assert!(again.same, "{:?}", again.differences);
    world.broker.set_pauses(BTreeMap::new());
    let mut request = request();
    request.reuse = Reuse::Never;
    let ended = world.verify(request).await;
    assert_eq!((outcome(&ended), world.asked()["housing"]), (Outcome::Qualifies, 1));
}

#[tokio::test(start_paused = true)]
async fn a_new_department_is_asked_from_the_next_verification_on() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    let all = world.broker.registry();
    world
        .broker
        .replace_departments(without(&world, "vehicles"))
        .await
        .unwrap();
    assert_eq!(outcome(&world.verify(request()).await), Outcome::Inconclusive);
    let mut registered: Vec<Arc<Registered>> = world.broker.registry().departments().to_vec();
    let was = all
        .departments()
        .iter()
        .find(|d| d.profile.id.as_str() == "vehicles")
        .unwrap();
    let port: Arc<dyn Port> = Arc::clone(&was.port);
    registered.push(Arc::new(Registered::new(
        was.profile.clone(),
        port,
        BreakerLimits::default(),
    )));
    world
        .broker
        .replace_departments(Registry::of(registered))
        .await
        .unwrap();
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    world.clock.advance(DAY_MS);
    assert_eq!(outcome(&world.verify(request()).await), Outcome::Exceeds);
}

#[tokio::test(start_paused = true)]
async fn a_register_that_nobody_holds_neither_pays_nor_refuses() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    // Illness could speak for a household that would exceed, as far as anybody knows.
    world.broker.replace_departments(without(&world, "bank")).await.unwrap();
    let ended = world.verify(request()).await;
    assert_eq!(outcome(&ended), Outcome::Inconclusive);
    let found = report(&ended).findings.iter().filter(|f| f.code == "NO_REGISTER");
    assert_eq!(found.count(), 1);
    let again = world.broker.recompute(ended.case, "audit-bureau", "").await.unwrap();
    assert!(again.same, "{:?}", again.differences);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_used_only_where_it_says_all_that_is_needed_now() {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    let all = world.broker.registry();
    let first = world.verify(request()).await;
    let recheck = async |department: &str| {
        let named = vec![department.to_owned()];
        let (caller, person) = ("centre".to_owned(), "clerk-8".to_owned());
        world.broker.recheck(first.case, named, None, caller, person).await
    };
    let refused = |error: BrokerError| error.fields().iter().map(|f| f.reason.to_string()).collect::<Vec<_>>();
    // One that was asked then has left the catalogue: its answer would be passed over.
    world.broker.replace_departments(without(&world, "bank")).await.unwrap();
    assert_eq!(refused(recheck("housing").await.unwrap_err()), ["DEPARTMENT_GONE"]);
    // One holds more than it did: what it was not asked for is not "nothing".
    let wider = all.departments().iter().map(|d| {
        let mut profile = d.profile.clone();
        if profile.id.as_str() == "housing" {
            profile.record_types.push(hedui_core::RecordType::Vehicle);
        }
        Arc::new(Registered::new(profile, Arc::clone(&d.port), BreakerLimits::default()))
    });
    world
        .broker
        .replace_departments(Registry::of(wider.collect()))
        .await
        .unwrap();
    assert_eq!(refused(recheck("tax").await.unwrap_err()), ["NOT_ASKED_THEN"]);
    // Nor does its kept answer serve a new verification.
    let before = world.asked()["housing"];
    world.verify(request()).await;
    assert_eq!(world.asked()["housing"], before + 1);
    // Asked again, it says all that is needed now.
    assert!(recheck("housing").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_was_read_by_another_manifest_is_asked_for_again() {
    let world = World::new();
    let all = world.broker.registry();
    let read_by = |text: &'static str| {
        let anew = all.departments().iter().map(move |d| {
            let anew = Registered::new(d.profile.clone(), Arc::clone(&d.port), BreakerLimits::default());
            Arc::new(if d.profile.id.as_str() == "housing" {
                anew.read_by(text)
            } else {
                anew
            })
        });
        Registry::of(anew.collect())
    };
    for (text, asked) in [
        ("10 = dwelling", 1),
        ("10 = dwelling", 1),
        ("10 = shop", 2),
        ("10 = shop", 2),
        ("10 = dwelling", 2),
    ] {
        world.broker.replace_departments(read_by(text)).await.unwrap();
        world.verify(request()).await;
        assert_eq!(world.asked()["housing"], asked, "{text}");
    }
}

#[test]
fn a_pause_says_why_in_one_line_and_names_nobody() {
    let reason = |text: &str| Pause::new(text, "operator-1".to_owned(), NOON_MS);
    assert_eq!(reason("  moving house ").unwrap().reason, "moving house");
    let long = "x".repeat(129);
    let number = id(1980, 1);
    for (text, expected) in [
        ("  ", "REQUIRED"),
        ("two\nlines", "LABEL_INVALID"),
        (long.as_str(), "LABEL_INVALID"),
        (number.as_str(), "ACTOR_IS_ID_NUMBER"),
    ] {
        let errors = reason(text).unwrap_err();
        assert_eq!(
            errors.iter().map(|e| e.reason.to_string()).collect::<Vec<_>>(),
            [expected]
        );
    }
}
