//! A database whose query is tried on people who are certainly there: a query that asks in another form than the column has finds nobody,
//! and so does any query in a table that was emptied. Either would be "no record" of everybody.
//! Leaves asking to the database. What is said holds counts and kinds of trouble, never a number.

use std::time::Duration;

use async_trait::async_trait;
use hedui_core::{Failure, Subject};
use hedui_ids::{Date, DivisionCode, ResidentId};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::CHECK_TIMEOUT;
use super::query::Parameter;
use crate::mapping::{Row, is_id_number, is_masked, is_rounded, key};
use crate::reason::Reason;
use crate::source::{Found, Source};

/// For how long a table that held somebody is believed to hold somebody.
const STILL_THERE: Duration = Duration::from_secs(10);

/// So many people of a sample are asked about by the self-test. What is found of them is counted and dropped here: nobody asked for it.
const TRIED: usize = 8;

/// So many before the first question, since not everybody runs the self-test first.
const TRIED_AT_FIRST: usize = 2;

/// A database with samples of the numbers that its query searches.
pub(super) struct Sampled {
    source: Box<dyn Source>,
    samples: Vec<Box<dyn Source>>,
    /// What the query binds.
    parameters: Vec<Parameter>,
    /// For how long a look at the samples counts.
    counts: Duration,
    looked: Mutex<Looked>,
}

#[derive(Default)]
struct Looked {
    /// When every sample last held somebody.
    held: Option<Instant>,
    /// Whether the query has found somebody of every sample: then it is not tried again.
    has_found: bool,
}

impl Sampled {
    pub(super) fn new(source: Box<dyn Source>, samples: Vec<Box<dyn Source>>, parameters: Vec<Parameter>) -> Sampled {
        Sampled {
            source,
            samples,
            parameters,
            counts: STILL_THERE,
            looked: Mutex::default(),
        }
    }

    /// Whether every sample holds somebody whom the query can find, looked at from time to time. A few odd rows are no matter here.
    async fn holds_somebody(&self, deadline: Instant) -> Result<(), Failure> {
        let looking = async {
            let mut looked = self.looked.lock().await;
            let is_new = |at: Option<Instant>, time| at.is_some_and(|at| at.elapsed() < time);
            if is_new(looked.held, self.counts) {
                return Ok(());
            }
            for sample in &self.samples {
                let seen = self.seen(sample.as_ref(), deadline).await?;
                seen.holds_somebody()?;
                if !looked.has_found {
                    self.tried(&seen, TRIED_AT_FIRST, deadline).await?.found_somebody()?;
                }
            }
            looked.held = Some(Instant::now());
            looked.has_found = true;
            Ok(())
        };
        let late = |_| Reason::SourceTimeout.failure_at("the sample");
        timeout_at(deadline, looking).await.map_err(late)?
    }

    /// The numbers of a sample.
    async fn seen(&self, sample: &dyn Source, deadline: Instant) -> Result<Seen, Failure> {
        let nobody = anybody()?;
        let of_sample = |failure: Failure| Failure {
            message: format!("the sample: {}", failure.message),
            ..failure
        };
        let found = sample.rows(&[nobody], deadline).await.map_err(of_sample)?;
        let mut seen = Seen::default();
        for rows in found {
            for row in rows.map_err(of_sample)?.rows {
                seen.see(&row, &self.parameters);
            }
        }
        Ok(seen)
    }

    /// Asks the query about people whom a sample holds.
    async fn tried(&self, seen: &Seen, most: usize, deadline: Instant) -> Result<Tried, Failure> {
        // Nobody's name is known from a number.
        if self.parameters.contains(&Parameter::Name) || seen.people.is_empty() {
            return Ok(Tried::default());
        }
        let step = seen.people.len().div_ceil(most);
        let people: Vec<Subject> = seen.people.iter().step_by(step).copied().map(subject).collect();
        let found = self.source.rows(&people, deadline).await?;
        let mut missed = 0;
        for rows in found {
            missed += usize::from(rows?.rows.is_empty());
        }
        Ok(Tried {
            people: people.len(),
            missed,
        })
    }
}

#[async_trait]
impl Source for Sampled {
    /// Where a table is empty, records may be missing of everybody.
    async fn rows(&self, subjects: &[Subject], deadline: Instant) -> Result<Found, Failure> {
        let now = Instant::now();
        // Whoever has records does not lose them because a sample takes long.
        let half = now + deadline.saturating_duration_since(now) / 2;
        let (found, held) = futures::join!(self.source.rows(subjects, deadline), self.holds_somebody(half));
        let mut found = found?;
        if let Err(failure) = held {
            for rows in found.iter_mut().flatten() {
                rows.notes.push(format!(
                    "the sample failed: records may be missing ({})",
                    failure.reason
                ));
                rows.doubt.get_or_insert(failure.clone());
            }
        }
        Ok(found)
    }

    async fn check(&self) -> Result<(), Failure> {
        self.source.check().await?;
        let deadline = Instant::now() + CHECK_TIMEOUT;
        for sample in &self.samples {
            let seen = self.seen(sample.as_ref(), deadline).await?;
            seen.in_form()?;
            seen.holds_somebody()?;
            self.tried(&seen, TRIED, deadline).await?.found_everybody()?;
        }
        Ok(())
    }
}

/// A day on which every number that a register can hold is of somebody born.
fn someday() -> Option<Date> {
    Date::new(2049, 12, 31)
}

/// For a query that asks about nobody.
fn anybody() -> Result<Subject, Failure> {
    let birth = Date::new(1901, 1, 1).zip(DivisionCode::parse("110101"));
    let id = birth.and_then(|(birth, division)| ResidentId::compose(division, birth, 1));
    id.map(subject)
        .ok_or_else(|| Reason::SourceError.failure_at("the sample"))
}

fn subject(id: ResidentId) -> Subject {
    Subject {
        ordinal: 0,
        id,
        name: String::new(),
    }
}

/// What came of asking about people whom a sample holds.
#[derive(Default)]
struct Tried {
    people: usize,
    missed: usize,
}

impl Tried {
    fn found_somebody(&self) -> Result<(), Failure> {
        if self.people > 0 && self.missed == self.people {
            return self.found_everybody();
        }
        Ok(())
    }

    fn found_everybody(&self) -> Result<(), Failure> {
        if self.missed == 0 {
            return Ok(());
        }
        Err(Reason::SourceUnreadable.failure_at(format_args!(
            "the query finds nothing of {} of {} people whose numbers the sample gives: compare as text (CAST(column AS CHAR), AS TEXT), and \
             give the sample the conditions and joins of the query",
            self.missed, self.people
        )))
    }
}

/// What was seen in a sample: counts, and some people to ask about.
#[derive(Default)]
struct Seen {
    values: usize,
    /// In a form that the query asks in.
    asked: usize,
    empty: usize,
    bytes: usize,
    masked: usize,
    rounded: usize,
    marked: usize,
    lower_x: usize,
    legacy: usize,
    people: Vec<ResidentId>,
}

impl Seen {
    /// The first column of a row.
    fn see(&mut self, row: &Row, parameters: &[Parameter]) {
        self.values += 1;
        let Some(text) = row.first() else {
            self.bytes += 1;
            return;
        };
        let form = key(text);
        if form.is_empty() {
            self.empty += 1;
        } else if is_masked(&form) {
            self.masked += 1;
        } else if is_rounded(&form) {
            self.rounded += 1;
        } else if is_id_number(&form) {
            let lacks = |parameter| !parameters.contains(&parameter);
            if !text.eq_ignore_ascii_case(&form) {
                self.marked += 1;
            } else if text != form && lacks(Parameter::LowerIdNumber) {
                self.lower_x += 1;
            } else if form.len() == 15 && lacks(Parameter::LegacyIdNumber) {
                self.legacy += 1;
            } else {
                self.asked += 1;
                let parsed = someday().and_then(|day| ResidentId::parse(&form, day).ok());
                self.people.extend(parsed.map(|parsed| parsed.id));
            }
        }
    }

    fn holds_somebody(&self) -> Result<(), Failure> {
        if self.values == 0 {
            return Err(Reason::SourceEmpty.failure_at(
                "the sample of the query gives no rows: fill the table, or take the sample out where it may be empty",
            ));
        }
        if self.asked == 0 {
            self.in_form()?;
            return Err(Reason::SourceUnreadable.failure_at(format_args!(
                "none of the {} values of the sample is an id number as text: select what the query compares, as text (CAST(column AS CHAR), AS TEXT)",
                self.values
            )));
        }
        Ok(())
    }

    /// Whether the query asks in every form that the column has.
    fn in_form(&self) -> Result<(), Failure> {
        let troubles = [
            (
                self.marked,
                "with blanks, hyphens, quotes or full-width digits: compare REPLACE(REPLACE(column, ' ', ''), '-', '')",
            ),
            (
                self.lower_x,
                "with a small x: compare UPPER(column), or ask for :lower_id_number too",
            ),
            (self.legacy, "of 15 digits: ask for :legacy_id_number too"),
            (self.bytes, "that are no text: compare CAST(column AS CHAR), or AS TEXT"),
            (
                self.rounded,
                "that were rounded: nobody can be found by them, the table has to be filled again",
            ),
            (
                self.masked,
                "that are masked: nobody can be found by them, ask for a view without masks",
            ),
            // Some registers have a few rows of nobody.
            (
                if self.empty * 2 > self.values { self.empty } else { 0 },
                "that are empty",
            ),
        ];
        let found: Vec<String> = troubles
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if found.is_empty() {
            return Ok(());
        }
        Err(Reason::SourceUnreadable.failure_at(format_args!(
            "of {} values of the sample, {}; then let the sample select what the query compares",
            self.values,
            found.join("; ")
        )))
    }
}

#[cfg(test)]
mod tests;
