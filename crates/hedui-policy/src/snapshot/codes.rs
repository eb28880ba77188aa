//! The numbers by which a stored snapshot names what it holds. Only ever added to, never used again for another.
//! Leaves the layout of a snapshot to `encode`.

use hedui_core::circumstance::Circumstance;
use hedui_core::facts::Fact;
use hedui_core::household::Relation;
use hedui_core::record::{DisabilityKind, IncomeKind, SchoolStage, TransferNature};

use super::Reading;
use crate::program::Said;

/// Both ways between values and their numbers; a value without a number does not compile.
macro_rules! numbered {
    ($of:ident, $from:ident, $type:ident { $($variant:ident = $code:literal,)+ }) => {
        /// The number of a value.
        pub(super) fn $of(value: $type) -> u8 {
            match value { $($type::$variant => $code,)+ }
        }

        /// The value of a number.
        pub(super) fn $from(code: u8) -> Option<$type> {
            match code { $($code => Some($type::$variant),)+ _ => None }
        }
    };
}

// What is read besides facts, in one row with them.
pub(super) const NEW_JOB_MONTHS: u8 = 64;
pub(super) const REGISTERED_IN: u8 = 65;
pub(super) const MARRIED: u8 = 66;
pub(super) const ATTENDS: u8 = 67;
pub(super) const DISABLED: u8 = 68;
pub(super) const DRAWS: u8 = 69;
pub(super) const STATED: u8 = 70;
pub(super) const RECEIVED: u8 = 71;

/// The number of what is read.
pub(super) fn of_reading(reading: &Reading) -> u8 {
    match reading {
        Reading::Fact(fact) => of_fact(*fact),
        Reading::NewJobMonths => NEW_JOB_MONTHS,
        Reading::RegisteredIn(_) => REGISTERED_IN,
        Reading::Married => MARRIED,
        Reading::Attends(_) => ATTENDS,
        Reading::Disabled(_) => DISABLED,
        Reading::Draws(_) => DRAWS,
        Reading::Received(_) => RECEIVED,
        Reading::Stated(..) => STATED,
    }
}

/// Every fact with its number.
const FACTS: [(u8, Fact); 25] = [
    (1, Fact::Income(IncomeKind::Wage)),
    (2, Fact::Income(IncomeKind::Business)),
    (3, Fact::Income(IncomeKind::Property)),
    (4, Fact::Income(IncomeKind::Transfer)),
    (5, Fact::BasicPension),
    (6, Fact::MedicalOwnCost),
    (7, Fact::FinancialAssets),
    (8, Fact::ProvidentFundBalance),
    (9, Fact::Dwellings),
    (10, Fact::OtherRealEstate),
    (11, Fact::Vehicles),
    (12, Fact::CommercialVehicles),
    (13, Fact::Businesses),
    (14, Fact::PublicPayroll),
    (15, Fact::CasualWorkMonths),
    (16, Fact::RealEstateGivenUp),
    (17, Fact::Transfer(TransferNature::Pension)),
    (18, Fact::Transfer(TransferNature::Scholarship)),
    (19, Fact::Transfer(TransferNature::Honour)),
    (20, Fact::Transfer(TransferNature::GovernmentRelief)),
    (21, Fact::Transfer(TransferNature::SeniorityAllowance)),
    (22, Fact::Transfer(TransferNature::Support)),
    (23, Fact::Transfer(TransferNature::InsuranceBenefit)),
    (24, Fact::Transfer(TransferNature::Other)),
    (25, Fact::DwellingArea),
];

/// The number of a fact.
fn of_fact(fact: Fact) -> u8 {
    match fact {
        Fact::Income(IncomeKind::Wage) => 1,
        Fact::Income(IncomeKind::Business) => 2,
        Fact::Income(IncomeKind::Property) => 3,
        Fact::Income(IncomeKind::Transfer) => 4,
        Fact::BasicPension => 5,
        Fact::MedicalOwnCost => 6,
        Fact::FinancialAssets => 7,
        Fact::ProvidentFundBalance => 8,
        Fact::Dwellings => 9,
        Fact::OtherRealEstate => 10,
        Fact::Vehicles => 11,
        Fact::CommercialVehicles => 12,
        Fact::Businesses => 13,
        Fact::PublicPayroll => 14,
        Fact::CasualWorkMonths => 15,
        Fact::RealEstateGivenUp => 16,
        Fact::Transfer(TransferNature::Pension) => 17,
        Fact::Transfer(TransferNature::Scholarship) => 18,
        Fact::Transfer(TransferNature::Honour) => 19,
        Fact::Transfer(TransferNature::GovernmentRelief) => 20,
        Fact::Transfer(TransferNature::SeniorityAllowance) => 21,
        Fact::Transfer(TransferNature::Support) => 22,
        Fact::Transfer(TransferNature::InsuranceBenefit) => 23,
        Fact::Transfer(TransferNature::Other) => 24,
        Fact::DwellingArea => 25,
    }
}

/// The fact of a number.
pub(super) fn fact(code: u8) -> Option<Fact> {
    FACTS.into_iter().find(|(of, _)| *of == code).map(|(_, fact)| fact)
}

numbered!(of_kind, kind, DisabilityKind {
    Vision = 1,
    Hearing = 2,
    Speech = 3,
    Physical = 4,
    Intellectual = 5,
    Mental = 6,
    Multiple = 7,
});

numbered!(of_stage, stage, SchoolStage {
    Preschool = 1,
    Compulsory = 2,
    SeniorSecondary = 3,
    Vocational = 4,
    Undergraduate = 5,
    Postgraduate = 6,
});

numbered!(of_said, said, Said {
    Has = 1,
    Number = 2,
    Amount = 3,
    Years = 4,
    Months = 5,
});

numbered!(of_relation, relation, Relation {
    Applicant = 1,
    Spouse = 2,
    Child = 3,
    Parent = 4,
    Grandparent = 5,
    Grandchild = 6,
    Sibling = 7,
    Other = 8,
});

numbered!(of_circumstance, circumstance, Circumstance {
    InPrison = 1,
    CompulsoryRehabilitation = 2,
    ReligiousResident = 3,
    DeclaredMissing = 4,
    UnableToLiveIndependently = 5,
    BoardsAway = 6,
    SeriousIllness = 7,
    MentalIllness = 8,
    Leukaemia = 9,
    Uraemia = 10,
    Cancer = 11,
    Recovered = 12,
    KeyEntitledGroup = 13,
    FiveGuarantee = 14,
    CareNeed = 15,
    InInstitution = 16,
    PartyMember = 17,
    UnionMember = 18,
    RegisteredUnemployedHardToPlace = 19,
    Cataract = 20,
    Vagrant = 21,
    DisasterDeath = 22,
    LegalAidCase = 23,
    FamilyDispute = 24,
    NeedsCareExpense = 25,
    SchoolingExpense = 26,
    SelfPaidMedical = 27,
    ReimbursedElsewhere = 28,
    UnableToWork = 29,
    AppliesAlone = 30,
    FireHouseWhollyBurnt = 31,
    FireHousePartlyBurnt = 32,
    FireLivingAtHome = 33,
    NaturalDisasterHouseDestroyed = 34,
    NaturalDisasterLiving = 35,
    UrgentNeed = 36,
    NewResident = 37,
    LowIncomeRecognised = 38,
    OnlyHomeUnsafe = 39,
    Renting = 40,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_back_from_its_number() {
        for (code, known) in FACTS {
            assert_eq!((of_fact(known), fact(code)), (code, Some(known)));
        }
        // Every nature has one, and no fact takes the number of something else.
        for nature in TransferNature::ALL {
            assert_eq!(fact(of_fact(Fact::Transfer(*nature))), Some(Fact::Transfer(*nature)));
        }
        assert_eq!([0, 26, NEW_JOB_MONTHS, STATED, u8::MAX].map(fact), [None; 5]);
        for known in DisabilityKind::ALL {
            assert_eq!(kind(of_kind(*known)), Some(*known));
        }
        for known in SchoolStage::ALL {
            assert_eq!(stage(of_stage(*known)), Some(*known));
        }
        for known in Relation::ALL {
            assert_eq!(relation(of_relation(*known)), Some(*known));
        }
        for known in Circumstance::ALL {
            assert_eq!(circumstance(of_circumstance(*known)), Some(*known));
        }
        assert_eq!((kind(0), kind(8), stage(0), stage(7)), (None, None, None, None));
        assert_eq!(
            (said(0), said(6), relation(9), circumstance(0)),
            (None, None, None, None)
        );
    }

    /// Stored for ever: the first, the last of each row, and what stands beside other kinds.
    #[test]
    fn numbers_are_never_given_to_another() {
        use Circumstance as C;
        let some = [
            C::InPrison,
            C::CareNeed,
            C::AppliesAlone,
            C::FireHouseWhollyBurnt,
            C::Renting,
        ];
        assert_eq!(some.map(of_circumstance), [1, 15, 30, 31, 40]);
        assert_eq!(
            [SchoolStage::Compulsory, SchoolStage::Postgraduate].map(of_stage),
            [2, 6]
        );
        assert_eq!([Said::Has, Said::Amount, Said::Months].map(of_said), [1, 3, 5]);
    }
}
