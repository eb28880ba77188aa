//! Property: each flat, vehicle, business and account once, whoever reports it.
//! Leaves limits, exemptions beyond the vocabulary and values to the policy packs.

use super::income::duplicate;
use super::persons::declared_part;
use super::wage::{CONFLICTING_SOURCES, DOUBTFUL_MATCH};
use super::{Facts, Found, figure_of};
use crate::answer::AnswerState;
use crate::bounds::{Bounds, Figure, Treatment, merge_sorted};
use crate::record::{
    BusinessRole, BusinessStatus, FinancialAsset, RealEstateKind, RecordBody, RecordType, VehicleKind, VehicleStatus,
    VehicleUse,
};

/// One record of a thing that is counted in pieces.
struct Piece<'a> {
    found: Found<'a>,
    /// The identifying key; empty where the register has none.
    key: &'a str,
    /// A weaker sign of sameness: an address, a plate, a name.
    alias: &'a str,
    /// Whether by this record the thing counts.
    counts: bool,
    label: String,
    /// Why it does not count.
    rule: &'static str,
}

/// Counts distinct things; records of one thing that disagree leave it open.
fn pieces(pieces: Vec<Piece<'_>>, by: &str) -> Figure {
    let mut figure = Figure::known(0);
    let mut groups: Vec<Vec<Piece<'_>>> = Vec::new();
    for piece in pieces {
        let group = groups
            .iter_mut()
            .find(|g| !piece.key.is_empty() && g.first().is_some_and(|first| first.key == piece.key));
        match group {
            Some(group) => group.push(piece),
            None => groups.push(vec![piece]),
        }
    }
    let aliases: Vec<(String, bool)> = groups
        .iter()
        .filter_map(|g| g.first())
        .map(|p| (hedui_ids::name::normalise(p.alias), p.key.is_empty()))
        .collect();
    for (index, group) in groups.into_iter().enumerate() {
        let doubtful = aliases.get(index).is_some_and(|(alias, keyless)| {
            let twin = |(at, (other, _)): (usize, &(String, bool))| at < index && other == alias;
            let keyed_twin = |(other, no_key): &(String, bool)| !no_key && other == alias;
            *keyless && !alias.is_empty() && (aliases.iter().enumerate().any(twin) || aliases.iter().any(keyed_twin))
        });
        figure.add(piece_group(group, by, doubtful));
    }
    figure
}

fn piece_group(group: Vec<Piece<'_>>, by: &str, doubtful: bool) -> Figure {
    let mut figure = Figure::known(0);
    let (some, all) = (group.iter().any(|p| p.counts), group.iter().all(|p| p.counts));
    figure.bounds = Bounds::between(i64::from(all && !doubtful), i64::from(some));
    if some && !all {
        figure.open_by(CONFLICTING_SOURCES);
    }
    if doubtful && some {
        figure.open_by(DOUBTFUL_MATCH);
    }
    let anchor = group.iter().find(|p| p.counts).or(group.first()).map(|p| p.found);
    let mut counted = false;
    for piece in group {
        let treatment = match (&anchor, piece.counts) {
            (_, false) => Treatment::Disregarded {
                rule: piece.rule.to_owned(),
            },
            (Some(anchor), true) if counted => duplicate(anchor, by),
            _ if doubtful => Treatment::Uncertain {
                why: "perhaps the same as another record".into(),
            },
            _ => Treatment::Counted,
        };
        counted |= piece.counts;
        figure.parts.push(piece.found.part(piece.label, 1, treatment));
    }
    figure
}

/// Opens a count by silent departments and raises it to what the household declares.
fn close(facts: &Facts<'_>, mut figure: Figure, of: RecordType, subject: Option<u32>, declared: Option<u32>) -> Figure {
    let missing = facts.unsettled(&[of], subject);
    if !missing.is_empty() {
        figure.bounds = figure.bounds.or_more();
        merge_sorted(&mut figure.missing, missing);
    }
    if let (None, Some(declared)) = (subject, declared) {
        raise_to(&mut figure, i64::from(declared), "declared beyond the registers");
    }
    figure
}

/// What the household says it has counts even where no register shows it.
fn raise_to(figure: &mut Figure, declared: i64, label: &str) {
    let known = figure.bounds.lo.unwrap_or(0);
    if declared > known {
        figure.parts.push(declared_part(0, label.to_owned(), declared - known));
        figure.bounds.lo = Some(declared);
        figure.bounds.hi = figure.bounds.hi.map(|hi| hi.max(declared));
    }
}

/// Real estate of some kinds that the members still own.
fn real_estate(facts: &Facts<'_>, subject: Option<u32>, kinds: &[RealEstateKind], declared: Option<u32>) -> Figure {
    let mut all = Vec::new();
    for found in facts.records(RecordType::RealEstate, subject) {
        let RecordBody::RealEstate(body) = &found.record.body else {
            continue;
        };
        if !kinds.contains(&body.kind) {
            continue;
        }
        let disposed = body.disposed_on.is_some_and(|d| d.last_day() <= facts.as_of);
        all.push(Piece {
            found,
            key: &body.unit_number,
            alias: &body.address,
            counts: !disposed && body.share_numerator > 0,
            label: format!(
                "{}, share {}/{}",
                body.kind.word(),
                body.share_numerator,
                body.share_denominator
            ),
            rule: if disposed { "no longer owned" } else { "no share in it" },
        });
    }
    close(
        facts,
        pieces(all, "unit number"),
        RecordType::RealEstate,
        subject,
        declared,
    )
}

/// Dwellings.
pub(super) fn dwellings(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    real_estate(
        facts,
        subject,
        &[RealEstateKind::Dwelling],
        facts.household.declared.dwellings,
    )
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

/// Vehicles of a use; one that any register knows in commercial operation is commercial.
fn vehicles_of(facts: &Facts<'_>, subject: Option<u32>, usage: VehicleUse, declared: Option<u32>) -> Figure {
    let commercial: Vec<&str> = facts
        .records(RecordType::Vehicle, subject)
        .filter_map(|f| match &f.record.body {
            RecordBody::Vehicle(b) if b.usage == VehicleUse::Commercial => Some(b.identification_number.as_str()),
            _ => None,
        })
        .filter(|key| !key.is_empty())
        .collect();
    let mut all = Vec::new();
    for found in facts.records(RecordType::Vehicle, subject) {
        let RecordBody::Vehicle(body) = &found.record.body else {
            continue;
        };
        let is_commercial =
            body.usage == VehicleUse::Commercial || commercial.contains(&body.identification_number.as_str());
        if is_commercial != (usage == VehicleUse::Commercial) {
            continue;
        }
        let exempt = matches!(
            body.kind,
            VehicleKind::FarmMachine | VehicleKind::Motorcycle | VehicleKind::DisabledVehicle
        );
        let gone = body.status != VehicleStatus::Normal;
        all.push(Piece {
            found,
            key: &body.identification_number,
            alias: &body.plate,
            counts: !exempt && !gone,
            label: format!("{} {}, {}", body.usage.word(), body.kind.word(), body.status.word()),
            rule: if exempt {
                "this kind of vehicle is not counted"
            } else {
                "scrapped or transferred"
            },
        });
    }
    close(
        facts,
        pieces(all, "identification number"),
        RecordType::Vehicle,
        subject,
        declared,
    )
}

/// Private vehicles that rules limit.
pub(super) fn vehicles(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    vehicles_of(facts, subject, VehicleUse::Private, facts.household.declared.vehicles)
}

/// Vehicles and ships in commercial operation.
pub(super) fn commercial_vehicles(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    vehicles_of(facts, subject, VehicleUse::Commercial, None)
}

/// Businesses in operation in which a member has a part.
pub(super) fn businesses(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let mut all = Vec::new();
    for found in facts.records(RecordType::Business, subject) {
        let RecordBody::Business(body) = &found.record.body else {
            continue;
        };
        let active = body.status == BusinessStatus::Active;
        all.push(Piece {
            found,
            key: &body.credit_code,
            alias: &body.name,
            counts: active && body.role != BusinessRole::Officer,
            label: format!("{}, {}", body.role.word(), body.status.word()),
            rule: if active {
                "an officer without a share"
            } else {
                "no longer in operation"
            },
        });
    }
    let declared = facts.household.declared.businesses;
    close(
        facts,
        pieces(all, "credit code"),
        RecordType::Business,
        subject,
        declared,
    )
}

/// Financial assets, each account once; threshold-only answers bound the sum and are never a zero.
pub(super) fn financial_assets(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let mut figure = Figure::known(0);
    let mut accounts: Vec<Vec<(Found<'_>, &FinancialAsset)>> = Vec::new();
    for found in facts.records(RecordType::FinancialAsset, subject) {
        let RecordBody::FinancialAsset(body) = &found.record.body else {
            continue;
        };
        let same = accounts.iter_mut().find(|group| {
            !body.account_reference.is_empty()
                && group
                    .first()
                    .is_some_and(|(_, b)| b.account_reference == body.account_reference)
        });
        match same {
            Some(group) => group.push((found, body)),
            None => accounts.push(vec![(found, body)]),
        }
    }
    for account in accounts {
        figure.add(one_account(account));
    }
    thresholds(facts, subject, &mut figure);
    if let (None, Some(declared)) = (subject, facts.household.declared.financial_assets) {
        raise_to(&mut figure, declared.0, "declared beyond the registers");
    }
    figure
}

/// One account: the newest balance where they are of different days, both where they are of the same day.
fn one_account(mut records: Vec<(Found<'_>, &FinancialAsset)>) -> Figure {
    let mut figure = Figure::known(0);
    records.sort_by_key(|(_, body)| std::cmp::Reverse(body.balance_on));
    let Some((anchor, newest)) = records.first().copied() else {
        return figure;
    };
    figure.bounds = Bounds::exactly(newest.balance.0);
    for (index, (found, body)) in records.into_iter().enumerate() {
        let label = match body.balance_on {
            Some(day) => format!("{} on {day}", body.kind.word()),
            None => body.kind.word().to_owned(),
        };
        let conflict = body.balance_on == newest.balance_on && body.balance != newest.balance;
        if conflict {
            figure.bounds = figure.bounds.hull(Bounds::exactly(body.balance.0));
            figure.open_by(CONFLICTING_SOURCES);
        }
        let treatment = match (index, conflict) {
            (0, _) => Treatment::Counted,
            (_, true) => Treatment::Uncertain {
                why: "differs from another register of the same account".into(),
            },
            (_, false) => duplicate(&anchor, "account reference"),
        };
        figure.parts.push(found.part(label, body.balance.0, treatment));
    }
    figure
}

/// Adds what departments leave open: within a limit up to it, over a limit more than it, silence anything.
fn thresholds(facts: &Facts<'_>, subject: Option<u32>, figure: &mut Figure) {
    for department in facts
        .departments
        .iter()
        .filter(|d| d.profile.record_types.contains(&RecordType::FinancialAsset))
    {
        for ordinal in facts.subjects(subject) {
            let state = department.subjects.get(ordinal as usize).map(|a| &a.state);
            let known = state.is_some_and(AnswerState::is_known);
            match state {
                Some(AnswerState::WithinLimit { limit: Some(limit) }) => {
                    figure.bounds = figure.bounds.plus(Bounds::between(0, limit.0.max(0)));
                }
                Some(AnswerState::OverLimit { limit }) => {
                    let least = limit.map_or(0, |l| l.0.max(0).saturating_add(1));
                    figure.bounds = figure.bounds.plus(Bounds {
                        lo: Some(least),
                        hi: None,
                    });
                    merge_sorted(&mut figure.missing, vec![department.profile.id.clone()]);
                }
                _ if known => {}
                _ => {
                    figure.bounds = figure.bounds.or_more();
                    merge_sorted(&mut figure.missing, vec![department.profile.id.clone()]);
                }
            }
        }
    }
}

/// Balances of the housing provident fund.
pub(super) fn provident_fund_balance(facts: &Facts<'_>, subject: Option<u32>) -> Figure {
    let mut bounds = Bounds::ZERO;
    let mut parts = Vec::new();
    for found in facts.records(RecordType::ProvidentFund, subject) {
        let RecordBody::ProvidentFund(body) = &found.record.body else {
            continue;
        };
        bounds = bounds.plus(Bounds::exactly(body.balance.0));
        parts.push(found.part("provident fund balance".into(), body.balance.0, Treatment::Counted));
    }
    figure_of(bounds, facts.unsettled(&[RecordType::ProvidentFund], subject), parts)
}
