//! A verdict explained from its conditions down: each condition, what it was reckoned from, down to the records of departments.
//! Leaves the report as a whole to `report.rs`; the steps, numbers and references are those that the verdict carries.

use std::collections::{BTreeMap, BTreeSet};

use hedui_proto::verification::{Report, Test, TraceStep, Verdict, Verification};

use super::super::lang::Lang;
use super::super::table::{MAX_WIDTH, MIN_WIDTH, item, paragraph};
use super::names::Names;
use super::reading::Titles;
use super::{Page, figures, reading, verdict, words};

/// Deepest level that is moved to the right; deeper ones stand under it.
const MAX_DEPTH: usize = 8;
/// Columns by which a level is moved to the right.
const STEP: u16 = 3;
/// The steps that say who is judged.
const WHO_COUNTS: [&str; 2] = ["alone", "counts"];

/// Explains the verdicts of a verification: all, or those of one programme. Ends with a line feed.
pub fn explain(verification: &Verification, programme: Option<&str>, lang: Lang, width: usize) -> String {
    let width = u16::try_from(width).map_or(MAX_WIDTH, |width| width.clamp(MIN_WIDTH, MAX_WIDTH));
    let nothing = Report::default();
    let report = verification.report.as_ref().unwrap_or(&nothing);
    let names = Names::of(report, lang);
    let page = Page {
        verification,
        report,
        names: &names,
        lang,
        width,
    };
    let mut text = page.head();
    let wanted = |verdict: &&Verdict| programme.is_none_or(|wanted| verdict.programme == wanted);
    for verdict in verification.verdicts.iter().filter(wanted) {
        text.push_str(&Tree::of(&page, verdict).render(verdict));
    }
    text
}

/// The steps of one verdict by name, and which of them have been told.
struct Tree<'a> {
    page: &'a Page<'a>,
    steps: BTreeMap<&'a str, Vec<&'a TraceStep>>,
    titles: Titles<'a>,
    told: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn of(page: &'a Page<'a>, verdict: &'a Verdict) -> Tree<'a> {
        let mut steps: BTreeMap<&str, Vec<&TraceStep>> = BTreeMap::new();
        for step in &verdict.trace {
            steps.entry(step.name.as_str()).or_default().push(step);
        }
        Tree {
            page,
            steps,
            titles: verdict::titles(verdict, page.lang),
            told: BTreeSet::new(),
        }
    }

    fn render(mut self, verdict: &'a Verdict) -> String {
        let lang = self.page.lang;
        let title = lang.choose(&verdict.title_zh, &verdict.title_en);
        let mut text = self
            .page
            .heading(&format!("结论说明：{title}"), &format!("Explained: {title}"));
        text.push_str(&verdict::conclusion(self.page, verdict));
        let counts = WHO_COUNTS.map(|name| self.steps_if_known(name)).concat();
        text.push_str(&under(lang.pick("谁计入：", "Who counts:"), &counts));
        for (test, number) in verdict.tests.iter().zip(1..) {
            text.push_str(&self.test(test, number));
        }
        let amount = self.steps_if_known("amount");
        text.push_str(&under(lang.pick("金额：", "The amount:"), &amount));
        let rest = self.rest(verdict);
        text.push_str(&under(lang.pick("另外计算：", "Also reckoned:"), &rest));
        text.push_str(&self.not_counted(verdict));
        for assumption in &verdict.assumptions {
            let words = lang.choose(&assumption.zh, &assumption.en);
            let line = format!("{}{words}", lang.pick("假定：", "assumption: "));
            text.push_str(&item("*", &line, 0, self.page.width));
        }
        text
    }

    fn test(&mut self, test: &'a Test, number: usize) -> String {
        let (lang, width) = (self.page.lang, self.page.width);
        let title = lang.choose(&test.title_zh, &test.title_en);
        let result = words::truth(test.result(), lang);
        let mut text = format!(
            "\n{}",
            item(&format!("{number}."), &format!("{title}: {result}"), 0, width)
        );
        text.push_str(&self.written(&test.formula, &test.numbers, 3));
        text.push_str(&self.basis(&test.reference, test.assumption, 3));
        let mut open = self.page.names.departments(&test.missing);
        if !test.open.is_empty() {
            let separator = if open.is_empty() { "" } else { "; " };
            open.push_str(&format!("{separator}{}", self.page.findings(&test.open)));
        }
        text.push_str(&self.open(&open, 3));
        text.push_str(&self.behind(&test.formula, 1));
        text
    }

    fn steps_if_known(&mut self, name: &'a str) -> String {
        if self.steps.contains_key(name) {
            self.steps(name, 1)
        } else {
            String::new()
        }
    }

    /// The steps that neither a condition nor the amount has named.
    fn rest(&mut self, verdict: &'a Verdict) -> String {
        let mut text = String::new();
        for name in verdict.trace.iter().rev().map(|step| step.name.as_str()) {
            if !self.told.contains(name) {
                text.push_str(&self.steps(name, 1));
            }
        }
        text
    }

    /// The steps whose names stand in a formula, each told once.
    fn behind(&mut self, formula: &'a str, depth: usize) -> String {
        let mut text = String::new();
        for name in names(formula) {
            if self.steps.contains_key(name) {
                text.push_str(&self.steps(name, depth));
            }
        }
        text
    }

    /// A value with its calculation; of members one for all of whom it is the same.
    fn steps(&mut self, name: &'a str, depth: usize) -> String {
        let steps = self.steps.get(name).cloned().unwrap_or_default();
        let Some(first) = steps.first().copied() else {
            return String::new();
        };
        let indent = STEP * u16::try_from(depth.min(MAX_DEPTH)).unwrap_or(1);
        if !self.told.insert(name) {
            let above = self.page.lang.pick("（见上）", "(see above)");
            return item("-", &format!("{} {above}", self.title(first)), indent, self.page.width);
        }
        let mut text = String::new();
        for group in alike(&steps) {
            text.push_str(&self.step(&group, indent));
        }
        // The same formula for every member.
        text.push_str(&self.behind(&first.formula, depth + 1));
        text
    }

    /// Members of whom a value is the same, or one value of the household.
    fn step(&self, group: &[&'a TraceStep], indent: u16) -> String {
        let (lang, width) = (self.page.lang, self.page.width);
        let Some(step) = group.first().copied() else {
            return String::new();
        };
        let members: Vec<u32> = group.iter().filter_map(|step| step.subject).collect();
        let whom = match members.len() {
            0 => String::new(),
            n if n > 1 && n == self.page.names.member_count() => {
                lang.pick(format!("（全部 {n} 人）"), format!(" (each of {n} members)"))
            }
            _ => lang.pick(
                format!("（{}）", self.page.names.members(&members)),
                format!(" ({})", self.page.names.members(&members)),
            ),
        };
        let value = format!("{}{whom} = {}", self.title(step), verdict::value(step, lang));
        let mut text = item("-", &value, indent, width);
        text.push_str(&self.written(&step.formula, &step.numbers, indent + 2));
        text.push_str(&self.basis(&step.reference, step.assumption, indent + 2));
        text.push_str(&self.open(&self.page.names.departments(&step.missing), indent + 2));
        if !step.parts.is_empty() {
            let unit = if step.unit.contains("yuan") { "fen" } else { &step.unit };
            text.push_str(&figures::parts(self.page, &step.parts, unit, indent + 2));
        }
        text
    }

    fn title<'b>(&'b self, step: &'b TraceStep) -> &'b str {
        self.titles.get(step.name.as_str()).map_or(&step.name, AsRef::as_ref)
    }

    fn written(&self, formula: &str, numbers: &str, indent: u16) -> String {
        let (lang, width) = (self.page.lang, self.page.width);
        let mut text = String::new();
        if !formula.is_empty() {
            text.push_str(&paragraph(
                &reading::formula(formula, &self.titles, lang),
                indent,
                width,
            ));
        }
        if !numbers.is_empty() && numbers != formula {
            let numbers = reading::numbers(numbers, lang);
            text.push_str(&paragraph(&format!("= {numbers}"), indent, width));
        }
        text
    }

    fn basis(&self, reference: &str, assumption: bool, indent: u16) -> String {
        let basis = verdict::basis(self.page, reference, assumption);
        if basis.is_empty() {
            return String::new();
        }
        let line = format!("{}{basis}", self.page.lang.pick("依据：", "basis: "));
        paragraph(&line, indent, self.page.width)
    }

    fn open(&self, open: &str, indent: u16) -> String {
        if open.is_empty() {
            return String::new();
        }
        let line = format!("?? {}{open}", self.page.lang.pick("未定于：", "open because of: "));
        paragraph(&line, indent, self.page.width)
    }

    /// Every amount on record that the rules left out, once.
    fn not_counted(&self, verdict: &'a Verdict) -> String {
        let steps: Vec<&TraceStep> = verdict.trace.iter().collect();
        let text = figures::left_out(self.page, &steps, 0);
        under(
            self.page
                .lang
                .pick("登记在册而未计入的：", "On record and not counted:"),
            &text,
        )
    }
}

/// A heading and what stands under it, if anything does.
fn under(heading: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("\n{heading}\n{text}")
}

/// Steps of members that say the same, and rest on no record of their own, together; in the order of the first.
fn alike<'a>(steps: &[&'a TraceStep]) -> Vec<Vec<&'a TraceStep>> {
    let mut groups: Vec<Vec<&TraceStep>> = Vec::new();
    for step in steps.iter().copied() {
        let says_the_same = |other: &TraceStep| {
            let said = |of: &TraceStep| (of.value.clone(), of.numbers.clone(), of.missing.clone());
            other.subject.is_some() && step.subject.is_some() && said(other) == said(step)
        };
        let group = groups.iter_mut().find(|group| {
            let is_bare = step.parts.is_empty() && group.iter().all(|other| other.parts.is_empty());
            is_bare && group.first().is_some_and(|other| says_the_same(other))
        });
        match group {
            Some(group) => group.push(step),
            None => groups.push(vec![step]),
        }
    }
    groups
}

/// The names in a formula in order, each once: words of letters, digits, `_` and dots that begin with a letter.
pub(super) fn names(formula: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for word in formula.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')) {
        if word.starts_with(|c: char| c.is_ascii_lowercase()) && !found.contains(&word) {
            found.push(word);
        }
    }
    found
}
