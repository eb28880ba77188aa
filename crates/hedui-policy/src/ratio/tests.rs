//! Laws of exact numbers, against a naive oracle on small fractions.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::{Ratio, RoundMode};

/// A fraction as it was written, never reduced.
#[derive(Clone, Copy, Debug)]
struct Naive(i128, i128);

impl Naive {
    fn same(self, ratio: Ratio) -> bool {
        self.0 * ratio.den() == ratio.num() * self.1
    }
}

fn fraction() -> impl Strategy<Value = (Naive, Ratio)> {
    (-1_000_000i128..1_000_000, prop_oneof![1i128..1_000, -1_000i128..0])
        .prop_map(|(n, d)| (Naive(n, d), Ratio::new(n, d).unwrap()))
}

fn ratio(text: &str) -> Ratio {
    Ratio::parse(text).unwrap()
}

proptest! {
    #[test]
    fn arithmetic_agrees_with_unreduced_fractions((a, x) in fraction(), (b, y) in fraction()) {
        prop_assert!(Naive(a.0 * b.1 + b.0 * a.1, a.1 * b.1).same(x.checked_add(y).unwrap()));
        prop_assert!(Naive(a.0 * b.1 - b.0 * a.1, a.1 * b.1).same(x.checked_sub(y).unwrap()));
        prop_assert!(Naive(a.0 * b.0, a.1 * b.1).same(x.checked_mul(y).unwrap()));
        match y.recip() {
            None => prop_assert_eq!(b.0, 0),
            Some(inverse) => prop_assert!(Naive(a.0 * b.1, a.1 * b.0).same(x.checked_mul(inverse).unwrap())),
        }
    }

    #[test]
    fn every_fraction_is_in_lowest_terms_with_a_positive_denominator((a, x) in fraction()) {
        prop_assert!(a.same(x));
        prop_assert!(x.den() > 0);
        let common = (2..=x.den()).find(|d| x.num() % d == 0 && x.den() % d == 0);
        prop_assert_eq!(common, None);
    }

    #[test]
    fn order_agrees_with_cross_multiplication((a, x) in fraction(), (b, y) in fraction()) {
        let sign = a.1.signum() * b.1.signum();
        prop_assert_eq!(x.cmp(&y), (a.0 * b.1 * sign).cmp(&(b.0 * a.1 * sign)));
    }

    #[test]
    fn order_is_exact_where_products_overflow(n in 1i128..i128::MAX, d in 1i128..i128::MAX, m in 1i128..i128::MAX, e in 1i128..i128::MAX) {
        let (x, y) = (Ratio::new(n, d).unwrap(), Ratio::new(m, e).unwrap());
        prop_assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
        prop_assert_eq!(x.cmp(&y), y.recip().unwrap().cmp(&x.recip().unwrap()));
        // A fraction lies between its whole part and the next one.
        prop_assert_ne!(x.cmp(&Ratio::new(x.floor(), 1).unwrap()), Ordering::Less);
        if let Some(above) = x.floor().checked_add(1) {
            prop_assert_eq!(x.cmp(&Ratio::new(above, 1).unwrap()), Ordering::Less);
        }
    }

    #[test]
    fn what_is_written_reads_back((_, x) in fraction()) {
        prop_assert_eq!(Ratio::parse(&x.to_string()), Some(x));
    }

    #[test]
    fn an_operation_that_does_not_fit_says_so(a in any::<i64>(), b in any::<i64>()) {
        let big = Ratio::new(i128::MAX, 1).unwrap();
        let (a, b) = (i128::from(a), i128::from(b));
        prop_assert_eq!(big.checked_add(Ratio::new(a, 1).unwrap()).is_none(), a > 0);
        let product = big.checked_mul(Ratio::new(b, 1).unwrap());
        prop_assert_eq!(product.is_none(), b.abs() > 1);
    }

    #[test]
    fn rounding_gives_a_multiple_that_is_nearest_or_on_the_named_side((_, x) in fraction(), to in prop::sample::select(vec!["1", "0.1", "0.01", "5", "10"])) {
        let step = ratio(to);
        for mode in [RoundMode::HalfUp, RoundMode::HalfEven, RoundMode::Down, RoundMode::Up] {
            let rounded = x.round(step, mode).unwrap();
            prop_assert_eq!(rounded.checked_mul(step.recip().unwrap()).unwrap().den(), 1);
            let size = |r: Ratio| if r.signum() < 0 { r.checked_neg().unwrap() } else { r };
            let off = size(x.checked_sub(rounded).unwrap());
            let half = step.checked_mul(ratio("0.5")).unwrap();
            match mode {
                RoundMode::HalfUp | RoundMode::HalfEven => prop_assert!(off <= half),
                RoundMode::Down => prop_assert!(off < step && size(rounded) <= size(x)),
                RoundMode::Up => prop_assert!(off < step && size(rounded) >= size(x)),
            }
        }
    }

    #[test]
    fn rounding_is_monotone((_, x) in fraction(), (_, y) in fraction()) {
        let (low, high) = if x <= y { (x, y) } else { (y, x) };
        for mode in [RoundMode::HalfUp, RoundMode::HalfEven, RoundMode::Down, RoundMode::Up] {
            prop_assert!(low.round(ratio("0.1"), mode) <= high.round(ratio("0.1"), mode));
        }
    }
}

#[test]
fn halves_go_where_the_mode_says() {
    let rounded = |text: &str, to: &str, mode| ratio(text).round(ratio(to), mode).unwrap().to_string();
    for (value, half_up, half_even, down, up) in [
        ("0.5", "1", "0", "0", "1"),
        ("1.5", "2", "2", "1", "2"),
        ("2.5", "3", "2", "2", "3"),
        ("-0.5", "-1", "0", "0", "-1"),
        ("-2.5", "-3", "-2", "-2", "-3"),
        ("2.49", "2", "2", "2", "3"),
        ("2.51", "3", "3", "2", "3"),
        ("9200/3", "3067", "3067", "3066", "3067"),
    ] {
        assert_eq!(rounded(value, "1", RoundMode::HalfUp), half_up, "{value}");
        assert_eq!(rounded(value, "1", RoundMode::HalfEven), half_even, "{value}");
        assert_eq!(rounded(value, "1", RoundMode::Down), down, "{value}");
        assert_eq!(rounded(value, "1", RoundMode::Up), up, "{value}");
    }
    assert_eq!(rounded("5600/3", "0.1", RoundMode::HalfUp), "1866.7");
    assert_eq!(rounded("0.05", "0.1", RoundMode::HalfUp), "0.1");
    assert_eq!(rounded("0.05", "0.1", RoundMode::HalfEven), "0");
}

#[test]
fn numbers_are_written_as_decimals_where_they_end() {
    for (num, den, text) in [
        (3600, 1, "3600"),
        (-1, 4, "-0.25"),
        (1, 100, "0.01"),
        (9200, 3, "9200/3"),
        (-2, 3, "-2/3"),
        (1, 8, "0.125"),
    ] {
        assert_eq!(Ratio::new(num, den).unwrap().to_string(), text);
    }
    assert_eq!(
        Ratio::new(i128::MAX, 2).unwrap().to_string(),
        format!("{}/2", i128::MAX)
    );
}

#[test]
fn only_plain_numbers_are_read() {
    for text in [
        "", "-", ".5", "5.", "1e3", "1.2.3", "0x10", "1/0", "one", "--1", "+-1", "_1", " 1", "1 000",
    ] {
        assert_eq!(Ratio::parse(text), None, "{text}");
    }
    assert_eq!(Ratio::parse(&"9".repeat(31)), None);
    assert_eq!(Ratio::parse("3_600"), Some(Ratio::whole(3600)));
    assert_eq!(Ratio::parse("+1/3"), Ratio::new(1, 3));
    assert_eq!(Ratio::parse("0.25"), Ratio::new(1, 4));
}
