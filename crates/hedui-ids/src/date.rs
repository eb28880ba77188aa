//! A civil date and completed years of age, just enough for identifiers.
//! Leaves calendars, time zones and arithmetic to a date library; convert at the border.

use core::fmt;

#[cfg(test)]
mod tests;

/// A valid day of the proleptic Gregorian calendar, years 1 to 9999. Ordered by time.
///
/// In this system dates are civil dates in Asia/Shanghai.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The date, or `None` when there is no such day (month 13, 30 February, year 0).
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        if year == 0 || year > 9999 || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        Some(Date { year, month, day })
    }

    /// For parts that a validated identifier already holds; keeps its accessors total.
    pub(crate) const fn from_checked_parts(year: u16, month: u8, day: u8) -> Date {
        Date { year, month, day }
    }

    /// Reads `YYYY-MM-DD`, nothing looser.
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Date> {
        let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = text.as_bytes() else {
            return None;
        };
        let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
        let two = |tens: u8, ones: u8| Some(digit(tens)? * 10 + digit(ones)?);
        let year = u16::from(two(y0, y1)?) * 100 + u16::from(two(y2, y3)?);
        Date::new(year, two(m0, m1)?, two(d0, d1)?)
    }

    /// Year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// Month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Completed years (周岁) of a person born on `self`, by month and day; `None` when `today` is before the birth.
    ///
    /// A year is complete on the birthday itself, as social assistance counts it (not on the day after, as criminal law does).
    /// Whoever was born on 29 February completes a year on 1 March in common years.
    #[must_use]
    pub const fn age_on(self, today: Date) -> Option<u16> {
        let birthday_passed = today.month > self.month || (today.month == self.month && today.day >= self.day);
        if today.year < self.year || (today.year == self.year && !birthday_passed) {
            return None;
        }
        Some(today.year - self.year - if birthday_passed { 0 } else { 1 })
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400) => 29,
        2 => 28,
        _ => 0,
    }
}
