//! Reads the items of a pack file into plain values with their positions, noting every mistake of form.
//! Leaves what formulas mean to `check` and joining it all to `compile`.

use std::collections::BTreeSet;

use hedui_core::verdict::{Per, Text};

use super::source::{FormulaText, Located, Section, Source};
use super::values::{choice, not_negative, periods, rounding, unit};
use super::{MAX_ITEMS, Rule, TestKind};
use crate::program::{Period, Rounding, Scope};
use crate::ratio::Ratio;
use crate::unit::Unit;
use crate::vocabulary;

/// The type of a named value: a unit, or a condition.
pub(super) type UnitOrCondition = Option<Unit>;

/// A rule with where it stands and what it assumes.
pub(super) struct RawRule {
    pub rule: Rule,
    pub at: usize,
    pub assumption: Option<Text>,
}

pub(super) struct RawParameter {
    pub head: RawRule,
    pub value: Ratio,
    pub periods: Vec<Period>,
    pub unit: Unit,
}

pub(super) struct RawStep {
    pub head: RawRule,
    pub scope: Scope,
    pub unit: UnitOrCondition,
    pub formula: FormulaText,
    pub round: Option<Rounding>,
}

pub(super) struct RawTest {
    pub head: RawRule,
    pub kind: TestKind,
    pub formula: FormulaText,
}

pub(super) struct RawBand {
    pub head: RawRule,
    pub formula: FormulaText,
    pub qualifies: bool,
}

pub(super) struct RawAmount {
    pub head: RawRule,
    pub per: Per,
    pub formula: FormulaText,
    pub round: Rounding,
}

/// Names of one kind, each once.
#[derive(Default)]
pub(super) struct Names {
    seen: BTreeSet<String>,
    /// Items that could not be read: using them is no second mistake.
    pub broken: BTreeSet<String>,
    /// Whether formulas may write them, so that they must not be words of the language.
    in_formulas: bool,
}

impl Names {
    /// Names of parameters, tables and steps.
    pub fn in_formulas() -> Names {
        Names {
            in_formulas: true,
            ..Names::default()
        }
    }
}

/// Lower-case letters, digits and `_`, a letter first, and not a word of the language.
pub(super) fn check_name(source: &mut Source<'_>, name: &Located<String>, names: &mut Names) -> bool {
    let text = name.value.as_str();
    let good = text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !good {
        let message = format!("`{text}` is not a name: at most 63 lower-case letters, digits and `_`, a letter first");
        source.mistake(name.at, "NAME_INVALID", message);
        return false;
    }
    let words = ["and", "or", "not", "member", "window", "condition"];
    let reserved = vocabulary::lookup(text).is_some()
        || words.contains(&text)
        || crate::formula::Function::ALL
            .iter()
            .any(|(_, function, ..)| *function == text);
    if reserved && names.in_formulas {
        source.mistake(
            name.at,
            "NAME_RESERVED",
            format!("`{text}` is a word of the language; choose another name"),
        );
        return false;
    }
    if !names.seen.insert(text.to_owned()) {
        source.mistake(
            name.at,
            "NAME_TWICE",
            format!("`{text}` is already defined in this pack"),
        );
        return false;
    }
    true
}

/// Name, title, law and assumption of an item.
fn rule(source: &mut Source<'_>, section: &mut Section<'_, '_>, names: &mut Names) -> Option<RawRule> {
    let name = section.text(source, "name")?;
    section.called(&name.value);
    let good = check_name(source, &name, names);
    let title = section.title(source, "title");
    let (law, assumption) = law(source, section);
    let title = title.filter(|_| good)?;
    let rule = Rule {
        name: name.value.into(),
        title,
        law: law.into(),
        assumption: assumption.is_some(),
    };
    Some(RawRule {
        rule,
        at: name.at,
        assumption,
    })
}

/// `reference` and `assumption`: at least one must be there.
pub(super) fn law(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> (String, Option<Text>) {
    let present = section.take("assumption").is_some();
    let assumption = section.opt_title(source, "assumption");
    let law = if present {
        section.opt_text(source, "reference")
    } else {
        section.text(source, "reference")
    };
    (law.map(|l| l.value).unwrap_or_default(), assumption)
}

/// Reads every item of a list; what could not be read is kept by name.
fn items<'d, 'a, T>(
    source: &mut Source<'a>,
    root: &mut Section<'d, 'a>,
    key: &'static str,
    names: &mut Names,
    read: impl Fn(&mut Source<'a>, &mut Section<'d, 'a>, &mut Names) -> Option<T>,
) -> Vec<T> {
    let sections = root.sections(source, key, key);
    if sections.len() > MAX_ITEMS {
        let at = sections.get(MAX_ITEMS).map_or(0, Section::at);
        source.mistake(at, "LIMIT", format!("a pack has at most {MAX_ITEMS} of [[{key}]]"));
        return Vec::new();
    }
    let mut found = Vec::new();
    for mut section in sections {
        let item = read(source, &mut section, names);
        if item.is_none() {
            let name = section.take("name").and_then(|n| n.get_ref().as_str());
            names.broken.extend(name.map(str::to_owned));
        }
        found.extend(item);
        section.end(source);
    }
    found
}

pub(super) fn parameters<'a>(
    source: &mut Source<'a>,
    root: &mut Section<'_, 'a>,
    names: &mut Names,
) -> Vec<RawParameter> {
    items(source, root, "parameter", names, |source, section, names| {
        let head = rule(source, section, names);
        let value = not_negative(source, section);
        let unit = unit(source, section);
        let periods = periods(source, section);
        let unit = unit?;
        if unit.value.is_none() {
            source.mistake(unit.at, "NUMBER_EXPECTED", "a parameter is a number, not a condition");
        }
        Some(RawParameter {
            head: head?,
            value: value?,
            periods: periods?,
            unit: unit.value?,
        })
    })
}

pub(super) fn tables<'a>(
    source: &mut Source<'a>,
    root: &mut Section<'_, 'a>,
    names: &mut Names,
) -> Vec<(RawRule, Unit, crate::program::Table)> {
    items(source, root, "table", names, |source, section, names| {
        let head = rule(source, section, names);
        let unit = unit(source, section);
        let table = super::tables::read(source, section);
        let unit = unit?;
        if unit.value.is_none() {
            source.mistake(unit.at, "NUMBER_EXPECTED", "a table gives numbers, not conditions");
        }
        Some((head?, unit.value?, table?))
    })
}

pub(super) fn steps<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>, names: &mut Names) -> Vec<RawStep> {
    items(source, root, "step", names, |source, section, names| {
        let head = rule(source, section, names);
        let scope = choice(
            source,
            section,
            "scope",
            &[("member", Scope::Member), ("household", Scope::Household)],
        );
        let unit = unit(source, section);
        let formula = section.formula(source, "formula");
        let asked = section.take("round").is_some();
        let round = rounding(source, section);
        if asked && round.is_none() {
            return None;
        }
        Some(RawStep {
            head: head?,
            scope: scope?,
            unit: unit?.value,
            formula: formula?,
            round,
        })
    })
}

/// Tests have names of their own, which formulas never write.
pub(super) fn tests<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Vec<RawTest> {
    let kinds = [
        ("income", TestKind::Income),
        ("property", TestKind::Property),
        ("person", TestKind::Person),
    ];
    items(source, root, "test", &mut Names::default(), |source, section, names| {
        let head = rule(source, section, names);
        let kind = choice(source, section, "kind", &kinds);
        let formula = section.formula(source, "formula");
        Some(RawTest {
            head: head?,
            kind: kind?,
            formula: formula?,
        })
    })
}

/// Bands have names of their own kind: ids with hyphens, as verdicts and reports show them.
pub(super) fn bands<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Vec<RawBand> {
    let bands = items(source, root, "band", &mut Names::default(), |source, section, _| {
        let name = section.text(source, "name")?;
        section.called(&name.value);
        if hedui_core::names::ProgrammeId::new(&name.value).is_err() {
            source.mistake(
                name.at,
                "NAME_INVALID",
                format!(
                    "`{}` is not the name of a band: lower-case letters, digits, hyphens",
                    name.value
                ),
            );
        }
        let title = section.title(source, "title");
        let (law, assumption) = law(source, section);
        let formula = section.formula(source, "formula");
        let qualifies = section.opt_flag(source, "qualifies").unwrap_or(true);
        let rule = Rule {
            name: name.value.into(),
            title: title?,
            law: law.into(),
            assumption: assumption.is_some(),
        };
        Some(RawBand {
            head: RawRule {
                rule,
                at: name.at,
                assumption,
            },
            formula: formula?,
            qualifies,
        })
    });
    for (i, band) in bands.iter().enumerate() {
        if bands
            .iter()
            .take(i)
            .any(|other| other.head.rule.name == band.head.rule.name)
        {
            let message = format!("the band `{}` is already defined in this pack", band.head.rule.name);
            source.mistake(band.head.at, "NAME_TWICE", message);
        }
    }
    bands
}

pub(super) fn amount<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Option<RawAmount> {
    let mut section = root.opt_section(source, "amount")?;
    let at = section.at();
    let title = section.title(source, "title");
    let (law, assumption) = law(source, &mut section);
    let per = choice(
        source,
        &mut section,
        "per",
        &[("month", Per::Month), ("year", Per::Year), ("once", Per::Once)],
    );
    let formula = section.formula(source, "formula");
    if section.take("round").is_none() {
        source.mistake(
            at,
            "KEY_MISSING",
            "[amount] has no `round`: an amount is paid in whole fen, so the rule says how",
        );
    }
    let round = rounding(source, &mut section);
    section.end(source);
    let round = round?;
    if round.to.checked_mul(Ratio::whole(100)).is_none_or(|fen| fen.den() != 1) {
        source.mistake(at, "VALUE_INVALID", "an amount is rounded to a multiple of 0.01 yuan");
    }
    let rule = Rule {
        name: "amount".into(),
        title: title?,
        law: law.into(),
        assumption: assumption.is_some(),
    };
    Some(RawAmount {
        head: RawRule { rule, at, assumption },
        per: per?,
        formula: formula?,
        round,
    })
}
