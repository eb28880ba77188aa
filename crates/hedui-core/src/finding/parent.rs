//! Parents whom a child's registration names and the application does not.
//! Leaves households of children alone to `life`, and who keeps a child to a person.

use hedui_ids::{Date, ResidentId};

use super::{Finding, Weight, push};
use crate::facts::Facts;
use crate::household::{ADULT_AGE, ids_date};
use crate::part::{Aspect, Part, Treatment};
use crate::record::{MarriageStatus, RecordBody, RecordType, Registration};

#[cfg(test)]
mod tests;

/// A member under age with a registered parent who is no member, and whom no record of a widow's or widower's has as dead. Parents who have
/// parted live apart, so that it is only told: maintenance may be due, or a parent who lives here has been left out.
pub(super) fn outside(facts: &Facts<'_>, ordinal: u32, all: &mut Vec<Finding>) {
    let member = facts.household.members.get(ordinal as usize);
    let (Some(member), Some(today)) = (member, ids_date(facts.as_of)) else {
        return;
    };
    if member.age >= ADULT_AGE {
        return;
    }
    let mut parts: Vec<Part> = Vec::new();
    for found in facts.records(RecordType::Registration, Some(ordinal)) {
        let RecordBody::Registration(body) = &found.record.body else {
            continue;
        };
        let parents = parents(body, today);
        let is_outside = |parent: &ResidentId| place(facts, parent).is_none() && !has_died(facts, parent, &parents);
        if parents.iter().flatten().any(is_outside) {
            parts.push(found.part(Aspect::ParentNamed, 1, Treatment::Counted));
        }
    }
    if !parts.is_empty() {
        push(
            facts,
            all,
            "PARENT_OUTSIDE",
            Weight::Attention,
            Some(ordinal),
            parts,
            "户籍登记的父亲或母亲不在家庭成员之列，请核实是否共同生活及抚养费",
            "the registered father or mother of this child is not among the members; ask whether they live here, or pay maintenance",
        );
    }
}

/// The father and the mother, where their numbers can be read.
fn parents(body: &Registration, today: Date) -> [Option<ResidentId>; 2] {
    [&body.father_id_number, &body.mother_id_number].map(|id| read(id, today))
}

fn read(id: &str, today: Date) -> Option<ResidentId> {
    ResidentId::parse(id, today).ok().map(|parsed| parsed.id)
}

/// The place of somebody among the members.
fn place(facts: &Facts<'_>, id: &ResidentId) -> Option<u32> {
    let mut members = facts.household.members.iter().zip(0u32..);
    members.find(|(member, _)| member.id == *id).map(|(_, ordinal)| ordinal)
}

/// Whether a member is registered as widowed of somebody: of their number, or, where it names no number, as the other parent.
fn has_died(facts: &Facts<'_>, parent: &ResidentId, parents: &[Option<ResidentId>; 2]) -> bool {
    let Some(today) = ids_date(facts.as_of) else {
        return false;
    };
    let is_other_parent = |ordinal: u32| {
        let mut others = parents.iter().flatten().filter(|other| *other != parent);
        others.any(|other| place(facts, other) == Some(ordinal))
    };
    facts.records(RecordType::Marriage, None).iter().any(|found| {
        let RecordBody::Marriage(body) = &found.record.body else {
            return false;
        };
        let is_of_parent = match read(&body.spouse_id_number, today) {
            Some(spouse) => spouse == *parent,
            None => body.spouse_id_number.trim().is_empty() && is_other_parent(found.subject),
        };
        body.status == MarriageStatus::Widowed && is_of_parent
    })
}
