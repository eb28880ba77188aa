//! Money, dates and times of the wire, to and from text and the domain. Money stays exact: no floats.
//! Leaves layout to `report`, and the messages around these values to `convert.rs` and `json.rs`.

use hedui_core::{Date, Fen, PartialDate};
use hedui_proto::gtype;
use prost_types::{Duration, Timestamp};

/// Nanos of the wire in one fen.
const NANOS_PER_FEN: i32 = 10_000_000;

/// An amount for the wire.
pub fn money_of(fen: Fen) -> gtype::Money {
    gtype::Money {
        currency_code: "CNY".to_owned(),
        units: fen.0 / 100,
        // The remainder is below 100 and has the sign of the amount, as the wire wants it.
        nanos: i32::try_from(fen.0 % 100).unwrap_or(0) * NANOS_PER_FEN,
    }
}

/// Yuan with two decimals, or all nine where the wire has a fraction of a fen: `264.00`, `-0.50`.
pub fn yuan(money: &gtype::Money) -> String {
    let sign = if money.units < 0 || money.nanos < 0 { "-" } else { "" };
    let (units, nanos) = (money.units.unsigned_abs(), money.nanos.unsigned_abs());
    if nanos.is_multiple_of(NANOS_PER_FEN.unsigned_abs()) {
        format!("{sign}{units}.{:02}", nanos / NANOS_PER_FEN.unsigned_abs())
    } else {
        format!("{sign}{units}.{nanos:09}")
    }
}

/// Fen as yuan with two decimals: `264.00`.
pub fn yuan_of_fen(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
}

/// A decimal with commas between thousands: `12,340.00`.
pub fn grouped(decimal: &str) -> String {
    let (whole, fraction) = match decimal.find('.') {
        Some(point) => decimal.split_at(point),
        None => (decimal, ""),
    };
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut text = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

/// A whole date for the wire.
pub fn date_of(date: Date) -> gtype::Date {
    gtype::Date {
        year: i32::from(date.year()),
        month: i32::from(date.month()),
        day: i32::from(date.day()),
    }
}

/// A partial date for the wire.
pub fn partial_date_of(date: PartialDate) -> gtype::Date {
    gtype::Date {
        year: i32::from(date.year()),
        month: i32::from(date.month()),
        day: i32::from(date.day()),
    }
}

/// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
pub fn date(date: &gtype::Date) -> String {
    match (date.month, date.day) {
        (0, _) => format!("{:04}", date.year),
        (month, 0) => format!("{:04}-{month:02}", date.year),
        (month, day) => format!("{:04}-{month:02}-{day:02}", date.year),
    }
}

/// A moment, `None` beyond the range of the calendar.
fn moment(time: &Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::new(time.seconds, time.nanos).ok()
}

/// A moment in UTC for programs: `2026-11-22T02:03:05Z`; empty where it is no moment.
pub fn rfc3339(time: &Timestamp) -> String {
    moment(time).map(|moment| moment.to_string()).unwrap_or_default()
}

/// A moment as a clock in China shows it: `2026-11-22 10:03:05`.
pub fn clock(time: &Timestamp) -> String {
    let china = jiff::tz::Offset::constant(8);
    moment(time)
        .map(|moment| china.to_datetime(moment).strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

/// Milliseconds from one moment to another; `None` where either is missing or the second lies before the first.
pub fn millis_between(from: Option<&Timestamp>, until: Option<&Timestamp>) -> Option<u64> {
    let (from, until) = (moment(from?)?, moment(until?)?);
    u64::try_from(until.as_millisecond() - from.as_millisecond()).ok()
}

/// `0.842 s`, `12.30 s`, `3 min 05 s`.
pub fn elapsed(millis: u64) -> String {
    match millis {
        0..10_000 => format!("{}.{:03} s", millis / 1000, millis % 1000),
        10_000..60_000 => format!("{}.{:02} s", millis / 1000, millis % 1000 / 10),
        _ => format!("{} min {:02} s", millis / 60_000, millis / 1000 % 60),
    }
}

/// A time for the wire.
pub fn duration_of(duration: std::time::Duration) -> Duration {
    Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or(0),
    }
}

/// Reads a length of time such as `10s`, `1500ms`, `2m`.
pub fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || "a length of time is a whole number and ms, s or m, for example 10s".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    let millis = number
        .checked_mul(factor)
        .filter(|millis| *millis > 0)
        .ok_or_else(wrong)?;
    Ok(std::time::Duration::from_millis(millis))
}

#[cfg(test)]
mod tests;
