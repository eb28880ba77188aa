//! Supporters are checked field by field, and shown by their paper.
//! Leaves imputed support to the packs.

use super::*;
use crate::household::Household;
use crate::testing::{as_of, family};

fn supporter() -> Supporter {
    Supporter {
        relation: Relation::Child,
        persons: 3,
        monthly_income: Fen(600_000),
        unable: false,
        document: "收入证明 12".to_owned(),
    }
}

fn mistakes(change: impl Fn(&mut Supporter)) -> Vec<(String, String)> {
    let mut input = family();
    let mut changed = supporter();
    change(&mut changed);
    input.supporters = vec![supporter(), changed];
    let errors = Household::check(input, as_of()).err().unwrap_or_default();
    errors.into_iter().map(|e| (e.field, e.reason)).collect()
}

#[test]
fn every_mistake_has_its_field_just_beyond_its_border() {
    let wrong = |detail: &str, reason: &str| vec![(format!("household.supporters[1].{detail}"), reason.to_owned())];
    assert_eq!(mistakes(|_| ()), []);
    assert_eq!(
        mistakes(|s| s.relation = Relation::Applicant),
        wrong("relation", "RELATION_INVALID")
    );
    assert_eq!(mistakes(|s| s.persons = 1), []);
    assert_eq!(mistakes(|s| s.persons = 50), []);
    assert_eq!(mistakes(|s| s.persons = 0), wrong("persons", "NUMBER_OUT_OF_RANGE"));
    assert_eq!(mistakes(|s| s.persons = 51), wrong("persons", "NUMBER_OUT_OF_RANGE"));
    assert_eq!(mistakes(|s| s.monthly_income = Fen(0)), []);
    assert_eq!(
        mistakes(|s| s.monthly_income = Fen(-1)),
        wrong("monthly_income", "AMOUNT_NEGATIVE")
    );
    assert_eq!(mistakes(|s| s.document = " ".into()), wrong("document", "REQUIRED"));
    assert_eq!(
        mistakes(|s| s.document = "110105194912310021".into()),
        wrong("document", "DOCUMENT_HOLDS_ID_NUMBER")
    );
}

#[test]
fn there_are_at_most_twenty() {
    let with = |number| {
        let mut input = family();
        input.supporters = vec![supporter(); number];
        Household::check(input, as_of()).err().map(|e| e[0].reason.clone())
    };
    assert_eq!((with(20), with(21)), (None, Some("TOO_MANY_SUPPORTERS".to_owned())));
}
