//! Judges households under both packs, on all processors, and adds up.
//! Leaves the columns to `columns`, and where households come from to the caller.

use std::io::Read;

use rayon::prelude::*;

use super::change::{Change, Payment};
use super::file::{FiledFileError, FiledReader};
use super::kind::HouseholdKind;
use super::tally::{Judgement, Tally};
use super::{Simulation, SimulationError};
use crate::columns::{Columns, Judged, UNJUDGED, Worker};
use crate::filed::Filed;
use crate::snapshot::{Snapshot, SnapshotError};

/// Households that one thread takes at a time.
const ROWS_PER_TASK: usize = 4_096;

/// One household: its verification, and what is filed of it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its verification.
    pub reference: [u8; 16],
    /// As [`Filed::encode`] gives it.
    pub filed: &'a [u8],
}

/// The snapshot of a household that a pack reads.
///
/// # Errors
/// Why none of them is.
pub(super) fn find<'a>(columns: &Columns<'_>, filed: &Filed<'a>) -> Result<&'a [u8], SnapshotError> {
    let rule = columns.needs().rule_digest();
    let mut why = SnapshotError::OtherRule;
    for bytes in filed.snapshots() {
        if Snapshot::rule_in(bytes) != Some(rule) {
            continue;
        }
        match Snapshot::decode(bytes).and_then(|snapshot| snapshot.needs().cover(columns.needs())) {
            Ok(()) => return Ok(bytes),
            Err(error) => why = error,
        }
    }
    Err(why)
}

/// What one thread needs of one pack.
struct Side<'s> {
    columns: &'s Columns<'s>,
    worker: Worker<'s>,
    snapshot: Snapshot,
    judged: Vec<Judged>,
}

impl<'s> Side<'s> {
    fn new(columns: &'s Columns<'s>, simulation: &Simulation<'_>, rows: usize) -> Side<'s> {
        Side {
            columns,
            worker: Worker::new(columns, simulation.terms.when()),
            snapshot: Snapshot::blank(),
            judged: vec![UNJUDGED; rows],
        }
    }

    /// Puts the household's snapshot for this pack into the columns.
    fn push(&mut self, filed: &Filed<'_>, row: usize) -> Result<(), SnapshotError> {
        let rule = self.columns.needs().rule_digest();
        let mut why = SnapshotError::OtherRule;
        for bytes in filed.snapshots().filter(|bytes| Snapshot::rule_in(bytes) == Some(rule)) {
            self.snapshot.decode_into(bytes)?;
            match self.worker.push(&self.snapshot, row, &mut self.judged) {
                Ok(()) => return Ok(()),
                Err(error) => why = error,
            }
        }
        Err(why)
    }
}

/// Of a household that is being judged.
struct Known<'a> {
    row: usize,
    reference: [u8; 16],
    filed: Filed<'a>,
    kind: HouseholdKind,
}

impl Simulation<'_> {
    /// Judges households under both packs and adds them up, on the threads of the current rayon pool. The tally depends neither on their number nor
    /// on the order of the households.
    ///
    /// # Errors
    /// `Household`: what is filed of one cannot be read. A household of which too little is filed is counted as that.
    pub fn fold(&self, rows: &[Row<'_>]) -> Result<Tally, SimulationError> {
        let tasks = rows.par_chunks(ROWS_PER_TASK).enumerate();
        let parts: Vec<Result<Tally, SimulationError>> = tasks
            .map(|(task, rows)| self.fold_task(rows, task * ROWS_PER_TASK))
            .collect();
        let mut tally = Tally::new(self.terms.references);
        for part in parts {
            tally.merge(part?)?;
        }
        Ok(tally)
    }

    fn fold_task(&self, rows: &[Row<'_>], first: usize) -> Result<Tally, SimulationError> {
        let mut tally = Tally::new(self.terms.references);
        let mut sides = [&self.from, &self.to].map(|columns| Side::new(columns, self, rows.len()));
        let mut known = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let failed = |error| SimulationError::Household {
                row: u64::try_from(first + at).unwrap_or(u64::MAX),
                error,
            };
            let filed = Filed::read(row.filed).map_err(failed)?;
            if let Err(outside) = self.is_about(&filed) {
                tally.pass(outside);
                continue;
            }
            let [from, to] = &mut sides;
            match from.push(&filed, at).and_then(|()| to.push(&filed, at)) {
                Ok(()) => known.push(Known {
                    row: at,
                    reference: row.reference,
                    filed,
                    kind: HouseholdKind::of(&from.snapshot, self.terms.when().day(&from.snapshot)),
                }),
                Err(error) if is_lacking(&error) => tally.lack(error.reason()),
                Err(error) => return Err(failed(error)),
            }
        }
        for side in &mut sides {
            side.worker.finish(&mut side.judged);
        }
        for one in &known {
            let judged = [0, 1].map(|side: usize| {
                let of_side = sides.get(side).and_then(|side| side.judged.get(one.row));
                of_side.copied().unwrap_or(UNJUDGED)
            });
            tally.add(&self.judgement(one, judged));
        }
        Ok(tally)
    }

    fn judgement(&self, one: &Known<'_>, judged: [Judged; 2]) -> Judgement {
        let [from, to] = &judged;
        let paid = |columns: &Columns<'_>, judged: &Judged| {
            let often = columns.pack().payments_a_year()?;
            Some(Payment::of(judged, often))
        };
        let payments = [paid(&self.from, from), paid(&self.to, to)];
        let both = match payments {
            [Some(before), Some(after)] => Some([before, after]),
            _ => None,
        };
        // Within a township its villages are told apart.
        let by_village = self.terms.town.is_some();
        let town = one
            .filed
            .town
            .map(|town| if by_village { town } else { town.township() });
        Judgement {
            reference: one.reference,
            town,
            kind: one.kind,
            change: Change::of([from.outcome, to.outcome], both, self.terms.little),
            judged,
            payments,
        }
    }

    /// The same of a file of filed households, in memory that does not grow with it. `tell` hears how many have been read, and says whether to go on;
    /// the tally of those read so far is then returned.
    ///
    /// # Errors
    /// What is wrong with the file, or with a household in it.
    pub fn fold_file(
        &self,
        reader: &mut FiledReader<impl Read + Send>,
        mut tell: impl FnMut(u64) -> bool,
    ) -> Result<Tally, FiledFileError> {
        let mut tally = Tally::new(self.terms.references);
        let mut block = reader.read_block()?;
        let mut first = 0u64;
        while block.len() > 0 {
            let rows = block.rows();
            // The next block is read while this one is judged.
            let (part, next) = rayon::join(|| self.fold(&rows), || reader.read_block());
            let part = part.map_err(|error| match error {
                SimulationError::Household { row, error } => SimulationError::Household {
                    row: first + row,
                    error,
                },
                other => other,
            })?;
            tally.merge(part)?;
            first += u64::try_from(rows.len()).unwrap_or(u64::MAX);
            block = next?;
            if !tell(first) {
                break;
            }
        }
        Ok(tally)
    }
}

/// Whether an error says that a pack reads what is not filed; any other says that something is broken.
fn is_lacking(error: &SnapshotError) -> bool {
    matches!(
        error,
        SnapshotError::OtherRule | SnapshotError::FigureMissing { .. } | SnapshotError::SupportersMissing
    )
}
