//! Early warnings: what has changed for a household since it was verified last, for and against it. Two sets of facts compared.
//! Leaves what a verdict makes of it to the packs, and how near an income is to the line to `hedui-policy`.
//!
//! "New" is what the registers show now and did not show then, whether they had nothing or did not answer: somebody looks either way.

use smol_str::format_smolstr;

use super::life::has_died;
use super::{Finding, Weight, push};
use crate::dates::Months;
use crate::facts::{Fact, Facts, Found, is_drawn};
use crate::household::ADULT_AGE;
use crate::money::Fen;
use crate::names::DepartmentId;
use crate::part::{Aspect, Part, Treatment};
use crate::record::{RecordBody, RecordType};
use crate::verdict::Text;

#[cfg(test)]
mod tests;

/// How much a change must be to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyWarnings {
    /// By how many per cent a year's own medical cost must have risen.
    pub illness_percent: u8,
    /// Within how many per cent of the line an income is near it, on either side.
    pub line_percent: u8,
}

impl Default for EarlyWarnings {
    /// Half as much again of illness; a tenth of the line. Assumptions, until a district sets its own.
    fn default() -> EarlyWarnings {
        EarlyWarnings {
            illness_percent: 50,
            line_percent: 10,
        }
    }
}

/// The codes of early warnings, with what each means. Only ever added to.
pub const EARLY_WARNINGS: &[(&str, Text)] = &[
    (
        "MEMBER_DIED",
        Text::fixed(
            "前次核对后，户籍登记该成员死亡",
            "registered as deceased since the last verification",
        ),
    ),
    (
        "CAME_OF_AGE",
        Text::fixed(
            "该成员已成年：须本人签署授权，人口与收入的计算可能变化",
            "this member has come of age: their own letter is needed, and who counts may change",
        ),
    ),
    (
        "LEFT_SCHOOL",
        Text::fixed("该成员不再在校就读", "this member attends school no more"),
    ),
    (
        "NEW_JOB",
        Text::fixed(
            "该成员有前次核对未见的就业",
            "a job of this member that the last verification did not show",
        ),
    ),
    (
        "NEW_ASSISTANCE",
        Text::fixed(
            "该成员领取前次核对未见的救助",
            "this member draws assistance that the last verification did not show",
        ),
    ),
    (
        "NEW_VEHICLE",
        Text::fixed(
            "有前次核对未见的车船",
            "a vehicle or ship that the last verification did not show",
        ),
    ),
    (
        "NEW_DWELLING",
        Text::fixed(
            "有前次核对未见的住房",
            "a dwelling that the last verification did not show",
        ),
    ),
    (
        "NEW_REAL_ESTATE",
        Text::fixed(
            "有前次核对未见的非住宅房产",
            "a shop, garage or office that the last verification did not show",
        ),
    ),
    (
        "NEW_BUSINESS",
        Text::fixed(
            "有前次核对未见的市场主体登记",
            "a business that the last verification did not show",
        ),
    ),
    (
        "ILLNESS_COSTS_RISEN",
        Text::fixed(
            "家庭自付医疗费用明显增加",
            "the household's own medical cost has risen much",
        ),
    ),
    (
        "INCOME_NEAR_LINE",
        Text::fixed("人均收入接近标准", "the income per head is near the line"),
    ),
    (
        "MAY_NEWLY_QUALIFY",
        Text::fixed(
            "收入略高于标准而医疗费用增加，可能新符合条件，请主动联系",
            "just above the line with risen medical cost: may newly qualify; get in touch",
        ),
    ),
];

/// What is told of a household that was verified before, in a fixed order: by member, then of the household. The order of answers and
/// records never matters, and of two sets that say the same nothing is told.
pub fn early_warnings(before: &Facts<'_>, after: &Facts<'_>, limits: EarlyWarnings) -> Vec<Finding> {
    let mut all = Vec::new();
    for now in after.subjects(None) {
        if let Some(then) = same_member(before, after, now) {
            of_member(before, after, (then, now), &mut all);
        }
    }
    const PROPERTY: &[(&str, &[Fact])] = &[
        ("NEW_VEHICLE", &[Fact::Vehicles, Fact::CommercialVehicles]),
        ("NEW_DWELLING", &[Fact::Dwellings]),
        ("NEW_REAL_ESTATE", &[Fact::OtherRealEstate]),
        ("NEW_BUSINESS", &[Fact::Businesses]),
    ];
    for (code, facts) in PROPERTY {
        let owned = |of: &Facts<'_>| {
            let figures = facts
                .iter()
                .map(|fact| of.figure(*fact, None, Months::before(of.as_of, 1)));
            figures.flat_map(|figure| figure.parts.clone()).collect::<Vec<Part>>()
        };
        tell(
            after,
            &mut all,
            code,
            None,
            unseen(before, &owned(before), after, &owned(after)),
        );
    }
    illness(before, after, limits, &mut all);
    all
}

/// The place of a member in the earlier household, by the person.
fn same_member(before: &Facts<'_>, after: &Facts<'_>, now: u32) -> Option<u32> {
    let member = after.household.members.get(now as usize)?;
    let then = before
        .household
        .members
        .iter()
        .position(|earlier| earlier.id == member.id)?;
    u32::try_from(then).ok()
}

fn of_member(before: &Facts<'_>, after: &Facts<'_>, (then, now): (u32, u32), all: &mut Vec<Finding>) {
    if deaths(before, then).is_empty() {
        tell(after, all, "MEMBER_DIED", Some(now), deaths(after, now));
    }
    let age = |of: &Facts<'_>, at: u32| of.household.members.get(at as usize).map(|member| member.age);
    if age(before, then).is_some_and(|age| age < ADULT_AGE) && age(after, now).is_some_and(|age| age >= ADULT_AGE) {
        told(after, all, "CAME_OF_AGE", Some(now), Vec::new());
    }
    let (was, is) = (before.student(then), after.student(now));
    // A school whose dates did not tell then may have been attended.
    if !was.parts.is_empty() && !is.value && is.missing.is_empty() {
        told(after, all, "LEFT_SCHOOL", Some(now), is.parts);
        // Who knows of the school then may have nothing to say now.
        let schools = was.parts.iter().filter_map(|part| before.department_of(part.source));
        name(all, schools);
    }
    let (was, is) = (before.new_job_months(then).parts, after.new_job_months(now).parts);
    tell(after, all, "NEW_JOB", Some(now), unseen(before, &was, after, &is));
    tell(
        after,
        all,
        "NEW_ASSISTANCE",
        Some(now),
        new_assistance(before, after, (then, now)),
    );
}

fn deaths(facts: &Facts<'_>, ordinal: u32) -> Vec<Part> {
    let records = facts.records(RecordType::Registration, Some(ordinal)).iter();
    let dead = records.filter(|found| match &found.record.body {
        RecordBody::Registration(body) => has_died(body, facts.as_of),
        _ => false,
    });
    dead.map(|found| found.part(Aspect::Deceased, 1, Treatment::Counted))
        .collect()
}

/// Help that is drawn now and was not then, by programme and place.
fn new_assistance(before: &Facts<'_>, after: &Facts<'_>, (then, now): (u32, u32)) -> Vec<Part> {
    let drawn = |found: &Found<'_>, facts: &Facts<'_>| match &found.record.body {
        RecordBody::Assistance(body) if is_drawn(body, facts.as_of) => {
            let place: String = body.division_code.trim().chars().take(6).collect();
            Some((body.programme.trim().to_owned(), place, body.amount.0))
        }
        _ => None,
    };
    let was: Vec<(String, String, i64)> = before
        .records(RecordType::Assistance, Some(then))
        .iter()
        .filter_map(|found| drawn(found, before))
        .collect();
    let is = after.records(RecordType::Assistance, Some(now)).iter();
    let new = is.filter_map(|found| {
        let (programme, place, amount) = drawn(found, after)?;
        let known = was.iter().any(|(p, at, _)| *p == programme && *at == place);
        (!known).then(|| found.part(Aspect::Whole, amount, Treatment::Counted))
    });
    new.collect()
}

fn counts(part: &&Part) -> bool {
    matches!(part.treatment, Treatment::Counted | Treatment::Uncertain { .. })
}

/// The parts of a figure that rest on things of which the figure before knew nothing: neither the record that is counted nor any copy of it.
fn unseen(before: &Facts<'_>, was: &[Part], after: &Facts<'_>, is: &[Part]) -> Vec<Part> {
    let counted_in = |part: &Part| match part.treatment {
        Treatment::Duplicate { of, .. } => Some(of),
        _ => counts(&part).then_some(part.source),
    };
    // Copies too: which of several records of one thing is counted may be another one now.
    let known: Vec<&Found<'_>> = was
        .iter()
        .filter(|part| counted_in(part).is_some())
        .filter_map(|part| before.found(part.source))
        .collect();
    let is_known = |part: &&Part| {
        let found = after.found(part.source);
        found.is_none_or(|found| known.iter().any(|earlier| same(before, earlier, after, found)))
    };
    let seen: Vec<u32> = is.iter().filter(is_known).filter_map(counted_in).collect();
    is.iter()
        .filter(|part| counts(part) && !seen.contains(&part.source))
        .copied()
        .collect()
}

/// Whether two records of two verifications are about the same thing: by number, else by the weaker sign, else word for word.
fn same(before: &Facts<'_>, earlier: &Found<'_>, after: &Facts<'_>, later: &Found<'_>) -> bool {
    let (one, other) = (before.keys(earlier), after.keys(later));
    let equal = |a: &str, b: &str| !a.is_empty() && a == b;
    equal(&one.number, &other.number) || equal(&one.alias, &other.alias) || earlier.record.body == later.record.body
}

/// A year's own medical cost that is certainly more than it can have been, by more than the share.
fn illness(before: &Facts<'_>, after: &Facts<'_>, limits: EarlyWarnings, all: &mut Vec<Finding>) {
    let of = |facts: &Facts<'_>| facts.figure(Fact::MedicalOwnCost, None, Months::before(facts.as_of, 12));
    let (was, is) = (of(before), of(after));
    let (Some(most), Some(least)) = (was.bounds.hi, is.bounds.lo) else {
        return;
    };
    let limit = i128::from(most) * (100 + i128::from(limits.illness_percent));
    if least <= most || i128::from(least) * 100 <= limit {
        return;
    }
    let parts = is.parts.iter().filter(counts).copied().collect();
    told(after, all, "ILLNESS_COSTS_RISEN", None, parts);
    if let Some(finding) = all.last_mut() {
        let (most, least) = (Fen(most), Fen(least));
        finding.message = Text {
            zh: format_smolstr!("家庭十二个月自付医疗费用由至多{most}元增至至少{least}元"),
            en: format_smolstr!("own medical cost of twelve months: at most {most} yuan then, at least {least} now"),
        };
    }
}

/// Tells it where there is a record behind it.
fn tell(after: &Facts<'_>, all: &mut Vec<Finding>, code: &'static str, subject: Option<u32>, parts: Vec<Part>) {
    if !parts.is_empty() {
        told(after, all, code, subject, parts);
    }
}

fn told(after: &Facts<'_>, all: &mut Vec<Finding>, code: &'static str, subject: Option<u32>, parts: Vec<Part>) {
    push(after, all, code, Weight::Attention, subject, parts, "", "");
    if let (Some(finding), Some((_, text))) = (all.last_mut(), EARLY_WARNINGS.iter().find(|(known, _)| *known == code))
    {
        finding.message = text.clone();
    }
}

/// Names further departments in the last finding.
fn name<'d>(all: &mut [Finding], departments: impl Iterator<Item = &'d DepartmentId>) {
    let Some(finding) = all.last_mut() else {
        return;
    };
    finding.departments.extend(departments.cloned());
    finding.departments.sort();
    finding.departments.dedup();
}
