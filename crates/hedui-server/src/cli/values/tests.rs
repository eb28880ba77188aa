//! Laws of values on the wire.

use proptest::prelude::*;

use super::*;

#[test]
fn elapsed_times_keep_their_order_of_magnitude() {
    assert_eq!(elapsed(842), "0.842 s");
    assert_eq!(elapsed(12_340), "12.34 s");
    assert_eq!(elapsed(185_000), "3 min 05 s");
}

#[test]
fn a_fraction_of_a_fen_is_shown_and_not_rounded() {
    let money = gtype::Money {
        currency_code: "CNY".to_owned(),
        units: -1,
        nanos: -5,
    };
    assert_eq!(yuan(&money), "-1.000000005");
}

#[test]
fn lengths_of_time_need_a_unit_and_a_positive_number() {
    assert_eq!(parse_duration("10s"), Ok(std::time::Duration::from_secs(10)));
    assert_eq!(parse_duration("1500ms"), Ok(std::time::Duration::from_millis(1500)));
    assert_eq!(parse_duration("2m"), Ok(std::time::Duration::from_secs(120)));
    for wrong in [
        "",
        "10",
        "s",
        "0s",
        "-1s",
        "1.5s",
        "10 s",
        "99999999999999999999s",
        "18446744073709551615m",
    ] {
        assert!(parse_duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn clocks_show_the_time_in_china() {
    let time = Timestamp {
        seconds: 1_795_312_985,
        nanos: 0,
    };
    assert_eq!(rfc3339(&time), "2026-11-22T02:03:05Z");
    assert_eq!(clock(&time), "2026-11-22 10:03:05");
}

#[test]
fn a_moment_out_of_range_is_shown_as_nothing() {
    let time = Timestamp {
        seconds: i64::MAX,
        nanos: 0,
    };
    assert_eq!((rfc3339(&time), clock(&time)), (String::new(), String::new()));
}

proptest! {
    #[test]
    fn money_goes_over_the_wire_without_loss(fen in any::<i64>()) {
        let money = money_of(Fen(fen));
        prop_assert_eq!(yuan(&money), yuan_of_fen(fen));
        prop_assert!(money.units.signum() * i64::from(money.nanos.signum()) >= 0);
        if fen.checked_abs().is_some() {
            prop_assert_eq!(yuan(&money).parse::<Fen>(), Ok(Fen(fen)));
        }
    }

    #[test]
    fn grouping_only_adds_commas(fen in any::<i64>()) {
        let plain = yuan_of_fen(fen);
        let grouped = grouped(&plain);
        prop_assert_eq!(grouped.replace(',', ""), plain);
        let whole = grouped.trim_start_matches('-').split('.').next().unwrap_or_default();
        let mut groups = whole.split(',');
        prop_assert!((1..=3).contains(&groups.next().map_or(0, str::len)));
        prop_assert!(groups.all(|group| group.len() == 3));
    }
}
