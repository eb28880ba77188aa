//! Distinct things among the records of registers that write their keys differently, or have none: each counted once, and open where they may be one.
//! Leaves whether a record counts, and how much, to `property`.

use smol_str::SmolStr;

use super::matching::duplicate;
use super::{AREA_UNKNOWN, CONFLICTING_SOURCES, DOUBTFUL_MATCH, Found};
use crate::bounds::{Bounds, Figure};
use crate::part::{Aspect, Because, Treatment};

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
    /// Whether its alias is a place: what one register has at two places under one key is perhaps two.
    pub(super) stands_somewhere: bool,
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
}

impl<'a> Thing<'a> {
    fn of(pieces: Vec<Piece<'a>>) -> Thing<'a> {
        let mut views: Vec<(u16, Counts)> = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            match views.iter_mut().find(|(rank, _)| *rank == piece.found.rank) {
                Some((_, view)) => *view = piece.counts.max(*view),
                None => views.push((piece.found.rank, piece.counts)),
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
            alias: aliases.min().unwrap_or_default(),
            keyless: pieces.first().is_none_or(|p| p.key.is_empty()),
            views,
            pieces,
        }
    }

    fn some(&self) -> bool {
        self.views.iter().any(|(_, v)| !matches!(v, Counts::No(_)))
    }

    fn all(&self) -> bool {
        self.views.iter().all(|(_, v)| *v == Counts::Yes)
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

/// How much records of one key add where one register has them at several places, and those are several things under the number of one
/// certificate; none where each has one place.
#[allow(clippy::option_option)]
fn most_at_several_places(pieces: &[Piece<'_>]) -> Option<Option<i64>> {
    let mut places: Vec<&Piece<'_>> = pieces
        .iter()
        .filter(|p| p.stands_somewhere && !p.alias.is_empty() && !matches!(p.counts, Counts::No(_)))
        .collect();
    if places.len() < 2 {
        return None;
    }
    // The greatest of each place first.
    places.sort_by_key(|p| {
        (
            p.found.rank,
            p.alias,
            std::cmp::Reverse(p.weight.hi.unwrap_or(i64::MAX)),
        )
    });
    places.dedup_by_key(|p| (p.found.rank, p.alias));
    let several = places
        .chunk_by(|a, b| a.found.rank == b.found.rank)
        .filter(|own| own.len() > 1);
    several
        .map(|own| own.iter().fold(Bounds::ZERO, |sum, p| sum.plus(p.weight)).hi)
        .reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))
}

/// Counts distinct things; registers that disagree about one leave it open, and so does a silent one (by rank) that could disagree.
pub(super) fn pieces(mut all: Vec<Piece<'_>>, by: Because, silent: &[u16], own_silence_matters: bool) -> Figure {
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
    // Things that share an alias, one of them without a key, may be one thing.
    things.sort_by_key(|thing| thing.alias);
    let clusters = || things.chunk_by(|a, b| !a.alias.is_empty() && a.alias == b.alias);
    let mut least = Least::default();
    for things in clusters() {
        least.add(things, silent, own_silence_matters);
        let weights = things.iter().filter(|t| t.some()).map(|t| t.weight);
        let hi = weights.fold(Bounds::ZERO, Bounds::plus).hi;
        figure.bounds = figure.bounds.plus(Bounds { lo: Some(0), hi });
    }
    figure.bounds.lo = Some(least.certain());
    let is_doubtful = least.certain() < least.apart;
    if is_doubtful {
        figure.open_by(DOUBTFUL_MATCH);
    }
    for things in clusters() {
        tell(things, by, is_doubtful, &mut figure);
    }
    figure
}

/// How much there is at least, from one cluster of things that may be the same to the next.
#[derive(Default)]
struct Least {
    /// By key, whoever lists it.
    keyed: i64,
    /// What single departments list, with a key or without, by rank: one department lists nothing twice.
    listed: Vec<(u16, i64)>,
    /// What they list without a key and without a sign, by rank and member: husband and wife may each be shown with what they own together.
    bare: Vec<(u16, u32, i64)>,
    /// Were nothing without a key the same as what another department lists.
    apart: i64,
}

impl Least {
    fn add(&mut self, things: &[Thing<'_>], silent: &[u16], own_silence_matters: bool) {
        let least = |thing: &&Thing<'_>| {
            let outsider =
                |d: &u16| own_silence_matters || thing.keyless || !thing.views.iter().any(|(rank, _)| rank == d);
            let is_certain = thing.all() && !silent.iter().any(outsider);
            thing.weight.lo.filter(|_| is_certain).unwrap_or(0)
        };
        let keyless = |t: &&Thing<'_>| t.keyless;
        let contradicted = may_be_one(things) && !things.iter().all(Thing::some);
        let mut ranks: Vec<u16> = things.iter().flat_map(|t| &t.views).map(|(rank, _)| *rank).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let mut keyed = 0;
        for by in ranks {
            let listed = || things.iter().filter(|t| t.views.iter().any(|(rank, _)| *rank == by));
            // What one department lists under several keys are several things; another's key may be its own for one of them.
            let several = listed()
                .filter(|t| !t.keyless)
                .map(|t| least(&t))
                .fold(0, i64::saturating_add);
            let one = listed().filter(keyless).map(|t| least(&t)).max().unwrap_or(0);
            let all = if contradicted { several } else { several.max(one) };
            keyed = several.max(keyed);
            if let [alone] = things
                && alone.keyless
                && alone.alias.is_empty()
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
        let several = things
            .iter()
            .filter(|t| !t.keyless)
            .map(|t| least(&t))
            .fold(0, i64::saturating_add);
        let one = things.iter().filter(keyless).map(|t| least(&t)).max().unwrap_or(0);
        let apart = if contradicted { several } else { several.max(one) };
        self.apart = self.apart.saturating_add(apart);
    }

    fn add_bare(&mut self, by: u16, thing: &Thing<'_>, least: i64) {
        let of = thing.pieces.first().map_or(0, |piece| piece.found.subject);
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
        let with_bare = self
            .bare
            .iter()
            .map(|(rank, _, sum)| signed(*rank).saturating_add(*sum));
        listed.chain(with_bare).max().unwrap_or(0).max(self.keyed)
    }
}

/// Whether one of them without a key is perhaps another of them.
fn may_be_one(things: &[Thing<'_>]) -> bool {
    things.len() > 1 && things.iter().any(|t| t.keyless)
}

/// Says why a cluster of things is open, and shows its records.
fn tell(things: &[Thing<'_>], by: Because, is_doubtful: bool, figure: &mut Figure) {
    let may_be_one = may_be_one(things);
    if may_be_one && things.iter().any(|t| t.keyless && t.some()) {
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
        let doubt = thing.is_several || (is_doubtful || may_be_one) && thing.keyless;
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
