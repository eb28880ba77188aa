//! Circumstances: what the window sees on papers and no register answers, in fixed words, each with its document.
//! Leaves what follows from them to the policy packs, and whether a paper is genuine to the person who decides.

use serde::{Deserialize, Serialize};

use crate::dates::{Date, completed_months};
use crate::household::FieldError;
use crate::money::Fen;

#[cfg(test)]
mod tests;
mod words;

pub use words::Circumstance;

/// Most circumstances of a member, and of a household: every word of its vocabulary fits.
pub const MAX_CIRCUMSTANCES: usize = 50;
/// Longest name or number of a document, in characters.
pub const MAX_DOCUMENT_CHARS: usize = 100;
/// So many digits in a row may be the number of a person: resident IDs have fifteen or eighteen.
const DIGITS_OF_A_PERSON: usize = 15;
/// Years before the date within which a circumstance began: nobody lives longer.
const MAX_YEARS: i16 = 130;

/// Of whom a circumstance is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Of one member.
    Member,
    /// Of the household.
    Household,
}

/// Whether a detail is stated with a circumstance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// It has none.
    Never,
    /// It may be left out.
    May,
    /// It must be stated.
    Must,
}

/// A circumstance as the request states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedCircumstance {
    /// Which one.
    pub word: Circumstance,
    /// First day.
    #[serde(default)]
    pub since: Option<Date>,
    /// Last day.
    #[serde(default)]
    pub until: Option<Date>,
    /// Amount of the twelve months before the date.
    #[serde(default)]
    pub amount: Option<Fen>,
    /// What it means depends on the word.
    #[serde(default)]
    pub number: Option<u32>,
    /// Name or number of the paper that states it; no number of a person.
    pub document: String,
}

impl StatedCircumstance {
    /// Whether it stands on a day.
    pub fn stands_on(&self, day: Date) -> bool {
        self.since.is_none_or(|since| since <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Completed months from its first day to a day; 0 where it does not state one, or a later one.
    pub fn months_to(&self, day: Date) -> u32 {
        self.since.map_or(0, |since| completed_months(since, day))
    }

    /// Completed years from its first day to a day.
    pub fn years_to(&self, day: Date) -> u32 {
        self.months_to(day) / 12
    }

    /// What it is, in a few words without personal data.
    pub(crate) fn label(&self) -> String {
        let mut text = format!("stated: {}", self.word.word());
        for (before, day) in [(" since ", self.since), (" until ", self.until)] {
            if let Some(day) = day {
                text.push_str(before);
                text.push_str(&day.to_string());
            }
        }
        if let Some(number) = self.number {
            text.push_str(&format!(", number {number}"));
        }
        text
    }
}

/// The mistakes of what is stated of a member or of the household at `field`, all at once. `document` texts are trimmed.
pub(crate) fn check(stated: &mut [StatedCircumstance], of: Of, field: &str, as_of: Date, errors: &mut Vec<FieldError>) {
    if stated.len() > MAX_CIRCUMSTANCES {
        errors.push(FieldError::new(
            format!("{field}.circumstances"),
            "TOO_MANY_CIRCUMSTANCES",
            format!("at most {MAX_CIRCUMSTANCES} circumstances"),
        ));
        return;
    }
    for one in stated.iter_mut() {
        if one.document.trim().len() != one.document.len() {
            one.document = one.document.trim().to_owned();
        }
    }
    for (index, one) in stated.iter().enumerate() {
        let mut wrong = |detail: &str, reason: &str, message: String| {
            let field = format!("{field}.circumstances[{index}].{detail}");
            errors.push(FieldError::new(field, reason, message));
        };
        check_one(one, of, as_of, &mut wrong);
        let earlier = stated.get(..index).unwrap_or_default();
        // Amounts of several papers add up; anything else is stated once.
        let is_again = |other: &&StatedCircumstance| {
            other.word == one.word && (one.word.amount() == Detail::Never || other.document == one.document)
        };
        if earlier.iter().any(|other| is_again(&other)) {
            let message = "this circumstance is already stated; papers with amounts differ in their documents";
            wrong("word", "CIRCUMSTANCE_TWICE", message.to_owned());
        }
    }
}

fn check_one(one: &StatedCircumstance, of: Of, as_of: Date, wrong: &mut impl FnMut(&str, &str, String)) {
    if one.word.of() != of {
        let (reason, message) = match of {
            Of::Member => ("CIRCUMSTANCE_OF_HOUSEHOLD", "stated of the household, not of a member"),
            Of::Household => ("CIRCUMSTANCE_OF_MEMBER", "stated of a member, not of the household"),
        };
        wrong("word", reason, message.to_owned());
    }
    let word = one.word.word();
    let details = [
        ("since", one.word.since(), one.since.is_some()),
        ("until", one.word.until(), one.until.is_some()),
        ("amount", one.word.amount(), one.amount.is_some()),
        ("number", number_of(one.word), one.number.is_some()),
    ];
    for (name, detail, is_there) in details {
        match (detail, is_there) {
            (Detail::Never, true) => wrong(name, "DETAIL_UNKNOWN", format!("{word} carries no `{name}`")),
            (Detail::Must, false) => wrong(name, "REQUIRED", format!("{word} needs its `{name}`")),
            _ => {}
        }
    }
    if one.amount.is_some_and(|amount| amount < Fen::ZERO) {
        wrong("amount", "AMOUNT_NEGATIVE", "an amount is not negative".to_owned());
    }
    if let (Some((least, most)), Some(number)) = (one.word.number(), one.number)
        && !(least..=most).contains(&number)
    {
        wrong(
            "number",
            "NUMBER_OUT_OF_RANGE",
            format!("{word} has a number from {least} to {most}"),
        );
    }
    for (name, day) in [("since", one.since), ("until", one.until)] {
        if day.is_some_and(|day| day.year().abs_diff(as_of.year()) > MAX_YEARS.unsigned_abs()) {
            let message = format!("a day within {MAX_YEARS} years of the date");
            wrong(name, "DATE_OUT_OF_RANGE", message);
        }
    }
    if one.since.zip(one.until).is_some_and(|(since, until)| until < since) {
        wrong(
            "until",
            "PERIOD_REVERSED",
            "the last day lies before the first".to_owned(),
        );
    }
    check_document(&one.document, wrong);
}

fn number_of(word: Circumstance) -> Detail {
    if word.number().is_some() {
        Detail::Must
    } else {
        Detail::Never
    }
}

/// Documents stand in reports, where no number of a person may stand.
pub(crate) fn check_document(document: &str, wrong: &mut impl FnMut(&str, &str, String)) {
    if document.is_empty() {
        let message = "name the paper that states it, or its number";
        wrong("document", "REQUIRED", message.to_owned());
    } else if document.chars().count() > MAX_DOCUMENT_CHARS || document.chars().any(char::is_control) {
        let message = format!("at most {MAX_DOCUMENT_CHARS} characters and no control characters");
        wrong("document", "DOCUMENT_INVALID", message);
    } else if digits_in_a_row(document) >= DIGITS_OF_A_PERSON {
        let message = "name the paper without an ID number: fewer than fifteen digits in a row";
        wrong("document", "DOCUMENT_HOLDS_ID_NUMBER", message.to_owned());
    }
}

/// The longest run of digits, of whatever width; spaces and hyphens within do not end it.
fn digits_in_a_row(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        run = if c.is_numeric() { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
