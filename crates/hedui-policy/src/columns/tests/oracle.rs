//! Columns against the naive judge: equal where everything is known, and holding for every completion where something is open.
//! Leaves the naive judge itself to `naive`.
//!
//! 256 cases of 16 households and shipped packs in turn; `PROPTEST_CASES=6250` makes it 100,000 households.

use std::collections::BTreeMap;

use hedui_core::bounds::Bounds;
use hedui_core::record::DisabilityKind;
use hedui_core::verdict::{Outcome, Truth};
use proptest::prelude::*;

use super::fraction::Fraction;
use super::households::{Kind, Random, any_pack, household, is_in_hundredths};
use super::naive::{MemberPoint, Naive, Point, Said, word};
use crate::snapshot::{Composition, Disability, FigureKey, Snapshot};
use crate::{Columns, Judged, When};

/// Completions of each household on bounds.
const COMPLETIONS: usize = 6;

/// A value within bounds: an end or something between them.
fn within(random: &mut Random, bounds: Bounds) -> i64 {
    let lo = bounds.lo.unwrap();
    let hi = bounds
        .hi
        .unwrap_or_else(|| lo + random.pick(&[0, 1, 40_000, 3_000_000, 900_000_000]));
    match random.below(3) {
        0 => lo,
        1 => hi,
        _ => random.within(lo, hi),
    }
}

/// What a silent register could still show: another kind as severe, or a more severe one.
fn disability(random: &mut Random, of: Disability) -> Option<(DisabilityKind, u8)> {
    if !of.is_open || random.one_in(2) {
        return of.known;
    }
    let mildest = of.known.map_or(4, |(_, grade)| u64::from(grade));
    Some((random.pick(DisabilityKind::ALL), 1 + random.below(mildest) as u8))
}

fn figures(random: &mut Random, keys: &[FigureKey], bounds: &[Bounds]) -> BTreeMap<(String, u8), Fraction> {
    let each = keys.iter().zip(bounds).map(|(key, bounds)| {
        let value = i128::from(within(random, *bounds));
        let divisor = if is_in_hundredths(&key.reading) { 100 } else { 1 };
        ((word(&key.reading), key.months), Fraction::new(value, divisor))
    });
    each.collect()
}

/// One household that a snapshot leaves possible.
fn completion(random: &mut Random, snapshot: &Snapshot) -> Point {
    let needs = snapshot.needs();
    let household = figures(random, needs.household(), snapshot.figures());
    let per_member = needs.member().len();
    let members = snapshot.members().iter().enumerate().map(|(at, person)| MemberPoint {
        age: i64::from(person.age_on(snapshot.as_of())),
        sex: person.sex,
        student: match person.student {
            Truth::Holds => true,
            Truth::Fails => false,
            Truth::Open => random.one_in(2),
        },
        disability: disability(random, person.disability),
        figures: figures(random, needs.member(), &snapshot.member_figures()[at * per_member..]),
    });
    Point {
        as_of: snapshot.as_of(),
        members: members.collect(),
        figures: household,
        supporters: snapshot.supporters().to_vec(),
    }
}

/// Whether what was judged holds for a completion, apart from who is judged.
fn holds(judged: &Judged, said: &Said, columns: &Columns<'_>) -> bool {
    let outcome = match judged.outcome {
        Outcome::Qualifies => said.qualifies,
        Outcome::Exceeds => !said.qualifies,
        Outcome::Inconclusive => true,
    };
    let band = judged
        .band
        .is_none_or(|band| columns.band(band).map(str::to_owned) == said.band);
    let amount = match (judged.amount, said.amount) {
        (Some(judged), Some(said)) => {
            i128::from(judged.lo) <= said && judged.hi.is_none_or(|hi| said <= i128::from(hi))
        }
        (None, Some(_)) => judged.outcome == Outcome::Exceeds,
        (None, None) => true,
        (Some(_), None) => false,
    };
    outcome && band && amount
}

proptest! {
    #[test]
    fn what_columns_say_holds_for_the_naive_judge(seed: u64) {
        let (columns, needs) = any_pack(seed);
        let naive = Naive::new(columns.pack().text());
        let mut random = Random(!seed);
        for (n, kind) in [Kind::Settled, Kind::OnBounds].into_iter().cycle().take(16).enumerate() {
            let snapshot = household(seed.wrapping_add(n as u64), &needs, kind);
            let [judged] = columns.judge_all(std::slice::from_ref(&snapshot), When::OwnDate).unwrap()[..] else { panic!() };
            let completions = if kind == Kind::Settled { 1 } else { COMPLETIONS };
            for _ in 0..completions {
                let point = completion(&mut random, &snapshot);
                let said = naive.judge(&point);
                prop_assert!(holds(&judged, &said, columns), "{}: {judged:?} but {said:?} for {point:?}", columns.pack().id());
                if kind == Kind::Settled && snapshot.composition() == Composition::Settled {
                    // Nothing is open, so that nothing may be left open.
                    let outcome = if said.qualifies { Outcome::Qualifies } else { Outcome::Exceeds };
                    prop_assert_eq!(judged.outcome, outcome);
                    if let (Some(judged), Some(said)) = (judged.amount, said.amount) {
                        prop_assert_eq!((i128::from(judged.lo), judged.hi.map(i128::from)), (said, Some(said)));
                    }
                    if outcome == Outcome::Qualifies {
                        prop_assert_eq!(judged.band.and_then(|b| columns.band(b)).map(str::to_owned), said.band);
                    }
                }
            }
        }
    }
}
