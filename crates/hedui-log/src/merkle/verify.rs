//! Checking proofs of inclusion and consistency (RFC 9162, sections 2.1.3.2 and 2.1.4.2).
//! Leaves making them to `prove`, and whose root it is to `checkpoint` and `policy`.
//!
//! The length of a proof follows from the sizes alone and is compared first, so that no hash of a proof goes unused.

use thiserror::Error;

use super::hash::{Hash, empty_root, node_hash};

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The tree is empty, nothing is in it.
    #[error("a tree of size 0 has no entries")]
    EmptyTree,
    /// The index does not lie in the tree.
    #[error("entry {index} does not lie in a tree of size {size}")]
    IndexOutOfRange {
        /// Index of the entry, from 0.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("the older tree has {old} entries, more than the newer one's {new}")]
    SizesReversed {
        /// Size that was said to be older.
        old: u64,
        /// Size that was said to be newer.
        new: u64,
    },
    /// Hashes are missing.
    #[error("the proof has {found} hashes, {expected} are needed")]
    TooShort {
        /// How many these sizes need.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Hashes that nothing asks for.
    #[error("the proof has {found} hashes, only {expected} have a place")]
    TooLong {
        /// How many these sizes need.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Entry and proof lead to another root: the entry is another, stands elsewhere, or the tree is another.
    #[error("entry and proof lead to another root")]
    WrongRoot,
    /// The proof leads to another root of the older tree.
    #[error("the proof leads to another root of the older tree")]
    WrongOldRoot,
    /// The proof leads to another root of the newer tree.
    #[error("the proof leads to another root of the newer tree")]
    WrongNewRoot,
}

impl ProofError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyTree => "EMPTY_TREE",
            Self::IndexOutOfRange { .. } => "INDEX_OUT_OF_RANGE",
            Self::SizesReversed { .. } => "SIZES_REVERSED",
            Self::TooShort { .. } => "PROOF_TOO_SHORT",
            Self::TooLong { .. } => "PROOF_TOO_LONG",
            Self::WrongRoot => "WRONG_ROOT",
            Self::WrongOldRoot => "WRONG_OLD_ROOT",
            Self::WrongNewRoot => "WRONG_NEW_ROOT",
        }
    }

    pub(super) fn check_index(index: u64, size: u64) -> Result<(), Self> {
        match size {
            0 => Err(Self::EmptyTree),
            _ if index >= size => Err(Self::IndexOutOfRange { index, size }),
            _ => Ok(()),
        }
    }

    pub(super) fn check_sizes(old: u64, new: u64) -> Result<(), Self> {
        if old > new {
            Err(Self::SizesReversed { old, new })
        } else {
            Ok(())
        }
    }

    fn check_length(found: usize, expected: usize) -> Result<(), Self> {
        match found {
            _ if found < expected => Err(Self::TooShort { expected, found }),
            _ if found > expected => Err(Self::TooLong { expected, found }),
            _ => Ok(()),
        }
    }
}

/// Whether the entry with this leaf hash is number `index` of the tree of `size` entries with this root.
///
/// # Errors
/// A [`ProofError`]: the sizes are impossible, the proof has another length, or it leads to another root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    ProofError::check_index(index, size)?;
    let (inner, border) = lengths(index, size);
    ProofError::check_length(proof.len(), inner + border)?;
    let (below, along) = proof.split_at(inner);
    if climb(*leaf, index, below, along) == *root {
        Ok(())
    } else {
        Err(ProofError::WrongRoot)
    }
}

/// Whether the tree of `old` entries is the beginning of the tree of `new`. The tree without entries is the beginning of
/// every tree; its root is [`empty_root`] and no other, and its proof is empty, as is that of a tree with itself.
///
/// # Errors
/// A [`ProofError`]: the sizes are reversed, the proof has another length, or it leads to another root.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    ProofError::check_sizes(old, new)?;
    if old == 0 && *old_root != empty_root() {
        return Err(ProofError::WrongOldRoot);
    }
    if old == 0 || old == new {
        ProofError::check_length(proof.len(), 0)?;
        let expected = if old == new { *old_root } else { *new_root };
        return if *new_root == expected {
            Ok(())
        } else {
            Err(ProofError::WrongNewRoot)
        };
    }
    // The proof starts at the last complete subtree that ends where the old tree ends. If that is the whole old tree,
    // its root is known and left out.
    let level = old.trailing_zeros();
    let (inner, border) = lengths(old - 1, new);
    let inner = inner.saturating_sub(usize::try_from(level).unwrap_or(usize::MAX));
    let (start, rest) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        match proof.split_first() {
            Some((first, rest)) => (*first, rest),
            None => {
                return Err(ProofError::TooShort {
                    expected: inner + border + 1,
                    found: 0,
                });
            }
        }
    };
    let counted = proof.len() - rest.len();
    ProofError::check_length(proof.len(), inner + border + counted)?;
    let (below, along) = rest.split_at(inner);
    let index = (old - 1) >> level;
    if climb_left(start, index, below, along) != *old_root {
        return Err(ProofError::WrongOldRoot);
    }
    if climb(start, index, below, along) != *new_root {
        return Err(ProofError::WrongNewRoot);
    }
    Ok(())
}

/// How many siblings a path has below the point where it meets the tree's right edge, and how many along the edge.
fn lengths(index: u64, size: u64) -> (usize, usize) {
    let inner = 64 - (index ^ (size - 1)).leading_zeros();
    let border = index.checked_shr(inner).unwrap_or(0).count_ones();
    // Both are at most 64.
    let count = |bits: u32| usize::try_from(bits).unwrap_or(usize::MAX);
    (count(inner), count(border))
}

/// From a node to the root of the whole tree. Along the edge every sibling stands to the left.
fn climb(from: Hash, index: u64, below: &[Hash], along: &[Hash]) -> Hash {
    let mut rest = index;
    let mut hash = from;
    for sibling in below {
        hash = if rest & 1 == 0 {
            node_hash(&hash, sibling)
        } else {
            node_hash(sibling, &hash)
        };
        rest >>= 1;
    }
    along.iter().fold(hash, |right, left| node_hash(left, &right))
}

/// The same with the left siblings only: to the root of the tree that ends with this node.
fn climb_left(from: Hash, index: u64, below: &[Hash], along: &[Hash]) -> Hash {
    let mut rest = index;
    let mut hash = from;
    for sibling in below {
        if rest & 1 == 1 {
            hash = node_hash(sibling, &hash);
        }
        rest >>= 1;
    }
    along.iter().fold(hash, |right, left| node_hash(left, &right))
}
