//! What packs read of one verified household, as a compact row: figures on bounds, birth, sex, disability, schooling. No names, no numbers of persons.
//! Leaves its bytes to `encode` and judging it to `columns`; who seals and keeps it is not known here.

use std::sync::Arc;

use hedui_core::bounds::Bounds;
use hedui_core::dates::{Date, Months};
use hedui_core::facts::{Fact, Facts, Settled};
use hedui_core::finding::MEMBERS_OPEN;
use hedui_core::household::MAX_MEMBERS;
use hedui_core::record::DisabilityKind;
use hedui_core::verdict::Truth;
use hedui_ids::Sex;
use smol_str::SmolStr;

use crate::pack::Pack;
use crate::program::{Filling, Place};

mod codes;
mod encode;
#[cfg(test)]
mod tests;

pub(crate) use encode::Block;
pub use encode::{SnapshotReader, SnapshotWriter};

/// Most figures of a household, and of each member. The shipped packs together read a tenth.
pub const MAX_FIGURES: usize = 200;
/// Largest encoded snapshot in bytes: every figure of every member at its longest.
pub const MAX_SNAPSHOT_BYTES: usize = 128 * 1024;

/// Why a snapshot cannot be made, read or judged. Holds no figure and nothing about a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Of a version that this program does not know.
    #[error("a snapshot of version {found}; this program reads version 1")]
    VersionUnknown {
        /// The version found.
        found: u8,
    },
    /// Not the encoding of any snapshot.
    #[error("not a snapshot: {field} is malformed")]
    Malformed {
        /// What could not be read.
        field: &'static str,
    },
    /// More of something than a snapshot holds.
    #[error("{field} is beyond the limit of {limit}")]
    TooMany {
        /// What there is too much of.
        field: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// The number of figures is not that of the keys.
    #[error("{field} does not hold one figure for each key")]
    FiguresMismatch {
        /// `figures` or `member_figures`.
        field: &'static str,
    },
    /// A pack reads a figure that the snapshot does not hold.
    #[error("the snapshot lacks {fact:?} over {months} months{}", if *.member { " of each member" } else { "" })]
    FigureMissing {
        /// The figure.
        fact: Fact,
        /// Over how many months; 0 at the date.
        months: u8,
        /// Of each member, not of the household.
        member: bool,
    },
    /// The source ends within a snapshot.
    #[error("the source ends within a snapshot")]
    Truncated,
    /// The source could not be read.
    #[error("the source cannot be read: {0:?}")]
    Unreadable(std::io::ErrorKind),
}

impl SnapshotError {
    /// Stable reason for callers.
    pub fn reason(&self) -> &'static str {
        match self {
            SnapshotError::VersionUnknown { .. } => "SNAPSHOT_VERSION_UNKNOWN",
            SnapshotError::Malformed { .. } => "SNAPSHOT_MALFORMED",
            SnapshotError::TooMany { .. } => "SNAPSHOT_LIMIT",
            SnapshotError::FiguresMismatch { .. } => "SNAPSHOT_FIGURES_MISMATCH",
            SnapshotError::FigureMissing { .. } => "SNAPSHOT_FIGURE_MISSING",
            SnapshotError::Truncated => "SNAPSHOT_TRUNCATED",
            SnapshotError::Unreadable(_) => "SNAPSHOT_UNREADABLE",
        }
    }
}

/// A figure that packs read: a fact over so many whole months before the month of the date, 0 at the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FigureKey {
    /// The fact.
    pub fact: Fact,
    /// Months of its window; 0 at the date.
    pub months: u8,
}

/// The figures that a snapshot holds, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    household: Vec<FigureKey>,
    member: Vec<FigureKey>,
    /// As a snapshot begins with them.
    code: Vec<u8>,
}

impl Needs {
    /// Figures of the household and of each member.
    ///
    /// # Errors
    /// `TooMany` beyond [`MAX_FIGURES`] of either.
    pub fn new(mut household: Vec<FigureKey>, mut member: Vec<FigureKey>) -> Result<Needs, SnapshotError> {
        for (keys, field) in [(&mut household, "figures"), (&mut member, "member_figures")] {
            keys.sort_unstable_by_key(|key| (codes::of_fact(key.fact), key.months));
            keys.dedup();
            if keys.len() > MAX_FIGURES {
                let limit = MAX_FIGURES;
                return Err(SnapshotError::TooMany { field, limit });
            }
        }
        let code = encode::keys(&household, &member);
        Ok(Needs {
            household,
            member,
            code,
        })
    }

    /// Everything that some packs read.
    ///
    /// # Errors
    /// `TooMany` beyond [`MAX_FIGURES`].
    pub fn of_packs<'p>(packs: impl IntoIterator<Item = &'p Pack>) -> Result<Needs, SnapshotError> {
        let (mut household, mut member) = (Vec::new(), Vec::new());
        for pack in packs {
            household.extend(pack.household.iter().filter_map(key));
            member.extend(pack.member.iter().filter_map(key));
        }
        Needs::new(household, member)
    }

    /// Figures of the household as a whole, in the order of a snapshot's.
    pub fn household(&self) -> &[FigureKey] {
        &self.household
    }

    /// Figures of each member, in the order of a snapshot's.
    pub fn member(&self) -> &[FigureKey] {
        &self.member
    }
}

/// The figure that fills a place.
pub(crate) fn key(place: &Place) -> Option<FigureKey> {
    match place.filling {
        // A window has at most 60 months.
        Filling::Figure { fact, months, .. } => Some(FigureKey {
            fact,
            months: u8::try_from(months).unwrap_or(u8::MAX),
        }),
        _ => None,
    }
}

/// Whether findings leave open who is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Composition {
    /// No.
    #[default]
    Settled,
    /// So that nobody qualifies yet.
    Open,
    /// So that not even the number of members is sure: nobody exceeds either.
    MembersOpen,
}

impl Composition {
    /// From the codes of the findings that open a verdict.
    pub fn of(codes: &[SmolStr]) -> Composition {
        if codes.iter().any(|code| MEMBERS_OPEN.contains(&code.as_str())) {
            Composition::MembersOpen
        } else if codes.is_empty() {
            Composition::Settled
        } else {
            Composition::Open
        }
    }
}

/// The most severe disability on record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disability {
    /// Kind and grade, 1 (most severe) to 4.
    pub known: Option<(DisabilityKind, u8)>,
    /// Whether a silent register could hold another.
    pub is_open: bool,
}

/// What formulas read of a person besides figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Day of birth, so that the age can be reckoned on another day.
    pub birth: hedui_ids::Date,
    /// Sex.
    pub sex: Sex,
    /// Whether a full-time student.
    pub student: Truth,
    /// Disability.
    pub disability: Disability,
}

impl Person {
    /// Completed years on a day, 0 before the birth.
    pub fn age_on(&self, day: Date) -> u32 {
        let day = u16::try_from(day.year())
            .ok()
            .and_then(|year| hedui_ids::Date::new(year, day.month().unsigned_abs(), day.day().unsigned_abs()));
        day.and_then(|day| self.birth.age_on(day)).map_or(0, u32::from)
    }
}

/// One verified household, as packs read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub(crate) as_of: Date,
    pub(crate) composition: Composition,
    pub(crate) needs: Arc<Needs>,
    pub(crate) figures: Vec<Bounds>,
    pub(crate) members: Vec<Person>,
    /// Member after member.
    pub(crate) member_figures: Vec<Bounds>,
}

impl Snapshot {
    /// A snapshot from its parts; `figures` in the order of `needs.household()`, `member_figures` member after member in the
    /// order of `needs.member()`.
    ///
    /// # Errors
    /// `FiguresMismatch` where a number of figures is not that of the keys, `TooMany` beyond [`MAX_MEMBERS`], `Malformed` for a
    /// grade outside 1 to 4, a reversed figure or a year outside 1 to 9999.
    pub fn new(
        needs: &Arc<Needs>,
        as_of: Date,
        composition: Composition,
        figures: Vec<Bounds>,
        members: Vec<Person>,
        member_figures: Vec<Bounds>,
    ) -> Result<Snapshot, SnapshotError> {
        if figures.len() != needs.household.len() {
            return Err(SnapshotError::FiguresMismatch { field: "figures" });
        }
        if member_figures.len() != needs.member.len() * members.len() {
            return Err(SnapshotError::FiguresMismatch {
                field: "member_figures",
            });
        }
        if members.len() > MAX_MEMBERS {
            return Err(SnapshotError::TooMany {
                field: "members",
                limit: MAX_MEMBERS,
            });
        }
        let malformed = |field| Err(SnapshotError::Malformed { field });
        let graded = |person: &Person| {
            person
                .disability
                .known
                .is_none_or(|(_, grade)| (1..=4).contains(&grade))
        };
        if !members.iter().all(graded) {
            return malformed("disability");
        }
        let ordered = |figure: &Bounds| figure.lo.zip(figure.hi).is_none_or(|(lo, hi)| lo <= hi);
        if !figures.iter().chain(&member_figures).all(ordered) {
            return malformed("figure");
        }
        if as_of.year() < 1 {
            return malformed("as_of");
        }
        Ok(Snapshot {
            as_of,
            composition,
            needs: Arc::clone(needs),
            figures,
            members,
            member_figures,
        })
    }

    /// Takes what `needs` names out of the facts of a verification; `composition_open` as for [`Pack::evaluate`].
    ///
    /// # Errors
    /// As [`Snapshot::new`].
    pub fn of_facts(
        facts: &Facts<'_>,
        composition_open: &[SmolStr],
        needs: &Arc<Needs>,
    ) -> Result<Snapshot, SnapshotError> {
        let figure = |key: &FigureKey, subject: Option<u32>| {
            let window = Months::before(facts.as_of, u32::from(key.months));
            facts.figure(key.fact, subject, window).bounds
        };
        let figures = needs.household.iter().map(|key| figure(key, None)).collect();
        let (mut members, mut member_figures) = (Vec::new(), Vec::new());
        for (member, subject) in facts.household.members.iter().zip(0u32..) {
            members.push(Person {
                birth: member.id.birth_date(),
                sex: member.id.sex(),
                student: student(&facts.student(subject)),
                disability: disability(&facts.disability(subject)),
            });
            member_figures.extend(needs.member.iter().map(|key| figure(key, Some(subject))));
        }
        let composition = Composition::of(composition_open);
        Snapshot::new(needs, facts.as_of, composition, figures, members, member_figures)
    }

    /// The date that it is about.
    pub fn as_of(&self) -> Date {
        self.as_of
    }

    /// Whether findings leave open who is judged.
    pub fn composition(&self) -> Composition {
        self.composition
    }

    /// What its figures are.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Figures of the household, in the order of [`Needs::household`].
    pub fn figures(&self) -> &[Bounds] {
        &self.figures
    }

    /// The members.
    pub fn members(&self) -> &[Person] {
        &self.members
    }

    /// Figures of the members, member after member, in the order of [`Needs::member`].
    pub fn member_figures(&self) -> &[Bounds] {
        &self.member_figures
    }

    /// A figure by its key.
    pub fn figure(&self, key: FigureKey) -> Option<Bounds> {
        let at = self.needs.household.iter().position(|k| *k == key)?;
        self.figures.get(at).copied()
    }

    /// A member's figure by its key.
    pub fn member_figure(&self, member: usize, key: FigureKey) -> Option<Bounds> {
        let at = self.needs.member.iter().position(|k| *k == key)?;
        self.member_figures.get(member * self.needs.member.len() + at).copied()
    }
}

/// A register that shows schooling settles it; silence leaves only "not a student" open.
fn student(settled: &Settled<bool>) -> Truth {
    match (settled.value, settled.missing.is_empty()) {
        (true, _) => Truth::Holds,
        (false, true) => Truth::Fails,
        (false, false) => Truth::Open,
    }
}

fn disability(settled: &Settled<Option<(DisabilityKind, u32)>>) -> Disability {
    Disability {
        known: settled
            .value
            .and_then(|(kind, grade)| u8::try_from(grade).ok().map(|grade| (kind, grade))),
        is_open: !settled.missing.is_empty(),
    }
}
