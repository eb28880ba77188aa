//! Several rows to one record: one row a month, an account or a co-owner, put together as the manifest says. Nothing is guessed: what the rows
//! disagree about, or one of them lacks, makes the answer a failure, or is left out with a note where it decides nothing.
//! Leaves reading the single rows to `read`.

use std::collections::BTreeSet;

use hedui_core::{Month, PartialDate};
use serde_json::{Map, Value as Json};

use super::number::is_power;
use super::value::DateFormat;
use super::{FieldKind, FieldMapping, FieldSource, RecordMapping, Row, Value};

/// Which rows of a person make one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Columns in which they agree; all rows of the person where there is none.
    pub by: Vec<String>,
    /// The column that says which row is the newest.
    pub newest_by: Option<(String, DateFormat)>,
}

/// How the value of a field comes out of several rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Take {
    /// All rows say the same.
    #[default]
    Same,
    /// All of them together.
    Sum,
    /// The lowest or earliest.
    Min,
    /// The highest or latest.
    Max,
    /// Every different text.
    List,
    /// What the newest row says.
    Newest,
}

impl Take {
    /// Every way with its word in manifests.
    pub const ALL: &[(&str, Take)] = &[
        ("same", Take::Same),
        ("sum", Take::Sum),
        ("min", Take::Min),
        ("max", Take::Max),
        ("list", Take::List),
        ("newest", Take::Newest),
    ];

    /// The way of a word.
    pub fn from_word(word: &str) -> Option<Take> {
        Self::ALL.iter().find(|(w, _)| *w == word).map(|(_, take)| *take)
    }
}

/// More different texts than this are no list that anybody reads.
const MAX_LISTED: usize = 20;

/// A row on its way into a record.
pub(super) struct Part {
    pub(super) values: Map<String, Json>,
    pub(super) reference: String,
    newest: Option<PartialDate>,
    /// Texts of the columns that two dates of the record are taken from.
    months: Vec<Option<PartialDate>>,
}

/// The rows of one record, and the section that they fit.
pub(super) struct Parts {
    section: usize,
    key: Vec<String>,
    pub(super) parts: Vec<Part>,
}

/// Puts a row to those that it belongs with.
///
/// # Errors
/// The place of what cannot be read and decides where it belongs.
pub(super) fn gather(
    groups: &mut Vec<Parts>,
    (number, section): (usize, &RecordMapping),
    group: &Group,
    row: &Row,
    (values, reference): (Map<String, Json>, String),
) -> Result<(), String> {
    let word = section.record_type.word();
    let text = |column: &String| match row.get(column) {
        Value::Text(text) if !is_power(text) => Ok(text.to_owned()),
        Value::Empty => Ok(String::new()),
        Value::Text(_) | Value::Unreadable => Err(format!("{word}.group_by")),
    };
    let key = group.by.iter().map(text).collect::<Result<Vec<String>, String>>()?;
    let newest = match &group.newest_by {
        None => None,
        Some((column, format)) => match row.get(column) {
            Value::Text(text) => Some(format.read(text).map_err(|_| format!("{word}.newest_by"))?),
            _ => return Err(format!("{word}.newest_by")),
        },
    };
    let date = |(column, format): (&str, DateFormat)| match row.get(column) {
        Value::Text(text) => format.read(text).ok(),
        _ => None,
    };
    let part = Part {
        values,
        reference,
        newest,
        months: spanned(section).into_iter().map(date).collect(),
    };
    match groups.iter_mut().find(|g| g.section == number && g.key == key) {
        Some(found) => found.parts.push(part),
        None => groups.push(Parts {
            section: number,
            key,
            parts: vec![part],
        }),
    }
    Ok(())
}

/// Columns of which a record has both the earliest and the latest day.
fn spanned(section: &RecordMapping) -> Vec<(&str, DateFormat)> {
    let of = |take: Take| {
        section.fields.iter().filter_map(move |field| match &field.source {
            FieldSource::Column(column, codec) if field.take == take => Some((column.as_str(), codec.format)),
            _ => None,
        })
    };
    of(Take::Min)
        .filter(|column| of(Take::Max).any(|other| other == *column))
        .collect()
}

const LACKS: &str = "a row lacks the value";

impl Parts {
    /// Which section they fit.
    pub(super) fn section(&self) -> usize {
        self.section
    }

    /// The values of the record, with what is to be said of them.
    ///
    /// # Errors
    /// The place of what the rows disagree about and the record cannot do without.
    pub(super) fn merged(
        &self,
        section: &RecordMapping,
        notes: &mut Vec<String>,
    ) -> Result<(Map<String, Json>, String), String> {
        let word = section.record_type.word();
        let mut values = Map::new();
        values.insert("type".to_owned(), Json::from(word));
        for field in &section.fields {
            let name = field.field.name;
            match self.value(field) {
                Ok(Some(value)) => {
                    values.insert(name.to_owned(), value);
                }
                Ok(None) if field.field.required => return Err(format!("{word}.{name}")),
                Ok(None) => {}
                // Of several ends one that is open leaves the whole open, as a record without an end is.
                Err(why) if field.field.harmless || why == LACKS && matches!(field.field.kind, FieldKind::Date) => {
                    notes.push(format!("{word}.{name}: {why} and was left out"));
                }
                Err(_) => return Err(format!("{word}.{name}")),
            }
        }
        let count = self.parts.len();
        if count > 1 {
            notes.push(format!("{word}: {count} rows were put together into one record"));
        }
        let gap = (0..spanned(section).len()).map(|at| self.gap(at)).max().unwrap_or(0);
        if gap > 0 {
            notes.push(format!(
                "{word}: {gap} months between the first and the last have no row"
            ));
        }
        let references: BTreeSet<&str> = self.parts.iter().map(|part| part.reference.as_str()).collect();
        let reference = match (references.len(), references.first()) {
            (1, Some(reference)) => (*reference).to_owned(),
            _ => {
                notes.push("reference: the rows of one record have several, which were left out".to_owned());
                String::new()
            }
        };
        Ok((values, reference))
    }

    fn value(&self, field: &FieldMapping) -> Result<Option<Json>, &'static str> {
        let name = field.field.name;
        let all: Vec<Option<&Json>> = self.parts.iter().map(|part| part.values.get(name)).collect();
        let given: Vec<&Json> = all.iter().copied().flatten().collect();
        if given.is_empty() {
            return Ok(None);
        }
        if let Take::Sum | Take::Min | Take::Max = field.take
            && given.len() < all.len()
        {
            return Err(LACKS);
        }
        match field.take {
            Take::Same => same(&given),
            Take::Newest => {
                let newest = self.parts.iter().map(|part| part.newest).max().flatten();
                let of_newest = self.parts.iter().filter(|part| part.newest == newest);
                let given: Vec<&Json> = of_newest.filter_map(|part| part.values.get(name)).collect();
                same(&given)
            }
            Take::Sum => {
                let sum = given
                    .iter()
                    .try_fold(0i64, |sum, value| sum.checked_add(value.as_i64()?));
                sum.map(|sum| Some(Json::from(sum))).ok_or("the sum is too large")
            }
            Take::Min => least(&given, false),
            Take::Max => least(&given, true),
            Take::List => {
                let texts: BTreeSet<&str> = given.iter().filter_map(|value| value.as_str()).collect();
                if texts.len() > MAX_LISTED {
                    return Err("the rows have too many values");
                }
                Ok(Some(Json::from(texts.into_iter().collect::<Vec<&str>>().join("、"))))
            }
        }
    }

    /// Months without a row.
    fn gap(&self, at: usize) -> u32 {
        let dates = self
            .parts
            .iter()
            .filter_map(|part| part.months.get(at).copied().flatten());
        let months: BTreeSet<Month> = dates
            .filter(|date| date.month() > 0)
            .map(PartialDate::first_month)
            .collect();
        let (Some(first), Some(last)) = (months.first(), months.last()) else {
            return 0;
        };
        let there = u32::try_from(months.len()).unwrap_or(u32::MAX);
        first.count_through(*last).saturating_sub(there)
    }
}

fn same(given: &[&Json]) -> Result<Option<Json>, &'static str> {
    match given.split_first() {
        None => Ok(None),
        Some((first, others)) if others.iter().all(|other| other == first) => Ok(Some((*first).clone())),
        Some(_) => Err("the rows say different things"),
    }
}

/// The lowest or highest number, the earliest or latest date.
fn least(given: &[&Json], highest: bool) -> Result<Option<Json>, &'static str> {
    let order = |value: &Json| match value {
        Json::Number(number) => Some((number.as_i64()?, None)),
        Json::String(text) => Some((0, Some(text.parse::<PartialDate>().ok()?))),
        _ => None,
    };
    let mut ordered = Vec::with_capacity(given.len());
    for value in given {
        ordered.push((order(value).ok_or("the values cannot be compared")?, *value));
    }
    ordered.sort_by_key(|(order, _)| *order);
    let found = if highest { ordered.last() } else { ordered.first() };
    Ok(found.map(|(_, value)| (*value).clone()))
}

#[cfg(test)]
mod tests;
