//! Partial dates and months against a calendar walked day by day.
//! Leaves what counts in which month to the figures.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn days() -> impl Strategy<Value = Date> {
    (1900..2100i16, 1..=12i8, 1..=28i8).prop_map(|(y, m, d)| jiff::civil::date(y, m, d))
}

/// The months that are touched walking from one day to another.
fn walk(from: Date, until: Date) -> BTreeSet<(i16, i8)> {
    let mut months = BTreeSet::new();
    let mut day = from;
    while day <= until {
        months.insert((day.year(), day.month()));
        day = day.tomorrow().unwrap();
    }
    months
}

fn months(a: Date, b: Date) -> Months {
    Months {
        from: Month::of(a),
        until: Month::of(b),
    }
}

proptest! {
    #[test]
    fn a_partial_date_reads_back_as_itself(y in 1..=9999i16, m in 0..=12i8, d in 0..=31i8) {
        if let Some(date) = PartialDate::new(y, m, d) {
            prop_assert_eq!(date.to_string().parse(), Ok(date));
            prop_assert!(date.first_day() <= date.last_day());
            let json = serde_json::to_string(&date).unwrap();
            prop_assert_eq!(serde_json::from_str::<PartialDate>(&json).unwrap(), date);
        }
    }

    #[test]
    fn months_and_order_of_partial_dates_are_those_of_their_days(
        a in (1..=9999i16, 0..=12i8, 0..=31i8), b in (0..=1i16, 0..=12i8, 0..=31i8),
    ) {
        let (Some(from), Some(other)) = (PartialDate::new(a.0, a.1, a.2), PartialDate::new((a.0 + b.0).min(9_999), b.1, b.2)) else {
            return Ok(());
        };
        for (one, two) in [(from, other), (other, from)] {
            prop_assert_eq!(one.is_after(two), one.first_day() > two.last_day());
            prop_assert_eq!(one.first_month(), Month::of(one.first_day()));
            prop_assert_eq!(one.last_month(), Month::of(one.last_day()));
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,14}") {
        let _ = text.parse::<PartialDate>();
    }

    #[test]
    fn counting_months_is_walking_days(from in days(), length in 0..900i32) {
        let until = from.checked_add(jiff::Span::new().days(length)).unwrap();
        prop_assert_eq!(months(from, until).len() as usize, walk(from, until).len());
    }

    #[test]
    fn months_in_both_are_the_months_of_both_walks(a in days(), n in 0..400i32, shift in -400..400i32, m in 0..400i32) {
        let add = |day: Date, n: i32| day.checked_add(jiff::Span::new().days(n)).unwrap();
        let b = add(a, shift);
        let both = months(a, add(a, n)).intersect(months(b, add(b, m)));
        let expected = walk(a, add(a, n)).intersection(&walk(b, add(b, m))).count();
        prop_assert_eq!(both.map_or(0, Months::len) as usize, expected);
    }

    #[test]
    fn the_months_before_a_day_end_with_the_month_before(as_of in days(), n in 0..40u32) {
        let window = Months::before(as_of, n);
        prop_assert_eq!(window.len(), n);
        let eve = as_of.first_of_month().yesterday().unwrap();
        prop_assert_eq!(window.until, Month::of(eve));
    }
}

#[test]
fn what_does_not_exist_is_no_date() {
    for text in [
        "2026-02-29",
        "2026-13",
        "2026-00",
        "0000",
        "2026-",
        "26",
        "2026-1",
        "2026-01-01-01",
        "2026/01",
        "二〇二六",
        "",
    ] {
        assert!(text.parse::<PartialDate>().is_err(), "{text:?}");
    }
    assert!("2024-02-29".parse::<PartialDate>().is_ok());
    assert_eq!(PartialDate::new(2026, 0, 5), None, "a day of no month");
    assert_eq!(
        "2024-02".parse::<PartialDate>().unwrap().last_day(),
        jiff::civil::date(2024, 2, 29)
    );
}

#[test]
fn the_longest_window_does_not_overflow() {
    let window = Months::before(jiff::civil::date(2026, 11, 22), u32::MAX);
    assert!(window.len() > 1_000_000);
    assert_eq!(Month(i32::MIN).count_through(Month(i32::MAX)), u32::MAX);
}
