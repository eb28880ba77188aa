//! What every adapter in this process has to do besides reading its source: refuse what it cannot take, compare names, leave out what was not asked for.
//! Leaves the rows of a source to `mapping`, which does the same for columns.

use hedui_core::{AnswerState, Failure, Query, Record, RecordType, Subject, SubjectAnswer};
use hedui_ids::name::{self, Match};

use crate::adapter::Description;
use crate::reason::Reason;

impl Description {
    /// Whether the department can be asked this.
    ///
    /// # Errors
    /// `TOO_MANY_SUBJECTS`, `RECORD_TYPES_NOT_HELD`.
    pub fn takes(&self, query: &Query) -> Result<(), Failure> {
        if query.subjects.len() > self.limits.max_subjects as usize {
            return Err(Reason::TooManySubjects.failure());
        }
        let asked = &query.record_types;
        if !asked.is_empty() && !asked.iter().any(|t| self.record_types.contains(t)) {
            return Err(Reason::RecordTypesNotHeld.failure());
        }
        Ok(())
    }
}

/// The answer for a person whom the register holds under a name, with these records: another name is a mismatch, another spelling a note, records of types
/// not in `asked` are left out (all are asked for where it is empty), and none left is no record.
pub fn registered(person: &Subject, name: &str, mut records: Vec<Record>, asked: &[RecordType]) -> SubjectAnswer {
    let note = match name::same(name, &person.name) {
        Match::Different => return SubjectAnswer::of(person.ordinal, AnswerState::IdentityMismatch),
        Match::Same => None,
        Match::SameAfterNormalising => Some("name: written differently in the source"),
        Match::Doubtful => Some("name: cannot be compared with the source"),
    };
    records.retain(|record| asked.is_empty() || asked.contains(&record.body.record_type()));
    let state = if records.is_empty() {
        AnswerState::NoRecord
    } else {
        AnswerState::Found { records }
    };
    SubjectAnswer {
        notes: note.into_iter().map(str::to_owned).collect(),
        ..SubjectAnswer::of(person.ordinal, state)
    }
}
