//! The truth seen by the domain: with every department answering, the figures of honest households are what they declare, and every
//! cheat raises a figure or a finding. Leaves rules and limits to the policy packs.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::collections::BTreeMap;

use hedui_core::{Date, Fact, Facts, Finding, Months, ProgrammeId, Tolerances, findings};
use hedui_sim::population::{CheatKind, Oddity, Truth};
use hedui_sim::{Settings, generate};

mod facts;

use facts::profiles;

/// Judges every household of a district.
fn judge(households: u32, mut each: impl FnMut(&Truth, &Facts<'_>, &[Finding])) {
    let as_of = Date::new(2019, 6, 18).unwrap();
    let programmes = vec!["dibao".to_owned()];
    let settings = Settings {
        seed: 99,
        district: "511703".into(),
        households,
        as_of,
        programmes,
    };
    let population = generate(&settings).unwrap();
    let profiles = profiles();
    for truth in &population.households {
        facts::with_facts(truth, &profiles, as_of, |facts| {
            let found = findings(
                facts,
                &[ProgrammeId::new("dibao").unwrap()],
                "511703",
                Tolerances::default(),
            );
            each(truth, facts, &found);
        });
    }
}

#[test]
fn every_cheat_raises_a_figure_or_a_finding() {
    let mut seen: BTreeMap<CheatKind, u32> = BTreeMap::new();
    judge(1500, |truth, facts, found| {
        let window = Months::before(facts.as_of, 12);
        let least = |fact| facts.figure(fact, None, window).bounds.lo.unwrap();
        for cheat in &truth.cheats {
            *seen.entry(cheat.kind).or_default() += 1;
            let raised = match cheat.kind {
                CheatKind::Car => least(Fact::Vehicles) == 1,
                CheatKind::SecondFlat => least(Fact::Dwellings) == 2,
                CheatKind::Business => least(Fact::Businesses) == 1,
                CheatKind::Deposits => least(Fact::FinancialAssets) >= 12_000_000,
                CheatKind::UndeclaredSpouse => found.iter().any(|f| f.subject == Some(0) && f.code.contains("SPOUSE")),
            };
            assert!(raised, "household {}: {:?} is not seen", truth.number, cheat.kind);
        }
    });
    assert_eq!(seen.len(), CheatKind::ALL.len(), "{seen:?}");
}

#[test]
fn the_figures_of_the_honest_are_settled_and_are_what_they_declare() {
    judge(600, |truth, facts, found| {
        let odd = truth.oddities.contains(&Oddity::FormerName) || truth.oddities.contains(&Oddity::DeceasedMember);
        if !truth.cheats.is_empty() || odd {
            return;
        }
        let window = Months::before(facts.as_of, 12);
        let declared = &truth.household.declared;
        let figures = [
            (Fact::Vehicles, i64::from(declared.vehicles.unwrap())),
            (Fact::Dwellings, i64::from(declared.dwellings.unwrap())),
            (Fact::Businesses, i64::from(declared.businesses.unwrap())),
            (Fact::FinancialAssets, declared.financial_assets.unwrap().0),
        ];
        for (fact, amount) in figures {
            let figure = facts.figure(fact, None, window);
            assert!(
                figure.bounds.is_exact(),
                "household {}: {fact:?} stays open: {:?}",
                truth.number,
                figure.bounds
            );
            assert_eq!(figure.bounds.lo, Some(amount), "household {}: {fact:?}", truth.number);
        }
        for kind in hedui_core::record::IncomeKind::ALL {
            let stated = truth
                .household
                .members
                .iter()
                .flat_map(|m| &m.incomes)
                .filter(|i| i.kind == *kind);
            let stated: i64 = stated.map(|i| i.amount.0).sum();
            let figure = facts.figure(Fact::Income(*kind), None, window);
            assert!(
                figure.bounds.is_exact(),
                "household {}: {kind:?} stays open",
                truth.number
            );
            assert_eq!(figure.bounds.lo, Some(stated), "household {}: {kind:?}", truth.number);
        }
        let accused: Vec<&str> = found
            .iter()
            .map(|f| f.code.as_str())
            .filter(|c| c.contains("UNDECLARED"))
            .collect();
        assert!(accused.is_empty(), "household {}: {accused:?}", truth.number);
    });
}
