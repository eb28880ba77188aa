//! `[support]`: what support is imputed to a household, by a formula for each relative who owes it.
//! Leaves running it to the evaluation.

use hedui_core::household::Relation;
use hedui_core::verdict::Text;

use super::check::{Checker, Type};
use super::compile::{fits, unit_mistake};
use super::read::law;
use super::source::{FormulaText, Section, Source};
use super::{Rule, Support};
use crate::program::{Filling, Place, Scope, SupporterWord};
use crate::unit::Unit;
use crate::vocabulary::IMPUTED_SUPPORT;

/// The section as it stands in the file.
pub(super) struct RawSupport {
    formula: FormulaText,
    law: String,
    assumption: Option<Text>,
}

/// Reads `[support]`.
pub(super) fn read<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Option<RawSupport> {
    let mut section = root.opt_section(source, "support")?;
    let (law, assumption) = law(source, &mut section);
    let formula = section.formula(source, "formula");
    section.end(source);
    Some(RawSupport {
        formula: formula?,
        law,
        assumption,
    })
}

/// Compiles it, before the steps that use its sum.
pub(super) fn compile(
    source: &mut Source<'_>,
    checker: &mut Checker,
    raw: RawSupport,
    assumptions: &mut Vec<Text>,
) -> Option<Support> {
    checker.in_support = true;
    let compiled = checker.formula(source, &raw.formula, Scope::Household, None);
    checker.in_support = false;
    let rule = Rule {
        name: "support".into(),
        title: Text {
            zh: "推定赡养、抚养、扶养费".into(),
            en: "support imputed to a relative".into(),
        },
        law: raw.law.into(),
        assumption: raw.assumption.is_some(),
    };
    assumptions.extend(raw.assumption);
    let sum = Place {
        name: IMPUTED_SUPPORT.0.into(),
        title: Text {
            zh: IMPUTED_SUPPORT.1.into(),
            en: IMPUTED_SUPPORT.2.into(),
        },
        unit: Unit::YUAN_PER_MONTH.to_string().into(),
        law: rule.law.clone(),
        assumption: rule.assumption,
        filling: Filling::Step,
    };
    // Known even where the formula is wrong: one mistake, not a chain of them.
    let place = checker.define(Scope::Household, sum, Type::Number(Unit::YUAN_PER_MONTH));
    let (formula, found) = compiled?;
    if !fits(Type::Number(Unit::YUAN_PER_MONTH), found) {
        unit_mistake(
            source,
            &raw.formula,
            "imputed support",
            Type::Number(Unit::YUAN_PER_MONTH),
            found,
        );
        return None;
    }
    let of_supporter = |place: &Place| match place.filling {
        Filling::Supporter(word) => Some(word),
        _ => None,
    };
    let places = checker.household.iter().enumerate();
    let uses = places
        .filter_map(|(i, place)| of_supporter(place).map(|word| (i, word)))
        .collect();
    Some(Support {
        rule,
        formula,
        uses,
        place,
    })
}

/// What of a supporter a name means, with its titles and its unit.
pub(super) fn word(name: &str) -> Option<(SupporterWord, (&'static str, &'static str), Option<Unit>)> {
    let of = |relation| SupporterWord::Is(relation);
    Some(match name.strip_prefix("supporter.")? {
        "income" => (
            SupporterWord::Income,
            ("赡养人家庭月净收入", "net income of the supporter's household a month"),
            Some(Unit::YUAN_PER_MONTH),
        ),
        "persons" => (
            SupporterWord::Persons,
            ("赡养人家庭人口", "members of the supporter's household"),
            Some(Unit::PERSONS),
        ),
        "able" => (SupporterWord::Able, ("有赡养能力", "able to support"), None),
        "spouse" => (of(Relation::Spouse), ("配偶", "the spouse"), None),
        "child" => (of(Relation::Child), ("子女", "a child"), None),
        "parent" => (of(Relation::Parent), ("父母", "a parent"), None),
        "grandparent" => (of(Relation::Grandparent), ("祖父母、外祖父母", "a grandparent"), None),
        "grandchild" => (of(Relation::Grandchild), ("孙子女、外孙子女", "a grandchild"), None),
        "sibling" => (of(Relation::Sibling), ("兄弟姐妹", "a brother or sister"), None),
        "other" => (of(Relation::Other), ("其他义务人", "another relative"), None),
        _ => return None,
    })
}
