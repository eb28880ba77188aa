//! Nobody is asked about without a letter in force that speaks for them.
//! Leaves who is asked to the plan.

use super::*;
use crate::testing::{as_of, checked, family, id};

fn letter(signer: String, wards: Vec<String>) -> AuthorizationInput {
    AuthorizationInput {
        authorization_id: "A-1".into(),
        signer_id_number: signer,
        on_behalf_of: wards,
        programmes: vec!["dibao".into()],
        departments: Vec::new(),
        signed_on: jiff::civil::date(2026, 11, 1),
        valid_until: None,
        period_from: None,
        ended: None,
        signature: Signature::Paper {
            scan_sha256: "ab".repeat(32),
            witnessed_by: "clerk-7".into(),
        },
    }
}

/// The applicant signs for the child too, the spouse alone.
fn letters() -> Vec<AuthorizationInput> {
    vec![letter(id(1980, 1), vec![id(2016, 3)]), letter(id(1982, 2), Vec::new())]
}

fn dibao() -> Vec<ProgrammeId> {
    vec![ProgrammeId::new("dibao").unwrap()]
}

fn ask(letters: &[AuthorizationInput]) -> Result<Scope, Vec<(String, String)>> {
    authorize(&checked(family()), letters, &dibao(), as_of(), as_of(), &|_| false).map_err(|errors| {
        let text = format!("{errors:?}");
        assert!(
            !text.contains(&id(1980, 1)) && !text.contains("测试"),
            "personal data leaks"
        );
        errors.into_iter().map(|e| (e.field, e.reason)).collect()
    })
}

fn refused(change: impl FnOnce(&mut Vec<AuthorizationInput>)) -> Vec<(String, String)> {
    let mut all = letters();
    change(&mut all);
    ask(&all).unwrap_err()
}

fn has(errors: &[(String, String)], field: &str, reason: &str) -> bool {
    errors.contains(&(field.to_owned(), reason.to_owned()))
}

#[test]
fn each_adult_and_a_guardian_open_everything() {
    let scope = ask(&letters()).unwrap();
    let department = DepartmentId::new("taxation").unwrap();
    assert!((0..3).all(|o| scope.allows(o, &department)));
    assert!(!scope.allows(3, &department), "no such member");
    assert_eq!(scope.period_from(), jiff::civil::date(2025, 11, 22));
}

#[test]
fn an_adult_needs_their_own_letter_and_a_minor_a_guardian() {
    let errors = refused(|l| drop(l.remove(1)));
    assert_eq!(
        errors,
        [("household.members[1]".into(), "AUTHORIZATION_MISSING".into())]
    );
    let errors = refused(|l| {
        l.remove(1);
        l[0].on_behalf_of.push(id(1982, 2));
    });
    assert!(
        has(&errors, "household.members[1]", "AUTHORIZATION_MISSING"),
        "nobody signs for a capable adult"
    );
    let errors = refused(|l| l[0].on_behalf_of.clear());
    assert!(has(&errors, "household.members[2]", "AUTHORIZATION_MISSING"));
}

#[test]
fn a_minor_or_incapable_person_is_no_guardian_and_signs_for_nobody() {
    let errors = refused(|l| {
        l[0].on_behalf_of.clear();
        l.push(letter(id(2010, 9), vec![id(2016, 3)]));
    });
    assert!(has(&errors, "household.members[2]", "AUTHORIZATION_MISSING"));
    let mut input = family();
    input.members[0].incapable = true;
    let errors = authorize(&checked(input), &letters(), &dibao(), as_of(), as_of(), &|_| true).unwrap_err();
    let fields: Vec<&str> = errors.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(fields, ["household.members[0]", "household.members[2]"]);
}

#[test]
fn who_has_come_of_age_since_the_date_signs_for_themselves() {
    let mut input = family();
    input.members[2].id_number = id(2008, 3);
    let (then, today) = (jiff::civil::date(2026, 5, 1), as_of());
    let household = Household::check(input, then).unwrap();
    let mut all = letters();
    all[0].on_behalf_of = vec![id(2008, 3)];
    assert!(authorize(&household, &all, &dibao(), then, today, &|_| true).is_err());
    all.push(letter(id(2008, 3), Vec::new()));
    assert!(authorize(&household, &all, &dibao(), then, today, &|_| true).is_ok());
}

#[test]
fn a_programme_that_is_not_in_the_letter_is_not_authorized() {
    let errors = refused(|l| l[1].programmes = vec!["medical".into()]);
    assert_eq!(
        errors,
        [("household.members[1]".into(), "PROGRAMME_NOT_AUTHORIZED".into())]
    );
    let none = authorize(&checked(family()), &letters(), &[], as_of(), as_of(), &|_| true);
    assert!(none.is_err(), "no programme, no scope");
}

#[test]
fn departments_named_in_a_letter_limit_that_member_only() {
    let mut all = letters();
    all[1].departments = vec!["taxation".into()];
    let scope = ask(&all).unwrap();
    let allows = |o, name: &str| scope.allows(o, &DepartmentId::new(name).unwrap());
    assert!(allows(0, "housing") && allows(2, "housing") && allows(1, "taxation"));
    assert!(!allows(1, "housing"));
}

#[test]
fn a_letter_is_in_force_from_its_day_to_its_last_or_to_the_event_that_ends_it() {
    let day = |d: i8| jiff::civil::date(2026, 11, d);
    let errors = refused(|l| l[0].signed_on = day(23));
    assert!(has(
        &errors,
        "authorizations[0].signed_on",
        "AUTHORIZATION_NOT_YET_VALID"
    ));
    let errors = refused(|l| l[0].valid_until = Some(day(21)));
    assert!(has(&errors, "authorizations[0].valid_until", "AUTHORIZATION_EXPIRED"));
    let ended = |on| {
        Some(Ended {
            on,
            event: EndEvent::Withdrawn,
        })
    };
    let errors = refused(|l| l[0].ended = ended(day(22)));
    assert!(has(&errors, "authorizations[0].ended", "AUTHORIZATION_ENDED"));

    let mut all = letters();
    (all[0].valid_until, all[1].ended) = (Some(day(25)), ended(day(24)));
    let scope = ask(&all).unwrap();
    let live: Vec<bool> = [1, 22, 23, 24, 25].map(|d| scope.is_live(day(d))).to_vec();
    assert_eq!(live, [true, true, true, false, false]);
    assert!(!scope.is_live(jiff::civil::date(2026, 10, 31)));
}

#[test]
fn a_signature_is_checked_by_who_holds_the_keys_and_a_scan_has_a_witness() {
    let reason = "AUTHORIZATION_SIGNATURE_INVALID";
    let electronic = Signature::Electronic {
        key_id: "k".into(),
        signature: "00".into(),
    };
    let errors = refused(|l| l[0].signature = electronic.clone());
    assert!(has(&errors, "authorizations[0].signature", reason));
    let paper = |scan: &str, by: &str| Signature::Paper {
        scan_sha256: scan.into(),
        witnessed_by: by.into(),
    };
    for bad in [
        paper("ab", "clerk"),
        paper(&"zz".repeat(32), "clerk"),
        paper(&"ab".repeat(32), " "),
    ] {
        assert!(has(
            &refused(|l| l[0].signature = bad),
            "authorizations[0].signature",
            reason
        ));
    }
    let mut all = letters();
    all[0].signature = electronic;
    let mut accepted = false;
    let seen = std::cell::Cell::new(0);
    let accept = |_: &Authorization| {
        seen.set(seen.get() + 1);
        true
    };
    accepted |= authorize(&checked(family()), &all, &dibao(), as_of(), as_of(), &accept).is_ok();
    assert!(accepted && seen.get() == 1, "asked for the electronic letter only");
}

#[test]
fn the_signed_bytes_are_these() {
    let mut all = letters();
    all[0].departments = vec!["taxation".into(), "housing".into()];
    all[0].valid_until = Some(jiff::civil::date(2027, 1, 1));
    let scope = ask(&all).unwrap();
    let golden = format!(
        "hedui-authorization-v1\nA-1\n{}\n{}\ndibao\ntaxation,housing\n2026-11-01\n2027-01-01\n\n\
         hedui-authorization-v1\nA-1\n{}\n\ndibao\n\n2026-11-01\n\n\n",
        id(1980, 1),
        id(2016, 3),
        id(1982, 2)
    );
    assert_eq!(scope.canonical(), golden.as_bytes());
    assert_eq!(format!("{scope:?}"), "Scope(3 members)");
}

#[test]
fn lists_and_letters_are_limited_and_ids_are_read_strictly() {
    let many = vec![letter(id(1980, 1), Vec::new()); MAX_AUTHORIZATIONS + 1];
    assert!(has(
        &ask(&many).unwrap_err(),
        "authorizations",
        "TOO_MANY_AUTHORIZATIONS"
    ));
    let errors = refused(|l| l[0].programmes = vec!["dibao".into(); MAX_LETTER_ITEMS + 1]);
    assert!(has(&errors, "authorizations[0].programmes", "TOO_MANY_ITEMS"));
    let errors = refused(|l| {
        l[0].signer_id_number = "1".into();
        l[0].authorization_id = "A\n1".into();
        l[1].departments = vec!["Not A Name".into()];
    });
    assert!(has(&errors, "authorizations[0].signer_id_number", "ID_LENGTH"));
    assert!(has(
        &errors,
        "authorizations[0].authorization_id",
        "AUTHORIZATION_ID_INVALID"
    ));
    assert!(has(&errors, "authorizations[1].departments[0]", "NAME_INVALID"));
}

/// A scope over the family, for the tests of plans.
pub(crate) fn scope_with(departments: &[&str]) -> Scope {
    let mut all = letters();
    all[1].departments = departments.iter().map(|d| (*d).to_owned()).collect();
    ask(&all).unwrap()
}

#[test]
fn what_was_found_may_be_looked_at_for_other_programmes_only_as_far_as_every_letter_goes() {
    let programme = |text: &str| ProgrammeId::new(text).unwrap();
    let named = |lists: [&[&str]; 2], departments: [&[&str]; 2]| {
        let mut letters = letters();
        for ((letter, list), departments) in letters.iter_mut().zip(lists).zip(departments) {
            letter.programmes = list.iter().map(|p| (*p).to_owned()).collect();
            letter.departments = departments.iter().map(|d| (*d).to_owned()).collect();
        }
        ask(&letters).unwrap()
    };
    let all: [&[&str]; 2] = [&[], &[]];
    let plain = named([&["dibao"], &["dibao"]], all);
    assert!(!plain.is_for_others() && !plain.is_for_also(&programme("senior-subsidy")));
    let one = named([&["dibao", "senior-subsidy"], &["dibao"]], all);
    assert!(
        !one.is_for_also(&programme("senior-subsidy")),
        "one adult has not signed for it"
    );
    let both = named([&["dibao", "senior-subsidy"], &["senior-subsidy", "dibao"]], all);
    assert!(both.is_for_also(&programme("senior-subsidy")));
    assert!(!both.is_for_also(&programme("legal-aid")) && !both.is_for_also(&programme("dibao")));
    let joint = named([&["dibao", JOINT_ASSISTANCE], &[JOINT_ASSISTANCE]], all);
    assert!(joint.is_for_also(&programme("legal-aid")) && !joint.is_for_also(&programme("dibao")));
    let mixed = named([&["dibao", JOINT_ASSISTANCE], &["dibao", "legal-aid"]], all);
    assert!(mixed.is_for_also(&programme("legal-aid")) && !mixed.is_for_also(&programme("senior-subsidy")));
}

#[test]
fn a_letter_that_opens_fewer_departments_for_another_programme_does_not_lend_it_what_the_others_said() {
    let mut all = letters();
    let mut fewer = all[0].clone();
    fewer.authorization_id = "A-2".into();
    fewer.programmes = vec!["senior-subsidy".into()];
    fewer.departments = vec!["public-security".into()];
    for letter in &mut all[1..] {
        letter.programmes.push("senior-subsidy".into());
    }
    all.push(fewer);
    let scope = ask(&all).unwrap();
    assert!(!scope.is_for_also(&ProgrammeId::new("senior-subsidy").unwrap()));
}
