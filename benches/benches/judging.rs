//! What do the pure steps of one verification cost: reading answers, consolidating, contradicting, judging, describing, serialising?
//! Leaves the whole system to `verification`. Every step is shown as a ratio to walking the same answers' bytes once.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use bytes::Bytes;
use hedui_adapter::wire;
use hedui_core::household::{Household, HouseholdInput, MemberInput, Relation, Residence};
use hedui_core::record::RecordType;
use hedui_core::{
    DepartmentAnswers, DepartmentId, DepartmentProfile, Fact, Facts, Figure, Months, Origin, ProgrammeId, Query,
    Subject, SubjectAnswer, Tolerances, findings,
};
use hedui_ids::{DivisionCode, ResidentId};
use hedui_policy::{Filed, Needs, PackSet, Snapshot};
use hedui_sim::fast::{FastSettings, Faults, answers};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Departments of the measurements that the goals were set by.
const DEPARTMENTS: usize = 27;
/// Different answers, so that no branch is learnt by heart.
const TURNS: usize = 16;

/// One household and what departments say of it.
struct Case {
    household: Household,
    query: Query,
    turns: Vec<Vec<Bytes>>,
    profiles: Vec<DepartmentProfile>,
}

/// Nanoseconds per step.
#[derive(Default)]
struct Costs(Vec<(&'static str, u128)>);

impl Costs {
    #[allow(clippy::disallowed_methods)]
    fn take<T>(&mut self, step: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let spent = start.elapsed().as_nanos();
        match self.0.iter_mut().find(|(name, _)| *name == step) {
            Some((_, total)) => *total += spent,
            None => self.0.push((step, spent)),
        }
        result
    }
}

fn main() -> anyhow::Result<()> {
    let full = std::env::args().any(|a| a == "--bench");
    let households: usize = if full { 20_000 } else { 50 };
    let case = case()?;
    let packs = PackSet::bundled().map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    let pack = packs
        .select("511703", &case.query.purpose, Residence::Urban, case.query.as_of, None)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let wanted = wanted(&packs, &case.query.purpose);
    let mut costs = Costs::default();
    let (mut report_bytes, mut parts) = (0, 0);
    for n in 0..households {
        let turn = case.turns.get(n % TURNS).context("a turn")?;
        costs.take("floor: walk the bytes", || turn.iter().map(walk).sum::<usize>());
        let read: Vec<Vec<SubjectAnswer>> = costs.take("decode", || {
            turn.iter()
                .map(|bytes| wire::decode_answer(bytes, &case.query))
                .collect()
        });
        let departments: Vec<DepartmentAnswers<'_>> = case
            .profiles
            .iter()
            .zip(&read)
            .map(|(profile, subjects)| DepartmentAnswers { profile, subjects })
            .collect();
        let facts = costs.take("file", || {
            Facts::new(&case.household, case.query.as_of, &departments, 20)
        });
        let programmes = std::slice::from_ref(&case.query.purpose);
        let found = costs.take("find", || findings(&facts, programmes, "511703", Tolerances::default()));
        let verdict = costs.take("evaluate", || pack.evaluate(&facts, &[]));
        costs.take("snapshot", || filed(&facts, &wanted))?;
        let figures = costs.take("figures", || figures(&facts));
        let origins = costs.take("origins", || {
            let traced = verdict.trace.iter().flat_map(|s| &s.parts);
            let shown = figures.iter().flat_map(|f| &f.parts);
            let contradicting = found.iter().flat_map(|f| &f.parts);
            facts.origins(traced.chain(shown).chain(contradicting))
        });
        parts = figures.iter().map(|f| f.parts.len()).sum::<usize>()
            + found.iter().map(|f| f.parts.len()).sum::<usize>()
            + verdict.trace.iter().map(|s| s.parts.len()).sum::<usize>();
        report_bytes = costs.take("serialise", || {
            rmp_serde::to_vec(&(&found, &verdict, &figures, Origins(&origins))).map(|bytes| bytes.len())
        })?;
        costs.take("drop", || drop((found, verdict, figures, origins, facts)));
        drop(departments);
        costs.take("drop", || drop(read));
    }
    let answer_bytes: usize = case.turns.first().into_iter().flatten().map(Bytes::len).sum();
    println!("{answer_bytes} bytes of answers, {report_bytes} bytes of report, {parts} parts");
    let floor = costs.0.first().map_or(1, |(_, ns)| *ns).max(1);
    let count = u128::try_from(households)?;
    for (step, ns) in &costs.0 {
        println!(
            "{step:<24} {:>8} ns  {:>6}.{} x floor",
            ns / count,
            ns / floor,
            ns * 10 / floor % 10
        );
    }
    let all: u128 = costs.0.iter().skip(1).map(|(_, ns)| ns).sum();
    println!(
        "{:<24} {:>8} ns  {:>6} x floor",
        "all but the floor",
        all / count,
        all / floor
    );
    Ok(())
}

/// What the packs of the district's programme read.
fn wanted(packs: &PackSet, programme: &ProgrammeId) -> Vec<Arc<Needs>> {
    let packs = packs.of_programmes("511703", std::slice::from_ref(programme), None);
    Needs::groups(packs).into_iter().map(Arc::new).collect()
}

/// What is filed beside the verdict for packs that come later.
fn filed(facts: &Facts<'_>, wanted: &[Arc<Needs>]) -> anyhow::Result<Vec<u8>> {
    let snapshots: Result<Vec<Snapshot>, _> = wanted
        .iter()
        .map(|needs| Snapshot::of_facts(facts, &[], needs))
        .collect();
    let district = DivisionCode::parse("511703").context("a district")?;
    Ok(Filed::encode((district, Residence::Urban, None), &[], &snapshots?)?)
}

/// Origins as a report seals them.
#[derive(serde::Serialize)]
struct Origins<'a>(#[serde(serialize_with = "hedui_core::source::sealed::serialize")] &'a [Origin]);

/// The least that reading can cost: every byte looked at once.
fn walk(bytes: &Bytes) -> usize {
    black_box(bytes.iter().filter(|b| **b == 0x0A).count())
}

/// What every report shows.
fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    use hedui_core::record::IncomeKind as K;
    let year = Months::before(facts.as_of, 12);
    [
        Fact::Income(K::Wage),
        Fact::Income(K::Business),
        Fact::Income(K::Property),
        Fact::Income(K::Transfer),
        Fact::FinancialAssets,
        Fact::ProvidentFundBalance,
        Fact::Dwellings,
        Fact::OtherRealEstate,
        Fact::Vehicles,
        Fact::CommercialVehicles,
        Fact::Businesses,
        Fact::PublicPayroll,
    ]
    .into_iter()
    .map(|fact| Figure::clone(&facts.figure(fact, None, year)))
    .collect()
}

fn case() -> anyhow::Result<Case> {
    let as_of = hedui_core::Date::new(2026, 11, 22)?;
    let household = Household::check(
        HouseholdInput {
            residence: Residence::Urban,
            members: vec![
                member(1980, "张建国", Relation::Applicant)?,
                member(1981, "李秀英", Relation::Spouse)?,
                member(2012, "张小明", Relation::Child)?,
            ],
            declared: Default::default(),
            circumstances: Vec::new(),
            supporters: Vec::new(),
            town: None,
        },
        as_of,
    )
    .map_err(|mistakes| anyhow::anyhow!("{mistakes:?}"))?;
    let subjects = household.members.iter().zip(0..).map(|(member, ordinal)| Subject {
        ordinal,
        id: member.id,
        name: member.name.clone(),
    });
    let unneeded = [
        RecordType::MedicalExpense,
        RecordType::Enrolment,
        RecordType::Disability,
    ];
    let query = Query {
        query_id: "bench".into(),
        purpose: ProgrammeId::new("dibao")?,
        district_code: "511703".into(),
        authorization_digest: [7; 32],
        as_of,
        period_from: as_of,
        period_until: as_of,
        subjects: subjects.collect(),
        record_types: RecordType::ALL
            .iter()
            .copied()
            .filter(|t| !unneeded.contains(t))
            .collect(),
    };
    let settings = FastSettings {
        districts: Vec::new(),
        count: DEPARTMENTS,
        seed: 7,
        think_ms: None,
        faults: Faults::default(),
    };
    let encoded = wire::encode_query(&query);
    let (mut turns, mut profiles) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let given = answers(&settings, &encoded, turn * 3)?;
        profiles = given
            .iter()
            .map(|(d, _)| profile(&d.department, &d.record_types))
            .collect();
        turns.push(given.into_iter().map(|(_, bytes)| bytes).collect());
    }
    Ok(Case {
        household,
        query,
        turns,
        profiles,
    })
}

fn profile(id: &DepartmentId, types: &[RecordType]) -> DepartmentProfile {
    DepartmentProfile {
        id: id.clone(),
        name: Default::default(),
        record_types: types.to_vec(),
        deadline_ms: 1_000,
        freshness_ms: 0,
        threshold_only: false,
        signing_keys: Vec::new(),
    }
}

fn member(year: u16, name: &str, relation: Relation) -> anyhow::Result<MemberInput> {
    let place = DivisionCode::new(511_703).context("a place")?;
    let birth = hedui_ids::Date::new(year, 6, 1).context("a day")?;
    let id = ResidentId::compose(place, birth, 1).context("an id")?;
    Ok(MemberInput {
        id_number: id.expose().to_owned(),
        name: name.to_owned(),
        relation,
        incapable: false,
        incomes: Vec::new(),
        casual_work_months: 0,
        circumstances: Vec::new(),
    })
}
