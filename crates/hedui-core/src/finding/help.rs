//! Help that members draw: here, elsewhere, by several records, and what has ended.
//! Leaves help that was not there at the last verification to `early`, and what a programme makes of it to the packs.

use super::{Finding, Weight, push};
use crate::facts::{Facts, is_drawn};
use crate::names::ProgrammeId;
use crate::part::{Aspect, Part, Treatment};
use crate::record::{Assistance, AssistancePeriod, RecordBody, RecordType};

#[cfg(test)]
mod tests;

/// What a member draws: the programmes asked for in another district or who knows where, and any other.
pub(super) fn assistance(
    facts: &Facts<'_>,
    ordinal: u32,
    programmes: &[ProgrammeId],
    district: &str,
    all: &mut Vec<Finding>,
) {
    let (mut twice, mut unplaced, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
    let here = drawn_here(facts, ordinal, district);
    for found in facts.records(RecordType::Assistance, Some(ordinal)) {
        let RecordBody::Assistance(body) = &found.record.body else {
            continue;
        };
        if !is_drawn(body, facts.as_of) {
            continue;
        }
        let programme = body.programme.trim();
        let part = found.part(Aspect::Whole, body.amount.0, Treatment::Counted);
        if !programmes.iter().any(|p| p.as_str() == programme) {
            drawn.push(part)
        } else if is_elsewhere(&body.division_code, district) {
            twice.push(part)
        } else if has_no_place(body) && !here.contains(&programme) {
            unplaced.push(part)
        } else {
            drawn.push(part)
        }
    }
    for (code, weight, parts, zh, en) in [
        (
            "ASSISTANCE_ELSEWHERE",
            Weight::OpensVerdict,
            twice,
            "该成员正在其他地区领取同一救助",
            "this member already draws the same assistance in another district",
        ),
        (
            "ASSISTANCE_PLACE_UNKNOWN",
            Weight::OpensVerdict,
            unplaced,
            "该成员正在领取同一救助，记录未写明发放地区，请核实是否在其他地区领取",
            "this member already draws the same assistance and the record does not say where; find out whether elsewhere",
        ),
        (
            "ASSISTANCE_DRAWN",
            Weight::Note,
            drawn,
            "该成员正在领取救助",
            "this member draws assistance",
        ),
    ] {
        if !parts.is_empty() {
            push(facts, all, code, weight, Some(ordinal), parts, zh, en);
        }
    }
}

/// The programmes that a member draws by a record of this district.
fn drawn_here<'a>(facts: &Facts<'a>, ordinal: u32, district: &str) -> Vec<&'a str> {
    let records = facts.records(RecordType::Assistance, Some(ordinal)).iter();
    let here = records.filter_map(|found| match &found.record.body {
        RecordBody::Assistance(body) if is_drawn(body, facts.as_of) => {
            let is_here = !has_no_place(body) && !is_elsewhere(&body.division_code, district);
            is_here.then(|| body.programme.trim())
        }
        _ => None,
    });
    here.collect()
}

fn has_no_place(body: &Assistance) -> bool {
    body.division_code.trim().is_empty()
}

/// Whether help is paid by another district. Registers write the place with 6 digits, or with those of the town behind them. A place that is
/// none of these is not this district.
fn is_elsewhere(place: &str, district: &str) -> bool {
    !place.trim().is_empty() && !place.trim().chars().take(6).eq(district.trim().chars().take(6))
}

/// Help that a member draws here by several records, and help that has ended.
pub(super) fn twice_or_lost(facts: &Facts<'_>, ordinal: u32, district: &str, all: &mut Vec<Finding>) {
    let mut here: Vec<(&str, Part)> = Vec::new();
    let mut lost: Vec<(&str, Part)> = Vec::new();
    for found in facts.records(RecordType::Assistance, Some(ordinal)) {
        let RecordBody::Assistance(body) = &found.record.body else {
            continue;
        };
        let help = (
            body.programme.trim(),
            found.part(Aspect::Whole, body.amount.0, Treatment::Counted),
        );
        // What is given once ends by itself.
        let had_begun = body.from.is_none_or(|from| from.first_day() <= facts.as_of);
        if is_drawn(body, facts.as_of) {
            if !is_elsewhere(&body.division_code, district) {
                here.push(help);
            }
        } else if had_begun && body.period != AssistancePeriod::Once {
            lost.push(help);
        }
    }
    // What went on under another record was not lost.
    lost.retain(|(programme, _)| !here.iter().any(|(other, _)| other == programme));
    let is_again = |(programme, _): &&(&str, Part)| here.iter().filter(|(other, _)| other == programme).count() > 1;
    let again: Vec<Part> = here.iter().filter(is_again).map(|(_, part)| *part).collect();
    if !again.is_empty() {
        let (zh, en) = (
            "该成员同一救助有两条以上在领记录，可能重复领取",
            "this member draws the same assistance by more than one record",
        );
        push(
            facts,
            all,
            "ASSISTANCE_TWICE",
            Weight::Attention,
            Some(ordinal),
            again,
            zh,
            en,
        );
    }
    if !lost.is_empty() {
        let (zh, en) = (
            "该成员曾按期领取的救助已停发，如仍符合条件可重新申请",
            "assistance that this member drew has ended; who still qualifies may apply again",
        );
        let lost = lost.into_iter().map(|(_, part)| part).collect();
        push(facts, all, "ASSISTANCE_LOST", Weight::Note, Some(ordinal), lost, zh, en);
    }
}
