//! Generators for tests: records of every type, answers, departments and households with composed numbers of nobody.
//! Leaves what must hold of them to the tests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use smol_str::SmolStr;

use crate::answer::{AnswerState, SubjectAnswer, Unreachable};
use crate::dates::{Date, Months, PartialDate};
use crate::facts::{DepartmentAnswers, Fact, Facts};
use crate::household::{Declared, DeclaredIncome, Household, HouseholdInput, MemberInput, Relation, Residence};
use crate::money::Fen;
use crate::names::DepartmentId;
use crate::plan::DepartmentProfile;
use crate::record::*;
use crate::verdict::Text;

/// The date that test verifications are about.
pub fn as_of() -> Date {
    jiff::civil::date(2026, 11, 22)
}

/// A resident ID of nobody, born in a year.
pub fn id(year: u16, sequence: u16) -> String {
    let birth = hedui_ids::Date::new(year, 6, 1).unwrap();
    let place = hedui_ids::DivisionCode::new(511_703).unwrap();
    hedui_ids::ResidentId::compose(place, birth, sequence)
        .unwrap()
        .expose()
        .to_owned()
}

pub fn date(text: &str) -> PartialDate {
    text.parse().unwrap()
}

pub fn member(year: u16, sequence: u16, relation: Relation) -> MemberInput {
    MemberInput {
        id_number: id(year, sequence),
        name: format!("测试{}", ["甲", "乙", "丙", "丁"][usize::from(sequence) % 4]),
        relation,
        incapable: false,
        incomes: Vec::new(),
        casual_work_months: 0,
        circumstances: Vec::new(),
    }
}

/// Applicant of 1980, spouse of 1982, child of 2016.
pub fn family() -> HouseholdInput {
    HouseholdInput {
        residence: Residence::Urban,
        members: vec![
            member(1980, 1, Relation::Applicant),
            member(1982, 2, Relation::Spouse),
            member(2016, 3, Relation::Child),
        ],
        declared: Declared::default(),
        circumstances: Vec::new(),
        supporters: Vec::new(),
        town: None,
    }
}

pub fn checked(input: HouseholdInput) -> Household {
    Household::check(input, as_of()).unwrap()
}

pub fn profile(name: &str, record_types: &[RecordType]) -> DepartmentProfile {
    DepartmentProfile {
        id: DepartmentId::new(name).unwrap(),
        name: Text::default(),
        record_types: record_types.to_vec(),
        deadline_ms: 1_000,
        freshness_ms: 0,
        threshold_only: false,
        signing_keys: Vec::new(),
    }
}

/// A department and what it says of each member.
#[derive(Clone, Debug)]
pub struct Said {
    pub profile: DepartmentProfile,
    pub subjects: Vec<SubjectAnswer>,
}

/// A department that holds what it has found of the first member, and nothing of the other two.
pub fn says(name: &str, types: &[RecordType], bodies: Vec<RecordBody>) -> Said {
    said(
        name,
        types,
        vec![found(bodies), AnswerState::NoRecord, AnswerState::NoRecord],
    )
}

pub fn said(name: &str, types: &[RecordType], states: Vec<AnswerState>) -> Said {
    Said {
        profile: profile(name, types),
        subjects: states
            .into_iter()
            .zip(0..)
            .map(|(state, o)| SubjectAnswer::of(o, state))
            .collect(),
    }
}

pub fn silent(name: &str, types: &[RecordType]) -> Said {
    said(name, types, vec![SILENCE; 3])
}

pub const SILENCE: AnswerState = AnswerState::Unreachable {
    cause: Unreachable::Timeout,
};

pub fn found(bodies: Vec<RecordBody>) -> AnswerState {
    if bodies.is_empty() {
        return AnswerState::NoRecord;
    }
    AnswerState::Found {
        records: bodies
            .into_iter()
            .zip(1..)
            .map(|(body, n)| Record {
                reference: format!("r{n}").into(),
                body,
            })
            .collect(),
    }
}

/// Asks something of the facts that departments have said.
pub fn ask<T>(household: &Household, said: &[Said], question: impl FnOnce(&Facts<'_>) -> T) -> T {
    ask_for(household, said, RecordType::ALL, question)
}

/// The same where departments were asked for these types only.
pub fn ask_for<T>(
    household: &Household,
    said: &[Said],
    asked: &[RecordType],
    question: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let departments: Vec<DepartmentAnswers<'_>> = said
        .iter()
        .map(|s| DepartmentAnswers {
            profile: &s.profile,
            subjects: &s.subjects,
        })
        .collect();
    question(&Facts::asked_for(household, as_of(), &departments, 20, asked))
}

pub fn all_facts() -> Vec<Fact> {
    let mut facts: Vec<Fact> = IncomeKind::ALL.iter().map(|k| Fact::Income(*k)).collect();
    facts.extend([
        Fact::BasicPension,
        Fact::MedicalOwnCost,
        Fact::FinancialAssets,
        Fact::ProvidentFundBalance,
        Fact::Dwellings,
        Fact::OtherRealEstate,
        Fact::RealEstateGivenUp,
        Fact::DwellingArea,
        Fact::Vehicles,
        Fact::CommercialVehicles,
        Fact::Businesses,
        Fact::PublicPayroll,
        Fact::CasualWorkMonths,
    ]);
    facts.extend(TransferNature::ALL.iter().map(|n| Fact::Transfer(*n)));
    facts
}

pub fn windows() -> impl Strategy<Value = Months> {
    prop_oneof![Just(1u32), Just(3), Just(12), Just(24)].prop_map(|n| Months::before(as_of(), n))
}

fn a_date() -> impl Strategy<Value = PartialDate> {
    let day = |(y, m, d): (i16, i8, i8)| PartialDate::new(y, m, d).or(PartialDate::new(y, m.max(1), 1)).unwrap();
    prop_oneof![
        6 => (2026..=2026i16, 5..=11i8, Just(0i8)).prop_map(day),
        2 => (2024..=2027i16, 0..=12i8, Just(0i8)).prop_map(day),
        2 => (2025..=2027i16, 1..=12i8, 1..=31i8).prop_map(day),
    ]
}

fn maybe_date() -> impl Strategy<Value = Option<PartialDate>> {
    option::weighted(0.7, a_date())
}

/// Few values, so that records meet, differ a little, differ much, and make no sense.
fn amount() -> impl Strategy<Value = Fen> {
    prop_oneof![
        Just(Fen(100_000)),
        Just(Fen(110_000)),
        Just(Fen(300_000)),
        Just(Fen(0)),
        Just(Fen(-50_000)),
        (0..1_000_000i64).prop_map(Fen)
    ]
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = SmolStr> {
    prop::sample::select(words).prop_map(SmolStr::new_static)
}

fn of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

const CODES: &[&str] = &["", "C1", "c1", "C2"];
const NAMES: &[&str] = &["", "甲公司", "乙公司"];

pub fn body(of_type: RecordType) -> BoxedStrategy<RecordBody> {
    match of_type {
        RecordType::Vehicle => vehicle(),
        RecordType::RealEstate => real_estate(),
        RecordType::FinancialAsset => financial_asset(),
        RecordType::ProvidentFund => provident_fund(),
        RecordType::Employment => employment(),
        RecordType::SocialInsurance => social_insurance(),
        RecordType::Pension => pension(),
        RecordType::Income => income(),
        RecordType::MedicalExpense => medical(),
        RecordType::Business => business(),
        RecordType::PublicPayroll => payroll(),
        RecordType::Land => land(),
        RecordType::Subsidy => subsidy(),
        _ => person(of_type),
    }
}

fn vehicle() -> BoxedStrategy<RecordBody> {
    let key = word(&["", "V1", "V2"]);
    let plate = word(&["", "川S1", "川S2"]);
    (
        key,
        plate,
        of(VehicleKind::ALL),
        of(VehicleUse::ALL),
        of(VehicleStatus::ALL),
        maybe_date(),
        option::of(amount()),
    )
        .prop_map(
            |(identification_number, plate, kind, usage, status, registered_on, value)| {
                RecordBody::Vehicle(Vehicle {
                    plate,
                    identification_number,
                    kind,
                    usage,
                    status,
                    registered_on,
                    value,
                })
            },
        )
        .boxed()
}

fn real_estate() -> BoxedStrategy<RecordBody> {
    let key = word(&["", "U1", "U2"]);
    let address = word(&["", "一号", "二号"]);
    (
        key,
        address,
        of(RealEstateKind::ALL),
        (0..3u32, 0..3u32),
        maybe_date(),
        maybe_date(),
        option::of(prop::sample::select(vec![-1i64, 6_000, 9_000])),
    )
        .prop_map(
            |(
                unit_number,
                address,
                kind,
                (share_numerator, share_denominator),
                acquired_on,
                disposed_on,
                area_centiares,
            )| {
                RecordBody::RealEstate(RealEstate {
                    unit_number,
                    address,
                    kind,
                    area_centiares,
                    share_numerator,
                    share_denominator,
                    acquired_on,
                    disposed_on,
                    price: None,
                })
            },
        )
        .boxed()
}

fn financial_asset() -> BoxedStrategy<RecordBody> {
    (
        of(FinancialAssetKind::ALL),
        word(&["", "A", "B"]),
        word(&["", "1", "2"]),
        amount(),
        maybe_date(),
    )
        .prop_map(|(kind, institution, account_reference, balance, balance_on)| {
            RecordBody::FinancialAsset(FinancialAsset {
                kind,
                institution,
                account_reference,
                balance,
                balance_on,
            })
        })
        .boxed()
}

fn provident_fund() -> BoxedStrategy<RecordBody> {
    (
        word(NAMES),
        word(CODES),
        option::of(amount()),
        option::of(amount()),
        amount(),
        maybe_date(),
        maybe_date(),
    )
        .prop_map(
            |(
                employer_name,
                employer_credit_code,
                monthly_base,
                monthly_contribution,
                balance,
                paid_from,
                paid_until,
            )| {
                RecordBody::ProvidentFund(ProvidentFund {
                    employer_name,
                    employer_credit_code,
                    monthly_base,
                    monthly_contribution,
                    balance,
                    loan_balance: None,
                    paid_from,
                    paid_until,
                })
            },
        )
        .boxed()
}

fn employment() -> BoxedStrategy<RecordBody> {
    (
        of(EmploymentStatus::ALL),
        word(NAMES),
        word(CODES),
        maybe_date(),
        maybe_date(),
        option::of(amount()),
    )
        .prop_map(
            |(status, employer_name, employer_credit_code, from, until, monthly_benefit)| {
                RecordBody::Employment(Employment {
                    status,
                    employer_name,
                    employer_credit_code,
                    from,
                    until,
                    monthly_benefit,
                })
            },
        )
        .boxed()
}

fn social_insurance() -> BoxedStrategy<RecordBody> {
    (
        word(NAMES),
        word(CODES),
        option::of(amount()),
        maybe_date(),
        maybe_date(),
    )
        .prop_map(
            |(employer_name, employer_credit_code, monthly_base, paid_from, paid_until)| {
                RecordBody::SocialInsurance(SocialInsurance {
                    employer_name,
                    employer_credit_code,
                    monthly_base,
                    paid_from,
                    paid_until,
                })
            },
        )
        .boxed()
}

fn pension() -> BoxedStrategy<RecordBody> {
    (
        of(PensionKind::ALL),
        amount(),
        option::of(amount()),
        maybe_date(),
        maybe_date(),
    )
        .prop_map(|(kind, monthly_amount, basic_part, from, until)| {
            RecordBody::Pension(Pension {
                kind,
                monthly_amount,
                basic_part,
                from,
                until,
            })
        })
        .boxed()
}

fn income() -> BoxedStrategy<RecordBody> {
    (
        of(IncomeKind::ALL),
        word(NAMES),
        word(CODES),
        a_date(),
        a_date(),
        amount(),
        option::of(amount()),
        option::of(of(TransferNature::ALL)),
    )
        .prop_map(
            |(kind, payer_name, payer_credit_code, from, until, gross, deductions, nature)| {
                RecordBody::Income(Income {
                    kind,
                    payer_name,
                    payer_credit_code,
                    from,
                    until,
                    gross,
                    deductions,
                    nature,
                })
            },
        )
        .boxed()
}

fn medical() -> BoxedStrategy<RecordBody> {
    (a_date(), amount(), option::of(amount()), amount())
        .prop_map(|(paid_on, total, reimbursed, own_cost_in_scope)| {
            RecordBody::MedicalExpense(MedicalExpense {
                paid_on,
                total,
                reimbursed,
                own_cost_in_scope,
            })
        })
        .boxed()
}

fn business() -> BoxedStrategy<RecordBody> {
    (
        word(CODES),
        word(NAMES),
        of(BusinessRole::ALL),
        of(BusinessStatus::ALL),
        maybe_date(),
    )
        .prop_map(|(credit_code, name, role, status, registered_on)| {
            RecordBody::Business(Business {
                credit_code,
                name,
                role,
                status,
                capital: None,
                registered_on,
            })
        })
        .boxed()
}

fn payroll() -> BoxedStrategy<RecordBody> {
    (word(NAMES), word(CODES), amount(), maybe_date(), maybe_date())
        .prop_map(|(unit_name, unit_credit_code, monthly_amount, from, until)| {
            RecordBody::PublicPayroll(PublicPayroll {
                unit_name,
                unit_credit_code,
                monthly_amount,
                from,
                until,
            })
        })
        .boxed()
}

fn land() -> BoxedStrategy<RecordBody> {
    (
        of(LandKind::ALL),
        word(&["", "L1", "L2"]),
        any::<bool>(),
        option::of(amount()),
    )
        .prop_map(|(kind, contract_number, leased_out, annual_rent)| {
            RecordBody::Land(Land {
                kind,
                contract_number,
                area_centimu: None,
                leased_out,
                annual_rent,
            })
        })
        .boxed()
}

fn subsidy() -> BoxedStrategy<RecordBody> {
    (word(&["", "退耕", "农机"]), amount(), a_date())
        .prop_map(|(project, amount, paid_on)| {
            RecordBody::Subsidy(Subsidy {
                project,
                amount,
                paid_on,
            })
        })
        .boxed()
}

fn person(of_type: RecordType) -> BoxedStrategy<RecordBody> {
    match of_type {
        RecordType::Registration => (
            of(RegistrationStatus::ALL),
            maybe_date(),
            option::of(of(RegistrationClass::ALL)),
        )
            .prop_map(|(status, deceased_on, class)| {
                RecordBody::Registration(Registration {
                    household_number: SmolStr::default(),
                    division_code: "511703".into(),
                    address: SmolStr::default(),
                    status,
                    deceased_on,
                    spouse_id_number: SmolStr::default(),
                    class,
                    father_id_number: SmolStr::default(),
                    mother_id_number: SmolStr::default(),
                })
            })
            .boxed(),
        RecordType::Marriage => (of(MarriageStatus::ALL), maybe_date())
            .prop_map(|(status, registered_on)| {
                RecordBody::Marriage(Marriage {
                    status,
                    spouse_id_number: SmolStr::default(),
                    spouse_name: SmolStr::default(),
                    registered_on,
                })
            })
            .boxed(),
        RecordType::Enrolment => (of(SchoolStage::ALL), maybe_date(), maybe_date(), any::<bool>())
            .prop_map(|(stage, from, until, full_time)| {
                RecordBody::Enrolment(Enrolment {
                    school: SmolStr::default(),
                    stage,
                    from,
                    until,
                    full_time,
                })
            })
            .boxed(),
        RecordType::Disability => (of(DisabilityKind::ALL), 0..6u32, maybe_date())
            .prop_map(|(kind, grade, issued_on)| {
                RecordBody::Disability(Disability {
                    kind,
                    grade,
                    certificate_number: SmolStr::default(),
                    issued_on,
                })
            })
            .boxed(),
        _ => (
            amount(),
            of(AssistancePeriod::ALL),
            of(AssistanceStatus::ALL),
            maybe_date(),
        )
            .prop_map(|(amount, period, status, from)| {
                RecordBody::Assistance(Assistance {
                    programme: "dibao".into(),
                    amount,
                    period,
                    from,
                    until: None,
                    division_code: SmolStr::default(),
                    status,
                })
            })
            .boxed(),
    }
}

/// Any record.
pub fn any_body() -> BoxedStrategy<RecordBody> {
    of(RecordType::ALL).prop_flat_map(body).boxed()
}

fn state(types: Vec<RecordType>) -> BoxedStrategy<AnswerState> {
    let limit = option::of((0..500_000i64).prop_map(Fen));
    let one = prop::sample::select(types).prop_flat_map(body);
    prop_oneof![
        8 => vec(one, 1..4).prop_map(found),
        2 => Just(AnswerState::NoRecord),
        1 => limit.clone().prop_map(|limit| AnswerState::OverLimit { limit }),
        1 => limit.prop_map(|limit| AnswerState::WithinLimit { limit }),
        1 => silences(),
    ]
    .boxed()
}

/// Every way of not answering.
pub fn silences() -> impl Strategy<Value = AnswerState> {
    prop_oneof![
        Just(SILENCE),
        Just(AnswerState::Pending),
        Just(AnswerState::NotAuthorized),
        Just(AnswerState::IdentityMismatch),
    ]
}

/// Types of record that meet in one figure, so that departments agree, differ and repeat each other.
const MEETINGS: &[&[RecordType]] = &[
    &[
        RecordType::Income,
        RecordType::PublicPayroll,
        RecordType::SocialInsurance,
        RecordType::ProvidentFund,
        RecordType::Employment,
    ],
    &[
        RecordType::Income,
        RecordType::Pension,
        RecordType::Employment,
        RecordType::Subsidy,
    ],
    &[RecordType::Pension],
    &[RecordType::Land, RecordType::Income],
    &[RecordType::RealEstate],
    &[RecordType::Vehicle],
    &[RecordType::FinancialAsset, RecordType::ProvidentFund],
    &[RecordType::Business, RecordType::PublicPayroll],
    &[RecordType::MedicalExpense],
];

/// Up to four departments whose records meet.
pub fn any_said() -> BoxedStrategy<Vec<Said>> {
    prop::sample::select(MEETINGS)
        .prop_flat_map(|types| {
            let department = prop::sample::subsequence(types.to_vec(), 1..=types.len())
                .prop_flat_map(|types| (vec(state(types.clone()), 3), Just(types)));
            vec(department, 1..5)
        })
        .prop_map(|departments| {
            departments
                .into_iter()
                .zip('a'..)
                .map(|((states, types), name)| said(&format!("d-{name}"), &types, states))
                .collect()
        })
        .boxed()
}

/// A family with any declaration.
pub fn any_household() -> BoxedStrategy<Household> {
    let declared = (of(IncomeKind::ALL), 0..2_000_000i64, a_date(), a_date()).prop_map(|(kind, amount, a, b)| {
        let (from, until) = if a.first_day() <= b.first_day() { (a, b) } else { (b, a) };
        DeclaredIncome {
            kind,
            amount: Fen(amount),
            from,
            until,
        }
    });
    let numbers = (option::of(0..3u32), option::of(0..3u32), option::of(0..3u32));
    (vec(declared, 0..4), option::of(0..900_000i64), numbers, 0..13u32)
        .prop_map(
            |(incomes, assets, (dwellings, vehicles, businesses), casual_work_months)| {
                let mut input = family();
                input.members[0].incomes = incomes;
                input.members[0].casual_work_months = casual_work_months;
                input.declared = Declared {
                    financial_assets: assets.map(Fen),
                    dwellings,
                    vehicles,
                    businesses,
                };
                checked(input)
            },
        )
        .boxed()
}

/// Registered here, and nothing more on record.
pub(crate) fn registration(status: crate::record::RegistrationStatus) -> crate::record::Registration {
    crate::record::Registration {
        household_number: Default::default(),
        division_code: "511703".into(),
        address: Default::default(),
        status,
        deceased_on: None,
        spouse_id_number: Default::default(),
        class: None,
        father_id_number: Default::default(),
        mother_id_number: Default::default(),
    }
}
