//! Verdicts in JSON, with their conditions and calculation.
//! Leaves the report to `report.rs`.

use hedui_proto::verification as wire;
use serde::Serialize;

use super::super::values;
use super::report::{Part, part};
use super::word;

/// A verdict.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    programme: String,
    title_zh: String,
    title_en: String,
    pack: String,
    pack_version: String,
    pack_digest: String,
    jurisdiction: String,
    as_of: Option<String>,
    /// `QUALIFIES`, `EXCEEDS`, `INCONCLUSIVE`.
    outcome: String,
    band: String,
    /// Yuan, decimal string; `null` where there is no amount or no bound.
    amount_least: Option<String>,
    amount_most: Option<String>,
    /// `ONCE`, `MONTH`, `YEAR`; `null` where there is no amount.
    amount_period: Option<String>,
    tests: Vec<Test>,
    trace: Vec<TraceStep>,
    undecided_by: Vec<String>,
    undecided_because: Vec<String>,
    assumptions: Vec<Assumption>,
}

#[derive(Debug, Serialize)]
struct Test {
    name: String,
    title_zh: String,
    title_en: String,
    /// `HOLDS`, `FAILS`, `OPEN`.
    result: String,
    formula: String,
    numbers: String,
    reference: String,
    assumption: bool,
    missing: Vec<String>,
    open: Vec<String>,
}

#[derive(Debug, Serialize)]
struct TraceStep {
    name: String,
    title_zh: String,
    title_en: String,
    subject: Option<u32>,
    formula: String,
    numbers: String,
    value: String,
    unit: String,
    reference: String,
    assumption: bool,
    parts: Vec<Part>,
    missing: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Assumption {
    zh: String,
    en: String,
}

/// A verdict.
pub(super) fn verdict(v: &wire::Verdict) -> Verdict {
    Verdict {
        programme: v.programme.clone(),
        title_zh: v.title_zh.clone(),
        title_en: v.title_en.clone(),
        pack: v.pack.clone(),
        pack_version: v.pack_version.clone(),
        pack_digest: v.pack_digest.clone(),
        jurisdiction: v.jurisdiction.clone(),
        as_of: v.as_of.as_ref().map(values::date),
        outcome: word(v.outcome().as_str_name(), "OUTCOME_"),
        band: v.band.clone(),
        amount_least: v.amount_least.as_ref().map(values::yuan),
        amount_most: v.amount_most.as_ref().map(values::yuan),
        amount_period: v
            .amount_least
            .as_ref()
            .map(|_| word(v.amount_period().as_str_name(), "AMOUNT_PERIOD_")),
        tests: v.tests.iter().map(test).collect(),
        trace: v.trace.iter().map(step).collect(),
        undecided_by: v.undecided_by.clone(),
        undecided_because: v.undecided_because.clone(),
        assumptions: v.assumptions.iter().map(assumption).collect(),
    }
}

fn test(t: &wire::Test) -> Test {
    Test {
        name: t.name.clone(),
        title_zh: t.title_zh.clone(),
        title_en: t.title_en.clone(),
        result: word(t.result().as_str_name(), "TRUTH_"),
        formula: t.formula.clone(),
        numbers: t.numbers.clone(),
        reference: t.reference.clone(),
        assumption: t.assumption,
        missing: t.missing.clone(),
        open: t.open.clone(),
    }
}

fn step(s: &wire::TraceStep) -> TraceStep {
    TraceStep {
        name: s.name.clone(),
        title_zh: s.title_zh.clone(),
        title_en: s.title_en.clone(),
        subject: s.subject,
        formula: s.formula.clone(),
        numbers: s.numbers.clone(),
        value: s.value.clone(),
        unit: s.unit.clone(),
        reference: s.reference.clone(),
        assumption: s.assumption,
        parts: s.parts.iter().map(|p| part(p, "")).collect(),
        missing: s.missing.clone(),
    }
}

fn assumption(a: &wire::Assumption) -> Assumption {
    Assumption {
        zh: a.zh.clone(),
        en: a.en.clone(),
    }
}
