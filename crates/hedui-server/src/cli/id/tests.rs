//! Laws of `hedui id check`.

use proptest::prelude::*;

use super::*;

fn today() -> hedui_ids::Date {
    hedui_ids::Date::new(2026, 11, 22).unwrap()
}

#[test]
fn kinds_are_told_from_the_number() {
    let cases = [
        ("11010519491231002X", Kind::ResidentId, true),
        ("110105491231002", Kind::ResidentId, true),
        ("110105194912310021", Kind::ResidentId, false),
        ("9144030071526726XG", Kind::CreditCode, true),
        ("9144030071526726XH", Kind::CreditCode, false),
        ("914403007152672600", Kind::CreditCode, false),
        ("ABC123456789012", Kind::ResidentId, false),
        ("", Kind::ResidentId, false),
    ];
    for (text, kind, valid) in cases {
        let verdict = check(text, WantedKind::Auto, today());
        assert_eq!((verdict.kind, verdict.valid), (kind, valid), "{text}");
    }
}

#[test]
fn a_wanted_kind_is_not_second_guessed() {
    let verdict = check("9144030071526726XG", WantedKind::Resident, today());
    assert_eq!((verdict.kind, verdict.valid), (Kind::ResidentId, false));
}

#[test]
fn a_birth_after_the_date_is_refused_and_at_the_date_is_not() {
    let on = |day| {
        check(
            "201703202611210015",
            WantedKind::Resident,
            hedui_ids::Date::new(2026, 11, day).unwrap(),
        )
    };
    let id = ResidentId::compose(
        hedui_ids::DivisionCode::parse("511703").unwrap(),
        hedui_ids::Date::new(2026, 11, 21).unwrap(),
        1,
    );
    let born = |day| {
        check(
            id.unwrap().expose(),
            WantedKind::Resident,
            hedui_ids::Date::new(2026, 11, day).unwrap(),
        )
    };
    assert!(born(21).valid);
    assert_eq!(born(20).reason, Some("BIRTH_DATE_FUTURE"));
    assert!(!on(20).valid);
}

proptest! {
    #[test]
    fn a_masked_number_shows_at_most_eight_characters_of_it(text in any::<String>()) {
        let masked = mask(&text);
        let shown = masked.chars().filter(|c| *c != '*').count();
        prop_assert!(shown <= 8 || masked.starts_with("*** ("));
        prop_assert!(masked.is_ascii());
    }

    #[test]
    fn no_verdict_repeats_a_number(digits in "[0-9]{15,18}[0-9Xx]?") {
        let verdict = check(&digits, WantedKind::Auto, today());
        let json = serde_json::to_string(&verdict).unwrap();
        prop_assert!(!json.contains(&digits));
        prop_assert!(!json.contains(&digits[6..14]));
        prop_assert_eq!(verdict.valid, verdict.reason.is_none());
    }
}
