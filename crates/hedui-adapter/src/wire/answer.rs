//! Answers: a department's bytes to exactly one answer per person asked about, and back.
//! Leaves deadlines to the broker. Whatever is wrong with an answer makes it a failure, never "no record".

use bytes::Bytes;
use hedui_core::{
    AnswerState, Failure, FailureClass, FailureOrigin, Query, Record, RecordType, Subject, SubjectAnswer, Unreachable,
};
use hedui_ids::name::{self, Match};

use super::reader::{Fault, Reader, Wire};
use super::records::{Field as _, Kind, RawRecord, word, write_record};
use super::scrub::scrub;
use super::values::{date, money};
use super::writer::Writer;
use crate::reason::{Reason, cause_of};

/// Numbers of `ResultState`.
mod state {
    pub(super) const FOUND: u64 = 1;
    pub(super) const NO_RECORD: u64 = 2;
    pub(super) const OVER_LIMIT: u64 = 3;
    pub(super) const WITHIN_LIMIT: u64 = 4;
    pub(super) const IDENTITY_MISMATCH: u64 = 5;
    pub(super) const NOT_AUTHORIZED: u64 = 6;
    pub(super) const PENDING: u64 = 7;
    pub(super) const FAILED: u64 = 8;
}

/// The note where records were left out for the purpose's sake.
pub const NOT_ASKED_FOR: &str = "records of types not asked for were left out";
/// More notes than this no clerk reads.
const MAX_NOTES: usize = 20;

/// Reads a serialized `QueryResponse`: one answer per person of the query, in their order.
///
/// Records of types not asked for are left out unread. A result that is missing, doubled, about another person or not of the protocol makes
/// that person's answer a failure; an answer to another query, or bytes that are no answer, everybody's. Of a signed answer what is signed
/// is read; whether the signature holds says `check_signature`.
pub fn decode_answer(bytes: &Bytes, query: &Query) -> Vec<SubjectAnswer> {
    let mut found: Vec<Option<SubjectAnswer>> = Vec::new();
    found.resize_with(query.subjects.len(), || None);
    match read_whole(bytes, query, &mut found) {
        Ok(()) => query
            .subjects
            .iter()
            .zip(found)
            .map(|(subject, answer)| answer.unwrap_or_else(|| failed(subject.ordinal, Reason::SubjectMissing)))
            .collect(),
        Err(reason) => whole(query, Unreachable::Failed, &reason.failure()),
    }
}

/// The same failure for every person of the query.
pub fn whole(query: &Query, cause: Unreachable, failure: &Failure) -> Vec<SubjectAnswer> {
    let answer = |subject: &Subject| SubjectAnswer::unreachable(subject.ordinal, cause, failure.clone());
    query.subjects.iter().map(answer).collect()
}

fn failed(ordinal: u32, reason: Reason) -> SubjectAnswer {
    SubjectAnswer::unreachable(ordinal, Unreachable::Failed, reason.failure())
}

/// Reads an answer, or what a signed one carries.
fn read_whole(bytes: &[u8], query: &Query, found: &mut [Option<SubjectAnswer>]) -> Result<(), Fault> {
    let Some(signed) = read_results(bytes, query, found)? else {
        return Ok(());
    };
    // What stands beside the signed answer is signed by nobody; an answer within it would be a third.
    if found.iter().any(Option::is_some) || read_results(signed, query, found)?.is_some() {
        return Err(Reason::ContradictoryAnswer);
    }
    Ok(())
}

/// Reads the results of one message, and gives the signed answer that stands beside them.
fn read_results<'a>(
    bytes: &'a [u8],
    query: &Query,
    found: &mut [Option<SubjectAnswer>],
) -> Result<Option<&'a [u8]>, Fault> {
    let mut query_id: &[u8] = b"";
    let mut signed = None;
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => query_id = wire.bytes()?,
            2 => {
                let result = RawResult::find(wire.bytes()?)?;
                // Results about positions that nobody asked about are none of our business.
                let position = query
                    .subjects
                    .iter()
                    .position(|s| u64::from(s.ordinal) == result.ordinal);
                let slot = position.and_then(|i| Some((query.subjects.get(i)?, found.get_mut(i)?)));
                if let Some((subject, slot)) = slot {
                    *slot = Some(match slot {
                        Some(_) => failed(subject.ordinal, Reason::SubjectTwice),
                        None => result
                            .read(subject, query)
                            .unwrap_or_else(|reason| failed(subject.ordinal, reason)),
                    });
                }
            }
            6 => signed = Some(wire.bytes()?),
            _ => {}
        }
    }
    if query_id == query.query_id.as_bytes() {
        Ok(signed)
    } else {
        Err(Reason::WrongQuery)
    }
}

/// The types of record that were asked for, one bit each; none for all of them.
#[derive(Clone, Copy)]
struct Asked(u32);

const _: () = assert!(RecordType::ALL.len() <= 32);

impl Asked {
    fn of(types: &[RecordType]) -> Asked {
        Asked(types.iter().fold(0, |bits, of| bits | 1 << (*of as u32)))
    }

    fn is_all(self) -> bool {
        self.0 == 0
    }

    fn holds(self, of: RecordType) -> bool {
        self.is_all() || self.0 & 1 << (of as u32) != 0
    }
}

/// A result that was not read yet: nothing is copied before it is known to be about the right person.
#[derive(Default)]
struct RawResult<'a> {
    ordinal: u64,
    id_number: &'a [u8],
    state: u64,
    /// The whole result, for walking its records when it is known to be about the right person.
    bytes: &'a [u8],
    records: usize,
    data_on: Option<Wire<'a>>,
    failure: Option<&'a [u8]>,
    notes: Vec<&'a [u8]>,
    limit: Option<Wire<'a>>,
    registered_name: &'a [u8],
    due_at: Option<&'a [u8]>,
}

impl<'a> RawResult<'a> {
    fn find(bytes: &'a [u8]) -> Result<RawResult<'a>, Fault> {
        let mut result = RawResult {
            bytes,
            ..RawResult::default()
        };
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.next()? {
            match number {
                1 => result.ordinal = wire.varint()?,
                2 => result.id_number = wire.bytes()?,
                3 => result.state = wire.varint()?,
                4 => {
                    wire.bytes()?;
                    result.records += 1;
                }
                5 => result.data_on = Some(wire),
                6 => result.failure = Some(wire.bytes()?),
                7 if result.notes.len() < MAX_NOTES => result.notes.push(wire.bytes()?),
                8 => result.limit = Some(wire),
                9 => result.registered_name = wire.bytes()?,
                10 => result.due_at = Some(wire.bytes()?),
                _ => {}
            }
        }
        Ok(result)
    }

    fn read(self, subject: &Subject, query: &Query) -> Result<SubjectAnswer, Fault> {
        if self.id_number != subject.id.as_bytes() {
            return Err(Reason::WrongSubject);
        }
        if self.state != state::FOUND && self.records > 0 || self.state != state::FAILED && self.failure.is_some() {
            return Err(Reason::ContradictoryAnswer);
        }
        let mut notes = Vec::with_capacity(self.notes.len());
        for note in &self.notes {
            notes.push(scrub(text(note)?, query));
        }
        let limit = self.limit.map(money).transpose()?;
        let mut failure = None;
        let mut state = match self.state {
            state::FOUND => self.found(Asked::of(&query.record_types), &mut notes)?,
            state::NO_RECORD => AnswerState::NoRecord,
            state::OVER_LIMIT => AnswerState::OverLimit { limit },
            state::WITHIN_LIMIT => AnswerState::WithinLimit { limit },
            state::IDENTITY_MISMATCH => AnswerState::IdentityMismatch,
            state::NOT_AUTHORIZED => AnswerState::NotAuthorized,
            state::PENDING => AnswerState::Pending,
            state::FAILED => {
                let read = read_failure(self.failure.unwrap_or_default(), query)?;
                let cause = cause_of(&read);
                failure = Some(read);
                AnswerState::Unreachable { cause }
            }
            _ => return Err(Reason::UnknownState),
        };
        if !self.registered_name.is_empty() && state.is_answer() && state != AnswerState::NotAuthorized {
            match name::same(text(self.registered_name)?, &subject.name) {
                Match::Same => {}
                Match::SameAfterNormalising => notes.push("name: written differently in the source".to_owned()),
                Match::Doubtful => notes.push("name: cannot be compared with the source".to_owned()),
                Match::Different => state = AnswerState::IdentityMismatch,
            }
        }
        let data_on = self.data_on.map(date).transpose()?;
        let due_at_ms = match (&state, self.due_at) {
            (AnswerState::Pending, Some(bytes)) => Some(moment(bytes)?),
            _ => None,
        };
        Ok(SubjectAnswer {
            ordinal: subject.ordinal,
            state,
            data_on,
            failure,
            notes,
            due_at_ms,
        })
    }

    fn found(&self, asked: Asked, notes: &mut Vec<String>) -> Result<AnswerState, Fault> {
        if self.records == 0 {
            return Err(Reason::FoundWithoutRecords);
        }
        // How many there are is the department's word until they have been read.
        let mut records: Vec<Record> = Vec::with_capacity(self.records.min(64));
        let mut reader = Reader::new(self.bytes);
        while let Some((number, wire)) = reader.next()? {
            if number != 4 {
                continue;
            }
            let record = RawRecord::find(wire.bytes()?)?;
            match record.kind() {
                Kind::Of(kind) if asked.holds(kind) => record.read(&mut records)?,
                // Nobody can have asked for a type that this version does not know, unless everything was asked for.
                Kind::Newer if asked.is_all() => return Err(Reason::UnknownRecord),
                Kind::Missing => return Err(Reason::UnknownRecord),
                Kind::Of(_) | Kind::Newer => {}
            }
        }
        if records.len() < self.records {
            notes.push(NOT_ASKED_FOR.to_owned());
        }
        Ok(if records.is_empty() {
            AnswerState::NoRecord
        } else {
            AnswerState::Found { records }
        })
    }
}

/// The last second of what `google.protobuf.Timestamp` can say: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// A moment in milliseconds since 1970; what is finer is dropped.
fn moment(bytes: &[u8]) -> Result<i64, Fault> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => seconds = wire.varint()?.cast_signed(),
            2 => nanos = wire.varint()?.cast_signed(),
            _ => {}
        }
    }
    if !(0..=LAST_SECOND).contains(&seconds) || !(0..1_000_000_000).contains(&nanos) {
        return Err(Reason::ImpossibleDate);
    }
    Ok(seconds * 1_000 + nanos / 1_000_000)
}

/// Until when the last of the pending persons of an answer is promised; none where nobody is, or where the bytes are no answer.
pub fn due_at_ms(bytes: &[u8]) -> Option<i64> {
    let mut due = None;
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next().ok()? {
        if number == 2 {
            let result = RawResult::find(wire.bytes().ok()?).ok()?;
            let promised = result.due_at.filter(|_| result.state == state::PENDING);
            due = due.max(promised.and_then(|bytes| moment(bytes).ok()));
        }
    }
    due
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| Reason::MalformedAnswer)
}

const CLASSES: &[FailureClass] = &[FailureClass::Config, FailureClass::Transient, FailureClass::System];
const ORIGINS: &[FailureOrigin] = &[FailureOrigin::Department, FailureOrigin::Adapter, FailureOrigin::Broker];

/// A department's failure. What it leaves out, or says in words that are not of the protocol, gets ours.
pub(super) fn read_failure(bytes: &[u8], query: &Query) -> Result<Failure, Fault> {
    let mut failure = Reason::DepartmentFailure.failure();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => failure.class = word(CLASSES, wire.varint()?).unwrap_or(failure.class),
            2 => failure.origin = word(ORIGINS, wire.varint()?).unwrap_or(failure.origin),
            3 => match wire.text()? {
                reason if super::is_reason_word(reason) => failure.reason = scrub(reason, query),
                _ => {}
            },
            4 => match wire.text()? {
                "" => {}
                message => failure.message = scrub(message, query),
            },
            _ => {}
        }
    }
    Ok(failure)
}

/// A serialized `Failure` that no household's question stands behind: its own words may name anybody, so ours stand instead.
pub(crate) fn read_failure_of(bytes: &[u8]) -> Failure {
    let mut failure = Reason::DepartmentFailure.failure();
    let mut reader = Reader::new(bytes);
    while let Ok(Some((number, wire))) = reader.next() {
        match (number, wire.varint(), wire.text()) {
            (1, Ok(class), _) => failure.class = word(CLASSES, class).unwrap_or(failure.class),
            (2, Ok(origin), _) => failure.origin = word(ORIGINS, origin).unwrap_or(failure.origin),
            (3, _, Ok(reason)) if super::is_reason_word(reason) => {
                reason.clone_into(&mut failure.reason);
                if let Some(known) = Reason::from_word(reason) {
                    known.text().clone_into(&mut failure.message);
                }
            }
            _ => {}
        }
    }
    failure
}

/// A serialized `Failure`.
pub(crate) fn encode_failure(failure: &Failure) -> Bytes {
    let mut out = Writer::default();
    write_failure_fields(failure, &mut out);
    Bytes::from(out.into_vec())
}

fn write_failure_fields(failure: &Failure, out: &mut Writer) {
    out.varint(1, failure.class as u64 + 1);
    out.varint(2, failure.origin as u64 + 1);
    out.text(3, &failure.reason);
    out.text(4, &failure.message);
}

pub(super) fn write_failure(failure: &Failure, number: u32, out: &mut Writer) {
    out.message(number, |out| write_failure_fields(failure, out));
}

/// The canonical bytes of the answers of one query; `answers` that are about nobody of the query are left out.
pub fn encode_answer(query: &Query, answers: &[SubjectAnswer]) -> Bytes {
    let mut out = Writer::with_capacity(64 + 256 * answers.len());
    out.text(1, &query.query_id);
    for answer in answers {
        if let Some(subject) = query.subjects.iter().find(|subject| subject.ordinal == answer.ordinal) {
            out.message(2, |out| write_result(subject, answer, out));
        }
    }
    Bytes::from(out.into_vec())
}

fn write_result(subject: &Subject, answer: &SubjectAnswer, out: &mut Writer) {
    let (state, records, limit): (u64, &[Record], _) = match &answer.state {
        AnswerState::Found { records } => (state::FOUND, records, None),
        AnswerState::NoRecord => (state::NO_RECORD, &[], None),
        AnswerState::OverLimit { limit } => (state::OVER_LIMIT, &[], *limit),
        AnswerState::WithinLimit { limit } => (state::WITHIN_LIMIT, &[], *limit),
        AnswerState::IdentityMismatch => (state::IDENTITY_MISMATCH, &[], None),
        AnswerState::NotAuthorized => (state::NOT_AUTHORIZED, &[], None),
        AnswerState::Pending => (state::PENDING, &[], None),
        AnswerState::NotAsked | AnswerState::Unreachable { .. } => (state::FAILED, &[], None),
    };
    out.varint(1, subject.ordinal.into());
    out.text(2, subject.id.expose());
    out.varint(3, state);
    for record in records {
        write_record(record, 4, out);
    }
    answer.data_on.write(5, out);
    if state == state::FAILED {
        match &answer.failure {
            Some(failure) => write_failure(failure, 6, out),
            None => write_failure(&Reason::DepartmentFailure.failure(), 6, out),
        }
    }
    for note in answer.notes.iter().take(MAX_NOTES) {
        out.embedded(7, note.as_bytes());
    }
    limit.write(8, out);
    if let (AnswerState::Pending, Some(due)) = (&answer.state, answer.due_at_ms) {
        out.message(10, |out| {
            out.signed(1, due.div_euclid(1_000));
            out.signed(2, due.rem_euclid(1_000) * 1_000_000);
        });
    }
}
