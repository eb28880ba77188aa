//! Incomes and expenses in a window of months: counted in the months they were earned, never spread; one job is one job.
//! Leaves disregards, deductions and limits to the policy packs.

use std::collections::BTreeSet;

use super::declared::add_declared;
use super::matching::{Differing, Matter, Placed, Row, by_month, months_of, once, place};
use super::members::Members;
use super::payers::stated_in_common;
use super::rents::rents;
use super::shared::{Likeness, common, shared};
use super::transfer;
use super::wage::wage;
use super::{CONFLICTING_SOURCES, DOUBTFUL_MATCH, Fact, Facts, Found, IMPLAUSIBLE_RECORD, PERIOD_UNCERTAIN, figure_of};
use crate::bounds::{Bounds, Figure};
use crate::dates::{Month, Months, PartialDate};
use crate::money::Fen;
use crate::part::{Aspect, Because, Treatment};
use crate::record::{Employment, EmploymentStatus, Income, IncomeKind, Pension, PensionKind, RecordBody, RecordType};

/// By what pensions are told apart.
const PENSION_KEY: Because = Because::KindPeriodAmount;

/// Net income of a kind; what the household declares beyond the registers is counted on its word.
pub(super) fn income(facts: &Facts<'_>, kind: IncomeKind, subject: Option<u32>, window: Months) -> Figure {
    let scope = facts.subjects(subject);
    let is_common = subject.is_none() && has_common(facts, kind, scope);
    let mut total = Figure::known(0);
    if subject.is_none() && !is_common && kind != IncomeKind::Property {
        // Only rents and what members have in common depend on who else is asked about: every other figure is the one asked for by itself.
        for ordinal in scope {
            total.add_shared(&facts.figure(Fact::Income(kind), Some(ordinal), window));
        }
        return total;
    }
    total.add(income_of(facts, kind, scope, window));
    if is_common {
        // What is certain of some is certain of all, whoever of them what they have in common is left with.
        let without = |member: u32| {
            let others = scope.into_iter().filter(|other| *other != member);
            others.fold(Members::NONE, |all, other| all.with(Members::one(other)))
        };
        let of_others = |member| income_of(facts, kind, without(member), window).bounds.lo;
        total.bounds.lo = scope.into_iter().filter_map(of_others).max().max(total.bounds.lo);
    }
    total
}

/// The sum of what each of these members has, given what they have in common.
fn income_of(facts: &Facts<'_>, kind: IncomeKind, scope: Members, window: Months) -> Figure {
    let mut total = Figure::known(0);
    for ordinal in scope {
        let mut figure = found(facts, kind, ordinal, scope, window);
        add_declared(facts, kind, ordinal, scope, window, &mut figure);
        total.add(figure);
    }
    total
}

/// Whether a department shows the same of two members. A wage is one person's, and of transfers what is of a nature is known by member only.
fn has_common(facts: &Facts<'_>, kind: IncomeKind, scope: Members) -> bool {
    let types: &[RecordType] = match kind {
        IncomeKind::Business => &[RecordType::Income, RecordType::Subsidy],
        IncomeKind::Property => &[RecordType::Income],
        IncomeKind::Wage | IncomeKind::Transfer => &[],
    };
    let of_kind = |body: &&RecordBody| !matches!(body, RecordBody::Income(body) if body.kind != kind);
    let is_common = |of: RecordType, ordinal: u32| common(facts, of, ordinal, scope).iter().any(of_kind);
    types
        .iter()
        .any(|of| scope.into_iter().any(|ordinal| is_common(*of, ordinal)))
}

/// What the registers show of one member, among the members in `scope`.
pub(super) fn found(facts: &Facts<'_>, kind: IncomeKind, ordinal: u32, scope: Members, window: Months) -> Figure {
    let earned = || {
        let common = common(facts, RecordType::Income, ordinal, scope);
        stated_in_common(facts, kind, ordinal, window, &common, |_| true)
    };
    match kind {
        IncomeKind::Wage => wage(facts, ordinal, window),
        IncomeKind::Business => perhaps_shared(facts, earned(), subsidies(facts, ordinal, scope, window), window),
        IncomeKind::Property => perhaps_shared(facts, earned(), rents(facts, ordinal, scope, window), window),
        IncomeKind::Transfer => transfer::found(facts, ordinal, window),
    }
}

/// What payers state and what another register shows of the same kind: a grant or a rent of about the same amount may be in both.
fn perhaps_shared(facts: &Facts<'_>, mut stated: Figure, other: Figure, window: Months) -> Figure {
    let least = stated.bounds.lo.unwrap_or(0).min(other.bounds.lo.unwrap_or(0));
    let (ours, theirs) = (stated.parts.iter(), other.parts.iter());
    let twice = shared(facts, ours, theirs, window, Likeness::ABOUT).min(least);
    stated.add(other);
    lower(&mut stated, twice, 0);
    stated
}

/// Closes a sum of rows of one type: silence opens its upper end, and its lower end as far as it could contradict.
pub(super) fn settle(
    facts: &Facts<'_>,
    of: RecordType,
    ordinal: u32,
    rows: Vec<Row<'_>>,
    differing: Differing,
    by: Because,
) -> Figure {
    let missing = facts.unsettled(&[of], Some(ordinal));
    let summed = once(rows, differing, by, !missing.is_empty());
    let mut figure = figure_of(summed.bounds, missing, summed.parts);
    figure.open = summed.open;
    figure
}

/// Takes from what is certain what may be counted twice, but for what is certain in any case.
pub(super) fn lower(figure: &mut Figure, twice: i64, certain: i64) {
    let before = figure.bounds.lo.unwrap_or(0);
    let lo = before.saturating_sub(twice).max(certain).min(before);
    if lo < before {
        figure.bounds.lo = Some(lo);
        figure.open_by(DOUBTFUL_MATCH);
    }
}

/// Where a net income falls; an amount that cannot be is said to be so.
pub(super) fn net_placed(body: &Income, window: Months) -> Placed {
    if body.gross < Fen::ZERO {
        return place(body.gross, body.from, body.until, window);
    }
    let mut placed = place(net(body), body.from, body.until, window);
    let deductions = body.deductions.unwrap_or(Fen::ZERO);
    // A wage of which more than half is taken, or less than nothing: contributions and tax never take so much, so that something else stands
    // there, such as what the tax leaves free. How much is left nobody knows.
    let is_too_much =
        body.kind == IncomeKind::Wage && body.gross > Fen::ZERO && deductions > body.gross.saturating_sub(deductions);
    if is_too_much || deductions < Fen::ZERO {
        let all = place(body.gross, body.from, body.until, window).bounds;
        if all != Bounds::ZERO {
            placed = Placed::uncertain(
                Bounds { lo: Some(0), ..all },
                IMPLAUSIBLE_RECORD,
                Because::NegativeAmount,
            );
        }
        placed.code = Some(IMPLAUSIBLE_RECORD);
    }
    placed
}

pub(super) fn uncertain(why: Because) -> Treatment {
    Treatment::Uncertain { why }
}

/// First and last month of a period with open ends.
pub(super) fn span(from: Option<PartialDate>, until: Option<PartialDate>, window: Months) -> (Month, Month) {
    (
        from.map_or(window.from.plus(-1), PartialDate::first_month),
        until.map_or(window.until.plus(1), PartialDate::last_month),
    )
}

/// A matter named by a word of ours.
fn fixed(word: &'static str) -> Matter<'static> {
    (word, [0; 3])
}

/// Where another department has about the same amount a month under another kind, the first word of both: perhaps one pension.
fn other_kind(
    found: &Found<'_>,
    kind: PensionKind,
    all: &[(u16, PensionKind, i64)],
    amount: i64,
) -> Option<&'static str> {
    let others = all
        .iter()
        .filter(|(rank, of, like)| *rank != found.rank && *of != kind && *like == amount);
    let first = others.map(|(_, of, _)| of.word()).min();
    first.map(|word| word.min(kind.word()))
}

/// Pensions by month; `share` picks what of a month's amount counts. Departments that state different pensions of one kind may mean two.
fn pension_rows<'a>(
    facts: &'a Facts<'a>,
    ordinal: u32,
    window: Months,
    share: impl Fn(&Pension) -> i64,
) -> Vec<Row<'a>> {
    let pensions = || {
        let records = facts.records(RecordType::Pension, Some(ordinal)).iter();
        records.filter_map(|found| match &found.record.body {
            RecordBody::Pension(body) => Some((found, body)),
            _ => None,
        })
    };
    let about = about(pensions().map(|(_, body)| body.monthly_amount.0));
    let mut all: Vec<_> = pensions()
        .map(|(found, body)| (found.rank, body.kind, about(body.monthly_amount.0)))
        .collect();
    all.sort_unstable();
    all.dedup();
    pensions()
        .map(|(found, body)| {
            let (from, until) = span(body.from, body.until, window);
            let word = other_kind(found, body.kind, &all, about(body.monthly_amount.0));
            Row {
                found,
                key: Some(fixed(word.unwrap_or(body.kind.word()))),
                certain: word.is_none(),
                stamp: (from, until, share(body)),
                aspect: Aspect::Whole,
                placed: by_month(share(body), body.from, body.until, window),
            }
        })
        .collect()
}

/// All pensions of a member.
pub(super) fn pensions(facts: &Facts<'_>, ordinal: u32, window: Months) -> Figure {
    let rows = pension_rows(facts, ordinal, window, |p| p.monthly_amount.0);
    settle(
        facts,
        RecordType::Pension,
        ordinal,
        rows,
        Differing::PerhapsSeveral,
        PENSION_KEY,
    )
}

/// Nobody draws an unemployment benefit for longer (Social Insurance Law, article 46).
const BENEFIT_MONTHS: i32 = 24;

/// Where a benefit falls. One without an end proves nothing for months in which it cannot be drawn any more: a register may have kept it open, or
/// begun another at another time.
fn benefit_placed(monthly: i64, body: &Employment, window: Months) -> Placed {
    let mut placed = by_month(monthly, body.from, body.until, window);
    let (Some(from), None) = (body.from, body.until) else {
        return placed;
    };
    let drawn = Months {
        from: from.first_month(),
        until: from.first_month().plus(BENEFIT_MONTHS - 1),
    };
    let most = drawn.intersect(window).map_or(0, Months::len);
    let least = monthly.saturating_mul(i64::from(most));
    if placed.bounds.lo.is_some_and(|lo| lo > least) {
        let bounds = Bounds {
            lo: Some(least),
            ..placed.bounds
        };
        placed = Placed::uncertain(bounds, PERIOD_UNCERTAIN, Because::MonthUnknown);
    }
    placed
}

/// Unemployment benefits.
pub(super) fn benefits(facts: &Facts<'_>, ordinal: u32, window: Months) -> Figure {
    let rows = facts
        .records(RecordType::Employment, Some(ordinal))
        .iter()
        .filter_map(|found| {
            let RecordBody::Employment(body) = &found.record.body else {
                return None;
            };
            let benefit = body
                .monthly_benefit
                .filter(|_| body.status == EmploymentStatus::Unemployed)?;
            let (from, until) = span(body.from, body.until, window);
            Some(Row {
                found,
                key: Some(fixed("unemployment benefit")),
                certain: true,
                stamp: (from, until, benefit.0),
                aspect: Aspect::Whole,
                placed: benefit_placed(benefit.0, body, window),
            })
        })
        .collect();
    settle(
        facts,
        RecordType::Employment,
        ordinal,
        rows,
        Differing::PerhapsSeveral,
        Because::PeriodAmount,
    )
}

/// Of each amount the least of those that are about the same: each within two per cent of the next.
pub(super) fn about(amounts: impl Iterator<Item = i64>) -> impl Fn(i64) -> i64 {
    let mut sorted: Vec<i64> = amounts.collect();
    sorted.sort_unstable();
    let mut least: Vec<(i64, i64)> = Vec::with_capacity(sorted.len());
    for amount in sorted {
        let like = least
            .last()
            .filter(|(last, _)| amount - last <= last.abs() / 50)
            .map(|(_, least)| *least);
        least.push((amount, like.unwrap_or(amount)));
    }
    move |amount| {
        let at = least.partition_point(|(other, _)| *other < amount);
        least.get(at).map_or(amount, |(_, least)| *least)
    }
}

/// Grants for planting, breeding, machines and forest. They are paid once for a farming year, so they belong to the income from the farm,
/// which packs reckon over twelve months; as a month's income they would exclude a household in the month they are paid. They have no number that two departments share: equal ones are perhaps the
/// same, under whatever name of the project, paid within two months.
fn subsidies(facts: &Facts<'_>, ordinal: u32, scope: Members, window: Months) -> Figure {
    let common = common(facts, RecordType::Subsidy, ordinal, scope);
    let amounts = facts.records(RecordType::Subsidy, Some(ordinal)).iter();
    let about = about(amounts.filter_map(|found| match &found.record.body {
        RecordBody::Subsidy(body) => Some(body.amount.0),
        _ => None,
    }));
    let rows = facts
        .records(RecordType::Subsidy, Some(ordinal))
        .iter()
        .filter_map(|found| {
            let RecordBody::Subsidy(body) = &found.record.body else {
                return None;
            };
            let period = months_of(body.paid_on, body.paid_on);
            let mut placed = place(body.amount, body.paid_on, body.paid_on, window);
            if common.contains(&found.record.body) {
                placed = placed.perhaps_anothers();
            }
            Some(Row {
                found,
                key: Some(("", [about(body.amount.0), 0, 0])),
                certain: false,
                stamp: (period.from, period.until.plus(2), body.amount.0),
                aspect: Aspect::Whole,
                placed,
            })
        })
        .collect();
    settle(
        facts,
        RecordType::Subsidy,
        ordinal,
        rows,
        Differing::Events,
        Because::ProjectDayAmount,
    )
}

/// Government relief is shown and not counted (民发〔2021〕57号, article 13).
pub(super) fn assistance_is_not_income(facts: &Facts<'_>, ordinal: u32, figure: &mut Figure) {
    for found in facts.records(RecordType::Assistance, Some(ordinal)) {
        let RecordBody::Assistance(body) = &found.record.body else {
            continue;
        };
        let rule = Because::ReliefNotIncome;
        figure
            .parts
            .push(found.part(Aspect::Whole, body.amount.0, Treatment::Disregarded { rule }));
    }
}

/// The basic old-age pension within the *known* transfer income. Only to be subtracted from it: it is never more than what is known of it,
/// so that what silent departments could add to both stays open in the transfer income alone.
pub(super) fn basic_pension(facts: &Facts<'_>, subject: Option<u32>, window: Months) -> Figure {
    let mut total = Figure::known(0);
    for ordinal in facts.subjects(subject) {
        let rows = pension_rows(facts, ordinal, window, |p| {
            p.basic_part.map_or(0, |b| b.0.clamp(0, p.monthly_amount.0.max(0)))
        });
        let mut figure = once(rows, Differing::PerhapsSeveral, PENSION_KEY, false);
        let missing = facts.unsettled(&[RecordType::Pension], Some(ordinal));
        if missing.is_empty() {
            let certain = pensions(facts, ordinal, window).bounds.lo.unwrap_or(0);
            let at_most_certain = |end: Option<i64>| Some(end.map_or(certain, |amount| amount.min(certain)));
            figure.bounds = Bounds {
                lo: at_most_certain(figure.bounds.lo),
                hi: at_most_certain(figure.bounds.hi),
            };
            if is_basic_contested(facts, ordinal) {
                figure.bounds.lo = Some(0);
                figure.open_by(CONFLICTING_SOURCES);
            }
        } else {
            // All transfers that are known, those on the household's word among them, may be the basic pension of a silent register.
            let transfers = income(facts, IncomeKind::Transfer, Some(ordinal), window).bounds.lo;
            figure.bounds = Bounds::between(0, transfers.unwrap_or(0));
            figure.missing = missing;
        }
        figure.parts.retain(|p| p.amount != 0);
        total.add(figure);
    }
    total
}

/// Whether one register says that a kind of pension has a basic part and another that it has none.
fn is_basic_contested(facts: &Facts<'_>, ordinal: u32) -> bool {
    let records = facts.records(RecordType::Pension, Some(ordinal)).iter();
    let told = records.filter_map(|found| match &found.record.body {
        RecordBody::Pension(body) => Some((body.kind, found.rank, body.basic_part? > Fen::ZERO)),
        _ => None,
    });
    let told: BTreeSet<(PensionKind, u16, bool)> = told.collect();
    let mut without = told.iter().filter(|(.., has)| !has);
    without.any(|(kind, rank, _)| {
        !told.contains(&(*kind, *rank, true)) && told.iter().any(|(of, _, has)| of == kind && *has)
    })
}

/// Gross less deductions, never below zero: a loss is not a negative income. Deductions below zero add nothing.
pub(super) fn net(body: &Income) -> Fen {
    body.gross
        .saturating_sub(body.deductions.unwrap_or(Fen::ZERO).max(Fen::ZERO))
        .max(Fen::ZERO)
}
