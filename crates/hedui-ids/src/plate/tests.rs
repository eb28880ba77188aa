//! Laws of number plates.
//! Leaves which plates exist to the vehicle office.

use std::{format, string::String};

use proptest::prelude::*;

use super::{PROVINCES, Plate, PlateKind};
use crate::{
    IdError,
    typing::{any_text, choices, mistype},
};

fn with_province(rest: &'static str) -> impl Strategy<Value = String> {
    (0..31usize, rest).prop_map(|(index, rest)| format!("{}{rest}", PROVINCES.chars().nth(index).unwrap()))
}

fn plates() -> impl Strategy<Value = (String, PlateKind)> {
    prop_oneof![
        with_province("[A-H][A-HJ-NP-Z0-9]{5}").prop_map(|text| (text, PlateKind::Ordinary)),
        with_province("[J-Z][A-HJ-NP-Z0-9]{4}挂").prop_map(|text| (text, PlateKind::Trailer)),
        with_province("[A-H][A-HJ-NP-Z0-9]{4}学").prop_map(|text| (text, PlateKind::Training)),
        with_province("[A-H][A-HJ-NP-Z0-9]{4}警").prop_map(|text| (text, PlateKind::Police)),
        with_province("Z[A-HJ-NP-Z0-9]{4}港").prop_map(|text| (text, PlateKind::HongKong)),
        with_province("Z[A-HJ-NP-Z0-9]{4}澳").prop_map(|text| (text, PlateKind::Macao)),
        with_province("[A-H][0-9]{4}领").prop_map(|text| (text, PlateKind::Consulate)),
        with_province("[A-H][A-HJK][A-HJ-NP-Z0-9][0-9]{4}").prop_map(|text| (text, PlateKind::NewEnergySmall)),
        with_province("[A-H][0-9]{5}[A-HJK]").prop_map(|text| (text, PlateKind::NewEnergyLarge)),
    ]
}

proptest! {
    #[test]
    fn every_form_is_recognised_however_it_is_typed((text, kind) in plates(), choices in choices()) {
        let plate = Plate::parse(&text).expect("accepted");
        prop_assert_eq!((plate.normalised(), plate.kind()), (&*text, kind));
        prop_assert_eq!(Plate::parse(&mistype(&text, &choices)), Ok(plate));
    }

    #[test]
    fn the_point_after_the_city_is_dropped((text, _) in plates(), point in "[·•.‧・﹒．]") {
        let head: String = text.chars().take(2).collect();
        let rest: String = text.chars().skip(2).collect();
        prop_assert_eq!(Plate::parse(&format!("{head}{point}{rest}")), Plate::parse(&text));
    }

    #[test]
    fn nothing_panics_and_what_is_accepted_is_canonical(text in any_text()) {
        if let Ok(plate) = Plate::parse(&text) {
            prop_assert_eq!(Plate::parse(plate.normalised()), Ok(plate));
        }
    }

    #[test]
    fn debug_hides_the_number((text, _) in plates()) {
        let head: String = text.chars().take(2).collect();
        let hidden = "*".repeat(text.chars().count() - 2);
        prop_assert_eq!(format!("{:?}", Plate::parse(&text).unwrap()), format!("Plate({head}{hidden})"));
    }
}

#[test]
fn new_energy_letters_are_the_wide_set() {
    let energy = |text| Plate::parse(text).expect("accepted").is_battery_electric();
    assert_eq!(energy("沪AE22075"), Some(true));
    assert_eq!(energy("苏AA12345"), Some(true));
    assert_eq!(energy("川SF12345"), Some(false));
    assert_eq!(energy("川S12345D"), Some(true));
    assert_eq!(energy("川S12345K"), Some(false));
    assert_eq!(energy("川S12345"), None);
}

#[test]
fn impossible_forms_are_refused() {
    for text in [
        "川SL12345",
        "川SDI2345",
        "川S1234O",
        "川I12345",
        "A川12345",
        "川S123挂5",
        "川SD12A45",
        "川S1234使",
        "X S12345",
        "川S1234D5D",
    ] {
        let expected = if text.chars().filter(|c| *c != ' ').count() > 8 {
            "LENGTH"
        } else {
            "PLATE_FORM"
        };
        assert_eq!(Plate::parse(text).expect_err("refused").reason(), expected, "{text}");
    }
    assert_eq!(Plate::parse(" · "), Err(IdError::Empty));
    assert_eq!(Plate::parse("川S1234"), Err(IdError::Length { found: 6 }));
}

#[test]
fn there_are_31_provinces_on_plates() {
    let distinct: std::collections::BTreeSet<char> = PROVINCES.chars().collect();
    assert_eq!((distinct.len(), PROVINCES.chars().count()), (31, 31));
}
