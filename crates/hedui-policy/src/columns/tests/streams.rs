//! Streams of snapshots: the same bytes at any number of threads, memory that does not grow, precise errors.
//! Leaves single snapshots to the tests of `snapshot`.

use std::sync::Arc;

use hedui_core::dates::Date;

use super::households::{EVERYTHING, EVERYTHING_COLUMNS, Kind, NEEDS, capacity_index, household, needs_of};
use crate::snapshot::{Needs, Snapshot, SnapshotError};
use crate::{Columns, Judged, PreparedVerdicts, RowError, SnapshotWriter, When};

/// Snapshots of all kinds; every hundredth holds other figures than the rest.
fn rows(count: u64) -> Vec<Snapshot> {
    let few = needs_of(capacity_index().pack());
    let kinds = [Kind::Settled, Kind::Settled, Kind::Settled, Kind::OnBounds, Kind::Wild];
    (0..count)
        .map(|n| household(n, if n % 100 == 7 { &few } else { &NEEDS }, kinds[(n % 5) as usize]))
        .collect()
}

fn written(rows: &[Snapshot]) -> Vec<u8> {
    let mut writer = SnapshotWriter::new(Vec::new());
    rows.iter().for_each(|row| writer.write(row).unwrap());
    writer.finish().unwrap()
}

fn streamed(columns: &Columns<'_>, bytes: &[u8]) -> Result<Vec<Judged>, RowError> {
    let mut all = Vec::new();
    let count = columns.judge_stream(bytes, When::OwnDate, |first, judged| {
        assert_eq!(first, all.len() as u64);
        all.extend_from_slice(judged);
    })?;
    assert_eq!(count, all.len() as u64);
    Ok(all)
}

#[test]
fn one_thread_and_two_give_the_same_verdicts_in_the_same_order() {
    let columns = capacity_index();
    let rows = rows(5_000);
    let bytes = written(&rows);
    let [one, two] = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let streamed = streamed(columns, &bytes).unwrap();
            let prepared = columns.prepare(&rows, When::OwnDate).unwrap();
            let mut verdicts = PreparedVerdicts::default();
            prepared.judge(&mut verdicts);
            assert_eq!(prepared.in_order(&verdicts), streamed);
            assert_eq!(columns.judge_all(&rows, When::OwnDate).unwrap(), streamed);
            streamed
        })
    });
    assert_eq!(format!("{one:?}"), format!("{two:?}"));
    for (row, judged) in rows.iter().zip(&one).step_by(97) {
        assert_eq!(*judged, columns.judge_exactly(row, When::OwnDate).unwrap());
    }
}

#[test]
fn an_error_names_the_first_row_that_has_one() {
    let columns = capacity_index();
    let mut some = rows(4_800);
    let key = columns.needs().household().last().unwrap().clone();
    let rest = NEEDS.household().iter().filter(|k| **k != key).cloned().collect();
    let lacking = NEEDS.with_figures(rest, NEEDS.member().to_vec());
    let lacking = household(3, &Arc::new(lacking), Kind::Settled);
    for at in [4_711, 4_200] {
        some[at] = lacking.clone();
    }
    let missing = SnapshotError::FigureMissing {
        reading: key.reading,
        months: key.months,
        member: false,
    };
    let expected = RowError {
        row: 4_200,
        error: missing,
    };
    let exactly = columns.judge_exactly(&lacking, When::OwnDate);
    assert_eq!(exactly, Err(expected.error.clone()));
    assert_eq!(columns.judge_all(&some, When::OwnDate), Err(expected.clone()));
    assert_eq!(streamed(columns, &written(&some)), Err(expected));
    let whole = written(&some[..100]);
    let broken = |bytes: &[u8]| streamed(columns, bytes).unwrap_err();
    assert_eq!(broken(&whole[..whole.len() - 1]).error, SnapshotError::Truncated);
    let mut garbled = whole.clone();
    garbled[4] = 9;
    let version = SnapshotError::VersionUnknown { found: 9 };
    assert_eq!(broken(&garbled), RowError { row: 0, error: version });
    garbled[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(broken(&garbled).error.reason(), "SNAPSHOT_LIMIT");
    assert_eq!(streamed(columns, &[]), Ok(Vec::new()));
}

#[test]
fn another_day_counts_other_ages_and_parameters() {
    let columns = capacity_index();
    let rows: Vec<Snapshot> = (0..500).map(|n| household(n, &NEEDS, Kind::Settled)).collect();
    let later = When::On(Date::new(2024, 5, 1).unwrap());
    let (own, other) = (
        columns.judge_all(&rows, When::OwnDate).unwrap(),
        columns.judge_all(&rows, later).unwrap(),
    );
    assert_ne!(own, other);
}

#[test]
fn a_snapshot_of_other_people_is_refused() {
    let (ours, everything) = (capacity_index(), &*EVERYTHING_COLUMNS);
    // The same figures, but of everybody.
    let of_all = Needs::new(ours.needs().household().to_vec(), ours.needs().member().to_vec()).unwrap();
    let of_others = needs_of(&EVERYTHING);
    for (columns, needs) in [
        (ours, Arc::new(of_all)),
        (ours, of_others),
        (everything, Arc::clone(&NEEDS)),
    ] {
        let row = household(1, &needs, Kind::Settled);
        let error = SnapshotError::OtherRule;
        assert_eq!(columns.judge_exactly(&row, When::OwnDate), Err(error.clone()));
        let expected = RowError { row: 0, error };
        assert_eq!(
            columns.judge_all(std::slice::from_ref(&row), When::OwnDate),
            Err(expected.clone())
        );
        assert_eq!(streamed(columns, &written(&[row])), Err(expected));
    }
    let differ = Needs::of_packs([ours.pack(), everything.pack()]).unwrap_err();
    let (first, second) = (
        "dibao-daan-rural-capacity-index version 1".into(),
        "everything version 1".into(),
    );
    assert_eq!(differ, SnapshotError::RulesDiffer { first, second });
}
