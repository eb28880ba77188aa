//! A plan asks what the purpose needs and the members allow, and nothing else.
//! Leaves letters to `authorization`.

use super::*;
use crate::authorization::tests::scope_with;
use crate::testing::profile;

#[test]
fn each_department_and_member_has_one_intent() {
    use Intent::{Ask, NotAsked, NotAuthorized};
    let catalogue = [
        profile("taxation", &[RecordType::Income]),
        profile("housing", &[RecordType::RealEstate, RecordType::Income]),
        profile("justice", &[RecordType::Assistance]),
    ];
    let needs = [RecordType::RealEstate, RecordType::Income, RecordType::Income];
    let plan = Plan::new(&scope_with(&["taxation"]), 3, &catalogue, &needs);
    let intents: Vec<&[Intent]> = plan.departments.iter().map(|d| d.intents.as_slice()).collect();
    assert_eq!(
        intents,
        [
            &[Ask, Ask, Ask][..],
            &[Ask, NotAuthorized, Ask],
            &[NotAsked, NotAsked, NotAsked]
        ]
    );
    assert_eq!(
        plan.departments
            .iter()
            .map(PlannedDepartment::is_asked)
            .collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(plan.record_types, [RecordType::RealEstate, RecordType::Income]);
    assert!(plan.departments.iter().enumerate().all(|(at, d)| d.index == at));
}

#[test]
fn nobody_outside_the_scope_and_nothing_without_need_is_asked() {
    let catalogue = [profile("taxation", &[RecordType::Income])];
    let plan = Plan::new(&scope_with(&[]), 4, &catalogue, &[RecordType::Income]);
    assert_eq!(plan.departments[0].intents[3], Intent::NotAuthorized);
    assert!(!Plan::new(&scope_with(&[]), 3, &catalogue, &[]).departments[0].is_asked());
}
