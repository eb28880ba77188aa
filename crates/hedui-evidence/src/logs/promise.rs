//! The promise that leaves will be covered: what a caller gets with a verification, seconds before the checkpoint that proves it.
//! Left to others: keeping it (`logs`), holding somebody to it (whoever has promise and checkpoint).

use std::fmt::Write as _;
use std::sync::Arc;

use hedui_log::merkle::Hash;

use super::{LogName, LogSigner};

/// First line of a promise.
const KIND: &str = "hedui-inclusion-promise/v2";
/// Leaves that one promise names at most: 45 bytes each go to everybody who gets it.
pub(super) const MAX_LEAVES: usize = 64;

/// A leaf that is to be promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToPromise {
    pub(super) log: LogName,
    pub(super) hash: Hash,
    pub(super) until_ms: i64,
}

/// A signed note (C2SP signed-note): kind, origin of the log, the moment in milliseconds since 1970 UTC by which a checkpoint of the log covers
/// the leaves, and the hash of each in base64, a line each. Signed by the log's own key. It names the leaves that became durable together, so that
/// a signature is made once for them; a leaf's hash says nothing to who does not hold the leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    note: Arc<str>,
    /// The moment by which it is kept, milliseconds since 1970 UTC.
    pub until_ms: i64,
}

impl Promise {
    /// Of leaves of one log, kept by the latest of their moments.
    pub(super) fn sign<'a>(
        signer: &LogSigner,
        origin: &str,
        leaves: impl Iterator<Item = &'a ToPromise> + Clone,
    ) -> Promise {
        let until_ms = leaves.clone().map(|leaf| leaf.until_ms).max().unwrap_or_default();
        let mut text = format!("{KIND}\n{origin}\n{until_ms}\n");
        for leaf in leaves {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{}", leaf.hash);
        }
        Promise {
            note: signer.sign_own(&text).into(),
            until_ms,
        }
    }

    /// The signed note.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.note
    }

    /// The same, shared.
    #[must_use]
    pub fn note(&self) -> &Arc<str> {
        &self.note
    }
}
