//! Proofs: that a leaf stands in a log that was signed, in a file that anybody can check without us (C2SP tlog-proof).
//! Left to others: checking it (`hedui-verify`), who may have it (the broker).

use hedui_log::checkpoint::Checkpoint;
use hedui_log::merkle::inclusion_proof;
use hedui_log::note::Note;
use hedui_log::proof::TlogProof;

use super::nodes::TileNodes;
use super::{DistrictLogs, LogError, LogName, blocking};
use crate::ids::EvidenceId;
use crate::sealer::SALT_BYTES;
use crate::store::{EvidenceStore, Position};

/// First byte of the extra data: its version.
const DISCLOSURE_VERSION: u8 = 1;

/// What a proof carries beside the path: the leaf itself and, where its record is disclosed, the salt that opens its commitment.
///
/// As bytes: version (1), salt (32; zeros where nothing is disclosed), the leaf's canonical bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// The salt of the leaf's commitment, where the record is disclosed with it.
    pub salt: Option<[u8; SALT_BYTES]>,
    /// The leaf's canonical bytes.
    pub leaf: Vec<u8>,
}

impl std::fmt::Debug for Disclosure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "Disclosure({} bytes, salt {})",
            self.leaf.len(),
            self.salt.is_some()
        )
    }
}

impl Disclosure {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + SALT_BYTES + self.leaf.len());
        bytes.push(DISCLOSURE_VERSION);
        bytes.extend_from_slice(&self.salt.unwrap_or_default());
        bytes.extend_from_slice(&self.leaf);
        bytes
    }
}

/// A proof, and of what.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The log.
    pub log: LogName,
    /// Index of the leaf.
    pub index: u64,
    /// Leaves that the checkpoint covers.
    pub size: u64,
    /// The file (C2SP tlog-proof, version 1).
    pub proof: String,
}

impl DistrictLogs {
    /// Proves that a leaf of the frame at a position stands in its log, against the newest checkpoint that its policy accepts. `salt` goes with it where the record is
    /// disclosed.
    ///
    /// Errors: [`LogError::NotIncluded`] until a checkpoint covers it; the store's.
    pub async fn prove(
        &self,
        store: &dyn EvidenceStore,
        position: Position,
        evidence_id: EvidenceId,
        salt: Option<[u8; SALT_BYTES]>,
    ) -> Result<Proved, LogError> {
        let frame = store.read(position).await?;
        let log = LogName::of(&frame.district, frame.time_ms);
        let ordinal = frame.leaves.iter().position(|leaf| leaf.evidence_id == evidence_id);
        let leaf = ordinal.and_then(|at| Some((u64::try_from(at).ok()?, frame.leaves.get(at)?)));
        let (ordinal, leaf) = leaf.ok_or(LogError::NotIncluded)?;
        let leaf = leaf.encode().map_err(LogError::Leaf)?;
        let first = {
            let state = self.state.lock().await;
            state.trees.get(&log).and_then(|tree| tree.first_leaf(position))
        };
        let index = first.ok_or(LogError::NotIncluded)? + ordinal;
        let (files, name, published) = (self.files.clone(), log.clone(), self.published_by(&log)?);
        let extra = Disclosure { salt, leaf }.encode();
        let proved = blocking(move || {
            let checkpoint = published()?.ok_or(LogError::NotIncluded)?;
            let size = size_of(&checkpoint, &name)?;
            if index >= size {
                return Err(LogError::NotIncluded);
            }
            let nodes = TileNodes {
                files: &files,
                log: &name,
                size,
            };
            let proof = TlogProof {
                extra: Some(extra),
                index,
                path: inclusion_proof(index, size, &nodes)?,
                checkpoint,
            };
            Ok((size, proof.to_string()))
        })
        .await;
        let (size, proof) = self.again_after(proved).await?;
        Ok(Proved {
            log,
            index,
            size,
            proof,
        })
    }
}

/// How many leaves a checkpoint of ours covers.
pub(super) fn size_of(checkpoint: &str, log: &LogName) -> Result<u64, LogError> {
    let unreadable = || LogError::Folder {
        reason: format!("the checkpoint of {log} cannot be read"),
    };
    let note = Note::parse(checkpoint.as_bytes()).map_err(|_| unreadable())?;
    let checkpoint: Checkpoint = note.text().parse().map_err(|_| unreadable())?;
    Ok(checkpoint.size)
}
