//! The month a key serves: civil months of Asia/Shanghai, the calendar the records are kept in.
//! Left to others: any other date arithmetic.

use std::fmt;

/// China has kept UTC+8 without summer time since 1992; older evidence does not exist.
const SHANGHAI_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// A civil month, for which each district has one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    year: i32,
    month: u8,
}

impl Period {
    /// The month in Shanghai at `time_ms` milliseconds since 1970 UTC, by counting years from March
    /// (H. Hinnant, "chrono-compatible low-level date algorithms"). Times beyond the year 9999 count as its last month.
    #[must_use]
    pub fn of_ms(time_ms: i64) -> Self {
        let days = time_ms
            .saturating_add(SHANGHAI_MS)
            .div_euclid(DAY_MS)
            .clamp(-719_468, 2_932_896);
        let from_march_0 = days + 719_468;
        let era = from_march_0.div_euclid(146_097);
        let day_of_era = from_march_0.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year: i32::try_from(year).unwrap_or(i32::MAX),
            month: u8::try_from(month).unwrap_or(1),
        }
    }

    /// The civil year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.year
    }

    /// Reads `2026-11`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let parsed = Self {
            year: year.parse().ok()?,
            month: month.parse().ok()?,
        };
        (parsed.to_string() == text && (1..=12).contains(&parsed.month)).then_some(parsed)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests;
