//! The words of records: kinds, states and roles, each with the word used in manifests, packs, cases and JSON.
//! Leaves the records themselves to `record`.

use serde::{Deserialize, Serialize};

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// The word used in manifests, packs, cases and JSON.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The value of a word.
            pub fn from_word(word: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|v| v.word() == word)
            }
        }
    };
}

vocabulary!(
    /// The types of record.
    RecordType {
        /// Household registration.
        Registration = "registration",
        /// Marriage registration.
        Marriage = "marriage",
        /// Vehicle, farm machine, ship.
        Vehicle = "vehicle",
        /// Dwelling, other building, homestead.
        RealEstate = "real_estate",
        /// Deposit, security, fund share, insurance policy.
        FinancialAsset = "financial_asset",
        /// Housing provident fund account.
        ProvidentFund = "provident_fund",
        /// Employment or registered unemployment.
        Employment = "employment",
        /// Social insurance contributions.
        SocialInsurance = "social_insurance",
        /// Pension drawn.
        Pension = "pension",
        /// Income declared by its payer.
        Income = "income",
        /// Medical bill.
        MedicalExpense = "medical_expense",
        /// Part in a company or shop.
        Business = "business",
        /// Paid from the public budget.
        PublicPayroll = "public_payroll",
        /// Contracted land or forest.
        Land = "land",
        /// Grant for planting, breeding, machines, forest.
        Subsidy = "subsidy",
        /// Attendance of a school.
        Enrolment = "enrolment",
        /// Disability certificate.
        Disability = "disability",
        /// Help already drawn.
        Assistance = "assistance",
    }
);
vocabulary!(
    /// Where a registration stands.
    RegistrationStatus { /// In force.
        Active = "active", /// Moved to another place.
        MovedOut = "moved_out", /// Struck off.
        Cancelled = "cancelled" }
);
vocabulary!(
    /// Urban or rural registration.
    RegistrationClass { /// Urban.
        Urban = "urban", /// Rural.
        Rural = "rural" }
);
vocabulary!(
    /// Where a marriage stands.
    MarriageStatus { /// In force.
        Married = "married", /// Dissolved.
        Divorced = "divorced", /// Ended by death.
        Widowed = "widowed" }
);
vocabulary!(
    /// Kinds of vehicle.
    VehicleKind { /// Passenger car.
        Car = "car", /// Motorcycle.
        Motorcycle = "motorcycle", /// Lorry.
        Truck = "truck", /// Bus.
        Bus = "bus", /// Tractor, harvester.
        FarmMachine = "farm_machine", /// Vehicle for disabled people.
        DisabledVehicle = "disabled_vehicle", /// Ship.
        Ship = "ship", /// Anything else.
        Other = "other" }
);
vocabulary!(
    /// Private or commercial use.
    VehicleUse { /// Private.
        Private = "private", /// Commercial operation.
        Commercial = "commercial" }
);
vocabulary!(
    /// Whether a vehicle still counts as the person's.
    VehicleStatus { /// In the register.
        Normal = "normal", /// Scrapped.
        Scrapped = "scrapped", /// Sold on.
        Transferred = "transferred" }
);
vocabulary!(
    /// Kinds of real estate.
    RealEstateKind { /// Flat or house to live in.
        Dwelling = "dwelling", /// Shop.
        Shop = "shop", /// Garage or parking space.
        Garage = "garage", /// Office.
        Office = "office", /// Rural homestead.
        Homestead = "homestead", /// Anything else.
        Other = "other" }
);
vocabulary!(
    /// Kinds of financial asset.
    FinancialAssetKind { /// Bank deposit.
        Deposit = "deposit", /// Share, bond.
        Security = "security", /// Fund share.
        Fund = "fund", /// Commercial insurance policy.
        Insurance = "insurance", /// Wealth-management product.
        WealthProduct = "wealth_product", /// Balance at a non-bank payment institution.
        PaymentAccount = "payment_account" }
);
vocabulary!(
    /// Where an employment stands.
    EmploymentStatus { /// At work.
        Employed = "employed", /// Registered unemployed.
        Unemployed = "unemployed", /// Left.
        Left = "left" }
);
vocabulary!(
    /// Kinds of pension.
    PensionKind { /// Of employees.
        Employee = "employee", /// Of urban and rural residents.
        Resident = "resident", /// Of survivors.
        Survivor = "survivor" }
);
vocabulary!(
    /// The four kinds of income of the assistance rules (民发〔2021〕57号, article 13).
    IncomeKind { /// Wages.
        Wage = "wage", /// Net income from a business, farming included.
        Business = "business", /// Net income from property.
        Property = "property", /// Net transfers.
        Transfer = "transfer" }
);
vocabulary!(
    /// What a transfer is, since rules count some and leave out others (民发〔2021〕57号, article 13).
    TransferNature { /// Pension.
        Pension = "pension", /// Scholarship or help for schooling.
        Scholarship = "scholarship", /// Honours, awards for bravery or family planning, special care allowances.
        Honour = "honour", /// Relief from public funds.
        GovernmentRelief = "government_relief", /// Allowance for old age.
        SeniorityAllowance = "seniority_allowance", /// Support from relatives.
        Support = "support", /// Benefit of an insurance.
        InsuranceBenefit = "insurance_benefit", /// Anything else.
        Other = "other" }
);
vocabulary!(
    /// What a person is to a business.
    BusinessRole { /// Sole trader.
        SoleTrader = "sole_trader", /// Legal representative.
        LegalRepresentative = "legal_representative", /// Shareholder.
        Shareholder = "shareholder", /// Director, supervisor, manager.
        Officer = "officer" }
);
vocabulary!(
    /// Where a business stands.
    BusinessStatus { /// In operation.
        Active = "active", /// Struck off.
        Cancelled = "cancelled", /// Licence revoked.
        Revoked = "revoked" }
);
vocabulary!(
    /// Kinds of land right.
    LandKind { /// Contracted farmland.
        Farmland = "farmland", /// Forest right.
        Forest = "forest" }
);
vocabulary!(
    /// Stages of schooling.
    SchoolStage { /// Kindergarten.
        Preschool = "preschool", /// Primary and junior secondary.
        Compulsory = "compulsory", /// Senior secondary.
        SeniorSecondary = "senior_secondary", /// Vocational secondary.
        Vocational = "vocational", /// Up to bachelor.
        Undergraduate = "undergraduate", /// Beyond bachelor.
        Postgraduate = "postgraduate" }
);
vocabulary!(
    /// Kinds of disability (GB/T 26341).
    DisabilityKind { /// Sight.
        Vision = "vision", /// Hearing.
        Hearing = "hearing", /// Speech.
        Speech = "speech", /// Body.
        Physical = "physical", /// Intellect.
        Intellectual = "intellectual", /// Mind.
        Mental = "mental", /// Several.
        Multiple = "multiple" }
);
vocabulary!(
    /// For what time an amount of assistance is paid.
    AssistancePeriod { /// Once.
        Once = "once", /// A month.
        Monthly = "monthly", /// A year.
        Yearly = "yearly" }
);
vocabulary!(
    /// Where an assistance stands.
    AssistanceStatus { /// Being paid.
        Drawing = "drawing", /// Over.
        Ended = "ended" }
);
