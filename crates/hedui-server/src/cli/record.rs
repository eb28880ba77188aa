//! Opened records as a person can read them: requests and reports as JSON, a department's answer field by field.
//! Leaves opening them, and who may, to the server.

use hedui_core::Report;
use hedui_core::part::{Part, Treatment};
use hedui_core::source::Origin;
use hedui_policy::{Filed, Snapshot};
use hedui_proto::department::QueryResponse;
use prost::Message as _;
use serde_json::{Value, json};

/// An opened record of a leaf of this kind. What is none of the known forms is shown as text, as far as it is one.
pub(super) fn readable(kind: &str, record: &[u8]) -> String {
    let known = match kind {
        "ANSWER" => QueryResponse::decode(record).ok().map(|answer| format!("{answer:#?}")),
        "SNAPSHOT" => filed(record),
        "VERDICT" => report(record).and_then(|report| serde_json::to_string_pretty(&report).ok()),
        _ => serde_json::from_slice::<Value>(record)
            .ok()
            .and_then(|request| serde_json::to_string_pretty(&request).ok()),
    };
    known.unwrap_or_else(|| String::from_utf8_lossy(record).into_owned())
}

/// What was filed for later packs, field by field.
fn filed(record: &[u8]) -> Option<String> {
    let filed = Filed::read(record).ok()?;
    let mut text = format!("district: {}\nresidence: {:?}\n", filed.district, filed.residence);
    if let Some(town) = filed.town {
        text.push_str(&format!("town: {town}\n"));
    }
    for programme in filed.programmes() {
        text.push_str(&format!("programme: {programme}\n"));
    }
    for bytes in filed.snapshots() {
        text.push_str(&format!("{:#?}\n", Snapshot::decode(bytes).ok()?));
    }
    Some(text)
}

/// A sealed report with its packed lists written out.
fn report(record: &[u8]) -> Option<Value> {
    let report: Report = rmp_serde::from_slice(record).ok()?;
    let mut value = serde_json::to_value(&report).ok()?;
    let mut put = |path: String, list: Value| {
        if let Some(slot) = value.pointer_mut(&path) {
            *slot = list;
        }
    };
    put("/origins".to_owned(), report.origins.iter().map(origin).collect());
    for (i, line) in report.departments.iter().enumerate() {
        put(
            format!("/departments/{i}/subjects"),
            serde_json::to_value(&line.subjects).ok()?,
        );
    }
    for (i, named) in report.figures.iter().enumerate() {
        put(format!("/figures/{i}/figure/parts"), parts(&named.figure.parts));
    }
    for (i, finding) in report.findings.iter().enumerate() {
        put(format!("/findings/{i}/parts"), parts(&finding.parts));
    }
    for (i, verdict) in report.verdicts.iter().enumerate() {
        for (j, step) in verdict.trace.iter().enumerate() {
            put(format!("/verdicts/{i}/trace/{j}/parts"), parts(&step.parts));
        }
    }
    Some(value)
}

fn origin(origin: &Origin) -> Value {
    match origin.record {
        None if origin.paper.is_some() => {
            json!({"id": origin.id, "subject": origin.subject, "paper": origin.paper})
        }
        None => json!({"id": origin.id, "subject": origin.subject, "declared": true}),
        Some(at) => json!({
            "id": origin.id, "subject": origin.subject, "department": at.department,
            "record_type": at.record_type.word(), "nth": at.nth,
        }),
    }
}

fn parts(parts: &[Part]) -> Value {
    parts.iter().map(part).collect()
}

fn part(part: &Part) -> Value {
    let (treatment, because, of) = match part.treatment {
        Treatment::Counted => ("counted", None, None),
        Treatment::Duplicate { of, by } => ("duplicate", Some(by.text()), Some(of)),
        Treatment::Disregarded { rule } => ("disregarded", Some(rule.text()), None),
        Treatment::Declared => ("declared", None, None),
        Treatment::Uncertain { why } => ("uncertain", Some(why.text()), None),
    };
    json!({
        "source": part.source, "aspect": part.aspect.text(), "amount": part.amount,
        "treatment": treatment, "because": because, "of": of,
    })
}

#[cfg(test)]
mod tests;
