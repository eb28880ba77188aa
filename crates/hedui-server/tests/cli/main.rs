//! The program `hedui` as a whole, run as a process against a server in this one.
//! Leaves the laws of its parts to the tests beside them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod adapter;
mod begin;
mod fake;
mod id;
mod operator;
mod policy;
mod reevaluation;
mod run;
#[path = "../../src/cli/report/tests/sample.rs"]
mod sample;
mod schema;
mod upkeep;
mod verify;
