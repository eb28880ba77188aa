//! The part of the report on figures: what the records add up to, and which record each amount comes from.
//! Leaves what the figures mean for a programme to `verdict.rs`.

use hedui_core::part::Because;
use hedui_proto::verification::{Bounds, NamedFigure, Part, TraceStep};

use super::super::lang::Lang;
use super::super::table::{Column, paragraph, table};
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
            title(page, figure),
            value(figure.bounds.as_ref(), &figure.unit, lang),
            age(figure, lang),
            format!("{mark}{open}"),
        ]
    });
    let headers = [
        (lang.pick("项目", "figure"), Column::Text),
        (lang.pick("数值", "value"), Column::Number),
        (lang.pick("答复时间", "answered"), Column::Whole),
        (lang.pick("尚未确定的来源", "not settled by"), Column::Text),
    ];
    text.push_str(&table(&headers, rows.collect(), 0, page.width));
    for figure in figures.iter().filter(|figure| !figure.parts.is_empty()) {
        text.push_str(&behind(page, figure));
    }
    text
}

/// Its name, with the months that it is over.
fn title(page: &Page<'_>, figure: &NamedFigure) -> String {
    let name = page.names.figure(&figure.name);
    match figure.months {
        0 => name.to_owned(),
        months => page
            .lang
            .pick(format!("{name}（{months}个月）"), format!("{name} ({months} months)")),
    }
}

/// Whether what it rests on was asked just now, or since when the oldest of it has been kept.
fn age(figure: &NamedFigure, lang: Lang) -> String {
    match &figure.answered_at {
        None => String::new(),
        Some(_) if !figure.kept => lang.pick("本次", "fresh").to_owned(),
        Some(at) => kept_since(at, lang),
    }
}

/// Since when an answer has been kept, to the minute.
pub(super) fn kept_since(at: &prost_types::Timestamp, lang: Lang) -> String {
    let clock = values::clock(at);
    let minute = clock.get(..16).unwrap_or(&clock);
    lang.pick(format!("沿用\n{minute}"), format!("kept since\n{minute}"))
}

/// The records behind one figure.
fn behind(page: &Page<'_>, figure: &NamedFigure) -> String {
    let lang = page.lang;
    let title = title(page, figure);
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
            record(page, part),
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

/// Tables of the records that some steps counted, each once.
pub(super) fn counted(page: &Page<'_>, steps: &[&TraceStep], indent: u16) -> String {
    tables(
        page,
        &records(steps, |part| matches!(part.treatment.as_str(), "counted" | "declared")),
        indent,
    )
}

/// Tables of the records that some steps left out, each once: every exempted amount and every copy. Those of other months are only counted,
/// a year of wages would hide the rest; they stand with their figures where a verdict is explained.
pub(super) fn left_out(page: &Page<'_>, steps: &[&TraceStep], indent: u16) -> String {
    let is_of_other_months = |part: &Part| part.because == Because::OutsideMonths.text();
    let all = records(steps, |part| {
        matches!(part.treatment.as_str(), "disregarded" | "duplicate")
    });
    let of_other_months = all
        .iter()
        .flat_map(|(_, parts)| parts)
        .filter(|part| is_of_other_months(part))
        .count();
    let shown: Vec<(&str, Vec<Part>)> = all
        .into_iter()
        .map(|(unit, parts)| {
            (
                unit,
                parts.into_iter().filter(|part| !is_of_other_months(part)).collect(),
            )
        })
        .filter(|(_, parts): &(&str, Vec<Part>)| !parts.is_empty())
        .collect();
    let mut text = tables(page, &shown, indent);
    if of_other_months > 0 {
        let line = page.lang.pick(
            format!("另有 {of_other_months} 条记录不在计算期内。"),
            format!("Besides, {of_other_months} record(s) outside the months that count."),
        );
        text.push_str(&paragraph(&line, indent, page.width));
    }
    text
}

/// The records behind some steps that are wanted, by unit, each once.
fn records<'s>(steps: &[&'s TraceStep], wanted: impl Fn(&Part) -> bool) -> Vec<(&'s str, Vec<Part>)> {
    let mut found: Vec<(&str, Vec<Part>)> = Vec::new();
    for step in steps {
        let is_money = step.unit.contains("yuan");
        let unit = if is_money { "fen" } else { step.unit.as_str() };
        for part in step.parts.iter().filter(|part| wanted(part)) {
            let is_known = found.iter().any(|(_, parts)| parts.contains(part));
            if part.amount == 0 || is_known {
                continue;
            }
            match found.iter_mut().find(|(of, _)| *of == unit) {
                Some((_, parts)) => parts.push(part.clone()),
                None => found.push((unit, vec![part.clone()])),
            }
        }
    }
    found
}

fn tables(page: &Page<'_>, records: &[(&str, Vec<Part>)], indent: u16) -> String {
    let tables = records.iter().map(|(unit, of_unit)| parts(page, of_unit, unit, indent));
    tables.collect()
}

fn record(page: &Page<'_>, part: &Part) -> String {
    let what = if part.label.is_empty() {
        words::record_type(&part.record_type, page.lang).into()
    } else {
        page.label(part)
    };
    match (what.is_empty(), part.reference.is_empty()) {
        (_, true) => what.into_owned(),
        (true, false) => part.reference.clone(),
        (false, false) => format!("{what} [{}]", part.reference),
    }
}

/// What became of a record, with the reason.
fn treatment(page: &Page<'_>, part: &Part) -> String {
    let lang = page.lang;
    let because = page.because(&part.because);
    match part.treatment.as_str() {
        "counted" => lang.pick("计入", "counted").to_owned(),
        "duplicate" => {
            let other = same_as(page, &part.because);
            lang.pick(
                format!("重复，不另计：同{other}"),
                format!("not counted again, same as {other}"),
            )
        }
        "disregarded" => lang.pick(
            format!("按规则不计：{because}"),
            format!("not counted by the rule: {because}"),
        ),
        "declared" => lang.pick("按申报计入", "counted as declared").to_owned(),
        "uncertain" => lang.pick(format!("?? 存疑：{because}"), format!("?? uncertain: {because}")),
        other => format!("{other} {because}"),
    }
}

/// Of what a record is a copy, and by which key: `taxation T0000002 (employer's code)`, with the department by name.
fn same_as(page: &Page<'_>, because: &str) -> String {
    let (department, record) = because.split_once(' ').unwrap_or((because, ""));
    let department = page.names.department(department);
    match record.strip_suffix(')').and_then(|record| record.rsplit_once(" (")) {
        Some((record, key)) => {
            let (open, close) = page.lang.pick(("（", "）"), (" (", ")"));
            format!("{department} {record}{open}{}{close}", page.because(key))
        }
        None => format!("{department} {record}"),
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
