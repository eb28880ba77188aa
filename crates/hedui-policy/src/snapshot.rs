//! What packs read of one verified household, as a compact row about those who count: figures, birth, sex, disability. No names, no ID numbers.
//! Leaves taking it to `take`, its bytes to `encode` and judging it to `columns`; who seals and keeps it is not known here.

use std::sync::Arc;

use hedui_core::bounds::Bounds;
use hedui_core::dates::Date;
use hedui_core::finding::MEMBERS_OPEN;
use hedui_core::household::{MAX_MEMBERS, Relation};
use hedui_core::record::DisabilityKind;
use hedui_core::supporter::{self, MAX_SUPPORTERS};
use hedui_core::verdict::Truth;
use hedui_ids::Sex;
use smol_str::SmolStr;

mod codes;
mod encode;
mod keys;
mod rule;
mod store;
mod take;
#[cfg(test)]
mod tests;

pub use keys::{FigureKey, Needs, Reading};
pub(crate) use keys::{Read, key, scale};
pub(crate) use store::Block;
pub use store::{SnapshotReader, SnapshotWriter};

/// Most figures of a household, and of each member. The shipped packs together read a tenth.
pub const MAX_FIGURES: usize = 200;
/// Largest encoded snapshot in bytes: every figure of every member at its longest.
pub const MAX_SNAPSHOT_BYTES: usize = 128 * 1024;

/// Why a snapshot cannot be made, read or judged. Holds no figure and nothing about a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Of a version that this program does not know.
    #[error("a snapshot of version {found}; this program reads version 2")]
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
    #[error("the snapshot lacks {reading:?} over {months} months{}", if *.member { " of each member" } else { "" })]
    FigureMissing {
        /// The figure.
        reading: Reading,
        /// Over how many months; 0 at the date.
        months: u8,
        /// Of each member, not of the household.
        member: bool,
    },
    /// A pack imputes support and the snapshot does not hold what is stated of supporters.
    #[error("the snapshot lacks what is stated of supporters")]
    SupportersMissing,
    /// Packs of which one snapshot was wanted do not count the same people.
    #[error("{first} and {second} do not have the same rule of who counts; take a snapshot for each")]
    RulesDiffer {
        /// Id and version of a pack.
        first: String,
        /// Id and version of another.
        second: String,
    },
    /// The pack counts other people than the snapshot holds.
    #[error("the snapshot was taken by another rule of who counts than the pack has")]
    OtherRule,
    /// The rule of who counts is known by its digest only.
    #[error("the needs of a stored snapshot name their rule of who counts but do not hold it; take them from packs")]
    RuleUnknown,
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
            SnapshotError::SupportersMissing => "SNAPSHOT_SUPPORTERS_MISSING",
            SnapshotError::RulesDiffer { .. } => "SNAPSHOT_RULES_DIFFER",
            SnapshotError::OtherRule => "SNAPSHOT_OTHER_RULE",
            SnapshotError::RuleUnknown => "SNAPSHOT_RULE_UNKNOWN",
            SnapshotError::Truncated => "SNAPSHOT_TRUNCATED",
            SnapshotError::Unreadable(_) => "SNAPSHOT_UNREADABLE",
        }
    }
}

/// Whether it is settled who is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Composition {
    /// No.
    #[default]
    Settled,
    /// So that nobody qualifies yet.
    Open,
    /// So that not even the number of members is sure: nobody exceeds either.
    MembersOpen,
    /// A department leaves open who counts by the rule of the packs: nothing is reckoned, nobody qualifies or exceeds. The
    /// snapshot is about everybody.
    CountOpen,
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

/// What is stated of a relative elsewhere who owes support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supporter {
    /// What they are to the applicant.
    pub relation: Relation,
    /// How many live in their household.
    pub persons: u32,
    /// Net income of their household a month, in fen.
    pub monthly_income: i64,
    /// Whether they are unable to support.
    pub unable: bool,
}

impl Supporter {
    fn of(stated: &supporter::Supporter) -> Supporter {
        Supporter {
            relation: stated.relation,
            persons: stated.persons,
            monthly_income: stated.monthly_income.0,
            unable: stated.unable,
        }
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
    pub(crate) supporters: Vec<Supporter>,
}

impl Snapshot {
    /// A snapshot from its parts; `figures` in the order of `needs.household()`, `member_figures` member after member in the
    /// order of `needs.member()`.
    ///
    /// # Errors
    /// `FiguresMismatch` where a number of figures is not that of the keys, `TooMany` beyond [`MAX_MEMBERS`], `Malformed` for a
    /// grade outside 1 to 4, a reversed figure, a condition that is not 0, 1 or between, or a year outside 1 to 9999.
    pub fn new(
        needs: &Arc<Needs>,
        as_of: Date,
        composition: Composition,
        figures: Vec<Bounds>,
        members: Vec<Person>,
        member_figures: Vec<Bounds>,
    ) -> Result<Snapshot, SnapshotError> {
        if figures.len() != needs.household().len() {
            return Err(SnapshotError::FiguresMismatch { field: "figures" });
        }
        if member_figures.len() != needs.member().len() * members.len() {
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
        let of_members = needs.member().iter().cycle().zip(&member_figures);
        let mut keyed = needs.household().iter().zip(&figures).chain(of_members);
        if !keyed.all(|(key, figure)| key.reading.admits(*figure)) {
            return malformed("condition");
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
            supporters: Vec::new(),
        })
    }

    /// The same with what is stated of supporters.
    ///
    /// # Errors
    /// `FiguresMismatch` where the needs hold no supporters and there are some, `TooMany` beyond the limit of a household.
    pub fn with_supporters(mut self, supporters: Vec<Supporter>) -> Result<Snapshot, SnapshotError> {
        if !supporters.is_empty() && !self.needs.supporters() {
            return Err(SnapshotError::FiguresMismatch { field: "supporters" });
        }
        if supporters.len() > MAX_SUPPORTERS {
            return Err(SnapshotError::TooMany {
                field: "supporters",
                limit: MAX_SUPPORTERS,
            });
        }
        self.supporters = supporters;
        Ok(self)
    }

    /// The digest of the rule of who counts in the bytes of a snapshot, `None` within for everybody; none where they are no snapshot of this version.
    pub(crate) fn rule_in(bytes: &[u8]) -> Option<Option<[u8; 16]>> {
        encode::rule_in(bytes)
    }

    /// The date that it is about.
    pub fn as_of(&self) -> Date {
        self.as_of
    }

    /// Whether it is settled who is judged.
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

    /// Those who count; nobody where the household has nobody who does.
    pub fn members(&self) -> &[Person] {
        &self.members
    }

    /// Figures of the members, member after member, in the order of [`Needs::member`].
    pub fn member_figures(&self) -> &[Bounds] {
        &self.member_figures
    }

    /// What is stated of supporters.
    pub fn supporters(&self) -> &[Supporter] {
        &self.supporters
    }

    /// A figure by its key.
    pub fn figure(&self, key: &FigureKey) -> Option<Bounds> {
        let at = self.needs.household().iter().position(|k| k == key)?;
        self.figures.get(at).copied()
    }

    /// A member's figure by its key.
    pub fn member_figure(&self, member: usize, key: &FigureKey) -> Option<Bounds> {
        let keys = self.needs.member();
        let at = keys.iter().position(|k| k == key)?;
        self.member_figures.get(member * keys.len() + at).copied()
    }
}
