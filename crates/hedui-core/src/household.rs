//! The household as it applies: who lives together, what they declare. Checks everything that can be checked without asking anyone.
//! Leaves whether it is true to the departments' answers.

use hedui_ids::ResidentId;
use serde::{Deserialize, Serialize};

use crate::circumstance::{self, Of, StatedCircumstance};
use crate::dates::{Date, PartialDate};
use crate::money::Fen;
use crate::record::IncomeKind;
use crate::supporter::{self, Supporter};
use crate::town::Town;

#[cfg(test)]
mod tests;

/// Most members of one household; larger ones are split by the district centre (the largest seen in the pilots is far below).
pub const MAX_MEMBERS: usize = 20;
/// Most declared incomes of one member.
pub const MAX_DECLARED_INCOMES: usize = 50;
/// Longest name, in characters: the national rule for name fields asks for room for 50.
pub const MAX_NAME_CHARS: usize = 50;
/// Age from which a person signs for themselves (civil majority).
pub const ADULT_AGE: u32 = 18;

/// A mistake in a request: where, which, and what to do. Never holds the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {message} ({reason})")]
pub struct FieldError {
    /// Path of the field, for example `household.members[2].id_number`.
    pub field: String,
    /// Stable reason, for example `ID_CHECK_DIGIT`.
    pub reason: String,
    /// For people.
    pub message: String,
}

impl FieldError {
    /// A mistake at a field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>, message: impl Into<String>) -> FieldError {
        FieldError {
            field: field.into(),
            reason: reason.into(),
            message: message.into(),
        }
    }
}

/// Which standard applies to the household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Residence {
    /// Urban.
    Urban,
    /// Rural.
    Rural,
}

/// What a member is to the applicant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The applicant.
    Applicant,
    /// The applicant's husband or wife.
    Spouse,
    /// Son or daughter.
    Child,
    /// Father or mother.
    Parent,
    /// Grandparent.
    Grandparent,
    /// Grandchild.
    Grandchild,
    /// Brother or sister.
    Sibling,
    /// Anyone else who lives with them.
    Other,
}

impl Relation {
    /// Every relation.
    pub const ALL: &[Relation] = &[
        Relation::Applicant,
        Relation::Spouse,
        Relation::Child,
        Relation::Parent,
        Relation::Grandparent,
        Relation::Grandchild,
        Relation::Sibling,
        Relation::Other,
    ];

    /// The word used in requests and packs.
    pub fn word(self) -> &'static str {
        match self {
            Relation::Applicant => "applicant",
            Relation::Spouse => "spouse",
            Relation::Child => "child",
            Relation::Parent => "parent",
            Relation::Grandparent => "grandparent",
            Relation::Grandchild => "grandchild",
            Relation::Sibling => "sibling",
            Relation::Other => "other",
        }
    }
}

/// Income that the household states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredIncome {
    /// Kind.
    pub kind: IncomeKind,
    /// For the whole period.
    pub amount: Fen,
    /// First month.
    pub from: PartialDate,
    /// Last month.
    pub until: PartialDate,
}

/// A member as the request states it, unchecked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberInput {
    /// Resident ID as typed.
    pub id_number: String,
    /// Name.
    pub name: String,
    /// Relation to the applicant.
    pub relation: Relation,
    /// Whether a guardian signs for them although they are of age.
    #[serde(default)]
    pub incapable: bool,
    /// Declared incomes.
    #[serde(default)]
    pub incomes: Vec<DeclaredIncome>,
    /// Months of casual work in the last twelve.
    #[serde(default)]
    pub casual_work_months: u32,
    /// What papers state of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub circumstances: Vec<StatedCircumstance>,
}

/// What the household states to own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Deposits, securities, insurance and the like.
    #[serde(default)]
    pub financial_assets: Option<Fen>,
    /// Flats and houses.
    #[serde(default)]
    pub dwellings: Option<u32>,
    /// Private vehicles, exempt ones left out.
    #[serde(default)]
    pub vehicles: Option<u32>,
    /// Companies and shops.
    #[serde(default)]
    pub businesses: Option<u32>,
}

/// A household as the request states it, unchecked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HouseholdInput {
    /// Which standard applies.
    pub residence: Residence,
    /// Who lives together, the applicant among them.
    pub members: Vec<MemberInput>,
    /// What they state to own.
    #[serde(default)]
    pub declared: Declared,
    /// What papers state of them together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub circumstances: Vec<StatedCircumstance>,
    /// Relatives elsewhere who owe them support.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supporters: Vec<Supporter>,
    /// Code of the township (nine digits) or village (twelve) where they live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub town: Option<String>,
}

/// A checked member.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// Resident ID.
    pub id: ResidentId,
    /// Name as stated.
    pub name: String,
    /// Relation to the applicant.
    pub relation: Relation,
    /// Whether a guardian signs for them although they are of age.
    pub incapable: bool,
    /// Completed years at the date of the verification.
    pub age: u32,
    /// Declared incomes.
    pub incomes: Vec<DeclaredIncome>,
    /// Months of casual work in the last twelve.
    pub casual_work_months: u32,
    /// What papers state of them.
    pub circumstances: Vec<StatedCircumstance>,
}

impl Member {
    /// Whether they sign for themselves.
    pub fn signs(&self) -> bool {
        self.age >= ADULT_AGE && !self.incapable
    }
}

/// A checked household.
#[derive(Clone, PartialEq, Eq)]
pub struct Household {
    /// Which standard applies.
    pub residence: Residence,
    /// Members in the order of the request; their position is their ordinal everywhere.
    pub members: Vec<Member>,
    /// What they state to own.
    pub declared: Declared,
    /// What papers state of them together.
    pub circumstances: Vec<StatedCircumstance>,
    /// Relatives elsewhere who owe them support.
    pub supporters: Vec<Supporter>,
    /// Where in the district they live, where it is stated.
    pub town: Option<Town>,
    /// Warnings about identifiers that do not refuse anything: field and reason.
    pub warnings: Vec<FieldError>,
}

/// Only the size.
impl std::fmt::Debug for Household {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Household({} members)", self.members.len())
    }
}

impl Household {
    /// Checks a household at `as_of`; all mistakes at once.
    pub fn check(mut input: HouseholdInput, as_of: Date) -> Result<Household, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut warnings = Vec::new();
        let mut members: Vec<Member> = Vec::with_capacity(input.members.len());
        let Some(today) = ids_date(as_of) else {
            return Err(vec![FieldError::new(
                "as_of",
                "DATE_OUT_OF_RANGE",
                "the date lies before the year 1",
            )]);
        };
        check_size(input.members.len(), &mut errors);
        if !errors.is_empty() {
            // Whatever else is wrong in it: more members than that are not looked at.
            return Err(errors);
        }
        check_applicant(&input.members, &mut errors);
        let stated = input.members.len();
        let mut ids: Vec<ResidentId> = Vec::with_capacity(stated);
        for (i, mut member) in input.members.into_iter().enumerate() {
            let field = format!("household.members[{i}]");
            circumstance::check(&mut member.circumstances, Of::Member, &field, as_of, &mut errors);
            let Some(member) = check_member(member, &field, today, &mut errors, &mut warnings) else {
                continue;
            };
            if ids.contains(&member.id) {
                errors.push(FieldError::new(
                    format!("{field}.id_number"),
                    "MEMBER_TWICE",
                    "this person is already a member; remove the second entry",
                ));
            }
            ids.push(member.id);
            members.push(member);
        }
        check_declared(&input.declared, &mut errors);
        circumstance::check(&mut input.circumstances, Of::Household, "household", as_of, &mut errors);
        supporter::check(&mut input.supporters, &mut errors);
        let town = check_town(input.town.as_deref(), &mut errors);
        // Of members whose numbers cannot be read no age is known.
        if members.len() == stated && !members.iter().any(|m| m.age >= ADULT_AGE) {
            // A child without parents may be helped too: a guardian's letter speaks for it, and without one nothing is asked.
            warnings.push(FieldError::new(
                "household.members",
                "NO_ADULT",
                "nobody here is of age: a guardian applies and signs for them; parents who live with them are members",
            ));
        }
        if errors.is_empty() {
            Ok(Household {
                residence: input.residence,
                members,
                declared: input.declared,
                circumstances: input.circumstances,
                supporters: input.supporters,
                town,
                warnings,
            })
        } else {
            Err(errors)
        }
    }
}

impl Household {
    /// Everything that papers state, the members' first, each with the position of its member; `None` for the household.
    pub fn stated(&self) -> impl Iterator<Item = (Option<u32>, &StatedCircumstance)> {
        let of_members = self.members.iter().zip(0u32..);
        let of_members = of_members.flat_map(|(m, ordinal)| m.circumstances.iter().map(move |c| (Some(ordinal), c)));
        of_members.chain(self.circumstances.iter().map(|c| (None, c)))
    }
}

/// Whether it begins with the code of the district is checked where the district is known.
fn check_town(stated: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Town> {
    let stated = stated?;
    let town = Town::parse(stated);
    if town.is_none() {
        let message = "nine digits of a township or street, or twelve of a village or community";
        errors.push(FieldError::new("household.town", "TOWN_INVALID", message));
    }
    town
}

fn check_size(size: usize, errors: &mut Vec<FieldError>) {
    if size == 0 {
        errors.push(FieldError::new(
            "household.members",
            "NO_MEMBERS",
            "name at least the applicant",
        ));
    } else if size > MAX_MEMBERS {
        errors.push(FieldError::new(
            "household.members",
            "TOO_MANY_MEMBERS",
            format!("a household has at most {MAX_MEMBERS} members; split it"),
        ));
    }
}

fn check_member(
    input: MemberInput,
    field: &str,
    today: hedui_ids::Date,
    errors: &mut Vec<FieldError>,
    warnings: &mut Vec<FieldError>,
) -> Option<Member> {
    let name = input.name.trim().to_owned();
    if name.is_empty() {
        errors.push(FieldError::new(
            format!("{field}.name"),
            "NAME_EMPTY",
            "state the name as on the identity card",
        ));
    } else if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        errors.push(FieldError::new(
            format!("{field}.name"),
            "NAME_INVALID",
            format!("a name has at most {MAX_NAME_CHARS} characters and no control characters"),
        ));
    }
    if input.casual_work_months > 12 {
        errors.push(FieldError::new(
            format!("{field}.casual_work_months"),
            "MONTHS_OUT_OF_RANGE",
            "months of the last twelve: 0 to 12",
        ));
    }
    check_incomes(&input.incomes, field, errors);
    let id_field = format!("{field}.id_number");
    let parsed = match ResidentId::parse(&input.id_number, today) {
        Ok(parsed) => parsed,
        Err(error) => {
            errors.push(FieldError::new(
                id_field,
                format!("ID_{}", error.reason()),
                error.to_string(),
            ));
            return None;
        }
    };
    for warning in &parsed.warnings {
        warnings.push(FieldError::new(
            id_field.clone(),
            format!("ID_{}", warning.reason()),
            "accepted; please compare with the card",
        ));
    }
    Some(Member {
        age: parsed.id.age_on(today).map_or(0, u32::from),
        id: parsed.id,
        name,
        relation: input.relation,
        incapable: input.incapable,
        incomes: input.incomes,
        casual_work_months: input.casual_work_months,
        circumstances: input.circumstances,
    })
}

fn check_incomes(incomes: &[DeclaredIncome], field: &str, errors: &mut Vec<FieldError>) {
    if incomes.len() > MAX_DECLARED_INCOMES {
        errors.push(FieldError::new(
            format!("{field}.incomes"),
            "TOO_MANY_INCOMES",
            format!("at most {MAX_DECLARED_INCOMES} declared incomes for a person"),
        ));
    }
    for (i, income) in incomes.iter().enumerate() {
        if income.amount < Fen::ZERO {
            errors.push(FieldError::new(
                format!("{field}.incomes[{i}].amount"),
                "AMOUNT_NEGATIVE",
                "an income is not negative",
            ));
        }
        if income.until.last_day() < income.from.first_day() {
            errors.push(FieldError::new(
                format!("{field}.incomes[{i}].until"),
                "PERIOD_REVERSED",
                "the period ends before it begins",
            ));
        }
    }
}

fn check_declared(declared: &Declared, errors: &mut Vec<FieldError>) {
    if declared.financial_assets.is_some_and(|amount| amount < Fen::ZERO) {
        errors.push(FieldError::new(
            "household.declared.financial_assets",
            "AMOUNT_NEGATIVE",
            "what is owned is not negative; debts are not deducted here",
        ));
    }
}

fn check_applicant(members: &[MemberInput], errors: &mut Vec<FieldError>) {
    let applicants = members.iter().filter(|m| m.relation == Relation::Applicant).count();
    if applicants != 1 {
        errors.push(FieldError::new(
            "household.members",
            "ONE_APPLICANT",
            "exactly one member has the relation applicant",
        ));
    }
    if members.iter().filter(|m| m.relation == Relation::Spouse).count() > 1 {
        errors.push(FieldError::new(
            "household.members",
            "ONE_SPOUSE",
            "at most one member is the applicant's husband or wife; another member's is stated as other",
        ));
    }
}

/// The civil date in the form of the identifier crate, which has no dependencies; `None` before the year 1.
pub fn ids_date(date: Date) -> Option<hedui_ids::Date> {
    let year = u16::try_from(date.year()).ok()?;
    hedui_ids::Date::new(year, date.month().unsigned_abs(), date.day().unsigned_abs())
}
