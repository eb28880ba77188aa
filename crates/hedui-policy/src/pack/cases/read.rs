//! `[[case]]` as it stands in the file: a household written down, and what must come out of it.
//! Leaves whether the pack reads what is written, and making a household of it, to the parent.

use hedui_core::circumstance::{Circumstance, StatedCircumstance};
use hedui_core::dates::Date;
use hedui_core::facts::Settled;
use hedui_core::household::Relation;
use hedui_core::money::Fen;
use hedui_core::names::DepartmentId;
use hedui_core::record::DisabilityKind;
use hedui_core::supporter::Supporter;
use hedui_core::verdict::{Outcome, Text, Truth};
use hedui_ids::Sex;
use toml::Spanned;
use toml::de::DeValue;

use super::super::MAX_ITEMS;
use super::super::read::{Names, check_name};
use super::super::source::{Located, Section, Source, ratio_of};
use super::super::values::choice;
use crate::evaluate::KnownDisability;
use crate::interval::Interval;
use crate::ratio::Ratio;
use crate::value::Value;

/// A member, with where they stand.
pub(in super::super) struct RawMember {
    pub at: usize,
    pub relation: Relation,
    pub sex: Sex,
    pub birth: Located<Date>,
    /// With where it stands, if it does.
    pub disability: Option<(usize, KnownDisability)>,
    pub facts: Vec<RawFact>,
    pub circumstances: Vec<(usize, StatedCircumstance)>,
}

/// A word and what it is to be.
pub(in super::super) struct RawFact {
    pub word: Located<String>,
    pub value: RawValue,
    pub silent: Vec<DepartmentId>,
}

/// A value as it is written; what it must be follows from its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum RawValue {
    Exactly(Ratio),
    Truth(bool),
    /// Zero where `from` is left out, without end where `to` is.
    Bounds(Option<Ratio>, Option<Ratio>),
}

/// What a step must come to.
pub(in super::super) enum RawExpected {
    OfHousehold(Value),
    /// In the order of the members; `None` for one who does not count.
    OfMembers(Vec<Option<Value>>),
}

/// What must come out.
pub(in super::super) struct RawExpect {
    pub outcome: Outcome,
    pub band: Option<Located<String>>,
    pub amount: Option<Located<Interval>>,
    pub steps: Vec<(Located<String>, RawExpected)>,
    pub fails: Option<Vec<Located<String>>>,
    pub open: Option<Vec<Located<String>>>,
    pub departments: Option<Vec<DepartmentId>>,
}

pub(in super::super) struct RawCase {
    pub name: Located<String>,
    pub title: Text,
    pub on: Located<Date>,
    pub members: Vec<RawMember>,
    pub facts: Vec<RawFact>,
    pub circumstances: Vec<(usize, StatedCircumstance)>,
    pub supporters: Vec<Supporter>,
    /// Where supporters stand.
    pub supporters_at: usize,
    pub expect: RawExpect,
}

/// Every `[[case]]`; those with a mistake are told and left out.
pub(in super::super) fn read<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Vec<RawCase> {
    let sections = root.sections(source, "case", "a case");
    if let Some(beyond) = sections.get(MAX_ITEMS) {
        source.mistake(beyond.at(), "LIMIT", format!("a pack has at most {MAX_ITEMS} cases"));
        return Vec::new();
    }
    let mut names = Names::default();
    sections
        .into_iter()
        .filter_map(|section| case(source, section, &mut names))
        .collect()
}

fn case<'a>(source: &mut Source<'a>, mut section: Section<'_, 'a>, names: &mut Names) -> Option<RawCase> {
    let name = section.text(source, "name");
    let name = name.filter(|name| {
        section.called(&name.value);
        check_name(source, name, names)
    });
    let title = section.title(source, "title");
    let on = section.date(source, "on");
    let members = section.sections(source, "member", "a member");
    if section.take("member").is_none() {
        source.mistake(section.at(), "KEY_MISSING", "a case has at least one [[case.member]]");
    }
    let stated = members.len();
    let members: Vec<RawMember> = members.into_iter().filter_map(|m| member(source, m)).collect();
    let facts = facts(source, &mut section);
    let circumstances = circumstances(source, &mut section);
    let supporters_at = section.take("supporter").map_or(0, |value| value.span().start);
    let supporters = supporters(source, &mut section);
    let expect = match section.take("expect") {
        Some(_) => section.opt_section(source, "expect").and_then(|e| expected(source, e)),
        None => {
            source.mistake(section.at(), "KEY_MISSING", "a case has [case.expect]");
            None
        }
    };
    section.end(source);
    (members.len() == stated).then_some(())?;
    Some(RawCase {
        name: name?,
        title: title?,
        on: on?,
        members,
        facts: facts?,
        circumstances: circumstances?,
        supporters: supporters?,
        supporters_at,
        expect: expect?,
    })
}

fn member<'a>(source: &mut Source<'a>, mut section: Section<'_, 'a>) -> Option<RawMember> {
    let at = section.at();
    let relation = relation(source, &mut section);
    let sex = choice(
        source,
        &mut section,
        "sex",
        &[("male", Sex::Male), ("female", Sex::Female)],
    );
    let birth = section.date(source, "birth");
    let disability_at = section.take("disability").map(|value| value.span().start);
    let disability = section.opt_section(source, "disability").map(|s| disability(source, s));
    let facts = facts(source, &mut section);
    let circumstances = circumstances(source, &mut section);
    section.end(source);
    let disability = match (disability_at, disability) {
        (None, _) => None,
        (Some(at), Some(read)) => Some((at, read?)),
        (Some(_), None) => return None,
    };
    Some(RawMember {
        at,
        relation: relation?,
        sex: sex?,
        birth: birth?,
        disability,
        facts: facts?,
        circumstances: circumstances?,
    })
}

fn relation(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Relation> {
    let words: Vec<(&str, Relation)> = Relation::ALL.iter().map(|r| (r.word(), *r)).collect();
    choice(source, section, "relation", &words)
}

/// `{ kind = "speech", grade = 2 }`; `silent` where a department could still show another, alone or beside it.
fn disability<'a>(source: &mut Source<'a>, mut section: Section<'_, 'a>) -> Option<KnownDisability> {
    let at = section.at();
    let missing = silent(source, &mut section);
    let is_known = section.take("kind").is_some() || section.take("grade").is_some();
    let words: Vec<(&str, DisabilityKind)> = DisabilityKind::ALL.iter().map(|k| (k.word(), *k)).collect();
    let kind = is_known.then(|| choice(source, &mut section, "kind", &words)).flatten();
    let grade = section.opt_whole(source, "grade").map(|g| g.value);
    section.end(source);
    let missing = missing?;
    let value = match (is_known, kind, grade) {
        (false, ..) if !missing.is_empty() => None,
        (true, Some(kind), Some(grade)) if (1..=4).contains(&grade) => Some((kind, grade)),
        _ => {
            let message =
                "a disability has a kind and a grade from 1 (most severe) to 4, a `silent` department, or both";
            source.mistake(at, "VALUE_INVALID", message);
            return None;
        }
    };
    Some(Settled {
        value,
        missing,
        parts: Vec::new(),
    })
}

/// `facts = { "income.wage" = 800, dwellings = { from = 1, silent = "housing" } }`.
fn facts<'a>(source: &mut Source<'a>, section: &mut Section<'_, 'a>) -> Option<Vec<RawFact>> {
    let mut whole = true;
    let mut found = Vec::new();
    for (word, value) in section.entries(source, "facts") {
        match fact(source, value) {
            Some((value, silent)) => found.push(RawFact { word, value, silent }),
            None => whole = false,
        }
    }
    whole.then_some(found)
}

fn fact<'a>(source: &mut Source<'a>, value: &Spanned<DeValue<'a>>) -> Option<(RawValue, Vec<DepartmentId>)> {
    let at = value.span().start;
    if let Some(number) = ratio_of(value.get_ref()) {
        return Some((RawValue::Exactly(number), Vec::new()));
    }
    match value.get_ref() {
        DeValue::Boolean(holds) => Some((RawValue::Truth(*holds), Vec::new())),
        DeValue::Table(table) => {
            let mut section = Section::new(table, "a fact", at);
            let silent = silent(source, &mut section);
            let bounds = bounds(source, section);
            let (silent, bounds) = (silent?, bounds?);
            if silent.is_empty() && bounds == (None, None) {
                source.mistake(at, "VALUE_INVALID", "say `from`, `to`, or which department is `silent`");
                return None;
            }
            Some((RawValue::Bounds(bounds.0, bounds.1), silent))
        }
        _ => {
            let message = "a fact is a number, true, false, { from, to }, or { silent = \"department\" }";
            source.mistake(at, "TYPE_WRONG", message);
            None
        }
    }
}

/// `from` and `to` of a table, which has no other key that was not asked for.
fn bounds(source: &mut Source<'_>, mut section: Section<'_, '_>) -> Option<(Option<Ratio>, Option<Ratio>)> {
    let at = section.at();
    let mut end = |key: &'static str| match section.take(key) {
        Some(_) => section.number(source, key).map(|number| Some(number.value)),
        None => Some(None),
    };
    let (from, to) = (end("from"), end("to"));
    section.end(source);
    let (from, to) = (from?, to?);
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        source.mistake(at, "VALUE_INVALID", "`from` is greater than `to`");
        return None;
    }
    Some((from, to))
}

/// `silent = "housing"`, or a list of departments.
fn silent(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Vec<DepartmentId>> {
    departments(source, section, "silent").unwrap_or_else(|| Some(Vec::new()))
}

/// Departments under a key, sorted: one or a list. Outer `None` where the key is left out, inner after a mistake.
fn departments(
    source: &mut Source<'_>,
    section: &mut Section<'_, '_>,
    key: &'static str,
) -> Option<Option<Vec<DepartmentId>>> {
    let texts = section.opt_texts(source, key)?;
    let mut found = Vec::new();
    let mut whole = texts.is_some();
    for text in texts.unwrap_or_default() {
        match DepartmentId::new(&text.value) {
            Ok(id) => found.push(id),
            Err(error) => {
                whole = false;
                source.mistake(text.at, "NAME_INVALID", format!("`{key}`: {error}"));
            }
        }
    }
    found.sort();
    found.dedup();
    Some(whole.then_some(found))
}

/// `circumstances = [{ word = "in_prison", since = 2020-01-01 }]`: what papers state. Amounts are yuan.
fn circumstances<'a>(
    source: &mut Source<'a>,
    section: &mut Section<'_, 'a>,
) -> Option<Vec<(usize, StatedCircumstance)>> {
    let sections = section.sections(source, "circumstances", "a circumstance");
    let stated = sections.len();
    let mut found = Vec::new();
    for (nth, mut one) in sections.into_iter().enumerate() {
        let at = one.at();
        let word = one.text(source, "word");
        let days = [one.take("since").is_some(), one.take("until").is_some()];
        let (since, until) = (one.opt_date(source, "since"), one.opt_date(source, "until"));
        let number = one.opt_whole(source, "number").map(|n| n.value);
        let amount = one.take("amount").is_some().then(|| fen(source, &mut one, "amount"));
        one.end(source);
        let word = word.and_then(|text| {
            let known = Circumstance::from_word(&text.value);
            if known.is_none() {
                let hint = hedui_toml::hint::nearest(&text.value, Circumstance::ALL.iter().map(|c| c.word()));
                source.mistake_with(
                    text.at,
                    "VALUE_INVALID",
                    format!("`{}` is no circumstance", text.value),
                    hint,
                );
            }
            known
        });
        let is_read = days == [since.is_some(), until.is_some()] && amount != Some(None);
        let Some(word) = word.filter(|_| is_read) else { continue };
        let stated = StatedCircumstance {
            word,
            since: since.map(|day| day.value),
            until: until.map(|day| day.value),
            amount: amount.flatten(),
            number,
            document: format!("case paper {}", nth + 1),
        };
        found.push((at, stated));
    }
    (found.len() == stated).then_some(found)
}

/// Yuan as whole fen, from zero.
fn fen(source: &mut Source<'_>, section: &mut Section<'_, '_>, key: &'static str) -> Option<Fen> {
    let yuan = section.number(source, key)?;
    let fen = yuan
        .value
        .checked_mul(Ratio::whole(100))
        .filter(|fen| fen.signum() >= 0);
    let fen = fen
        .filter(|fen| fen.den() == 1)
        .and_then(|fen| i64::try_from(fen.num()).ok());
    if fen.is_none() {
        source.mistake(
            yuan.at,
            "VALUE_INVALID",
            format!("`{key}` is yuan from zero, with at most two decimals"),
        );
    }
    fen.map(Fen)
}

/// `[[case.supporter]]`: relatives elsewhere who owe support.
fn supporters<'a>(source: &mut Source<'a>, section: &mut Section<'_, 'a>) -> Option<Vec<Supporter>> {
    let sections = section.sections(source, "supporter", "a supporter");
    let stated = sections.len();
    let mut found = Vec::new();
    for (nth, mut one) in sections.into_iter().enumerate() {
        let relation = relation(source, &mut one);
        let persons = one.opt_whole(source, "persons");
        if one.take("persons").is_none() {
            source.mistake(one.at(), "KEY_MISSING", "a supporter has no `persons`");
        }
        let monthly_income = fen(source, &mut one, "monthly_income");
        let unable = one.take("unable").is_some().then(|| one.opt_flag(source, "unable"));
        one.end(source);
        let (Some(relation), Some(persons), Some(monthly_income)) = (relation, persons, monthly_income) else {
            continue;
        };
        found.push(Supporter {
            relation,
            persons: persons.value,
            monthly_income,
            unable: unable.flatten().unwrap_or(false),
            document: format!("case paper {}", nth + 1),
        });
    }
    (found.len() == stated).then_some(found)
}

/// `[case.expect]`.
fn expected<'a>(source: &mut Source<'a>, mut section: Section<'_, 'a>) -> Option<RawExpect> {
    let words = [
        ("qualifies", Outcome::Qualifies),
        ("exceeds", Outcome::Exceeds),
        ("inconclusive", Outcome::Inconclusive),
    ];
    let outcome = choice(source, &mut section, "outcome", &words);
    let band = section.take("band").is_some().then(|| section.text(source, "band"));
    let amount = section.take("amount").map(|value| amount(source, value));
    let mut steps = Vec::new();
    let mut whole = true;
    for (name, value) in section.entries(source, "steps") {
        match step(source, value) {
            Some(expected) => steps.push((name, expected)),
            None => whole = false,
        }
    }
    let fails = section.opt_texts(source, "fails");
    let open = section.opt_texts(source, "open");
    let departments = departments(source, &mut section, "departments");
    section.end(source);
    whole.then_some(())?;
    Some(RawExpect {
        outcome: outcome?,
        band: band.map_or(Some(None), |band| band.map(Some))?,
        amount: amount.map_or(Some(None), |amount| amount.map(Some))?,
        steps,
        fails: fails.map_or(Some(None), |fails| fails.map(Some))?,
        open: open.map_or(Some(None), |open| open.map(Some))?,
        departments: departments.map_or(Some(None), |list| list.map(Some))?,
    })
}

/// Yuan, or bounds of it.
fn amount<'a>(source: &mut Source<'a>, value: &Spanned<DeValue<'a>>) -> Option<Located<Interval>> {
    let at = value.span().start;
    match number(source, value)? {
        Value::Number(value) => Some(Located { value, at }),
        Value::Condition(_) => {
            source.mistake(at, "TYPE_WRONG", "the amount is a number of yuan, or { from, to }");
            None
        }
    }
}

/// A value, or a list with one for each member.
fn step<'a>(source: &mut Source<'a>, value: &Spanned<DeValue<'a>>) -> Option<RawExpected> {
    let DeValue::Array(values) = value.get_ref() else {
        return number(source, value).map(RawExpected::OfHousehold);
    };
    let each = |value: &Spanned<DeValue<'a>>, source: &mut Source<'a>| match value.get_ref().as_str() {
        Some("away") => Some(None),
        _ => number(source, value).map(Some),
    };
    let found: Vec<Option<Option<Value>>> = values.iter().map(|value| each(value, source)).collect();
    found
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .map(RawExpected::OfMembers)
}

/// What something must come to: a number, `true`, `false`, `"open"`, or `{ from, to }` without end where one is left out.
fn number<'a>(source: &mut Source<'a>, value: &Spanned<DeValue<'a>>) -> Option<Value> {
    let at = value.span().start;
    if let Some(number) = ratio_of(value.get_ref()) {
        return Some(Value::exactly(number));
    }
    match value.get_ref() {
        DeValue::Boolean(holds) => Some(Value::settled(*holds)),
        DeValue::String(text) if text == "open" => Some(Value::Condition(Truth::Open)),
        DeValue::Table(table) => {
            let (lo, hi) = bounds(source, Section::new(table, "what is expected", at))?;
            Some(Value::Number(Interval { lo, hi }))
        }
        _ => {
            let message = "expected is a number, true, false, \"open\", or { from, to }; in the list of a member's step also \"away\"";
            source.mistake(at, "TYPE_WRONG", message);
            None
        }
    }
}
