//! Civil dates of Asia/Shanghai: partial dates as registers keep them, months, periods.
//! Leaves the clock to the caller: every "today" is an argument.

use std::fmt;
use std::str::FromStr;

pub use jiff::civil::Date;
use serde::{Deserialize, Serialize, Serializer};

#[cfg(test)]
mod tests;

/// A date of which the day, or month and day, may be unknown. `month` and `day` are 0 where unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct PartialDate {
    year: i16,
    month: i8,
    day: i8,
}

/// Why something is not a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date is YYYY, YYYY-MM or YYYY-MM-DD and must exist")]
pub struct DateError;

impl PartialDate {
    /// A date from its parts, 0 for unknown month or day; `None` when it does not exist.
    pub fn new(year: i16, month: i8, day: i8) -> Option<PartialDate> {
        let exists = match (month, day) {
            (0, 0) => Date::new(year, 1, 1).is_ok(),
            (_, 0) => Date::new(year, month, 1).is_ok(),
            _ => Date::new(year, month, day).is_ok(),
        };
        (exists && year > 0).then_some(PartialDate { year, month, day })
    }

    /// Year, 1 to 9999.
    pub fn year(self) -> i16 {
        self.year
    }

    /// Month 1 to 12, or 0 where unknown.
    pub fn month(self) -> i8 {
        self.month
    }

    /// Day 1 to 31, or 0 where unknown.
    pub fn day(self) -> i8 {
        self.day
    }

    /// Whether it is a time that programs write where there is none: the first of a calendar, in any time zone (1970, 1904, 1901, 1900, 1), or one
    /// before everybody alive.
    pub fn stands_for_none(self) -> bool {
        match (self.year, self.month, self.day) {
            (year, ..) if year <= 1900 => true,
            (1901, 12, 13 | 14) | (1904, 1, 1) | (1969, 12, 31 | 0) => true,
            (1970, month, day) => month <= 1 && day <= 1,
            _ => false,
        }
    }

    /// Whether it ends nothing that a register of today holds: it stands for none, or lies before there were such things (1970 and earlier, and the
    /// first day of the calendar of file systems, 1980-01-01).
    pub fn ends_nothing(self) -> bool {
        self.stands_for_none() || self.year <= 1970 || (self.year, self.month, self.day) == (1980, 1, 1)
    }

    /// The earliest day it can mean.
    pub fn first_day(self) -> Date {
        Date::new(self.year, self.month.max(1), self.day.max(1)).unwrap_or(Date::MIN)
    }

    /// The latest day it can mean.
    pub fn last_day(self) -> Date {
        match (self.month, self.day) {
            (0, _) => Date::new(self.year, 12, 31).unwrap_or(Date::MAX),
            (_, 0) => self.first_day().last_of_month(),
            _ => self.first_day(),
        }
    }

    /// The first month it can mean.
    pub fn first_month(self) -> Month {
        Month::number_of(self.year, self.month.max(1))
    }

    /// The last month it can mean.
    pub fn last_month(self) -> Month {
        Month::number_of(self.year, if self.month == 0 { 12 } else { self.month })
    }

    /// Whether every day it can mean lies after every day that the other can mean.
    pub fn is_after(self, other: PartialDate) -> bool {
        // No day of a month comes after its 31st, whether it has one or not.
        let last = match (other.month, other.day) {
            (0, _) => (12, 31),
            (month, 0) => (month, 31),
            known => known,
        };
        (self.year, (self.month.max(1), self.day.max(1))) > (other.year, last)
    }
}

impl From<Date> for PartialDate {
    fn from(date: Date) -> PartialDate {
        PartialDate {
            year: date.year(),
            month: date.month(),
            day: date.day(),
        }
    }
}

/// The text of a partial date: `2026`, `2026-11` or `2026-11-22`.
pub(crate) struct Written {
    text: [u8; 10],
    len: usize,
}

impl Written {
    pub(crate) fn as_str(&self) -> &str {
        let text = self.text.get(..self.len).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl PartialDate {
    pub(crate) fn written(self) -> Written {
        // Years are 1 to 9999 and the rest is a date, so that every digit is one.
        let digit = |number: i16, unit: i16| u8::try_from(number / unit % 10).map_or(b'?', |d| b'0' + d);
        let (y, m, d) = (self.year, i16::from(self.month), i16::from(self.day));
        let text = [
            digit(y, 1_000),
            digit(y, 100),
            digit(y, 10),
            digit(y, 1),
            b'-',
            digit(m, 10),
            digit(m, 1),
            b'-',
            digit(d, 10),
            digit(d, 1),
        ];
        let len = match (self.month, self.day) {
            (0, _) => 4,
            (_, 0) => 7,
            _ => 10,
        };
        Written { text, len }
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.written().as_str())
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.written().as_str())
    }
}

impl FromStr for PartialDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<PartialDate, DateError> {
        let mut parts = text.trim().splitn(3, '-');
        let mut part = |len: usize| match parts.next() {
            None => Ok(0i16),
            Some(p) if p.len() == len && p.bytes().all(|b| b.is_ascii_digit()) => {
                p.parse::<i16>().ok().filter(|n| *n > 0).ok_or(DateError)
            }
            Some(_) => Err(DateError),
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        PartialDate::new(year, month as i8, day as i8).ok_or(DateError)
    }
}

impl TryFrom<String> for PartialDate {
    type Error = DateError;

    fn try_from(text: String) -> Result<PartialDate, DateError> {
        text.parse()
    }
}

/// A calendar month, as months since year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month that a day lies in.
    pub fn of(date: Date) -> Month {
        Month::number_of(date.year(), date.month())
    }

    fn number_of(year: i16, month: i8) -> Month {
        Month(i32::from(year) * 12 + i32::from(month) - 1)
    }

    /// Months since year 0.
    pub(crate) fn number(self) -> i32 {
        self.0
    }

    /// The month `n` months later (earlier where negative).
    pub fn plus(self, n: i32) -> Month {
        Month(self.0.saturating_add(n))
    }

    /// Months from `self` to `later`, counting both; 0 when `later` lies before.
    pub fn count_through(self, later: Month) -> u32 {
        let months = i64::from(later.0) - i64::from(self.0) + 1;
        u32::try_from(months.max(0)).unwrap_or(u32::MAX)
    }
}

/// Completed months from a day to a later one; 0 where it is not later. On the last day of a shorter month a month is complete.
pub(crate) fn completed_months(since: Date, day: Date) -> u32 {
    let started = Month::of(since).count_through(Month::of(day)).saturating_sub(1);
    let is_complete = since.day() <= day.day() || day == day.last_of_month();
    started.saturating_sub(u32::from(!is_complete))
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// Consecutive calendar months, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Months {
    /// First month.
    pub from: Month,
    /// Last month.
    pub until: Month,
}

impl Months {
    /// The `n` whole months before the month of `as_of`.
    pub fn before(as_of: Date, n: u32) -> Months {
        let this = Month::of(as_of);
        Months {
            from: this.plus(-i32::try_from(n).unwrap_or(i32::MAX)),
            until: this.plus(-1),
        }
    }

    /// How many months.
    pub fn len(self) -> u32 {
        self.from.count_through(self.until)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The months in both, if any.
    pub fn intersect(self, other: Months) -> Option<Months> {
        let both = Months {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
        };
        (!both.is_empty()).then_some(both)
    }
}
