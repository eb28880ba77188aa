//! The amounts of money in a record, each with its field, and what is counted of every field.
//! Leaves what they mean to `record`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::BUCKETS;
use crate::money::Fen;
use crate::record::{Record, RecordBody};

/// The fields of money, in the order of their names, by which their counts are kept.
macro_rules! fields {
    ($($variant:ident $name:literal),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Field { $($variant),+ }

        impl Field {
            const ALL: &[Field] = &[$(Field::$variant),+];

            pub(super) fn name(self) -> &'static str {
                match self { $(Field::$variant => $name),+ }
            }
        }
    };
}
fields!(
    AssistanceAmount "assistance.amount",
    BusinessCapital "business.capital",
    EmploymentMonthlyBenefit "employment.monthly_benefit",
    FinancialAssetBalance "financial_asset.balance",
    IncomeDeductions "income.deductions",
    IncomeGross "income.gross",
    LandAnnualRent "land.annual_rent",
    MedicalExpenseOwnCostInScope "medical_expense.own_cost_in_scope",
    MedicalExpenseReimbursed "medical_expense.reimbursed",
    MedicalExpenseTotal "medical_expense.total",
    PensionBasicPart "pension.basic_part",
    PensionMonthlyAmount "pension.monthly_amount",
    ProvidentFundBalance "provident_fund.balance",
    ProvidentFundLoanBalance "provident_fund.loan_balance",
    ProvidentFundMonthlyBase "provident_fund.monthly_base",
    ProvidentFundMonthlyContribution "provident_fund.monthly_contribution",
    PublicPayrollMonthlyAmount "public_payroll.monthly_amount",
    RealEstatePrice "real_estate.price",
    SocialInsuranceMonthlyBase "social_insurance.monthly_base",
    SubsidyAmount "subsidy.amount",
    VehicleValue "vehicle.value",
);

/// How many amounts of each field fell into each bucket. Kept as a map by names; a name that is none of the fields any more is forgotten.
/// Small and in one piece: judges on several processors count here, and each line of memory that one has written the next one must fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "BTreeMap<String, Vec<u64>>", from = "BTreeMap<String, Vec<u64>>")]
pub(super) struct Counts {
    /// In ascending order.
    fields: Vec<Field>,
    /// Each at the place of its field.
    buckets: Vec<[u32; BUCKETS]>,
}

impl Counts {
    fn of(&mut self, field: Field) -> Option<&mut [u32; BUCKETS]> {
        // Nearly every field is known, and they are a few.
        let at = match self.fields.iter().position(|known| *known == field) {
            Some(at) => at,
            None => {
                let at = self.fields.partition_point(|known| *known < field);
                self.fields.insert(at, field);
                self.buckets.insert(at, [0; BUCKETS]);
                at
            }
        };
        self.buckets.get_mut(at)
    }

    /// Counts one amount.
    pub(super) fn count(&mut self, field: Field, bucket: usize) {
        let count = self.of(field).and_then(|buckets| buckets.get_mut(bucket));
        count.into_iter().for_each(|count| *count = count.saturating_add(1));
    }

    pub(super) fn add(&mut self, other: &Counts) {
        for (field, theirs) in other.fields.iter().zip(&other.buckets) {
            for (ours, theirs) in self.of(*field).into_iter().flatten().zip(theirs) {
                *ours = ours.saturating_add(*theirs);
            }
        }
    }

    /// Every field of which any is known with its buckets, in the order of names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Field, &[u32; BUCKETS])> {
        self.fields.iter().copied().zip(&self.buckets)
    }

    pub(super) fn get(&self, field: Field) -> Option<&[u32; BUCKETS]> {
        self.iter()
            .find(|(known, _)| *known == field)
            .map(|(_, buckets)| buckets)
    }
}

impl From<Counts> for BTreeMap<String, Vec<u64>> {
    fn from(counts: Counts) -> BTreeMap<String, Vec<u64>> {
        let fields = counts.iter();
        let named = fields.map(|(field, counts)| {
            let counts = counts.iter().map(|count| u64::from(*count));
            (field.name().to_owned(), counts.collect())
        });
        named.collect()
    }
}

impl From<BTreeMap<String, Vec<u64>>> for Counts {
    fn from(kept: BTreeMap<String, Vec<u64>>) -> Counts {
        let mut counts = Counts::default();
        for (name, kept) in &kept {
            let field = Field::ALL.iter().find(|field| field.name() == name);
            let buckets = field.and_then(|field| counts.of(*field));
            for (ours, kept) in buckets.into_iter().flatten().zip(kept) {
                *ours = u32::try_from(*kept).unwrap_or(u32::MAX);
            }
        }
        counts
    }
}

/// The amounts of a record.
pub(super) fn amounts(record: &Record) -> impl Iterator<Item = (Field, Fen)> + use<> {
    let found: [(Field, Option<Fen>); 4] = match &record.body {
        RecordBody::Vehicle(r) => one(Field::VehicleValue, r.value),
        RecordBody::RealEstate(r) => one(Field::RealEstatePrice, r.price),
        RecordBody::FinancialAsset(r) => one(Field::FinancialAssetBalance, Some(r.balance)),
        RecordBody::ProvidentFund(r) => [
            (Field::ProvidentFundMonthlyBase, r.monthly_base),
            (Field::ProvidentFundMonthlyContribution, r.monthly_contribution),
            (Field::ProvidentFundBalance, Some(r.balance)),
            (Field::ProvidentFundLoanBalance, r.loan_balance),
        ],
        RecordBody::Employment(r) => one(Field::EmploymentMonthlyBenefit, r.monthly_benefit),
        RecordBody::SocialInsurance(r) => one(Field::SocialInsuranceMonthlyBase, r.monthly_base),
        RecordBody::Pension(r) => two(
            (Field::PensionMonthlyAmount, Some(r.monthly_amount)),
            (Field::PensionBasicPart, r.basic_part),
        ),
        RecordBody::Income(r) => two(
            (Field::IncomeGross, Some(r.gross)),
            (Field::IncomeDeductions, r.deductions),
        ),
        RecordBody::MedicalExpense(r) => [
            (Field::MedicalExpenseTotal, Some(r.total)),
            (Field::MedicalExpenseReimbursed, r.reimbursed),
            (Field::MedicalExpenseOwnCostInScope, Some(r.own_cost_in_scope)),
            NONE,
        ],
        RecordBody::Business(r) => one(Field::BusinessCapital, r.capital),
        RecordBody::PublicPayroll(r) => one(Field::PublicPayrollMonthlyAmount, Some(r.monthly_amount)),
        RecordBody::Land(r) => one(Field::LandAnnualRent, r.annual_rent),
        RecordBody::Subsidy(r) => one(Field::SubsidyAmount, Some(r.amount)),
        RecordBody::Assistance(r) => one(Field::AssistanceAmount, Some(r.amount)),
        RecordBody::Registration(_)
        | RecordBody::Marriage(_)
        | RecordBody::Enrolment(_)
        | RecordBody::Disability(_) => [NONE; 4],
    };
    found.into_iter().filter_map(|(field, fen)| Some((field, fen?)))
}

const NONE: (Field, Option<Fen>) = (Field::AssistanceAmount, None);

fn one(field: Field, fen: Option<Fen>) -> [(Field, Option<Fen>); 4] {
    [(field, fen), NONE, NONE, NONE]
}

fn two(first: (Field, Option<Fen>), second: (Field, Option<Fen>)) -> [(Field, Option<Fen>); 4] {
    [first, second, NONE, NONE]
}
