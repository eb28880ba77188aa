//! Where only some members count, figures are those of a household of these members alone.
//! Leaves who counts to the packs.

use proptest::prelude::*;

use crate::answer::{AnswerState, SubjectAnswer};
use crate::bounds::Bounds;
use crate::dates::Months;
use crate::facts::{DECLARED_OWNER, Fact, Members};
use crate::household::{Declared, Household};
use crate::record::{RecordBody, RecordType, Vehicle, VehicleKind, VehicleStatus, VehicleUse};
use crate::testing::*;

/// A household as if only these members had applied, and what departments said of them.
fn alone(household: &Household, said: &[Said], members: Members) -> (Household, Vec<Said>) {
    let mut household = household.clone();
    let mut ordinal = 0..;
    household
        .members
        .retain(|_| ordinal.next().is_some_and(|o| members.contains(o)));
    let mut said = said.to_vec();
    for department in &mut said {
        let kept = members
            .into_iter()
            .map(|o| department.subjects[o as usize].state.clone());
        department.subjects = kept.zip(0..).map(|(state, o)| SubjectAnswer::of(o, state)).collect();
    }
    (household, said)
}

fn some_members() -> impl Strategy<Value = Members> {
    (1u32..8).prop_map(|bits| {
        let chosen = (0..3).filter(|o| bits >> o & 1 == 1);
        chosen.fold(Members::NONE, |all, o| all.with(Members::one(o)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_restricted_household_has_the_figures_of_its_members_alone(
        household in any_household(),
        said in any_said(),
        members in some_members(),
        months in prop::sample::select(vec![1u32, 12]),
    ) {
        let mut household = household;
        household.declared = Declared::default();
        let window = Months::before(as_of(), months);
        let (smaller, their) = alone(&household, &said, members);
        for fact in all_facts() {
            let expected = ask(&smaller, &their, |f| f.figure(fact, None, window).as_ref().clone());
            let (found, again) = ask(&household, &said, |f| {
                let view = f.restricted(members);
                let sources = view.sources(&view.figure(fact, None, window).parts);
                assert!(sources.iter().all(|s| members.contains(s.subject)));
                // A view of a view is one of the household.
                let again = f.restricted(Members::one(0)).restricted(members);
                (view.figure(fact, None, window).as_ref().clone(), again.figure(fact, None, window).as_ref().clone())
            });
            prop_assert_eq!(found.bounds, expected.bounds, "{:?}", fact);
            prop_assert_eq!(&found.missing, &expected.missing);
            prop_assert_eq!(&found.open, &expected.open);
            prop_assert_eq!(found.parts.len(), expected.parts.len());
            prop_assert_eq!(again, found);
        }
    }
}

#[test]
fn the_set_of_all_is_all_and_members_come_in_order() {
    assert_eq!(Members::first(0), Members::NONE);
    assert_eq!(Members::first(3).into_iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(Members::first(32).len(), 32);
    assert_eq!(Members::one(32), Members::NONE);
    let some = Members::one(5).with(Members::one(0)).with(Members::one(31));
    assert_eq!(some.into_iter().collect::<Vec<_>>(), [0, 5, 31]);
    assert!(some.contains(31) && !some.contains(1) && !some.contains(64) && !some.is_empty());
}

/// The household declares so many vehicles; the spouse has one, and the child another. Without the child count which?
fn vehicles_without_child(declared: u32) -> (Bounds, bool) {
    let mut input = family();
    input.declared.vehicles = Some(declared);
    let car = |number: &str| {
        found(vec![RecordBody::Vehicle(Vehicle {
            plate: Default::default(),
            identification_number: number.into(),
            kind: VehicleKind::Car,
            usage: VehicleUse::Private,
            status: VehicleStatus::Normal,
            registered_on: None,
            value: None,
        })])
    };
    let said = [said(
        "police",
        &[RecordType::Vehicle],
        vec![AnswerState::NoRecord, car("A1"), car("B1")],
    )];
    ask(&checked(input), &said, |facts| {
        let view = facts.restricted(Members::first(2));
        let figure = view.figure(Fact::Vehicles, None, Months::before(as_of(), 1));
        (figure.bounds, figure.open.iter().any(|code| code == DECLARED_OWNER))
    })
}

#[test]
fn what_the_whole_household_declares_beyond_its_registers_opens_the_upper_end_only() {
    assert_eq!(vehicles_without_child(2), (Bounds::exactly(1), false));
    assert_eq!(vehicles_without_child(3), (Bounds::between(1, 2), true));
}
