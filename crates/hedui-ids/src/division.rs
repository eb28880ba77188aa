//! A six-digit division code (GB/T 2260): province, prefecture and county in two digits each.
//! Leaves names, validity and whether the code exists to `Divisions`.

use core::fmt;

#[cfg(test)]
mod tests;

/// Six digits `PPCCXX`; any six digits are accepted. Not personal, so it can be shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode(u32);

/// How far down a code reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DivisionLevel {
    /// Province, municipality, autonomous region, special administrative region: `PP0000`.
    Province,
    /// City, prefecture, league: `PPCC00`.
    Prefecture,
    /// District, county, banner, county-level city.
    County,
}

impl DivisionCode {
    /// From the number that the six digits write; `None` above 999999.
    #[must_use]
    pub const fn new(number: u32) -> Option<DivisionCode> {
        if number > 999_999 {
            None
        } else {
            Some(DivisionCode(number))
        }
    }

    /// Exactly six ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<DivisionCode> {
        if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        text.parse().ok().and_then(DivisionCode::new)
    }

    /// From three numbers below 100; higher ones cannot come from two digits.
    pub(crate) fn from_pairs(province: u8, prefecture: u8, county: u8) -> DivisionCode {
        DivisionCode(u32::from(province) * 10_000 + u32::from(prefecture) * 100 + u32::from(county))
    }

    /// The table of this crate writes its codes as numbers.
    pub(crate) const fn literal(number: u32) -> DivisionCode {
        DivisionCode(number)
    }

    /// The number that the six digits write, 0 to 999999.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// How far down the code reaches.
    #[must_use]
    pub const fn level(self) -> DivisionLevel {
        if self.0.is_multiple_of(10_000) {
            DivisionLevel::Province
        } else if self.0.is_multiple_of(100) {
            DivisionLevel::Prefecture
        } else {
            DivisionLevel::County
        }
    }

    /// The province it lies in, `PP0000` (itself for a province).
    #[must_use]
    pub const fn province(self) -> DivisionCode {
        DivisionCode(self.0 / 10_000 * 10_000)
    }

    /// The prefecture it lies in, `PPCC00` (itself for a prefecture); `None` for a province.
    #[must_use]
    pub const fn prefecture(self) -> Option<DivisionCode> {
        match self.level() {
            DivisionLevel::Province => None,
            _ => Some(DivisionCode(self.0 / 100 * 100)),
        }
    }

    /// Itself when it names a county.
    #[must_use]
    pub const fn county(self) -> Option<DivisionCode> {
        match self.level() {
            DivisionLevel::County => Some(self),
            _ => None,
        }
    }

    /// `other` is this division or lies in it, by the digits alone.
    #[must_use]
    pub const fn contains(self, other: DivisionCode) -> bool {
        let step = match self.level() {
            DivisionLevel::Province => 10_000,
            DivisionLevel::Prefecture => 100,
            DivisionLevel::County => 1,
        };
        self.0 / step == other.0 / step
    }
}

/// Six digits.
impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Debug for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DivisionCode({self})")
    }
}
