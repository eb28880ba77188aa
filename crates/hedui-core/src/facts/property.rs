//! Property in pieces: each flat, vehicle and business once, whoever reports it.
//! Leaves sums of money to `assets`; limits, exemptions beyond the vocabulary and values to the policy packs.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::matching::{months_of, stands_on};
use super::things::{Counts, Piece, pieces};
use super::{CONFLICTING_SOURCES, DOUBTFUL_MATCH, Facts, Found, IMPLAUSIBLE_RECORD, Keys, PERIOD_UNCERTAIN};
use crate::bounds::{Bounds, Figure, merge_sorted};
use crate::dates::{Month, Months};
use crate::part::{Aspect, Because};
use crate::record::{
    BusinessRole, BusinessStatus, RealEstate, RealEstateKind, RecordBody, RecordType, Vehicle, VehicleKind,
    VehicleStatus, VehicleUse,
};

/// Opens a count by silent departments and raises it to what the household declares.
fn close(facts: &Facts<'_>, mut figure: Figure, of: RecordType, subject: Option<u32>, declared: Option<u32>) -> Figure {
    let missing = facts.unsettled(&[of], subject);
    if !missing.is_empty() {
        figure.bounds = figure.bounds.or_more();
        merge_sorted(&mut figure.missing, missing);
    }
    if let (None, Some(declared)) = (subject, declared) {
        raise_to(facts, &mut figure, i64::from(declared));
    }
    figure
}

/// What the household says it has counts even where no register shows it.
pub(super) fn raise_to(facts: &Facts<'_>, figure: &mut Figure, declared: i64) {
    let known = figure.bounds.lo.unwrap_or(0);
    if declared > known {
        let beyond = facts.declared(0, Aspect::BeyondRegisters, declared - known);
        figure.parts.push(beyond);
        figure.bounds.lo = Some(declared);
        figure.bounds.hi = figure.bounds.hi.map(|hi| hi.max(declared));
    }
}

/// A record as a piece, under its identifying texts.
fn piece<'a>(facts: &'a Facts<'_>, found: &'a Found<'a>, counts: Counts) -> Piece<'a> {
    let keys = facts.keys(found);
    Piece {
        found,
        key: &keys.number,
        alias: &keys.alias,
        counts,
        weight: Bounds::exactly(1),
        is_unique: is_unique(&found.record.body, &keys.number),
        size: match &found.record.body {
            RecordBody::RealEstate(body) => body.area_centiares.filter(|area| *area > 0),
            _ => None,
        },
    }
}

/// Whether a number is one of its kind in the country: a chassis number of 17 places (ISO 3779, GB 16735), the unit number of real estate of 28 (GB/T
/// 37346). Certificates and registers' own numbers are not, and of a business there are codes of several generations.
fn is_unique(body: &RecordBody, number: &str) -> bool {
    match body {
        RecordBody::Vehicle(_) => number.len() == 17,
        RecordBody::RealEstate(_) => number.chars().count() == 28,
        _ => false,
    }
}

/// Real estate of some kinds that the members still own.
fn real_estate(facts: &Facts<'_>, subject: Option<u32>, kinds: &[RealEstateKind], declared: Option<u32>) -> Figure {
    let all = of_kinds(facts, subject, kinds);
    let silent = facts.is_unsettled(&[RecordType::RealEstate], subject);
    let figure = pieces(all, Because::UnitNumber, silent);
    close(facts, figure, RecordType::RealEstate, subject, declared)
}

/// The records of these kinds, and those of another kind that are, or may be, about the same unit: a register that calls a flat a shop
/// contradicts the one that calls it a dwelling, and does not make two of it.
fn of_kinds<'a>(facts: &'a Facts<'_>, subject: Option<u32>, kinds: &[RealEstateKind]) -> Vec<Piece<'a>> {
    let (mut wanted, mut others) = (Vec::new(), Vec::new());
    for found in facts.records(RecordType::RealEstate, subject) {
        let RecordBody::RealEstate(body) = &found.record.body else {
            continue;
        };
        let piece = piece(facts, found, is_owned(body, facts));
        if kinds.contains(&body.kind) {
            wanted.push(piece);
        } else {
            others.push(piece);
        }
    }
    let equal = |a: &str, b: &str| !a.is_empty() && a == b;
    let same = |a: &Piece<'_>, b: &Piece<'_>| {
        let is_one =
            a.key.is_empty() || b.key.is_empty() || a.found.rank != b.found.rank && !(a.is_unique && b.is_unique);
        equal(a.key, b.key) || equal(a.alias, b.alias) && is_one
    };
    others.retain(|other| wanted.iter().any(|piece| same(piece, other)));
    let contradicting = others.into_iter().map(|other| Piece {
        counts: match other.counts {
            Counts::No(rule) => Counts::No(rule),
            Counts::Perhaps(_) | Counts::Yes => Counts::No(Because::OtherKind),
        },
        ..other
    });
    wanted.extend(contradicting);
    wanted
}

/// Whether a record of real estate counts at the date. A share however small counts; a share of nothing makes no sense.
fn is_owned(body: &RealEstate, facts: &Facts<'_>) -> Counts {
    match (body.share_numerator, body.share_denominator) {
        (_, 0) => return Counts::Perhaps(IMPLAUSIBLE_RECORD),
        (0, _) => return Counts::No(Because::NoShare),
        _ => {}
    }
    // Given up on the day itself is given up.
    if let (Some(from), Some(until)) = (body.acquired_on, body.disposed_on)
        && from.is_after(until)
    {
        return Counts::Perhaps(IMPLAUSIBLE_RECORD);
    }
    match body.disposed_on {
        Some(d) if d.ends_nothing() => return Counts::Perhaps(PERIOD_UNCERTAIN),
        Some(d) if d.last_day() <= facts.as_of => return Counts::No(Because::NoLongerOwned),
        Some(d) if d.first_day() <= facts.as_of => return Counts::Perhaps(PERIOD_UNCERTAIN),
        _ => {}
    }
    begun(body.acquired_on, facts)
}

/// A date after the one that the verification is about is a mistake of the register or a later event: either way it proves nothing.
fn begun(on: Option<crate::dates::PartialDate>, facts: &Facts<'_>) -> Counts {
    match stands_on(on, None, facts.as_of) {
        Some(false) => Counts::Perhaps(IMPLAUSIBLE_RECORD),
        _ => Counts::Yes,
    }
}

/// Dwellings.
pub(super) fn dwellings(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    real_estate(
        facts,
        subject,
        &[RealEstateKind::Dwelling],
        facts.stated_property().and_then(|d| d.dwellings),
    )
}

/// Area of the dwellings, each unit once and as a whole however small the share, in hundredths of a square metre.
pub(super) fn dwelling_area(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let mut all = of_kinds(facts, subject, &[RealEstateKind::Dwelling]);
    for piece in &mut all {
        if let RecordBody::RealEstate(body) = &piece.found.record.body {
            let area = body.area_centiares.filter(|area| *area > 0);
            piece.weight = area.map_or(Bounds::NON_NEGATIVE, Bounds::exactly);
        }
    }
    let silent = facts.is_unsettled(&[RecordType::RealEstate], subject);
    let figure = pieces(all, Because::UnitNumber, silent);
    close(facts, figure, RecordType::RealEstate, subject, None)
}

/// Shops, garages, offices and other buildings.
pub(super) fn other_real_estate(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let kinds = [
        RealEstateKind::Shop,
        RealEstateKind::Garage,
        RealEstateKind::Office,
        RealEstateKind::Other,
    ];
    real_estate(facts, subject, &kinds, None)
}

/// Real estate of any kind, homesteads too, of which a share was given up since the window began.
pub(super) fn given_up(facts: &Facts<'_>, subject: Option<u32>, window: Months) -> Figure {
    // What was given up in the month of the date, up to the date, counts too.
    let since = Months {
        from: window.from,
        until: Month::of(facts.as_of),
    };
    let all = facts
        .records(RecordType::RealEstate, subject)
        .iter()
        .filter_map(|found| match &found.record.body {
            RecordBody::RealEstate(body) => Some(piece(facts, found, was_given_up(body, since, facts))),
            _ => None,
        })
        .collect();
    let silent = facts.is_unsettled(&[RecordType::RealEstate], subject);
    let figure = pieces(all, Because::UnitNumber, silent);
    close(facts, figure, RecordType::RealEstate, subject, None)
}

fn was_given_up(body: &RealEstate, since: Months, facts: &Facts<'_>) -> Counts {
    let Some(on) = body.disposed_on else {
        return Counts::No(Because::StillOwned);
    };
    if body.share_numerator == 0 && body.share_denominator > 0 {
        return Counts::No(Because::NoShare);
    }
    if on.ends_nothing() {
        return Counts::Perhaps(PERIOD_UNCERTAIN);
    }
    let is_reversed = body.acquired_on.is_some_and(|from| from.is_after(on));
    if is_reversed || on.first_day() > facts.as_of {
        return Counts::Perhaps(IMPLAUSIBLE_RECORD);
    }
    let months = months_of(on, on);
    match months.intersect(since) {
        None => Counts::No(Because::OutsideMonths),
        Some(both) if both == months && on.last_day() <= facts.as_of => Counts::Yes,
        Some(_) => Counts::Perhaps(PERIOD_UNCERTAIN),
    }
}

/// Vehicles of a use; one that any register has in commercial operation is commercial.
fn vehicles_of(facts: &Facts<'_>, subject: Option<u32>, usage: VehicleUse, declared: Option<u32>) -> Figure {
    let bodies = || {
        facts
            .records(RecordType::Vehicle, subject)
            .iter()
            .filter_map(|found| match &found.record.body {
                RecordBody::Vehicle(body) => Some((found, body, facts.keys(found))),
                _ => None,
            })
    };
    // An operation that has ended makes a vehicle no longer commercial.
    let operating: Vec<(u16, &Keys)> = bodies()
        .filter(|(_, b, _)| b.usage == VehicleUse::Commercial && b.status == VehicleStatus::Normal)
        .map(|(found, _, keys)| (found.rank, keys))
        .collect();
    // One register has it under both uses.
    let private: HashSet<(u16, &SmolStr)> = bodies()
        .filter(|(_, b, k)| {
            !operating.is_empty()
                && b.usage == VehicleUse::Private
                && b.status == VehicleStatus::Normal
                && !k.number.is_empty()
        })
        .map(|(found, _, keys)| (found.rank, &keys.number))
        .collect();
    let split: HashSet<&SmolStr> = bodies()
        .filter(|(found, b, k)| {
            b.usage == VehicleUse::Commercial
                && b.status == VehicleStatus::Normal
                && private.contains(&(found.rank, &k.number))
        })
        .map(|(.., keys)| &keys.number)
        .collect();
    let all = bodies()
        .filter_map(|(found, body, keys)| {
            let number = &keys.number;
            if split.contains(number) {
                let counts = match is_limited(body, facts) {
                    Counts::Yes => Counts::Perhaps(CONFLICTING_SOURCES),
                    counts => counts,
                };
                return Some(piece(facts, found, counts));
            }
            let same_number = || operating.iter().any(|(_, k)| !number.is_empty() && k.number == *number);
            let is_commercial = body.usage == VehicleUse::Commercial || same_number();
            // Perhaps one vehicle, and then it is commercial.
            let is_doubtful = !is_commercial
                && operating
                    .iter()
                    .any(|(rank, k)| is_perhaps_same_vehicle(keys, k, found.rank != *rank));
            let counts = match is_limited(body, facts) {
                Counts::Yes if is_doubtful => Counts::Perhaps(DOUBTFUL_MATCH),
                counts => counts,
            };
            (is_commercial == (usage == VehicleUse::Commercial)).then(|| piece(facts, found, counts))
        })
        .collect();
    let silent = facts.is_unsettled(&[RecordType::Vehicle], subject);
    let figure = pieces(all, Because::IdentificationNumber, silent);
    close(facts, figure, RecordType::Vehicle, subject, declared)
}

/// Whether two records of other numbers may be of one vehicle: by their plates, with or without the province, by the end of a chassis number, or
/// because one of two registers has neither.
fn is_perhaps_same_vehicle(a: &Keys, b: &Keys, is_apart: bool) -> bool {
    let is_end = |long: &str, end: &str| end.chars().nth(4).is_some() && long.ends_with(end);
    let is_like = |a: &str, b: &str| is_end(a, b) || is_end(b, a);
    let is_whole = |k: &Keys| k.number.len() == 17;
    let is_bare = |k: &Keys| k.number.is_empty() && k.alias.is_empty();
    let is_other = is_whole(a) && is_whole(b) && a.number != b.number;
    !is_other
        && (is_like(&a.alias, &b.alias) || is_like(&a.number, &b.number) || is_apart && (is_bare(a) || is_bare(b)))
}

/// Whether a vehicle is of those that rules limit, and still there.
fn is_limited(body: &Vehicle, facts: &Facts<'_>) -> Counts {
    let exempt = matches!(
        body.kind,
        VehicleKind::FarmMachine | VehicleKind::Motorcycle | VehicleKind::DisabledVehicle
    );
    if exempt {
        Counts::No(Because::VehicleNotLimited)
    } else if body.status != VehicleStatus::Normal {
        Counts::No(Because::ScrappedOrTransferred)
    } else {
        begun(body.registered_on, facts)
    }
}

/// Private vehicles that rules limit.
pub(super) fn vehicles(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let declared = facts.stated_property().and_then(|d| d.vehicles);
    vehicles_of(facts, subject, VehicleUse::Private, declared)
}

/// Vehicles and ships in commercial operation.
pub(super) fn commercial_vehicles(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    vehicles_of(facts, subject, VehicleUse::Commercial, None)
}

/// Businesses in operation in which a member has a part.
pub(super) fn businesses(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let all = facts
        .records(RecordType::Business, subject)
        .iter()
        .filter_map(|found| match &found.record.body {
            RecordBody::Business(body) => {
                let counts = match (body.status, body.role) {
                    (BusinessStatus::Active, BusinessRole::Officer) => Counts::No(Because::OfficerWithoutShare),
                    (BusinessStatus::Active, _) => begun(body.registered_on, facts),
                    _ => Counts::No(Because::NoLongerOperating),
                };
                Some(piece(facts, found, counts))
            }
            _ => None,
        })
        .collect();
    let silent = facts.is_unsettled(&[RecordType::Business], subject);
    let figure = pieces(all, Because::CreditCode, silent);
    let declared = facts.stated_property().and_then(|d| d.businesses);
    close(facts, figure, RecordType::Business, subject, declared)
}
