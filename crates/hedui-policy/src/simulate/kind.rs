//! What kind of household it is, of those who count, by what a snapshot holds. Each is of one kind: the first that fits.
//! Leaves grouping to `tally`.

use hedui_core::dates::Date;
use hedui_core::household::ADULT_AGE;

use crate::snapshot::Snapshot;

/// From this age on somebody is elderly (Law on the Protection of the Rights and Interests of the Elderly, article 2).
const ELDERLY_AGE: u32 = 60;

/// A kind of household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HouseholdKind {
    /// Everybody is 60 or older.
    Elderly,
    /// Somebody has a disability on record.
    Disabled,
    /// Somebody is a minor.
    Minors,
    /// One person.
    Single,
    /// Any other.
    Other,
    /// Nobody counts.
    Nobody,
}

impl HouseholdKind {
    /// Every kind, in the order in which they are tried.
    pub const ALL: [HouseholdKind; 6] = [
        HouseholdKind::Elderly,
        HouseholdKind::Disabled,
        HouseholdKind::Minors,
        HouseholdKind::Single,
        HouseholdKind::Other,
        HouseholdKind::Nobody,
    ];

    /// Its place among all.
    pub(crate) fn place(self) -> usize {
        self as usize
    }

    /// The kind of a household on a day.
    pub fn of(snapshot: &Snapshot, day: Date) -> HouseholdKind {
        let members = snapshot.members();
        if members.is_empty() {
            HouseholdKind::Nobody
        } else if members.iter().all(|person| person.age_on(day) >= ELDERLY_AGE) {
            HouseholdKind::Elderly
        } else if members.iter().any(|person| person.disability.known.is_some()) {
            HouseholdKind::Disabled
        } else if members.iter().any(|person| person.age_on(day) < ADULT_AGE) {
            HouseholdKind::Minors
        } else if members.len() == 1 {
            HouseholdKind::Single
        } else {
            HouseholdKind::Other
        }
    }
}
