//! One proof: is this entry in a log that the policy trusts?
//! Leaves reading files to `input` and the mathematics to `hedui-log`.

use hedui_log::merkle::Hash;
use hedui_log::policy::Policy;
use hedui_log::proof::TlogProof;

use crate::report::Report;

/// Checks the contents of a `.tlog-proof` file for the entry with this leaf hash.
#[must_use]
pub fn check_proof(proof: &[u8], leaf: &Hash, policy: &Policy) -> Report {
    let proof = match TlogProof::parse(proof) {
        Ok(proof) => proof,
        Err(error) => return Report::refuted(error.code(), error),
    };
    match proof.verify(leaf, policy) {
        Ok(verified) => {
            let report = Report::proved()
                .number("index", verified.index)
                .text("leaf_hash", verified.leaf)
                .checkpoint(&verified.satisfied);
            match &proof.extra {
                // Said aloud, because it stands in a file that was found to be true.
                Some(extra) => report.number("extra_bytes_not_vouched_for", extra.len() as u64),
                None => report,
            }
        }
        Err(error) => Report::refuted(error.code(), error),
    }
}
