//! A verification about a day that was long gone when it was asked for: what has changed since is not judged.
//! Leaves days in the future, which are refused, to the request's check.

use jiff::ToSpan as _;
use smol_str::{SmolStr, format_smolstr};

use super::{Finding, Weight};
use crate::dates::Date;
use crate::verdict::Text;

/// The code of the finding.
pub const LONG_PAST: &str = "LONG_PAST";
/// An application is decided within weeks, and whoever draws help is looked at each quarter: an older day is a mistake, a look back, or
/// chosen because the household was poorer then.
pub const LONG_PAST_DAYS: i64 = 92;

/// The finding, where the day that is judged lies so far before the day on which it was asked for.
pub fn long_past(as_of: Date, asked_on: Date) -> Option<Finding> {
    let is_near = asked_on <= as_of.saturating_add(LONG_PAST_DAYS.days());
    (!is_near).then(|| Finding {
        code: SmolStr::new_static(LONG_PAST),
        weight: Weight::Attention,
        subject: None,
        departments: Vec::new(),
        message: Text {
            zh: format_smolstr!("核对基准日 {as_of} 距提出核对之日 {asked_on} 已久，此后的变化未计入，据此发放前请按当前日期重新核对"),
            en: format_smolstr!(
                "this is about {as_of}, long before {asked_on}, when it was asked for: what changed since is not judged; verify as of today before money is paid on it"
            ),
        },
        parts: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_near_and_a_day_more_is_not() {
        let asked_on = Date::constant(2026, 11, 20);
        let on = |days: i64| long_past(asked_on.saturating_sub(days.days()), asked_on);
        assert_eq!(on(0), None);
        assert_eq!(on(LONG_PAST_DAYS), None);
        let finding = on(LONG_PAST_DAYS + 1).unwrap();
        assert_eq!((finding.code.as_str(), finding.weight), (LONG_PAST, Weight::Attention));
        // The year of the golden cases, and the ends of the calendar.
        assert!(long_past(Date::constant(2024, 6, 1), asked_on).is_some());
        assert!(long_past(Date::MIN, Date::MAX).is_some());
        assert_eq!(long_past(Date::MAX, Date::MIN), None);
    }
}
