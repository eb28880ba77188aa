//! Laws of the synthetic district.

use std::collections::{BTreeSet, HashMap};

use hedui_adapter::{Catalogue, Manifest, Variables};
use hedui_core::household::{Household, ids_date};
use hedui_core::record::*;
use hedui_core::{Date, DepartmentId, Fen, ProgrammeId, RecordBody, authorize};
use hedui_ids::ResidentId;
use proptest::prelude::*;

use super::*;

fn settings(seed: u64, households: u32) -> Settings {
    Settings {
        seed,
        district: "511703".into(),
        households,
        as_of: Date::new(2019, 6, 18).unwrap(),
        programmes: vec!["dibao".into()],
    }
}

fn department(id: &str) -> DepartmentId {
    DepartmentId::new(id).unwrap()
}

/// Every record that departments hold of the members of a household.
fn of_members(truth: &Truth) -> Vec<(DepartmentId, u32, Record)> {
    let mut all = Vec::new();
    for (department, people) in &truth.records {
        for person in people {
            let position = truth
                .household
                .members
                .iter()
                .position(|m| m.id_number == person.id.expose());
            let Some(ordinal) = position else { continue };
            let ordinal = u32::try_from(ordinal).unwrap();
            all.extend(person.records.iter().map(|r| (department.clone(), ordinal, r.clone())));
        }
    }
    all
}

use hedui_core::Record;

#[test]
fn one_seed_gives_one_population_and_another_seed_another() {
    let first = generate(&settings(7, 200)).unwrap();
    assert_eq!(first, generate(&settings(7, 200)).unwrap());
    assert_ne!(first.households, generate(&settings(8, 200)).unwrap().households);
}

#[test]
fn every_person_has_a_valid_number_of_their_own() {
    let population = generate(&settings(1, 3000)).unwrap();
    let today = ids_date(population.settings.as_of).unwrap();
    let mut people: HashMap<String, String> = HashMap::new();
    let mut members = BTreeSet::new();
    for truth in &population.households {
        for member in &truth.household.members {
            let parsed = ResidentId::parse(&member.id_number, today).unwrap();
            assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
            assert!(members.insert(member.id_number.clone()), "a number was given out twice");
            people.insert(member.id_number.clone(), member.name.clone());
        }
        for person in truth.records.values().flatten() {
            let name = people
                .entry(person.id.expose().to_owned())
                .or_insert_with(|| person.name.clone());
            assert_eq!(*name, person.name, "one number, two people");
            let legacy = person.id.legacy_15().map(|l| l.expose().to_owned());
            assert!(person.registered_id == person.id.expose() || Some(&person.registered_id) == legacy.as_ref());
        }
    }
}

#[test]
fn every_household_is_one_that_the_window_accepts() {
    let population = generate(&settings(2, 1500)).unwrap();
    let as_of = population.settings.as_of;
    for truth in &population.households {
        let household = Household::check(truth.household.clone(), as_of).unwrap();
        let dibao = [ProgrammeId::new("dibao").unwrap()];
        let scope = authorize(&household, &truth.authorizations, &dibao, as_of, as_of, &|_| false);
        assert!(scope.is_ok(), "household {}: {:?}", truth.number, scope.err());
    }
}

#[test]
fn cheats_are_as_frequent_as_zhangjiagang_found_them() {
    for (households, expected) in [(1_000, 46), (2_000, 91), (10, 0)] {
        let population = generate(&settings(3, households)).unwrap();
        let cheating = population.households.iter().filter(|t| !t.cheats.is_empty()).count();
        assert_eq!(cheating, expected, "of {households}");
        assert!(population.households.iter().all(|t| t.cheats.len() <= 2));
    }
}

#[test]
fn every_cheat_shows_in_a_record_of_a_member_and_is_not_declared() {
    let population = generate(&settings(4, 4000)).unwrap();
    let mut kinds = BTreeSet::new();
    for truth in population.households.iter().filter(|t| !t.cheats.is_empty()) {
        let records = of_members(truth);
        for cheat in &truth.cheats {
            kinds.insert(cheat.kind);
            assert!(!cheat.evidence.is_empty());
            for (department, reference) in &cheat.evidence {
                let found = records
                    .iter()
                    .find(|(d, o, r)| d == department && *o == cheat.ordinal && r.reference == *reference);
                let (_, _, record) = found.expect("evidence that no department holds");
                assert!(
                    gives_away(cheat.kind, &record.body, truth),
                    "{:?} {:?}",
                    cheat.kind,
                    record.body
                );
            }
        }
    }
    assert_eq!(kinds.len(), CheatKind::ALL.len(), "each kind occurs");
}

/// Whether a record contradicts what the household declared, by far more than any pilot allows.
fn gives_away(kind: CheatKind, body: &RecordBody, truth: &Truth) -> bool {
    let declared = &truth.household.declared;
    let member = |id: &str| truth.household.members.iter().any(|m| m.id_number == id);
    match (kind, body) {
        (CheatKind::Car, RecordBody::Vehicle(v)) => {
            v.kind == VehicleKind::Car
                && v.usage == VehicleUse::Private
                && v.value >= Some(Fen(6_000_000))
                && declared.vehicles == Some(0)
        }
        (CheatKind::SecondFlat, RecordBody::RealEstate(_)) => declared.dwellings == Some(1),
        (CheatKind::Business, RecordBody::Business(b)) => {
            b.status == BusinessStatus::Active && declared.businesses == Some(0)
        }
        (CheatKind::Business, RecordBody::Income(i)) => i.kind == IncomeKind::Business,
        (CheatKind::UndeclaredSpouse, RecordBody::Registration(r)) => {
            !r.spouse_id_number.is_empty() && !member(&r.spouse_id_number)
        }
        (CheatKind::UndeclaredSpouse, RecordBody::Marriage(m)) => !member(&m.spouse_id_number),
        (CheatKind::Deposits, RecordBody::FinancialAsset(a)) => {
            a.balance >= Fen(12_000_000) && declared.financial_assets < Some(Fen(1_000_000))
        }
        _ => false,
    }
}

#[test]
fn the_honest_declare_all_that_the_registers_hold_of_them() {
    let population = generate(&settings(5, 3000)).unwrap();
    let as_of = population.settings.as_of;
    for truth in population.households.iter().filter(|t| t.cheats.is_empty()) {
        let records = of_members(truth);
        let mut dwellings = BTreeSet::new();
        let mut cars = BTreeSet::new();
        let mut shops = BTreeSet::new();
        let mut accounts: HashMap<String, i64> = HashMap::new();
        for (_, _, record) in &records {
            match &record.body {
                RecordBody::RealEstate(r) if r.kind == RealEstateKind::Dwelling => {
                    dwellings.insert(r.unit_number.to_string());
                }
                RecordBody::Vehicle(v)
                    if v.status == VehicleStatus::Normal
                        && v.usage == VehicleUse::Private
                        && v.kind != VehicleKind::DisabledVehicle =>
                {
                    cars.insert(v.identification_number.to_string());
                }
                RecordBody::Business(b) => {
                    shops.insert(b.credit_code.to_string());
                }
                RecordBody::FinancialAsset(a) => {
                    accounts.insert(a.account_reference.to_string(), a.balance.0);
                }
                _ => {}
            }
        }
        let declared = &truth.household.declared;
        let count = |set: &BTreeSet<String>| Some(u32::try_from(set.len()).unwrap());
        assert_eq!(declared.dwellings, count(&dwellings), "household {}", truth.number);
        assert_eq!(declared.vehicles, count(&cars), "household {}", truth.number);
        assert_eq!(declared.businesses, count(&shops), "household {}", truth.number);
        assert_eq!(
            declared.financial_assets,
            Some(Fen(accounts.values().sum())),
            "household {}",
            truth.number
        );
        for (ordinal, member) in (0u32..).zip(&truth.household.members) {
            for kind in [IncomeKind::Wage, IncomeKind::Business] {
                let stated: i64 = member
                    .incomes
                    .iter()
                    .filter(|i| i.kind == kind)
                    .map(|i| i.amount.0)
                    .sum();
                let paid: i64 = records
                    .iter()
                    .filter(|r| r.1 == ordinal)
                    .filter_map(|r| match &r.2.body {
                        RecordBody::Income(i) if i.kind == kind => Some(i.gross.0 - i.deductions.map_or(0, |d| d.0)),
                        // A grant belongs to the income from the farm.
                        RecordBody::Subsidy(s) if kind == IncomeKind::Business => Some(s.amount.0),
                        _ => None,
                    })
                    .sum();
                assert_eq!(stated, paid, "household {} as of {as_of}", truth.number);
            }
        }
    }
}

#[test]
fn a_wage_earner_was_paid_in_the_month_before_the_date() {
    let population = generate(&settings(6, 800)).unwrap();
    let before = hedui_core::Month::of(population.settings.as_of).plus(-1);
    let mut jobs = 0;
    for truth in &population.households {
        for people in truth.records.get(&department("taxation")).into_iter().flatten() {
            let wages: Vec<_> = people
                .records
                .iter()
                .filter_map(|r| match &r.body {
                    RecordBody::Income(i) if i.kind == IncomeKind::Wage => Some(i.until.last_month()),
                    _ => None,
                })
                .collect();
            if let Some(last) = wages.iter().max() {
                assert_eq!(*last, before);
                jobs += 1;
            }
        }
    }
    assert!(jobs > 100, "{jobs} jobs");
}

#[test]
fn registers_share_the_keys_by_which_double_counting_is_found() {
    let population = generate(&settings(9, 1200)).unwrap();
    let keys = |id: &str| -> BTreeSet<String> {
        population
            .held_by(&department(id))
            .flat_map(|p| &p.records)
            .filter_map(|r| match &r.body {
                RecordBody::RealEstate(b) => Some(b.unit_number.to_string()),
                RecordBody::Vehicle(b) => Some(b.identification_number.to_string()),
                RecordBody::FinancialAsset(b) => Some(b.account_reference.to_string()),
                RecordBody::Income(b) if b.kind == IncomeKind::Wage => Some(b.payer_credit_code.to_string()),
                RecordBody::SocialInsurance(b) => Some(b.employer_credit_code.to_string()),
                RecordBody::ProvidentFund(b) => Some(b.employer_credit_code.to_string()),
                RecordBody::PublicPayroll(b) => Some(b.unit_credit_code.to_string()),
                _ => None,
            })
            .collect()
    };
    let pairs = [
        ("housing", "municipal-verification-center"),
        ("traffic-police", "municipal-verification-center"),
        ("rural-commercial-bank", "municipal-verification-center"),
        ("transport", "traffic-police"),
        ("taxation", "social-insurance"),
        ("taxation", "fiscal-payroll"),
        ("taxation", "provident-fund"),
    ];
    for (a, b) in pairs {
        assert!(!keys(a).is_disjoint(&keys(b)), "{a} and {b} share nothing");
    }
}

#[test]
fn every_oddity_and_every_department_of_the_catalogue_occurs() {
    let population = generate(&settings(10, 4000)).unwrap();
    let oddities: BTreeSet<_> = population.households.iter().flat_map(|t| t.oddities.clone()).collect();
    assert_eq!(oddities.len(), 9, "{oddities:?}");
    assert_eq!(population.sizes().len(), 28, "{:?}", population.sizes());
}

#[test]
fn every_type_of_record_that_a_department_of_the_catalogue_holds_occurs_there() {
    let population = generate(&settings(10, 4000)).unwrap();
    let mut occurs: BTreeSet<(DepartmentId, RecordType)> = BTreeSet::new();
    for (department, people) in population.households.iter().flat_map(|truth| &truth.records) {
        let types = people.iter().flat_map(|p| &p.records).map(|r| r.body.record_type());
        occurs.extend(types.map(|of| (department.clone(), of)));
    }
    let values = ["data", "http", "grpc_rural_commercial_bank"].map(|name| (name.to_owned(), "http://h".to_owned()));
    for folder in Catalogue::bundled_folders() {
        let manifest = Manifest::parse(&folder.manifest, &Variables::from(values.clone())).unwrap();
        for of in manifest.record_types {
            assert!(occurs.contains(&(manifest.id.clone(), of)), "{} {of:?}", manifest.id);
        }
    }
}

#[test]
fn most_households_are_poor_and_honest_and_the_hidden_income_counts_in_the_truth() {
    let population = generate(&settings(11, 3000)).unwrap();
    let share = |s: Standing| population.households.iter().filter(|t| t.standing == s).count() * 100 / 3000;
    assert!(
        (50..=80).contains(&share(Standing::Below)),
        "{}",
        share(Standing::Below)
    );
    assert!(share(Standing::Above) >= 8 && share(Standing::Near) >= 5);
    let earning = |t: &&Truth| {
        t.cheats
            .iter()
            .any(|c| matches!(c.kind, CheatKind::Business | CheatKind::UndeclaredSpouse))
    };
    assert!(
        population
            .households
            .iter()
            .filter(earning)
            .all(|t| t.standing == Standing::Above)
    );
}

#[test]
fn nothing_printed_names_a_person() {
    let population = generate(&settings(12, 30)).unwrap();
    let shown = format!("{population:?}");
    for truth in &population.households {
        for member in &truth.household.members {
            assert!(!shown.contains(&member.id_number) && !shown.contains(&member.name));
        }
    }
}

#[test]
fn wrong_settings_are_refused() {
    assert!(matches!(
        generate(&Settings {
            district: "5117".into(),
            ..settings(1, 1)
        }),
        Err(SimError::District(_))
    ));
    let antiquity = Settings {
        as_of: Date::new(1800, 1, 1).unwrap(),
        ..settings(1, 1)
    };
    assert!(matches!(generate(&antiquity), Err(SimError::AsOf)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Any pilot, any day, any seed: the household checks and the letters hold.
    #[test]
    fn any_place_and_day_gives_acceptable_households(seed: u64, place in 0usize..5, day in 0i64..9000) {
        let codes = ["511703", "220882", "150102", "320582", "110105"];
        let as_of = Date::new(2010, 1, 31).unwrap().checked_add(jiff::Span::new().days(day)).unwrap();
        let settings = Settings { as_of, district: codes[place].into(), ..settings(seed, 40) };
        for truth in generate(&settings).unwrap().households {
            let household = Household::check(truth.household, as_of).unwrap();
            let dibao = [ProgrammeId::new("dibao").unwrap()];
            prop_assert!(authorize(&household, &truth.authorizations, &dibao, as_of, as_of, &|_| false).is_ok());
        }
    }
}
