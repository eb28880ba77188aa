//! Why a text is not an identifier: stable machine reasons without the text itself.
//! Leaves wording for citizens and other languages to the callers, who look it up by `reason()`.

use core::fmt;

/// Why a text was refused. Carries counts and positions only, so that it can be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdError {
    /// Nothing is left after normalising.
    Empty,
    /// Wrong number of characters after normalising.
    Length {
        /// How many there are.
        found: usize,
    },
    /// A character that cannot stand there.
    Character {
        /// Its place in the text as typed, in characters from 1.
        position: usize,
    },
    /// The check character does not fit the others: something was mistyped.
    CheckDigit,
    /// The eight birth digits are no day of the calendar.
    BirthDateImpossible,
    /// Born after today.
    BirthDateFuture,
    /// Older than [`crate::ResidentId::MAX_AGE`] years.
    BirthDateTooOld,
    /// A foreign permanent resident card of before 2023-12 (three letters, twelve digits): it has no check digit and
    /// nothing converts it; ask for the new 18-digit number.
    ForeignCard15,
    /// A unified credit code whose first character names no registration authority.
    RegistrarPrefix,
    /// Letters and digits in an order that no plate has.
    PlateForm,
}

impl IdError {
    /// The machine reason, stable over versions.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            IdError::Empty => "EMPTY",
            IdError::Length { .. } => "LENGTH",
            IdError::Character { .. } => "CHARACTER",
            IdError::CheckDigit => "CHECK_DIGIT",
            IdError::BirthDateImpossible => "BIRTH_DATE_IMPOSSIBLE",
            IdError::BirthDateFuture => "BIRTH_DATE_FUTURE",
            IdError::BirthDateTooOld => "BIRTH_DATE_TOO_OLD",
            IdError::ForeignCard15 => "FOREIGN_CARD_15",
            IdError::RegistrarPrefix => "REGISTRAR_PREFIX",
            IdError::PlateForm => "PLATE_FORM",
        }
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            IdError::Empty => f.write_str("the identifier is empty"),
            IdError::Length { found } => write!(f, "the identifier has a wrong length: {found} characters"),
            IdError::Character { position } => write!(f, "character {position} cannot stand in this identifier"),
            IdError::CheckDigit => f.write_str("the check character does not fit"),
            IdError::BirthDateImpossible => f.write_str("the birth date does not exist"),
            IdError::BirthDateFuture => f.write_str("the birth date is in the future"),
            IdError::BirthDateTooOld => f.write_str("the birth date is too long ago"),
            IdError::ForeignCard15 => f.write_str("this is an old 15-character foreign permanent resident card number"),
            IdError::RegistrarPrefix => f.write_str("the first character names no registration authority"),
            IdError::PlateForm => f.write_str("this is not the form of a plate number"),
        }
    }
}

impl core::error::Error for IdError {}
