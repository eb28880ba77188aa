//! Compiled formulas: names resolved to places, units checked away, ready to be evaluated many times.
//! Leaves compiling to `pack` and running to `evaluate`.

use hedui_core::circumstance::Circumstance;
use hedui_core::dates::Date;
use hedui_core::facts::Fact;
use hedui_core::household::Relation;
use hedui_core::names::ProgrammeId;
use hedui_core::record::DisabilityKind;
use hedui_core::verdict::Text;
use hedui_ids::Sex;
use smol_str::SmolStr;

pub(crate) use crate::formula::{Arithmetic, Comparison};
use crate::ratio::{Ratio, RoundMode};
pub(crate) use crate::vocabulary::{Said, Scope, Standing};

/// A formula as a tree over places.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    Number(Ratio),
    /// A place among the household's values.
    Household(usize),
    /// A place among the member's values.
    Member(usize),
    Negate(Box<Code>),
    Arithmetic(Arithmetic, Box<Code>, Box<Code>),
    Compare(Comparison, Box<Code>, Box<Code>),
    And(Box<Code>, Box<Code>),
    Or(Box<Code>, Box<Code>),
    Not(Box<Code>),
    Min(Vec<Code>),
    Max(Vec<Code>),
    /// Condition, then, else.
    If(Box<[Code; 3]>),
    Sum(Box<Code>),
    Mean(Box<Code>),
    Count(Box<Code>),
}

impl Code {
    /// Calls with every place that it reads.
    pub fn places(&self, seen: &mut impl FnMut(Scope, usize)) {
        match self {
            Code::Number(_) => {}
            Code::Household(place) => seen(Scope::Household, *place),
            Code::Member(place) => seen(Scope::Member, *place),
            Code::Negate(inner) | Code::Not(inner) | Code::Sum(inner) | Code::Mean(inner) | Code::Count(inner) => {
                inner.places(seen);
            }
            Code::Arithmetic(_, left, right)
            | Code::Compare(_, left, right)
            | Code::And(left, right)
            | Code::Or(left, right) => {
                left.places(seen);
                right.places(seen);
            }
            Code::Min(codes) | Code::Max(codes) => codes.iter().for_each(|code| code.places(seen)),
            Code::If(branches) => branches.iter().for_each(|code| code.places(seen)),
        }
    }
}

/// A piece of a formula's text, for writing it with its numbers.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// As it stands.
    Text(String),
    /// The value of a name, or of a count.
    Value(Code),
    /// The members' values in brackets with a plus between; over their number for a mean.
    Members { each: Code, mean: bool },
}

/// A formula: as written, compiled, and cut for writing its numbers.
#[derive(Clone, Debug)]
pub(crate) struct Formula {
    pub text: SmolStr,
    pub code: Code,
    pub pieces: Vec<Piece>,
}

/// Rounding that a pack asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounding {
    pub to: Ratio,
    pub mode: RoundMode,
}

/// What of a supporter a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SupporterWord {
    /// Net income of their household a month.
    Income,
    /// Members of their household.
    Persons,
    /// Whether they are able to support.
    Able,
    /// Whether they are of this relation to the applicant.
    Is(Relation),
}

/// What fills a place before the steps run.
#[derive(Clone, Debug)]
pub(crate) enum Filling {
    /// A constant, or a parameter that never changes.
    Fixed(Ratio),
    /// A parameter that changes with the date: the value of the period that holds the date, else the first one.
    Dated(Ratio, Vec<Period>),
    /// A figure over the last so many whole months (0: at the date); its whole numbers are divided by `scale`.
    Figure {
        fact: Fact,
        months: u32,
        scale: i128,
    },
    Persons,
    Age,
    DisabilityGrade,
    Student,
    Minor,
    NewJobMonths,
    Female,
    /// Where a member stands in the registers.
    Standing(Standing),
    /// Whether a member, or any who counts, draws assistance of a programme.
    Draws(ProgrammeId),
    /// Whether a member, or any who counts, received assistance of a programme over so many months, or since.
    Received(ProgrammeId, u32),
    /// What papers state.
    Stated(Circumstance, Said),
    /// What is stated of a supporter; filled anew for each.
    Supporter(SupporterWord),
    /// A table of the pack, by position.
    Table(usize),
    /// A step fills it when its turn comes.
    Step,
}

/// A time for which a parameter has a value of its own; open where an end is missing.
#[derive(Clone, Debug)]
pub(crate) struct Period {
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub value: Ratio,
}

impl Period {
    /// Whether a day lies in it.
    pub fn holds(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether a day lies in both.
    pub fn overlaps(&self, other: &Period) -> bool {
        let ends_before = |a: &Period, b: &Period| a.to.zip(b.from).is_some_and(|(to, from)| to < from);
        !ends_before(self, other) && !ends_before(other, self)
    }
}

/// A named value that formulas read.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub name: SmolStr,
    pub title: Text,
    pub unit: SmolStr,
    pub law: SmolStr,
    pub assumption: bool,
    pub filling: Filling,
}

/// A table of coefficients; the first row that fits gives the value.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub rows: Rows,
    pub default: Ratio,
}

/// Rows by what they look at.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// From a completed year of age (included) to another (excluded; `None` for no end).
    Age(Vec<(u32, Option<u32>, Ratio)>),
    /// By sex.
    Sex(Vec<(Sex, Ratio)>),
    /// By kind (`None` for any) and grade of disability.
    Disability(Vec<(Option<DisabilityKind>, u32, Ratio)>),
}
