//! Distinct things among the records of registers that write their keys differently, or have none: each counted once, and open where they may be one.
//! Leaves whether a record counts, and how much, to `property`.

mod alike;

use smol_str::SmolStr;

use super::matching::duplicate;
use super::places::{Place, is_like};
use super::{AREA_UNKNOWN, CONFLICTING_SOURCES, DOUBTFUL_MATCH, Found};
use crate::bounds::{Bounds, Figure};
use crate::part::{Aspect, Because, Treatment};
use crate::record::RecordBody;

/// Whether by one record a thing counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counts {
    /// It does not, by this rule.
    No(Because),
    /// It may, for this reason: a finding code.
    Perhaps(&'static str),
    /// It does.
    Yes,
}

/// One record of a thing that is counted in pieces.
pub(super) struct Piece<'a> {
    pub(super) found: &'a Found<'a>,
    /// The identifying key; empty where the register has none.
    pub(super) key: &'a SmolStr,
    /// A weaker sign of sameness: an address, a plate, a name.
    pub(super) alias: &'a SmolStr,
    pub(super) counts: Counts,
    /// How much it adds where it counts: one, or an area.
    pub(super) weight: Bounds,
    /// Whether the key is one of its kind in the whole country. What one register has under any other key at two places is perhaps two; and what
    /// it has at one place under two of them is perhaps one.
    pub(super) is_unique: bool,
    /// Its area, where it has one on record.
    pub(super) size: Option<i64>,
}

impl<'a> Piece<'a> {
    fn place(&self) -> Place<'a> {
        match &self.found.record.body {
            RecordBody::RealEstate(body) => Place::of_address(self.alias, &body.address),
            _ => Place::of_sign(self.alias),
        }
    }
}

/// One thing: the records that share a key, or one record without a key.
struct Thing<'a> {
    pieces: Vec<Piece<'a>>,
    /// What each department says, by rank: where it has several records, what counts most. A husband's sold share does not undo his wife's.
    views: Vec<(u16, Counts)>,
    /// The least of its records' signs; empty where none has one.
    alias: &'a str,
    keyless: bool,
    /// How much it adds: whatever any of its records says.
    weight: Bounds,
    /// Whether one register has it at several places.
    is_several: bool,
    is_unique: bool,
    /// Whether it is perhaps one that another department lists under another key and at no like place.
    is_perhaps_other: bool,
    /// Whether it is perhaps one that the same department shows with another member.
    is_perhaps_shared: bool,
    /// Whether another department has one as given up that is perhaps this.
    is_perhaps_gone: bool,
}

impl<'a> Thing<'a> {
    fn of(pieces: Vec<Piece<'a>>) -> Thing<'a> {
        let mut views: Vec<(u16, Counts)> = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            let counts = of_member(piece, &pieces);
            match views.iter_mut().find(|(rank, _)| *rank == piece.found.rank) {
                Some((_, view)) => *view = counts.max(*view),
                None => views.push((piece.found.rank, counts)),
            }
        }
        let aliases = pieces.iter().map(|p| p.alias.as_str()).filter(|a| !a.is_empty());
        let weights = pieces.iter().map(|p| p.weight);
        let mut weight = weights.reduce(Bounds::hull).unwrap_or(Bounds::ZERO);
        let apart = most_at_several_places(&pieces);
        if let Some(most) = apart {
            weight.hi = weight.hi.zip(most).map(|(hi, most)| hi.max(most));
        }
        Thing {
            weight,
            is_several: apart.is_some(),
            is_unique: pieces.first().is_some_and(|p| p.is_unique),
            alias: aliases.min().unwrap_or_default(),
            keyless: pieces.first().is_none_or(|p| p.key.is_empty()),
            views,
            pieces,
            is_perhaps_other: false,
            is_perhaps_shared: false,
            is_perhaps_gone: false,
        }
    }

    fn some(&self) -> bool {
        self.views.iter().any(|(_, v)| !matches!(v, Counts::No(_)))
    }

    fn all(&self) -> bool {
        self.views.iter().all(|(_, v)| *v == Counts::Yes)
    }

    fn is_loose(&self) -> bool {
        self.keyless || !self.is_unique
    }

    /// Whether it is perhaps another that neither a key nor a place puts beside it.
    fn is_unplaced(&self) -> bool {
        self.keyless || self.is_perhaps_other || self.is_perhaps_shared
    }

    fn in_conflict(&self) -> bool {
        self.some() && self.views.iter().any(|(_, v)| matches!(v, Counts::No(_)))
    }

    /// Why it is open how much it adds, where it may count. Every record of it has a say, also one that shows a share of nothing.
    fn open_weight(&self) -> Option<&'static str> {
        if !self.some() || self.weight.is_exact() {
            return None;
        }
        if self.is_several {
            return Some(DOUBTFUL_MATCH);
        }
        let is_told = self.pieces.iter().all(|piece| piece.weight.is_exact());
        Some(if is_told { CONFLICTING_SOURCES } else { AREA_UNKNOWN })
    }
}

/// By what one department says of a member in all, a piece counts: where it both has and has given up the thing, a history, nobody can say.
fn of_member(piece: &Piece<'_>, all: &[Piece<'_>]) -> Counts {
    let is_over = |counts: Counts| {
        matches!(
            counts,
            Counts::No(Because::NoLongerOwned | Because::ScrappedOrTransferred | Because::NoLongerOperating)
        )
    };
    let holder = (piece.found.rank, piece.found.subject);
    let own = |p: &&Piece<'_>| (p.found.rank, p.found.subject) == holder;
    if piece.counts == Counts::Yes && all.iter().filter(own).any(|p| is_over(p.counts)) {
        Counts::Perhaps(CONFLICTING_SOURCES)
    } else {
        piece.counts
    }
}

/// A record with the place of a running number.
type Placed<'p, 'a> = (&'p Piece<'a>, Option<Place<'a>>);

/// How much records of one key add where one register has them at several places, and those are several things under the number of one
/// certificate; none where each has one place.
#[allow(clippy::option_option)]
fn most_at_several_places(pieces: &[Piece<'_>]) -> Option<Option<i64>> {
    let mut places: Vec<&Piece<'_>> = pieces
        .iter()
        .filter(|p| !p.is_unique && !p.alias.is_empty() && !matches!(p.counts, Counts::No(_)))
        .collect();
    if places.len() < 2 {
        return None;
    }
    // Two registers write one address in two ways, but not one area; and one running number is no more telling than the places.
    let few = if places.len() <= FEW { places.as_slice() } else { &[] };
    let few: Vec<Placed<'_, '_>> = few
        .iter()
        .map(|piece| (*piece, is_running(piece.key).then(|| piece.place())))
        .collect();
    let pairs = few.iter().flat_map(|a| few.iter().map(move |b| (a, b)));
    let is_apart = |(a, at_a): &Placed<'_, '_>, (b, at_b): &Placed<'_, '_>| {
        let is_untold = a.size.is_none() || b.size.is_none();
        let is_elsewhere = || at_a.as_ref().zip(at_b.as_ref()).is_some_and(|(a, b)| a.is_elsewhere(b));
        differ(a.size, b.size) || is_untold && is_elsewhere()
    };
    let of_two = pairs
        .filter(|((a, _), (b, _))| a.found.rank < b.found.rank && !is_like(a.alias, b.alias))
        .filter(|(a, b)| is_apart(a, b))
        .map(|((a, _), (b, _))| a.weight.plus(b.weight).hi)
        .reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)));
    // The greatest of each place first.
    let greatest = |p: &&Piece<'_>| std::cmp::Reverse(p.weight.hi.unwrap_or(i64::MAX));
    places.sort_by_key(|p| (p.found.rank, p.alias, greatest(p)));
    places.dedup_by_key(|p| (p.found.rank, p.alias));
    let several = places
        .chunk_by(|a, b| a.found.rank == b.found.rank)
        .filter(|own| own.len() > 1);
    let of_one = several.map(|own| own.iter().fold(Bounds::ZERO, |sum, p| sum.plus(p.weight)).hi);
    of_one.chain(of_two).reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))
}

/// Whether a number is a short one of digits, as every register counts its own from one.
fn is_running(number: &str) -> bool {
    number.len() < 8 && number.bytes().all(|b| b.is_ascii_digit())
}

/// Whether two areas differ by more than one in twenty.
fn differ(a: Option<i64>, b: Option<i64>) -> bool {
    a.zip(b)
        .is_some_and(|(a, b)| a.abs_diff(b).saturating_mul(20) > a.max(b).unsigned_abs())
}

/// Counts distinct things; registers that disagree about one leave it open. One of the kind that is silent about anybody could disagree about any:
/// it could know that one is given up, or that two stand at one place.
pub(super) fn pieces(mut all: Vec<Piece<'_>>, by: Because, is_any_silent: bool) -> Figure {
    let mut figure = Figure::known(0);
    if all.is_empty() {
        return figure;
    }
    // Stable: what has no key keeps its order and stands alone.
    all.sort_by(|a, b| a.key.cmp(b.key));
    let mut things: Vec<Thing<'_>> = Vec::with_capacity(all.len());
    let mut rest = all.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut same = vec![first];
        while let Some(next) = rest.next_if(|next| {
            let key = same.first().map(|p| p.key);
            !next.key.is_empty() && key == Some(next.key)
        }) {
            same.push(next);
        }
        things.push(Thing::of(same));
    }
    let clusters = by_alias(things);
    let mut least = Least::default();
    let mut doubts = Vec::with_capacity(clusters.len());
    for things in &clusters {
        let certain = least.add(things);
        let weights = things.iter().filter(|t| t.some()).map(|t| t.weight);
        let hi = weights.fold(Bounds::ZERO, Bounds::plus).hi;
        figure.bounds = figure.bounds.plus(Bounds { lo: Some(0), hi });
        doubts.push(may_be_one(things) && hi != Some(certain));
    }
    figure.bounds.lo = Some(if is_any_silent { 0 } else { least.certain() });
    let is_doubtful = least.certain() < least.apart;
    if is_doubtful {
        figure.open_by(DOUBTFUL_MATCH);
    }
    for (things, may_be_one) in clusters.iter().zip(doubts) {
        tell(things, by, (is_doubtful, may_be_one), &mut figure);
    }
    figure
}

/// So many things are few enough to compare the signs of each with all.
pub(super) const FEW: usize = 64;

/// Things by what may be one: those with one sign, or of which one sign is the end of the other, as of an address with and without the district, or
/// of a plate with and without the province.
fn by_alias(mut things: Vec<Thing<'_>>) -> Vec<Vec<Thing<'_>>> {
    things.sort_by_key(|thing| thing.alias);
    if things.len() < 2 {
        return vec![things];
    }
    if things.len() <= FEW {
        return by_place(things);
    }
    let mut clusters: Vec<Vec<Thing<'_>>> = Vec::with_capacity(things.len());
    for thing in things {
        let is_same = |other: &Thing<'_>| !thing.alias.is_empty() && thing.alias == other.alias;
        match clusters.last_mut().filter(|cluster| cluster.iter().any(is_same)) {
            Some(cluster) => cluster.push(thing),
            None => clusters.push(vec![thing]),
        }
    }
    clusters
}

/// The same of a few things, by all that their places tell; what may be one over the bounds of these clusters is marked.
fn by_place(mut things: Vec<Thing<'_>>) -> Vec<Vec<Thing<'_>>> {
    let places: Vec<Vec<Place<'_>>> = things.iter().map(|thing| places_of(&thing.pieces)).collect();
    let mut clusters: Vec<Vec<usize>> = Vec::with_capacity(things.len());
    for (at, own) in places.iter().enumerate() {
        let is_like = |other: &usize| places.get(*other).is_some_and(|other| any(own, other, Place::is_like));
        match clusters.iter_mut().find(|cluster| cluster.iter().any(is_like)) {
            Some(cluster) => cluster.push(at),
            None => clusters.push(vec![at]),
        }
    }
    let mut cluster_of = vec![0; things.len()];
    for (number, cluster) in clusters.iter().enumerate() {
        for at in cluster {
            if let Some(of) = cluster_of.get_mut(*at) {
                *of = number;
            }
        }
    }
    alike::mark(&mut things, &places, &cluster_of);
    let mut things: Vec<Option<Thing<'_>>> = things.into_iter().map(Some).collect();
    let mut taken = |at: usize| things.get_mut(at).and_then(Option::take);
    let of_cluster = |cluster: Vec<usize>| cluster.into_iter().filter_map(&mut taken).collect();
    clusters.into_iter().map(of_cluster).collect()
}

/// The places at which records have a thing; a few that do not depend on any order.
fn places_of<'a>(pieces: &[Piece<'a>]) -> Vec<Place<'a>> {
    const MOST: usize = 8;
    let mut signed: Vec<&Piece<'a>> = pieces.iter().filter(|p| !p.alias.is_empty()).collect();
    signed.sort_by_key(|p| p.alias);
    signed.dedup_by_key(|p| p.alias);
    signed.into_iter().take(MOST).map(Piece::place).collect()
}

fn any<T>(a: &[T], b: &[T], is_so: impl Fn(&T, &T) -> bool) -> bool {
    a.iter().any(|x| b.iter().any(|y| is_so(x, y)))
}

/// How much there is at least, from one cluster of things that may be the same to the next.
#[derive(Default)]
struct Least {
    /// By key, whoever lists it.
    keyed: i64,
    /// What single departments list, with a key or without, by rank: one department lists nothing twice.
    listed: Vec<(u16, i64)>,
    /// What they list without a key and without a sign, or perhaps of two members, by rank and member: husband and wife may each be shown with
    /// what they own together.
    bare: Vec<(u16, u32, i64)>,
    /// What is given up, with who says so.
    gone: Vec<(Vec<u16>, i64)>,
    /// Were nothing without a key the same as what another department lists.
    apart: i64,
}

impl Least {
    /// Takes a cluster, and says how much it adds at least.
    fn add(&mut self, things: &[Thing<'_>]) -> i64 {
        // Another register's word that it is given up may be about it, unless the numbers say that it is another.
        let is_contradicted = |thing: &Thing<'_>| {
            things.iter().any(|other| {
                let by_another = other
                    .views
                    .iter()
                    .any(|(rank, _)| !thing.views.iter().any(|(own, _)| own == rank));
                !other.some() && by_another && !(thing.is_unique && other.is_unique)
            })
        };
        let is_certain = |thing: &Thing<'_>| thing.all() && !thing.is_perhaps_gone && !is_contradicted(thing);
        let least = |thing: &Thing<'_>| thing.weight.lo.filter(|_| is_certain(thing)).unwrap_or(0);
        let mut ranks: Vec<u16> = things.iter().flat_map(|t| &t.views).map(|(rank, _)| *rank).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let mut keyed = 0;
        for by in ranks {
            let listed = || things.iter().filter(|t| t.views.iter().any(|(rank, _)| *rank == by));
            let all = surely(listed, least);
            keyed = surely(|| listed().filter(|t| !t.is_unplaced()), least).max(keyed);
            if let [alone] = things
                && (alone.keyless && alone.alias.is_empty() || alone.is_perhaps_shared)
            {
                self.add_bare(by, alone, all);
                continue;
            }
            match self.listed.iter_mut().find(|(rank, _)| *rank == by) {
                Some((_, sum)) => *sum = sum.saturating_add(all),
                None => self.listed.push((by, all)),
            }
        }
        self.keyed = self.keyed.saturating_add(keyed);
        let certain = surely(|| things.iter(), least);
        self.apart = self.apart.saturating_add(certain);
        for thing in things.iter().filter(|t| !t.some()) {
            let ranks = thing.views.iter().map(|(rank, _)| *rank).collect();
            self.gone.push((ranks, thing.weight.hi.unwrap_or(i64::MAX)));
        }
        certain
    }

    fn add_bare(&mut self, by: u16, thing: &Thing<'_>, least: i64) {
        let own = thing.pieces.iter().find(|piece| piece.found.rank == by);
        let of = own.map_or(0, |piece| piece.found.subject);
        match self
            .bare
            .iter_mut()
            .find(|(rank, subject, _)| (*rank, *subject) == (by, of))
        {
            Some((.., sum)) => *sum = sum.saturating_add(least),
            None => self.bare.push((by, of, least)),
        }
    }

    /// What has no key is perhaps what another department has one for.
    fn certain(&self) -> i64 {
        let signed = |by: u16| {
            self.listed
                .iter()
                .find(|(rank, _)| *rank == by)
                .map_or(0, |(_, sum)| *sum)
        };
        let listed = self.listed.iter().map(|(_, sum)| *sum);
        // One without a key and a sign is perhaps one that another department has as given up.
        let gone = |by: u16| {
            let others = self.gone.iter().filter(|(ranks, _)| !ranks.contains(&by));
            others.map(|(_, weight)| *weight).fold(0, i64::saturating_add)
        };
        let with_bare = self.bare.iter().map(|(rank, _, sum)| {
            let left = sum.saturating_sub(gone(*rank)).max(0);
            signed(*rank).saturating_add(left)
        });
        listed.chain(with_bare).max().unwrap_or(0).max(self.keyed)
    }
}

/// How much things that may be one surely add: those that their numbers tell apart each, of the others the greatest.
fn surely<'t, 'a: 't, I: Iterator<Item = &'t Thing<'a>>>(
    things: impl Fn() -> I,
    least: impl Fn(&Thing<'a>) -> i64,
) -> i64 {
    let unique = things()
        .filter(|t| !t.is_loose())
        .map(&least)
        .fold(0, i64::saturating_add);
    let others = things().filter(|t| t.is_loose()).map(&least).max();
    unique.max(others.unwrap_or(0))
}

/// Whether one of them, without a key or under one that is not the only one that it can have, is perhaps another of them.
fn may_be_one(things: &[Thing<'_>]) -> bool {
    things.len() > 1 && things.iter().any(Thing::is_loose)
}

/// Says why a cluster of things is open, and shows its records.
fn tell(things: &[Thing<'_>], by: Because, (is_doubtful, may_be_one): (bool, bool), figure: &mut Figure) {
    if things
        .iter()
        .any(|t| (may_be_one && t.is_loose() || t.is_perhaps_gone) && t.some())
    {
        figure.open_by(DOUBTFUL_MATCH);
    }
    for thing in things {
        if thing.in_conflict() {
            figure.open_by(CONFLICTING_SOURCES);
        }
        if let Some(code) = thing.open_weight() {
            figure.open_by(code);
        }
        for (_, view) in &thing.views {
            if let Counts::Perhaps(code) = view {
                figure.open_by(code);
            }
        }
        let doubt = thing.is_several
            || thing.is_perhaps_gone
            || is_doubtful && thing.is_unplaced()
            || may_be_one && thing.is_loose();
        show(thing, by, doubt, figure);
    }
}

/// Shows the records of one thing.
fn show(thing: &Thing<'_>, by: Because, doubt: bool, figure: &mut Figure) {
    let all = thing.all();
    let counted = |p: &&Piece<'_>| !matches!(p.counts, Counts::No(_));
    let anchor = thing.pieces.iter().find(counted).map(|p| p.found);
    let mut is_first = true;
    for piece in &thing.pieces {
        let treatment = match (piece.counts, anchor) {
            (Counts::No(rule), _) => Treatment::Disregarded { rule },
            (_, Some(anchor)) if !is_first && !thing.is_several => duplicate(anchor, by),
            _ => {
                is_first = false;
                match (doubt, all) {
                    (true, _) => Treatment::Uncertain {
                        why: Because::PerhapsSameThing,
                    },
                    (false, true) => Treatment::Counted,
                    (false, false) => Treatment::Uncertain { why: Because::LeftOpen },
                }
            }
        };
        let amount = piece.weight.lo.unwrap_or(0);
        figure.parts.push(piece.found.part(Aspect::Whole, amount, treatment));
    }
}
