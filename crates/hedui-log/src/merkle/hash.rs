//! A SHA-256 hash of the tree, and the three ways to make one.
//! Leaves to `frontier`, `prove` and `verify` which hashes are put together.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::text;

/// A node of the tree, a leaf's hash or a root. Shown as base64, as every C2SP text format does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// Text that is not the base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not 32 bytes in base64 with padding")]
pub struct ParseHashError;

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&text::base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Hash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, ParseHashError> {
        // 32 bytes are 44 characters; nothing longer is worth decoding.
        if text.len() != 44 {
            return Err(ParseHashError);
        }
        let bytes = text::from_base64(text).ok_or(ParseHashError)?;
        bytes.try_into().map(Self).map_err(|_| ParseHashError)
    }
}

/// The hash of an entry: SHA-256 of 0x00 and the entry. The prefix keeps leaves and nodes apart.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of a node: SHA-256 of 0x01 and both children.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1_u8; 65];
    let (_, children) = bytes.split_at_mut(1);
    for (byte, from) in children.iter_mut().zip(left.0.iter().chain(&right.0)) {
        *byte = *from;
    }
    Hash(Sha256::digest(bytes).into())
}

/// The root of the tree without entries: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}
