//! The catalogue while the server runs: manifests read again, departments paused and resumed, over the real server and its restart.
//! Leaves the laws on verifications under way to the tests of the broker.

use std::path::Path;

use hedui_adapter::Catalogue;
use hedui_proto::operations as pb;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_proto::verification as wire;
use hedui_sim::generate;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

use crate::connectors::certificates;
use crate::support::{District, outcome, settings};

async fn operations(district: &District) -> OperationsServiceClient<Channel> {
    OperationsServiceClient::connect(district.address()).await.unwrap()
}

async fn reload(district: &District, validate_only: bool) -> Result<pb::ReloadCatalogueResponse, tonic::Status> {
    let request = pb::ReloadCatalogueRequest { validate_only };
    Ok(operations(district).await.reload_catalogue(request).await?.into_inner())
}

/// The bundled catalogue as a folder of files.
fn written(folder: &Path) {
    for department in Catalogue::bundled_folders() {
        let folder = folder.join(&department.name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("department.toml"), &department.manifest).unwrap();
    }
}

fn result<'a>(verification: &'a wire::Verification, department: &str) -> &'a wire::DepartmentResult {
    let report = verification.report.as_ref().unwrap();
    report.departments.iter().find(|d| d.department == department).unwrap()
}

#[tokio::test]
async fn manifests_are_read_again_while_the_server_runs_and_mistakes_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let district = District::of(generate(&settings(7, 12)).unwrap(), |config| {
        config.catalogue.directory = Some(folder.path().to_owned());
    })
    .await;
    let before = district.verify(0).await;
    let none = reload(&district, false).await.unwrap();
    assert_eq!(
        (none.added, none.removed, none.changed, none.unchanged),
        (vec![], vec![], vec![], 28)
    );
    // Another name of one department, another one gone.
    let housing = folder.path().join("housing/department.toml");
    let text = std::fs::read_to_string(&housing).unwrap();
    std::fs::write(&housing, text.replacen("en = \"", "en = \"New ", 1)).unwrap();
    std::fs::remove_dir_all(folder.path().join("justice")).unwrap();
    for validate_only in [true, false] {
        let changes = reload(&district, validate_only).await.unwrap();
        assert_eq!(
            (changes.changed, changes.removed, changes.unchanged),
            (vec!["housing".to_owned()], vec!["justice".to_owned()], 26)
        );
        let after = district.verify(0).await;
        let name = &result(&after, "housing").name_en;
        assert_eq!(name.starts_with("New "), !validate_only, "{name}");
        assert_eq!(outcome(&after), outcome(&before));
    }
    // Two mistakes in two manifests: both are told with their places, and the catalogue in force stays.
    std::fs::write(&housing, text.replacen("deadline", "dead_line", 1)).unwrap();
    std::fs::write(folder.path().join("health/department.toml"), "id = ").unwrap();
    let refused = reload(&district, false).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "CATALOGUE_INVALID");
    let fields: Vec<String> = refused
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|f| f.field)
        .collect();
    assert!(fields.iter().any(|f| f.starts_with("housing.deadline")), "{fields:?}");
    assert!(fields.iter().any(|f| f.starts_with("health.line 1")), "{fields:?}");
    let after = district.verify(0).await;
    assert!(result(&after, "housing").name_en.starts_with("New "));
    assert_eq!(outcome(&after), outcome(&before));
}

#[tokio::test]
async fn a_department_is_opened_anew_when_its_files_for_tls_change() {
    let folder = tempfile::tempdir().unwrap();
    let (catalogue, pem) = (folder.path().join("catalogue"), folder.path().join("pem"));
    written(&catalogue);
    std::fs::create_dir(&pem).unwrap();
    certificates(&pem);
    let housing = catalogue.join("housing/department.toml");
    let text = std::fs::read_to_string(&housing).unwrap();
    let file = |name: &str| pem.join(name).display().to_string();
    let tls = format!(
        "tls = {{ ca = \"{}\", certificate = \"{}\", key = \"{}\" }}\nrows = ",
        file("ca.pem"),
        file("client.pem"),
        file("client.key")
    );
    let text = text
        .replacen("${http}", "https://localhost:1", 1)
        .replacen("rows = ", &tls, 1);
    std::fs::write(&housing, text).unwrap();
    let district = District::of(generate(&settings(7, 2)).unwrap(), |config| {
        config.catalogue.directory = Some(catalogue.clone());
    })
    .await;
    let changed = async |validate_only| reload(&district, validate_only).await.unwrap().changed;
    assert_eq!(changed(false).await, [""; 0]);
    let authority = std::fs::read(pem.join("ca.pem")).unwrap();
    certificates(&pem);
    assert_eq!(changed(true).await, ["housing"]);
    assert_eq!(changed(false).await, ["housing"]);
    assert_eq!(changed(false).await, [""; 0]);
    std::fs::write(pem.join("ca.pem"), authority).unwrap();
    assert_eq!(changed(false).await, ["housing"], "one file of the three");
    // A file that is not there is told, and what is in force stays.
    std::fs::remove_file(pem.join("client.key")).unwrap();
    let refused = reload(&district, false).await.unwrap_err();
    let told = &refused.get_details_bad_request().unwrap().field_violations[0].description;
    assert!(told.contains("housing") && told.contains("tls.key"), "{told}");
}

#[tokio::test]
async fn a_paused_department_is_not_asked_also_after_a_restart_until_it_is_resumed() {
    let mut district = District::generate(11, 12).await;
    let before = district.verify(0).await;
    let pause = |department: &str, reason: &str| pb::PauseDepartmentRequest {
        department: department.to_owned(),
        reason: reason.to_owned(),
    };
    for (department, reason, expected) in [
        ("no-such-office", "moving house", "UNKNOWN_DEPARTMENT"),
        ("housing", "  ", "INVALID_REQUEST"),
        ("housing", "two\nlines", "INVALID_REQUEST"),
    ] {
        let refused = operations(&district)
            .await
            .pause_department(pause(department, reason))
            .await
            .unwrap_err();
        assert_eq!(refused.get_details_error_info().unwrap().reason, expected);
    }
    let paused = operations(&district)
        .await
        .pause_department(pause("housing", "moving house"))
        .await
        .unwrap();
    let paused = paused.into_inner().department.unwrap();
    assert_eq!(
        (paused.health(), paused.pause.unwrap().reason.as_str()),
        (pb::DepartmentHealth::Paused, "moving house")
    );
    district.restart().await;
    let mut request = district.request(0);
    request.reuse = wire::Reuse::Never.into();
    let open = crate::support::verify(&district.client, request.clone()).await;
    let housing = result(&open, "housing");
    let reasons: Vec<&str> = housing
        .subjects
        .iter()
        .filter(|s| !s.failure_reason.is_empty())
        .map(|s| s.failure_reason.as_str())
        .collect();
    assert!(
        !reasons.is_empty() && reasons.iter().all(|r| *r == "DEPARTMENT_PAUSED"),
        "{reasons:?}"
    );
    assert_ne!(outcome(&open), wire::Outcome::Qualifies);
    let resume = pb::ResumeDepartmentRequest {
        department: "housing".to_owned(),
    };
    let resumed = operations(&district)
        .await
        .resume_department(resume)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(resumed.department.unwrap().pause, None);
    let after = crate::support::verify(&district.client, request).await;
    assert_eq!(outcome(&after), outcome(&before));
}
