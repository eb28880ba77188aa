//! Every department of the catalogue passes its own cases, in a test of its own name.

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, Folder};

/// A test for each department: its name, and its folder.
macro_rules! departments {
    ($($test:ident: $name:literal,)*) => {
        /// The departments that have a test.
        const TESTED: &[&str] = &[$($name),*];

        $(
            #[tokio::test]
            async fn $test() {
                passes_its_cases($name).await;
            }
        )*
    };
}

departments! {
    agriculture: "agriculture",
    benefit_center: "benefit-center",
    civil_affairs: "civil-affairs",
    commerce: "commerce",
    disabled_federation: "disabled-federation",
    education: "education",
    employment: "employment",
    finance_office: "finance-office",
    fiscal_payroll: "fiscal-payroll",
    forestry: "forestry",
    health: "health",
    hometown: "hometown",
    housing: "housing",
    justice: "justice",
    medical_insurance: "medical-insurance",
    municipal_verification_center: "municipal-verification-center",
    party_work_committee: "party-work-committee",
    provident_fund: "provident-fund",
    public_security: "public-security",
    red_cross: "red-cross",
    rural_commercial_bank: "rural-commercial-bank",
    social_insurance: "social-insurance",
    taxation: "taxation",
    trade_unions: "trade-unions",
    traffic_police: "traffic-police",
    transport: "transport",
    womens_federation: "womens-federation",
    youth_league: "youth-league",
}

fn folder(name: &str) -> Folder {
    let mut folders = Catalogue::bundled_folders().into_iter();
    folders.find(|folder| folder.name == name).unwrap()
}

async fn passes_its_cases(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(name);
    let reports = super::run(&folder.manifest, &folder.cases, &dir.path().join(name)).await;
    let reports = reports.unwrap_or_else(|mistakes| panic!("{name}: {mistakes:?}"));
    let failed = reports.iter().filter(|report| !report.passed);
    let failed: Vec<String> = failed
        .map(|report| format!("{}: {}", report.name, report.message))
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {} wrong:\n{}",
        failed.len(),
        reports.len(),
        failed.join("\n")
    );
}

#[test]
fn every_department_of_the_catalogue_has_a_test() {
    let folders = Catalogue::bundled_folders();
    let names: BTreeSet<&str> = folders.iter().map(|folder| folder.name.as_str()).collect();
    assert_eq!(names, TESTED.iter().copied().collect());
}

/// Somebody of whom it holds something, somebody of whom it holds nothing, and besides whatever can be odd about its data.
#[test]
fn every_department_has_at_least_three_cases_of_which_one_is_found_and_one_is_not() {
    for folder in Catalogue::bundled_folders() {
        let name = &folder.name;
        let cases = super::parse(&folder.cases).unwrap();
        let titles: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert!(titles.len() >= 3, "{name}: {} cases by their names", titles.len());
        let of = |state: &str| cases.iter().any(|case| case.expect.state == state);
        assert!(of("FOUND"), "{name}: nobody is found");
        assert!(of("NO_RECORD"), "{name}: nobody is without a record");
    }
}
