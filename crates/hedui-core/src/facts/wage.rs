//! Wages: the same job seen by tax, payroll, social insurance and provident fund is one job.
//! Leaves other incomes to `income`; sources that disagree widen the figure and become a finding, they are never averaged.

use super::income::{by_month, duplicate, months_in, months_of, net, place};
use super::{Facts, Found, figure_of};
use crate::bounds::{Bounds, Figure, Treatment};
use crate::dates::Months;
use crate::record::{EmploymentStatus, IncomeKind, RecordBody, RecordType};

/// Two registers disagree about one thing beyond the tolerance.
pub const CONFLICTING_SOURCES: &str = "CONFLICTING_SOURCES";
/// A wage that a single contribution register suggests and no payer has declared.
pub const UNCORROBORATED_WAGE: &str = "UNCORROBORATED_WAGE";
/// A job without any wage on record.
pub const WAGE_UNKNOWN: &str = "WAGE_UNKNOWN";
/// Two records that may or may not be the same thing.
pub const DOUBTFUL_MATCH: &str = "DOUBTFUL_MATCH";

/// Types of record that can show a job.
const TYPES: &[RecordType] = &[
    RecordType::Income,
    RecordType::PublicPayroll,
    RecordType::SocialInsurance,
    RecordType::ProvidentFund,
    RecordType::Employment,
];

/// How near a source is to what was paid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    /// The payer's own statement: tax declaration, public payroll.
    Paid,
    /// The wage that a contribution is reckoned from.
    Base,
    /// Only that there is a job.
    Job,
}

/// What one department says of one job, over all its records in the window.
struct Source<'a> {
    nearness: Nearness,
    record_type: RecordType,
    bounds: Bounds,
    founds: Vec<(Found<'a>, i64, String, Treatment)>,
}

/// A job of one member.
struct Job<'a> {
    code: &'a str,
    name: &'a str,
    sources: Vec<Source<'a>>,
}

/// One member's wages in a window.
pub(super) fn wage(facts: &Facts<'_>, ordinal: u32, window: Months) -> Figure {
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for of in TYPES {
        for found in facts.records(*of, Some(ordinal)) {
            note(found, window, &mut jobs);
        }
    }
    let mut figure = figure_of(Bounds::ZERO, facts.unsettled(TYPES, Some(ordinal)), Vec::new());
    let named: Vec<(String, bool)> = jobs
        .iter()
        .map(|j| (hedui_ids::name::normalise(j.name), j.code.is_empty()))
        .collect();
    for (index, job) in jobs.into_iter().enumerate() {
        let twin = named.get(index).is_some_and(|(name, codeless)| {
            *codeless && !name.is_empty() && named.iter().any(|(other, c)| !c && other == name)
        });
        let mut one = settle(facts, job);
        if twin {
            // Perhaps the job of the same name that has a code: then it adds nothing.
            one.bounds.lo = Some(0);
            one.open_by(DOUBTFUL_MATCH);
        }
        figure.add(one);
    }
    figure
}

/// Sorts one record to its job and source.
fn note<'a>(found: Found<'a>, window: Months, jobs: &mut Vec<Job<'a>>) {
    let (code, name, nearness, bounds, amount, label, treatment) = match &found.record.body {
        RecordBody::Income(b) if b.kind == IncomeKind::Wage => {
            let (bounds, treatment) = place(net(b), months_of(b.from, b.until), window);
            let label = format!("wage {} to {}", b.from, b.until);
            (
                &b.payer_credit_code,
                &b.payer_name,
                Nearness::Paid,
                bounds,
                net(b).0,
                label,
                treatment,
            )
        }
        RecordBody::PublicPayroll(b) => {
            let amount = by_month(b.monthly_amount.0, b.from, b.until, window);
            let label = "public salary".to_owned();
            (
                &b.unit_credit_code,
                &b.unit_name,
                Nearness::Paid,
                Bounds::exactly(amount),
                amount,
                label,
                Treatment::Counted,
            )
        }
        RecordBody::SocialInsurance(b) if !(b.employer_credit_code.is_empty() && b.employer_name.is_empty()) => {
            let amount = by_month(b.monthly_base.map_or(0, |m| m.0), b.paid_from, b.paid_until, window);
            let label = "social insurance base".to_owned();
            (
                &b.employer_credit_code,
                &b.employer_name,
                Nearness::Base,
                Bounds::exactly(amount),
                amount,
                label,
                Treatment::Counted,
            )
        }
        RecordBody::ProvidentFund(b) if b.paid_until.is_some() || b.monthly_base.is_some() => {
            let amount = by_month(b.monthly_base.map_or(0, |m| m.0), b.paid_from, b.paid_until, window);
            let label = "provident fund base".to_owned();
            (
                &b.employer_credit_code,
                &b.employer_name,
                Nearness::Base,
                Bounds::exactly(amount),
                amount,
                label,
                Treatment::Counted,
            )
        }
        RecordBody::Employment(b) if b.status == EmploymentStatus::Employed => {
            let months = i64::from(months_in(b.from, b.until, window));
            let label = "employment, months".to_owned();
            (
                &b.employer_credit_code,
                &b.employer_name,
                Nearness::Job,
                Bounds::ZERO,
                months,
                label,
                Treatment::Counted,
            )
        }
        _ => return,
    };
    // A record that says nothing of the window starts no job, but stays visible where the job exists.
    if amount == 0 && nearness != Nearness::Paid {
        return;
    }
    let same = |job: &Job<'_>| {
        if code.is_empty() {
            job.code.is_empty() && job.name == name.as_str()
        } else {
            job.code == code.as_str()
        }
    };
    let unnamed = code.is_empty() && name.is_empty();
    let position = jobs.iter().position(|job| !unnamed && same(job));
    let job = match position.and_then(|p| jobs.get_mut(p)) {
        Some(job) => job,
        None => {
            jobs.push(Job {
                code,
                name,
                sources: Vec::new(),
            });
            match jobs.last_mut() {
                Some(job) => job,
                None => return,
            }
        }
    };
    let record_type = found.record.body.record_type();
    let from_here = |s: &&mut Source<'_>| {
        s.record_type == record_type && s.founds.first().is_some_and(|(f, ..)| f.department == found.department)
    };
    match job.sources.iter_mut().find(from_here) {
        Some(source) => {
            source.bounds = source.bounds.plus(bounds);
            source.founds.push((found, amount, label, treatment));
        }
        None => job.sources.push(Source {
            nearness,
            record_type,
            bounds,
            founds: vec![(found, amount, label, treatment)],
        }),
    }
}

/// Reckons one job from its sources.
fn settle(facts: &Facts<'_>, job: Job<'_>) -> Figure {
    let mut figure = Figure::known(0);
    let mut sources = job.sources;
    // Stable: the order of departments decides among equally near sources.
    sources.sort_by_key(|s| s.nearness);
    let bases = sources.iter().filter(|s| s.nearness == Nearness::Base).count();
    let Some(first) = sources.first() else { return figure };
    let (nearness, primary) = (first.nearness, first.bounds);
    let anchor = first.founds.first().map(|(found, ..)| *found);
    match nearness {
        Nearness::Paid => figure.bounds = primary,
        Nearness::Base if bases >= 2 => figure.bounds = primary,
        Nearness::Base => {
            figure.bounds = primary.hull(Bounds::ZERO);
            figure.open_by(UNCORROBORATED_WAGE);
        }
        Nearness::Job => {
            figure.bounds = Bounds::NON_NEGATIVE;
            figure.open_by(WAGE_UNKNOWN);
        }
    }
    for (index, source) in sources.into_iter().enumerate() {
        let agrees = source.nearness == Nearness::Job || within(primary, source.bounds, facts.wage_tolerance_percent);
        if !agrees {
            figure.bounds = figure.bounds.hull(source.bounds);
            figure.open_by(CONFLICTING_SOURCES);
        }
        for (found, amount, label, treatment) in source.founds {
            let treatment = match (index, &anchor, agrees) {
                (0, _, _) => treatment,
                (_, Some(anchor), true) => duplicate(anchor, "employer"),
                _ => Treatment::Uncertain {
                    why: "differs from another register of the same job".into(),
                },
            };
            figure.parts.push(found.part(label, amount, treatment));
        }
    }
    figure
}

/// Whether two exact amounts differ by no more than the tolerance of the greater.
fn within(a: Bounds, b: Bounds, percent: u8) -> bool {
    let (Some(a), Some(b)) = (a.lo.filter(|_| a.is_exact()), b.lo.filter(|_| b.is_exact())) else {
        return a.contains(b) || b.contains(a);
    };
    let (difference, greater) = ((i128::from(a) - i128::from(b)).abs(), i128::from(a.max(b)));
    difference * 100 <= greater * i128::from(percent)
}
