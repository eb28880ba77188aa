//! The leaf: what the log remembers of one act, without a byte of personal data, in one canonical encoding.
//! Left to others: the sealed record itself (`sealer`), the frame that carries both (`frame`), the Merkle tree over the bytes.

use smol_str::SmolStr;

use crate::codec::{CodecError, Reader, put_bytes, put_count, within};
use crate::ids::{CaseId, EvidenceId};
use crate::sealer::Digests;

/// A leaf never exceeds this many bytes: entries of a tiled log are 16-bit length-prefixed (C2SP tlog-tiles).
pub const MAX_LEAF_BYTES: usize = 65_535;
/// The longest text field of a leaf or frame, in bytes: these are codes and names of offices, not prose.
pub const MAX_TEXT_BYTES: usize = 1_024;
/// How many leaves one leaf may rest on: as many as fit beside the longest texts.
const MAX_RESTS_ON: usize = 3_700;
/// The leaf encoding written and read by this build.
const VERSION: u8 = 1;
/// Version, kind, two ids, two times and three hashes: what stands before the texts.
const FIXED_BYTES: usize = 2 + 2 * 16 + 2 * 8 + 3 * 32;
/// Where the two digests stand one after the other: behind version, kind, two ids and two times.
const DIGESTS_AT: usize = 2 + 2 * 16 + 2 * 8;

/// What kind of act a leaf records. The codes are part of the format: only ever add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum LeafKind {
    /// Somebody is about to ask departments about a household.
    Asked = 1,
    /// A department answered, refused or stayed silent.
    Answer = 2,
    /// What was concluded, and from which answers.
    Verdict = 3,
    /// Evidence was read.
    Access = 4,
    /// Something was refused for want of a right.
    Denial = 5,
    /// Keys and salts were destroyed.
    Shred = 6,
    /// A policy pack came into use.
    Pack = 7,
    /// A key came into use.
    Key = 8,
    /// A person reviewed a finding.
    Review = 9,
    /// What packs read of a household was filed beside its verdict, for packs that come later.
    Snapshot = 10,
}

impl LeafKind {
    /// Every kind, by ascending code.
    pub const ALL: [Self; 10] = [
        Self::Asked,
        Self::Answer,
        Self::Verdict,
        Self::Access,
        Self::Denial,
        Self::Shred,
        Self::Pack,
        Self::Key,
        Self::Review,
        Self::Snapshot,
    ];

    /// The code in the encoding.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this code, if this build knows it.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// One entry of the log. Texts are codes (at most [`MAX_TEXT_BYTES`] bytes); times are milliseconds since 1970 UTC.
/// No field may hold a person's name or number, nor an unkeyed hash of one: the caller answers for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The act recorded.
    pub kind: LeafKind,
    /// The leaf's own name, shared with the sealed record it vouches for.
    pub evidence_id: EvidenceId,
    /// The verification it belongs to.
    pub case: CaseId,
    /// Division code of the district.
    pub district: SmolStr,
    /// Who was asked; empty where no department took part.
    pub department: SmolStr,
    /// What it was asked for.
    pub purpose: SmolStr,
    /// When the question went out.
    pub asked_at_ms: i64,
    /// When the answer, or the knowledge that none will come, arrived.
    pub answered_at_ms: i64,
    /// A short code such as `FOUND` or `UNREACHABLE:timeout`.
    pub outcome: SmolStr,
    /// BLAKE3 of the sealed record's ciphertext; zeros where nothing is sealed.
    pub ciphertext_digest: [u8; 32],
    /// BLAKE3 of the plaintext, keyed by a random salt that lives inside the sealed record; zeros where nothing is sealed.
    pub commitment: [u8; 32],
    /// Salted reference to the authorization acted upon.
    pub authorization: [u8; 32],
    /// Who acted: an account or a pseudonym, never a citizen.
    pub actor: SmolStr,
    /// The leaves this one was concluded from.
    pub rests_on: Vec<EvidenceId>,
}

impl Leaf {
    /// The canonical bytes. Errors: [`CodecError::TooLarge`] when a field or the whole exceeds its limit.
    pub fn encode(&self) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(self.encoded_bytes());
        self.encode_into(&mut out)?;
        Ok(out)
    }

    /// How many canonical bytes there are.
    pub(crate) fn encoded_bytes(&self) -> usize {
        let texts = [
            &self.district,
            &self.department,
            &self.purpose,
            &self.outcome,
            &self.actor,
        ];
        let texts: usize = texts.iter().map(|text| 2 + text.len()).sum();
        FIXED_BYTES + texts + 2 + self.rests_on.len() * 16
    }

    /// Appends the canonical bytes to `out`; on error `out` may hold a part of them.
    pub(crate) fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let start = out.len();
        out.push(VERSION);
        out.push(self.kind.code());
        out.extend_from_slice(&self.evidence_id.0);
        out.extend_from_slice(&self.case.0);
        out.extend_from_slice(&self.asked_at_ms.to_be_bytes());
        out.extend_from_slice(&self.answered_at_ms.to_be_bytes());
        out.extend_from_slice(&self.ciphertext_digest);
        out.extend_from_slice(&self.commitment);
        out.extend_from_slice(&self.authorization);
        put_bytes(out, "leaf district", self.district.as_bytes(), MAX_TEXT_BYTES)?;
        put_bytes(out, "leaf department", self.department.as_bytes(), MAX_TEXT_BYTES)?;
        put_bytes(out, "leaf purpose", self.purpose.as_bytes(), MAX_TEXT_BYTES)?;
        put_bytes(out, "leaf outcome", self.outcome.as_bytes(), MAX_TEXT_BYTES)?;
        put_bytes(out, "leaf actor", self.actor.as_bytes(), MAX_TEXT_BYTES)?;
        put_count(out, "leaf rests_on", self.rests_on.len(), MAX_RESTS_ON)?;
        for id in &self.rests_on {
            out.extend_from_slice(&id.0);
        }
        within("leaf", out.len().saturating_sub(start), MAX_LEAF_BYTES)
    }

    /// Sets the digests, also in its canonical bytes. Errors: these are too few to be its.
    pub(crate) fn set_digests(&mut self, digests: Digests, encoded: &mut [u8]) -> Result<(), CodecError> {
        let at = encoded.get_mut(DIGESTS_AT..).and_then(|rest| rest.first_chunk_mut());
        let at: &mut [u8; 64] = at.ok_or(CodecError::Short("leaf digests"))?;
        let (ciphertext_digest, commitment) = at.split_at_mut(32);
        ciphertext_digest.copy_from_slice(&digests.ciphertext_digest);
        commitment.copy_from_slice(&digests.commitment);
        (self.ciphertext_digest, self.commitment) = (digests.ciphertext_digest, digests.commitment);
        Ok(())
    }

    /// Reads canonical bytes back; exactly the bytes that [`Leaf::encode`] writes are accepted.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        within("leaf", bytes.len(), MAX_LEAF_BYTES)?;
        let mut from = Reader::new(bytes);
        let version = from.u8("leaf version")?;
        if version != VERSION {
            return Err(CodecError::Version {
                what: "leaf",
                found: version,
            });
        }
        let code = from.u8("leaf kind")?;
        let kind = LeafKind::from_code(code).ok_or(CodecError::Code {
            what: "leaf kind",
            found: code,
        })?;
        let evidence_id = EvidenceId(from.array("leaf evidence_id")?);
        let case = CaseId(from.array("leaf case")?);
        let asked_at_ms = from.i64("leaf asked_at_ms")?;
        let answered_at_ms = from.i64("leaf answered_at_ms")?;
        let ciphertext_digest = from.array("leaf ciphertext_digest")?;
        let commitment = from.array("leaf commitment")?;
        let authorization = from.array("leaf authorization")?;
        let district = SmolStr::new(from.text("leaf district", MAX_TEXT_BYTES)?);
        let department = SmolStr::new(from.text("leaf department", MAX_TEXT_BYTES)?);
        let purpose = SmolStr::new(from.text("leaf purpose", MAX_TEXT_BYTES)?);
        let outcome = SmolStr::new(from.text("leaf outcome", MAX_TEXT_BYTES)?);
        let actor = SmolStr::new(from.text("leaf actor", MAX_TEXT_BYTES)?);
        let count = from.count("leaf rests_on", MAX_RESTS_ON)?;
        let mut rests_on = Vec::with_capacity(count);
        for _ in 0..count {
            rests_on.push(EvidenceId(from.array("leaf rests_on")?));
        }
        from.finish()?;
        Ok(Self {
            kind,
            evidence_id,
            case,
            district,
            department,
            purpose,
            asked_at_ms,
            answered_at_ms,
            outcome,
            ciphertext_digest,
            commitment,
            authorization,
            actor,
            rests_on,
        })
    }
}

#[cfg(test)]
mod tests;
