//! Conflicts of interest: an official who verifies their own household, or that of a close relative.
//! Leaves who the officials are to the caller; what follows is for the office.
//!
//! Civil Servant Law (公务员法, 2018), articles 74 and 76: who acts steps back where a spouse, a relative in direct line, a collateral one within
//! three generations or a close relative by marriage is concerned.

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

/// Whether the official is a member of the household, or close to one: a spouse, parent or child by the staff register; the spouse or a parent
/// whom a register of marriages or households names; or a relative of that spouse or parent, as grandparents, siblings and parents-in-law are. One
/// finding for each member concerned, of the first that holds.
pub fn conflicts_of_interest(facts: &Facts<'_>, official: Official<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    for (member, ordinal) in facts.household.members.iter().zip(0u32..) {
        let Some((zh, en, parts)) = conflict(facts, official, &member.id, ordinal) else {
            continue;
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

type Conflict = (&'static str, &'static str, Vec<Part>);

/// In which way an official is close to a member, if they are.
fn conflict(facts: &Facts<'_>, official: Official<'_>, member: &ResidentId, ordinal: u32) -> Option<Conflict> {
    if member == official.id {
        let (zh, en) = ("经办人是该家庭成员", "the official who asks is this member");
        return Some((zh, en, Vec::new()));
    }
    if official.relatives.contains(member) {
        let zh = "经办人与该成员是近亲属";
        return Some((
            zh,
            "the official who asks is a close relative of this member",
            Vec::new(),
        ));
    }
    let ways: [(&[ResidentId], Named, &'static str, &'static str); 3] = [
        (
            std::slice::from_ref(official.id),
            Named::Spouse,
            "登记显示经办人是该成员的配偶",
            "a register names the official who asks as this member's spouse",
        ),
        (
            std::slice::from_ref(official.id),
            Named::Parent,
            "户籍登记显示经办人是该成员的父母",
            "household registration names the official who asks as this member's parent",
        ),
        (
            official.relatives,
            Named::SpouseOrParent,
            "登记显示经办人的近亲属是该成员的配偶或父母",
            "a register names a close relative of the official who asks as this member's spouse or parent",
        ),
    ];
    ways.into_iter().find_map(|(ids, as_what, zh, en)| {
        let parts = naming(facts, ordinal, ids, as_what);
        (!parts.is_empty()).then_some((zh, en, parts))
    })
}

/// What a register may name somebody as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Spouse,
    Parent,
    SpouseOrParent,
}

/// The records of a member that name one of some persons; as spouse also of a marriage that has ended: that is a reason to step back too.
fn naming(facts: &Facts<'_>, ordinal: u32, ids: &[ResidentId], as_what: Named) -> Vec<Part> {
    let Some(today) = ids_date(facts.as_of) else {
        return Vec::new();
    };
    let is = |text: &str| ResidentId::parse(text, today).is_ok_and(|parsed| ids.contains(&parsed.id));
    let (as_spouse, as_parent) = (as_what != Named::Parent, as_what != Named::Spouse);
    let mut parts = Vec::new();
    for found in facts.records(RecordType::Marriage, Some(ordinal)) {
        if let RecordBody::Marriage(body) = &found.record.body
            && as_spouse
            && is(&body.spouse_id_number)
        {
            parts.push(found.part(Aspect::Whole, 1, Treatment::Counted));
        }
    }
    for found in facts.records(RecordType::Registration, Some(ordinal)) {
        let RecordBody::Registration(body) = &found.record.body else {
            continue;
        };
        if as_spouse && is(&body.spouse_id_number) {
            parts.push(found.part(Aspect::SpouseNamed, 1, Treatment::Counted));
        }
        if as_parent && (is(&body.father_id_number) || is(&body.mother_id_number)) {
            parts.push(found.part(Aspect::ParentNamed, 1, Treatment::Counted));
        }
    }
    parts
}
