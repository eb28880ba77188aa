//! Kept answers: within freshness, for the same question, under a live authorization, and never a failure.
//! Leaves questions that are under way at the same time to `sharing`, and rechecks to `rechecks`.

use std::collections::BTreeSet;
use std::sync::Arc;

use hedui_core::Outcome;
use hedui_core::report::DepartmentLine;
use hedui_evidence::{FrameKind, LeafKind};

use super::hooked::{BeforeAppend, Hooked};
use super::support::*;
use crate::{Request, Reuse, State, Verification};

const MINUTE_MS: i64 = 60_000;

fn line<'a>(verification: &'a Verification, department: &str) -> &'a DepartmentLine {
    let mut lines = report(verification).departments.iter();
    lines.find(|l| l.department.as_str() == department).unwrap()
}

fn kept(verification: &Verification) -> BTreeSet<&str> {
    let lines = report(verification).departments.iter();
    lines.filter(|l| l.kept).map(|l| l.department.as_str()).collect()
}

/// Verifies a family, then asks `second` for something a minute later: which departments are asked then.
async fn asked_again(first: Request, second: Request) -> BTreeSet<String> {
    let world = World::new();
    world.verify(first).await;
    let before = world.asked();
    world.clock.advance(MINUTE_MS);
    let ended = world.verify(second).await;
    assert_eq!(ended.state, State::Succeeded);
    let after = world.asked();
    after
        .iter()
        .filter(|(d, n)| before[*d] < **n)
        .map(|(d, _)| (*d).to_owned())
        .collect()
}

fn everybody() -> BTreeSet<String> {
    DEPARTMENTS.iter().map(|(name, ..)| (*name).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_answer_serves_again_until_it_is_no_longer_fresh() {
    let world = World::new();
    world
        .department("housing")
        .does(|ask| Act::Now(holds(&ask.query, &[flat(1)])));
    let first = world.verify(request()).await;
    let given = line(&first, "housing").answered_at_ms;
    world.clock.advance(60 * MINUTE_MS);
    let second = world.verify(request()).await;
    assert_eq!(kept(&second).len(), 9);
    let housing = line(&second, "housing");
    assert_eq!(
        (housing.asked_at_ms, housing.answered_at_ms, housing.kept),
        (given, given, true)
    );
    assert_eq!(housing.kept_from, first.case.to_string());
    assert_eq!(housing.subjects, line(&first, "housing").subjects);
    assert_eq!(report(&second).verdicts, report(&first).verdicts);
    // The copy of a kept answer is no younger than the answer.
    world.clock.advance(1);
    let third = world.verify(request()).await;
    assert_eq!(kept(&third), BTreeSet::from(["housing"]));
    assert_eq!(line(&third, "housing").kept_from, first.case.to_string());
    world.clock.advance(60 * MINUTE_MS - 1);
    let fourth = world.verify(request()).await;
    assert!(kept(&fourth).contains("housing"));
    assert_eq!(line(&fourth, "housing").answered_at_ms, given);
    world.clock.advance(1);
    let fifth = world.verify(request()).await;
    assert!(!kept(&fifth).contains("housing"));
    assert_eq!((world.asked()["bank"], world.asked()["housing"]), (5, 2));
    // In the leaf too the time is that of the original.
    let frames = hedui_evidence::EvidenceStore::case(world.memory.as_ref(), fourth.case)
        .await
        .unwrap();
    let leaf = frames[1].leaves.iter().find(|l| l.department == "housing").unwrap();
    assert_eq!((leaf.kind, leaf.answered_at_ms), (LeafKind::Answer, given));
}

#[tokio::test(start_paused = true)]
async fn an_answer_serves_only_the_same_question() {
    assert_eq!(
        asked_again(request(), request()).await,
        BTreeSet::from(["bank".to_owned()])
    );
    let other = |change: fn(&mut Request)| {
        let mut other = request();
        change(&mut other);
        other
    };
    let others = [
        other(|r| r.programmes = vec!["low-income".to_owned()]),
        other(|r| r.programmes = vec!["dibao".to_owned(), "low-income".to_owned()]),
        other(|r| r.district_code = "150102".to_owned()),
        other(|r| r.as_of = Some(date(2026, 11, 21))),
        other(|r| r.household.members.truncate(2)),
        other(|r| r.household.members[1].name = "测试丁".to_owned()),
        other(|r| r.household.members.swap(0, 1)),
        other(|r| r.reuse = Reuse::Never),
        other(|r| r.authorizations[1].period_from = Some(date(2026, 1, 1))),
        family(1),
    ];
    for second in others {
        assert_eq!(asked_again(request(), second).await, everybody());
    }
    // The date that is today serves whether it is named or not.
    let named = other(|r| r.as_of = Some(date(2026, 11, 22)));
    assert_eq!(asked_again(request(), named).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_some_members_serves_nobody_else_and_one_about_all_no_narrower_letter() {
    let mut narrow = request();
    let departments = DEPARTMENTS.iter().map(|(name, ..)| (*name).to_owned());
    narrow.authorizations[1].departments = departments.filter(|d| d != "housing").collect();
    let expected = BTreeSet::from(["bank".to_owned(), "housing".to_owned()]);
    assert_eq!(asked_again(narrow.clone(), request()).await, expected);
    assert_eq!(asked_again(request(), narrow).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_failure_and_a_cancelled_verification_serve_nobody() {
    let world = World::new();
    world.department("housing").does(|_| Act::Drop);
    world.verify(request()).await;
    world.department("housing").does(|ask| Act::Now(nothing(&ask.query)));
    let second = world.verify(request()).await;
    assert_eq!(world.asked()["housing"], 2);
    assert!(kept(&second).contains("tax") && outcome(&second) == Outcome::Qualifies);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_or_reused_after_the_letters_have_ended() {
    let world = World::new();
    world.verify(request()).await;
    let mut withdrawn = request();
    withdrawn.authorizations[1].ended = Some(hedui_core::authorization::Ended {
        on: date(2026, 11, 22),
        event: hedui_core::authorization::EndEvent::Withdrawn,
    });
    assert_eq!(reason(world.broker.create(create(withdrawn)).await), "NOT_AUTHORIZED");
    // The letters end while the ASKED frame is being written.
    let world = World::through(|inner, clock| {
        let before: BeforeAppend = Box::new(move |frame| {
            if frame.kind == FrameKind::Asked {
                clock.advance(4 * DAY_MS);
            }
            Ok(())
        });
        Arc::new(Hooked { inner, before })
    });
    let ended = world.verify(request()).await;
    assert_eq!(
        (ended.state, ended.failure.as_deref()),
        (State::Failed, Some("AUTHORIZATION_ENDED"))
    );
    assert_eq!(world.questions(), 0);
    assert!(report(&ended).verdicts.is_empty());
    for line in &report(&ended).departments {
        assert!(line.subjects.iter().all(|s| s.state == "NOT_AUTHORIZED") && line.asked_at_ms == 0);
    }
    assert_eq!(world.frames(ended.case).await, [FrameKind::Asked, FrameKind::Verdict]);
}
