//! Every shipped department passes the kit, with its connector on a source that is really made.

use super::super::{Level, Outcome, folder};
use crate::catalogue::Catalogue;
use crate::manifest::Variables;

#[tokio::test]
async fn every_shipped_department_keeps_the_protocol() {
    let dir = tempfile::tempdir().unwrap();
    let none = Variables::new();
    let mut wrong = Vec::new();
    for department in Catalogue::bundled_folders() {
        let at = dir.path().join(&department.name);
        let reports = folder::run(
            &department.manifest,
            &department.cases,
            &none,
            &at,
            Level::Full,
            std::sync::Arc::new(|_| 0),
            std::sync::Arc::new(|| 0),
        );
        let reports = reports.await.unwrap();
        assert!(reports.len() >= 23, "{}: {}", department.name, reports.len());
        let failed = reports.iter().filter(|r| r.outcome == Outcome::Failed);
        wrong.extend(failed.map(|r| format!("{}: {}: {}", department.name, r.name, r.message)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a folder fails after one text of its manifest was replaced.
async fn failed(department: &str, from: &str, to: &str) -> Vec<&'static str> {
    let bundled = Catalogue::bundled_folders();
    let department = bundled.iter().find(|f| f.name == department).unwrap();
    assert!(department.manifest.contains(from), "{from}");
    let manifest = department.manifest.replacen(from, to, 1);
    let (dir, none) = (tempfile::tempdir().unwrap(), Variables::new());
    let reports = folder::run(
        &manifest,
        &department.cases,
        &none,
        dir.path(),
        Level::Full,
        std::sync::Arc::new(|_| 0),
        std::sync::Arc::new(|| 0),
    );
    let reports = reports.await.unwrap().into_iter();
    reports
        .filter(|r| r.outcome == Outcome::Failed)
        .map(|r| r.name)
        .collect()
}

#[tokio::test]
async fn a_fault_of_a_folder_fails_exactly_its_check() {
    // A query that loses names of four characters; a service whose error counts as no record.
    let query = ("WHERE sfzmhm IN", "WHERE length(syr) <> 4 AND sfzmhm IN");
    assert_eq!(failed("traffic-police", query.0, query.1).await, ["source-names"]);
    let success = ("equals = [200]", "equals = [200], no_record = [\"200-not\"]");
    assert_eq!(failed("housing", success.0, success.1).await, ["error-answers"]);
    // A column that a source may lack is no fault.
    let optional = ("plate = \"hphm\"", "plate = { column = \"hphm\", optional = true }");
    assert_eq!(
        failed("traffic-police", optional.0, optional.1).await,
        Vec::<&str>::new()
    );
}

#[tokio::test]
async fn a_folder_never_writes_over_the_departments_own_source() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("register.sqlite");
    std::fs::write(&path, "the department's own").unwrap();
    let bundled = Catalogue::bundled_folders();
    let police = bundled.iter().find(|f| f.name == "traffic-police").unwrap();
    let manifest = police
        .manifest
        .replace("${data}/traffic-police.sqlite", path.to_str().unwrap());
    let at = dir.path().join("made");
    let reports = folder::run(
        &manifest,
        &police.cases,
        &Variables::new(),
        &at,
        Level::Core,
        std::sync::Arc::new(|_| 0),
        std::sync::Arc::new(|| 0),
    )
    .await
    .unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the department's own");
    // What stands there is no database, and that is said.
    let failed: Vec<_> = reports
        .iter()
        .filter(|r| r.outcome == Outcome::Failed)
        .map(|r| r.name)
        .collect();
    assert_eq!(failed, vec!["real-source"]);
}

#[tokio::test]
async fn a_case_that_comes_out_otherwise_fails_the_cases_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let bundled = Catalogue::bundled_folders();
    let police = bundled.iter().find(|f| f.name == "traffic-police").unwrap();
    let cases = police.cases.replacen("value = 7580000", "value = 7580001", 1);
    let reports = folder::run(
        &police.manifest,
        &cases,
        &Variables::new(),
        dir.path(),
        Level::Core,
        std::sync::Arc::new(|_| 0),
        std::sync::Arc::new(|| 0),
    )
    .await
    .unwrap();
    let failed: Vec<_> = reports.iter().filter(|r| r.outcome == Outcome::Failed).collect();
    assert_eq!(failed.iter().map(|r| r.name).collect::<Vec<_>>(), vec!["cases"]);
    assert!(failed[0].message.contains("7580001"), "{failed:?}");
}

#[tokio::test]
async fn the_source_of_a_department_whose_questions_are_signed_is_read_with_its_key() {
    let guard = |headers: axum::http::HeaderMap| async move {
        if headers.contains_key("x-signature") {
            axum::http::StatusCode::OK
        } else {
            axum::http::StatusCode::FORBIDDEN
        }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(guard)).await });
    let bundled = Catalogue::bundled_folders();
    let housing = bundled.iter().find(|f| f.name == "housing").unwrap();
    let signed = "kind = \"http\"\nsign = { key = \"${key}\" }";
    assert!(housing.manifest.contains("kind = \"http\""));
    let manifest = housing.manifest.replacen("kind = \"http\"", signed, 1);
    let given = Variables::from([
        ("http".to_owned(), format!("http://{address}")),
        ("key".to_owned(), "shared-88".to_owned()),
    ]);
    let real = async |manifest: &str| {
        let dir = tempfile::tempdir().unwrap();
        let reports = folder::run(
            manifest,
            &housing.cases,
            &given,
            dir.path(),
            Level::Core,
            std::sync::Arc::new(|_| 0),
            std::sync::Arc::new(|| 1_561_939_200_999_i64),
        );
        let reports = reports.await.unwrap();
        reports.into_iter().find(|r| r.name == "real-source").unwrap()
    };
    let told = real(&manifest).await;
    assert_eq!(told.outcome, Outcome::Passed, "{told:?}");
    assert_eq!(
        real(&housing.manifest).await.outcome,
        Outcome::Failed,
        "unsigned questions are refused"
    );
}
