//! Reading a policy file, line by line.
//! Leaves judging checkpoints by it to the parent module.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{Policy, Voice, Witness};
use crate::note::{KeyKind, NoteError, VerifierKey};
use crate::text::decimal;

/// A longer policy file is not looked at.
pub const MAX_POLICY_BYTES: usize = 1_000_000;

/// How many logs, witnesses and groups there may be, each. The specification asks for 32 at least.
pub const MAX_MEMBERS: usize = 1_024;

/// The quorum that asks for nobody.
const NONE: &[u8] = b"none";

/// What is wrong with a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {mistake}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub mistake: PolicyMistake,
}

impl PolicyError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.mistake.code()
    }
}

/// What can be wrong with a line. Names are shown with octets that are not UTF-8 replaced.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyMistake {
    /// The file is too long.
    #[error("the file has {bytes} bytes, the limit is {MAX_POLICY_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A control character other than tab.
    #[error("a control character other than tab")]
    ControlCharacter,
    /// The last line does not end: the rest of the file may have been lost.
    #[error("the line does not end in a newline: the file may be cut off")]
    Unfinished,
    /// The first word is not one of the format's.
    #[error("{0:?} is not log, witness, group or quorum")]
    Keyword(String),
    /// Too few or too many words.
    #[error("expected `{0}`")]
    Form(&'static str),
    /// A key that cannot be read.
    #[error("{0}")]
    Key(#[from] NoteError),
    /// A witness's key is not one for cosignatures.
    #[error("a witness needs a key for cosignatures (0x04)")]
    WitnessKey,
    /// The same public key again.
    #[error("the same public key stands on line {first}")]
    SameKey {
        /// Where it stands first.
        first: usize,
    },
    /// The name is taken.
    #[error("the name {0:?} is taken")]
    Taken(String),
    /// The name means something else.
    #[error("the name none stands for no witness at all, in the quorum only")]
    None,
    /// Nothing of this name stands above.
    #[error("no witness or group named {0:?} is defined above")]
    Undefined(String),
    /// A name may be a member once in the whole file, so that no witness counts twice.
    #[error("{0:?} is a member already: a name may be one once in the file")]
    MemberTwice(String),
    /// The threshold is not one.
    #[error("the threshold is not all, any or a number from 1 to {members}")]
    Threshold {
        /// How many members follow.
        members: usize,
    },
    /// More of a kind than is supported.
    #[error("more than {MAX_MEMBERS} of a kind")]
    TooMany,
    /// Two quorum lines.
    #[error("a second quorum line")]
    SecondQuorum,
    /// No quorum line.
    #[error("the file ends without a quorum line")]
    NoQuorum,
}

impl PolicyMistake {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "POLICY_TOO_LONG",
            Self::ControlCharacter => "POLICY_CONTROL_CHARACTER",
            Self::Unfinished => "POLICY_UNFINISHED_LINE",
            Self::Keyword(_) => "POLICY_KEYWORD",
            Self::Form(_) => "POLICY_FORM",
            Self::Key(error) => error.code(),
            Self::WitnessKey => "POLICY_WITNESS_KEY",
            Self::SameKey { .. } => "POLICY_SAME_KEY",
            Self::Taken(_) => "POLICY_NAME_TAKEN",
            Self::None => "POLICY_NAME_NONE",
            Self::Undefined(_) => "POLICY_NAME_UNDEFINED",
            Self::MemberTwice(_) => "POLICY_MEMBER_TWICE",
            Self::Threshold { .. } => "POLICY_THRESHOLD",
            Self::TooMany => "POLICY_TOO_MANY",
            Self::SecondQuorum => "POLICY_SECOND_QUORUM",
            Self::NoQuorum => "POLICY_NO_QUORUM",
        }
    }
}

/// What the lines so far say.
#[derive(Default)]
struct Draft {
    logs: Vec<VerifierKey>,
    witnesses: Vec<Witness>,
    voices: Vec<Voice>,
    /// Names are octets, and stand for a place among the voices.
    names: BTreeMap<Vec<u8>, usize>,
    members: BTreeSet<usize>,
    /// Public keys of logs and of witnesses with their lines.
    log_keys: BTreeMap<[u8; 32], usize>,
    witness_keys: BTreeMap<[u8; 32], usize>,
    quorum: Option<Option<(usize, String)>>,
}

pub(super) fn parse(bytes: &[u8]) -> Result<Policy, PolicyError> {
    let at = |line: usize| move |mistake: PolicyMistake| PolicyError { line, mistake };
    if bytes.len() > MAX_POLICY_BYTES {
        return Err(at(1)(PolicyMistake::TooLong { bytes: bytes.len() }));
    }
    let mut draft = Draft::default();
    let mut number = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        number += 1;
        let line = line.strip_suffix(b"\n").ok_or(PolicyMistake::Unfinished);
        line.and_then(|line| draft.line(line, number)).map_err(at(number))?;
    }
    match draft.quorum {
        Some(quorum) => Ok(Policy {
            logs: draft.logs,
            witnesses: draft.witnesses,
            voices: draft.voices,
            quorum,
        }),
        None => Err(at(number + 1)(PolicyMistake::NoQuorum)),
    }
}

impl Draft {
    fn line(&mut self, line: &[u8], number: usize) -> Result<(), PolicyMistake> {
        if line
            .iter()
            .any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7F)
        {
            return Err(PolicyMistake::ControlCharacter);
        }
        let words: Vec<&[u8]> = line
            .split(|byte| *byte == b' ' || *byte == b'\t')
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] | [b"log", key, _] => self.log(key, number),
            [b"log", ..] => Err(PolicyMistake::Form("log VKEY [URL]")),
            [b"witness", name, key] | [b"witness", name, key, _] => self.witness(name, key, number),
            [b"witness", ..] => Err(PolicyMistake::Form("witness NAME VKEY [URL]")),
            [b"group", name, threshold, members @ ..] if !members.is_empty() => self.group(name, threshold, members),
            [b"group", ..] => Err(PolicyMistake::Form("group NAME all|any|NUMBER NAME...")),
            [b"quorum", name] => self.quorum(name),
            [b"quorum", ..] => Err(PolicyMistake::Form("quorum NAME|none")),
            [other, ..] => Err(PolicyMistake::Keyword(shown(other))),
        }
    }

    fn log(&mut self, vkey: &[u8], line: usize) -> Result<(), PolicyMistake> {
        within(self.logs.len())?;
        let key = key(vkey)?;
        if let Some(first) = self.log_keys.insert(key.public(), line) {
            return Err(PolicyMistake::SameKey { first });
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &[u8], vkey: &[u8], line: usize) -> Result<(), PolicyMistake> {
        within(self.witnesses.len())?;
        let key = key(vkey)?;
        if key.kind() != KeyKind::CosignatureV1 {
            return Err(PolicyMistake::WitnessKey);
        }
        // One key under two names would count twice.
        if let Some(first) = self.witness_keys.insert(key.public(), line) {
            return Err(PolicyMistake::SameKey { first });
        }
        let at = self.witnesses.len();
        self.define(name, Voice::Witness { at })?;
        let name = shown(name);
        self.witnesses.push(Witness { name, key });
        Ok(())
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], names: &[&[u8]]) -> Result<(), PolicyMistake> {
        // Every voice is a witness or a group.
        within(self.voices.len() - self.witnesses.len())?;
        let mut members = Vec::with_capacity(names.len());
        for member in names {
            if *member == NONE {
                return Err(PolicyMistake::None);
            }
            let at = self.find(member)?;
            if !self.members.insert(at) {
                return Err(PolicyMistake::MemberTwice(shown(member)));
            }
            members.push(at);
        }
        let count = members.len();
        let number = match threshold {
            b"all" => Some(count),
            b"any" => Some(1),
            digits => std::str::from_utf8(digits)
                .ok()
                .and_then(decimal)
                .and_then(|number| usize::try_from(number).ok()),
        };
        let threshold = number
            .filter(|number| (1..=count).contains(number))
            .ok_or(PolicyMistake::Threshold { members: count })?;
        self.define(name, Voice::Group { threshold, members })
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), PolicyMistake> {
        if self.quorum.is_some() {
            return Err(PolicyMistake::SecondQuorum);
        }
        self.quorum = Some(if name == NONE {
            None
        } else {
            Some((self.find(name)?, shown(name)))
        });
        Ok(())
    }

    fn define(&mut self, name: &[u8], voice: Voice) -> Result<(), PolicyMistake> {
        if name == NONE {
            return Err(PolicyMistake::None);
        }
        if self.names.insert(name.to_vec(), self.voices.len()).is_some() {
            return Err(PolicyMistake::Taken(shown(name)));
        }
        self.voices.push(voice);
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Result<usize, PolicyMistake> {
        self.names
            .get(name)
            .copied()
            .ok_or_else(|| PolicyMistake::Undefined(shown(name)))
    }
}

fn within(count: usize) -> Result<(), PolicyMistake> {
    if count < MAX_MEMBERS {
        Ok(())
    } else {
        Err(PolicyMistake::TooMany)
    }
}

fn key(vkey: &[u8]) -> Result<VerifierKey, PolicyMistake> {
    let text = std::str::from_utf8(vkey).map_err(|_| NoteError::KeyFormat)?;
    Ok(VerifierKey::parse(text)?)
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
