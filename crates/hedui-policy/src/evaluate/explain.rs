//! Writes a formula with its numbers, as a clerk would on paper.
//! Leaves the numbers to `run`.

use smol_str::SmolStr;

use super::Evaluation;
use crate::interval::Trouble;
use crate::program::{Formula, Piece};
use crate::ratio::Ratio;
use crate::value::Value;

impl Evaluation<'_, '_> {
    /// The formula with every name replaced by its value and every sum by its members' values.
    pub(super) fn numbers(&self, formula: &Formula, member: Option<usize>) -> SmolStr {
        let mut text = String::with_capacity(formula.text.len() + 16);
        // Trouble was noted when the formula itself ran.
        let mut trouble = Trouble::default();
        for piece in &formula.pieces {
            match piece {
                Piece::Text(written) => text.push_str(written),
                Piece::Value(code) => write_value(&mut text, self.value(code, member, &mut trouble).value),
                Piece::Members { each, mean } => {
                    text.push_str(if *mean { "((" } else { "(" });
                    for (nth, member) in self.members.into_iter().enumerate() {
                        if nth > 0 {
                            text.push_str(" + ");
                        }
                        let value = self.value(each, Some(member as usize), &mut trouble).value;
                        write_value(&mut text, value);
                    }
                    text.push(')');
                    if *mean {
                        text.push_str(" / ");
                        Ratio::from(i64::try_from(self.members.len()).unwrap_or(i64::MAX)).write_to(&mut text);
                        text.push(')');
                    }
                }
            }
        }
        text.into()
    }
}

/// Negative numbers and fractions stand in brackets, so that the line can be recalculated as it stands.
fn write_value(text: &mut String, value: Value) {
    let exact = if let Value::Number(interval) = value {
        interval.exact()
    } else {
        None
    };
    let start = text.len();
    value.write_to(text);
    let bare = exact.is_none_or(|v| v.signum() >= 0 && !text.get(start..).is_some_and(|t| t.contains('/')));
    if !bare {
        text.insert(start, '(');
        text.push(')');
    }
}

/// Appends `name: formula` to a list.
pub(super) fn join(list: &mut String, name: &str, formula: &str) {
    if !list.is_empty() {
        list.push_str("; ");
    }
    list.push_str(name);
    list.push_str(": ");
    list.push_str(formula);
}
