//! Departments that misbehave, seen through the whole running broker: real plugins on real ports, each fault over both connectors.
//! Leaves ports by themselves to `hedui-adapter` and scripted ports to `hedui-broker`.

mod bench;
mod laws;
mod line;
mod plugin;

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use hedui_proto::operations::ListDepartmentsRequest;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_proto::verification as pb;
use hedui_sim::population::CheatKind;
use prost::Message as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::support::{outcome, read, verify};
use bench::{Bench, DEPARTMENTS, streamed};
use laws::{
    Faults, check_evidence, check_line, check_silence, check_whole, ends_stream, instead, lost_to_another, unheard,
};
use line::Way;
use plugin::{Fault, Words};

/// Verifies a household while one department has a fault, and checks everything that must hold.
async fn with_fault(bench: &Bench, number: usize, truth: &pb::Verification, faults: &Faults<'_>) -> pb::Verification {
    for (department, fault) in faults {
        bench.plugins[department].fault(bench.key(number), *fault);
    }
    let found = bench.verify(number).await;
    for department in faults.keys() {
        bench.plugins[department].heal();
    }
    check(bench, number, &found, truth, faults).await;
    found
}

async fn check(bench: &Bench, number: usize, found: &pb::Verification, truth: &pb::Verification, faults: &Faults<'_>) {
    for line in &truth.report.as_ref().unwrap().departments {
        let department = line.department.as_str();
        check_line(found, truth, department, faults.get(department).copied());
    }
    check_whole(found, truth);
    let leaves = bench.leaves(&found.name).await;
    check_evidence(bench, found, &leaves);
    check_silence(bench, number, found, leaves);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_no_answer_leaves_the_verdict_open_and_the_other_answers_alone() {
    let bench = Bench::start(41, 60).await;
    let number = bench.plain();
    let truth = bench.verify(number).await;
    assert_eq!(outcome(&truth), pb::Outcome::Qualifies);
    // One over a stream, one with a call each.
    for department in ["housing", "traffic-police"] {
        let stream = streamed(department);
        for fault in Fault::ALL.iter().copied() {
            // Silence takes its time: it has tests of its own.
            if matches!(fault, Fault::Late | Fault::OnlyUnasked) {
                continue;
            }
            let faults = Faults::from([(department, fault)]);
            let found = with_fault(&bench, number, &truth, &faults).await;
            let place = format!("{department}, {fault:?}");
            if instead(fault, stream).is_some() {
                assert_eq!(outcome(&found), pb::Outcome::Inconclusive, "{place}");
                assert_eq!(found.verdicts[0].undecided_by, [department], "{place}");
            } else {
                assert_eq!(outcome(&found), pb::Outcome::Qualifies, "{place}");
            }
            let next = match stream && ends_stream(fault) {
                true => bench.verify_until_well(number).await,
                false => bench.verify(number).await,
            };
            check(&bench, number, &next, &truth, &Faults::new()).await;
        }
    }
}

/// The reasons that stand in a department's line.
fn reasons_of<'a>(found: &'a pb::Verification, department: &str) -> BTreeSet<&'a str> {
    let lines = found.report.iter().flat_map(|r| &r.departments);
    let of = lines.filter(|l| l.department == department).flat_map(|l| &l.subjects);
    of.map(|s| s.failure_reason.as_str()).collect()
}

/// Starts a verification and gives its name.
async fn begin(bench: &Bench, request: pb::CreateVerificationRequest) -> String {
    let mut client = bench.district.client.clone();
    let created = client.create_verification(request).await.unwrap().into_inner();
    created.verification.unwrap().name
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_faulty_answers_hold_would_change_the_verdict_if_it_were_believed() {
    let bench = Bench::start(42, 60).await;
    let number = bench.plain();
    for (department, ..) in DEPARTMENTS {
        bench.plugins[department].fault(bench.key(number), Fault::Lie);
        let found = bench.verify(number).await;
        bench.plugins[department].heal();
        assert_eq!(outcome(&found), pb::Outcome::Exceeds, "{department}");
        assert!(unheard(&found).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_neither_clears_nor_hides_wealth_that_another_department_shows() {
    let bench = Bench::start(43, 250).await;
    let number = bench.first(|t| t.cheats.iter().any(|c| c.kind == CheatKind::Car));
    let truth = bench.verify(number).await;
    assert_eq!(outcome(&truth), pb::Outcome::Exceeds);
    for fault in [
        Fault::Garbage,
        Fault::LeftOut,
        Fault::OtherPerson,
        Fault::Empty,
        Fault::Failure,
    ] {
        let elsewhere = Faults::from([("housing", fault), ("finance-office", fault), ("taxation", fault)]);
        let found = with_fault(&bench, number, &truth, &elsewhere).await;
        assert_eq!(outcome(&found), pb::Outcome::Exceeds, "{fault:?}");
    }
    for fault in [Fault::Garbage, Fault::Empty, Fault::Failure, Fault::Status] {
        let here = Faults::from([("traffic-police", fault)]);
        let found = with_fault(&bench, number, &truth, &here).await;
        assert_eq!(outcome(&found), pb::Outcome::Inconclusive, "{fault:?}");
        assert_eq!(found.verdicts[0].undecided_by, ["traffic-police"], "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_the_deadline_changes_nothing_and_is_nobody_elses() {
    let bench = Bench::start(44, 60).await;
    let (number, other) = (bench.plain(), bench.first(|t| t.number > 30));
    let (truth, others) = (bench.verify(number).await, bench.verify(other).await);
    for (housing, traffic_police) in [(Fault::Late, Fault::Late), (Fault::OnlyUnasked, Fault::OnlyUnasked)] {
        let late = Faults::from([("housing", housing), ("traffic-police", traffic_police)]);
        let found = with_fault(&bench, number, &truth, &late).await;
        assert_eq!(outcome(&found), pb::Outcome::Inconclusive);
        assert_eq!(found.verdicts[0].undecided_by, ["housing", "traffic-police"]);
        bench.plugins["housing"].release().await;
        bench.plugins["traffic-police"].release().await;
        // The answers come on the same stream after the late ones.
        let next = bench.verify(other).await;
        check(&bench, other, &next, &others, &Faults::new()).await;
        assert_eq!(read(&bench.district.client, &found.name).await, found);
        // What came too late is not kept for later either.
        let again = verify(&bench.district.client, bench.district.request(number)).await;
        for line in &again.report.as_ref().unwrap().departments {
            let was_late = late.contains_key(line.department.as_str());
            assert!(!(was_late && line.kept), "{} is kept", line.department);
            check_line(&again, &truth, &line.department, None);
        }
        check_whole(&again, &truth);
    }
}

/// What each department but some said, in bytes, without what names the moment and the place of keeping.
fn others(found: &pb::Verification, without: &Faults<'_>) -> BTreeMap<String, Vec<u8>> {
    let lines = found.report.iter().flat_map(|r| &r.departments);
    let lines = lines.filter(|line| !without.contains_key(line.department.as_str()));
    let said = |line: &pb::DepartmentResult| pb::DepartmentResult {
        asked_at: None,
        answered_at: None,
        evidence: String::new(),
        arrival: 0,
        ..line.clone()
    };
    lines
        .map(|line| (line.department.clone(), said(line).encode_to_vec()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_a_dead_and_two_lying_departments_leave_the_others_as_they_are_and_the_call_in_time() {
    let bench = Bench::start(47, 60).await;
    let number = bench.plain();
    let truth = bench.verify(number).await;
    let faults = Faults::from([
        ("finance-office", Fault::Late),
        ("traffic-police", Fault::Dies),
        ("housing", Fault::OtherPerson),
        ("taxation", Fault::OtherQuery),
    ]);
    for (department, fault) in &faults {
        bench.plugins[department].fault(bench.key(number), *fault);
    }
    // The slow one may take nine seconds by itself; the household has three.
    let request = pb::CreateVerificationRequest {
        deadline: Some(prost_types::Duration { seconds: 3, nanos: 0 }),
        ..bench.request(number)
    };
    let began = tokio::time::Instant::now();
    let found = verify(&bench.district.client, request).await;
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(8), "{took:?}");
    assert!(others(&truth, &faults).len() >= 20);
    assert_eq!(others(&found, &faults), others(&truth, &faults));
    assert_eq!(unheard(&found), faults.keys().copied().collect());
    assert_eq!(outcome(&found), pb::Outcome::Inconclusive);
    assert_eq!(found.verdicts[0].undecided_by.len(), faults.len());
    check_whole(&found, &truth);
    bench.plugins["finance-office"].release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_question_serves_whoever_still_waits_and_nobody_else() {
    let bench = Bench::start(45, 60).await;
    let number = bench.plain();
    let truth = bench.verify(number).await;
    let (slow, before) = (
        &bench.plugins["finance-office"],
        bench.plugins["finance-office"].asked(),
    );
    slow.fault(bench.key(number), Fault::Late);
    let patient = begin(&bench, bench.request(number)).await;
    slow.was_asked(before + 1).await;
    slow.heal();
    let impatient = pb::CreateVerificationRequest {
        conflict_policy: pb::ConflictPolicy::RunBoth.into(),
        deadline: Some(prost_types::Duration {
            seconds: 0,
            nanos: 500_000_000,
        }),
        ..bench.request(number)
    };
    let early = verify(&bench.district.client, impatient).await;
    assert_eq!(slow.asked(), before + 1, "the question was asked twice");
    assert!(unheard(&early).contains("finance-office"));
    assert_eq!(outcome(&early), pb::Outcome::Inconclusive);
    slow.release().await;
    let whole = read(&bench.district.client, &patient).await;
    assert!(unheard(&whole).is_empty(), "{:?}", unheard(&whole));
    assert_eq!(outcome(&whole), pb::Outcome::Exceeds, "what was held back is the worst");
    assert_eq!(read(&bench.district.client, &early.name).await, early);
    let next = bench.verify(number).await;
    check(&bench, number, &next, &truth, &Faults::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_exchanged_between_households_are_nobodys() {
    let bench = Bench::start(46, 60).await;
    let numbers = [bench.plain(), bench.first(|t| t.number > 30)];
    let truths = [bench.verify(numbers[0]).await, bench.verify(numbers[1]).await];
    for department in ["housing", "finance-office"] {
        for fault in [Fault::Exchanged, Fault::ExchangedInDisguise] {
            for number in numbers {
                bench.plugins[department].fault(bench.key(number), fault);
            }
            let found = futures::future::join(bench.verify(numbers[0]), bench.verify(numbers[1])).await;
            bench.plugins[department].heal();
            let faults = Faults::from([(department, fault)]);
            check(&bench, numbers[0], &found.0, &truths[0], &faults).await;
            check(&bench, numbers[1], &found.1, &truths[1], &faults).await;
            for ((number, found), other) in numbers.iter().zip([&found.0, &found.1]).zip([numbers[1], numbers[0]]) {
                let leaves = bench.leaves(&found.name).await;
                check_silence(&bench, other, found, leaves);
                let next = bench.verify(*number).await;
                assert!(unheard(&next).is_empty());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_goes_away_and_comes_back_is_asked_again() {
    let bench = Bench::start(47, 60).await;
    let number = bench.plain();
    let truth = bench.verify(number).await;
    for department in ["housing", "traffic-police"] {
        for way in [Way::Cut, Way::Garbled] {
            let (plugin, line) = (&bench.plugins[department], &bench.lines[department]);
            let before = plugin.asked();
            plugin.fault(bench.key(number), Fault::Late);
            let name = begin(&bench, bench.request(number)).await;
            plugin.was_asked(before + 1).await;
            line.set(way);
            plugin.heal();
            let cut = read(&bench.district.client, &name).await;
            let gone = bench.verify(number).await;
            // What is asked while nobody is there finds that out itself, or is told so at once.
            let reasons: [&[&str]; 2] = [&["CONNECTION_LOST"], &["CONNECT_FAILED", "CONNECTION_LOST"]];
            for (found, reasons) in [cut, gone].into_iter().zip(reasons) {
                let said = reasons_of(&found, department);
                let place = format!("{department}, {way:?}: {said:?}");
                assert!(said.len() == 1 && said.iter().all(|r| reasons.contains(r)), "{place}");
                check_whole(&found, &truth);
                assert_eq!(unheard(&found), BTreeSet::from([department]), "{place}");
                assert_eq!(outcome(&found), pb::Outcome::Inconclusive, "{place}");
                assert_eq!(found.verdicts[0].undecided_by, [department], "{place}");
                let leaves = bench.leaves(&found.name).await;
                check_evidence(&bench, &found, &leaves);
                check_silence(&bench, number, &found, leaves);
            }
            line.set(Way::Open);
            plugin.release().await;
            let next = bench.verify_until_well(number).await;
            check(&bench, number, &next, &truth, &Faults::new()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_words_of_a_department_name_anybody() {
    let bench = Bench::start(48, 60).await;
    let number = bench.plain();
    let truth = bench.verify(number).await;
    let words: [Words; 5] = [
        |name, id| format!("no access to {name} {id}"),
        |name, _| format!("张三、{name}、李四"),
        |_, id| format!("ERR:{id}:409"),
        |_, id| format!("select * from r where sfzh='{}'", id.to_lowercase()),
        |_, id| format!("ID_{id}"),
    ];
    for department in ["housing", "traffic-police"] {
        for words in words {
            bench.plugins[department].say(words);
            for fault in [Fault::Status, Fault::Failure, Fault::Notes, Fault::FailureBesideFound] {
                let faults = Faults::from([(department, fault)]);
                let found = with_fault(&bench, number, &truth, &faults).await;
                if fault == Fault::Notes {
                    let notes = &subject(&found, department).notes;
                    assert_eq!(notes.len(), 3, "{notes:?}");
                    assert_eq!(
                        notes[1], "amounts are those of October",
                        "a note that names nobody is kept"
                    );
                }
                if streamed(department) && ends_stream(fault) {
                    bench.verify_until_well(number).await;
                }
            }
        }
    }
    // What an operator sees of the same departments.
    let mut operator = OperationsServiceClient::connect(bench.district.address())
        .await
        .unwrap();
    let request = ListDepartmentsRequest { check: true };
    let listed = operator
        .list_departments(request)
        .await
        .unwrap()
        .into_inner()
        .departments;
    let text = format!("{listed:?}");
    for personal in bench.personal(number) {
        assert!(!text.contains(&personal), "the operator is shown personal data");
    }
    let failed = listed.iter().filter(|d| d.failed > 0).map(|d| d.id.as_str());
    assert_eq!(failed.collect::<Vec<_>>(), ["housing", "traffic-police"]);
}

/// What a department's line says of the first person.
fn subject<'a>(found: &'a pb::Verification, department: &str) -> &'a pb::SubjectResult {
    let lines = &found.report.as_ref().unwrap().departments;
    &lines.iter().find(|l| l.department == department).unwrap().subjects[0]
}

/// Prints the seed when the test fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was {}", self.0);
        }
    }
}

/// Draws the faults of one verification.
fn draw(rng: &mut StdRng) -> Faults<'static> {
    let mut faults = Faults::new();
    for (department, _, deadline) in DEPARTMENTS {
        let fault = *Fault::ALL.choose(rng).unwrap();
        // Only short silences: the test waits for them.
        let silent = matches!(fault, Fault::Late | Fault::OnlyUnasked);
        if rng.random_bool(0.4) && (!silent || deadline == "2s") {
            faults.insert(department, fault);
        }
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_where_the_laws_hold() {
    const IN_FLIGHT: usize = 6;
    let seed = Seed(20_261_120);
    let mut rng = StdRng::seed_from_u64(seed.0);
    let bench = Bench::start(49, 60).await;
    let mut truths = Vec::new();
    for number in 0..30 {
        truths.push(bench.verify(number).await);
    }
    let (mut drawn, mut outcomes) = (BTreeSet::new(), BTreeSet::new());
    let mut streams_ended = BTreeSet::new();
    for wave in (0..30).collect::<Vec<usize>>().chunks(IN_FLIGHT) {
        let faults: Vec<Faults<'_>> = wave.iter().map(|_| draw(&mut rng)).collect();
        for (number, faults) in wave.iter().zip(&faults) {
            eprintln!("household {number}: {faults:?}");
            for (department, fault) in faults {
                drawn.insert((*department, *fault));
                bench.plugins[department].fault(bench.key(*number), *fault);
                if streamed(department) && ends_stream(*fault) {
                    streams_ended.insert(*department);
                }
            }
        }
        let found: Vec<_> = futures::stream::iter(wave.iter().map(|n| bench.verify(*n)))
            .buffered(IN_FLIGHT)
            .collect()
            .await;
        for ((number, faults), found) in wave.iter().zip(&faults).zip(&found) {
            let truth = &truths[*number];
            outcomes.insert(outcome(found));
            for line in &truth.report.as_ref().unwrap().departments {
                let department = line.department.as_str();
                // A stream that one question ends takes the others on it along.
                if !(streams_ended.contains(department) && lost_to_another(found, department)) {
                    check_line(found, truth, department, faults.get(department).copied());
                }
            }
            check_whole(found, truth);
            let leaves = bench.leaves(&found.name).await;
            check_evidence(&bench, found, &leaves);
            for other in wave {
                check_silence(&bench, *other, found, leaves.clone());
            }
        }
        for plugin in bench.plugins.values() {
            plugin.heal();
            // The late answers come between those of the next wave.
            plugin.release().await;
        }
    }
    for number in [0, 7, 19] {
        let next = bench.verify_until_well(number).await;
        check(&bench, number, &next, &truths[number], &Faults::new()).await;
    }
    assert!(
        drawn.len() > 20 && !streams_ended.is_empty(),
        "too few faults to tell anything"
    );
    assert_eq!(outcomes.len(), 3, "{outcomes:?}");
    drop(seed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_or_name_written_with_gaps_or_wide_digits_is_withheld_too() {
    let bench = Bench::start(48, 60).await;
    let number = bench.plain();
    let words: [(&str, Words); 5] = [
        ("gaps", |_, id| format!("no {} {} {}", &id[..6], &id[6..14], &id[14..])),
        ("hyphens", |_, id| {
            format!("no {}-{}-{}", &id[..6], &id[6..14], &id[14..])
        }),
        ("wide digits", |_, id| {
            let wide = |c: char| char::from_u32(c as u32 + 0xFEE0).unwrap();
            id.chars().map(wide).collect()
        }),
        ("a name with a gap", |name, _| {
            let mut rest = name.chars();
            let first = rest.next().unwrap();
            format!("{first} {}", rest.collect::<String>())
        }),
        ("birth date and sequence hidden in stars", |_, id| {
            format!("{}****", &id[..14])
        }),
    ];
    let mut shown = Vec::new();
    for (what, words) in words {
        for fault in [Fault::Failure, Fault::Notes] {
            bench.plugins["housing"].say(words);
            bench.plugins["housing"].fault(bench.key(number), fault);
            let found = bench.verify(number).await;
            let said = subject(&found, "housing");
            let withheld = |text: &String| text.starts_with("(withheld") || text.starts_with("amounts");
            let texts = said
                .notes
                .iter()
                .chain((fault == Fault::Failure).then_some(&said.failure_message));
            if !texts.into_iter().all(withheld) {
                shown.push((what, fault));
            }
        }
    }
    assert!(shown.is_empty(), "shown in the report: {shown:?}");
}
