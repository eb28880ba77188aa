//! Who lives together: members with ages, relations, names and numbers.
//! Leaves what they earn and own to `economy`.

use hedui_core::Date;
use hedui_core::household::Relation;
use hedui_ids::{DivisionCode, ResidentId, Sex};

use super::dice::Dice;
use super::names;
use super::numbers::Numbers;
use crate::error::SimError;

/// A person.
pub(crate) struct Person {
    pub(crate) id: ResidentId,
    pub(crate) name: String,
    pub(crate) sex: Sex,
    pub(crate) age: i64,
    pub(crate) relation: Relation,
    /// Of age, but under guardianship.
    pub(crate) incapable: bool,
}

impl Person {
    /// Able to hold a job, as far as age goes.
    pub(crate) fn of_working_age(&self) -> bool {
        (18..60).contains(&self.age) && !self.incapable
    }
}

/// The shapes of household, as needy ones occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Elder,
    Single,
    ElderCouple,
    CoupleWithChildren,
    SingleParent,
    ThreeGenerations,
    GrandparentWithChildren,
}

/// A shape; without a married couple at its head when a spouse is to be hidden.
pub(crate) fn shape(dice: &mut Dice, unmarried: bool) -> Shape {
    if unmarried {
        return dice.weighted((Shape::SingleParent, 70), &[(Shape::Single, 30)]);
    }
    dice.weighted(
        (Shape::Elder, 18),
        &[
            (Shape::Single, 14),
            (Shape::ElderCouple, 16),
            (Shape::CoupleWithChildren, 22),
            (Shape::SingleParent, 13),
            (Shape::ThreeGenerations, 10),
            (Shape::GrandparentWithChildren, 7),
        ],
    )
}

/// Makes people; borrowed for one household.
pub(crate) struct Cradle<'a> {
    pub(crate) dice: &'a mut Dice,
    pub(crate) numbers: &'a mut Numbers,
    pub(crate) division: DivisionCode,
    pub(crate) as_of: Date,
}

impl Cradle<'_> {
    /// The members, the applicant first.
    pub(crate) fn household(&mut self, shape: Shape) -> Result<Vec<Person>, SimError> {
        let surname = names::surname(self.dice);
        let head_sex = if self.dice.percent(55) { Sex::Male } else { Sex::Female };
        let head_age = match shape {
            Shape::Elder | Shape::ElderCouple => self.dice.range(62, 88),
            Shape::GrandparentWithChildren => self.dice.range(58, 74),
            Shape::Single => self.dice.range(28, 57),
            _ => self.dice.range(27, 52),
        };
        let mut members = vec![self.person(Relation::Applicant, surname, head_sex, head_age)?];
        let children = match shape {
            Shape::CoupleWithChildren | Shape::ThreeGenerations => self.dice.range(1, 2),
            Shape::SingleParent => self.dice.range(1, 3),
            _ => 0,
        };
        if matches!(
            shape,
            Shape::ElderCouple | Shape::CoupleWithChildren | Shape::ThreeGenerations
        ) {
            let age = (head_age + self.dice.range(-4, 4)).max(22);
            members.push(self.anyone(Relation::Spouse, other(head_sex), age)?);
        }
        for _ in 0..children {
            let age = self.dice.range(0, (head_age - 21).min(21));
            members.push(self.child(Relation::Child, surname, age)?);
        }
        if shape == Shape::ThreeGenerations {
            let parents = self.dice.range(1, 2);
            for n in 0..parents {
                let age = head_age + self.dice.range(22, 32);
                let sex = if n == 0 { Sex::Female } else { Sex::Male };
                members.push(match sex {
                    Sex::Female => self.anyone(Relation::Parent, sex, age)?,
                    Sex::Male => self.person(Relation::Parent, surname, sex, age)?,
                });
            }
        }
        if shape == Shape::GrandparentWithChildren {
            for _ in 0..self.dice.range(1, 2) {
                let age = self.dice.range(3, 16);
                members.push(self.child(Relation::Grandchild, surname, age)?);
            }
        }
        Ok(members)
    }

    /// A person of any surname.
    pub(crate) fn anyone(&mut self, relation: Relation, sex: Sex, age: i64) -> Result<Person, SimError> {
        let surname = names::surname(self.dice);
        self.person(relation, surname, sex, age)
    }

    fn child(&mut self, relation: Relation, surname: &str, age: i64) -> Result<Person, SimError> {
        let sex = if self.dice.percent(51) { Sex::Male } else { Sex::Female };
        self.person(relation, surname, sex, age)
    }

    fn person(&mut self, relation: Relation, surname: &str, sex: Sex, age: i64) -> Result<Person, SimError> {
        let birth = self.birth(age)?;
        let (id, day) = self.numbers.resident(self.division, birth, sex)?;
        let today = hedui_core::household::ids_date(self.as_of).ok_or(SimError::AsOf)?;
        Ok(Person {
            id,
            name: names::full(self.dice, surname, sex),
            sex,
            age: day.age_on(today).map_or(age, i64::from),
            relation,
            incapable: false,
        })
    }

    /// A birthday that makes somebody `age` years old.
    fn birth(&mut self, age: i64) -> Result<hedui_ids::Date, SimError> {
        let days = self.dice.range(1, 360);
        let year = i16::try_from(i64::from(self.as_of.year()) - age).map_err(|_| SimError::AsOf)?;
        // The 28th exists in every month, so that 29 February needs no rule of its own.
        let anniversary = Date::new(year, self.as_of.month(), self.as_of.day().min(28)).map_err(|_| SimError::AsOf)?;
        let born = anniversary
            .checked_sub(jiff::Span::new().days(days))
            .map_err(|_| SimError::AsOf)?;
        hedui_core::household::ids_date(born).ok_or(SimError::AsOf)
    }
}

/// The other sex.
pub(crate) fn other(sex: Sex) -> Sex {
    match sex {
        Sex::Male => Sex::Female,
        Sex::Female => Sex::Male,
    }
}
