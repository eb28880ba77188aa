//! A department that goes on as it did never drifts; one whose unit, column or file goes wrong does within a block, and whoever accepts it has a new yardstick.
//! Leaves what follows from a drift to the broker.

use proptest::prelude::*;

use super::*;
use crate::money::Fen;
use crate::record::{FinancialAsset, FinancialAssetKind, Record, RecordBody};

const TODAY: Date = Date::constant(2026, 11, 22);

fn limits() -> DriftLimits {
    DriftLimits {
        block_persons: 100,
        ..DriftLimits::default()
    }
}

fn account(fen: i64) -> SubjectAnswer {
    let record = Record {
        reference: "1".into(),
        body: RecordBody::FinancialAsset(FinancialAsset {
            kind: FinancialAssetKind::Deposit,
            institution: "".into(),
            account_reference: "".into(),
            balance: Fen(fen),
            balance_on: None,
        }),
    };
    SubjectAnswer::of(0, AnswerState::Found { records: vec![record] })
}

fn nobody() -> SubjectAnswer {
    SubjectAnswer::of(0, AnswerState::NoRecord)
}

/// A hundred persons, of whom some have an account.
fn block(with: usize, fen: impl Fn(usize) -> i64) -> Vec<SubjectAnswer> {
    (0..100)
        .map(|n| if n < with { account(fen(n)) } else { nobody() })
        .collect()
}

fn take(habit: &mut Habit, answers: &[SubjectAnswer], at: i64) -> Vec<Drift> {
    habit.take(limits(), answers, (TODAY, at), 30)
}

fn spread(n: usize) -> i64 {
    // From 1,000 to 100,000 yuan.
    100_000 + 99_000 * i64::try_from(n).unwrap()
}

#[test]
fn amounts_in_another_unit_are_a_drift_until_they_are_right_again() {
    for (times, over) in [(100, 1), (1, 100), (10_000, 1)] {
        let mut habit = Habit::default();
        for at in 0..3 {
            assert_eq!(take(&mut habit, &block(60, spread), at), []);
        }
        let begun = take(&mut habit, &block(60, |n| spread(n) * times / over), 3);
        assert_eq!(
            begun.iter().map(|d| (d.kind, d.field.as_str())).collect::<Vec<_>>(),
            [(DriftKind::Amounts, "financial_asset.balance")]
        );
        // Still, and since then; not told again.
        assert_eq!(take(&mut habit, &block(60, |n| spread(n) * times / over), 4), []);
        assert_eq!(habit.drifts()[0].since_ms, 3);
        // Right again: nothing of the wrong blocks has become usual.
        assert_eq!(take(&mut habit, &block(60, spread), 5), []);
        assert_eq!(habit.drifts(), []);
    }
}

#[test]
fn a_register_that_finds_nobody_any_more_drifts_and_an_accepted_one_has_a_new_yardstick() {
    let mut habit = Habit::default();
    for at in 0..3 {
        take(&mut habit, &block(60, spread), at);
    }
    let begun = take(&mut habit, &block(0, spread), 3);
    assert_eq!(
        begun.iter().map(|d| (d.kind, d.before, d.now)).collect::<Vec<_>>(),
        [(DriftKind::NoRecordShare, 400, 1_000)]
    );
    habit.accept();
    assert_eq!(habit.drifts(), []);
    for at in 4..8 {
        assert_eq!(take(&mut habit, &block(0, spread), at), []);
    }
    assert_eq!(
        take(&mut habit, &block(60, spread), 8)[0].kind,
        DriftKind::NoRecordShare
    );
}

#[test]
fn data_older_than_promised_is_told_and_puts_nothing_in_doubt() {
    let mut habit = Habit::default();
    let old = |days: i64| {
        let on = TODAY.checked_sub(jiff::Span::new().days(days)).unwrap();
        let dated = |answer: SubjectAnswer| SubjectAnswer {
            data_on: Some(on.into()),
            ..answer
        };
        block(60, spread).into_iter().map(dated).collect::<Vec<_>>()
    };
    assert_eq!(take(&mut habit, &old(30), 0), []);
    let begun = take(&mut habit, &old(31), 1);
    assert_eq!(begun.iter().map(|d| d.kind).collect::<Vec<_>>(), [DriftKind::Stale]);
    assert!(!begun[0].kind.is_doubt());
    assert_eq!(take(&mut habit, &old(1), 2), []);
    assert_eq!(habit.drifts(), []);
}

#[test]
fn buckets_are_in_order_and_hold_what_they_say() {
    let mut last = 0;
    for fen in (0..16)
        .flat_map(|decade| (100i64..1_000).step_by(7).map(move |n| n * 10i64.pow(decade) / 100))
        .filter(|fen| *fen > 0)
    {
        let here = bucket(fen);
        if fen >= 100 {
            assert!(here >= last, "{fen}");
            last = here;
        }
        assert!(lower_end(here) <= fen, "{fen} is not in bucket {here}");
    }
    assert_eq!(bucket(0), BUCKETS - 1);
    assert!(bucket(i64::MIN) < BUCKETS - 1);
}

proptest! {
    #[test]
    fn who_answers_as_before_never_drifts(seed in any::<u64>(), share in 0usize..=100, spread_by in 1i64..20) {
        // A plain generator of chance: the same share of persons, amounts of the same spread, in any order.
        let mut state = seed | 1;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut habit = Habit::default();
        for at in 0..30 {
            let answers: Vec<SubjectAnswer> = (0..100)
                .map(|_| match usize::try_from(next() % 100).unwrap() < share {
                    true => account(100_000 + i64::try_from(next() % 100_000).unwrap() * spread_by),
                    false => nobody(),
                })
                .collect();
            let begun = take(&mut habit, &answers, at);
            prop_assert!(begun.is_empty(), "{:?}", begun);
        }
    }

    #[test]
    fn nothing_depends_on_how_persons_come_in_households(cuts in proptest::collection::vec(1usize..30, 0..20)) {
        // A block ends with the household that fills it, so households are cut where blocks end.
        let all: Vec<SubjectAnswer> = block(60, spread);
        let mut whole = Habit::default();
        let mut pieces = Habit::default();
        for at in 0..4 {
            take(&mut whole, &all, at);
            let (mut rest, mut cuts) = (all.as_slice(), cuts.iter().cycle());
            while !rest.is_empty() {
                let length = cuts.next().copied().unwrap_or(rest.len()).min(rest.len());
                let (here, behind) = rest.split_at(length);
                take(&mut pieces, here, at);
                rest = behind;
            }
        }
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn memory_stays_the_same_however_long_it_runs(households in 1usize..40) {
        let mut habit = Habit::default();
        for at in 0..i64::try_from(households).unwrap() * 3 {
            take(&mut habit, &block(60, spread), at);
        }
        prop_assert!(serde_json::to_vec(&habit).unwrap().len() < 64 << 10);
        let read: Habit = serde_json::from_slice(&serde_json::to_vec(&habit).unwrap()).unwrap();
        prop_assert_eq!(read, habit);
    }
}
