//! From TOML to a checked mapping: identity, records and their fields, threshold.
//! Leaves reading rows with it to `mapping`.

use hedui_core::{Fen, PartialDate, RecordType};
use hedui_toml::hint;

use super::Connector;
use super::fields::{Fields, MISSING, UNKNOWN, VALUE};
use super::group::{group, take};
use crate::mapping::{
    Codec, DataOn, DateFormat, Field, FieldKind, FieldMapping, FieldSource, Identity, Mapping, RecordMapping, Take,
    Threshold, Unit, fields as fields_of,
};

/// The mapping, where there is one, and the sample tables of its records.
pub(super) fn mapping(
    top: &mut Fields<'_>,
    connector: Option<&Connector>,
    types: &[RecordType],
    threshold_only: bool,
) -> (Option<Mapping>, Vec<(RecordType, String)>) {
    if let Some(elsewhere) = connector.filter(|c| c.is_answered_elsewhere()) {
        no_columns(top, elsewhere.word());
        return (None, Vec::new());
    }
    // A plugin reads its own rows; where its manifest has a mapping all the same, the shipped plugin process uses it.
    if connector.is_some_and(Connector::is_plugin) && !top.has("identity") {
        for key in ["data_on", "record", "ignore", "threshold"] {
            if top.has(key) {
                top.mistake(key, "needs an [identity] section");
                top.raw(key);
            }
        }
        return (None, Vec::new());
    }
    let identity = identity(top);
    let data_on = data_on(top);
    let mut tables = Vec::new();
    let mut records = Vec::new();
    for mut section in top.tables("record") {
        if let Some(table) = section.text("table") {
            tables.push((records.len(), table));
        }
        records.push(record(section));
    }
    let ignored: Vec<(String, String)> = top.tables("ignore").into_iter().map(when).collect();
    let threshold = top.table("threshold").map(self::threshold);
    match (threshold_only, &threshold, records.is_empty()) {
        (true, None, _) => top.mistake("threshold", "is missing, with threshold_only = true"),
        (true, Some(_), false) => top.mistake("record", "cannot stand beside threshold_only = true"),
        (false, Some(_), _) => top.mistake("threshold", "needs threshold_only = true"),
        (false, None, true) => top.mistake("record", "is missing: at least one [[record]]"),
        _ => {}
    }
    let tables = tables
        .into_iter()
        .filter_map(|(i, table)| Some((records.get(i)?.as_ref()?.record_type, table)))
        .collect();
    let records: Vec<RecordMapping> = records.into_iter().flatten().collect();
    for record in &records {
        if !types.is_empty() && !types.contains(&record.record_type) {
            top.mistake(
                "record",
                format!("type {:?} is not among record_types", record.record_type.word()),
            );
        }
    }
    if !threshold_only && !records.is_empty() {
        for missing in types.iter().filter(|t| !records.iter().any(|r| r.record_type == **t)) {
            top.mistake("record_types", format!("{:?} has no [[record]]", missing.word()));
        }
    }
    (
        identity.map(|identity| Mapping {
            identity,
            data_on,
            records,
            ignored,
            threshold,
        }),
        tables,
    )
}

/// Refuses every section about columns: there is no source of rows.
fn no_columns(top: &mut Fields<'_>, kind: &str) {
    for key in ["identity", "data_on", "record", "ignore", "threshold", "source"] {
        if top.has(key) {
            top.mistake(
                key,
                format!("cannot stand beside kind = {kind:?}: there are no columns"),
            );
            top.raw(key);
        }
    }
}

fn identity(top: &mut Fields<'_>) -> Option<Identity> {
    let mut fields = top.required_table("identity")?;
    let identity = Identity {
        id_number: fields.required_text("id_number"),
        name: fields.text("name"),
    };
    fields.finish();
    Some(identity)
}

fn data_on(top: &mut Fields<'_>) -> Option<DataOn> {
    let mut fields = top.table("data_on")?;
    let format = format(&mut fields);
    let data_on = match (fields.text("column"), fields.text("value")) {
        (Some(column), None) => Some(DataOn::Column(column, format)),
        (None, Some(value)) => match value.parse::<PartialDate>() {
            Ok(date) => Some(DataOn::Value(date)),
            Err(error) => {
                fields.mistake("value", error.to_string());
                None
            }
        },
        _ => {
            fields.mistake("", "must have a column or a value");
            None
        }
    };
    fields.finish();
    data_on
}

pub(super) fn format(fields: &mut Fields<'_>) -> DateFormat {
    let Some(word) = fields.text("format") else {
        return DateFormat::Dashed;
    };
    DateFormat::from_word(&word).unwrap_or_else(|| {
        let known: Vec<&str> = DateFormat::ALL.iter().map(|(word, _)| *word).collect();
        fields.mistake("format", format!("must be one of {}", known.join(", ")));
        DateFormat::Dashed
    })
}

fn record(mut section: Fields<'_>) -> Option<RecordMapping> {
    let word = section.required_text("type");
    let record_type = RecordType::from_word(&word);
    if record_type.is_none() && !word.is_empty() {
        let hint = hint::nearest(&word, RecordType::ALL.iter().map(|t| t.word()));
        section.mistake_with("type", VALUE, format!("{word:?} is no type of record"), hint);
    }
    let reference = section.text("reference");
    let when = section.table("when").map(when);
    let values = section.required_table("fields");
    let fields = match (values, record_type) {
        (Some(values), Some(record_type)) => field_mappings(values, record_type),
        _ => Vec::new(),
    };
    let group = group(&mut section, record_type, &fields);
    section.finish();
    Some(RecordMapping {
        record_type: record_type?,
        reference,
        when,
        group,
        fields,
    })
}

fn when(mut fields: Fields<'_>) -> (String, String) {
    let (column, equals) = (fields.required_text("column"), fields.scalar("equals"));
    if equals.is_none() {
        fields.missing("equals");
    }
    fields.finish();
    (column, equals.unwrap_or_default())
}

fn field_mappings(mut values: Fields<'_>, record_type: RecordType) -> Vec<FieldMapping> {
    let known = fields_of(record_type);
    let mut mappings = Vec::new();
    for key in values.keys() {
        let Some(field) = known.iter().find(|field| field.name == key) else {
            let names: Vec<&str> = known.iter().map(|field| field.name).collect();
            let message = format!("is no field of {}: {}", record_type.word(), names.join(", "));
            values.mistake_with(&key, UNKNOWN, message, hint::nearest(&key, names.into_iter()));
            values.raw(&key);
            continue;
        };
        mappings.extend(field_mapping(&mut values, *field));
    }
    for field in known.iter().filter(|f| f.required) {
        if !mappings.iter().any(|m| m.field.name == field.name) {
            let message = format!("is missing: a {} cannot do without it", record_type.word());
            values.mistake_with(field.name, MISSING, message, None);
        }
    }
    values.finish();
    mappings
}

fn field_mapping(values: &mut Fields<'_>, field: Field) -> Option<FieldMapping> {
    match values.raw(field.name)? {
        toml::Value::String(column) if !column.is_empty() => Some(FieldMapping {
            field,
            source: FieldSource::Column(column, Codec::default()),
            optional: false,
            take: Take::Same,
        }),
        toml::Value::Table(table) => values.below(table, field.name, |fields| field_table(fields, field)),
        _ => {
            values.mistake(field.name, "must be a column, or a table with column or value");
            None
        }
    }
}

fn field_table(mut fields: Fields<'_>, field: Field) -> Option<FieldMapping> {
    let codec = codec(&mut fields, field.kind);
    let value = fields.scalar("value");
    let column = fields.text("column");
    let optional = fields.flag("optional").unwrap_or(false);
    if optional && (column.is_none() || field.required && codec.empty.is_none()) {
        fields.mistake(
            "optional",
            "needs a column, of a field that a record can do without or that has a value for an empty cell",
        );
    }
    let take = take(&mut fields, field.kind);
    let source = match (column, value) {
        (Some(column), None) => Some(FieldSource::Column(column, codec)),
        (None, Some(value)) => match codec.plain(field.kind, &value) {
            Ok(value) => Some(FieldSource::Constant(value)),
            Err(_) => {
                fields.mistake("value", expected(field.kind));
                None
            }
        },
        _ => {
            fields.mistake("", "must have a column or a value");
            None
        }
    };
    fields.finish();
    Some(FieldMapping {
        field,
        source: source?,
        optional,
        take,
    })
}

fn codec(fields: &mut Fields<'_>, kind: FieldKind) -> Codec {
    let codes = fields.table("codes").map(Fields::rest).unwrap_or_default();
    let codec = Codec {
        codes,
        other: fields.scalar("other"),
        empty: fields.scalar("empty"),
        ..Codec::default()
    };
    if fields.has("format") && !matches!(kind, FieldKind::Date) {
        fields.mistake("format", "is for dates only");
    }
    let mut codec = Codec {
        format: format(fields),
        ..codec
    };
    if let Some(word) = fields.text("unit") {
        match Unit::from_word(&word, kind) {
            Some(unit) => codec.unit = unit,
            None => fields.mistake("unit", "money: yuan, fen, wan_yuan; area: square_metres, mu"),
        }
    }
    let words = codec.codes.iter().map(|(_, word)| ("codes", word));
    let others = codec
        .other
        .iter()
        .map(|word| ("other", word))
        .chain(codec.empty.iter().map(|word| ("empty", word)));
    for (key, word) in words.chain(others) {
        if codec.plain(kind, word).is_err() {
            fields.mistake(key, format!("{word:?} does not fit: {}", expected(kind)));
        }
    }
    if codec.other.is_some() && codec.codes.is_empty() {
        fields.mistake("other", "needs codes");
    }
    codec
}

fn expected(kind: FieldKind) -> String {
    match kind {
        FieldKind::Text => "text".to_owned(),
        FieldKind::Money => "an amount in the unit given, for example 874.50".to_owned(),
        FieldKind::Date => "a date in the format given".to_owned(),
        FieldKind::Word(words) => format!("one of {}", words().join(", ")),
        FieldKind::SquareMetres | FieldKind::Mu => "an area in the unit given, for example 89.50".to_owned(),
        FieldKind::Number(low, high) => format!("a whole number from {low} to {high}"),
        FieldKind::Flag => "true or false".to_owned(),
    }
}

fn threshold(mut fields: Fields<'_>) -> Threshold {
    let column = fields.required_text("column");
    let mut texts = |key: &str| {
        let texts = fields.texts(key).unwrap_or_default();
        if texts.is_empty() {
            fields.mistake(key, "must name at least one text");
        }
        texts
    };
    let (over, within) = (texts("over"), texts("within"));
    if over.iter().any(|text| within.contains(text)) {
        fields.mistake("within", "shares a text with over");
    }
    let limit = fields.scalar("limit").and_then(|text| match text.parse::<Fen>() {
        Ok(limit) => Some(limit),
        Err(error) => {
            fields.mistake("limit", error.to_string());
            None
        }
    });
    fields.finish();
    Threshold {
        column,
        over,
        within,
        limit,
    }
}
