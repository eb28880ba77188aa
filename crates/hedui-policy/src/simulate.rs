//! Tries a pack on verified households before it is in force: who gains, who loses, who drops out or enters, and what it costs.
//! Leaves where the households come from, and how the report looks, to the caller. Judging is `columns`'; what is added up does not depend on order.
//!
//! A household that is open under one of the packs is counted as that, never as refused. Sums are then intervals: at least what is settled, at
//! most what the open ones may still draw.

use hedui_core::dates::Date;
use hedui_core::town::Town;
use hedui_core::verdict::Per;
use hedui_ids::DivisionCode;

use crate::columns::{Columns, Judged, When};
use crate::filed::Filed;
use crate::pack::Pack;
use crate::snapshot::SnapshotError;

mod change;
mod file;
mod kind;
mod run;
mod tally;
#[cfg(test)]
mod tests;

pub use change::{Change, Payment};
pub use file::{FiledFileError, FiledReader, FiledWriter};
pub use kind::HouseholdKind;
pub use run::Row;
pub use tally::{Group, HISTOGRAM, Moved, Outside, Standing, Sum, Tally};

/// Most towns of one simulation: all of the country.
pub const MAX_TOWNS: usize = 60_000;
/// Most households that are named as gaining or losing most.
pub const MAX_REFERENCES: usize = 100;

/// A change up to which a household is said to get about the same: whichever of the two is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Little {
    /// In fen a month.
    pub monthly: i64,
    /// In hundredths of a percent of what was paid before.
    pub basis_points: u32,
}

impl Default for Little {
    /// One yuan a month, or one percent.
    fn default() -> Little {
        Little {
            monthly: 100,
            basis_points: 100,
        }
    }
}

/// How packs are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The day whose parameters and ages count; of each household its own where none.
    pub on: Option<Date>,
    /// What is about the same.
    pub little: Little,
    /// Only households of this division.
    pub district: Option<DivisionCode>,
    /// Only households of this town; its villages are then told apart.
    pub town: Option<Town>,
    /// How many of those who gain and lose most are named, at most [`MAX_REFERENCES`].
    pub references: usize,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            on: None,
            little: Little::default(),
            district: None,
            town: None,
            references: 10,
        }
    }
}

impl Terms {
    fn when(&self) -> When {
        self.on.map_or(When::OwnDate, When::On)
    }
}

/// Why a pack cannot be tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimulationError {
    /// The packs are of two programmes.
    #[error("the packs are of two programmes, {from} and {to}; whoever gets one does not get the other instead")]
    ProgrammesDiffer {
        /// That of the pack in force.
        from: String,
        /// That of the pack to be tried.
        to: String,
    },
    /// One pays once, the other regularly.
    #[error("one pack pays once and the other regularly: their sums cannot be compared")]
    PeriodsDiffer,
    /// A pack cannot be made ready.
    #[error(transparent)]
    Pack(#[from] SnapshotError),
    /// What is filed of a household cannot be read.
    #[error("household {row}: {error}")]
    Household {
        /// Which of them, from 0.
        row: u64,
        /// Why.
        #[source]
        error: SnapshotError,
    },
    /// More towns than there are.
    #[error("households of more than {MAX_TOWNS} towns")]
    TooManyTowns,
}

impl SimulationError {
    /// Stable reason for callers.
    pub fn reason(&self) -> &'static str {
        match self {
            SimulationError::ProgrammesDiffer { .. } => "SIMULATION_PROGRAMMES_DIFFER",
            SimulationError::PeriodsDiffer => "SIMULATION_PERIODS_DIFFER",
            SimulationError::Pack(error) | SimulationError::Household { error, .. } => error.reason(),
            SimulationError::TooManyTowns => "SIMULATION_TOO_MANY_TOWNS",
        }
    }
}

/// Two packs made ready to be compared on the same households.
#[derive(Debug)]
pub struct Simulation<'p> {
    pub(crate) from: Columns<'p>,
    pub(crate) to: Columns<'p>,
    pub(crate) terms: Terms,
}

impl<'p> Simulation<'p> {
    /// The pack in force, the pack to be tried, and how.
    ///
    /// # Errors
    /// `ProgrammesDiffer`, `PeriodsDiffer`, `Pack` where a pack reads more than snapshots hold.
    pub fn new(from: &'p Pack, to: &'p Pack, terms: Terms) -> Result<Simulation<'p>, SimulationError> {
        if from.programme() != to.programme() {
            return Err(SimulationError::ProgrammesDiffer {
                from: from.programme().to_string(),
                to: to.programme().to_string(),
            });
        }
        if let (Some(a), Some(b)) = (from.pays_once(), to.pays_once())
            && a != b
        {
            return Err(SimulationError::PeriodsDiffer);
        }
        let references = terms.references.min(MAX_REFERENCES);
        Ok(Simulation {
            from: Columns::new(from)?,
            to: Columns::new(to)?,
            terms: Terms { references, ..terms },
        })
    }

    /// Both packs: in force, to be tried.
    pub fn packs(&self) -> [&'p Pack; 2] {
        [self.from.pack(), self.to.pack()]
    }

    /// How they are tried.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Whether a household is one of those that it is about, by place, residence and programme.
    pub fn is_about(&self, filed: &Filed<'_>) -> Result<(), Outside> {
        let from = self.from.pack();
        let terms = &self.terms;
        if !filed.programmes().any(|id| id == from.programme().as_str()) {
            return Err(Outside::Programme);
        }
        if from.residence().is_some_and(|residence| residence != filed.residence) {
            return Err(Outside::Residence);
        }
        let is_there = terms.district.is_none_or(|district| district.contains(filed.district));
        let in_town = terms
            .town
            .is_none_or(|town| filed.town.is_some_and(|of| town.contains(of)));
        if is_there && in_town {
            Ok(())
        } else {
            Err(Outside::Place)
        }
    }

    /// Whether what is filed of a household holds all that both packs read.
    ///
    /// # Errors
    /// What is missing: the packs can then only be tried on the kept answers.
    pub fn covers(&self, filed: &Filed<'_>) -> Result<(), SnapshotError> {
        for columns in [&self.from, &self.to] {
            run::find(columns, filed)?;
        }
        Ok(())
    }
}

impl Pack {
    /// Whether what it pays is paid once; `None` where it has no amount.
    pub fn pays_once(&self) -> Option<bool> {
        self.amount.as_ref().map(|amount| amount.per == Per::Once)
    }

    /// How often in a year what it pays is paid, once for what is paid only once; `None` where it has no amount.
    pub(crate) fn payments_a_year(&self) -> Option<i128> {
        self.amount.as_ref().map(|amount| match amount.per {
            Per::Month => 12,
            Per::Year | Per::Once => 1,
        })
    }
}
