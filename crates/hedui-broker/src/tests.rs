//! The laws of the broker, on real brokers with a store in memory, a clock that stands still and departments that follow a script.
//! Leaves the formats of evidence, the reading of answers and the rules of programmes to the crates that have them.

mod answers;
mod catalogue;
mod describing;
mod drift;
mod ending;
mod evidence;
mod following;
mod gauges;
mod hooked;
mod interrupted;
mod joint;
mod kept;
mod latest;
mod rechecks;
mod recompute;
mod reevaluation;
mod requests;
mod restart;
mod retention;
mod sharing;
mod signed;
mod simulating;
pub(crate) mod support;
mod tasks;
mod troubled;
mod waiting;
