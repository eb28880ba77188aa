//! The whole path of a verification: idempotency, pages, watching, cancelling, rechecking, keeping, evidence.
//! Leaves bad requests to `bad_input` and crashes to `durability`.

use hedui_proto::audit as audit_pb;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_proto::operations as operations_pb;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_proto::verification as pb;
use hedui_sim::population::Standing;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::{Away, District, outcome, read};

/// An honest household below the standard.
fn plain(district: &District) -> usize {
    let plain = |t: &hedui_sim::population::Truth| {
        t.cheats.is_empty() && t.oddities.is_empty() && t.standing == Standing::Below && t.household.members.len() > 1
    };
    district.population.households.iter().position(plain).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_id_is_the_same_verification_also_after_a_restart() {
    let mut district = District::generate(3, 60).await;
    let number = plain(&district);
    let request = pb::CreateVerificationRequest {
        request_id: "5f0c-1".into(),
        ..district.request(number)
    };
    let create = |d: &District, r: pb::CreateVerificationRequest| {
        let mut client = d.client.clone();
        async move {
            client
                .create_verification(r)
                .await
                .map(|r| r.into_inner().verification.unwrap())
        }
    };
    let first = create(&district, request.clone()).await.unwrap();
    read(&district.client, &first.name).await;
    assert_eq!(create(&district, request.clone()).await.unwrap().name, first.name);
    district.restart().await;
    let again = create(&district, request.clone()).await.unwrap();
    assert_eq!(again.name, first.name);
    assert_eq!(again.state(), pb::VerificationState::Succeeded);
    let other = pb::CreateVerificationRequest {
        request_id: "5f0c-1".into(),
        ..district.request(number + 1)
    };
    let refused = create(&district, other).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "REQUEST_ID_REUSED");
    let both = futures::future::join_all((0..8).map(|_| {
        create(
            &district,
            pb::CreateVerificationRequest {
                request_id: "5f0c-2".into(),
                conflict_policy: pb::ConflictPolicy::RunBoth.into(),
                ..request.clone()
            },
        )
    }))
    .await;
    let names: std::collections::BTreeSet<String> = both.into_iter().map(|v| v.unwrap().name).collect();
    assert_eq!(
        names.len(),
        1,
        "eight concurrent calls with one request id made {} verifications",
        names.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_is_the_same_after_a_restart_and_after_losing_the_index() {
    let mut district = District::generate(4, 60).await;
    let ended = district.verify(plain(&district)).await;
    district.restart().await;
    assert_eq!(read(&district.client, &ended.name).await, ended);
    district.stop().await;
    std::fs::remove_dir_all(district.folder.path().join("store/index")).unwrap();
    district.restart_stopped().await;
    assert_eq!(read(&district.client, &ended.name).await, ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_newest_first_and_page_to_the_end() {
    let district = District::generate(5, 60).await;
    let mut names = Vec::new();
    for number in 0..7 {
        names.push(district.verify(number).await.name);
    }
    names.reverse();
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListVerificationsRequest {
            district_code: "511703".into(),
            page_size: 3,
            page_token: token,
        };
        let page = district
            .client
            .clone()
            .list_verifications(request)
            .await
            .unwrap()
            .into_inner();
        assert!(page.verifications.len() <= 3);
        listed.extend(page.verifications.into_iter().map(|v| v.name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, names);
    let request = pb::ListVerificationsRequest {
        page_token: "00".into(),
        district_code: "511703".into(),
        page_size: 3,
    };
    let refused = district.client.clone().list_verifications(request).await.unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "PAGE_TOKEN_INVALID");
}

/// All events of a watch, from after a sequence.
async fn watch(district: &District, name: &str, after: i64) -> Vec<pb::WatchVerificationResponse> {
    let request = pb::WatchVerificationRequest {
        name: name.into(),
        after_sequence: after,
        actor: "clerk-7".into(),
    };
    let mut stream = district
        .client
        .clone()
        .watch_verification(request)
        .await
        .unwrap()
        .into_inner();
    let mut events = Vec::new();
    while let Some(event) = stream.message().await.unwrap() {
        events.push(event);
    }
    events
}

fn sequences(events: &[pb::WatchVerificationResponse]) -> Vec<i64> {
    use pb::watch_verification_response::Event;
    let counted = |e: &&pb::WatchVerificationResponse| {
        matches!(e.event, Some(Event::DepartmentAnswered(_) | Event::Completed(_)))
    };
    events.iter().filter(counted).map(|e| e.sequence).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_tells_every_department_once_and_goes_on_where_it_broke() {
    let mut district = District::generate(6, 60).await;
    let created = district
        .client
        .clone()
        .create_verification(district.request(0))
        .await
        .unwrap();
    let name = created.into_inner().verification.unwrap().name;
    let live = watch(&district, &name, 0).await;
    let asked = i64::from(read(&district.client, &name).await.departments_asked);
    assert!(asked >= 24, "only {asked} departments were asked");
    assert_eq!(
        sequences(&live),
        (1..=asked + 1).collect::<Vec<i64>>(),
        "every department and the end"
    );
    assert_eq!(
        sequences(&watch(&district, &name, 20).await),
        (21..=asked + 1).collect::<Vec<i64>>()
    );
    district.restart().await;
    let replayed = watch(&district, &name, 0).await;
    assert_eq!(sequences(&replayed), sequences(&live));
    assert_eq!(sequences(&watch(&district, &name, asked + 1).await), Vec::<i64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_answers_serve_again_say_from_when_and_can_be_declined() {
    let district = District::generate(7, 60).await;
    let number = plain(&district);
    let first = district.verify(number).await;
    let second = district.verify(number).await;
    let third = crate::support::verify(
        &district.client,
        pb::CreateVerificationRequest {
            reuse: pb::Reuse::Never.into(),
            ..district.request(number)
        },
    )
    .await;
    let lines = |v: &pb::Verification| v.report.clone().unwrap().departments;
    assert!(lines(&first).iter().all(|l| !l.kept));
    assert!(lines(&third).iter().all(|l| !l.kept));
    let kept: Vec<_> = lines(&second).into_iter().filter(|l| l.kept).collect();
    assert!(kept.len() > 15, "only {} answers were kept", kept.len());
    for line in &kept {
        let before = lines(&first)
            .into_iter()
            .find(|l| l.department == line.department)
            .unwrap();
        assert_eq!(
            line.answered_at, before.answered_at,
            "{}: a kept answer says when it was given",
            line.department
        );
        assert_eq!(line.subjects, before.subjects);
    }
    assert_eq!(first.verdicts, second.verdicts);
    // So does every figure, by the oldest answer that it rests on.
    for (verification, was_kept) in [(&first, false), (&second, true), (&third, false)] {
        for figure in verification.report.clone().unwrap().figures {
            let of: Vec<&str> = figure
                .parts
                .iter()
                .map(|part| part.department.as_str())
                .filter(|d| !d.is_empty())
                .collect();
            let lines = lines(verification).into_iter();
            let rests_on: Vec<_> = lines
                .filter(|l| of.is_empty() || of.contains(&l.department.as_str()))
                .collect();
            let kept = rests_on.iter().any(|l| l.kept);
            assert_eq!(figure.kept, kept, "{}", figure.name);
            assert!(kept == was_kept || !of.is_empty(), "{}", figure.name);
            let seconds = |at: &Option<prost_types::Timestamp>| at.as_ref().map(|at| (at.seconds, at.nanos));
            let oldest = rests_on
                .iter()
                .filter(|l| !l.subjects.is_empty())
                .filter_map(|l| seconds(&l.answered_at))
                .min();
            assert!(
                oldest <= seconds(&figure.answered_at) && figure.answered_at.is_some(),
                "{}",
                figure.name
            );
            assert_eq!(
                figure.months,
                if figure.name.starts_with("income.") { 12 } else { 0 },
                "{}",
                figure.name
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recheck_asks_the_named_departments_again_and_reports_the_difference() {
    let district = District::generate(8, 60).await;
    let number = plain(&district);
    let files = district.files();
    let vehicles = files
        .iter()
        .find(|(d, _)| d.as_str() == "traffic-police")
        .expect("a file")
        .1;
    let silent = {
        let _away = Away::these([vehicles]);
        district.verify(number).await
    };
    assert_eq!(outcome(&silent), pb::Outcome::Inconclusive);
    assert_eq!(silent.verdicts[0].undecided_by, ["traffic-police"]);
    let request = pb::RecheckDepartmentsRequest {
        name: silent.name.clone(),
        departments: vec!["traffic-police".into()],
        actor: "clerk-8".into(),
        request_id: String::new(),
    };
    let answer = district
        .client
        .clone()
        .recheck_departments(request)
        .await
        .unwrap()
        .into_inner();
    let after = read(&district.client, &answer.verification.unwrap().name).await;
    assert_eq!(outcome(&after), pb::Outcome::Qualifies);
    assert_eq!(after.rechecks, silent.name);
    let lines = after.report.unwrap().departments.into_iter();
    let asked: Vec<_> = lines
        .filter(|l| !l.kept && l.asked_at.is_some())
        .map(|l| l.department)
        .collect();
    assert_eq!(asked, ["traffic-police"], "only the disputed department was asked");
    let verdict = answer
        .differences
        .iter()
        .find(|d| d.subject == "verdict/dibao")
        .unwrap();
    assert_eq!(
        (verdict.before.as_str(), verdict.after.as_str()),
        ("INCONCLUSIVE", "QUALIFIES")
    );
    assert!(
        answer
            .differences
            .iter()
            .any(|d| d.subject == "department/traffic-police/0")
    );
    let request = pb::RecheckDepartmentsRequest {
        name: silent.name,
        departments: vec!["nowhere".into()],
        ..Default::default()
    };
    let refused = district.client.clone().recheck_departments(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_return_waits_for_nothing_that_could_not_change_the_verdict() {
    let district = District::generate(9, 400).await;
    let cheat = |t: &hedui_sim::population::Truth| {
        t.cheats.iter().any(|c| c.kind == hedui_sim::population::CheatKind::Car) && !t.household.members.is_empty()
    };
    let number = district.population.households.iter().position(cheat).unwrap();
    let request = pb::CreateVerificationRequest {
        completion: pb::Completion::VerdictFinal.into(),
        ..district.request(number)
    };
    let ended = crate::support::verify(&district.client, request).await;
    assert_eq!(outcome(&ended), pb::Outcome::Exceeds);
    let whole = crate::support::verify(
        &district.client,
        pb::CreateVerificationRequest {
            reuse: pb::Reuse::Never.into(),
            ..district.request(number)
        },
    )
    .await;
    assert_eq!(
        outcome(&whole),
        pb::Outcome::Exceeds,
        "waiting for the rest changes nothing"
    );
    assert!(whole.report.unwrap().complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_names_every_question_answer_verdict_and_reading() {
    let district = District::generate(10, 60).await;
    let ended = district.verify(plain(&district)).await;
    let mut auditor = AuditServiceClient::connect(district.address()).await.unwrap();
    let request = audit_pb::GetCaseRequest {
        name: ended.name.clone(),
        actor: "auditor-1".into(),
        open_records: true,
        ..Default::default()
    };
    let leaves = auditor.get_case(request.clone()).await.unwrap().into_inner().leaves;
    let count = |kind: &str| leaves.iter().filter(|l| l.kind == kind).count();
    assert_eq!(
        (count("ASKED"), count("ANSWER"), count("VERDICT")),
        (1, ended.departments_asked as usize, 1)
    );
    assert_eq!(leaves[0].kind, "ASKED", "the question comes before everything");
    let verdict = leaves.iter().find(|l| l.kind == "VERDICT").unwrap();
    let answers: Vec<&str> = leaves
        .iter()
        .filter(|l| l.kind == "ANSWER")
        .map(|l| l.evidence.as_str())
        .collect();
    assert_eq!(verdict.rests_on, answers);
    assert_eq!(verdict.outcome, "dibao:QUALIFIES");
    for leaf in leaves.iter().filter(|l| !l.record.is_empty()) {
        assert_eq!(leaf.intact, Some(true), "{} {}", leaf.kind, leaf.department);
    }
    for line in ended
        .report
        .unwrap()
        .departments
        .iter()
        .filter(|l| l.asked_at.is_some())
    {
        assert!(
            answers.contains(&line.evidence.as_str()),
            "{} names no evidence",
            line.department
        );
    }
    let again = auditor.get_case(request).await.unwrap().into_inner().leaves;
    assert_eq!(again.len(), leaves.len() + 1, "the audit itself became evidence");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_want_of_authorization_is_evidence() {
    let district = District::generate(11, 60).await;
    let end = |d: &District| {
        let store = d.config.store.directory.clone();
        crate::support::files_below(&store)
            .iter()
            .filter(|f| f.extension().is_none_or(|e| e != "key"))
            .map(|f| f.metadata().unwrap().len())
            .sum::<u64>()
    };
    let before = end(&district);
    let mut request = district.request(plain(&district));
    request.authorizations.clear();
    let refused = district.client.clone().create_verification(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "NOT_AUTHORIZED");
    assert!(
        refused.get_details_bad_request().unwrap().field_violations[0]
            .description
            .contains("AUTHORIZATION_MISSING")
    );
    assert!(end(&district) > before, "the denial was not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn departments_left_out_of_the_letters_are_not_asked_and_leave_the_verdict_open() {
    let district = District::generate(12, 60).await;
    let mut request = district.request(plain(&district));
    for letter in &mut request.authorizations {
        letter.departments = vec!["housing".into(), "public-security".into()];
    }
    let ended = crate::support::verify(&district.client, request).await;
    assert_eq!(outcome(&ended), pb::Outcome::Inconclusive);
    for line in ended.report.unwrap().departments {
        let allowed = line.department == "housing" || line.department == "public-security";
        for subject in line.subjects.iter().filter(|s| s.state() != pb::AnswerState::NotAsked) {
            assert_eq!(
                subject.state() == pb::AnswerState::NotAuthorized,
                !allowed,
                "{}",
                line.department
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_who_answers_and_every_self_test() {
    let district = District::generate(13, 60).await;
    district.verify(0).await;
    let mut operator = OperationsServiceClient::connect(district.address()).await.unwrap();
    let request = operations_pb::ListDepartmentsRequest { check: true };
    let listed = operator
        .list_departments(request)
        .await
        .unwrap()
        .into_inner()
        .departments;
    assert_eq!(listed.len(), 28);
    for department in listed {
        // Also one that was not asked yet: it has answered its self-tests.
        let expected = operations_pb::DepartmentHealth::Answering;
        assert_eq!(department.health(), expected, "{}", department.id);
        assert!(!department.checks.is_empty(), "{}", department.id);
        for line in department.checks {
            assert!(line.starts_with("PASS"), "{}: {line}", department.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_that_is_back_says_so_by_its_self_tests() {
    use operations_pb::DepartmentHealth as H;
    let district = District::generate(14, 60).await;
    let files = district.files();
    let vehicles = files.iter().find(|(d, _)| d.as_str() == "traffic-police").unwrap().1;
    {
        let _away = Away::these([vehicles]);
        district.verify(plain(&district)).await;
    }
    let operator = OperationsServiceClient::connect(district.address()).await.unwrap();
    for (check, health) in [(false, H::Failing), (true, H::Answering), (false, H::Answering)] {
        let request = operations_pb::ListDepartmentsRequest { check };
        let listed = operator.clone().list_departments(request).await.unwrap().into_inner();
        let mut found = listed.departments.into_iter().filter(|d| d.id == "traffic-police");
        assert_eq!(found.next().unwrap().health(), health, "check: {check}");
    }
}
