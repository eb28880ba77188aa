//! One question to one witness: the request, its repetition after a conflict, and the cosignature in the answer.
//! Leaves whom to ask when, and what becomes of the answer, to the parent module.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hedui_evidence::{DistrictLogs, LogError, LogName};
use hedui_log::cosignature::{self, CosignatureError};
use hedui_log::note::{MAX_SIGNATURES, Note, NoteError, VerifierKey};
use hedui_log::witness::AddCheckpoint;

/// For a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For a request and all of its answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A few signature lines, also of the long kinds.
const MAX_ANSWER_BYTES: usize = 16 << 10;
/// How much of a refusal is repeated, in characters.
const MAX_SHOWN_CHARS: usize = 80;

/// Why a witness did not cosign. Texts name sizes and the witness's own words, cut short.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AskError {
    /// It has just failed for another log.
    #[error("not asked: it has just failed")]
    Spared,
    /// No connection, or none that held.
    #[error("{0}")]
    Unreachable(String),
    /// No whole answer in time.
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    Timeout,
    /// More than any answer has.
    #[error("its answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    /// Not what the protocol says.
    #[error("its answer is none: {0}")]
    Garbage(String),
    /// The witness is another one, or has another key.
    #[error("its answer has no cosignature of {0}")]
    OtherKey(String),
    /// A signature in its name that its key did not make.
    #[error("a signature in the name of {0} is false")]
    FalseSignature(String),
    /// It knows more of the log than we do.
    #[error(
        "it has cosigned {theirs} leaves, and the log has signed {ours}: the evidence was cut, or restored from an older copy"
    )]
    Ahead {
        /// The size that it cosigned.
        theirs: u64,
        /// The size that it was asked for.
        ours: u64,
    },
    /// It knows another log under this name.
    #[error(
        "what it cosigned at {old} leaves is not the beginning of this log ({answer}): the evidence was changed after it was cosigned, or restored from an older copy and continued"
    )]
    Inconsistent {
        /// The size that it cosigned.
        old: u64,
        /// What it said.
        answer: String,
    },
    /// Its size changed between two questions: somebody else asks for this log.
    #[error("it names another size at every question: does another process write this log?")]
    Restless,
    /// It was not told of this log.
    #[error("it does not know this log: its operator has to add the log's verifier key")]
    UnknownLog,
    /// Any other refusal.
    #[error("it refuses with status {status} ({answer})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        answer: String,
    },
    /// The question could not be put.
    #[error("{0}")]
    Logs(String),
}

impl AskError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            AskError::Spared => "WITNESS_SPARED",
            AskError::Unreachable(_) => "WITNESS_UNREACHABLE",
            AskError::Timeout => "WITNESS_TIMEOUT",
            AskError::TooLong => "WITNESS_ANSWER_TOO_LONG",
            AskError::Garbage(_) => "WITNESS_ANSWER_UNREADABLE",
            AskError::OtherKey(_) => "WITNESS_OTHER_KEY",
            AskError::FalseSignature(_) => "WITNESS_FALSE_SIGNATURE",
            AskError::Ahead { .. } => "WITNESS_AHEAD",
            AskError::Inconsistent { .. } => "WITNESS_INCONSISTENT",
            AskError::Restless => "WITNESS_RESTLESS",
            AskError::UnknownLog => "WITNESS_UNKNOWN_LOG",
            AskError::Refused { .. } => "WITNESS_REFUSES",
            AskError::Logs(_) => "LOG_UNREADABLE",
        }
    }

    /// Whether the next question would fail as well, of whatever log.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, AskError::Spared | AskError::Unreachable(_) | AskError::Timeout)
    }
}

/// A witness to ask.
pub(super) struct Peer {
    pub name: String,
    pub url: String,
    pub key: VerifierKey,
    pub client: reqwest::Client,
    /// Whether it has failed in this round.
    pub is_down: AtomicBool,
}

/// What a witness signed.
#[derive(Debug)]
pub(super) struct Cosigned {
    /// The signature line; its signature is true.
    pub line: String,
    /// Seconds since 1970 UTC, by the witness's clock.
    pub time: u64,
}

/// What asks all witnesses.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    // One provider for the process; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
}

impl Peer {
    /// Asks for a checkpoint, given what it cosigned last as far as is known. After a conflict it is asked once more, from the size
    /// that it names.
    pub async fn ask(
        &self,
        logs: &DistrictLogs,
        log: &LogName,
        note: &Note,
        size: u64,
        known: u64,
    ) -> Result<Cosigned, AskError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(AskError::Spared);
        }
        let mut old = known.min(size);
        for _ in 0..2 {
            let unreadable = |error: LogError| AskError::Logs(error.to_string());
            let proof = logs.consistency(log, old, size).await.map_err(unreadable)?;
            let request = AddCheckpoint::new(old, proof, note.clone()).map_err(|e| AskError::Logs(e.to_string()))?;
            let (status, answer) = match tokio::time::timeout(TIMEOUT, self.post(request.to_string())).await {
                Ok(answer) => answer?,
                Err(_) => return Err(AskError::Timeout),
            };
            match status {
                200 => return self.cosignature(note.text(), &answer),
                409 => old = conflict(&answer, size)?,
                404 => return Err(AskError::UnknownLog),
                422 => {
                    let answer = shown(&answer);
                    return Err(AskError::Inconsistent { old, answer });
                }
                _ => {
                    let answer = shown(&answer);
                    return Err(AskError::Refused { status, answer });
                }
            }
        }
        Err(AskError::Restless)
    }

    async fn post(&self, body: String) -> Result<(u16, Vec<u8>), AskError> {
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "text/plain; charset=utf-8");
        let mut response = request.body(body).send().await.map_err(|e| unreachable(&e))?;
        let status = response.status().as_u16();
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| unreachable(&e))? {
            if answer.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(AskError::TooLong);
            }
            answer.extend_from_slice(&chunk);
        }
        Ok((status, answer))
    }

    /// The line of this witness's key among those of the answer.
    pub fn cosignature(&self, text: &str, answer: &[u8]) -> Result<Cosigned, AskError> {
        let garbage = |error: NoteError| AskError::Garbage(error.to_string());
        let answer = std::str::from_utf8(answer).map_err(|_| garbage(NoteError::NotUtf8))?;
        let mut note = Note::unsigned(text).map_err(garbage)?;
        let mut ours = None;
        for line in answer.split_inclusive('\n').take(MAX_SIGNATURES + 1) {
            note.push_signature(line).map_err(garbage)?;
            let of_ours = note
                .signatures()
                .last()
                .is_some_and(|signature| signature.name() == self.key.name() && signature.id() == self.key.id());
            if of_ours {
                ours.get_or_insert_with(|| line.to_owned());
            }
        }
        match (cosignature::verify(&note, &self.key), ours) {
            (Ok(0), _) => Err(AskError::Garbage("it states no time".to_owned())),
            (Ok(time), Some(line)) => Ok(Cosigned { line, time }),
            (Err(CosignatureError::Note(NoteError::BadSignature { name })), _) => Err(AskError::FalseSignature(name)),
            _ => Err(AskError::OtherKey(self.key.to_string())),
        }
    }
}

/// The size that a conflict names; it must be one that can be continued.
pub(super) fn conflict(answer: &[u8], ours: u64) -> Result<u64, AskError> {
    let text = std::str::from_utf8(answer)
        .ok()
        .and_then(|text| text.strip_suffix('\n'));
    let size = text.and_then(|text| text.parse::<u64>().ok().filter(|size| size.to_string() == text));
    match size {
        Some(theirs) if theirs > ours => Err(AskError::Ahead { theirs, ours }),
        Some(theirs) => Ok(theirs),
        None => Err(AskError::Garbage("a conflict without a size".to_owned())),
    }
}

/// The beginning of what a witness said, fit for a terminal and a log.
pub(super) fn shown(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let line = text.lines().next().unwrap_or_default();
    line.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .take(MAX_SHOWN_CHARS)
        .collect()
}

/// The innermost cause says most: "connection refused" rather than "error sending request".
fn unreachable(error: &reqwest::Error) -> AskError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    AskError::Unreachable(cause.to_string())
}
