//! Exact division of whole numbers by a number that is known beforehand, and rounding to multiples by it: a multiplication instead of a division.
//! Leaves which numbers are divided, and that they are in range, to `lower`.

use crate::ratio::RoundMode;

/// A divisor from 1 to 2^62.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Divisor {
    by: u64,
    /// Floor of 2^64 / `by`, or 0 for the divisor 1.
    reciprocal: u64,
}

impl Divisor {
    /// `None` unless 1 to 2^62.
    pub(super) fn new(by: i64) -> Option<Divisor> {
        let by = u64::try_from(by).ok().filter(|by| (1..=1 << 62).contains(by))?;
        let reciprocal = u64::try_from((1u128 << 64) / u128::from(by)).unwrap_or(0);
        Some(Divisor { by, reciprocal })
    }

    /// The quotient and the rest of a number below 2^63.
    fn split(self, value: u64) -> (u64, u64) {
        if self.by == 1 {
            return (value, 0);
        }
        // The reciprocal is less than 1 too small, so that the quotient is right or one too small: value / 2^64 < 1.
        let guess = ((u128::from(value) * u128::from(self.reciprocal)) >> 64) as u64;
        let rest = value - guess * self.by;
        if rest >= self.by {
            (guess + 1, rest - self.by)
        } else {
            (guess, rest)
        }
    }
}

/// Brings numbers to whole multiples of a step, which is the divisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Multiple {
    /// As a pack rounds; symmetric about zero.
    Rounded(RoundMode),
    /// The greatest multiple that is not above; only of numbers from zero.
    Floor,
}

impl Multiple {
    /// How many steps. The number's magnitude plus the divisor is below 2^63.
    pub(super) fn steps(self, value: i64, divisor: Divisor) -> i64 {
        let magnitude = value.unsigned_abs();
        let steps = match self {
            Multiple::Floor | Multiple::Rounded(RoundMode::Down) => divisor.split(magnitude).0,
            Multiple::Rounded(RoundMode::Up) => divisor.split(magnitude + (divisor.by - 1)).0,
            Multiple::Rounded(RoundMode::HalfUp) => divisor.split(magnitude + divisor.by / 2).0,
            Multiple::Rounded(RoundMode::HalfEven) => {
                let (steps, rest) = divisor.split(magnitude + divisor.by / 2);
                let tie = rest == 0 && divisor.by.is_multiple_of(2);
                if tie { steps & !1 } else { steps }
            }
        };
        let steps = steps.cast_signed();
        if value < 0 { -steps } else { steps }
    }

    /// The steps of each number.
    pub(super) fn column(self, divisor: Divisor, from: impl Iterator<Item = i64>, to: &mut [i64]) {
        // One loop for each mode: the choice is not made anew for each number.
        let each = |to: &mut [i64], from: &mut dyn Iterator<Item = i64>| {
            for (to, from) in to.iter_mut().zip(from) {
                *to = self.steps(from, divisor);
            }
        };
        match self {
            Multiple::Rounded(RoundMode::HalfUp) => {
                let half = divisor.by / 2;
                for (to, from) in to.iter_mut().zip(from) {
                    let steps = divisor.split(from.unsigned_abs() + half).0.cast_signed();
                    *to = if from < 0 { -steps } else { steps };
                }
            }
            _ => {
                let mut from = from;
                each(to, &mut from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ratio::Ratio;

    const MODES: [RoundMode; 4] = [RoundMode::HalfUp, RoundMode::HalfEven, RoundMode::Down, RoundMode::Up];

    proptest! {
        #[test]
        fn division_by_a_known_number_is_division(value in 0..1u64 << 63, by in 1..=1i64 << 62, small in 1i64..2_000) {
            for by in [by, small] {
                let known = Divisor::new(by).unwrap();
                prop_assert_eq!(known.split(value), (value / by.unsigned_abs(), value % by.unsigned_abs()));
            }
        }

        #[test]
        fn rounding_to_steps_is_rounding_of_fractions(value in -1_000_000i64..1_000_000, large in -(1i64 << 61)..1 << 61, by in 1i64..500) {
            for value in [value, large] {
                for mode in MODES {
                    let exact = Ratio::new(i128::from(value), i128::from(by)).unwrap().round(Ratio::ONE, mode).unwrap();
                    let divisor = Divisor::new(by).unwrap();
                    let steps = Multiple::Rounded(mode).steps(value, divisor);
                    prop_assert_eq!(i128::from(steps), exact.num());
                    let mut column = [0; 1];
                    Multiple::Rounded(mode).column(divisor, [value].into_iter(), &mut column);
                    prop_assert_eq!(column, [steps]);
                }
            }
        }
    }

    #[test]
    fn no_divisor_is_nothing_or_beyond_range() {
        assert_eq!([0, -1, (1 << 62) + 1].map(Divisor::new), [None; 3]);
    }
}
