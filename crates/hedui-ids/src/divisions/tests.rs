//! Laws of the table of divisions, bundled and read from CSV.
//! Leaves the warnings that follow from it to the tests of `resident`.

use std::{collections::BTreeSet, format, string::String};

use proptest::prelude::*;

use super::{CsvMistake, Divisions, DivisionsError, Lookup};
use crate::{DivisionCode, DivisionLevel, typing::date};

const HEADER: &str = "code,name_zh,name_en,valid_from,valid_to";

fn code(number: u32) -> DivisionCode {
    DivisionCode::literal(number)
}

#[test]
fn the_bundled_table_survives_its_own_csv() {
    let bundled = Divisions::bundled();
    assert_eq!(Divisions::from_csv(&bundled.to_csv()).as_ref(), Ok(bundled));
}

#[test]
fn the_bundled_table_is_sorted_and_its_periods_do_not_overlap() {
    for pair in Divisions::bundled().rows().windows(2) {
        assert!(pair[0] < pair[1], "{} before {}", pair[0].code, pair[1].code);
        if pair[0].code == pair[1].code {
            assert!(
                pair[0].valid_to.expect("ended") < pair[1].valid_from.expect("began"),
                "{}",
                pair[0].code
            );
        }
    }
}

#[test]
fn the_bundled_table_has_34_provinces_and_a_parent_for_every_code() {
    let bundled = Divisions::bundled();
    let provinces: BTreeSet<_> = bundled
        .rows()
        .iter()
        .filter(|row| row.code.level() == DivisionLevel::Province)
        .collect();
    assert_eq!(provinces.len(), 34);
    for row in bundled.rows() {
        for parent in [Some(row.code.province()), row.code.prefecture()].into_iter().flatten() {
            assert!(bundled.get(parent).is_some(), "{} lacks {parent}", row.code);
        }
        assert!(!row.name_zh.is_empty() && !row.name_en.is_empty());
    }
}

#[test]
fn the_pilots_have_their_names() {
    let bundled = Divisions::bundled();
    let pilots = [
        (511_703, "达川区"),
        (220_882, "大安市"),
        (150_102, "新城区"),
        (320_582, "张家港市"),
        (511_700, "达州市"),
    ];
    for (number, name) in pilots {
        assert_eq!(bundled.get(code(number)).expect("listed").name_zh, name);
    }
}

#[test]
fn a_code_that_changed_its_name_has_the_name_of_the_day() {
    let bundled = Divisions::bundled();
    let name = |year| bundled.get_on(code(150_105), date(year, 6, 1)).map(|row| &*row.name_zh);
    assert_eq!(
        (name(1980), name(1990), name(2010)),
        (None, Some("郊区"), Some("赛罕区"))
    );
    assert_eq!(bundled.get(code(150_105)).map(|row| &*row.name_zh), Some("赛罕区"));
    assert!(matches!(bundled.lookup(code(150_105)), Lookup::Listed(rows) if rows.len() == 2));
}

#[test]
fn a_small_table_is_silent_about_what_it_does_not_cover() {
    let bundled = Divisions::bundled();
    assert_eq!(bundled.lookup(code(511_799)), Lookup::Unlisted);
    assert_eq!(bundled.lookup(code(510_104)), Lookup::NotCovered);
    assert_eq!(bundled.lookup(code(990_101)), Lookup::UnknownProvince);
    let rows = format!("{HEADER}\n510000,四川省,Sichuan,,\n");
    assert_eq!(
        Divisions::from_csv(&rows).expect("a table").lookup(code(510_104)),
        Lookup::NotCovered
    );
    let complete = Divisions::from_csv(&format!("# complete\n{rows}")).expect("a table");
    assert_eq!(complete.lookup(code(510_104)), Lookup::Unlisted);
    assert_eq!(Divisions::from_csv(&complete.to_csv()), Ok(complete));
}

#[test]
fn a_bare_year_is_read_as_widely_as_it_can_be() {
    let table = Divisions::from_csv(&format!("\u{FEFF}{HEADER}\r\n511721,达县,Daxian,1999,2013\r\n")).expect("a table");
    let row = table.get(code(511_721)).expect("listed");
    assert_eq!(
        (row.valid_from, row.valid_to),
        (Some(date(1999, 1, 1)), Some(date(2013, 12, 31)))
    );
    assert!(row.in_force_on(date(1999, 1, 1)) && row.in_force_on(date(2013, 12, 31)));
    assert!(!row.in_force_on(date(1998, 12, 31)) && !row.in_force_on(date(2014, 1, 1)));
}

#[test]
fn all_mistakes_are_reported_with_their_lines() {
    let text = format!(
        "{HEADER}\n# a comment\n51170,达川区,Dachuan,,\n511703,,Dachuan,,\n511703,达川区,Dachuan,2013-02-30,\n\
         511703,达川区,Dachuan,,soon\n511703,达川区,Dachuan,2013,2012\n511703,达川区\n511703,\"达川区\",Dachuan,,\n511703,a,b,,,\n"
    );
    let DivisionsError { mistakes } = Divisions::from_csv(&text).expect_err("refused");
    let expected = [
        (3, "code is not six digits"),
        (4, "name_zh is empty"),
        (5, "valid_from is no date"),
        (6, "valid_to is no date"),
        (7, "valid_to is before valid_from"),
        (8, "a row has five fields"),
        (9, "fields are not quoted"),
        (10, "a row has five fields"),
    ];
    assert_eq!(mistakes, expected.map(|(line, problem)| CsvMistake { line, problem }));
}

#[test]
fn a_wrong_or_empty_file_is_refused() {
    for text in ["", "\n\n# complete\n", HEADER, "name,code\n达川区,511703\n"] {
        assert!(Divisions::from_csv(text).is_err(), "{text}");
    }
    let wrong = Divisions::from_csv(&"x\n".repeat(10_000)).expect_err("refused");
    assert_eq!(wrong.mistakes.len(), DivisionsError::MAX_MISTAKES);
}

proptest! {
    #[test]
    fn reading_never_panics(text in any::<String>(), rows in "([0-9,# \n\"-]|[a-z]){0,80}") {
        let _ = Divisions::from_csv(&text);
        let _ = Divisions::from_csv(&format!("{HEADER}\n{rows}"));
    }

    #[test]
    fn looking_up_agrees_with_a_walk_over_the_rows(number in 0u32..=999_999, near in 0usize..90, pick in any::<bool>()) {
        let bundled = Divisions::bundled();
        let number = if pick { bundled.rows()[near % bundled.rows().len()].code.number() } else { number };
        let listed = bundled.rows().iter().filter(|row| row.code.number() == number).count();
        let any = |from: u32, to: u32| bundled.rows().iter().any(|row| (from..=to).contains(&row.code.number()));
        match bundled.lookup(code(number)) {
            Lookup::Listed(rows) => prop_assert_eq!(rows.len(), listed),
            other => {
                prop_assert_eq!(listed, 0);
                let expected = if !any(number / 10_000 * 10_000, number / 10_000 * 10_000 + 9_999) {
                    Lookup::UnknownProvince
                } else if any(number / 100 * 100 + 1, number / 100 * 100 + 99) {
                    Lookup::Unlisted
                } else {
                    Lookup::NotCovered
                };
                prop_assert_eq!(other, expected);
            }
        }
    }
}
