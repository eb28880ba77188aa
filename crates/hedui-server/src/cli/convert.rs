//! A household as the domain states it, into the messages of the protocol. The only place where the two meet on the client's side.
//! Leaves reading files to `file.rs` and reading answers to `report` and `json.rs`.

use hedui_core::authorization::{EndEvent, Signature};
use hedui_core::circumstance::StatedCircumstance;
use hedui_core::household::{Declared, DeclaredIncome, MemberInput, Relation, Residence};
use hedui_core::record::IncomeKind;
use hedui_core::{AuthorizationInput, HouseholdInput, Supporter};
use hedui_proto::verification as wire;
use hedui_proto::verification::authorization::Signature as WireSignature;

use super::file::HouseholdFile;
use super::values::{date_of, money_of, partial_date_of};

/// A request to verify the household of a file, with the server's defaults for everything that a file does not say.
pub fn request(file: &HouseholdFile) -> wire::CreateVerificationRequest {
    wire::CreateVerificationRequest {
        district_code: file.district.clone(),
        household: Some(household(&file.household)),
        programmes: file.programmes.clone(),
        authorizations: file.authorizations.iter().map(authorization).collect(),
        as_of: file.as_of.map(date_of),
        ..Default::default()
    }
}

/// A household.
pub fn household(input: &HouseholdInput) -> wire::Household {
    wire::Household {
        residence: match input.residence {
            Residence::Urban => wire::Residence::Urban,
            Residence::Rural => wire::Residence::Rural,
        }
        .into(),
        members: input.members.iter().map(member).collect(),
        declared: Some(declared(&input.declared)),
        circumstances: input.circumstances.iter().map(circumstance).collect(),
        supporters: input.supporters.iter().map(supporter).collect(),
        town: input.town.clone().unwrap_or_default(),
    }
}

fn supporter(input: &Supporter) -> wire::Supporter {
    wire::Supporter {
        relation: relation(input.relation).into(),
        persons: input.persons,
        monthly_income: Some(money_of(input.monthly_income)),
        unable: input.unable,
        document: input.document.clone(),
    }
}

fn circumstance(input: &StatedCircumstance) -> wire::Circumstance {
    wire::Circumstance {
        word: input.word.word().to_owned(),
        since: input.since.map(date_of),
        until: input.until.map(date_of),
        amount: input.amount.map(money_of),
        number: input.number,
        document: input.document.clone(),
    }
}

fn member(input: &MemberInput) -> wire::Member {
    wire::Member {
        id_number: input.id_number.clone(),
        name: input.name.clone(),
        relation: relation(input.relation).into(),
        incapable: input.incapable,
        incomes: input.incomes.iter().map(income).collect(),
        casual_work_months: input.casual_work_months,
        circumstances: input.circumstances.iter().map(circumstance).collect(),
    }
}

/// What a member is to the applicant.
pub fn relation(relation: Relation) -> wire::Relation {
    match relation {
        Relation::Applicant => wire::Relation::Applicant,
        Relation::Spouse => wire::Relation::Spouse,
        Relation::Child => wire::Relation::Child,
        Relation::Parent => wire::Relation::Parent,
        Relation::Grandparent => wire::Relation::Grandparent,
        Relation::Grandchild => wire::Relation::Grandchild,
        Relation::Sibling => wire::Relation::Sibling,
        Relation::Other => wire::Relation::Other,
    }
}

fn income(input: &DeclaredIncome) -> wire::DeclaredIncome {
    let kind = match input.kind {
        IncomeKind::Wage => wire::DeclaredIncomeKind::Wage,
        IncomeKind::Business => wire::DeclaredIncomeKind::Business,
        IncomeKind::Property => wire::DeclaredIncomeKind::Property,
        IncomeKind::Transfer => wire::DeclaredIncomeKind::Transfer,
    };
    wire::DeclaredIncome {
        kind: kind.into(),
        amount: Some(money_of(input.amount)),
        from: Some(partial_date_of(input.from)),
        until: Some(partial_date_of(input.until)),
    }
}

fn declared(input: &Declared) -> wire::DeclaredProperty {
    wire::DeclaredProperty {
        financial_assets: input.financial_assets.map(money_of),
        dwellings: input.dwellings,
        vehicles: input.vehicles,
        businesses: input.businesses,
    }
}

/// A signed letter.
pub fn authorization(input: &AuthorizationInput) -> wire::Authorization {
    let event = input.ended.as_ref().map(|ended| match ended.event {
        EndEvent::Withdrawn => wire::EndEvent::Withdrawn,
        EndEvent::AidEnded => wire::EndEvent::AidEnded,
        EndEvent::MembersChanged => wire::EndEvent::MembersChanged,
    });
    let signature = match &input.signature {
        Signature::Paper {
            scan_sha256,
            witnessed_by,
        } => WireSignature::Paper(wire::PaperSignature {
            scan_sha256: scan_sha256.clone(),
            witnessed_by: witnessed_by.clone(),
        }),
        Signature::Electronic { key_id, signature } => WireSignature::Electronic(wire::ElectronicSignature {
            key_id: key_id.clone(),
            signature: signature.clone(),
        }),
    };
    wire::Authorization {
        authorization_id: input.authorization_id.clone(),
        signer_id_number: input.signer_id_number.clone(),
        on_behalf_of: input.on_behalf_of.clone(),
        programmes: input.programmes.clone(),
        departments: input.departments.clone(),
        signed_on: Some(date_of(input.signed_on)),
        valid_until: input.valid_until.map(date_of),
        period_from: input.period_from.map(date_of),
        ended_on: input.ended.as_ref().map(|ended| date_of(ended.on)),
        end_event: event.unwrap_or(wire::EndEvent::Unspecified).into(),
        signature: Some(signature),
    }
}

#[cfg(test)]
mod tests;
