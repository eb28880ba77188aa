//! What a recheck changed, in the words of the report: departments and figures by name, money in yuan, states in words.
//! Leaves the new report itself to `report.rs`. A difference of a newer server stands as it came.

use hedui_proto::verification::{AnswerState, Bounds, Difference, Outcome, SubjectResult, UnreachableCause};

use super::super::table::{Column, table};
use super::{Page, figures, words};

pub(super) fn render(page: &Page<'_>, differences: &[Difference]) -> String {
    let lang = page.lang;
    if differences.is_empty() {
        let nothing = lang.pick(
            "复核结果与原报告一致\n",
            "nothing is different from the report before\n",
        );
        return nothing.to_owned();
    }
    let rows = differences.iter().map(|difference| {
        let value = |text: &str| value(page, &difference.subject, text);
        vec![
            subject(page, &difference.subject),
            value(&difference.before),
            value(&difference.after),
        ]
    });
    let headers = [
        (lang.pick("事项", "what"), Column::Text),
        (lang.pick("原为", "before"), Column::Text),
        (lang.pick("现为", "now"), Column::Text),
    ];
    table(&headers, rows.collect(), 0, page.width)
}

/// What is different, by its name: `department/housing/0`, `figure/dwellings`, `finding/CODE`, `verdict/dibao`, `amount/dibao`.
fn subject(page: &Page<'_>, subject: &str) -> String {
    let lang = page.lang;
    let (kind, name) = subject.split_once('/').unwrap_or((subject, ""));
    match kind {
        "department" => match member_of(name) {
            Some((department, member)) => {
                let (department, member) = (page.names.department(department), page.names.member(member));
                lang.pick(format!("{department}：{member}"), format!("{department}: {member}"))
            }
            None => subject.to_owned(),
        },
        "figure" => page.names.figure(name).to_owned(),
        "finding" => match member_of(name) {
            Some((code, member)) => format!("{} ({})", page.finding(code), page.names.member(member)),
            None => page.finding(name).to_owned(),
        },
        "verdict" => format!("{}{}", lang.pick("结论：", "verdict: "), title(page, name)),
        "amount" => format!("{}{}", lang.pick("金额：", "amount: "), title(page, name)),
        _ => subject.to_owned(),
    }
}

fn title<'a>(page: &'a Page<'_>, programme: &'a str) -> &'a str {
    let mut judged = page.verification.verdicts.iter();
    let verdict = judged.find(|verdict| verdict.programme == programme);
    let title = verdict.map_or("", |verdict| page.lang.choose(&verdict.title_zh, &verdict.title_en));
    if title.is_empty() { programme } else { title }
}

/// A name and the member behind it: `housing/0`.
fn member_of(name: &str) -> Option<(&str, u32)> {
    let (name, member) = name.rsplit_once('/')?;
    Some((name, member.parse().ok()?))
}

fn value(page: &Page<'_>, subject: &str, text: &str) -> String {
    let lang = page.lang;
    let kind = subject.split('/').next().unwrap_or_default();
    let said = match kind {
        "finding" => Some(if text.is_empty() {
            lang.pick("无", "not found").to_owned()
        } else {
            lang.pick("有", "found").to_owned()
        }),
        _ if text.is_empty() => Some("-".to_owned()),
        "department" => answer(text).map(|answer| words::answer(&answer, lang)),
        "figure" | "amount" => interval(text).map(|(bounds, unit)| figures::value(Some(&bounds), unit, lang)),
        "verdict" => Outcome::from_str_name(&format!("OUTCOME_{text}")).map(|o| words::outcome(o, lang).to_owned()),
        _ => None,
    };
    said.unwrap_or_else(|| text.to_owned())
}

/// `FOUND, 1 record(s)`, `UNREACHABLE:timeout, 0 record(s)`.
fn answer(text: &str) -> Option<SubjectResult> {
    let (code, records) = text.split_once(", ")?;
    let (state, cause) = code.split_once(':').unwrap_or((code, ""));
    let cause = match cause {
        "" => UnreachableCause::Unspecified,
        cause => UnreachableCause::from_str_name(&format!("UNREACHABLE_CAUSE_{}", cause.to_ascii_uppercase()))?,
    };
    Some(SubjectResult {
        state: AnswerState::from_str_name(&format!("ANSWER_STATE_{state}"))?.into(),
        cause: cause.into(),
        records: records.strip_suffix(" record(s)")?.parse().ok()?,
        ..Default::default()
    })
}

/// `68780 fen`, `[0, inf] pieces`.
fn interval(text: &str) -> Option<(Bounds, &str)> {
    let (number, unit) = text.rsplit_once(' ')?;
    let end = |text: &str, open: &str| match text {
        _ if text == open => Some(None),
        _ => text.parse().ok().map(Some),
    };
    let (lo, hi) = match number.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(ends) => {
            let (lo, hi) = ends.split_once(", ")?;
            (end(lo, "-inf")?, end(hi, "inf")?)
        }
        None => {
            let exact = number.parse().ok();
            (Some(exact?), exact)
        }
    };
    Some((Bounds { lo, hi }, unit))
}
