//! What silent registers could still say of who is judged and of help drawn elsewhere: no figure shows it, so a finding does.
//! Leaves income and property, whose bounds hold what is unknown, to `facts`.

use super::{Finding, Weight, push};
use crate::facts::Facts;
use crate::names::DepartmentId;
use crate::record::RecordType;

/// The code of the finding that a register of people or marriages is silent: somebody may have died, or be married to somebody unnamed.
pub const MEMBERS_UNCONFIRMED: &str = "MEMBERS_UNCONFIRMED";
/// The code of the finding that a register of assistance is silent: a member may draw the same elsewhere.
pub const HELP_UNCONFIRMED: &str = "HELP_UNCONFIRMED";

/// The types of record behind these findings.
const BEHIND: &[(&str, &[RecordType])] = &[
    (MEMBERS_UNCONFIRMED, &[RecordType::Registration, RecordType::Marriage]),
    (HELP_UNCONFIRMED, &[RecordType::Assistance]),
];

/// The departments that could end such a finding for a programme that needs these types of record; none for any other code. Sorted.
pub fn unheard_of(facts: &Facts<'_>, code: &str, needs: &[RecordType]) -> Vec<DepartmentId> {
    let behind = BEHIND.iter().find(|(of, _)| *of == code);
    let types = behind.into_iter().flat_map(|(_, types)| *types).copied();
    // What neither the purpose nor the programme needs is not missed.
    let missed: Vec<RecordType> = types
        .filter(|of| facts.is_asked_for(*of) || needs.contains(of))
        .collect();
    facts.unsettled(&missed, None)
}

/// The codes behind which stand types of record that a programme needs and nobody was asked for: to it such a register is as good as silent.
pub fn unasked_for<'a>(facts: &'a Facts<'_>, needs: &'a [RecordType]) -> impl Iterator<Item = &'static str> + 'a {
    let is_missed = |of: &RecordType| needs.contains(of) && !facts.is_asked_for(*of);
    let missed = BEHIND.iter().filter(move |(_, types)| types.iter().any(is_missed));
    missed.map(|(code, _)| *code)
}

/// A finding for each of these registers that did not say what it knows of every member.
pub(super) fn unheard(facts: &Facts<'_>, all: &mut Vec<Finding>) {
    for (code, zh, en) in [
        (
            MEMBERS_UNCONFIRMED,
            "户籍或婚姻登记尚未答复，家庭人口无法确认",
            "a register of people or marriages has not answered: who belongs to the household is not confirmed",
        ),
        (
            HELP_UNCONFIRMED,
            "有救助登记部门尚未答复，无法确认是否已在他处领取",
            "a register of assistance has not answered: a member may draw the same elsewhere",
        ),
    ] {
        let departments = unheard_of(facts, code, &[]);
        if !departments.is_empty() {
            push(facts, all, code, Weight::OpensVerdict, None, Vec::new(), zh, en);
            if let Some(finding) = all.last_mut() {
                finding.departments = departments;
            }
        }
    }
}
