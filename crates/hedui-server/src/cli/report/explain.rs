//! A verdict explained from its conditions down: each condition, what it was reckoned from, down to the records of departments.
//! Leaves the report as a whole to `report.rs`; the steps, numbers and references are those that the verdict carries.

use std::collections::{BTreeMap, BTreeSet};

use hedui_proto::verification::{Part, Report, Test, TraceStep, Verdict, Verification};

use super::super::lang::Lang;
use super::super::table::{MAX_WIDTH, MIN_WIDTH, item, paragraph};
use super::names::Names;
use super::{Page, figures, verdict, words};

/// Deepest level that is moved to the right; deeper ones stand under it.
const MAX_DEPTH: usize = 8;
/// Columns by which a level is moved to the right.
const STEP: u16 = 3;

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
        for (test, number) in verdict.tests.iter().zip(1..) {
            text.push_str(&self.test(test, number));
        }
        text.push_str(&self.amount(verdict));
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

    /// What the amount was reckoned from: the steps that no condition has named.
    fn amount(&mut self, verdict: &'a Verdict) -> String {
        let left: Vec<&str> = verdict.trace.iter().map(|step| step.name.as_str()).collect();
        let mut text = String::new();
        for name in left.into_iter().rev() {
            if !self.told.contains(name) {
                text.push_str(&self.steps(name, 1));
            }
        }
        if text.is_empty() {
            return text;
        }
        let heading = self.page.lang.pick("另外计算：", "Also reckoned:");
        format!("\n{heading}\n{text}")
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

    /// A value with its calculation; of a member's value one for each member.
    fn steps(&mut self, name: &'a str, depth: usize) -> String {
        let steps = self.steps.get(name).cloned().unwrap_or_default();
        let indent = STEP * u16::try_from(depth.min(MAX_DEPTH)).unwrap_or(1);
        if !self.told.insert(name) {
            let Some(first) = steps.first() else {
                return String::new();
            };
            let above = self.page.lang.pick("（见上）", "(see above)");
            return item("-", &format!("{} {above}", self.title(first)), indent, self.page.width);
        }
        let mut text = String::new();
        for step in &steps {
            let unit = if step.unit == "ratio" { "" } else { &step.unit };
            let value = format!("{} = {} {unit}", self.title(step), step.value);
            text.push_str(&item("-", value.trim_end(), indent, self.page.width));
            text.push_str(&self.written(&step.formula, &step.numbers, indent + 2));
            text.push_str(&self.basis(&step.reference, step.assumption, indent + 2));
            text.push_str(&self.open(&self.page.names.departments(&step.missing), indent + 2));
            if !step.parts.is_empty() {
                let unit = if step.unit.contains("yuan") { "fen" } else { &step.unit };
                text.push_str(&figures::parts(self.page, &step.parts, unit, indent + 2));
            }
        }
        for step in steps {
            text.push_str(&self.behind(&step.formula, depth + 1));
        }
        text
    }

    fn title(&self, step: &TraceStep) -> String {
        let title = self.page.lang.choose(&step.title_zh, &step.title_en);
        let title = if title.is_empty() { &step.name } else { title };
        match step.subject {
            Some(ordinal) => format!("{title} ({})", self.page.names.member(ordinal)),
            None => title.to_owned(),
        }
    }

    fn written(&self, formula: &str, numbers: &str, indent: u16) -> String {
        let mut text = String::new();
        if !formula.is_empty() {
            text.push_str(&paragraph(formula, indent, self.page.width));
        }
        if !numbers.is_empty() && numbers != formula {
            text.push_str(&paragraph(&format!("= {numbers}"), indent, self.page.width));
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
    fn not_counted(&self, verdict: &Verdict) -> String {
        let mut found: Vec<(&str, &Part)> = Vec::new();
        for step in &verdict.trace {
            for part in &step.parts {
                let left_out = matches!(part.treatment.as_str(), "disregarded" | "duplicate");
                if left_out && !found.iter().any(|(_, known)| *known == part) {
                    found.push((if step.unit.contains("yuan") { "fen" } else { &step.unit }, part));
                }
            }
        }
        let mut text = String::new();
        let units: BTreeSet<&str> = found.iter().map(|(unit, _)| *unit).collect();
        for unit in units {
            let parts: Vec<Part> = found
                .iter()
                .filter(|(u, _)| *u == unit)
                .map(|(_, p)| (*p).clone())
                .collect();
            text.push_str(&figures::parts(self.page, &parts, unit, 0));
        }
        if text.is_empty() {
            return text;
        }
        let heading = self
            .page
            .lang
            .pick("登记在册而未计入的：", "On record and not counted:");
        format!("\n{heading}\n{text}")
    }
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
