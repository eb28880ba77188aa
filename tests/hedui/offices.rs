//! An office without a system: its people answer later, and the household is judged as if it had been a system.
//! Leaves crashes, second persons and ended letters to the broker's tests.

use hedui_adapter::adapter::Adapter;
use hedui_adapter::wire::{decode_query, encode_answer};
use hedui_adapter::{Catalogue, Manifest, MappedAdapter};
use hedui_proto::department::QueryResponse;
use hedui_proto::task as wire;
use hedui_proto::task::task_service_client::TaskServiceClient;
use hedui_proto::verification as pb;
use hedui_server::config::{Caller, Role};
use hedui_sim::generate;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tokio::time::{Duration, Instant};
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::support::{District, Lines, settings};

const OFFICE: &str = "agriculture";
const SEED: u64 = 43;

/// The bundled catalogue, with people at one office.
fn with_people(directory: &std::path::Path, more: &str) {
    for folder in Catalogue::bundled_folders() {
        let path = directory.join(&folder.name);
        std::fs::create_dir_all(&path).unwrap();
        let manifest = match folder.name == OFFICE {
            true => {
                let (before, _) = folder.manifest.split_once("[connector]").unwrap();
                format!("{before}[connector]\nkind = \"people\"\nanswer_within = \"3d\"\n{more}")
            }
            false => folder.manifest,
        };
        std::fs::write(path.join("department.toml"), manifest).unwrap();
    }
}

fn caller(id: &str, role: Role, departments: &[&str]) -> Caller {
    Caller {
        id: id.to_owned(),
        token_sha256: Sha256::digest(id.as_bytes()).into(),
        roles: vec![role],
        districts: Some(vec!["511703".to_owned()]),
        departments: departments.iter().map(|d| (*d).to_owned()).collect(),
    }
}

fn by<T>(id: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let token = format!("Bearer {id}").parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    request
}

async fn verify(district: &District, number: usize) -> pb::Verification {
    let request = pb::CreateVerificationRequest {
        wait: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        ..district.request(number)
    };
    let mut client = district.client.clone();
    let created = client
        .create_verification(by("window", request))
        .await
        .unwrap()
        .into_inner();
    read(district, &created.verification.unwrap().name).await
}

async fn read(district: &District, name: &str) -> pb::Verification {
    let request = pb::WaitVerificationRequest {
        name: name.to_owned(),
        view: pb::View::Full.into(),
        ..Default::default()
    };
    let found = district.client.clone().wait_verification(by("window", request)).await;
    found.unwrap().into_inner().verification.unwrap()
}

/// What must not depend on who answered: verdicts and figures.
fn said(verification: &pb::Verification) -> (Vec<pb::Verdict>, Vec<pb::NamedFigure>) {
    (verification.verdicts.clone(), crate::support::figures(verification))
}

fn office(verification: &pb::Verification) -> pb::DepartmentResult {
    let departments = &verification.report.as_ref().unwrap().departments;
    departments.iter().find(|d| d.department == OFFICE).unwrap().clone()
}

/// What the office's own register says to a task.
async fn looked_up(register: &MappedAdapter, opened: &wire::GetTaskResponse) -> QueryResponse {
    let query = decode_query(&opened.query.as_ref().unwrap().encode_to_vec()).unwrap();
    let answers = register
        .query(&query, Instant::now() + Duration::from_secs(20))
        .await
        .unwrap();
    QueryResponse::decode(encode_answer(&query, &answers)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_answer_later_is_judged_as_if_their_office_had_a_system() {
    let population = generate(&settings(SEED, 12)).unwrap();
    let plain = District::of(population.clone(), |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    with_people(folder.path(), "");
    let mut district = District::of(population, |config| {
        config.catalogue.directory = Some(folder.path().to_owned());
        config.callers = vec![
            caller("window", Role::Verifier, &[]),
            caller("office", Role::Office, &[OFFICE]),
            caller("other", Role::Office, &["housing"]),
        ];
    })
    .await;
    let manifest = Catalogue::bundled_folders()
        .into_iter()
        .find(|f| f.name == OFFICE)
        .unwrap()
        .manifest;
    let manifest = Manifest::parse(&manifest, &plain.config.catalogue.variables).unwrap();
    let register = MappedAdapter::open(&manifest).unwrap();

    let mut open_before = 0;
    for number in 0..district.population.households.len() {
        let first = verify(&district, number).await;
        let due = office(&first).subjects[0].due_at;
        assert!(
            office(&first)
                .subjects
                .iter()
                .all(|s| s.state() == pb::AnswerState::Pending && s.due_at.is_some())
        );
        assert_eq!((first.departments_pending, first.pending_until), (1, due));
        open_before += usize::from(first.verdicts[0].outcome() == pb::Outcome::Inconclusive);
    }
    assert!(open_before > 0, "what the office holds decides about nobody");
    // Nothing of it is only in memory.
    district.restart().await;
    let mut tasks: TaskServiceClient<Channel> = TaskServiceClient::connect(district.address()).await.unwrap();
    let list = |department: &str| wire::ListTasksRequest {
        department: department.to_owned(),
        page_size: 5,
        ..Default::default()
    };
    for (who, department) in [("other", OFFICE), ("office", "housing")] {
        let refused = tasks.list_tasks(by(who, list(department))).await.unwrap_err();
        assert_eq!(
            refused.get_details_error_info().unwrap().reason,
            "DEPARTMENT_NOT_ALLOWED"
        );
    }
    assert_eq!(
        tasks.list_tasks(by("window", list(OFFICE))).await.unwrap_err().code(),
        Code::PermissionDenied
    );

    let (mut waiting, mut page) = (Vec::new(), list(OFFICE));
    loop {
        let found = tasks.list_tasks(by("office", page.clone())).await.unwrap().into_inner();
        waiting.extend(found.tasks);
        if found.next_page_token.is_empty() {
            break;
        }
        page.page_token = found.next_page_token;
    }
    assert_eq!(waiting.len(), district.population.households.len());
    // Newest first; the households were verified in their order.
    for (number, task) in waiting.iter().rev().enumerate() {
        let get = wire::GetTaskRequest {
            name: task.name.clone(),
            actor: "S-01".to_owned(),
        };
        assert_eq!(
            tasks.get_task(by("other", get.clone())).await.unwrap_err().code(),
            Code::PermissionDenied
        );
        let opened = tasks.get_task(by("office", get)).await.unwrap().into_inner();
        let answer = wire::AnswerTaskRequest {
            name: task.name.clone(),
            results: looked_up(&register, &opened).await.results,
            actor: "S-01".to_owned(),
        };
        let answered = tasks
            .answer_task(by("office", answer))
            .await
            .unwrap()
            .into_inner()
            .task
            .unwrap();
        assert_eq!(answered.state(), wire::TaskState::Answered);
        let asked = task.name.split("/tasks/").next().unwrap();
        let listed = pb::ListVerificationsRequest {
            district_code: "511703".to_owned(),
            page_size: 1,
            ..Default::default()
        };
        let newest = district
            .client
            .clone()
            .list_verifications(by("window", listed))
            .await
            .unwrap()
            .into_inner();
        let again = read(&district, &newest.verifications[0].name).await;
        assert_eq!(again.rechecks, asked);
        assert!(office(&again).kept);
        assert_eq!(again.departments_pending, 0);
        assert_eq!(
            said(&again),
            said(&plain.verify(number).await),
            "household {number} of seed {SEED}"
        );
    }
    let found = tasks.list_tasks(by("office", list(OFFICE))).await.unwrap().into_inner();
    assert!(found.tasks.is_empty());
}

/// A task answered by one person: its name, and the answer that waits.
async fn answered(tasks: &mut TaskServiceClient<Channel>, verification: &str, who: &str) -> (String, String) {
    let name = format!("{verification}/tasks/{OFFICE}");
    let get = wire::GetTaskRequest {
        name: name.clone(),
        actor: "S-01".to_owned(),
    };
    let opened = tasks.get_task(by(who, get.clone())).await.unwrap().into_inner();
    assert!(opened.two_persons);
    let query = decode_query(&opened.query.as_ref().unwrap().encode_to_vec()).unwrap();
    let nothing = |s: &hedui_core::Subject| hedui_core::SubjectAnswer::of(s.ordinal, hedui_core::AnswerState::NoRecord);
    let answers: Vec<_> = query.subjects.iter().map(nothing).collect();
    let answer = wire::AnswerTaskRequest {
        name: name.clone(),
        results: QueryResponse::decode(encode_answer(&query, &answers)).unwrap().results,
        actor: "S-01".to_owned(),
    };
    let said = tasks
        .answer_task(by(who, answer))
        .await
        .unwrap()
        .into_inner()
        .task
        .unwrap();
    assert_eq!(said.state(), wire::TaskState::ToConfirm);
    let waiting = tasks.get_task(by(who, get)).await.unwrap().into_inner();
    (name, waiting.draft_evidence)
}

#[tokio::test]
async fn an_answer_is_confirmed_with_another_callers_token_and_by_nobody_where_callers_are_not_told_apart() {
    let lines = Lines::default();
    let writer = lines.clone();
    let written = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone());
    // Of this thread, on which everything runs but files.
    let _logged = tracing::subscriber::set_default(written.finish());
    let population = generate(&settings(SEED, 2)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    with_people(folder.path(), "two_persons = true\n");
    let district = |callers: Vec<Caller>| {
        let (population, folder) = (population.clone(), folder.path().to_owned());
        District::of(population, move |config| {
            config.catalogue.directory = Some(folder);
            config.callers = callers;
        })
    };
    let confirm = |name: &str, draft: &str, actor: &str| wire::ConfirmTaskRequest {
        name: name.to_owned(),
        draft_evidence: draft.to_owned(),
        actor: actor.to_owned(),
    };

    let told_apart = district(vec![
        caller("window", Role::Verifier, &[]),
        caller("office-1", Role::Office, &[OFFICE]),
        caller("office-2", Role::Office, &[OFFICE]),
        caller("other", Role::Office, &["housing"]),
    ])
    .await;
    assert!(!lines.text().contains("can be confirmed"), "{}", lines.text());
    let mut tasks: TaskServiceClient<Channel> = TaskServiceClient::connect(told_apart.address()).await.unwrap();
    let first = verify(&told_apart, 0).await;
    let (name, draft) = answered(&mut tasks, &first.name, "office-1").await;
    // The same token under another name, another token under the same name, another office, no token.
    for (who, actor, code, reason) in [
        ("office-1", "S-02", Code::PermissionDenied, "SECOND_PERSON_NEEDED"),
        ("office-2", " s-01 ", Code::PermissionDenied, "SECOND_PERSON_NEEDED"),
        ("other", "S-02", Code::PermissionDenied, "DEPARTMENT_NOT_ALLOWED"),
        ("stranger", "S-02", Code::Unauthenticated, "TOKEN_UNKNOWN"),
    ] {
        let refused = tasks
            .confirm_task(by(who, confirm(&name, &draft, actor)))
            .await
            .unwrap_err();
        let told = refused.get_details_error_info().unwrap().reason;
        assert_eq!((refused.code(), told.as_str()), (code, reason), "{who} {actor}");
    }
    let again = read(&told_apart, &first.name).await;
    assert!(
        office(&again)
            .subjects
            .iter()
            .all(|s| s.state() == pb::AnswerState::Pending)
    );
    let confirmed = tasks.confirm_task(by("office-2", confirm(&name, &draft, "S-02"))).await;
    let confirmed = confirmed.unwrap().into_inner().task.unwrap();
    assert_eq!(confirmed.state(), wire::TaskState::Answered);
    assert_eq!(
        (confirmed.answered_by.as_str(), confirmed.confirmed_by.as_str()),
        ("office-1/S-01", "office-2/S-02")
    );

    // One office caller only, and two who may act in no common district: said at the start.
    let mut far = caller("office-2", Role::Office, &[OFFICE]);
    far.districts = Some(vec!["510100".to_owned()]);
    let near = caller("office-1", Role::Office, &[OFFICE]);
    drop(district(vec![near, far]).await);
    let told = lines.text();
    assert_eq!(told.matches("fewer than two callers").count(), 1, "{told}");

    let alone = district(Vec::new()).await;
    let told = lines.text();
    assert!(
        told.contains("no callers are configured") && told.contains(OFFICE),
        "{told}"
    );
    let mut tasks: TaskServiceClient<Channel> = TaskServiceClient::connect(alone.address()).await.unwrap();
    let first = verify(&alone, 0).await;
    let (name, draft) = answered(&mut tasks, &first.name, "anybody").await;
    for actor in ["S-01", "S-02"] {
        let refused = tasks
            .confirm_task(by("anybody", confirm(&name, &draft, actor)))
            .await
            .unwrap_err();
        assert_eq!(refused.get_details_error_info().unwrap().reason, "SECOND_PERSON_NEEDED");
        assert!(refused.message().contains("no [[callers]] are configured"), "{refused}");
    }
}
