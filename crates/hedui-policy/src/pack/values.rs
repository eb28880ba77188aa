//! Reads single values of items: units, roundings, choices, amounts that are not negative, periods, windows.
//! Leaves the items to `read`.

use super::read::UnitOrCondition;
use super::source::{Located, Section, Source};
use crate::program::{Period, Rounding};
use crate::ratio::{Ratio, RoundMode};
use crate::unit::Unit;
use crate::vocabulary::WindowOf;

/// A unit that must be there.
pub(super) fn unit(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Located<UnitOrCondition>> {
    let text = section.text(source, "unit")?;
    if text.value == "condition" {
        return Some(Located {
            value: None,
            at: text.at,
        });
    }
    let unit = Unit::parse(&text.value);
    if unit.is_none() {
        let message = format!("`{}` is not a unit", text.value);
        let hint = "units are made of yuan, person, month, year, piece, sqm and ratio, for example yuan/person/month; yuan/month gross before deductions";
        source.mistake_with(text.at, "UNIT_UNKNOWN", message, Some(hint.into()));
    }
    unit.map(|unit| Located {
        value: Some(unit),
        at: text.at,
    })
}

/// `round = { to = "0.1", mode = "half_up" }`, that may be left out.
pub(super) fn rounding(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Rounding> {
    let mut inner = section.opt_section(source, "round")?;
    let to = inner.number(source, "to");
    let mode = inner.text(source, "mode");
    inner.end(source);
    let (to, mode) = (to?, mode?);
    if to.value.signum() <= 0 {
        source.mistake(
            to.at,
            "VALUE_INVALID",
            "rounding goes to a multiple of a number above zero",
        );
        return None;
    }
    let known = RoundMode::from_word(&mode.value);
    if known.is_none() {
        let message = format!("`{}` is not a way to round: half_up, half_even, down or up", mode.value);
        source.mistake(mode.at, "VALUE_INVALID", message);
    }
    known.map(|mode| Rounding { to: to.value, mode })
}

/// One of some words.
pub(super) fn choice<T: Copy>(
    source: &mut Source<'_>,
    section: &mut Section<'_, '_>,
    key: &'static str,
    words: &[(&str, T)],
) -> Option<T> {
    let text = section.text(source, key)?;
    let found = words
        .iter()
        .find(|(word, _)| *word == text.value)
        .map(|(_, value)| *value);
    if found.is_none() {
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        source.mistake(
            text.at,
            "VALUE_INVALID",
            format!("`{}` is not one of {}", text.value, all.join(", ")),
        );
    }
    found
}

/// `value`, from zero: standards, limits, rates and coefficients are never negative.
pub(super) fn not_negative(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Ratio> {
    let value = section.number(source, "value")?;
    if value.value.signum() < 0 {
        source.mistake(
            value.at,
            "VALUE_NEGATIVE",
            format!("{} is negative; standards, limits and rates are not", value.value),
        );
        return None;
    }
    Some(value.value)
}

/// `periods = [{ from = "2021-01-01", to = "2025-12-31", value = 1 }]`: values of certain times.
pub(super) fn periods<'a>(source: &mut Source<'a>, section: &mut Section<'_, 'a>) -> Option<Vec<Period>> {
    let mut found: Vec<Period> = Vec::new();
    let mut whole = true;
    for mut row in section.sections(source, "periods", "a period") {
        let dates = [row.take("from").is_some(), row.take("to").is_some()];
        let (from, to) = (row.opt_date(source, "from"), row.opt_date(source, "to"));
        let read = dates == [from.is_some(), to.is_some()];
        let value = not_negative(source, &mut row);
        let at = row.at();
        row.end(source);
        let (Some(value), true) = (value, read) else {
            whole = false;
            continue;
        };
        let period = Period {
            from: from.map(|d| d.value),
            to: to.map(|d| d.value),
            value,
        };
        if period.from.zip(period.to).is_some_and(|(from, to)| to < from) {
            source.mistake(at, "PERIOD_REVERSED", "the period ends before it begins");
        } else if found.iter().any(|other| other.overlaps(&period)) {
            source.mistake(at, "ROWS_OVERLAP", "a day lies in two periods");
        }
        found.push(period);
    }
    whole.then_some(found)
}

/// `[windows]`: months that count, by kind; `None` where it is stated wrongly, which is told once.
pub(super) fn windows<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Vec<(WindowOf, Option<u32>)> {
    let Some(mut section) = root.opt_section(source, "windows") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (of, key) in WindowOf::ALL {
        let Some(value) = section.take(key) else { continue };
        let months = match value.get_ref().as_str() {
            Some("prior_month") => Some(1),
            Some("twelve_months") => Some(12),
            Some(_) => None,
            None => section.opt_section(source, key).and_then(|mut inner| {
                let months = inner.opt_whole(source, "months");
                inner.end(source);
                months.map(|m| m.value).filter(|m| (1..=60).contains(m))
            }),
        };
        if months.is_none() {
            let message =
                format!("the window of {key} is \"prior_month\", \"twelve_months\" or {{ months = 1 to 60 }}");
            source.mistake(value.span().start, "VALUE_INVALID", message);
        }
        found.push((of, months));
    }
    section.end(source);
    found
}
