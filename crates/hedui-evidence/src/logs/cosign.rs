//! Cosignatures of witnesses: which checkpoint is published, the proofs that witnesses ask for, what they signed put to it.
//! Left to others: asking them (the server), deciding as a witness (`hedui_log::witness`).
//!
//! `checkpoint` is what auditors are given: the newest that the policy accepts. Where witnesses are required, a new checkpoint stands
//! in `signed` until enough of them have cosigned one; what was signed is never forgotten, cosigned or not.

use hedui_log::checkpoint::Checkpoint;
use hedui_log::merkle::{Hash, consistency_proof};
use hedui_log::note::{Note, NoteError, NoteSignature, VerifierKey};
use hedui_log::policy::Policy;

use super::folder::{self, Files};
use super::nodes::TileNodes;
use super::{DistrictLogs, LogError, LogName, blocking};

/// How many witnesses there may be: as many as every implementation of C2SP tlog-policy supports.
pub const MAX_WITNESSES: usize = 32;

/// A witness that the logs are shown to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogWitness {
    /// What policies call it: 1 to 64 letters, digits, dots, underscores, colons or hyphens.
    pub name: String,
    /// The key that it cosigns with.
    pub key: VerifierKey,
}

/// The witnesses, and how many of them must have cosigned what is published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witnesses {
    all: Vec<LogWitness>,
    quorum: usize,
}

impl Witnesses {
    /// Witnesses of which so many are required. Errors: [`LogError::Witnesses`], when no policy can say so.
    pub fn new(all: Vec<LogWitness>, quorum: usize) -> Result<Witnesses, LogError> {
        let refuse = |reason: String| Err(LogError::Witnesses { reason });
        if all.len() > MAX_WITNESSES {
            return refuse(format!("at most {MAX_WITNESSES}"));
        }
        if quorum > all.len() {
            return refuse(format!("{quorum} are required, {} are configured", all.len()));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
        if let Some(bad) = all
            .iter()
            .find(|w| !(1..=64).contains(&w.name.len()) || !w.name.bytes().all(plain))
        {
            return refuse(format!("{:?} is not the name of a witness", bad.name));
        }
        let witnesses = Witnesses { all, quorum };
        // What is left (a name or a key given twice, a key of another kind, the name `none`) the format itself refuses.
        match Policy::parse(witnesses.policy_lines().as_bytes()) {
            Ok(_) => Ok(witnesses),
            Err(error) => refuse(error.mistake.to_string()),
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[LogWitness] {
        &self.all
    }

    /// How many must have cosigned.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.quorum
    }

    /// The lines of a policy behind those of the logs.
    pub(super) fn policy_lines(&self) -> String {
        let Witnesses { all, quorum } = self;
        let mut lines: String = all.iter().map(|w| format!("witness {} {}\n", w.name, w.key)).collect();
        if *quorum == 0 {
            lines.push_str("quorum none\n");
            return lines;
        }
        // No witness is called so: their names have no slash.
        let group = format!("{quorum}/{}", all.len());
        lines.push_str(&format!("group {group} {quorum}"));
        lines.extend(all.iter().map(|w| format!(" {}", w.name)));
        lines.push_str(&format!("\nquorum {group}\n"));
        lines
    }
}

impl DistrictLogs {
    /// Shows the logs to witnesses. To be set before anything is followed.
    #[must_use]
    pub fn with_witnesses(mut self, witnesses: Witnesses) -> DistrictLogs {
        self.witnesses = witnesses;
        self
    }

    /// The witnesses.
    #[must_use]
    pub fn witnesses(&self) -> &Witnesses {
        &self.witnesses
    }

    /// A policy file for auditors: it trusts the log's own key, names the witnesses, and requires as many as are required here.
    pub fn policy(&self, log: &LogName) -> Result<String, LogError> {
        self.policy_of(&[log])
    }

    /// One for several logs. Errors: those of a name.
    pub fn policy_of(&self, logs: &[&LogName]) -> Result<String, LogError> {
        let mut text = String::new();
        for log in logs {
            text.push_str(&format!("log {}\n", self.verifier_key(log)?));
        }
        Ok(text + &self.witnesses.policy_lines())
    }

    /// The newest checkpoint of a log that its policy accepts; none before there is one. It is the newest at all where no witness is required.
    pub async fn checkpoint(&self, log: &LogName) -> Result<Option<String>, LogError> {
        let (files, log, acceptable) = (self.files.clone(), log.clone(), self.acceptable(log)?);
        blocking(move || published(&files, &log, &acceptable)).await
    }

    /// The newest checkpoint that the log itself signed, whoever has cosigned it: what witnesses are asked to cosign.
    pub async fn newest_signed(&self, log: &LogName) -> Result<Option<String>, LogError> {
        let (files, log) = (self.files.clone(), log.clone());
        blocking(move || {
            Ok(folder::signed(&files, &log)?
                .into_iter()
                .next()
                .map(|signed| signed.note))
        })
        .await
    }

    /// Proves to a witness that the tree of `old` leaves is the beginning of that of `new` (RFC 6962, 2.1.2).
    ///
    /// Errors: [`LogError::NotIncluded`] when the log has not so many leaves, or `old` is above `new`.
    pub async fn consistency(&self, log: &LogName, old: u64, new: u64) -> Result<Vec<Hash>, LogError> {
        let size = {
            let state = self.state.lock().await;
            state.trees.get(log).map_or(0, |tree| tree.size())
        };
        if new > size {
            return Err(LogError::NotIncluded);
        }
        let (files, log) = (self.files.clone(), log.clone());
        blocking(move || {
            let nodes = TileNodes {
                files: &files,
                log: &log,
                size: new,
            };
            Ok(consistency_proof(old, new, &nodes)?)
        })
        .await
    }

    /// Puts signature lines of witnesses to a checkpoint that the log signed, and publishes it if the policy accepts it with them and
    /// nothing newer is published. Says whether it did; a cosignature of an older one is of no use to anybody. Lines of strangers are left out.
    ///
    /// Errors: [`LogError::Witnesses`], when a line is no signature, or one in the name of a known witness is false.
    pub async fn cosigned(&self, log: &LogName, checkpoint: &str, lines: &[String]) -> Result<bool, LogError> {
        // One at a time, and not while a new checkpoint is being written.
        let _state = self.state.lock().await;
        let (files, log, acceptable) = (self.files.clone(), log.clone(), self.acceptable(log)?);
        let note = parse(checkpoint)?;
        let mut known = Vec::with_capacity(lines.len());
        for line in lines {
            let mut alone = Note::unsigned(note.text()).map_err(refused)?;
            alone.push_signature(line).map_err(refused)?;
            let of_ours = |signature: &NoteSignature| {
                let all = self.witnesses.all.iter();
                all.map(|w| &w.key)
                    .any(|key| key.name() == signature.name() && key.id() == signature.id())
            };
            if alone.signatures().iter().all(of_ours) {
                known.push((line.clone(), alone));
            }
        }
        blocking(move || merge(&files, &log, &acceptable, note, &known)).await
    }

    fn acceptable(&self, log: &LogName) -> Result<Acceptable, LogError> {
        let policy = Policy::parse(self.policy(log)?.as_bytes()).map_err(LogError::name)?;
        Ok(Acceptable {
            policy,
            anything: self.witnesses.quorum == 0,
        })
    }
}

/// What may be published.
pub(super) struct Acceptable {
    policy: Policy,
    /// No witness is required: what the log itself wrote needs no check.
    anything: bool,
}

/// The newest checkpoint in the folder that may be published.
pub(super) fn published(files: &Files, log: &LogName, acceptable: &Acceptable) -> Result<Option<String>, LogError> {
    let signed = folder::signed(files, log)?;
    let accepted = |note: &str| acceptable.anything || acceptable.policy.satisfied_by(note.as_bytes()).is_ok();
    Ok(signed.into_iter().map(|signed| signed.note).find(|note| accepted(note)))
}

impl DistrictLogs {
    /// As [`published`], for who is on a thread for files already.
    pub(super) fn published_by(
        &self,
        log: &LogName,
    ) -> Result<impl Fn() -> Result<Option<String>, LogError> + Send + 'static, LogError> {
        let (files, log, acceptable) = (self.files.clone(), log.clone(), self.acceptable(log)?);
        Ok(move || published(&files, &log, &acceptable))
    }
}

fn merge(
    files: &Files,
    log: &LogName,
    acceptable: &Acceptable,
    mut note: Note,
    lines: &[(String, Note)],
) -> Result<bool, LogError> {
    let size = size_of(&note)?;
    if let Some(before) = published(files, log, acceptable)? {
        let before = parse(&before)?;
        if size_of(&before)? > size {
            return Ok(false);
        }
        if before.text() == note.text() {
            // Keeps what came from others for the same text.
            note = before;
        }
    }
    for (line, alone) in lines {
        // A witness that is asked again signs again, at another time: once is enough.
        let again = |new: &NoteSignature| {
            let mut there = note.signatures().iter();
            there.any(|old| old.name() == new.name() && old.id() == new.id())
        };
        if !alone.signatures().iter().all(again) {
            note.push_signature(line).map_err(refused)?;
        }
    }
    match acceptable.policy.satisfied_by(note.to_string().as_bytes()) {
        Ok(_) => {
            folder::publish(files, log, &note.to_string())?;
            Ok(true)
        }
        Err(hedui_log::policy::PolicyFailure::Quorum { .. }) => Ok(false),
        Err(failure) => Err(LogError::Witnesses {
            reason: failure.to_string(),
        }),
    }
}

fn refused(error: NoteError) -> LogError {
    LogError::Witnesses {
        reason: error.to_string(),
    }
}

fn parse(note: &str) -> Result<Note, LogError> {
    Note::parse(note.as_bytes()).map_err(refused)
}

fn size_of(note: &Note) -> Result<u64, LogError> {
    let checkpoint = Checkpoint::parse(note.text());
    checkpoint
        .map(|checkpoint| checkpoint.size)
        .map_err(|error| LogError::Witnesses {
            reason: error.to_string(),
        })
}
