//! What is true of the synthetic district: what each household declares, what it hides, what every department really holds.
//! Leaves writing it into sources to `sources`.

use std::collections::BTreeMap;
use std::fmt;

use hedui_core::authorization::AuthorizationInput;
use hedui_core::household::HouseholdInput;
use hedui_core::{Date, DepartmentId, Fen, Record};
use hedui_ids::ResidentId;

/// One household with everything that is true of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Truth {
    /// Position in the population, from 0.
    pub number: u32,
    /// The household as it applies.
    pub household: HouseholdInput,
    /// Its letters of authorization: one per adult, minors and incapable members on their guardian's.
    pub authorizations: Vec<AuthorizationInput>,
    /// Where its true and complete income stands.
    pub standing: Standing,
    /// Its true and complete income a month, all members together, hidden incomes included.
    pub monthly_income: Fen,
    /// What it hides; empty for the honest.
    pub cheats: Vec<Cheat>,
    /// What is odd about it although it is honest.
    pub oddities: Vec<Oddity>,
    /// What departments hold of its members and of people around it, in the order in which they hold it.
    pub records: BTreeMap<DepartmentId, Vec<PersonRecords>>,
}

/// Only the shape: everything else is personal.
impl fmt::Debug for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Truth")
            .field("number", &self.number)
            .field("members", &self.household.members.len())
            .field("standing", &self.standing)
            .field("cheats", &self.cheats.len())
            .field("oddities", &self.oddities)
            .finish_non_exhaustive()
    }
}

impl Truth {
    /// What a department holds of a person; nothing when it holds nothing.
    pub fn of(&self, department: &DepartmentId, id: &ResidentId) -> Option<&PersonRecords> {
        self.records.get(department)?.iter().find(|person| person.id == *id)
    }
}

/// Where a household's income a head stands against the Dibao standard of its place, before any rule of a policy pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Below 90 % of the standard.
    Below,
    /// From 90 % to the standard.
    Near,
    /// Above the standard.
    Above,
}

/// What a household hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheatKind {
    /// A private car.
    Car,
    /// A second flat.
    SecondFlat,
    /// A company or shop.
    Business,
    /// A husband or wife who earns.
    UndeclaredSpouse,
    /// Deposits.
    Deposits,
}

impl CheatKind {
    /// Every kind.
    pub const ALL: [CheatKind; 5] = [
        CheatKind::Car,
        CheatKind::SecondFlat,
        CheatKind::Business,
        CheatKind::UndeclaredSpouse,
        CheatKind::Deposits,
    ];
}

/// One thing hidden, and the records that give it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cheat {
    /// What.
    pub kind: CheatKind,
    /// Position of the member whose records show it.
    pub ordinal: u32,
    /// Department and reference of each record that shows it; at least one.
    pub evidence: Vec<(DepartmentId, String)>,
}

/// What is odd about an honest household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// Drives a vehicle for disabled people.
    DisabledVehicle,
    /// A car stands in the register as scrapped.
    ScrappedCar,
    /// A car was sold and stands as transferred.
    SoldCar,
    /// Owns half of one flat.
    HalfShare,
    /// A member has died and is still listed.
    DeceasedMember,
    /// Somebody else of the same name owns a car.
    Namesake,
    /// A department knows a member by an old name.
    FormerName,
    /// Is registered in another district.
    Migrant,
    /// Runs a lorry for a living and says so.
    DeclaredLorry,
}

/// What one department holds of one person.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRecords {
    /// Whom it is about.
    pub id: ResidentId,
    /// The number as the department keeps it: 18 or 15 characters.
    pub registered_id: String,
    /// The person's name.
    pub name: String,
    /// The name as the department keeps it.
    pub registered_name: String,
    /// Its records.
    pub records: Vec<Record>,
}

/// Only how many.
impl fmt::Debug for PersonRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonRecords({} records)", self.records.len())
    }
}

/// What to simulate. The same settings give the same population.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Seed of all chance.
    pub seed: u64,
    /// GB/T 2260 code of the district.
    pub district: String,
    /// How many households.
    pub households: u32,
    /// The day on which they apply; incomes are those of the twelve months before.
    pub as_of: Date,
    /// Programmes that their letters of authorization name.
    pub programmes: Vec<String>,
}
