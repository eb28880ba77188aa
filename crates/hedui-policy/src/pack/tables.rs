//! Reads the rows of coefficient tables: by age, sex or disability.
//! Leaves their use to formulas.

use hedui_core::record::DisabilityKind;
use hedui_ids::Sex;

use super::MAX_ITEMS;
use super::source::{Section, Source};
use super::values::not_negative;
use crate::program::{Rows, Table};

/// `by`, `rows` and `default` of a table.
pub(super) fn read<'a>(source: &mut Source<'a>, section: &mut Section<'_, 'a>) -> Option<Table> {
    let by = section.text(source, "by");
    let default = section.number(source, "default");
    let rows = section.sections(source, "rows", "a row");
    if rows.is_empty() || rows.len() > MAX_ITEMS {
        source.mistake(
            section.at(),
            "VALUE_INVALID",
            format!("a table has 1 to {MAX_ITEMS} rows"),
        );
        return None;
    }
    let by = by?;
    let rows = match by.value.as_str() {
        "age" => age(source, rows),
        "sex" => sex(source, rows),
        "disability" => disability(source, rows),
        other => {
            let message = format!("a table is by age, sex or disability, not `{other}`");
            source.mistake(by.at, "VALUE_INVALID", message);
            return None;
        }
    };
    let default = default?;
    if default.value.signum() < 0 {
        source.mistake(default.at, "VALUE_NEGATIVE", "a coefficient is not negative");
    }
    Some(Table {
        rows: rows?,
        default: default.value,
    })
}

/// `{ from = 18, to = 60, value = 1 }`: from included, to excluded; bands of age do not overlap.
fn age<'a>(source: &mut Source<'a>, rows: Vec<Section<'_, 'a>>) -> Option<Rows> {
    let mut found: Vec<(u32, Option<u32>, crate::ratio::Ratio)> = Vec::new();
    let mut whole = true;
    for mut row in rows {
        let from = row.opt_whole(source, "from").map_or(0, |f| f.value);
        let to = row.opt_whole(source, "to").map(|t| t.value);
        let value = not_negative(source, &mut row);
        let at = row.at();
        row.end(source);
        if to.is_some_and(|to| to <= from) {
            source.mistake(
                at,
                "VALUE_INVALID",
                format!("the ages {from} to {} hold nobody", to.unwrap_or(0)),
            );
        }
        let before = |end: Option<u32>, start: u32| end.is_some_and(|end| end <= start);
        if found.iter().any(|(f, t, _)| !before(*t, from) && !before(to, *f)) {
            source.mistake(at, "ROWS_OVERLAP", "an age fits two rows");
        }
        whole &= value.is_some();
        found.extend(value.map(|v| (from, to, v)));
    }
    whole.then_some(Rows::Age(found))
}

/// `{ sex = "female", value = 0.8 }`.
fn sex<'a>(source: &mut Source<'a>, rows: Vec<Section<'_, 'a>>) -> Option<Rows> {
    let mut found: Vec<(Sex, crate::ratio::Ratio)> = Vec::new();
    let mut whole = true;
    for mut row in rows {
        let word = row.text(source, "sex");
        let value = not_negative(source, &mut row);
        row.end(source);
        let sex = word.as_ref().and_then(|word| match word.value.as_str() {
            "male" => Some(Sex::Male),
            "female" => Some(Sex::Female),
            _ => {
                source.mistake(word.at, "VALUE_INVALID", "sex is male or female");
                None
            }
        });
        if let (Some(word), Some(sex)) = (&word, sex)
            && found.iter().any(|(other, _)| *other == sex)
        {
            source.mistake(word.at, "ROWS_OVERLAP", "this sex has two rows");
        }
        whole &= sex.is_some() && value.is_some();
        found.extend(sex.zip(value));
    }
    whole.then_some(Rows::Sex(found))
}

/// `{ kind = "speech", grade = 2, value = 0.4 }`; without a kind for every kind that no earlier row names.
fn disability<'a>(source: &mut Source<'a>, rows: Vec<Section<'_, 'a>>) -> Option<Rows> {
    let mut found: Vec<(Option<DisabilityKind>, u32, crate::ratio::Ratio)> = Vec::new();
    let mut whole = true;
    for mut row in rows {
        let at = row.at();
        let word = row.opt_text(source, "kind");
        let grade = row.opt_whole(source, "grade").map(|g| g.value);
        let value = not_negative(source, &mut row);
        row.end(source);
        let kind = word.as_ref().and_then(|word| DisabilityKind::from_word(&word.value));
        if let (Some(word), None) = (&word, kind) {
            let words: Vec<&str> = DisabilityKind::ALL.iter().map(|k| k.word()).collect();
            source.mistake(
                word.at,
                "VALUE_INVALID",
                format!("a disability is {}", words.join(", ")),
            );
            whole = false;
        }
        let Some(grade) = grade.filter(|g| (1..=4).contains(g)) else {
            source.mistake(
                at,
                "VALUE_INVALID",
                "a row by disability has a grade from 1 (most severe) to 4",
            );
            whole = false;
            continue;
        };
        if found.iter().any(|(k, g, _)| *g == grade && (*k == kind || k.is_none())) {
            source.mistake(at, "ROWS_OVERLAP", "an earlier row already decides this kind and grade");
        }
        whole &= value.is_some();
        found.extend(value.map(|v| (kind, grade, v)));
    }
    whole.then_some(Rows::Disability(found))
}
