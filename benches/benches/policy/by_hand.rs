//! The floor: Da'an's rural working-capacity index of 2018 written out by hand, in whole fen over a struct of arrays.
//! Leaves everything that makes a pack a pack out, on purpose: other rules, other dates, bounds, references.

use hedui_core::facts::Fact;
use hedui_core::record::{DisabilityKind, IncomeKind, TransferNature};
use hedui_core::{Date, Outcome};
use hedui_ids::Sex;
use hedui_policy::{FigureKey, Judged, Payable, Snapshot};
use rayon::prelude::*;

/// Standard a year, in fen.
const STANDARD: i64 = 360_000;
/// Households that a thread takes at a time.
const BLOCK: usize = 8_192;

/// Settled households, one array for each figure; members one after another, with where each household's end.
#[derive(Default)]
pub struct Arrays {
    income: Vec<i64>,
    /// Without what article 13 leaves out.
    transfer: Vec<i64>,
    medical: Vec<i64>,
    financial: Vec<i64>,
    dwellings: Vec<u8>,
    other_real_estate: Vec<u8>,
    vehicles: Vec<u8>,
    commercial_vehicles: Vec<u8>,
    businesses: Vec<u8>,
    members_from: Vec<u32>,
    age: Vec<u8>,
    female: Vec<u8>,
    /// 0 for none, else the grade, 4 more for the kinds that lower further.
    disability: Vec<u8>,
    casual_months: Vec<u8>,
}

/// What a household is told: 1 where it qualifies, and the amount in fen.
pub type Said = (u8, i64);

/// Health coefficients in fifths.
const HEALTH: [i64; 9] = [5, 1, 2, 3, 4, 0, 1, 2, 3];

/// Age coefficient in fifths.
fn age_fifths(age: u8) -> i64 {
    match age {
        18..60 => 5,
        60..65 => 3,
        65..70 => 1,
        _ => 0,
    }
}

impl Arrays {
    /// From settled snapshots.
    pub fn new(snapshots: &[Snapshot], day: Date) -> anyhow::Result<Arrays> {
        let mut arrays = Arrays::default();
        arrays.members_from.push(0);
        for snapshot in snapshots {
            let get = |fact, months| {
                let figure = snapshot.figure(&FigureKey::of_fact(fact, months));
                figure.and_then(|figure| figure.lo).unwrap_or_default()
            };
            let income = |kind| get(Fact::Income(kind), 12);
            let small = |fact| u8::try_from(get(fact, 0));
            arrays
                .income
                .push(income(IncomeKind::Wage) + income(IncomeKind::Business) + income(IncomeKind::Property));
            let left_out = [
                TransferNature::Scholarship,
                TransferNature::Honour,
                TransferNature::GovernmentRelief,
            ];
            let left_out = left_out.map(|nature| get(Fact::Transfer(nature), 12));
            arrays
                .transfer
                .push(income(IncomeKind::Transfer) - left_out.iter().sum::<i64>());
            arrays.medical.push(get(Fact::MedicalOwnCost, 12));
            arrays.financial.push(get(Fact::FinancialAssets, 0));
            arrays.dwellings.push(small(Fact::Dwellings)?);
            arrays.other_real_estate.push(small(Fact::OtherRealEstate)?);
            arrays.vehicles.push(small(Fact::Vehicles)?);
            arrays.commercial_vehicles.push(small(Fact::CommercialVehicles)?);
            arrays.businesses.push(small(Fact::Businesses)?);
            let casual = FigureKey::of_fact(Fact::CasualWorkMonths, 0);
            for (at, person) in snapshot.members().iter().enumerate() {
                arrays.age.push(u8::try_from(person.age_on(day))?);
                arrays.female.push(u8::from(person.sex == Sex::Female));
                let lower = [
                    DisabilityKind::Intellectual,
                    DisabilityKind::Mental,
                    DisabilityKind::Multiple,
                ];
                arrays.disability.push(
                    person
                        .disability
                        .known
                        .map_or(0, |(kind, grade)| grade + if lower.contains(&kind) { 4 } else { 0 }),
                );
                let months = snapshot.member_figure(at, &casual).and_then(|figure| figure.lo);
                arrays.casual_months.push(u8::try_from(months.unwrap_or_default())?);
            }
            arrays.members_from.push(u32::try_from(arrays.age.len())?);
        }
        Ok(arrays)
    }

    /// Judges all on the threads of the current pool.
    #[allow(clippy::indexing_slicing)] // Written as one would by hand.
    pub fn judge(&self, said: &mut [Said]) {
        said.par_chunks_mut(BLOCK).enumerate().for_each(|(block, said)| {
            let first = block * BLOCK;
            let all = first..first + said.len();
            let (income, transfer) = (&self.income[all.clone()], &self.transfer[all.clone()]);
            let (medical, financial) = (&self.medical[all.clone()], &self.financial[all.clone()]);
            let (dwellings, other) = (&self.dwellings[all.clone()], &self.other_real_estate[all.clone()]);
            let (vehicles, commercial) = (&self.vehicles[all.clone()], &self.commercial_vehicles[all.clone()]);
            let businesses = &self.businesses[all.clone()];
            let from = &self.members_from[first..=all.end];
            for (i, said) in said.iter_mut().enumerate() {
                let members = from[i] as usize..from[i + 1] as usize;
                let persons = members.len() as i64;
                // In 125ths: three coefficients in fifths.
                let (mut index, mut months) = (0, 0);
                for m in members {
                    index += HEALTH[usize::from(self.disability[m])]
                        * age_fifths(self.age[m])
                        * (5 - i64::from(self.female[m]));
                    months += i64::from(self.casual_months[m]);
                }
                // Times the number of persons, so that the mean index stays whole: 200,000 fen * index / 125 * months.
                let gross = persons * (income[i] + transfer[i].max(0)) + 1_600 * index * months;
                let net = (gross - persons * medical[i]).max(0);
                let square = persons * persons;
                let per_head = (net + 5 * square) / (10 * square) * 10;
                let difference = (STANDARD - per_head).max(0) * persons;
                let classified = 144_000 * persons - 1_152 * index;
                let qualifies = (net < STANDARD * square)
                    & (financial[i] < STANDARD * persons)
                    & (dwellings[i] <= 1)
                    & (other[i] <= 1)
                    & (vehicles[i] == 0)
                    & (commercial[i] <= 1)
                    & (businesses[i] == 0);
                *said = (u8::from(qualifies), (difference + classified).max(0));
            }
        });
    }
}

/// Whether both say the same.
pub fn agree((qualifies, fen): Said, judged: &Judged) -> bool {
    let amount = Payable { lo: fen, hi: Some(fen) };
    match judged.outcome {
        Outcome::Qualifies => qualifies == 1 && judged.amount == Some(amount),
        Outcome::Exceeds => qualifies == 0 && judged.amount.is_none(),
        Outcome::Inconclusive => false,
    }
}
