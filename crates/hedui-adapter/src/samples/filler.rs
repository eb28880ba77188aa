//! Somebody invented who stands where nobody else would: connectors take a source without people for an export that failed.
//! Leaves writing the rows to `write` and `database`.

use std::borrow::Cow;

use hedui_ids::{Date, DivisionCode, ResidentId};

use super::SampleRow;
use crate::manifest::{Manifest, SourceTable};
use crate::mapping::Row;

/// The number of somebody born before anybody whom a case or a simulation invents.
fn number() -> Option<ResidentId> {
    ResidentId::compose(DivisionCode::parse("110101")?, Date::new(1901, 1, 1)?, 1)
}

/// A row with that number, and nothing else, in the columns that are searched; in all columns where `[source]` names none of these.
fn row(manifest: &Manifest, table: &SourceTable, number: &str) -> SampleRow {
    let identity = manifest
        .mapping
        .as_ref()
        .map(|mapping| mapping.identity.id_number.as_str());
    let key = manifest.connector.file().map(|file| file.key_column.as_str());
    let searched = |column: &&String| [identity, key].contains(&Some(column.as_str()));
    let mut row = Row::new();
    let named = table.columns.iter().any(|column| searched(&column));
    for column in table.columns.iter().filter(|column| !named || searched(column)) {
        row.set(column, number);
    }
    SampleRow {
        table: Some(table.name.clone()),
        row,
    }
}

/// These rows, and one for each table that is looked at for whether anybody is in it and in which they would leave nobody.
pub(super) fn filled<'r>(manifest: &Manifest, rows: &'r [SampleRow]) -> Cow<'r, [SampleRow]> {
    let is_file = manifest.connector.file().is_some();
    let is_sampled = manifest.connector.sample().is_some_and(|sample| !sample.is_empty());
    let Some(number) = number().filter(|_| is_sampled || is_file && rows.is_empty()) else {
        return Cow::Borrowed(rows);
    };
    let first = manifest.source.first().map(|table| table.name.as_str());
    let is_filled = |table: &SourceTable| {
        let mut names = rows.iter().map(|row| row.table.as_deref().or(first));
        names.any(|name| name == Some(table.name.as_str()))
    };
    // A file has one table, the first.
    let tables = manifest.source.iter().take(if is_file { 1 } else { usize::MAX });
    let fillers = tables.filter(|table| !is_filled(table));
    let fillers: Vec<SampleRow> = fillers.map(|table| row(manifest, table, number.expose())).collect();
    if fillers.is_empty() {
        return Cow::Borrowed(rows);
    }
    Cow::Owned(rows.iter().cloned().chain(fillers).collect())
}
