//! Trust policies: which logs and witnesses are known, and which of the witnesses suffice (C2SP tlog-policy).
//! Leaves reading the file to others, and what is proved under a checkpoint to `proof`.

mod failure;
mod parse;
#[cfg(test)]
mod tests;

use crate::checkpoint::Checkpoint;
use crate::note::{Note, NoteError, Verified, VerifierKey};

pub use failure::PolicyFailure;
pub use parse::{MAX_MEMBERS, MAX_POLICY_BYTES, PolicyError, PolicyMistake};

/// A witness as the policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name within the policy; octets that are not UTF-8 are replaced.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
}

/// A witness's cosignature that was found to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness's name within the policy.
    pub witness: String,
    /// The name of its key.
    pub key: String,
    /// When it signed: seconds since 1970 UTC, by its own clock; the earliest if it signed repeatedly.
    pub time: u64,
}

/// A checkpoint that a policy accepts, and on whose word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Satisfied {
    /// The state of the log.
    pub checkpoint: Checkpoint,
    /// The log's key that signed it, the first in the policy's order.
    pub log: VerifierKey,
    /// Every known witness that signed it, in the policy's order, needed or not.
    pub witnesses: Vec<Cosigned>,
}

/// One thing that can have witnessed a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Voice {
    Witness {
        /// Its place among the witnesses.
        at: usize,
    },
    Group {
        threshold: usize,
        /// Places of its members among the voices: all before the group's own.
        members: Vec<usize>,
    },
}

/// A policy. Its text is checked whole when it is read: what exists makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    witnesses: Vec<Witness>,
    voices: Vec<Voice>,
    /// Place among the voices and name; none if no witness is needed.
    quorum: Option<(usize, String)>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// The first line that is wrong, and how.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        parse::parse(bytes)
    }

    /// The keys of all logs, in the order of the file. A key's name is its log's origin.
    #[must_use]
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// All witnesses, in the order of the file.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether a signed checkpoint is one of a known log, and enough witnesses cosigned it.
    ///
    /// # Errors
    /// What is missing, or which signature is false: one false signature in the name of a known key spoils the note.
    pub fn satisfied_by(&self, checkpoint_note: &[u8]) -> Result<Satisfied, PolicyFailure> {
        let note = Note::parse(checkpoint_note).map_err(PolicyFailure::Note)?;
        let (checkpoint, log) = self.log_of(&note)?;
        let mut witnesses = Vec::new();
        let mut signed = vec![false; self.witnesses.len()];
        for (witness, signed) in self.witnesses.iter().zip(&mut signed) {
            if let Some(Verified { name, time, .. }) = present(&note, &witness.key)? {
                *signed = true;
                witnesses.push(Cosigned {
                    witness: witness.name.clone(),
                    key: name,
                    // Reading admits keys for cosignatures only, and these have a time.
                    time: time.unwrap_or_default(),
                });
            }
        }
        match &self.quorum {
            Some((at, name)) if !self.heard(*at, &signed) => Err(PolicyFailure::Quorum {
                quorum: name.clone(),
                signed: witnesses.into_iter().map(|cosigned| cosigned.witness).collect(),
            }),
            _ => Ok(Satisfied {
                checkpoint,
                log,
                witnesses,
            }),
        }
    }

    /// Whether a known log signed a checkpoint, whatever the witnesses say: enough to hold the log to its own word.
    ///
    /// # Errors
    /// As [`Policy::satisfied_by`], but for the quorum.
    pub fn signed_by_log(&self, checkpoint_note: &[u8]) -> Result<Checkpoint, PolicyFailure> {
        let note = Note::parse(checkpoint_note).map_err(PolicyFailure::Note)?;
        self.log_of(&note).map(|(checkpoint, _)| checkpoint)
    }

    /// The checkpoint in a note and the key of its origin that signed it.
    fn log_of(&self, note: &Note) -> Result<(Checkpoint, VerifierKey), PolicyFailure> {
        let checkpoint = Checkpoint::parse(note.text()).map_err(PolicyFailure::Checkpoint)?;
        let mut is_known = false;
        let mut signer = None;
        for log in self.logs.iter().filter(|log| log.name() == checkpoint.origin) {
            is_known = true;
            if present(note, log)?.is_some() && signer.is_none() {
                signer = Some(log.clone());
            }
        }
        let origin = checkpoint.origin.clone();
        match signer {
            Some(log) => Ok((checkpoint, log)),
            None if is_known => Err(PolicyFailure::NotSignedByLog { origin }),
            None => Err(PolicyFailure::UnknownLog { origin }),
        }
    }

    /// Whether a voice is heard when these witnesses signed. Voices stand behind their members: one pass suffices.
    fn heard(&self, at: usize, signed: &[bool]) -> bool {
        let mut heard: Vec<bool> = Vec::with_capacity(self.voices.len());
        for voice in self.voices.iter().take(at.saturating_add(1)) {
            let this = match voice {
                Voice::Witness { at } => signed.get(*at).copied().unwrap_or(false),
                Voice::Group { threshold, members } => {
                    let voices = members.iter().filter(|member| heard.get(**member) == Some(&true));
                    voices.count() >= *threshold
                }
            };
            heard.push(this);
        }
        heard.get(at).copied().unwrap_or(false)
    }
}

/// A key's true signature, or none; false ones are failures.
fn present(note: &Note, key: &VerifierKey) -> Result<Option<Verified>, PolicyFailure> {
    match note.verified_by(key) {
        Ok(verified) => Ok(Some(verified)),
        Err(NoteError::Absent { .. }) => Ok(None),
        Err(error) => Err(PolicyFailure::Note(error)),
    }
}
