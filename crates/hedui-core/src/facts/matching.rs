//! Matching: amounts of one matter that several departments report are counted once; a doubtful match widens, it never merges.
//! Leaves things counted in pieces, accounts and jobs, which have rules of their own, to `property` and `wage`.

use std::collections::BTreeMap;

use super::{CONFLICTING_SOURCES, DOUBTFUL_MATCH, Found, IMPLAUSIBLE_RECORD, PERIOD_UNCERTAIN};
use crate::bounds::{Bounds, Figure};
use crate::dates::{Date, Month, Months, PartialDate};
use crate::money::Fen;
use crate::part::{Aspect, Because, Treatment};

/// Where one amount falls with respect to a window.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub bounds: Bounds,
    pub treatment: Treatment,
    /// Why it is not exact, or not to be trusted.
    pub code: Option<&'static str>,
}

impl Placed {
    pub(super) fn uncertain(bounds: Bounds, code: &'static str, why: Because) -> Placed {
        Placed {
            bounds,
            treatment: Treatment::Uncertain { why },
            code: Some(code),
        }
    }

    /// The same amount, if it is not another member's: all of it or nothing.
    pub(super) fn perhaps_anothers(self) -> Placed {
        match self.bounds.lo {
            Some(lo) if lo > 0 => {
                let bounds = Bounds {
                    lo: Some(0),
                    ..self.bounds
                };
                Placed::uncertain(bounds, DOUBTFUL_MATCH, Because::PerhapsSameThing)
            }
            _ => self,
        }
    }

    fn nothing(rule: Because) -> Placed {
        Placed {
            bounds: Bounds::ZERO,
            treatment: Treatment::Disregarded { rule },
            code: None,
        }
    }

    /// A negative amount proves nothing, and must not take away what other records prove: how much there is instead nobody knows.
    pub(super) fn negative() -> Placed {
        Placed::uncertain(Bounds::NON_NEGATIVE, IMPLAUSIBLE_RECORD, Because::NegativeAmount)
    }

    pub(super) fn is_negative(&self) -> bool {
        let why = Because::NegativeAmount;
        self.treatment == Treatment::Uncertain { why } && self.bounds == Bounds::NON_NEGATIVE
    }
}

/// An amount earned over a stated period: in the window, out of it, or, where the period reaches beyond the window, anywhere between
/// nothing and all of it. It is never spread. A period that ends before it begins says nothing about when.
pub(super) fn place(amount: Fen, from: PartialDate, until: PartialDate, window: Months) -> Placed {
    if from.is_after(until) || until.ends_nothing() {
        if amount < Fen::ZERO {
            return Placed::negative();
        }
        let all = Bounds::between(0, amount.0);
        return Placed::uncertain(all, IMPLAUSIBLE_RECORD, Because::PeriodReversed);
    }
    place_months(amount, months_of(from, until), window)
}

/// As `place`, for whole months.
pub(super) fn place_months(amount: Fen, period: Months, window: Months) -> Placed {
    match period.intersect(window) {
        None => Placed::nothing(Because::OutsideMonths),
        Some(_) if amount < Fen::ZERO => Placed::negative(),
        Some(both) if both == period => Placed {
            bounds: Bounds::exactly(amount.0),
            treatment: Treatment::Counted,
            code: None,
        },
        Some(_) => Placed::uncertain(Bounds::between(0, amount.0), PERIOD_UNCERTAIN, Because::PartlyOutside),
    }
}

/// A stated monthly amount times the months of the window for which it is stated. Where an end is known by its year only, the months
/// that it may or may not cover are left open.
pub(super) fn by_month(monthly: i64, from: Option<PartialDate>, until: Option<PartialDate>, window: Months) -> Placed {
    let (least, most) = match months_in(from, until, window) {
        Some((_, most)) if monthly < 0 && most > 0 => return Placed::negative(),
        None if monthly < 0 => return Placed::negative(),
        Some(months) => months,
        None => {
            let all = Bounds::between(0, monthly.saturating_mul(i64::from(window.len())));
            return Placed::uncertain(all, IMPLAUSIBLE_RECORD, Because::PeriodReversed);
        }
    };
    let times = |months: u32| monthly.saturating_mul(i64::from(months));
    if most == 0 {
        Placed::nothing(Because::OutsideMonths)
    } else if least == most {
        Placed {
            bounds: Bounds::exactly(times(most)),
            treatment: Treatment::Counted,
            code: None,
        }
    } else {
        let bounds = Bounds::between(times(least), times(most));
        Placed::uncertain(bounds, PERIOD_UNCERTAIN, Because::MonthUnknown)
    }
}

/// Whether a period ends before it begins, or on a day that stands for none.
fn makes_no_sense(from: Option<PartialDate>, until: Option<PartialDate>) -> bool {
    until.is_some_and(|until| until.ends_nothing() || from.is_some_and(|from| from.is_after(until)))
}

/// How many months of the window an open or closed period covers, at least and at most; `None` when it ends before it begins.
pub(super) fn months_in(from: Option<PartialDate>, until: Option<PartialDate>, window: Months) -> Option<(u32, u32)> {
    if makes_no_sense(from, until) {
        return None;
    }
    let count = |from: Month, until: Month| Months { from, until }.intersect(window).map_or(0, Months::len);
    let most = count(
        from.map_or(window.from, PartialDate::first_month),
        until.map_or(window.until, PartialDate::last_month),
    );
    let least = count(
        from.map_or(window.from, PartialDate::last_month),
        until.map_or(window.until, PartialDate::first_month),
    );
    Some((least, most))
}

/// The months from the first that `from` can mean to the last that `until` can mean.
pub(super) fn months_of(from: PartialDate, until: PartialDate) -> Months {
    Months {
        from: from.first_month(),
        until: until.last_month(),
    }
}

/// Whether something from `from` until `until` stands on a day: `None` where year-only dates cannot tell, or make no sense.
pub(super) fn stands_on(from: Option<PartialDate>, until: Option<PartialDate>, day: Date) -> Option<bool> {
    if makes_no_sense(from, until) {
        return None;
    }
    let is_vague = |d: PartialDate| d.month() == 0 && d.first_day() <= day && day < d.last_day();
    if from.is_some_and(|d| d.first_day() > day) || until.is_some_and(|d| d.last_day() < day) {
        return Some(false);
    }
    (!from.is_some_and(is_vague) && !until.is_some_and(is_vague)).then_some(true)
}

/// The same thing as another record.
pub(super) fn duplicate(of: &Found<'_>, by: Because) -> Treatment {
    Treatment::Duplicate { of: of.id, by }
}

/// What a record is about, as far as it tells: a text and numbers that together identify a matter.
pub(super) type Matter<'a> = (&'a str, [i64; 3]);

/// One record of an amount.
pub(super) struct Row<'a> {
    pub found: &'a Found<'a>,
    /// The matter that it is about; none where the record does not tell, then it is matched with nothing.
    pub key: Option<Matter<'a>>,
    /// Whether the key identifies the matter. If not, equal amounts are perhaps the same and perhaps not.
    pub certain: bool,
    /// What is stated: period and amount. Equal stamps under one key are copies.
    pub stamp: (Month, Month, i64),
    pub aspect: Aspect,
    pub placed: Placed,
}

impl Row<'_> {
    fn period(&self) -> Period {
        (self.stamp.0, self.stamp.1, self.placed.bounds)
    }
}

/// A matter that a text alone identifies; none for an empty one.
pub(super) fn named(text: &str) -> Option<Matter<'_>> {
    (!text.is_empty()).then_some((text, [0; 3]))
}

/// What departments that differ about one matter mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Differing {
    /// There is one matter, one of them is wrong.
    Conflict,
    /// There may be several matters: amounts for other months add up, amounts for the same months perhaps, also those of one department: a
    /// correction, or a yearly row beside monthly ones, looks like a second amount.
    PerhapsSeveral,
    /// The same of things that happen: what one department lists happened each.
    Events,
}

/// Counts each matter once. `contradictable`: a department that could report the same matters otherwise is silent, so that nothing here is
/// a lower bound.
pub(super) fn once(rows: Vec<Row<'_>>, differing: Differing, by: Because, contradictable: bool) -> Figure {
    once_and_greatest(rows, differing, by, contradictable).0
}

/// The same, and the most that is certain of a single matter, whatever the others are.
pub(super) fn once_and_greatest(
    mut rows: Vec<Row<'_>>,
    differing: Differing,
    by: Because,
    contradictable: bool,
) -> (Figure, i64) {
    // Stable: what has no key keeps its order and stands alone.
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    let is_negative = rows.iter().any(|row| row.placed.is_negative());
    let mut figure = Figure::known(0);
    figure.parts.reserve_exact(rows.len());
    let mut greatest = 0;
    for group in rows.chunk_by_mut(|a, b| a.key.is_some() && a.key == b.key) {
        let before = figure.bounds.lo.unwrap_or(0);
        match group {
            [alone] => single(alone, &mut figure),
            several => matter(several, differing, by, &mut figure),
        }
        greatest = figure.bounds.lo.map_or(0, |lo| lo.saturating_sub(before)).max(greatest);
    }
    if contradictable || is_negative {
        // What a negative amount takes back is not known either.
        figure.bounds.lo = Some(0);
        greatest = 0;
    }
    (figure, greatest)
}

/// A matter that one record is about.
fn single(row: &Row<'_>, figure: &mut Figure) {
    figure.bounds = figure.bounds.plus(row.placed.bounds);
    if let Some(code) = row.placed.code {
        figure.open_by(code);
    }
    figure
        .parts
        .push(row.found.part(row.aspect, row.stamp.2, row.placed.treatment));
}

/// One matter, added to the figure.
fn matter(rows: &mut [Row<'_>], differing: Differing, by: Because, figure: &mut Figure) {
    rows.sort_by_key(|row| row.found.rank);
    let copies = copies(rows);
    let novel: Vec<&Row<'_>> = rows
        .iter()
        .zip(&copies)
        .filter(|(_, c)| c.is_none())
        .map(|(r, _)| r)
        .collect();
    let all: Vec<&Row<'_>> = rows.iter().collect();
    let views = views(&all, differing);
    let told = self::views(&novel, differing)
        .into_values()
        .fold(Bounds::ZERO, Bounds::plus);
    let overlaps = rows
        .chunk_by(|a, b| a.found.rank == b.found.rank)
        .any(|own| differing == Differing::PerhapsSeveral && together(own.iter().map(Row::period).collect()).1);
    let differs = match differing {
        Differing::Conflict => views.values().any(|v| views.values().next() != Some(v)),
        Differing::PerhapsSeveral | Differing::Events => collide(&novel),
    };
    let mut bounds = told;
    if differs {
        let least = views.values().filter_map(|v| v.lo).min();
        let most = views
            .values()
            .map(|v| v.hi)
            .max_by_key(|hi| hi.unwrap_or(i64::MAX))
            .flatten();
        let (code, hi) = match differing {
            Differing::Conflict => (CONFLICTING_SOURCES, most),
            Differing::PerhapsSeveral | Differing::Events => (DOUBTFUL_MATCH, told.hi),
        };
        bounds = Bounds { lo: least, hi };
        figure.open_by(code);
    }
    if overlaps {
        figure.open_by(PERIOD_UNCERTAIN);
    }
    figure.bounds = figure.bounds.plus(bounds);
    for (row, copy) in rows.iter().zip(&copies) {
        let treatment = match copy.and_then(|at| rows.get(at)) {
            Some(first) => duplicate(first.found, by),
            None if (differs || overlaps) && row.placed.treatment == Treatment::Counted => Treatment::Uncertain {
                why: Because::PerhapsSameOrContradicted,
            },
            None => row.placed.treatment,
        };
        if let Some(code) = row.placed.code {
            figure.open_by(code);
        }
        figure.parts.push(row.found.part(row.aspect, row.stamp.2, treatment));
    }
}

/// For every row the earlier row at another department that it is a copy of. Rows of one department are no copies of each other.
fn copies(rows: &[Row<'_>]) -> Vec<Option<usize>> {
    let mut copies: Vec<Option<usize>> = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let original = rows.iter().enumerate().take(index).find(|(at, earlier)| {
            let here =
                |(other, copy): (&Row<'_>, &Option<usize>)| other.found.rank == row.found.rank && *copy == Some(*at);
            earlier.found.rank != row.found.rank
                && earlier.stamp == row.stamp
                && (earlier.certain && row.certain)
                && copies.get(*at).is_some_and(Option::is_none)
                && !rows.iter().zip(&copies).any(here)
        });
        copies.push(original.map(|(at, _)| at));
    }
    copies
}

/// What each department says of the matter.
fn views(rows: &[&Row<'_>], differing: Differing) -> BTreeMap<u16, Bounds> {
    let mut by_rank: BTreeMap<u16, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        by_rank.entry(row.found.rank).or_default().push(row);
    }
    by_rank
        .into_iter()
        .map(|(rank, own)| (rank, view(own, differing)))
        .collect()
}

/// What one department says by all its rows.
fn view(rows: Vec<&Row<'_>>, differing: Differing) -> Bounds {
    if differing == Differing::PerhapsSeveral {
        together(rows.into_iter().map(Row::period).collect()).0
    } else {
        rows.iter().fold(Bounds::ZERO, |sum, row| sum.plus(row.placed.bounds))
    }
}

/// An amount for a period, first month and last.
pub(super) type Period = (Month, Month, Bounds);

/// What one register says by all its amounts of one matter, and whether some of them are for the same months: of those the greatest is certain, and
/// they may add up.
pub(super) fn together(mut periods: Vec<Period>) -> (Bounds, bool) {
    periods.retain(|(.., bounds)| *bounds != Bounds::ZERO);
    periods.sort_unstable_by_key(|(from, until, _)| (*from, *until));
    let hi = periods
        .iter()
        .fold(Bounds::ZERO, |sum, (.., bounds)| sum.plus(*bounds))
        .hi;
    let (mut lo, mut greatest, mut last, mut overlap) = (0i64, 0i64, None, false);
    for (from, until, bounds) in periods {
        let least = bounds.lo.unwrap_or(0);
        if last.is_some_and(|last| from <= last) {
            overlap = true;
            greatest = greatest.max(least);
            last = last.max(Some(until));
        } else {
            lo = lo.saturating_add(greatest);
            (greatest, last) = (least, Some(until));
        }
    }
    let lo = Some(lo.saturating_add(greatest));
    (Bounds { lo, hi }, overlap)
}

/// Whether two departments state something different for the same months.
fn collide(rows: &[&Row<'_>]) -> bool {
    let counts = |row: &Row<'_>| row.placed.bounds.hi != Some(0) || row.placed.bounds.lo != Some(0);
    rows.iter().enumerate().any(|(index, a)| {
        rows.iter().skip(index + 1).any(|b| {
            a.found.rank != b.found.rank && counts(a) && counts(b) && a.stamp.0 <= b.stamp.1 && b.stamp.0 <= a.stamp.1
        })
    })
}
