//! The drift watch of a running server: a real register that changes under it, the alarm, the open verdicts, and the operator who ends it.
//! Leaves when a change is a drift to `hedui-core`, and what a restart keeps of the counts to the broker's own tests.

use std::collections::BTreeSet;

use hedui_core::drift::DriftLimits;
use hedui_proto::operations as pb;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_proto::verification as wire;
use hedui_server::cli::Exit;
use hedui_sim::generate;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

use crate::support::{District, hedui, outcome, settings, unhurried};

/// The register that changes, and its table.
const REGISTER: &str = "public-security";
const HOUSEHOLDS: u32 = 30;

async fn district() -> District {
    District::of(generate(&settings(23, HOUSEHOLDS)).unwrap(), |config| {
        unhurried(config);
        config.drift = DriftLimits {
            block_persons: 20,
            ..DriftLimits::default()
        };
    })
    .await
}

/// What the office does to its own register.
fn at_the_office(district: &District, statement: &str) {
    let path = &district.files()[&hedui_core::DepartmentId::new(REGISTER).unwrap()];
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(statement).unwrap();
}

/// Asks every department anew.
async fn verify(district: &District, number: usize) -> wire::Verification {
    let request = wire::CreateVerificationRequest {
        reuse: wire::Reuse::Never.into(),
        ..district.request(number)
    };
    crate::support::verify(&district.client, request).await
}

/// The departments that the report says do not answer as they used to.
fn in_doubt(verification: &wire::Verification) -> BTreeSet<String> {
    let findings = verification.report.as_ref().unwrap().findings.iter();
    let drifting = findings.filter(|finding| finding.code == "DEPARTMENT_DRIFTS");
    drifting.flat_map(|finding| finding.departments.clone()).collect()
}

/// What the register said of each member.
fn states(verification: &wire::Verification) -> BTreeSet<&'static str> {
    let report = verification.report.as_ref().unwrap();
    let register = report.departments.iter().find(|d| d.department == REGISTER).unwrap();
    register.subjects.iter().map(|s| s.state().as_str_name()).collect()
}

async fn operations(district: &District) -> OperationsServiceClient<Channel> {
    OperationsServiceClient::connect(district.address()).await.unwrap()
}

async fn told(district: &District) -> pb::Department {
    let request = pb::ListDepartmentsRequest { check: true };
    let listed = operations(district).await.list_departments(request).await.unwrap();
    let mut listed = listed.into_inner().departments.into_iter();
    listed.find(|department| department.id == REGISTER).unwrap()
}

/// Kinds of drift for which the alarm is set.
async fn alarms(district: &District) -> Vec<String> {
    let request = pb::GetMetricsRequest::default();
    let metrics = operations(district)
        .await
        .get_metrics(request)
        .await
        .unwrap()
        .into_inner();
    let set = metrics
        .gauges
        .into_iter()
        .filter(|gauge| gauge.name == "departments_drift" && gauge.value > 0);
    set.map(|gauge| gauge.reason).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_suddenly_knows_nobody_decides_nothing_until_an_operator_has_looked() {
    let mut district = district().await;
    let mut qualifies = None;
    for number in 0..HOUSEHOLDS as usize {
        let verification = verify(&district, number).await;
        assert_eq!(in_doubt(&verification), BTreeSet::new(), "household {number}");
        if outcome(&verification) == wire::Outcome::Qualifies {
            qualifies = qualifies.or(Some(number));
        }
    }
    let household = qualifies.expect("a household of the district qualifies");
    assert_eq!(
        (alarms(&district).await, told(&district).await.drifts),
        (vec![], vec![])
    );

    // The office loads its table anew, and every number has a blank behind it: nobody is found, and no query fails.
    at_the_office(&district, "UPDATE czrk_jbxx SET gmsfhm = gmsfhm || ' '");
    let mut asked = 0;
    let first = loop {
        let verification = verify(&district, asked % HOUSEHOLDS as usize).await;
        assert_eq!(states(&verification), BTreeSet::from(["ANSWER_STATE_NO_RECORD"]));
        if in_doubt(&verification).contains(REGISTER) {
            break verification;
        }
        asked += 1;
        assert!(asked < HOUSEHOLDS as usize, "nobody is told");
    };
    assert_eq!(
        outcome(&first),
        wire::Outcome::Inconclusive,
        "the household that completes the block is judged with care"
    );
    assert_eq!(alarms(&district).await, ["NO_RECORD_SHARE"]);
    let drifts = told(&district).await.drifts;
    let kinds: Vec<&str> = drifts.iter().map(|drift| drift.kind.as_str()).collect();
    assert_eq!(kinds, ["NO_RECORD_SHARE"]);
    assert!(drifts[0].before < 500 && drifts[0].now == 1_000, "{drifts:?}");
    assert_eq!(
        outcome(&verify(&district, household).await),
        wire::Outcome::Inconclusive
    );

    // Neither a restart nor a repair in silence ends it.
    district.restart().await;
    assert_eq!(told(&district).await.drifts, drifts);
    at_the_office(&district, "UPDATE czrk_jbxx SET gmsfhm = trim(gmsfhm)");
    let still = verify(&district, household).await;
    assert_eq!(states(&still), BTreeSet::from(["ANSWER_STATE_FOUND"]));
    assert_eq!(
        (in_doubt(&still), outcome(&still)),
        (BTreeSet::from([REGISTER.to_owned()]), wire::Outcome::Inconclusive)
    );
    assert!(
        still.verdicts[0]
            .undecided_because
            .iter()
            .any(|why| why == "DEPARTMENT_DRIFTS"),
        "{:?}",
        still.verdicts[0].undecided_because
    );

    let address = district.address();
    let accept = [
        "hedui",
        "departments",
        "accept-drift",
        REGISTER,
        "--reason",
        "numbers had blanks; loaded again",
        "--server",
        &address,
    ];
    assert_eq!(hedui(accept.map(str::to_owned).to_vec()).await, Exit::Success);
    assert_eq!(
        (alarms(&district).await, told(&district).await.drifts),
        (vec![], vec![])
    );
    let accepted = told(&district).await.accepted_drift.unwrap();
    assert_eq!(accepted.reason, "numbers had blanks; loaded again");
    let after = verify(&district, household).await;
    assert_eq!(
        (in_doubt(&after), outcome(&after)),
        (BTreeSet::new(), wire::Outcome::Qualifies)
    );
    let again = pb::AcceptDriftRequest {
        department: REGISTER.to_owned(),
        reason: "again".to_owned(),
    };
    let refused = operations(&district).await.accept_drift(again).await.unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "NO_DRIFT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_vanishes_fails_by_its_name_and_is_never_no_record() {
    let district = district().await;
    let households = 0..HOUSEHOLDS as usize;
    let mut before = Vec::new();
    for number in households.clone() {
        before.push(outcome(&verify(&district, number).await));
    }
    let household = households
        .into_iter()
        .find(|n| before[*n] == wire::Outcome::Qualifies)
        .unwrap();
    at_the_office(&district, "ALTER TABLE czrk_jbxx RENAME COLUMN hkzt TO hjzt");
    let verification = verify(&district, household).await;
    assert_eq!(states(&verification), BTreeSet::from(["ANSWER_STATE_UNREACHABLE"]));
    let report = verification.report.as_ref().unwrap();
    let register = report.departments.iter().find(|d| d.department == REGISTER).unwrap();
    assert!(
        register
            .subjects
            .iter()
            .all(|s| s.failure_reason == "SOURCE_MISSING" && s.failure_message.contains("column hkzt")),
        "{register:?}"
    );
    // What it is open on, the pack says: whoever is silent may hold nothing that it needs of this household.
    assert_ne!(
        outcome(&verification),
        wire::Outcome::Exceeds,
        "nobody is refused for it"
    );
    let checks = told(&district).await.checks;
    assert!(checks.iter().any(|check| check.contains("column hkzt")), "{checks:?}");
    // Who does not answer says nothing of how it answers.
    assert_eq!(told(&district).await.drifts, []);
    at_the_office(&district, "ALTER TABLE czrk_jbxx RENAME COLUMN hjzt TO hkzt");
    assert_eq!(outcome(&verify(&district, household).await), before[household]);
}
