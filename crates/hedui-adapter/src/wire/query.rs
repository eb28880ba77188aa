//! Questions: encoded once per household and shared by all departments; read by the departments' side.
//! Leaves who may be asked what to the broker.

use bytes::Bytes;
use hedui_core::{Date, PartialDate, ProgrammeId, Query, RecordType, Subject};
use hedui_ids::{IdError, ResidentId};

use super::reader::{Fault, Reader, Wire};
use super::records::{Field as _, word};
use super::values::date;
use super::writer::Writer;

/// The first field of a request that is not of the protocol. Holds no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field} is missing or malformed")]
pub struct InvalidQuery {
    /// Its name in `QueryRequest`.
    pub field: &'static str,
}

/// More persons than any household; departments state their own limit.
const MAX_SUBJECTS: usize = 1_000;

/// The bytes of a `QueryRequest`.
pub fn encode_query(query: &Query) -> Bytes {
    let mut out = Writer::with_capacity(160 + 80 * query.subjects.len());
    out.text(1, &query.query_id);
    out.text(2, query.purpose.as_str());
    out.text(3, &query.district_code);
    out.bytes(4, &query.authorization_digest);
    for (number, date) in [(5, query.as_of), (6, query.period_from), (7, query.period_until)] {
        PartialDate::from(date).write(number, &mut out);
    }
    for subject in &query.subjects {
        out.message(8, |out| {
            out.varint(1, subject.ordinal.into());
            out.text(2, subject.id.expose());
            out.text(3, &subject.name);
            if let Some(legacy) = subject.id.legacy_15() {
                out.text(4, legacy.expose());
            }
        });
    }
    out.packed(9, query.record_types.iter().map(|record_type| *record_type as u64 + 1));
    Bytes::from(out.into_vec())
}

/// Reads a `QueryRequest`.
///
/// # Errors
/// The first field that is missing or malformed.
pub fn decode_query(bytes: &[u8]) -> Result<Query, InvalidQuery> {
    let invalid = |field| InvalidQuery { field };
    let mut raw = RawQuery::default();
    raw.read(bytes).map_err(invalid)?;
    let day = |wire: Option<Wire<'_>>, field| {
        let date = wire.and_then(|wire| date(wire).ok()).filter(|date| date.day() != 0);
        date.map(PartialDate::first_day).ok_or(invalid(field))
    };
    let as_of = day(raw.as_of, "as_of")?;
    let mut subjects = Vec::with_capacity(raw.subjects.len());
    for bytes in raw.subjects {
        let subject = subject(bytes, as_of).ok_or(invalid("subjects"))?;
        if subjects.iter().any(|s: &Subject| s.ordinal == subject.ordinal) {
            return Err(invalid("subjects"));
        }
        subjects.push(subject);
    }
    if subjects.is_empty() || raw.query_id.is_empty() {
        return Err(invalid(if subjects.is_empty() { "subjects" } else { "query_id" }));
    }
    // A type that this version does not know cannot be held here: it is passed over.
    let record_types: Vec<RecordType> = raw
        .record_types
        .iter()
        .filter_map(|n| word(RecordType::ALL, *n))
        .collect();
    if record_types.is_empty() && !raw.record_types.is_empty() {
        return Err(invalid("record_types"));
    }
    Ok(Query {
        query_id: raw.query_id.to_owned(),
        purpose: ProgrammeId::new(raw.purpose).map_err(|_| invalid("purpose"))?,
        district_code: raw.district_code.to_owned(),
        authorization_digest: raw.digest.try_into().map_err(|_| invalid("authorization_digest"))?,
        as_of,
        period_from: day(raw.period_from, "period_from")?,
        period_until: day(raw.period_until, "period_until")?,
        subjects,
        record_types,
    })
}

#[derive(Default)]
struct RawQuery<'a> {
    query_id: &'a str,
    purpose: &'a str,
    district_code: &'a str,
    digest: &'a [u8],
    as_of: Option<Wire<'a>>,
    period_from: Option<Wire<'a>>,
    period_until: Option<Wire<'a>>,
    subjects: Vec<&'a [u8]>,
    record_types: Vec<u64>,
}

impl<'a> RawQuery<'a> {
    fn read(&mut self, bytes: &'a [u8]) -> Result<(), &'static str> {
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.next().map_err(|_| "(message)")? {
            let field = |result: Result<(), Fault>, name| result.map_err(|_| name);
            match number {
                1 => field(wire.text().map(|text| self.query_id = text), "query_id")?,
                2 => field(wire.text().map(|text| self.purpose = text), "purpose")?,
                3 => field(wire.text().map(|text| self.district_code = text), "district_code")?,
                4 => field(wire.bytes().map(|bytes| self.digest = bytes), "authorization_digest")?,
                5 => self.as_of = Some(wire),
                6 => self.period_from = Some(wire),
                7 => self.period_until = Some(wire),
                8 if self.subjects.len() < MAX_SUBJECTS => {
                    field(wire.bytes().map(|bytes| self.subjects.push(bytes)), "subjects")?;
                }
                8 => return Err("subjects"),
                9 => field(wire.numbers(|n| self.record_types.push(n)), "record_types")?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn subject(bytes: &[u8], as_of: Date) -> Option<Subject> {
    let (mut ordinal, mut id, mut name) = (0, "", "");
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next().ok()? {
        match number {
            1 => ordinal = u32::try_from(wire.varint().ok()?).ok()?,
            2 => id = wire.text().ok()?,
            3 => name = wire.text().ok()?,
            _ => {}
        }
    }
    Some(Subject {
        ordinal,
        id: resident_id(id, as_of)?,
        name: name.to_owned(),
    })
}

/// The id must be canonical. There is no clock here: a child may be born after the date that the verification is about.
fn resident_id(text: &str, as_of: Date) -> Option<ResidentId> {
    let day = |years: i16| {
        let year = u16::try_from(as_of.year().checked_add(years)?).ok()?;
        // The first of a month exists in every year.
        hedui_ids::Date::new(year, u8::try_from(as_of.month()).ok()?, 1)
    };
    let parsed = match ResidentId::parse(text, day(0)?) {
        Err(IdError::BirthDateFuture) => ResidentId::parse(text, day(50)?),
        parsed => parsed,
    };
    let id = parsed.ok()?.id;
    (id.expose() == text).then_some(id)
}
