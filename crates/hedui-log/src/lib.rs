//! Transparency logs without I/O: the Merkle tree of RFC 6962 with SHA-256, and the C2SP formats byte for byte.
//! Leaves to others: files, HTTP, clocks, persistence, and what an entry of a log means.
//!
//! Every parser takes exactly one spelling of a thing, has a limit, and answers bad input with an error whose `code()`
//! is stable. Formats are those of <https://c2sp.org>: `signed-note`, `tlog-checkpoint`, `tlog-cosignature` (Ed25519),
//! `tlog-tiles`, `tlog-proof`, `tlog-policy` and the bodies of `tlog-witness`.
//!
//! ```
//! use hedui_log::merkle::{Frontier, leaf_hash, verify_inclusion};
//! let mut tree = Frontier::new();
//! for entry in [b"one", b"two"] {
//!     tree.append(leaf_hash(entry), |_level, _index, _hash| ());
//! }
//! verify_inclusion(&leaf_hash(b"two"), 1, 2, &[leaf_hash(b"one")], &tree.root())?;
//! # Ok::<(), hedui_log::merkle::ProofError>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod checkpoint;
pub mod cosignature;
#[cfg(test)]
mod fixture;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
mod text;
pub mod tile;
pub mod witness;
