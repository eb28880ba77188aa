//! Near the line: whether the income that a verdict tested lies within a share of the limit, on either side.
//! Leaves who hears of it to the broker; a verdict that is nowhere settled is nowhere near.

use hedui_core::verdict::{Truth, Verdict};
use smol_str::SmolStr;

use crate::pack::{Pack, TestKind};
use crate::ratio::Ratio;

#[cfg(test)]
mod tests;

/// An income near the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// The income as the verdict writes it.
    pub income: SmolStr,
    /// The line as the verdict writes it.
    pub line: SmolStr,
    /// Whether the condition fails: beyond the line, though near.
    pub is_beyond: bool,
}

impl Pack {
    /// The first condition on income of one of this pack's verdicts whose income lies within so many per cent of its limit, whatever
    /// missing departments would say. Conditions that compare anything but one number with one limit are left out.
    pub fn near_line(&self, verdict: &Verdict, percent: u8) -> Option<Near> {
        let tests = self.tests().filter(|(.., kind)| *kind == TestKind::Income);
        let results = tests.filter_map(|(name, ..)| verdict.tests.iter().find(|test| test.name == name));
        results
            .filter_map(|test| near(&test.numbers, test.result, percent))
            .next()
    }
}

/// Of a condition written with its numbers: `512.5 < 520`.
fn near(numbers: &str, result: Truth, percent: u8) -> Option<Near> {
    if result == Truth::Open {
        return None;
    }
    let (income, line) = [" <= ", " < "].iter().find_map(|sign| numbers.split_once(sign))?;
    let ((low, high), limit) = (ends(income)?, one(line)?);
    let share = |percent: i64| limit.checked_mul(Ratio::new(percent.into(), 100)?);
    let (least, most) = (share(100 - i64::from(percent))?, share(100 + i64::from(percent))?);
    (least <= low && high <= most).then(|| Near {
        income: bare(income).into(),
        line: bare(line).into(),
        is_beyond: result == Truth::Fails,
    })
}

/// Fractions stand in brackets.
fn bare(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(text)
}

fn one(text: &str) -> Option<Ratio> {
    Ratio::parse(bare(text))
}

/// A number, or `[low, high]`.
fn ends(text: &str) -> Option<(Ratio, Ratio)> {
    let inner = text.trim().strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    match inner {
        None => one(text).map(|value| (value, value)),
        Some(inner) => {
            let (low, high) = inner.split_once(", ")?;
            Some((one(low)?, one(high)?))
        }
    }
}
