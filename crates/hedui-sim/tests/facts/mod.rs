//! What departments would answer about a synthetic household, without asking any: the truth as the domain reads it.
//! Leaves judging to the tests.

use hedui_adapter::{Catalogue, Manifest};
use hedui_core::verdict::Text;
use hedui_core::{AnswerState, DepartmentAnswers, DepartmentProfile, Facts, Household, SubjectAnswer};
use hedui_ids::name::{self, Match};
use hedui_sim::population::Truth;

/// The departments of the catalogue.
pub fn profiles() -> Vec<DepartmentProfile> {
    let profile = |manifest: Manifest| DepartmentProfile {
        id: manifest.id.clone(),
        name: Text {
            zh: manifest.name.zh.as_str().into(),
            en: manifest.name.en.as_str().into(),
        },
        record_types: manifest.record_types.clone(),
        deadline_ms: 3_000,
        freshness_ms: 0,
        threshold_only: false,
        signing_keys: Vec::new(),
    };
    Catalogue::bundled_folders()
        .iter()
        .map(|folder| {
            let names = Manifest::variables(&folder.manifest).into_iter();
            let variables = names.map(|name| (name, "http://127.0.0.1:1".to_owned())).collect();
            profile(Manifest::parse(&folder.manifest, &variables).unwrap())
        })
        .collect()
}

/// What the departments would answer about each member.
fn answers(truth: &Truth, household: &Household, profiles: &[DepartmentProfile]) -> Vec<Vec<SubjectAnswer>> {
    let answer = |profile: &DepartmentProfile, ordinal: u32| {
        let member = &household.members[ordinal as usize];
        let state = match truth.of(&profile.id, &member.id) {
            None => AnswerState::NoRecord,
            Some(held) if name::same(&held.registered_name, &member.name) == Match::Different => {
                AnswerState::IdentityMismatch
            }
            Some(held) => AnswerState::Found {
                records: held.records.clone(),
            },
        };
        SubjectAnswer::of(ordinal, state)
    };
    let members = u32::try_from(household.members.len()).unwrap();
    profiles
        .iter()
        .map(|profile| (0..members).map(|ordinal| answer(profile, ordinal)).collect())
        .collect()
}

/// Looks at a household with everything that departments would answer.
pub fn with_facts<T>(
    truth: &Truth,
    profiles: &[DepartmentProfile],
    as_of: hedui_core::Date,
    look: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let household = Household::check(truth.household.clone(), as_of).unwrap();
    let answers = answers(truth, &household, profiles);
    let departments: Vec<DepartmentAnswers<'_>> = profiles
        .iter()
        .zip(&answers)
        .map(|(profile, subjects)| DepartmentAnswers { profile, subjects })
        .collect();
    look(&Facts::new(&household, as_of, &departments, 20))
}
