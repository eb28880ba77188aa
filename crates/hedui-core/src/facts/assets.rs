//! Financial property: each account once; threshold-only answers bound the sum and are never a zero.
//! Leaves things counted in pieces to `property` and limits to the policy packs.

use std::collections::BTreeMap;

use super::matching::{Differing, Row, duplicate, key, once, place_months};
use super::property::raise_to;
use super::{CONFLICTING_SOURCES, DOUBTFUL_MATCH, Facts, Found, IMPLAUSIBLE_RECORD, figure_of};
use crate::answer::AnswerState;
use crate::bounds::{Bounds, Figure, Treatment, merge_sorted};
use crate::dates::{Month, Months};
use crate::money::Fen;
use crate::record::{FinancialAsset, RecordBody, RecordType};

type Balance<'a> = (Found<'a>, &'a FinancialAsset);

/// What tells one account from another: its number, its kind and keeper.
type AccountKey = (String, &'static str, String);

/// Financial assets.
pub(super) fn financial_assets(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let mut numbered: BTreeMap<String, BTreeMap<AccountKey, Vec<Balance<'_>>>> = BTreeMap::new();
    let mut unnumbered: Vec<Balance<'_>> = Vec::new();
    for found in facts.records(RecordType::FinancialAsset, subject) {
        let RecordBody::FinancialAsset(body) = &found.record.body else {
            continue;
        };
        let number = key(&body.account_reference);
        if number.is_empty() {
            unnumbered.push((found, body));
        } else {
            let keeper = (number.clone(), body.kind.word(), key(&body.institution));
            numbered
                .entry(number)
                .or_default()
                .entry(keeper)
                .or_default()
                .push((found, body));
        }
    }
    let mut figure = Figure::known(0);
    let all: Vec<Balance<'_>> = numbered
        .values()
        .flat_map(BTreeMap::values)
        .flatten()
        .copied()
        .collect();
    for accounts in numbered.into_values() {
        figure.add(one_number(facts, accounts));
    }
    for (index, record) in unnumbered.iter().enumerate() {
        let others = unnumbered
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != index)
            .map(|(_, r)| r);
        let is_doubtful = others.chain(&all).any(|other| is_perhaps_same(record, other));
        figure.add(one_account(facts, vec![*record], is_doubtful));
    }
    thresholds(facts, subject, &mut figure);
    if let (None, Some(declared)) = (subject, facts.household.declared.financial_assets) {
        raise_to(&mut figure, declared.0, "declared beyond the registers");
    }
    figure
}

/// A record without an account number may be another department's record of the same balance.
fn is_perhaps_same(a: &Balance<'_>, b: &Balance<'_>) -> bool {
    a.0.department != b.0.department && a.1.kind == b.1.kind && a.1.balance == b.1.balance
}

/// Accounts of one number: one account, unless kinds or keepers differ; then perhaps several.
fn one_number(facts: &Facts<'_>, accounts: BTreeMap<AccountKey, Vec<Balance<'_>>>) -> Figure {
    let is_doubtful = accounts.len() > 1;
    let mut figure = Figure::known(0);
    let mut least: Option<i64> = None;
    for records in accounts.into_values() {
        let one = one_account(facts, records, false);
        least = least.min(one.bounds.lo).or(one.bounds.lo);
        figure.add(one);
    }
    if is_doubtful {
        figure.bounds.lo = least;
        figure.open_by(DOUBTFUL_MATCH);
    }
    figure
}

/// One account: the balance of the newest day. Where days are not known, or the same, and balances differ, all that is possible.
fn one_account(facts: &Facts<'_>, records: Vec<Balance<'_>>, is_doubtful: bool) -> Figure {
    let is_older = |a: &FinancialAsset, b: &FinancialAsset| match (a.balance_on, b.balance_on) {
        // A day after the date of the verification orders nothing.
        (Some(a), Some(b)) => a.last_day() < b.first_day() && b.last_day() <= facts.as_of,
        _ => false,
    };
    let mut figure = Figure::known(0);
    let is_superseded = |body: &FinancialAsset| records.iter().any(|(_, other)| is_older(body, other));
    let current: Vec<&Balance<'_>> = records.iter().filter(|(_, b)| !is_superseded(b)).collect();
    let Some(anchor) = current.first().map(|(found, _)| *found) else {
        return figure;
    };
    // An overdraft is a debt; it does not lessen what other accounts hold.
    let amounts = || current.iter().map(|(_, b)| b.balance.0.max(0));
    let (lo, hi) = (amounts().min().unwrap_or(0), amounts().max().unwrap_or(0));
    figure.bounds = Bounds::between(if is_doubtful { 0 } else { lo }, hi);
    if lo != hi {
        figure.open_by(CONFLICTING_SOURCES);
    }
    if is_doubtful && hi > 0 {
        figure.open_by(DOUBTFUL_MATCH);
    }
    let mut is_first = true;
    for (found, body) in &records {
        let label = match body.balance_on {
            Some(day) => format!("{} on {day}", body.kind.word()),
            None => body.kind.word().to_owned(),
        };
        if body.balance < Fen::ZERO {
            figure.open_by(IMPLAUSIBLE_RECORD);
        }
        let treatment = if is_superseded(body) {
            Treatment::Disregarded {
                rule: "an older balance of the same account".into(),
            }
        } else if lo != hi || is_doubtful {
            Treatment::Uncertain {
                why: "differs from, or is perhaps the same as, another record".into(),
            }
        } else if is_first {
            is_first = false;
            Treatment::Counted
        } else {
            duplicate(&anchor, "account reference")
        };
        figure.parts.push(found.part(label, body.balance.0, treatment));
    }
    figure
}

/// Adds what departments leave open: within a limit up to it, over a limit at least more than it, silence anything.
fn thresholds(facts: &Facts<'_>, subject: Option<u32>, figure: &mut Figure) {
    let (mut is_silent, mut over) = (false, 0);
    for department in facts
        .departments
        .iter()
        .filter(|d| d.profile.record_types.contains(&RecordType::FinancialAsset))
    {
        for ordinal in facts.subjects(subject) {
            let state = Facts::answer(department, ordinal);
            match state {
                Some(&AnswerState::WithinLimit { limit: Some(limit) }) => {
                    figure.bounds = figure.bounds.plus(Bounds::between(0, limit.0.max(0)));
                    // It has not said how much: it could still change the figure.
                    if limit > Fen::ZERO {
                        merge_sorted(&mut figure.missing, vec![department.profile.id.clone()]);
                    }
                    continue;
                }
                Some(AnswerState::OverLimit { limit }) => {
                    let least = limit.map_or(0, |l| l.0.max(0).saturating_add(1));
                    over = least.max(over);
                }
                Some(AnswerState::WithinLimit { limit: None }) => {}
                Some(state) if state.is_known() => continue,
                _ => is_silent = true,
            }
            figure.bounds = figure.bounds.or_more();
            merge_sorted(&mut figure.missing, vec![department.profile.id.clone()]);
        }
    }
    // A silent register could know a newer balance of any account.
    let known = if is_silent { 0 } else { figure.bounds.lo.unwrap_or(0) };
    // The money above one register's threshold may be the money in another's account: never added, the greater counts.
    figure.bounds.lo = Some(known.max(over));
}

/// Balances of the housing provident fund, one per employer.
pub(super) fn provident_fund_balance(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    // A balance is of the date, not of months: every one lies in this window.
    let today = Months {
        from: Month::of(facts.as_of),
        until: Month::of(facts.as_of),
    };
    let rows = facts
        .records(RecordType::ProvidentFund, subject)
        .filter_map(|found| {
            let RecordBody::ProvidentFund(body) = &found.record.body else {
                return None;
            };
            let code = key(&body.employer_credit_code);
            Some(Row {
                key: if code.is_empty() {
                    code
                } else {
                    format!("{} {code}", found.subject)
                },
                found,
                certain: true,
                stamp: (today.from, today.until, body.balance.0),
                label: "provident fund balance".into(),
                placed: place_months(body.balance, today, today),
            })
        })
        .collect();
    let missing = facts.unsettled(&[RecordType::ProvidentFund], subject);
    let summed = once(rows, Differing::Conflict, "employer's code", !missing.is_empty());
    let mut figure = figure_of(summed.bounds, missing, summed.parts);
    figure.open = summed.open;
    figure
}
