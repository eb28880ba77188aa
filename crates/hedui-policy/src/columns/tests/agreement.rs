//! Columns, exact fractions on snapshots, and the evaluator on facts say the same of the same household.
//! Leaves whether that is right to `oracle`.

use hedui_core::dates::Date;
use hedui_core::household::Relation;
use hedui_core::record::{self, DisabilityKind, IncomeKind, RecordBody};
use hedui_core::verdict::Verdict;
use hedui_ids::Sex;
use proptest::prelude::*;
use smol_str::SmolStr;

use super::households::{Kind, NEEDS, Random, all_columns, any_columns, capacity_index, household};
use crate::columns::layout::Shape;
use crate::snapshot::Snapshot;
use crate::testing::{Case, member};
use crate::{Columns, Judged, Payable, When};

#[test]
fn every_shipped_pack_has_columns_for_every_size_and_time() {
    for columns in all_columns() {
        for persons in 1..=20 {
            for year in [2018, 2023, 2026] {
                let day = Date::new(year, 6, 15).unwrap();
                assert_eq!(
                    columns.has_columns(persons, day),
                    [true; 2],
                    "{} {persons} {year}",
                    columns.pack().id()
                );
                for may_be_open in [false, true] {
                    // The README promises this limit.
                    let kernel = columns.kernel(columns.time(day), Shape { persons, may_be_open });
                    assert_eq!(kernel.map(|kernel| kernel.money), Some(1 << 40), "{persons}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn columns_judge_as_exact_fractions_do(seed: u64, kind in prop::sample::select(vec![Kind::Settled, Kind::OnBounds, Kind::Wild])) {
        let columns = any_columns(seed);
        let snapshots: Vec<Snapshot> = (0..64).map(|n| household(seed.wrapping_add(n), &NEEDS, kind)).collect();
        for when in [When::OwnDate, When::On(Date::new(2023, 2, 28).unwrap())] {
            let judged = columns.judge_all(&snapshots, when).unwrap();
            for (snapshot, judged) in snapshots.iter().zip(judged) {
                prop_assert_eq!(judged, columns.judge_exactly(snapshot, when).unwrap(), "{:?}", snapshot);
            }
        }
    }
}

/// What a verdict says, as columns say it.
fn said(verdict: &Verdict, columns: &Columns<'_>) -> Judged {
    let position = |band: &SmolStr| (0u8..).find(|at| columns.band(*at) == Some(band.as_str())).unwrap();
    Judged {
        outcome: verdict.outcome,
        band: verdict.band.as_ref().map(position),
        amount: verdict.amount.as_ref().map(|amount| Payable {
            lo: amount.lo,
            hi: amount.hi,
        }),
    }
}

/// A household whose departments know something, and of which some are silent.
fn case(seed: u64) -> Case {
    let mut random = Random(seed);
    let as_of = random.pick(&["2018-06-15", "2023-06-15", "2026-01-01"]);
    let persons = random.within(1, 5) as u16;
    let members = (0..persons).map(|order| {
        let sex = random.pick(&[Sex::Female, Sex::Male]);
        let year = if order == 0 { 1970 } else { random.within(1940, 2016) };
        let birth = format!("{year}-{:02}-{:02}", random.within(1, 12), random.within(1, 28));
        let relation = if order == 0 {
            Relation::Applicant
        } else {
            Relation::Other
        };
        member(sex, &birth, relation, random.pick(&[0, 0, 3, 12]), order + 1)
    });
    let mut case = Case::new(as_of, members.collect());
    let year = &as_of[..4].parse::<i32>().unwrap() - 1;
    for subject in 0..u32::from(persons) {
        if random.one_in(2) {
            let fen = random.within(0, 1_000_000);
            let kind = random.pick(&[
                IncomeKind::Wage,
                IncomeKind::Business,
                IncomeKind::Property,
                IncomeKind::Transfer,
            ]);
            case.income(subject, kind, &format!("{year}-07-01"), &format!("{year}-12-31"), fen);
        }
        if random.one_in(3) {
            case.deposit(subject, random.within(0, 2_000_000));
        }
        if random.one_in(4) {
            case.dwelling(subject, &format!("unit {}", random.below(3)));
        }
        if random.one_in(4) {
            case.pension(subject, 20_000, random.within(0, 20_000));
        }
        if random.one_in(4) {
            let body = record::Disability {
                kind: random.pick(DisabilityKind::ALL),
                grade: random.within(1, 4) as u32,
                certificate_number: Default::default(),
                issued_on: None,
            };
            case.found("disabled-federation", subject, RecordBody::Disability(body));
        }
    }
    let departments = [
        "taxation",
        "finance-office",
        "housing",
        "disabled-federation",
        "social-insurance",
    ];
    for department in departments {
        if random.one_in(6) {
            case.silence(department);
        }
    }
    case
}

proptest! {
    #[test]
    fn a_snapshot_is_judged_as_the_facts_it_was_taken_from(seed: u64) {
        let case = case(seed);
        let open: Vec<SmolStr> = match seed % 4 {
            0 => vec!["DECEASED_MEMBER".into()],
            1 => vec!["ANOTHER_ASSISTANCE".into()],
            _ => Vec::new(),
        };
        case.with_facts(|facts| {
            let snapshot = Snapshot::of_facts(facts, &open, &NEEDS).unwrap();
            let stored = Snapshot::decode(&snapshot.encode()).unwrap();
            for columns in all_columns() {
                let expected = said(&columns.pack().evaluate(facts, &open), columns);
                let judged = columns.judge_all(std::slice::from_ref(&stored), When::OwnDate).unwrap();
                prop_assert_eq!(judged, vec![expected], "{}", columns.pack().id());
            }
            Ok(())
        })?;
    }
}

#[test]
fn the_pilots_worked_example_is_paid_as_printed() {
    let case = Case::daan();
    case.with_facts(|facts| {
        let snapshot = Snapshot::of_facts(facts, &[], &NEEDS).unwrap();
        let [judged] = capacity_index().judge_all(&[snapshot], When::OwnDate).unwrap()[..] else {
            panic!("one household, one verdict")
        };
        let amount = Some(Payable {
            lo: 779_190,
            hi: Some(779_190),
        });
        assert_eq!(judged.amount, amount);
    });
}
