//! Wages: the same job seen by tax, payroll, social insurance and provident fund is one job.
//! Leaves other incomes to `income`; sources that disagree widen the figure and become a finding, they are never averaged.

use smol_str::SmolStr;

use super::income::{net_placed, span};
use super::matching::{Placed, by_month, duplicate, months_in, months_of, together};
use super::undeclared::is_awaited;
use super::{
    CONFLICTING_SOURCES, DOUBTFUL_MATCH, Facts, Found, Keys, PERIOD_UNCERTAIN, UNCORROBORATED_WAGE,
    WAGE_NOT_DECLARED_YET, WAGE_UNKNOWN, figure_of,
};
use crate::bounds::{Bounds, Figure};
use crate::dates::{Month, Months, PartialDate};
use crate::money::Fen;
use crate::part::{Aspect, Because, Part, Treatment};
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

/// How near a source is to what was paid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    /// The payer's own statement: tax declaration, public payroll.
    Paid,
    /// What a contribution is reckoned from: last year's average, and not less than 60 % nor more than three times the region's average wage,
    /// whatever is paid (State Council General Office, 国办发〔2019〕13号).
    Base,
    /// Only that there is a job.
    Job,
}

/// What one department says of one job in one type of record, over all of them in the window.
struct Source<'a> {
    nearness: Nearness,
    record_type: RecordType,
    notes: Vec<Note<'a>>,
}

impl Source<'_> {
    /// What it says in all, and whether it says it for the same months more than once: a correction, a yearly row beside monthly ones, or a bonus.
    fn told(&self) -> (Bounds, bool) {
        if let [alone] = self.notes.as_slice() {
            return (alone.placed.bounds, false);
        }
        let periods = || {
            self.notes
                .iter()
                .map(|note| (note.period.0, note.period.1, note.placed.bounds))
        };
        // One base for every kind of insurance.
        let one = self.notes.first().map(|note| (note.amount, note.period));
        if self.nearness == Nearness::Base && self.notes.iter().all(|note| Some((note.amount, note.period)) == one) {
            return (
                self.notes.first().map_or(Bounds::ZERO, |note| note.placed.bounds),
                false,
            );
        }
        together(periods().collect())
    }

    fn is_negative(&self) -> bool {
        self.notes.iter().any(|note| note.placed.is_negative())
    }
}

/// A job of one member.
struct Job<'a> {
    code: &'a SmolStr,
    name: &'a SmolStr,
    sources: Vec<Source<'a>>,
}

/// One record that shows a job.
struct Note<'a> {
    found: &'a Found<'a>,
    code: &'a SmolStr,
    name: &'a SmolStr,
    nearness: Nearness,
    aspect: Aspect,
    amount: i64,
    period: (Month, Month),
    placed: Placed,
}

/// One member's wages in a window.
pub(super) fn wage(facts: &Facts<'_>, ordinal: u32, window: Months) -> Figure {
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut outside = Vec::new();
    for of in TYPES {
        for found in facts.records(*of, Some(ordinal)) {
            match read(facts, found, window) {
                // What was paid for other months proves neither a wage nor its absence in these.
                Some(note) if says_nothing(&note) => outside.push(part_of(&note, note.placed.treatment)),
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
    let settled: Vec<Figure> = jobs.into_iter().map(|job| settle(facts, job)).collect();
    let least: Vec<i64> = settled.iter().map(|one| one.bounds.lo.unwrap_or(0)).collect();
    let least = |at: usize| least.get(at).copied().unwrap_or(0);
    for (at, (own, mut one)) in known.iter().zip(settled).enumerate() {
        let is_twin = |other: &(usize, &Known<'_>)| other.0 != at && own.is_perhaps(other.1);
        let twins: Vec<(usize, &Known<'_>)> = known.iter().enumerate().filter(is_twin).collect();
        if !twins.is_empty() {
            one.open_by(DOUBTFUL_MATCH);
        }
        // Perhaps another job: then it adds nothing, unless it is the greatest of those with a code.
        let is_codeless = own.code.is_empty();
        let is_lesser = twins
            .iter()
            .any(|(other, twin)| match (is_codeless, twin.code.is_empty()) {
                (true, false) => true,
                (false, false) => (least(*other), twin.code) > (least(at), own.code),
                _ => false,
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
        }
    }

    /// Whether two are perhaps one: one of them without a code and under a name that is the other's, a part of it or none, or under two codes
    /// of one name that no register has both of. Registers shorten names, and write codes of several generations.
    fn is_perhaps(&self, other: &Known<'_>) -> bool {
        let apart = !self.ranks.iter().any(|rank| other.ranks.contains(rank));
        let is_part = |a: &str, b: &str| a.contains(b) || b.contains(a);
        match (self.code.is_empty(), other.code.is_empty()) {
            (true, true) => false,
            (false, false) => {
                apart && !self.name.is_empty() && !other.name.is_empty() && is_part(self.name, other.name)
            }
            _ if self.name.is_empty() || other.name.is_empty() => apart,
            _ => self.name == other.name || apart && is_part(self.name, other.name),
        }
    }
}

fn says_nothing(note: &Note<'_>) -> bool {
    matches!(note.placed.treatment, Treatment::Disregarded { .. })
}

fn part_of(note: &Note<'_>, treatment: Treatment) -> Part {
    note.found.part(note.aspect, note.amount, treatment)
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

/// Sorts a record to its job and source. A record that names no employer is a job of its own.
fn sort_in<'a>(note: Note<'a>, jobs: &mut Vec<Job<'a>>) {
    let unnamed = note.code.is_empty() && note.name.is_empty();
    let same = |job: &Job<'_>| {
        if note.code.is_empty() {
            job.code.is_empty() && job.name == note.name
        } else {
            job.code == note.code
        }
    };
    let position = jobs.iter().position(|job| !unnamed && same(job));
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

/// Reckons one job from its sources.
fn settle(facts: &Facts<'_>, job: Job<'_>) -> Figure {
    let mut figure = Figure::known(0);
    let by = if job.code.is_empty() {
        Because::EmployerName
    } else {
        Because::EmployerCode
    };
    let mut sources = job.sources;
    // Among equally near sources the id of the department decides, so that the order of answers never does.
    sources.sort_by(|a, b| {
        let at = |s: &Source<'_>| s.notes.first().map(|n| n.found.rank);
        (a.nearness, at(a), a.record_type).cmp(&(b.nearness, at(b), b.record_type))
    });
    let Some(first) = sources.first() else { return figure };
    let (nearness, (primary, overlap)) = (first.nearness, first.told());
    let is_negative = sources.iter().any(Source::is_negative);
    let anchor = first.notes.first().map(|n| *n.found);
    match nearness {
        Nearness::Paid => figure.bounds = primary,
        // However many registers have it: all were told by one employer, and who earns less than the floor is insured on the floor.
        Nearness::Base => {
            figure.bounds = primary.hull(Bounds::ZERO);
            figure.open_by(UNCORROBORATED_WAGE);
        }
        Nearness::Job => {
            figure.bounds = Bounds::NON_NEGATIVE;
            figure.open_by(WAGE_UNKNOWN);
        }
    }
    if overlap && nearness != Nearness::Job {
        figure.open_by(PERIOD_UNCERTAIN);
    }
    for (index, source) in sources.into_iter().enumerate() {
        let (told, _) = source.told();
        let agrees = source.nearness == Nearness::Job || within(primary, told, facts.wage_tolerance_percent);
        // Of two that are equally near, which is right nobody can say.
        let is_equal = source.nearness != nearness
            || nearness == Nearness::Job
            || told == primary
            || !(told.is_exact() && primary.is_exact());
        if !agrees || !is_equal {
            figure.bounds = figure.bounds.hull(told);
            figure.open_by(CONFLICTING_SOURCES);
        } else if source.nearness != Nearness::Job && !(primary.is_exact() && told.is_exact()) {
            // It may be as much as this source leaves possible: an open amount that fits another does not vanish in it.
            let higher = |hi: i64| told.hi.map(|other| hi.max(other));
            figure.bounds.hi = figure.bounds.hi.and_then(higher);
        }
        for note in source.notes {
            let treatment = match (index, &anchor, agrees) {
                (0, _, _) => note.placed.treatment,
                (_, Some(anchor), true) => duplicate(anchor, by),
                _ => Treatment::Uncertain {
                    why: Because::OtherRegisterDiffers,
                },
            };
            if let Some(code) = note.placed.code {
                figure.open_by(code);
            }
            figure.parts.push(part_of(&note, treatment));
        }
    }
    if is_negative {
        // What is taken back nobody knows.
        figure.bounds = Bounds::NON_NEGATIVE;
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
