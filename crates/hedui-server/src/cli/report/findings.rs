//! The part of the report on findings: what contradicts the application or other registers, the weightiest first.
//! Leaves judging them to the person who reads.

use hedui_proto::verification::{Finding, FindingWeight};

use super::super::table::{item, paragraph};
use super::{Page, words};

pub(super) fn render(page: &Page<'_>) -> String {
    let lang = page.lang;
    let mut text = page.heading("需要注意的情况", "Findings");
    if page.report.findings.is_empty() {
        let none = lang.pick(
            "部门记录与申报未见矛盾。",
            "Nothing in the records contradicts what the household states.",
        );
        text.push_str(&paragraph(none, 0, page.width));
        return text;
    }
    let mut findings: Vec<&Finding> = page.report.findings.iter().collect();
    // Stable: findings of one weight stay in the order of members.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
    for finding in findings {
        text.push_str(&line(page, finding));
    }
    text
}

fn line(page: &Page<'_>, finding: &Finding) -> String {
    let lang = page.lang;
    let mark = match finding.weight() {
        FindingWeight::OpensVerdict => "!!",
        FindingWeight::Attention => "??",
        FindingWeight::Note | FindingWeight::Unspecified => "--",
    };
    let whom = match finding.subject {
        Some(ordinal) => page.names.member(ordinal),
        None => lang.pick("家庭", "household").to_owned(),
    };
    let message = lang.choose(&finding.message_zh, &finding.message_en);
    let weight = words::weight(finding.weight(), lang);
    let mut text = item(
        mark,
        &format!("{weight}: {whom}: {message} ({})", finding.code),
        0,
        page.width,
    );
    let mut records: Vec<String> = Vec::new();
    for part in &finding.parts {
        let department = page.names.department(&part.department);
        let label = page.label(part);
        let record = [&*label, part.reference.as_str()];
        let record: Vec<&str> = record.into_iter().filter(|piece| !piece.is_empty()).collect();
        records.push(format!("{department}: {}", record.join(" ")));
    }
    if records.is_empty() && !finding.departments.is_empty() {
        records.push(page.names.departments(&finding.departments));
    }
    if !records.is_empty() {
        let records = format!("{} {}", lang.pick("依据", "from"), records.join("; "));
        text.push_str(&paragraph(&records, 3, page.width));
    }
    text
}
