//! An income is near its line within the share on either side, and where it is settled.
//! Leaves how verdicts write numbers to the tests of the evaluation.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn near_is_within_the_share_on_either_side(income in 0..2_000i64, line in 1..1_000i64, percent in 0..100u8) {
        let result = if income < line { Truth::Holds } else { Truth::Fails };
        let found = near(&format!("{income} < {line}"), result, percent);
        let is_near = (income - line).abs() * 100 <= line * i64::from(percent);
        prop_assert_eq!(found.is_some(), is_near);
        if let Some(found) = found {
            prop_assert_eq!(found.is_beyond, income >= line);
        }
    }

    #[test]
    fn an_interval_is_near_where_both_its_ends_are(low in 0..200i64, more in 0..100i64) {
        let both = near(&format!("[{low}, {}] <= 100", low + more), Truth::Holds, 10);
        prop_assert_eq!(both.is_some(), low >= 90 && low + more <= 110);
    }
}

#[test]
fn what_is_open_or_no_single_limit_is_nowhere_near() {
    assert_eq!(near("100 < 100", Truth::Open, 10), None);
    for written in ["[0, inf] < 100", "100 < [90, 110]", "100 + 1 < 101", "holds", ""] {
        assert_eq!(near(written, Truth::Holds, 10), None, "{written}");
    }
    let third = near("(1550/3) < 520", Truth::Holds, 10).unwrap();
    assert_eq!((third.income.as_str(), third.line.as_str()), ("1550/3", "520"));
}
