//! A witness of others' transparency logs (C2SP tlog-witness): cosigns a checkpoint that continues all it has cosigned before.
//! Leaves the decision itself to `hedui_log::witness`, files to `state`, HTTP to `http`, settings to `config`.
//!
//! Decision, keeping and signing happen under one lock per log, and keeping is durable before the signature leaves this file: whatever
//! order requests come in and whenever the machine stops, no size below one that was released is ever cosigned again.

mod http;
mod serve;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use hedui_broker::clock::Clock;
use hedui_log::checkpoint::Checkpoint;
use hedui_log::cosignature::{self, CosignatureError, CosigningKey};
use hedui_log::merkle::{Hash, ProofError};
use hedui_log::note::{Note, NoteError, VerifierKey};
use hedui_log::witness::{AddCheckpoint, Decision, decide};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub use serve::{Running, start, start_at, witness_key};
pub use state::{DiskFolder, Folder, KeepError};

/// Why a witness cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The folder of states cannot be used.
    #[error("the witness's folder {place}: {reason}")]
    Folder {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
    /// A state that this witness cannot have written.
    #[error("the state of {origin} in file {file}: {reason}; a witness without its state must get a new key")]
    State {
        /// Of which log.
        origin: String,
        /// Name of its file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A state could not be kept; nothing was cosigned.
    #[error("the state of {origin} could not be kept: {reason}")]
    Keep {
        /// Of which log.
        origin: String,
        /// Why.
        reason: String,
    },
    /// What is on disk is not known since a state could not be kept.
    #[error("the state of {origin} is not known since it could not be kept; start the witness again")]
    Unknown {
        /// Of which log.
        origin: String,
    },
    /// The clock gives no time that can be stated.
    #[error("the clock is wrong: {0}")]
    Clock(CosignatureError),
}

impl WitnessError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            WitnessError::Folder { .. } => "WITNESS_FOLDER",
            WitnessError::State { .. } => "WITNESS_STATE",
            WitnessError::Keep { .. } => "WITNESS_NOT_KEPT",
            WitnessError::Unknown { .. } => "WITNESS_STATE_UNKNOWN",
            WitnessError::Clock(_) => "WITNESS_CLOCK",
        }
    }
}

/// What became of a request.
#[derive(Debug)]
pub enum Outcome {
    /// The signature line. What it states is durable.
    Cosigned(String),
    /// Nothing was signed.
    Refused(Decision),
}

/// A witness.
pub struct Witness {
    key: CosigningKey,
    logs: BTreeMap<String, Log>,
    folder: Arc<dyn Folder>,
    clock: Arc<dyn Clock>,
}

/// One log that is witnessed.
struct Log {
    keys: Vec<VerifierKey>,
    slot: Arc<Mutex<Slot>>,
}

/// What is known of a log.
struct Slot {
    file: String,
    last: Option<Cosigned>,
    /// Whether `last` is what is on disk.
    known: bool,
}

/// What was cosigned last.
#[derive(Clone)]
struct Cosigned {
    size: u64,
    root: Hash,
    time: u64,
    /// The checkpoint with the log's signature and ours.
    note: String,
}

/// The file of an origin, and its place below the monitoring prefix: SHA-256 of the origin in lower-case hex, whatever the origin is.
pub fn file_of(origin: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(origin.as_bytes()).into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Witness {
    /// Reads what was cosigned before. `logs` are the keys of the logs to witness; a key's name is its log's origin.
    ///
    /// # Errors
    /// A state that cannot be read, or that this key has not cosigned.
    pub fn open(
        key: CosigningKey,
        logs: &[VerifierKey],
        folder: Arc<dyn Folder>,
        clock: Arc<dyn Clock>,
    ) -> Result<Witness, WitnessError> {
        let mut witnessed: BTreeMap<String, Log> = BTreeMap::new();
        for log in logs {
            if let Some(known) = witnessed.get_mut(log.name()) {
                known.keys.push(log.clone());
                continue;
            }
            let file = file_of(log.name());
            let last = last_of(folder.as_ref(), &file, log.name(), &key.verifier())?;
            let slot = Arc::new(Mutex::new(Slot {
                file,
                last,
                known: true,
            }));
            let keys = vec![log.clone()];
            witnessed.insert(log.name().to_owned(), Log { keys, slot });
        }
        Ok(Witness {
            key,
            logs: witnessed,
            folder,
            clock,
        })
    }

    /// The public key that it cosigns with.
    pub fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// Decides on a request and, where it is to be cosigned, keeps that durably before the signature is given.
    ///
    /// # Errors
    /// The state could not be kept: nothing was cosigned.
    pub async fn add_checkpoint(self: Arc<Self>, request: AddCheckpoint) -> Result<Outcome, WitnessError> {
        let keys = self.keys(&request);
        // What no state can change is refused without waiting for the log's turn: strangers do not hold up the log.
        let blind = decide(None, &request, keys);
        if let Decision::UnknownOrigin | Decision::Forbidden(_) | Decision::OldAboveNew = blind {
            return Ok(Outcome::Refused(blind));
        }
        let Some(log) = self.logs.get(&request.checkpoint().origin) else {
            return Ok(Outcome::Refused(Decision::UnknownOrigin));
        };
        let slot = Arc::clone(&log.slot).lock_owned().await;
        let origin = request.checkpoint().origin.clone();
        // The lock goes with the work: a client that goes away does not let another request in between.
        let work = tokio::task::spawn_blocking(move || self.decide_and_keep(slot, &request));
        work.await.unwrap_or(Err(WitnessError::Unknown { origin }))
    }

    /// The newest checkpoint that was cosigned, by the name of its file.
    pub async fn newest(&self, file: &str) -> Option<String> {
        let log = self.logs.iter().find(|(origin, _)| file_of(origin) == file)?;
        let slot = log.1.slot.lock().await;
        slot.last.as_ref().map(|last| last.note.clone())
    }

    fn keys(&self, request: &AddCheckpoint) -> &[VerifierKey] {
        let log = self.logs.get(&request.checkpoint().origin);
        log.map_or(&[], |log| &log.keys)
    }

    fn decide_and_keep(
        &self,
        mut slot: OwnedMutexGuard<Slot>,
        request: &AddCheckpoint,
    ) -> Result<Outcome, WitnessError> {
        let origin = &request.checkpoint().origin;
        if !slot.known {
            return Err(WitnessError::Unknown { origin: origin.clone() });
        }
        let state = slot.last.as_ref().map(|last| (last.size, last.root));
        let (size, root) = match decide(state.as_ref(), request, self.keys(request)) {
            Decision::Cosign { size, root } => (size, root),
            refused => {
                report(&refused, request, state);
                return Ok(Outcome::Refused(refused));
            }
        };
        let now = u64::try_from(self.clock.now_ms() / 1_000).unwrap_or(0);
        // A clock that was set back must not state that this was the largest tree before a smaller one was.
        let time = now.max(slot.last.as_ref().map_or(0, |last| last.time));
        let text = request.note().text();
        let line = self.key.sign(text, time).map_err(WitnessError::Clock)?;
        if state == Some((size, root)) {
            return Ok(Outcome::Cosigned(line));
        }
        let next = Cosigned {
            size,
            root,
            time,
            note: self.kept_note(request, &line).map_err(|error| WitnessError::Keep {
                origin: origin.clone(),
                reason: error.to_string(),
            })?,
        };
        if let Err(error) = state::keep(self.folder.as_ref(), &slot.file, next.note.as_bytes()) {
            slot.known = error.is_unchanged();
            let reason = error.to_string();
            tracing::error!(%origin, reason, "the witness's state could not be kept; nothing was cosigned");
            return Err(WitnessError::Keep {
                origin: origin.clone(),
                reason,
            });
        }
        tracing::debug!(%origin, size, "cosigned");
        slot.last = Some(next);
        Ok(Outcome::Cosigned(line))
    }

    /// The checkpoint with the signatures that were checked, and ours.
    fn kept_note(&self, request: &AddCheckpoint, line: &str) -> Result<String, NoteError> {
        let of_log = |name: &str, id: u32| -> bool {
            self.keys(request)
                .iter()
                .any(|key| key.name() == name && key.id() == id)
        };
        let whole = request.note().to_string();
        let signatures = whole.get(request.note().text().len() + 1..).unwrap_or_default();
        let mut note = Note::unsigned(request.note().text())?;
        for (signature, written) in request.note().signatures().iter().zip(signatures.lines()) {
            if of_log(signature.name(), signature.id()) {
                note.push_signature(written)?;
            }
        }
        note.push_signature(line)?;
        Ok(note.to_string())
    }
}

/// A checkpoint that the log signed and that does not continue what it signed before is proof against it: an operator wants to know.
fn report(decision: &Decision, request: &AddCheckpoint, state: Option<(u64, Hash)>) {
    let Decision::Inconsistent(error) = decision else {
        return;
    };
    let Checkpoint { origin, size, root, .. } = request.checkpoint();
    let (last, last_root) = state.map_or((0, String::new()), |(size, root)| (size, root.to_string()));
    let shown: &ProofError = error;
    tracing::warn!(
        %origin, size, %root, last, last_root, reason = shown.code(),
        "a signed checkpoint is not shown to continue what was cosigned last"
    );
}

/// What the folder says was cosigned last.
fn last_of(folder: &dyn Folder, file: &str, origin: &str, key: &VerifierKey) -> Result<Option<Cosigned>, WitnessError> {
    let wrong = |reason: String| WitnessError::State {
        origin: origin.to_owned(),
        file: file.to_owned(),
        reason,
    };
    let Some(bytes) = folder.read(file).map_err(|error| wrong(error.to_string()))? else {
        return Ok(None);
    };
    let note = Note::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| wrong(error.to_string()))?;
    if checkpoint.origin != origin {
        return Err(wrong(format!("it is of {}", checkpoint.origin)));
    }
    let time = cosignature::verify(&note, key).map_err(|error| wrong(error.to_string()))?;
    Ok(Some(Cosigned {
        size: checkpoint.size,
        root: checkpoint.root,
        time,
        note: note.to_string(),
    }))
}
