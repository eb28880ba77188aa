//! Checks proofs and exported transparency logs offline: true and what was proved, or false and why.
//! Leaves formats and hashes to `hedui-log`. Of the entries it reads those of hedui's own logs, by their documented form.
//!
//! Everything here is in the service of the program `hedui-verify`; others can call the same functions: [`check_evidence`],
//! [`check_proof`], [`folder::check`] and [`check_sample`].

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod evidence;
pub mod folder;
mod input;
mod leaf;
mod proof;
mod report;
mod sample;
mod time;

pub use evidence::{Records, check_evidence};
pub use input::{InputError, MAX_ENTRY_FILE_BYTES, MAX_RECORD_FILE_BYTES, read_bounded, read_policy};
pub use leaf::{Leaf, LeafError};
pub use proof::check_proof;
pub use report::{Report, Value};
pub use sample::{Draw, check_sample};
