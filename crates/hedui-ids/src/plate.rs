//! Number plates of motor vehicles (GA 36): brings typed plates to one form and checks them loosely.
//! Leaves whether a plate exists, and military, armed police, embassy and temporary plates, to the vehicle office.

use alloc::string::String;
use core::fmt;

use crate::{IdError, text};

#[cfg(test)]
mod tests;

/// First characters: the provinces' short names.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
/// At most this many characters stand in a plate.
const MAX_CHARACTERS: usize = 8;

/// A plate in canonical form, such as `川S12345` or `沪AE22075`. Leads to its owner: no `Display`, masked `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plate {
    /// UTF-8 with zeros behind it: at most two Han characters (3 bytes each) and seven ASCII characters.
    bytes: [u8; 13],
    len: u8,
    kind: PlateKind,
}

/// What the form of the plate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PlateKind {
    /// Seven characters, no special ending.
    Ordinary,
    /// Eight characters, letter in third place.
    NewEnergySmall,
    /// Eight characters, letter in last place.
    NewEnergyLarge,
    /// 挂: trailer.
    Trailer,
    /// 学: driving school.
    Training,
    /// 警: police.
    Police,
    /// 港: vehicle from Hong Kong.
    HongKong,
    /// 澳: vehicle from Macao.
    Macao,
    /// 领: consulate.
    Consulate,
}

impl Plate {
    /// Reads a plate; drops whitespace, invisible marks, hyphens and separating points, folds full-width and lower case.
    ///
    /// New-energy letters are the wide set: D A B C E (battery electric), F G H J K (others).
    ///
    /// # Errors
    /// `EMPTY`, `LENGTH` (not seven or eight characters), `PLATE_FORM`.
    pub fn parse(text: &str) -> Result<Plate, IdError> {
        let mut characters = ['\0'; MAX_CHARACTERS];
        let mut found = 0;
        for c in text.chars().filter(|&c| !is_point(c)).filter_map(text::fold) {
            if let Some(slot) = characters.get_mut(found) {
                *slot = c;
            }
            found += 1;
        }
        let kind = match found {
            0 => return Err(IdError::Empty),
            7 => seven(characters),
            8 => eight(characters),
            found => return Err(IdError::Length { found }),
        };
        let mut plate = Plate {
            bytes: [0; 13],
            len: 0,
            kind: kind.ok_or(IdError::PlateForm)?,
        };
        for &c in characters.iter().take(found) {
            plate.push(c);
        }
        Ok(plate)
    }

    fn push(&mut self, c: char) {
        let start = usize::from(self.len);
        let end = start + c.len_utf8();
        if let Some(slot) = self.bytes.get_mut(start..end) {
            c.encode_utf8(slot);
            // At most 13.
            self.len = end as u8;
        }
    }

    /// The canonical plate in the clear.
    #[must_use]
    pub fn normalised(&self) -> &str {
        self.bytes
            .get(..usize::from(self.len))
            .and_then(|bytes| core::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// Province and city letter, the rest asterisks: `川S*****`.
    #[must_use]
    pub fn masked(&self) -> String {
        alloc::format!("{}", Masked(self))
    }

    /// What the form says.
    #[must_use]
    pub const fn kind(&self) -> PlateKind {
        self.kind
    }

    /// For new-energy plates, whether the letter means battery electric (D A B C E) or another kind (F G H J K).
    #[must_use]
    pub fn is_battery_electric(&self) -> Option<bool> {
        let letter = match self.kind {
            PlateKind::NewEnergySmall => self.normalised().chars().nth(2),
            PlateKind::NewEnergyLarge => self.normalised().chars().last(),
            _ => None,
        };
        letter.map(|letter| matches!(letter, 'A'..='E'))
    }
}

impl fmt::Debug for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plate({})", Masked(self))
    }
}

struct Masked<'a>(&'a Plate);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, c) in self.0.normalised().chars().enumerate() {
            fmt::Write::write_char(f, if index < 2 { c } else { '*' })?;
        }
        Ok(())
    }
}

/// The point between city and number, in its many spellings.
fn is_point(c: char) -> bool {
    crate::name::is_separator(text::to_half_width(c))
}

fn is_head(province: char, city: char) -> bool {
    // City letters skip I; O was given to police and is still in old records.
    PROVINCES.contains(province) && city.is_ascii_uppercase() && city != 'I'
}

/// Letters and digits of a number: I and O are never used.
fn is_number(c: &char) -> bool {
    c.is_ascii_digit() || (c.is_ascii_uppercase() && !matches!(c, 'I' | 'O'))
}

fn is_energy_letter(c: char) -> bool {
    matches!(c, 'A'..='H' | 'J' | 'K')
}

fn seven([province, city, middle @ .., last, _]: [char; MAX_CHARACTERS]) -> Option<PlateKind> {
    if !is_head(province, city) || !middle.iter().all(is_number) {
        return None;
    }
    Some(match last {
        '挂' => PlateKind::Trailer,
        '学' => PlateKind::Training,
        '警' => PlateKind::Police,
        '港' => PlateKind::HongKong,
        '澳' => PlateKind::Macao,
        '领' => PlateKind::Consulate,
        c if is_number(&c) => PlateKind::Ordinary,
        _ => return None,
    })
}

fn eight([province, city, third, fourth, middle @ .., last]: [char; MAX_CHARACTERS]) -> Option<PlateKind> {
    if !is_head(province, city) || !middle.iter().all(char::is_ascii_digit) {
        return None;
    }
    if is_energy_letter(third) && is_number(&fourth) && last.is_ascii_digit() {
        return Some(PlateKind::NewEnergySmall);
    }
    let large = third.is_ascii_digit() && fourth.is_ascii_digit() && is_energy_letter(last);
    large.then_some(PlateKind::NewEnergyLarge)
}
