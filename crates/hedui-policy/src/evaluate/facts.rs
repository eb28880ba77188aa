//! Fetches what fills the places of a pack before its steps run: figures, persons, coefficients from tables.
//! Leaves how answers add up to `hedui_core::facts`.

use hedui_core::bounds::Figure;
use hedui_core::dates::Months;
use hedui_core::facts::{self as core, Condition, Settled, Stated};
use hedui_core::household::{ADULT_AGE, Member};
use hedui_core::part::Part;
use hedui_core::record::DisabilityKind;
use hedui_core::verdict::Truth;
use hedui_ids::Sex;

use smol_str::SmolStr;

use super::RECORD_UNCERTAIN;
use super::given::Input;
use super::known::{Causes, Known, Reason, Reasons};
use crate::interval::Interval;
use crate::pack::Pack;
use crate::program::{Filling, Place, Rows, Said, Standing, Table};
use crate::ratio::Ratio;
use crate::value::Value;

/// The most and the least severe grade of a disability.
const GRADES: (i64, i64) = (1, 4);

/// The value of a place and the records behind it.
pub(super) fn fetch(
    input: Input<'_>,
    place: &Place,
    pack: &Pack,
    member: Option<usize>,
    reasons: &mut Reasons,
) -> (Known, Vec<Part>) {
    if let Some(given) = input.fetch(place, member, reasons) {
        return (given, Vec::new());
    }
    let facts = input.facts;
    let whole = |value: i64| Known::settled(Value::exactly(Ratio::from(value)));
    let subject = member.and_then(|m| u32::try_from(m).ok());
    let person = member.and_then(|m| facts.household.members.get(m));
    match &place.filling {
        Filling::Fixed(value) => (Known::settled(Value::exactly(*value)), Vec::new()),
        Filling::Dated(otherwise, periods) => {
            let period = periods.iter().find(|period| period.holds(facts.as_of));
            let value = period.map_or(*otherwise, |period| period.value);
            (Known::settled(Value::exactly(value)), Vec::new())
        }
        Filling::Figure { fact, months, scale } => {
            let figure = facts.figure(*fact, subject, Months::before(facts.as_of, *months));
            of_figure(&figure, *scale, reasons)
        }
        Filling::Persons => (whole(i64::try_from(facts.persons()).unwrap_or(i64::MAX)), Vec::new()),
        Filling::Age => (whole(person.map_or(0, |p| i64::from(p.age))), Vec::new()),
        Filling::Minor => settled(person.is_some_and(|p| p.age < ADULT_AGE)),
        Filling::Student => student(facts.student(subject.unwrap_or_default()), reasons),
        Filling::DisabilityGrade => grade(input.disability(subject.unwrap_or_default()), reasons),
        Filling::NewJobMonths => of_figure(&facts.new_job_months(subject.unwrap_or_default()), 1, reasons),
        Filling::Female => settled(person.is_some_and(|p| p.id.sex() == Sex::Female)),
        Filling::Standing(standing) => condition(facts.standing(asked(*standing, pack), subject), reasons),
        Filling::Draws(programme) => condition(facts.standing(core::Standing::Draws(programme), subject), reasons),
        Filling::Received(programme, months) => {
            let window = Months::before(facts.as_of, *months);
            condition(
                facts.standing(core::Standing::Received(programme, window), subject),
                reasons,
            )
        }
        Filling::Stated(circumstance, said) => stated(facts.stated(*circumstance, subject), *said),
        Filling::Table(index) => match (pack.tables.get(*index), person) {
            (Some(table), Some(person)) => coefficient(input, table, person, subject.unwrap_or_default(), reasons),
            _ => (Known::default(), Vec::new()),
        },
        Filling::Step | Filling::Supporter(_) => (Known::default(), Vec::new()),
    }
}

/// What papers state is settled: the household has stated it, and who decides has seen the paper.
fn stated(stated: Stated, said: Said) -> (Known, Vec<Part>) {
    let number = |value: u32| Value::exactly(Ratio::from(i64::from(value)));
    let value = match said {
        Said::Has => Value::settled(stated.holds),
        Said::Number => number(stated.number),
        Said::Amount => Value::yuan(stated.amount),
        Said::Years => number(stated.years),
        Said::Months => number(stated.months),
    };
    (Known::settled(value), stated.parts)
}

pub(super) fn causes(missing: &[hedui_core::DepartmentId], open: &[SmolStr], reasons: &mut Reasons) -> Causes {
    let mut causes = Causes::default();
    for department in missing {
        causes.insert(reasons.intern(Reason::Department(department.clone())));
    }
    for code in open {
        causes.insert(reasons.intern(Reason::Code(code.clone())));
    }
    causes
}

/// A figure that is not exact always has a reason: departments, findings, or the record itself.
fn of_figure(figure: &Figure, scale: i128, reasons: &mut Reasons) -> (Known, Vec<Part>) {
    let value = Value::Number(Interval::of_bounds(figure.bounds, scale));
    if value.is_settled() {
        return (Known::settled(value), figure.parts.clone());
    }
    const UNCERTAIN: &[SmolStr] = &[SmolStr::new_static(RECORD_UNCERTAIN)];
    let is_unexplained = figure.missing.is_empty() && figure.open.is_empty();
    let open = if is_unexplained { UNCERTAIN } else { &figure.open };
    let causes = causes(&figure.missing, open, reasons);
    (Known::new(value, causes), figure.parts.clone())
}

/// A register that shows schooling settles it; silence leaves only "not a student" open.
fn student(settled: Settled<bool>, reasons: &mut Reasons) -> (Known, Vec<Part>) {
    let truth = match (settled.value, settled.missing.is_empty()) {
        (true, _) => Truth::Holds,
        (false, true) => Truth::Fails,
        (false, false) => Truth::Open,
    };
    (
        Known::new(Value::Condition(truth), causes(&settled.missing, &[], reasons)),
        settled.parts,
    )
}

fn asked(standing: Standing, pack: &Pack) -> core::Standing<'static> {
    match standing {
        Standing::RegisteredHere => core::Standing::RegisteredIn(pack.head.jurisdiction),
        Standing::Married => core::Standing::Married,
        Standing::Attends(stage) => core::Standing::Attends(stage),
        Standing::Disabled(kind) => core::Standing::Disabled(kind),
    }
}

/// A condition that no register decides.
fn settled(holds: bool) -> (Known, Vec<Part>) {
    (Known::settled(Value::settled(holds)), Vec::new())
}

fn condition(condition: Condition, reasons: &mut Reasons) -> (Known, Vec<Part>) {
    let causes = causes(&condition.missing, &condition.open, reasons);
    (Known::new(Value::Condition(condition.truth), causes), condition.parts)
}

/// A silent register can only make a disability more severe, or show a first one.
fn grade(settled: Settled<Option<(DisabilityKind, u32)>>, reasons: &mut Reasons) -> (Known, Vec<Part>) {
    let known = settled.value.map(|(_, grade)| i64::from(grade));
    let (lo, hi) = match (known, settled.missing.is_empty()) {
        (Some(grade), true) => (grade, grade),
        (None, true) => (0, 0),
        (Some(grade), false) => (GRADES.0.min(grade), grade),
        (None, false) => (0, GRADES.1),
    };
    let interval = Interval {
        lo: Some(Ratio::from(lo)),
        hi: Some(Ratio::from(hi)),
    };
    (
        Known::new(Value::Number(interval), causes(&settled.missing, &[], reasons)),
        settled.parts,
    )
}

fn coefficient(
    input: Input<'_>,
    table: &Table,
    person: &Member,
    subject: u32,
    reasons: &mut Reasons,
) -> (Known, Vec<Part>) {
    let fixed = |value: Option<Ratio>| {
        let value = value.unwrap_or(table.default);
        (Known::settled(Value::exactly(value)), Vec::new())
    };
    match &table.rows {
        Rows::Age(rows) => {
            let fits = |from: u32, to: Option<u32>| from <= person.age && to.is_none_or(|to| person.age < to);
            fixed(
                rows.iter()
                    .find(|(from, to, _)| fits(*from, *to))
                    .map(|(_, _, value)| *value),
            )
        }
        Rows::Sex(rows) => {
            let sex = person.id.sex();
            fixed(rows.iter().find(|(of, _)| *of == sex).map(|(_, value)| *value))
        }
        Rows::Disability(rows) => {
            let settled = input.disability(subject);
            let interval = by_disability(rows, table.default, &settled);
            (
                Known::new(Value::Number(interval), causes(&settled.missing, &[], reasons)),
                settled.parts,
            )
        }
    }
}

/// The coefficient of the disability on record; the hull over everything a silent register could still show.
fn by_disability(
    rows: &[(Option<DisabilityKind>, u32, Ratio)],
    default: Ratio,
    settled: &Settled<Option<(DisabilityKind, u32)>>,
) -> Interval {
    let value_of = |kind: DisabilityKind, grade: u32| {
        let row = rows.iter().find(|(k, g, _)| *g == grade && k.is_none_or(|k| k == kind));
        row.map_or(default, |(_, _, value)| *value)
    };
    let on_record = settled.value.map_or(default, |(kind, grade)| value_of(kind, grade));
    let mut interval = Interval::exactly(on_record);
    if settled.missing.is_empty() {
        return interval;
    }
    // A register that is silent now may hold another kind of the same grade, or a more severe one.
    let mildest = settled.value.map_or(4, |(_, grade)| grade);
    for grade in 1..=mildest {
        for kind in DisabilityKind::ALL {
            interval = interval.hull(Interval::exactly(value_of(*kind, grade)));
        }
    }
    interval
}
