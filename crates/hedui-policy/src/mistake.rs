//! Mistakes in packs: where, which, and what to do, all of a file at once; and why no pack could be chosen.
//! Leaves finding them to `pack` and `set`.

pub use hedui_toml::{Mistake, Mistakes};

/// Why no pack answers a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Not six digits.
    #[error("a district is six digits of GB/T 2260, for example 511703")]
    DistrictInvalid,
    /// No pack of any district has this programme.
    #[error("no pack has the programme {0}")]
    UnknownProgramme(String),
    /// Neither the district nor what lies above it has a pack of the programme.
    #[error("neither district {district} nor its city, its province or the nation has a pack of {programme}")]
    UnknownDistrict {
        /// The programme.
        programme: String,
        /// The district.
        district: String,
    },
    /// No pack of the programme there has this variant.
    #[error("no pack of {programme} in {district} has the variant {variant}")]
    UnknownVariant {
        /// The programme.
        programme: String,
        /// The district.
        district: String,
        /// The variant.
        variant: String,
    },
    /// The packs there are for the other kind of residence.
    #[error("no pack of {programme} in {district} is for this residence")]
    NoPackForResidence {
        /// The programme.
        programme: String,
        /// The district.
        district: String,
    },
    /// The packs there are not valid on the date, or all of that date are variants that must be named.
    #[error("no pack of {programme} in {district} is valid on {date}")]
    NoPackOnDate {
        /// The programme.
        programme: String,
        /// The district.
        district: String,
        /// The date, `YYYY-MM-DD`.
        date: String,
    },
}

impl SelectError {
    /// Stable reason for interfaces.
    pub fn reason(&self) -> &'static str {
        match self {
            SelectError::DistrictInvalid => "DISTRICT_INVALID",
            SelectError::UnknownProgramme(_) => "UNKNOWN_PROGRAMME",
            SelectError::UnknownDistrict { .. } => "UNKNOWN_DISTRICT",
            SelectError::UnknownVariant { .. } => "UNKNOWN_VARIANT",
            SelectError::NoPackForResidence { .. } => "NO_PACK_FOR_RESIDENCE",
            SelectError::NoPackOnDate { .. } => "NO_PACK_ON_DATE",
        }
    }
}

/// Everything that can go wrong in this crate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Packs do not load.
    #[error(transparent)]
    Packs(#[from] Mistakes),
    /// No pack answers the request.
    #[error(transparent)]
    Select(#[from] SelectError),
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyErrorKind {
    /// Whoever keeps the packs.
    Config,
    /// Whoever sent the request.
    Request,
}

impl PolicyError {
    /// Who has to act.
    pub fn kind(&self) -> PolicyErrorKind {
        match self {
            PolicyError::Packs(_) => PolicyErrorKind::Config,
            PolicyError::Select(_) => PolicyErrorKind::Request,
        }
    }
}
