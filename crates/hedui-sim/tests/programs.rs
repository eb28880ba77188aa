//! The programs as processes: what they print, what they answer, and that they end with whoever started them.
//! Leaves the laws of their answers to the tests of the library.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use hedui_adapter::{Catalogue, Description};
use hedui_proto::department as p;
use hedui_proto::department::department_service_client::DepartmentServiceClient;
use hedui_sim::{Settings, generate, sources};

fn spawn(args: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hedui-sim"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, line.trim().to_owned())
}

fn ends_when_stdin_closes(mut child: Child) {
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bank_answers_from_its_file_and_ends_with_its_parent() {
    let population = generate(&Settings {
        seed: 3,
        district: "320582".into(),
        households: 20,
        as_of: hedui_core::Date::new(2019, 6, 18).unwrap(),
        programmes: vec!["dibao".into()],
    })
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let written = sources::write(&population, &Catalogue::bundled_folders(), dir.path())
        .await
        .unwrap();
    let bank = &written.plugins[0];
    let data = bank.file.display().to_string();
    let (child, address) = spawn(&["plugin", "--department", bank.department.as_str(), "--data", &data]);
    let mut client = DepartmentServiceClient::connect(address.clone()).await.unwrap();
    let described = client.describe(p::DescribeRequest {}).await.unwrap().into_inner();
    let expected: Arc<Description> =
        Arc::new(hedui_sim::plugin::description(&Catalogue::bundled_folders(), bank.department.as_str()).unwrap());
    assert_eq!(described.department, expected.department.as_str());

    let person = population.held_by(&bank.department).next().unwrap();
    let request = p::QueryRequest {
        query_id: "1".into(),
        purpose: "dibao".into(),
        district_code: "320582".into(),
        authorization_digest: vec![1; 32].into(),
        as_of: Some(hedui_proto::gtype::Date {
            year: 2019,
            month: 6,
            day: 18,
        }),
        period_from: Some(hedui_proto::gtype::Date {
            year: 2018,
            month: 6,
            day: 18,
        }),
        period_until: Some(hedui_proto::gtype::Date {
            year: 2019,
            month: 6,
            day: 18,
        }),
        subjects: vec![p::Subject {
            ordinal: 0,
            id_number: person.id.expose().into(),
            name: person.name.clone(),
            legacy_id_number: String::new(),
        }],
        record_types: vec![p::RecordType::FinancialAsset as i32],
        ..Default::default()
    };
    let response = client.query(request).await.unwrap().into_inner();
    assert_eq!(response.results[0].state, p::ResultState::Found as i32);
    assert_eq!(response.results[0].records.len(), person.records.len());
    let endpoints = [(bank.department.clone(), address)];
    let (catalogue, variables) = written.catalogue(&Catalogue::bundled_folders(), &endpoints).unwrap();
    assert!(catalogue.get(&bank.department).is_some());
    assert_eq!(variables[&bank.variable], endpoints[0].1);
    drop(client);
    ends_when_stdin_closes(child);
}

#[test]
fn fast_departments_say_where_they_are_and_end_with_their_parent() {
    let (child, line) = spawn(&["departments", "--count", "5", "--think-ms", "1..2"]);
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["departments"].as_array().unwrap().len(), 5);
    ends_when_stdin_closes(child);
}

#[test]
fn a_wrong_command_is_refused_with_code_two() {
    let output = Command::new(env!("CARGO_BIN_EXE_hedui-sim"))
        .arg("dance")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("usage"));
}
