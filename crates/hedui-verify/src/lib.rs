//! Checks proofs and exported transparency logs offline: true and what was proved, or false and why.
//! Leaves formats and hashes to `hedui-log`, and the meaning of entries to whoever reads them.
//!
//! Everything here is in the service of the program `hedui-verify`; others can call the same two functions,
//! [`check_proof`] and [`folder::check`].

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod folder;
mod input;
mod proof;
mod report;
mod time;

pub use input::{InputError, MAX_ENTRY_FILE_BYTES, read_bounded, read_policy};
pub use proof::check_proof;
pub use report::{Report, Value};
