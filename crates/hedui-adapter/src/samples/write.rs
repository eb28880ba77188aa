//! Writing sample files in the form that each connector reads.
//! Leaves what stands in the rows to the caller.

use std::path::Path;

use super::{SampleError, SampleRow};
use crate::manifest::{Manifest, SourceTable, TextEncoding};

/// Creates the folder and removes an older file.
fn fresh(path: &Path) -> Result<(), SampleError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// The table of a row; every column of the row must be one of its.
pub(super) fn table_of<'m>(manifest: &'m Manifest, row: &SampleRow) -> Result<&'m SourceTable, SampleError> {
    let table = match &row.table {
        None => manifest.source.first(),
        Some(name) => manifest.source.iter().find(|table| table.name == *name),
    };
    let table =
        table.ok_or_else(|| SampleError::Source(format!("table {:?}", row.table.as_deref().unwrap_or("(first)"))))?;
    match row
        .row
        .cells()
        .find(|(column, _)| !table.columns.iter().any(|c| c == column))
    {
        Some((column, _)) => Err(SampleError::Source(format!("column {column} in table {}", table.name))),
        None => Ok(table),
    }
}

/// The cells of a row in the order of its table; `None` where the row has no such cell.
pub(super) fn cells<'r>(table: &SourceTable, row: &'r SampleRow) -> Vec<Option<&'r str>> {
    let find = |column: &String| row.row.cells().find(|(name, _)| name == column).map(|(_, text)| text);
    table.columns.iter().map(find).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn sqlite(manifest: &Manifest, path: &Path, rows: &[SampleRow]) -> Result<(), SampleError> {
    fresh(path)?;
    let mut connection = rusqlite::Connection::open(path)?;
    let transaction = connection.transaction()?;
    for table in &manifest.source {
        let columns: Vec<String> = table.columns.iter().map(|c| format!("{} TEXT", quoted(c))).collect();
        transaction.execute_batch(&format!(
            "CREATE TABLE {} ({})",
            quoted(&table.name),
            columns.join(", ")
        ))?;
    }
    for row in rows {
        let table = table_of(manifest, row)?;
        let places = vec!["?"; table.columns.len()].join(", ");
        let mut insert = transaction.prepare(&format!("INSERT INTO {} VALUES ({places})", quoted(&table.name)))?;
        // An empty cell is stored as NULL, as most registers do.
        let cells = cells(table, row)
            .into_iter()
            .map(|cell| cell.filter(|text| !text.is_empty()));
        insert.execute(rusqlite::params_from_iter(cells))?;
    }
    if let Some(column) = manifest
        .mapping
        .as_ref()
        .map(|mapping| mapping.identity.id_number.as_str())
    {
        for table in manifest
            .source
            .iter()
            .filter(|table| table.columns.iter().any(|c| c == column))
        {
            let index = quoted(&format!("by_{}_{column}", table.name));
            let (table, column) = (quoted(&table.name), quoted(column));
            transaction.execute_batch(&format!("CREATE INDEX {index} ON {table} ({column})"))?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn first_table(manifest: &Manifest) -> Result<&SourceTable, SampleError> {
    manifest
        .source
        .first()
        .ok_or_else(|| SampleError::Source("a table, which is the header of the file".to_owned()))
}

pub(super) fn csv(
    manifest: &Manifest,
    path: &Path,
    encoding: TextEncoding,
    delimiter: u8,
    rows: &[SampleRow],
) -> Result<(), SampleError> {
    let header = first_table(manifest)?;
    let mut writer = ::csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    let broken = |_| SampleError::Io(std::io::Error::other("delimited text"));
    writer.write_record(&header.columns).map_err(broken)?;
    for row in rows {
        let table = table_of(manifest, row)?;
        writer
            .write_record(cells(table, row).into_iter().map(Option::unwrap_or_default))
            .map_err(broken)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|_| SampleError::Io(std::io::Error::other("delimited text")))?;
    fresh(path)?;
    match encoding {
        TextEncoding::Utf8 => std::fs::write(path, bytes)?,
        TextEncoding::Gb18030 => {
            let text = String::from_utf8(bytes).map_err(|_| std::io::Error::other("text"))?;
            std::fs::write(path, encoding_rs::GB18030.encode(&text).0)?;
        }
    }
    Ok(())
}

pub(super) fn excel(manifest: &Manifest, path: &Path, sheet: &str, rows: &[SampleRow]) -> Result<(), SampleError> {
    let header = first_table(manifest)?;
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let page = workbook.add_worksheet();
    page.set_name(sheet)?;
    let header_cells = header.columns.iter().map(|c| Some(c.as_str())).collect::<Vec<_>>();
    let mut lines = vec![header_cells];
    for row in rows {
        lines.push(cells(table_of(manifest, row)?, row));
    }
    for (line, texts) in (0u32..).zip(lines) {
        for (column, text) in (0u16..).zip(texts) {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                page.write_string(line, column, text)?;
            }
        }
    }
    fresh(path)?;
    workbook.save(path)?;
    Ok(())
}
