//! One piece of evidence of a hedui log: is this leaf in the log, and is this record, or this sealed record, the one that it vouches for?
//! Leaves the proof itself to `hedui-log`, and the leaf's form to `leaf`.

use hedui_log::policy::Policy;
use hedui_log::proof::TlogProof;

use crate::leaf::{Leaf, hex};
use crate::report::{Report, Value};
use crate::time::utc;

/// Version of the extra data that is read here.
const DISCLOSURE_VERSION: u8 = 1;

/// What is there to check, beside the proof.
#[derive(Debug, Clone, Copy, Default)]
pub struct Records<'a> {
    /// The opened record, if it was disclosed.
    pub opened: Option<&'a [u8]>,
    /// The sealed record, if it is at hand.
    pub sealed: Option<&'a [u8]>,
}

/// Checks the contents of a `.tlog-proof` file that a hedui broker gave: its extra line holds version, salt and leaf.
#[must_use]
pub fn check_evidence(proof: &[u8], records: Records<'_>, policy: &Policy) -> Report {
    let proof = match TlogProof::parse(proof) {
        Ok(proof) => proof,
        Err(error) => return Report::refuted(error.code(), error),
    };
    let Some((salt, bytes)) = proof.extra.as_deref().and_then(disclosed) else {
        let why = "the extra line does not hold version 1, a salt and a leaf: this is no evidence of hedui";
        return Report::refuted("NO_LEAF", why);
    };
    let verified = match proof.verify_entry(bytes, policy) {
        Ok(verified) => verified,
        Err(error) => return Report::refuted(error.code(), error),
    };
    let leaf = match Leaf::read(bytes) {
        Ok(leaf) => leaf,
        Err(error) => return Report::refuted(error.code(), error),
    };
    if let Some(sealed) = records.sealed
        && *blake3::hash(sealed).as_bytes() != leaf.ciphertext_digest
    {
        return Report::refuted(
            "SEALED_RECORD_DIFFERS",
            "the sealed record is not the one that the leaf vouches for",
        );
    }
    if let Some(opened) = records.opened {
        if *salt == [0; 32] {
            return Report::refuted(
                "NO_SALT",
                "the proof does not disclose the salt, so that no record can be checked",
            );
        }
        if *blake3::keyed_hash(salt, opened).as_bytes() != leaf.commitment {
            return Report::refuted("RECORD_DIFFERS", "the record is not the one that the leaf vouches for");
        }
    }
    let checked = [("sealed record", records.sealed), ("record", records.opened)];
    let checked = checked.iter().filter(|(_, bytes)| bytes.is_some());
    let checked = checked.map(|(what, _)| Value::Text((*what).to_owned())).collect();
    described(Report::proved().number("index", verified.index), &leaf)
        .with("fits_the_leaf", Value::List(checked))
        .checkpoint(&verified.satisfied)
}

/// Salt and leaf out of the extra data.
fn disclosed(extra: &[u8]) -> Option<(&[u8; 32], &[u8])> {
    let (version, rest) = extra.split_first()?;
    (*version == DISCLOSURE_VERSION).then_some(())?;
    rest.split_first_chunk()
}

/// What the leaf says.
fn described(report: Report, leaf: &Leaf) -> Report {
    let moment = |ms: i64| match u64::try_from(ms) {
        Ok(0) => "-".to_owned(),
        Ok(ms) => utc(ms / 1_000),
        Err(_) => format!("{ms} ms before 1970"),
    };
    report
        .text("kind", leaf.kind)
        .text("evidence", hex(&leaf.evidence))
        .text("verification", hex(&leaf.case))
        .text("district", &leaf.district)
        .text("department", &leaf.department)
        .text("purpose", &leaf.purpose)
        .text("outcome", &leaf.outcome)
        .text("actor", &leaf.actor)
        .text("asked_at", moment(leaf.asked_at_ms))
        .text("answered_at", moment(leaf.answered_at_ms))
        .number("rests_on", leaf.rests_on.len() as u64)
}
