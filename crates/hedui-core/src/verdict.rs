//! Verdicts: three outcomes on bounds, with the tests, the amount and the trace that a clerk can follow.
//! Leaves evaluation to `hedui-policy`; here are the shapes and the rule that combines tests.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::dates::Date;
use crate::names::{DepartmentId, ProgrammeId};
use crate::part::Part;

#[cfg(test)]
mod tests;

/// What the evidence allows to say. Advice to the person who decides, never a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Holds whatever the missing departments would say.
    Qualifies,
    /// The known part alone exceeds a limit.
    Exceeds,
    /// Missing departments or open findings could change it.
    Inconclusive,
}

/// Whether a condition holds, on bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// For every possible value.
    Holds,
    /// For no possible value.
    Fails,
    /// For some.
    Open,
}

/// The same text in the two languages of reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Chinese.
    pub zh: SmolStr,
    /// English.
    pub en: SmolStr,
}

impl Text {
    /// Texts that never change.
    pub const fn fixed(zh: &'static str, en: &'static str) -> Text {
        Text {
            zh: SmolStr::new_static(zh),
            en: SmolStr::new_static(en),
        }
    }
}

/// The pack that judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackRef {
    /// Id of the pack, for example `dibao-dachuan-urban`.
    pub id: SmolStr,
    /// Its version.
    pub version: SmolStr,
    /// BLAKE3 of the pack file, hexadecimal.
    pub digest: SmolStr,
}

/// One condition of a programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// Name in the pack.
    pub name: SmolStr,
    /// For people.
    pub title: Text,
    /// Whether it holds.
    pub result: Truth,
    /// The formula as written.
    pub formula: SmolStr,
    /// The formula with its numbers.
    pub numbers: SmolStr,
    /// Law or paper.
    pub reference: SmolStr,
    /// Whether it is the pack's own assumption where the source leaves it open.
    pub assumption: bool,
    /// Departments that could change it, sorted.
    pub missing: Vec<DepartmentId>,
    /// Findings that could change it, sorted.
    pub open: Vec<SmolStr>,
}

/// One step of the calculation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceStep {
    /// Name in the pack, for example `per_capita_income`.
    pub name: SmolStr,
    /// For people.
    pub title: Text,
    /// Position of the member, for a step made once per member.
    pub subject: Option<u32>,
    /// The formula as written.
    pub formula: SmolStr,
    /// The formula with its numbers.
    pub numbers: SmolStr,
    /// The value: a decimal or fraction, `[lo, hi]` where open, with `inf` for no bound.
    pub value: SmolStr,
    /// Unit, for example `yuan/person/month`.
    pub unit: SmolStr,
    /// Law or paper.
    pub reference: SmolStr,
    /// Whether it is the pack's own assumption.
    pub assumption: bool,
    /// Records behind it, where it is a figure from records.
    #[serde(with = "crate::part::sealed")]
    pub parts: Vec<Part>,
    /// Departments that leave it open, sorted.
    pub missing: Vec<DepartmentId>,
}

/// For what time an amount is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Once.
    Once,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// What the household would be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Least, in fen; never negative.
    pub lo: i64,
    /// Most, in fen; `None` where unbounded.
    pub hi: Option<i64>,
    /// For what time.
    pub per: Per,
}

/// The verdict of one pack on one household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The programme.
    pub programme: ProgrammeId,
    /// Name of the programme as the pack has it.
    pub title: Text,
    /// The pack.
    pub pack: PackRef,
    /// GB/T 2260 code of the jurisdiction.
    pub jurisdiction: SmolStr,
    /// The date that it is about.
    pub as_of: Date,
    /// What the evidence allows to say.
    pub outcome: Outcome,
    /// The band that the household falls into, for example `low-income`, where the pack has bands and it is settled.
    pub band: Option<SmolStr>,
    /// The amount, where the pack has one and the outcome is not `Exceeds`.
    pub amount: Option<Amount>,
    /// The conditions.
    pub tests: Vec<TestResult>,
    /// The calculation.
    pub trace: Vec<TraceStep>,
    /// Departments that could change the outcome, sorted.
    pub undecided_by: Vec<DepartmentId>,
    /// Findings that could change the outcome: codes, sorted.
    pub undecided_because: Vec<SmolStr>,
    /// What the pack assumes where its sources are silent.
    pub assumptions: Vec<Text>,
}

impl Verdict {
    /// The verdict without its conditions, calculation and assumptions: what most callers want to know.
    #[must_use]
    pub fn brief(&self) -> Verdict {
        Verdict {
            programme: self.programme.clone(),
            title: self.title.clone(),
            pack: self.pack.clone(),
            jurisdiction: self.jurisdiction.clone(),
            as_of: self.as_of,
            outcome: self.outcome,
            band: self.band.clone(),
            amount: self.amount.clone(),
            tests: Vec::new(),
            trace: Vec::new(),
            undecided_by: self.undecided_by.clone(),
            undecided_because: self.undecided_because.clone(),
            assumptions: Vec::new(),
        }
    }
}

impl Outcome {
    /// Combines the conditions: one that fails whatever is missing exceeds; all that hold whatever is missing qualify, unless
    /// a finding leaves open who or what is being judged; anything else is inconclusive. Where nothing was tested nothing is proven.
    pub fn of(tests: impl IntoIterator<Item = Truth>, composition_is_open: bool) -> Outcome {
        let (mut all_hold, mut any) = (true, false);
        for truth in tests {
            any = true;
            match truth {
                Truth::Fails => return Outcome::Exceeds,
                Truth::Open => all_hold = false,
                Truth::Holds => {}
            }
        }
        if any && all_hold && !composition_is_open {
            Outcome::Qualifies
        } else {
            Outcome::Inconclusive
        }
    }
}
