//! Incomes and expenses in a window of months: counted in the months they were earned, never spread; one job is one job.
//! Leaves disregards, deductions and limits to the policy packs.

use super::persons::declared_part;
use super::wage::wage;
use super::{Facts, Found, figure_of};
use crate::bounds::{Bounds, Figure, Part, Treatment};
use crate::dates::{Months, PartialDate};
use crate::money::Fen;
use crate::record::{EmploymentStatus, IncomeKind, PensionKind, RecordBody, RecordType};

/// Net income of a kind; what the household declares beyond the registers is counted on its word.
pub(super) fn income(facts: &Facts<'_>, kind: IncomeKind, subject: Option<u32>, window: Months) -> Figure {
    let mut total = Figure::known(0);
    for ordinal in facts.subjects(subject) {
        let mut figure = found(facts, kind, ordinal, window);
        add_declared(facts, kind, ordinal, window, &mut figure);
        total.add(figure);
    }
    total
}

/// What the registers show of one member.
fn found(facts: &Facts<'_>, kind: IncomeKind, ordinal: u32, window: Months) -> Figure {
    match kind {
        IncomeKind::Wage => wage(facts, ordinal, window),
        IncomeKind::Business => simple(facts, kind, ordinal, window, &[RecordType::Income]),
        IncomeKind::Property => {
            let mut figure = simple(facts, kind, ordinal, window, &[RecordType::Income, RecordType::Land]);
            rents(facts, ordinal, window, &mut figure);
            figure
        }
        IncomeKind::Transfer => {
            let types = &[
                RecordType::Income,
                RecordType::Pension,
                RecordType::Employment,
                RecordType::Subsidy,
            ];
            let mut figure = simple(facts, kind, ordinal, window, types);
            pensions(facts, ordinal, window, |_, amount| amount, &mut figure);
            benefits_and_subsidies(facts, ordinal, window, &mut figure);
            assistance_is_not_income(facts, ordinal, &mut figure);
            figure
        }
    }
}

/// Net amounts of the income records of a kind, each payer and month reported by one department once.
fn simple(facts: &Facts<'_>, kind: IncomeKind, ordinal: u32, window: Months, types: &[RecordType]) -> Figure {
    let mut bounds = Bounds::ZERO;
    let mut parts: Vec<Part> = Vec::new();
    let mut seen: Vec<(Found<'_>, &crate::record::Income)> = Vec::new();
    for found in facts.records(RecordType::Income, Some(ordinal)) {
        let RecordBody::Income(body) = &found.record.body else {
            continue;
        };
        if body.kind != kind {
            continue;
        }
        let label = || format!("{} income {} to {}", kind.word(), body.from, body.until);
        let same = seen.iter().find(|(other, earlier)| {
            other.department != found.department
                && !body.payer_credit_code.is_empty()
                && earlier.payer_credit_code == body.payer_credit_code
                && (earlier.from, earlier.until, earlier.gross) == (body.from, body.until, body.gross)
        });
        if let Some((other, _)) = same {
            parts.push(found.part(label(), net(body).0, duplicate(other, "payer, period and amount")));
            continue;
        }
        let (amount, treatment) = place(net(body), months_of(body.from, body.until), window);
        bounds = bounds.plus(amount);
        parts.push(found.part(label(), net(body).0, treatment));
        seen.push((found, body));
    }
    figure_of(bounds, facts.unsettled(types, Some(ordinal)), parts)
}

/// Yearly rents of land leased out.
fn rents(facts: &Facts<'_>, ordinal: u32, window: Months, figure: &mut Figure) {
    let mut contracts: Vec<(&str, Found<'_>)> = Vec::new();
    for found in facts.records(RecordType::Land, Some(ordinal)) {
        let RecordBody::Land(body) = &found.record.body else {
            continue;
        };
        let Some(rent) = body.annual_rent.filter(|r| body.leased_out && *r > Fen::ZERO) else {
            continue;
        };
        let label = format!("rent of {} a year", body.kind.word());
        let number = body.contract_number.as_str();
        if let Some((_, other)) = contracts.iter().find(|(n, _)| !n.is_empty() && *n == number) {
            figure
                .parts
                .push(found.part(label, rent.0, duplicate(other, "contract number")));
            continue;
        }
        // The rent is for the twelve months before the date: a shorter window can hold all of it or none.
        let (amount, treatment) = place(rent, Months::before(facts.as_of, 12), window);
        figure.bounds = figure.bounds.plus(amount);
        figure.parts.push(found.part(label, rent.0, treatment));
        contracts.push((number, found));
    }
}

/// Pensions by month; `share` picks what of a month's amount counts.
fn pensions(
    facts: &Facts<'_>,
    ordinal: u32,
    window: Months,
    share: impl Fn(&crate::record::Pension, i64) -> i64,
    figure: &mut Figure,
) {
    let mut seen: Vec<(PensionKind, Found<'_>)> = Vec::new();
    for found in facts.records(RecordType::Pension, Some(ordinal)) {
        let RecordBody::Pension(body) = &found.record.body else {
            continue;
        };
        let label = format!("{} pension", body.kind.word());
        let elsewhere = seen
            .iter()
            .find(|(kind, other)| *kind == body.kind && other.department != found.department);
        if let Some((_, other)) = elsewhere {
            figure
                .parts
                .push(found.part(label, body.monthly_amount.0, duplicate(other, "kind of pension")));
            continue;
        }
        let amount = by_month(share(body, body.monthly_amount.0), body.from, body.until, window);
        figure.bounds = figure.bounds.plus(Bounds::exactly(amount));
        figure.parts.push(found.part(label, amount, Treatment::Counted));
        seen.push((body.kind, found));
    }
}

fn benefits_and_subsidies(facts: &Facts<'_>, ordinal: u32, window: Months, figure: &mut Figure) {
    for found in facts.records(RecordType::Employment, Some(ordinal)) {
        let RecordBody::Employment(body) = &found.record.body else {
            continue;
        };
        if let (EmploymentStatus::Unemployed, Some(benefit)) = (body.status, body.monthly_benefit) {
            let amount = by_month(benefit.0, body.from, body.until, window);
            figure.bounds = figure.bounds.plus(Bounds::exactly(amount));
            figure
                .parts
                .push(found.part("unemployment benefit".into(), amount, Treatment::Counted));
        }
    }
    for found in facts.records(RecordType::Subsidy, Some(ordinal)) {
        let RecordBody::Subsidy(body) = &found.record.body else {
            continue;
        };
        let (amount, treatment) = place(body.amount, months_of(body.paid_on, body.paid_on), window);
        figure.bounds = figure.bounds.plus(amount);
        figure
            .parts
            .push(found.part(format!("subsidy of {}", body.paid_on), body.amount.0, treatment));
    }
}

/// Government relief is shown and not counted (民发〔2021〕57号, article 13).
fn assistance_is_not_income(facts: &Facts<'_>, ordinal: u32, figure: &mut Figure) {
    for found in facts.records(RecordType::Assistance, Some(ordinal)) {
        let RecordBody::Assistance(body) = &found.record.body else {
            continue;
        };
        let rule = "government relief is not counted as income".to_owned();
        let label = format!("assistance {}", body.period.word());
        figure
            .parts
            .push(found.part(label, body.amount.0, Treatment::Disregarded { rule }));
    }
}

/// The basic old-age pension within the *known* transfer income. Only to be subtracted from it: what silent departments could
/// add to both stays open in the transfer income, of which it can only be a part.
pub(super) fn basic_pension(facts: &Facts<'_>, subject: Option<u32>, window: Months) -> Figure {
    let mut total = Figure::known(0);
    for ordinal in facts.subjects(subject) {
        let mut figure = Figure::known(0);
        pensions(
            facts,
            ordinal,
            window,
            |p, monthly| p.basic_part.map_or(0, |b| b.0.min(monthly)),
            &mut figure,
        );
        figure.parts.retain(|p| p.amount != 0);
        total.add(figure);
    }
    total
}

/// Medical cost borne by the patient within the scope of the insurance.
pub(super) fn medical_own_cost(facts: &Facts<'_>, subject: Option<u32>, window: Months) -> Figure {
    let mut total = Figure::known(0);
    for ordinal in facts.subjects(subject) {
        let mut bounds = Bounds::ZERO;
        let mut parts = Vec::new();
        for found in facts.records(RecordType::MedicalExpense, Some(ordinal)) {
            let RecordBody::MedicalExpense(body) = &found.record.body else {
                continue;
            };
            let (amount, treatment) = place(body.own_cost_in_scope, months_of(body.paid_on, body.paid_on), window);
            bounds = bounds.plus(amount);
            parts.push(found.part(
                format!("medical bill of {}", body.paid_on),
                body.own_cost_in_scope.0,
                treatment,
            ));
        }
        total.add(figure_of(
            bounds,
            facts.unsettled(&[RecordType::MedicalExpense], Some(ordinal)),
            parts,
        ));
    }
    total
}

/// Counts what a member declares beyond what the registers show for the same months.
fn add_declared(facts: &Facts<'_>, kind: IncomeKind, ordinal: u32, window: Months, figure: &mut Figure) {
    let Some(member) = facts.household.members.get(ordinal as usize) else {
        return;
    };
    let mut inside: i64 = 0;
    for declared in member.incomes.iter().filter(|d| d.kind == kind) {
        let months = months_of(declared.from, declared.until);
        match months.intersect(window) {
            Some(both) if both == months => inside = inside.saturating_add(declared.amount.0),
            Some(_) => {
                // Declared for a longer time than the window: only what no register explains can lie in the window.
                let on_record = found(facts, kind, ordinal, months).bounds.lo.unwrap_or(0);
                let beyond = declared.amount.0.saturating_sub(on_record).max(0);
                if beyond > 0 {
                    figure.bounds = figure.bounds.plus(Bounds::between(0, beyond));
                    let mut part = declared_part(ordinal, format!("declared {} income", kind.word()), beyond);
                    part.treatment = Treatment::Uncertain {
                        why: "declared for more months than are counted".into(),
                    };
                    figure.parts.push(part);
                    figure.open_by("DECLARED_PERIOD");
                }
            }
            None => {}
        }
    }
    let on_record = figure.bounds.lo.unwrap_or(0);
    let beyond = inside.saturating_sub(on_record).max(0);
    if beyond > 0 {
        figure.bounds.lo = Some(inside);
        figure.bounds.hi = figure.bounds.hi.map(|hi| hi.max(inside));
        figure.parts.push(declared_part(
            ordinal,
            format!("declared {} income beyond the registers", kind.word()),
            beyond,
        ));
    }
}

/// Gross less deductions, never below zero: a loss is not a negative income.
pub(super) fn net(body: &crate::record::Income) -> Fen {
    body.gross
        .saturating_sub(body.deductions.unwrap_or(Fen::ZERO))
        .max(Fen::ZERO)
}

/// The months from the first that `from` can mean to the last that `until` can mean.
pub(super) fn months_of(from: PartialDate, until: PartialDate) -> Months {
    Months {
        from: from.first_month(),
        until: until.last_month(),
    }
}

/// Where an amount earned over `period` falls with respect to a window: in it, out of it, or, where the period reaches beyond the
/// window, anywhere between nothing and all of it. It is never spread.
pub(super) fn place(amount: Fen, period: Months, window: Months) -> (Bounds, Treatment) {
    match period.intersect(window) {
        None => (
            Bounds::ZERO,
            Treatment::Disregarded {
                rule: "outside the months that count".into(),
            },
        ),
        Some(both) if both == period => (Bounds::exactly(amount.0), Treatment::Counted),
        Some(_) => (
            Bounds::between(amount.0.min(0), amount.0.max(0)),
            Treatment::Uncertain {
                why: "earned partly outside the months that count; not spread over months".into(),
            },
        ),
    }
}

/// A stated monthly amount times the months of the window for which it is stated.
pub(super) fn by_month(monthly: i64, from: Option<PartialDate>, until: Option<PartialDate>, window: Months) -> i64 {
    monthly.saturating_mul(i64::from(months_in(from, until, window)))
}

/// How many months of the window an open or closed period covers.
pub(super) fn months_in(from: Option<PartialDate>, until: Option<PartialDate>, window: Months) -> u32 {
    let period = Months {
        from: from.map_or(window.from, PartialDate::first_month),
        until: until.map_or(window.until, PartialDate::last_month),
    };
    period.intersect(window).map_or(0, Months::len)
}

/// The same thing as another record.
pub(super) fn duplicate(of: &Found<'_>, by: &str) -> Treatment {
    Treatment::Duplicate {
        of: of.record.reference.clone(),
        at: of.department.to_string(),
        by: by.to_owned(),
    }
}
