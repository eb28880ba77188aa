//! Money: `Fen`, hundredths of a yuan, in checked integer arithmetic.
//! Leaves exact ratios and rounding to the policy evaluator, where a rule says how to round.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// An amount in fen (0.01 yuan), positive or negative. There are no floats on any path to a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(pub i64);

/// Why a text is not an amount in yuan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits with at most one point.
    #[error("an amount in yuan is digits with at most two decimals, for example 3600 or 874.50")]
    Malformed,
    /// More than two decimals, which would drop money.
    #[error("an amount in yuan has at most two decimals")]
    FractionOfFen,
    /// Beyond what an `i64` of fen holds.
    #[error("the amount is too large")]
    TooLarge,
}

impl Fen {
    /// Nothing.
    pub const ZERO: Fen = Fen(0);

    /// Whole yuan as fen, `None` on overflow.
    pub const fn from_yuan(yuan: i64) -> Option<Fen> {
        match yuan.checked_mul(100) {
            Some(fen) => Some(Fen(fen)),
            None => None,
        }
    }

    /// The sum, `None` on overflow.
    pub const fn checked_add(self, other: Fen) -> Option<Fen> {
        match self.0.checked_add(other.0) {
            Some(fen) => Some(Fen(fen)),
            None => None,
        }
    }

    /// The difference, `None` on overflow.
    pub const fn checked_sub(self, other: Fen) -> Option<Fen> {
        match self.0.checked_sub(other.0) {
            Some(fen) => Some(Fen(fen)),
            None => None,
        }
    }

    /// The difference, at the ends of the range where it would overflow.
    pub const fn saturating_sub(self, other: Fen) -> Fen {
        Fen(self.0.saturating_sub(other.0))
    }
}

/// Yuan with two decimals only where there are fen: `3600`, `5199.90`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (yuan, fen) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        if fen == 0 {
            write!(f, "{sign}{yuan}")
        } else {
            write!(f, "{sign}{yuan}.{fen:02}")
        }
    }
}

/// Reads yuan with at most two decimals.
impl FromStr for Fen {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Fen, MoneyError> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
            return Err(MoneyError::Malformed);
        }
        let fraction = fraction.trim_end_matches('0');
        let cents: i128 = match fraction.len() {
            0 => 0,
            1 => fraction.parse::<i128>().map_err(|_| MoneyError::Malformed)? * 10,
            2 => fraction.parse().map_err(|_| MoneyError::Malformed)?,
            _ => return Err(MoneyError::FractionOfFen),
        };
        let whole: i64 = whole.parse().map_err(|_| MoneyError::TooLarge)?;
        let fen = i128::from(whole) * 100 + cents;
        i64::try_from(if negative { -fen } else { fen })
            .map(Fen)
            .map_err(|_| MoneyError::TooLarge)
    }
}
