//! What reading a resident ID gives: the number and what is odd about it.
//! Leaves refusals to `IdError` and the number itself to `ResidentId`.

use alloc::vec::Vec;

use super::ResidentId;

/// Something odd about a number that is nevertheless usable. Never a ground for refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum IdWarning {
    /// The text was not in canonical form (full-width, lower case, spaces, hyphens, invisible marks).
    Normalised,
    /// The text had 15 digits: no check digit protects it, the century is assumed to be 19.
    Legacy15Digits,
    /// Fifteen digits that may mean a birth before 1900: sequence 996 to 999 (kept for centenarians by the 1989 edition), or
    /// an age of 100 or more today. The birth date needs another source.
    AmbiguousCentury,
    /// The first two digits are no province.
    UnknownProvince,
    /// The table covers the prefecture but does not list this county. The code is that of the time of issue; tables have gaps.
    UnknownDivision,
    /// The table says that the code was retired before the holder was born.
    DivisionRetiredBeforeBirth,
    /// Sequence number 000, which the police do not normally give out.
    SequenceZero,
}

impl IdWarning {
    /// The machine reason, stable over versions.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            IdWarning::Normalised => "NORMALISED",
            IdWarning::Legacy15Digits => "LEGACY_15_DIGITS",
            IdWarning::AmbiguousCentury => "AMBIGUOUS_CENTURY",
            IdWarning::UnknownProvince => "UNKNOWN_PROVINCE",
            IdWarning::UnknownDivision => "UNKNOWN_DIVISION",
            IdWarning::DivisionRetiredBeforeBirth => "DIVISION_RETIRED_BEFORE_BIRTH",
            IdWarning::SequenceZero => "SEQUENCE_ZERO",
        }
    }
}

/// A number that was read, with what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The number in canonical form.
    pub id: ResidentId,
    /// In the order of [`IdWarning`], each at most once; empty (and unallocated) for an ordinary number.
    pub warnings: Vec<IdWarning>,
}

impl Parsed {
    /// The text differed from the canonical form of the same length. Keep the original text too.
    #[must_use]
    pub fn was_normalised(&self) -> bool {
        self.warnings.contains(&IdWarning::Normalised)
    }

    /// The text had 15 digits.
    #[must_use]
    pub fn was_legacy_15(&self) -> bool {
        self.warnings.contains(&IdWarning::Legacy15Digits)
    }
}
