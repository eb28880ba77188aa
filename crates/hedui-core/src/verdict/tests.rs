//! The truth table of verdicts.
//! Leaves the conditions to the policy packs.

use proptest::prelude::*;

use super::*;

const ALL: [Truth; 3] = [Truth::Holds, Truth::Fails, Truth::Open];

#[test]
fn two_conditions_combine_by_this_table() {
    use Outcome::{Exceeds as E, Inconclusive as I, Qualifies as Q};
    let table = [[Q, E, I], [E, E, E], [I, E, I]];
    for (a, row) in ALL.into_iter().zip(table) {
        for (b, expected) in ALL.into_iter().zip(row) {
            assert_eq!(Outcome::of([a, b], false), expected, "{a:?} {b:?}");
            let open = if expected == Q { I } else { expected };
            assert_eq!(Outcome::of([a, b], true), open, "{a:?} {b:?}, composition open");
        }
    }
}

#[test]
fn nothing_tested_proves_nothing() {
    assert_eq!(Outcome::of([], false), Outcome::Inconclusive);
}

proptest! {
    /// Less knowledge never turns an open outcome into a settled one.
    #[test]
    fn opening_a_condition_never_settles_anything(
        truths in proptest::collection::vec(prop::sample::select(ALL.to_vec()), 1..6), at in any::<prop::sample::Index>(),
    ) {
        let mut less = truths.clone();
        less[at.index(truths.len())] = Truth::Open;
        let (before, after) = (Outcome::of(truths, false), Outcome::of(less, false));
        prop_assert!(after == before || after == Outcome::Inconclusive);
    }
}
