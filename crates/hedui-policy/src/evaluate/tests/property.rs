//! Property through packs: what was given up in recent years, banks that answer only the threshold, shares of one dwelling; and who counts
//! and what is left out by the shipped packs.

use hedui_core::answer::{AnswerState, SubjectAnswer};
use hedui_core::circumstance::{Circumstance, StatedCircumstance};
use hedui_core::household::Relation;
use hedui_core::money::Fen;
use hedui_core::record::{self, IncomeKind, RealEstateKind, RecordBody, TransferNature};
use hedui_core::verdict::{Outcome, Truth};
use hedui_ids::Sex;

use crate::testing::{Case, PackText, day, member, shipped};
use crate::{Pack, PackSet};

const DATE: &str = "2026-11-22";

/// Nothing given up in so many months, and less than 10,000 yuan a head.
fn pack() -> Pack {
    PackText::new()
        .windows("given_up = { months = 24 }")
        .parameter("limit", "10_000", "yuan/person")
        .parameter("mean_area", "35", "sqm/person")
        .test("property", "given_up", "real_estate_given_up <= 0")
        .test("property", "financial", "assets.financial < limit * persons")
        .test("property", "area", "dwelling_area / persons < mean_area")
        .pack()
}

fn home(case: &mut Case, subject: u32, unit: &str, kind: RealEstateKind, share: (u32, u32), disposed: Option<&str>) {
    let body = record::RealEstate {
        unit_number: unit.into(),
        address: Default::default(),
        kind,
        area_centiares: None,
        share_numerator: share.0,
        share_denominator: share.1,
        acquired_on: None,
        disposed_on: disposed.map(|d| d.parse().unwrap()),
        price: None,
    };
    case.found("housing", subject, RecordBody::RealEstate(body));
}

fn couple() -> Case {
    Case::new(
        DATE,
        vec![
            member(Sex::Male, "1980-03-01", Relation::Applicant, 0, 1),
            member(Sex::Female, "1980-02-01", Relation::Spouse, 0, 2),
        ],
    )
}

#[test]
fn a_home_given_up_counts_from_the_first_month_of_the_window_until_the_date() {
    let on = |disposed: Option<&str>| {
        let mut case = couple();
        home(&mut case, 1, "U1", RealEstateKind::Dwelling, (1, 1), disposed);
        case.judge(&pack()).tests[0].result
    };
    assert_eq!(on(None), Truth::Holds);
    assert_eq!(on(Some("2024-10-31")), Truth::Holds);
    assert_eq!(on(Some("2024-11-01")), Truth::Fails);
    assert_eq!(on(Some("2026-11-22")), Truth::Fails);
    assert_eq!(on(Some("2024")), Truth::Open);
    assert_eq!(on(Some("2025")), Truth::Fails);
    assert_eq!(on(Some("2026-11-23")), Truth::Open);
    let mut silent = couple();
    silent.silence("housing");
    assert_eq!(silent.judge(&pack()).tests[0].result, Truth::Open);
}

#[test]
fn the_area_of_a_shared_dwelling_counts_once_and_as_a_whole() {
    let area = |areas: &[(u32, &str, Option<i64>)]| {
        let mut case = couple();
        for (subject, unit, centiares) in areas {
            let body = record::RealEstate {
                unit_number: (*unit).into(),
                address: Default::default(),
                kind: RealEstateKind::Dwelling,
                area_centiares: *centiares,
                share_numerator: 1,
                share_denominator: 2,
                acquired_on: None,
                disposed_on: None,
                price: None,
            };
            case.found("housing", *subject, RecordBody::RealEstate(body));
        }
        case.judge(&pack()).tests[2].result
    };
    assert_eq!(area(&[]), Truth::Holds);
    assert_eq!(area(&[(0, "U1", Some(6_999)), (1, "U1", Some(6_999))]), Truth::Holds);
    assert_eq!(area(&[(0, "U1", Some(7_000)), (1, "U1", Some(7_000))]), Truth::Fails);
    assert_eq!(area(&[(0, "U1", Some(3_500)), (1, "U2", Some(3_500))]), Truth::Fails);
    assert_eq!(area(&[(0, "U1", Some(6_000)), (1, "U1", Some(8_000))]), Truth::Open);
    assert_eq!(area(&[(0, "U1", None)]), Truth::Open);
    assert_eq!(area(&[(0, "U1", Some(7_000)), (1, "U2", None)]), Truth::Fails);
}

#[test]
fn a_bank_that_answers_only_its_threshold_settles_what_its_threshold_settles() {
    // 20,000 yuan for two: a bank that has no more than that of one of them is no zero.
    let bank = |state: AnswerState| {
        let mut case = couple();
        let bank = case
            .departments
            .iter_mut()
            .find(|d| d.profile.id.as_str() == "finance-office")
            .unwrap();
        bank.answers[0] = SubjectAnswer::of(0, state);
        let verdict = case.judge(&pack());
        (verdict.outcome, verdict.undecided_by.len())
    };
    let within = |fen| bank(AnswerState::WithinLimit { limit: Some(Fen(fen)) });
    let over = |fen| bank(AnswerState::OverLimit { limit: Some(Fen(fen)) });
    assert_eq!(within(1_999_999), (Outcome::Qualifies, 0));
    assert_eq!(within(2_000_000), (Outcome::Inconclusive, 1));
    assert_eq!(
        bank(AnswerState::WithinLimit { limit: None }),
        (Outcome::Inconclusive, 1)
    );
    // More than a limit is a fen more at least.
    assert_eq!(over(1_999_999), (Outcome::Exceeds, 0));
    assert_eq!(over(1_999_998), (Outcome::Inconclusive, 1));
    assert_eq!(bank(AnswerState::OverLimit { limit: None }), (Outcome::Inconclusive, 1));
}

#[test]
fn halves_of_one_dwelling_are_one_and_a_homestead_is_none() {
    let dwellings = |change: &dyn Fn(&mut Case)| {
        let mut case = couple();
        change(&mut case);
        let verdict = case.judge(shipped("dibao-dachuan-urban"));
        let test = verdict.tests.iter().find(|t| t.name == "dwellings").unwrap();
        (test.result, test.numbers.to_string())
    };
    let halves = |other: &'static str| {
        dwellings(&move |c: &mut Case| {
            home(c, 0, "U1", RealEstateKind::Dwelling, (1, 2), None);
            home(c, 1, other, RealEstateKind::Dwelling, (1, 2), None);
            home(c, 1, "H1", RealEstateKind::Homestead, (1, 1), None);
        })
    };
    assert_eq!(halves("U1"), (Truth::Holds, "1 <= 1".to_owned()));
    assert_eq!(halves("U2"), (Truth::Fails, "2 <= 1".to_owned()));
}

fn states(case: &mut Case, word: Circumstance, since: Option<&str>) {
    case.household.members[1].circumstances = vec![StatedCircumstance {
        word,
        since: since.map(day),
        until: None,
        amount: None,
        number: None,
        document: "证明".to_owned(),
    }];
}

/// Every pack that is shipped and reckons with the size of the household, by the number of members that it counts.
fn persons(change: impl Fn(&mut Case)) -> Vec<String> {
    let set = PackSet::bundled().unwrap();
    let mut found: Vec<String> = set
        .packs()
        .iter()
        .filter_map(|pack| {
            let mut case = couple();
            change(&mut case);
            let verdict = case.judge(pack);
            let line = verdict.trace.iter().find(|l| l.name == "persons")?;
            Some(line.value.to_string())
        })
        .collect();
    found.dedup();
    found
}

#[test]
fn every_shipped_pack_that_counts_heads_leaves_out_who_is_away() {
    assert_eq!(persons(|_| ()), ["2"]);
    for word in [
        Circumstance::InPrison,
        Circumstance::CompulsoryRehabilitation,
        Circumstance::DeclaredMissing,
    ] {
        assert_eq!(persons(|c| states(c, word, None)), ["1"], "{}", word.word());
    }
    assert_eq!(
        persons(|c| states(c, Circumstance::ReligiousResident, Some("2023-11-22"))),
        ["1"]
    );
    assert_eq!(
        persons(|c| states(c, Circumstance::ReligiousResident, Some("2023-11-23"))),
        ["2"]
    );
    assert_eq!(persons(|c| states(c, Circumstance::BoardsAway, None)), ["2"]);
}

#[test]
fn daan_judges_alone_who_may_apply_alone_and_does() {
    use record::DisabilityKind::{Mental, Physical};
    let persons = |disability: Option<(record::DisabilityKind, u32)>, words: &[Circumstance], low_income: bool| {
        let mut case = couple();
        if let Some((kind, grade)) = disability {
            let body = record::Disability {
                kind,
                grade,
                certificate_number: Default::default(),
                issued_on: None,
            };
            case.found("disabled-federation", 0, RecordBody::Disability(body));
        }
        let paper = |word: &Circumstance| StatedCircumstance {
            word: *word,
            since: None,
            until: None,
            amount: None,
            number: None,
            document: "证明".to_owned(),
        };
        case.household.members[0].circumstances = words.iter().map(paper).collect();
        if low_income {
            case.household.circumstances = vec![paper(&Circumstance::LowIncomeRecognised)];
        }
        let verdict = case.judge(shipped("dibao-daan-rural"));
        let line = verdict.trace.iter().find(|l| l.name == "persons").unwrap();
        line.value.to_string()
    };
    let asks = [Circumstance::AppliesAlone];
    assert_eq!(persons(Some((Physical, 2)), &asks, true), "1");
    assert_eq!(persons(Some((Physical, 3)), &asks, true), "2");
    assert_eq!(persons(Some((Mental, 3)), &asks, true), "1");
    assert_eq!(persons(Some((Mental, 4)), &asks, true), "2");
    assert_eq!(persons(Some((Physical, 2)), &[], true), "2");
    assert_eq!(persons(Some((Physical, 2)), &asks, false), "2");
    assert_eq!(
        persons(None, &[Circumstance::AppliesAlone, Circumstance::SeriousIllness], true),
        "1"
    );
    assert_eq!(
        persons(None, &[Circumstance::AppliesAlone, Circumstance::MentalIllness], true),
        "2"
    );
}

#[test]
fn every_shipped_pack_of_low_incomes_leaves_out_scholarships_honours_and_relief() {
    use TransferNature::{GovernmentRelief, Honour, InsuranceBenefit, Other, Scholarship, SeniorityAllowance, Support};
    let is_of_low_incomes = |pack: &&Pack| ["dibao", "low-income"].contains(&pack.programme().as_str());
    // Personal Dibao is for who also falls ill: its rows are beside the others.
    let set = PackSet::bundled().unwrap();
    let all = set.packs().iter().filter(is_of_low_incomes);
    for pack in all.filter(|pack| pack.variant() != Some("personal-dibao")) {
        let outcome = |nature| {
            let mut case = couple();
            let body = record::Income {
                kind: IncomeKind::Transfer,
                payer_name: "某单位".into(),
                payer_credit_code: Default::default(),
                from: "2026-10".parse().unwrap(),
                until: "2026-10".parse().unwrap(),
                gross: Fen(9_000_000),
                deductions: None,
                nature: Some(nature),
            };
            case.found("taxation", 0, RecordBody::Income(body));
            case.judge(pack).outcome
        };
        for nature in [Scholarship, Honour, GovernmentRelief] {
            assert_eq!(outcome(nature), Outcome::Qualifies, "{} {nature:?}", pack.id());
        }
        for nature in [Support, Other, SeniorityAllowance, InsuranceBenefit] {
            assert_eq!(outcome(nature), Outcome::Exceeds, "{} {nature:?}", pack.id());
        }
    }
}
