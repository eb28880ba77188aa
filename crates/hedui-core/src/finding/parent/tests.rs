//! Parents outside the household, with those beside them who are inside, dead, of grown children or not to be read.
//! Leaves parents who are officials to the parent's tests.

use super::super::{Tolerances, findings, opening};
use super::*;
use crate::household::HouseholdInput;
use crate::names::ProgrammeId;
use crate::record::{Marriage, RegistrationStatus};
use crate::testing::*;

use RecordType as T;

fn child_of(father: &str, mother: &str) -> RecordBody {
    RecordBody::Registration(Registration {
        father_id_number: father.into(),
        mother_id_number: mother.into(),
        ..registration(RegistrationStatus::Active)
    })
}

fn widowed(number: &str, name: &str, status: MarriageStatus) -> RecordBody {
    RecordBody::Marriage(Marriage {
        status,
        spouse_id_number: number.into(),
        spouse_name: name.into(),
        registered_on: Some(date("2018-01-01")),
    })
}

/// What is told of a household of which the last member has a registration, and the first a marriage.
fn told(input: HouseholdInput, child: RecordBody, marriage: Option<RecordBody>) -> Vec<(String, Option<u32>)> {
    let members = input.members.len();
    let nobody = || found(vec![child_of("", "")]);
    let mut people = vec![nobody(); members - 1];
    people.push(found(vec![child]));
    let mut marriages = vec![found(vec![]); members];
    marriages[0] = found(marriage.into_iter().collect());
    let registers = [
        said("police", &[T::Registration], people),
        said("civil-affairs", &[T::Marriage], marriages),
    ];
    let programmes = [ProgrammeId::new("dibao").unwrap()];
    let all = ask(&checked(input), &registers, |facts| {
        findings(facts, &programmes, "511703", Tolerances::default())
    });
    assert_eq!(opening(&all), [""; 0]);
    all.into_iter().map(|f| (f.code.to_string(), f.subject)).collect()
}

/// A parent of 1980 with a child of 2016.
fn alone() -> HouseholdInput {
    let mut input = family();
    input.members.remove(1);
    input
}

fn nothing() -> Vec<(String, Option<u32>)> {
    Vec::new()
}

#[test]
fn a_living_parent_who_is_no_member_is_told_and_opens_nothing() {
    let (father, mother, stranger) = (id(1980, 1), id(1982, 2), id(1985, 8));
    let outside = |ordinal: u32| vec![("PARENT_OUTSIDE".to_owned(), Some(ordinal))];
    let today = Date::new(2026, 11, 22).unwrap();
    let old = read(&mother, today).unwrap().legacy_15().unwrap();
    for child in [
        child_of(&father, &mother),
        child_of(&father, old.expose()),
        child_of("", &mother),
        child_of("", ""),
    ] {
        assert_eq!(told(family(), child, None), nothing());
    }
    for child in [
        child_of(&father, &stranger),
        child_of(&stranger, ""),
        child_of(&stranger, &mother),
    ] {
        assert_eq!(told(family(), child, None), outside(2));
    }
    assert_eq!(told(alone(), child_of(&father, &mother), None), outside(1));
    assert_eq!(told(alone(), child_of(&father, old.expose()), None), outside(1));
    // What is no number names nobody.
    for none in ["无", "-", &mother[..17]] {
        assert_eq!(told(alone(), child_of(&father, none), None), nothing(), "{none}");
    }
}

#[test]
fn a_parent_who_has_died_and_those_of_who_is_of_age_are_not_told() {
    let (father, mother, stranger) = (id(1980, 1), id(1982, 2), id(1985, 8));
    let told_of = |marriage| told(alone(), child_of(&father, &mother), Some(marriage));
    let outside = vec![("PARENT_OUTSIDE".to_owned(), Some(1))];
    use MarriageStatus::{Divorced, Widowed};
    assert_eq!(told_of(widowed(&mother, "", Widowed)), nothing());
    assert_eq!(told_of(widowed("", "测试丙", Widowed)), nothing());
    assert_eq!(told_of(widowed("", "", Widowed)), nothing());
    // Another has died; the parents have parted.
    assert_eq!(told_of(widowed(&stranger, "", Widowed)), outside);
    assert_eq!(told_of(widowed(&mother, "", Divorced)), outside);
    assert_eq!(told_of(widowed("", "", Divorced)), outside);
    // A widow or widower who is not the other parent.
    let of_nobody = told(alone(), child_of("", &mother), Some(widowed("", "", Widowed)));
    assert_eq!(of_nobody, outside);
    let mut grown = alone();
    grown.members[1] = member(2008, 3, crate::household::Relation::Child);
    assert_eq!(told(grown.clone(), child_of(&father, &stranger), None), nothing());
    grown.members[1] = member(2009, 3, crate::household::Relation::Child);
    assert_eq!(told(grown, child_of(&father, &stranger), None), outside);
}
