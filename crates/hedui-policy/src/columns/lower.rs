//! From the formulas of a pack to operations on columns, for households of one size and the parameters of one time.
//! Leaves the operations to `build`, sharing memory to `kernel`, and packs that have no such form to `exact`.

use hedui_core::dates::Date;
use hedui_core::household::ADULT_AGE;
use hedui_ids::Sex;

use super::build::{Build, Extreme};
use super::exact;
use super::kernel::Kernel;
use super::layout::{self, Layout, Trait};
use super::linear::{Column, Linear, Unfit, common, multiple};
use super::ops::{Between, Byte, Op};
use super::outcome::{FAILS, HOLDS};
use crate::interval::Interval;
use crate::pack::Pack;
use crate::program::{Arithmetic, Code, Comparison, Filling, Formula, Place, Rounding, Rows, Said, Scope};
use crate::ratio::Ratio;
use crate::snapshot::{Read, key, scale};

/// A value on the way: a sum of multiples of columns, or a truth.
#[derive(Clone, Debug)]
enum Value {
    Number(Linear),
    Truth(Byte),
}

struct Lower<'a> {
    pack: &'a Pack,
    /// Which places are read.
    read: &'a Read,
    layout: Layout<'a>,
    /// A day on which the parameters of the time are in force.
    day: Date,
    /// Greatest amount of money in a column, in fen.
    money: i64,
    build: Build,
    household: Vec<Option<Value>>,
    member: Vec<Option<Value>>,
}

/// The operations of a pack on chunks of a layout.
pub(super) fn lower(pack: &Pack, read: &Read, layout: Layout<'_>, day: Date, money: i64) -> Result<Kernel, Unfit> {
    let mut lower = Lower {
        pack,
        read,
        layout,
        day,
        money,
        build: Build {
            may_be_open: layout.shape.may_be_open,
            ..Build::default()
        },
        household: vec![None; pack.household.len()],
        member: vec![None; pack.member.len() * layout.shape.persons],
    };
    lower.fill()?;
    for step in &pack.steps {
        match step.scope {
            Scope::Household => {
                let value = lower.step(&step.formula, None, step.round)?;
                lower.store(None, step.place, value);
            }
            Scope::Member => {
                for member in 0..layout.shape.persons {
                    let value = lower.step(&step.formula, Some(member), step.round)?;
                    lower.store(Some(member), step.place, value);
                }
            }
        }
    }
    let tests: Vec<Byte> = pack
        .tests
        .iter()
        .map(|test| lower.truth(&test.formula.code, None))
        .collect::<Result<_, _>>()?;
    let bands: Vec<(Byte, bool)> = pack
        .bands
        .iter()
        .map(|band| Ok((lower.truth(&band.formula.code, None)?, band.qualifies)))
        .collect::<Result<_, _>>()?;
    let amount = match &pack.amount {
        None => None,
        Some(rule) => {
            let yuan = lower.number(&rule.formula.code, None)?;
            let yuan = lower.build.round(yuan, rule.round)?;
            Some(lower.build.fen(yuan)?)
        }
    };
    Ok(Kernel::new(lower.build, tests, bands, amount, money))
}

impl Lower<'_> {
    fn fill(&mut self) -> Result<(), Unfit> {
        let (pack, read) = (self.pack, self.read);
        for (at, place) in read_of(&pack.household, &read.household) {
            let value = self.fetch(place, None)?;
            self.put(None, at, value);
        }
        for member in 0..self.layout.shape.persons {
            for (at, place) in read_of(&pack.member, &read.member) {
                let value = self.fetch(place, Some(member))?;
                self.put(Some(member), at, value);
            }
        }
        if let Some(support) = &pack.support {
            // Only households without supporters come into columns.
            self.store(None, support.place, Value::Number(Linear::constant(Ratio::ZERO)));
        }
        Ok(())
    }

    fn put(&mut self, member: Option<usize>, place: usize, value: Option<Value>) {
        let slot = match member {
            None => self.household.get_mut(place),
            Some(member) => self.member.get_mut(member * self.pack.member.len() + place),
        };
        if let Some(slot) = slot {
            *slot = value;
        }
    }

    fn store(&mut self, member: Option<usize>, place: usize, value: Value) {
        self.put(member, place, Some(value));
    }

    fn fetch(&mut self, place: &Place, member: Option<usize>) -> Result<Option<Value>, Unfit> {
        let constant = |value: Ratio| Value::Number(Linear::constant(value));
        let of_member = member.ok_or(Unfit::Shape);
        Ok(Some(match &place.filling {
            Filling::Step => return Ok(None),
            Filling::Fixed(value) => constant(*value),
            Filling::Dated(otherwise, periods) => {
                let period = periods.iter().find(|period| period.holds(self.day));
                constant(period.map_or(*otherwise, |period| period.value))
            }
            Filling::Figure { .. } | Filling::NewJobMonths => Value::Number(self.figure(place, member)?),
            Filling::Stated(_, Said::Number | Said::Amount | Said::Years | Said::Months) => {
                Value::Number(self.figure(place, member)?)
            }
            Filling::Standing(_) | Filling::Draws(_) | Filling::Received(..) | Filling::Stated(_, Said::Has) => {
                let holds = self.figure(place, member)?;
                Value::Truth(self.nonzero(&holds)?)
            }
            // Filled for each supporter, and nobody has one here.
            Filling::Supporter(_) => return Ok(None),
            Filling::Persons => constant(Ratio::from(persons(self.layout.shape.persons))),
            Filling::Age => Value::Number(self.age(of_member?)?),
            Filling::Minor => {
                let age = self.age(of_member?)?;
                let adult = Linear::constant(Ratio::from(i64::from(ADULT_AGE)));
                Value::Truth(self.build.negative(&age.minus(adult)?)?)
            }
            Filling::Female => {
                let sexes = layout::SEXES.map(|(code, sex)| {
                    let is_female = i64::from(sex == Sex::Female);
                    (code, Interval::exactly(Ratio::from(is_female)))
                });
                let is_female = self.lookup(Trait::Sex, of_member?, &sexes)?;
                Value::Truth(self.nonzero(&is_female)?)
            }
            Filling::Student => Value::Truth(self.layout.traits(Trait::Student, of_member?)),
            Filling::DisabilityGrade => {
                let grades = self.disabilities(|disability| {
                    let (lo, hi) = exact::grade(disability);
                    let end = |grade| Some(Ratio::from(grade));
                    let (lo, hi) = (end(lo), end(hi));
                    Interval { lo, hi }
                });
                Value::Number(self.lookup(Trait::Disability, of_member?, &grades)?)
            }
            Filling::Table(at) => Value::Number(self.table(*at, of_member?)?),
        }))
    }

    /// The column of a place's figure.
    fn figure(&self, place: &Place, member: Option<usize>) -> Result<Linear, Unfit> {
        let (key, scale) = (key(place, self.pack).ok_or(Unfit::Shape)?, scale(&place.filling));
        let column = Column {
            at: self.layout.figure(&key, member).ok_or(Unfit::Shape)?,
            least: 0,
            most: layout::most(scale, self.money),
        };
        let factor = Ratio::new(1, scale).ok_or(Unfit::Range)?;
        Ok(Linear::column(column, factor))
    }

    /// A condition that stands as 1 where it holds and 0 where it fails.
    fn nonzero(&mut self, value: &Linear) -> Result<Byte, Unfit> {
        let fails = self.build.zero(value)?;
        Ok(self.build.not(fails))
    }

    fn age(&mut self, member: usize) -> Result<Linear, Unfit> {
        let ages: Vec<(u8, Interval)> = (0..=u8::MAX)
            .map(|age| (age, Interval::exactly(Ratio::from(i64::from(age)))))
            .collect();
        self.lookup(Trait::Age, member, &ages)
    }

    fn disabilities(&self, of: impl Fn(crate::snapshot::Disability) -> Interval) -> Vec<(u8, Interval)> {
        let all = layout::disabilities(self.layout.shape.may_be_open);
        all.into_iter()
            .map(|(code, disability)| (code, of(disability)))
            .collect()
    }

    fn table(&mut self, at: usize, member: usize) -> Result<Linear, Unfit> {
        let table = self.pack.tables.get(at).ok_or(Unfit::Shape)?;
        let (of, values) = match &table.rows {
            Rows::Age(_) => {
                let value = |age: u8| Interval::exactly(exact::by_age(table, u32::from(age)));
                (Trait::Age, (0..=u8::MAX).map(|age| (age, value(age))).collect())
            }
            Rows::Sex(rows) => {
                let value = |sex| rows.iter().find(|(of, _)| *of == sex).map(|(_, value)| *value);
                let values = layout::SEXES.map(|(code, sex)| {
                    let value = value(sex).unwrap_or(table.default);
                    (code, Interval::exactly(value))
                });
                (Trait::Sex, values.to_vec())
            }
            Rows::Disability(_) => {
                let values = self.disabilities(|disability| exact::by_disability(table, disability));
                (Trait::Disability, values)
            }
        };
        self.lookup(of, member, &values)
    }

    /// The value of each code of a member.
    fn lookup(&mut self, of: Trait, member: usize, values: &[(u8, Interval)]) -> Result<Linear, Unfit> {
        let ends = |(_, interval): &(u8, Interval)| interval.lo.into_iter().chain(interval.hi);
        let scale = common(values.iter().flat_map(ends))?;
        let (mut lows, mut highs) = (Box::new([0i64; 256]), Box::new([0i64; 256]));
        let (mut least, mut most) = (i64::MAX, i64::MIN);
        for (code, interval) in values {
            let (Some(lo), Some(hi)) = (interval.lo, interval.hi) else {
                return Err(Unfit::Shape);
            };
            let (lo, hi) = (multiple(lo, scale)?, multiple(hi, scale)?);
            (least, most) = (least.min(lo), most.max(hi));
            for (table, value) in [(&mut lows, lo), (&mut highs, hi)] {
                if let Some(slot) = table.get_mut(usize::from(*code)) {
                    *slot = value;
                }
            }
        }
        // Codes that do not occur stand for nothing.
        let (least, most) = (least.min(0), most.max(0));
        let codes = self.layout.traits(of, member);
        let is_single = lows == highs;
        let lo = self.build.number(|to| Op::Lookup(to, codes, lows));
        let hi = if is_single {
            lo
        } else {
            self.build.number(|to| Op::Lookup(to, codes, highs))
        };
        let at = Between {
            lo,
            hi,
            lo_open: None,
            hi_open: None,
        };
        Linear::column(Column { at, least, most }, scale).checked()
    }

    /// The value of a step, as one column where it is a sum: those that use it need not add again.
    fn step(&mut self, formula: &Formula, member: Option<usize>, round: Option<Rounding>) -> Result<Value, Unfit> {
        let mut linear = match self.value(&formula.code, member)? {
            Value::Number(linear) => linear,
            truth => return Ok(truth),
        };
        if let Some(round) = round {
            linear = self.build.round(linear, round)?;
        }
        if linear.terms.len() > 1 {
            let (column, scale) = self.build.column(&linear, None)?;
            linear = Linear::column(column, scale);
        }
        Ok(Value::Number(linear))
    }

    fn number(&mut self, code: &Code, member: Option<usize>) -> Result<Linear, Unfit> {
        match self.value(code, member)? {
            Value::Number(linear) => Ok(linear),
            Value::Truth(_) => Err(Unfit::Shape),
        }
    }

    fn truth(&mut self, code: &Code, member: Option<usize>) -> Result<Byte, Unfit> {
        match self.value(code, member)? {
            Value::Truth(truth) => Ok(truth),
            Value::Number(_) => Err(Unfit::Shape),
        }
    }

    fn value(&mut self, code: &Code, member: Option<usize>) -> Result<Value, Unfit> {
        Ok(match code {
            Code::Number(value) => Value::Number(Linear::constant(*value)),
            Code::Household(place) => self.household.get(*place).cloned().flatten().ok_or(Unfit::Shape)?,
            Code::Member(place) => {
                let at = member.ok_or(Unfit::Shape)? * self.pack.member.len() + place;
                self.member.get(at).cloned().flatten().ok_or(Unfit::Shape)?
            }
            Code::Negate(inner) => Value::Number(self.number(inner, member)?.times(Ratio::whole(-1))?),
            Code::Arithmetic(operation, a, b) => {
                let (a, b) = (self.number(a, member)?, self.number(b, member)?);
                Value::Number(self.arithmetic(*operation, a, b)?)
            }
            Code::Compare(comparison, a, b) => {
                let (a, b) = (self.number(a, member)?, self.number(b, member)?);
                Value::Truth(self.compare(*comparison, a, b)?)
            }
            Code::And(a, b) => {
                let (a, b) = (self.truth(a, member)?, self.truth(b, member)?);
                Value::Truth(self.build.and(a, b))
            }
            Code::Or(a, b) => {
                let (a, b) = (self.truth(a, member)?, self.truth(b, member)?);
                Value::Truth(self.build.or(a, b))
            }
            Code::Not(inner) => {
                let inner = self.truth(inner, member)?;
                Value::Truth(self.build.not(inner))
            }
            Code::Min(codes) => Value::Number(self.extreme(Extreme::Least, codes, member)?),
            Code::Max(codes) => Value::Number(self.extreme(Extreme::Greatest, codes, member)?),
            Code::If(branches) => self.choose(branches, member)?,
            Code::Sum(each) => Value::Number(self.sum(each)?),
            Code::Mean(each) => {
                let persons = Ratio::from(persons(self.layout.shape.persons));
                let share = persons.recip().ok_or(Unfit::Divisor)?;
                Value::Number(self.sum(each)?.times(share)?)
            }
            Code::Count(each) => Value::Number(self.count(each)?),
        })
    }

    fn arithmetic(&mut self, operation: Arithmetic, a: Linear, b: Linear) -> Result<Linear, Unfit> {
        match operation {
            Arithmetic::Add => a.plus(b),
            Arithmetic::Subtract => a.minus(b),
            Arithmetic::Multiply => self.build.product(a, b),
            Arithmetic::Divide => {
                let divisor = b.as_constant().ok_or(Unfit::Divisor)?;
                a.times(divisor.recip().ok_or(Unfit::Divisor)?)
            }
        }
    }

    /// Every comparison is one of a difference with zero.
    fn compare(&mut self, comparison: Comparison, a: Linear, b: Linear) -> Result<Byte, Unfit> {
        let (difference, is_negated) = match comparison {
            Comparison::Less => (a.minus(b)?, false),
            Comparison::GreaterOrEqual => (a.minus(b)?, true),
            Comparison::Greater => (b.minus(a)?, false),
            Comparison::LessOrEqual => (b.minus(a)?, true),
            Comparison::Equal => return self.build.zero(&a.minus(b)?),
            Comparison::NotEqual => {
                let equal = self.build.zero(&a.minus(b)?)?;
                return Ok(self.build.not(equal));
            }
        };
        let negative = self.build.negative(&difference)?;
        Ok(if is_negated { self.build.not(negative) } else { negative })
    }

    fn extreme(&mut self, which: Extreme, codes: &[Code], member: Option<usize>) -> Result<Linear, Unfit> {
        let mut best: Option<Linear> = None;
        for code in codes {
            let next = self.number(code, member)?;
            best = Some(match best {
                None => next,
                Some(best) => self.build.extreme(which, &best, &next)?,
            });
        }
        best.ok_or(Unfit::Shape)
    }

    fn choose(&mut self, branches: &[Code; 3], member: Option<usize>) -> Result<Value, Unfit> {
        let [condition, then, other] = branches;
        let condition = self.truth(condition, member)?;
        // Known with the pack alone, so that the other branch need not have a form in columns.
        match condition {
            Byte::Constant(HOLDS) => return self.value(then, member),
            Byte::Constant(FAILS) => return self.value(other, member),
            _ => {}
        }
        match (self.value(then, member)?, self.value(other, member)?) {
            (Value::Number(then), Value::Number(other)) => {
                Ok(Value::Number(self.build.choice(condition, &then, &other)?))
            }
            (Value::Truth(then), Value::Truth(other)) => {
                Ok(Value::Truth(self.build.choice_of_truths(condition, then, other)))
            }
            _ => Err(Unfit::Shape),
        }
    }

    fn sum(&mut self, each: &Code) -> Result<Linear, Unfit> {
        let mut total = Linear::constant(Ratio::ZERO);
        for member in 0..self.layout.shape.persons {
            let value = self.number(each, Some(member))?;
            total = total.plus(value)?;
        }
        Ok(total)
    }

    /// From the members of whom it holds to those of whom it may hold.
    fn count(&mut self, each: &Code) -> Result<Linear, Unfit> {
        let mut at = Between::constant(0);
        for member in 0..self.layout.shape.persons {
            let truth = self.truth(each, Some(member))?;
            let lo = self.build.number(|to| Op::Tally(to, at.lo, truth, HOLDS));
            let hi = if self.layout.shape.may_be_open {
                self.build.number(|to| Op::Tally(to, at.hi, truth, FAILS + 1))
            } else {
                lo
            };
            at = Between { lo, hi, ..at };
        }
        let column = Column {
            at,
            least: 0,
            most: persons(self.layout.shape.persons),
        };
        Linear::column(column, Ratio::ONE).checked()
    }
}

/// The places that are read, with their positions.
pub(super) fn read_of<'p>(places: &'p [Place], read: &'p [bool]) -> impl Iterator<Item = (usize, &'p Place)> {
    let all = places.iter().zip(read).enumerate();
    all.filter(|(_, (_, is_read))| **is_read)
        .map(|(at, (place, _))| (at, place))
}

fn persons(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
