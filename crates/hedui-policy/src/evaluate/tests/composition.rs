//! Who counts: each rule on both sides of its border, and what holds whoever counts where a department is silent.

use hedui_core::circumstance::{Circumstance, StatedCircumstance};
use hedui_core::household::Relation;
use hedui_core::record::{self, IncomeKind, RecordBody};
use hedui_core::verdict::{Outcome, Verdict};
use hedui_ids::Sex;
use proptest::prelude::*;

use crate::Pack;
use crate::testing::{Case, PackText, day, member};

const DATE: &str = "2026-11-22";

const AWAY: &str = "not (member.has.in_prison or member.has.declared_missing or (member.has.religious_resident and member.years_since.religious_resident >= religious_years))";
/// Adults below 30 count only while they study.
const STUDENTS: &str = "member.minor or member.age >= study_age or member.student";
const ALONE: &str =
    "member.has.applies_alone and not member.minor and member.disability_grade >= 1 and member.disability_grade <= 2";

/// A pack with these lines in `[household]`: income a head below 500, no vehicle, the difference paid.
fn text(household: &str) -> PackText {
    let mut text = PackText::new();
    if !household.is_empty() {
        text = text.section(&format!("[household]\n{household}\nreference = \"art 7\""));
    }
    for (name, years) in [("religious_years", "3"), ("study_age", "30")] {
        if household.contains(name) {
            text = text.parameter(name, years, "years");
        }
    }
    text.windows("wage = \"prior_month\"")
        .parameter("standard", "500", "yuan/person/month")
        .step(
            "household",
            "per_head",
            "yuan/person/month",
            "sum(member.income.wage) / persons",
        )
        .step("household", "same", "yuan/person/month", "income.wage / persons")
        .test("income", "income", "per_head < standard and same < standard")
        .test("person", "payroll", "public_payroll <= 0")
        .amount("max(0, standard - per_head) * persons")
}

fn pack(household: &str) -> Pack {
    text(household).pack()
}

fn counts(formula: &str) -> Pack {
    pack(&format!("counts = \"{formula}\""))
}

/// A couple of 1980, and so many children born in 2004.
fn family(children: u16) -> Case {
    let mut members = vec![
        member(Sex::Male, "1980-03-01", Relation::Applicant, 0, 1),
        member(Sex::Female, "1980-02-01", Relation::Spouse, 0, 2),
    ];
    let child = |n| member(Sex::Female, "2004-01-01", Relation::Child, 0, 3 + n);
    members.extend((0..children).map(child));
    Case::new(DATE, members)
}

fn earns(case: &mut Case, subject: u32, yuan: i64) {
    case.income(subject, IncomeKind::Wage, "2026-10", "2026-10", yuan * 100);
}

fn states(case: &mut Case, subject: usize, word: Circumstance, since: Option<&str>) {
    case.household.members[subject].circumstances.push(StatedCircumstance {
        word,
        since: since.map(day),
        until: None,
        amount: None,
        number: None,
        document: "证明".to_owned(),
    });
}

fn studies(case: &mut Case, subject: u32) {
    let body = record::Enrolment {
        school: Default::default(),
        stage: record::SchoolStage::Undergraduate,
        from: None,
        until: None,
        full_time: true,
    };
    case.found("education", subject, RecordBody::Enrolment(body));
}

fn value<'v>(verdict: &'v Verdict, name: &str, subject: Option<u32>) -> Vec<&'v str> {
    let lines = verdict.trace.iter().filter(|s| s.name == name && s.subject == subject);
    lines.map(|s| s.value.as_str()).collect()
}

#[test]
fn who_is_away_counts_neither_as_a_head_nor_with_income() {
    // With the husband 600 a head, without him none.
    let judged = |change: &dyn Fn(&mut Case)| {
        let mut case = family(1);
        earns(&mut case, 0, 1_800);
        change(&mut case);
        let verdict = case.judge(&counts(AWAY));
        (verdict.outcome, verdict.amount.and_then(|a| a.hi))
    };
    let away = (Outcome::Qualifies, Some(100_000));
    let home = (Outcome::Exceeds, None);
    assert_eq!(judged(&|_| ()), home);
    assert_eq!(judged(&|c| states(c, 0, Circumstance::InPrison, None)), away);
    assert_eq!(
        judged(&|c| states(c, 0, Circumstance::InPrison, Some("2026-11-23"))),
        home
    );
    assert_eq!(judged(&|c| states(c, 0, Circumstance::DeclaredMissing, None)), away);
    let religious = |since| judged(&move |c: &mut Case| states(c, 0, Circumstance::ReligiousResident, Some(since)));
    assert_eq!(religious("2023-11-22"), away);
    assert_eq!(religious("2023-11-23"), home);
}

#[test]
fn the_trace_says_who_counts_and_shows_the_paper_of_who_does_not() {
    let mut case = family(0);
    states(&mut case, 1, Circumstance::InPrison, None);
    let verdict = case.judge(&counts(AWAY));
    assert_eq!(value(&verdict, "counts", Some(0)), ["holds"]);
    assert_eq!(value(&verdict, "counts", Some(1)), ["fails"]);
    assert_eq!(value(&verdict, "persons", None), ["1"]);
    let paper = |s: u32| {
        verdict
            .trace
            .iter()
            .filter(move |l| l.name == "member.has.in_prison" && l.subject == Some(s))
    };
    assert_eq!(paper(1).count(), 1);
    assert_eq!(paper(1).next().unwrap().parts.len(), 1);
    let line = verdict.trace.iter().find(|l| l.name == "counts").unwrap();
    assert_eq!((line.reference.as_str(), line.unit.as_str()), ("art 7", "condition"));
    // No line of a member who does not count but those that say why.
    let names = [
        "counts",
        "member.has.in_prison",
        "member.has.declared_missing",
        "member.has.religious_resident",
        "member.years_since.religious_resident",
    ];
    let of_second = verdict.trace.iter().filter(|l| l.subject == Some(1));
    assert!(of_second.into_iter().all(|l| names.contains(&l.name.as_str())));
}

#[test]
fn a_silent_register_leaves_the_verdict_to_what_holds_either_way() {
    let pack = counts(STUDENTS);
    let judged = |child: i64, parents: i64, known: bool| {
        let mut case = family(1);
        earns(&mut case, 0, parents);
        earns(&mut case, 2, child);
        if !known {
            case.silence("education");
        }
        case.judge(&pack)
    };
    // Without the child 450 a head, with it 300: either way below the limit.
    let both = judged(0, 900, false);
    assert_eq!(both.outcome, Outcome::Qualifies);
    let amount = both.amount.clone().unwrap();
    assert_eq!((amount.lo, amount.hi), (10_000, Some(60_000)));
    assert_eq!(value(&both, "counts", Some(2)), ["open"]);
    assert_eq!(value(&both, "composition", None), ["1, 2, 3", "1, 2"]);
    assert_eq!(value(&both, "per_head", None), ["300", "450"]);
    // Without the child 450, with it and its wage 1000.
    let differs = judged(2_100, 900, false);
    assert_eq!(differs.outcome, Outcome::Inconclusive);
    assert_eq!(
        differs.undecided_by.iter().map(|d| d.as_str()).collect::<Vec<_>>(),
        ["education"]
    );
    let income = &differs.tests[0];
    assert_eq!(income.missing.len(), 1);
    assert!(income.numbers.contains(" | "), "{}", income.numbers);
    // Without the child 600, with it 733: beyond either way, and nobody is paid.
    let beyond = judged(1_000, 1_200, false);
    assert_eq!((beyond.outcome, beyond.amount), (Outcome::Exceeds, None));
    assert_eq!(judged(2_100, 900, true).outcome, Outcome::Qualifies);
}

#[test]
fn four_open_members_are_judged_in_every_way_and_five_in_none() {
    let judged = |children| {
        let mut case = family(children);
        case.silence("education");
        case.judge(&counts(STUDENTS))
    };
    let four = judged(4);
    assert_eq!(four.outcome, Outcome::Qualifies);
    assert_eq!(value(&four, "composition", None).len(), 16);
    let five = judged(5);
    assert_eq!(five.outcome, Outcome::Inconclusive);
    assert_eq!(five.undecided_because, [crate::TOO_MANY_COMPOSITIONS]);
    assert_eq!(five.undecided_by.len(), 1);
    assert_eq!(five.amount.as_ref().map(|a| (a.lo, a.hi)), Some((0, None)));
    assert_eq!(value(&five, "counts", Some(6)), ["open"]);
}

#[test]
fn a_household_of_which_nobody_counts_is_left_to_a_person() {
    let mut case = family(0);
    states(&mut case, 0, Circumstance::InPrison, None);
    states(&mut case, 1, Circumstance::DeclaredMissing, None);
    let verdict = case.judge(&counts(AWAY));
    assert_eq!(
        (verdict.outcome, verdict.undecided_because),
        (Outcome::Inconclusive, vec![crate::NOBODY_COUNTS.into()])
    );
}

fn disabled(case: &mut Case, grade: u32) {
    let body = record::Disability {
        kind: record::DisabilityKind::Physical,
        grade,
        certificate_number: Default::default(),
        issued_on: None,
    };
    case.found("disabled-federation", 0, RecordBody::Disability(body));
}

#[test]
fn a_severely_disabled_adult_who_applies_alone_is_judged_alone() {
    let pack = pack(&format!("alone = \"{ALONE}\""));
    let judged = |grade: Option<u32>, asks: bool, silent: bool| {
        let mut case = family(0);
        earns(&mut case, 1, 2_000);
        if let Some(grade) = grade {
            disabled(&mut case, grade);
        }
        if asks {
            states(&mut case, 0, Circumstance::AppliesAlone, None);
        }
        if silent {
            case.silence("disabled-federation");
        }
        case.judge(&pack)
    };
    assert_eq!(judged(Some(2), true, false).outcome, Outcome::Qualifies);
    assert_eq!(judged(Some(3), true, false).outcome, Outcome::Exceeds);
    assert_eq!(judged(None, true, false).outcome, Outcome::Exceeds);
    assert_eq!(judged(Some(2), false, false).outcome, Outcome::Exceeds);
    let open = judged(None, true, true);
    assert_eq!(open.outcome, Outcome::Inconclusive);
    assert_eq!(open.undecided_by.len(), 1);
    assert_eq!(value(&open, "composition", None), ["1, 2", "1"]);
    assert_eq!(judged(None, false, true).outcome, Outcome::Exceeds);
}

#[test]
fn a_rule_by_which_all_count_changes_no_verdict_but_adds_its_lines() {
    let mut case = family(2);
    earns(&mut case, 0, 900);
    case.silence("taxation");
    let (plain, ruled) = (
        case.judge(&pack("")),
        case.judge(&counts("member.minor or not member.minor")),
    );
    let lines = ruled
        .trace
        .iter()
        .filter(|l| l.name != "counts" && l.name != "member.minor");
    assert_eq!(lines.collect::<Vec<_>>(), plain.trace.iter().collect::<Vec<_>>());
    assert_eq!(
        (ruled.outcome, ruled.amount, ruled.tests),
        (plain.outcome, plain.amount, plain.tests)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against every answer that the silent register could have given.
    #[test]
    fn a_silent_register_decides_only_what_every_answer_of_it_decides(
        wages in prop::collection::vec(0i64..1_500, 4),
        known in any::<bool>(),
    ) {
        let pack = counts(STUDENTS);
        let with = |students: u32, silent: bool| {
            let mut case = family(2);
            for (subject, yuan) in (0..).zip(&wages) {
                earns(&mut case, subject, *yuan);
            }
            for child in 0..2 {
                if students >> child & 1 == 1 {
                    studies(&mut case, 2 + child);
                }
            }
            if silent {
                case.silence("education");
            }
            if !known {
                case.silence("fiscal-payroll");
            }
            case.judge(&pack)
        };
        let silent = with(0, true);
        let possible: Vec<Verdict> = (0..4).map(|students| with(students, false)).collect();
        let all = |outcome| possible.iter().all(|v| v.outcome == outcome);
        let expected = [Outcome::Qualifies, Outcome::Exceeds].into_iter().find(|o| all(*o)).unwrap_or(Outcome::Inconclusive);
        prop_assert_eq!(silent.outcome, expected);
        for amount in possible.iter().filter(|_| expected != Outcome::Exceeds).filter_map(|v| v.amount.as_ref()) {
            let bounds = silent.amount.as_ref().unwrap();
            prop_assert!(bounds.lo <= amount.lo && bounds.hi.is_none_or(|hi| amount.hi.is_some_and(|a| a <= hi)));
        }
    }
}

fn reasons(household: &str) -> Vec<&'static str> {
    text(household).load().err().unwrap_or_default()
}

#[test]
fn a_rule_of_who_counts_may_not_rest_on_who_counts() {
    for (formula, reason) in [
        ("persons > 0", "SCOPE_WRONG"),
        ("income.wage > 0", "SCOPE_WRONG"),
        ("sum(member.age) > 0", "SCOPE_WRONG"),
        ("per_head > 0 and member.minor", "FORWARD_REFERENCE"),
        ("member.age", "CONDITION_EXPECTED"),
        ("member.has.urgent_need", "NAME_UNKNOWN"),
        ("member.number.in_prison > 0", "NAME_UNKNOWN"),
        ("has.in_prison", "NAME_UNKNOWN"),
    ] {
        assert_eq!(reasons(&format!("counts = \"{formula}\"")), [reason], "{formula}");
    }
    assert_eq!(reasons("counts = \"has.urgent_need and standard > standard\""), [""; 0]);
    assert_eq!(reasons("zahl = \"member.minor\""), ["KEY_MISSING", "KEY_UNKNOWN"]);
}
