//! The JSON form of a simulation.
//! Leaves judging to `hedui_policy`, and tables to `policy/simulate`.

use hedui_proto::gtype::Money;
use hedui_proto::operations as wire;
use serde_json::{Value, json};

use crate::cli::values::yuan;

/// What a simulation came to.
pub fn simulation(found: &wire::Simulation) -> Value {
    let groups = |groups: &[wire::SimulationGroup]| groups.iter().map(group).collect::<Vec<_>>();
    let counts = |counts: &[wire::SimulationCount]| {
        let each = counts.iter();
        each.map(|count| json!({ "reason": count.reason, "households": count.households }))
            .collect::<Vec<_>>()
    };
    json!({
        "from": pack(found.from.as_ref()),
        "to": pack(found.to.as_ref()),
        "little_a_month": money(found.little_a_month.as_ref()),
        "little_basis_points": found.little_basis_points,
        "paid_once": found.paid_once,
        "total": found.total.as_ref().map(group),
        "towns": groups(&found.towns),
        "kinds": groups(&found.kinds),
        "moves": found.moves.iter().map(|one| json!({
            "from": one.from,
            "from_band": one.from_band,
            "to": one.to,
            "to_band": one.to_band,
            "households": one.households,
        })).collect::<Vec<_>>(),
        "histogram": found.histogram.iter().map(|class| json!({
            "from_a_month": money(class.from_a_month.as_ref()),
            "below_a_month": money(class.below_a_month.as_ref()),
            "households": class.households,
        })).collect::<Vec<_>>(),
        "losers": found.losers.iter().map(reference).collect::<Vec<_>>(),
        "gainers": found.gainers.iter().map(reference).collect::<Vec<_>>(),
        "outside": counts(&found.outside),
        "lacking": counts(&found.lacking),
        "gathered": found.gathered.as_ref().map(|gathered| json!({
            "households": gathered.households,
            "filed": gathered.filed,
            "again": gathered.again,
            "frozen": gathered.frozen,
            "destroyed": gathered.destroyed,
            "never": gathered.never,
            "unreadable": gathered.unreadable,
        })),
    })
}

fn money(amount: Option<&Money>) -> Option<String> {
    amount.map(yuan)
}

fn pack(pack: Option<&wire::PackRef>) -> Value {
    pack.map_or(
        Value::Null,
        |pack| json!({ "id": pack.id, "version": pack.version, "digest": pack.digest, "has_amount": pack.has_amount }),
    )
}

fn group(group: &wire::SimulationGroup) -> Value {
    let sum = |sum: Option<&wire::SimulationSum>| {
        sum.map(|sum| json!({ "least": money(sum.least.as_ref()), "most": money(sum.most.as_ref()) }))
    };
    json!({
        "key": group.key,
        "households": group.households,
        "gains": group.gains,
        "loses": group.loses,
        "little": group.little,
        "amount_open": group.amount_open,
        "drops_out": group.drops_out,
        "enters": group.enters,
        "stays_out": group.stays_out,
        "becomes_inconclusive": group.becomes_inconclusive,
        "stays_inconclusive": group.stays_inconclusive,
        "settles_in": group.settles_in,
        "settles_out": group.settles_out,
        "before_a_year": sum(group.before.as_ref()),
        "after_a_year": sum(group.after.as_ref()),
    })
}

fn reference(moved: &wire::SimulationReference) -> Value {
    json!({
        "verification": moved.verification,
        "change_a_year": money(moved.change.as_ref()),
        "before_a_year": money(moved.before.as_ref()),
    })
}
