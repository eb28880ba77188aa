//! Who registers an organisation and what it is, by the first two characters of its code (GB 32100-2015, table 1).
//! Leaves the code itself to `credit.rs`.

/// Who registers the organisation (first character).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Registrar {
    /// 1: commission for public-sector posts (机构编制).
    PublicSectorPosts,
    /// 2: foreign affairs.
    ForeignAffairs,
    /// 3: judicial administration.
    JudicialAdministration,
    /// 4: culture.
    Culture,
    /// 5: civil affairs.
    CivilAffairs,
    /// 6: tourism.
    Tourism,
    /// 7: religious affairs.
    Religion,
    /// 8: trade unions.
    TradeUnions,
    /// 9: market regulation, formerly industry and commerce.
    MarketRegulation,
    /// A: Central Military Commission.
    Military,
    /// N: agriculture.
    Agriculture,
    /// Y: any other.
    Other,
}

/// What the organisation is (first two characters), as far as a verification cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CreditCodeKind {
    /// 11: organ of state.
    StateOrgan,
    /// 12: public institution (事业单位).
    PublicInstitution,
    /// 13: mass organisation whose posts the commission manages.
    MassOrganisation,
    /// 51: social association.
    SocialAssociation,
    /// 52: private non-enterprise unit.
    PrivateNonEnterprise,
    /// 53: foundation.
    Foundation,
    /// 81: grassroots trade union.
    GrassrootsUnion,
    /// 91: enterprise.
    Enterprise,
    /// 92: individual business (个体工商户).
    IndividualBusiness,
    /// 93: farmers' cooperative.
    FarmersCooperative,
    /// N1: collective economic organisation of a village group; these bodies pay rural dividends.
    GroupCollective,
    /// N2: of a village.
    VillageCollective,
    /// N3: of a township.
    TownshipCollective,
    /// Any other pair of characters.
    Other(Registrar),
}

impl Registrar {
    /// By the first character of a code; `None` when the standard names no such authority.
    pub(super) const fn of(first: u8) -> Option<Registrar> {
        Some(match first {
            b'1' => Registrar::PublicSectorPosts,
            b'2' => Registrar::ForeignAffairs,
            b'3' => Registrar::JudicialAdministration,
            b'4' => Registrar::Culture,
            b'5' => Registrar::CivilAffairs,
            b'6' => Registrar::Tourism,
            b'7' => Registrar::Religion,
            b'8' => Registrar::TradeUnions,
            b'9' => Registrar::MarketRegulation,
            b'A' => Registrar::Military,
            b'N' => Registrar::Agriculture,
            b'Y' => Registrar::Other,
            _ => return None,
        })
    }
}

impl CreditCodeKind {
    /// By the first two characters of a code.
    pub(super) const fn of(head: [u8; 2], registrar: Registrar) -> CreditCodeKind {
        match &head {
            b"11" => CreditCodeKind::StateOrgan,
            b"12" => CreditCodeKind::PublicInstitution,
            b"13" => CreditCodeKind::MassOrganisation,
            b"51" => CreditCodeKind::SocialAssociation,
            b"52" => CreditCodeKind::PrivateNonEnterprise,
            b"53" => CreditCodeKind::Foundation,
            b"81" => CreditCodeKind::GrassrootsUnion,
            b"91" => CreditCodeKind::Enterprise,
            b"92" => CreditCodeKind::IndividualBusiness,
            b"93" => CreditCodeKind::FarmersCooperative,
            b"N1" => CreditCodeKind::GroupCollective,
            b"N2" => CreditCodeKind::VillageCollective,
            b"N3" => CreditCodeKind::TownshipCollective,
            _ => CreditCodeKind::Other(registrar),
        }
    }
}
