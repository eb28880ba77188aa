//! Points in time that a source writes with a zone: on which day they are in China.
//! Leaves the day itself, and times without a zone, which are China's already, to the formats of dates.

use hedui_core::PartialDate;
use jiff::ToSpan as _;

use super::Unreadable;

/// Asia/Shanghai is ahead of UTC by so many minutes; summer time, kept until 1991, is not.
const CHINA: i32 = 8 * 60;
const DAY: i32 = 24 * 60;

/// The day in China of a time of day, with or without a zone, on this day.
///
/// # Errors
/// A zone that is not known, or one without the time that it is to shift.
pub(super) fn in_china(date: PartialDate, time: &str) -> Result<PartialDate, Unreadable> {
    let time = time.trim();
    let at = time.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ','));
    let (clock, zone) = time.split_at(at.unwrap_or(time.len()));
    let Some(offset) = offset(zone.trim())? else {
        return Ok(date);
    };
    if date.day() == 0 {
        return Err(Unreadable);
    }
    let days = (minutes(clock)? - offset + CHINA).div_euclid(DAY);
    let day = date.first_day().checked_add(days.days()).map_err(|_| Unreadable)?;
    PartialDate::new(day.year(), day.month(), day.day()).ok_or(Unreadable)
}

/// The minutes of a time of day; its seconds never change the day, because zones have none.
fn minutes(clock: &str) -> Result<i32, Unreadable> {
    let mut parts = clock.split(':');
    let mut next = |most: i32| {
        let part = parts.next().filter(|part| part.len() <= 2).ok_or(Unreadable)?;
        let number: i32 = part.parse().map_err(|_| Unreadable)?;
        if number <= most { Ok(number) } else { Err(Unreadable) }
    };
    Ok(next(24)? * 60 + next(59)?)
}

/// By how many minutes a zone is ahead of UTC; none where there is no zone.
fn offset(zone: &str) -> Result<Option<i32>, Unreadable> {
    // `+08:00[Asia/Shanghai]`, as Java writes it: the offset says it already.
    let (zone, region) = match zone.split_once('[') {
        Some((zone, region)) => (zone.trim(), region.strip_suffix(']').ok_or(Unreadable)?),
        None => (zone, ""),
    };
    let word = zone.to_ascii_uppercase();
    let rest = word.strip_prefix("UTC").or_else(|| word.strip_prefix("GMT"));
    let rest = rest.or_else(|| word.strip_prefix('Z')).unwrap_or(&word).trim();
    match (word.as_str(), region) {
        // The time of day itself, of which nothing is used.
        ("" | "AM" | "PM", "") | ("", "Asia/Shanghai") => return Ok(None),
        // `下午 4:00`.
        (_, "")
            if word
                .chars()
                .all(|c| !c.is_ascii() || c.is_ascii_digit() || matches!(c, ' ' | ':' | '.')) =>
        {
            return Ok(None);
        }
        ("", _) => return Err(Unreadable),
        _ if rest.is_empty() => return Ok(Some(0)),
        _ => {}
    }
    let (sign, digits) = match rest.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(Unreadable),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None => digits.split_at_checked(2).unwrap_or((digits, "")),
    };
    let number = |text: &str, most: i32| {
        let is_number = matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse::<i32>().ok().filter(|number| is_number && *number <= most);
        number.ok_or(Unreadable)
    };
    let minutes = if minutes.is_empty() { 0 } else { number(minutes, 59)? };
    Ok(Some(sign * (number(hours, 18)? * 60 + minutes)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::DateFormat;

    fn read(text: &str) -> Option<String> {
        let dashed = DateFormat::Dashed.read(text).ok().map(|date| date.to_string());
        let slashed = text.replacen('-', "/", 2);
        let slashed = DateFormat::Slashed.read(&slashed).ok().map(|date| date.to_string());
        assert_eq!(dashed, slashed, "{text}");
        dashed
    }

    #[test]
    fn a_time_with_a_zone_is_the_day_in_china_and_one_without_is_its_own() {
        for (time, expected) in [
            ("", Some("2026-09-30")),
            (" 23:59:59", Some("2026-09-30")),
            ("T23:59:59.999", Some("2026-09-30")),
            (" 00:00:00.0", Some("2026-09-30")),
            (" 4:00:00 PM", Some("2026-09-30")),
            (" 下午 4:00:00", Some("2026-09-30")),
            (" 星期三", Some("2026-09-30")),
            ("T15:59:59Z", Some("2026-09-30")),
            ("T16:00:00Z", Some("2026-10-01")),
            ("T16:00Z", Some("2026-10-01")),
            ("t16:00:00.000z", Some("2026-10-01")),
            (" 16:00:00 UTC", Some("2026-10-01")),
            (" 16:00:00 GMT", Some("2026-10-01")),
            (" 16:00:00.0000000 +00:00", Some("2026-10-01")),
            ("T16:00:00+0000", Some("2026-10-01")),
            ("T16:00:00+00", Some("2026-10-01")),
            ("T16:00:00+08:00", Some("2026-09-30")),
            ("T23:59:59+08:00[Asia/Shanghai]", Some("2026-09-30")),
            ("T23:59:59[Asia/Shanghai]", Some("2026-09-30")),
            ("T16:00:00Z[UTC]", Some("2026-10-01")),
            (" 16:00:00 UTC+8", Some("2026-09-30")),
            ("T00:30:00+09:00", Some("2026-09-29")),
            ("T11:59:00-04:00", Some("2026-09-30")),
            ("T12:00:00-04:00", Some("2026-10-01")),
            ("T24:00:00Z", Some("2026-10-01")),
            ("+08:00", Some("2026-09-30")),
            ("Z", None),
            ("+00:00", None),
            ("+08:00+08:00", None),
            // A zone that is not known, or a time that is none.
            ("T16:00:00 CST", None),
            ("T16:00:00[Europe/Berlin]", None),
            ("T16Z", None),
            ("TZ", None),
            ("T25:00Z", None),
            ("T16:60Z", None),
            ("T16:00:00+8:0:0", None),
            ("T16:00:00+", None),
            ("T16:00:00+99:00", None),
            ("T16:00:00Z[", None),
        ] {
            assert_eq!(read(&format!("2026-09-30{time}")).as_deref(), expected, "{time}");
        }
        assert_eq!(read("2026-12-31T16:00:00Z").as_deref(), Some("2027-01-01"));
        assert_eq!(read("2026-09T16:00:00Z"), None, "a month");
        assert_eq!(read("9999-12-31T16:00:00Z"), None, "beyond all days");
        assert!(DateFormat::DashedMonth.read("2026-09-30T16:00:00Z").is_err());
        assert!(DateFormat::Year.read("1790784000000").is_err());
    }

    proptest! {
        /// Against a library's own reading of the moment.
        #[test]
        fn any_moment_is_the_day_that_it_is_in_china(seconds in -2_000_000_000_i64..4_000_000_000, hours in -12_i8..=14) {
            let moment = jiff::Timestamp::from_second(seconds).unwrap();
            let there = moment.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(hours)));
            let china = moment.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).date();
            let text = there.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            prop_assert_eq!(read(&text), Some(china.to_string()), "{}", text);
            prop_assert_eq!(read(&moment.to_string()), Some(china.to_string()));
        }
    }
}
