//! What departments do and what the report makes of it: every way of misbehaving has its state, and touches nobody else's.
//! Leaves when a verification ends to `ending`.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use hedui_adapter::port::{Reply, ReplySink};
use hedui_adapter::wire::encode_answer;
use hedui_core::{AnswerState, Failure, FailureClass, FailureOrigin, Outcome, Query, SubjectAnswer, Unreachable};
use proptest::prelude::*;

use super::support::*;
use crate::{Request, State};

#[tokio::test(start_paused = true)]
async fn a_household_without_anything_qualifies_and_one_with_a_car_exceeds() {
    let world = World::new();
    let poor = world.verify(request()).await;
    assert_eq!(outcome(&poor), Outcome::Qualifies);
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    world.clock.advance(DAY_MS);
    let rich = world.verify(request()).await;
    assert_eq!(outcome(&rich), Outcome::Exceeds);
}

/// The usual household, asking for programmes that its letters allow.
fn asking_for(programmes: &[String]) -> Request {
    let mut request = request();
    request.programmes = programmes.to_vec();
    for letter in &mut request.authorizations {
        letter.programmes = programmes.to_vec();
    }
    request
}

#[tokio::test(start_paused = true)]
async fn a_programme_that_reads_no_register_asks_nobody_and_is_judged_by_papers() {
    let world = World::new();
    let mut stated = asking_for(&["family-counselling".to_owned()]);
    assert_eq!(outcome(&world.verify(stated.clone()).await), Outcome::Exceeds);
    let dispute = paper(hedui_core::Circumstance::FamilyDispute, "调解申请");
    stated.household.members[1].circumstances.push(dispute);
    assert_eq!(outcome(&world.verify(stated).await), Outcome::Qualifies);
    assert_eq!(world.questions(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_verification_judges_every_programme_of_a_district_and_asks_each_department_once() {
    let world = World::new();
    let set = packs();
    let here = set.packs().iter().filter(|pack| pack.jurisdiction() == DISTRICT);
    let programmes: BTreeSet<String> = here.map(|pack| pack.programme().to_string()).collect();
    // The fortieth of Dachuan gives way to the one that these tests add.
    let programmes: Vec<String> = programmes.into_iter().filter(|p| p != "adolescent-help").collect();
    assert_eq!(programmes.len(), 40);
    let verification = world.verify(asking_for(&programmes)).await;
    let judged: Vec<String> = report(&verification)
        .verdicts
        .iter()
        .map(|v| v.programme.to_string())
        .collect();
    assert_eq!(judged, programmes);
    assert!(world.asked().values().all(|times| *times <= 1));
}

/// A reply to another question, or about another person.
fn about(query: &Query, change: impl Fn(&mut Query)) -> Reply {
    let mut other = query.clone();
    change(&mut other);
    nothing(&other)
}

fn twice(query: &Query) -> Reply {
    let answers: Vec<SubjectAnswer> = query
        .subjects
        .iter()
        .chain(query.subjects.first())
        .map(|s| SubjectAnswer::of(s.ordinal, AnswerState::NoRecord))
        .collect();
    Reply::Wire(encode_answer(query, &answers))
}

fn out_of_order() -> Reply {
    let failure = Failure {
        class: FailureClass::System,
        origin: FailureOrigin::Department,
        reason: "SOURCE_DOWN".to_owned(),
        message: "the source is down".to_owned(),
    };
    Reply::Failed(Unreachable::Failed, failure)
}

#[tokio::test(start_paused = true)]
async fn each_way_of_misbehaving_has_its_state_and_changes_no_other_answer() {
    type Misbehaviour = fn(&hedui_adapter::port::Ask) -> Act;
    let ways: &[(&str, Misbehaviour, [&str; 3])] = &[
        ("silent", |_| Act::Hold, ["UNREACHABLE:timeout"; 3]),
        ("lost", |_| Act::Drop, ["UNREACHABLE:failed"; 3]),
        ("panic", |_| Act::Panic, ["UNREACHABLE:failed"; 3]),
        ("failed", |_| Act::Now(out_of_order()), ["UNREACHABLE:failed"; 3]),
        (
            "garbage",
            |_| Act::Now(Reply::Wire(Bytes::from_static(b"\xff\xfe<html>"))),
            ["UNREACHABLE:failed"; 3],
        ),
        (
            "empty",
            |_| Act::Now(Reply::Wire(Bytes::new())),
            ["UNREACHABLE:failed"; 3],
        ),
        (
            "wrong query",
            |ask| Act::Now(about(&ask.query, |q| q.query_id = "0".repeat(32))),
            ["UNREACHABLE:failed"; 3],
        ),
        (
            "wrong person",
            |ask| Act::Now(about(&ask.query, |q| q.subjects[1].id = q.subjects[0].id)),
            ["NO_RECORD", "UNREACHABLE:failed", "NO_RECORD"],
        ),
        (
            "missing person",
            |ask| Act::Now(about(&ask.query, |q| q.subjects.truncate(2))),
            ["NO_RECORD", "NO_RECORD", "UNREACHABLE:failed"],
        ),
        (
            "twice",
            |ask| Act::Now(twice(&ask.query)),
            ["UNREACHABLE:failed", "NO_RECORD", "NO_RECORD"],
        ),
        (
            "found",
            |ask| Act::Now(holds(&ask.query, &[flat(1)])),
            ["FOUND", "NO_RECORD", "NO_RECORD"],
        ),
    ];
    for (way, act, expected) in ways {
        let world = World::new();
        world.department("housing").does(act);
        let started = tokio::time::Instant::now();
        let ended = world.verify(request()).await;
        assert_eq!(ended.state, State::Succeeded, "{way}");
        assert!(started.elapsed() <= Duration::from_millis(2_001), "{way}");
        assert_eq!(states(report(&ended), "housing"), *expected, "{way}");
        for (name, ..) in DEPARTMENTS.iter().filter(|(name, ..)| *name != "housing") {
            assert_eq!(states(report(&ended), name), [usually(name); 3], "{way}: {name}");
        }
        let expected = if *way == "found" {
            Outcome::Qualifies
        } else {
            Outcome::Inconclusive
        };
        assert_eq!(outcome(&ended), expected, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_and_a_second_one_change_nothing() {
    let world = World::new();
    world.department("housing").holds();
    let case = world.begin(request()).await;
    settle().await;
    let run = world.broker.core().running.get(&case).map(|r| r.clone()).unwrap();
    // Only a port that breaks its contract can reply twice.
    let tax = DEPARTMENTS.iter().position(|(name, ..)| *name == "tax").unwrap();
    let query = world.department("tax").asked()[0].query.clone();
    run.collector.reply(tax as u32, holds(&query, &[flat(9)]));
    assert_eq!(run.collector.arrivals(), 9);
    let ended = world.end(case).await;
    assert_eq!(states(report(&ended), "tax"), ["NO_RECORD"; 3]);
    assert_eq!(states(report(&ended), "housing"), ["UNREACHABLE:timeout"; 3]);
    let before = world.bytes().await;
    world
        .department("housing")
        .replies(|q| holds(q, &[flat(1), flat(2), flat(3)]));
    settle().await;
    assert_eq!(run.collector.arrivals(), 10);
    assert_eq!(world.bytes().await, before);
    assert_eq!(run.snapshot().report, ended.report);
}

#[tokio::test(start_paused = true)]
async fn each_department_has_its_own_deadline_within_that_of_the_request() {
    let world = World::new();
    for name in ["bank", "housing", "land"] {
        world.department(name).holds();
    }
    let started = tokio::time::Instant::now();
    let ended = world
        .verify(crate::Request {
            deadline_ms: Some(1_500),
            ..request()
        })
        .await;
    assert_eq!(started.elapsed(), Duration::from_millis(1_500));
    for name in ["bank", "housing", "land"] {
        assert_eq!(states(report(&ended), name), ["UNREACHABLE:timeout"; 3]);
        // The word of the ports, whose timers may ring first.
        let line = report(&ended)
            .departments
            .iter()
            .find(|l| l.department.as_str() == name);
        for subject in &line.unwrap().subjects {
            assert_eq!(subject.failure, Some(hedui_adapter::Reason::DeadlineExceeded.failure()));
        }
    }
    let given = |name: &str| world.department(name).asked()[0].timeout.as_millis();
    assert_eq!((given("bank"), given("housing"), given("land")), (1_500, 1_500, 1_000));
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_a_member_whom_nobody_asked_about_is_not_looked_at() {
    let world = World::new();
    world.department("housing").does(|ask| {
        let answers = (0..3).map(|o| SubjectAnswer::of(o, AnswerState::NoRecord)).collect();
        Act::Now(Reply::Answers(
            answers,
            encode_answer(&ask.query, &[SubjectAnswer::of(0, AnswerState::NoRecord)]),
        ))
    });
    let mut narrow = request();
    narrow.authorizations[1].departments = vec!["bank".to_owned()];
    let ended = world.verify(narrow).await;
    assert_eq!(
        states(report(&ended), "housing"),
        ["NO_RECORD", "NOT_AUTHORIZED", "NO_RECORD"]
    );
    let asked = world.department("housing").asked()[0].query.clone();
    assert_eq!(asked.subjects.iter().map(|s| s.ordinal).collect::<Vec<_>>(), [0, 2]);
}

fn replying(choice: u8) -> impl Fn(&Query) -> Reply {
    move |query| match choice {
        0 => nothing(query),
        1 => holds(query, &[car()]),
        2 => holds(query, &[flat(1)]),
        3 => holds(query, &[flat(1), flat(2)]),
        4 => holds(query, &[deposit(1_000)]),
        _ => holds(query, &[deposit(10_000_000)]),
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(future)
}

async fn judged(choices: &[u8], silent: &BTreeSet<usize>) -> Outcome {
    let world = World::new();
    for (at, ((name, types, ..), choice)) in DEPARTMENTS.iter().zip(choices).enumerate() {
        let choice = match types[0] {
            hedui_core::RecordType::Vehicle => choice % 2,
            hedui_core::RecordType::RealEstate => [0, 2, 3][usize::from(choice % 3)],
            hedui_core::RecordType::FinancialAsset => [0, 4, 5][usize::from(choice % 3)],
            _ => 0,
        };
        let (reply, is_silent) = (replying(choice), silent.contains(&at));
        world.department(name).does(move |ask| match is_silent {
            true => Act::Hold,
            false if choice == 0 => Act::Now(usual(name, &ask.query)),
            false => Act::Now(reply(&ask.query)),
        });
    }
    outcome(&world.verify(request()).await)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn silence_never_makes_a_household_exceed_or_qualify(
        choices in proptest::collection::vec(0u8..6, DEPARTMENTS.len()),
        silent in proptest::collection::btree_set(0..DEPARTMENTS.len(), 1..6),
    ) {
        let (whole, parted) = run(async { (judged(&choices, &BTreeSet::new()).await, judged(&choices, &silent).await) });
        prop_assert_ne!(whole, Outcome::Inconclusive);
        prop_assert!(parted == whole || parted == Outcome::Inconclusive, "{:?} became {:?}", whole, parted);
        // What somebody may own is open as long as the register of it keeps silent.
        let registers = ["bank", "housing", "tax", "vehicles"];
        let owning = silent.iter().any(|at| DEPARTMENTS.get(*at).is_some_and(|(name, ..)| registers.contains(name)));
        prop_assert!(!owning || parted != Outcome::Qualifies);
    }
}
