//! Somebody invented who stands where nobody else would: connectors take a source without people for an export that failed.
//! Leaves writing the row to `write`.

use hedui_ids::{Date, DivisionCode, ResidentId};

use super::SampleRow;
use crate::manifest::Manifest;
use crate::mapping::Row;

/// The number of somebody born before anybody whom a case or a simulation invents.
fn number() -> Option<ResidentId> {
    ResidentId::compose(DivisionCode::parse("110101")?, Date::new(1901, 1, 1)?, 1)
}

/// The only row of a file: a number, and nothing else. None where `[source]` does not name the column that is searched.
pub(super) fn row(manifest: &Manifest) -> Option<SampleRow> {
    let key_column = &manifest.connector.file()?.key_column;
    let table = manifest.source.first()?;
    table.columns.iter().find(|column| *column == key_column)?;
    let mut row = Row::new();
    row.set(key_column, number()?.expose());
    Some(SampleRow {
        table: Some(table.name.clone()),
        row,
    })
}
