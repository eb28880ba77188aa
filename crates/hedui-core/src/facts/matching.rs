//! Matching: amounts of one matter that several departments report are counted once; a doubtful match widens, it never merges.
//! Leaves things counted in pieces, accounts and jobs, which have rules of their own, to `property` and `wage`.

use std::collections::BTreeMap;

use smol_str::SmolStr;

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
}

/// An amount earned over a stated period: in the window, out of it, or, where the period reaches beyond the window, anywhere between
/// nothing and all of it. It is never spread. A period that ends before it begins says nothing about when.
pub(super) fn place(amount: Fen, from: PartialDate, until: PartialDate, window: Months) -> Placed {
    if from.is_after(until) || until.stands_for_none() {
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
    until.is_some_and(|until| until.stands_for_none() || from.is_some_and(|from| from.is_after(until)))
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

/// A key as it is compared: registers differ in case, spaces and full-width letters.
pub(super) fn key(text: &SmolStr) -> SmolStr {
    // The ordinary cases without a walk through the rules: of visible ASCII they change capitals and full stops only, and nothing from
    // U+4000 to U+9FFF, whose first bytes are E4 to E9.
    let is_plain = |b: u8| (b.wrapping_sub(0x21) < 0x9F) & (b != b'.') & (b != 0x7F) | (b.wrapping_sub(0xE4) < 6);
    // Every byte, without stopping early: many at once.
    let (plain, capitals) = text.bytes().fold((true, false), |(plain, capitals), b| {
        (plain & is_plain(b), capitals | b.is_ascii_uppercase())
    });
    if !plain {
        return by_the_rules(text);
    }
    if !capitals {
        return text.clone();
    }
    let mut form = [0u8; 64];
    let Some(form) = form.get_mut(..text.len()) else {
        return by_the_rules(text);
    };
    form.copy_from_slice(text.as_bytes());
    form.make_ascii_lowercase();
    std::str::from_utf8(form).map_or_else(|_| by_the_rules(text), SmolStr::new)
}

/// A text that tells one thing from another, as it is compared: a key without what people put between its parts, and none where it only says
/// that there is none.
pub(super) fn identifying(text: &SmolStr) -> SmolStr {
    let form = key(text);
    let is_usual = form.len() > NO_KEYS_BYTES
        && form.bytes().all(|b| b.is_ascii_alphanumeric())
        && form.bytes().any(|b| b != b'0');
    if is_usual && !form.contains(MASK) {
        return form;
    }
    if is_masked(&form) {
        return SmolStr::default();
    }
    let between = |c: char| c.is_ascii_punctuation() || matches!(c, '–' | '—' | '―' | '·' | '、' | '。' | '…');
    let form = if form.contains(between) {
        form.chars().filter(|c| !between(*c)).collect()
    } else {
        form
    };
    let says_nothing = form.chars().all(|c| c == '0') || NO_KEYS.contains(&form.as_str());
    if says_nothing { SmolStr::default() } else { form }
}

/// A number that tells one thing from another: one of digits only without the zeros before it, which spreadsheets drop.
pub(super) fn identifying_number(text: &SmolStr) -> SmolStr {
    let form = identifying(text);
    if form.starts_with('0') && form.bytes().all(|b| b.is_ascii_digit()) {
        return SmolStr::new(form.trim_start_matches('0'));
    }
    form
}

/// The code of an organisation: of a unified social credit code (GB 32100, places 9 to 17) and of the taxpayer's number of 15 places before it
/// (the last nine) the organisation code that both hold (GB 11714), so that registers of several generations mean one employer.
pub(super) fn organisation(text: &SmolStr) -> SmolStr {
    let form = identifying(text);
    let code = match form.len() {
        18 => form.get(8..17),
        15 => form.get(6..),
        _ => None,
    };
    code.map_or_else(|| form.clone(), SmolStr::new)
}

/// So many of these in a row stand for characters that are not shown.
const MASK: &str = "xxxx";

/// Whether a key, in the form in which keys are compared, shows a part only: nobody can say which thing it is.
fn is_masked(form: &str) -> bool {
    form.contains(MASK) || form.contains(['*', '●', '•', '×', '█', '■', '□', '�'])
}

/// The form of a key that shows a part only; none of any other.
pub(super) fn masked(text: &SmolStr) -> Option<SmolStr> {
    let form = key(text);
    (is_masked(&form) && form.contains(|c: char| c.is_ascii_digit())).then_some(form)
}

/// What registers write where they have no key; none is longer than so many bytes.
const NO_KEYS: &[&str] = &["无", "不详", "待定", "未知", "暂无", "空", "none", "null", "nil", "na"];
const NO_KEYS_BYTES: usize = 6;

/// The form of any key.
fn by_the_rules(text: &str) -> SmolStr {
    let form = hedui_ids::name::normalise(text);
    if form.contains(char::is_whitespace) {
        form.split_whitespace().collect()
    } else {
        SmolStr::from(form)
    }
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

/// A matter that a text alone identifies; none for an empty one.
pub(super) fn named(text: &str) -> Option<Matter<'_>> {
    (!text.is_empty()).then_some((text, [0; 3]))
}

/// What departments that differ about one matter mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Differing {
    /// There is one matter, one of them is wrong.
    Conflict,
    /// There may be several matters: amounts for other months add up, amounts for the same months perhaps.
    PerhapsSeveral,
}

/// Counts each matter once. `contradictable`: a department that could report the same matters otherwise is silent, so that nothing here is
/// a lower bound.
pub(super) fn once(mut rows: Vec<Row<'_>>, differing: Differing, by: Because, contradictable: bool) -> Figure {
    // Stable: what has no key keeps its order and stands alone.
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    let mut figure = Figure::known(0);
    figure.parts.reserve_exact(rows.len());
    for group in rows.chunk_by_mut(|a, b| a.key.is_some() && a.key == b.key) {
        match group {
            [alone] => single(alone, &mut figure),
            several => matter(several, differing, by, &mut figure),
        }
    }
    if contradictable {
        figure.bounds.lo = Some(0);
    }
    figure
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
    let views = views(rows);
    let novel: Vec<&Row<'_>> = rows
        .iter()
        .zip(&copies)
        .filter(|(_, c)| c.is_none())
        .map(|(r, _)| r)
        .collect();
    let sum = novel.iter().fold(Bounds::ZERO, |sum, row| sum.plus(row.placed.bounds));
    let differs = match differing {
        Differing::Conflict => views.values().any(|v| views.values().next() != Some(v)),
        Differing::PerhapsSeveral => collide(&novel),
    };
    let mut bounds = sum;
    if differs {
        let least = views.values().filter_map(|v| v.lo).min();
        let most = views
            .values()
            .map(|v| v.hi)
            .max_by_key(|hi| hi.unwrap_or(i64::MAX))
            .flatten();
        let (code, hi) = match differing {
            Differing::Conflict => (CONFLICTING_SOURCES, most),
            Differing::PerhapsSeveral => (DOUBTFUL_MATCH, sum.hi),
        };
        bounds = Bounds { lo: least, hi };
        figure.open_by(code);
    }
    figure.bounds = figure.bounds.plus(bounds);
    for (row, copy) in rows.iter().zip(&copies) {
        let treatment = match copy.and_then(|at| rows.get(at)) {
            Some(first) => duplicate(first.found, by),
            None if differs && row.placed.treatment == Treatment::Counted => Treatment::Uncertain {
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
fn views(rows: &[Row<'_>]) -> BTreeMap<u16, Bounds> {
    let mut views = BTreeMap::new();
    for row in rows {
        let view = views.entry(row.found.rank).or_insert(Bounds::ZERO);
        *view = view.plus(row.placed.bounds);
    }
    views
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

#[cfg(test)]
mod tests;
