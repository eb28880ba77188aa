//! A growing tree that remembers only its right edge: the roots of its complete subtrees, at most one per level.
//! Leaves keeping the other nodes to whoever listens to `append`.

use super::hash::{Hash, empty_root, node_hash};

/// The largest tree that can be resumed. Appending one by one from here never overflows a 64-bit size.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// A compact range from entry 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// One for every one-bit of `size`, the largest subtree first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Resumes a tree of `size` entries from its [`peaks`](Self::peaks); `None` if their number does not fit the size
    /// or the size is above [`MAX_SIZE`]. Whether they are the right hashes only a trusted root can tell.
    #[must_use]
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let expected = usize::try_from(size.count_ones()).ok()?;
        (size <= MAX_SIZE && peaks.len() == expected).then_some(Self { size, peaks })
    }

    /// How many entries the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees that make up the tree, the largest and leftmost first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds an entry's hash. `on_node(level, index, hash)` hears of every node that is complete now, the leaf (level 0)
    /// first, then upwards; `index` counts the nodes of one level from the left.
    pub fn append(&mut self, leaf: Hash, mut on_node: impl FnMut(u8, u64, Hash)) {
        let (mut level, mut index, mut hash) = (0_u8, self.size, leaf);
        on_node(level, index, hash);
        while index & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            level += 1;
            index >>= 1;
            on_node(level, index, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root of the tree as it is now.
    #[must_use]
    pub fn root(&self) -> Hash {
        join(&self.peaks).unwrap_or_else(empty_root)
    }
}

/// Joins complete subtrees, the largest and leftmost first, into the root above them.
pub(super) fn join(peaks: &[Hash]) -> Option<Hash> {
    let mut from_right = peaks.iter().rev();
    let last = *from_right.next()?;
    Some(from_right.fold(last, |right, left| node_hash(left, &right)))
}
