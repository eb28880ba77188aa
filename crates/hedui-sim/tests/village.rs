//! A village whose Dibao is reckoned again under the working-capacity index, as the pilot in Da'an did for a village of 109 households.
//! The village is synthetic, drawn from a seed: who gains and loses here is nobody's figure. Leaves single rules to the tests of the packs.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use hedui_core::household::Residence;
use hedui_core::verdict::Per;
use hedui_core::{Date, Outcome, ProgrammeId, Town, Verdict};
use hedui_ids::DivisionCode;
use hedui_policy::{Change, Filed, Needs, Pack, PackSet, Row, Simulation, Snapshot, Terms};
use hedui_sim::population::Truth;
use hedui_sim::{Settings, generate};

mod facts;

const HOUSEHOLDS: usize = 109;
const TODAY: Date = Date::constant(2018, 6, 18);

/// The first rural households of a synthetic Da'an.
fn village() -> Vec<Truth> {
    let settings = Settings {
        seed: 109,
        district: "220882".into(),
        households: 600,
        as_of: TODAY,
        programmes: vec!["dibao".into()],
    };
    let population = generate(&settings).unwrap();
    let rural = population.households.into_iter();
    let rural = rural.filter(|truth| truth.household.residence == Residence::Rural);
    let village: Vec<Truth> = rural.take(HOUSEHOLDS).collect();
    assert_eq!(village.len(), HOUSEHOLDS);
    village
}

/// What a household is paid in a year by its verdict, where that is settled.
fn yearly(verdict: &Verdict) -> Option<i128> {
    let Some(amount) = verdict
        .amount
        .as_ref()
        .filter(|_| verdict.outcome == Outcome::Qualifies)
    else {
        return (verdict.outcome == Outcome::Exceeds).then_some(0);
    };
    assert_ne!(amount.per, Per::Once);
    let times = if amount.per == Per::Month { 12 } else { 1 };
    (amount.hi == Some(amount.lo)).then_some(i128::from(amount.lo) * times)
}

#[test]
fn a_village_under_the_index_is_told_household_by_household() {
    let packs = PackSet::bundled().unwrap();
    let pack = |id| packs.get(id, "1").unwrap();
    let (from, to) = (pack("dibao-daan-rural"), pack("dibao-daan-rural-capacity-index"));
    let simulation = Simulation::new(from, to, Terms::default()).unwrap();
    let profiles = facts::profiles();
    let needs: Vec<Arc<Needs>> = Needs::groups([from, to]).into_iter().map(Arc::new).collect();
    let place = (
        DivisionCode::parse("220882").unwrap(),
        Residence::Rural,
        Town::parse("220882101206"),
    );
    let dibao = [ProgrammeId::new("dibao").unwrap()];
    let (mut filed, mut verdicts) = (Vec::new(), Vec::new());
    for truth in village() {
        facts::with_facts(&truth, &profiles, TODAY, |facts| {
            let taken = needs.iter().map(|needs| Snapshot::of_facts(facts, &[], needs).unwrap());
            filed.push(Filed::encode(place, &dibao, &taken.collect::<Vec<_>>()).unwrap());
            verdicts.push([from, to].map(|pack: &Pack| pack.evaluate(facts, &[])));
        });
    }
    let rows: Vec<Row<'_>> = filed
        .iter()
        .zip(0u128..)
        .map(|(filed, number)| Row {
            reference: number.to_be_bytes(),
            filed,
        })
        .collect();
    let tally = simulation.fold(&rows).unwrap();

    let total = tally.total;
    assert_eq!(total.households(), HOUSEHOLDS as u64);
    assert_eq!(total.changes.iter().sum::<u64>(), HOUSEHOLDS as u64);
    // Both sums are those of the verdicts, one after the other.
    for (side, sum) in [(0, total.before), (1, total.after)] {
        let single = verdicts.iter().map(|both| yearly(&both[side]).unwrap_or(0));
        assert_eq!(sum.lo, single.sum::<i128>());
    }
    let mut counts: BTreeMap<Change, u64> = BTreeMap::new();
    for both in &verdicts {
        let [was, is] = [&both[0], &both[1]];
        let change = match (was.outcome, is.outcome, yearly(was).zip(yearly(is))) {
            (Outcome::Exceeds, Outcome::Exceeds, _) => Change::StaysOut,
            (Outcome::Exceeds, Outcome::Qualifies, _) => Change::Enters,
            (Outcome::Qualifies, Outcome::Exceeds, _) => Change::DropsOut,
            (Outcome::Qualifies, Outcome::Qualifies, Some((was, is))) => {
                let little = 1_200.max(was / 100);
                match is - was {
                    more if more > little => Change::Gains,
                    less if less < -little => Change::Loses,
                    _ => Change::Little,
                }
            }
            other => panic!("every department answers here, and yet: {other:?}"),
        };
        *counts.entry(change).or_default() += 1;
    }
    for change in Change::ALL {
        assert_eq!(
            total.of(change),
            counts.get(&change).copied().unwrap_or(0),
            "{change:?}"
        );
    }
    // The index moves money between households: a village where it did not would tell nothing.
    assert!(
        total.of(Change::Gains) > 0 && total.before.lo != total.after.lo,
        "{counts:?}"
    );
    assert_eq!(
        tally.towns.keys().copied().collect::<Vec<_>>(),
        [Town::parse("220882101")]
    );
}
