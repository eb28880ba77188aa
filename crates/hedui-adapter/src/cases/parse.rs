//! Reading `cases.toml`; every mistake is reported with its path.
//! Leaves running the cases to `run`.

use hedui_ids::{Date, ResidentId};
use serde_json::{Map, Value as Json};

use super::{Case, Expect};
use crate::manifest::{Fields, ManifestError, Mistakes, document};
use crate::mapping::Row;
use crate::samples::SampleRow;

/// Ids in cases are read as of this day: invented people, so that any late day will do.
const TODAY: Option<Date> = Date::new(2100, 1, 1);

/// Reads the cases of a department.
///
/// # Errors
/// Every mistake, each with its path.
pub fn parse(text: &str) -> Result<Vec<Case>, Vec<ManifestError>> {
    let table = document(text)?;
    let mistakes = Mistakes::default();
    let mut top = Fields::new(table, &mistakes);
    let cases: Vec<Option<Case>> = top.tables("case").into_iter().map(case).collect();
    if cases.is_empty() {
        top.mistake("case", "is missing: at least one [[case]]");
    }
    let mut names: Vec<&str> = cases.iter().flatten().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        if let [a, b] = pair
            && a == b
        {
            top.mistake("case", format!("{a:?} stands twice"));
        }
    }
    top.finish();
    let mistakes = mistakes.placed(text);
    if mistakes.is_empty() {
        Ok(cases.into_iter().flatten().collect())
    } else {
        Err(mistakes)
    }
}

fn case(mut fields: Fields<'_>) -> Option<Case> {
    let name = fields.required_text("name");
    let asked = fields.required_table("ask").map(|mut ask| {
        let id_text = ask.required_text("id_number");
        let id = TODAY.and_then(|today| ResidentId::parse(&id_text, today).ok());
        if id.is_none() {
            ask.mistake("id_number", "is no resident ID");
        }
        let person = ask.required_text("name");
        ask.finish();
        (id, person)
    });
    let rows = fields.tables("rows").into_iter().map(row).collect();
    let expect = fields.required_table("expect").map(expect);
    fields.finish();
    let (id, person) = asked?;
    Some(Case {
        name,
        id: id?.id,
        person,
        rows,
        expect: expect?,
    })
}

fn row(mut fields: Fields<'_>) -> SampleRow {
    let table = fields.text("table");
    let mut row = Row::new();
    for (column, text) in fields.rest() {
        row.set(&column, text);
    }
    SampleRow { table, row }
}

fn expect(mut fields: Fields<'_>) -> Expect {
    let state = fields.required_text("state");
    let known = [
        "FOUND",
        "NO_RECORD",
        "OVER_LIMIT",
        "WITHIN_LIMIT",
        "IDENTITY_MISMATCH",
        "FAILED",
    ];
    if !state.is_empty() && !known.contains(&state.as_str()) {
        fields.mistake("state", format!("must be one of {}", known.join(", ")));
    }
    let reason = fields.text("reason");
    if reason.is_some() != (state == "FAILED") {
        fields.mistake("reason", "stands with FAILED, and only there");
    }
    let notes = fields.number("notes", 0, 1_000).and_then(|n| usize::try_from(n).ok());
    let records = fields.has("records").then(|| {
        let records = fields.tables("records").into_iter();
        records
            .map(|mut record| {
                record
                    .keys()
                    .iter()
                    .filter_map(|key| Some((key.clone(), json(record.raw(key)?))))
                    .collect()
            })
            .collect::<Vec<Map<String, Json>>>()
    });
    fields.finish();
    Expect {
        state,
        reason,
        notes,
        records,
    }
}

fn json(value: toml::Value) -> Json {
    match value {
        toml::Value::String(text) => Json::from(text),
        toml::Value::Integer(number) => Json::from(number),
        toml::Value::Boolean(flag) => Json::from(flag),
        other => Json::from(other.to_string()),
    }
}
