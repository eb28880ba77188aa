//! Writing: the exact inverse of reading, so that simulators and tests can make any source out of typed records.
//! Leaves making databases and files out of the rows to `samples`.

use hedui_core::{AnswerState, Record, RecordType, Subject};
use hedui_ids::ResidentId;
use serde_json::{Map, Value as Json};

use super::{FieldSource, Mapping, RecordMapping, Row};

/// The source cannot say everything that a record says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the source cannot hold this {}: {}", record_type.word(), fields.join(", "))]
pub struct Inexpressible {
    /// Type of the record.
    pub record_type: RecordType,
    /// What would be lost: names of fields, or `type` where the manifest has no section for it.
    pub fields: Vec<String>,
}

impl Mapping {
    /// The row that reads as this record of this person.
    ///
    /// # Errors
    /// Names the fields that the source would lose or change; [`fit`](Self::fit) gives the record as the source can hold it.
    pub fn to_row(&self, record: &Record, id: &ResidentId, name: &str) -> Result<Row, Inexpressible> {
        let lost = |fields| Inexpressible {
            record_type: record.body.record_type(),
            fields,
        };
        let row = self
            .write(record, id, name)
            .ok_or_else(|| lost(vec!["type".to_owned()]))?;
        match self.read_one(&row, id, name, record.body.record_type()) {
            Some(read) if read == *record => Ok(row),
            Some(read) => Err(lost(differences(record, &read))),
            None => Err(lost(vec!["type".to_owned()])),
        }
    }

    /// The record as the source can hold it: fields that it does not know are empty, constants are the manifest's, dates as fine as its format.
    /// `None` where the source has no place for such a record. `to_row` of the result succeeds.
    pub fn fit(&self, record: &Record, id: &ResidentId, name: &str) -> Option<Record> {
        let row = self.write(record, id, name)?;
        let fitted = self.read_one(&row, id, name, record.body.record_type())?;
        self.to_row(&fitted, id, name).ok().map(|_| fitted)
    }

    /// The row that answers the threshold question; `None` where the department answers others.
    pub fn threshold_row(&self, over: bool, id: &ResidentId, name: &str) -> Option<Row> {
        let threshold = self.threshold.as_ref()?;
        let mut row = self.identity_row(id, name);
        let texts = if over { &threshold.over } else { &threshold.within };
        row.set(&threshold.column, texts.first()?.as_str());
        Some(row)
    }

    fn identity_row(&self, id: &ResidentId, name: &str) -> Row {
        let mut row = Row::new();
        row.set(&self.identity.id_number, id.expose());
        if let Some(column) = &self.identity.name {
            row.set(column, name);
        }
        row
    }

    fn write(&self, record: &Record, id: &ResidentId, name: &str) -> Option<Row> {
        let record_type = record.body.record_type();
        let json = object(record);
        let sections = self.records.iter().filter(|section| section.record_type == record_type);
        // Of several sections for one type (say, one per kind), the one that keeps most.
        sections
            .map(|section| {
                let mut row = self.identity_row(id, name);
                section.write(&json, &record.reference, &mut row);
                let kept = match self.read_one(&row, id, name, record_type) {
                    Some(read) => usize::MAX - differences(record, &read).len(),
                    None => 0,
                };
                (kept, row)
            })
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, row)| row)
    }

    fn read_one(&self, row: &Row, id: &ResidentId, name: &str, record_type: RecordType) -> Option<Record> {
        let subject = Subject {
            ordinal: 0,
            id: *id,
            name: name.to_owned(),
        };
        match self.read(std::slice::from_ref(row), &subject, &[record_type]).state {
            AnswerState::Found { records } => match <[Record; 1]>::try_from(records) {
                Ok([record]) => Some(record),
                Err(_) => None,
            },
            _ => None,
        }
    }
}

impl RecordMapping {
    fn write(&self, json: &Map<String, Json>, reference: &str, row: &mut Row) {
        for mapping in &self.fields {
            if let FieldSource::Column(column, codec) = &mapping.source {
                let value = json.get(mapping.field.name).unwrap_or(&Json::Null);
                row.set(column, codec.write(mapping.field.kind, value));
            }
        }
        if let Some(column) = &self.reference {
            row.set(column, reference);
        }
        if let Some((column, wanted)) = &self.when {
            row.set(column, wanted.as_str());
        }
    }
}

fn object(record: &Record) -> Map<String, Json> {
    match serde_json::to_value(record) {
        Ok(Json::Object(map)) => map,
        _ => Map::new(),
    }
}

/// The names of the fields in which two records differ.
fn differences(a: &Record, b: &Record) -> Vec<String> {
    let (a, b) = (object(a), object(b));
    a.iter()
        .filter(|(name, value)| b.get(*name) != Some(*value))
        .map(|(name, _)| name.clone())
        .collect()
}
