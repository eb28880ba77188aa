//! Real estate that is perhaps one though neither a key nor a place says so: a register leaves the address out, or parts of it.
//! Leaves what one key and one place tell, and how much there is at least, to the parent.

use super::{Place, Thing, any, differ};
use crate::dates::PartialDate;
use crate::record::RecordBody;

/// A thing with what tells it from others.
struct Told<'p, 'a> {
    thing: &'p Thing<'a>,
    places: &'p [Place<'a>],
    cluster: usize,
    /// One bit per kind of real estate that records call it.
    kinds: u32,
    /// The sizes on record, each once.
    sizes: Vec<i64>,
}

/// Marks things that are perhaps one over the bounds of clusters. Of two such the one that tells less is marked; the fewest that leave no two.
pub(super) fn mark(things: &mut [Thing<'_>], places: &[Vec<Place<'_>>], cluster_of: &[usize]) {
    let told = things
        .iter()
        .zip(places)
        .zip(cluster_of)
        .map(|((thing, places), cluster)| Told {
            thing,
            places,
            cluster: *cluster,
            kinds: kinds(thing),
            sizes: sizes(thing),
        });
    let told: Vec<Told<'_, '_>> = told.collect();
    let mut shared = Vec::new();
    let mut gone = Vec::new();
    let mut pairs = Vec::new();
    for (i, a) in told.iter().enumerate() {
        for (j, b) in told.iter().enumerate().skip(i + 1) {
            if a.thing.is_unique && b.thing.is_unique || a.cluster == b.cluster {
                continue;
            }
            if is_perhaps_shared(a, b) {
                shared.extend([i, j]);
            } else if is_perhaps_one(a, b) {
                match (a.thing.some(), b.thing.some()) {
                    (true, true) => pairs.push((i, j)),
                    (true, false) if is_of_a_size(a, b) => gone.push(i),
                    (false, true) if is_of_a_size(a, b) => gone.push(j),
                    _ => {}
                }
            }
        }
    }
    pairs.retain(|(i, j)| !shared.contains(i) && !shared.contains(j));
    let others = fewest(things, places, pairs);
    for (at, thing) in things.iter_mut().enumerate() {
        thing.is_perhaps_shared = shared.contains(&at);
        thing.is_perhaps_gone = gone.contains(&at);
        thing.is_perhaps_other = others.contains(&at);
    }
}

/// Things without which no pair is left: always the one of most pairs next, of equal ones the one that tells less.
fn fewest(things: &[Thing<'_>], places: &[Vec<Place<'_>>], mut pairs: Vec<(usize, usize)>) -> Vec<usize> {
    let mut left_out = Vec::new();
    let tells = |at: usize| {
        let thing = things.get(at);
        let is_placed = places.get(at).is_some_and(|places| !places.is_empty());
        let key = thing.and_then(|t| t.pieces.first()).map(|piece| piece.key);
        (
            is_placed,
            thing.is_some_and(|t| t.is_unique),
            thing.map(|t| t.weight.lo),
            thing.map(|t| t.alias),
            key,
        )
    };
    while !pairs.is_empty() {
        let count = |at: usize| pairs.iter().filter(|(i, j)| *i == at || *j == at).count();
        let ends = pairs.iter().flat_map(|(i, j)| [*i, *j]);
        let Some(next) = ends.min_by_key(|at| (std::cmp::Reverse(count(*at)), tells(*at))) else {
            break;
        };
        left_out.push(next);
        pairs.retain(|(i, j)| *i != next && *j != next);
    }
    left_out
}

/// Whether two that no department has both are perhaps one: by a part of the address, or where one has none, of one size as far as is known.
fn is_perhaps_one(a: &Told<'_, '_>, b: &Told<'_, '_>) -> bool {
    if a.thing.keyless || b.thing.keyless || any(&a.thing.views, &b.thing.views, |(x, _), (y, _)| x == y) {
        return false;
    }
    if a.places.is_empty() || b.places.is_empty() {
        return is_of_a_kind(a, b) && may_be_of_a_size(a, b) || a.kinds != 0 && is_of_a_size(a, b);
    }
    any(a.places, b.places, Place::is_like) || is_of_a_size(a, b) && any(a.places, b.places, Place::agrees)
}

/// Whether a department has one of them of one member and the other of another, both without a place, of one size and since one
/// day: what husband and wife own together has a certificate for each.
fn is_perhaps_shared(a: &Told<'_, '_>, b: &Told<'_, '_>) -> bool {
    let is_one = a.places.is_empty() && b.places.is_empty() && is_of_a_kind(a, b) && is_of_a_size(a, b);
    let (a, b) = (a.thing, b.thing);
    is_one
        && a.some()
        && b.some()
        && !(a.keyless && b.keyless)
        && any(&a.views, &b.views, |(x, _), (y, _)| x == y)
        && !any(&holders(a), &holders(b), |x, y| x == y)
        && any(&acquired(a), &acquired(b), |x, y| x == y)
}

/// The days since when it is theirs, as the registers have them.
fn acquired(thing: &Thing<'_>) -> Vec<PartialDate> {
    let on = |body: &RecordBody| match body {
        RecordBody::RealEstate(body) => body.acquired_on.filter(|on| !on.ends_nothing()),
        _ => None,
    };
    thing
        .pieces
        .iter()
        .filter_map(|piece| on(&piece.found.record.body))
        .collect()
}

/// Who has a thing of whom.
fn holders(thing: &Thing<'_>) -> Vec<(u16, u32)> {
    let mut holders: Vec<(u16, u32)> = thing.pieces.iter().map(|p| (p.found.rank, p.found.subject)).collect();
    holders.sort_unstable();
    holders.dedup();
    holders
}

/// Whether some records call two by one word for real estate.
fn is_of_a_kind(a: &Told<'_, '_>, b: &Told<'_, '_>) -> bool {
    a.kinds & b.kinds != 0
}

/// One bit per kind of real estate that records call it.
fn kinds(thing: &Thing<'_>) -> u32 {
    let bit = |body: &RecordBody| match body {
        RecordBody::RealEstate(body) => 1u32.checked_shl(body.kind as u32).unwrap_or(0),
        _ => 0,
    };
    let all = thing.pieces.iter().map(|piece| bit(&piece.found.record.body));
    all.fold(0, std::ops::BitOr::bitor)
}

/// The sizes on record, each once; a few that do not depend on any order.
fn sizes(thing: &Thing<'_>) -> Vec<i64> {
    const MOST: usize = 8;
    let mut sizes: Vec<i64> = thing.pieces.iter().filter_map(|piece| piece.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes.truncate(MOST);
    sizes
}

/// Whether two are of one size, but for what registers round.
fn is_of_a_size(a: &Told<'_, '_>, b: &Told<'_, '_>) -> bool {
    let is_equal = |a: &i64, b: &i64| a.abs_diff(*b).saturating_mul(100) <= (*a).max(*b).unsigned_abs();
    any(&a.sizes, &b.sizes, is_equal)
}

/// Whether no sizes say that they are two.
fn may_be_of_a_size(a: &Told<'_, '_>, b: &Told<'_, '_>) -> bool {
    let (a, b) = (&a.sizes, &b.sizes);
    a.is_empty() || b.is_empty() || any(a, b, |a, b| !differ(Some(*a), Some(*b)))
}
