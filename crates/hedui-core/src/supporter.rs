//! Statutory supporters: relatives outside the household who owe it support, as the household states them with a paper.
//! Leaves what support is imputed to the policy packs. Their income is never the household's.

use serde::{Deserialize, Serialize};

use crate::circumstance::check_document;
use crate::household::{FieldError, Relation};
use crate::money::Fen;

#[cfg(test)]
mod tests;

/// Most supporters of a household.
pub const MAX_SUPPORTERS: usize = 20;
/// Most people with whom a supporter lives.
const MAX_PERSONS: u32 = 50;

/// A relative who owes support, and lives elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supporter {
    /// What they are to the applicant.
    pub relation: Relation,
    /// How many live in their household, themselves among them.
    pub persons: u32,
    /// Net income of their household a month, as the paper states it.
    pub monthly_income: Fen,
    /// Whether they are unable to support: extremely poor, on Dibao, missing, imprisoned, as the local rule has it.
    #[serde(default)]
    pub unable: bool,
    /// Name or number of the paper; no number of a person.
    pub document: String,
}

/// The mistakes of what is stated of supporters, all at once.
pub(crate) fn check(supporters: &mut [Supporter], errors: &mut Vec<FieldError>) {
    if supporters.len() > MAX_SUPPORTERS {
        let message = format!("at most {MAX_SUPPORTERS} supporters");
        errors.push(FieldError::new("household.supporters", "TOO_MANY_SUPPORTERS", message));
        return;
    }
    for (index, one) in supporters.iter_mut().enumerate() {
        one.document = one.document.trim().to_owned();
        let mut wrong = |detail: &str, reason: &str, message: String| {
            let field = format!("household.supporters[{index}].{detail}");
            errors.push(FieldError::new(field, reason, message));
        };
        if one.relation == Relation::Applicant {
            let message = "a supporter is a relative of the applicant";
            wrong("relation", "RELATION_INVALID", message.to_owned());
        }
        if !(1..=MAX_PERSONS).contains(&one.persons) {
            let message = format!("1 to {MAX_PERSONS}, the supporter among them");
            wrong("persons", "NUMBER_OUT_OF_RANGE", message);
        }
        if one.monthly_income < Fen::ZERO {
            wrong(
                "monthly_income",
                "AMOUNT_NEGATIVE",
                "an income is not negative".to_owned(),
            );
        }
        check_document(&one.document, &mut wrong);
    }
}

impl Supporter {
    /// What it is, in a few words without personal data.
    pub(crate) fn label(&self) -> String {
        let able = if self.unable { ", unable to support" } else { "" };
        format!(
            "stated supporter: {}, household of {}{able}",
            self.relation.word(),
            self.persons
        )
    }
}
