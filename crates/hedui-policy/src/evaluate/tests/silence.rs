//! What is unknown never refuses and never grants; what is known beyond a limit decides.

use hedui_core::household::{DeclaredIncome, Relation};
use hedui_core::money::Fen;
use hedui_core::record::IncomeKind;
use hedui_core::verdict::{Outcome, Truth};
use hedui_ids::Sex;
use proptest::prelude::*;

use crate::pack::Pack;
use crate::testing::{Case, member, shipped};

const DATE: &str = "2018-06-15";
const PACKS: [&str; 5] = [
    "dibao-dachuan-urban",
    "dibao-daan-rural",
    "dibao-daan-rural-capacity-index",
    "dibao-daan-urban",
    "dibao-zhangjiagang",
];
const DEPARTMENTS: [&str; 13] = [
    "agriculture",
    "commerce",
    "disabled-federation",
    "education",
    "employment",
    "finance-office",
    "fiscal-payroll",
    "housing",
    "medical-insurance",
    "provident-fund",
    "social-insurance",
    "taxation",
    "traffic-police",
];

/// What the departments know of a couple: wages, rents and deposits in yuan, a pension, dwellings, months of casual work.
#[derive(Clone, Debug)]
struct Story {
    wages: Vec<(u32, u32)>,
    rent: u32,
    deposits: Vec<u32>,
    pension: u32,
    dwellings: u32,
    casual: u32,
    /// Whether they state the pension themselves, as they should.
    stated: bool,
    /// 2018, or 2023, when the basic pension is not counted.
    year: u32,
}

fn story() -> impl Strategy<Value = Story> {
    let wages = prop::collection::vec((0u32..2, 0u32..1_500), 0..3);
    let deposits = prop::collection::vec(0u32..9_000, 0..3);
    let numbers = (0u32..9_000, 0u32..400, 0u32..3, 0u32..4);
    let choices = (any::<bool>(), prop::sample::select(vec![2018u32, 2023]));
    (wages, deposits, numbers, choices).prop_map(|(wages, deposits, numbers, (stated, year))| {
        let (rent, pension, dwellings, casual) = numbers;
        Story {
            wages,
            rent,
            deposits,
            pension,
            dwellings,
            casual,
            stated,
            year,
        }
    })
}

impl Story {
    fn case(&self) -> Case {
        let (prior, first) = (format!("{}-05", self.year), format!("{}-06", self.year - 1));
        let mut man = member(Sex::Male, "1950-03-01", Relation::Applicant, 0, 1);
        if self.stated {
            man.incomes.push(DeclaredIncome {
                kind: IncomeKind::Transfer,
                amount: Fen(i64::from(self.pension) * 100),
                from: prior.parse().unwrap(),
                until: prior.parse().unwrap(),
            });
        }
        let wife = member(Sex::Female, "1985-02-01", Relation::Spouse, self.casual, 2);
        let mut case = Case::new(&format!("{}-06-15", self.year), vec![man, wife]);
        for (who, yuan) in &self.wages {
            case.income(*who, IncomeKind::Wage, &prior, &prior, i64::from(*yuan) * 100);
        }
        if self.rent > 0 {
            case.income(0, IncomeKind::Property, &first, &prior, i64::from(self.rent) * 100);
        }
        for yuan in &self.deposits {
            case.deposit(1, i64::from(*yuan) * 100);
        }
        if self.pension > 0 {
            case.pension(
                0,
                i64::from(self.pension) * 100,
                5_000.min(i64::from(self.pension) * 100),
            );
        }
        for unit in 0..self.dwellings {
            case.dwelling(0, &format!("U{unit}"));
        }
        case
    }
}

/// A pack with a standard that is higher by some percent, on every day.
fn raised(id: &str, percent: i64) -> Pack {
    let text = shipped(id).text();
    let at = text.find("\nname = \"standard").unwrap();
    let (before, rest) = text.split_at(at);
    let (parameter, behind) = rest.split_at(rest.find("\n\n").unwrap());
    let mut values = parameter.split("value = ");
    let mut higher = values.next().unwrap().to_owned();
    for value in values {
        let end = value.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap();
        let yuan: i64 = value[..end].replace('_', "").parse().unwrap();
        higher.push_str(&format!("value = \"{}/100\"{}", yuan * (100 + percent), &value[end..]));
    }
    assert_ne!(higher, parameter);
    Pack::parse("raised.toml", &[before, &higher, behind].concat()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_department_that_falls_silent_never_grants_and_never_refuses(
        story in story(),
        silent in prop::collection::vec(prop::sample::select(&DEPARTMENTS[..]), 1..4),
        id in prop::sample::select(&PACKS[..]),
    ) {
        let pack = shipped(id);
        let before = story.case().judge(pack);
        let mut case = story.case();
        for department in silent {
            case.silence(department);
        }
        let after = case.judge(pack);
        let allowed: &[Outcome] = match before.outcome {
            Outcome::Qualifies => &[Outcome::Qualifies, Outcome::Inconclusive],
            Outcome::Exceeds => &[Outcome::Exceeds, Outcome::Inconclusive],
            Outcome::Inconclusive => &[Outcome::Inconclusive],
        };
        prop_assert!(allowed.contains(&after.outcome), "{:?} became {:?}", before.outcome, after.outcome);
        // The bounds of the amount can only widen.
        if let (Some(a), Some(b)) = (before.amount, after.amount) {
            prop_assert!(b.lo <= a.lo);
            prop_assert!(b.hi.is_none_or(|b| a.hi.is_some_and(|a| a <= b)));
        }
    }

    #[test]
    fn more_known_income_never_turns_a_refusal_into_a_grant(story in story(), more in 1u32..2_000, id in prop::sample::select(&PACKS[..])) {
        let pack = shipped(id);
        let before = story.case().judge(pack);
        let mut richer = story.clone();
        richer.wages.push((0, more));
        let after = richer.case().judge(pack);
        let rank = |outcome| match outcome {
            Outcome::Qualifies => 2,
            Outcome::Inconclusive => 1,
            Outcome::Exceeds => 0,
        };
        prop_assert!(rank(after.outcome) <= rank(before.outcome));
        if let (Some(a), Some(b)) = (before.amount, after.amount) {
            prop_assert!(b.lo <= a.lo);
        }
    }

    #[test]
    fn a_higher_standard_drops_nobody_who_stays_within_the_property_limits(
        story in story(),
        silent in prop::collection::vec(prop::sample::select(&DEPARTMENTS[..]), 0..2),
        percent in 1i64..200,
        id in prop::sample::select(&PACKS[..]),
    ) {
        let mut case = story.case();
        for department in silent {
            case.silence(department);
        }
        let (before, after) = (case.judge(shipped(id)), case.judge(&raised(id, percent)));
        let of_property = after.tests.iter().filter(|test| !["income", "band"].contains(&test.name.as_str()));
        let within = of_property.clone().all(|test| test.result == Truth::Holds);
        prop_assert!(of_property.count() > 0);
        let rank = |outcome| match outcome {
            Outcome::Qualifies => 2,
            Outcome::Inconclusive => 1,
            Outcome::Exceeds => 0,
        };
        if within {
            prop_assert!(rank(after.outcome) >= rank(before.outcome), "{:?} became {:?}", before.outcome, after.outcome);
        }
        if before.outcome == Outcome::Qualifies {
            let (a, b) = (before.amount.unwrap(), after.amount.unwrap());
            prop_assert!(b.lo >= a.lo, "{:?} became {:?}", a, b);
        }
    }

    #[test]
    fn an_inconclusive_verdict_always_says_what_could_decide_it(
        story in story(),
        silent in prop::sample::select(&DEPARTMENTS[..]),
        id in prop::sample::select(&PACKS[..]),
    ) {
        let mut case = story.case();
        case.silence(silent);
        let verdict = case.judge(shipped(id));
        let named = !verdict.undecided_by.is_empty() || !verdict.undecided_because.is_empty();
        prop_assert_eq!(named, verdict.outcome == Outcome::Inconclusive);
        // Only the one that is silent can decide.
        prop_assert!(verdict.undecided_by.iter().all(|d| d.as_str() == silent));
    }
}

#[test]
fn a_register_that_cannot_matter_leaves_the_verdict_settled() {
    let mut case = Case::daan();
    case.silence("education");
    case.silence("provident-fund");
    let pack = shipped("dibao-daan-rural");
    let verdict = case.judge(pack);
    // The provident fund may show a job, so it stays open; education holds nothing that this pack asks for.
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    assert_eq!(
        verdict.undecided_by.iter().map(|d| d.as_str()).collect::<Vec<_>>(),
        ["provident-fund"]
    );
}

#[test]
fn a_known_excess_is_final_whatever_is_silent() {
    let mut case = Case::single(DATE);
    case.dwelling(0, "U1");
    case.dwelling(0, "U2");
    for department in DEPARTMENTS.iter().filter(|d| **d != "housing") {
        case.silence(department);
    }
    let verdict = case.judge(shipped("dibao-dachuan-urban"));
    assert_eq!(verdict.outcome, Outcome::Exceeds);
    assert!(verdict.undecided_by.is_empty() && verdict.amount.is_none());
}

#[test]
fn total_silence_is_inconclusive_with_every_department_that_matters() {
    let mut case = Case::single(DATE);
    for department in DEPARTMENTS {
        case.silence(department);
    }
    let verdict = case.judge(shipped("dibao-dachuan-urban"));
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    let named: Vec<&str> = verdict.undecided_by.iter().map(|d| d.as_str()).collect();
    // Not disability, not schooling, not medical cost: this pack never asks for them.
    let wanted: Vec<&str> = DEPARTMENTS
        .into_iter()
        .filter(|d| !["disabled-federation", "education", "medical-insurance"].contains(d))
        .collect();
    assert_eq!(named, wanted);
    assert_eq!(verdict.amount.map(|a| (a.lo, a.hi)), Some((0, Some(52_000))));
}

#[test]
fn a_silent_disability_register_leaves_the_index_between_all_that_it_could_show() {
    let mut case = Case::daan();
    case.silence("disabled-federation");
    let verdict = case.judge(shipped("dibao-daan-rural-capacity-index"));
    let index = verdict.trace.iter().find(|s| s.name == "household_index").unwrap();
    assert_eq!(index.value, "[0, 0.6]");
    assert_eq!(
        index.missing.iter().map(|d| d.as_str()).collect::<Vec<_>>(),
        ["disabled-federation"]
    );
    // Income stays below the standard whatever the index is.
    assert_eq!(verdict.outcome, Outcome::Qualifies);
    assert!(verdict.amount.is_some_and(|a| a.hi != Some(a.lo)));
}

#[test]
fn a_pension_that_is_only_declared_may_be_the_basic_one_that_does_not_count() {
    let story = Story {
        wages: vec![(1, 1_000)],
        rent: 0,
        deposits: Vec::new(),
        pension: 300,
        dwellings: 0,
        casual: 0,
        stated: true,
        year: 2023,
    };
    let pack = shipped("dibao-dachuan-urban");
    let countable = |case: &Case| crate::testing::traced(&case.judge(pack), "countable_transfer", None).to_owned();
    let mut case = story.case();
    assert_eq!(countable(&case), "250");
    assert_eq!(case.judge(pack).outcome, Outcome::Exceeds);
    case.silence("social-insurance");
    let silent = countable(&case);
    assert!(silent.starts_with("[0,") || silent.starts_with("[250,"), "{silent}");
}
