//! Financial property: each account once; threshold-only answers bound the sum and are never a zero.
//! Leaves which account is perhaps another's card to `cards`, things counted in pieces to `property` and limits to the policy packs.

mod cards;

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Span;
use smol_str::SmolStr;

use super::keys::shown;
use super::matching::{Differing, Row, duplicate, once, place_months};
use super::property::raise_to;
use super::{CONFLICTING_SOURCES, DOUBTFUL_MATCH, Facts, Found, IMPLAUSIBLE_RECORD, PERIOD_UNCERTAIN, figure_of};
use crate::answer::AnswerState;
use crate::bounds::{Bounds, Figure, insert_sorted};
use crate::dates::{Month, Months, PartialDate};
use crate::money::Fen;
use crate::part::{Aspect, Because, Treatment};
use crate::record::{FinancialAsset, RecordBody, RecordType};

type Balance<'a> = (&'a Found<'a>, &'a FinancialAsset);

/// What tells one account from another: its number, then its kind and keeper.
fn by_account(facts: &Facts<'_>, a: &Balance<'_>, b: &Balance<'_>) -> Ordering {
    let (x, y) = (facts.keys(a.0), facts.keys(b.0));
    let by_number = x.number.cmp(&y.number);
    by_number.then_with(|| (a.1.kind.word(), &x.alias).cmp(&(b.1.kind.word(), &y.alias)))
}

/// Financial assets.
pub(super) fn financial_assets(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let balances = facts.records(RecordType::FinancialAsset, subject).iter();
    let balances = balances.filter_map(|found| match &found.record.body {
        RecordBody::FinancialAsset(body) => Some((found, body)),
        _ => None,
    });
    let is_whole = |record: &Balance<'_>| is_whole(facts, record, balances.clone());
    let (mut numbered, unnumbered): (Vec<Balance<'_>>, Vec<Balance<'_>>) = balances.clone().partition(is_whole);
    // Stable: the records of one account keep their order.
    numbered.sort_by(|a, b| by_account(facts, a, b));
    let mut figure = Figure::known(0);
    let numbers: Vec<&[Balance<'_>]> = numbered
        .chunk_by(|a, b| facts.keys(a.0).number == facts.keys(b.0).number)
        .collect();
    let cards = cards::Cards::of(facts, &numbers);
    for (at, accounts) in numbers.iter().enumerate() {
        one_number(facts, accounts, cards.most_surely(at), &mut figure);
    }
    figure.bounds.lo = figure.bounds.lo.max(Some(cards.listed()));
    let accounts = without_numbers(&unnumbered);
    let shared = shared(facts, &accounts);
    let others = || unnumbered.iter().chain(&numbered);
    for (account, is_shared) in accounts.iter().zip(&shared) {
        let is_perhaps_other = |record: &Balance<'_>| others().any(|other| is_perhaps_same(record, other));
        let is_doubtful = *is_shared || account.first().is_some_and(is_perhaps_other);
        one_account(facts, account, is_doubtful.then_some(0), &mut figure);
    }
    figure.bounds.lo = figure.bounds.lo.max(listed(facts, &accounts, &shared));
    thresholds(facts, subject, &mut figure);
    if let (None, Some(declared)) = (subject, facts.stated_property().and_then(|d| d.financial_assets)) {
        raise_to(facts, &mut figure, declared.0);
    }
    figure
}

/// So many characters of a number tell an account of a keeper whom nobody names.
const TELLING: usize = 8;

/// Whether a number tells which account it is: it is there, and it is no short one of a keeper whom nobody names, nor the end of one that another
/// department has.
fn is_whole<'a>(facts: &'a Facts<'_>, record: &Balance<'_>, mut all: impl Iterator<Item = Balance<'a>>) -> bool {
    let keys = facts.keys(record.0);
    let is_end = |other: Balance<'_>| {
        let number = &facts.keys(other.0).number;
        other.0.rank != record.0.rank && number.len() > keys.number.len() && number.ends_with(keys.number.as_str())
    };
    !keys.number.is_empty() && (keys.number.len() >= TELLING || !keys.alias.is_empty() && !all.any(is_end))
}

/// Records that bear no whole number, by account: those that one department shows with the same part of a number are about one account, every
/// other is about one of its own.
fn without_numbers<'a>(records: &[Balance<'a>]) -> Vec<Vec<Balance<'a>>> {
    let mut accounts: Vec<(Option<SmolStr>, Vec<Balance<'a>>)> = Vec::with_capacity(records.len());
    for record in records {
        let shown = shown(&record.1.account_reference);
        let is_same = |(other, account): &&mut (Option<SmolStr>, Vec<Balance<'a>>)| {
            let Some(first) = account.first() else { return false };
            shown.is_some()
                && *other == shown
                && (first.0.rank, first.1.kind, &first.1.institution)
                    == (record.0.rank, record.1.kind, &record.1.institution)
        };
        match accounts.iter_mut().find(is_same) {
            Some((_, account)) => account.push(*record),
            None => accounts.push((shown, vec![*record])),
        }
    }
    accounts.into_iter().map(|(_, account)| account).collect()
}

/// Of accounts without numbers, which are equal to one that the same department shows with another member: perhaps one that they share.
fn shared(facts: &Facts<'_>, accounts: &[Vec<Balance<'_>>]) -> Vec<bool> {
    let mut seen: HashMap<(u16, &str, &str, i64), HashSet<u32>> = HashMap::with_capacity(accounts.len());
    let mut shared = Vec::with_capacity(accounts.len());
    for account in accounts {
        let Some((found, body)) = account.first() else { continue };
        let alike = (
            found.rank,
            body.kind.word(),
            body.institution.as_str(),
            least(facts, account),
        );
        let members = seen.entry(alike).or_default();
        shared.push(members.iter().any(|other| *other != found.subject));
        members.insert(found.subject);
    }
    shared
}

/// What one department lists without numbers is several accounts of its own, whichever of them others list too.
fn listed(facts: &Facts<'_>, accounts: &[Vec<Balance<'_>>], shared: &[bool]) -> Option<i64> {
    let mut by_rank: BTreeMap<u16, i64> = BTreeMap::new();
    let own = accounts.iter().zip(shared).filter(|(_, is_shared)| !**is_shared);
    for (account, _) in own {
        if let Some((found, _)) = account.first() {
            let sum = by_rank.entry(found.rank).or_default();
            *sum = sum.saturating_add(least(facts, account));
        }
    }
    by_rank.into_values().max()
}

/// Whether a balance is older than another of the same account. A day after the date of the verification, one that stands for none, and an amount
/// below zero replace nothing.
fn is_older(a: &FinancialAsset, b: &FinancialAsset, facts: &Facts<'_>) -> bool {
    let day = |body: &FinancialAsset| body.balance_on.filter(|on| !on.ends_nothing());
    match (day(a), day(b)) {
        (Some(from), Some(until)) => {
            from.last_day() < until.first_day() && until.last_day() <= facts.as_of && b.balance >= Fen::ZERO
        }
        _ => false,
    }
}

/// Whether a balance is of a day well after the date: what there was at the date it does not tell. Of the days just before today registers only
/// know what there is now.
fn is_later(body: &FinancialAsset, facts: &Facts<'_>) -> bool {
    let is_after = |on: PartialDate| on.first_day() > facts.as_of;
    let is_well_after = |on: PartialDate| on.first_day() > facts.as_of.saturating_add(Span::new().days(31));
    body.balance_on.is_some_and(|on| is_after(on) && is_well_after(on))
}

/// How much an account surely holds.
fn least(facts: &Facts<'_>, records: &[Balance<'_>]) -> i64 {
    let is_superseded = |body: &FinancialAsset| records.iter().any(|(_, other)| is_older(body, other, facts));
    let current = records.iter().filter(|(_, body)| !is_superseded(body));
    let surely = current.map(|(_, body)| {
        if is_later(body, facts) {
            0
        } else {
            body.balance.0.max(0)
        }
    });
    surely.min().unwrap_or(0)
}

/// A record without an account number may be another department's record of the same account, of another day or under another kind.
fn is_perhaps_same(a: &Balance<'_>, b: &Balance<'_>) -> bool {
    a.0.rank != b.0.rank
}

/// Accounts of one number: one account, unless kinds or keepers differ; then perhaps several, of which the least counts surely.
fn one_number(facts: &Facts<'_>, records: &[Balance<'_>], doubt: Option<i64>, figure: &mut Figure) {
    let mut accounts = Figure::known(0);
    let (mut least, mut count) = (None, 0);
    for account in records.chunk_by(|a, b| by_account(facts, a, b).is_eq()) {
        let before = accounts.bounds.lo.unwrap_or(0);
        one_account(facts, account, doubt, &mut accounts);
        let own = accounts.bounds.lo.map(|lo| lo.saturating_sub(before));
        least = least.min(own).or(own);
        count += 1;
    }
    if count > 1 {
        accounts.bounds.lo = least;
        accounts.open_by(DOUBTFUL_MATCH);
    }
    figure.add(accounts);
}

/// One account: the balance of the newest day. Where days are not known, or the same, and balances differ, all that is possible. Where it is
/// perhaps another, no more than so much of it is sure.
fn one_account(facts: &Facts<'_>, records: &[Balance<'_>], doubt: Option<i64>, figure: &mut Figure) {
    let is_doubtful = doubt.is_some();
    let is_superseded = |body: &FinancialAsset| records.iter().any(|(_, other)| is_older(body, other, facts));
    let current = || records.iter().filter(|(_, b)| !is_superseded(b));
    let Some(anchor) = current().next().map(|(found, _)| *found) else {
        return;
    };
    // An overdraft is a debt; it does not lessen what other accounts hold.
    let lo = least(facts, records);
    // What one department lists by several records under one number may be several deposits on one card, of whatever days: a newer balance elsewhere
    // is of one of them.
    let of_rank = |rank: u16| {
        let by_others = |body: &FinancialAsset| {
            let others = records.iter().filter(|(found, _)| found.rank != rank);
            others.clone().any(|(_, other)| is_older(body, other, facts))
        };
        let own = || records.iter().filter(|(found, _)| found.rank == rank);
        let is_several = own().nth(1).is_some();
        let listed = own().filter(|(_, body)| is_several || !by_others(body));
        listed.map(|(_, b)| b.balance.0.max(0)).fold(0, i64::saturating_add)
    };
    let hi = records.iter().map(|(found, _)| of_rank(found.rank)).max().unwrap_or(0);
    figure.bounds = figure
        .bounds
        .plus(Bounds::between(doubt.map_or(lo, |most| most.min(lo)), hi));
    let is_later = current().any(|(_, body)| is_later(body, facts));
    if is_later {
        figure.bounds = figure.bounds.or_more();
        figure.open_by(PERIOD_UNCERTAIN);
    } else if lo != hi {
        figure.open_by(CONFLICTING_SOURCES);
    }
    if is_doubtful && hi > 0 {
        figure.open_by(DOUBTFUL_MATCH);
    }
    let mut is_first = true;
    for (found, body) in records {
        if body.balance < Fen::ZERO {
            // A debt, or a register that writes what is owed to the holder with a minus.
            figure.bounds = figure.bounds.or_more();
            figure.open_by(IMPLAUSIBLE_RECORD);
        }
        let treatment = if is_superseded(body) {
            Treatment::Disregarded {
                rule: Because::OlderBalance,
            }
        } else if lo != hi || is_later || is_doubtful {
            Treatment::Uncertain {
                why: Because::BalanceInDoubt,
            }
        } else if is_first {
            is_first = false;
            Treatment::Counted
        } else {
            duplicate(anchor, Because::AccountReference)
        };
        figure.parts.push(found.part(Aspect::Whole, body.balance.0, treatment));
    }
}

/// Adds what departments leave open: within a limit up to it, over a limit at least more than it, silence anything.
fn thresholds(facts: &Facts<'_>, subject: Option<u32>, figure: &mut Figure) {
    let (mut is_silent, mut over) = (false, 0);
    let is_asked_for = facts.is_asked_for(RecordType::FinancialAsset);
    for department in facts
        .departments
        .iter()
        .filter(|d| d.profile.record_types.contains(&RecordType::FinancialAsset))
    {
        for ordinal in facts.subjects(subject) {
            // Whoever was not asked has not said.
            let state = department.answer(ordinal).filter(|_| is_asked_for);
            match state {
                Some(&AnswerState::WithinLimit { limit: Some(limit) }) => {
                    figure.bounds = figure.bounds.plus(Bounds::between(0, limit.0.max(0)));
                    // It has not said how much: it could still change the figure.
                    if limit > Fen::ZERO {
                        insert_sorted(&mut figure.missing, department.profile.id.clone());
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
            insert_sorted(&mut figure.missing, department.profile.id.clone());
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
        .iter()
        .filter_map(|found| {
            let RecordBody::ProvidentFund(body) = &found.record.body else {
                return None;
            };
            let code = &facts.keys(found).number;
            Some(Row {
                // Each member has an account of their own at an employer.
                key: (!code.is_empty()).then(|| (code.as_str(), [i64::from(found.subject), 0, 0])),
                found,
                certain: true,
                stamp: (today.from, today.until, body.balance.0),
                aspect: Aspect::Balance,
                placed: place_months(body.balance, today, today),
            })
        })
        .collect();
    let missing = facts.unsettled(&[RecordType::ProvidentFund], subject);
    let summed = once(rows, Differing::Conflict, Because::EmployerCode, !missing.is_empty());
    let mut figure = figure_of(summed.bounds, missing, summed.parts);
    figure.open = summed.open;
    figure
}
