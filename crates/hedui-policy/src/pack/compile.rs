//! From the text of a pack file to a compiled pack, or to all of its mistakes.
//! Leaves reading items to `read` and formulas to `check`.

use hedui_core::record::RecordType;
use hedui_core::verdict::{Per, Text};

use super::check::{Checker, Type};
use super::read::{self, Names, RawAmount, RawBand, RawParameter, RawRule, RawStep, RawTest};
use super::source::{FormulaText, Section, Source, parse};
use super::{AmountRule, Band, Head, Pack, Step, Test, cases, composition, head, support, values};
use crate::formula;
use crate::mistake::Mistakes;
use crate::program::{Filling, Formula, Place, Rows, Scope, Table};
use crate::unit::Unit;

/// Compiles the text of a pack file.
pub(super) fn compile(file: &str, text: &str) -> Result<Pack, Mistakes> {
    parse(file, text, "the pack", items)
}

fn items<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Option<Pack> {
    let head = head::read(source, root);
    let mut names = Names::in_formulas();
    let mut assumptions = general_assumptions(source, root);
    let windows = values::windows(source, root);
    let composition = composition::read(source, root);
    let support = support::read(source, root);
    let parameters = read::parameters(source, root, &mut names);
    let tables = read::tables(source, root, &mut names);
    let steps = read::steps(source, root, &mut names);
    let tests = read::tests(source, root);
    let bands = read::bands(source, root);
    let amount = read::amount(source, root);
    let cases = cases::read(source, root);
    if root.take("test").is_none() && root.take("band").is_none() {
        source.mistake(0, "KEY_MISSING", "a pack has at least one [[test]] or [[band]]");
    }
    let mut checker = Checker::new(windows, steps.iter().map(uses).collect(), names.broken);
    let mut fixed = define_parameters(&mut checker, parameters, &mut assumptions);
    let (compiled_tables, table_names) = define_tables(&mut checker, tables, &mut assumptions);
    fixed.extend(table_names);
    let composition = composition.map(|raw| composition::compile(source, &mut checker, raw, &mut assumptions));
    let support = support.and_then(|raw| support::compile(source, &mut checker, raw, &mut assumptions));
    let steps = steps
        .into_iter()
        .filter_map(|s| step(source, &mut checker, s, &mut assumptions))
        .collect();
    let tests = tests
        .into_iter()
        .filter_map(|t| test(source, &mut checker, t, &mut assumptions))
        .collect();
    let bands = bands
        .into_iter()
        .filter_map(|b| band(source, &mut checker, b, &mut assumptions))
        .collect();
    let amount = amount.and_then(|a| amount_rule(source, &mut checker, a, &mut assumptions));
    // Where something could not be read, what would have used a name may be missing.
    let readable = source.mistakes.is_empty();
    for (name, at) in fixed {
        if readable && !checker.used.contains(&name) {
            source.mistake(
                at,
                "UNUSED",
                format!("no formula uses `{name}`; a rule that is not applied misleads its reader"),
            );
        }
    }
    let head = head?;
    check_needs(source, &head, &checker);
    let mut pack = Pack {
        head,
        household: checker.household,
        member: checker.member,
        tables: compiled_tables,
        composition,
        support,
        steps,
        tests,
        bands,
        amount,
        assumptions,
        cases: Vec::new(),
    };
    // What a case may say follows from what formulas read.
    if source.mistakes.is_empty() {
        pack.cases = cases::resolve(source, cases, &pack);
    }
    Some(pack)
}

/// Names with where they are defined, so that unused ones can be told.
type Defined = Vec<(String, usize)>;

fn define_parameters(checker: &mut Checker, parameters: Vec<RawParameter>, assumptions: &mut Vec<Text>) -> Defined {
    let mut defined = Vec::new();
    for parameter in parameters {
        assumptions.extend(parameter.head.assumption.clone());
        defined.push((parameter.head.rule.name.to_string(), parameter.head.at));
        let filling = match parameter.periods {
            periods if periods.is_empty() => Filling::Fixed(parameter.value),
            periods => Filling::Dated(parameter.value, periods),
        };
        let place = place(&parameter.head, parameter.unit.to_string(), filling);
        checker.define(Scope::Household, place, Type::Number(parameter.unit));
    }
    defined
}

fn define_tables(
    checker: &mut Checker,
    tables: Vec<(RawRule, Unit, Table)>,
    assumptions: &mut Vec<Text>,
) -> (Vec<Table>, Defined) {
    let (mut compiled, mut defined) = (Vec::new(), Vec::new());
    for (head, unit, table) in tables {
        assumptions.extend(head.assumption.clone());
        defined.push((head.rule.name.to_string(), head.at));
        let place = place(&head, unit.to_string(), Filling::Table(compiled.len()));
        checker.define(Scope::Member, place, Type::Number(unit));
        if matches!(table.rows, Rows::Disability(_)) {
            checker
                .needed
                .entry(RecordType::Disability)
                .or_insert("a table by disability");
        }
        compiled.push(table);
    }
    (compiled, defined)
}

fn place(head: &RawRule, unit: String, filling: Filling) -> Place {
    Place {
        name: head.rule.name.clone(),
        title: head.rule.title.clone(),
        unit: unit.into(),
        law: head.rule.law.clone(),
        assumption: head.rule.assumption,
        filling,
    }
}

/// Every fact that a formula uses must be asked for, or it would stay open for ever.
fn check_needs(source: &mut Source<'_>, head: &Head, checker: &Checker) {
    for (of, word) in &checker.needed {
        if !head.needs.contains(of) {
            let message = format!("`{word}` rests on {} records, which `needs` leaves out", of.word());
            source.mistake(head.needs_at, "NEEDS_MISSING", message);
        }
    }
}

/// `[[assumption]]`: what concerns the pack as a whole.
fn general_assumptions<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Vec<Text> {
    let mut found = Vec::new();
    for mut section in root.sections(source, "assumption", "an assumption") {
        let (zh, en) = (section.text(source, "zh"), section.text(source, "en"));
        section.end(source);
        found.extend(zh.zip(en).map(|(zh, en)| Text {
            zh: zh.value.into(),
            en: en.value.into(),
        }));
    }
    found
}

/// A step and the names that its formula uses; none where it cannot be read, which is a mistake of its own.
fn uses(step: &RawStep) -> (String, Vec<String>) {
    let node = formula::parse(&step.formula.text);
    let names = node.map_or_else(
        |_| Vec::new(),
        |node| node.names().into_iter().map(str::to_owned).collect(),
    );
    (step.head.rule.name.to_string(), names)
}

fn step(source: &mut Source<'_>, checker: &mut Checker, raw: RawStep, assumptions: &mut Vec<Text>) -> Option<Step> {
    assumptions.extend(raw.head.assumption.clone());
    let name = &raw.head.rule.name;
    checker.now = Some(name.to_string());
    let compiled = checker.formula(source, &raw.formula, raw.scope, raw.round);
    checker.now = None;
    let wanted = raw.unit.map_or(Type::Condition, Type::Number);
    if let Some((_, found)) = &compiled
        && !fits(wanted, *found)
    {
        unit_mistake(source, &raw.formula, &format!("`{name}`"), wanted, *found);
    }
    if let (Some(_), None) = (raw.round, raw.unit) {
        source.mistake(
            raw.head.at,
            "NUMBER_EXPECTED",
            format!("`{name}` is a condition; there is nothing to round"),
        );
    }
    // Defined with the unit it promises even where its formula is wrong: one mistake, not a chain of them.
    checker.later.remove(name.as_str());
    let unit = raw
        .unit
        .map_or_else(|| "condition".into(), |unit: Unit| unit.to_string());
    let place = checker.define(raw.scope, place(&raw.head, unit, Filling::Step), wanted);
    Some(Step {
        scope: raw.scope,
        place,
        formula: compiled?.0,
        round: raw.round,
    })
}

/// A formula about the household that must be a condition.
fn condition(source: &mut Source<'_>, checker: &mut Checker, text: &FormulaText, what: &str) -> Option<Formula> {
    let (formula, found) = checker.formula(source, text, Scope::Household, None)?;
    if found != Type::Condition {
        source.mistake(
            text.offset(0),
            "CONDITION_EXPECTED",
            format!("{what} is a condition, for example a comparison"),
        );
    }
    Some(formula)
}

fn test(source: &mut Source<'_>, checker: &mut Checker, raw: RawTest, assumptions: &mut Vec<Text>) -> Option<Test> {
    assumptions.extend(raw.head.assumption);
    let formula = condition(source, checker, &raw.formula, "a test")?;
    Some(Test {
        rule: raw.head.rule,
        kind: raw.kind,
        formula,
    })
}

fn band(source: &mut Source<'_>, checker: &mut Checker, raw: RawBand, assumptions: &mut Vec<Text>) -> Option<Band> {
    assumptions.extend(raw.head.assumption);
    let formula = condition(source, checker, &raw.formula, "a band")?;
    Some(Band {
        rule: raw.head.rule,
        formula,
        qualifies: raw.qualifies,
    })
}

fn amount_rule(
    source: &mut Source<'_>,
    checker: &mut Checker,
    raw: RawAmount,
    assumptions: &mut Vec<Text>,
) -> Option<AmountRule> {
    assumptions.extend(raw.head.assumption);
    let unit = match raw.per {
        Per::Month => Unit::YUAN_PER_MONTH,
        Per::Year => Unit::YUAN_PER_YEAR,
        Per::Once => Unit::YUAN,
    };
    let (formula, found) = checker.formula(source, &raw.formula, Scope::Household, Some(raw.round))?;
    if !fits(Type::Number(unit), found) {
        unit_mistake(source, &raw.formula, "the amount", Type::Number(unit), found);
    }
    Some(AmountRule {
        rule: raw.head.rule,
        per: raw.per,
        unit: unit.to_string().into(),
        formula,
        round: raw.round,
    })
}

pub(super) fn fits(wanted: Type, found: Type) -> bool {
    wanted == found || (found == Type::Zero && wanted != Type::Condition)
}

/// A formula that gives another unit than what it is for.
pub(super) fn unit_mistake(source: &mut Source<'_>, formula: &FormulaText, what: &str, wanted: Type, found: Type) {
    let (reason, hint) = match (wanted, found) {
        (Type::Number(a), Type::Number(b)) => ("UNIT_MISMATCH", a.conversion_hint(b)),
        (Type::Condition, _) => ("CONDITION_EXPECTED", None),
        _ => ("NUMBER_EXPECTED", None),
    };
    let describe = |of: Type| match of {
        Type::Number(unit) => unit.to_string(),
        Type::Zero => "zero".into(),
        Type::Condition => "a condition".into(),
    };
    let message = format!(
        "{what} is in {}, but its formula gives {}",
        describe(wanted),
        describe(found)
    );
    source.mistake_with(formula.offset(0), reason, message, hint);
}
