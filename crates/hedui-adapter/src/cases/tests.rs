//! Every department of the catalogue passes its own cases.

use crate::catalogue::Catalogue;

#[tokio::test]
async fn every_department_of_the_catalogue_passes_its_cases() {
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for folder in Catalogue::bundled_folders() {
        match super::run(&folder.manifest, &folder.cases, &dir.path().join(&folder.name)).await {
            Err(mistakes) => wrong.extend(mistakes.iter().map(|m| format!("{}: {m}", folder.name))),
            Ok(reports) => {
                count += reports.len();
                let failed = reports.iter().filter(|r| !r.passed);
                wrong.extend(failed.map(|r| format!("{}: {}: {}", folder.name, r.name, r.message)));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        count >= Catalogue::bundled_folders().len() * 3,
        "at least three cases per department, {count}"
    );
}
