//! The cases that packs carry: judged as any household is, by formulas, windows' units and rounding, and compared with what is written beside them.
//! Leaves reading them to `pack`; how records add up to figures is not tried here.

use hedui_core::dates::Date;
use hedui_core::facts::Facts;
use hedui_core::household::Household;
use hedui_core::names::DepartmentId;
use hedui_core::verdict::{Amount, Outcome, Text, Truth, Verdict};
use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use crate::evaluate::{Given, Input};
use crate::interval::Interval;
use crate::pack::Pack;
use crate::ratio::Ratio;
use crate::value::Value;

#[cfg(test)]
mod tests;

/// Wages are compared by no tolerance where no register speaks.
const WAGE_PERCENT: u8 = 0;

/// A household written down in a pack, and what must come out of it.
#[derive(Clone, Debug)]
pub struct PackCase {
    pub(crate) name: SmolStr,
    pub(crate) title: Text,
    pub(crate) as_of: Date,
    pub(crate) household: Household,
    pub(crate) given: Given,
    pub(crate) expect: Expect,
}

/// What must come out; what is left out is not looked at.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    pub outcome: Outcome,
    pub band: Option<SmolStr>,
    /// In yuan.
    pub amount: Option<Interval>,
    pub steps: Vec<Expected>,
    /// All tests that fail, sorted.
    pub fails: Option<Vec<SmolStr>>,
    /// All tests that are open, sorted.
    pub open: Option<Vec<SmolStr>>,
    pub departments: Option<Vec<DepartmentId>>,
}

/// What a step must come to, by member or of the household; `None` for a member who does not count.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub name: SmolStr,
    pub values: Vec<(Option<u32>, Option<Value>)>,
}

/// Something that came out otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `outcome`, `band`, `amount`, `fails`, `open`, `departments`, or the name of a step, with the number of its member: `wage of member 2`.
    pub what: SmolStr,
    /// As it is written beside the case.
    pub expected: SmolStr,
    /// As it came out.
    pub found: SmolStr,
}

/// A case that was judged.
#[derive(Clone, Debug)]
pub struct CaseResult<'p> {
    /// Name of the case.
    pub name: &'p str,
    /// Title of the case.
    pub title: &'p Text,
    /// What came out otherwise; nothing where the case passes.
    pub differences: Vec<Difference>,
    /// The verdict, with its trace.
    pub verdict: Verdict,
}

impl CaseResult<'_> {
    /// Whether all came out as written.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Pack {
    /// Judges the cases of the pack, in the order of the file.
    pub fn run_cases(&self) -> impl Iterator<Item = CaseResult<'_>> {
        self.cases.iter().map(|case| {
            let verdict = case.judge(self);
            CaseResult {
                name: &case.name,
                title: &case.title,
                differences: case.expect.differences(&verdict),
                verdict,
            }
        })
    }
}

impl PackCase {
    fn judge(&self, pack: &Pack) -> Verdict {
        // No department is there: what registers say is given.
        let facts = Facts::new(&self.household, self.as_of, &[], WAGE_PERCENT);
        let input = Input {
            facts: &facts,
            given: Some(&self.given),
        };
        pack.evaluate_input(input, &[])
    }
}

impl Expect {
    fn differences(&self, verdict: &Verdict) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut compare = |what: SmolStr, expected: SmolStr, came: SmolStr| {
            if expected != came {
                let found_is = came;
                found.push(Difference {
                    what,
                    expected,
                    found: found_is,
                });
            }
        };
        let named = SmolStr::new_static;
        compare(named("outcome"), word(self.outcome), word(verdict.outcome));
        if let Some(band) = &self.band {
            let came = verdict.band.clone().unwrap_or(named("none"));
            compare(named("band"), band.clone(), came);
        }
        for step in &self.steps {
            for (subject, value) in &step.values {
                let line = verdict
                    .trace
                    .iter()
                    .find(|l| l.name == step.name && l.subject == *subject);
                let what = match subject {
                    Some(ordinal) => format_smolstr!("{} of member {}", step.name, ordinal + 1),
                    None => step.name.clone(),
                };
                let expected = value.map_or(named("away"), Value::written);
                compare(what, expected, line.map_or(named("away"), |l| l.value.clone()));
            }
        }
        if let Some(amount) = self.amount {
            let came = verdict.amount.as_ref().map_or(named("none"), yuan);
            compare(named("amount"), Value::Number(amount).written(), came);
        }
        let of = |truth| {
            let tests = verdict.tests.iter().filter(|test| test.result == truth);
            let mut names: Vec<SmolStr> = tests.map(|test| test.name.clone()).collect();
            names.sort();
            names
        };
        if let Some(fails) = &self.fails {
            compare(named("fails"), listed(fails), listed(&of(Truth::Fails)));
        }
        if let Some(open) = &self.open {
            compare(named("open"), listed(open), listed(&of(Truth::Open)));
        }
        if let Some(departments) = &self.departments {
            let names = |list: &[DepartmentId]| listed(&list.iter().map(|id| id.as_str()).collect::<Vec<_>>());
            compare(named("departments"), names(departments), names(&verdict.undecided_by));
        }
        found
    }
}

fn word(outcome: Outcome) -> SmolStr {
    SmolStr::new_static(match outcome {
        Outcome::Qualifies => "qualifies",
        Outcome::Exceeds => "exceeds",
        Outcome::Inconclusive => "inconclusive",
    })
}

/// An amount of the verdict in yuan, as values are written.
fn yuan(amount: &Amount) -> SmolStr {
    let of = |fen: i64| Ratio::new(i128::from(fen), 100);
    let interval = Interval {
        lo: of(amount.lo),
        hi: amount.hi.and_then(of),
    };
    Value::Number(interval).written()
}

fn listed<T: std::fmt::Display>(names: &[T]) -> SmolStr {
    if names.is_empty() {
        return SmolStr::new_static("none");
    }
    let names: Vec<String> = names.iter().map(T::to_string).collect();
    names.join(", ").to_smolstr()
}
