//! The cases of a department: each a named test, run through the real connector on a really made source.
//! Leaves making the sources to `samples`.

mod parse;
mod run;
#[cfg(test)]
mod tests;

use hedui_ids::ResidentId;
use serde_json::{Map, Value as Json};

use crate::samples::SampleRow;

pub use parse::parse;
pub use run::run;
pub(crate) use run::{adapter, database, query};

/// A named test of a department.
#[derive(Clone)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// Whom it asks about.
    pub id: ResidentId,
    /// Under which name.
    pub person: String,
    /// What stands in the source.
    pub rows: Vec<SampleRow>,
    /// What must come out.
    pub expect: Expect,
}

/// What must come out of a case.
#[derive(Clone)]
pub struct Expect {
    /// `FOUND`, `NO_RECORD`, `OVER_LIMIT`, `WITHIN_LIMIT`, `IDENTITY_MISMATCH`, `FAILED`.
    pub state: String,
    /// With `FAILED`: the reason.
    pub reason: Option<String>,
    /// How many notes, where the case cares.
    pub notes: Option<usize>,
    /// The records, each with the fields that the case cares for; `None` where it does not care.
    pub records: Option<Vec<Map<String, Json>>>,
}

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseReport {
    /// What it shows.
    pub name: String,
    /// Whether it came out as expected.
    pub passed: bool,
    /// What was expected and what came; cases hold invented people only.
    pub message: String,
}
