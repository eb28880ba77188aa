//! Whether each member is registered as a living person, and whether anybody is of age.
//! Leaves where a member is registered to the figures, and silent registers to `unheard`.

use super::{Finding, Weight, push};
use crate::answer::AnswerState;
use crate::facts::{Facts, Found};
use crate::household::{ADULT_AGE, Member, Relation};
use crate::part::{Aspect, Part, Treatment};
use crate::record::{RecordBody, RecordType, RegistrationStatus};

/// A member who has died, whose registration was struck off, or whom no register of people knows.
pub(super) fn life(facts: &Facts<'_>, ordinal: u32, all: &mut Vec<Finding>) {
    let (mut dead, mut struck_off, mut is_registered): (Vec<Part>, Vec<Part>, bool) = Default::default();
    for found in facts.records(RecordType::Registration, Some(ordinal)) {
        let RecordBody::Registration(body) = &found.record.body else {
            continue;
        };
        if body.deceased_on.is_some_and(|d| d.first_day() <= facts.as_of) {
            dead.push(found.part(Aspect::Deceased, 1, Treatment::Counted));
        } else if body.status == RegistrationStatus::Cancelled {
            struck_off.push(found.part(Aspect::Whole, 1, Treatment::Counted));
        } else {
            is_registered = true;
        }
    }
    let (code, weight, parts, zh, en) = if !dead.is_empty() {
        (
            "DECEASED_MEMBER",
            Weight::OpensVerdict,
            dead,
            "户籍登记该成员已死亡，家庭人口需核实",
            "the registration shows this member as deceased; the household's members must be settled",
        )
    } else if !struck_off.is_empty() && !is_registered {
        (
            "REGISTRATION_CANCELLED",
            Weight::OpensVerdict,
            struck_off,
            "该成员户籍已注销，家庭人口需核实",
            "the registration of this member was struck off; the household's members must be settled",
        )
    } else if !is_registered && is_unknown(facts, ordinal) {
        // A person whom the registers do not know may not be this person, or nobody: what they have stands under other papers, and one more
        // head would make everybody poorer.
        (
            "MEMBER_UNKNOWN",
            Weight::OpensVerdict,
            Vec::new(),
            "已答复的人口登记部门均无该成员，请核对身份证件",
            "no register of people that answered knows this member; look at the papers of identity",
        )
    } else {
        return;
    };
    push(facts, all, code, weight, Some(ordinal), parts, zh, en);
}

/// Whether registers of people have answered that they do not have this person, and none has.
fn is_unknown(facts: &Facts<'_>, ordinal: u32) -> bool {
    let registers = facts.departments.iter();
    let mut registers = registers
        .filter(|d| d.profile.record_types.contains(&RecordType::Registration))
        .peekable();
    registers.peek().is_some() && registers.all(|d| d.answer(ordinal) == Some(&AnswerState::NoRecord))
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
