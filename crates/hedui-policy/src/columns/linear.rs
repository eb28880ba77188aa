//! Values as sums of multiples of whole-number columns plus a constant, with factors known beforehand and a proof that nothing overflows.
//! Leaves making columns of them to `build`.

use super::ops::Between;
use crate::ratio::Ratio;

/// Largest magnitude of a number in a column, so that a sum of two fits 64 bits with room to spare.
pub(super) const MAX_COLUMN: i128 = 1 << 61;
/// Largest common denominator and numerator of any value on the way. The products and sums that fractions make of two such
/// values before they are reduced fit 128 bits, so that exact fractions do not overflow where columns are used.
const MAX_DENOMINATOR: i128 = 1 << 40;
const MAX_NUMERATOR: i128 = 1 << 84;

/// Why a pack or one of its formulas has no form in columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// A divisor that is known with the household only, or may be zero.
    Divisor,
    /// A product of two values of which one may be negative and one unbounded.
    Product,
    /// Numbers may not fit.
    Range,
    /// Something that a compiled pack does not do.
    Shape,
}

/// A column of whole numbers within bounds, and the range that no element leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub at: Between,
    pub least: i64,
    pub most: i64,
}

impl Column {
    /// Whether every element is a single number.
    pub(super) fn is_settled(&self) -> bool {
        self.at.lo == self.at.hi && self.at.lo_open.is_none() && self.at.hi_open.is_none()
    }

    fn magnitude(&self) -> i128 {
        i128::from(self.least).abs().max(i128::from(self.most).abs())
    }
}

/// A sum of multiples of columns and a constant. The same column may stand in it twice, then as two figures that do not know of
/// each other, as intervals have it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Linear {
    pub terms: Vec<(Column, Ratio)>,
    pub constant: Ratio,
}

impl Linear {
    pub(super) fn constant(value: Ratio) -> Linear {
        Linear {
            terms: Vec::new(),
            constant: value,
        }
    }

    pub(super) fn column(column: Column, factor: Ratio) -> Linear {
        Linear {
            terms: vec![(column, factor)],
            constant: Ratio::ZERO,
        }
    }

    pub(super) fn as_constant(&self) -> Option<Ratio> {
        self.terms.is_empty().then_some(self.constant)
    }

    pub(super) fn plus(mut self, other: Linear) -> Result<Linear, Unfit> {
        self.constant = self.constant.checked_add(other.constant).ok_or(Unfit::Range)?;
        self.terms.extend(other.terms);
        self.checked()
    }

    pub(super) fn minus(self, other: Linear) -> Result<Linear, Unfit> {
        self.plus(other.times(Ratio::whole(-1))?)
    }

    /// Nothing times a figure is nothing, however open the figure is.
    pub(super) fn times(mut self, factor: Ratio) -> Result<Linear, Unfit> {
        if factor.signum() == 0 {
            return Ok(Linear::constant(Ratio::ZERO));
        }
        let scaled = |value: Ratio| value.checked_mul(factor).ok_or(Unfit::Range);
        self.constant = scaled(self.constant)?;
        for (_, of) in &mut self.terms {
            *of = scaled(*of)?;
        }
        self.checked()
    }

    /// The value, if every value that it can take is within the limits.
    pub(super) fn checked(self) -> Result<Linear, Unfit> {
        let factors = || self.terms.iter().map(|(_, factor)| *factor);
        let mut denominator = self.constant.den();
        for factor in factors() {
            denominator = lcm(denominator, factor.den()).ok_or(Unfit::Range)?;
        }
        let whole = |value: Ratio| value.num().checked_abs()?.checked_mul(denominator / value.den());
        let mut most = whole(self.constant).ok_or(Unfit::Range)?;
        for (column, factor) in &self.terms {
            let term = whole(*factor).and_then(|factor| factor.checked_mul(column.magnitude()));
            most = term.and_then(|term| most.checked_add(term)).ok_or(Unfit::Range)?;
        }
        if denominator <= MAX_DENOMINATOR && most <= MAX_NUMERATOR {
            Ok(self)
        } else {
            Err(Unfit::Range)
        }
    }

    /// The greatest number of which every factor and the constant are whole multiples; 1 for nothing at all.
    pub(super) fn scale(&self) -> Result<Ratio, Unfit> {
        let factors = self.terms.iter().map(|(_, factor)| *factor);
        common(factors.chain([self.constant]))
    }
}

/// The greatest number of which all are whole multiples; 1 where all are zero.
pub(super) fn common(values: impl IntoIterator<Item = Ratio>) -> Result<Ratio, Unfit> {
    let mut scale = Ratio::ZERO;
    for value in values {
        let den = lcm(scale.den(), value.den()).ok_or(Unfit::Range)?;
        let whole = |value: Ratio| value.num().checked_mul(den / value.den()).ok_or(Unfit::Range);
        scale = Ratio::new(gcd(whole(scale)?, whole(value)?), den).ok_or(Unfit::Range)?;
    }
    Ok(if scale.signum() == 0 { Ratio::ONE } else { scale })
}

/// How often a scale goes into one of its multiples.
pub(super) fn multiple(value: Ratio, scale: Ratio) -> Result<i64, Unfit> {
    let times = scale.recip().and_then(|recip| value.checked_mul(recip));
    let times = times.filter(|times| times.den() == 1).ok_or(Unfit::Range)?;
    i64::try_from(times.num()).map_err(|_| Unfit::Range)
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(i128::MAX)
}

fn lcm(a: i128, b: i128) -> Option<i128> {
    (a / gcd(a, b).max(1)).checked_mul(b)
}
