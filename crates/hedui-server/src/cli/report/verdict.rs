//! The verdict of one programme: first in a plain sentence, later with its conditions and its calculation step by step.
//! Leaves deciding to a person: no sentence here says that anything is granted or denied.

use std::borrow::Cow;

use hedui_proto::verification::{Outcome, Test, TraceStep, Truth, Verdict};

use super::super::lang::Lang;
use super::super::table::{Column, item, paragraph, table};
use super::super::values;
use super::reading::Titles;
use super::{Page, reading, words};

/// The line above what is reckoned as if certain members counted.
const COMPOSITION: &str = "composition";

/// The outcome in a plain sentence, the amount, and what is needed to settle it.
pub(super) fn conclusion(page: &Page<'_>, verdict: &Verdict) -> String {
    let lang = page.lang;
    let outcome = verdict.outcome();
    let mark = match outcome {
        Outcome::Inconclusive | Outcome::Unspecified => "?? ",
        Outcome::Qualifies | Outcome::Exceeds => "",
    };
    let mut text = format!(
        "{mark}{}: {}\n",
        lang.choose(&verdict.title_zh, &verdict.title_en),
        words::outcome(outcome, lang)
    );
    text.push_str(&paragraph(&sentence(page, verdict), 3, page.width));
    if let Some(amount) = amount(page, verdict) {
        text.push_str(&paragraph(&amount, 3, page.width));
    }
    if !verdict.band.is_empty() {
        let band = format!("{}{}", lang.pick("档次：", "Band: "), verdict.band);
        text.push_str(&paragraph(&band, 3, page.width));
    }
    text
}

fn sentence(page: &Page<'_>, verdict: &Verdict) -> String {
    let lang = page.lang;
    match verdict.outcome() {
        Outcome::Qualifies if !page.is_open() => lang
            .pick(
                "根据各部门记录，该家庭符合条件。",
                "On the departments' records the household meets the conditions.",
            )
            .to_owned(),
        Outcome::Qualifies => lang
            .pick(
                "根据已有记录，无论未答复的部门如何答复，该家庭均符合条件。",
                "On the records so far the household meets the conditions, whatever the departments without an answer would say.",
            )
            .to_owned(),
        Outcome::Exceeds => {
            let failing = tests_that(page, verdict, Truth::Fails);
            lang.pick(
                format!("已查得的记录超出以下条件：{failing}。"),
                format!("What is on record lies beyond these conditions: {failing}."),
            )
        }
        Outcome::Inconclusive | Outcome::Unspecified => inconclusive(page, verdict),
    }
}

/// Why it cannot be said yet: which departments, which findings.
fn inconclusive(page: &Page<'_>, verdict: &Verdict) -> String {
    let lang = page.lang;
    let departments = page.names.departments(&verdict.undecided_by);
    let findings = page.findings(&verdict.undecided_because);
    let mut text = lang
        .pick(
            "尚不能确定该家庭是否符合条件。",
            "It cannot be said yet whether the household meets the conditions.",
        )
        .to_owned();
    if !departments.is_empty() {
        text.push_str(&lang.pick(
            format!("以下部门的答复可能改变结论：{departments}。"),
            format!(" These departments could change it: {departments}."),
        ));
    }
    if !findings.is_empty() {
        text.push_str(&lang.pick(
            format!("须先由人员查清：{findings}。"),
            format!(" A person must settle first: {findings}."),
        ));
    }
    text
}

fn tests_that(page: &Page<'_>, verdict: &Verdict, result: Truth) -> String {
    let tests = verdict.tests.iter().filter(|test| test.result() == result);
    let titles: Vec<&str> = tests
        .map(|test| page.lang.choose(&test.title_zh, &test.title_en))
        .collect();
    titles.join(page.lang.pick("、", ", "))
}

/// What would be paid. Of an open verdict only on condition, so that nobody takes it for granted.
pub(super) fn amount(page: &Page<'_>, verdict: &Verdict) -> Option<String> {
    let lang = page.lang;
    let least = values::grouped(&values::yuan(verdict.amount_least.as_ref()?));
    let most = verdict
        .amount_most
        .as_ref()
        .map(|most| values::grouped(&values::yuan(most)));
    let period = words::period(verdict.amount_period(), lang);
    let before = match verdict.outcome() {
        Outcome::Qualifies => lang.pick("测算金额：", "Amount by the rules: "),
        _ => lang.pick("如符合条件，测算金额：", "Amount by the rules, if it qualifies: "),
    };
    let sum = match most {
        Some(most) if most == least => lang.pick(format!("{least} 元"), format!("{least} yuan")),
        Some(most) => lang.pick(format!("{least} 至 {most} 元"), format!("{least} to {most} yuan")),
        None => lang.pick(format!("至少 {least} 元"), format!("at least {least} yuan")),
    };
    Some(format!("{before}{sum}{period}"))
}

/// The conditions and the calculation.
pub(super) fn calculation(page: &Page<'_>, verdict: &Verdict) -> String {
    let lang = page.lang;
    let title = lang.choose(&verdict.title_zh, &verdict.title_en);
    if verdict.tests.is_empty() && verdict.trace.is_empty() {
        return String::new();
    }
    let mut text = page.heading(&format!("核算：{title}"), &format!("Calculation: {title}"));
    let rows = verdict.tests.iter().map(|test| {
        vec![
            words::truth(test.result(), lang).to_owned(),
            lang.choose(&test.title_zh, &test.title_en).to_owned(),
            numbers(page, test),
            basis(page, &test.reference, test.assumption),
        ]
    });
    let headers = [
        (lang.pick("结果", "result"), Column::Whole),
        (lang.pick("条件", "condition"), Column::Text),
        (lang.pick("数值", "numbers"), Column::Text),
        (lang.pick("依据", "basis"), Column::Text),
    ];
    text.push_str(&table(&headers, rows.collect(), 0, page.width));
    let titles = titles(verdict, lang);
    for (step, number) in verdict.trace.iter().zip(1..) {
        text.push_str(&trace(page, &titles, step, number));
    }
    for assumption in &verdict.assumptions {
        let line = format!(
            "{}{}",
            lang.pick("假定：", "assumption: "),
            lang.choose(&assumption.zh, &assumption.en)
        );
        text.push_str(&item("*", &line, 0, page.width));
    }
    text
}

fn numbers(page: &Page<'_>, test: &Test) -> String {
    let mut text = reading::numbers(&test.numbers, page.lang);
    let mut open = page.names.departments(&test.missing);
    if !test.open.is_empty() {
        let separator = if open.is_empty() { "" } else { "; " };
        open.push_str(&format!("{separator}{}", page.findings(&test.open)));
    }
    if !open.is_empty() {
        text.push_str(&format!("\n{}{open}", page.lang.pick("未定于：", "open because of: ")));
    }
    text
}

/// Law or paper; the pack's own assumptions are marked.
pub(super) fn basis(page: &Page<'_>, reference: &str, assumption: bool) -> String {
    let mark = if assumption {
        page.lang.pick("*假定* ", "*assumption* ")
    } else {
        ""
    };
    format!("{mark}{reference}")
}

/// What a step came to. The numbers of members stand as they are.
pub(super) fn value(step: &TraceStep, lang: Lang) -> String {
    if step.name == COMPOSITION {
        return step.value.clone();
    }
    reading::quantity(&step.value, &step.unit, lang)
}

/// The titles of a verdict's steps. What is counted of a circumstance has the title of the circumstance, so it is told what is counted.
pub(super) fn titles(verdict: &Verdict, lang: Lang) -> Titles<'_> {
    let counted = [
        ("years_since.", lang.pick("（年数）", ", years")),
        ("months_since.", lang.pick("（月数）", ", months")),
        ("number.", lang.pick("（数值）", ", number")),
        ("amount.", lang.pick("（金额）", ", amount")),
    ];
    let titled = verdict.trace.iter().map(|step| {
        let name = step.name.as_str();
        let title = lang.choose(&step.title_zh, &step.title_en);
        let word = name.strip_prefix("member.").unwrap_or(name);
        let told = counted.iter().find(|(start, _)| word.starts_with(start));
        let title = told.map_or(Cow::Borrowed(title), |(_, what)| Cow::Owned(format!("{title}{what}")));
        (name, title)
    });
    titled.filter(|(_, title)| !title.is_empty()).collect()
}

fn trace(page: &Page<'_>, titles: &Titles<'_>, step: &TraceStep, number: usize) -> String {
    let lang = page.lang;
    let mut title = titles
        .get(step.name.as_str())
        .map_or(step.name.as_str(), AsRef::as_ref)
        .to_owned();
    if let Some(ordinal) = step.subject {
        title.push_str(&format!(" ({})", page.names.member(ordinal)));
    }
    let value = format!("{title} = {}", value(step, lang));
    let mark = format!("{number:>3}.");
    let mut text = format!("\n{}", item(&mark, &value, 0, page.width));
    if !step.formula.is_empty() {
        text.push_str(&paragraph(
            &reading::formula(&step.formula, titles, lang),
            5,
            page.width,
        ));
    }
    if !step.numbers.is_empty() && step.numbers != step.formula {
        let numbers = reading::numbers(&step.numbers, lang);
        text.push_str(&paragraph(&format!("= {numbers}"), 5, page.width));
    }
    let basis = basis(page, &step.reference, step.assumption);
    if !basis.is_empty() {
        text.push_str(&paragraph(
            &format!("{}{basis}", lang.pick("依据：", "basis: ")),
            5,
            page.width,
        ));
    }
    if !step.missing.is_empty() {
        let missing = page.names.departments(&step.missing);
        let line = format!("?? {}{missing}", lang.pick("未定于：", "open because of: "));
        text.push_str(&paragraph(&line, 5, page.width));
    }
    let references: Vec<String> = step
        .parts
        .iter()
        .filter(|part| !part.reference.is_empty())
        .map(|part| format!("{} {}", page.names.department(&part.department), part.reference))
        .collect();
    if !references.is_empty() {
        let line = format!("{}{}", lang.pick("记录：", "records: "), references.join("; "));
        text.push_str(&paragraph(&line, 5, page.width));
    }
    text
}
