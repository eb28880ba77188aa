//! Property in pieces: each flat, vehicle and business once, whoever reports it.
//! Leaves sums of money to `assets`; limits, exemptions beyond the vocabulary and values to the policy packs.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::{duplicate, key, stands_on};
use super::persons::declared_part;
use super::{CONFLICTING_SOURCES, DOUBTFUL_MATCH, Facts, Found, IMPLAUSIBLE_RECORD, PERIOD_UNCERTAIN};
use crate::bounds::{Bounds, Figure, Treatment, merge_sorted};
use crate::names::DepartmentId;
use crate::record::{
    BusinessRole, BusinessStatus, RealEstate, RealEstateKind, RecordBody, RecordType, Vehicle, VehicleKind,
    VehicleStatus, VehicleUse,
};

/// Whether by one record a thing counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counts {
    /// It does not, by this rule.
    No(&'static str),
    /// It may, for this reason: a finding code.
    Perhaps(&'static str),
    /// It does.
    Yes,
}

/// One record of a thing that is counted in pieces.
struct Piece<'a> {
    found: Found<'a>,
    /// The identifying key; empty where the register has none.
    key: String,
    /// A weaker sign of sameness: an address, a plate, a name.
    alias: String,
    counts: Counts,
    label: String,
}

/// One thing: the records that share a key, or one record without a key.
struct Thing<'a> {
    pieces: Vec<Piece<'a>>,
    /// What each department says: where it has several records, what counts most. A husband's sold share does not undo his wife's.
    views: BTreeMap<&'a DepartmentId, Counts>,
    alias: String,
    keyless: bool,
}

impl Thing<'_> {
    fn some(&self) -> bool {
        self.views.values().any(|v| !matches!(v, Counts::No(_)))
    }

    fn all(&self) -> bool {
        self.views.values().all(|v| *v == Counts::Yes)
    }

    fn in_conflict(&self) -> bool {
        self.some() && self.views.values().any(|v| matches!(v, Counts::No(_)))
    }
}

/// Counts distinct things; registers that disagree about one leave it open, and so does a silent one that could disagree.
fn pieces(all: Vec<Piece<'_>>, by: &str, silent: &[DepartmentId], own_silence_matters: bool) -> Figure {
    let mut groups: BTreeMap<(String, usize), Vec<Piece<'_>>> = BTreeMap::new();
    for (index, piece) in all.into_iter().enumerate() {
        let alone = if piece.key.is_empty() { index + 1 } else { 0 };
        groups.entry((piece.key.clone(), alone)).or_default().push(piece);
    }
    // Things that share an alias, one of them without a key, may be one thing.
    let mut clusters: BTreeMap<String, Vec<Thing<'_>>> = BTreeMap::new();
    let mut figure = Figure::known(0);
    for group in groups.into_values() {
        let thing = thing(group);
        if thing.alias.is_empty() {
            figure.add(cluster(vec![thing], by, silent, own_silence_matters));
        } else {
            clusters.entry(thing.alias.clone()).or_default().push(thing);
        }
    }
    for things in clusters.into_values() {
        figure.add(cluster(things, by, silent, own_silence_matters));
    }
    figure
}

fn thing(pieces: Vec<Piece<'_>>) -> Thing<'_> {
    let mut views: BTreeMap<&DepartmentId, Counts> = BTreeMap::new();
    for piece in &pieces {
        let view = views.entry(piece.found.department).or_insert(piece.counts);
        *view = piece.counts.max(*view);
    }
    Thing {
        alias: pieces
            .iter()
            .map(|p| &p.alias)
            .filter(|a| !a.is_empty())
            .min()
            .cloned()
            .unwrap_or_default(),
        keyless: pieces.first().is_none_or(|p| p.key.is_empty()),
        views,
        pieces,
    }
}

/// Things that may be the same: those with keys are certain, one without a key perhaps one of them.
fn cluster(things: Vec<Thing<'_>>, by: &str, silent: &[DepartmentId], own_silence_matters: bool) -> Figure {
    let is_doubtful = things.len() > 1 && things.iter().any(|t| t.keyless);
    let least = |thing: &Thing<'_>| {
        let outsider = |d: &DepartmentId| own_silence_matters || thing.keyless || !thing.views.contains_key(d);
        i64::from(thing.all() && !silent.iter().any(outsider))
    };
    let keyed: i64 = things.iter().filter(|t| !t.keyless).map(least).sum();
    let keyless = things.iter().filter(|t| t.keyless).map(least).max().unwrap_or(0);
    let contradicted = is_doubtful && !things.iter().all(Thing::some);
    let lo = if contradicted { keyed } else { keyed.max(keyless) };
    let hi = i64::try_from(things.iter().filter(|t| t.some()).count()).unwrap_or(i64::MAX);
    let mut figure = Figure::known(0);
    figure.bounds = Bounds::between(lo, hi);
    if is_doubtful && things.iter().any(|t| t.keyless && t.some()) {
        figure.open_by(DOUBTFUL_MATCH);
    }
    for thing in things {
        if thing.in_conflict() {
            figure.open_by(CONFLICTING_SOURCES);
        }
        for view in thing.views.values() {
            if let Counts::Perhaps(code) = view {
                figure.open_by(code);
            }
        }
        let doubt = is_doubtful && thing.keyless;
        show(thing, by, doubt, &mut figure);
    }
    figure
}

/// Shows the records of one thing.
fn show(thing: Thing<'_>, by: &str, doubt: bool, figure: &mut Figure) {
    let all = thing.all();
    let counted = |p: &&Piece<'_>| !matches!(p.counts, Counts::No(_));
    let anchor = thing.pieces.iter().find(counted).map(|p| p.found);
    let mut is_first = true;
    for piece in thing.pieces {
        let treatment = match (piece.counts, &anchor) {
            (Counts::No(rule), _) => Treatment::Disregarded { rule: rule.to_owned() },
            (_, Some(anchor)) if !is_first => duplicate(anchor, by),
            _ => {
                is_first = false;
                if doubt {
                    Treatment::Uncertain {
                        why: "perhaps the same as another record".into(),
                    }
                } else if all {
                    Treatment::Counted
                } else {
                    Treatment::Uncertain {
                        why: "the registers, or the record itself, leave open whether it counts".into(),
                    }
                }
            }
        };
        figure.parts.push(piece.found.part(piece.label, 1, treatment));
    }
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
pub(super) fn raise_to(figure: &mut Figure, declared: i64, label: &str) {
    let known = figure.bounds.lo.unwrap_or(0);
    if declared > known {
        figure.parts.push(declared_part(0, label.to_owned(), declared - known));
        figure.bounds.lo = Some(declared);
        figure.bounds.hi = figure.bounds.hi.map(|hi| hi.max(declared));
    }
}

/// Real estate of some kinds that the members still own.
fn real_estate(facts: &Facts<'_>, subject: Option<u32>, kinds: &[RealEstateKind], declared: Option<u32>) -> Figure {
    let all = facts
        .records(RecordType::RealEstate, subject)
        .filter_map(|found| match &found.record.body {
            RecordBody::RealEstate(body) if kinds.contains(&body.kind) => Some(Piece {
                found,
                key: key(&body.unit_number),
                alias: key(&body.address),
                counts: is_owned(body, facts),
                label: format!(
                    "{}, share {}/{}",
                    body.kind.word(),
                    body.share_numerator,
                    body.share_denominator
                ),
            }),
            _ => None,
        })
        .collect();
    let silent = facts.unsettled(&[RecordType::RealEstate], subject);
    let figure = pieces(all, "unit number", &silent, false);
    close(facts, figure, RecordType::RealEstate, subject, declared)
}

/// Whether a record of real estate counts at the date. A share however small counts; a share of nothing makes no sense.
fn is_owned(body: &RealEstate, facts: &Facts<'_>) -> Counts {
    match (body.share_numerator, body.share_denominator) {
        (_, 0) => return Counts::Perhaps(IMPLAUSIBLE_RECORD),
        (0, _) => return Counts::No("no share in it"),
        _ => {}
    }
    // Given up on the day itself is given up.
    if let (Some(from), Some(until)) = (body.acquired_on, body.disposed_on)
        && from.first_day() > until.last_day()
    {
        return Counts::Perhaps(IMPLAUSIBLE_RECORD);
    }
    match body.disposed_on {
        Some(d) if d.last_day() <= facts.as_of => return Counts::No("no longer owned"),
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

/// Vehicles of a use; one that any register has in commercial operation is commercial.
fn vehicles_of(facts: &Facts<'_>, subject: Option<u32>, usage: VehicleUse, declared: Option<u32>) -> Figure {
    let bodies = || {
        facts
            .records(RecordType::Vehicle, subject)
            .filter_map(|found| match &found.record.body {
                RecordBody::Vehicle(body) => Some((found, body)),
                _ => None,
            })
    };
    // An operation that has ended makes a vehicle no longer commercial.
    let operating = |body: &Vehicle| body.usage == VehicleUse::Commercial && body.status == VehicleStatus::Normal;
    let keys: BTreeSet<String> = bodies()
        .filter(|(_, b)| operating(b))
        .map(|(_, b)| key(&b.identification_number))
        .filter(|k| !k.is_empty())
        .collect();
    let plates: BTreeMap<String, bool> = bodies()
        .filter(|(_, b)| operating(b) && !key(&b.plate).is_empty())
        .fold(BTreeMap::new(), |mut plates, (_, b)| {
            *plates.entry(key(&b.plate)).or_default() |= key(&b.identification_number).is_empty();
            plates
        });
    let all = bodies()
        .filter_map(|(found, body)| {
            let number = key(&body.identification_number);
            let is_commercial = body.usage == VehicleUse::Commercial || keys.contains(&number);
            // One of the two records has no number, the plates are the same: perhaps one vehicle, and then it is commercial.
            let is_doubtful = !is_commercial
                && plates
                    .get(&key(&body.plate))
                    .is_some_and(|no_number| *no_number || number.is_empty());
            (is_commercial == (usage == VehicleUse::Commercial)).then(|| Piece {
                found,
                key: number,
                alias: key(&body.plate),
                counts: match is_limited(body, facts) {
                    Counts::Yes if is_doubtful => Counts::Perhaps(DOUBTFUL_MATCH),
                    counts => counts,
                },
                label: format!("{} {}, {}", body.usage.word(), body.kind.word(), body.status.word()),
            })
        })
        .collect();
    let silent = facts.unsettled(&[RecordType::Vehicle], subject);
    // Even a register that has the vehicle could still say of another member that it is in commercial operation.
    let figure = pieces(all, "identification number", &silent, true);
    close(facts, figure, RecordType::Vehicle, subject, declared)
}

/// Whether a vehicle is of those that rules limit, and still there.
fn is_limited(body: &Vehicle, facts: &Facts<'_>) -> Counts {
    let exempt = matches!(
        body.kind,
        VehicleKind::FarmMachine | VehicleKind::Motorcycle | VehicleKind::DisabledVehicle
    );
    if exempt {
        Counts::No("this kind of vehicle is not counted")
    } else if body.status != VehicleStatus::Normal {
        Counts::No("scrapped or transferred")
    } else {
        begun(body.registered_on, facts)
    }
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
    let all = facts
        .records(RecordType::Business, subject)
        .filter_map(|found| match &found.record.body {
            RecordBody::Business(body) => Some(Piece {
                found,
                key: key(&body.credit_code),
                alias: key(&body.name),
                counts: match (body.status, body.role) {
                    (BusinessStatus::Active, BusinessRole::Officer) => Counts::No("an officer without a share"),
                    (BusinessStatus::Active, _) => begun(body.registered_on, facts),
                    _ => Counts::No("no longer in operation"),
                },
                label: format!("{}, {}", body.role.word(), body.status.word()),
            }),
            _ => None,
        })
        .collect();
    let silent = facts.unsettled(&[RecordType::Business], subject);
    let figure = pieces(all, "credit code", &silent, false);
    close(
        facts,
        figure,
        RecordType::Business,
        subject,
        facts.household.declared.businesses,
    )
}
