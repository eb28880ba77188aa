//! Simulations against a loop over single households, at any number of threads and in any order; borders of what is about the same; files.
//! Leaves judging one household to `columns`, and whole villages to `hedui-sim`.

use std::collections::BTreeMap;
use std::sync::Arc;

use hedui_core::household::Residence;
use hedui_core::names::ProgrammeId;
use hedui_core::verdict::Outcome;
use proptest::prelude::*;

use super::*;
use crate::columns::tests::households::{Kind, NEEDS, PACKS, household};
use crate::snapshot::Snapshot;
use crate::testing::{Case, shipped};
use crate::{Needs, Payable};

fn pack(id: &str) -> &'static Pack {
    PACKS.packs().iter().find(|pack| pack.id() == id).unwrap()
}

fn daan(terms: Terms) -> Simulation<'static> {
    Simulation::new(pack("dibao-daan-rural"), pack("dibao-daan-rural-capacity-index"), terms).unwrap()
}

const DISTRICT: &str = "220882";

/// Households of all kinds, some of another programme, of the town, and of no town.
fn rows(seed: u64, count: u64) -> Vec<([u8; 16], Vec<u8>, Snapshot)> {
    let kinds = [Kind::Settled, Kind::Settled, Kind::Settled, Kind::OnBounds, Kind::Wild];
    let place = |n: u64| {
        let residence = if n.is_multiple_of(11) {
            Residence::Urban
        } else {
            Residence::Rural
        };
        let town = Town::new((220_882_101 + n % 3) * 1_000 + n % 2);
        (
            DivisionCode::parse(DISTRICT).unwrap(),
            residence,
            town.filter(|_| !n.is_multiple_of(5)),
        )
    };
    let row = |n: u64| {
        let snapshot = household(
            seed.wrapping_mul(1_000_003).wrapping_add(n),
            &NEEDS,
            kinds[(n % 5) as usize],
        );
        let programme = ProgrammeId::new(if n.is_multiple_of(13) { "low-income" } else { "dibao" }).unwrap();
        let filed = Filed::encode(place(n), &[programme], std::slice::from_ref(&snapshot)).unwrap();
        let mut reference = [0; 16];
        reference[..8].copy_from_slice(&n.to_be_bytes());
        (reference, filed, snapshot)
    };
    (0..count).map(row).collect()
}

fn as_rows(rows: &[([u8; 16], Vec<u8>, Snapshot)]) -> Vec<Row<'_>> {
    let rows = rows.iter();
    rows.map(|one| Row {
        reference: one.0,
        filed: &one.1,
    })
    .collect()
}

/// Yearly fen that a household is surely paid, and may be at most.
fn paid(judged: &Judged, times: i128) -> (i128, Option<i128>) {
    let amount = judged.amount.unwrap_or(Payable { lo: 0, hi: Some(0) });
    let sure = if judged.outcome == Outcome::Qualifies {
        i128::from(amount.lo) * times
    } else {
        0
    };
    (sure, amount.hi.map(|hi| i128::from(hi) * times))
}

#[derive(Debug, Default, PartialEq)]
struct Naive {
    households: u64,
    more: u64,
    less: u64,
    same: u64,
    open_amount: u64,
    out: u64,
    into: u64,
    never: u64,
    open: u64,
    before: i128,
    after: i128,
    losses: Vec<(i128, [u8; 16])>,
}

/// One household after another, each on exact fractions, with the words of the report written out again.
fn naive(
    simulation: &Simulation<'_>,
    rows: &[([u8; 16], Vec<u8>, Snapshot)],
    wanted: impl Fn(&Filed<'_>) -> bool,
) -> Naive {
    let mut sum = Naive::default();
    for (reference, filed, snapshot) in rows {
        if !wanted(&Filed::read(filed).unwrap()) {
            continue;
        }
        let [a, b] =
            [&simulation.from, &simulation.to].map(|columns| columns.judge_exactly(snapshot, When::OwnDate).unwrap());
        // Both packs pay by the year.
        let ((low_a, high_a), (low_b, high_b)) = (paid(&a, 1), paid(&b, 1));
        sum.households += 1;
        sum.before += low_a;
        sum.after += low_b;
        let exact = high_a == Some(low_a) && high_b == Some(low_b);
        match (a.outcome, b.outcome) {
            (Outcome::Inconclusive, _) | (_, Outcome::Inconclusive) => sum.open += 1,
            (Outcome::Exceeds, Outcome::Exceeds) => sum.never += 1,
            (Outcome::Exceeds, Outcome::Qualifies) => sum.into += 1,
            (Outcome::Qualifies, Outcome::Exceeds) => {
                sum.out += 1;
                if low_a > 0 && high_a == Some(low_a) {
                    sum.losses.push((-low_a, *reference));
                }
            }
            (Outcome::Qualifies, Outcome::Qualifies) if !exact => {
                let surely_more = high_a.is_some_and(|high| low_b - high > 1_200.max(high / 100));
                let surely_less = high_b
                    .zip(high_a)
                    .is_some_and(|(high, top)| low_a - high > 1_200.max(top / 100));
                let surely_same = high_a.zip(high_b).is_some_and(|(a, b)| {
                    let little = 1_200.max(low_a / 100);
                    low_b - a >= -little && b - low_a <= little
                });
                *(if surely_more {
                    &mut sum.more
                } else if surely_less {
                    &mut sum.less
                } else if surely_same {
                    &mut sum.same
                } else {
                    &mut sum.open_amount
                }) += 1;
            }
            (Outcome::Qualifies, Outcome::Qualifies) => {
                let little = 1_200.max(low_a / 100);
                if low_b - low_a > little {
                    sum.more += 1;
                } else if low_a - low_b > little {
                    sum.less += 1;
                    sum.losses.push((low_b - low_a, *reference));
                } else {
                    sum.same += 1;
                }
            }
        }
    }
    sum.losses.sort_unstable();
    sum.losses.truncate(10);
    sum
}

fn told(tally: &Tally) -> Naive {
    let of = |change| tally.total.of(change);
    let open = [
        Change::BecomesInconclusive,
        Change::StaysInconclusive,
        Change::SettlesIn,
        Change::SettlesOut,
    ];
    Naive {
        households: tally.households(),
        more: of(Change::Gains),
        less: of(Change::Loses),
        same: of(Change::Little),
        open_amount: of(Change::AmountOpen),
        out: of(Change::DropsOut),
        into: of(Change::Enters),
        never: of(Change::StaysOut),
        open: open.into_iter().map(of).sum(),
        before: tally.total.before.lo,
        after: tally.total.after.lo,
        losses: tally
            .losers
            .iter()
            .map(|moved| (moved.change, moved.reference))
            .collect(),
    }
}

fn is_about(filed: &Filed<'_>) -> bool {
    filed.residence == Residence::Rural && filed.programmes().eq(["dibao"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_simulation_is_the_sum_of_single_households(seed in any::<u64>()) {
        let rows = rows(seed, 240);
        let simulation = daan(Terms::default());
        let tally = simulation.fold(&as_rows(&rows)).unwrap();
        prop_assert_eq!(told(&tally), naive(&simulation, &rows, is_about));
        // Every part is the whole, cut otherwise.
        let merged = |groups: &mut dyn Iterator<Item = Group>| groups.fold((0, 0, 0, 0), |sum, group| {
            (sum.0 + group.households(), sum.1 + group.before.lo, sum.2 + group.after.hi, sum.3 + group.after.unbounded)
        });
        let whole = merged(&mut [tally.total].into_iter());
        prop_assert_eq!(merged(&mut tally.towns.values().copied()), whole);
        prop_assert_eq!(merged(&mut tally.kinds.into_iter()), whole);
        prop_assert_eq!(tally.standings.values().sum::<u64>(), tally.households());
        prop_assert_eq!(tally.outside.values().sum::<u64>() + tally.households(), 240);
        prop_assert!(tally.lacking.is_empty());
        // Who is paid neither before nor after has no change of payment.
        let paid = [Change::Gains, Change::Loses, Change::Little, Change::DropsOut, Change::Enters];
        prop_assert!(tally.histogram.iter().sum::<u64>() <= paid.map(|change| tally.total.of(change)).iter().sum());
    }

    #[test]
    fn a_town_holds_its_villages_and_nobody_else(seed in any::<u64>(), village in any::<bool>()) {
        let town = Town::parse(if village { "220882102001" } else { "220882102" }).unwrap();
        let rows = rows(seed, 120);
        let simulation = daan(Terms { town: Some(town), ..Terms::default() });
        let tally = simulation.fold(&as_rows(&rows)).unwrap();
        let inside = |filed: &Filed<'_>| is_about(filed) && filed.town.is_some_and(|of| of == town || (!village && of.township() == town));
        prop_assert_eq!(told(&tally), naive(&simulation, &rows, inside));
        prop_assert!(tally.towns.keys().all(|of| of.is_some_and(|of| town.contains(of))));
    }

    #[test]
    fn a_file_says_the_same_and_every_change_of_it_is_told(seed in any::<u64>(), at in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let rows = rows(seed, 60);
        let simulation = daan(Terms::default());
        let mut writer = FiledWriter::new(Vec::new()).unwrap();
        as_rows(&rows).into_iter().for_each(|row| writer.write(row).unwrap());
        let (bytes, count) = writer.finish().unwrap();
        let fold = |bytes: &[u8]| simulation.fold_file(&mut FiledReader::new(bytes)?, |_| true);
        prop_assert_eq!(count, 60);
        prop_assert_eq!(fold(&bytes).unwrap(), simulation.fold(&as_rows(&rows)).unwrap());
        let at = at.index(bytes.len());
        prop_assert!(fold(&bytes[..at]).is_err());
        prop_assert!(fold(&[bytes.as_slice(), &[0]].concat()).is_err());
        let mut changed = bytes.clone();
        changed[at] ^= flip;
        prop_assert!(fold(&changed).is_err());
    }
}

proptest! {
    // As many households as two tasks take.
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn neither_order_nor_threads_nor_blocks_matter(seed in any::<u64>(), turn in 0usize..4_500, cut in 0usize..4_500) {
        let rows = rows(seed, 4_500);
        let simulation = daan(Terms::default());
        let mut turned = as_rows(&rows);
        let told = |threads, rows: &[Row<'_>]| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            format!("{:?}", pool.install(|| simulation.fold(rows)).unwrap())
        };
        let one = told(1, &turned);
        turned.rotate_left(turn);
        prop_assert_eq!(&told(2, &turned), &one);
        let (first, second) = turned.split_at(cut);
        let mut parts = simulation.fold(second).unwrap();
        parts.merge(simulation.fold(first).unwrap()).unwrap();
        prop_assert_eq!(format!("{parts:?}"), one);
    }
}

fn exactly(yearly: i128) -> Payment {
    Payment {
        lo: yearly,
        hi: Some(yearly),
    }
}

#[test]
fn about_the_same_is_one_yuan_a_month_or_one_percent_and_not_a_fen_more() {
    let both = [Outcome::Qualifies; 2];
    let change = |before, after| Change::of(both, Some([exactly(before), exactly(after)]), Little::default());
    // 1,200 fen a year are one yuan a month; one percent of 500,000 are 5,000.
    for (before, after, expected) in [
        (10_000, 11_200, Change::Little),
        (10_000, 11_201, Change::Gains),
        (10_000, 8_800, Change::Little),
        (10_000, 8_799, Change::Loses),
        (500_000, 505_000, Change::Little),
        (500_000, 505_001, Change::Gains),
        (500_000, 495_000, Change::Little),
        (500_000, 494_999, Change::Loses),
    ] {
        assert_eq!(change(before, after), expected, "{before} {after}");
    }
}

#[test]
fn open_amounts_are_told_only_as_far_as_they_are_sure() {
    let both = [Outcome::Qualifies; 2];
    let between = |lo, hi| Payment { lo, hi: Some(hi) };
    let change = |before, after| Change::of(both, Some([before, after]), Little::default());
    assert_eq!(change(between(0, 1_000), between(9_000, 10_000)), Change::Gains);
    assert_eq!(change(between(9_000, 10_000), between(0, 1_000)), Change::Loses);
    assert_eq!(change(between(0, 1_000), between(0, 1_000)), Change::Little);
    assert_eq!(change(between(0, 5_000), between(0, 5_000)), Change::AmountOpen);
    assert_eq!(change(exactly(0), Payment { lo: 5_000, hi: None }), Change::Gains);
    assert_eq!(change(Payment { lo: 0, hi: None }, exactly(5_000)), Change::AmountOpen);
}

#[test]
fn who_is_open_is_never_said_to_drop_out() {
    use Outcome::{Exceeds, Inconclusive, Qualifies};
    for other in [Exceeds, Inconclusive, Qualifies] {
        for outcomes in [[Inconclusive, other], [other, Inconclusive]] {
            let change = Change::of(outcomes, None, Little::default());
            assert!(
                change.place() >= Change::BecomesInconclusive.place(),
                "{outcomes:?} {change:?}"
            );
        }
    }
}

/// Two packs that count other people: each is tried on its own snapshot, and the result is that of the packs themselves.
#[test]
fn packs_of_two_rules_are_tried_on_a_snapshot_for_each() {
    let old = shipped("dibao-daan-rural");
    let text = old.text().replace("version = \"1\"", "version = \"2\"");
    // The same but that minors do not count.
    let text = text.replacen("counts = \"not (", "counts = \"not (member.minor or ", 1);
    assert_ne!(text, old.text());
    let new = Pack::parse("new.toml", &text)
        .map_err(|mistakes| mistakes.to_string())
        .unwrap();
    let case = Case::daan();
    let (place, programmes) = (
        (DivisionCode::parse(DISTRICT).unwrap(), Residence::Rural, None),
        [old.programme().clone()],
    );
    let needs: Vec<Arc<Needs>> = Needs::groups([old, &new]).into_iter().map(Arc::new).collect();
    assert_eq!(needs.len(), 2);
    let take = |needs: &[Arc<Needs>]| {
        let snapshots = needs
            .iter()
            .map(|needs| case.with_facts(|facts| Snapshot::of_facts(facts, &[], needs).unwrap()));
        Filed::encode(place, &programmes, &snapshots.collect::<Vec<_>>()).unwrap()
    };
    let simulation = Simulation::new(old, &new, Terms::default()).unwrap();
    let filed = take(&needs);
    assert_eq!(simulation.covers(&Filed::read(&filed).unwrap()), Ok(()));
    let row = |filed| Row {
        reference: [7; 16],
        filed,
    };
    let tally = simulation.fold(&[row(&filed)]).unwrap();
    let yearly = |pack: &Pack| {
        let verdict = case.judge(pack);
        (verdict.outcome == Outcome::Qualifies).then(|| verdict.amount.unwrap().lo)
    };
    let [before, after] = [old, &new].map(|pack| i128::from(yearly(pack).unwrap_or(0)));
    assert_ne!(before, after);
    assert_eq!((tally.total.before.lo, tally.total.after.lo), (before, after));
    // With the snapshot of one rule only nothing can be said, and is not.
    let half = take(&needs[..1]);
    assert!(simulation.covers(&Filed::read(&half).unwrap()).is_err());
    let tally = simulation.fold(&[row(&half)]).unwrap();
    assert_eq!(
        (tally.households(), tally.lacking),
        (0, BTreeMap::from([("SNAPSHOT_OTHER_RULE", 1)]))
    );
}

#[test]
fn packs_that_cannot_be_compared_are_refused() {
    let reason = |from, to| Simulation::new(from, to, Terms::default()).unwrap_err().reason();
    let dibao = pack("dibao-daan-rural");
    let other = PACKS
        .packs()
        .iter()
        .find(|pack| pack.programme() != dibao.programme())
        .unwrap();
    assert_eq!(reason(dibao, other), "SIMULATION_PROGRAMMES_DIFFER");
}
