//! Conflicts of interest: an official who verifies their own household, or that of a spouse, parent or child.
//! Leaves who the officials are to the caller; what follows is for the office.

use hedui_ids::ResidentId;

use super::{Finding, Weight, push};
use crate::facts::Facts;
use crate::household::ids_date;
use crate::part::{Aspect, Part, Treatment};
use crate::record::{RecordBody, RecordType};

/// Code of the finding.
pub const CONFLICT_OF_INTEREST: &str = "CONFLICT_OF_INTEREST";

/// The official who asks, as the staff register knows them.
#[derive(Clone, Copy)]
pub struct Official<'a> {
    /// Their own number.
    pub id: &'a ResidentId,
    /// Spouse, parents and children, as far as the register knows them.
    pub relatives: &'a [ResidentId],
}

/// Whether the official is a member of the household, or a spouse, parent or child of one: by the staff register, or because a register of
/// marriages or households names the official as a member's spouse. One finding for each member concerned.
pub fn conflicts_of_interest(facts: &Facts<'_>, official: Official<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    for (member, ordinal) in facts.household.members.iter().zip(0u32..) {
        let (zh, en, parts) = if member.id == *official.id {
            ("经办人是该家庭成员", "the official who asks is this member", Vec::new())
        } else if official.relatives.contains(&member.id) {
            (
                "经办人与该成员是近亲属",
                "the official who asks is a close relative of this member",
                Vec::new(),
            )
        } else {
            let named = naming(facts, ordinal, official.id);
            if named.is_empty() {
                continue;
            }
            (
                "登记显示经办人是该成员的配偶",
                "a register names the official who asks as this member's spouse",
                named,
            )
        };
        push(
            facts,
            &mut all,
            CONFLICT_OF_INTEREST,
            Weight::Attention,
            Some(ordinal),
            parts,
            zh,
            en,
        );
    }
    all
}

/// The records of a member that name a person as spouse, of a marriage in force or ended: both are a reason to step back.
fn naming(facts: &Facts<'_>, ordinal: u32, id: &ResidentId) -> Vec<Part> {
    let Some(today) = ids_date(facts.as_of) else {
        return Vec::new();
    };
    let is = |text: &str| ResidentId::parse(text, today).is_ok_and(|parsed| parsed.id == *id);
    let mut parts = Vec::new();
    for found in facts.records(RecordType::Marriage, Some(ordinal)) {
        if let RecordBody::Marriage(body) = &found.record.body
            && is(&body.spouse_id_number)
        {
            parts.push(found.part(Aspect::Whole, 1, Treatment::Counted));
        }
    }
    for found in facts.records(RecordType::Registration, Some(ordinal)) {
        if let RecordBody::Registration(body) = &found.record.body
            && is(&body.spouse_id_number)
        {
            parts.push(found.part(Aspect::SpouseNamed, 1, Treatment::Counted));
        }
    }
    parts
}
