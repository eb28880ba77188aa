//! Laws of intervals: every operation encloses every value that its figures could really have.

use hedui_core::bounds::Bounds;
use proptest::prelude::*;

use super::*;

fn small() -> impl Strategy<Value = Ratio> {
    (-40i128..40, 1i128..6).prop_map(|(n, d)| Ratio::new(n, d).unwrap())
}

/// An interval, perhaps open, and a value inside.
fn inside() -> impl Strategy<Value = (Interval, Ratio)> {
    (small(), small(), small(), any::<(bool, bool)>()).prop_map(|(a, b, c, (open_lo, open_hi))| {
        let mut sorted = [a, b, c];
        sorted.sort();
        let [lo, value, hi] = sorted;
        (
            Interval {
                lo: (!open_lo).then_some(lo),
                hi: (!open_hi).then_some(hi),
            },
            value,
        )
    })
}

fn holds(truth: Truth, point: bool) -> bool {
    match truth {
        Truth::Holds => point,
        Truth::Fails => !point,
        Truth::Open => true,
    }
}

proptest! {
    #[test]
    fn operations_enclose_every_point((x, a) in inside(), (y, b) in inside()) {
        let mut t = Trouble::default();
        prop_assert!(x.add(y, &mut t).contains(a.checked_add(b).unwrap()));
        prop_assert!(x.sub(y, &mut t).contains(a.checked_sub(b).unwrap()));
        prop_assert!(x.mul(y, &mut t).contains(a.checked_mul(b).unwrap()));
        prop_assert!(x.neg(&mut t).contains(a.checked_neg().unwrap()));
        prop_assert!(x.min(y).contains(a.min(b)));
        prop_assert!(x.max(y).contains(a.max(b)));
        prop_assert!(x.hull(y).contains(a) && x.hull(y).contains(b));
        prop_assert!(!t.overflow && !t.zero_divisor);
        if b != Ratio::ZERO {
            prop_assert!(x.div(y, &mut t).contains(a.checked_mul(b.recip().unwrap()).unwrap()));
        }
        prop_assert_eq!(t.zero_divisor, b != Ratio::ZERO && y.contains(Ratio::ZERO));
    }

    #[test]
    fn rounding_encloses_every_point((x, a) in inside()) {
        let mut t = Trouble::default();
        for mode in [RoundMode::HalfUp, RoundMode::HalfEven, RoundMode::Down, RoundMode::Up] {
            prop_assert!(x.round(Ratio::ONE, mode, &mut t).contains(a.round(Ratio::ONE, mode).unwrap()));
        }
    }

    #[test]
    fn a_settled_comparison_is_true_of_every_point((x, a) in inside(), (y, b) in inside()) {
        prop_assert!(holds(x.less(y), a < b));
        prop_assert!(holds(not(y.less(x)), a <= b));
        prop_assert!(holds(x.equal(y), a == b));
    }

    #[test]
    fn exact_figures_settle_every_comparison(a in small(), b in small()) {
        let (x, y) = (Interval::exactly(a), Interval::exactly(b));
        prop_assert_eq!(x.less(y) == Truth::Holds, a < b);
        prop_assert_eq!(x.equal(y) == Truth::Holds, a == b);
        prop_assert!(x.less(y) != Truth::Open && x.equal(y) != Truth::Open);
    }

    #[test]
    fn a_product_or_quotient_is_no_wider_than_its_corners(
        (lo, hi) in (small(), small()).prop_map(|(a, b)| (a.min(b), a.max(b))),
        by in (1i128..40, 1i128..6).prop_map(|(n, d)| Ratio::new(n, d).unwrap()),
    ) {
        let mut t = Trouble::default();
        let x = Interval { lo: Some(lo), hi: Some(hi) };
        let product = x.mul(Interval::exactly(by), &mut t);
        prop_assert_eq!((product.lo, product.hi), (lo.checked_mul(by), hi.checked_mul(by)));
        prop_assert_eq!(product.div(Interval::exactly(by), &mut t), x);
    }
}

#[test]
fn nothing_times_anything_is_nothing() {
    let mut t = Trouble::default();
    assert_eq!(Interval::ZERO.mul(Interval::UNBOUNDED, &mut t), Interval::ZERO);
    let anything = Interval::of_bounds(Bounds::NON_NEGATIVE, 100);
    assert_eq!(
        anything.mul(Interval::exactly(Ratio::whole(-1)), &mut t),
        anything.neg(&mut t)
    );
    assert_eq!(t, Trouble::default());
}

#[test]
fn dividing_by_what_may_be_zero_leaves_everything_open() {
    let mut t = Trouble::default();
    let divisor = Interval {
        lo: Some(Ratio::ZERO),
        hi: Some(Ratio::whole(3)),
    };
    assert_eq!(Interval::exactly(Ratio::ONE).div(divisor, &mut t), Interval::UNBOUNDED);
    assert!(t.zero_divisor && !t.overflow);
}

#[test]
fn a_number_that_does_not_fit_leaves_its_side_open() {
    let big = Interval::exactly(Ratio::new(i128::MAX, 1).unwrap());
    let mut t = Trouble::default();
    assert_eq!(big.mul(big, &mut t), Interval::UNBOUNDED);
    assert!(t.overflow);
    let mut t = Trouble::default();
    let wide = Interval {
        lo: Some(Ratio::ZERO),
        hi: big.hi,
    };
    assert_eq!(
        wide.add(
            Interval {
                lo: Some(Ratio::ZERO),
                hi: Some(Ratio::ONE)
            },
            &mut t
        ),
        Interval {
            lo: Some(Ratio::ZERO),
            hi: None
        }
    );
    assert!(t.overflow);
}

#[test]
fn three_truths_join_like_their_possible_points() {
    let all = [Truth::Holds, Truth::Fails, Truth::Open];
    let points = |truth: Truth| [true, false].into_iter().filter(move |p| holds(truth, *p));
    for a in all {
        for b in all {
            let both: Vec<bool> = points(a).flat_map(|p| points(b).map(move |q| p && q)).collect();
            let either: Vec<bool> = points(a).flat_map(|p| points(b).map(move |q| p || q)).collect();
            let of = |values: &[bool]| match (values.contains(&true), values.contains(&false)) {
                (true, false) => Truth::Holds,
                (false, true) => Truth::Fails,
                _ => Truth::Open,
            };
            assert_eq!(and(a, b), of(&both));
            assert_eq!(or(a, b), of(&either));
        }
    }
}

#[test]
fn fen_become_yuan() {
    assert_eq!(Interval::of_bounds(Bounds::exactly(52_050), 100).to_string(), "520.5");
    assert_eq!(
        Interval::of_bounds(
            Bounds {
                lo: Some(100),
                hi: None
            },
            100
        )
        .to_string(),
        "[1, inf]"
    );
    assert_eq!(Interval::UNBOUNDED.to_string(), "[-inf, inf]");
}
