//! Interval arithmetic on exact numbers: what a formula can give when its figures are known only within bounds.
//! Leaves where the bounds come from to the facts. A name that stands twice in a formula is treated as two independent figures, which only widens.

use std::fmt;

use hedui_core::bounds::Bounds;
use hedui_core::verdict::Truth;

use crate::ratio::{Ratio, RoundMode};

#[cfg(test)]
mod tests;

/// A closed interval; an open end is unbounded. `lo <= hi` where both are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Least possible value; `None` for no lower bound.
    pub lo: Option<Ratio>,
    /// Greatest possible value; `None` for no upper bound.
    pub hi: Option<Ratio>,
}

/// What went wrong inside a formula. The result is then unbounded on the side concerned, never a wrong number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// A number did not fit 128 bits.
    pub overflow: bool,
    /// A divisor could be zero.
    pub zero_divisor: bool,
}

impl Trouble {
    /// A lower or upper end; an overflow leaves it open and is noted.
    fn end(&mut self, value: Option<Ratio>) -> Option<Ratio> {
        self.overflow |= value.is_none();
        value
    }
}

/// An end as a number or an infinity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Below,
    At(Ratio),
    Above,
}

impl End {
    fn signum(self) -> i128 {
        match self {
            End::Below => -1,
            End::At(value) => value.signum(),
            End::Above => 1,
        }
    }

    /// The product; nothing times an unbounded figure is nothing, because the figure is finite whatever it is.
    fn times(self, other: End) -> Option<End> {
        match (self, other) {
            (End::At(a), End::At(b)) => a.checked_mul(b).map(End::At),
            _ => Some(match self.signum() * other.signum() {
                0 => End::At(Ratio::ZERO),
                1 => End::Above,
                _ => End::Below,
            }),
        }
    }

    fn finite(self) -> Option<Ratio> {
        match self {
            End::At(value) => Some(value),
            End::Below | End::Above => None,
        }
    }
}

impl Interval {
    /// Anything.
    pub const UNBOUNDED: Interval = Interval { lo: None, hi: None };
    /// Exactly zero.
    pub const ZERO: Interval = Interval::exactly(Ratio::ZERO);

    /// Exactly this.
    pub const fn exactly(value: Ratio) -> Interval {
        Interval {
            lo: Some(value),
            hi: Some(value),
        }
    }

    /// Whole-number bounds divided by `scale` (100 for fen into yuan, 1 for counts).
    pub fn of_bounds(bounds: Bounds, scale: i128) -> Interval {
        let end = |value: Option<i64>| value.and_then(|v| Ratio::new(i128::from(v), scale));
        Interval {
            lo: end(bounds.lo),
            hi: end(bounds.hi),
        }
    }

    /// The only possible value, if there is one.
    pub fn exact(self) -> Option<Ratio> {
        self.lo.filter(|_| self.lo == self.hi)
    }

    /// Whether the value is possible.
    pub fn contains(self, value: Ratio) -> bool {
        self.lo.is_none_or(|lo| lo <= value) && self.hi.is_none_or(|hi| value <= hi)
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn hull(self, other: Interval) -> Interval {
        Interval {
            lo: self.lo.zip(other.lo).map(|(a, b)| a.min(b)),
            hi: self.hi.zip(other.hi).map(|(a, b)| a.max(b)),
        }
    }

    /// The sum.
    #[must_use]
    pub fn add(self, other: Interval, trouble: &mut Trouble) -> Interval {
        let mut end = |a: Option<Ratio>, b: Option<Ratio>| a.zip(b).and_then(|(a, b)| trouble.end(a.checked_add(b)));
        Interval {
            lo: end(self.lo, other.lo),
            hi: end(self.hi, other.hi),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn neg(self, trouble: &mut Trouble) -> Interval {
        let mut end = |a: Option<Ratio>| a.and_then(|a| trouble.end(a.checked_neg()));
        Interval {
            lo: end(self.hi),
            hi: end(self.lo),
        }
    }

    /// The difference.
    #[must_use]
    pub fn sub(self, other: Interval, trouble: &mut Trouble) -> Interval {
        self.add(other.neg(trouble), trouble)
    }

    fn ends(self) -> [End; 2] {
        [self.lo.map_or(End::Below, End::At), self.hi.map_or(End::Above, End::At)]
    }

    /// The product.
    #[must_use]
    pub fn mul(self, other: Interval, trouble: &mut Trouble) -> Interval {
        if let (Some(a), Some(b)) = (self.exact(), other.exact()) {
            let product = trouble.end(a.checked_mul(b));
            return Interval {
                lo: product,
                hi: product,
            };
        }
        let (mut lo, mut hi) = (End::Above, End::Below);
        for a in self.ends() {
            for b in other.ends() {
                let Some(product) = a.times(b) else {
                    trouble.overflow = true;
                    return Interval::UNBOUNDED;
                };
                (lo, hi) = (lo.min(product), hi.max(product));
            }
        }
        Interval {
            lo: lo.finite(),
            hi: hi.finite(),
        }
    }

    /// The quotient; unbounded where the divisor can be zero.
    #[must_use]
    pub fn div(self, other: Interval, trouble: &mut Trouble) -> Interval {
        if other.contains(Ratio::ZERO) {
            trouble.zero_divisor = true;
            return Interval::UNBOUNDED;
        }
        // The divisor keeps one sign, so at most one of its ends is open, and towards that end the reciprocal goes to zero.
        let mut recip = |end: Option<Ratio>| match end {
            Some(value) => trouble.end(value.recip()),
            None => Some(Ratio::ZERO),
        };
        let reciprocal = Interval {
            lo: recip(other.hi),
            hi: recip(other.lo),
        };
        self.mul(reciprocal, trouble)
    }

    /// The lesser.
    #[must_use]
    pub fn min(self, other: Interval) -> Interval {
        let hi = match (self.hi, other.hi) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Interval {
            lo: self.lo.zip(other.lo).map(|(a, b)| a.min(b)),
            hi,
        }
    }

    /// The greater.
    #[must_use]
    pub fn max(self, other: Interval) -> Interval {
        let lo = match (self.lo, other.lo) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        Interval {
            lo,
            hi: self.hi.zip(other.hi).map(|(a, b)| a.max(b)),
        }
    }

    /// Rounded to a multiple of `step`; both ends alike, because rounding is monotone.
    #[must_use]
    pub fn round(self, step: Ratio, mode: RoundMode, trouble: &mut Trouble) -> Interval {
        let mut end = |a: Option<Ratio>| a.and_then(|a| trouble.end(a.round(step, mode)));
        let lo = end(self.lo);
        if self.exact().is_some() {
            Interval { lo, hi: lo }
        } else {
            Interval { lo, hi: end(self.hi) }
        }
    }

    /// Whether it is less.
    pub fn less(self, other: Interval) -> Truth {
        if self.hi.zip(other.lo).is_some_and(|(a, b)| a < b) {
            Truth::Holds
        } else if self.lo.zip(other.hi).is_some_and(|(a, b)| a >= b) {
            Truth::Fails
        } else {
            Truth::Open
        }
    }

    /// Whether it is the same.
    pub fn equal(self, other: Interval) -> Truth {
        if let (Some(a), Some(b)) = (self.exact(), other.exact()) {
            return if a == b { Truth::Holds } else { Truth::Fails };
        }
        let apart = self.less(other) == Truth::Holds || other.less(self) == Truth::Holds;
        if apart { Truth::Fails } else { Truth::Open }
    }
}

impl Interval {
    /// Appends `520`, `[0, 800]` or `[0, inf]`.
    pub fn write_to(self, text: &mut String) {
        if let Some(value) = self.exact() {
            return value.write_to(text);
        }
        match self.lo {
            Some(lo) => {
                text.push('[');
                lo.write_to(text);
            }
            None => text.push_str("[-inf"),
        }
        text.push_str(", ");
        match self.hi {
            Some(hi) => hi.write_to(text),
            None => text.push_str("inf"),
        }
        text.push(']');
    }
}

/// As [`Interval::write_to`].
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_to(&mut text);
        f.write_str(&text)
    }
}

/// The opposite of a truth.
pub fn not(truth: Truth) -> Truth {
    match truth {
        Truth::Holds => Truth::Fails,
        Truth::Fails => Truth::Holds,
        Truth::Open => Truth::Open,
    }
}

/// Both.
pub fn and(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Truth::Fails, _) | (_, Truth::Fails) => Truth::Fails,
        (Truth::Holds, Truth::Holds) => Truth::Holds,
        _ => Truth::Open,
    }
}

/// At least one.
pub fn or(a: Truth, b: Truth) -> Truth {
    not(and(not(a), not(b)))
}
