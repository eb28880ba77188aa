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

/// Every column as text, as wide as its widest cell.
pub(super) fn dbf(
    manifest: &Manifest,
    path: &Path,
    encoding: TextEncoding,
    rows: &[SampleRow],
) -> Result<(), SampleError> {
    let encode = |text: &str| match encoding {
        TextEncoding::Utf8 => text.as_bytes().to_vec(),
        TextEncoding::Gb18030 => encoding_rs::GB18030.encode(text).0.into_owned(),
    };
    let header = first_table(manifest)?;
    let unfit = |what: &str| SampleError::Source(format!("{what} that fit a dBASE table"));
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let texts = cells(table_of(manifest, row)?, row).into_iter();
        lines.push(texts.map(|text| encode(text.unwrap_or_default())).collect::<Vec<_>>());
    }
    let widest = |column: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(column))
            .map(Vec::len)
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.columns.len()).map(|column| widest(column).max(1)).collect();
    let short = |number: usize| u16::try_from(number).map_err(|_| unfit("rows"));
    let mut bytes = vec![0x03, 126, 11, 20];
    bytes.extend(u32::try_from(rows.len()).map_err(|_| unfit("rows"))?.to_le_bytes());
    bytes.extend(short(33 + 32 * widths.len())?.to_le_bytes());
    bytes.extend(short(1 + widths.iter().sum::<usize>())?.to_le_bytes());
    bytes.resize(32, 0);
    for (name, width) in header.columns.iter().zip(&widths) {
        let mut field = encode(name);
        if field.len() > 10 {
            return Err(unfit("names of columns"));
        }
        field.resize(11, 0);
        field.extend([b'C', 0, 0, 0, 0, u8::try_from(*width).map_err(|_| unfit("cells"))?]);
        field.resize(32, 0);
        bytes.extend(field);
    }
    bytes.push(0x0D);
    for line in lines {
        bytes.push(b' ');
        for (mut text, width) in line.into_iter().zip(&widths) {
            text.resize(*width, b' ');
            bytes.extend(text);
        }
    }
    bytes.push(0x1A);
    fresh(path)?;
    std::fs::write(path, bytes)?;
    Ok(())
}
