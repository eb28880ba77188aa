//! Wages that nobody can have declared yet: a job paid month after month, of whose last month no register knows.
//! Leaves what is declared to `wage`.

use super::{Facts, Found, Keys};
use crate::dates::{Date, Month, Months, PartialDate};
use crate::money::Fen;
use crate::record::{EmploymentStatus, Income, IncomeKind, RecordBody, RecordType};

/// Through this day of a month the wages of the month before may be missing: payers declare them within fifteen days (Individual Income Tax
/// Law, article 14), put off by the holidays among these, in October to the 27th at the latest so far.
const DECLARED_BY_DAY: i8 = 27;

/// Whether a payer of the two months before the last of a window has not declared that last month, and still may. Who is registered as having left
/// before it is not waited for.
pub(super) fn is_awaited(facts: &Facts<'_>, ordinal: u32, window: Months) -> bool {
    let last = window.until;
    if !may_be_late(facts.as_of, last) {
        return false;
    }
    let (before, earlier) = (last.plus(-1), last.plus(-2));
    let paid_in = |month: Month| wages(facts, ordinal).filter(move |(_, body)| covers(body, month));
    let mut awaited = paid_in(before).map(|(found, _)| facts.keys(found)).filter(|own| {
        let has = |month: Month| paid_in(month).any(|(found, _)| is_one(own, facts.keys(found)));
        !has(last) && has(earlier)
    });
    awaited.any(|own| !is_on_payroll(facts, ordinal, own, last) && !has_left(facts, ordinal, own, last))
}

fn may_be_late(as_of: Date, last: Month) -> bool {
    last == Month::of(as_of).plus(-1) && as_of.day() <= DECLARED_BY_DAY
}

fn wages<'a>(facts: &'a Facts<'_>, ordinal: u32) -> impl Iterator<Item = (&'a Found<'a>, &'a Income)> {
    let records = facts.records(RecordType::Income, Some(ordinal)).iter();
    records.filter_map(|found| match &found.record.body {
        RecordBody::Income(body) if body.kind == IncomeKind::Wage && body.gross > Fen::ZERO => Some((found, body)),
        _ => None,
    })
}

fn covers(body: &Income, month: Month) -> bool {
    body.from.first_month() <= month && month <= body.until.last_month()
}

/// Whether two employers are one, by code or by name.
fn is_one(a: &Keys, b: &Keys) -> bool {
    (!a.number.is_empty() && a.number == b.number) || (!a.alias.is_empty() && a.alias == b.alias)
}

/// Whether the public payroll has the wage of a month.
fn is_on_payroll(facts: &Facts<'_>, ordinal: u32, own: &Keys, month: Month) -> bool {
    let mut registered = facts.records(RecordType::PublicPayroll, Some(ordinal)).iter();
    registered.any(|found| match &found.record.body {
        RecordBody::PublicPayroll(body) => {
            let begun = body.from.is_none_or(|from| from.last_month() <= month);
            let goes_on = body.until.is_none_or(|until| until.first_month() >= month);
            begun && goes_on && is_one(own, facts.keys(found))
        }
        _ => false,
    })
}

/// Whether the employment register knows that the job ended before a month, or that its holder has been unemployed since that month or the one before.
fn has_left(facts: &Facts<'_>, ordinal: u32, own: &Keys, month: Month) -> bool {
    let mut registered = facts.records(RecordType::Employment, Some(ordinal)).iter();
    registered.any(|found| match &found.record.body {
        RecordBody::Employment(body) => match body.status {
            EmploymentStatus::Left => {
                let before = |until: PartialDate| until.last_month() < month && !until.ends_nothing();
                is_one(own, facts.keys(found)) && body.until.is_some_and(before)
            }
            EmploymentStatus::Unemployed => {
                let since = |from: PartialDate| from.first_month() >= month.plus(-1) && from.last_month() <= month;
                body.from.is_some_and(since)
            }
            EmploymentStatus::Employed => false,
        },
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_payers_still_may_declare_is_the_month_before_until_the_27th() {
        let last = Month::of(Date::constant(2026, 10, 1));
        assert!(may_be_late(Date::constant(2026, 11, 1), last));
        assert!(may_be_late(Date::constant(2026, 11, 27), last));
        assert!(!may_be_late(Date::constant(2026, 11, 28), last));
        assert!(!may_be_late(Date::constant(2026, 12, 1), last));
        assert!(!may_be_late(Date::constant(2026, 10, 20), last));
    }
}
