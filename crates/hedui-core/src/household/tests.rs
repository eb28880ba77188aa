//! Every mistake of an application is named with its field, all at once, and none repeats a number or a name.
//! Leaves what departments know to the findings.

use super::*;
use crate::testing::{as_of, date, family, id, member};

fn mistakes(input: HouseholdInput) -> Vec<(String, String)> {
    let numbers: Vec<(String, String)> = input
        .members
        .iter()
        .map(|m| (m.id_number.clone(), m.name.clone()))
        .collect();
    let errors = Household::check(input, as_of()).err().unwrap_or_default();
    let text = format!("{errors:?} {}", serde_json::to_string(&errors).unwrap());
    for (number, name) in numbers {
        assert!(number.len() < 6 || !text.contains(&number), "a number leaks");
        assert!(
            name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARS || !text.contains(name.trim()),
            "a name leaks"
        );
    }
    errors.into_iter().map(|e| (e.field, e.reason)).collect()
}

fn pair(field: &str, reason: &str) -> (String, String) {
    (field.into(), reason.into())
}

#[test]
fn a_sound_household_keeps_its_order_and_its_ages() {
    let household = Household::check(family(), as_of()).unwrap();
    assert_eq!(
        household.members.iter().map(|m| m.age).collect::<Vec<_>>(),
        [46, 44, 10]
    );
    assert_eq!(
        household.members.iter().map(Member::signs).collect::<Vec<_>>(),
        [true, true, false]
    );
}

#[test]
fn every_mistake_has_its_reason_and_field_and_all_come_at_once() {
    let mut input = family();
    input.members[0].name = " ".into();
    input.members[0].casual_work_months = 13;
    input.members[1].id_number.pop();
    input.members[1].relation = Relation::Applicant;
    input.members[2].name = "长".repeat(51);
    input.members[2].incomes = vec![DeclaredIncome {
        kind: IncomeKind::Wage,
        amount: Fen(-1),
        from: date("2026-05"),
        until: date("2026-04"),
    }];
    input.declared.financial_assets = Some(Fen(-1));
    let mut found = mistakes(input);
    found.sort();
    let mut expected = vec![
        pair("household.members", "ONE_APPLICANT"),
        pair("household.members[0].name", "NAME_EMPTY"),
        pair("household.members[0].casual_work_months", "MONTHS_OUT_OF_RANGE"),
        pair("household.members[1].id_number", "ID_LENGTH"),
        pair("household.members[2].name", "NAME_INVALID"),
        pair("household.members[2].incomes[0].amount", "AMOUNT_NEGATIVE"),
        pair("household.members[2].incomes[0].until", "PERIOD_REVERSED"),
        pair("household.declared.financial_assets", "AMOUNT_NEGATIVE"),
    ];
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn each_mistake_in_a_number_is_told_apart() {
    let with = |number: String| {
        let mut input = family();
        input.members[1].id_number = number;
        mistakes(input)
            .into_iter()
            .map(|(_, reason)| reason)
            .collect::<Vec<_>>()
    };
    let mut wrong_check = id(1982, 2);
    let last = if wrong_check.pop() == Some('0') { '1' } else { '0' };
    wrong_check.push(last);
    assert_eq!(with(wrong_check), ["ID_CHECK_DIGIT"]);
    assert_eq!(with(String::new()), ["ID_EMPTY"]);
    assert_eq!(with(id(2027, 2)), ["ID_BIRTH_DATE_FUTURE"]);
    assert_eq!(with("5117031982060100A1".into()), ["ID_CHARACTER"]);
}

#[test]
fn the_applicant_has_one_spouse_at_most() {
    let mut input = family();
    assert_eq!(mistakes(input.clone()), []);
    input.members[2].relation = Relation::Spouse;
    assert_eq!(mistakes(input), [pair("household.members", "ONE_SPOUSE")]);
}

#[test]
fn a_person_is_one_member_even_by_their_old_number() {
    let mut input = family();
    let full = hedui_ids::ResidentId::parse(&id(1980, 1), ids_date(as_of()).unwrap())
        .unwrap()
        .id;
    input.members[1].id_number = full.legacy_15().unwrap().expose().to_owned();
    assert_eq!(
        mistakes(input),
        [pair("household.members[1].id_number", "MEMBER_TWICE")]
    );
    // Found even where the first entry has a mistake of its own.
    let mut input = family();
    input.members[0].casual_work_months = 99;
    input.members[1].id_number = id(1980, 1);
    assert!(mistakes(input).contains(&pair("household.members[1].id_number", "MEMBER_TWICE")));
}

#[test]
fn the_size_has_limits_and_somebody_is_of_age() {
    let sized = |n: u16| {
        let mut input = family();
        input.members = (0..n)
            .map(|i| member(1980, i, if i == 0 { Relation::Applicant } else { Relation::Other }))
            .collect();
        mistakes(input)
    };
    assert_eq!(sized(0), [pair("household.members", "NO_MEMBERS")]);
    assert_eq!(sized(20), []);
    assert_eq!(sized(21), [pair("household.members", "TOO_MANY_MEMBERS")]);
    let mut minors = family();
    minors.members = vec![member(2016, 1, Relation::Applicant)];
    assert_eq!(mistakes(minors.clone()), []);
    let warned = |input| {
        Household::check(input, as_of())
            .unwrap()
            .warnings
            .iter()
            .map(|w| w.reason.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(warned(minors), ["NO_ADULT"]);
    assert_eq!(warned(family()), [""; 0]);
}

#[test]
fn ages_are_those_of_the_date_that_it_is_about() {
    let mut input = family();
    input.members.truncate(1);
    let past = jiff::civil::date(1998, 5, 31);
    assert_eq!(
        Household::check(input.clone(), past).unwrap().warnings[0].reason,
        "NO_ADULT"
    );
    assert_eq!(
        Household::check(input, jiff::civil::date(1998, 6, 1)).unwrap().members[0].age,
        18
    );
}

#[test]
fn unknown_fields_of_a_request_are_refused() {
    let mut json = serde_json::to_value(family()).unwrap();
    assert!(serde_json::from_value::<HouseholdInput>(json.clone()).is_ok());
    json["members"][0]["nickname"] = "x".into();
    assert!(serde_json::from_value::<HouseholdInput>(json).is_err());
}

#[test]
fn a_household_in_debug_output_is_a_number_of_members() {
    let household = Household::check(family(), as_of()).unwrap();
    assert_eq!(format!("{household:?}"), "Household(3 members)");
}
