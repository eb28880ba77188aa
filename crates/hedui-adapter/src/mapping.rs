//! How the rows of a source become typed records of a person, and back.
//! Leaves fetching rows to the connectors and the text of manifests to `manifest`.

mod expect;
mod group;
mod moment;
mod number;
mod read;
mod row;
mod schema;
mod value;
mod whose;
mod write;

#[cfg(test)]
mod tests;

use hedui_core::{Fen, PartialDate, RecordType};

pub use group::{Group, Take};
pub use row::{Cell, Row, Value};
pub use schema::{Field, FieldKind, Words, fields};
pub use value::{Codec, DateFormat, Unit, Unreadable};
pub use write::Inexpressible;

pub(crate) use number::{is_id_number, is_masked, is_rounded};
pub(crate) use read::sound;
pub(crate) use whose::{Form, Likeness, Whose, is_none, is_total, key};

/// How the rows of one source are read.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Where the source keeps whom a row is about.
    pub identity: Identity,
    /// Of which day the data is.
    pub data_on: Option<DataOn>,
    /// How a row becomes a record; the sections whose `when` fits apply. Empty with a threshold.
    pub records: Vec<RecordMapping>,
    /// Rows that are none of the mapping's concern: those whose column has this text.
    pub ignored: Vec<(String, String)>,
    /// How a row answers the threshold question, where the department answers no other.
    pub threshold: Option<Threshold>,
}

/// Where the source keeps whom a row is about.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Column of the resident ID, in either form.
    pub id_number: String,
    /// Column of the name.
    pub name: Option<String>,
}

/// Of which day the data is.
#[derive(Clone, Debug)]
pub enum DataOn {
    /// A column says.
    Column(String, DateFormat),
    /// The manifest says.
    Value(PartialDate),
}

/// How a row becomes a record of one type.
#[derive(Clone, Debug)]
pub struct RecordMapping {
    /// The type.
    pub record_type: RecordType,
    /// Column of the department's own key.
    pub reference: Option<String>,
    /// Only rows whose column has this text.
    pub when: Option<(String, String)>,
    /// Where several rows make one record: which.
    pub group: Option<Group>,
    /// The fields that the source knows.
    pub fields: Vec<FieldMapping>,
}

/// Where one field comes from.
#[derive(Clone, Debug)]
pub struct FieldMapping {
    /// The field.
    pub field: Field,
    /// Where from.
    pub source: FieldSource,
    /// Whether the source may leave the column out.
    pub optional: bool,
    /// How it comes out of several rows.
    pub take: Take,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum FieldSource {
    /// A column, and how to read it.
    Column(String, Codec),
    /// The manifest: the same for every record.
    Constant(serde_json::Value),
}

/// How a row answers whether a threshold is passed.
#[derive(Clone, Debug)]
pub struct Threshold {
    /// The column with the flag.
    pub column: String,
    /// Its texts for "over".
    pub over: Vec<String>,
    /// Its texts for "within".
    pub within: Vec<String>,
    /// The threshold.
    pub limit: Option<Fen>,
}
