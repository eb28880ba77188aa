//! The Merkle tree of RFC 6962 and RFC 9162, section 2.1, with SHA-256: hashes, growing a tree, proofs.
//! Leaves to others: where nodes are kept (`tile`, or a store behind [`Nodes`]) and who signed a root (`checkpoint`).

mod frontier;
mod hash;
mod prove;
#[cfg(test)]
mod tests;
mod verify;

pub use frontier::{Frontier, MAX_SIZE};
pub use hash::{Hash, ParseHashError, empty_root, leaf_hash, node_hash};
pub use prove::{Nodes, ProveError, consistency_proof, inclusion_proof, root_of};
pub use verify::{ProofError, verify_consistency, verify_inclusion};
