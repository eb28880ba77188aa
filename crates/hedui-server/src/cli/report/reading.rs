//! Formulas, numbers and units as a clerk reads them: titles in place of names, decimals in place of fractions, open ends in words.
//! Leaves the exact forms to the verdict, which keeps them; they are shown beside what was cut off, and by `--output json`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::lang::Lang;

#[cfg(test)]
mod tests;

/// Digits behind the point of a fraction that has no end.
const PLACES: usize = 4;

/// Titles by the names that formulas use.
pub(super) type Titles<'a> = BTreeMap<&'a str, Cow<'a, str>>;

/// A formula with titles in place of names.
pub(super) fn formula(text: &str, titles: &Titles<'_>, lang: Lang) -> String {
    let mut read = String::with_capacity(text.len() * 2);
    for (piece, is_called) in pieces(text) {
        if !piece.starts_with(|c: char| c.is_ascii_lowercase()) {
            read.push_str(sign(piece));
        } else if let Some(title) = titles.get(piece) {
            let (open, close) = lang.pick(('「', '」'), ('[', ']'));
            read.push(open);
            read.push_str(title);
            read.push(close);
        } else {
            read.push_str(word(piece, is_called, lang));
        }
    }
    read
}

/// The same formula with its numbers, each as [`value`] has it.
pub(super) fn numbers(text: &str, lang: Lang) -> String {
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // A fraction stands in brackets of its own, so that the line can be reckoned again; a decimal needs none.
        let bracket = |open, close| rest.strip_prefix(open).and_then(|inner| inner.split_once(close));
        if let Some((fraction, behind)) = bracket('(', ')')
            && let Some(decimal) = decimal(fraction)
        {
            let (open, close) = if fraction.starts_with('-') {
                ("(", ")")
            } else {
                ("", "")
            };
            read.push_str(&format!("{open}{decimal}{close}"));
            rest = behind;
        } else if let Some((bounds, behind)) = bracket('[', ']') {
            read.push_str(&format!("({})", interval(bounds, lang)));
            rest = behind;
        } else {
            let piece = pieces(rest).next().map_or(rest, |(piece, _)| piece);
            let is_called = rest.get(piece.len()..).is_some_and(|behind| behind.starts_with('('));
            if first.is_ascii_lowercase() {
                read.push_str(word(piece, is_called, lang));
            } else {
                read.push_str(sign(piece));
            }
            rest = rest.get(piece.len()..).unwrap_or_default();
        }
    }
    read
}

/// A value with its unit: `290.7333… yuan/person/month (exactly 4361/15)`, `at least 476.97 yuan`, `yes`.
pub(super) fn quantity(value: &str, unit: &str, lang: Lang) -> String {
    if unit == "condition" {
        return word(value, false, lang).to_owned();
    }
    let unit = self::unit(unit, lang);
    let with_unit = |number: &str| format!("{number} {unit}").trim_end().to_owned();
    if let Some(decimal) = decimal(value) {
        let exact = lang.pick(format!("（准确值 {value}）"), format!(" (exactly {value})"));
        return format!("{}{exact}", with_unit(&decimal));
    }
    match value.strip_prefix('[').and_then(|bounds| bounds.strip_suffix(']')) {
        Some("0, inf" | "-inf, inf") => interval("0, inf", lang),
        Some(bounds) => with_unit(&interval(bounds, lang)),
        None => with_unit(value),
    }
}

/// A unit in words: in Chinese `元/人/月`. Things are counted without one.
fn unit(unit: &str, lang: Lang) -> String {
    let (net, gross) = match unit.strip_suffix(" gross") {
        Some(net) => (net, lang.pick("（扣减前）", ", before deductions")),
        None => (unit, ""),
    };
    let words = match (net, lang) {
        ("ratio" | "pieces", _) => "",
        (other, Lang::En) => other,
        ("months", Lang::Zh) => "个月",
        ("months/year", Lang::Zh) => "个月/年",
        (other, Lang::Zh) => {
            let zh = |part: &str| match part {
                "yuan" => "元",
                "person" | "persons" => "人",
                "month" | "months" => "月",
                "year" | "years" => "年",
                "piece" | "pieces" => "件",
                "sqm" => "平方米",
                _ => "",
            };
            let parts: Vec<&str> = other.split('/').map(zh).collect();
            return format!("{}{gross}", parts.join("/"));
        }
    };
    format!("{words}{gross}")
}

/// The two ends of an interval in words.
fn interval(bounds: &str, lang: Lang) -> String {
    let (lo, hi) = bounds.split_once(", ").unwrap_or((bounds, bounds));
    let end = |text: &str| decimal(text).unwrap_or_else(|| text.to_owned());
    match (lo, hi) {
        ("0" | "-inf", "inf") => lang.pick("不明", "unknown").to_owned(),
        (lo, "inf") => format!("{} {}", lang.pick("至少", "at least"), end(lo)),
        ("-inf", hi) => format!("{} {}", lang.pick("至多", "at most"), end(hi)),
        (lo, hi) => format!("{} {} {}", end(lo), lang.pick("至", "to"), end(hi)),
    }
}

/// A fraction such as `4361/15` as a decimal that is cut off, never rounded: `290.7333…` is more than it shows. `None` for anything else.
fn decimal(text: &str) -> Option<String> {
    let (top, bottom) = text.split_once('/')?;
    let (sign, top) = top.strip_prefix('-').map_or(("", top), |top| ("-", top));
    let whole_number = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<u128>().ok())
    };
    let (top, bottom) = (whole_number(top)??, whole_number(bottom)??);
    let mut left = top.checked_rem(bottom)?;
    let mut digits = String::new();
    for _ in 0..PLACES {
        left = left.checked_mul(10)?;
        digits.push_str(&(left / bottom).to_string());
        left %= bottom;
    }
    let more = if left == 0 { "" } else { "…" };
    Some(format!("{sign}{}.{digits}{more}", top / bottom))
}

/// Names, numbers and what stands between them, each with whether a bracket follows at once.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let length = if is_part(first) {
            rest.find(|c: char| !is_part(c)).unwrap_or(rest.len())
        } else {
            let is_pair = ["<=", ">=", "==", "!="].iter().any(|pair| rest.starts_with(pair));
            if is_pair { 2 } else { first.len_utf8() }
        };
        let (piece, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some((piece, behind.starts_with('(')))
    })
}

fn sign(piece: &str) -> &str {
    match piece {
        "*" => "×",
        "/" => "÷",
        "<=" => "≤",
        ">=" => "≥",
        "==" => "=",
        "!=" => "≠",
        other => other,
    }
}

/// The words of the language; a name without a title stands as it is.
fn word(word: &str, is_called: bool, lang: Lang) -> &str {
    let known = match (word, is_called) {
        ("holds", _) => ("是", "yes"),
        ("fails", _) => ("否", "no"),
        ("open", _) => ("未定", "open"),
        ("and", _) => ("且", "and"),
        ("or", _) => ("或", "or"),
        ("not", _) => ("非", "not"),
        ("half_up", _) => ("四舍五入", "half up"),
        ("half_even", _) => ("四舍六入五成双", "half to even"),
        ("down", _) => ("舍去尾数", "down"),
        ("up", _) => ("进位", "up"),
        ("round", true) => ("取整", "rounded"),
        ("min", true) => ("取较小", "the least of "),
        ("max", true) => ("取较大", "the greatest of "),
        ("clamp", true) => ("限定范围", "kept within "),
        ("if", true) => ("若", "if"),
        ("sum", true) => ("各成员合计", "sum over members"),
        ("mean", true) => ("各成员平均", "mean over members"),
        ("count", true) => ("人数", "number of members"),
        ("net_of", true) => ("扣减后净额", "net of deductions"),
        ("months_per_year", _) => ("每年月数", "months in a year"),
        _ => return word,
    };
    lang.pick(known.0, known.1)
}
