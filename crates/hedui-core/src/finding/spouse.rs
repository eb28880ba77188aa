//! Spouses: whom the registers of marriages and households name, and whether the application names them too.
//! Leaves every other finding to the parent.

use hedui_ids::ResidentId;
use hedui_ids::name::{Match, normalise, same};

use super::{Finding, Weight, push};
use crate::dates::PartialDate;
use crate::facts::{Facts, Found};
use crate::household::{ADULT_AGE, Member, Relation, ids_date};
use crate::part::{Aspect, Part, Treatment};
use crate::record::{Marriage, MarriageStatus, RecordBody, RecordType};

/// Who a register means by a spouse: an ordinal, somebody else, or nobody that can be told.
#[derive(Clone, PartialEq, Eq)]
enum Spouse {
    Member(u32),
    /// Their number as the register has it, brought to one form.
    Other(String),
    Unknown,
}

/// Reads a spouse by number, which registers keep with 15 or 18 digits, or else by name.
fn spouse_of(facts: &Facts<'_>, ordinal: u32, id: &str, name: &str) -> Spouse {
    if id.trim().is_empty() && name.trim().is_empty() {
        return Spouse::Unknown;
    }
    let members = || {
        facts
            .household
            .members
            .iter()
            .zip(0u32..)
            .filter(|(_, o)| *o != ordinal)
    };
    let read = ids_date(facts.as_of).and_then(|today| ResidentId::parse(id, today).ok());
    if let Some(parsed) = read {
        return match members().find(|(m, _)| m.id == parsed.id) {
            Some((_, ordinal)) => Spouse::Member(ordinal),
            None => Spouse::Other(parsed.id.expose().to_owned()),
        };
    }
    let same = |member: &Member| matches!(same(&member.name, name), Match::Same | Match::SameAfterNormalising);
    match members().find(|(m, _)| same(m)) {
        Some((_, ordinal)) => Spouse::Member(ordinal),
        None => Spouse::Other(format!("{} {}", id.trim(), normalise(name))),
    }
}

/// Whether the application names a spouse for this member, so that a register that names nobody does not contradict it.
fn has_declared_spouse(facts: &Facts<'_>, ordinal: u32) -> bool {
    let member = |o: u32| facts.household.members.get(o as usize);
    match member(ordinal).map(|m| m.relation) {
        Some(Relation::Spouse) => true,
        // Nobody is married to a child.
        Some(Relation::Applicant) => facts
            .subjects(None)
            .into_iter()
            .filter_map(member)
            .any(|m| m.relation == Relation::Spouse && m.age >= ADULT_AGE),
        _ => false,
    }
}

/// A registered marriage, and whom the register means by the spouse.
struct Registered<'f, 'a> {
    found: &'f Found<'a>,
    body: &'a Marriage,
    who: Spouse,
}

impl Registered<'_, '_> {
    /// Whether no record says that it has ended. Of a marriage without a day nobody knows that it was before a divorce.
    fn is_in_force(&self, all: &[Registered<'_, '_>]) -> bool {
        let on = self.day();
        self.body.status == MarriageStatus::Married && (on.is_none() || !has_ended(all, &self.who, on))
    }

    fn day(&self) -> Option<PartialDate> {
        self.body.registered_on.filter(|on| !on.stands_for_none())
    }
}

fn registered<'f, 'a>(facts: &'f Facts<'a>, ordinal: u32) -> Vec<Registered<'f, 'a>> {
    let records = facts.records(RecordType::Marriage, Some(ordinal)).iter();
    let marriages = records.filter_map(|found| match &found.record.body {
        RecordBody::Marriage(body) => Some(Registered {
            who: spouse_of(facts, ordinal, &body.spouse_id_number, &body.spouse_name),
            found,
            body,
        }),
        _ => None,
    });
    marriages.collect()
}

/// The registration of a marriage that has ended since stays in the register: the later record of the same couple decides.
fn has_ended(marriages: &[Registered<'_, '_>], who: &Spouse, since: Option<PartialDate>) -> bool {
    *who != Spouse::Unknown
        && marriages.iter().any(|other| {
            let is_later = since.is_none_or(|since| {
                let on = other.body.registered_on;
                on.is_some_and(|on| since.first_day() <= on.last_day())
            });
            other.body.status != MarriageStatus::Married && other.who == *who && is_later
        })
}

/// Marriages that no register says have ended, each with whether no record of an end can mean it (its spouse is named, and is not of one that
/// has ended at some time), and those that have.
pub(crate) fn marriages<'f, 'a>(
    facts: &'f Facts<'a>,
    ordinal: u32,
) -> (Vec<(&'f Found<'a>, bool)>, Vec<&'f Found<'a>>) {
    let all = registered(facts, ordinal);
    let in_force = all.iter().filter(|m| m.is_in_force(&all)).map(|m| {
        (
            m.found,
            m.who != Spouse::Unknown && !(m.day().is_none() && has_ended(&all, &m.who, None)),
        )
    });
    let ended = all
        .iter()
        .filter(|m| m.body.status != MarriageStatus::Married)
        .map(|m| m.found);
    (in_force.collect(), ended.collect())
}

/// A spouse who is not stated, or one who is no longer.
pub(super) fn spouse(facts: &Facts<'_>, ordinal: u32, all: &mut Vec<Finding>) {
    let marriages = registered(facts, ordinal);
    let has_ended = |who: &Spouse, since| has_ended(&marriages, who, since);
    let is_stated = |who: &Spouse| match who {
        // Nobody is married to a child: another of that name is meant.
        Spouse::Member(other) => facts
            .household
            .members
            .get(*other as usize)
            .is_some_and(|m| m.age >= ADULT_AGE),
        Spouse::Other(_) => false,
        Spouse::Unknown => has_declared_spouse(facts, ordinal),
    };
    let (mut undeclared, mut ended, mut in_force) = (Vec::new(), Vec::new(), false);
    for marriage in &marriages {
        let Registered { found, body, who } = marriage;
        if body.status != MarriageStatus::Married {
            ended.push(found.part(Aspect::Whole, 1, Treatment::Counted));
        } else if marriage.is_in_force(&marriages) {
            in_force |= is_stated(who);
            if !is_stated(who) {
                undeclared.push(found.part(Aspect::Whole, 1, Treatment::Counted));
            }
        }
    }
    for found in facts.records(RecordType::Registration, Some(ordinal)) {
        let RecordBody::Registration(body) = &found.record.body else {
            continue;
        };
        let who = spouse_of(facts, ordinal, &body.spouse_id_number, "");
        if matches!(who, Spouse::Other(_)) && !has_ended(&who, None) {
            undeclared.push(found.part(Aspect::SpouseNamed, 1, Treatment::Counted));
        }
    }
    if !undeclared.is_empty() {
        push(
            facts,
            all,
            "UNDECLARED_SPOUSE",
            Weight::OpensVerdict,
            Some(ordinal),
            undeclared,
            "婚姻或户籍登记有配偶未列入家庭成员",
            "marriage or household registration names a spouse who is not among the members",
        );
    }
    if !in_force {
        no_longer(facts, ordinal, ended, all);
    }
}

/// A member stated as spouse whose marriage is registered as ended.
fn no_longer(facts: &Facts<'_>, ordinal: u32, ended: Vec<Part>, all: &mut Vec<Finding>) {
    let is_spouse = facts
        .household
        .members
        .get(ordinal as usize)
        .is_some_and(|m| m.relation == Relation::Spouse);
    if is_spouse && !ended.is_empty() {
        push(
            facts,
            all,
            "MARRIAGE_ENDED",
            Weight::Attention,
            Some(ordinal),
            ended,
            "列为配偶的成员登记为离婚或丧偶",
            "a member stated as spouse is registered as divorced or widowed",
        );
    }
}
