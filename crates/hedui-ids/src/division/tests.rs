//! Laws of the six-digit division code.
//! Leaves which codes exist to the tests of `divisions`.

use std::{format, string::ToString};

use proptest::prelude::*;

use super::{DivisionCode, DivisionLevel};
use crate::typing::any_text;

proptest! {
    #[test]
    fn six_digits_read_back(number in 0u32..=999_999) {
        let code = DivisionCode::new(number).expect("six digits");
        prop_assert_eq!(DivisionCode::parse(&code.to_string()), Some(code));
        prop_assert_eq!(code.to_string().len(), 6);
        prop_assert_eq!(code.number(), number);
    }

    #[test]
    fn only_six_ascii_digits_are_a_code(text in any_text()) {
        let six_digits = text.len() == 6 && text.chars().all(|c| c.is_ascii_digit());
        prop_assert_eq!(DivisionCode::parse(&text).is_some(), six_digits);
    }

    #[test]
    fn containing_is_sharing_the_leading_digits(a in 0u32..=999_999, b in 0u32..=999_999, shared in 0u32..=3) {
        // Make them share some leading pairs, else they hardly ever would.
        let keep = [1_000_000, 10_000, 100, 1][shared as usize];
        let (outer, inner) = (DivisionCode::literal(a), DivisionCode::literal(a / keep * keep + b % keep));
        let outer_text = outer.to_string();
        let mut pairs = 6;
        while pairs > 2 && &outer_text[pairs - 2..pairs] == "00" {
            pairs -= 2;
        }
        prop_assert_eq!(outer.contains(inner), inner.to_string().starts_with(&outer_text[..pairs]));
    }

    #[test]
    fn every_code_lies_in_its_own_parents(number in 0u32..=999_999) {
        let code = DivisionCode::literal(number);
        prop_assert!(code.contains(code) && code.province().contains(code));
        prop_assert_eq!(code.province().level(), DivisionLevel::Province);
        prop_assert_eq!(code.prefecture().is_none(), code.level() == DivisionLevel::Province);
        if let Some(prefecture) = code.prefecture() {
            prop_assert!(prefecture.contains(code) && code.province().contains(prefecture));
        }
        prop_assert_eq!(code.county().is_some(), code.level() == DivisionLevel::County);
    }
}

#[test]
fn dachuan_lies_in_dazhou_in_sichuan() {
    let dachuan = DivisionCode::literal(511_703);
    assert_eq!(dachuan.province().to_string(), "510000");
    assert_eq!(
        dachuan.prefecture().map(|code| code.to_string()).as_deref(),
        Some("511700")
    );
    assert_eq!(dachuan.county(), Some(dachuan));
    assert!(!dachuan.contains(dachuan.province()));
    assert_eq!(format!("{dachuan:?}"), "DivisionCode(511703)");
    assert_eq!(DivisionCode::new(1_000_000), None);
}
