//! The resident ID number (GB 11643-1999), its sister numbers of the same form, and its 15-digit predecessor.
//! Leaves reading typed text to `parse.rs`, what is odd about a number to `outcome.rs` and knowledge of divisions to `Divisions`.

use alloc::string::String;
use core::fmt;

use crate::{Date, DivisionCode, Divisions, IdError};

mod outcome;
mod parse;
#[cfg(test)]
mod tests;

pub use outcome::{IdWarning, Parsed};

/// Weights 2^(17-i) mod 11 of the first seventeen digits (ISO 7064, MOD 11-2).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check character for each remainder of the weighted sum.
const CHECK_CHARACTERS: [u8; 11] = *b"10X98765432";

/// An 18-character number of the GB 11643 family with a right check character and a real birth date.
///
/// Holds the canonical form (ASCII digits, capital `X`). Personal: no `Display`, `Debug` shows [`masked`](Self::masked) only.
/// The number alone proves no identity (duplicates were issued): match it together with the name.
///
/// **What the check character guarantees** (the modulus is prime and the weights are powers of 2): among numbers of 18 characters
/// any single wrong character, any exchange of two characters unless they stand exactly 10 places apart, and any doubled digit replaced by
/// another doubled digit (11 for 22) is refused. Other errors slip through once in eleven.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResidentId([u8; 18]);

/// The 15-digit form in use until 1999, still found in department databases. Personal, like [`ResidentId`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegacyId([u8; 15]);

/// Who is given a number of this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdKind {
    /// Citizen on the mainland: resident identity card.
    Resident,
    /// Residence permit for people from Hong Kong, prefix 81.
    PermitHongKong,
    /// Residence permit for people from Macao, prefix 82.
    PermitMacao,
    /// Residence permit for people from Taiwan, prefix 83.
    PermitTaiwan,
    /// Foreign permanent resident (card of 2023-12 and later), first digit 9.
    ForeignPermanentResident,
}

/// Sex as the number states it (odd sequence: male).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// Even sequence number.
    Female,
    /// Odd sequence number.
    Male,
}

impl ResidentId {
    /// Nobody older is believed; the longest life on record is 122 years.
    pub const MAX_AGE: u16 = 150;

    /// Reads a number as people type and databases keep it, with the bundled [`Divisions`].
    ///
    /// Dropped: whitespace, zero-width and direction marks, hyphens and dashes, one kind of spreadsheet mark (`'`) in front. Folded: full-width
    /// letters and digits, lower case, and `×`, `Ⅹ`, `ⅹ` for `X`. Never guessed: `O` for zero, `l` for one.
    /// Fifteen digits become eighteen with century 19, mainland residents only (permits and foreign cards never had 15 digits).
    ///
    /// # Errors
    /// [`IdError`], the first that applies of `CHARACTER` (no letter or digit), `EMPTY`, `LENGTH`, `FOREIGN_CARD_15`, `CHARACTER` (wrong place), `CHECK_DIGIT`,
    /// `BIRTH_DATE_IMPOSSIBLE`, `BIRTH_DATE_FUTURE`, `BIRTH_DATE_TOO_OLD`.
    pub fn parse(text: &str, today: Date) -> Result<Parsed, IdError> {
        parse::parse(text, today, Divisions::bundled())
    }

    /// [`parse`](Self::parse) with a division table of the operator's own.
    ///
    /// # Errors
    /// As [`parse`](Self::parse): the table only changes warnings.
    pub fn parse_with(text: &str, today: Date, divisions: &Divisions) -> Result<Parsed, IdError> {
        parse::parse(text, today, divisions)
    }

    /// Builds a number with its check character, for tests and simulators; `None` when `sequence` exceeds 999.
    ///
    /// Whether anyone holds it is chance: never send a composed number to a real department.
    #[must_use]
    pub fn compose(division: DivisionCode, birth: Date, sequence: u16) -> Option<ResidentId> {
        if sequence > 999 {
            return None;
        }
        let mut first17 = [0; 17];
        let (place, rest) = first17.split_at_mut(6);
        let (date, order) = rest.split_at_mut(8);
        write_decimal(place, division.number());
        write_decimal(
            date,
            u32::from(birth.year()) * 10_000 + u32::from(birth.month()) * 100 + u32::from(birth.day()),
        );
        write_decimal(order, u32::from(sequence));
        Some(ResidentId::with_check(&first17, Self::checksum(&first17)?))
    }

    /// The check character (`0` to `9` or `X`) of seventeen ASCII digits; `None` when one of them is no digit.
    #[must_use]
    pub fn checksum(first17: &[u8; 17]) -> Option<u8> {
        let mut sum = 0;
        for (&byte, weight) in first17.iter().zip(WEIGHTS) {
            sum += u32::from(digit(byte)?) * weight;
        }
        CHECK_CHARACTERS.get((sum % 11) as usize).copied()
    }

    fn with_check(first17: &[u8; 17], check: u8) -> ResidentId {
        let mut bytes = [check; 18];
        for (to, from) in bytes.iter_mut().zip(first17) {
            *to = *from;
        }
        ResidentId(bytes)
    }

    /// The canonical 18 ASCII characters. Personal: for departments and sealed storage only.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 18] {
        &self.0
    }

    /// The canonical number in the clear. Personal: the name makes every use visible in review.
    #[must_use]
    pub fn expose(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Division, ten asterisks, last two characters: `110101**********1X`. Neither birth date nor full sequence can be read from it.
    #[must_use]
    pub fn masked(&self) -> String {
        alloc::format!("{}", Masked(&self.0))
    }

    /// Date of birth.
    #[must_use]
    pub fn birth_date(&self) -> Date {
        let [.., y0, y1, y2, y3, m0, m1, d0, d1, _, _, _, _] = self.0;
        birth_parts(two(y0, y1), two(y2, y3), two(m0, m1), two(d0, d1))
    }

    /// Completed years on a day; see [`Date::age_on`]. `None` before the birth.
    #[must_use]
    pub fn age_on(&self, today: Date) -> Option<u16> {
        self.birth_date().age_on(today)
    }

    /// Sex, from the parity of the seventeenth digit.
    #[must_use]
    pub const fn sex(&self) -> Sex {
        let [.., order, _] = self.0;
        if order % 2 == 1 { Sex::Male } else { Sex::Female }
    }

    /// The first six digits: the division of registration **at the time of issue**, not where the holder is registered now.
    ///
    /// For permits it is 810000, 820000 or 830000; for foreign permanent residents (first digit 9) it is no GB/T 2260 code and lies in no province.
    #[must_use]
    pub fn division(&self) -> DivisionCode {
        let [a, b, c, d, e, f, ..] = self.0;
        DivisionCode::from_pairs(two(a, b), two(c, d), two(e, f))
    }

    /// Who is given such a number.
    #[must_use]
    pub const fn kind(&self) -> IdKind {
        match self.0 {
            [b'9', ..] => IdKind::ForeignPermanentResident,
            [b'8', b'1', ..] => IdKind::PermitHongKong,
            [b'8', b'2', ..] => IdKind::PermitMacao,
            [b'8', b'3', ..] => IdKind::PermitTaiwan,
            _ => IdKind::Resident,
        }
    }

    /// The check character, `0` to `9` or `X`.
    #[must_use]
    pub const fn check_character(&self) -> char {
        let [.., check] = self.0;
        check as char
    }

    /// The 15-digit form of the same person, so that a department can be asked with both; mainland residents born 1900 to 1999 only.
    #[must_use]
    pub fn legacy_15(&self) -> Option<LegacyId> {
        let [a, b, c, d, e, f, b'1', b'9', y0, y1, m0, m1, d0, d1, s0, s1, s2, _] = self.0 else {
            return None;
        };
        (self.kind() == IdKind::Resident).then_some(LegacyId([a, b, c, d, e, f, y0, y1, m0, m1, d0, d1, s0, s1, s2]))
    }
}

impl LegacyId {
    /// The fifteen ASCII digits. Personal.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 15] {
        &self.0
    }

    /// The number in the clear. Personal: the name makes every use visible in review.
    #[must_use]
    pub fn expose(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Division, seven asterisks, last two digits.
    #[must_use]
    pub fn masked(&self) -> String {
        alloc::format!("{}", Masked(&self.0))
    }
}

impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResidentId({})", Masked(&self.0))
    }
}

impl fmt::Debug for LegacyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegacyId({})", Masked(&self.0))
    }
}

struct Masked<'a>(&'a [u8]);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = 6..self.0.len().saturating_sub(2);
        for (index, &byte) in self.0.iter().enumerate() {
            fmt::Write::write_char(f, if hidden.contains(&index) { '*' } else { char::from(byte) })?;
        }
        Ok(())
    }
}

const fn digit(byte: u8) -> Option<u8> {
    if byte.is_ascii_digit() { Some(byte - b'0') } else { None }
}

/// The number that two ASCII digits write.
const fn two(tens: u8, ones: u8) -> u8 {
    (tens & 0x0F) * 10 + (ones & 0x0F)
}

fn birth_parts(century: u8, year: u8, month: u8, day: u8) -> Date {
    Date::from_checked_parts(u16::from(century) * 100 + u16::from(year), month, day)
}

/// Writes the lowest decimal digits of `number`, with leading zeros, over the whole slice.
fn write_decimal(to: &mut [u8], mut number: u32) {
    for byte in to.iter_mut().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
