//! One household's snapshot under one pack, on intervals of exact fractions: what columns fall back to, and what they are compared with.
//! Leaves the trace, and why a value is open, to `evaluate`, which starts from the facts.

use hedui_core::bounds::Bounds;
use hedui_core::dates::Date;
use hedui_core::household::ADULT_AGE;
use hedui_core::record::DisabilityKind;
use hedui_core::verdict::{Outcome, Truth};
use hedui_ids::Sex;

use super::lower::read_of;
use super::{Judged, Payable, outcome};
use crate::interval::{self, Interval, Trouble};
use crate::pack::{Pack, Support};
use crate::program::{Code, Filling, Formula, Place, Rounding, Rows, Said, Scope, SupporterWord, Table};
use crate::ratio::Ratio;
use crate::snapshot::{Disability, Person, Read, Snapshot, SnapshotError, Supporter, key, scale};
use crate::value::{Value, payable_fen};

struct Exact<'a> {
    pack: &'a Pack,
    snapshot: &'a Snapshot,
    /// The day of parameters and ages.
    day: Date,
    household: Vec<Value>,
    member: Vec<Value>,
}

/// Judges a snapshot with the parameters and ages of a day.
pub(super) fn judge(pack: &Pack, read: &Read, snapshot: &Snapshot, day: Date) -> Result<Judged, SnapshotError> {
    let persons = snapshot.members.len();
    let mut exact = Exact {
        pack,
        snapshot,
        day,
        household: vec![Value::UNKNOWN; pack.household.len()],
        member: vec![Value::UNKNOWN; pack.member.len() * persons],
    };
    exact.fill(read)?;
    if let Some(support) = &pack.support {
        exact.support(support);
    }
    for step in &pack.steps {
        match step.scope {
            Scope::Household => {
                let value = exact.run(&step.formula, None, step.round);
                exact.store(None, step.place, value);
            }
            Scope::Member => {
                for member in 0..persons {
                    let value = exact.run(&step.formula, Some(member), step.round);
                    exact.store(Some(member), step.place, value);
                }
            }
        }
    }
    let truth = |formula: &Formula| exact.run(formula, None, None).truth();
    let tests: Vec<Truth> = pack.tests.iter().map(|test| truth(&test.formula)).collect();
    let bands: Vec<(Truth, bool)> = pack
        .bands
        .iter()
        .map(|band| (truth(&band.formula), band.qualifies))
        .collect();
    let (outcome, band) = outcome::of(&tests, &bands, snapshot.composition);
    let amount = pack
        .amount
        .as_ref()
        .filter(|_| outcome != Outcome::Exceeds)
        .map(|rule| {
            let interval = exact.run(&rule.formula, None, Some(rule.round)).interval();
            Payable {
                lo: payable_fen(interval.lo).unwrap_or(0),
                hi: payable_fen(interval.hi),
            }
        });
    Ok(Judged { outcome, band, amount })
}

impl Exact<'_> {
    fn fill(&mut self, read: &Read) -> Result<(), SnapshotError> {
        let (pack, snapshot) = (self.pack, self.snapshot);
        for (at, place) in read_of(&pack.household, &read.household) {
            let value = self.fetch(place, None)?;
            self.store(None, at, value);
        }
        for (member, person) in snapshot.members.iter().enumerate() {
            for (at, place) in read_of(&pack.member, &read.member) {
                let value = self.fetch(place, Some((member, person)))?;
                self.store(Some(member), at, value);
            }
        }
        Ok(())
    }

    fn fetch(&self, place: &Place, member: Option<(usize, &Person)>) -> Result<Value, SnapshotError> {
        let number = |value: i64| Value::exactly(Ratio::from(value));
        let age = |day| member.map_or(0, |(_, person)| person.age_on(day));
        Ok(match &place.filling {
            Filling::Fixed(value) => Value::exactly(*value),
            Filling::Dated(otherwise, periods) => {
                let period = periods.iter().find(|period| period.holds(self.day));
                Value::exactly(period.map_or(*otherwise, |period| period.value))
            }
            Filling::Figure { .. }
            | Filling::NewJobMonths
            | Filling::Stated(_, Said::Number | Said::Amount | Said::Years | Said::Months) => {
                let figure = self.figure(place, member)?;
                Value::Number(Interval::of_bounds(figure, scale(&place.filling)))
            }
            Filling::Standing(_) | Filling::Draws(_) | Filling::Received(..) | Filling::Stated(_, Said::Has) => {
                let figure = Interval::of_bounds(self.figure(place, member)?, 1);
                Value::Condition(interval::not(figure.equal(Interval::ZERO)))
            }
            Filling::Female => member.map_or(Value::Condition(Truth::Open), |(_, person)| {
                Value::settled(person.sex == Sex::Female)
            }),
            Filling::Persons => number(i64::try_from(self.snapshot.members.len()).unwrap_or(i64::MAX)),
            Filling::Age => number(i64::from(age(self.day))),
            Filling::Minor => Value::settled(age(self.day) < ADULT_AGE),
            Filling::Student => Value::Condition(member.map_or(Truth::Open, |(_, person)| person.student)),
            Filling::DisabilityGrade => member.map_or(Value::UNKNOWN, |(_, person)| {
                let (lo, hi) = grade(person.disability);
                Value::Number(Interval {
                    lo: Some(Ratio::from(lo)),
                    hi: Some(Ratio::from(hi)),
                })
            }),
            Filling::Table(at) => match (self.pack.tables.get(*at), member) {
                (Some(table), Some((_, person))) => Value::Number(coefficient(table, person, age(self.day))),
                _ => Value::UNKNOWN,
            },
            Filling::Step | Filling::Supporter(_) => Value::UNKNOWN,
        })
    }

    /// Imputed support, as `evaluate` adds it up: nobody's makes a household poorer.
    fn support(&mut self, rules: &Support) {
        let mut total = Interval::ZERO;
        for supporter in &self.snapshot.supporters {
            for (place, word) in &rules.uses {
                self.store(None, *place, of_supporter(supporter, *word));
            }
            let amount = self.run(&rules.formula, None, None).interval();
            total = total.add(Interval::max(amount, Interval::ZERO), &mut Trouble::default());
        }
        self.store(None, rules.place, Value::Number(total));
    }

    fn figure(&self, place: &Place, member: Option<(usize, &Person)>) -> Result<Bounds, SnapshotError> {
        let key = key(place, self.pack).ok_or(SnapshotError::Malformed { field: "keys" })?;
        let found = match member {
            None => self.snapshot.figure(&key),
            Some((member, _)) => self.snapshot.member_figure(member, &key),
        };
        found.ok_or(SnapshotError::FigureMissing {
            reading: key.reading,
            months: key.months,
            member: member.is_some(),
        })
    }

    fn store(&mut self, member: Option<usize>, place: usize, value: Value) {
        let slot = match member {
            None => self.household.get_mut(place),
            Some(member) => self.member.get_mut(member * self.pack.member.len() + place),
        };
        if let Some(slot) = slot {
            *slot = value;
        }
    }

    fn run(&self, formula: &Formula, member: Option<usize>, round: Option<Rounding>) -> Value {
        let value = self.value(&formula.code, member);
        value.rounded(round, &mut Trouble::default())
    }

    fn value(&self, code: &Code, member: Option<usize>) -> Value {
        // What goes wrong opens the value; why it did is told by `evaluate`.
        let trouble = &mut Trouble::default();
        let number = |code: &Code| self.value(code, member).interval();
        let truth = |code: &Code| self.value(code, member).truth();
        match code {
            Code::Number(value) => Value::exactly(*value),
            Code::Household(place) => self.household.get(*place).copied().unwrap_or(Value::UNKNOWN),
            Code::Member(place) => {
                let at = member.map(|member| member * self.pack.member.len() + place);
                at.and_then(|at| self.member.get(at)).copied().unwrap_or(Value::UNKNOWN)
            }
            Code::Negate(inner) => Value::Number(number(inner).neg(trouble)),
            Code::Arithmetic(operation, a, b) => {
                Value::arithmetic(*operation, self.value(a, member), self.value(b, member), trouble)
            }
            Code::Compare(comparison, a, b) => {
                Value::compare(*comparison, self.value(a, member), self.value(b, member))
            }
            Code::And(a, b) => Value::Condition(interval::and(truth(a), truth(b))),
            Code::Or(a, b) => Value::Condition(interval::or(truth(a), truth(b))),
            Code::Not(inner) => Value::Condition(interval::not(truth(inner))),
            Code::Min(codes) => extreme(codes.iter().map(number), Interval::min),
            Code::Max(codes) => extreme(codes.iter().map(number), Interval::max),
            Code::If(branches) => {
                let [condition, then, other] = branches.as_ref();
                match truth(condition) {
                    Truth::Holds => self.value(then, member),
                    Truth::Fails => self.value(other, member),
                    Truth::Open => self.value(then, member).either(self.value(other, member)),
                }
            }
            Code::Sum(each) => Value::Number(self.sum(each)),
            Code::Mean(each) => {
                let persons = Ratio::from(i64::try_from(self.snapshot.members.len()).unwrap_or(i64::MAX));
                Value::Number(self.sum(each).div(Interval::exactly(persons), trouble))
            }
            Code::Count(each) => self.count(each),
        }
    }

    fn members(&self, each: &Code) -> impl Iterator<Item = Value> {
        (0..self.snapshot.members.len()).map(|member| self.value(each, Some(member)))
    }

    fn sum(&self, each: &Code) -> Interval {
        let mut trouble = Trouble::default();
        self.members(each)
            .fold(Interval::ZERO, |total, value| total.add(value.interval(), &mut trouble))
    }

    fn count(&self, each: &Code) -> Value {
        let (mut sure, mut perhaps) = (0i64, 0i64);
        for value in self.members(each) {
            sure += i64::from(value.truth() == Truth::Holds);
            perhaps += i64::from(value.truth() == Truth::Open);
        }
        Value::counted(sure, perhaps)
    }
}

fn of_supporter(supporter: &Supporter, word: SupporterWord) -> Value {
    match word {
        SupporterWord::Income => Value::yuan(supporter.monthly_income),
        SupporterWord::Persons => Value::exactly(Ratio::from(i64::from(supporter.persons))),
        SupporterWord::Able => Value::settled(!supporter.unable),
        SupporterWord::Is(relation) => Value::settled(supporter.relation == relation),
    }
}

fn extreme(values: impl Iterator<Item = Interval>, pick: fn(Interval, Interval) -> Interval) -> Value {
    values.reduce(pick).map_or(Value::UNKNOWN, Value::Number)
}

/// The least and the greatest grade that a member may have: a silent register can only show a first or more severe disability.
pub(super) fn grade(disability: Disability) -> (i64, i64) {
    match (disability.known, disability.is_open) {
        (Some((_, grade)), false) => (i64::from(grade), i64::from(grade)),
        (Some((_, grade)), true) => (1, i64::from(grade)),
        (None, false) => (0, 0),
        (None, true) => (0, 4),
    }
}

/// A member's value in a table.
pub(super) fn coefficient(table: &Table, person: &Person, age: u32) -> Interval {
    match &table.rows {
        Rows::Age(_) => Interval::exactly(by_age(table, age)),
        Rows::Sex(rows) => {
            let row = rows.iter().find(|(sex, _)| *sex == person.sex);
            Interval::exactly(row.map_or(table.default, |(_, value)| *value))
        }
        Rows::Disability(_) => by_disability(table, person.disability),
    }
}

/// The value of an age; the default in other tables.
pub(super) fn by_age(table: &Table, age: u32) -> Ratio {
    let Rows::Age(rows) = &table.rows else {
        return table.default;
    };
    let fits = |from: u32, to: Option<u32>| from <= age && to.is_none_or(|to| age < to);
    let row = rows.iter().find(|(from, to, _)| fits(*from, *to));
    row.map_or(table.default, |(_, _, value)| *value)
}

/// The value of the disability on record; the hull over everything that a silent register could still show.
pub(super) fn by_disability(table: &Table, disability: Disability) -> Interval {
    let value_of = |kind: DisabilityKind, of: u8| {
        let Rows::Disability(rows) = &table.rows else {
            return table.default;
        };
        let fits = |k: Option<DisabilityKind>, g: u32| g == u32::from(of) && k.is_none_or(|k| k == kind);
        let row = rows.iter().find(|(k, g, _)| fits(*k, *g));
        row.map_or(table.default, |(_, _, value)| *value)
    };
    let on_record = disability
        .known
        .map_or(table.default, |(kind, grade)| value_of(kind, grade));
    let mut interval = Interval::exactly(on_record);
    if disability.is_open {
        let mildest = disability.known.map_or(4, |(_, grade)| grade);
        for grade in 1..=mildest {
            for kind in DisabilityKind::ALL {
                interval = interval.hull(Interval::exactly(value_of(*kind, grade)));
            }
        }
    }
    interval
}
