//! What is odd about honest households: registers that lag, namesakes, old names, halves, people who moved or died.
//! Leaves telling them from cheating to the verification.

use hedui_core::household::{DeclaredIncome, Relation};
use hedui_core::record::*;
use hedui_core::{Fen, PartialDate};

use super::cheats::{trade, vehicle};
use super::draft::Draft;
use super::people::Cradle;
use super::truth::{Oddity, Standing};
use crate::error::SimError;

/// At most one oddity a household, in one of eight.
pub(crate) fn draw(draft: &mut Draft<'_>, target: Standing) -> Option<Oddity> {
    if !draft.dice.percent(12) {
        return None;
    }
    if target == Standing::Above && draft.dice.percent(50) {
        return Some(Oddity::DeclaredLorry);
    }
    Some(draft.dice.pick(
        Oddity::DisabledVehicle,
        &[
            Oddity::ScrappedCar,
            Oddity::SoldCar,
            Oddity::HalfShare,
            Oddity::DeceasedMember,
            Oddity::Namesake,
            Oddity::FormerName,
            Oddity::Migrant,
        ],
    ))
}

/// What has to be known before the household lives its year.
pub(crate) fn prepare(draft: &mut Draft<'_>, oddity: Oddity) -> Option<Oddity> {
    match oddity {
        Oddity::HalfShare => draft.half_share = true,
        Oddity::DeceasedMember => {
            // Somebody old who is neither the applicant nor the only other adult.
            let who = draft
                .members
                .iter()
                .position(|m| m.relation == Relation::Parent || (m.relation == Relation::Spouse && m.age >= 60))?;
            let day: PartialDate = draft.day_ago(15, 300);
            draft.deceased = Some((who, day));
        }
        _ => {}
    }
    Some(oddity)
}

/// What shows in the registers afterwards.
pub(crate) fn show(draft: &mut Draft<'_>, oddity: Oddity) -> Result<(), SimError> {
    match oddity {
        Oddity::DisabledVehicle => own(draft, VehicleKind::DisabledVehicle, VehicleStatus::Normal),
        Oddity::ScrappedCar => own(draft, VehicleKind::Car, VehicleStatus::Scrapped),
        Oddity::SoldCar => own(draft, VehicleKind::Car, VehicleStatus::Transferred),
        Oddity::Namesake => namesake(draft)?,
        Oddity::FormerName => former_name(draft),
        Oddity::Migrant => helped_at_home(draft),
        Oddity::DeclaredLorry => lorry(draft)?,
        Oddity::HalfShare | Oddity::DeceasedMember => {}
    }
    Ok(())
}

fn own(draft: &mut Draft<'_>, kind: VehicleKind, status: VehicleStatus) {
    let vehicle = Vehicle {
        status,
        ..vehicle(draft, kind, 1, 5)
    };
    if let Some((head, mut scribe)) = draft.member(0) {
        scribe.vehicle(head, vehicle);
    }
}

fn namesake(draft: &mut Draft<'_>) -> Result<(), SimError> {
    let Some((name, sex, age)) = draft.members.first().map(|m| (m.name.clone(), m.sex, m.age)) else {
        return Ok(());
    };
    let car = vehicle(draft, VehicleKind::Car, 8, 40);
    let Draft {
        dice,
        numbers,
        place,
        as_of,
        ..
    } = draft;
    let years = dice.range(-8, 8);
    let mut cradle = Cradle {
        dice,
        numbers,
        division: place.code,
        as_of: *as_of,
    };
    let mut other = cradle.anyone(Relation::Other, sex, (age + years).clamp(20, 90))?;
    other.name = name;
    draft.scribe().vehicle(&other, car);
    Ok(())
}

fn former_name(draft: &mut Draft<'_>) {
    let day = draft.day_ago(30, 300);
    let Some((head, mut scribe)) = draft.member(0) else {
        return;
    };
    let aid = Assistance {
        programme: "legal-aid".into(),
        amount: Fen(200_000),
        period: AssistancePeriod::Once,
        from: Some(day),
        until: None,
        division_code: Default::default(),
        status: AssistanceStatus::Ended,
    };
    scribe.at("justice", head, RecordBody::Assistance(aid));
    let id = head.id;
    let old = match head.name.chars().next() {
        Some(first) if first != '旧' => format!("旧{}", head.name.chars().skip(1).collect::<String>()),
        _ => "曾用名".to_owned(),
    };
    draft.ledger.rename("justice", &id, old);
}

/// Help that a migrant drew at home, and that is over.
fn helped_at_home(draft: &mut Draft<'_>) {
    let (from, until) = (draft.day_ago(500, 900), draft.day_ago(400, 450));
    let home = draft.home.code_text.clone();
    if !draft.dice.percent(40) {
        return;
    }
    if let Some((head, mut scribe)) = draft.member(0) {
        let help = Assistance {
            until: Some(until),
            status: AssistanceStatus::Ended,
            ..super::needs::drawing("dibao", 20_000, Some(from), &home)
        };
        scribe.at("hometown", head, RecordBody::Assistance(help));
    }
}

/// A lorry, its shop and its turnover, all declared.
fn lorry(draft: &mut Draft<'_>) -> Result<(), SimError> {
    let lorry = Vehicle {
        usage: VehicleUse::Commercial,
        ..vehicle(draft, VehicleKind::Truck, 3, 9)
    };
    if let Some((head, mut scribe)) = draft.member(0) {
        scribe.vehicle(head, lorry);
    }
    let gross = draft.dice.range(150, 320) * 1000;
    trade(draft, false, gross)?;
    for month in draft.months() {
        let income = DeclaredIncome {
            kind: IncomeKind::Business,
            amount: Fen(gross),
            from: month,
            until: month,
        };
        draft.declare_period(0, income);
    }
    draft.declared.businesses = Some(1);
    draft.monthly_income = Fen(draft.monthly_income.0 + gross);
    Ok(())
}
