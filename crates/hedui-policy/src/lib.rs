//! Policy packs: the rules of programmes as TOML with small typed formulas, judged on intervals and explained number by number.
//! Leaves what departments said to `hedui_core::facts`; never awaits and never reads a clock, randomness, files or the network.
//!
//! A pack is read and checked once ([`Pack::parse`], [`PackSet`]): names resolve, units agree, every mistake is reported with its line.
//! Then it judges households ([`Pack::evaluate`]): exact rational numbers, intervals where departments are silent, three truths.

mod cases;
mod columns;
mod evaluate;
mod filed;
mod formula;
pub mod interval;
mod mistake;
mod near;
mod pack;
mod program;
pub mod ratio;
pub mod schema;
mod set;
mod simulate;
mod snapshot;
pub mod standard;
pub mod template;
pub mod unit;
mod value;
mod vocabulary;

#[cfg(test)]
mod testing;

/// The Rust snippets of the README run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use cases::{CaseResult, Difference, PackCase};
pub use columns::{Columns, Judged, Payable, Prepared, PreparedVerdicts, RowError, When};
pub use evaluate::{ARITHMETIC_OVERFLOW, DIVISION_BY_ZERO, NOBODY_COUNTS, RECORD_UNCERTAIN, TOO_MANY_COMPOSITIONS};
pub use filed::{Filed, MAX_SNAPSHOTS};
pub use mistake::{Mistake, Mistakes, PolicyError, PolicyErrorKind, SelectError};
pub use near::Near;
pub use pack::{MAX_PACK_BYTES, Pack, TestKind};
pub use set::{MAX_PACKS, PackFile, PackSet};
pub use simulate::{
    Change, FiledFileError, FiledReader, FiledWriter, Group, HISTOGRAM, HouseholdKind, Little, MAX_REFERENCES,
    MAX_TOWNS, Moved, Outside, Payment, Row, Simulation, SimulationError, Standing, Sum, Tally, Terms,
};
pub use snapshot::{
    Composition, Disability, FigureKey, MAX_FIGURES, MAX_SNAPSHOT_BYTES, Needs, Person, Reading, Snapshot,
    SnapshotError, SnapshotReader, SnapshotWriter, Supporter,
};
pub use vocabulary::{Said, fact_names};
