//! Spouses: whom the registers of marriages and households name, and whether the application names them too.
//! Leaves every other finding to the parent.

use std::borrow::Cow;

use hedui_ids::ResidentId;
use hedui_ids::name::{Match, normalise, same};

use super::{Finding, Weight, push};
use crate::answer::AnswerState;
use crate::dates::{Date, PartialDate};
use crate::facts::{Facts, Found};
use crate::household::{ADULT_AGE, Member, Relation, ids_date};
use crate::part::{Aspect, Part, Treatment};
use crate::record::{Marriage, MarriageStatus, RecordBody, RecordType};

#[cfg(test)]
mod tests;

/// Who a register means by a spouse: an ordinal, somebody else, or nobody that can be told.
#[derive(Clone)]
enum Spouse<'a> {
    Member(u32),
    Other(Named<'a>),
    Unknown,
}

/// Somebody as a register names them.
#[derive(Clone)]
struct Named<'a> {
    /// Brought to one form where it can be read; empty where there is none.
    number: Cow<'a, str>,
    is_read: bool,
    name: &'a str,
}

impl Named<'_> {
    /// Whether two records name the same person: by number, or, where one has none, by name.
    fn is(&self, other: &Named<'_>) -> bool {
        let is_written_alike = || normalise(self.name) == normalise(other.name);
        match (self.number.is_empty(), other.number.is_empty()) {
            (true, true) => is_written_alike(),
            (true, false) | (false, true) => is_same_name(self.name, other.name),
            // What cannot be read may stand for any number.
            (false, false) => self.number == other.number && (self.is_read || is_written_alike()),
        }
    }
}

impl Spouse<'_> {
    /// Whether two records name the same spouse. Of one whom nobody names it cannot be told.
    fn is(&self, other: &Spouse<'_>) -> bool {
        match (self, other) {
            (Spouse::Member(one), Spouse::Member(other)) => one == other,
            (Spouse::Other(one), Spouse::Other(other)) => one.is(other),
            _ => false,
        }
    }

    fn is_named(&self) -> bool {
        !matches!(self, Spouse::Unknown)
    }
}

fn is_same_name(one: &str, other: &str) -> bool {
    matches!(same(one, other), Match::Same | Match::SameAfterNormalising)
}

/// Reads a spouse by number, which registers keep with 15 or 18 digits, or else by name.
fn spouse_of<'a>(facts: &Facts<'_>, ordinal: u32, id: &'a str, name: &'a str) -> Spouse<'a> {
    let (id, name) = (id.trim(), name.trim());
    if id.is_empty() && name.is_empty() {
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
    let is_meant = |member: &Member| match &read {
        Some(parsed) => member.id == parsed.id,
        None => is_same_name(&member.name, name),
    };
    if let Some((_, ordinal)) = members().find(|(m, _)| is_meant(m)) {
        return Spouse::Member(ordinal);
    }
    Spouse::Other(Named {
        is_read: read.is_some(),
        number: read.map_or(Cow::Borrowed(id), |parsed| Cow::Owned(parsed.id.expose().to_owned())),
        name,
    })
}

/// Whom the application states as the spouse of this member. Nobody is married to a child.
fn stated(facts: &Facts<'_>, ordinal: u32) -> impl Iterator<Item = u32> {
    let of = facts.household.members.get(ordinal as usize).map(|m| m.relation);
    let counterpart = match of {
        Some(Relation::Spouse) => Some(Relation::Applicant),
        Some(Relation::Applicant) => Some(Relation::Spouse),
        _ => None,
    };
    let is_counterpart = move |m: &Member| Some(m.relation) == counterpart && m.age >= ADULT_AGE;
    let members = facts.subjects(None).into_iter();
    members.filter(move |o| facts.household.members.get(*o as usize).is_some_and(is_counterpart))
}

/// Whether a marriage whose spouse its register does not name can be the one with the spouse who is stated. That spouse has a marriage on record
/// too, with this member or with nobody named, unless the registers that could have it have not answered: their silence opens the verdict
/// anyway. A register that files a marriage under one of the couple alone opens it for nothing; a person looks at the certificate.
fn is_with_stated(facts: &Facts<'_>, counterparts: &[Counterpart], marriage: &Found<'_>) -> bool {
    counterparts.iter().any(|other| {
        let same = facts.departments.get(usize::from(marriage.column));
        let has_told = facts.is_asked_for(RecordType::Marriage)
            && same
                .and_then(|d| d.answer(other.ordinal))
                .is_some_and(AnswerState::is_known);
        other.has_one || other.is_unsettled && !has_told
    })
}

/// A stated spouse.
struct Counterpart {
    ordinal: u32,
    /// Whether a marriage in force of theirs is, or may be, with the member.
    has_one: bool,
    /// Whether some register of marriages has not told what it knows of them.
    is_unsettled: bool,
}

/// Whom the application states as the spouse of this member, with what their own records say, read once for all marriages of the member.
fn counterparts(facts: &Facts<'_>, ordinal: u32) -> Vec<Counterpart> {
    let of = |other: u32| {
        let theirs = registered(facts, other);
        let is_with_this = |m: &Registered<'_, '_>| match m.who {
            Spouse::Member(of) => of == ordinal,
            Spouse::Other(_) => false,
            Spouse::Unknown => true,
        };
        Counterpart {
            ordinal: other,
            has_one: theirs.iter().any(|m| is_with_this(m) && m.is_in_force(&theirs)),
            is_unsettled: facts.is_unsettled(&[RecordType::Marriage], Some(other)),
        }
    };
    stated(facts, ordinal).map(of).collect()
}

/// A registered marriage, and whom the register means by the spouse.
struct Registered<'f, 'a> {
    found: &'f Found<'a>,
    body: &'a Marriage,
    who: Spouse<'a>,
    /// Whether it says that the marriage was over at the date that is judged.
    is_over: bool,
    /// Whether no record of an end names its spouse.
    has_no_named_end: bool,
}

impl Registered<'_, '_> {
    /// Whether no record says that it has ended.
    fn is_in_force(&self, all: &[Registered<'_, '_>]) -> bool {
        self.has_no_named_end && !self.is_the_one_that_ended(all)
    }

    /// Of a marriage without a day nobody knows that it was before a divorce.
    fn is_unended(&self, all: &[Registered<'_, '_>]) -> bool {
        let on = self.day();
        !self.is_over && (on.is_none() || !has_ended(all, &self.who, on))
    }

    /// Nobody has two spouses: of the only marriage in force a later end is the end, whomever it leaves unnamed.
    fn is_the_one_that_ended(&self, all: &[Registered<'_, '_>]) -> bool {
        let Some(since) = self.day() else { return false };
        let is_end = |other: &Registered<'_, '_>| {
            other.is_over && !other.who.is_named() && other.day().is_some_and(|on| on.is_after(since))
        };
        let mut others = all.iter().filter(|other| other.found.id != self.found.id);
        all.iter().any(is_end) && others.all(|other| !other.has_no_named_end || other.who.is(&self.who))
    }

    /// Whether it was surely registered after that day; of two days of which one is unknown nobody knows.
    fn is_since(&self, day: Option<PartialDate>) -> bool {
        self.day().zip(day).is_some_and(|(on, day)| on.is_after(day))
    }

    fn day(&self) -> Option<PartialDate> {
        self.body.registered_on.filter(|on| !on.stands_for_none())
    }
}

/// Whether it was registered after the date that is judged. A marriage that ended then was in force until then.
fn is_later(body: &Marriage, as_of: Date) -> bool {
    body.registered_on.is_some_and(|on| on.first_day() > as_of)
}

fn registered<'f, 'a>(facts: &'f Facts<'a>, ordinal: u32) -> Vec<Registered<'f, 'a>> {
    let records = facts.records(RecordType::Marriage, Some(ordinal)).iter();
    let marriages = records.filter_map(|found| match &found.record.body {
        RecordBody::Marriage(body) => Some(Registered {
            who: spouse_of(facts, ordinal, &body.spouse_id_number, &body.spouse_name),
            is_over: body.status != MarriageStatus::Married && !is_later(body, facts.as_of),
            has_no_named_end: false,
            found,
            body,
        }),
        _ => None,
    });
    let mut all: Vec<Registered<'_, '_>> = marriages.collect();
    // Of a spouse whom a marriage names an end that is yet to come tells nothing more.
    let is_end = |m: &Registered<'_, '_>| m.body.status != MarriageStatus::Married;
    if all.iter().any(|m| !is_end(m) && m.who.is_named()) {
        all.retain(|m| m.is_over || !is_end(m) || m.who.is_named());
    }
    // Once for each: the only marriage in force is found among all of them.
    let unended: Vec<bool> = all.iter().map(|m| m.is_unended(&all)).collect();
    for (marriage, is_unended) in all.iter_mut().zip(unended) {
        marriage.has_no_named_end = is_unended;
    }
    all
}

/// The registration of a marriage that has ended since stays in the register: the later record of the same couple decides. Of two on one day, or
/// of which one has the year alone, nobody knows which is later: the couple may have married anew, so that the marriage stays in force.
fn has_ended(marriages: &[Registered<'_, '_>], who: &Spouse<'_>, since: Option<PartialDate>) -> bool {
    let mut ends = marriages.iter().filter(|end| end.is_over && end.who.is(who));
    ends.any(|end| since.is_none() || end.is_since(since))
}

/// Whether somebody whom a household's registration names is a spouse no more: a marriage with them has ended at some time, or every one that
/// is on record.
fn is_former(marriages: &[Registered<'_, '_>], who: &Spouse<'_>) -> bool {
    let is_theirs = |m: &&Registered<'_, '_>| !m.is_over && m.who.is(who);
    let mut theirs = marriages.iter().filter(is_theirs).peekable();
    has_ended(marriages, who, None) || theirs.peek().is_some() && theirs.all(|m| !m.is_in_force(marriages))
}

/// Marriages that no register says have ended, each with whether no record of an end can mean it (its spouse is named, and every end with them
/// was surely before), and those that have.
pub(crate) fn marriages<'f, 'a>(
    facts: &'f Facts<'a>,
    ordinal: u32,
) -> (Vec<(&'f Found<'a>, bool)>, Vec<&'f Found<'a>>) {
    let all = registered(facts, ordinal);
    let is_sure = |m: &Registered<'_, '_>| {
        let mut ends = all.iter().filter(|end| end.is_over && end.who.is(&m.who));
        m.who.is_named() && ends.all(|end| m.is_since(end.day()))
    };
    let in_force = all.iter().filter(|m| m.is_in_force(&all));
    let in_force = in_force.map(|m| (m.found, is_sure(m)));
    let ended = all.iter().filter(|m| m.is_over).map(|m| m.found);
    (in_force.collect(), ended.collect())
}

/// A spouse who is not stated, or one who is no longer.
pub(super) fn spouse(facts: &Facts<'_>, ordinal: u32, all: &mut Vec<Finding>) {
    let marriages = registered(facts, ordinal);
    let counterparts = counterparts(facts, ordinal);
    let is_stated = |marriage: &Registered<'_, '_>| match marriage.who {
        // Nobody is married to a child: another of that name is meant.
        Spouse::Member(other) => facts
            .household
            .members
            .get(other as usize)
            .is_some_and(|m| m.age >= ADULT_AGE),
        Spouse::Other(_) => false,
        Spouse::Unknown => is_with_stated(facts, &counterparts, marriage.found),
    };
    let (mut undeclared, mut ended, mut in_force) = (Vec::new(), Vec::new(), false);
    let mut is_named = false;
    for marriage in &marriages {
        let whole = marriage.found.part(Aspect::Whole, 1, Treatment::Counted);
        if marriage.is_over {
            ended.push((marriage.day(), whole));
        } else if marriage.is_in_force(&marriages) {
            let is_stated = is_stated(marriage);
            in_force |= is_stated;
            if !is_stated {
                is_named |= marriage.who.is_named();
                undeclared.push(whole);
            }
        }
    }
    for found in facts.records(RecordType::Registration, Some(ordinal)) {
        let RecordBody::Registration(body) = &found.record.body else {
            continue;
        };
        let who = spouse_of(facts, ordinal, &body.spouse_id_number, "");
        if matches!(who, Spouse::Other(_)) && !is_former(&marriages, &who) {
            is_named = true;
            undeclared.push(found.part(Aspect::SpouseNamed, 1, Treatment::Counted));
        }
    }
    if !undeclared.is_empty() {
        let (zh, en) = if is_named || stated(facts, ordinal).next().is_none() {
            (
                "婚姻或户籍登记有配偶未列入家庭成员",
                "marriage or household registration names a spouse who is not among the members",
            )
        } else {
            (
                "婚姻登记未写明该成员的配偶，所列配偶名下又无相应的有效婚姻：配偶可能另有其人。登记仅记一方时，请核对结婚证",
                "the register of marriages does not name this member's spouse, and has no such marriage of the one who is stated: \
                 it may be somebody else; where it files a marriage under one of the couple alone, look at the certificate",
            )
        };
        let (code, opens) = ("UNDECLARED_SPOUSE", Weight::OpensVerdict);
        push(facts, all, code, opens, Some(ordinal), undeclared, zh, en);
    }
    no_longer(facts, ordinal, if in_force { Vec::new() } else { ended }, all);
}

/// A member stated as spouse whose marriage is registered as ended, with them or with the applicant.
fn no_longer(facts: &Facts<'_>, ordinal: u32, own: Vec<(Option<PartialDate>, Part)>, all: &mut Vec<Finding>) {
    let of = facts.household.members.get(ordinal as usize);
    if of.is_none_or(|m| m.relation != Relation::Spouse) {
        return;
    }
    let weddings: Vec<PartialDate> = stated(facts, ordinal)
        .flat_map(|other| weddings(facts, ordinal, other))
        .collect();
    // A register may have the marriage that came after under the applicant alone.
    let is_last = |(end, _): &(Option<PartialDate>, Part)| !is_anew(&weddings, *end);
    let mut ended: Vec<Part> = own.into_iter().filter(is_last).map(|(_, part)| part).collect();
    for other in stated(facts, ordinal) {
        ended.extend(ends(facts, other, ordinal, MarriageStatus::Divorced));
    }
    if !ended.is_empty() {
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

/// The records of widows and widowers in the household by which this member has died.
pub(super) fn deaths(facts: &Facts<'_>, ordinal: u32) -> Vec<Part> {
    let others = facts.subjects(None).into_iter().filter(|other| *other != ordinal);
    others
        .flat_map(|other| ends(facts, other, ordinal, MarriageStatus::Widowed))
        .collect()
}

/// The records of a status of one member by which their marriage with another has ended: those that name the other, and those that name nobody
/// and are later than the only marriage, which does. Not those after which the two have surely married anew.
fn ends(facts: &Facts<'_>, of: u32, with: u32, status: MarriageStatus) -> Vec<Part> {
    let has_status =
        |found: &Found<'_>| matches!(&found.record.body, RecordBody::Marriage(body) if body.status == status);
    // Nobody was married to a child: another of that name is meant.
    let member = facts.household.members.get(with as usize);
    if member.is_none_or(|m| m.age < ADULT_AGE) || !facts.records(RecordType::Marriage, Some(of)).iter().any(has_status)
    {
        return Vec::new();
    }
    let all = registered(facts, of);
    let is_with = |m: &Registered<'_, '_>| matches!(m.who, Spouse::Member(other) if other == with);
    // Since when the marriage that an end without a name has ended was in force.
    let unnamed: Vec<Option<PartialDate>> = all
        .iter()
        .filter(|m| is_with(m) && m.has_no_named_end && m.is_the_one_that_ended(&all))
        .map(Registered::day)
        .collect();
    let anew = weddings(facts, of, with);
    let is_end = |end: &&Registered<'_, '_>| {
        let is_theirs = is_with(end) || !end.who.is_named() && unnamed.iter().any(|since| end.is_since(*since));
        end.is_over && end.body.status == status && is_theirs && !is_anew(&anew, end.day())
    };
    let ends = all.iter().filter(is_end);
    ends.map(|end| end.found.part(Aspect::Whole, 1, Treatment::Counted))
        .collect()
}

/// Whether one of these days is surely after an end.
fn is_anew(weddings: &[PartialDate], end: Option<PartialDate>) -> bool {
    end.is_some_and(|end| weddings.iter().any(|on| on.is_after(end)))
}

/// On which days two members married, by the records of either.
fn weddings(facts: &Facts<'_>, one: u32, other: u32) -> Vec<PartialDate> {
    let of = |(of, with): (u32, u32)| {
        let mut spouses = counterparts(facts, of);
        spouses.retain(|spouse| spouse.ordinal == with);
        let is_theirs = move |m: &Registered<'_, '_>| match m.who {
            Spouse::Member(named) => named == with,
            Spouse::Other(_) => false,
            Spouse::Unknown => is_with_stated(facts, &spouses, m.found),
        };
        let all = registered(facts, of).into_iter();
        all.filter(move |m| !m.is_over && is_theirs(m)).filter_map(|m| m.day())
    };
    [(one, other), (other, one)].into_iter().flat_map(of).collect()
}
