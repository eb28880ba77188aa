//! The laws of figures, over any answers of any departments.
//! Leaves the single rules to the examples beside it.

mod assets;
mod incomes;
mod natures;
mod pieces;
mod restricted;
mod standing;
mod wages;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::answer::AnswerState;
use crate::bounds::{Bounds, Figure};
use crate::dates::Months;
use crate::facts::Fact;
use crate::household::Household;
use crate::record::{IncomeKind, RecordType, TransferNature};
use crate::testing::*;

fn types_of(fact: Fact) -> &'static [RecordType] {
    use RecordType as T;
    match fact {
        Fact::Income(IncomeKind::Wage) => &[
            T::Income,
            T::PublicPayroll,
            T::SocialInsurance,
            T::ProvidentFund,
            T::Employment,
        ],
        Fact::Income(IncomeKind::Business) => &[T::Income, T::Subsidy],
        Fact::Income(IncomeKind::Property) => &[T::Income, T::Land],
        Fact::Income(IncomeKind::Transfer) => &[T::Income, T::Pension, T::Employment],
        Fact::BasicPension | Fact::Transfer(_) | Fact::CasualWorkMonths => &[],
        Fact::MedicalOwnCost => &[T::MedicalExpense],
        Fact::FinancialAssets => &[T::FinancialAsset],
        Fact::ProvidentFundBalance => &[T::ProvidentFund],
        Fact::Dwellings | Fact::OtherRealEstate | Fact::RealEstateGivenUp | Fact::DwellingArea => &[T::RealEstate],
        Fact::Vehicles | Fact::CommercialVehicles => &[T::Vehicle],
        Fact::Businesses => &[T::Business],
        Fact::PublicPayroll => &[T::PublicPayroll],
    }
}

fn figure(household: &Household, said: &[Said], fact: Fact, subject: Option<u32>, window: Months) -> Figure {
    ask(household, said, |facts| {
        facts.figure(fact, subject, window).as_ref().clone()
    })
}

fn minus(a: Bounds, b: Bounds) -> Bounds {
    Bounds {
        lo: a.lo.zip(b.hi).map(|(a, b)| a - b),
        hi: a.hi.zip(b.lo).map(|(a, b)| a - b),
    }
}

fn subjects() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![2 => Just(None), 1 => (0..3u32).prop_map(Some)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever a department would have said is within what its silence leaves possible: every department and member in turn.
    #[test]
    fn silence_only_widens(
        household in any_household(), said in any_said(), window in windows(), subject in subjects(), silence in silences(),
    ) {
        for (department, ordinal) in (0..said.len()).flat_map(|d| (0..3usize).map(move |o| (d, o))) {
            let mut less = said.clone();
            less[department].subjects[ordinal].state = silence.clone();
            let profile = &said[department].profile;
            for fact in all_facts() {
                if !profile.record_types.iter().any(|t| types_of(fact).contains(t)) {
                    continue;
                }
                let before = figure(&household, &said, fact, subject, window);
                let after = figure(&household, &less, fact, subject, window);
                prop_assert!(
                    after.bounds.contains(before.bounds),
                    "{fact:?}: {:?} does not hold {:?} of {}", after.bounds, before.bounds, told(&said)
                );
                if subject.is_none_or(|s| s as usize == ordinal) {
                    prop_assert!(after.missing.contains(&profile.id), "{fact:?} does not list the department");
                }
            }
            for part in TransferNature::ALL.iter().map(|n| Fact::Transfer(*n)).chain([Fact::BasicPension]) {
                let net = |said: &[Said]| {
                    let transfer = figure(&household, said, Fact::Income(IncomeKind::Transfer), subject, window);
                    minus(transfer.bounds, figure(&household, said, part, subject, window).bounds)
                };
                prop_assert!(net(&less).contains(net(&said)), "transfer less {part:?}: {}", told(&said));
            }
        }
    }

    /// What a department was not asked for is as if another of the same name held it and were silent.
    #[test]
    fn what_was_not_asked_for_is_silence(
        household in any_household(), said in any_said(), window in windows(), subject in subjects(),
        asked in proptest::sample::subsequence(RecordType::ALL.to_vec(), 0..=RecordType::ALL.len()),
    ) {
        let mut said = said;
        for answer in said.iter_mut().flat_map(|d| &mut d.subjects) {
            if let AnswerState::Found { records } = &mut answer.state {
                records.retain(|record| asked.contains(&record.body.record_type()));
                if records.is_empty() {
                    answer.state = AnswerState::NoRecord;
                }
            }
        }
        let split: Vec<Said> = said.iter().flat_map(|d| {
            let (mut spoke, mut silent) = (d.clone(), d.clone());
            spoke.profile.record_types.retain(|t| asked.contains(t));
            silent.profile.record_types.retain(|t| !asked.contains(t));
            for answer in &mut silent.subjects {
                answer.state = SILENCE;
            }
            [spoke, silent]
        }).collect();
        for fact in all_facts() {
            let of = |facts: &crate::facts::Facts<'_>| facts.figure(fact, subject, window).as_ref().clone();
            let found = ask_for(&household, &said, &asked, of);
            let expected = ask(&household, &split, of);
            prop_assert_eq!(found.bounds, expected.bounds, "{:?}: {}", fact, told(&said));
            prop_assert_eq!((found.missing, found.open), (expected.missing, expected.open), "{:?}: {}", fact, told(&said));
        }
    }

    /// What is certain of single months may not be too much for all of them.
    #[test]
    fn months_add_up_to_no_more_than_is_possible(household in any_household(), said in any_said(), subject in subjects()) {
        let year = Months::before(as_of(), 12);
        for kind in IncomeKind::ALL {
            let of = |window: Months| figure(&household, &said, Fact::Income(*kind), subject, window).bounds;
            let months = (0..12).map(|at| year.from.plus(at));
            let certain: i64 = months.filter_map(|month| of(Months { from: month, until: month }).lo).sum();
            let possible = of(year);
            prop_assert!(possible.hi.is_none_or(|hi| hi >= certain), "{kind:?} {certain} {possible:?}: {}", told(&said));
        }
    }

    /// The order of departments and of their records decides nothing.
    #[test]
    fn order_decides_nothing(
        household in any_household(), said in any_said(), window in windows(), subject in subjects(),
    ) {
        let mut other = said.clone();
        other.reverse();
        for answer in other.iter_mut().flat_map(|d| &mut d.subjects) {
            if let AnswerState::Found { records } = &mut answer.state {
                records.reverse();
            }
        }
        for fact in all_facts() {
            let (a, b) = (
                figure(&household, &said, fact, subject, window),
                figure(&household, &other, fact, subject, window),
            );
            prop_assert_eq!(a.bounds, b.bounds, "{:?}", fact);
            prop_assert_eq!((a.missing, a.open), (b.missing, b.open), "{:?}", fact);
        }
    }

    /// An interval is one, nothing is below zero, and a figure that is not exact says why.
    #[test]
    fn a_figure_is_sound_and_says_why_it_is_open(
        household in any_household(), said in any_said(), window in windows(), subject in subjects(),
    ) {
        for fact in all_facts() {
            let figure = figure(&household, &said, fact, subject, window);
            let Bounds { lo, hi } = figure.bounds;
            prop_assert!(lo >= Some(0), "{fact:?} below zero: {lo:?}");
            prop_assert!(hi.is_none_or(|hi| lo <= Some(hi)), "{fact:?} reversed");
            prop_assert!(
                figure.bounds.is_exact() || !figure.missing.is_empty() || !figure.open.is_empty(),
                "{fact:?} {:?} is open without a reason: {}", figure.bounds, told(&said)
            );
            prop_assert!(figure.missing.is_sorted() && figure.open.is_sorted());
        }
    }

    /// A department that joins and has no record changes nothing; one that is silent leaves everything possible that was.
    #[test]
    fn a_department_without_records_changes_nothing(
        household in any_household(), said in any_said(), window in windows(), subject in subjects(),
    ) {
        let mut more = said.clone();
        more.push(nothing("z-empty"));
        for fact in all_facts() {
            prop_assert_eq!(
                figure(&household, &said, fact, subject, window).bounds,
                figure(&household, &more, fact, subject, window).bounds,
                "{:?}", fact
            );
        }
    }

    /// What more records say never lowers the most that is possible: no record, garbled or lying, makes anyone poorer on paper. The one
    /// exception is by rule: an older balance gives way to a newer one, and an operation makes a vehicle commercial.
    #[test]
    fn another_record_never_lowers_the_upper_bound(
        said in any_said(), window in windows(), extras in proptest::collection::vec(any_body(), 24), department in any::<Index>(),
    ) {
        let household = checked(family());
        let mut more = said.clone();
        let at = department.index(said.len());
        let excepted = [RecordType::FinancialAsset, RecordType::Vehicle, RecordType::MedicalExpense];
        let held = |t: RecordType| said[at].profile.record_types.contains(&t) && !excepted.contains(&t);
        let Some(extra) = extras.into_iter().find(|e| held(e.record_type())) else { return Ok(()) };
        let AnswerState::Found { records } = &mut more[at].subjects[0].state else { return Ok(()) };
        records.push(crate::record::Record { reference: "another".into(), body: extra.clone() });
        for fact in all_facts().into_iter().filter(|f| !matches!(f, Fact::BasicPension | Fact::Transfer(_))) {
            let before = figure(&household, &said, fact, None, window);
            let after = figure(&household, &more, fact, None, window);
            // Hearing what a job pays closes what was open without it.
            if before.open.iter().any(|c| c == "WAGE_UNKNOWN") {
                continue;
            }
            let greater = after.bounds.hi.is_none() || before.bounds.hi.is_some_and(|b| after.bounds.hi >= Some(b));
            prop_assert!(greater, "{fact:?}: {:?} to {:?} by {}", before.bounds, after.bounds, told(&more));
        }
    }
}

/// What was said, for a failure to be understood; the numbers are of nobody.
fn told(said: &[Said]) -> String {
    let answers: Vec<_> = said.iter().map(|s| (&s.profile.id, &s.subjects)).collect();
    serde_json::to_string(&answers).unwrap()
}

/// A department that holds everything and has nothing.
fn nothing(name: &str) -> Said {
    said(name, RecordType::ALL, vec![AnswerState::NoRecord; 3])
}
