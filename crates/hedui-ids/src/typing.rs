//! Test material that several modules share: arbitrary dates and divisions, and identifiers as people type them.
//! Leaves the laws to the tests beside each module.

use alloc::{string::String, vec::Vec};

use proptest::prelude::*;

use crate::{Date, DivisionCode};

/// The day that stands for today in these tests.
pub(crate) const TODAY: Date = Date::from_checked_parts(2026, 11, 22);

pub(crate) fn date(year: u16, month: u8, day: u8) -> Date {
    Date::new(year, month, day).expect("a real day")
}

/// Days on which a person alive on [`TODAY`] can be born.
pub(crate) fn births() -> impl Strategy<Value = Date> {
    (1877u16..=2026, 1u8..=12, 1u8..=31)
        .prop_filter_map("a real day", |(year, month, day)| Date::new(year, month, day))
        .prop_filter("not after today", |birth| *birth <= TODAY)
}

pub(crate) fn divisions() -> impl Strategy<Value = DivisionCode> {
    (100_000u32..=999_999).prop_map(DivisionCode::literal)
}

/// `canonical` as somebody might type it; one choice for each character.
pub(crate) fn mistype(canonical: &str, choices: &[u8]) -> String {
    let mut text = String::new();
    for (index, c) in canonical.chars().enumerate() {
        match choices.get(index).copied().unwrap_or(0) % 8 {
            1 => text.extend([' ', c]),
            2 => text.extend(['\u{200B}', c]),
            3 => text.extend(['-', c]),
            4 => text.extend(c.to_lowercase()),
            5 if c.is_ascii() => text.extend(char::from_u32(u32::from(c) + 0xFEE0)),
            6 => text.extend([c, '\u{3000}']),
            7 => text.extend([c, '\u{FEFF}', '\t']),
            _ => text.push(c),
        }
    }
    text
}

pub(crate) fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 18)
}

/// Anything at all, and texts that nearly look like identifiers.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9]{14,19}",
        "[0-9]{17}[0-9xX×Ⅹ]",
        "[A-Z]{3}[0-9]{12}",
        "['０-９Ａ-Ｚ 0-9A-Za-z×·．-]{0,24}",
        "[1-9ANY][1-9][0-9]{6}[0-9A-Z]{10}",
        "[京川苏蒙吉沪使]?[A-Z][A-Z0-9]{4,7}[挂学警港澳领]?",
    ]
}
