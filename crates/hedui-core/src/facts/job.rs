//! One job as several registers see it: the same months are the same wage, other months are other wages.
//! Leaves which records are of one job to `wage`.

use smol_str::SmolStr;

use super::matching::{Placed, by_month, duplicate, together};
use super::{CONFLICTING_SOURCES, Facts, Found, PERIOD_UNCERTAIN, UNCORROBORATED_WAGE, WAGE_UNKNOWN};
use crate::bounds::{Bounds, Figure};
use crate::dates::{Month, Months, PartialDate};
use crate::part::{Aspect, Because, Part, Treatment};
use crate::record::{EmploymentStatus, RecordBody, RecordType};

/// How near a source is to what was paid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    /// The payer's own statement: tax declaration, public payroll.
    Paid,
    /// What a contribution is reckoned from: last year's average, and not less than 60 % nor more than three times the region's average wage,
    /// whatever is paid (State Council General Office, 国办发〔2019〕13号).
    Base,
    /// Only that there is a job.
    Job,
}

/// Months of a window, one bit each, the first the lowest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Covered(u128);

impl Covered {
    const NONE: Covered = Covered(0);

    /// The months from one to another. In a window of more months than there are bits none are told apart.
    fn between(from: Month, until: Month, window: Months) -> Covered {
        let Some(both) = (Months { from, until }).intersect(window) else {
            return Covered::NONE;
        };
        if window.len() > u128::BITS {
            return Covered(1);
        }
        let before = window.from.count_through(both.from).saturating_sub(1);
        let ones = u128::MAX.checked_shr(u128::BITS - both.len()).unwrap_or(0);
        Covered(ones.checked_shl(before).unwrap_or(0))
    }

    /// Those of the window that a record may be about; one that does not tell may be about any. Which register leaves out when a job began knows
    /// of the last month only.
    pub fn of(body: &RecordBody, nearness: Nearness, window: Months) -> Covered {
        let (from, until) = match body {
            RecordBody::Income(b) => (Some(b.from), Some(b.until)),
            RecordBody::PublicPayroll(b) => (b.from, b.until),
            RecordBody::SocialInsurance(b) => (b.paid_from, b.paid_until),
            RecordBody::ProvidentFund(b) => (b.paid_from, b.paid_until),
            // Of a job left at an unknown time no more than its first month is sure.
            RecordBody::Employment(b) if b.status == EmploymentStatus::Left => {
                (b.from, b.until.filter(|until| !until.ends_nothing()).or(b.from))
            }
            RecordBody::Employment(b) => (b.from, b.until),
            _ => (None, None),
        };
        let makes_sense = |until: PartialDate| !until.ends_nothing() && !from.is_some_and(|from| from.is_after(until));
        let begun = if nearness == Nearness::Job {
            window.until
        } else {
            window.from
        };
        if until.is_none_or(makes_sense) {
            let until = until.map_or(window.until, PartialDate::last_month);
            Covered::between(from.map_or(begun, PartialDate::first_month), until, window)
        } else {
            Covered::between(window.from, window.until, window)
        }
    }

    fn and(self, other: Covered) -> Covered {
        Covered(self.0 & other.0)
    }

    fn or(self, other: Covered) -> Covered {
        Covered(self.0 | other.0)
    }

    fn without(self, other: Covered) -> Covered {
        Covered(self.0 & !other.0)
    }

    /// With the months next to them: wages are paid, and registered, up to a month before or after the month they are for.
    fn with_neighbours(self) -> Covered {
        Covered(self.0 | self.0 << 1 | self.0 >> 1)
    }

    fn is_none(self) -> bool {
        self.0 == 0
    }

    fn months(self, window: Months) -> impl Iterator<Item = Month> {
        (0..window.len().min(u128::BITS))
            .filter(move |at| self.0 >> at & 1 == 1)
            .filter_map(move |at| Some(window.from.plus(i32::try_from(at).ok()?)))
    }
}

/// What one department says of one job in one type of record, over all of them in the window.
pub(super) struct Source<'a> {
    pub nearness: Nearness,
    pub record_type: RecordType,
    pub notes: Vec<Note<'a>>,
}

impl Source<'_> {
    /// What it says in all, and whether it says it for the same months more than once: a correction, a yearly row beside monthly ones, or a bonus.
    fn told(&self) -> (Bounds, bool) {
        if let [alone] = self.notes.as_slice() {
            return (alone.placed.bounds, false);
        }
        if self.is_one_base() {
            let bounds = self.notes.first().map_or(Bounds::ZERO, |note| note.placed.bounds);
            return (bounds, false);
        }
        let periods = self
            .notes
            .iter()
            .map(|note| (note.period.0, note.period.1, note.placed.bounds));
        together(periods.collect())
    }

    /// One base for every kind of insurance.
    fn is_one_base(&self) -> bool {
        let one = self.notes.first().map(|note| (note.amount, note.period));
        self.nearness == Nearness::Base && self.notes.iter().all(|note| Some((note.amount, note.period)) == one)
    }

    /// What it says of some months only; `None` where an amount is for these and others.
    fn told_of(&self, months: Covered, window: Months) -> Option<Bounds> {
        let notes = if self.is_one_base() {
            self.notes.get(..1).unwrap_or_default()
        } else {
            &self.notes
        };
        let mut periods = Vec::with_capacity(notes.len());
        for note in notes.iter().filter(|note| !note.months.and(months).is_none()) {
            let bounds = if note.months.without(months).is_none() {
                note.placed.bounds
            } else {
                note.monthly(note.months.and(months), window)?
            };
            periods.push((note.period.0, note.period.1, bounds));
        }
        Some(together(periods).0)
    }

    fn months(&self) -> Covered {
        self.notes.iter().fold(Covered::NONE, |all, note| all.or(note.months))
    }

    fn is_negative(&self) -> bool {
        self.notes.iter().any(|note| note.placed.is_negative())
    }
}

/// A job of one member.
pub(super) struct Job<'a> {
    pub code: &'a SmolStr,
    pub name: &'a SmolStr,
    pub sources: Vec<Source<'a>>,
}

/// One record that shows a job.
pub(super) struct Note<'a> {
    pub found: &'a Found<'a>,
    pub code: &'a SmolStr,
    pub name: &'a SmolStr,
    pub nearness: Nearness,
    pub aspect: Aspect,
    pub amount: i64,
    pub period: (Month, Month),
    pub months: Covered,
    pub placed: Placed,
}

impl Note<'_> {
    /// A monthly amount in some months; `None` for one that is not monthly.
    fn monthly(&self, months: Covered, window: Months) -> Option<Bounds> {
        if self.nearness == Nearness::Job {
            return Some(Bounds::ZERO);
        }
        let (from, until) = match &self.found.record.body {
            RecordBody::PublicPayroll(b) => (b.from, b.until),
            RecordBody::SocialInsurance(b) => (b.paid_from, b.paid_until),
            RecordBody::ProvidentFund(b) => (b.paid_from, b.paid_until),
            _ => return None,
        };
        let each = |month: Month| {
            by_month(
                self.amount,
                from,
                until,
                Months {
                    from: month,
                    until: month,
                },
            )
            .bounds
        };
        Some(months.months(window).map(each).fold(Bounds::ZERO, Bounds::plus))
    }

    pub(super) fn part(&self, treatment: Treatment) -> Part {
        self.found.part(self.aspect, self.amount, treatment)
    }
}

/// Two sources of a job side by side.
struct Compared {
    /// What the first says of the months of both, and what the other does.
    first: Bounds,
    other: Bounds,
    /// What the other says of months that no source before it has; none where it says nothing of such months.
    beyond: Option<Bounds>,
}

impl Compared {
    /// `covered` are the months that the sources before have.
    fn of((first, primary): (&Source<'_>, Bounds), other: &Source<'_>, covered: Covered, window: Months) -> Compared {
        let told = other.told().0;
        let (months, theirs) = (first.months(), other.months());
        let whole = Compared {
            first: primary,
            other: told,
            beyond: None,
        };
        if months == theirs {
            return whole;
        }
        let seen = match (first.nearness, other.nearness) {
            (Nearness::Job, _) => theirs,
            (_, Nearness::Paid) => covered,
            _ => covered.with_neighbours(),
        };
        let rest = theirs.without(seen);
        let beyond = (!rest.is_none()).then(|| other.told_of(rest, window).unwrap_or(told));
        let both = months.and(theirs);
        match (first.told_of(both, window), other.told_of(both, window)) {
            (Some(first), Some(other)) => Compared { first, other, beyond },
            // One amount for months of both and others cannot be split.
            _ => whole,
        }
    }
}

/// Reckons one job from its sources.
pub(super) fn settle(facts: &Facts<'_>, job: Job<'_>, window: Months) -> Figure {
    let mut figure = Figure::known(0);
    let by = if job.code.is_empty() {
        Because::EmployerName
    } else {
        Because::EmployerCode
    };
    let mut sources = job.sources;
    // Of what was paid, what states months before what goes on until somebody ends it. Then the id of the department decides, so that the order of
    // answers never does.
    sources.sort_by_key(|source| {
        let rank = source.notes.first().map(|note| note.found.rank);
        let goes_on = source.record_type == RecordType::PublicPayroll;
        (source.nearness, goes_on, rank, source.record_type)
    });
    let Some((first, others)) = sources.split_first() else {
        return figure;
    };
    let (nearness, (primary, overlap)) = (first.nearness, first.told());
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
    for note in &first.notes {
        push(note, note.placed.treatment, &mut figure);
    }
    let anchor = first.notes.first().map(|note| duplicate(note.found, by));
    let (mut covered, mut most_alone, mut conflict) = (first.months(), primary.lo, false);
    for source in others {
        let compared = Compared::of((first, primary), source, covered, window);
        let agrees = widen(facts, (first, source), &compared, &mut figure);
        conflict |= !agrees;
        if source.nearness == Nearness::Paid && source.record_type == RecordType::Income {
            most_alone = most_alone.max(source.told().0.lo);
        }
        covered = covered.or(source.months());
        let treatment = anchor
            .filter(|_| agrees && compared.beyond.is_none())
            .unwrap_or(Treatment::Uncertain {
                why: Because::OtherRegisterDiffers,
            });
        for note in &source.notes {
            push(note, treatment, &mut figure);
        }
    }
    // What the payer states month by month is certain by itself, also where another register has other months.
    if !conflict && nearness == Nearness::Paid {
        figure.bounds.lo = figure.bounds.lo.max(most_alone);
    }
    if sources.iter().any(Source::is_negative) {
        // What is taken back nobody knows.
        figure.bounds = Bounds::NON_NEGATIVE;
    }
    figure
}

/// Widens a job's figure by what another source says; whether the two agree on the months of both.
fn widen(
    facts: &Facts<'_>,
    (first, source): (&Source<'_>, &Source<'_>),
    compared: &Compared,
    figure: &mut Figure,
) -> bool {
    let nearness = first.nearness;
    let (a, b) = (compared.first, compared.other);
    let is_job = source.nearness == Nearness::Job;
    let agrees = is_job || within(a, b, facts.wage_tolerance_percent);
    // Of two that are equally near, which is right nobody can say.
    let is_equal =
        source.nearness != nearness || nearness == Nearness::Job || b == a || !(b.is_exact() && a.is_exact());
    if !agrees || !is_equal {
        let less = |all: i64, a: i64, b: i64| all.saturating_sub(a.saturating_sub(b).max(0)).max(0);
        let more = |all: i64, a: i64, b: i64| all.saturating_add(b.saturating_sub(a).max(0));
        figure.bounds = Bounds {
            lo: figure
                .bounds
                .lo
                .zip(a.lo.zip(b.lo))
                .map(|(all, (a, b))| less(all, a, b)),
            hi: figure
                .bounds
                .hi
                .zip(a.hi.zip(b.hi))
                .map(|(all, (a, b))| more(all, a, b)),
        };
        figure.open_by(CONFLICTING_SOURCES);
    } else if !(is_job || a.is_exact() && b.is_exact()) {
        // It may be as much as this source leaves possible: an open amount that fits another does not vanish in it.
        let higher = |hi: i64| {
            b.hi.zip(a.hi)
                .map(|(other, own)| hi.saturating_add(other.saturating_sub(own).max(0)))
        };
        figure.bounds.hi = figure.bounds.hi.and_then(higher);
    }
    if let Some(beyond) = compared.beyond {
        let (hi, code) = match source.nearness {
            Nearness::Paid => (beyond.hi, CONFLICTING_SOURCES),
            Nearness::Base => (beyond.hi, UNCORROBORATED_WAGE),
            Nearness::Job => (None, WAGE_UNKNOWN),
        };
        figure.bounds.hi = figure.bounds.hi.zip(hi).and_then(|(hi, more)| hi.checked_add(more));
        figure.open_by(code);
    }
    agrees && is_equal
}

fn push(note: &Note<'_>, treatment: Treatment, figure: &mut Figure) {
    if let Some(code) = note.placed.code {
        figure.open_by(code);
    }
    figure.parts.push(note.part(treatment));
}

/// Whether two exact amounts differ by no more than the tolerance of the greater.
fn within(a: Bounds, b: Bounds, percent: u8) -> bool {
    let (Some(a), Some(b)) = (a.lo.filter(|_| a.is_exact()), b.lo.filter(|_| b.is_exact())) else {
        return a.contains(b) || b.contains(a);
    };
    let (difference, greater) = ((i128::from(a) - i128::from(b)).abs(), i128::from(a.max(b)));
    difference * 100 <= greater * i128::from(percent)
}
