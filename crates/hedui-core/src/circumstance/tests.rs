//! Papers are checked detail by detail, stand on both of their days and count completed months; the table of words is the documented one.
//! Leaves what follows from them to the packs.

use proptest::prelude::*;

use super::*;
use crate::household::{Household, HouseholdInput};
use crate::testing::{as_of, ask, checked, family};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn paper(word: Circumstance) -> StatedCircumstance {
    StatedCircumstance {
        word,
        since: (word.since() == Detail::Must).then(|| day("2020-01-01")),
        until: None,
        amount: (word.amount() == Detail::Must).then_some(Fen(100)),
        number: word.number().map(|(least, _)| least),
        document: "证明 1".to_owned(),
    }
}

/// The mistakes of a family of which the spouse and the household state these.
fn mistakes(of_spouse: Vec<StatedCircumstance>, of_household: Vec<StatedCircumstance>) -> Vec<(String, String)> {
    let mut input: HouseholdInput = family();
    input.members[1].circumstances = of_spouse;
    input.circumstances = of_household;
    let errors = Household::check(input, as_of()).err().unwrap_or_default();
    let mut all: Vec<_> = errors.into_iter().map(|e| (e.field, e.reason)).collect();
    all.sort();
    all
}

fn of_spouse(stated: StatedCircumstance) -> Vec<(String, String)> {
    let mut all = mistakes(vec![stated], Vec::new());
    for (field, _) in &mut all {
        let start = "household.members[1].circumstances[0].";
        *field = field.strip_prefix(start).unwrap().to_owned();
    }
    all
}

fn wrong(detail: &str, reason: &str) -> Vec<(String, String)> {
    vec![(detail.to_owned(), reason.to_owned())]
}

#[test]
fn every_word_is_accepted_where_it_belongs_and_nowhere_else() {
    for word in Circumstance::ALL.iter().copied() {
        assert_eq!(Circumstance::from_word(word.word()), Some(word));
        let text = serde_json::to_string(&word).unwrap();
        assert_eq!(text, format!("\"{}\"", word.word()));
        let (member, household) = (mistakes(vec![paper(word)], vec![]), mistakes(vec![], vec![paper(word)]));
        let reason = |field: &str, reason| vec![(format!("{field}.circumstances[0].word"), String::from(reason))];
        match word.of() {
            Of::Member => {
                assert_eq!(member, [], "{}", word.word());
                assert_eq!(household, reason("household", "CIRCUMSTANCE_OF_MEMBER"));
            }
            Of::Household => {
                assert_eq!(household, [], "{}", word.word());
                assert_eq!(member, reason("household.members[1]", "CIRCUMSTANCE_OF_HOUSEHOLD"));
            }
        }
    }
}

#[test]
fn a_detail_is_stated_where_the_word_needs_it_and_refused_where_it_carries_none() {
    use Circumstance as C;
    let bare = |word| StatedCircumstance {
        since: None,
        amount: None,
        number: None,
        ..paper(word)
    };
    assert_eq!(of_spouse(bare(C::ReligiousResident)), wrong("since", "REQUIRED"));
    assert_eq!(of_spouse(bare(C::SchoolingExpense)), wrong("amount", "REQUIRED"));
    assert_eq!(of_spouse(bare(C::CareNeed)), wrong("number", "REQUIRED"));
    let mut full = paper(C::DisasterDeath);
    (full.until, full.amount, full.number) = (Some(day("2026-01-01")), Some(Fen(1)), Some(1));
    let unknown = ["amount", "number", "until"].map(|d| (d.to_owned(), "DETAIL_UNKNOWN".to_owned()));
    assert_eq!(of_spouse(full), unknown);
}

#[test]
fn values_are_refused_just_beyond_their_borders() {
    use Circumstance as C;
    for (word, least, most) in [(C::CareNeed, 0, 2), (C::Cancer, 1, 3)] {
        let with = |number| {
            of_spouse(StatedCircumstance {
                number: Some(number),
                ..paper(word)
            })
        };
        assert_eq!((with(least), with(most)), (vec![], vec![]));
        assert_eq!(with(most + 1), wrong("number", "NUMBER_OUT_OF_RANGE"));
        assert!(least == 0 || with(least - 1) == wrong("number", "NUMBER_OUT_OF_RANGE"));
    }
    let with = |change: &dyn Fn(&mut StatedCircumstance)| {
        let mut stated = paper(C::NeedsCareExpense);
        change(&mut stated);
        of_spouse(stated)
    };
    assert_eq!(with(&|s| s.amount = Some(Fen(0))), []);
    assert_eq!(with(&|s| s.amount = Some(Fen(-1))), wrong("amount", "AMOUNT_NEGATIVE"));
    let both = |s: &mut StatedCircumstance, until| (s.since, s.until) = (Some(day("2026-03-02")), Some(day(until)));
    assert_eq!(with(&|s| both(s, "2026-03-02")), []);
    assert_eq!(with(&|s| both(s, "2026-03-01")), wrong("until", "PERIOD_REVERSED"));
    assert_eq!(with(&|s| s.since = Some(day("1896-01-01"))), []);
    assert_eq!(
        with(&|s| s.since = Some(day("1895-12-31"))),
        wrong("since", "DATE_OUT_OF_RANGE")
    );
    assert_eq!(with(&|s| s.document = "纸".repeat(100)), []);
    assert_eq!(
        with(&|s| s.document = "纸".repeat(101)),
        wrong("document", "DOCUMENT_INVALID")
    );
    assert_eq!(
        with(&|s| s.document = "a\nb".into()),
        wrong("document", "DOCUMENT_INVALID")
    );
    assert_eq!(with(&|s| s.document = " \t".into()), wrong("document", "REQUIRED"));
    assert_eq!(with(&|s| s.document = "No. 12345678901234".into()), []);
    for number in [
        "123456789012345",
        "1101 0519 4912 3100",
        "１２３４５６７８９０１２３４５",
    ] {
        assert_eq!(
            with(&|s| s.document = number.into()),
            wrong("document", "DOCUMENT_HOLDS_ID_NUMBER")
        );
    }
}

#[test]
fn a_circumstance_is_stated_once_and_an_amount_once_a_paper() {
    let bill = |document: &str| StatedCircumstance {
        document: document.into(),
        ..paper(Circumstance::SelfPaidMedical)
    };
    assert_eq!(mistakes(vec![bill("a"), bill("b")], vec![]), []);
    let twice = |field: &str| {
        vec![(
            format!("{field}.circumstances[1].word"),
            "CIRCUMSTANCE_TWICE".to_owned(),
        )]
    };
    assert_eq!(
        mistakes(vec![bill("a"), bill(" a ")], vec![]),
        twice("household.members[1]")
    );
    let prison = |document: &str| StatedCircumstance {
        document: document.into(),
        ..paper(Circumstance::InPrison)
    };
    assert_eq!(
        mistakes(vec![prison("a"), prison("b")], vec![]),
        twice("household.members[1]")
    );
    let many = |n: usize| (0..n).map(|i| bill(&format!("{i}"))).collect();
    assert_eq!(mistakes(many(MAX_CIRCUMSTANCES), vec![]), []);
    let refused = mistakes(many(MAX_CIRCUMSTANCES + 1), vec![]);
    assert_eq!(refused[0].1, "TOO_MANY_CIRCUMSTANCES");
}

#[test]
fn a_month_is_complete_on_its_day_or_on_the_last_of_a_shorter_one() {
    let months = |since: &str, at: &str| {
        let stated = StatedCircumstance {
            since: Some(day(since)),
            ..paper(Circumstance::NewResident)
        };
        (stated.months_to(day(at)), stated.years_to(day(at)))
    };
    assert_eq!(months("2026-05-22", "2026-11-21"), (5, 0));
    assert_eq!(months("2026-05-22", "2026-11-22"), (6, 0));
    assert_eq!(months("2023-11-23", "2026-11-22"), (35, 2));
    assert_eq!(months("2023-11-22", "2026-11-22"), (36, 3));
    assert_eq!(months("2026-01-31", "2026-02-27"), (0, 0));
    assert_eq!(months("2026-01-31", "2026-02-28"), (1, 0));
    assert_eq!(months("2024-02-29", "2025-02-28"), (12, 1));
    assert_eq!(months("2026-11-23", "2026-11-22"), (0, 0));
}

proptest! {
    /// An oracle that counts day by day.
    #[test]
    fn completed_months_are_those_that_a_calendar_shows(start in 0i64..4_000, days in 0i64..3_000) {
        let since = day("2015-01-01").saturating_add(jiff::Span::new().days(start));
        let at = since.saturating_add(jiff::Span::new().days(days));
        let stated = StatedCircumstance { since: Some(since), ..paper(Circumstance::NewResident) };
        let mut months = 0;
        while since.saturating_add(jiff::Span::new().months(i64::from(months) + 1)) <= at {
            months += 1;
        }
        prop_assert_eq!(stated.months_to(at), months);
        prop_assert_eq!(stated.years_to(at), months / 12);
    }
}

#[test]
fn a_paper_stands_on_both_of_its_days_and_shows_itself_in_the_figure() {
    let mut input = family();
    let (since, until) = (day("2026-11-22"), day("2026-11-22"));
    let mut stated = paper(Circumstance::InPrison);
    (stated.since, stated.until) = (Some(since), Some(until));
    stated.document = "判决书（2026）川1703刑初1号".into();
    input.members[1].circumstances = vec![stated];
    let earlier = day("2026-11-21");
    let ended = StatedCircumstance {
        until: Some(earlier),
        ..paper(Circumstance::Renting)
    };
    input.circumstances = vec![ended];
    let household = checked(input);
    ask(&household, &[], |facts| {
        let prison = facts.stated(Circumstance::InPrison, Some(1));
        assert!(prison.holds);
        assert!(!facts.stated(Circumstance::InPrison, Some(0)).holds);
        assert!(!facts.stated(Circumstance::InPrison, None).holds);
        let renting = facts.stated(Circumstance::Renting, None);
        assert!(!renting.holds);
        let rule = crate::part::Because::NotAtDate;
        assert_eq!(renting.parts[0].treatment, crate::part::Treatment::Disregarded { rule });
        let sources = facts.sources(prison.parts.iter().chain(&renting.parts));
        let shown: Vec<_> = sources
            .iter()
            .map(|s| (s.reference.as_str(), s.label.as_str(), s.subject))
            .collect();
        assert_eq!(
            shown,
            [
                (
                    "判决书（2026）川1703刑初1号",
                    "stated: in_prison since 2026-11-22 until 2026-11-22",
                    1
                ),
                ("证明 1", "stated: renting until 2026-11-21", 0),
            ]
        );
    });
}

#[test]
fn amounts_of_papers_add_up() {
    let mut input = family();
    input.members[0].circumstances = ["a", "b"]
        .map(|document| StatedCircumstance {
            amount: Some(Fen(i64::MAX)),
            document: document.into(),
            ..paper(Circumstance::SchoolingExpense)
        })
        .to_vec();
    ask(&checked(input), &[], |facts| {
        let stated = facts.stated(Circumstance::SchoolingExpense, Some(0));
        assert_eq!((stated.amount, stated.parts.len()), (i64::MAX, 2));
    });
}

#[test]
fn a_request_without_papers_is_written_as_before() {
    let text = serde_json::to_string(&family()).unwrap();
    assert!(!text.contains("circumstances"));
    let mut input = family();
    input.circumstances = vec![paper(Circumstance::UrgentNeed)];
    input.members[2].circumstances = vec![paper(Circumstance::BoardsAway)];
    let text = serde_json::to_string(&input).unwrap();
    assert!(serde_json::from_str::<HouseholdInput>(&text).unwrap() == input);
    let bytes = rmp_serde::to_vec(&crate::Report::members(&checked(input.clone()))).unwrap();
    let members: Vec<crate::report::ReportMember> = rmp_serde::from_slice(&bytes).unwrap();
    assert_eq!(members[2].circumstances, input.members[2].circumstances);
}

/// The rows of the table of words as the documentation shows them.
fn rows() -> String {
    let mut rows = String::new();
    for c in Circumstance::ALL {
        let of = match c.of() {
            Of::Member => "member",
            Of::Household => "household",
        };
        let mut details = Vec::new();
        for (name, detail) in [("since", c.since()), ("until", c.until()), ("amount", c.amount())] {
            match detail {
                Detail::Never => {}
                Detail::May => details.push(format!("({name})")),
                Detail::Must => details.push(name.to_owned()),
            }
        }
        if let Some((least, most)) = c.number() {
            details.push(format!("number {least} to {most}"));
        }
        let (zh, en) = c.title();
        rows += &format!("| `{}` | {of} | {zh} | {en} | {} |\n", c.word(), details.join(", "));
    }
    rows
}

#[test]
fn the_documented_table_is_the_vocabulary() {
    let readme = include_str!("../../../../proto/README.md");
    let rows = rows();
    assert!(readme.contains(&rows), "the table of circumstances should be:\n{rows}");
}
