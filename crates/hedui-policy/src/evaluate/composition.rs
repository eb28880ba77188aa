//! Who counts as a member, and the verdict where that is open: what holds whoever counts.
//! Leaves judging those who count to the parent.

use hedui_core::DepartmentId;
use hedui_core::facts::{Facts, Members};
use hedui_core::household::Relation;
use hedui_core::verdict::{Amount, Outcome, TestResult, Text, TraceStep, Truth, Verdict};
use smol_str::{SmolStr, format_smolstr};

use super::known::{Causes, Known};
use super::{Evaluation, Formula, Input, Rule};
use crate::pack::{Composition, Pack};
use crate::program::{Filling, Place, Scope};

/// Code of a verdict about a household of which nobody counts: whoever decides looks at it.
pub const NOBODY_COUNTS: &str = "NOBODY_COUNTS";
/// Code of a verdict where too many members may or may not count.
pub const TOO_MANY_COMPOSITIONS: &str = "TOO_MANY_COMPOSITIONS";
/// Most sets of members for each of which a household is judged: four members of whom it is open.
const MAX_COMPOSITIONS: usize = 16;

/// What is known of who counts.
struct Who {
    /// Every set of members that may be the one that counts, the largest first; empty where there are too many.
    sets: Vec<Members>,
    /// Departments and findings that leave it open.
    departments: Vec<DepartmentId>,
    codes: Vec<SmolStr>,
    lines: Vec<TraceStep>,
}

/// Judges a household by those who count; where that is open, by everyone who may.
pub(super) fn evaluate(pack: &Pack, rules: &Composition, input: Input<'_>, composition_open: &[SmolStr]) -> Verdict {
    let facts = input.facts;
    let who = Evaluation::new(pack, input).who(rules);
    let judge = |set: Members| {
        if set.is_empty() {
            return undecided(pack, facts, composition_open, NOBODY_COUNTS);
        }
        if set == facts.members() {
            return pack.judge(input, composition_open);
        }
        let facts = &facts.restricted(set);
        pack.judge(Input { facts, ..input }, composition_open)
    };
    let mut verdict = match who.sets.as_slice() {
        [] => {
            let mut verdict = undecided(pack, facts, composition_open, TOO_MANY_COMPOSITIONS);
            who.blame(&mut verdict);
            verdict
        }
        [set] => judge(*set),
        [first, others @ ..] => {
            let others = others.iter().map(|set| (*set, judge(*set)));
            who.joined((*first, judge(*first)), others)
        }
    };
    verdict.trace.splice(0..0, who.lines);
    verdict
}

impl Pack {
    /// Every set of members that may be the one that counts: one where it is settled, none where there are too many.
    pub(crate) fn who_counts(&self, facts: &Facts<'_>) -> Vec<Members> {
        match &self.composition {
            None => vec![facts.members()],
            Some(rules) => Evaluation::new(self, Input::of(facts)).who(rules).sets,
        }
    }
}

/// A verdict that nothing was reckoned for.
fn undecided(pack: &Pack, facts: &Facts<'_>, composition_open: &[SmolStr], code: &'static str) -> Verdict {
    let mut because = composition_open.to_vec();
    because.push(SmolStr::new_static(code));
    because.sort();
    because.dedup();
    Verdict {
        programme: pack.head.programme.clone(),
        title: pack.head.title.clone(),
        pack: pack.head.reference.clone(),
        jurisdiction: pack.head.jurisdiction_text.clone(),
        as_of: facts.as_of,
        outcome: Outcome::Inconclusive,
        band: None,
        amount: pack.amount.as_ref().map(|rule| Amount {
            lo: 0,
            hi: None,
            per: rule.per,
        }),
        tests: Vec::new(),
        trace: Vec::new(),
        undecided_by: Vec::new(),
        undecided_because: because,
        assumptions: pack.assumptions.clone(),
    }
}

impl Evaluation<'_, '_> {
    /// Who counts, for each member with its reasons.
    fn who(mut self, rules: &Composition) -> Who {
        self.fill_places(&rules.uses);
        let filled = std::mem::take(&mut self.trace);
        let mut causes = Causes::default();
        let (mut sure, mut open) = (Members::NONE, Vec::new());
        let mut lines = Vec::new();
        for ordinal in self.members {
            let (truth, line) = self.condition(rules.counts.as_ref(), ordinal, &mut causes);
            lines.extend(line);
            match truth {
                Truth::Holds => sure = sure.with(Members::one(ordinal)),
                Truth::Open => open.push(ordinal),
                Truth::Fails => {}
            }
        }
        let of_applicant = self.applicant().filter(|_| rules.alone.is_some());
        let alone = of_applicant.map(|ordinal| {
            let (truth, line) = self.condition(rules.alone.as_ref(), ordinal, &mut causes);
            lines.extend(line);
            (truth, Members::one(ordinal))
        });
        let sets = sets(sure, &open, alone);
        // Of those who surely count the same lines follow.
        let counts_always = |m: u32| !sets.is_empty() && sets.iter().all(|set| set.contains(m));
        lines.extend(
            filled
                .into_iter()
                .filter(|l| l.subject.is_some_and(|m| !counts_always(m))),
        );
        Who {
            departments: self.reasons.departments(&causes),
            codes: self.reasons.codes(&causes),
            sets,
            lines,
        }
    }

    fn fill_places(&mut self, uses: &[(Scope, usize)]) {
        let pack = self.pack;
        for (scope, index) in uses.iter().copied() {
            match scope {
                Scope::Household => {
                    if let Some(place) = pack.household.get(index) {
                        self.fill_place(place, None, index);
                    }
                }
                Scope::Member => {
                    for member in self.members {
                        if let Some(place) = pack.member.get(index) {
                            self.fill_place(place, Some(member as usize), index);
                        }
                    }
                }
            }
        }
    }

    fn applicant(&self) -> Option<u32> {
        let members = self.input.facts.household.members.iter();
        let applicant = members.zip(0u32..).find(|(m, _)| m.relation == Relation::Applicant);
        applicant.map(|(_, ordinal)| ordinal)
    }

    /// Whether a condition holds of a member, with its line of the trace. Without a condition it holds and has none.
    fn condition(
        &mut self,
        condition: Option<&(Rule, Formula)>,
        ordinal: u32,
        causes: &mut Causes,
    ) -> (Truth, Option<TraceStep>) {
        let Some((rule, formula)) = condition else {
            return (Truth::Holds, None);
        };
        let member = Some(ordinal as usize);
        let known: Known = self.run(formula, member, None);
        let place = Place {
            name: rule.name.clone(),
            title: rule.title.clone(),
            unit: SmolStr::new_static("condition"),
            law: rule.law.clone(),
            assumption: rule.assumption,
            filling: Filling::Step,
        };
        let written = (formula.text.clone(), self.numbers(formula, member));
        let line = self.traced(&place, member, written, &known, Vec::new());
        causes.unite(&known.causes);
        (known.value.truth(), Some(line))
    }
}

/// Every set of members that may count, the largest first, each once; none where there are too many.
fn sets(sure: Members, open: &[u32], alone: Option<(Truth, Members)>) -> Vec<Members> {
    let mut sets = Vec::new();
    let (is_alone, applicant) = alone.unwrap_or((Truth::Fails, Members::NONE));
    if is_alone != Truth::Holds {
        sets.push(sure);
        for ordinal in open {
            if sets.len() > MAX_COMPOSITIONS {
                break;
            }
            let with: Vec<Members> = sets.iter().map(|set| set.with(Members::one(*ordinal))).collect();
            sets.extend(with);
        }
    }
    if is_alone != Truth::Fails {
        sets.push(applicant);
    }
    sets.sort_by_key(|set| (std::cmp::Reverse(set.len()), *set));
    sets.dedup();
    if sets.len() > MAX_COMPOSITIONS {
        sets.clear();
    }
    sets
}

impl Who {
    /// Names what leaves open who counts.
    fn blame(&self, verdict: &mut Verdict) {
        unite(&mut verdict.undecided_by, &self.departments);
        unite(&mut verdict.undecided_because, &self.codes);
    }

    /// What holds whoever counts.
    fn joined(&self, first: (Members, Verdict), others: impl Iterator<Item = (Members, Verdict)>) -> Verdict {
        let (set, mut all) = first;
        let mut trace = vec![header(set)];
        trace.append(&mut all.trace);
        let shown = trace.len();
        for (set, verdict) in others {
            join(&mut all, &verdict, self);
            trace.push(header(set));
            let is_new = |line: &TraceStep| !trace.get(..shown).is_some_and(|before| before.contains(line));
            let new: Vec<TraceStep> = verdict.trace.into_iter().filter(is_new).collect();
            trace.extend(new);
        }
        all.trace = trace;
        match all.outcome {
            Outcome::Inconclusive => self.blame(&mut all),
            Outcome::Exceeds => all.amount = None,
            Outcome::Qualifies => {}
        }
        all
    }
}

/// Keeps of a verdict what another one says too.
fn join(all: &mut Verdict, other: &Verdict, who: &Who) {
    if all.outcome != other.outcome {
        all.outcome = Outcome::Inconclusive;
    }
    if all.band != other.band {
        all.band = None;
    }
    all.amount = match (all.amount.take(), &other.amount) {
        (Some(a), Some(b)) => Some(Amount {
            lo: a.lo.min(b.lo),
            hi: a.hi.zip(b.hi).map(|(a, b)| a.max(b)),
            per: a.per,
        }),
        (a, b) => a.or_else(|| b.clone()),
    };
    let mut rest = other.tests.iter();
    for mine in &mut all.tests {
        if let Some(theirs) = rest.by_ref().find(|t| t.name == mine.name) {
            join_test(mine, theirs, who);
        } else {
            open_test(mine, who);
        }
    }
    if all.tests.is_empty() {
        // Nothing could be reckoned before; what others test is not settled by them.
        all.tests.clone_from(&other.tests);
        all.tests.iter_mut().for_each(|test| open_test(test, who));
    }
    unite(&mut all.undecided_by, &other.undecided_by);
    unite(&mut all.undecided_because, &other.undecided_because);
}

fn join_test(mine: &mut TestResult, theirs: &TestResult, who: &Who) {
    if mine.numbers != theirs.numbers {
        mine.numbers = format_smolstr!("{} | {}", mine.numbers, theirs.numbers);
    }
    unite(&mut mine.missing, &theirs.missing);
    unite(&mut mine.open, &theirs.open);
    if mine.result != theirs.result {
        open_test(mine, who);
    }
}

/// A test that depends on who counts.
fn open_test(test: &mut TestResult, who: &Who) {
    test.result = Truth::Open;
    unite(&mut test.missing, &who.departments);
    unite(&mut test.open, &who.codes);
}

fn unite<T: Clone + Ord>(mine: &mut Vec<T>, theirs: &[T]) {
    mine.extend_from_slice(theirs);
    mine.sort();
    mine.dedup();
}

/// The line above what is reckoned for a set of members, who are numbered as reports number them.
fn header(set: Members) -> TraceStep {
    let numbers: Vec<String> = set.into_iter().map(|ordinal| (ordinal + 1).to_string()).collect();
    TraceStep {
        name: SmolStr::new_static("composition"),
        title: Text {
            zh: "假定下列成员计入".into(),
            en: "reckoned as if these members count".into(),
        },
        subject: None,
        formula: SmolStr::default(),
        numbers: SmolStr::default(),
        value: numbers.join(", ").into(),
        unit: SmolStr::new_static("persons"),
        reference: SmolStr::default(),
        assumption: false,
        parts: Vec::new(),
        missing: Vec::new(),
    }
}
