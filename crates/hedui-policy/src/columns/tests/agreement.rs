//! Columns, exact fractions on snapshots, and the evaluator on facts say the same of the same household.
//! Leaves whether that is right to `oracle`.

use hedui_core::circumstance::{Circumstance, Detail, Of, StatedCircumstance};
use hedui_core::dates::Date;
use hedui_core::household::Relation;
use hedui_core::money::Fen;
use hedui_core::record::{self, DisabilityKind, IncomeKind, RecordBody, RecordType};
use hedui_core::supporter::Supporter;
use hedui_core::verdict::{Outcome, Verdict};
use hedui_ids::Sex;
use proptest::prelude::*;
use smol_str::SmolStr;

use super::households::{
    EVERYTHING, EVERYTHING_COLUMNS, Kind, NEEDS, Random, all_columns, any_pack, capacity_index, group_of, household,
    needs_of,
};
use crate::columns::layout::Shape;
use crate::snapshot::{Composition, Snapshot};
use crate::testing::{Case, member};
use crate::{Columns, Judged, Payable, TOO_MANY_COMPOSITIONS, When};

#[test]
fn every_shipped_pack_has_columns_for_every_size_and_time() {
    for columns in all_columns().iter().chain([&*EVERYTHING_COLUMNS]) {
        for persons in 1..=20 {
            for year in [2018, 2023, 2026] {
                let day = Date::new(year, 6, 15).unwrap();
                assert_eq!(
                    columns.has_columns(persons, day),
                    [true; 2],
                    "{} {persons} {year}",
                    columns.pack().id()
                );
                for may_be_open in [false, true] {
                    // The README promises this limit.
                    let kernel = columns.kernel(columns.time(day), Shape { persons, may_be_open });
                    assert_eq!(kernel.map(|kernel| kernel.money), Some(1 << 40), "{persons}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn columns_judge_as_exact_fractions_do(seed: u64, kind in prop::sample::select(vec![Kind::Settled, Kind::OnBounds, Kind::Wild])) {
        let (columns, needs) = any_pack(seed);
        let snapshots: Vec<Snapshot> = (0..64).map(|n| household(seed.wrapping_add(n), &needs, kind)).collect();
        for when in [When::OwnDate, When::On(Date::new(2023, 2, 28).unwrap())] {
            let judged = columns.judge_all(&snapshots, when).unwrap();
            for (snapshot, judged) in snapshots.iter().zip(judged) {
                prop_assert_eq!(judged, columns.judge_exactly(snapshot, when).unwrap(), "{:?}", snapshot);
            }
        }
    }
}

/// What a verdict says, as columns say it.
fn said(verdict: &Verdict, columns: &Columns<'_>) -> Judged {
    let position = |band: &SmolStr| (0u8..).find(|at| columns.band(*at) == Some(band.as_str())).unwrap();
    Judged {
        outcome: verdict.outcome,
        band: verdict.band.as_ref().map(position),
        amount: verdict.amount.as_ref().map(|amount| Payable {
            lo: amount.lo,
            hi: amount.hi,
        }),
    }
}

/// A household whose departments know something, and of which some are silent.
fn case(seed: u64) -> Case {
    let mut random = Random(seed);
    let as_of = random.pick(&["2018-06-15", "2023-06-15", "2026-01-01"]);
    let persons = random.within(1, 5) as u16;
    let members = (0..persons).map(|order| {
        let sex = random.pick(&[Sex::Female, Sex::Male]);
        let year = if order == 0 { 1970 } else { random.within(1940, 2016) };
        let birth = format!("{year}-{:02}-{:02}", random.within(1, 12), random.within(1, 28));
        let relation = if order == 0 {
            Relation::Applicant
        } else {
            Relation::Other
        };
        member(sex, &birth, relation, random.pick(&[0, 0, 3, 12]), order + 1)
    });
    let mut case = Case::new(as_of, members.collect());
    case.ask("registry", &[RecordType::Registration]);
    case.ask("marriage-office", &[RecordType::Marriage]);
    case.ask("assistance-office", &[RecordType::Assistance]);
    let year = &as_of[..4].parse::<i32>().unwrap() - 1;
    for subject in 0..u32::from(persons) {
        if random.one_in(2) {
            let fen = random.within(0, 1_000_000);
            let kind = random.pick(&[
                IncomeKind::Wage,
                IncomeKind::Business,
                IncomeKind::Property,
                IncomeKind::Transfer,
            ]);
            case.income(subject, kind, &format!("{year}-07-01"), &format!("{year}-12-31"), fen);
        }
        if random.one_in(3) {
            case.deposit(subject, random.within(0, 2_000_000));
        }
        if random.one_in(4) {
            let area = random.pick(&[None, Some(9_000), Some(36_000), Some(80_000)]);
            case.dwelling_of(subject, &format!("unit {}", random.below(3)), area);
        }
        if random.one_in(4) {
            case.pension(subject, 20_000, random.within(0, 20_000));
        }
        if random.one_in(4) {
            let body = record::Disability {
                kind: random.pick(DisabilityKind::ALL),
                grade: random.within(1, 4) as u32,
                certificate_number: Default::default(),
                issued_on: None,
            };
            case.found("disabled-federation", subject, RecordBody::Disability(body));
        }
    }
    for subject in 0..u32::from(persons) {
        registers(&mut random, &mut case, subject);
        case.household.members[subject as usize].circumstances = some(&mut random, Of::Member, 7, case.as_of);
    }
    case.household.circumstances = some(&mut random, Of::Household, 3, case.as_of);
    let supporters = random.pick(&[0, 0, 1, 2]);
    case.household.supporters = (0..supporters).map(|_| supporter(&mut random)).collect();
    let departments = [
        "taxation",
        "finance-office",
        "housing",
        "disabled-federation",
        "social-insurance",
        "education",
        "employment",
        "registry",
        "marriage-office",
        "assistance-office",
    ];
    for department in departments {
        if random.one_in(8) {
            case.silence(department);
        }
    }
    case
}

/// What only some packs ask: registers of persons.
fn registers(random: &mut Random, case: &mut Case, subject: u32) {
    if !random.one_in(6) {
        let body = record::Registration {
            division_code: random.pick(&["220882", "220882", "511703", "110101"]).into(),
            ..registration()
        };
        case.found("registry", subject, RecordBody::Registration(body));
    }
    if random.one_in(3) {
        case.found("marriage-office", subject, RecordBody::Marriage(marriage()));
    }
    if random.one_in(6) {
        let body = assistance(random, case.as_of);
        case.found("assistance-office", subject, RecordBody::Assistance(body));
    }
    if random.one_in(4) {
        let body = record::Employment {
            status: record::EmploymentStatus::Employed,
            employer_name: "某公司".into(),
            employer_credit_code: Default::default(),
            from: random.one_in(2).then(|| case.as_of.to_string()[..4].parse().unwrap()),
            until: None,
            monthly_benefit: None,
        };
        case.found("employment", subject, RecordBody::Employment(body));
    }
    if random.one_in(5) {
        let body = record::Enrolment {
            school: Default::default(),
            stage: random.pick(record::SchoolStage::ALL),
            from: None,
            until: None,
            full_time: true,
        };
        case.found("education", subject, RecordBody::Enrolment(body));
    }
}

fn registration() -> record::Registration {
    record::Registration {
        household_number: Default::default(),
        division_code: Default::default(),
        address: Default::default(),
        status: record::RegistrationStatus::Active,
        deceased_on: None,
        spouse_id_number: Default::default(),
        class: None,
        father_id_number: Default::default(),
        mother_id_number: Default::default(),
    }
}

fn marriage() -> record::Marriage {
    record::Marriage {
        status: record::MarriageStatus::Married,
        spouse_id_number: Default::default(),
        spouse_name: "某人".into(),
        registered_on: None,
    }
}

/// Drawn, or over for so long that a window holds it, does not, or may.
fn assistance(random: &mut Random, as_of: Date) -> record::Assistance {
    let programmes = [
        "dibao",
        "low-income",
        "extreme-poverty",
        "disabled-living",
        "temporary-assistance",
    ];
    let year: i16 = as_of.year() - random.pick(&[0i16, 1, 2, 9]);
    let is_drawn = random.one_in(2);
    let from = match random.one_in(2) {
        true => Some(format!("{year:04}-01-02")),
        false => random.one_in(2).then(|| format!("{year:04}")),
    };
    record::Assistance {
        programme: random.pick(&programmes).into(),
        amount: Fen(100),
        period: random.pick(&[record::AssistancePeriod::Monthly, record::AssistancePeriod::Once]),
        from: from.filter(|_| !is_drawn).map(|from| from.parse().unwrap()),
        until: None,
        division_code: Default::default(),
        status: if is_drawn {
            record::AssistanceStatus::Drawing
        } else {
            record::AssistanceStatus::Ended
        },
    }
}

/// A day so many years before, or a day later: on both sides of a rule in years.
fn years_before(random: &mut Random, as_of: Date) -> Option<Date> {
    let years = random.pick(&[1i16, 2, 3, 4, 20]);
    let day = Date::new(as_of.year() - years, as_of.month(), as_of.day()).unwrap();
    Some(if random.one_in(2) { day } else { day.tomorrow().unwrap() })
}

/// Some of the words that may be stated, with what must or may be stated beside them.
fn some(random: &mut Random, of: Of, one_in: u64, as_of: Date) -> Vec<StatedCircumstance> {
    let words = Circumstance::ALL.iter().filter(|word| word.of() == of);
    let some: Vec<Circumstance> = words.copied().filter(|_| random.one_in(one_in)).collect();
    let is_stated = |random: &mut Random, detail| match detail {
        Detail::Never => false,
        Detail::May => random.one_in(2),
        Detail::Must => true,
    };
    let each = some.into_iter().map(|word| StatedCircumstance {
        word,
        since: years_before(random, as_of).filter(|_| is_stated(random, word.since())),
        until: None,
        amount: is_stated(random, word.amount()).then(|| Fen(random.within(0, 900_000))),
        number: word
            .number()
            .map(|(least, most)| random.within(least.into(), most.into()) as u32),
        document: "文书".to_owned(),
    });
    each.collect()
}

fn supporter(random: &mut Random) -> Supporter {
    Supporter {
        relation: random.pick(&[Relation::Child, Relation::Spouse, Relation::Parent]),
        persons: random.within(1, 4) as u32,
        monthly_income: Fen(random.within(0, 250_000)),
        unable: random.one_in(4),
        document: "证明".to_owned(),
    }
}

proptest! {
    #[test]
    fn a_snapshot_is_judged_as_the_facts_it_was_taken_from(seed: u64) {
        let case = case(seed);
        let open: Vec<SmolStr> = match seed % 4 {
            0 => vec!["DECEASED_MEMBER".into()],
            1 => vec!["ANOTHER_ASSISTANCE".into()],
            _ => Vec::new(),
        };
        case.with_facts(|facts| {
            // Each case for a quarter of the packs, so that trying all of them stays quick.
            let shipped = all_columns().iter().zip(0..).filter(|(_, at)| at % 4 == (seed >> 8) % 4);
            let shipped = shipped.map(|(columns, _)| (columns, group_of(columns)));
            for (columns, needs) in shipped.chain([(&*EVERYTHING_COLUMNS, needs_of(&EVERYTHING))]) {
                let snapshot = Snapshot::of_facts(facts, &open, &needs).unwrap();
                let stored = Snapshot::decode(&snapshot.encode()).unwrap();
                let verdict = columns.pack().evaluate(facts, &open);
                let [judged] = columns.judge_all(std::slice::from_ref(&stored), When::OwnDate).unwrap()[..] else { panic!() };
                let is_open = is_count_open(&verdict);
                prop_assert_eq!(stored.composition() == Composition::CountOpen, is_open, "{}", columns.pack().id());
                let expected = said(&verdict, columns);
                if is_open {
                    // Nothing is said of a household of whom it is open who counts.
                    let amount = expected.amount.or(judged.amount).map(|_| Payable { lo: 0, hi: None });
                    let nothing = Judged { outcome: Outcome::Inconclusive, band: None, amount };
                    prop_assert_eq!(judged, nothing, "{}", columns.pack().id());
                } else {
                    prop_assert_eq!(judged, expected, "{}", columns.pack().id());
                }
            }
            Ok(())
        })?;
    }
}

/// Whether the evaluator reckoned for more than one set of members, or gave up.
fn is_count_open(verdict: &Verdict) -> bool {
    let gave_up = verdict
        .undecided_because
        .iter()
        .any(|code| code == TOO_MANY_COMPOSITIONS);
    gave_up || verdict.trace.iter().any(|line| line.name == "composition")
}

/// The cases do what they are for: some leave open who counts, some nobody, some a part; the others are judged each way.
#[test]
fn cases_leave_members_away_and_open_and_are_judged_each_way() {
    let needs = needs_of(&EVERYTHING);
    let (mut open, mut nobody, mut part, mut supported) = (0, 0, 0, 0);
    let (mut qualify, mut exceed) = (0, 0);
    for seed in 0..200 {
        let case = case(seed);
        let snapshot = case.with_facts(|facts| Snapshot::of_facts(facts, &[], &needs)).unwrap();
        let (all, counted) = (case.household.members.len(), snapshot.members().len());
        open += usize::from(snapshot.composition() == Composition::CountOpen);
        nobody += usize::from(counted == 0);
        part += usize::from(0 < counted && counted < all);
        supported += usize::from(!snapshot.supporters().is_empty());
        let judged = EVERYTHING_COLUMNS.judge_exactly(&snapshot, When::OwnDate).unwrap();
        qualify += usize::from(judged.outcome == Outcome::Qualifies);
        exceed += usize::from(judged.outcome == Outcome::Exceeds);
    }
    let all = [open, nobody, part, supported, qualify, exceed];
    assert!(all.iter().all(|count| *count > 8), "{all:?}");
}

#[test]
fn the_pilots_worked_example_is_paid_as_printed() {
    let case = Case::daan();
    case.with_facts(|facts| {
        let snapshot = Snapshot::of_facts(facts, &[], &NEEDS).unwrap();
        let [judged] = capacity_index().judge_all(&[snapshot], When::OwnDate).unwrap()[..] else {
            panic!("one household, one verdict")
        };
        let amount = Some(Payable {
            lo: 779_190,
            hi: Some(779_190),
        });
        assert_eq!(judged.amount, amount);
    });
}
