//! Amounts of a simulation in exact decimals: what a year's sum is a quarter and a month, and how much more or less.
//! Leaves words and layout to `render`, `csv` and `chart`.

use hedui_proto::gtype::Money;
use hedui_proto::operations as wire;

use crate::cli::values::{grouped, yuan_of_fen};

/// Fen of an amount of the wire, which the server writes in whole fen.
pub(in crate::cli) fn fen(money: &Money) -> i64 {
    let nanos = i64::from(money.nanos / 10_000_000);
    money.units.saturating_mul(100).saturating_add(nanos)
}

/// A part of a year's amount, rounded half up to the fen.
pub(super) fn part_of_year(yearly: i64, parts: i64) -> i64 {
    let (yearly, parts) = (i128::from(yearly), i128::from(parts));
    let rounded = (2 * yearly + parts).div_euclid(2 * parts);
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

/// Yuan with commas and two decimals.
pub(super) fn money(fen: i64) -> String {
    grouped(&yuan_of_fen(fen))
}

/// A sum of a part of the year, on bounds: `90,939.25`, `90,939.25 - 99,492.85`, `>= 90,939.25`, or a dash where the pack has no amount.
pub(super) fn sum(of: Option<&wire::SimulationSum>, parts: i64) -> String {
    let Some(of) = of else {
        return "-".to_owned();
    };
    let text = |amount: &Money| money(part_of_year(fen(amount), parts));
    let least = of.least.as_ref().map(text).unwrap_or_default();
    match of.most.as_ref().map(text) {
        Some(most) if most == least => least,
        Some(most) => format!("{least} - {most}"),
        None => format!(">= {least}"),
    }
}

/// By how much of what was surely paid the sure sum changes: `+9.4 %`, rounded half up to a tenth. None where nothing was paid, or a pack has no amount.
pub(super) fn percent(group: &wire::SimulationGroup) -> Option<String> {
    let least = |sum: Option<&wire::SimulationSum>| sum.and_then(|sum| sum.least.as_ref()).map(fen);
    let (before, after) = (least(group.before.as_ref())?, least(group.after.as_ref())?);
    percent_of(before, after)
}

pub(super) fn percent_of(before: i64, after: i64) -> Option<String> {
    if before <= 0 {
        return None;
    }
    let (before, change) = (i128::from(before), i128::from(after) - i128::from(before));
    // Away from zero at the half, so that gains and losses of one size look alike.
    let tenths = (2_000 * change.abs() + before) / (2 * before);
    let sign = match (tenths, change < 0) {
        (0, _) => "",
        (_, true) => "-",
        (_, false) => "+",
    };
    Some(format!("{sign}{}.{} %", tenths / 10, tenths % 10))
}

/// How many are open in one way or the other.
pub(super) fn open(group: &wire::SimulationGroup) -> u64 {
    group.becomes_inconclusive + group.stays_inconclusive + group.settles_in + group.settles_out
}
