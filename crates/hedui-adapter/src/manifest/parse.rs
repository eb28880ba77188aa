//! From TOML to a checked manifest: the general part.
//! Leaves the connector to `connector` and the mapping of records to `record`.

use hedui_core::{DepartmentId, PinnedKey, RecordType};
use hedui_toml::{Place, hint};
use toml::Table;

use super::fields::{Fields, Mistakes, VALUE};
use super::{BreakerLimits, Connector, LocalName, Manifest, ManifestError, SourceTable, Variables};
use super::{connector, hours, record};
use crate::adapter::{Limits, LookupKey};
use crate::gate::Pace;

/// More than this in one household is a mistake, not a household.
const MAX_SUBJECTS: u64 = 100;
/// More connections than this no single department of a district bears.
const MAX_CONCURRENT: u64 = 10_000;
/// Faster than this is no limit.
const MAX_PER_SECOND: u64 = 100_000;
/// The largest answer for one household, 64 MiB.
const MAX_RESPONSE_BYTES: u64 = 64 << 20;

/// Reads a whole manifest.
pub(super) fn parse(text: &str, variables: &Variables) -> Result<Manifest, Vec<ManifestError>> {
    let table = document(text)?;
    let mistakes = Mistakes::default();
    let manifest = manifest(Fields::new(table, &mistakes), variables);
    let mistakes = mistakes.placed(text);
    match manifest {
        Some(manifest) if mistakes.is_empty() => Ok(manifest),
        _ => Err(mistakes),
    }
}

/// The document, or every mistake of its syntax.
pub(crate) fn document(text: &str) -> Result<Table, Vec<ManifestError>> {
    let (_, errors) = toml::de::DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| syntax(text, error)).collect());
    }
    toml::from_str(text).map_err(|error| vec![syntax(text, &error)])
}

/// A syntax mistake with its line and column.
fn syntax(text: &str, error: &toml::de::Error) -> ManifestError {
    let place = Place::of(text, error.span().map_or(0, |span| span.start).min(text.len()));
    ManifestError {
        place: Some(place),
        reason: "TOML_SYNTAX",
        ..ManifestError::new(format!("line {}, column {}", place.line, place.column), error.message())
    }
}

fn manifest(mut top: Fields<'_>, variables: &Variables) -> Option<Manifest> {
    let id_text = top.required_text("id");
    let id = DepartmentId::new(&id_text);
    if !id_text.is_empty()
        && let Err(error) = &id
    {
        top.mistake("id", error.to_string());
    }
    let name = local_name(&mut top, "name");
    let verifies = local_name(&mut top, "verifies");
    let known_types: Vec<&str> = RecordType::ALL.iter().map(|t| t.word()).collect();
    let known_keys: Vec<&str> = LookupKey::ALL.iter().map(|key| key.word()).collect();
    let record_types = words(&mut top, "record_types", RecordType::from_word, &known_types);
    let lookup_keys = words(&mut top, "lookup_keys", LookupKey::from_word, &known_keys);
    if !lookup_keys.is_empty() && !lookup_keys.contains(&LookupKey::IdNumber) {
        top.mistake("lookup_keys", "must name id_number: a name alone identifies nobody");
    }
    let freshness = required(&mut top, "freshness", Fields::duration);
    let deadline = required(&mut top, "deadline", Fields::duration);
    if deadline.is_some_and(|d| d.is_zero()) {
        top.mistake("deadline", "must be longer than nothing");
    }
    let threshold_only = top.flag("threshold_only").unwrap_or(false);
    let (limits, per_second) = top.required_table("limits").map(limits).unzip();
    let hours = top.table("hours").map(hours::hours);
    let breaker = top.table("breaker").map(breaker).unwrap_or_default();
    let connector = top
        .required_table("connector")
        .and_then(|fields| connector::connector(fields, variables, hours.as_ref()));
    let pace = Pace {
        per_second: per_second.flatten(),
        per_person: matches!(connector, Some(Connector::Http(_))),
        // People are not asked by ringing them up: a question waits for them, and their hours count for the promise.
        hours: hours.filter(|_| !matches!(connector, Some(Connector::People(_)))),
    };
    let (mapping, sample_tables) = record::mapping(&mut top, connector.as_ref(), &record_types, threshold_only);
    let signing_keys = signing_keys(&mut top, connector.as_ref());
    if signing_keys.is_empty() && matches!(connector, Some(Connector::Peer(_))) {
        top.mistake(
            "signing_key",
            "is missing: what another hedui answers must be signed; it publishes its key in Describe",
        );
    }
    let source = source(&mut top);
    for (_, table) in &sample_tables {
        if !source.iter().any(|t| t.name == *table) {
            top.mistake("record", format!("table {table:?} is not among source.tables"));
        }
    }
    top.finish();
    Some(Manifest {
        id: id.ok()?,
        name,
        verifies,
        record_types,
        lookup_keys,
        freshness: freshness?,
        deadline: deadline?,
        threshold_only,
        limits: limits?,
        breaker,
        signing_keys,
        pace,
        connector: connector?,
        mapping,
        sample_tables,
        source,
    })
}

fn required<'m, T>(
    fields: &mut Fields<'m>,
    key: &str,
    read: impl FnOnce(&mut Fields<'m>, &str) -> Option<T>,
) -> Option<T> {
    if !fields.has(key) {
        fields.missing(key);
    }
    read(fields, key)
}

fn local_name(top: &mut Fields<'_>, key: &str) -> LocalName {
    let Some(mut fields) = top.required_table(key) else {
        return LocalName {
            zh: String::new(),
            en: String::new(),
        };
    };
    let name = LocalName {
        zh: fields.required_text("zh"),
        en: fields.required_text("en"),
    };
    fields.finish();
    name
}

fn words<T: PartialEq>(
    top: &mut Fields<'_>,
    key: &str,
    from_word: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Vec<T> {
    if !top.has(key) {
        top.missing(key);
        return Vec::new();
    }
    let Some(texts) = top.texts(key) else {
        return Vec::new();
    };
    if texts.is_empty() {
        top.mistake(key, "must name at least one");
    }
    let mut found = Vec::new();
    for text in &texts {
        match from_word(text) {
            None => {
                let hint = hint::nearest(text, known.iter().copied());
                top.mistake_with(key, VALUE, format!("{text:?} is not known"), hint);
            }
            Some(word) if found.contains(&word) => top.mistake(key, format!("{text:?} stands twice")),
            Some(word) => found.push(word),
        }
    }
    found
}

fn limits(mut fields: Fields<'_>) -> (Limits, Option<u32>) {
    let mut number = |key, high| {
        let number = required(&mut fields, key, |fields, key| fields.number(key, 1, high));
        number.and_then(|n| u32::try_from(n).ok()).unwrap_or(1)
    };
    let limits = Limits {
        max_subjects: number("max_subjects", MAX_SUBJECTS),
        max_concurrent_queries: number("max_concurrent_queries", MAX_CONCURRENT),
        max_response_bytes: number("max_response_bytes", MAX_RESPONSE_BYTES),
    };
    let per_second = fields.number("per_second", 1, MAX_PER_SECOND);
    fields.finish();
    (limits, per_second.and_then(|n| u32::try_from(n).ok()))
}

fn breaker(mut fields: Fields<'_>) -> BreakerLimits {
    let default = BreakerLimits::default();
    let failures = fields.number("failures", 1, 1_000).and_then(|n| u32::try_from(n).ok());
    let breaker = BreakerLimits {
        failures: failures.unwrap_or(default.failures),
        retry_after: fields.duration("retry_after").unwrap_or(default.retry_after),
    };
    fields.finish();
    breaker
}

/// More pinned keys than a rotation needs are a mistake.
const MAX_SIGNING_KEYS: usize = 8;

/// The pinned keys. Two or more let a department change from one to the next without a day on which its answers are refused.
fn signing_keys(top: &mut Fields<'_>, connector: Option<&Connector>) -> Vec<PinnedKey> {
    let mut keys: Vec<PinnedKey> = Vec::new();
    for mut table in top.tables("signing_key") {
        let id = table.required_text("id");
        let public_key = table.required_text("public_key").to_ascii_lowercase();
        if id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
            table.mistake("id", "must be at most 64 letters, digits, '-', '_' and '.'");
        }
        if !public_key.is_empty() && crate::wire::public_key(&public_key).is_none() {
            table.mistake("public_key", "must be an Ed25519 public key in 64 hexadecimal digits");
        }
        if keys.iter().any(|k| k.id == id) {
            table.mistake("id", "stands twice");
        }
        table.finish();
        keys.push(PinnedKey { id, public_key });
    }
    if keys.len() > MAX_SIGNING_KEYS {
        top.mistake("signing_key", format!("names more than {MAX_SIGNING_KEYS} keys"));
    }
    if !keys.is_empty() && connector.is_some_and(|c| !c.is_plugin()) {
        top.mistake(
            "signing_key",
            "only a plugin signs its answers; this department is read by a connector",
        );
    }
    keys
}

fn source(top: &mut Fields<'_>) -> Vec<SourceTable> {
    let Some(mut fields) = top.table("source") else {
        return Vec::new();
    };
    let mut tables: Vec<SourceTable> = Vec::new();
    for mut table in fields.tables("tables") {
        let name = table.required_text("name");
        let columns = required(&mut table, "columns", Fields::texts).unwrap_or_default();
        if tables.iter().any(|t| t.name == name) {
            table.mistake("name", "stands twice");
        }
        table.finish();
        tables.push(SourceTable { name, columns });
    }
    fields.finish();
    tables
}
