//! The bodies that simulated departments answer with, made once: per person everything but ordinal and id, serialized.
//! Leaves putting them into answers to `answer`.

use bytes::{Bytes, BytesMut};
use hedui_adapter::wire;
use hedui_core::record::*;
use hedui_core::{AnswerState, Date, Fen, PartialDate, ProgrammeId, Query, Record, Subject, SubjectAnswer};
use hedui_ids::{DivisionCode, ResidentId};

use super::scan::{Field, Fields, put_slice, put_varint};
use crate::error::SimError;
use crate::population::Dice;

/// Different bodies of one department; neighbours answer for the members of one household.
const BODIES: usize = 64;
/// Records of neighbouring bodies: any three of them make 6 to 14.
const RECORDS: [usize; 8] = [2, 3, 4, 5, 3, 2, 4, 3];

/// The bodies of a department that holds these types of record.
pub(super) fn make(types: &[RecordType], dice: &mut Dice) -> Result<Vec<Bytes>, SimError> {
    let mut bodies = Vec::with_capacity(BODIES);
    let mut serial = 0usize;
    for records in RECORDS.iter().cycle().take(BODIES) {
        let records: Vec<Record> = (0..*records)
            .filter_map(|_| {
                serial += 1;
                let of = types.get(serial % types.len().max(1))?;
                Some(Record {
                    reference: format!("{serial:07}").into(),
                    body: record(*of, dice)?,
                })
            })
            .collect();
        bodies.push(body(AnswerState::Found { records })?);
    }
    Ok(bodies)
}

/// The body that says this of somebody.
pub(super) fn body(state: AnswerState) -> Result<Bytes, SimError> {
    let query = question().ok_or(SimError::Exhausted("numbers"))?;
    rest_of_result(&wire::encode_answer(&query, &[SubjectAnswer::of(0, state)]))
}

/// A question about one person of nobody's number.
fn question() -> Option<Query> {
    let day = Date::new(2019, 6, 18).ok()?;
    let id = ResidentId::compose(DivisionCode::parse("110000")?, hedui_ids::Date::new(2000, 1, 1)?, 0)?;
    Some(Query {
        query_id: String::new(),
        purpose: ProgrammeId::new("dibao").ok()?,
        district_code: String::new(),
        authorization_digest: [0; 32],
        as_of: day,
        period_from: day,
        period_until: day,
        subjects: vec![Subject {
            ordinal: 0,
            id,
            name: String::new(),
        }],
        record_types: Vec::new(),
    })
}

/// Everything of the only `SubjectResult` of an answer but ordinal (1) and id (2).
fn rest_of_result(answer: &Bytes) -> Result<Bytes, SimError> {
    let broken = |_| SimError::Exhausted("readable answers");
    let mut fields = Fields(answer);
    while let Some((number, field)) = fields.next().map_err(broken)? {
        let (2, Field::Slice(result)) = (number, field) else {
            continue;
        };
        let mut rest = BytesMut::new();
        let mut inner = Fields(result);
        while let Some((number, field)) = inner.next().map_err(broken)? {
            match (u8::try_from(number), field) {
                (Ok(1 | 2), _) => {}
                (Ok(number @ 3..=15), Field::Number(value)) => {
                    put_varint(&mut rest, u64::from(number) << 3);
                    put_varint(&mut rest, value);
                }
                (Ok(number @ 3..=15), Field::Slice(bytes)) => put_slice(&mut rest, number, bytes),
                _ => return Err(SimError::Exhausted("readable answers")),
            }
        }
        return Ok(rest.freeze());
    }
    Err(SimError::Exhausted("readable answers"))
}

/// A record that makes nobody rich: old, small, ended. About 70 bytes on the wire, as the measurements of the design took.
fn record(of: RecordType, dice: &mut Dice) -> Option<RecordBody> {
    let draw = Draw {
        month: i8::try_from(dice.range(1, 12)).ok()?,
        small: Fen(dice.range(100, 9_000)),
        serial: dice.range(1_000_000, 9_999_999),
    };
    of_person(of, &draw)
        .or_else(|| of_property(of, &draw))
        .or_else(|| of_income(of, &draw))
}

/// What differs between records of one type.
struct Draw {
    month: i8,
    small: Fen,
    serial: i64,
}

impl Draw {
    fn month(&self) -> Option<PartialDate> {
        PartialDate::new(2018, self.month, 0)
    }

    fn day(&self) -> Option<PartialDate> {
        PartialDate::new(2017, self.month, 15)
    }
}

/// An employer that has closed.
fn code() -> String {
    "91511703MA6200001X".to_owned()
}

/// Who somebody is and what they did.
fn of_person(of: RecordType, draw: &Draw) -> Option<RecordBody> {
    let serial = draw.serial;
    Some(match of {
        RecordType::Registration => RecordBody::Registration(Registration {
            household_number: format!("51170300{serial}").into(),
            division_code: "511703".into(),
            address: "南外镇三里坪村四组".into(),
            status: RegistrationStatus::Active,
            deceased_on: None,
            spouse_id_number: Default::default(),
            class: Some(RegistrationClass::Rural),
            father_id_number: Default::default(),
            mother_id_number: Default::default(),
        }),
        RecordType::Marriage => RecordBody::Marriage(Marriage {
            status: MarriageStatus::Divorced,
            spouse_id_number: Default::default(),
            spouse_name: "婚姻登记档案已于当年移交市档案馆".into(),
            registered_on: draw.day(),
        }),
        RecordType::Enrolment => RecordBody::Enrolment(Enrolment {
            school: "达川区第三小学".into(),
            stage: SchoolStage::Compulsory,
            from: draw.day(),
            until: draw.day(),
            full_time: true,
        }),
        RecordType::Disability => RecordBody::Disability(Disability {
            kind: DisabilityKind::Physical,
            grade: 4,
            certificate_number: format!("CJ51170320170101000{serial}").into(),
            issued_on: draw.day(),
        }),
        RecordType::Employment => RecordBody::Employment(Employment {
            status: EmploymentStatus::Left,
            employer_name: "兴达公司".into(),
            employer_credit_code: code().into(),
            from: draw.month(),
            until: draw.day(),
            monthly_benefit: None,
        }),
        _ => return None,
    })
}

/// What somebody owns.
fn of_property(of: RecordType, draw: &Draw) -> Option<RecordBody> {
    let (small, serial) = (draw.small, draw.serial);
    Some(match of {
        RecordType::Vehicle => RecordBody::Vehicle(Vehicle {
            plate: format!("川S{}", serial % 100_000).into(),
            identification_number: format!("LSV00000000{serial}").into(),
            kind: VehicleKind::Car,
            usage: VehicleUse::Private,
            status: VehicleStatus::Scrapped,
            registered_on: draw.day(),
            value: Some(small),
        }),
        RecordType::RealEstate => RecordBody::RealEstate(RealEstate {
            unit_number: format!("511703001001GB00001F0{serial}").into(),
            address: "南外镇".into(),
            kind: RealEstateKind::Homestead,
            area_centiares: Some(4_500),
            share_numerator: 1,
            share_denominator: 2,
            acquired_on: draw.day(),
            disposed_on: None,
            price: None,
        }),
        RecordType::FinancialAsset => RecordBody::FinancialAsset(FinancialAsset {
            kind: FinancialAssetKind::Deposit,
            institution: "农村商业银行".into(),
            account_reference: format!("621457{serial}").into(),
            balance: small,
            balance_on: draw.day(),
        }),
        RecordType::ProvidentFund => RecordBody::ProvidentFund(ProvidentFund {
            employer_name: "兴达".into(),
            employer_credit_code: code().into(),
            monthly_base: None,
            monthly_contribution: None,
            balance: small,
            loan_balance: None,
            paid_from: None,
            paid_until: draw.month(),
        }),
        RecordType::Business => RecordBody::Business(Business {
            credit_code: code().into(),
            name: "达川区顺发经营部".into(),
            role: BusinessRole::SoleTrader,
            status: BusinessStatus::Cancelled,
            capital: None,
            registered_on: draw.day(),
        }),
        RecordType::Land => RecordBody::Land(Land {
            kind: LandKind::Farmland,
            contract_number: format!("511703105206{serial}J").into(),
            area_centimu: Some(280),
            leased_out: true,
            annual_rent: Some(small),
        }),
        _ => return None,
    })
}

/// What somebody is paid.
fn of_income(of: RecordType, draw: &Draw) -> Option<RecordBody> {
    let small = draw.small;
    Some(match of {
        RecordType::Income => RecordBody::Income(Income {
            kind: IncomeKind::Wage,
            payer_name: "兴达".into(),
            payer_credit_code: code().into(),
            from: draw.month()?,
            until: draw.month()?,
            gross: small,
            deductions: None,
            nature: None,
        }),
        RecordType::Pension => RecordBody::Pension(Pension {
            kind: PensionKind::Resident,
            monthly_amount: small,
            basic_part: Some(small),
            from: draw.day(),
            until: draw.day(),
        }),
        RecordType::PublicPayroll => RecordBody::PublicPayroll(PublicPayroll {
            unit_name: "南外镇政府".into(),
            unit_credit_code: code().into(),
            monthly_amount: small,
            from: None,
            until: draw.month(),
        }),
        RecordType::SocialInsurance => RecordBody::SocialInsurance(SocialInsurance {
            employer_name: "达川区兴达公司".into(),
            employer_credit_code: code().into(),
            monthly_base: Some(small),
            paid_from: draw.day(),
            paid_until: draw.day(),
        }),
        RecordType::Subsidy => RecordBody::Subsidy(Subsidy {
            project: "耕地地力保护补贴（含种粮直补）".into(),
            amount: small,
            paid_on: draw.day()?,
        }),
        RecordType::Assistance => RecordBody::Assistance(Assistance {
            programme: "temporary-assistance".into(),
            amount: small,
            period: AssistancePeriod::Once,
            from: draw.day(),
            until: None,
            division_code: "511703".into(),
            status: AssistanceStatus::Ended,
        }),
        RecordType::MedicalExpense => RecordBody::MedicalExpense(MedicalExpense {
            paid_on: draw.day()?,
            total: small,
            reimbursed: Some(small),
            own_cost_in_scope: small,
        }),
        _ => return None,
    })
}
