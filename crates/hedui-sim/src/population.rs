//! A synthetic district: households with known truth, drawn from a seed.
//! Leaves turning their records into databases and files to `sources`, and every judgement to the verification.

mod cheats;
mod dice;
mod draft;
mod economy;
mod ledger;
mod names;
mod needs;
mod numbers;
mod oddities;
mod people;
mod place;
mod truth;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hedui_core::household::Residence;
use hedui_core::{DepartmentId, Fen};

pub use place::Place;
pub use truth::{Cheat, CheatKind, Oddity, PersonRecords, Settings, Standing, Truth};

pub(crate) use dice::Dice;

use crate::error::SimError;
use draft::Draft;
use numbers::Numbers;
use people::Cradle;

/// Cheats among ten thousand households: Zhangjiagang found 2,146 of 47,000 not eligible by the end of 2017.
pub const CHEATS_PER_TEN_THOUSAND: u64 = 457;

/// Streams of chance beside those of the households, which count from 0.
const STREAM_CHEATS: u64 = u64::MAX - 1;

/// A district's households.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// What it was drawn from.
    pub settings: Settings,
    /// The households, in the order of their numbers.
    pub households: Vec<Truth>,
}

impl Population {
    /// Everything that one department holds, in the order of the households.
    pub fn held_by<'a>(&'a self, department: &'a DepartmentId) -> impl Iterator<Item = &'a PersonRecords> {
        self.households
            .iter()
            .filter_map(move |truth| truth.records.get(department))
            .flatten()
    }

    /// How many records each department holds.
    pub fn sizes(&self) -> BTreeMap<DepartmentId, usize> {
        let mut sizes = BTreeMap::new();
        for (department, people) in self.households.iter().flat_map(|truth| &truth.records) {
            *sizes.entry(department.clone()).or_default() += people.iter().map(|p| p.records.len()).sum::<usize>();
        }
        sizes
    }
}

/// Draws the households of a district.
///
/// The number of cheats is fixed by the number of households, to the nearest; which ones they are is chance.
pub fn generate(settings: &Settings) -> Result<Population, SimError> {
    if !(1990..=2100).contains(&settings.as_of.year()) {
        return Err(SimError::AsOf);
    }
    let place = Place::of(&settings.district)?;
    let mut numbers = Numbers::default();
    let count = usize::try_from(settings.households).unwrap_or(usize::MAX);
    let cheating = (u64::from(settings.households) * CHEATS_PER_TEN_THOUSAND + 5_000) / 10_000;
    let cheats = Dice::seeded(settings.seed, STREAM_CHEATS).sample(count, usize::try_from(cheating).unwrap_or(0));
    let households = cheats
        .into_iter()
        .zip(0u32..)
        .map(|(cheats, number)| household(settings, &place, &mut numbers, number, cheats))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Population {
        settings: settings.clone(),
        households,
    })
}

fn household(
    settings: &Settings,
    place: &Place,
    numbers: &mut Numbers,
    number: u32,
    cheats: bool,
) -> Result<Truth, SimError> {
    let dice = Dice::seeded(settings.seed, u64::from(number));
    let mut draft = Draft::new(place, settings.as_of, dice, numbers);
    let target = match cheats {
        // Whoever hides something looks poor.
        true => Standing::Below,
        false => draft
            .dice
            .weighted((Standing::Below, 66), &[(Standing::Near, 20), (Standing::Above, 14)]),
    };
    draft.residence = if draft.dice.percent(70) {
        Residence::Rural
    } else {
        Residence::Urban
    };
    let hidden = if cheats { cheats::draw(&mut draft) } else { Vec::new() };
    let mut oddity = if cheats {
        None
    } else {
        oddities::draw(&mut draft, target)
    };
    if oddity == Some(Oddity::Migrant) {
        let elsewhere = usize::try_from(draft.dice.range(0, 9)).unwrap_or(0);
        draft.home = place.elsewhere(elsewhere)?;
    }
    let spouse_hidden = hidden.contains(&CheatKind::UndeclaredSpouse);
    draft.must_own_flat = hidden.contains(&CheatKind::SecondFlat);
    let shape = people::shape(&mut draft.dice, spouse_hidden);
    let division = draft.home.code;
    draft.members = Cradle {
        dice: &mut draft.dice,
        numbers: draft.numbers,
        division,
        as_of: settings.as_of,
    }
    .household(shape)?;
    oddity = oddity.and_then(|oddity| oddities::prepare(&mut draft, oddity));
    economy::live(&mut draft, target)?;
    let spouse = if spouse_hidden {
        Some(cheats::hidden_spouse(&mut draft)?)
    } else {
        None
    };
    let traces = draft.register(spouse.as_ref());
    if spouse_hidden {
        draft.caught(CheatKind::UndeclaredSpouse, 0, traces);
    }
    for kind in hidden {
        cheats::hide(&mut draft, kind)?;
    }
    if let Some(oddity) = oddity {
        oddities::show(&mut draft, oddity)?;
        draft.oddities.push(oddity);
    }
    Ok(finish(draft, settings, number))
}

fn finish(mut draft: Draft<'_>, settings: &Settings, number: u32) -> Truth {
    let persons = i64::try_from(draft.members.len()).unwrap_or(1).max(1);
    let standing = standing(draft.monthly_income, draft.standard(), persons);
    let (household, authorizations) = draft.application(&settings.programmes, number);
    Truth {
        number,
        household,
        authorizations,
        standing,
        monthly_income: draft.monthly_income,
        cheats: draft.cheats,
        oddities: draft.oddities,
        records: draft.ledger.into_departments(),
    }
}

/// Compared by multiplying, so that nothing is rounded.
fn standing(monthly: Fen, standard: Fen, persons: i64) -> Standing {
    let limit = i128::from(standard.0) * i128::from(persons);
    match i128::from(monthly.0) {
        income if income > limit => Standing::Above,
        income if income * 10 >= limit * 9 => Standing::Near,
        _ => Standing::Below,
    }
}
