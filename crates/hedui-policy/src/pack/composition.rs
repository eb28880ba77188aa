//! `[household]`: which members of a household count, and when a person is judged alone.
//! Leaves judging by whoever counts to the evaluation.

use hedui_core::verdict::Text;

use super::check::{Checker, Type};
use super::read::law;
use super::source::{FormulaText, Section, Source};
use super::{Composition, Rule};
use crate::program::{Filling, Formula, Scope};

/// The section as it stands in the file.
pub(super) struct RawComposition {
    counts: Option<FormulaText>,
    alone: Option<FormulaText>,
    law: String,
    assumption: Option<Text>,
}

/// Reads `[household]`.
pub(super) fn read<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Option<RawComposition> {
    let mut section = root.opt_section(source, "household")?;
    let (law, assumption) = law(source, &mut section);
    let mut formula = |key| {
        let is_there = section.take(key).is_some();
        is_there.then(|| section.formula(source, key)).flatten()
    };
    let (counts, alone) = (formula("counts"), formula("alone"));
    let at = section.at();
    if section.take("counts").is_none() && section.take("alone").is_none() {
        source.mistake(at, "KEY_MISSING", "[household] has `counts`, `alone` or both");
    }
    section.end(source);
    Some(RawComposition {
        counts,
        alone,
        law,
        assumption,
    })
}

/// A condition about a member that does not rest on who counts.
fn member_condition(source: &mut Source<'_>, checker: &mut Checker, text: &FormulaText) -> Option<Formula> {
    let (formula, found) = checker.formula(source, text, Scope::Member, None)?;
    if found != Type::Condition {
        let message = "who counts is a condition about a member, for example not member.has.in_prison";
        source.mistake(text.offset(0), "CONDITION_EXPECTED", message);
        return None;
    }
    let mut circular = None;
    formula.code.places(&mut |scope, place| {
        let place = checker.household.get(place).filter(|_| scope == Scope::Household);
        let is_settled_before = |f: &Filling| matches!(f, Filling::Fixed(_) | Filling::Dated(..) | Filling::Stated(..));
        if let Some(place) = place.filter(|place| !is_settled_before(&place.filling)) {
            circular = Some(place.name.clone());
        }
    });
    if let Some(name) = circular {
        let message = format!("`{name}` is about the household and rests on who counts, which is decided here");
        source.mistake(text.offset(0), "SCOPE_WRONG", message);
        return None;
    }
    Some(formula)
}

/// Compiles it: before the steps, since every step rests on who counts.
pub(super) fn compile(
    source: &mut Source<'_>,
    checker: &mut Checker,
    raw: RawComposition,
    assumptions: &mut Vec<Text>,
) -> Composition {
    let rule = |name: &str, zh: &str, en: &str| Rule {
        name: name.into(),
        title: Text {
            zh: zh.into(),
            en: en.into(),
        },
        law: raw.law.as_str().into(),
        assumption: raw.assumption.is_some(),
    };
    let mut condition = |text: &Option<FormulaText>, rule: Rule| {
        let formula = member_condition(source, checker, text.as_ref()?)?;
        Some((rule, formula))
    };
    let counts = condition(
        &raw.counts,
        rule(
            "counts",
            "计入共同生活的家庭成员",
            "counts as a member of the household",
        ),
    );
    let alone = condition(&raw.alone, rule("alone", "单独提出申请", "is judged alone"));
    assumptions.extend(raw.assumption);
    let mut uses = Vec::new();
    for (_, formula) in counts.iter().chain(&alone) {
        formula.code.places(&mut |scope, place| uses.push((scope, place)));
    }
    uses.sort_unstable();
    uses.dedup();
    Composition { counts, alone, uses }
}
