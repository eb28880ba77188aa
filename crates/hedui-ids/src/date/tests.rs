//! Laws of the civil date and of ages.
//! Leaves the birth dates of identifiers to their own tests.

use std::string::ToString;

use proptest::prelude::*;

use super::Date;
use crate::typing::date;

/// Month lengths written out, independent of the code under test.
fn next_day(day: Date) -> Date {
    let leap = match (day.year() % 400, day.year() % 100, day.year() % 4) {
        (0, _, _) => true,
        (_, 0, _) => false,
        (_, _, remainder) => remainder == 0,
    };
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if day.day() < lengths[usize::from(day.month()) - 1] {
        date(day.year(), day.month(), day.day() + 1)
    } else if day.month() < 12 {
        date(day.year(), day.month() + 1, 1)
    } else {
        date(day.year() + 1, 1, 1)
    }
}

/// Walks from the birth to the day and counts birthdays, with the first of March for those born on 29 February.
fn birthdays_until(birth: Date, today: Date) -> Option<u16> {
    if today < birth {
        return None;
    }
    let (mut day, mut birthdays) = (birth, 0);
    while day < today {
        let yesterday = day;
        day = next_day(day);
        let falls_on_it = (day.month(), day.day()) == (birth.month(), birth.day());
        let leapling = (birth.month(), birth.day()) == (2, 29);
        let skipped = leapling && (day.month(), day.day()) == (3, 1) && yesterday.day() == 28;
        birthdays += u16::from(falls_on_it || skipped);
    }
    Some(birthdays)
}

fn dates() -> impl Strategy<Value = Date> {
    let day = (1890u16..=2030, 1u8..=12, 1u8..=31).prop_filter_map("a real day", |(y, m, d)| Date::new(y, m, d));
    let leap = (1890u16..=2030).prop_filter_map("a leap year", |y| Date::new(y, 2, 29));
    prop_oneof![4 => day, 1 => leap]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn age_is_the_number_of_birthdays_since_birth(birth in dates(), today in dates()) {
        prop_assert_eq!(birth.age_on(today), birthdays_until(birth, today));
    }

    #[test]
    fn age_changes_on_the_birthday_and_on_no_other_day(birth in dates(), years in 0u16..=100) {
        let birthday = Date::new(birth.year() + years, birth.month(), birth.day())
            .unwrap_or_else(|| date(birth.year() + years, 3, 1));
        prop_assert_eq!(birth.age_on(birthday), Some(years));
        prop_assert_eq!(birth.age_on(next_day(birthday)), Some(years));
    }

    #[test]
    fn iso_text_reads_back(year in 1u16..=9999, month in 1u8..=12, day in 1u8..=28) {
        let day = date(year, month, day);
        prop_assert_eq!(Date::parse_iso(&day.to_string()), Some(day));
    }

    #[test]
    fn iso_reading_takes_nothing_looser(text in any::<std::string::String>()) {
        if let Some(day) = Date::parse_iso(&text) {
            prop_assert_eq!(day.to_string(), text);
        }
    }

    #[test]
    fn order_is_time(first in dates(), second in dates()) {
        let key = |d: Date| u32::from(d.year()) * 10_000 + u32::from(d.month()) * 100 + u32::from(d.day());
        prop_assert_eq!(first.cmp(&second), key(first).cmp(&key(second)));
    }
}

#[test]
fn exactly_the_days_of_the_calendar_exist() {
    let mut day = date(1, 1, 1);
    let mut real = 1u32;
    while day != date(2400, 12, 31) {
        day = next_day(day);
        real += 1;
    }
    let mut accepted = 0u32;
    for year in 0..=2400 {
        for month in 0..=13 {
            for day in 0..=32 {
                accepted += u32::from(Date::new(year, month, day).is_some());
            }
        }
    }
    // 400 Gregorian years have 146,097 days.
    assert_eq!((accepted, real), (6 * 146_097, 6 * 146_097));
    assert_eq!(Date::new(10_000, 1, 1), None);
}

#[test]
fn a_leapling_grows_older_on_the_first_of_march_in_common_years() {
    let birth = date(2008, 2, 29);
    assert_eq!(birth.age_on(date(2026, 2, 28)), Some(17));
    assert_eq!(birth.age_on(date(2026, 3, 1)), Some(18));
    assert_eq!(birth.age_on(date(2028, 2, 28)), Some(19));
    assert_eq!(birth.age_on(date(2028, 2, 29)), Some(20));
}

#[test]
fn whoever_is_not_born_has_no_age() {
    let birth = date(2026, 11, 22);
    assert_eq!(birth.age_on(date(2026, 11, 21)), None);
    assert_eq!(birth.age_on(birth), Some(0));
    assert_eq!(birth.age_on(date(2025, 12, 31)), None);
}

#[test]
fn the_day_before_the_birthday_counts_the_year_not_yet() {
    let birth = date(1966, 11, 23);
    assert_eq!(birth.age_on(date(2026, 11, 22)), Some(59));
    assert_eq!(birth.age_on(date(2026, 11, 23)), Some(60));
}
