//! Laws of the unified social credit code.
//! Leaves normalising in general to the tests of `resident`, which share the reader.

use std::{format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::{CreditCode, CreditCodeKind, CreditCodeWarning, Registrar};
use crate::{
    IdError,
    typing::{any_text, choices, mistype},
};

/// The 31 characters by the wording of the standard, not by the table of the code under test.
fn alphabet() -> Vec<char> {
    ('0'..='9').chain('A'..='Z').filter(|c| !"IOSVZ".contains(*c)).collect()
}

/// Searches the character that brings the sum of value times 3^i to a multiple of 31.
fn naive_check(first17: &str) -> char {
    let alphabet = alphabet();
    let value = |c: char| alphabet.iter().position(|&known| known == c).expect("in the alphabet") as u128;
    let sum: u128 = first17
        .chars()
        .enumerate()
        .map(|(i, c)| value(c) * 3u128.pow(i as u32))
        .sum();
    let fits = |check: &u128| (sum + check).is_multiple_of(31);
    alphabet[(0..31).find(fits).expect("one of 31") as usize]
}

/// By the wording of GB 11714: 11 minus the remainder; 10 is X, 11 is 0.
fn naive_organisation_check(first8: &str) -> char {
    let sum: u32 = first8
        .chars()
        .zip([3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(c, weight)| c.to_digit(36).unwrap() * weight)
        .sum();
    match 11 - sum % 11 {
        11 => '0',
        10 => 'X',
        check => char::from_digit(check, 10).unwrap(),
    }
}

fn first17() -> impl Strategy<Value = String> {
    "[1-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{9}"
}

/// With a right organisation code inside, so that nothing is odd.
fn ordinary() -> impl Strategy<Value = String> {
    "[1-9ANY][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{8}".prop_map(|first16| {
        let organisation = naive_organisation_check(&first16[8..]);
        format!("{first16}{organisation}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_check_character_is_the_one_a_search_finds(first17 in first17()) {
        let code = CreditCode::compose(&first17).expect("composed");
        let expected = format!("{first17}{}", naive_check(&first17));
        prop_assert_eq!(code.expose(), &expected);
        prop_assert_eq!(CreditCode::parse(&expected).expect("accepted").code, code);
    }

    #[test]
    fn the_organisation_check_is_warned_about_exactly_when_wrong(first17 in first17()) {
        let parsed = CreditCode::parse(CreditCode::compose(&first17).expect("composed").expose()).expect("accepted");
        let fits = first17[8..].ends_with(naive_organisation_check(&first17[8..16]));
        prop_assert_eq!(parsed.warnings.contains(&CreditCodeWarning::OrganisationCheckDigit), !fits);
    }
}

proptest! {
    #[test]
    fn every_single_substitution_is_refused(first17 in first17()) {
        let code = CreditCode::compose(&first17).expect("composed");
        for at in 0..18 {
            for c in alphabet().into_iter().filter(|c| *c as u8 != code.as_bytes()[at]) {
                let mut bytes = *code.as_bytes();
                bytes[at] = c as u8;
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                let reason = CreditCode::parse(&text).expect_err("refused").reason();
                prop_assert!(reason == "CHECK_DIGIT" || (at == 0 && reason == "REGISTRAR_PREFIX"), "{}", reason);
            }
        }
    }

    #[test]
    fn every_exchange_but_of_first_and_last_is_refused(first17 in first17()) {
        let code = CreditCode::compose(&first17).expect("composed");
        for left in 0..18 {
            for right in (left + 1..18).filter(|right| (left, *right) != (0, 17)) {
                let mut bytes = *code.as_bytes();
                bytes.swap(left, right);
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                prop_assert!(bytes == *code.as_bytes() || CreditCode::parse(&text).is_err());
            }
        }
    }

    #[test]
    fn typing_habits_change_nothing_but_the_warning(first17 in ordinary(), choices in choices()) {
        let code = CreditCode::compose(&first17).expect("composed");
        let typed = mistype(code.expose(), &choices);
        let parsed = CreditCode::parse(&typed).expect("accepted");
        prop_assert_eq!(parsed.code, code);
        let expected = if typed == code.expose() { vec![] } else { vec![CreditCodeWarning::Normalised] };
        prop_assert_eq!(parsed.warnings, expected);
    }

    #[test]
    fn nothing_panics_and_what_is_accepted_is_canonical(text in any_text()) {
        let _ = CreditCode::compose(&text);
        if let Ok(parsed) = CreditCode::parse(&text) {
            let again = CreditCode::parse(parsed.code.expose()).expect("canonical");
            prop_assert_eq!(again.code, parsed.code);
            prop_assert!(!again.warnings.contains(&CreditCodeWarning::Normalised));
        }
    }

    #[test]
    fn debug_hides_the_organisation(first17 in first17()) {
        let code = CreditCode::compose(&first17).expect("composed");
        let shown = format!("CreditCode({}********{})", &code.expose()[..8], &code.expose()[16..]);
        prop_assert_eq!(format!("{code:?}"), shown);
    }
}

#[test]
fn codes_that_end_in_0_are_accepted_and_occur_once_in_31() {
    let zeros = (0..31_000)
        .map(|n| CreditCode::compose(&format!("91320582{n:09}")).expect("composed"))
        .filter(|code| code.expose().ends_with('0'))
        .inspect(|code| assert_eq!(CreditCode::parse(code.expose()).map(|parsed| parsed.code), Ok(*code)))
        .count();
    assert!((900..1_100).contains(&zeros), "{zeros}");
}

#[test]
fn an_exchange_of_first_and_last_can_slip_through() {
    // The documented limit of the guarantee is real: both weigh one.
    let code = (0..100)
        .filter_map(|n| CreditCode::compose(&format!("9132058200000{n:04}")))
        .find(|code| code.expose().ends_with('1'))
        .expect("one in 31");
    let mut bytes = *code.as_bytes();
    bytes.swap(0, 17);
    assert!(CreditCode::parse(core::str::from_utf8(&bytes).unwrap()).is_ok());
}

#[test]
fn every_registrar_of_the_standard_is_known_and_no_other() {
    for c in alphabet() {
        let known = "123456789ANY".contains(c);
        assert_eq!(
            CreditCode::compose(&format!("{c}1320582000000000")).is_some(),
            known,
            "{c}"
        );
    }
    assert_eq!(CreditCode::parse("B11000000000000000"), Err(IdError::RegistrarPrefix));
}

#[test]
fn collective_organisations_that_pay_dividends_are_recognised() {
    let kind = |head: &str| {
        CreditCode::compose(&format!("{head}511703MF0000000"))
            .expect("composed")
            .kind()
    };
    assert_eq!(kind("N1"), CreditCodeKind::GroupCollective);
    assert_eq!(kind("N2"), CreditCodeKind::VillageCollective);
    assert_eq!(kind("N3"), CreditCodeKind::TownshipCollective);
    assert_eq!(kind("92"), CreditCodeKind::IndividualBusiness);
    assert_eq!(kind("93"), CreditCodeKind::FarmersCooperative);
    assert_eq!(kind("N9"), CreditCodeKind::Other(Registrar::Agriculture));
    assert_eq!(kind("A1"), CreditCodeKind::Other(Registrar::Military));
    assert_eq!(kind("Y1"), CreditCodeKind::Other(Registrar::Other));
}

#[test]
fn letters_that_the_standard_leaves_out_are_refused_where_they_stand() {
    for c in "IOSVZ".chars() {
        assert_eq!(
            CreditCode::parse(&format!("9132{c}5820000000000")),
            Err(IdError::Character { position: 5 })
        );
    }
    assert_eq!(CreditCode::parse("").map(|_| ()), Err(IdError::Empty));
    assert_eq!(CreditCode::parse("9132").map(|_| ()), Err(IdError::Length { found: 4 }));
    assert_eq!(CreditCode::compose("9132"), None);
}

#[test]
fn a_division_of_letters_is_a_warning() {
    let code = CreditCode::compose("91AB0582000000000").expect("composed");
    assert_eq!(code.division(), None);
    let warnings = CreditCode::parse(code.expose()).expect("accepted").warnings;
    assert!(warnings.contains(&CreditCodeWarning::DivisionForm));
}

#[test]
fn public_codes_of_well_known_companies_are_accepted_without_warning() {
    for text in ["9144030071526726XG", "91330100799655058B", "91350100M000100Y43"] {
        let parsed = CreditCode::parse(text).expect("accepted");
        assert_eq!(
            (parsed.code.kind(), parsed.warnings),
            (CreditCodeKind::Enterprise, vec![]),
            "{text}"
        );
    }
    let code = CreditCode::parse("9144030071526726XG").expect("accepted").code;
    assert_eq!(code.organisation_code(), "71526726X");
    assert_eq!(code.division().map(|division| division.number()), Some(440_300));
}
