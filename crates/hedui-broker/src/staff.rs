//! The staff register: who works with the system, so that look-ups of colleagues and conflicts of interest are seen.
//! Leaves reading its file to the server; the numbers in it stand in no log, leaf or report.

use hedui_core::household::ids_date;
use hedui_core::{Date, FieldError, Official};
use hedui_ids::ResidentId;

/// One official.
pub struct StaffMember {
    /// As `actor` of a request names them; with the caller and a slash in front where several offices use the same numbers.
    pub actor: String,
    /// Their own number.
    pub id: ResidentId,
    /// Spouse, parents and children.
    pub relatives: Vec<ResidentId>,
}

/// All officials. Not `Debug`: it holds numbers of persons.
#[derive(Default)]
pub struct StaffRegister {
    members: Vec<StaffMember>,
}

impl StaffRegister {
    /// Of its members.
    pub fn new(members: Vec<StaffMember>) -> StaffRegister {
        StaffRegister { members }
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The official who acts for a caller, if the register knows them.
    pub(crate) fn official(&self, caller: &str, person: &str) -> Option<Official<'_>> {
        let is = |member: &&StaffMember| match member.actor.split_once('/') {
            Some((office, official)) => (office, official) == (caller, person),
            None => !person.is_empty() && member.actor == person,
        };
        let member = self.members.iter().find(is)?;
        Some(Official {
            id: &member.id,
            relatives: &member.relatives,
        })
    }

    /// Every official.
    pub(crate) fn members(&self) -> &[StaffMember] {
        &self.members
    }
}

impl std::fmt::Debug for StaffRegister {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StaffRegister({} officials)", self.members.len())
    }
}

/// A resident ID as a person wrote it. Errors: what is wrong with it, without repeating it.
pub fn resident_id(text: &str, today: Date) -> Result<ResidentId, FieldError> {
    let invalid = |reason: &str, message: String| FieldError::new("id_number", format!("ID_{reason}"), message);
    let day = ids_date(today).ok_or_else(|| invalid("DATE", "the clock is out of range".to_owned()))?;
    ResidentId::parse(text, day)
        .map(|parsed| parsed.id)
        .map_err(|error| invalid(error.reason(), error.to_string()))
}
