//! Reads and writes the table of divisions as plain CSV.
//! Leaves quoting and other encodings to spreadsheets: names of divisions hold neither commas nor quotes, and the file is UTF-8.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt::Write;

use super::{CsvMistake, Division, DivisionsError};
use crate::{Date, DivisionCode};

const HEADER: &str = "code,name_zh,name_en,valid_from,valid_to";
const COMPLETE: &str = "# complete";
/// All county codes since 1980 are about 7,000; more than this is another file.
const MAX_ROWS: usize = 100_000;

pub(super) fn read(text: &str) -> Result<(Vec<Division>, bool), DivisionsError> {
    let mut rows = Vec::new();
    let mut mistakes = Vec::new();
    let (mut complete, mut headed) = (false, false);
    for (index, line) in text.trim_start_matches('\u{FEFF}').lines().enumerate() {
        let line = line.trim();
        let problem = if line.is_empty() || line.starts_with('#') {
            complete |= line == COMPLETE;
            continue;
        } else if !headed {
            headed = true;
            if line == HEADER {
                None
            } else {
                Some("the header is not code,name_zh,name_en,valid_from,valid_to")
            }
        } else if rows.len() >= MAX_ROWS {
            Some("too many rows")
        } else {
            read_row(line).map(|row| rows.push(row)).err()
        };
        if let Some(problem) = problem {
            mistakes.push(CsvMistake {
                line: index + 1,
                problem,
            });
            if mistakes.len() >= DivisionsError::MAX_MISTAKES {
                break;
            }
        }
    }
    if rows.is_empty() && mistakes.is_empty() {
        mistakes.push(CsvMistake {
            line: 1,
            problem: "the table is empty",
        });
    }
    if mistakes.is_empty() {
        Ok((rows, complete))
    } else {
        Err(DivisionsError { mistakes })
    }
}

fn read_row(line: &str) -> Result<Division, &'static str> {
    let mut fields = line.split(',').map(str::trim);
    let mut next = || fields.next().ok_or("a row has five fields");
    let (code, name_zh, name_en, from, to) = (next()?, next()?, next()?, next()?, next()?);
    if fields.next().is_some() {
        return Err("a row has five fields");
    }
    if line.contains('"') {
        return Err("fields are not quoted");
    }
    if name_zh.is_empty() {
        return Err("name_zh is empty");
    }
    let valid_from = read_date(from, 1, 1).map_err(|()| "valid_from is no date")?;
    let valid_to = read_date(to, 12, 31).map_err(|()| "valid_to is no date")?;
    if let (Some(first), Some(last)) = (valid_from, valid_to)
        && last < first
    {
        return Err("valid_to is before valid_from");
    }
    Ok(Division {
        code: DivisionCode::parse(code).ok_or("code is not six digits")?,
        valid_from,
        valid_to,
        name_zh: Cow::Owned(name_zh.into()),
        name_en: Cow::Owned(name_en.into()),
    })
}

/// `month` and `day` complete a bare year.
fn read_date(field: &str, month: u8, day: u8) -> Result<Option<Date>, ()> {
    if field.is_empty() {
        return Ok(None);
    }
    let date = if field.len() == 4 && field.bytes().all(|byte| byte.is_ascii_digit()) {
        field.parse().ok().and_then(|year| Date::new(year, month, day))
    } else {
        Date::parse_iso(field)
    };
    date.map(Some).ok_or(())
}

pub(super) fn write(rows: &[Division], complete: bool) -> String {
    let mut text = String::new();
    if complete {
        text.push_str(COMPLETE);
        text.push('\n');
    }
    text.push_str(HEADER);
    text.push('\n');
    for row in rows {
        // Writing to a String cannot fail.
        let _ = write!(text, "{},{},{},", row.code, row.name_zh, row.name_en);
        if let Some(first) = row.valid_from {
            let _ = write!(text, "{first}");
        }
        text.push(',');
        if let Some(last) = row.valid_to {
            let _ = write!(text, "{last}");
        }
        text.push('\n');
    }
    text
}
