//! The verdict of one programme: first in a plain sentence, later with its conditions and its calculation step by step.
//! Leaves deciding to a person: no sentence here says that anything is granted or denied.

use hedui_proto::verification::{Outcome, Test, TraceStep, Truth, Verdict};

use super::super::table::{Column, item, paragraph, table};
use super::super::values;
use super::{Page, words};

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
            let failing = titles(page, verdict, Truth::Fails);
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

fn titles(page: &Page<'_>, verdict: &Verdict, result: Truth) -> String {
    let tests = verdict.tests.iter().filter(|test| test.result() == result);
    let titles: Vec<&str> = tests
        .map(|test| page.lang.choose(&test.title_zh, &test.title_en))
        .collect();
    titles.join(page.lang.pick("、", ", "))
}

pub(super) fn amount(page: &Page<'_>, verdict: &Verdict) -> Option<String> {
    let lang = page.lang;
    let least = values::grouped(&values::yuan(verdict.amount_least.as_ref()?));
    let most = verdict
        .amount_most
        .as_ref()
        .map(|most| values::grouped(&values::yuan(most)));
    let period = words::period(verdict.amount_period(), lang);
    Some(match most {
        Some(most) if most == least => lang.pick(
            format!("测算金额：{least} 元{period}"),
            format!("Amount by the rules: {least} yuan{period}"),
        ),
        Some(most) => lang.pick(
            format!("测算金额：{least} 至 {most} 元{period}"),
            format!("Amount by the rules: {least} to {most} yuan{period}"),
        ),
        None => lang.pick(
            format!("测算金额：至少 {least} 元{period}"),
            format!("Amount by the rules: at least {least} yuan{period}"),
        ),
    })
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
    for (step, number) in verdict.trace.iter().zip(1..) {
        text.push_str(&trace(page, step, number));
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
    let mut text = test.numbers.clone();
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

fn trace(page: &Page<'_>, step: &TraceStep, number: usize) -> String {
    let lang = page.lang;
    let mut title = lang.choose(&step.title_zh, &step.title_en).to_owned();
    if title.is_empty() {
        title.clone_from(&step.name);
    }
    if let Some(ordinal) = step.subject {
        title.push_str(&format!(" ({})", page.names.member(ordinal)));
    }
    let value = format!("{title} = {} {}", step.value, step.unit);
    let mark = format!("{number:>3}.");
    let mut text = format!("\n{}", item(&mark, value.trim_end(), 0, page.width));
    if !step.formula.is_empty() {
        text.push_str(&paragraph(&step.formula, 5, page.width));
    }
    if !step.numbers.is_empty() && step.numbers != step.formula {
        text.push_str(&paragraph(&format!("= {}", step.numbers), 5, page.width));
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
