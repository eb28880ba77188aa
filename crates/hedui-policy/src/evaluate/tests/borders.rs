//! Each rule on both sides of its border.

use hedui_core::household::Relation;
use hedui_core::record::IncomeKind;
use hedui_core::verdict::{Outcome, Per, Truth, Verdict};
use hedui_ids::Sex;

use crate::testing::{Case, member, shipped, traced};

const DATE: &str = "2018-06-15";

/// A single man with a wage in the prior month, in fen.
fn earning(pack: &str, fen: i64) -> Verdict {
    let mut case = Case::single(DATE);
    case.income(0, IncomeKind::Wage, "2018-05", "2018-05", fen);
    case.judge(shipped(pack))
}

fn test(verdict: &Verdict, name: &str) -> Truth {
    verdict.tests.iter().find(|t| t.name == name).unwrap().result
}

#[test]
fn income_equal_to_the_standard_does_not_qualify_and_one_fen_less_does() {
    for (pack, standard) in [
        ("dibao-dachuan-urban", 52_000),
        ("dibao-dachuan-rural", 33_000),
        ("dibao-xincheng", 67_000),
    ] {
        assert_eq!(earning(pack, standard).outcome, Outcome::Exceeds, "{pack}");
        assert_eq!(earning(pack, standard).amount, None, "{pack}");
        let below = earning(pack, standard - 1);
        assert_eq!(below.outcome, Outcome::Qualifies, "{pack}: {:#?}", below.tests);
        let amount = below.amount.unwrap();
        assert_eq!((amount.lo, amount.hi, amount.per), (1, Some(1), Per::Month), "{pack}");
    }
}

#[test]
fn bands_tell_low_income_but_only_the_first_qualifies() {
    let of = |date: &str, fen| {
        let mut case = Case::single(date);
        case.income(0, IncomeKind::Wage, "2018-06", "2018-06", fen);
        let verdict = case.judge(shipped("dibao-zhangjiagang"));
        (verdict.outcome, verdict.band)
    };
    let band = |name: &str| Some(name.into());
    assert_eq!(of("2018-07-15", 94_499), (Outcome::Qualifies, band("dibao")));
    assert_eq!(of("2018-07-15", 94_500), (Outcome::Exceeds, band("low-income")));
    assert_eq!(of("2018-07-15", 188_999), (Outcome::Exceeds, band("low-income")));
    assert_eq!(of("2018-07-15", 189_000), (Outcome::Exceeds, None));
}

#[test]
fn a_dated_parameter_has_the_value_of_the_day() {
    let standard = |date: &str| {
        traced(
            &Case::single(date).judge(shipped("dibao-zhangjiagang")),
            "standard",
            None,
        )
        .to_owned()
    };
    assert_eq!(standard("2018-06-30"), "875");
    assert_eq!(standard("2018-07-01"), "945");
    let counted = |date: &str| {
        let mut case = Case::single(date);
        case.pension(0, 20_000, 10_000);
        traced(&case.judge(shipped("dibao-dachuan-urban")), "countable_transfer", None).to_owned()
    };
    assert_eq!(counted("2020-12-31"), "200");
    assert_eq!(counted("2021-01-01"), "100");
    assert_eq!(counted("2025-12-31"), "100");
    assert_eq!(counted("2026-01-01"), "200");
}

#[test]
fn property_at_the_limit() {
    let with = |pack: &str, change: &dyn Fn(&mut Case)| {
        let mut case = Case::single(DATE);
        change(&mut case);
        case.judge(shipped(pack))
    };
    let dachuan = |fen| test(&with("dibao-dachuan-urban", &|c| c.deposit(0, fen)), "financial_assets");
    assert_eq!(dachuan(52_000 * 24 - 1), Truth::Holds);
    assert_eq!(dachuan(52_000 * 24), Truth::Fails);
    let daan = |fen| test(&with("dibao-daan-rural", &|c| c.deposit(0, fen)), "financial_assets");
    assert_eq!(daan(359_999), Truth::Holds);
    assert_eq!(daan(360_000), Truth::Fails);
    let urban = |fen| test(&with("dibao-daan-urban", &|c| c.deposit(0, fen)), "financial_assets");
    assert_eq!(urban(48_000 * 12 - 1), Truth::Holds);
    assert_eq!(urban(48_000 * 12), Truth::Fails);
    let dwellings = |n: i32| {
        let own = move |c: &mut Case| (0..n).for_each(|i| c.dwelling(0, &format!("U{i}")));
        test(&with("dibao-dachuan-urban", &own), "dwellings")
    };
    assert_eq!(
        [dwellings(0), dwellings(1), dwellings(2)],
        [Truth::Holds, Truth::Holds, Truth::Fails]
    );
}

#[test]
fn coefficients_change_on_the_birthday() {
    let age = |date: &str| {
        let case = Case::new(date, vec![member(Sex::Male, "1958-06-15", Relation::Applicant, 0, 1)]);
        traced(
            &case.judge(shipped("dibao-daan-rural-capacity-index")),
            "age_coefficient",
            Some(0),
        )
        .to_owned()
    };
    assert_eq!(age("2018-06-14"), "1");
    assert_eq!(age("2018-06-15"), "0.6");
    assert_eq!(age("2023-06-14"), "0.6");
    assert_eq!(age("2023-06-15"), "0.2");
    assert_eq!(age("2028-06-14"), "0.2");
    assert_eq!(age("2028-06-15"), "0");
    let minor = |date: &str| {
        let child = member(Sex::Female, "2000-06-15", Relation::Child, 0, 2);
        let case = Case::new(
            date,
            vec![member(Sex::Male, "1970-01-01", Relation::Applicant, 0, 1), child],
        );
        traced(&case.judge(shipped("dibao-daan-rural")), "classified", Some(1)).to_owned()
    };
    assert_eq!(minor("2018-06-14"), "holds");
    assert_eq!(minor("2018-06-15"), "fails");
}

#[test]
fn an_income_per_head_that_rounds_up_to_the_standard_still_qualifies() {
    let mut case = Case::single(DATE);
    case.income(0, IncomeKind::Property, "2017-06", "2018-05", 359_950);
    let verdict = case.judge(shipped("dibao-daan-rural"));
    assert_eq!(verdict.outcome, Outcome::Qualifies);
    assert_eq!(traced(&verdict, "per_capita_income", None), "3600");
    assert_eq!(verdict.amount.unwrap().hi, Some(0));
}

/// Da'an rounds the income per head to 0.1 yuan, half up, and pays the gap to what it rounds to: a fen decides over ten.
#[test]
fn a_tenth_of_a_yuan_is_rounded_half_up() {
    let earns = |fen: i64| {
        let mut case = Case::single(DATE);
        case.income(0, IncomeKind::Property, "2017-06", "2018-05", fen);
        let verdict = case.judge(shipped("dibao-daan-rural-capacity-index"));
        (traced(&verdict, "per_capita_income", None).to_owned(), verdict.outcome)
    };
    let qualifies = |text: &str| (text.to_owned(), Outcome::Qualifies);
    assert_eq!(earns(186_664), qualifies("1866.6"));
    assert_eq!(earns(186_665), qualifies("1866.7"));
    assert_eq!(earns(186_674), qualifies("1866.7"));
    assert_eq!(earns(186_675), qualifies("1866.8"));
    // Whether the household is below the standard is asked before anything is rounded.
    assert_eq!(earns(359_995), qualifies("3600"));
    assert_eq!(earns(360_000), ("3600".to_owned(), Outcome::Exceeds));
}

#[test]
fn an_open_composition_never_qualifies_and_says_why() {
    let case = Case::single(DATE);
    let pack = shipped("dibao-dachuan-urban");
    let codes = ["UNDECLARED_SPOUSE".into()];
    let verdict = case.with_facts(|facts| pack.evaluate(facts, &codes));
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    assert_eq!(verdict.undecided_because, codes);
    assert_eq!(verdict.amount.unwrap().hi, Some(52_000));
}

#[test]
fn the_same_input_gives_the_same_verdict() {
    let mut case = Case::daan();
    case.silence("taxation");
    let pack = shipped("dibao-daan-rural-capacity-index");
    assert_eq!(format!("{:?}", case.judge(pack)), format!("{:?}", case.judge(pack)));
}
