//! Whatever is put between or over the characters of a number or name, it is withheld; what names nobody is kept as it is.
//! Leaves where texts are scrubbed to the tests of the wire.

use hedui_core::Query;
use hedui_ids::ResidentId;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::testing::{query, subject};

const SEPARATORS: &[char] = &[
    ' ', '\u{3000}', '\u{A0}', '\t', '\n', '-', '－', '—', '‐', '.', '．', '·', '・', '_',
];
const INVISIBLE: &[char] = &[
    '\u{200B}', '\u{200D}', '\u{2060}', '\u{FEFF}', '\u{AD}', '\u{FE0F}', '\u{202E}', '\u{336}', '\0',
];

/// A text in other widths, with up to two marks after each character but the last.
fn rewritten(text: &str) -> impl Strategy<Value = String> + use<> {
    let noise = || {
        prop_oneof![
            Just(None),
            select(SEPARATORS).prop_map(Some),
            select(INVISIBLE).prop_map(Some)
        ]
    };
    let each: Vec<_> = text
        .chars()
        .map(|c| (Just(c), any::<bool>(), noise(), noise()))
        .collect();
    each.prop_map(|each| {
        let last = each.len() - 1;
        let write = |(at, (c, wide, one, two)): (usize, (char, bool, Option<char>, Option<char>))| {
            let c = match c {
                '!'..='~' if wide => char::from_u32(u32::from(c) + 0xFEE0).unwrap(),
                c => c,
            };
            let marks = [one, two].into_iter().flatten().filter(move |_| at < last);
            std::iter::once(c).chain(marks).collect::<String>()
        };
        each.into_iter().enumerate().map(write).collect()
    })
}

const BEFORE: &[&str] = &[
    "",
    "no access to ",
    "ERR:",
    "身份证",
    "where sfzh='",
    "row 409: ",
    "ID_",
    "（",
];
const AFTER: &[&str] = &["", " is locked", ":409", "的记录", "'", "）", ", 3 rows"];

/// What a department writes around a number or a name.
fn around() -> impl Strategy<Value = (&'static str, &'static str)> {
    (select(BEFORE), select(AFTER))
}

fn asked(name: &str) -> Query {
    let mut query = query(2);
    query.subjects[1].name = name.to_owned();
    query
}

/// Each fitting in a note; nobody is called anything else.
const NAMES: &[&str] = &[
    "王伟",
    "欧阳娜娜",
    "阿依古丽·买买提",
    "Li Na",
    "Anna-Marie O Neill",
    "张A",
];

/// The number of somebody, whom the questions of these tests ask about or not.
fn number() -> impl Strategy<Value = String> {
    let asked = (0u32..2).prop_map(|ordinal| subject(ordinal).id.expose().to_owned());
    let born = (1900u16..2026, 1u8..=12, 1u8..=28, 1u16..999);
    let stranger =
        (select(&["110105", "511703", "810000", "654321"][..]), born).prop_map(|(division, (y, m, d, sequence))| {
            let division = hedui_ids::DivisionCode::parse(division).unwrap();
            let birth = hedui_ids::Date::new(y, m, d).unwrap();
            ResidentId::compose(division, birth, sequence)
                .unwrap()
                .expose()
                .to_owned()
        });
    prop_oneof![asked, stranger]
}

proptest! {
    #[test]
    fn a_number_never_survives_whatever_is_put_into_it(
        written in number().prop_flat_map(|number| rewritten(&number)), (before, after) in around(),
    ) {
        prop_assert_eq!(scrub(&format!("{before}{written}{after}"), &query(2)), WITHHELD);
    }

    #[test]
    fn a_number_that_ends_in_stars_never_survives(
        written in (number(), 14usize..18).prop_flat_map(|(number, kept)| rewritten(&number[..kept])),
        stars in "[*＊xX●]{0,4}", (before, after) in around(),
    ) {
        prop_assert_eq!(scrub(&format!("{before}{written}{stars}{after}"), &query(2)), WITHHELD);
    }

    #[test]
    fn what_tells_who_somebody_asked_is_never_survives(
        written in (0u32..2, 0usize..6, any::<bool>()).prop_flat_map(|(ordinal, start, old)| {
            let id = subject(ordinal).id;
            let number = if old { id.legacy_15().unwrap().expose().to_owned() } else { id.expose().to_owned() };
            let start = start.min(number.len() - TELLING);
            rewritten(&number[start..start + TELLING])
        }),
        (before, after) in around(),
    ) {
        prop_assert_eq!(scrub(&format!("{before}{written}{after}"), &query(2)), WITHHELD);
    }

    #[test]
    fn an_account_in_groups_never_survives(
        groups in prop::collection::vec("[1-9][0-9]{3,5}", 5..6), gap in select(SEPARATORS), (before, after) in around(),
    ) {
        prop_assume!(!groups.iter().all(|g| g.len() == 4 && (g.starts_with("19") || g.starts_with("20"))));
        let written = groups.join(&gap.to_string());
        prop_assert_eq!(scrub(&format!("{before}{written}{after}"), &query(2)), WITHHELD);
    }

    #[test]
    fn a_name_never_survives_whatever_is_put_into_it(
        (name, written) in (select(NAMES), any::<bool>()).prop_flat_map(|(name, upper)| {
            let other = if upper { name.to_uppercase() } else { name.to_lowercase() };
            (Just(name), rewritten(&other))
        }),
        (before, after) in around(),
    ) {
        prop_assert_eq!(scrub(&format!("{before}{written}{after}"), &asked(name)), WITHHELD);
    }

    #[test]
    fn what_names_nobody_is_kept(
        parts in prop::collection::vec((select(WORDS), "[0-9]{0,8}|[0-9]{1,9}\\.[0-9]{2}|20[0-9]{2}-0[1-9]-[12][0-9]"), 1..6),
    ) {
        let text: String = parts.iter().map(|(word, number)| format!("{word} {number}，")).collect();
        for name in NAMES {
            prop_assert_eq!(scrub(&text, &asked(name)), text.chars().take(MAX_CHARACTERS).collect::<String>());
        }
    }

    #[test]
    fn any_text_is_kept_cut_or_withheld(text in any::<String>()) {
        let kept = scrub(&text, &query(2));
        prop_assert!(kept == WITHHELD || text.starts_with(&kept) && kept.chars().count() <= MAX_CHARACTERS);
    }
}

const WORDS: &[&str] = &[
    "amounts of",
    "carolina",
    "row",
    "金额截至",
    "缺少列",
    "HTTP",
    "timeout after ms",
    "ｗｉｄｅ",
    "国王，伟大",
];

#[test]
fn dates_times_addresses_and_versions_are_no_numbers_of_persons() {
    for text in [
        "2018.07.01-2019.06.30",
        "2021-12-31 2022-01-01",
        "2015-01-01 2015-12-31",
        "from 2019-07-01 12:30:45.123 until 2019-07-02 00:00",
        "2015 2016 2017 2018 2019",
        "request 550e8400-e29b-41d4-a716-446655440000 failed",
        "10.32.18.4 to 10.32.18.5, port 50051",
        "1200.50 1300.75 1400.25 1500.00",
        "district 511703, rows 12 13 14 15 16 17 18 19",
        "the table moved on 1988-09-03",
    ] {
        assert_eq!(scrub(text, &asked("Li Na")), text);
    }
}
