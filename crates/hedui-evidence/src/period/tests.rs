//! The month of an instant, against a calendar that counts day by day.
//! Left to others: everything but the month.

use super::*;

/// Midnight in Shanghai of 1 January 1970.
const EPOCH_MS: i64 = -SHANGHAI_MS;

#[test]
fn the_month_is_that_of_a_calendar_counted_day_by_day() {
    let (mut day_starts_ms, mut year, mut month) = (EPOCH_MS, 1970, 1u8);
    while year < 2405 {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let days = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let expected = Period { year, month };
        assert_eq!(Period::of_ms(day_starts_ms), expected);
        day_starts_ms += days * DAY_MS;
        assert_eq!(Period::of_ms(day_starts_ms - 1), expected, "up to its last millisecond");
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
}

#[test]
fn text_and_month_are_the_same_thing() {
    for text in ["1970-01", "2026-11", "9999-12"] {
        assert_eq!(Period::parse(text).unwrap().to_string(), text);
    }
    for text in [
        "",
        "2026",
        "2026-13",
        "2026-0",
        "2026-1",
        "2026-00",
        "+2026-01",
        "2026-11-01",
    ] {
        assert_eq!(Period::parse(text), None, "{text}");
    }
    assert_eq!(Period::of_ms(i64::MAX).to_string(), "9999-12");
    assert_eq!(Period::of_ms(i64::MIN).to_string(), "0000-03");
}
