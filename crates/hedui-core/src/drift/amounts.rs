//! The amounts of money in a record, each with the name of its field.
//! Leaves what they mean to `record`.

use crate::money::Fen;
use crate::record::{Record, RecordBody};

/// The amounts of a record.
pub(super) fn amounts(record: &Record) -> impl Iterator<Item = (&'static str, Fen)> + use<> {
    let found: [(&'static str, Option<Fen>); 4] = match &record.body {
        RecordBody::Vehicle(r) => one("vehicle.value", r.value),
        RecordBody::RealEstate(r) => one("real_estate.price", r.price),
        RecordBody::FinancialAsset(r) => one("financial_asset.balance", Some(r.balance)),
        RecordBody::ProvidentFund(r) => [
            ("provident_fund.monthly_base", r.monthly_base),
            ("provident_fund.monthly_contribution", r.monthly_contribution),
            ("provident_fund.balance", Some(r.balance)),
            ("provident_fund.loan_balance", r.loan_balance),
        ],
        RecordBody::Employment(r) => one("employment.monthly_benefit", r.monthly_benefit),
        RecordBody::SocialInsurance(r) => one("social_insurance.monthly_base", r.monthly_base),
        RecordBody::Pension(r) => two(
            ("pension.monthly_amount", Some(r.monthly_amount)),
            ("pension.basic_part", r.basic_part),
        ),
        RecordBody::Income(r) => two(("income.gross", Some(r.gross)), ("income.deductions", r.deductions)),
        RecordBody::MedicalExpense(r) => [
            ("medical_expense.total", Some(r.total)),
            ("medical_expense.reimbursed", r.reimbursed),
            ("medical_expense.own_cost_in_scope", Some(r.own_cost_in_scope)),
            NONE,
        ],
        RecordBody::Business(r) => one("business.capital", r.capital),
        RecordBody::PublicPayroll(r) => one("public_payroll.monthly_amount", Some(r.monthly_amount)),
        RecordBody::Land(r) => one("land.annual_rent", r.annual_rent),
        RecordBody::Subsidy(r) => one("subsidy.amount", Some(r.amount)),
        RecordBody::Assistance(r) => one("assistance.amount", Some(r.amount)),
        RecordBody::Registration(_)
        | RecordBody::Marriage(_)
        | RecordBody::Enrolment(_)
        | RecordBody::Disability(_) => [NONE; 4],
    };
    found.into_iter().filter_map(|(field, fen)| Some((field, fen?)))
}

const NONE: (&str, Option<Fen>) = ("", None);

fn one(field: &'static str, fen: Option<Fen>) -> [(&'static str, Option<Fen>); 4] {
    [(field, fen), NONE, NONE, NONE]
}

fn two(first: (&'static str, Option<Fen>), second: (&'static str, Option<Fen>)) -> [(&'static str, Option<Fen>); 4] {
    [first, second, NONE, NONE]
}
