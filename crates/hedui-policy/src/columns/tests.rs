//! Columns judge as exact fractions do, as the evaluator on facts does, and as a naive reading of the pack files does.
//! Leaves the arithmetic of single operations to their own files.

mod agreement;
mod formulas;
mod fraction;
pub(crate) mod households;
mod naive;
mod oracle;
mod streams;
