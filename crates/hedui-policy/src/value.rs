//! The value of a formula, a number within bounds or a condition of three truths, and what operations make of values.
//! Leaves why a value is open, and where values stand, to those who evaluate.

use hedui_core::bounds::Bounds;
use hedui_core::verdict::Truth;
use smol_str::SmolStr;

use crate::interval::{self, Interval, Trouble};
use crate::program::{Arithmetic, Comparison, Rounding};
use crate::ratio::Ratio;

/// Incomes are stated in fen and reckoned in yuan.
const FEN_PER_YUAN: i128 = 100;

/// A number within bounds, or a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(Interval),
    Condition(Truth),
}

impl Value {
    /// What nothing is known of.
    pub const UNKNOWN: Value = Value::Number(Interval::UNBOUNDED);

    /// A number that is sure.
    pub const fn exactly(value: Ratio) -> Value {
        Value::Number(Interval::exactly(value))
    }

    /// A condition that is sure.
    pub const fn settled(holds: bool) -> Value {
        Value::Condition(if holds { Truth::Holds } else { Truth::Fails })
    }

    /// An amount in fen, as yuan.
    pub fn yuan(fen: i64) -> Value {
        Value::Number(Interval::of_bounds(Bounds::exactly(fen), FEN_PER_YUAN))
    }

    /// So many for sure, and so many more perhaps.
    pub fn counted(sure: i64, perhaps: i64) -> Value {
        Value::Number(Interval {
            lo: Some(Ratio::from(sure)),
            hi: Some(Ratio::from(sure + perhaps)),
        })
    }

    /// The interval of a number; anything for a condition, which units rule out.
    pub fn interval(self) -> Interval {
        match self {
            Value::Number(interval) => interval,
            Value::Condition(_) => Interval::UNBOUNDED,
        }
    }

    /// The truth of a condition; open for a number, which units rule out.
    pub fn truth(self) -> Truth {
        match self {
            Value::Condition(truth) => truth,
            Value::Number(_) => Truth::Open,
        }
    }

    /// Whether nothing can change it any more.
    pub fn is_settled(self) -> bool {
        match self {
            Value::Number(interval) => interval.exact().is_some(),
            Value::Condition(truth) => truth != Truth::Open,
        }
    }

    /// One of two values, not known which.
    pub fn either(self, other: Value) -> Value {
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => Value::Number(a.hull(b)),
            (a, b) if a == b => a,
            _ => Value::Condition(Truth::Open),
        }
    }

    /// Two numbers joined.
    pub fn arithmetic(operation: Arithmetic, a: Value, b: Value, trouble: &mut Trouble) -> Value {
        let (a, b) = (a.interval(), b.interval());
        Value::Number(match operation {
            Arithmetic::Add => a.add(b, trouble),
            Arithmetic::Subtract => a.sub(b, trouble),
            Arithmetic::Multiply => a.mul(b, trouble),
            Arithmetic::Divide => a.div(b, trouble),
        })
    }

    /// Two numbers compared.
    pub fn compare(comparison: Comparison, a: Value, b: Value) -> Value {
        let (a, b) = (a.interval(), b.interval());
        Value::Condition(match comparison {
            Comparison::Less => a.less(b),
            Comparison::GreaterOrEqual => interval::not(a.less(b)),
            Comparison::Greater => b.less(a),
            Comparison::LessOrEqual => interval::not(b.less(a)),
            Comparison::Equal => a.equal(b),
            Comparison::NotEqual => interval::not(a.equal(b)),
        })
    }

    /// Rounded, where it is a number and a rule rounds it.
    pub fn rounded(self, round: Option<Rounding>, trouble: &mut Trouble) -> Value {
        match (self, round) {
            (Value::Number(interval), Some(round)) => Value::Number(interval.round(round.to, round.mode, trouble)),
            (value, _) => value,
        }
    }

    /// As [`Value::write_to`] appends it.
    pub fn written(self) -> SmolStr {
        match self {
            Value::Condition(Truth::Holds) => SmolStr::new_static("holds"),
            Value::Condition(Truth::Fails) => SmolStr::new_static("fails"),
            Value::Condition(Truth::Open) => SmolStr::new_static("open"),
            Value::Number(interval) => {
                let mut text = String::with_capacity(24);
                interval.write_to(&mut text);
                SmolStr::new(text)
            }
        }
    }

    /// Appends `520`, `[0, inf]` or `holds`.
    pub fn write_to(self, text: &mut String) {
        match self {
            Value::Number(interval) => interval.write_to(text),
            Value::Condition(Truth::Holds) => text.push_str("holds"),
            Value::Condition(Truth::Fails) => text.push_str("fails"),
            Value::Condition(Truth::Open) => text.push_str("open"),
        }
    }
}

/// Yuan as whole fen, never negative: what can be paid. `None` where unbounded.
pub(crate) fn payable_fen(yuan: Option<Ratio>) -> Option<i64> {
    let fen = yuan?.checked_mul(Ratio::whole(100))?.floor();
    i64::try_from(fen.max(0)).ok()
}
