//! Mistakes in TOML files that people write: where they stand, and what was probably meant.
//! Leaves what the keys mean, and reading files, to the crates that read manifests and policy packs.

pub mod hint;
pub mod mistake;
pub mod place;

pub use mistake::{Mistake, Mistakes};
pub use place::{Place, Step, locate};

#[cfg(test)]
mod tests;
