//! The promise that a leaf will be covered: what a caller gets with a verification, seconds before the checkpoint that proves it.
//! Left to others: keeping it (`logs`), holding somebody to it (whoever has promise and checkpoint).

use hedui_log::merkle::Hash;

use super::LogSigner;

/// First line of a promise.
const KIND: &str = "hedui-inclusion-promise/v1";

/// A signed note (C2SP signed-note) of four lines: kind, origin of the log, hash of the leaf in base64, and the moment in milliseconds since
/// 1970 UTC by which a checkpoint of the log covers it. Signed by the log's own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    note: String,
    /// The moment by which it is kept, milliseconds since 1970 UTC.
    pub until_ms: i64,
}

impl Promise {
    pub(super) fn sign(signer: &LogSigner, origin: &str, leaf: Hash, until_ms: i64) -> Promise {
        let text = format!("{KIND}\n{origin}\n{leaf}\n{until_ms}\n");
        let note = signer.sign_own(&text);
        Promise { note, until_ms }
    }

    /// The signed note.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.note
    }
}
