//! Whether each member is registered as a living person, and whether anybody is of age.
//! Leaves where a member is registered to the figures, and silent registers to `unheard`.

use super::spouse::deaths;
use super::{Finding, Weight, push};
use crate::dates::Date;
use crate::facts::{Facts, Found};
use crate::household::{ADULT_AGE, Member, Relation};
use crate::part::{Aspect, Part, Treatment};
use crate::record::{RecordBody, RecordType, Registration, RegistrationStatus};

#[cfg(test)]
mod tests;

/// What the registers of people have of a member, and those of marriages of a death.
#[derive(Default)]
struct Registrations {
    dead: Vec<Part>,
    struck_off: Vec<Part>,
    moved_out: Vec<Part>,
    is_active: bool,
}

impl Registrations {
    fn of(facts: &Facts<'_>, ordinal: u32) -> Registrations {
        let mut all = Registrations::default();
        for found in facts.records(RecordType::Registration, Some(ordinal)) {
            let RecordBody::Registration(body) = &found.record.body else {
                continue;
            };
            let whole = found.part(Aspect::Whole, 1, Treatment::Counted);
            match body.status {
                _ if has_died(body, facts.as_of) => {
                    all.dead.push(found.part(Aspect::Deceased, 1, Treatment::Counted));
                }
                RegistrationStatus::Active => all.is_active = true,
                RegistrationStatus::MovedOut => all.moved_out.push(whole),
                RegistrationStatus::Cancelled => all.struck_off.push(whole),
            }
        }
        all.dead.extend(deaths(facts, ordinal));
        all
    }
}

/// Whether a registration tells of a death by a date. A day that stands for none tells of none.
pub(super) fn has_died(body: &Registration, by: Date) -> bool {
    let died = body.deceased_on.filter(|day| !day.stands_for_none());
    died.is_some_and(|day| day.first_day() <= by)
}

/// A member who has died, whose registration was struck off or moved away, or whom no register of people knows.
pub(super) fn life(facts: &Facts<'_>, ordinal: u32, all: &mut Vec<Finding>) {
    let Registrations {
        dead,
        struck_off,
        moved_out,
        is_active,
    } = Registrations::of(facts, ordinal);
    let (code, parts, zh, en) = if !dead.is_empty() {
        (
            "DECEASED_MEMBER",
            dead,
            "户籍或婚姻登记显示该成员已死亡，家庭人口需核实",
            "the registration, or a marriage's, shows this member as deceased; the household's members must be settled",
        )
    } else if is_active {
        return;
    } else if !struck_off.is_empty() {
        (
            "REGISTRATION_CANCELLED",
            struck_off,
            "该成员户籍已注销，家庭人口需核实",
            "the registration of this member was struck off; the household's members must be settled",
        )
    } else if !have_all_told(facts, ordinal) {
        return;
    } else if !moved_out.is_empty() {
        // Where they are registered now, they may have died, or be married to somebody: it is as silent as a register that did not answer.
        (
            "MEMBER_MOVED_OUT",
            moved_out,
            "该成员户籍已迁出，已答复的部门均无其现户籍，请核实迁入地",
            "this member's registration was moved away and no register that answered has the present one; find out where it is",
        )
    } else {
        // A person whom the registers do not know may not be this person, or nobody: what they have stands under other papers, and one more
        // head would make everybody poorer.
        (
            "MEMBER_UNKNOWN",
            Vec::new(),
            "已答复的人口登记部门均无该成员，请核对身份证件",
            "no register of people that answered knows this member; look at the papers of identity",
        )
    };
    push(facts, all, code, Weight::OpensVerdict, Some(ordinal), parts, zh, en);
}

/// Whether there are registers of people and each has told what it knows of this person. Records of another type that one of them keeps of
/// somebody register nobody.
fn have_all_told(facts: &Facts<'_>, ordinal: u32) -> bool {
    let mut held = facts.departments.iter().flat_map(|d| &d.profile.record_types);
    held.any(|of| *of == RecordType::Registration) && !facts.is_unsettled(&[RecordType::Registration], Some(ordinal))
}

/// The household of a registration in force.
fn number<'a>(found: &Found<'a>) -> Option<&'a str> {
    match &found.record.body {
        RecordBody::Registration(body) if body.status == RegistrationStatus::Active => {
            Some(body.household_number.trim()).filter(|number| !number.is_empty())
        }
        _ => None,
    }
}

/// Members whom the applicant's own register has in another household: they may live, and be helped, there.
pub(super) fn elsewhere(facts: &Facts<'_>, all: &mut Vec<Finding>) {
    let is_applicant = |member: &Member| member.relation == Relation::Applicant;
    let Some(applicant) = facts.household.members.iter().position(is_applicant) else {
        return;
    };
    let of = |ordinal: usize| {
        let ordinal = u32::try_from(ordinal).unwrap_or(u32::MAX);
        facts.records(RecordType::Registration, Some(ordinal)).iter()
    };
    for ordinal in 0..facts.household.members.len() {
        // Registers number households each in their own way: only the same one tells two apart.
        let differs = |found: &&Found<'_>| {
            let own = number(found);
            let mut applicants = of(applicant)
                .filter(|other| other.rank == found.rank)
                .filter_map(number)
                .peekable();
            own.is_some() && applicants.peek().is_some() && !applicants.any(|other| Some(other) == own)
        };
        let parts: Vec<Part> = of(ordinal)
            .filter(differs)
            .map(|found| found.part(Aspect::Whole, 1, Treatment::Counted))
            .collect();
        if !parts.is_empty() {
            push(
                facts,
                all,
                "IN_ANOTHER_HOUSEHOLD",
                Weight::Attention,
                u32::try_from(ordinal).ok(),
                parts,
                "该成员户籍登记在另一户",
                "this member is registered in another household than the applicant",
            );
        }
    }
}

/// Of a household of children nobody knows who keeps them, and what those have.
pub(super) fn of_age(facts: &Facts<'_>, all: &mut Vec<Finding>) {
    if !facts.household.members.iter().any(|member| member.age >= ADULT_AGE) {
        push(
            facts,
            all,
            "NO_ADULT",
            Weight::OpensVerdict,
            None,
            Vec::new(),
            "家庭成员均未成年：共同生活的父母或监护人应列为成员，须由经办人核实",
            "nobody here is of age: parents who live with them are members; a person must settle who keeps them",
        );
    }
}
