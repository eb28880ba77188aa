//! Rents of land leased out: a contract is the household's, its plots may have a rent each.
//! Leaves other income from property to `income`.

use smol_str::SmolStr;

use super::income::uncertain;
use super::matching::{Differing, Placed, Row, duplicate, named, once, place_months};
use super::members::Members;
use super::{DOUBTFUL_MATCH, Facts, Found, IMPLAUSIBLE_RECORD, RENT_UNKNOWN, figure_of};
use crate::bounds::{Bounds, Figure};
use crate::dates::Months;
use crate::money::Fen;
use crate::part::{Aspect, Because};
use crate::record::{Land, RecordBody, RecordType};

/// Where the rent of a lease falls. One without a lease may be none, and one that an earlier lease has too may be the same.
fn placed(lease: &Lease<'_>, rent: Fen, all: &[Lease<'_>], (year, window): (Months, Months)) -> Placed {
    let placed = place_months(rent, year, window);
    let open = Bounds {
        lo: Some(0),
        ..placed.bounds
    };
    // In an order that is not the records'.
    let place = |(found, _, number): &Lease<'_>| (number.is_empty(), SmolStr::clone(number), found.rank, found.subject);
    let own = place(lease);
    let mut before = all.iter().filter(|other| place(other) < own);
    if placed.bounds == Bounds::ZERO {
        placed
    } else if !lease.1.leased_out {
        Placed::uncertain(open, IMPLAUSIBLE_RECORD, Because::LeftOpen)
    } else if before.any(|other| is_perhaps_same_rent(lease, other)) {
        Placed::uncertain(open, DOUBTFUL_MATCH, Because::PerhapsSameThing)
    } else {
        placed
    }
}

/// Land of members that is leased out, or perhaps is, with the number of its contract. Where one record of a contract says that it is leased
/// out, the others are copies of it: it comes first.
fn leases<'a>(facts: &'a Facts<'a>, scope: Members) -> Vec<Lease<'a>> {
    let records = scope.into_iter().flat_map(|o| facts.records(RecordType::Land, Some(o)));
    let mut leases: Vec<_> = records
        .filter_map(|found| match &found.record.body {
            // A rent without a lease is one or the other.
            RecordBody::Land(body) if body.leased_out || body.annual_rent.is_some_and(|rent| rent > Fen::ZERO) => {
                Some((found, body, &facts.keys(found).number))
            }
            _ => None,
        })
        .collect();
    leases.sort_by_key(|(_, body, _)| !body.leased_out);
    leases
}

/// Yearly rents of land leased out. A contract is the household's: where several members in scope are registered with it, it counts for
/// the first of them.
pub(super) fn rents(facts: &Facts<'_>, ordinal: u32, scope: Members, window: Months) -> Figure {
    // The rent is for the twelve months before the date: a shorter window can hold all of it or none.
    let year = Months::before(facts.as_of, 12);
    let leases = leases(facts, scope);
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut unknown = Vec::new();
    let mut repeated = Vec::new();
    let mut more = Bounds::ZERO;
    for &(found, body, number) in &leases {
        let same_contract = || leases.iter().filter(|(.., other)| *other == number);
        let holder = if number.is_empty() {
            found.subject
        } else {
            same_contract().map(|(f, ..)| f.subject).min().unwrap_or(found.subject)
        };
        if holder != ordinal {
            continue;
        }
        let Some(rent) = body.annual_rent else {
            unknown.push(found.part(Aspect::Whole, 0, uncertain(Because::RentUnknown)));
            continue;
        };
        let matter = named(number);
        let same = rows.iter().find(|r: &&Row<'_>| {
            matter.is_some() && r.key == matter && r.stamp.2 == rent.0 && r.found.rank == found.rank
        });
        if let Some(row) = same {
            if is_same_plot(row.found, found) {
                let copy = duplicate(row.found, Because::ContractNumber);
                repeated.push(found.part(Aspect::Whole, rent.0, copy));
            } else {
                more = more.plus(Bounds::between(0, row.placed.bounds.hi.unwrap_or(0)));
                repeated.push(found.part(Aspect::Whole, rent.0, uncertain(Because::PerhapsSameThing)));
            }
            continue;
        }
        rows.push(Row {
            found,
            key: matter,
            certain: true,
            stamp: (year.from, year.until, rent.0),
            aspect: Aspect::Whole,
            placed: placed(&(found, body, number), rent, &leases, (year, window)),
        });
    }
    let mut figure = Figure::known(0);
    let missing: Vec<_> = facts.unsettled(&[RecordType::Land], (scope.len() == 1).then_some(ordinal));
    let summed = once(rows, Differing::Conflict, Because::ContractNumber, !missing.is_empty());
    figure.add(figure_of(summed.bounds, missing, summed.parts));
    figure.open = summed.open;
    if more != Bounds::ZERO {
        figure.bounds = figure.bounds.plus(more);
        figure.open_by(DOUBTFUL_MATCH);
    }
    if !unknown.is_empty() {
        figure.bounds = figure.bounds.or_more();
        figure.open_by(RENT_UNKNOWN);
    }
    figure.parts.extend(repeated);
    figure.parts.extend(unknown);
    figure
}

type Lease<'a> = (&'a Found<'a>, &'a Land, &'a SmolStr);

/// Whether a rent is perhaps that of an earlier lease of another number, or without one: of another department, or of another member.
fn is_perhaps_same_rent(a: &Lease<'_>, b: &Lease<'_>) -> bool {
    let is_keyless = a.2.is_empty() || b.2.is_empty();
    let is_apart = a.0.rank != b.0.rank || is_keyless && a.0.subject != b.0.subject;
    a.1.annual_rent == b.1.annual_rent && is_apart && (is_keyless || a.2 != b.2)
}

/// Whether two records of one contract with one rent are about one plot: two members that hold it together, each shown with it.
fn is_same_plot(a: &Found<'_>, b: &Found<'_>) -> bool {
    let plot = |found: &Found<'_>| match &found.record.body {
        RecordBody::Land(body) => Some((body.kind, body.area_centimu)),
        _ => None,
    };
    a.subject != b.subject && plot(a) == plot(b)
}
