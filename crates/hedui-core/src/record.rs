//! What departments know of a person: the domain's form of `department.v1` records.
//! Leaves reading them off the wire to the adapter, and what they add up to to `facts`.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::dates::PartialDate;
use crate::money::Fen;

#[cfg(test)]
mod tests;
mod vocabulary;

pub use vocabulary::*;

/// One record of one person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// The department's own key of the record; no personal data.
    pub reference: SmolStr,
    /// What it says.
    #[serde(flatten)]
    pub body: RecordBody,
}

macro_rules! bodies {
    ($($variant:ident),+) => {
        /// What a record says, by type.
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        #[allow(missing_docs)]
        pub enum RecordBody { $($variant($variant)),+ }

        impl RecordBody {
            /// The type of the record.
            pub fn record_type(&self) -> RecordType {
                match self { $(RecordBody::$variant(_) => RecordType::$variant),+ }
            }
        }
    };
}
bodies!(
    Registration,
    Marriage,
    Vehicle,
    RealEstate,
    FinancialAsset,
    ProvidentFund,
    Employment,
    SocialInsurance,
    Pension,
    Income,
    MedicalExpense,
    Business,
    PublicPayroll,
    Land,
    Subsidy,
    Enrolment,
    Disability,
    Assistance
);

/// Only the type: a record holds a person's data.
impl std::fmt::Debug for RecordBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}(..)", self.record_type().word())
    }
}

macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type),+ }
    };
}

body!(
    /// Household registration (hukou).
    Registration {
        /// Number of the household booklet.
        #[serde(default)]
        household_number: SmolStr,
        /// GB/T 2260 code of the place of registration.
        #[serde(default)]
        division_code: SmolStr,
        /// Registered address.
        #[serde(default)]
        address: SmolStr,
        /// Where the registration stands.
        status: RegistrationStatus,
        /// When the person died, if so.
        #[serde(default)]
        deceased_on: Option<PartialDate>,
        /// The spouse that the booklet names, if any.
        #[serde(default)]
        spouse_id_number: SmolStr,
        /// Urban or rural, where still told apart.
        #[serde(default)]
        class: Option<RegistrationClass>,
        /// The father that the register names, if any.
        #[serde(default)]
        father_id_number: SmolStr,
        /// The mother that the register names, if any.
        #[serde(default)]
        mother_id_number: SmolStr,
    }
);
body!(
    /// Marriage registration.
    Marriage {
        /// Where the marriage stands.
        status: MarriageStatus,
        /// The spouse's resident ID as registered.
        #[serde(default)]
        spouse_id_number: SmolStr,
        /// The spouse's name as registered.
        #[serde(default)]
        spouse_name: SmolStr,
        /// When registered.
        #[serde(default)]
        registered_on: Option<PartialDate>,
    }
);
body!(
    /// A motor vehicle, farm machine or ship.
    Vehicle {
        /// Number plate.
        #[serde(default)]
        plate: SmolStr,
        /// Vehicle identification or hull number: the matching key.
        #[serde(default)]
        identification_number: SmolStr,
        /// Kind.
        kind: VehicleKind,
        /// Use; named `usage` because `use` is a keyword.
        usage: VehicleUse,
        /// Whether it still counts.
        status: VehicleStatus,
        /// When registered.
        #[serde(default)]
        registered_on: Option<PartialDate>,
        /// Estimated value.
        #[serde(default)]
        value: Option<Fen>,
    }
);
body!(
    /// A dwelling, other building or homestead.
    RealEstate {
        /// Unit or certificate number: the matching key.
        #[serde(default)]
        unit_number: SmolStr,
        /// Where it stands.
        #[serde(default)]
        address: SmolStr,
        /// Kind.
        kind: RealEstateKind,
        /// Hundredths of a square metre.
        #[serde(default)]
        area_centiares: Option<i64>,
        /// Share: numerator.
        #[serde(default = "one")]
        share_numerator: u32,
        /// Share: denominator.
        #[serde(default = "one")]
        share_denominator: u32,
        /// When acquired.
        #[serde(default)]
        acquired_on: Option<PartialDate>,
        /// When given up, if so.
        #[serde(default)]
        disposed_on: Option<PartialDate>,
        /// Price of the last transaction.
        #[serde(default)]
        price: Option<Fen>,
    }
);
body!(
    /// A deposit, security, fund share, policy or payment balance.
    FinancialAsset {
        /// Kind.
        kind: FinancialAssetKind,
        /// Who keeps it.
        #[serde(default)]
        institution: SmolStr,
        /// Account, policy or depository number: the matching key.
        #[serde(default)]
        account_reference: SmolStr,
        /// Balance or market value.
        balance: Fen,
        /// Of which day.
        #[serde(default)]
        balance_on: Option<PartialDate>,
    }
);
body!(
    /// A housing provident fund account.
    ProvidentFund {
        /// Employer.
        #[serde(default)]
        employer_name: SmolStr,
        /// Employer's unified social credit code: the matching key.
        #[serde(default)]
        employer_credit_code: SmolStr,
        /// Wage that the contribution is reckoned from, a month.
        #[serde(default)]
        monthly_base: Option<Fen>,
        /// Contribution a month.
        #[serde(default)]
        monthly_contribution: Option<Fen>,
        /// Balance of the account.
        balance: Fen,
        /// Loan outstanding.
        #[serde(default)]
        loan_balance: Option<Fen>,
        /// First month paid by this employer.
        #[serde(default)]
        paid_from: Option<PartialDate>,
        /// Last month paid; open where none.
        #[serde(default)]
        paid_until: Option<PartialDate>,
    }
);
body!(
    /// An employment or a registered unemployment.
    Employment {
        /// Where it stands.
        status: EmploymentStatus,
        /// Employer.
        #[serde(default)]
        employer_name: SmolStr,
        /// Employer's unified social credit code: the matching key.
        #[serde(default)]
        employer_credit_code: SmolStr,
        /// First month.
        #[serde(default)]
        from: Option<PartialDate>,
        /// Last month; open where none.
        #[serde(default)]
        until: Option<PartialDate>,
        /// Unemployment benefit a month.
        #[serde(default)]
        monthly_benefit: Option<Fen>,
    }
);
body!(
    /// Social insurance contributions of one payer over consecutive months.
    SocialInsurance {
        /// Employer; empty for the self-insured.
        #[serde(default)]
        employer_name: SmolStr,
        /// Employer's unified social credit code: the matching key.
        #[serde(default)]
        employer_credit_code: SmolStr,
        /// Wage that the contribution is reckoned from, a month.
        #[serde(default)]
        monthly_base: Option<Fen>,
        /// First month paid.
        #[serde(default)]
        paid_from: Option<PartialDate>,
        /// Last month paid; open where none.
        #[serde(default)]
        paid_until: Option<PartialDate>,
    }
);
body!(
    /// A pension that a person draws.
    Pension {
        /// Kind.
        kind: PensionKind,
        /// Amount a month.
        monthly_amount: Fen,
        /// Of it, the basic old-age pension of residents.
        #[serde(default)]
        basic_part: Option<Fen>,
        /// First month.
        #[serde(default)]
        from: Option<PartialDate>,
        /// Last month; open where none.
        #[serde(default)]
        until: Option<PartialDate>,
    }
);
body!(
    /// Income received for a period from one payer.
    Income {
        /// Kind.
        kind: IncomeKind,
        /// Payer.
        #[serde(default)]
        payer_name: SmolStr,
        /// Payer's unified social credit code: the matching key.
        #[serde(default)]
        payer_credit_code: SmolStr,
        /// First month for which it was earned.
        from: PartialDate,
        /// Last month for which it was earned.
        until: PartialDate,
        /// Before deductions, for the whole period.
        gross: Fen,
        /// Necessary cost, tax, social insurance, for the whole period.
        #[serde(default)]
        deductions: Option<Fen>,
        /// What a transfer is, where the register tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nature: Option<TransferNature>,
    }
);
body!(
    /// A medical bill.
    MedicalExpense {
        /// When paid.
        paid_on: PartialDate,
        /// The bill.
        total: Fen,
        /// Paid by insurance or others.
        #[serde(default)]
        reimbursed: Option<Fen>,
        /// Paid by the patient within the scope of the insurance policy.
        own_cost_in_scope: Fen,
    }
);
body!(
    /// A person's part in a company or shop.
    Business {
        /// Unified social credit code: the matching key.
        #[serde(default)]
        credit_code: SmolStr,
        /// Its name.
        #[serde(default)]
        name: SmolStr,
        /// What the person is to it.
        role: BusinessRole,
        /// Where it stands.
        status: BusinessStatus,
        /// Registered capital.
        #[serde(default)]
        capital: Option<Fen>,
        /// When registered.
        #[serde(default)]
        registered_on: Option<PartialDate>,
    }
);
body!(
    /// A person paid from the public budget.
    PublicPayroll {
        /// The unit.
        #[serde(default)]
        unit_name: SmolStr,
        /// Its unified social credit code: the matching key.
        #[serde(default)]
        unit_credit_code: SmolStr,
        /// Pay a month.
        monthly_amount: Fen,
        /// First month.
        #[serde(default)]
        from: Option<PartialDate>,
        /// Last month; open where none.
        #[serde(default)]
        until: Option<PartialDate>,
    }
);
body!(
    /// Contracted land or forest.
    Land {
        /// Kind.
        kind: LandKind,
        /// Contract number: the matching key.
        #[serde(default)]
        contract_number: SmolStr,
        /// Hundredths of a mu.
        #[serde(default)]
        area_centimu: Option<i64>,
        /// Whether leased out to others.
        #[serde(default)]
        leased_out: bool,
        /// Rent a year when leased out.
        #[serde(default)]
        annual_rent: Option<Fen>,
    }
);
body!(
    /// A grant for planting, breeding, machines or forest.
    Subsidy {
        /// Name of the project.
        #[serde(default)]
        project: SmolStr,
        /// Amount.
        amount: Fen,
        /// When paid.
        paid_on: PartialDate,
    }
);
body!(
    /// Attendance of a school.
    Enrolment {
        /// School.
        #[serde(default)]
        school: SmolStr,
        /// Stage.
        stage: SchoolStage,
        /// First day.
        #[serde(default)]
        from: Option<PartialDate>,
        /// Last day; open where none.
        #[serde(default)]
        until: Option<PartialDate>,
        /// Whether full time.
        #[serde(default)]
        full_time: bool,
    }
);
body!(
    /// A disability certificate.
    Disability {
        /// Kind.
        kind: DisabilityKind,
        /// 1 (most severe) to 4.
        grade: u32,
        /// Number of the certificate.
        #[serde(default)]
        certificate_number: SmolStr,
        /// When issued.
        #[serde(default)]
        issued_on: Option<PartialDate>,
    }
);
body!(
    /// Help already drawn from any programme.
    Assistance {
        /// Programme id.
        programme: SmolStr,
        /// Amount per `period`.
        amount: Fen,
        /// Once, a month, a year.
        period: AssistancePeriod,
        /// First day.
        #[serde(default)]
        from: Option<PartialDate>,
        /// Last day; open where none.
        #[serde(default)]
        until: Option<PartialDate>,
        /// GB/T 2260 code of the district that pays.
        #[serde(default)]
        division_code: SmolStr,
        /// Where it stands.
        status: AssistanceStatus,
    }
);

fn one() -> u32 {
    1
}
