//! Which departments of a catalogue are looked at, and what is said of them.

use super::*;

fn only(departments: &[&str]) -> config::Catalogue {
    config::Catalogue {
        departments: Some(departments.iter().map(|&id| id.to_owned()).collect()),
        ..crate::config::Config::default().catalogue
    }
}

#[test]
fn what_is_missing_for_others_does_not_matter_and_what_is_missing_is_told_once() {
    let mut five = only(&["commerce", "housing", "taxation"]);
    let Err(CatalogueProblem::Mistakes(mistakes)) = read(&five) else {
        panic!("the bundled sources are not here");
    };
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let places: std::collections::BTreeSet<&str> = told.iter().filter_map(|t| t.split(": ").next()).collect();
    assert_eq!(Vec::from_iter(places), ["commerce", "housing", "taxation"], "{told:?}");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|t| t.contains("is not given")), "{told:?}");
    let given = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    five.variables = [given("http", "http://127.0.0.1:1")].into_iter().collect();
    assert_eq!(read(&five).unwrap().manifests().len(), 3);
}

#[test]
fn departments_are_known_by_their_folders_whatever_is_missing() {
    let known = known(&only(&["commerce"])).unwrap();
    assert_eq!(known.len(), Catalogue::bundled_folders().len());
}
