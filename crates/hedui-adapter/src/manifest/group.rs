//! From TOML: which rows make one record, and how its fields come out of them.
//! Leaves reading rows so to `mapping`.

use hedui_core::RecordType;
use hedui_toml::hint;

use super::fields::{Fields, VALUE};
use super::record::format;
use crate::mapping::{FieldKind, FieldMapping, Group, Take};

/// How the field comes out of several rows.
pub(super) fn take(fields: &mut Fields<'_>, kind: FieldKind) -> Take {
    use FieldKind::{Date, Money, Mu, Number, SquareMetres, Text};
    let Some(word) = fields.text("take") else {
        return Take::Same;
    };
    let take = Take::from_word(&word);
    let fits = match take {
        None => false,
        Some(Take::Same | Take::Newest) => true,
        Some(Take::Sum) => matches!(kind, Money | SquareMetres | Mu | Number(..)),
        Some(Take::Min | Take::Max) => matches!(kind, Date | Money | SquareMetres | Mu | Number(..)),
        Some(Take::List) => matches!(kind, Text),
    };
    if !fits {
        let known: Vec<&str> = Take::ALL.iter().map(|(word, _)| *word).collect();
        let message = format!(
            "must be one of {}: sum for amounts, areas and numbers, min and max for dates as well, list for texts",
            known.join(", ")
        );
        fields.mistake_with("take", VALUE, message, hint::nearest(&word, known.into_iter()));
    }
    take.unwrap_or_default()
}

/// Which rows make one record, and whether the fields fit that.
pub(super) fn group(
    section: &mut Fields<'_>,
    record_type: Option<RecordType>,
    fields: &[FieldMapping],
) -> Option<Group> {
    let newest_by = section.table("newest_by").map(|mut table| {
        let column = table.required_text("column");
        let format = format(&mut table);
        table.finish();
        (column, format)
    });
    let taken = |take: Take| fields.iter().find(|field| field.take == take);
    let Some(by) = section.texts("group_by") else {
        if let Some(field) = fields.iter().find(|field| field.take != Take::Same) {
            section.mistake("fields", format!("{}: take needs group_by", field.field.name));
        }
        if newest_by.is_some() {
            section.mistake("newest_by", "needs group_by");
        }
        return None;
    };
    match (taken(Take::Newest), &newest_by) {
        (Some(field), None) => {
            section.mistake(
                "newest_by",
                format!("is missing: {} is taken of the newest row", field.field.name),
            );
        }
        (None, Some(_)) => section.mistake("newest_by", "is not used: no field is taken of the newest row"),
        _ => {}
    }
    let period = fields
        .iter()
        .find(|f| matches!(f.field.name, "from" | "until") && f.take != Take::Same);
    if let (Some(RecordType::Income), Some(field)) = (record_type, period) {
        section.mistake(
            "group_by",
            format!(
                "must hold the month: income counts in the months in which it was earned, so that {} is the same in all rows",
                field.field.name
            ),
        );
    }
    Some(Group { by, newest_by })
}
