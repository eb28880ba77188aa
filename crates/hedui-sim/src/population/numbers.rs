//! Numbers that identify things, unique within one population: resident IDs, credit codes, unit numbers, accounts, plates.
//! Leaves their rules to `hedui_ids`; none of them is meant to be anybody's.

use std::collections::HashMap;

use hedui_ids::{CreditCode, Date, DivisionCode, ResidentId, Sex};

use super::place::Place;
use crate::error::SimError;

/// First sequence given out; low ones are those that the police gave out first.
const FIRST_SEQUENCE: u16 = 500;
/// Last sequence given out: 996 to 999 were kept for centenarians.
const LAST_SEQUENCE: u16 = 995;

/// Gives out numbers, each once.
#[derive(Default)]
pub(crate) struct Numbers {
    sequences: HashMap<(u32, Date, bool), u16>,
    counters: HashMap<&'static str, u64>,
}

impl Numbers {
    fn next(&mut self, kind: &'static str) -> u64 {
        let counter = self.counters.entry(kind).or_default();
        *counter += 1;
        *counter
    }

    /// A resident ID that nobody else of the population has; moves to the next day when a day is full.
    pub(crate) fn resident(
        &mut self,
        division: DivisionCode,
        birth: Date,
        sex: Sex,
    ) -> Result<(ResidentId, Date), SimError> {
        let male = sex == Sex::Male;
        let mut day = birth;
        for _ in 0..400 {
            let next = self.sequences.entry((division.number(), day, male)).or_insert(if male {
                FIRST_SEQUENCE + 1
            } else {
                FIRST_SEQUENCE
            });
            if *next <= LAST_SEQUENCE
                && let Some(id) = ResidentId::compose(division, day, *next)
            {
                *next += 2;
                return Ok((id, day));
            }
            day = previous_day(day).ok_or(SimError::Exhausted("resident IDs"))?;
        }
        Err(SimError::Exhausted("resident IDs"))
    }

    /// A department's own key of a record: initials of the department and a running number.
    pub(crate) fn reference(&mut self, department: &'static str) -> String {
        let initials: String = department.split('-').filter_map(|word| word.chars().next()).collect();
        format!("{}{:07}", initials.to_ascii_uppercase(), self.next(department))
    }

    /// Number of a household booklet.
    pub(crate) fn booklet(&mut self, division: &str) -> String {
        format!("{division}{:08}", self.next("booklet"))
    }

    /// A unified social credit code; `kind` is `91` for a company, `92` for a shop, `12` for a public institution.
    pub(crate) fn credit_code(&mut self, kind: &str, division: &str) -> Result<String, SimError> {
        let n = self.next("credit code");
        let organisation = format!("{n:08}");
        let bytes: [u8; 8] = organisation
            .as_bytes()
            .try_into()
            .map_err(|_| SimError::Exhausted("credit codes"))?;
        let check = CreditCode::organisation_checksum(&bytes).ok_or(SimError::Exhausted("credit codes"))?;
        CreditCode::compose(&format!("{kind}{division}{organisation}{}", char::from(check)))
            .map(|code| code.expose().to_owned())
            .ok_or(SimError::Exhausted("credit codes"))
    }

    /// A real-estate unit number of 28 characters.
    pub(crate) fn unit(&mut self, division: &str) -> String {
        format!("{division}001001GB{:05}F{:08}", 1, self.next("unit"))
    }

    /// A bank account.
    pub(crate) fn account(&mut self) -> String {
        format!("621457{:013}", self.next("account"))
    }

    /// A depository or policy number.
    pub(crate) fn policy(&mut self) -> String {
        format!("P{:011}", self.next("policy"))
    }

    /// A number plate of the place.
    pub(crate) fn plate(&mut self, place: &Place) -> String {
        format!("{}{:05}", place.plate, self.next("plate") % 100_000)
    }

    /// A vehicle identification number.
    pub(crate) fn vin(&mut self) -> String {
        format!("LSV{:014}", self.next("vin"))
    }

    /// A contract of land or forest.
    pub(crate) fn contract(&mut self, division: &str) -> String {
        format!("{division}{:012}J", self.next("contract"))
    }

    /// A running number of any other kind.
    pub(crate) fn running(&mut self, kind: &'static str) -> u64 {
        self.next(kind)
    }
}

fn previous_day(day: Date) -> Option<Date> {
    if day.day() > 1 {
        Date::new(day.year(), day.month(), day.day() - 1)
    } else if day.month() > 1 {
        Date::new(day.year(), day.month() - 1, 28)
    } else {
        Date::new(day.year().checked_sub(1)?, 12, 31)
    }
}
