//! Reads a resident ID from typed text: normalise, refuse the impossible, warn about the odd.
//! Leaves the accessors and the check character to `resident.rs`.

use alloc::vec::Vec;

use super::{IdKind, IdWarning, Parsed, ResidentId, two};
use crate::{Date, Divisions, IdError, divisions::Lookup, text::Typed};

/// Sequence numbers that the 1989 edition kept for people of a hundred years and more.
const CENTENARIAN_SEQUENCES: [&[u8; 3]; 4] = [b"996", b"997", b"998", b"999"];

pub(super) fn parse(text: &str, today: Date, divisions: &Divisions) -> Result<Parsed, IdError> {
    let typed = Typed::<18>::read(text, rename)?;
    let legacy = match typed.len {
        0 => return Err(IdError::Empty),
        15 => true,
        18 => false,
        found => return Err(IdError::Length { found }),
    };
    let id = if legacy { from_15(&typed)? } else { from_18(&typed)? };
    check_birth(&id, today)?;
    Ok(Parsed {
        id,
        warnings: warnings(&id, legacy, typed.changed, today, divisions),
    })
}

/// People write the Roman numeral or a multiplication sign for the check character ten.
fn rename(c: char) -> char {
    match c {
        '×' | 'Ⅹ' | 'ⅹ' => 'X',
        other => other,
    }
}

fn from_18(typed: &Typed<18>) -> Result<ResidentId, IdError> {
    typed.check(18, |index, byte| byte.is_ascii_digit() || (index == 17 && byte == b'X'))?;
    let id = ResidentId(typed.bytes);
    let [first17 @ .., check] = &id.0;
    if ResidentId::checksum(first17) == Some(*check) {
        Ok(id)
    } else {
        Err(IdError::CheckDigit)
    }
}

fn from_15(typed: &Typed<18>) -> Result<ResidentId, IdError> {
    let [a, b, c, rest @ ..] = typed.bytes;
    if [a, b, c].iter().all(u8::is_ascii_alphabetic) && rest.iter().take(12).all(u8::is_ascii_digit) {
        return Err(IdError::ForeignCard15);
    }
    typed.check(15, |_, byte| byte.is_ascii_digit())?;
    let [d, e, f, y0, y1, m0, m1, d0, d1, s0, s1, s2, ..] = rest;
    let first17 = [a, b, c, d, e, f, b'1', b'9', y0, y1, m0, m1, d0, d1, s0, s1, s2];
    let id = ResidentId::with_check(&first17, ResidentId::checksum(&first17).ok_or(IdError::CheckDigit)?);
    // Permits (2018) and foreign cards with digits (2023) are younger than the 15-digit form.
    if id.kind() == IdKind::Resident {
        Ok(id)
    } else {
        Err(IdError::Length { found: 15 })
    }
}

fn check_birth(id: &ResidentId, today: Date) -> Result<(), IdError> {
    let [.., y0, y1, y2, y3, m0, m1, d0, d1, _, _, _, _] = id.0;
    let year = u16::from(two(y0, y1)) * 100 + u16::from(two(y2, y3));
    let birth = Date::new(year, two(m0, m1), two(d0, d1)).ok_or(IdError::BirthDateImpossible)?;
    match birth.age_on(today) {
        None => Err(IdError::BirthDateFuture),
        Some(age) if age > ResidentId::MAX_AGE => Err(IdError::BirthDateTooOld),
        Some(_) => Ok(()),
    }
}

fn warnings(id: &ResidentId, legacy: bool, changed: bool, today: Date, divisions: &Divisions) -> Vec<IdWarning> {
    let mut warnings = Vec::new();
    let [.., s0, s1, s2, _] = id.0;
    let sequence = [s0, s1, s2];
    if changed {
        warnings.push(IdWarning::Normalised);
    }
    if legacy {
        warnings.push(IdWarning::Legacy15Digits);
        if CENTENARIAN_SEQUENCES.contains(&&sequence) || id.age_on(today).is_some_and(|age| age >= 100) {
            warnings.push(IdWarning::AmbiguousCentury);
        }
    }
    warnings.extend(division_warning(id, divisions));
    if &sequence == b"000" {
        warnings.push(IdWarning::SequenceZero);
    }
    warnings
}

fn division_warning(id: &ResidentId, divisions: &Divisions) -> Option<IdWarning> {
    let code = id.division();
    match id.kind() {
        // The first six digits of a foreign permanent resident are no division code.
        IdKind::ForeignPermanentResident => return None,
        IdKind::Resident => {}
        // Permits carry the bare province; 830000 is in use although GB/T 2260 gives Taiwan 710000.
        _ => return (code.province() != code).then_some(IdWarning::UnknownDivision),
    }
    match divisions.lookup(code) {
        Lookup::UnknownProvince => Some(IdWarning::UnknownProvince),
        Lookup::Unlisted => Some(IdWarning::UnknownDivision),
        Lookup::NotCovered => None,
        Lookup::Listed(rows) => {
            let birth = id.birth_date();
            let retired = rows.iter().all(|row| row.valid_to.is_some_and(|last| last < birth));
            retired.then_some(IdWarning::DivisionRetiredBeforeBirth)
        }
    }
}
