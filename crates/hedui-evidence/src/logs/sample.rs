//! A random sample that nobody can pick: which verdicts of a log are looked at again follows from a checkpoint that was published before.
//! Left to others: looking at them, and drawing the same sample without us (`hedui-verify sample`).
//!
//! Of every verdict in the population the rank is SHA-256 over seven lines, each with its newline: `hedui-sample/v1`, the log's origin, the
//! checkpoint's size and root as they stand in it, the outcome asked for, the public text (may be empty), the id of the verdict's leaf in
//! hexadecimal. The lowest ranks are the sample: as many as the percentage of the population, rounded up. Who signs the checkpoint cannot know
//! the ranks before, and whoever draws cannot change them after; a public text that was drawn after the checkpoint (a lottery's numbers of a day
//! named before) binds also an operator who would try many checkpoints.

use hedui_log::merkle::Hash;
use hedui_log::note::Note;
use sha2::{Digest, Sha256};

use super::folder;
use super::nodes::TileNodes;
use super::{Checkpoint, DistrictLogs, LogError, LogName, blocking, root_of};
use crate::ids::{CaseId, EvidenceId};
use crate::leaf::LeafKind;
use crate::store::EvidenceStore;

/// What a sample is drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// An earlier checkpoint of the log, as it was published; the newest where none.
    pub checkpoint: Option<String>,
    /// The outcome of the verdicts that count, as leaves have it: `dibao:QUALIFIES`.
    pub outcome: String,
    /// How many of a hundred, 1 to 100.
    pub percent: u8,
    /// A text that became public after the checkpoint; one line, may be empty.
    pub public_text: String,
}

/// A verdict that was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// The verification.
    pub case: CaseId,
    /// The verdict's leaf.
    pub evidence_id: EvidenceId,
    /// Its index in the log.
    pub index: u64,
}

/// A sample, the lowest rank first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The checkpoint that it follows from.
    pub checkpoint: String,
    /// Verdicts that it was drawn from.
    pub population: u64,
    /// Those that were drawn.
    pub drawn: Vec<Drawn>,
}

/// What ranks are reckoned with.
struct Seed<'a> {
    origin: &'a str,
    size: u64,
    root: Hash,
    outcome: &'a str,
    public_text: &'a str,
}

impl Seed<'_> {
    fn rank(&self, evidence_id: EvidenceId) -> [u8; 32] {
        let Seed {
            origin,
            size,
            root,
            outcome,
            public_text,
        } = self;
        let text = format!("hedui-sample/v1\n{origin}\n{size}\n{root}\n{outcome}\n{public_text}\n{evidence_id}\n");
        Sha256::digest(text).into()
    }
}

/// How many of a population a percentage is, rounded up.
fn share(population: usize, percent: u8) -> usize {
    population.saturating_mul(usize::from(percent)).div_ceil(100)
}

impl DistrictLogs {
    /// Draws a sample of the verdicts that a checkpoint covers. Reads every frame of the log up to it.
    ///
    /// Errors: [`LogError::NotIncluded`] for a log without checkpoint; [`LogError::Name`] for a checkpoint that this log did not sign, a
    /// percentage or a text out of range.
    pub async fn sample(&self, store: &dyn EvidenceStore, log: &LogName, draw: &Draw) -> Result<Sample, LogError> {
        if !(1..=100).contains(&draw.percent) {
            return Err(LogError::name("the percentage of a sample is 1 to 100"));
        }
        if [&draw.outcome, &draw.public_text]
            .iter()
            .any(|text| text.contains(char::is_control))
        {
            return Err(LogError::name("outcome and public text are one line each"));
        }
        let note = match &draw.checkpoint {
            Some(note) => note.clone(),
            None => self.checkpoint(log).await?.ok_or(LogError::NotIncluded)?,
        };
        let checkpoint = self.own_checkpoint(log, &note).await?;
        let mut found = Vec::new();
        for frame_at in self.frames(log).await {
            if frame_at.first >= checkpoint.size {
                break;
            }
            let frame = store.read(frame_at.position).await?;
            for (leaf, index) in frame.leaves.iter().zip(frame_at.first..checkpoint.size) {
                let counts = leaf.kind == LeafKind::Verdict && leaf.outcome.split(',').any(|one| one == draw.outcome);
                if counts {
                    let (case, evidence_id) = (leaf.case, leaf.evidence_id);
                    found.push(Drawn {
                        case,
                        evidence_id,
                        index,
                    });
                }
            }
        }
        let seed = Seed {
            origin: &checkpoint.origin,
            size: checkpoint.size,
            root: checkpoint.root,
            outcome: &draw.outcome,
            public_text: &draw.public_text,
        };
        let population = found.len();
        found.sort_by_cached_key(|drawn| (seed.rank(drawn.evidence_id), drawn.evidence_id));
        found.truncate(share(population, draw.percent));
        Ok(Sample {
            checkpoint: note,
            population: population as u64,
            drawn: found,
        })
    }

    /// A checkpoint that this log signed, and still is.
    async fn own_checkpoint(&self, log: &LogName, note: &str) -> Result<Checkpoint, LogError> {
        let key = self.verifier_key(log)?.parse().map_err(LogError::name)?;
        let parsed = Note::parse(note.as_bytes()).map_err(LogError::name)?;
        parsed.verified_by(&key).map_err(LogError::name)?;
        let checkpoint: Checkpoint = parsed.text().parse().map_err(LogError::name)?;
        let (files, name, size) = (self.files.clone(), log.clone(), checkpoint.size);
        let root = blocking(move || {
            let newest = folder::signed(&files, &name)?.into_iter().next();
            let newest = newest.ok_or(LogError::NotIncluded)?.size;
            if size > newest {
                return Err(LogError::NotIncluded);
            }
            let nodes = TileNodes {
                files: &files,
                log: &name,
                size: newest,
            };
            root_of(size, &nodes)
        })
        .await?;
        if root == checkpoint.root && checkpoint.origin == self.origin(log) {
            Ok(checkpoint)
        } else {
            Err(LogError::name("the checkpoint is not one of this log"))
        }
    }
}
