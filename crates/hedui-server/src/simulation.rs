//! What a simulation came to, in the form of the wire, for the service and for the command line that simulates a file without one.
//! Leaves simulating to `hedui-policy`, and how it looks to the command line.

use hedui_policy::{Change, Group, HISTOGRAM, HouseholdKind, Moved, Outside, Pack, Standing, Sum, Tally, Terms};
use hedui_proto::gtype::Money;
use hedui_proto::operations as pb;

use crate::grpc::to_proto::money;

/// A tally on the wire.
pub fn simulation(tally: &Tally, packs: [&Pack; 2], terms: &Terms, gathered: Option<pb::Gathered>) -> pb::Simulation {
    let [from, to] = packs;
    let has_amount = packs.map(|pack| pack.pays_once().is_some());
    let group = |key: String, of: &Group| group(key, of, has_amount);
    let towns = tally
        .towns
        .iter()
        .map(|(town, of)| group(town.map(|town| town.to_string()).unwrap_or_default(), of));
    let kinds = HouseholdKind::ALL
        .iter()
        .zip(&tally.kinds)
        .filter(|(_, of)| of.households() > 0)
        .map(|(kind, of)| group(kind_word(*kind).to_owned(), of));
    let moves = tally
        .standings
        .iter()
        .map(|((before, after), households)| pb::SimulationMove {
            from: outcome(*before).to_owned(),
            from_band: band(*before, from),
            to: outcome(*after).to_owned(),
            to_band: band(*after, to),
            households: *households,
        });
    let outside = tally.outside.iter().map(|(outside, households)| pb::SimulationCount {
        reason: outside_word(*outside).to_owned(),
        households: *households,
    });
    let lacking = tally.lacking.iter().map(|(reason, households)| pb::SimulationCount {
        reason: (*reason).to_owned(),
        households: *households,
    });
    pb::Simulation {
        from: Some(reference(from)),
        to: Some(reference(to)),
        little_a_month: Some(money(terms.little.monthly)),
        little_basis_points: terms.little.basis_points,
        total: Some(group(String::new(), &tally.total)),
        towns: towns.collect(),
        kinds: kinds.collect(),
        moves: moves.collect(),
        histogram: histogram(&tally.histogram),
        losers: tally.losers.iter().map(moved).collect(),
        gainers: tally.gainers.iter().map(moved).collect(),
        outside: outside.collect(),
        lacking: lacking.collect(),
        gathered,
        paid_once: packs.iter().filter_map(|pack| pack.pays_once()).any(|once| once),
    }
}

fn group(key: String, of: &Group, [before, after]: [bool; 2]) -> pb::SimulationGroup {
    pb::SimulationGroup {
        key,
        households: of.households(),
        gains: of.of(Change::Gains),
        loses: of.of(Change::Loses),
        little: of.of(Change::Little),
        amount_open: of.of(Change::AmountOpen),
        drops_out: of.of(Change::DropsOut),
        enters: of.of(Change::Enters),
        stays_out: of.of(Change::StaysOut),
        becomes_inconclusive: of.of(Change::BecomesInconclusive),
        stays_inconclusive: of.of(Change::StaysInconclusive),
        settles_in: of.of(Change::SettlesIn),
        settles_out: of.of(Change::SettlesOut),
        before: before.then(|| sum(&of.before)),
        after: after.then(|| sum(&of.after)),
    }
}

fn sum(of: &Sum) -> pb::SimulationSum {
    pb::SimulationSum {
        least: Some(fen(of.lo)),
        most: of.most().map(fen),
    }
}

/// All the money there is fits 64 bits of fen; what does not is said to be the most there can be.
fn fen(amount: i128) -> Money {
    let bounded = amount.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    money(i64::try_from(bounded).unwrap_or(i64::MAX))
}

fn histogram(counts: &[u64]) -> Vec<pb::HistogramClass> {
    let yuan = |border: Option<&i64>| border.map(|yuan| money(yuan * 100));
    let class = |(at, households): (usize, &u64)| pb::HistogramClass {
        from_a_month: yuan(at.checked_sub(1).and_then(|before| HISTOGRAM.get(before))),
        below_a_month: yuan(HISTOGRAM.get(at)),
        households: *households,
    };
    counts.iter().enumerate().map(class).collect()
}

fn moved(moved: &Moved) -> pb::SimulationReference {
    let id: String = moved.reference.iter().map(|byte| format!("{byte:02x}")).collect();
    pb::SimulationReference {
        verification: format!("verifications/{id}"),
        change: Some(fen(moved.change)),
        before: Some(fen(moved.before)),
    }
}

fn reference(pack: &Pack) -> pb::PackRef {
    pb::PackRef {
        id: pack.id().to_owned(),
        version: pack.version().to_owned(),
        digest: pack.digest().to_owned(),
        has_amount: pack.pays_once().is_some(),
    }
}

fn outcome((outcome, _): Standing) -> &'static str {
    match outcome {
        0 => "QUALIFIES",
        1 => "EXCEEDS",
        _ => "INCONCLUSIVE",
    }
}

fn band((_, band): Standing, pack: &Pack) -> String {
    band.and_then(|band| pack.band(band)).unwrap_or_default().to_owned()
}

/// The word of a kind of household.
pub fn kind_word(kind: HouseholdKind) -> &'static str {
    match kind {
        HouseholdKind::Elderly => "elderly",
        HouseholdKind::Disabled => "disabled",
        HouseholdKind::Minors => "minors",
        HouseholdKind::Single => "single",
        HouseholdKind::Other => "other",
        HouseholdKind::Nobody => "nobody",
    }
}

fn outside_word(outside: Outside) -> &'static str {
    match outside {
        Outside::Programme => "PROGRAMME",
        Outside::Residence => "RESIDENCE",
        Outside::Place => "PLACE",
    }
}
