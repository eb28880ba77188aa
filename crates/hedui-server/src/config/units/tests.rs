//! Laws of durations, sizes and hexadecimal digits.
//! Leaves their bounds to `config::tests`.

use std::time::Duration;

use super::{parse_bytes, parse_duration, parse_hex32, show_bytes, show_duration, show_hex};

proptest::proptest! {
    #[test]
    fn a_duration_is_read_as_it_is_shown(milliseconds in proptest::num::u64::ANY) {
        let duration = Duration::from_millis(milliseconds);
        proptest::prop_assert_eq!(parse_duration(&show_duration(duration)), Some(duration));
    }

    #[test]
    fn a_round_duration_is_read_as_it_is_shown(number in 0..10_000_u64, unit in 0..5_usize) {
        let duration = Duration::from_millis(number * [1, 1_000, 60_000, 3_600_000, 86_400_000][unit]);
        proptest::prop_assert_eq!(parse_duration(&show_duration(duration)), Some(duration));
    }

    #[test]
    fn a_size_is_read_as_it_is_shown(number in 0..1_000_000_u64, shift in 0..4_u32) {
        let bytes = number << (10 * shift);
        proptest::prop_assert_eq!(parse_bytes(&show_bytes(bytes)), Some(bytes));
    }

    #[test]
    fn hexadecimal_digits_are_read_as_they_are_shown(bytes: [u8; 32]) {
        proptest::prop_assert_eq!(parse_hex32(&show_hex(&bytes)), Some(bytes));
        proptest::prop_assert_eq!(parse_hex32(&show_hex(&bytes).to_uppercase()), Some(bytes));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,70}") {
        let _ = (parse_duration(&text), parse_bytes(&text), parse_hex32(&text));
    }
}

#[test]
fn the_largest_unit_that_fits_is_shown() {
    for (milliseconds, shown) in [
        (0, "0s"),
        (500, "500ms"),
        (1_500, "1500ms"),
        (90_000, "90s"),
        (86_400_000, "1d"),
    ] {
        assert_eq!(show_duration(Duration::from_millis(milliseconds)), shown);
    }
    for (bytes, shown) in [
        (0, "0B"),
        (1_000, "1000B"),
        (1 << 10, "1KiB"),
        (3 << 29, "1536MiB"),
        (1 << 30, "1GiB"),
    ] {
        assert_eq!(show_bytes(bytes), shown);
    }
}

#[test]
fn what_has_no_unit_or_another_form_is_refused() {
    for text in [
        "",
        "10",
        "s",
        "10 s",
        "-1s",
        "+1s",
        "1.5s",
        "10S",
        "10sec",
        "99999999999999999999s",
        "18446744073709551615d",
        "１s",
    ] {
        assert_eq!(parse_duration(text), None, "{text}");
    }
    for text in ["", "256", "MiB", "256MB", "256mib", "1.5GiB", "18446744073709551615KiB"] {
        assert_eq!(parse_bytes(text), None, "{text}");
    }
    for text in [
        "",
        "ab",
        &"0".repeat(63),
        &"0".repeat(65),
        &"g".repeat(64),
        &"+1".repeat(32),
    ] {
        assert_eq!(parse_hex32(text), None, "{text}");
    }
}
