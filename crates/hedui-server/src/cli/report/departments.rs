//! The part of the report on departments: who was asked, what each said of each member, how long it took.
//! Leaves what the answers add up to to `figures.rs`.

use hedui_proto::verification::{AnswerState, DepartmentResult, SubjectResult};

use super::super::table::{Column, item, paragraph, table};
use super::super::values;
use super::{Page, figures, words};

pub(super) fn render(page: &Page<'_>) -> String {
    let lang = page.lang;
    let mut text = page.heading("部门查询情况", "Departments");
    text.push_str(&summary(page));
    let rows = page.report.departments.iter().map(|department| {
        vec![
            lang.choose(&department.name_zh, &department.name_en).to_owned(),
            answers(page, department),
            data_on(department),
            source(page, department),
        ]
    });
    let headers = [
        (lang.pick("部门", "department"), Column::Text),
        (lang.pick("答复", "answer"), Column::Text),
        (lang.pick("数据日期", "data of"), Column::Whole),
        (lang.pick("用时", "time"), Column::Whole),
    ];
    text.push_str(&table(&headers, rows.collect(), 0, page.width));
    text.push_str(&failures(page));
    text
}

/// How many answered, and by name who did not.
fn summary(page: &Page<'_>) -> String {
    let lang = page.lang;
    let with = |state: AnswerState| {
        let all = page.report.departments.iter();
        let found = all.filter(|department| department.subjects.iter().any(|subject| subject.state() == state));
        found
            .map(|department| department.department.clone())
            .collect::<Vec<_>>()
    };
    let all = page.report.departments.iter();
    let asked: Vec<&DepartmentResult> = all.filter(|department| is_asked(department)).collect();
    let (silent, pending) = (with(AnswerState::Unreachable), with(AnswerState::Pending));
    let (number, none) = (asked.len(), silent.len());
    let mut text = paragraph(
        &lang.pick(
            format!("查询 {number} 个部门，{none} 个未答复。查无记录是部门的答复；未答复则情况不明，不作为没有。"),
            format!(
                "{number} departments were asked, {none} gave no answer. \"None on record\" is an answer; no answer leaves open \
                 what they hold and never counts as nothing."
            ),
        ),
        0,
        page.width,
    );
    for (mark, departments, what) in [
        ("!!", silent, lang.pick("未答复：", "NO ANSWER: ")),
        ("..", pending, lang.pick("待答复：", "will answer later: ")),
    ] {
        if !departments.is_empty() {
            let line = format!("{what}{}", page.names.departments(&departments));
            text.push_str(&item(mark, &line, 0, page.width));
        }
    }
    if !page.report.complete {
        let line = lang.pick(
            "结论已定，未等待其余部门。",
            "The verdict was final early; the remaining departments were not waited for.",
        );
        text.push_str(&paragraph(line, 0, page.width));
    }
    text
}

/// Whether it was asked about anybody: without a letter nobody is asked.
fn is_asked(department: &DepartmentResult) -> bool {
    let mut states = department.subjects.iter().map(SubjectResult::state);
    states.any(|state| !matches!(state, AnswerState::NotAsked | AnswerState::NotAuthorized))
}

/// One line where all members got the same answer, else one for each answer with whom it is about.
fn answers(page: &Page<'_>, department: &DepartmentResult) -> String {
    let mut groups: Vec<(String, Vec<u32>)> = Vec::new();
    for subject in &department.subjects {
        let answer = words::answer(subject, page.lang);
        match groups.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, members)) => members.push(subject.ordinal),
            None => groups.push((answer, vec![subject.ordinal])),
        }
    }
    let alone = groups.len() == 1 && department.subjects.len() == page.names.member_count();
    let lines = groups.into_iter().map(|(answer, members)| {
        if alone {
            answer
        } else {
            format!("{answer}: {}", page.names.members(&members))
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn data_on(department: &DepartmentResult) -> String {
    let mut dates: Vec<String> = department
        .subjects
        .iter()
        .filter_map(|subject| subject.data_on.as_ref().map(values::date))
        .collect();
    dates.sort();
    dates.dedup();
    dates.join("\n")
}

/// Asked just now and how long it took, or since when the answer has been kept.
fn source(page: &Page<'_>, department: &DepartmentResult) -> String {
    let lang = page.lang;
    if department.kept {
        let since = department.answered_at.as_ref();
        return since.map(|at| figures::kept_since(at, lang)).unwrap_or_default();
    }
    values::millis_between(department.asked_at.as_ref(), department.answered_at.as_ref())
        .map(values::elapsed)
        .unwrap_or_default()
}

/// Why there is no answer, and what a department remarked.
fn failures(page: &Page<'_>) -> String {
    let mut text = String::new();
    for department in &page.report.departments {
        let name = page.names.department(&department.department);
        let mut told: Vec<String> = Vec::new();
        for subject in &department.subjects {
            for line in remarks(subject) {
                if !told.contains(&line) {
                    text.push_str(&item("*", &format!("{name}: {line}"), 0, page.width));
                    told.push(line);
                }
            }
        }
    }
    text
}

fn remarks(subject: &SubjectResult) -> Vec<String> {
    let mut lines = Vec::new();
    if !subject.failure_reason.is_empty() {
        lines.push(format!("{} ({})", subject.failure_message, subject.failure_reason));
    }
    lines.extend(subject.notes.iter().cloned());
    lines
}
