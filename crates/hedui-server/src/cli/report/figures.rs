//! The part of the report on figures: what the records add up to, and which record each amount comes from.
//! Leaves what the figures mean for a programme to `verdict.rs`.

use hedui_proto::verification::{Bounds, NamedFigure, Part};

use super::super::lang::Lang;
use super::super::table::{Column, table};
use super::super::values;
use super::{Page, words};

pub(super) fn render(page: &Page<'_>) -> String {
    let lang = page.lang;
    let figures = &page.report.figures;
    if figures.is_empty() {
        return String::new();
    }
    let mut text = page.heading("汇总数据", "Figures");
    let rows = figures.iter().map(|figure| {
        let mut open = page.names.departments(&figure.missing);
        if !figure.open.is_empty() {
            let findings = page.findings(&figure.open);
            open = if open.is_empty() {
                findings
            } else {
                format!("{open}; {findings}")
            };
        }
        let mark = if open.is_empty() { "" } else { "?? " };
        vec![
            page.names.figure(&figure.name).to_owned(),
            value(figure.bounds.as_ref(), &figure.unit, lang),
            format!("{mark}{open}"),
        ]
    });
    let headers = [
        (lang.pick("项目", "figure"), Column::Text),
        (lang.pick("数值", "value"), Column::Number),
        (lang.pick("尚未确定的来源", "not settled by"), Column::Text),
    ];
    text.push_str(&table(&headers, rows.collect(), 0, page.width));
    for figure in figures.iter().filter(|figure| !figure.parts.is_empty()) {
        text.push_str(&behind(page, figure));
    }
    text
}

/// The records behind one figure.
fn behind(page: &Page<'_>, figure: &NamedFigure) -> String {
    let lang = page.lang;
    let title = page.names.figure(&figure.name);
    let value = value(figure.bounds.as_ref(), &figure.unit, lang);
    format!("\n{title}: {value}\n{}", parts(page, &figure.parts, &figure.unit, 2))
}

/// A table of records: whose, from where, how much, and what became of each.
pub(super) fn parts(page: &Page<'_>, parts: &[Part], unit: &str, indent: u16) -> String {
    let lang = page.lang;
    let rows = parts.iter().map(|part| {
        let source = if part.department.is_empty() {
            lang.pick("家庭申报", "the household").to_owned()
        } else {
            page.names.department(&part.department).to_owned()
        };
        vec![
            page.names.member(part.subject),
            source,
            record(part, lang),
            amount(part.amount, unit),
            treatment(page, part),
        ]
    });
    let headers = [
        (lang.pick("成员", "member"), Column::Whole),
        (lang.pick("来源", "source"), Column::Text),
        (lang.pick("记录", "record"), Column::Text),
        (lang.pick("金额或数量", "amount"), Column::Number),
        (lang.pick("处理", "treatment"), Column::Text),
    ];
    table(&headers, rows.collect(), indent, page.width)
}

fn record(part: &Part, lang: Lang) -> String {
    let what = if part.label.is_empty() {
        words::record_type(&part.record_type, lang)
    } else {
        &part.label
    };
    match (what.is_empty(), part.reference.is_empty()) {
        (_, true) => what.to_owned(),
        (true, false) => part.reference.clone(),
        (false, false) => format!("{what} [{}]", part.reference),
    }
}

/// What became of a record, with the reason.
fn treatment(page: &Page<'_>, part: &Part) -> String {
    let (lang, because) = (page.lang, &part.because);
    match part.treatment.as_str() {
        "counted" => lang.pick("计入", "counted").to_owned(),
        "duplicate" => {
            // The department comes first and is known by name here.
            let (department, record) = because.split_once(' ').unwrap_or((because, ""));
            let other = format!("{} {record}", page.names.department(department));
            lang.pick(
                format!("重复，不另计：同{other}"),
                format!("not counted again, same as {other}"),
            )
        }
        "disregarded" => lang.pick(
            format!("按规则不计：{because}"),
            format!("not counted by the rule {because}"),
        ),
        "declared" => lang.pick("按申报计入", "counted as declared").to_owned(),
        "uncertain" => lang.pick(format!("?? 存疑：{because}"), format!("?? uncertain: {because}")),
        other => format!("{other} {because}"),
    }
}

/// An amount in the unit of its figure.
fn amount(amount: i64, unit: &str) -> String {
    if unit == "fen" {
        values::grouped(&values::yuan_of_fen(amount))
    } else {
        values::grouped(&amount.to_string())
    }
}

/// An interval in words: exact, from-to, at least, unknown.
pub(super) fn value(bounds: Option<&Bounds>, unit: &str, lang: Lang) -> String {
    let with_unit = |number: String| match unit {
        "fen" => format!("{number} {}", lang.pick("元", "yuan")),
        "months" => format!("{number} {}", lang.pick("个月", "months")),
        "persons" => format!("{number} {}", lang.pick("人", "persons")),
        "pieces" | "" => number,
        other => format!("{number} {other}"),
    };
    let (lo, hi) = bounds.map_or((None, None), |bounds| (bounds.lo, bounds.hi));
    match (lo, hi) {
        (Some(lo), Some(hi)) if lo == hi => with_unit(amount(lo, unit)),
        (Some(lo), Some(hi)) => with_unit(format!(
            "{} {} {}",
            amount(lo, unit),
            lang.pick("至", "to"),
            amount(hi, unit)
        )),
        (Some(0), None) | (None, None) => lang.pick("不明", "unknown").to_owned(),
        (Some(lo), None) => format!("{} {}", lang.pick("至少", "at least"), with_unit(amount(lo, unit))),
        (None, Some(hi)) => format!("{} {}", lang.pick("至多", "at most"), with_unit(amount(hi, unit))),
    }
}
