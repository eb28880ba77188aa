//! Laws of the resident ID: check character, normalising, birth dates, the 15-digit form, masking.
//! Leaves the calendar to the tests of `date` and coverage of divisions to those of `divisions`.

use std::{format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::{IdKind, IdWarning, ResidentId, Sex};
use crate::{
    Date, DivisionCode, Divisions, IdError,
    typing::{TODAY, any_text, births, choices, date, divisions, mistype},
};

fn ids() -> impl Strategy<Value = ResidentId> {
    (divisions(), births(), 0u16..=999)
        .prop_map(|(division, birth, sequence)| ResidentId::compose(division, birth, sequence).expect("in range"))
}

fn reason(text: &str) -> &'static str {
    ResidentId::parse(text, TODAY).expect_err("refused").reason()
}

fn read(text: &str) -> super::Parsed {
    ResidentId::parse(text, TODAY).expect("accepted")
}

/// ISO 7064 pure system: double and add, then search the character that leaves 1. Knows no weights.
fn iso_7064_mod_11_2(digits: &[u8]) -> u8 {
    let partial = digits
        .iter()
        .fold(0, |partial, byte| (partial + u32::from(byte - b'0')) * 2 % 11);
    let check = (0..11)
        .find(|check| (partial + check) % 11 == 1)
        .expect("one of eleven");
    if check == 10 { b'X' } else { b'0' + check as u8 }
}

fn with(bytes: &[u8; 18], changes: &[(usize, u8)]) -> String {
    let mut bytes = *bytes;
    for &(at, byte) in changes {
        bytes[at] = byte;
    }
    String::from_utf8(bytes.to_vec()).expect("ascii")
}

proptest! {
    #[test]
    fn a_composed_number_reads_back_with_all_its_parts(division in divisions(), birth in births(), sequence in 0u16..=999) {
        let id = ResidentId::compose(division, birth, sequence).expect("in range");
        let parsed = ResidentId::parse(id.expose(), TODAY).expect("accepted");
        prop_assert_eq!(parsed.id, id);
        prop_assert_eq!(id.division(), division);
        prop_assert_eq!(id.birth_date(), birth);
        prop_assert_eq!(id.age_on(TODAY), birth.age_on(TODAY));
        prop_assert_eq!(id.sex(), if sequence % 2 == 1 { Sex::Male } else { Sex::Female });
        prop_assert!(!parsed.was_normalised() && !parsed.was_legacy_15());
        prop_assert_eq!(parsed.warnings.contains(&IdWarning::SequenceZero), sequence == 0);
        prop_assert_eq!(id.as_bytes().as_slice(), id.expose().as_bytes());
    }

    #[test]
    fn the_check_character_is_that_of_iso_7064(id in ids()) {
        prop_assert_eq!(id.check_character(), char::from(iso_7064_mod_11_2(&id.as_bytes()[..17])));
    }

    #[test]
    fn every_single_substitution_is_refused(id in ids()) {
        for at in 0..18 {
            for byte in b"0123456789X".iter().copied().filter(|&byte| byte != id.as_bytes()[at]) {
                let expected = if byte == b'X' && at < 17 { "CHARACTER" } else { "CHECK_DIGIT" };
                prop_assert_eq!(reason(&with(id.as_bytes(), &[(at, byte)])), expected);
            }
        }
    }

    #[test]
    fn every_exchange_of_two_characters_not_ten_apart_is_refused(id in ids()) {
        let bytes = id.as_bytes();
        for left in 0..18 {
            for right in (left + 1..18).filter(|right| right - left != 10) {
                if bytes[left] != bytes[right] {
                    let text = with(bytes, &[(left, bytes[right]), (right, bytes[left])]);
                    prop_assert!(ResidentId::parse(&text, TODAY).is_err());
                }
            }
        }
    }

    #[test]
    fn every_twin_substitution_is_refused(id in ids()) {
        let bytes = id.as_bytes();
        for at in (0..16).filter(|&at| bytes[at] == bytes[at + 1]) {
            for twin in (b'0'..=b'9').filter(|&twin| twin != bytes[at]) {
                prop_assert_eq!(reason(&with(bytes, &[(at, twin), (at + 1, twin)])), "CHECK_DIGIT");
            }
        }
    }

    #[test]
    fn typing_habits_change_nothing_but_the_warning(id in ids(), choices in choices()) {
        let typed = mistype(id.expose(), &choices);
        let parsed = ResidentId::parse(&typed, TODAY).expect("accepted");
        let canonical = ResidentId::parse(id.expose(), TODAY).expect("accepted");
        prop_assert_eq!(parsed.id, id);
        prop_assert_eq!(parsed.was_normalised(), typed != id.expose());
        let others: Vec<_> = parsed.warnings.into_iter().filter(|warning| *warning != IdWarning::Normalised).collect();
        prop_assert_eq!(others, canonical.warnings);
    }

    #[test]
    fn fifteen_digits_become_eighteen_and_back(division in 110_000u32..=800_000, birth in births(), sequence in 0u16..=999) {
        let id = ResidentId::compose(DivisionCode::literal(division), birth, sequence).expect("in range");
        let in_century = (1900..=1999).contains(&birth.year());
        prop_assert_eq!(id.legacy_15().is_some(), in_century);
        if let Some(legacy) = id.legacy_15() {
            let parsed = ResidentId::parse(legacy.expose(), TODAY).expect("accepted");
            prop_assert_eq!(parsed.id, id);
            prop_assert_eq!(parsed.id.legacy_15(), Some(legacy));
            prop_assert!(parsed.was_legacy_15() && !parsed.was_normalised());
            let old = sequence >= 996 || birth.age_on(TODAY).expect("born") >= 100;
            prop_assert_eq!(parsed.warnings.contains(&IdWarning::AmbiguousCentury), old);
        }
    }

    #[test]
    fn fifteen_digits_are_accepted_iff_they_hold_a_day_of_the_last_century(text in "[1-7][0-9]{5}[0-9]{2}[01][0-9][0-3][0-9][0-9]{3}") {
        let number = |from: usize| text[from..from + 2].parse::<u8>().expect("digits");
        let real = Date::new(1900 + u16::from(number(6)), number(8), number(10));
        match ResidentId::parse(&text, TODAY) {
            Ok(parsed) => prop_assert_eq!(Some(parsed.id.birth_date()), real),
            Err(error) => prop_assert_eq!((error, real), (IdError::BirthDateImpossible, None)),
        }
    }

    #[test]
    fn nothing_panics_and_what_is_accepted_is_canonical(text in any_text()) {
        if let Ok(parsed) = ResidentId::parse(&text, TODAY) {
            let again = ResidentId::parse(parsed.id.expose(), TODAY).expect("canonical");
            prop_assert_eq!(again.id, parsed.id);
            prop_assert!(!again.was_normalised());
        }
    }

    #[test]
    fn debug_and_mask_hide_the_birth_date_and_the_sequence(id in ids()) {
        let number = id.expose();
        let masked = format!("{}**********{}", &number[..6], &number[16..]);
        prop_assert_eq!(&id.masked(), &masked);
        let parsed = ResidentId::parse(number, TODAY).expect("accepted");
        for shown in [format!("{id:?}"), format!("{id:#?}"), format!("{parsed:?}"), format!("{:?}", Some(id))] {
            let rest = shown.replace(&masked, "");
            prop_assert!(rest.len() < shown.len() && !rest.contains(|c: char| c.is_ascii_digit()), "{}", rest);
        }
        if let Some(legacy) = id.legacy_15() {
            prop_assert_eq!(format!("{legacy:?}"), format!("LegacyId({}*******{})", &number[..6], &number[15..17]));
        }
    }

    #[test]
    fn errors_never_repeat_the_input(text in "[0-9]{3,24}") {
        if let Err(error) = ResidentId::parse(&text, TODAY) {
            let shown = format!("{error} {error:?} {}", error.reason());
            prop_assert!(!shown.contains(&text), "{}", shown);
        }
    }

    #[test]
    fn a_clean_number_allocates_nothing(birth in births(), sequence in 1u16..=999) {
        let id = ResidentId::compose(DivisionCode::literal(320_582), birth, sequence).expect("in range");
        let parsed = ResidentId::parse(id.expose(), TODAY).expect("accepted");
        prop_assert_eq!(parsed.warnings, vec![]);
        prop_assert_eq!(ResidentId::parse(id.expose(), TODAY).expect("accepted").warnings.capacity(), 0);
    }
}

#[test]
fn an_exchange_ten_places_apart_can_slip_through() {
    // The documented limit of the guarantee is real: weights repeat after ten places.
    let id = ResidentId::compose(DivisionCode::literal(511_703), date(1990, 1, 2), 123).expect("in range");
    let bytes = id.as_bytes();
    let text = with(bytes, &[(4, bytes[14]), (14, bytes[4])]);
    assert_ne!(text, id.expose());
    assert!(ResidentId::parse(&text, TODAY).is_ok());
}

#[test]
fn published_sample_numbers_are_accepted() {
    // The two permits are the samples of the Beijing police; the rest are made-up numbers that other validators use as examples.
    let samples = [
        ("810000199408230021", IdKind::PermitHongKong, Sex::Female, (1994, 8, 23)),
        ("830000199201300022", IdKind::PermitTaiwan, Sex::Female, (1992, 1, 30)),
        (
            "911124198108030024",
            IdKind::ForeignPermanentResident,
            Sex::Female,
            (1981, 8, 3),
        ),
        ("440308199901101512", IdKind::Resident, Sex::Male, (1999, 1, 10)),
    ];
    for (text, kind, sex, (year, month, day)) in samples {
        let parsed = read(text);
        assert_eq!((parsed.id.kind(), parsed.id.sex()), (kind, sex));
        assert_eq!(parsed.id.birth_date(), date(year, month, day));
        assert_eq!(parsed.warnings, []);
    }
    let legacy = read("610104620927690");
    assert_eq!(legacy.id.expose(), "610104196209276908");
    assert_eq!(legacy.warnings, [IdWarning::Legacy15Digits]);
}

#[test]
fn permits_and_foreign_cards_have_no_15_digit_form() {
    for division in [810_000, 820_000, 830_000, 911_124] {
        let id = ResidentId::compose(DivisionCode::literal(division), date(1980, 5, 6), 7).expect("in range");
        assert_eq!(id.legacy_15(), None);
        assert_eq!(read(id.expose()).warnings, []);
    }
    for text in ["810000800506007", "911124800506007"] {
        assert_eq!(ResidentId::parse(text, TODAY), Err(IdError::Length { found: 15 }));
    }
    assert_eq!(read("82000019800506007X").id.kind(), IdKind::PermitMacao);
}

#[test]
fn the_check_character_x_is_read_in_all_its_spellings() {
    // The example that most texts about GB 11643 quote.
    for last in ["X", "x", "Ｘ", "ｘ", "×", "Ⅹ", "ⅹ"] {
        let parsed = read(&format!("11010519491231002{last}"));
        assert_eq!(parsed.id.expose(), "11010519491231002X");
        assert_eq!(parsed.was_normalised(), last != "X");
    }
    assert_eq!(read("'11010519491231002X").id.check_character(), 'X');
}

#[test]
fn reasons_name_the_first_thing_that_is_wrong() {
    assert_eq!(reason(""), "EMPTY");
    assert_eq!(reason(" \u{3000}\u{200B}-"), "EMPTY");
    assert_eq!(reason("44030819990110151"), "LENGTH");
    assert_eq!(reason("4403081999011015122"), "LENGTH");
    assert_eq!(reason("USA112345678901"), "FOREIGN_CARD_15");
    assert_eq!(reason("ｕｓａ112345678901"), "FOREIGN_CARD_15");
    assert_eq!(reason("440308199901101513"), "CHECK_DIGIT");
    assert_eq!(reason("123456789012345"), "BIRTH_DATE_IMPOSSIBLE");
    let at = |text: &str, position| assert_eq!(ResidentId::parse(text, TODAY), Err(IdError::Character { position }));
    at("44030819990110151张", 18);
    at("4403O8199901101512", 5);
    at(" 4403O8 199901101512", 6);
    at("X40308199901101512", 1);
    at("44030819990110'512", 15);
    at("4.40308E+17", 2);
    at("61010462092769X", 15);
    at("44030819990110151\0", 18);
}

#[test]
fn birth_dates_are_real_past_and_not_absurd() {
    let check = |birth: &str| {
        let first17: [u8; 17] = format!("320582{birth}001").into_bytes().try_into().expect("seventeen");
        let id = ResidentId::with_check(&first17, ResidentId::checksum(&first17).expect("digits"));
        ResidentId::parse(id.expose(), TODAY)
            .map(|_| ())
            .map_err(IdError::reason)
    };
    assert_eq!(check("20000229"), Ok(()));
    assert_eq!(check("20240229"), Ok(()));
    for impossible in [
        "19000229", "20230229", "19991301", "19990001", "19990100", "19990431", "00000101",
    ] {
        assert_eq!(check(impossible), Err("BIRTH_DATE_IMPOSSIBLE"), "{impossible}");
    }
    assert_eq!(check("20261122"), Ok(()));
    for future in ["20261123", "20270101", "20350101", "99991231"] {
        assert_eq!(check(future), Err("BIRTH_DATE_FUTURE"), "{future}");
    }
    assert_eq!(check("18751123"), Ok(()));
    assert_eq!(check("18751122"), Err("BIRTH_DATE_TOO_OLD"));
    assert_eq!(check("09990101"), Err("BIRTH_DATE_TOO_OLD"));
}

#[test]
fn a_number_with_a_broken_birth_date_and_a_broken_check_is_first_a_typing_mistake() {
    assert_eq!(reason("440308199913101512"), "CHECK_DIGIT");
}

#[test]
fn a_number_outside_0_to_999_is_no_sequence() {
    let birth = date(1990, 1, 1);
    assert!(ResidentId::compose(DivisionCode::literal(320_582), birth, 1000).is_none());
    assert_eq!(ResidentId::checksum(b"1234567890123456X"), None);
}

#[test]
fn odd_divisions_are_warnings_never_refusals() {
    let warn = |division, year| {
        let id = ResidentId::compose(DivisionCode::literal(division), date(year, 1, 1), 1).expect("in range");
        read(id.expose()).warnings
    };
    assert_eq!(warn(511_703, 2015), []);
    assert_eq!(warn(513_021, 1970), [], "an abolished code stays good");
    assert_eq!(warn(513_021, 2005), [IdWarning::DivisionRetiredBeforeBirth]);
    assert_eq!(warn(511_799, 1990), [IdWarning::UnknownDivision]);
    assert_eq!(
        warn(110_101, 1990),
        [],
        "the bundled table does not cover Beijing's districts"
    );
    assert_eq!(warn(770_101, 1990), [IdWarning::UnknownProvince]);
    assert_eq!(warn(810_001, 1990), [IdWarning::UnknownDivision]);
}

#[test]
fn the_table_changes_warnings_and_nothing_else() {
    let table = Divisions::from_csv("# complete\ncode,name_zh,name_en,valid_from,valid_to\n320000,江苏省,Jiangsu,,\n320582,张家港市,Zhangjiagang,,\n").expect("a table");
    let known = ResidentId::compose(DivisionCode::literal(320_582), date(1990, 1, 1), 1).expect("in range");
    let unknown = ResidentId::compose(DivisionCode::literal(320_101), date(1990, 1, 1), 1).expect("in range");
    let warnings = |id: ResidentId| {
        ResidentId::parse_with(id.expose(), TODAY, &table)
            .expect("accepted")
            .warnings
    };
    assert_eq!(warnings(known), []);
    assert_eq!(warnings(unknown), [IdWarning::UnknownDivision]);
    assert_eq!(read(unknown.expose()).warnings, []);
}

#[test]
fn a_code_serves_births_up_to_its_last_day() {
    let born = |year, month, day| {
        let id = ResidentId::compose(DivisionCode::literal(511_721), date(year, month, day), 1).expect("in range");
        read(id.expose()).warnings
    };
    assert_eq!(born(2013, 12, 31), []);
    assert_eq!(born(2014, 1, 1), [IdWarning::DivisionRetiredBeforeBirth]);
}

#[test]
fn the_century_of_fifteen_digits_is_doubted_from_age_100_and_in_the_old_reserved_sequences() {
    let warnings = |text: &str| read(text).warnings;
    let doubted = [IdWarning::Legacy15Digits, IdWarning::AmbiguousCentury];
    assert_eq!(warnings("320582261122001"), doubted);
    assert_eq!(warnings("320582261123001"), doubted[..1]);
    assert_eq!(warnings("320582500101995"), doubted[..1]);
    for sequence in 996..=999 {
        assert_eq!(warnings(&format!("320582500101{sequence}")), doubted);
    }
}
