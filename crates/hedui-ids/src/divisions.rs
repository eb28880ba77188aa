//! The table of divisions, bundled or the operator's own CSV: names and periods of validity.
//! Leaves refusing to nobody: a code that is not listed is at most a warning, since an ID keeps the code of its time of issue.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

use crate::{Date, DivisionCode, bundled};

mod csv;
#[cfg(test)]
mod tests;

/// One code during one period. A code that changed its name has one row for each name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Division {
    /// The code.
    pub code: DivisionCode,
    /// First day of validity; `None` when unknown or before records.
    pub valid_from: Option<Date>,
    /// Last day of validity; `None` while in force.
    pub valid_to: Option<Date>,
    /// Chinese name, e.g. `达川区`.
    pub name_zh: Cow<'static, str>,
    /// English or pinyin name, e.g. `Dachuan District`.
    pub name_en: Cow<'static, str>,
}

impl Division {
    /// Whether the row is in force on a day.
    #[must_use]
    pub fn in_force_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|first| first <= day) && self.valid_to.is_none_or(|last| day <= last)
    }
}

/// What a table can say about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// Listed, now or formerly: its rows, oldest first, at least one.
    Listed(&'a [Division]),
    /// No row of the table lies in that province.
    UnknownProvince,
    /// The table covers the prefecture and does not list the code.
    Unlisted,
    /// The table lists no county of that prefecture, so it says nothing.
    NotCovered,
}

/// A table of divisions.
///
/// A prefecture counts as covered when the table lists any county of it; a table marked complete covers everything.
/// So a small table raises no false alarm about the rest of the country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divisions {
    /// Sorted by code, then by start.
    rows: Cow<'static, [Division]>,
    complete: bool,
}

static BUNDLED: Divisions = Divisions {
    rows: Cow::Borrowed(bundled::ROWS),
    complete: false,
};

impl Divisions {
    /// The table compiled in: the 34 provinces, and the prefectures of the four pilot districts with all their counties, past ones too.
    #[must_use]
    pub fn bundled() -> &'static Divisions {
        &BUNDLED
    }

    /// Reads a table in UTF-8, one row per code and period, in any order, under the header
    /// `code,name_zh,name_en,valid_from,valid_to`.
    ///
    /// Dates are `YYYY-MM-DD` or empty; a bare year means its first day in `valid_from` and its last in `valid_to`. Lines that begin with `#` are comments;
    /// the comment `# complete` states that every code ever used is listed. Fields hold no comma and no quote.
    ///
    /// # Errors
    /// All mistakes with their lines, at most [`DivisionsError::MAX_MISTAKES`] of them.
    pub fn from_csv(text: &str) -> Result<Divisions, DivisionsError> {
        let (mut rows, complete) = csv::read(text)?;
        rows.sort();
        Ok(Divisions {
            rows: Cow::Owned(rows),
            complete,
        })
    }

    /// The table in the form that [`from_csv`](Self::from_csv) reads.
    #[must_use]
    pub fn to_csv(&self) -> String {
        csv::write(&self.rows, self.complete)
    }

    /// All rows, sorted by code, then by start.
    #[must_use]
    pub fn rows(&self) -> &[Division] {
        &self.rows
    }

    /// What the table says about a code.
    #[must_use]
    pub fn lookup(&self, code: DivisionCode) -> Lookup<'_> {
        let rows = self.between(code.number(), code.number());
        if !rows.is_empty() {
            return Lookup::Listed(rows);
        }
        let province = code.province().number();
        if self.between(province, province + 9_999).is_empty() {
            return Lookup::UnknownProvince;
        }
        let prefecture = code.number() / 100 * 100;
        if self.complete || !self.between(prefecture + 1, prefecture + 99).is_empty() {
            return Lookup::Unlisted;
        }
        Lookup::NotCovered
    }

    /// The latest row of a code, for its name.
    #[must_use]
    pub fn get(&self, code: DivisionCode) -> Option<&Division> {
        self.between(code.number(), code.number()).last()
    }

    /// The row of a code that was in force on a day, for its name at the time.
    #[must_use]
    pub fn get_on(&self, code: DivisionCode, day: Date) -> Option<&Division> {
        self.between(code.number(), code.number())
            .iter()
            .rev()
            .find(|row| row.in_force_on(day))
    }

    fn between(&self, first: u32, last: u32) -> &[Division] {
        let start = self.rows.partition_point(|row| row.code.number() < first);
        let end = self.rows.partition_point(|row| row.code.number() <= last);
        self.rows.get(start..end).unwrap_or_default()
    }
}

/// What is wrong with a table: every mistake with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DivisionsError {
    /// Never empty.
    pub mistakes: Vec<CsvMistake>,
}

/// One mistake in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvMistake {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

impl DivisionsError {
    /// Reading stops after so many mistakes: it is the wrong file.
    pub const MAX_MISTAKES: usize = 50;
}

impl fmt::Display for DivisionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the table of divisions is wrong")?;
        for mistake in &self.mistakes {
            write!(f, "; line {}: {}", mistake.line, mistake.problem)?;
        }
        Ok(())
    }
}

impl core::error::Error for DivisionsError {}
