//! From TOML to checked office hours: a week, holidays, and single days that differ.
//! Leaves whether a department is open to `gate`.

use hedui_core::Date;

use super::fields::Fields;
use crate::gate::{OfficeHours, Spans};

const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads `[hours]`.
pub(super) fn hours(mut fields: Fields<'_>) -> OfficeHours {
    let mut hours = OfficeHours::default();
    for (day, spans) in WEEK.into_iter().zip(&mut hours.week) {
        if let Some(text) = fields.text(day) {
            *spans = read(&fields, day, &text);
        }
    }
    if hours.week.iter().all(Vec::is_empty) {
        fields.mistake("", "must name at least one day of mon, tue, wed, thu, fri, sat, sun");
    }
    for text in fields.texts("holidays").unwrap_or_default() {
        match number(&text) {
            Some(day) => {
                hours.days.insert(day, Spans::new());
            }
            None => fields.mistake("holidays", format!("{text:?} is no date such as 2026-10-01")),
        }
    }
    if let Some(mut days) = fields.table("days") {
        for text in days.keys() {
            let spans = days.text(&text).map(|spans| read(&days, &text, &spans));
            match (number(&text), spans) {
                (Some(day), Some(spans)) if !hours.days.contains_key(&day) => {
                    hours.days.insert(day, spans);
                }
                (Some(_), Some(_)) => days.mistake(&text, "is a holiday as well"),
                (None, _) => days.mistake(&text, "is no date such as 2026-10-10"),
                (_, None) => {}
            }
        }
        days.finish();
    }
    fields.finish();
    hours
}

/// `08:30-12:00, 14:00-17:30`
fn read(fields: &Fields<'_>, key: &str, text: &str) -> Spans {
    let span = |part: &str| {
        let (from, until) = part.trim().split_once('-')?;
        let span = (minute(from.trim())?, minute(until.trim())?);
        (span.0 < span.1).then_some(span)
    };
    match text.split(',').map(span).collect::<Option<Spans>>() {
        Some(spans) if spans.windows(2).all(|pair| matches!(pair, [a, b] if a.1 <= b.0)) => spans,
        _ => {
            fields.mistake(key, "must be times in order, for example \"08:30-12:00, 14:00-17:30\"");
            Spans::new()
        }
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
}

/// The number of a day since 1970-01-01.
fn number(text: &str) -> Option<u64> {
    let date: Date = text.parse().ok()?;
    let date = jiff::civil::Date::new(date.year(), date.month(), date.day()).ok()?;
    let days = date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
    u64::try_from(days).ok()
}
