//! The sealed form of a department's lines about the members: one string of bytes, some ten a line. For `#[serde(with = ...)]`.
//! Leaves what they mean to the parent.
//!
//! Per line: ordinal, state (its place in `AnswerState::CODES` plus 1, or 0 and a text), number of records, year of the data (0 for none, else month and
//! day behind it), extras (byte: 1 a failure, 2 notes, 4 until when). A failure: class, origin (bytes), reason, message. Notes: how many, texts. Until when: milliseconds since
//! 1970, doubled, and minus one where they are before. Numbers are varints as in protobuf, texts their length and UTF-8.

use serde::{Deserializer, Serializer};
use smol_str::SmolStr;

use super::SubjectLine;
use crate::answer::{AnswerState, Failure, FailureClass, FailureOrigin};
use crate::blob::{self, put_varint, take_byte, take_u32, take_varint};
use crate::dates::PartialDate;

const CLASSES: [FailureClass; 3] = [FailureClass::Config, FailureClass::Transient, FailureClass::System];
const ORIGINS: [FailureOrigin; 3] = [FailureOrigin::Department, FailureOrigin::Adapter, FailureOrigin::Broker];

/// Bytes of a usual line.
const USUAL_BYTES: usize = 10;
const HAS_FAILURE: u8 = 1;
const HAS_NOTES: u8 = 2;
const HAS_DUE: u8 = 4;

/// Writes a department's lines.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize<S: Serializer>(lines: &[SubjectLine], serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = Vec::with_capacity(lines.len() * USUAL_BYTES);
    for line in lines {
        put(line, &mut out);
    }
    blob::serialize(&out, serializer)
}

/// Reads a department's lines.
///
/// # Errors
/// Bytes that end early or that this build cannot read.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SubjectLine>, D::Error> {
    blob::deserialize(deserializer, take)
}

fn put(line: &SubjectLine, out: &mut Vec<u8>) {
    put_varint(u64::from(line.ordinal), out);
    match AnswerState::CODES
        .iter()
        .zip(1u8..)
        .find(|(state, _)| **state == line.state)
    {
        Some((_, code)) => out.push(code),
        None => {
            out.push(0);
            put_text(&line.state, out);
        }
    }
    put_varint(u64::from(line.records), out);
    match line.data_on {
        // Years begin with 1.
        Some(day) => {
            put_varint(u64::from(day.year().unsigned_abs()), out);
            out.extend([day.month().unsigned_abs(), day.day().unsigned_abs()]);
        }
        None => out.push(0),
    }
    let has = |is: bool, flag: u8| if is { flag } else { 0 };
    let extras = has(line.failure.is_some(), HAS_FAILURE) | has(!line.notes.is_empty(), HAS_NOTES);
    out.push(extras | has(line.due_at_ms.is_some(), HAS_DUE));
    if let Some(failure) = &line.failure {
        out.extend([failure.class as u8, failure.origin as u8]);
        put_text(&failure.reason, out);
        put_text(&failure.message, out);
    }
    if !line.notes.is_empty() {
        put_varint(line.notes.len() as u64, out);
        for note in &line.notes {
            put_text(note, out);
        }
    }
    if let Some(due) = line.due_at_ms {
        put_varint(((due << 1) ^ (due >> 63)).cast_unsigned(), out);
    }
}

fn take(rest: &mut &[u8]) -> Option<SubjectLine> {
    let ordinal = take_u32(rest)?;
    let state = match take_byte(rest)?.checked_sub(1) {
        Some(place) => SmolStr::new_static(AnswerState::CODES.get(usize::from(place))?),
        None => SmolStr::new(take_text(rest)?),
    };
    let records = take_u32(rest)?;
    let data_on = match i16::try_from(take_u32(rest)?).ok()? {
        0 => None,
        year => {
            let (month, day) = (take_byte(rest)?, take_byte(rest)?);
            Some(PartialDate::new(year, month.try_into().ok()?, day.try_into().ok()?)?)
        }
    };
    let extras = take_byte(rest)?;
    if extras & !(HAS_FAILURE | HAS_NOTES | HAS_DUE) != 0 {
        return None;
    }
    let failure = match extras & HAS_FAILURE {
        0 => None,
        _ => Some(Failure {
            class: *CLASSES.get(usize::from(take_byte(rest)?))?,
            origin: *ORIGINS.get(usize::from(take_byte(rest)?))?,
            reason: take_text(rest)?.to_owned(),
            message: take_text(rest)?.to_owned(),
        }),
    };
    let mut notes = Vec::new();
    if extras & HAS_NOTES != 0 {
        for _ in 0..take_u32(rest)? {
            notes.push(take_text(rest)?.to_owned());
        }
    }
    let due_at_ms = match extras & HAS_DUE {
        0 => None,
        _ => {
            let folded = take_varint(rest)?;
            Some((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
        }
    };
    Some(SubjectLine {
        ordinal,
        state,
        records,
        data_on,
        failure,
        notes,
        due_at_ms,
    })
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(take_u32(rest)?).ok()?;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    std::str::from_utf8(text).ok()
}
