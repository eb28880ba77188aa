//! Departments that are programs in Python, one over lines, one over HTTP and one over gRPC, through the whole path of a verification.
//! Leaves the rules of the protocol to the conformance kit, and the other sources to `connectors`.

use std::path::Path;
use std::process::Stdio;

use hedui_adapter::catalogue::{Catalogue, Folder};
use hedui_proto::verification as pb;
use hedui_sim::generate;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::connectors::said;
use crate::support::{District, settings};

const SEED: u64 = 43;
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/hedui/programs/departments.py");
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../adapters/sdk-python/src");

/// The same department with a program of its own, which has no mapping.
fn with_program(folder: &Folder, connector: &str) -> Folder {
    let (before, _) = folder.manifest.split_once("[connector]").unwrap();
    Folder {
        manifest: format!("{before}[connector]\n{connector}"),
        ..folder.clone()
    }
}

/// The service of a register, and its address; it ends when the child is dropped.
async fn service(register: &str, database: &Path, arguments: &[&str]) -> (Child, String) {
    // Debian's Python, which has Debian's grpcio.
    let mut child = Command::new("/usr/bin/python3")
        .args(["-B", SCRIPT, register])
        .arg(database)
        .args(arguments)
        .env("PYTHONPATH", SDK)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().unwrap();
    (child, format!("http://127.0.0.1:{port}"))
}

/// The catalogue with three programs in it, written into a folder.
fn catalogue(folder: &Path) {
    let exec = format!(
        "kind = \"exec\"\ncommand = [\"python3\", \"-B\", \"{SCRIPT}\", \"payroll\", \"${{data}}/fiscal-payroll.sqlite\"]\n\
         environment = {{ PYTHONPATH = \"{SDK}\" }}\n"
    );
    let json = "kind = \"json\"\nendpoint = \"${employment}\"\nbearer = \"${employment_token}\"\n";
    let grpc = "kind = \"grpc\"\nendpoint = \"${agriculture}\"\n";
    for department in Catalogue::bundled_folders() {
        let department = match department.name.as_str() {
            "fiscal-payroll" => with_program(&department, &exec),
            "employment" => with_program(&department, json),
            "agriculture" => with_program(&department, grpc),
            _ => department,
        };
        let path = folder.join(&department.name);
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("department.toml"), &department.manifest).unwrap();
    }
}

fn states(verification: &pb::Verification, department: &str) -> Vec<pb::AnswerState> {
    let report = verification.report.as_ref().unwrap();
    let department = report.departments.iter().find(|d| d.department == department).unwrap();
    department.subjects.iter().map(pb::SubjectResult::state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_the_same_when_departments_are_programs_in_python() {
    let population = generate(&settings(SEED, 30)).unwrap();
    let plain = District::of(population.clone(), |_| {}).await;
    let data = std::path::PathBuf::from(plain.config.catalogue.variables.get("data").unwrap());
    let (employment, endpoint) = service("employment", &data.join("employment.sqlite"), &["token-77"]).await;
    let (agriculture, grpc) = service("agriculture", &data.join("agriculture.sqlite"), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    catalogue(folder.path());
    let programs = District::of(population, |config| {
        config.catalogue.directory = Some(folder.path().to_owned());
        let variables = &mut config.catalogue.variables;
        variables.insert("employment".to_owned(), endpoint);
        variables.insert("agriculture".to_owned(), grpc);
        variables.insert("employment_token".to_owned(), "token-77".to_owned());
    })
    .await;
    let mut found = [0, 0, 0];
    let last = programs.population.households.len() - 1;
    for number in 0..last {
        let (here, there) = (plain.verify(number).await, programs.verify(number).await);
        assert_eq!(said(&here), said(&there), "household {number} of seed {SEED}");
        for (count, department) in found.iter_mut().zip(["fiscal-payroll", "employment", "agriculture"]) {
            *count += states(&there, department)
                .iter()
                .filter(|state| **state == pb::AnswerState::Found)
                .count();
        }
    }
    assert!(
        found.iter().all(|count| *count > 0),
        "nobody found says nothing: {found:?}"
    );

    // The services are gone: who was not asked about before is unheard there, never without record; the program beside goes on.
    drop((employment, agriculture));
    let after = programs.verify(last).await;
    let unheard = |state: &pb::AnswerState| *state == pb::AnswerState::Unreachable;
    for gone in ["employment", "agriculture"] {
        assert!(states(&after, gone).iter().all(unheard), "{gone}");
    }
    let plain = plain.verify(last).await;
    assert_eq!(states(&after, "fiscal-payroll"), states(&plain, "fiscal-payroll"));
}
