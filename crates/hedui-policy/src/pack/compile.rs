//! From the text of a pack file to a compiled pack, or to all of its mistakes.
//! Leaves reading items to `read` and formulas to `check`.

use hedui_core::household::Residence;
use hedui_core::names::ProgrammeId;
use hedui_core::record::RecordType;
use hedui_core::verdict::{PackRef, Per, Text};
use hedui_ids::DivisionCode;
use toml::de::{DeTable, DeValue};

use super::check::{Checker, Type};
use super::read::{self, Names, RawAmount, RawBand, RawRule, RawStep, RawTest};
use super::source::{FormulaText, Section, Source};
use super::{AmountRule, Band, Head, MAX_PACK_BYTES, Pack, Step, Test};
use crate::mistake::Mistakes;
use crate::program::{Filling, Formula, Place, Scope};
use crate::unit::Unit;

/// Compiles the text of a pack file.
pub(super) fn compile(file: &str, text: &str) -> Result<Pack, Mistakes> {
    let mut source = Source::new(file, text);
    if text.len() > MAX_PACK_BYTES {
        source.mistake(0, "LIMIT", format!("a pack file has at most {MAX_PACK_BYTES} bytes"));
        return Err(source.into_mistakes());
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        source.mistake(at, "TOML_SYNTAX", error.message().to_owned());
    }
    if !errors.is_empty() {
        return Err(source.into_mistakes());
    }
    let mut root = Section::new(document.get_ref(), "the pack", 0);
    let pack = items(&mut source, &mut root);
    root.end(&mut source);
    match pack {
        Some(pack) if source.mistakes.is_empty() => Ok(pack),
        _ => Err(source.into_mistakes()),
    }
}

fn items<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Option<Pack> {
    let head = head(source, root);
    let mut names = Names::in_formulas();
    let mut assumptions = general_assumptions(source, root);
    let windows = read::windows(source, root);
    let parameters = read::parameters(source, root, &mut names);
    let tables = read::tables(source, root, &mut names);
    let steps = read::steps(source, root, &mut names);
    let tests = read::tests(source, root);
    let bands = read::bands(source, root);
    let amount = read::amount(source, root);
    if tests.is_empty() && bands.is_empty() {
        source.mistake(0, "KEY_MISSING", "a pack has at least one [[test]] or [[band]]");
    }
    let mut checker = Checker::default();
    checker.windows = windows;
    checker.broken = names.broken;
    checker.later = steps.iter().map(|s| s.head.rule.name.clone()).collect();
    let mut fixed = Vec::new();
    for parameter in parameters {
        assumptions.extend(parameter.head.assumption.clone());
        fixed.push((parameter.head.rule.name.clone(), parameter.head.at));
        let filling = match parameter.periods {
            periods if periods.is_empty() => Filling::Fixed(parameter.value),
            periods => Filling::Dated(parameter.value, periods),
        };
        let place = place(&parameter.head, parameter.unit.to_string(), filling);
        checker.define(Scope::Household, place, Type::Number(parameter.unit));
    }
    let mut compiled_tables = Vec::new();
    for (table_head, unit, table) in tables {
        assumptions.extend(table_head.assumption.clone());
        fixed.push((table_head.rule.name.clone(), table_head.at));
        let by_disability = matches!(table.rows, crate::program::Rows::Disability(_));
        let place = place(&table_head, unit.to_string(), Filling::Table(compiled_tables.len()));
        checker.define(Scope::Member, place, Type::Number(unit));
        if by_disability {
            checker
                .needed
                .entry(RecordType::Disability)
                .or_insert("a table by disability");
        }
        compiled_tables.push(table);
    }
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
    Some(Pack {
        head,
        household: checker.household,
        member: checker.member,
        tables: compiled_tables,
        steps,
        tests,
        bands,
        amount,
        assumptions,
    })
}

fn place(head: &RawRule, unit: String, filling: Filling) -> Place {
    Place {
        name: head.rule.name.clone(),
        title: head.rule.title.clone(),
        unit,
        law: head.rule.law.clone(),
        assumption: head.rule.assumption,
        filling,
    }
}

fn head<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Option<Head> {
    let Some(mut pack) = root.opt_section(source, "pack") else {
        source.mistake(0, "KEY_MISSING", "the file has no [pack]");
        return None;
    };
    let id = identifier(source, &mut pack, "id");
    let version = pack.text(source, "version");
    let programme = identifier(source, &mut pack, "programme");
    let jurisdiction = pack.text(source, "jurisdiction");
    let residence = residence(source, &mut pack);
    let variant = pack
        .take("variant")
        .is_some()
        .then(|| identifier(source, &mut pack, "variant"));
    let title = pack.title(source, "title");
    let valid_from = pack.date(source, "valid_from");
    let valid_to = pack.opt_date(source, "valid_to");
    let law = pack.text(source, "reference");
    let needs = needs(source, &mut pack);
    pack.end(source);
    if let (Some(from), Some(to)) = (&valid_from, &valid_to)
        && to.value < from.value
    {
        source.mistake(to.at, "PERIOD_REVERSED", "the pack ends before it begins");
    }
    let jurisdiction = jurisdiction?;
    let Some(code) = DivisionCode::parse(&jurisdiction.value) else {
        let message = "jurisdiction is six digits of GB/T 2260, or 000000 for the nation";
        source.mistake(jurisdiction.at, "VALUE_INVALID", message);
        return None;
    };
    let digest = blake3::hash(source.text.as_bytes()).to_hex().to_string();
    let valid_from = valid_from?;
    Some(Head {
        file: source.file.to_owned(),
        at: source.position(valid_from.at),
        reference: PackRef {
            id: id?,
            version: version?.value,
            digest,
        },
        programme: ProgrammeId::new(&programme?).ok()?,
        jurisdiction: code,
        jurisdiction_text: jurisdiction.value,
        residence: residence?,
        variant: variant.map_or(Some(None), |v| v.map(Some))?,
        title: title?,
        valid_from: valid_from.value,
        valid_to: valid_to.map(|d| d.value),
        law: law?.value,
        needs: needs?,
    })
}

/// An id: lower-case letters, digits, hyphens.
fn identifier(source: &mut Source<'_>, section: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = section.text(source, key)?;
    match ProgrammeId::new(&text.value) {
        Ok(id) => Some(id.as_str().to_owned()),
        Err(error) => {
            source.mistake(text.at, "NAME_INVALID", format!("`{key}`: {error}"));
            None
        }
    }
}

/// Outer `None` for a mistake.
fn residence(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Option<Residence>> {
    if section.take("residence").is_none() {
        return Some(None);
    }
    let text = section.opt_text(source, "residence")?;
    match text.value.as_str() {
        "urban" => Some(Some(Residence::Urban)),
        "rural" => Some(Some(Residence::Rural)),
        _ => {
            source.mistake(
                text.at,
                "VALUE_INVALID",
                "residence is urban or rural; leave it out for both",
            );
            None
        }
    }
}

/// Record types; all where the key is left out.
fn needs(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Vec<RecordType>> {
    let Some(value) = section.take("needs") else {
        return Some(RecordType::ALL.to_vec());
    };
    let words = match value.get_ref() {
        DeValue::Array(words) => words,
        _ => {
            source.mistake(value.span().start, "TYPE_WRONG", "`needs` is a list of record types");
            return None;
        }
    };
    let mut found = Vec::new();
    for word in words.iter() {
        match word.get_ref().as_str().and_then(RecordType::from_word) {
            Some(of) => found.push(of),
            None => {
                let hint = word
                    .get_ref()
                    .as_str()
                    .and_then(|w| crate::hint::nearest(w, RecordType::ALL.iter().map(|t| t.word())));
                source.mistake_with(word.span().start, "VALUE_INVALID", "not a type of record", hint);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// Every fact that a formula uses must be asked for, or it would stay open for ever.
fn check_needs(source: &mut Source<'_>, head: &Head, checker: &Checker) {
    for (of, word) in &checker.needed {
        if !head.needs.contains(of) {
            let message = format!("`{word}` rests on {} records, which `needs` leaves out", of.word());
            source.mistake(0, "NEEDS_MISSING", message);
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
            zh: zh.value,
            en: en.value,
        }));
    }
    found
}

fn step(source: &mut Source<'_>, checker: &mut Checker, raw: RawStep, assumptions: &mut Vec<Text>) -> Option<Step> {
    assumptions.extend(raw.head.assumption.clone());
    let compiled = checker.formula(source, &raw.formula, raw.scope, raw.round);
    let name = &raw.head.rule.name;
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
    checker.later.remove(name);
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
        unit: unit.to_string(),
        formula,
        round: raw.round,
    })
}

fn fits(wanted: Type, found: Type) -> bool {
    wanted == found || (found == Type::Zero && wanted != Type::Condition)
}

fn unit_mistake(source: &mut Source<'_>, formula: &FormulaText, what: &str, wanted: Type, found: Type) {
    let (reason, hint) = match (wanted, found) {
        (Type::Number(a), Type::Number(b)) => ("UNIT_MISMATCH", a.conversion_hint(b).map(str::to_owned)),
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
