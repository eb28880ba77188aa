//! Exact fractions for the oracle, apart from those that it checks: unreduced until the end of each operation, failing loudly.
//! Leaves speed aside.

use std::cmp::Ordering;

/// A fraction in lowest terms, the denominator positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction {
    n: i128,
    d: i128,
}

impl Fraction {
    pub const ZERO: Fraction = Fraction { n: 0, d: 1 };

    pub fn new(n: i128, d: i128) -> Fraction {
        assert_ne!(d, 0);
        let (mut a, mut b) = (n.abs(), d.abs());
        while b > 0 {
            (a, b) = (b, a % b);
        }
        let sign = if d < 0 { -1 } else { 1 };
        Fraction {
            n: sign * n / a.max(1),
            d: sign * d / a.max(1),
        }
    }

    /// A decimal, or a quotient of two.
    pub fn read(text: &str) -> Fraction {
        if let Some((n, d)) = text.split_once('/') {
            return Fraction::read(n).over(Fraction::read(d));
        }
        let (whole, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let power = 10i128.pow(rest.len() as u32);
        Fraction::new(format!("{whole}{rest}").replace('_', "").parse().unwrap(), power)
    }

    pub fn plus(self, other: Fraction) -> Fraction {
        let left = self.n.checked_mul(other.d).unwrap();
        let right = other.n.checked_mul(self.d).unwrap();
        Fraction::new(left.checked_add(right).unwrap(), self.d.checked_mul(other.d).unwrap())
    }

    pub fn minus(self, other: Fraction) -> Fraction {
        self.plus(Fraction {
            n: -other.n,
            d: other.d,
        })
    }

    pub fn times(self, other: Fraction) -> Fraction {
        Fraction::new(
            self.n.checked_mul(other.n).unwrap(),
            self.d.checked_mul(other.d).unwrap(),
        )
    }

    pub fn over(self, other: Fraction) -> Fraction {
        self.times(Fraction::new(other.d, other.n))
    }

    /// The whole number below or equal.
    pub fn floor(self) -> i128 {
        self.n.div_euclid(self.d)
    }

    /// A multiple of a step by a mode of rounding, as the description of the pack format names it.
    pub fn rounded(self, step: Fraction, mode: &str) -> Fraction {
        let steps = self.over(step);
        let magnitude = Fraction::new(steps.n.abs(), steps.d);
        let whole = magnitude.floor();
        let to_half = magnitude.minus(Fraction::new(whole, 1)).cmp(&Fraction::new(1, 2));
        let is_away = match mode {
            "down" => false,
            "up" => magnitude != Fraction::new(whole, 1),
            "half_up" => to_half.is_ge(),
            "half_even" => to_half.is_gt() || (to_half.is_eq() && whole % 2 == 1),
            other => panic!("no mode of rounding: {other}"),
        };
        let whole = (whole + i128::from(is_away)) * steps.n.signum();
        Fraction::new(whole, 1).times(step)
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Fraction) -> Ordering {
        self.minus(*other).n.cmp(&0)
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Fraction) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
