//! Forwarded authorization: what the letters of a household allow, as another hedui that is asked on their strength is told, and its own check of it.
//! Leaves the letters themselves, and the wire, to whoever asks.

use jiff::Span;

use crate::answer::Query;
use crate::dates::Date;

/// Most brokers that a question may pass, the first one included: district, city, province, the other province, city, district.
pub const MAX_HOPS: usize = 6;
/// Most letters of one question: as many as a request may have.
pub const MAX_LETTERS: usize = crate::authorization::MAX_AUTHORIZATIONS;

/// What a question carries to another hedui.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// The brokers that it has passed, the first one first, by the names of their logs.
    pub hops: Vec<String>,
    /// What the letters allow.
    pub letters: Vec<ForwardedLetter>,
    /// What the one that is asked is called in the catalogue of the one that asks; letters may be limited to departments by name.
    pub asked_as: String,
}

/// What one letter allows. Holds no name and no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedLetter {
    /// Digest of the letter's canonical bytes, keyed with the salt that stays with whoever asks: evidence on both sides names the same letter.
    pub digest: [u8; 32],
    /// About whom: ordinals of the question.
    pub about: Vec<u32>,
    /// For which programmes.
    pub programmes: Vec<String>,
    /// At which departments of whoever asks; empty for all.
    pub departments: Vec<String>,
    /// When signed; in force from that day.
    pub signed_on: Date,
    /// Last day in force.
    pub valid_until: Option<Date>,
    /// First day that may be looked back to; a year before the date of the question where none.
    pub period_from: Option<Date>,
}

impl ForwardedLetter {
    /// Whether it allows a question about a person today.
    fn allows(&self, query: &Query, ordinal: u32, asked_as: &str, today: Date) -> bool {
        let a_year = Span::new().years(1);
        let earliest = self.period_from.or_else(|| query.as_of.checked_sub(a_year).ok());
        self.about.contains(&ordinal)
            && self.programmes.iter().any(|p| p == query.purpose.as_str())
            && (self.departments.is_empty() || self.departments.iter().any(|d| d == asked_as))
            && self.signed_on <= today
            && self.valid_until.is_none_or(|until| today <= until)
            && earliest.is_some_and(|earliest| earliest <= query.period_from)
    }
}

impl Forward {
    /// Of whom a question may be answered today: one flag per person, in their order. A question about the future, or about a period that ends after its own
    /// date, is allowed about nobody.
    pub fn allowed(&self, query: &Query, today: Date) -> Vec<bool> {
        let sound =
            query.as_of <= today && query.period_from <= query.period_until && query.period_until <= query.as_of;
        let letters = || self.letters.iter().take(MAX_LETTERS);
        let one = |ordinal| letters().any(|letter| letter.allows(query, ordinal, &self.asked_as, today));
        query
            .subjects
            .iter()
            .map(|subject| sound && one(subject.ordinal))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::answer::Subject;
    use crate::names::ProgrammeId;
    use hedui_ids::{DivisionCode, ResidentId};

    const TODAY: Date = Date::constant(2026, 11, 22);

    fn query(people: u32) -> Query {
        let place = DivisionCode::parse("511703").unwrap();
        let birth = hedui_ids::Date::new(1980, 1, 1).unwrap();
        let subject = |ordinal| Subject {
            ordinal,
            id: ResidentId::compose(place, birth, u16::try_from(ordinal).unwrap() + 1).unwrap(),
            name: "测试".to_owned(),
        };
        Query {
            query_id: "q".to_owned(),
            purpose: ProgrammeId::new("dibao").unwrap(),
            district_code: "511703".to_owned(),
            authorization_digest: [0; 32],
            as_of: TODAY,
            period_from: Date::constant(2025, 11, 22),
            period_until: TODAY,
            subjects: (0..people).map(subject).collect(),
            record_types: Vec::new(),
        }
    }

    fn letter() -> ForwardedLetter {
        ForwardedLetter {
            digest: [1; 32],
            about: vec![0, 1],
            programmes: vec!["dibao".to_owned()],
            departments: Vec::new(),
            signed_on: TODAY,
            valid_until: Some(TODAY),
            period_from: None,
        }
    }

    fn forward(letters: Vec<ForwardedLetter>) -> Forward {
        Forward {
            hops: vec!["here".to_owned()],
            letters,
            asked_as: "hometown".to_owned(),
        }
    }

    /// Every way in which a letter can fall short.
    fn short(kind: usize) -> ForwardedLetter {
        let day = |days: i64| TODAY.checked_add(Span::new().days(days)).unwrap();
        let mut short = letter();
        match kind {
            0 => short.about.clear(),
            1 => short.programmes = vec!["low-income".to_owned()],
            2 => short.departments = vec!["housing".to_owned()],
            3 => short.signed_on = day(1),
            4 => short.valid_until = Some(day(-1)),
            _ => short.period_from = Some(day(-30)),
        }
        short
    }

    proptest! {
        #[test]
        fn whoever_no_single_letter_covers_is_not_answered_for(kinds in proptest::collection::vec(0usize..6, 0..5), people in 1u32..4) {
            // Letters are not added up: two halves allow nothing.
            let halves = forward(kinds.iter().map(|kind| short(*kind)).collect());
            prop_assert!(halves.allowed(&query(people), TODAY).iter().all(|allowed| !allowed));
            let mut whole = halves;
            whole.letters.push(letter());
            let expected: Vec<bool> = (0..people).map(|ordinal| ordinal < 2).collect();
            prop_assert_eq!(whole.allowed(&query(people), TODAY), expected);
        }
    }

    #[test]
    fn a_question_about_another_time_than_its_own_is_allowed_about_nobody() {
        let whole = forward(vec![letter()]);
        let later = TODAY.checked_add(Span::new().days(1)).unwrap();
        for wrong in [
            Query {
                as_of: later,
                ..query(1)
            },
            Query {
                period_until: later,
                ..query(1)
            },
            Query {
                period_from: later,
                ..query(1)
            },
        ] {
            assert_eq!(whole.allowed(&wrong, TODAY), [false]);
        }
        let named = ForwardedLetter {
            departments: vec!["hometown".to_owned()],
            ..letter()
        };
        assert_eq!(forward(vec![named]).allowed(&query(1), TODAY), [true]);
    }
}
