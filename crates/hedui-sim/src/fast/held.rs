//! What departments at full speed hold of the people of synthetic districts: each person's body, made once.
//! Leaves drawing the districts to `population` and putting bodies into answers to `answer`.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use hedui_core::{AnswerState, DepartmentId};

use super::bodies;
use crate::error::SimError;
use crate::population::{Settings, generate};

/// Bodies of one department by the ID numbers of its people.
pub(super) type People = HashMap<Bytes, Bytes>;

/// The bodies that a department answers with.
pub(super) enum Bodies {
    /// For everybody one of these.
    Any(Vec<Bytes>),
    /// For whoever is held their own; for everybody else that there is no record.
    Held { people: People, nobody: Bytes },
}

impl Bodies {
    /// Of the people of a district.
    pub(super) fn held(people: People) -> Result<Bodies, SimError> {
        let nobody = bodies::body(AnswerState::NoRecord)?;
        Ok(Bodies::Held { people, nobody })
    }

    /// The body for a subject; `turn` picks it where everybody gets any.
    pub(super) fn of(&self, turn: usize, id: &[u8]) -> Option<&Bytes> {
        match self {
            Bodies::Any(bodies) => bodies.get(turn % bodies.len().max(1)),
            Bodies::Held { people, nobody } => Some(people.get(id).unwrap_or(nobody)),
        }
    }
}

/// What every department holds of all people of the districts.
pub(super) fn people(districts: &[Settings]) -> Result<BTreeMap<DepartmentId, People>, SimError> {
    let mut departments: BTreeMap<DepartmentId, People> = BTreeMap::new();
    for district in districts {
        for truth in generate(district)?.households {
            for (department, held) in truth.records {
                let people = departments.entry(department).or_default();
                for person in held {
                    let found = AnswerState::Found {
                        records: person.records,
                    };
                    let id = Bytes::copy_from_slice(person.id.expose().as_bytes());
                    people.insert(id, bodies::body(found)?);
                }
            }
        }
    }
    Ok(departments)
}
