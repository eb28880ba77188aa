//! Invented households for the benchmark, a different one for each number: 2.6 members, some three in five entitled, some on bounds.
//! Leaves truth about a district to `hedui-sim`; here only the spread matters.

use std::sync::Arc;

use anyhow::Context as _;
use hedui_core::facts::Fact;
use hedui_core::record::{DisabilityKind, IncomeKind};
use hedui_core::{Bounds, Date, Truth};
use hedui_ids::Sex;
use hedui_policy::{Composition, Disability, FigureKey, Needs, Person, Reading, Snapshot};

/// Households of so many members, of a hundred.
const SIZES: [(u8, u64); 6] = [(1, 20), (2, 32), (3, 25), (4, 14), (5, 7), (6, 2)];

/// Splitmix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Whether something that so many of a thousand have.
    fn has(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    fn up_to(&mut self, limit: u64) -> i64 {
        self.below(limit + 1).cast_signed()
    }
}

/// Makes households.
pub struct Households {
    needs: Arc<Needs>,
    as_of: Date,
    /// How many of a thousand have a figure that is not settled.
    open_per_mille: u64,
}

impl Households {
    /// Of a day, with the figures that packs need.
    pub fn new(needs: Needs, as_of: Date, open_per_mille: u64) -> Households {
        Households {
            needs: Arc::new(needs),
            as_of,
            open_per_mille,
        }
    }

    /// The household of a number.
    pub fn household(&self, number: u64) -> anyhow::Result<Snapshot> {
        let mut random = Random(number.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let mut share = random.below(100);
        let fits = |&&(_, of): &&(u8, u64)| {
            let found = share < of;
            share = share.saturating_sub(of);
            found
        };
        let persons = SIZES.iter().find(fits).map_or(1, |(size, _)| *size);
        let mut figures: Vec<Bounds> = self
            .needs
            .household()
            .iter()
            .map(|key| Ok(Bounds::exactly(figure(&mut random, key, u64::from(persons))?)))
            .collect::<anyhow::Result<_>>()?;
        if random.has(self.open_per_mille) {
            let count = u64::try_from(figures.len())?;
            let at = usize::try_from(random.below(count.max(1)))?;
            if let Some(figure) = figures.get_mut(at) {
                *figure = if random.has(700) {
                    figure.or_more()
                } else {
                    Bounds { lo: Some(0), ..*figure }
                };
            }
        }
        let mut members = Vec::with_capacity(usize::from(persons));
        let mut months = Vec::with_capacity(usize::from(persons) * self.needs.member().len());
        for order in 0..persons {
            let member = person(&mut random, order)?;
            let age = member.age_on(self.as_of);
            for key in self.needs.member() {
                months.push(Bounds::exactly(of_member(&mut random, key, age)?));
            }
            members.push(member);
        }
        Ok(Snapshot::new(
            &self.needs,
            self.as_of,
            Composition::Settled,
            figures,
            members,
            months,
        )?)
    }
}

/// Months of casual work; of a member the packs that it is for read nothing else.
fn of_member(random: &mut Random, key: &FigureKey, age: u32) -> anyhow::Result<i64> {
    let is_known = key.reading == Reading::Fact(Fact::CasualWorkMonths);
    anyhow::ensure!(is_known, "no members are invented with {:?}", key.reading);
    let works = (16..70).contains(&age) && random.has(300);
    Ok(if works { random.up_to(12) } else { 0 })
}

/// A figure in fen, pieces or hundredths: many have none, those who have some have little.
fn figure(random: &mut Random, key: &FigureKey, persons: u64) -> anyhow::Result<i64> {
    let Reading::Fact(fact) = key.reading else {
        anyhow::bail!("no households are invented with {:?}", key.reading)
    };
    let (per_mille, most) = match fact {
        Fact::Income(IncomeKind::Wage) => (350, 500_000 * persons),
        Fact::Income(IncomeKind::Business) => (300, 300_000 * persons),
        Fact::Income(IncomeKind::Property) => (250, 150_000 * persons),
        Fact::Income(IncomeKind::Transfer) => (500, 200_000 * persons),
        Fact::BasicPension => (200, 100_000),
        Fact::Transfer(_) => (30, 50_000),
        Fact::MedicalOwnCost => (400, 400_000),
        Fact::FinancialAssets => (500, 450_000 * persons),
        Fact::ProvidentFundBalance => (50, 2_000_000),
        Fact::Dwellings => (700, 1),
        // In hundredths of a square metre.
        Fact::DwellingArea => (700, 12_000),
        Fact::OtherRealEstate => (60, 2),
        Fact::RealEstateGivenUp => (10, 1),
        Fact::Vehicles => (40, 1),
        Fact::CommercialVehicles => (30, 2),
        Fact::Businesses => (30, 1),
        Fact::PublicPayroll => (20, 1),
        Fact::CasualWorkMonths => (300, 12),
    };
    Ok(if random.has(per_mille) { random.up_to(most) } else { 0 })
}

fn person(random: &mut Random, order: u8) -> anyhow::Result<Person> {
    // The first is of age; of the others some are children.
    let age = if order == 0 || random.has(600) {
        20 + random.below(65)
    } else {
        random.below(18)
    };
    let year = u16::try_from(2017 - age)?;
    let (month, day) = (u8::try_from(1 + random.below(12))?, u8::try_from(1 + random.below(28))?);
    let kinds = DisabilityKind::ALL;
    let kind = usize::try_from(random.below(7))?;
    let grade = u8::try_from(1 + random.below(4))?;
    let known = random
        .has(80)
        .then(|| kinds.get(kind).map(|kind| (*kind, grade)))
        .flatten();
    Ok(Person {
        birth: hedui_ids::Date::new(year, month, day).context("a day of birth")?,
        sex: if random.has(500) { Sex::Female } else { Sex::Male },
        student: if age < 22 { Truth::Holds } else { Truth::Fails },
        disability: Disability { known, is_open: false },
    })
}
