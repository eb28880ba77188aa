//! Reading: rows of a source to the answer for one person.
//! Leaves finding the rows to the connectors. Whatever cannot be read is said: as a note, or as a failure of that person.

use hedui_core::{AnswerState, PartialDate, Record, RecordBody, RecordType, Subject, SubjectAnswer, Unreachable};
use hedui_ids::name::{self, Match};
use serde_json::{Map, Value as Json};

use super::number::{is_damaged, is_power};
use super::whose::{is_id_of, is_of_another, is_word};
use super::{DataOn, FieldSource, Mapping, RecordMapping, Row, Threshold, Value, group};
use crate::reason::Reason;

/// What was learned so far.
#[derive(Default)]
struct Reading {
    records: Vec<Record>,
    groups: Vec<group::Parts>,
    over: Option<bool>,
    data_on: Option<PartialDate>,
    notes: Vec<String>,
    other_names: usize,
    other_people: usize,
}

impl Reading {
    fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

impl Mapping {
    /// The answer for one person out of the rows that the source gave for them.
    ///
    /// Rows of other people are left out, rows under another name make an identity mismatch, types of record outside `asked` (all where
    /// empty) are left out. A value that cannot be read drops a field that decides nothing with a note; anything else that cannot be read, and a
    /// row that fits no section, makes the answer a failure with `ROW_UNREADABLE`, never "no record" and never "not so".
    pub fn read(&self, rows: &[Row], subject: &Subject, asked: &[RecordType]) -> SubjectAnswer {
        let mut reading = Reading::default();
        let mut read = || {
            for row in rows {
                self.read_row(row, subject, asked, &mut reading)?;
            }
            self.put_together(&mut reading)?;
            // Asked about this person and answered about others only: the question was not answered.
            if reading.other_people > 0 && reading.other_people == rows.len() {
                return Err("identity.id_number".to_owned());
            }
            Ok(())
        };
        match read() {
            Ok(()) => self.answer(subject.ordinal, reading),
            Err(place) => SubjectAnswer::unreachable(
                subject.ordinal,
                Unreachable::Failed,
                Reason::RowUnreadable.failure_at(place),
            ),
        }
    }

    /// The records of several rows, after those of one.
    fn put_together(&self, out: &mut Reading) -> Result<(), String> {
        for parts in std::mem::take(&mut out.groups) {
            let Some(section) = self.records.get(parts.section()) else {
                continue;
            };
            let mut notes = Vec::new();
            let (values, reference) = parts.merged(section, &mut notes)?;
            notes.into_iter().for_each(|note| out.note(note));
            out.records.push(section.record(values, reference)?);
        }
        Ok(())
    }

    fn answer(&self, ordinal: u32, mut reading: Reading) -> SubjectAnswer {
        let limit = self.threshold.as_ref().and_then(|t| t.limit);
        let records = std::mem::take(&mut reading.records);
        let state = match reading.over {
            Some(true) => AnswerState::OverLimit { limit },
            Some(false) => AnswerState::WithinLimit { limit },
            // Of a person who stands here under two names nobody knows which rows are theirs: a second flat may be among the others.
            None if reading.other_names > 0 => AnswerState::IdentityMismatch,
            None if !records.is_empty() => AnswerState::Found { records },
            None => AnswerState::NoRecord,
        };
        if reading.other_people > 0 {
            reading.note(format!("{} rows of other people were left out", reading.other_people));
        }
        SubjectAnswer {
            data_on: reading.data_on,
            notes: reading.notes,
            ..SubjectAnswer::of(ordinal, state)
        }
    }

    fn read_row(&self, row: &Row, subject: &Subject, asked: &[RecordType], out: &mut Reading) -> Result<(), String> {
        if !self.is_of(row, subject, out)? {
            return Ok(());
        }
        match &self.data_on {
            Some(DataOn::Value(date)) => out.data_on = Some(*date),
            Some(DataOn::Column(column, format)) => match row.get(column) {
                Value::Empty => {}
                Value::Text(text) if let Ok(date) = format.read(text) => out.data_on = out.data_on.max(Some(date)),
                _ => out.note("data_on: the value cannot be read"),
            },
            None => {}
        }
        if let Some(threshold) = &self.threshold {
            let over = threshold.read(row).ok_or_else(|| "threshold".to_owned())?;
            out.over = Some(out.over.unwrap_or(false) || over);
            return Ok(());
        }
        let mut fits = false;
        for (number, section) in self.records.iter().enumerate() {
            if !section.fits(row)? {
                continue;
            }
            fits = true;
            if !asked.is_empty() && !asked.contains(&section.record_type) {
                continue;
            }
            let values = section.values(row, out)?;
            let reference = section.reference(row, subject, out);
            match &section.group {
                None => out.records.push(section.record(values, reference)?),
                Some(by) => group::gather(&mut out.groups, (number, section), by, row, (values, reference))?,
            }
        }
        // A kind of row that nobody has described may be the second flat.
        if fits || self.is_ignored(row)? {
            Ok(())
        } else {
            Err("when".to_owned())
        }
    }

    /// Whether the manifest says that such rows are none of its concern.
    fn is_ignored(&self, row: &Row) -> Result<bool, String> {
        for when in &self.ignored {
            if fits(when, row).ok_or("ignore")? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a row is about the person, by id and name.
    fn is_of(&self, row: &Row, subject: &Subject, out: &mut Reading) -> Result<bool, String> {
        let name = self.identity.name.as_deref().map(|column| match row.get(column) {
            Value::Text(text) => name::same(text, &subject.name),
            // An empty and an unreadable name both compare as doubtful.
            Value::Empty | Value::Unreadable => Match::Doubtful,
        });
        match row.get(&self.identity.id_number) {
            Value::Text(text) if is_id_of(text, subject) => {}
            // What a clerk has written in the place of a number says of nobody that the row is theirs; the name may say that it is not.
            Value::Text(text) if is_word(text) && name == Some(Match::Different) || is_of_another(text, subject) => {
                out.other_people += 1;
                return Ok(false);
            }
            // Nobody's: a source that has lost the column must not seem to have nothing.
            Value::Empty | Value::Unreadable | Value::Text(_) => return Err("identity.id_number".to_owned()),
        }
        match name {
            None | Some(Match::Same) => {}
            Some(Match::SameAfterNormalising) => out.note("name: written differently in the source"),
            Some(Match::Doubtful) => out.note("name: cannot be compared with the source"),
            Some(Match::Different) => {
                out.other_names += 1;
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Threshold {
    fn read(&self, row: &Row) -> Option<bool> {
        let Value::Text(text) = row.get(&self.column) else {
            return None;
        };
        let among = |texts: &[String]| texts.iter().any(|t| t == text);
        match (among(&self.over), among(&self.within)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }
}

impl RecordMapping {
    pub(super) fn fits(&self, row: &Row) -> Result<bool, String> {
        let when = self.when.as_ref().map_or(Some(true), |when| fits(when, row));
        when.ok_or_else(|| format!("{}.when", self.record_type.word()))
    }

    /// The values of a row.
    fn values(&self, row: &Row, out: &mut Reading) -> Result<Map<String, Json>, String> {
        let word = self.record_type.word();
        let mut json = Map::with_capacity(self.fields.len() + 1);
        json.insert("type".to_owned(), Json::from(word));
        for mapping in &self.fields {
            let field = mapping.field;
            let value = match &mapping.source {
                FieldSource::Constant(value) => Ok(Some(value.clone())),
                FieldSource::Column(column, codec) => match row.get(column) {
                    Value::Empty => codec.empty.as_deref().map(|w| codec.plain(field.kind, w)).transpose(),
                    Value::Unreadable => Err(super::Unreadable),
                    Value::Text(text) if is_damaged(field, text) => Err(super::Unreadable),
                    Value::Text(text) => codec.read(field.kind, text).map(Some),
                },
            };
            match value {
                Ok(Some(value)) if !value.is_null() => {
                    json.insert(field.name.to_owned(), value);
                }
                Ok(_) if field.required => return Err(format!("{word}.{}", field.name)),
                Ok(_) => {}
                Err(_) if !field.harmless => return Err(format!("{word}.{}", field.name)),
                Err(_) => out.note(format!(
                    "{word}.{}: the value cannot be read and was left out",
                    field.name
                )),
            }
        }
        Ok(json)
    }

    fn record(&self, values: Map<String, Json>, reference: String) -> Result<Record, String> {
        let word = self.record_type.word();
        let body: RecordBody = serde_json::from_value(Json::Object(values)).map_err(|_| word.to_owned())?;
        if !sound(&body) {
            return Err(format!("{word}.share"));
        }
        Ok(Record {
            reference: reference.into(),
            body,
        })
    }

    /// The department's key, unless it is made of the person's own number: references stand in reports and logs.
    fn reference(&self, row: &Row, subject: &Subject, out: &mut Reading) -> String {
        let text = match self.reference.as_deref().map(|column| row.get(column)) {
            None | Some(Value::Empty) => return String::new(),
            Some(Value::Text(text)) => text,
            Some(Value::Unreadable) => "",
        };
        // What many rows share once it was rounded is nobody's key.
        let text = if is_power(text) { "" } else { text };
        let personal = text.contains(subject.id.expose())
            || subject
                .id
                .legacy_15()
                .is_some_and(|legacy| text.contains(legacy.expose()))
            || (!subject.name.is_empty() && text.contains(&subject.name));
        if text.is_empty() || personal {
            out.note("reference: the value cannot be used and was left out");
            return String::new();
        }
        text.to_owned()
    }
}

/// Whether a column has a text; none where it cannot be read.
fn fits((column, wanted): &(String, String), row: &Row) -> Option<bool> {
    match row.get(column) {
        Value::Text(text) => Some(text == wanted),
        Value::Empty => Some(wanted.is_empty()),
        Value::Unreadable => None,
    }
}

/// What single fields cannot show: a share is at most the whole.
pub(crate) fn sound(body: &RecordBody) -> bool {
    match body {
        RecordBody::RealEstate(estate) => estate.share_numerator <= estate.share_denominator,
        _ => true,
    }
}
