//! Wages: the same job seen by tax, payroll, social insurance and provident fund is one job.
//! Leaves other incomes to `income`; sources that disagree widen the figure and become a finding, they are never averaged.

use smol_str::SmolStr;

use super::income::{net_placed, span};
use super::job::{Covered, Job, Nearness, Note, Source, settle};
use super::matching::{Placed, by_month, months_in, months_of};
use super::undeclared::is_awaited;
use super::{DOUBTFUL_MATCH, Facts, Found, Keys, WAGE_NOT_DECLARED_YET, figure_of};
use crate::bounds::{Bounds, Figure};
use crate::dates::{Months, PartialDate};
use crate::money::Fen;
use crate::part::{Aspect, Treatment};
use crate::record::{Employment, EmploymentStatus, IncomeKind, RecordBody, RecordType};

/// Types of record that can show a job.
const TYPES: &[RecordType] = &[
    RecordType::Income,
    RecordType::PublicPayroll,
    RecordType::SocialInsurance,
    RecordType::ProvidentFund,
    RecordType::Employment,
];

/// Of these, the types that state amounts.
const AMOUNTS: &[RecordType] = &[
    RecordType::Income,
    RecordType::PublicPayroll,
    RecordType::SocialInsurance,
    RecordType::ProvidentFund,
];

/// One member's wages in a window.
pub(super) fn wage(facts: &Facts<'_>, ordinal: u32, window: Months) -> Figure {
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut outside = Vec::new();
    for of in TYPES {
        for found in facts.records(*of, Some(ordinal)) {
            match read(facts, found, window) {
                // What was paid for other months proves neither a wage nor its absence in these.
                Some(note) if says_nothing(&note) => outside.push(note.part(note.placed.treatment)),
                Some(note) => sort_in(note, &mut jobs),
                None => {}
            }
        }
    }
    let missing = facts.unsettled(TYPES, Some(ordinal));
    // What a silent register of amounts could contradict is not proven; one of jobs only could be the twin of a job without a code.
    let amounts_open = facts.is_unsettled(AMOUNTS, Some(ordinal));
    let mut figure = figure_of(Bounds::ZERO, missing, outside);
    let known: Vec<Known<'_>> = jobs.iter().map(Known::of).collect();
    let settled: Vec<Figure> = jobs.into_iter().map(|job| settle(facts, job, window)).collect();
    let least: Vec<i64> = settled.iter().map(|one| one.bounds.lo.unwrap_or(0)).collect();
    let least = |at: usize| least.get(at).copied().unwrap_or(0);
    for (at, (own, mut one)) in known.iter().zip(settled).enumerate() {
        let is_twin =
            |other: &(usize, &Known<'_>)| other.0 != at && own.is_perhaps(other.1, is_about(least(at), least(other.0)));
        let twins: Vec<(usize, &Known<'_>)> = known.iter().enumerate().filter(is_twin).collect();
        if !twins.is_empty() {
            one.open_by(DOUBTFUL_MATCH);
        }
        // Perhaps another job: then it adds nothing, unless it is the greatest of those that are told apart as well as it.
        let is_codeless = own.code.is_empty();
        let is_lesser = twins
            .iter()
            .any(|(other, twin)| match (is_codeless, twin.code.is_empty()) {
                (true, false) => true,
                (false, true) => false,
                _ => (least(*other), twin.code, twin.name, *other) > (least(at), own.code, own.name, at),
            });
        if is_lesser || amounts_open || (is_codeless && !figure.missing.is_empty()) {
            one.bounds.lo = Some(0);
        }
        figure.add(one);
    }
    if is_awaited(facts, ordinal, window) {
        let mut awaited = figure_of(Bounds::NON_NEGATIVE, Vec::new(), Vec::new());
        awaited.open_by(WAGE_NOT_DECLARED_YET);
        figure.add(awaited);
    }
    figure
}

/// What tells one job from another.
struct Known<'a> {
    code: &'a SmolStr,
    name: &'a SmolStr,
    /// The departments that show it, by rank.
    ranks: Vec<u16>,
    /// Whether a payer states what it paid.
    is_paid: bool,
}

/// Whether two sums are within two per cent of each other.
fn is_about(one: i64, other: i64) -> bool {
    let greater = one.max(other);
    greater > 0 && one.abs_diff(other).saturating_mul(50) <= greater.unsigned_abs()
}

impl<'a> Known<'a> {
    fn of(job: &Job<'a>) -> Known<'a> {
        let sources = job.sources.iter();
        Known {
            code: job.code,
            name: job.name,
            ranks: sources
                .flat_map(|source| &source.notes)
                .map(|note| note.found.rank)
                .collect(),
            is_paid: job.sources.iter().any(|source| source.nearness == Nearness::Paid),
        }
    }

    /// Whether two are perhaps one: one of them without a code and under a name that is the other's, a part of it or none, or under two codes
    /// of one name that no register has both of, or where payers of two registers state about the same (`is_about`). Registers shorten names, and write codes of
    /// several generations, and of the budget.
    fn is_perhaps(&self, other: &Known<'_>, is_about: bool) -> bool {
        let apart = !self.ranks.iter().any(|rank| other.ranks.contains(rank));
        let is_part = |a: &str, b: &str| a.contains(b) || b.contains(a);
        match (self.code.is_empty(), other.code.is_empty()) {
            (true, true) => apart && is_part(self.name, other.name),
            (false, false) => {
                let is_named = !self.name.is_empty() && !other.name.is_empty() && is_part(self.name, other.name);
                apart && (is_named || self.is_paid && other.is_paid && is_about)
            }
            _ if self.name.is_empty() || other.name.is_empty() => apart,
            _ => self.name == other.name || apart && is_part(self.name, other.name),
        }
    }
}

fn says_nothing(note: &Note<'_>) -> bool {
    matches!(note.placed.treatment, Treatment::Disregarded { .. })
}

/// What a record says of a job; `None` where it shows none in the window.
fn read<'a>(facts: &'a Facts<'_>, found: &'a Found<'a>, window: Months) -> Option<Note<'a>> {
    let (aspect, (nearness, amount, placed)) = match &found.record.body {
        RecordBody::Income(b) if b.kind == IncomeKind::Wage => {
            let said = (nearness(b.gross), super::income::net(b).0, net_placed(b, window));
            (Aspect::Whole, said)
        }
        // A salary of other months says nothing of these.
        RecordBody::PublicPayroll(b) if is_within(b.from, b.until, window) => {
            let placed = by_month(b.monthly_amount.0, b.from, b.until, window);
            (Aspect::Whole, (nearness(b.monthly_amount), b.monthly_amount.0, placed))
        }
        RecordBody::SocialInsurance(b) if !is_self_insured(facts.keys(found)) => (
            Aspect::MonthlyBase,
            base(b.monthly_base, b.paid_from, b.paid_until, window)?,
        ),
        RecordBody::ProvidentFund(b)
            if b.paid_until.is_some() || b.monthly_base.is_some() || b.monthly_contribution > Some(Fen::ZERO) =>
        {
            (
                Aspect::MonthlyBase,
                base(b.monthly_base, b.paid_from, b.paid_until, window)?,
            )
        }
        RecordBody::Employment(b) if shows_job(b, window) => {
            let placed = Placed {
                bounds: Bounds::ZERO,
                treatment: Treatment::Counted,
                code: None,
            };
            (Aspect::Whole, (Nearness::Job, 0, placed))
        }
        _ => return None,
    };
    let keys = facts.keys(found);
    let period = match &found.record.body {
        RecordBody::Income(b) => {
            let months = months_of(b.from, b.until);
            (months.from, months.until)
        }
        RecordBody::PublicPayroll(b) => span(b.from, b.until, window),
        RecordBody::SocialInsurance(b) => span(b.paid_from, b.paid_until, window),
        RecordBody::ProvidentFund(b) => span(b.paid_from, b.paid_until, window),
        _ => (window.from, window.until),
    };
    Some(Note {
        period,
        found,
        code: &keys.number,
        name: &keys.alias,
        months: Covered::of(&found.record.body, nearness, window),
        nearness,
        aspect,
        amount,
        placed,
    })
}

/// Whether a contribution is paid by the insured themselves: no employer, or just a word for none. An office of that name is an employer.
fn is_self_insured(keys: &Keys) -> bool {
    const WORDS: &[&str] = &["灵活就业", "个体参保", "个人缴费", "个人参保", "自由职业"];
    let name = keys.alias.trim_end_matches("人员").trim_end_matches('者');
    keys.number.is_empty() && (name.is_empty() || WORDS.contains(&name))
}

/// A payer's statement below zero is no statement of what was paid: there is a job, its wage is not known.
fn nearness(stated: Fen) -> Nearness {
    if stated < Fen::ZERO {
        Nearness::Job
    } else {
        Nearness::Paid
    }
}

/// A contribution: its base for the months paid, or, where the base is not on record, that there is a job.
fn base(
    monthly: Option<Fen>,
    from: Option<PartialDate>,
    until: Option<PartialDate>,
    window: Months,
) -> Option<(Nearness, i64, Placed)> {
    if !is_within(from, until, window) {
        return None;
    }
    let known = monthly.filter(|m| *m > Fen::ZERO);
    let nearness = if known.is_some() { Nearness::Base } else { Nearness::Job };
    let amount = known.map_or(0, |m| m.0);
    Some((nearness, amount, by_month(amount, from, until, window)))
}

/// Whether a period may cover a month of the window; one that makes no sense may.
fn is_within(from: Option<PartialDate>, until: Option<PartialDate>, window: Months) -> bool {
    months_in(from, until, window).is_none_or(|(_, most)| most > 0)
}

/// Whether an employment record shows a job in the window. Of a job left at an unknown time only one begun in the window surely did.
fn shows_job(body: &Employment, window: Months) -> bool {
    let within = is_within(body.from, body.until, window);
    match body.status {
        EmploymentStatus::Employed => within,
        EmploymentStatus::Left if body.until.is_some() => within,
        EmploymentStatus::Left => within && body.from.is_some_and(|d| d.last_month() >= window.from),
        EmploymentStatus::Unemployed => false,
    }
}

/// Sorts a record to its job and source. What one department has without an employer is one job.
fn sort_in<'a>(note: Note<'a>, jobs: &mut Vec<Job<'a>>) {
    let unnamed = note.code.is_empty() && note.name.is_empty();
    let is_from_here = |job: &Job<'_>| {
        let mut notes = job.sources.iter().flat_map(|source| &source.notes);
        notes.all(|other| other.found.rank == note.found.rank)
    };
    let same = |job: &Job<'_>| {
        if unnamed {
            job.code.is_empty() && job.name.is_empty() && is_from_here(job)
        } else if note.code.is_empty() {
            job.code.is_empty() && job.name == note.name
        } else {
            job.code == note.code
        }
    };
    let position = jobs.iter().position(same);
    if position.is_none() {
        jobs.push(Job {
            code: note.code,
            name: note.name,
            sources: Vec::new(),
        });
    }
    let Some(job) = position
        .map_or(jobs.len().checked_sub(1), Some)
        .and_then(|at| jobs.get_mut(at))
    else {
        return;
    };
    // One code under several names: the least name, whatever the order.
    if job.name.is_empty() || (!note.name.is_empty() && note.name < job.name) {
        job.name = note.name;
    }
    let record_type = note.found.record.body.record_type();
    let from_here = |s: &&mut Source<'_>| {
        s.record_type == record_type
            && s.nearness == note.nearness
            && s.notes.first().is_some_and(|n| n.found.rank == note.found.rank)
    };
    match job.sources.iter_mut().find(from_here) {
        Some(source) => source.notes.push(note),
        None => job.sources.push(Source {
            nearness: note.nearness,
            record_type,
            notes: vec![note],
        }),
    }
}
