//! A simulation as CSV (RFC 4180, UTF-8): one line for all households, each town and each kind, with every count and sum.
//! Leaves rounding: amounts are those of a year, or of the one payment.

use hedui_proto::gtype::Money;
use hedui_proto::operations as wire;

use super::figures::fen;
use crate::cli::values::yuan_of_fen;

const HEADER: [&str; 19] = [
    "by",
    "key",
    "households",
    "gains",
    "loses",
    "about_the_same",
    "amount_open",
    "drops_out",
    "enters",
    "stays_out",
    "becomes_inconclusive",
    "stays_inconclusive",
    "settles_in",
    "settles_out",
    "before_least",
    "before_most",
    "after_least",
    "after_most",
    "paid",
];

/// The file. A bound that there is not is empty; a pack without an amount has neither.
pub(super) fn csv(simulation: &wire::Simulation, bom: bool) -> String {
    let paid = if simulation.paid_once { "once" } else { "a_year" };
    let mut text = String::from(if bom { "\u{feff}" } else { "" });
    line(&mut text, HEADER.map(str::to_owned));
    let total = simulation.total.iter().map(|group| ("total", group));
    let towns = simulation.towns.iter().map(|group| ("town", group));
    let kinds = simulation.kinds.iter().map(|group| ("type", group));
    for (by, group) in total.chain(towns).chain(kinds) {
        let [before_least, before_most] = bounds(group.before.as_ref());
        let [after_least, after_most] = bounds(group.after.as_ref());
        let counts = [
            group.households,
            group.gains,
            group.loses,
            group.little,
            group.amount_open,
            group.drops_out,
            group.enters,
            group.stays_out,
            group.becomes_inconclusive,
            group.stays_inconclusive,
            group.settles_in,
            group.settles_out,
        ];
        let cells = [by.to_owned(), group.key.clone()].into_iter();
        let cells = cells.chain(counts.iter().map(u64::to_string));
        let sums = [before_least, before_most, after_least, after_most, paid.to_owned()];
        line(&mut text, cells.chain(sums));
    }
    text
}

fn bounds(sum: Option<&wire::SimulationSum>) -> [String; 2] {
    let text = |money: Option<&Money>| money.map(|money| yuan_of_fen(fen(money))).unwrap_or_default();
    let sum = sum.cloned().unwrap_or_default();
    [text(sum.least.as_ref()), text(sum.most.as_ref())]
}

fn line(text: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells.into_iter().map(|cell| quoted(&cell)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
