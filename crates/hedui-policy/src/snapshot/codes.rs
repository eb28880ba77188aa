//! The numbers by which a stored snapshot names facts and kinds of disability. Only ever added to, never used again for another.
//! Leaves the layout of a snapshot to `encode`.

use hedui_core::facts::Fact;
use hedui_core::record::{DisabilityKind, IncomeKind};

/// Every fact with its number.
const FACTS: [(u8, Fact); 15] = [
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
];

/// The number of a fact.
pub(super) fn of_fact(fact: Fact) -> u8 {
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
    }
}

/// The fact of a number.
pub(super) fn fact(code: u8) -> Option<Fact> {
    FACTS.into_iter().find(|(of, _)| *of == code).map(|(_, fact)| fact)
}

/// The number of a kind of disability.
pub(super) fn of_kind(kind: DisabilityKind) -> u8 {
    match kind {
        DisabilityKind::Vision => 1,
        DisabilityKind::Hearing => 2,
        DisabilityKind::Speech => 3,
        DisabilityKind::Physical => 4,
        DisabilityKind::Intellectual => 5,
        DisabilityKind::Mental => 6,
        DisabilityKind::Multiple => 7,
    }
}

/// The kind of a number.
pub(super) fn kind(code: u8) -> Option<DisabilityKind> {
    DisabilityKind::ALL.iter().copied().find(|kind| of_kind(*kind) == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_and_kind_comes_back_from_its_number() {
        for (code, known) in FACTS {
            assert_eq!((of_fact(known), fact(code)), (code, Some(known)));
        }
        assert_eq!((fact(0), fact(16)), (None, None));
        for known in DisabilityKind::ALL {
            assert_eq!(kind(of_kind(*known)), Some(*known));
        }
        assert_eq!((kind(0), kind(8)), (None, None));
    }
}
