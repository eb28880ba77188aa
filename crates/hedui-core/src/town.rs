//! Where in the district a household lives: a township or street (GB/T 10114), or a village or community in it (the statistical code).
//! Leaves whether the code exists to whoever keeps the list; nothing is ever decided by it, it only groups reports.

use hedui_ids::DivisionCode;

#[cfg(test)]
mod tests;

/// Villages of a township are numbered with three digits.
const VILLAGES: u64 = 1_000;
/// Townships of a district likewise.
const TOWNSHIPS: u64 = 1_000;
/// The greatest code of twelve digits.
const GREATEST: u64 = 999_999_999_999;

/// A township of nine digits, or one of its villages of twelve. Not personal by itself, so it can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Town(u64);

impl Town {
    /// Nine digits, or twelve of which the last three may be zeros (the township itself). `None` for anything else, and for a
    /// township of number 000, which is the whole district.
    #[must_use]
    pub fn parse(text: &str) -> Option<Town> {
        if !matches!(text.len(), 9 | 12) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number: u64 = text.parse().ok()?;
        Town::new(if text.len() == 9 { number * VILLAGES } else { number })
    }

    /// From the number that the twelve digits write.
    #[must_use]
    pub fn new(number: u64) -> Option<Town> {
        let is_township = number <= GREATEST && !(number / VILLAGES).is_multiple_of(TOWNSHIPS);
        is_township.then_some(Town(number))
    }

    /// The number that the twelve digits write.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// The township, without the village.
    #[must_use]
    pub fn township(self) -> Town {
        Town(self.0 / VILLAGES * VILLAGES)
    }

    /// The division that the code begins with.
    #[must_use]
    pub fn district(self) -> Option<DivisionCode> {
        let number = self.0 / VILLAGES / TOWNSHIPS;
        u32::try_from(number).ok().and_then(DivisionCode::new)
    }

    /// `other` is this place or lies in it.
    #[must_use]
    pub fn contains(self, other: Town) -> bool {
        self == other || (self.township() == self && other.township() == self)
    }
}

/// Nine digits for a township, twelve for a village.
impl std::fmt::Display for Town {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.township() == *self {
            write!(f, "{:09}", self.0 / VILLAGES)
        } else {
            write!(f, "{:012}", self.0)
        }
    }
}
