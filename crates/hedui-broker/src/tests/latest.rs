//! The latest verification of each household: against a model that remembers every verification, in any order of asking.
//! Leaves what is done with it to re-evaluation and simulation.

use hedui_core::ProgrammeId;
use hedui_core::household::Relation;
use hedui_evidence::{EvidenceStore, Position};
use proptest::prelude::*;

use super::retention::{FIRST, SCHEDULE, SECOND, YEAR_MS};
use super::support::*;
use crate::{CaseId, HouseholdsOf, Latest, LatestState, State};

/// One verification of the model: which family, about how many days ago, for which programme, and whether its caller ends it.
#[derive(Clone, Debug)]
struct Step {
    family: u16,
    days: i8,
    low_income: bool,
    cancelled: bool,
    reversed: bool,
}

fn step() -> impl Strategy<Value = Step> {
    (0..3u16, 0..3i8, any::<bool>(), prop::bool::weighted(0.2), any::<bool>()).prop_map(
        |(family, days, low_income, cancelled, reversed)| Step {
            family,
            days,
            low_income,
            cancelled,
            reversed,
        },
    )
}

fn all() -> HouseholdsOf<'static> {
    HouseholdsOf {
        district: DISTRICT,
        programme: None,
        before: None,
    }
}

/// Every household, read in pages of a size.
async fn households(world: &World, of: HouseholdsOf<'_>, limit: usize) -> Vec<Latest> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = world.broker.latest(of, after, limit).await.unwrap();
        found.extend(page.households);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn carry_out(world: &World, step: &Step) -> CaseId {
    let mut request = family(step.family);
    if step.reversed {
        // Whoever stands first in the request: the household is the applicant's.
        request.household.members.reverse();
    }
    request.as_of = Some(date(2026, 11, 22 - step.days));
    request.programmes = vec![if step.low_income { "low-income" } else { "dibao" }.to_owned()];
    if step.cancelled {
        world.department("bank").holds();
        let case = world.begin(request).await;
        settle().await;
        world.broker.cancel(case).await.unwrap();
        world.department("bank").does(|ask| Act::Now(nothing(&ask.query)));
        return case;
    }
    let ended = world.verify(request).await;
    assert_eq!(ended.state, State::Succeeded);
    ended.case
}

/// What the model says of a family: when it was first asked about, and which verification counts.
fn expected(done: &[(Step, CaseId)], programme: Option<bool>) -> Vec<(u16, Option<CaseId>)> {
    let mut order: Vec<u16> = Vec::new();
    let is_for = |step: &Step| programme.is_none_or(|low| step.low_income == low);
    for (step, _) in done.iter().filter(|(step, _)| is_for(step)) {
        if !order.contains(&step.family) {
            order.push(step.family);
        }
    }
    let best = |family: u16| {
        let of = done
            .iter()
            .enumerate()
            .filter(|(_, (s, _))| s.family == family && is_for(s) && !s.cancelled);
        of.max_by_key(|(at, (s, _))| (-s.days, *at)).map(|(_, (_, case))| *case)
    };
    order.into_iter().map(|family| (family, best(family))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_household_once_in_the_order_of_its_first_verification(
        steps in prop::collection::vec(step(), 1..8),
        limit in 1usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let low_income = ProgrammeId::new("low-income").unwrap();
            let mut done: Vec<(Step, CaseId)> = Vec::new();
            let mut ends: Vec<Position> = Vec::new();
            let mut keys = std::collections::BTreeMap::new();
            for step in steps {
                let case = carry_out(&world, &step).await;
                done.push((step, case));
                ends.push(world.memory.status().await.unwrap().end);
            }
            for (programme, word) in [(None, None), (Some(true), Some(&low_income))] {
                let found = households(&world, HouseholdsOf { programme: word, ..all() }, limit).await;
                let model = expected(&done, programme);
                assert_eq!(found.len(), model.len());
                for (found, (family, case)) in found.iter().zip(&model) {
                    assert_eq!(found.case, *case);
                    let state = if case.is_some() { LatestState::Released } else { LatestState::Never };
                    assert_eq!((found.state, found.under_way), (state, None));
                    assert_eq!(keys.entry(*family).or_insert(found.household), &found.household);
                }
            }
            // As it was after each verification: whatever came later changes nothing.
            for (n, end) in ends.iter().enumerate() {
                let then = households(&world, HouseholdsOf { before: Some(*end), ..all() }, limit).await;
                let cases: Vec<Option<CaseId>> = then.iter().map(|found| found.case).collect();
                let model: Vec<Option<CaseId>> = expected(&done[..=n], None).into_iter().map(|(_, case)| case).collect();
                assert_eq!(cases, model);
            }
            let kinds: std::collections::BTreeSet<_> = keys.values().collect();
            assert_eq!(kinds.len(), keys.len());
        });
    }
}

#[tokio::test(start_paused = true)]
async fn running_frozen_and_destroyed_ones_are_told_apart() {
    let world = World::new();
    let first = world.verify(family(0)).await;
    world.department("bank").holds();
    let again = world.begin(family(0)).await;
    settle().await;
    let found = households(&world, all(), 10).await;
    assert_eq!((found[0].case, found[0].under_way), (Some(first.case), Some(again)));
    world.department("bank").replies(nothing);
    world.end(again).await;
    let found = households(&world, all(), 10).await;
    assert_eq!((found[0].case, found[0].under_way), (Some(again), None));

    world.clock.advance(YEAR_MS);
    let found = households(&world, all(), 10).await;
    assert_eq!((found[0].case, found[0].state), (Some(again), LatestState::Frozen));
    world.clock.advance(5 * YEAR_MS);
    world.broker.request_shred(again, (SCHEDULE, ""), FIRST).await.unwrap();
    world.broker.approve_shred(again, SECOND).await.unwrap();
    let found = households(&world, all(), 10).await;
    // The older one, which is still there, is not taken for the household's state.
    assert_eq!((found[0].case, found[0].state), (Some(again), LatestState::Destroyed));
    let elsewhere = HouseholdsOf {
        district: "511702",
        ..all()
    };
    assert_eq!(households(&world, elsewhere, 10).await, []);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_a_member_elsewhere_is_no_household_there() {
    let world = World::new();
    let one = world.verify(family(0)).await;
    // The wife applies with the rest of the family: another household.
    let mut request = family(0);
    for member in &mut request.household.members {
        member.relation = match member.relation {
            Relation::Applicant => Relation::Spouse,
            Relation::Spouse => Relation::Applicant,
            other => other,
        };
    }
    let other = world.verify(request).await;
    let found = households(&world, all(), 1).await;
    let cases: Vec<Option<CaseId>> = found.iter().map(|found| found.case).collect();
    assert_eq!(cases, [Some(one.case), Some(other.case)]);
    assert_ne!(found[0].household, found[1].household);
}
