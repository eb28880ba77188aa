//! Judges one household by one pack: fetches each figure once, runs the steps, tests, bands and the amount, and explains every number.
//! Leaves arithmetic to `interval` and the rule that combines tests to `hedui_core::verdict`.

use hedui_core::facts::{Facts, Members};
use hedui_core::finding::unheard_of;
use hedui_core::part::Part;
use hedui_core::verdict::{Amount, Outcome, TestResult, Text, TraceStep, Truth, Verdict};

use smol_str::SmolStr;

use crate::interval::Trouble;
use crate::pack::{AmountRule, Band, Pack, Rule, Step, Test};
use crate::program::{Filling, Formula, Place, Rounding, Scope};
use crate::value::{Value, payable_fen};

mod composition;
mod explain;
mod facts;
mod given;
mod known;
mod run;
mod support;

/// Whether a finding leaves open how many members there are.
fn members_are_open(composition_open: &[SmolStr]) -> bool {
    composition_open
        .iter()
        .any(|code| hedui_core::finding::MEMBERS_OPEN.contains(&code.as_str()))
}

#[cfg(test)]
mod tests;

pub(crate) use given::{Given, GivenMember, GivenValue, Input, KnownDisability};
use known::{Known, Reason, Reasons};

pub use composition::{NOBODY_COUNTS, TOO_MANY_COMPOSITIONS};

/// Code of a verdict that is open because a number did not fit.
pub const ARITHMETIC_OVERFLOW: &str = "ARITHMETIC_OVERFLOW";
/// Code of a verdict that is open because a divisor could be zero.
pub const DIVISION_BY_ZERO: &str = "DIVISION_BY_ZERO";
/// Code of a verdict that is open because a record tells a figure only within bounds.
pub const RECORD_UNCERTAIN: &str = "RECORD_UNCERTAIN";

impl Pack {
    /// Judges a household. `composition_open` are the codes of findings that leave open who is to be judged: with any of them
    /// the verdict is never `Qualifies`. The same input gives the same verdict, byte for byte.
    ///
    /// The amount is what would be paid if the household qualifies, as bounds in fen; there is none where it exceeds.
    pub fn evaluate(&self, facts: &Facts<'_>, composition_open: &[SmolStr]) -> Verdict {
        self.evaluate_input(Input::of(facts), composition_open)
    }

    /// Judges what departments answered, or what a case says in their place.
    pub(crate) fn evaluate_input(&self, input: Input<'_>, composition_open: &[SmolStr]) -> Verdict {
        match &self.composition {
            None => self.judge(input, composition_open),
            Some(rules) => composition::evaluate(self, rules, input, composition_open),
        }
    }

    /// Judges those about whom the facts are.
    fn judge(&self, input: Input<'_>, composition_open: &[SmolStr]) -> Verdict {
        let mut evaluation = Evaluation::new(self, input);
        evaluation.fill();
        if let Some(support) = &self.support {
            evaluation.support(support);
        }
        for step in &self.steps {
            evaluation.step(step);
        }
        let mut tests: Vec<TestResult> = self.tests.iter().map(|test| evaluation.test(test)).collect();
        let failed = tests.iter().any(|t| t.result == Truth::Fails);
        let band = evaluation.bands(&self.bands, &mut tests).filter(|_| !failed);
        let mut outcome = Outcome::of(tests.iter().map(|t| t.result), !composition_open.is_empty());
        if outcome == Outcome::Exceeds && members_are_open(composition_open) {
            // Another number of members is another income per head: nobody is told "exceeds" on a household that is not settled.
            outcome = Outcome::Inconclusive;
        }
        let amount = match (&self.amount, outcome) {
            (None, _) | (_, Outcome::Exceeds) => None,
            (Some(rule), _) => Some(evaluation.amount(rule)),
        };
        let (mut undecided_by, mut undecided_because) = (Vec::new(), Vec::new());
        if outcome == Outcome::Inconclusive {
            undecided_because.extend_from_slice(composition_open);
            for code in composition_open {
                undecided_by.extend(unheard_of(input.facts, code, self.needs()));
            }
            for test in &tests {
                undecided_by.extend_from_slice(&test.missing);
                undecided_because.extend_from_slice(&test.open);
            }
            undecided_by.sort();
            undecided_by.dedup();
            undecided_because.sort();
            undecided_because.dedup();
        }
        Verdict {
            programme: self.head.programme.clone(),
            title: self.head.title.clone(),
            pack: self.head.reference.clone(),
            jurisdiction: self.head.jurisdiction_text.clone(),
            as_of: input.facts.as_of,
            outcome,
            band,
            amount,
            tests,
            trace: evaluation.trace,
            undecided_by,
            undecided_because,
            assumptions: self.assumptions.clone(),
        }
    }
}

/// One household under one pack.
struct Evaluation<'p, 'f> {
    pack: &'p Pack,
    input: Input<'f>,
    /// Those who count.
    members: Members,
    household: Vec<Known>,
    /// The members' values, member after member, of everybody.
    member: Vec<Known>,
    reasons: Reasons,
    trace: Vec<TraceStep>,
}

impl<'p, 'f> Evaluation<'p, 'f> {
    fn new(pack: &'p Pack, input: Input<'f>) -> Evaluation<'p, 'f> {
        let facts = input.facts;
        let (members, persons) = (facts.members(), facts.household.members.len());
        let traced = pack.household.len() + persons * (pack.member.len() + 1) + 1;
        Evaluation {
            pack,
            input,
            members,
            household: vec![Known::default(); pack.household.len()],
            member: vec![Known::default(); pack.member.len() * persons],
            reasons: Reasons::default(),
            trace: Vec::with_capacity(traced),
        }
    }

    /// Fills every place that does not wait for a step, the household's first, then member by member.
    fn fill(&mut self) {
        let pack = self.pack;
        for (i, place) in pack.household.iter().enumerate() {
            self.fill_place(place, None, i);
        }
        for member in self.members {
            for (i, place) in pack.member.iter().enumerate() {
                self.fill_place(place, Some(member as usize), i);
            }
        }
    }

    fn fill_place(&mut self, place: &Place, member: Option<usize>, index: usize) {
        if matches!(place.filling, Filling::Step | Filling::Supporter(_)) {
            return;
        }
        let (known, parts) = facts::fetch(self.input, place, self.pack, member, &mut self.reasons);
        let constant = matches!(place.filling, Filling::Fixed(_)) && place.law.is_empty() && !place.assumption;
        if !constant {
            let step = self.traced(place, member, Default::default(), &known, parts);
            self.trace.push(step);
        }
        self.store(member, index, known);
    }

    fn store(&mut self, member: Option<usize>, index: usize, known: Known) {
        let slot = match member {
            None => self.household.get_mut(index),
            Some(member) => self.member.get_mut(member * self.pack.member.len() + index),
        };
        if let Some(slot) = slot {
            *slot = known;
        }
    }

    /// A line of the trace for a place; `formula` as written and with numbers.
    fn traced(
        &self,
        place: &Place,
        member: Option<usize>,
        formula: (SmolStr, SmolStr),
        known: &Known,
        parts: Vec<Part>,
    ) -> TraceStep {
        TraceStep {
            name: place.name.clone(),
            title: place.title.clone(),
            subject: member.and_then(|m| u32::try_from(m).ok()),
            formula: formula.0,
            numbers: formula.1,
            value: known.value.written(),
            unit: place.unit.clone(),
            reference: place.law.clone(),
            assumption: place.assumption,
            parts,
            missing: self.reasons.departments(&known.causes),
        }
    }

    fn step(&mut self, step: &'p Step) {
        let pack = self.pack;
        let places = match step.scope {
            Scope::Household => &pack.household,
            Scope::Member => &pack.member,
        };
        let Some(place) = places.get(step.place) else { return };
        match step.scope {
            Scope::Household => self.step_for(step, place, None),
            Scope::Member => {
                for member in self.members {
                    self.step_for(step, place, Some(member as usize));
                }
            }
        }
    }

    /// A step for one member, or for the household.
    fn step_for(&mut self, step: &Step, place: &Place, member: Option<usize>) {
        let known = self.run(&step.formula, member, step.round);
        let written = (step.formula.text.clone(), self.numbers(&step.formula, member));
        let line = self.traced(place, member, written, &known, Vec::new());
        self.trace.push(line);
        self.store(member, step.place, known);
    }

    /// Runs a formula and notes what went wrong inside as a reason of its result.
    fn run(&mut self, formula: &Formula, member: Option<usize>, round: Option<Rounding>) -> Known {
        let mut trouble = Trouble::default();
        let mut known = self.value(&formula.code, member, &mut trouble);
        if round.is_some() {
            known = Known::new(known.value.rounded(round, &mut trouble), known.causes);
        }
        if !known.value.is_settled() {
            for (happened, code) in [
                (trouble.overflow, ARITHMETIC_OVERFLOW),
                (trouble.zero_divisor, DIVISION_BY_ZERO),
            ] {
                if happened {
                    let reason = self.reasons.intern(Reason::Code(SmolStr::new_static(code)));
                    known.causes.insert(reason);
                }
            }
        }
        known
    }

    fn result(&self, rule: &Rule, formula: SmolStr, numbers: SmolStr, known: &Known) -> TestResult {
        TestResult {
            name: rule.name.clone(),
            title: rule.title.clone(),
            result: known.value.truth(),
            formula,
            numbers,
            reference: rule.law.clone(),
            assumption: rule.assumption,
            missing: self.reasons.departments(&known.causes),
            open: self.reasons.codes(&known.causes),
        }
    }

    fn test(&mut self, test: &Test) -> TestResult {
        let known = self.run(&test.formula, None, None);
        let numbers = self.numbers(&test.formula, None);
        self.result(&test.rule, test.formula.text.clone(), numbers, &known)
    }

    /// The band, where it is settled. The first band that holds counts; whether it is one that qualifies is one more test.
    fn bands(&mut self, bands: &[Band], tests: &mut Vec<TestResult>) -> Option<SmolStr> {
        if bands.is_empty() {
            return None;
        }
        let mut possible: Vec<Option<&Band>> = Vec::new();
        let mut causes = known::Causes::default();
        let (mut written, mut numbers) = Default::default();
        let mut decided = false;
        for band in bands {
            let known = self.run(&band.formula, None, None);
            explain::join(&mut written, &band.rule.name, &band.formula.text);
            explain::join(&mut numbers, &band.rule.name, &self.numbers(&band.formula, None));
            let truth = known.value.truth();
            if decided || truth == Truth::Fails {
                continue;
            }
            possible.push(Some(band));
            causes.unite(&known.causes);
            decided = truth == Truth::Holds;
        }
        if !decided {
            possible.push(None);
        }
        let qualifies = |band: &Option<&Band>| band.is_some_and(|b| b.qualifies);
        let truth = match (possible.iter().any(qualifies), possible.iter().all(qualifies)) {
            (_, true) => Truth::Holds,
            (false, _) => Truth::Fails,
            (true, false) => Truth::Open,
        };
        let mut laws: Vec<&str> = bands
            .iter()
            .map(|b| b.rule.law.as_str())
            .filter(|law| !law.is_empty())
            .collect();
        laws.dedup();
        let rule = Rule {
            name: "band".into(),
            title: Text {
                zh: "收入档次".into(),
                en: "band of income".into(),
            },
            law: laws.join("; ").into(),
            assumption: bands.iter().any(|b| b.rule.assumption),
        };
        let known = Known::new(Value::Condition(truth), causes);
        tests.push(self.result(&rule, written.into(), numbers.into(), &known));
        match possible.as_slice() {
            [Some(band)] => Some(band.rule.name.clone()),
            _ => None,
        }
    }

    fn amount(&mut self, rule: &AmountRule) -> Amount {
        let known = self.run(&rule.formula, None, Some(rule.round));
        let interval = known.value.interval();
        let place = Place {
            name: rule.rule.name.clone(),
            title: rule.rule.title.clone(),
            unit: rule.unit.clone(),
            law: rule.rule.law.clone(),
            assumption: rule.rule.assumption,
            filling: Filling::Step,
        };
        let written = (rule.formula.text.clone(), self.numbers(&rule.formula, None));
        let line = self.traced(&place, None, written, &known, Vec::new());
        self.trace.push(line);
        Amount {
            lo: payable_fen(interval.lo).unwrap_or(0),
            hi: payable_fen(interval.hi),
            per: rule.per,
        }
    }
}
