//! `[[case]]`: households written down in the pack, with what must come out of them. Made into households whose register facts are given.
//! Leaves how a case is written to `read`, and judging it to `crate::cases`.

use hedui_core::dates::Date;
use hedui_core::household::{Declared, FieldError, Household, HouseholdInput, MemberInput, Residence};
use hedui_ids::{DivisionCode, ResidentId, Sex};
use smol_str::SmolStr;

use super::source::{Located, Source};
use super::{Pack, Step};
use crate::cases::{Expect, Expected, PackCase};
use crate::evaluate::{Given, GivenMember, GivenValue};
use crate::interval::Interval;
use crate::program::{Filling, Place, Rows, Scope, Standing};
use crate::ratio::Ratio;
use crate::value::Value;
use read::{RawExpect, RawExpected, RawFact, RawMember, RawValue};

mod read;
#[cfg(test)]
mod tests;

pub(super) use read::{RawCase, read};

/// Words of formulas that follow from the birth, the sex or the size of a household, and with what they are written in a case.
const FOLLOWS: [(&str, &str); 7] = [
    ("age", "it follows from `birth` and `on`"),
    ("minor", "it follows from `birth` and `on`"),
    ("female", "it follows from `sex`"),
    ("persons", "it follows from who counts"),
    ("months_per_year", "it is 12 everywhere"),
    ("disability_grade", "write disability = { kind = \"...\", grade = 2 }"),
    ("income.imputed_support", "it follows from [[case.supporter]]"),
];

/// Makes the cases of a pack that has no mistake so far.
pub(super) fn resolve(source: &mut Source<'_>, raw: Vec<RawCase>, pack: &Pack) -> Vec<PackCase> {
    raw.into_iter().filter_map(|raw| case(source, raw, pack)).collect()
}

fn case(source: &mut Source<'_>, raw: RawCase, pack: &Pack) -> Option<PackCase> {
    if !pack.valid_on(raw.on.value) {
        let message = format!(
            "the pack is not in force on {}; this case would never be judged by it",
            raw.on.value
        );
        source.mistake(raw.on.at, "DATE_OUTSIDE", message);
        return None;
    }
    let given = given(source, &raw, pack);
    stated_is_read(source, &raw, pack);
    let expect = expect(source, raw.expect, raw.members.len(), pack);
    let mut at: Vec<usize> = raw.members.iter().map(|member| member.at).collect();
    at.push(raw.name.at);
    let input = HouseholdInput {
        residence: pack.residence().unwrap_or(Residence::Urban),
        town: None,
        members: members(source, &raw.members, raw.on.value)?,
        declared: Declared::default(),
        circumstances: raw.circumstances.into_iter().map(|(_, stated)| stated).collect(),
        supporters: raw.supporters,
    };
    let household = match Household::check(input, raw.on.value) {
        Ok(household) => household,
        Err(errors) => {
            errors.iter().for_each(|error| household_mistake(source, &at, error));
            return None;
        }
    };
    Some(PackCase {
        name: SmolStr::new(raw.name.value),
        title: raw.title,
        as_of: raw.on.value,
        household,
        given: given?,
        expect: expect?,
    })
}

/// A mistake of the household, at the member whom it concerns or at the case.
fn household_mistake(source: &mut Source<'_>, at: &[usize], error: &FieldError) {
    let field = error.field.strip_prefix("household.").unwrap_or(&error.field);
    let nth = field.strip_prefix("members[").and_then(|rest| rest.split_once(']'));
    let nth = nth.and_then(|(nth, _)| nth.parse::<usize>().ok());
    let member = nth.and_then(|nth| at.get(nth)).or(at.last());
    let message = format!("{field}: {} ({})", error.message, error.reason);
    source.mistake(member.copied().unwrap_or(0), "CASE_HOUSEHOLD", message);
}

/// Invented people: the number of each follows from birth, sex and place in the list.
fn members(source: &mut Source<'_>, raw: &[RawMember], on: Date) -> Option<Vec<MemberInput>> {
    let mut found = Vec::new();
    for (member, order) in raw.iter().zip(1u16..) {
        let id = (member.birth.value <= on).then(|| number_of(member, order)).flatten();
        let Some(id) = id else {
            source.mistake(
                member.birth.at,
                "VALUE_INVALID",
                "nobody was born then who lives on the day of the case",
            );
            continue;
        };
        found.push(MemberInput {
            id_number: id.expose().to_owned(),
            name: "甲".to_owned(),
            relation: member.relation,
            incapable: false,
            incomes: Vec::new(),
            casual_work_months: 0,
            circumstances: member.circumstances.iter().map(|(_, stated)| stated.clone()).collect(),
        });
    }
    (found.len() == raw.len()).then_some(found)
}

fn number_of(member: &RawMember, order: u16) -> Option<ResidentId> {
    let day = member.birth.value;
    let part = |number: i8| u8::try_from(number).ok();
    let birth = hedui_ids::Date::new(u16::try_from(day.year()).ok()?, part(day.month())?, part(day.day())?)?;
    let sequence = order.checked_mul(2)? + u16::from(member.sex == Sex::Male);
    ResidentId::compose(DivisionCode::parse("110101")?, birth, sequence)
}

/// What registers are to say.
fn given(source: &mut Source<'_>, raw: &RawCase, pack: &Pack) -> Option<Given> {
    let household = facts(source, &raw.facts, pack, Scope::Household);
    let mut members = Vec::new();
    let mut whole = true;
    for member in &raw.members {
        let found = facts(source, &member.facts, pack, Scope::Member);
        if let Some((at, _)) = &member.disability
            && !reads_disability(pack)
        {
            unread(source, *at, "disabilities");
            whole = false;
        }
        whole &= found.is_some();
        members.push(GivenMember {
            facts: found.unwrap_or_default(),
            disability: member.disability.as_ref().map(|(_, disability)| disability.clone()),
        });
    }
    Some(Given {
        household: household?,
        members: whole.then_some(members)?,
    })
}

fn reads_disability(pack: &Pack) -> bool {
    let by_kind = |table: &crate::program::Table| matches!(table.rows, Rows::Disability(_));
    let of_member = |place: &Place| {
        matches!(
            place.filling,
            Filling::DisabilityGrade | Filling::Standing(Standing::Disabled(_))
        )
    };
    pack.tables.iter().any(by_kind) || pack.member.iter().any(of_member)
}

fn unread(source: &mut Source<'_>, at: usize, what: &str) {
    let message = format!("no formula of the pack reads {what}: the case would say something that decides nothing");
    source.mistake(at, "FACT_UNREAD", message);
}

/// What papers and supporters say must be read by some formula.
fn stated_is_read(source: &mut Source<'_>, raw: &RawCase, pack: &Pack) {
    let of_members = raw.members.iter().flat_map(|member| &member.circumstances);
    for (at, stated) in of_members.chain(&raw.circumstances) {
        let mut places = pack.household.iter().chain(&pack.member);
        if !places.any(|place| matches!(place.filling, Filling::Stated(word, _) if word == stated.word)) {
            unread(source, *at, &format!("`{}`", stated.word.word()));
        }
    }
    if pack.support.is_none() && !raw.supporters.is_empty() {
        unread(source, raw.supporters_at, "supporters (it has no [support])");
    }
}

/// The facts of a member or of the household, each once, each a word that the pack reads.
fn facts(source: &mut Source<'_>, raw: &[RawFact], pack: &Pack, scope: Scope) -> Option<Vec<(SmolStr, GivenValue)>> {
    let mut found = Vec::new();
    for fact in raw {
        let Some(place) = place_of(source, &fact.word, pack, scope) else {
            continue;
        };
        if let Some(value) = value_of(source, fact, place) {
            found.push((SmolStr::new(&fact.word.value), value));
        }
    }
    (found.len() == raw.len()).then_some(found)
}

/// Whether registers tell what fills a place, and which of a case's words it is.
fn told_by_registers(place: &Place) -> Option<&str> {
    match place.filling {
        Filling::Standing(Standing::Disabled(_)) => None,
        Filling::Figure { .. }
        | Filling::NewJobMonths
        | Filling::Student
        | Filling::Standing(_)
        | Filling::Draws(_)
        | Filling::Received(..) => Some(place.name.strip_prefix("member.").unwrap_or(&place.name)),
        _ => None,
    }
}

/// The place that a word fills: a member's word fills the household's too, by those who count.
fn place_of<'p>(source: &mut Source<'_>, word: &Located<String>, pack: &'p Pack, scope: Scope) -> Option<&'p Place> {
    let places = || {
        let of_members = pack.member.iter().filter(|_| scope == Scope::Member);
        of_members.chain(&pack.household)
    };
    let name = word.value.as_str();
    let found = places().find(|place| told_by_registers(place) == Some(name));
    if found.is_some() {
        return found;
    }
    let follows = FOLLOWS
        .iter()
        .find(|(of, _)| *of == name)
        .map(|(_, how)| (*how).to_owned());
    let stated = ["has.", "number.", "amount.", "years_since.", "months_since."];
    let hint = if follows.is_some() {
        follows
    } else if stated.iter().any(|before| name.starts_with(before)) {
        Some("write circumstances = [{ word = \"...\" }]".to_owned())
    } else if name.starts_with("disabled.") {
        Some("write disability = { kind = \"...\", grade = 2 }".to_owned())
    } else if let Some(bare) = name.strip_prefix("member.") {
        Some(format!("write `{bare}` under the member"))
    } else {
        hedui_toml::hint::nearest(name, places().filter_map(told_by_registers))
    };
    let message = format!("no formula of the pack reads `{name}` from the registers");
    source.mistake_with(word.at, "FACT_UNREAD", message, hint);
    None
}

/// A fact as its place takes it.
fn value_of(source: &mut Source<'_>, fact: &RawFact, place: &Place) -> Option<GivenValue> {
    let name = &fact.word.value;
    let given = |value| GivenValue {
        value,
        silent: fact.silent.clone(),
    };
    let scale = match place.filling {
        Filling::Figure { scale, .. } => Some(scale),
        Filling::NewJobMonths => Some(1),
        _ => None,
    };
    match (scale, fact.value) {
        (None, RawValue::Truth(holds)) => Some(given(Value::settled(holds))),
        (None, RawValue::Bounds(None, None)) => Some(given(Value::Condition(hedui_core::Truth::Open))),
        (None, _) => {
            let message = format!("`{name}` is a condition: true, false, or {{ silent = \"department\" }}");
            source.mistake(fact.word.at, "TYPE_WRONG", message);
            None
        }
        (Some(_), RawValue::Truth(_)) => {
            let message = format!("`{name}` is a number in {}", place.unit);
            source.mistake(fact.word.at, "TYPE_WRONG", message);
            None
        }
        (Some(scale), RawValue::Exactly(number)) => {
            let number = counted(source, fact, number, scale)?;
            Some(given(Value::exactly(number)))
        }
        (Some(scale), RawValue::Bounds(from, to)) => {
            let mut end = |number: Option<Ratio>| match number {
                Some(number) => counted(source, fact, number, scale).map(Some),
                None => Some(None),
            };
            let (lo, hi) = (end(from)?, end(to)?);
            let lo = Some(lo.unwrap_or(Ratio::ZERO));
            Some(given(Value::Number(Interval { lo, hi })))
        }
    }
}

/// Facts are whole fen, whole hundredths of a square metre, whole pieces, never negative.
fn counted(source: &mut Source<'_>, fact: &RawFact, number: Ratio, scale: i128) -> Option<Ratio> {
    let smallest = Ratio::new(1, scale)?;
    let is_whole = number
        .checked_mul(smallest.recip()?)
        .is_some_and(|whole| whole.den() == 1);
    if is_whole && number.signum() >= 0 {
        return Some(number);
    }
    let message = format!("`{}` is a multiple of {smallest} from zero", fact.word.value);
    source.mistake(fact.word.at, "VALUE_INVALID", message);
    None
}

/// What must come out, of steps, tests and bands that the pack has.
fn expect(source: &mut Source<'_>, raw: RawExpect, members: usize, pack: &Pack) -> Option<Expect> {
    let mistakes = source.mistakes.len();
    let tests = || {
        let band = (!pack.bands.is_empty()).then_some("band");
        pack.tests.iter().map(|test| test.rule.name.as_str()).chain(band)
    };
    let mut known = |text: &Located<String>, names: &mut dyn Iterator<Item = &str>, what: &str| {
        let names: Vec<&str> = names.collect();
        if !names.contains(&text.value.as_str()) {
            let hint = hedui_toml::hint::nearest(&text.value, names.into_iter());
            source.mistake_with(
                text.at,
                "NAME_UNKNOWN",
                format!("the pack has no {what} `{}`", text.value),
                hint,
            );
        }
        SmolStr::new(&text.value)
    };
    let band = raw
        .band
        .map(|band| known(&band, &mut pack.bands.iter().map(|b| b.rule.name.as_str()), "band"));
    let mut listed = |list: Option<Vec<Located<String>>>| {
        let mut names: Vec<SmolStr> = list?.iter().map(|name| known(name, &mut tests(), "test")).collect();
        names.sort();
        names.dedup();
        Some(names)
    };
    let (fails, open) = (listed(raw.fails), listed(raw.open));
    let steps = raw.steps.into_iter();
    let steps = steps.filter_map(|(name, value)| step(source, name, value, members, pack));
    let mut steps: Vec<(usize, Expected)> = steps.collect();
    // In the order in which they are reckoned.
    steps.sort_by_key(|(nth, _)| *nth);
    if let (Some(amount), None) = (&raw.amount, &pack.amount) {
        source.mistake(amount.at, "NAME_UNKNOWN", "the pack names no amount");
    }
    (source.mistakes.len() == mistakes).then_some(Expect {
        outcome: raw.outcome,
        band,
        amount: raw.amount.map(|amount| amount.value),
        steps: steps.into_iter().map(|(_, step)| step).collect(),
        fails,
        open,
        departments: raw.departments,
    })
}

fn step(
    source: &mut Source<'_>,
    name: Located<String>,
    expected: RawExpected,
    members: usize,
    pack: &Pack,
) -> Option<(usize, Expected)> {
    let place_of = |step: &Step| match step.scope {
        Scope::Household => pack.household.get(step.place),
        Scope::Member => pack.member.get(step.place),
    };
    let found = pack.steps.iter().enumerate().find_map(|(nth, step)| {
        let place = place_of(step).filter(|place| place.name == name.value)?;
        Some((nth, step.scope, place))
    });
    let Some((nth, scope, place)) = found else {
        let names = pack.steps.iter().filter_map(place_of);
        let hint = hedui_toml::hint::nearest(&name.value, names.map(|place| place.name.as_str()));
        source.mistake_with(
            name.at,
            "NAME_UNKNOWN",
            format!("the pack has no step `{}`", name.value),
            hint,
        );
        return None;
    };
    let values: Vec<(Option<u32>, Option<Value>)> = match (scope, expected) {
        (Scope::Household, RawExpected::OfHousehold(value)) => vec![(None, Some(value))],
        (Scope::Member, RawExpected::OfMembers(values)) if values.len() == members => {
            (0u32..).map(Some).zip(values).collect()
        }
        (Scope::Household, _) => {
            let message = format!("`{}` is about the household: one value", name.value);
            source.mistake(name.at, "TYPE_WRONG", message);
            return None;
        }
        (Scope::Member, _) => {
            let message = format!("`{}` is about each member: a list of {members} values", name.value);
            source.mistake(name.at, "TYPE_WRONG", message);
            return None;
        }
    };
    let is_condition = place.unit == "condition";
    let fits = |value: &Value| matches!(value, Value::Condition(_)) == is_condition;
    if !values.iter().filter_map(|(_, value)| value.as_ref()).all(fits) {
        let message = format!(
            "`{}` is {}",
            name.value,
            if is_condition { "a condition" } else { "a number" }
        );
        source.mistake(name.at, "TYPE_WRONG", message);
        return None;
    }
    let name = place.name.clone();
    Some((nth, Expected { name, values }))
}
