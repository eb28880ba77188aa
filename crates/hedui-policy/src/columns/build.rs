//! Makes columns: sums, products, extremes, choices, rounding and comparisons of values become operations, both ends of each value.
//! Leaves walking through formulas to `lower`. Every rule here is the one of `interval`, element by element.

use super::divide::{Divisor, Multiple};
use super::linear::{Column, Linear, MAX_COLUMN, Unfit, common, multiple};
use super::ops::{Between, Byte, Num, Op};
use super::outcome::{FAILS, HOLDS};
use crate::program::Rounding;
use crate::ratio::Ratio;

/// Limit of a comparison that every number in a column is below.
const ABOVE_ALL: i128 = MAX_COLUMN + 1;

/// Which of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extreme {
    Least,
    Greatest,
}

/// Operations so far. Every result has a place of its own; `kernel` shares them afterwards.
#[derive(Debug, Default)]
pub(super) struct Build {
    /// Whether figures may lie within bounds, and so truths be open.
    pub may_be_open: bool,
    pub ops: Vec<Op>,
    pub numbers: usize,
    pub bytes: usize,
}

impl Build {
    pub(super) fn number(&mut self, op: impl FnOnce(usize) -> Op) -> Num {
        let to = self.numbers;
        self.numbers += 1;
        self.ops.push(op(to));
        Num::Made(to)
    }

    fn byte(&mut self, op: impl FnOnce(usize) -> Op) -> Byte {
        let to = self.bytes;
        self.bytes += 1;
        self.ops.push(op(to));
        Byte::Made(to)
    }

    pub(super) fn and(&mut self, a: Byte, b: Byte) -> Byte {
        match (a, b) {
            (Byte::Constant(a), Byte::Constant(b)) => Byte::Constant(a.min(b)),
            (Byte::Constant(FAILS), _) | (_, Byte::Constant(FAILS)) => Byte::Constant(FAILS),
            (Byte::Constant(HOLDS), other) | (other, Byte::Constant(HOLDS)) => other,
            _ if a == b => a,
            _ => self.byte(|to| Op::And(to, a, b)),
        }
    }

    pub(super) fn or(&mut self, a: Byte, b: Byte) -> Byte {
        match (a, b) {
            (Byte::Constant(a), Byte::Constant(b)) => Byte::Constant(a.max(b)),
            (Byte::Constant(HOLDS), _) | (_, Byte::Constant(HOLDS)) => Byte::Constant(HOLDS),
            (Byte::Constant(FAILS), other) | (other, Byte::Constant(FAILS)) => other,
            _ if a == b => a,
            _ => self.byte(|to| Op::Or(to, a, b)),
        }
    }

    pub(super) fn not(&mut self, of: Byte) -> Byte {
        match of {
            Byte::Constant(truth) => Byte::Constant(HOLDS - truth),
            _ => self.byte(|to| Op::Not(to, of)),
        }
    }

    /// Flags of 1: at least one of them.
    fn either(&mut self, a: Option<Byte>, b: Option<Byte>) -> Option<Byte> {
        match (a, b) {
            (Some(a), Some(b)) if a != b => Some(self.byte(|to| Op::Or(to, a, b))),
            (a, b) => a.or(b),
        }
    }

    /// Flags of 1: both.
    fn both(&mut self, a: Option<Byte>, b: Option<Byte>) -> Option<Byte> {
        let (a, b) = a.zip(b)?;
        Some(if a == b { a } else { self.byte(|to| Op::And(to, a, b)) })
    }

    /// The column of a value and what its numbers are multiples of (above zero): `scale`, or the largest possible.
    pub(super) fn column(&mut self, value: &Linear, scale: Option<Ratio>) -> Result<(Column, Ratio), Unfit> {
        if let [(column, factor)] = value.terms.as_slice()
            && value.constant.signum() == 0
            && factor.signum() > 0
            && scale.is_none_or(|scale| scale == *factor)
        {
            return Ok((*column, *factor));
        }
        let scale = scale.map_or_else(|| value.scale(), Ok)?;
        let constant = multiple(value.constant, scale)?;
        let (mut least, mut most) = (i128::from(constant), i128::from(constant));
        let mut magnitude = least.abs();
        let (mut lows, mut highs) = (Vec::new(), Vec::new());
        let (mut lo_open, mut hi_open) = (None, None);
        for (column, factor) in &value.terms {
            let factor = multiple(*factor, scale)?;
            let (at, wide) = (column.at, i128::from(factor));
            let ends = [wide * i128::from(column.least), wide * i128::from(column.most)];
            // Of a negative multiple the greatest number makes the least.
            let (low, high, low_open, high_open) = if factor >= 0 {
                (at.lo, at.hi, at.lo_open, at.hi_open)
            } else {
                (at.hi, at.lo, at.hi_open, at.lo_open)
            };
            lows.push((low, factor));
            highs.push((high, factor));
            lo_open = self.either(lo_open, low_open);
            hi_open = self.either(hi_open, high_open);
            let [a, b] = ends;
            (least, most) = (least + a.min(b), most + a.max(b));
            magnitude += a.abs().max(b.abs());
        }
        // Every sum on the way is within the sum of magnitudes.
        if magnitude > MAX_COLUMN {
            return Err(Unfit::Range);
        }
        let at = if value.terms.is_empty() {
            Between::constant(constant)
        } else {
            let lo = self.number(|to| Op::Linear(to, lows.clone(), constant));
            let hi = if lows == highs {
                lo
            } else {
                self.number(|to| Op::Linear(to, highs, constant))
            };
            Between {
                lo,
                hi,
                lo_open,
                hi_open,
            }
        };
        Ok((ranged(at, least, most)?, scale))
    }

    /// Both values as columns of multiples of the same number.
    fn alike(&mut self, a: &Linear, b: &Linear) -> Result<(Column, Column, Ratio), Unfit> {
        let scale = common([a.scale()?, b.scale()?])?;
        Ok((self.column(a, Some(scale))?.0, self.column(b, Some(scale))?.0, scale))
    }

    /// The product of two values.
    pub(super) fn product(&mut self, a: Linear, b: Linear) -> Result<Linear, Unfit> {
        match (a.as_constant(), b.as_constant()) {
            (_, Some(factor)) => return a.times(factor),
            (Some(factor), _) => return b.times(factor),
            (None, None) => {}
        }
        let ((a, of_a), (b, of_b)) = (self.column(&a, None)?, self.column(&b, None)?);
        let factor = of_a.checked_mul(of_b).ok_or(Unfit::Range)?;
        let corners = [a.least, a.most].map(|x| [b.least, b.most].map(|y| i128::from(x) * i128::from(y)));
        let corners = corners.as_flattened();
        let (least, most) = corners
            .iter()
            .fold((i128::MAX, i128::MIN), |(lo, hi), c| (lo.min(*c), hi.max(*c)));
        // Before operations are made, so that none is made for nothing.
        ranged(Between::constant(0), least, most)?;
        let (x, y) = (a.at, b.at);
        let at = if a.is_settled() && b.is_settled() {
            Between::settled(self.number(|to| Op::Multiply(to, x.lo, y.lo)))
        } else if b.is_settled() && b.least >= 0 {
            self.scaled(x, y.lo)
        } else if a.is_settled() && a.least >= 0 {
            self.scaled(y, x.lo)
        } else if a.least >= 0 && b.least >= 0 && x.lo_open.is_none() && y.lo_open.is_none() {
            self.of_positive(x, y)
        } else if [x.lo_open, x.hi_open, y.lo_open, y.hi_open].iter().all(Option::is_none) {
            self.of_any(x, y)
        } else {
            return Err(Unfit::Product);
        };
        Linear::column(ranged(at, least, most)?, factor).checked()
    }

    /// By a settled column from zero: the ends stay ends. Nothing times an unbounded end is nothing.
    fn scaled(&mut self, of: Between, by: Num) -> Between {
        let lo = self.number(|to| Op::Multiply(to, of.lo, by));
        let hi = self.number(|to| Op::Multiply(to, of.hi, by));
        let mut flag = |open: Option<Byte>| {
            let nonzero = open.map(|_| self.byte(|to| Op::NonZero(to, by)));
            self.both(open, nonzero)
        };
        Between {
            lo,
            hi,
            lo_open: flag(of.lo_open),
            hi_open: flag(of.hi_open),
        }
    }

    /// Of two values from zero: least by least, greatest by greatest, unbounded unless the other is nothing.
    fn of_positive(&mut self, a: Between, b: Between) -> Between {
        let lo = self.number(|to| Op::Multiply(to, a.lo, b.lo));
        let hi = self.number(|to| Op::Multiply(to, a.hi, b.hi));
        let together = self.both(a.hi_open, b.hi_open);
        let mut open = together;
        for (flag, other) in [(a.hi_open, b.hi), (b.hi_open, a.hi)] {
            let nonzero = flag.map(|_| self.byte(|to| Op::NonZero(to, other)));
            let alone = self.both(flag, nonzero);
            open = self.either(open, alone);
        }
        Between {
            lo,
            hi,
            lo_open: None,
            hi_open: open,
        }
    }

    /// Of two bounded values of any sign: the least and the greatest of four.
    fn of_any(&mut self, a: Between, b: Between) -> Between {
        let corners = [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)];
        let [p, q, r, s] = corners.map(|(a, b)| self.number(|to| Op::Multiply(to, a, b)));
        let ends = [Extreme::Least, Extreme::Greatest].map(|which| {
            let (left, right) = (self.pick(which, p, q), self.pick(which, r, s));
            self.pick(which, left, right)
        });
        let [lo, hi] = ends;
        Between {
            lo,
            hi,
            lo_open: None,
            hi_open: None,
        }
    }

    fn pick(&mut self, which: Extreme, a: Num, b: Num) -> Num {
        self.number(|to| match which {
            Extreme::Least => Op::Least(to, a, b),
            Extreme::Greatest => Op::Greatest(to, a, b),
        })
    }

    /// The lesser or greater of two values.
    pub(super) fn extreme(&mut self, which: Extreme, a: &Linear, b: &Linear) -> Result<Linear, Unfit> {
        if let (Some(a), Some(b)) = (a.as_constant(), b.as_constant()) {
            return Ok(Linear::constant(match which {
                Extreme::Least => a.min(b),
                Extreme::Greatest => a.max(b),
            }));
        }
        let (a, b, scale) = self.alike(a, b)?;
        let (x, y) = (a.at, b.at);
        let at = if a.is_settled() && b.is_settled() {
            Between::settled(self.pick(which, x.lo, y.lo))
        } else {
            // Of the lesser the upper end is known where one of both is; of the greater the lower one.
            let mut narrow = |a: Num, b: Num, open: [Option<Byte>; 2]| {
                let [a_open, b_open] = open;
                let (left, right) = (self.unless(a, a_open, b), self.unless(b, b_open, a));
                (self.pick(which, left, right), self.both(a_open, b_open))
            };
            match which {
                Extreme::Least => {
                    let (hi, hi_open) = narrow(x.hi, y.hi, [x.hi_open, y.hi_open]);
                    let (lo, lo_open) = (self.pick(which, x.lo, y.lo), self.either(x.lo_open, y.lo_open));
                    Between {
                        lo,
                        hi,
                        lo_open,
                        hi_open,
                    }
                }
                Extreme::Greatest => {
                    let (lo, lo_open) = narrow(x.lo, y.lo, [x.lo_open, y.lo_open]);
                    let (hi, hi_open) = (self.pick(which, x.hi, y.hi), self.either(x.hi_open, y.hi_open));
                    Between {
                        lo,
                        hi,
                        lo_open,
                        hi_open,
                    }
                }
            }
        };
        let (mut least, mut most) = match which {
            Extreme::Least => (a.least.min(b.least), a.most.min(b.most)),
            Extreme::Greatest => (a.least.max(b.least), a.most.max(b.most)),
        };
        // Where an end is open the other value stands for it alone.
        for (open, other) in [(x, b), (y, a)] {
            match which {
                Extreme::Least if open.hi_open.is_some() => most = most.max(other.most),
                Extreme::Greatest if open.lo_open.is_some() => least = least.min(other.least),
                _ => {}
            }
        }
        Linear::column(ranged(at, i128::from(least), i128::from(most))?, scale).checked()
    }

    /// One number, or another where it is open.
    fn unless(&mut self, value: Num, open: Option<Byte>, other: Num) -> Num {
        match open {
            None => value,
            Some(open) => self.number(|to| Op::Choose(to, open, [value, other, other])),
        }
    }

    /// One value where a truth holds, the other where it fails, everything that either can be where it is open.
    pub(super) fn choice(&mut self, truth: Byte, then: &Linear, other: &Linear) -> Result<Linear, Unfit> {
        let (a, b, scale) = self.alike(then, other)?;
        let (x, y) = (a.at, b.at);
        let (least, most) = (i128::from(a.least.min(b.least)), i128::from(a.most.max(b.most)));
        if a.is_settled() && b.is_settled() && !self.may_be_open {
            let at = Between::settled(self.number(|to| Op::Choose(to, truth, [y.lo, y.lo, x.lo])));
            return Linear::column(ranged(at, least, most)?, scale).checked();
        }
        let lowest = self.pick(Extreme::Least, x.lo, y.lo);
        let lo = self.number(|to| Op::Choose(to, truth, [y.lo, lowest, x.lo]));
        let highest = self.pick(Extreme::Greatest, x.hi, y.hi);
        let hi = self.number(|to| Op::Choose(to, truth, [y.hi, highest, x.hi]));
        let mut flag = |a: Option<Byte>, b: Option<Byte>| {
            let any = self.either(a, b)?;
            let ends = [b, Some(any), a].map(|flag| flag.unwrap_or(Byte::Constant(0)));
            Some(self.byte(|to| Op::ChooseByte(to, truth, ends)))
        };
        let (lo_open, hi_open) = (flag(x.lo_open, y.lo_open), flag(x.hi_open, y.hi_open));
        let at = Between {
            lo,
            hi,
            lo_open,
            hi_open,
        };
        Linear::column(ranged(at, least, most)?, scale).checked()
    }

    /// As `choice`, of truths.
    pub(super) fn choice_of_truths(&mut self, truth: Byte, then: Byte, other: Byte) -> Byte {
        let open = self.byte(|to| Op::Agree(to, then, other));
        self.byte(|to| Op::ChooseByte(to, truth, [other, open, then]))
    }

    /// Whether a value is below zero.
    pub(super) fn negative(&mut self, value: &Linear) -> Result<Byte, Unfit> {
        if let Some(constant) = value.as_constant() {
            return Ok(Byte::Constant(if constant.signum() < 0 { HOLDS } else { FAILS }));
        }
        if let [(column, factor)] = value.terms.as_slice() {
            // factor * x + constant < 0 is x < -constant / factor, the other way round for a factor below zero.
            let border = factor.recip().and_then(|recip| value.constant.checked_mul(recip));
            let border = border.and_then(Ratio::checked_neg).ok_or(Unfit::Range)?;
            if factor.signum() > 0 {
                return Ok(self.below(column.at, border.ceil().ok_or(Unfit::Range)?));
            }
            let at_most = self.below(column.at, border.floor().checked_add(1).ok_or(Unfit::Range)?);
            return Ok(self.not(at_most));
        }
        let (column, _) = self.column(value, None)?;
        Ok(self.below(column.at, 0))
    }

    fn below(&mut self, at: Between, limit: i128) -> Byte {
        // No number in a column is beyond; so the limit may be brought nearer.
        let limit = i64::try_from(limit.clamp(-ABOVE_ALL, ABOVE_ALL)).unwrap_or(0);
        self.byte(|to| Op::Below(to, at, limit))
    }

    /// Whether a value is zero.
    pub(super) fn zero(&mut self, value: &Linear) -> Result<Byte, Unfit> {
        if let Some(constant) = value.as_constant() {
            return Ok(Byte::Constant(if constant.signum() == 0 { HOLDS } else { FAILS }));
        }
        let (column, _) = self.column(value, None)?;
        Ok(self.byte(|to| Op::IsZero(to, column.at)))
    }

    /// A value rounded as a pack says.
    pub(super) fn round(&mut self, value: Linear, rounding: Rounding) -> Result<Linear, Unfit> {
        if let Some(constant) = value.as_constant() {
            let rounded = constant.round(rounding.to, rounding.mode).ok_or(Unfit::Range)?;
            return Ok(Linear::constant(rounded));
        }
        let steps = value.times(rounding.to.recip().ok_or(Unfit::Range)?)?;
        let steps = self.whole(&steps, Multiple::Rounded(rounding.mode))?;
        steps.times(rounding.to)
    }

    /// A value as whole numbers.
    fn whole(&mut self, value: &Linear, how: Multiple) -> Result<Linear, Unfit> {
        let (column, scale) = self.column(value, None)?;
        let divisor = i64::try_from(scale.den()).ok().and_then(Divisor::new);
        let divisor = divisor.ok_or(Unfit::Range)?;
        // Times the numerator, so that the denominator divides a whole number.
        let numerator = Ratio::new(1, scale.den()).ok_or(Unfit::Range)?;
        let (column, _) = self.column(&Linear::column(column, scale), Some(numerator))?;
        if scale.den() == 1 {
            return Ok(Linear::column(column, Ratio::ONE));
        }
        if i128::from(column.least).abs().max(i128::from(column.most).abs()) + scale.den() > MAX_COLUMN {
            return Err(Unfit::Range);
        }
        let lo = self.number(|to| Op::Round(to, column.at.lo, how, divisor));
        let hi = if column.at.lo == column.at.hi {
            lo
        } else {
            self.number(|to| Op::Round(to, column.at.hi, how, divisor))
        };
        let at = Between { lo, hi, ..column.at };
        let ends = [column.least, column.most].map(|end| i128::from(how.steps(end, divisor)));
        let [least, most] = ends;
        Linear::column(ranged(at, least, most)?, Ratio::ONE).checked()
    }

    /// Yuan as whole fen, never negative.
    pub(super) fn fen(&mut self, yuan: Linear) -> Result<Between, Unfit> {
        let fen = yuan.times(Ratio::whole(100))?;
        if let Some(constant) = fen.as_constant() {
            let fen = i64::try_from(constant.floor().max(0)).map_err(|_| Unfit::Range)?;
            return Ok(Between::constant(fen));
        }
        // The sign is taken away end by end: an end that is open stays so.
        let (column, scale) = self.column(&fen, None)?;
        let lo = self.pick(Extreme::Greatest, column.at.lo, Num::Constant(0));
        let hi = if column.at.lo == column.at.hi {
            lo
        } else {
            self.pick(Extreme::Greatest, column.at.hi, Num::Constant(0))
        };
        let raised = Column {
            at: Between { lo, hi, ..column.at },
            least: column.least.max(0),
            most: column.most.max(0),
        };
        let whole = self.whole(&Linear::column(raised, scale), Multiple::Floor)?;
        whole.terms.first().map(|(column, _)| column.at).ok_or(Unfit::Shape)
    }
}

impl Between {
    /// The same for all.
    pub(super) fn constant(value: i64) -> Between {
        Between::settled(Num::Constant(value))
    }

    /// A single number for each.
    pub(super) fn settled(column: Num) -> Between {
        Between {
            lo: column,
            hi: column,
            lo_open: None,
            hi_open: None,
        }
    }
}

/// A column with its range, if that is one of columns.
fn ranged(at: Between, least: i128, most: i128) -> Result<Column, Unfit> {
    if least < -MAX_COLUMN || most > MAX_COLUMN {
        return Err(Unfit::Range);
    }
    let end = |value: i128| i64::try_from(value).map_err(|_| Unfit::Range);
    Ok(Column {
        at,
        least: end(least)?,
        most: end(most)?,
    })
}
