//! Making proofs out of the nodes of a tree.
//! Leaves checking them to `verify`, and finding nodes to the implementations of [`Nodes`].

use thiserror::Error;

use super::frontier::join;
use super::hash::{Hash, empty_root};
use super::verify::ProofError;

/// Whatever knows the roots of complete subtrees.
pub trait Nodes {
    /// Why a node could not be had.
    type Error;

    /// The root over the entries `index << level .. (index + 1) << level`; asked only for subtrees that are complete.
    ///
    /// # Errors
    /// Whatever keeps the implementation from knowing it.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProveError<E> {
    /// No such proof exists in any tree.
    #[error(transparent)]
    Proof(ProofError),
    /// A node could not be had.
    #[error("a node of the tree cannot be had")]
    Node(#[source] E),
}

/// The root of the first `size` entries.
///
/// # Errors
/// What [`Nodes::node`] gives.
pub fn root_of<N: Nodes>(size: u64, nodes: &N) -> Result<Hash, N::Error> {
    range(0, size, nodes)
}

/// The path from entry `index` to the root of the first `size` entries, the leaf's sibling first (RFC 6962, 2.1.1).
///
/// # Errors
/// [`ProveError::Proof`] when the tree has no such entry, [`ProveError::Node`] when a node is missing.
pub fn inclusion_proof<N: Nodes>(index: u64, size: u64, nodes: &N) -> Result<Vec<Hash>, ProveError<N::Error>> {
    ProofError::check_index(index, size).map_err(ProveError::Proof)?;
    let mut path = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        let sibling = if index < middle {
            let right = range(middle, end, nodes);
            end = middle;
            right
        } else {
            let left = range(start, middle, nodes);
            start = middle;
            left
        };
        path.push(sibling.map_err(ProveError::Node)?);
    }
    path.reverse();
    Ok(path)
}

/// Proves that the first `old` entries of the tree of `new` are the tree of `old` (RFC 6962, 2.1.2). Empty for equal
/// sizes and for `old` 0: nothing is consistent with everything.
///
/// # Errors
/// [`ProveError::Proof`] when `old` is above `new`, [`ProveError::Node`] when a node is missing.
pub fn consistency_proof<N: Nodes>(old: u64, new: u64, nodes: &N) -> Result<Vec<Hash>, ProveError<N::Error>> {
    ProofError::check_sizes(old, new).map_err(ProveError::Proof)?;
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut proof = Vec::new();
    let (mut start, mut end) = (0, new);
    while end != old {
        let middle = start + split(end - start);
        let other = if old <= middle {
            let right = range(middle, end, nodes);
            end = middle;
            right
        } else {
            let left = range(start, middle, nodes);
            start = middle;
            left
        };
        proof.push(other.map_err(ProveError::Node)?);
    }
    // From entry 0 on it is the old root itself, which the verifier has.
    if start != 0 {
        proof.push(range(start, end, nodes).map_err(ProveError::Node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (63 - (length - 1).leading_zeros())
}

/// The root over `start..end`, a range that the definition of the tree cuts: its complete subtrees, joined.
fn range<N: Nodes>(start: u64, end: u64, nodes: &N) -> Result<Hash, N::Error> {
    let mut peaks = Vec::new();
    let mut from = start;
    while from < end {
        let level = 63 - (end - from).leading_zeros();
        // At most 63.
        let level_code = u8::try_from(level).unwrap_or(u8::MAX);
        peaks.push(nodes.node(level_code, from >> level)?);
        from += 1 << level;
    }
    Ok(join(&peaks).unwrap_or_else(empty_root))
}
