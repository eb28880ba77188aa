//! The unified social credit code of organisations (GB 32100-2015).
//! Leaves the classes of organisations to `kind.rs`; names, owners and whether the organisation still exists to the registers of market regulation, civil affairs and agriculture.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{DivisionCode, IdError, text::Typed};

mod kind;
#[cfg(test)]
mod tests;

pub use kind::{CreditCodeKind, Registrar};

/// The 31 characters in the order of their values 0 to 30; I, O, S, V, Z are left out.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Weights of the organisation code (GB 11714), mod 11.
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// An 18-character unified social credit code with a right check character.
///
/// Holds the canonical form. The code of a one-person business leads to the person in public registers: no `Display`, masked `Debug`.
///
/// **What the check character guarantees** (31 is prime and 3 a primitive root of it): any single wrong character is refused, and any
/// exchange of two characters except of the first with the last, which weigh the same. Other errors slip through once in 31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditCode([u8; 18]);

/// Something odd about a code that is nevertheless usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CreditCodeWarning {
    /// The text was not in canonical form.
    Normalised,
    /// Characters 3 to 8 are no division code.
    DivisionForm,
    /// The organisation code inside (characters 9 to 17) fails its own check; not every register keeps to it.
    OrganisationCheckDigit,
}

impl CreditCodeWarning {
    /// The machine reason, stable over versions.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            CreditCodeWarning::Normalised => "NORMALISED",
            CreditCodeWarning::DivisionForm => "DIVISION_FORM",
            CreditCodeWarning::OrganisationCheckDigit => "ORGANISATION_CHECK_DIGIT",
        }
    }
}

/// A code that was read, with what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedCreditCode {
    /// The code in canonical form.
    pub code: CreditCode,
    /// In the order of [`CreditCodeWarning`], each at most once; empty and unallocated for an ordinary code.
    pub warnings: Vec<CreditCodeWarning>,
}

impl CreditCode {
    /// Reads a code; drops whitespace, invisible marks and hyphens, folds full-width and lower case. Never guesses `O` for `0`.
    ///
    /// # Errors
    /// [`IdError`], the first that applies of `CHARACTER` (no letter or digit), `EMPTY`, `LENGTH`, `CHARACTER` (I, O, S, V, Z), `REGISTRAR_PREFIX`, `CHECK_DIGIT`.
    pub fn parse(text: &str) -> Result<ParsedCreditCode, IdError> {
        let typed = Typed::<18>::read(text, |c| c)?;
        match typed.len {
            0 => return Err(IdError::Empty),
            18 => {}
            found => return Err(IdError::Length { found }),
        }
        typed.check(18, |_, byte| value(byte).is_some())?;
        let [first17 @ .., check] = &typed.bytes;
        if Registrar::of(typed.bytes[0]).is_none() {
            return Err(IdError::RegistrarPrefix);
        }
        if Self::checksum(first17) != Some(*check) {
            return Err(IdError::CheckDigit);
        }
        let code = CreditCode(typed.bytes);
        let mut warnings = Vec::new();
        if typed.changed {
            warnings.push(CreditCodeWarning::Normalised);
        }
        if code.division().is_none() {
            warnings.push(CreditCodeWarning::DivisionForm);
        }
        if !code.organisation_check_fits() {
            warnings.push(CreditCodeWarning::OrganisationCheckDigit);
        }
        Ok(ParsedCreditCode { code, warnings })
    }

    /// Completes seventeen canonical characters with the check character, for tests and simulators; `None` when they are no
    /// seventeen characters of the alphabet behind a known registrar.
    #[must_use]
    pub fn compose(first17: &str) -> Option<CreditCode> {
        let first17: &[u8; 17] = first17.as_bytes().try_into().ok()?;
        let mut bytes = [Self::checksum(first17)?; 18];
        for (to, from) in bytes.iter_mut().zip(first17) {
            *to = *from;
        }
        Registrar::of(bytes[0]).map(|_| CreditCode(bytes))
    }

    /// The check character of seventeen canonical characters: (31 - sum of value x 3^i mod 31) mod 31. Without the second `mod` every code
    /// that ends in 0 would be refused.
    #[must_use]
    pub fn checksum(first17: &[u8; 17]) -> Option<u8> {
        let (mut sum, mut weight) = (0, 1);
        for &byte in first17 {
            sum += value(byte)? * weight;
            weight = weight * 3 % 31;
        }
        ALPHABET.get(((31 - sum % 31) % 31) as usize).copied()
    }

    /// The check character of an eight-character organisation code (GB 11714): `0` to `9` or `X`; `None` unless digits and capitals.
    #[must_use]
    pub fn organisation_checksum(first8: &[u8; 8]) -> Option<u8> {
        let mut sum = 0;
        for (&byte, weight) in first8.iter().zip(ORGANISATION_WEIGHTS) {
            // Here letters count on from A = 10 without gaps, unlike in the code around it.
            let value = match byte {
                b'0'..=b'9' => byte - b'0',
                b'A'..=b'Z' => byte - b'A' + 10,
                _ => return None,
            };
            sum += u32::from(value) * weight;
        }
        b"0X987654321".get((sum % 11) as usize).copied()
    }

    /// The canonical 18 characters.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 18] {
        &self.0
    }

    /// The canonical code in the clear; the name makes every use visible in review.
    #[must_use]
    pub fn expose(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Kind and division, eight asterisks, last two characters.
    #[must_use]
    pub fn masked(&self) -> String {
        alloc::format!("{}", Masked(&self.0))
    }

    /// Who registers the organisation.
    #[must_use]
    pub fn registrar(&self) -> Registrar {
        Registrar::of(self.0[0]).unwrap_or(Registrar::Other)
    }

    /// What the organisation is.
    #[must_use]
    pub fn kind(&self) -> CreditCodeKind {
        let [first, second, ..] = self.0;
        CreditCodeKind::of([first, second], self.registrar())
    }

    /// The division of the registrar; `None` when characters 3 to 8 are not all digits.
    #[must_use]
    pub fn division(&self) -> Option<DivisionCode> {
        DivisionCode::parse(self.expose().get(2..8)?)
    }

    /// The nine-character organisation code, characters 9 to 17.
    #[must_use]
    pub fn organisation_code(&self) -> &str {
        self.expose().get(8..17).unwrap_or_default()
    }

    /// Whether the organisation code fits its own check character.
    #[must_use]
    pub fn organisation_check_fits(&self) -> bool {
        let [_, _, _, _, _, _, _, _, first8 @ .., check, _] = &self.0;
        Self::organisation_checksum(first8) == Some(*check)
    }
}

impl fmt::Debug for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CreditCode({})", Masked(&self.0))
    }
}

struct Masked<'a>(&'a [u8; 18]);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, &byte) in self.0.iter().enumerate() {
            fmt::Write::write_char(
                f,
                if (8..16).contains(&index) {
                    '*'
                } else {
                    char::from(byte)
                },
            )?;
        }
        Ok(())
    }
}

const fn value(byte: u8) -> Option<u32> {
    // The letters left out before a letter move its value down.
    let gaps = match byte {
        b'0'..=b'9' => return Some((byte - b'0') as u32),
        b'A'..=b'H' => 0,
        b'J'..=b'N' => 1,
        b'P'..=b'R' => 2,
        b'T' | b'U' => 3,
        b'W'..=b'Y' => 4,
        _ => return None,
    };
    Some((byte - b'A' + 10 - gaps) as u32)
}
