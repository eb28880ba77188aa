//! Da'an's two golden households, from sources through the running server over gRPC to the figures of the table.
//! Leaves the packs' own arithmetic to `hedui-policy`.

use std::collections::BTreeMap;

use hedui_core::authorization::{AuthorizationInput, Signature};
use hedui_core::household::{Declared, HouseholdInput, MemberInput, Relation, Residence};
use hedui_core::record::{Disability, DisabilityKind, Land, LandKind, Marriage, MarriageStatus, RecordBody};
use hedui_core::record::{Registration, RegistrationStatus};
use hedui_core::{Date, DepartmentId, Fen, Record};
use hedui_ids::{Date as Day, DivisionCode, ResidentId};
use hedui_proto::verification as pb;
use hedui_sim::Population;
use hedui_sim::population::{PersonRecords, Settings, Standing, Truth};

use crate::support::{District, google_date, outcome, request, verify};

const AS_OF: Date = Date::constant(2018, 12, 31);

fn id(year: u16, sequence: u16) -> ResidentId {
    let division = DivisionCode::new(220_882).unwrap();
    ResidentId::compose(division, Day::new(year, 6, 15).unwrap(), sequence).unwrap()
}

fn member(id: &ResidentId, name: &str, relation: Relation, casual_work_months: u32) -> MemberInput {
    MemberInput {
        id_number: id.expose().into(),
        name: name.into(),
        relation,
        incapable: false,
        incomes: Vec::new(),
        casual_work_months,
        circumstances: Vec::new(),
    }
}

fn letter(signer: &ResidentId) -> AuthorizationInput {
    AuthorizationInput {
        authorization_id: "大安-2018-001".into(),
        signer_id_number: signer.expose().into(),
        on_behalf_of: Vec::new(),
        programmes: vec!["dibao".into()],
        departments: Vec::new(),
        signed_on: Date::constant(2026, 10, 8),
        valid_until: None,
        period_from: None,
        ended: None,
        signature: Signature::Paper {
            scan_sha256: "5a".repeat(32),
            witnessed_by: "0017".into(),
        },
    }
}

fn holds(id: &ResidentId, name: &str, reference: &str, body: RecordBody) -> PersonRecords {
    PersonRecords {
        id: *id,
        registered_id: id.expose().into(),
        name: name.into(),
        registered_name: name.into(),
        records: vec![Record {
            reference: reference.into(),
            body,
        }],
    }
}

/// A man of 35 with a second-grade speech disability, his healthy wife of 33 with three months of odd jobs, a daughter of 10, land leased
/// out for 3,200 a year.
fn family() -> Population {
    let (man, wife, daughter) = (id(1983, 1), id(1985, 2), id(2008, 4));
    let department = |id: &str| DepartmentId::new(id).unwrap();
    let spouse = |of: &ResidentId, name: &str| {
        RecordBody::Marriage(Marriage {
            status: MarriageStatus::Married,
            spouse_id_number: of.expose().into(),
            spouse_name: name.into(),
            registered_on: Some("2007-05-01".parse().unwrap()),
        })
    };
    let disability = RecordBody::Disability(Disability {
        kind: DisabilityKind::Speech,
        grade: 2,
        certificate_number: "C-1".into(),
        issued_on: Some("2015-03-02".parse().unwrap()),
    });
    let land = RecordBody::Land(Land {
        kind: LandKind::Farmland,
        contract_number: "L-77".into(),
        area_centimu: Some(800),
        leased_out: true,
        annual_rent: Fen::from_yuan(3_200),
    });
    let registered = || {
        RecordBody::Registration(Registration {
            household_number: "B-1".into(),
            division_code: "220882".into(),
            address: Default::default(),
            status: RegistrationStatus::Active,
            deceased_on: None,
            spouse_id_number: Default::default(),
            class: None,
            father_id_number: Default::default(),
            mother_id_number: Default::default(),
        })
    };
    let records = BTreeMap::from([
        (
            department("public-security"),
            vec![
                holds(&man, "王强", "R1", registered()),
                holds(&wife, "刘芳", "R2", registered()),
                holds(&daughter, "王小雨", "R3", registered()),
            ],
        ),
        (
            department("disabled-federation"),
            vec![holds(&man, "王强", "D1", disability)],
        ),
        (department("agriculture"), vec![holds(&man, "王强", "L1", land)]),
        (
            department("civil-affairs"),
            vec![
                holds(&man, "王强", "M1", spouse(&wife, "刘芳")),
                holds(&wife, "刘芳", "M2", spouse(&man, "王强")),
            ],
        ),
    ]);
    let truth = Truth {
        number: 0,
        household: HouseholdInput {
            residence: Residence::Rural,
            members: vec![
                member(&man, "王强", Relation::Applicant, 0),
                member(&wife, "刘芳", Relation::Spouse, 3),
                member(&daughter, "王小雨", Relation::Child, 0),
            ],
            declared: Declared::default(),
            circumstances: Vec::new(),
            supporters: Vec::new(),
            town: None,
        },
        // Judged in retrospect: the daughter of 10 has come of age since, so she signs for herself today.
        authorizations: vec![letter(&man), letter(&wife), letter(&daughter)],
        standing: Standing::Below,
        monthly_income: Fen::ZERO,
        cheats: Vec::new(),
        oddities: Vec::new(),
        records,
    };
    let settings = Settings {
        seed: 0,
        district: "220882".into(),
        households: 1,
        as_of: AS_OF,
        programmes: vec!["dibao".into()],
    };
    Population {
        settings,
        households: vec![truth],
    }
}

fn request_of(population: &Population, variant: &str) -> pb::CreateVerificationRequest {
    let truth = &population.households[0];
    pb::CreateVerificationRequest {
        district_code: "220882".into(),
        as_of: Some(google_date(AS_OF)),
        policy_variant: variant.into(),
        ..request(&truth.household, &truth.authorizations)
    }
}

/// Yuan with up to two decimals, as the table writes them.
fn yuan(money: &Option<hedui_proto::gtype::Money>) -> String {
    let money = money.as_ref().unwrap();
    Fen(money.units * 100 + i64::from(money.nanos / 10_000_000)).to_string()
}

/// Values of all steps, those made for one member included.
fn values(verdict: &pb::Verdict) -> Vec<String> {
    verdict.trace.iter().map(|s| s.value.clone()).collect()
}

fn assert_steps(verdict: &pb::Verdict, expected: &[&str]) {
    let found = values(verdict);
    for value in expected {
        assert!(
            found.iter().any(|f| f == value),
            "no step has the value {value}; steps: {found:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn da_ans_household_before_the_index_gets_5199_a_year() {
    let district = District::of(family(), |_| {}).await;
    let ended = verify(&district.client, request_of(&district.population, "")).await;
    let verdict = &ended.verdicts[0];
    assert_eq!(outcome(&ended), pb::Outcome::Qualifies, "{verdict:?}");
    assert_eq!(verdict.amount_period(), pb::AmountPeriod::Year);
    assert_eq!(yuan(&verdict.amount_least), "5199");
    assert_eq!(yuan(&verdict.amount_most), "5199");
    assert_steps(verdict, &["6000", "9200", "3067", "1599", "3600"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn da_ans_household_with_the_index_gets_7791_90_a_year() {
    let district = District::of(family(), |_| {}).await;
    let ended = verify(&district.client, request_of(&district.population, "capacity-index")).await;
    let verdict = &ended.verdicts[0];
    assert_eq!(outcome(&ended), pb::Outcome::Qualifies, "{verdict:?}");
    assert_eq!(verdict.amount_period(), pb::AmountPeriod::Year);
    assert_eq!(yuan(&verdict.amount_least), "7791.90");
    assert_eq!(yuan(&verdict.amount_most), "7791.90");
    assert_steps(verdict, &["0.4", "2400", "5600", "1866.7", "5199.9", "2592"]);
}
