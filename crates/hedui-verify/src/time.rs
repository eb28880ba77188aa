//! Seconds since 1970 as a date and time in UTC, for people.
//! Leaves clocks to the witnesses: nothing here knows what time it is.

/// Days from 0000-03-01 to 1970-01-01 in the Gregorian calendar.
const DAYS_BEFORE_1970: u64 = 719_468;

/// Days of 400 years.
const DAYS_PER_ERA: u64 = 146_097;

/// `2026-11-22T03:00:00Z`. Years beyond 9999 have more digits.
pub(crate) fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years are counted from March, so that the leap day is the last of its year.
    let days = days + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March have 31, 30, 31, 30, 31 days, again and again: 153 in five.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year_of_era + next_year;
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_one_another_for_five_hundred_years() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..183_000_u64 {
            assert_eq!(
                utc(days * 86_400 + 3_661),
                format!("{year:04}-{month:02}-{day:02}T01:01:01Z")
            );
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if is_leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                _ if day == length => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
        assert_eq!(utc(1_679_315_147), "2023-03-20T12:25:47Z");
        assert!(utc(u64::MAX).ends_with('Z'));
    }
}
