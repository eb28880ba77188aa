//! The fields of every type of record, by name and kind, as manifests, cases and sources use them.
//! Leaves what fields mean to `hedui_core::record`; a test holds this table against the types there.

use hedui_core::RecordType;
use hedui_core::record as r;

/// The words that a coded field may have.
pub type Words = fn() -> Vec<&'static str>;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum FieldKind {
    /// Text.
    Text,
    /// Amount in fen.
    Money,
    /// Date of which month and day may be unknown.
    Date,
    /// One of a vocabulary, which the function lists.
    Word(Words),
    /// Hundredths of a square metre.
    SquareMetres,
    /// Hundredths of a mu.
    Mu,
    /// A small number, with its lowest and highest value.
    Number(u32, u32),
    /// Yes or no.
    Flag,
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, as in `hedui_core::record`.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether a record cannot do without it.
    pub required: bool,
    /// Whether a record says the same without it, or leaves open what it would have decided: only then may a value that cannot be read be left
    /// out. A flat whose day of sale cannot be read is not a flat that was not sold.
    pub harmless: bool,
}

macro_rules! word {
    ($vocabulary:ident) => {
        FieldKind::Word(|| r::$vocabulary::ALL.iter().map(|v| v.word()).collect())
    };
}

const fn must(name: &'static str, kind: FieldKind) -> Field {
    Field {
        name,
        kind,
        required: true,
        harmless: false,
    }
}

const fn may(name: &'static str, kind: FieldKind) -> Field {
    Field {
        name,
        kind,
        required: false,
        harmless: false,
    }
}

const fn harmless(field: Field) -> Field {
    Field {
        harmless: true,
        ..field
    }
}

const fn text(name: &'static str) -> Field {
    may(name, FieldKind::Text)
}

const fn date(name: &'static str) -> Field {
    may(name, FieldKind::Date)
}

const fn money(name: &'static str) -> Field {
    may(name, FieldKind::Money)
}

/// The fields of a type of record, in the order of `hedui_core::record`.
pub const fn fields(record_type: RecordType) -> &'static [Field] {
    use FieldKind::{Date, Flag, Money, Mu, Number, SquareMetres, Text};
    match record_type {
        RecordType::Registration => {
            const {
                &[
                    harmless(text("household_number")),
                    text("division_code"),
                    harmless(text("address")),
                    must("status", word!(RegistrationStatus)),
                    date("deceased_on"),
                    text("spouse_id_number"),
                    may("class", word!(RegistrationClass)),
                    text("father_id_number"),
                    text("mother_id_number"),
                ]
            }
        }
        RecordType::Marriage => {
            const {
                &[
                    must("status", word!(MarriageStatus)),
                    text("spouse_id_number"),
                    harmless(text("spouse_name")),
                    date("registered_on"),
                ]
            }
        }
        RecordType::Vehicle => {
            const {
                &[
                    harmless(text("plate")),
                    text("identification_number"),
                    must("kind", word!(VehicleKind)),
                    must("usage", word!(VehicleUse)),
                    must("status", word!(VehicleStatus)),
                    harmless(date("registered_on")),
                    harmless(money("value")),
                ]
            }
        }
        RecordType::RealEstate => {
            const {
                &[
                    text("unit_number"),
                    harmless(text("address")),
                    must("kind", word!(RealEstateKind)),
                    harmless(may("area_centiares", SquareMetres)),
                    may("share_numerator", Number(1, u32::MAX)),
                    may("share_denominator", Number(1, u32::MAX)),
                    harmless(date("acquired_on")),
                    date("disposed_on"),
                    harmless(money("price")),
                ]
            }
        }
        RecordType::FinancialAsset => {
            const {
                &[
                    must("kind", word!(FinancialAssetKind)),
                    harmless(text("institution")),
                    text("account_reference"),
                    must("balance", Money),
                    date("balance_on"),
                ]
            }
        }
        RecordType::ProvidentFund => {
            const {
                &[
                    harmless(text("employer_name")),
                    text("employer_credit_code"),
                    harmless(money("monthly_base")),
                    harmless(money("monthly_contribution")),
                    must("balance", Money),
                    harmless(money("loan_balance")),
                    date("paid_from"),
                    date("paid_until"),
                ]
            }
        }
        RecordType::Employment => {
            const {
                &[
                    must("status", word!(EmploymentStatus)),
                    harmless(text("employer_name")),
                    text("employer_credit_code"),
                    date("from"),
                    date("until"),
                    money("monthly_benefit"),
                ]
            }
        }
        RecordType::SocialInsurance => {
            const {
                &[
                    harmless(text("employer_name")),
                    text("employer_credit_code"),
                    harmless(money("monthly_base")),
                    date("paid_from"),
                    date("paid_until"),
                ]
            }
        }
        RecordType::Pension => {
            const {
                &[
                    must("kind", word!(PensionKind)),
                    must("monthly_amount", Money),
                    money("basic_part"),
                    date("from"),
                    date("until"),
                ]
            }
        }
        RecordType::Income => {
            const {
                &[
                    must("kind", word!(IncomeKind)),
                    harmless(text("payer_name")),
                    text("payer_credit_code"),
                    must("from", Date),
                    must("until", Date),
                    must("gross", Money),
                    money("deductions"),
                    may("nature", word!(TransferNature)),
                ]
            }
        }
        RecordType::MedicalExpense => {
            const {
                &[
                    must("paid_on", Date),
                    must("total", Money),
                    harmless(money("reimbursed")),
                    must("own_cost_in_scope", Money),
                ]
            }
        }
        RecordType::Business => {
            const {
                &[
                    text("credit_code"),
                    harmless(text("name")),
                    must("role", word!(BusinessRole)),
                    must("status", word!(BusinessStatus)),
                    harmless(money("capital")),
                    harmless(date("registered_on")),
                ]
            }
        }
        RecordType::PublicPayroll => {
            const {
                &[
                    harmless(text("unit_name")),
                    text("unit_credit_code"),
                    must("monthly_amount", Money),
                    date("from"),
                    date("until"),
                ]
            }
        }
        RecordType::Land => {
            const {
                &[
                    must("kind", word!(LandKind)),
                    text("contract_number"),
                    harmless(may("area_centimu", Mu)),
                    may("leased_out", Flag),
                    harmless(money("annual_rent")),
                ]
            }
        }
        RecordType::Subsidy => const { &[harmless(text("project")), must("amount", Money), must("paid_on", Date)] },
        RecordType::Enrolment => {
            const {
                &[
                    harmless(text("school")),
                    must("stage", word!(SchoolStage)),
                    date("from"),
                    date("until"),
                    may("full_time", Flag),
                ]
            }
        }
        RecordType::Disability => {
            const {
                &[
                    must("kind", word!(DisabilityKind)),
                    must("grade", Number(1, 4)),
                    harmless(text("certificate_number")),
                    date("issued_on"),
                ]
            }
        }
        RecordType::Assistance => {
            const {
                &[
                    must("programme", Text),
                    must("amount", Money),
                    must("period", word!(AssistancePeriod)),
                    harmless(date("from")),
                    date("until"),
                    text("division_code"),
                    must("status", word!(AssistanceStatus)),
                ]
            }
        }
    }
}
