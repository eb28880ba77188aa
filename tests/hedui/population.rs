//! A district of 2,000 households whose truth is known: every planted case is found, no honest household is denied, and silence denies nobody.
//! Leaves the truth to `hedui-sim`.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt as _;
use hedui_core::DepartmentId;
use hedui_proto::verification as pb;
use hedui_sim::population::{CheatKind, Standing, Truth};
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::support::{Away, District, outcome};

/// Households in flight: more would only wait for the sources.
const IN_FLIGHT: usize = 32;

async fn verify_all(district: &Arc<District>, numbers: Vec<usize>) -> Vec<(usize, pb::Verification)> {
    let jobs = numbers.into_iter().map(|n| {
        let district = Arc::clone(district);
        async move { (n, district.verify(n).await) }
    });
    futures::stream::iter(jobs).buffer_unordered(IN_FLIGHT).collect().await
}

/// Whether the report shows what is hidden: a failed test or a finding about it.
fn shows(verification: &pb::Verification, kind: CheatKind) -> bool {
    let report = verification.report.as_ref().unwrap();
    let finding = |codes: &[&str]| report.findings.iter().any(|f| codes.contains(&f.code.as_str()));
    let least = |name: &str| {
        let figure = report.figures.iter().find(|f| f.name == name).unwrap();
        figure.bounds.as_ref().and_then(|b| b.lo).unwrap_or(0)
    };
    match kind {
        CheatKind::Car => least("vehicles") > 0,
        CheatKind::SecondFlat => least("dwellings") > 1,
        CheatKind::Business => finding(&["BUSINESS_REGISTRATION"]),
        CheatKind::UndeclaredSpouse => finding(&["UNDECLARED_SPOUSE"]),
        CheatKind::Deposits => least("assets.financial") > 0 && finding(&["DECLARED_DIFFERS"]),
    }
}

fn describe(truth: &Truth, verification: &pb::Verification) -> String {
    let verdict = &verification.verdicts[0];
    let failed: Vec<&str> = verdict
        .tests
        .iter()
        .filter(|t| t.result() != pb::Truth::Holds)
        .map(|t| t.name.as_str())
        .collect();
    format!(
        "household {} {:?}: {:?}, tests {failed:?}, by {:?}, because {:?}\n{}",
        truth.number,
        truth,
        verdict.outcome(),
        verdict.undecided_by,
        verdict.undecided_because,
        verdict
            .trace
            .iter()
            .map(|s| format!("{} {:?} = {} [{}]", s.name, s.subject, s.value, s.numbers))
            .collect::<Vec<_>>()
            .join("\n")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_planted_case_is_found_and_no_honest_household_is_denied() {
    let district = Arc::new(District::unhurried(2_026, 2_000).await);
    let verified = verify_all(&district, (0..district.population.households.len()).collect()).await;
    let (mut planted, mut qualified) = (0, 0);
    for (number, verification) in &verified {
        let truth = &district.population.households[*number];
        let found = outcome(verification);
        let text = describe(truth, verification);
        for cheat in &truth.cheats {
            planted += 1;
            assert!(shows(verification, cheat.kind), "{:?} is not shown: {text}", cheat.kind);
            assert_ne!(found, pb::Outcome::Qualifies, "wealth is hidden: {text}");
        }
        if truth.cheats.is_empty() && truth.standing != Standing::Above {
            assert_ne!(found, pb::Outcome::Exceeds, "an honest household is denied: {text}");
        }
        if truth.cheats.is_empty() && truth.oddities.is_empty() && truth.standing == Standing::Below {
            assert_eq!(found, pb::Outcome::Qualifies, "nothing stands in the way: {text}");
            qualified += 1;
        }
    }
    assert!(
        planted >= 80,
        "the district has too few cheats to tell anything: {planted}"
    );
    assert!(
        qualified >= 500,
        "the district has too few plain cases to tell anything: {qualified}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_denies_no_honest_household_and_is_named() {
    let district = Arc::new(District::unhurried(77, 150).await);
    let files = district.files();
    let mut rng = StdRng::seed_from_u64(4);
    let honest: Vec<usize> = (0..district.population.households.len())
        .filter(|n| {
            let truth = &district.population.households[*n];
            truth.cheats.is_empty() && truth.standing != Standing::Above
        })
        .collect();
    for round in 0..12 {
        let count = rng.random_range(1..=files.len());
        let silent: BTreeSet<&DepartmentId> = files.keys().sample(&mut rng, count).into_iter().collect();
        let _away = Away::these(silent.iter().map(|d| &files[*d]));
        let numbers = honest.iter().copied().sample(&mut rng, 25);
        for (number, verification) in verify_all_fresh(&district, numbers).await {
            let text = describe(&district.population.households[number], &verification);
            let verdict = &verification.verdicts[0];
            assert_ne!(
                verdict.outcome(),
                pb::Outcome::Exceeds,
                "round {round}, silent {silent:?}: {text}"
            );
            let report = verification.report.as_ref().unwrap();
            let mut unheard: BTreeSet<&str> = BTreeSet::new();
            for line in &report.departments {
                let is_silent = silent.iter().any(|d| d.as_str() == line.department);
                for subject in line.subjects.iter().filter(|s| s.state() != pb::AnswerState::NotAsked) {
                    let unreachable = subject.state() == pb::AnswerState::Unreachable;
                    // One that was silent in earlier rounds may not be asked yet: that is silence too, and says so.
                    let resting = subject.cause() == pb::UnreachableCause::Breaker;
                    assert!(
                        unreachable || !is_silent,
                        "{}: {subject:?}, round {round}",
                        line.department
                    );
                    assert!(
                        is_silent || resting || !unreachable,
                        "{}: {subject:?}, round {round}",
                        line.department
                    );
                    if unreachable {
                        unheard.insert(line.department.as_str());
                    }
                }
            }
            if verdict.outcome() == pb::Outcome::Inconclusive {
                let names: BTreeSet<&str> = verdict.undecided_by.iter().map(String::as_str).collect();
                assert!(
                    names.is_subset(&unheard),
                    "departments that answered are named: {names:?}, round {round}: {text}"
                );
                assert!(
                    !names.is_empty() || !verdict.undecided_because.is_empty() || open(verdict),
                    "nobody is named: {text}"
                );
            }
        }
    }
}

/// Whether a test of the verdict is open for a finding.
fn open(verdict: &pb::Verdict) -> bool {
    verdict.tests.iter().any(|t| !t.open.is_empty())
}

/// Never from kept answers: those would hide the silence.
async fn verify_all_fresh(district: &Arc<District>, numbers: Vec<usize>) -> Vec<(usize, pb::Verification)> {
    let jobs = numbers.into_iter().map(|n| {
        let district = Arc::clone(district);
        async move {
            let request = pb::CreateVerificationRequest {
                reuse: pb::Reuse::Never.into(),
                ..district.request(n)
            };
            (n, crate::support::verify(&district.client, request).await)
        }
    });
    futures::stream::iter(jobs).buffer_unordered(8).collect().await
}
