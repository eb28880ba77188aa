//! Departments that misbehave, seen through the whole running broker: real plugins on real ports, each fault over both connectors.
//! Leaves ports by themselves to `hedui-adapter` and scripted ports to `hedui-broker`.

mod bench;
mod laws;
mod line;
mod plugin;

use hedui_proto::verification as pb;

use crate::support::outcome;
use bench::{Bench, streamed};
use laws::{Faults, check_evidence, check_line, check_silence, check_whole, ends_stream, instead};
use plugin::Fault;

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
