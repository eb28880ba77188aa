//! Random households as snapshots: at limits, beside them, within bounds, and beyond what columns hold.
//! Leaves a realistic spread to the benchmarks.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use hedui_core::bounds::Bounds;
use hedui_core::dates::Date;
use hedui_core::facts::Fact;
use hedui_core::household::Relation;
use hedui_core::record::DisabilityKind;
use hedui_core::verdict::Truth;
use hedui_ids::Sex;

use crate::snapshot::{Composition, Disability, FigureKey, Needs, Person, Reading, Snapshot, Supporter};
use crate::{Columns, Pack, PackSet, Said};

/// Splitmix64: one seed, one household.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From zero to below.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn within(&mut self, lo: i64, hi: i64) -> i64 {
        lo + self.below((hi - lo).unsigned_abs() + 1).cast_signed()
    }

    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// What a random household may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Settled,
    OnBounds,
    /// Also numbers that columns do not hold.
    Wild,
}

/// Fen and hundredths of a square metre; formulas speak of yuan and square metres.
pub(crate) fn is_in_hundredths(reading: &Reading) -> bool {
    match reading {
        Reading::Fact(fact) => !matches!(
            fact,
            Fact::Dwellings
                | Fact::OtherRealEstate
                | Fact::RealEstateGivenUp
                | Fact::Vehicles
                | Fact::CommercialVehicles
                | Fact::Businesses
                | Fact::PublicPayroll
                | Fact::CasualWorkMonths
        ),
        Reading::Stated(_, said) => *said == Said::Amount,
        Reading::NewJobMonths
        | Reading::RegisteredIn(_)
        | Reading::Married
        | Reading::Attends(_)
        | Reading::Disabled(_)
        | Reading::Draws(_)
        | Reading::Received(_) => false,
    }
}

/// Every shipped pack.
pub(crate) static PACKS: LazyLock<PackSet> = LazyLock::new(|| PackSet::bundled().unwrap());
/// What the shipped packs of each rule of who counts read together, by the digest of the rule.
pub(crate) static GROUPS: LazyLock<BTreeMap<Option<[u8; 16]>, Arc<Needs>>> = LazyLock::new(|| {
    let mut groups: BTreeMap<_, Vec<&Pack>> = BTreeMap::new();
    for pack in PACKS.packs() {
        groups.entry(needs_of(pack).rule_digest()).or_default().push(pack);
    }
    let needs = |(rule, packs)| (rule, Arc::new(Needs::of_packs(packs).unwrap()));
    groups.into_iter().map(needs).collect()
});
/// What the packs that count the same people as the pack of the benchmark read together.
pub(crate) static NEEDS: LazyLock<Arc<Needs>> = LazyLock::new(|| group_of(capacity_index()));
/// All of them made ready, once for all tests.
static COLUMNS: LazyLock<Vec<Columns<'static>>> =
    LazyLock::new(|| PACKS.packs().iter().map(|pack| Columns::new(pack).unwrap()).collect());

/// What the shipped packs that count the same people as one of them read together.
pub(crate) fn group_of(columns: &Columns<'_>) -> Arc<Needs> {
    Arc::clone(&GROUPS[&columns.needs().rule_digest()])
}

/// A pack that reads what no shipped pack reads yet, with a rule of its own of who counts.
pub(crate) static EVERYTHING: LazyLock<Pack> = LazyLock::new(|| {
    let pack = Pack::parse("everything.toml", include_str!("everything.toml"));
    pack.map_err(|mistakes| mistakes.to_string()).unwrap()
});
/// It made ready.
pub(crate) static EVERYTHING_COLUMNS: LazyLock<Columns<'static>> = LazyLock::new(|| Columns::new(&EVERYTHING).unwrap());

/// One of the shipped packs, or that one, with what a snapshot for it holds.
pub(crate) fn any_pack(seed: u64) -> (&'static Columns<'static>, Arc<Needs>) {
    let shipped = COLUMNS.get((seed % (COLUMNS.len() as u64 + 3)) as usize);
    shipped.map_or_else(
        || (&*EVERYTHING_COLUMNS, needs_of(&EVERYTHING)),
        |columns| (columns, group_of(columns)),
    )
}

/// All of them.
pub(crate) fn all_columns() -> &'static [Columns<'static>] {
    &COLUMNS
}

/// The pack of the benchmark.
pub(crate) fn capacity_index() -> &'static Columns<'static> {
    let found = COLUMNS
        .iter()
        .find(|columns| columns.pack().id() == "dibao-daan-rural-capacity-index");
    found.unwrap()
}

pub(crate) fn needs_of(pack: &Pack) -> Arc<Needs> {
    Arc::new(Needs::of_packs([pack]).unwrap())
}

fn number(random: &mut Random, reading: &Reading, persons: i64) -> i64 {
    if !is_in_hundredths(reading) {
        return random.pick(&[0, 0, 0, 0, 0, 1, 1, 2, 3, 12]);
    }
    // Standards of the shipped packs by the year or month, in fen, times persons: borders of their tests.
    let standard = random.pick(&[360_000, 384_000, 36_000, 52_000, 87_500, 43_000, 30_000]) * persons;
    match random.below(8) {
        0..3 => 0,
        3 => standard + random.within(-3, 3),
        4 => standard * random.pick(&[1, 2, 12, 24]),
        5 => random.within(0, 200),
        _ => random.within(0, 2 * standard),
    }
}

fn wild(random: &mut Random) -> Bounds {
    let large = [
        i64::MAX,
        i64::MIN,
        (1 << 40) + 1,
        1 << 40,
        1 << 36,
        -1,
        (1 << 20) + 1,
        1 << 50,
    ];
    let (a, b) = (random.pick(&large), random.pick(&large));
    let end = |random: &mut Random, value| (!random.one_in(3)).then_some(value);
    Bounds {
        lo: end(random, a.min(b)),
        hi: end(random, a.max(b)),
    }
}

fn figure(random: &mut Random, key: &FigureKey, persons: i64, kind: Kind) -> Bounds {
    if key.reading.is_condition() {
        let open = Bounds::between(0, 1);
        let truths = [Bounds::exactly(0), Bounds::exactly(0), Bounds::exactly(1), open];
        return random.pick(&truths[..if kind == Kind::Settled { 3 } else { 4 }]);
    }
    if kind == Kind::Wild && random.one_in(12) {
        return wild(random);
    }
    let value = number(random, &key.reading, persons);
    let more = number(random, &key.reading, persons);
    match random.below(12) {
        _ if kind == Kind::Settled => Bounds::exactly(value),
        0 => Bounds::between(value, value + more),
        1 => Bounds::exactly(value).or_more(),
        2 => Bounds::between(0, value),
        3 => Bounds::NON_NEGATIVE,
        _ => Bounds::exactly(value),
    }
}

fn person(random: &mut Random, kind: Kind) -> Person {
    let year = 1935 + random.below(90) as u16;
    let birth = hedui_ids::Date::new(year, 1 + random.below(12) as u8, 1 + random.below(28) as u8).unwrap();
    let may_be_open = kind != Kind::Settled;
    let known = random
        .one_in(4)
        .then(|| (random.pick(DisabilityKind::ALL), 1 + random.below(4) as u8));
    Person {
        birth,
        sex: random.pick(&[Sex::Female, Sex::Male]),
        student: match random.below(8) {
            0 => Truth::Holds,
            1 if may_be_open => Truth::Open,
            _ => Truth::Fails,
        },
        disability: Disability {
            known,
            is_open: may_be_open && random.one_in(8),
        },
    }
}

/// The household of a seed.
pub(crate) fn household(seed: u64, needs: &Arc<Needs>, kind: Kind) -> Snapshot {
    let mut random = Random(seed);
    let persons = random.pick(&[1i64, 1, 2, 2, 3, 3, 4, 5, 6, 9, 20]);
    let as_of = Date::new(
        random.within(2016, 2027) as i16,
        random.within(1, 12) as i8,
        random.within(1, 28) as i8,
    )
    .unwrap();
    let composition = random.pick(&[
        Composition::Settled,
        Composition::Settled,
        Composition::Settled,
        Composition::Open,
        Composition::MembersOpen,
    ]);
    let figures = needs
        .household()
        .iter()
        .map(|key| figure(&mut random, key, persons, kind))
        .collect();
    let members = (0..persons).map(|_| person(&mut random, kind)).collect();
    let keys = (0..persons).flat_map(|_| needs.member().iter());
    let member_figures = keys.map(|key| figure(&mut random, key, persons, kind)).collect();
    let snapshot = Snapshot::new(needs, as_of, composition, figures, members, member_figures).unwrap();
    let number = if needs.supporters() {
        random.pick(&[0, 0, 0, 1, 3])
    } else {
        0
    };
    let supporters = (0..number).map(|_| supporter(&mut random)).collect();
    snapshot.with_supporters(supporters).unwrap()
}

fn supporter(random: &mut Random) -> Supporter {
    Supporter {
        relation: random.pick(&[Relation::Child, Relation::Child, Relation::Spouse, Relation::Parent]),
        persons: random.within(1, 5) as u32,
        monthly_income: random.pick(&[0, 50_000, 150_001, 300_000]) + random.within(0, 300),
        unable: random.one_in(4),
    }
}
