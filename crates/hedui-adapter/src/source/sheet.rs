//! Reading whole files of rows: delimited text in UTF-8 or GB18030, workbooks, dBASE tables.
//! Leaves finding a person in them, and when to read again, to `file`.

mod dbf;

use std::path::Path;

use calamine::{Data, Reader as _};
use hedui_core::Failure;

use super::file::bytes;

use crate::manifest::TextEncoding;
use crate::mapping::Cell;
use crate::reason::Reason;

/// The form of a file.
#[derive(Clone)]
pub(super) enum Format {
    Delimited { encoding: TextEncoding, delimiter: u8 },
    Workbook { sheet: String },
    Dbf { encoding: TextEncoding },
}

/// A whole file: the header and the rows below it, with the number of each row's first line.
pub(super) struct Sheet {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<(usize, Vec<Cell>)>,
    /// Lines whose cells may stand in wrong columns: nobody can say whose they are.
    pub(super) unknown: Vec<usize>,
}

impl Format {
    pub(super) fn read(&self, path: &Path) -> Result<Sheet, Failure> {
        self.parse(bytes(path)?)
    }

    pub(super) fn parse(&self, bytes: Vec<u8>) -> Result<Sheet, Failure> {
        match self {
            Format::Delimited { encoding, delimiter } => delimited(&bytes, *encoding, *delimiter),
            Format::Workbook { sheet } => workbook(bytes, sheet),
            Format::Dbf { encoding } => dbf::read(&bytes, encoding_of(*encoding)),
        }
    }
}

fn encoding_of(encoding: TextEncoding) -> &'static encoding_rs::Encoding {
    match encoding {
        TextEncoding::Utf8 => encoding_rs::UTF_8,
        TextEncoding::Gb18030 => encoding_rs::GB18030,
    }
}

/// The whole file is decoded before it is split, because the second byte of a GB18030 character may be an ASCII mark. A byte sequence that is
/// no character becomes U+FFFD, which makes its cell unreadable; it never swallows a delimiter.
fn delimited(bytes: &[u8], encoding: TextEncoding, delimiter: u8) -> Result<Sheet, Failure> {
    let text = encoding_of(encoding).decode_with_bom_removal(bytes).0;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut header = None;
    let (mut rows, mut unknown) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|_| Reason::SourceUnreadable.failure_at("a line"))?;
        let line = record
            .position()
            .and_then(|p| usize::try_from(p.line()).ok())
            .unwrap_or(0);
        let cells: Vec<Cell> = record.iter().map(text_cell).collect();
        match &header {
            None => header = Some(columns(&cells)?),
            Some(header) if header.len() == cells.len() && !record.iter().any(|text| swallows(text, delimiter)) => {
                rows.push((line, cells));
            }
            // A row of another width has its values in wrong columns.
            Some(_) => unknown.push(line),
        }
    }
    let header = header.ok_or_else(|| Reason::SourceUnreadable.failure_at("no header: the file is empty"))?;
    Ok(Sheet { header, rows, unknown })
}

/// Whether a cell holds whole lines: a quotation mark too many swallows the rows up to the next one.
fn swallows(text: &str, delimiter: u8) -> bool {
    text.split_once('\n')
        .is_some_and(|(_, lines)| lines.contains(char::from(delimiter)))
}

fn text_cell(text: &str) -> Cell {
    if text.contains(char::REPLACEMENT_CHARACTER) {
        Cell::Unreadable
    } else {
        Cell::Text(text.to_owned())
    }
}

fn columns(cells: &[Cell]) -> Result<Vec<String>, Failure> {
    let names = cells.iter().map(|cell| match cell {
        Cell::Text(text) => Ok(text.trim().to_owned()),
        Cell::Unreadable => Err(Reason::SourceUnreadable.failure_at("the header (wrong encoding?)")),
    });
    names.collect()
}

type Workbook = calamine::Sheets<std::io::Cursor<Vec<u8>>>;

fn open(bytes: Vec<u8>) -> Result<Workbook, Failure> {
    let unreadable = |_| Reason::SourceUnreadable.failure_at("not a workbook");
    calamine::open_workbook_auto_from_rs(std::io::Cursor::new(bytes)).map_err(unreadable)
}

/// The names of a workbook's sheets.
pub(super) fn names(path: &Path) -> Result<Vec<String>, Failure> {
    open(bytes(path)?).map(|workbook| workbook.sheet_names())
}

fn workbook(bytes: Vec<u8>, sheet: &str) -> Result<Sheet, Failure> {
    let mut workbook = open(bytes)?;
    if !workbook.sheet_names().iter().any(|name| name == sheet) {
        return Err(Reason::SourceMissing.failure_at(format_args!("sheet {sheet}")));
    }
    let range = workbook
        .worksheet_range(sheet)
        .map_err(|_| Reason::SourceUnreadable.failure_at("the sheet"))?;
    let first = range.start().map_or(0, |(row, _)| row as usize) + 1;
    let mut rows = range.rows();
    let header = rows
        .next()
        .ok_or_else(|| Reason::SourceUnreadable.failure_at("no header: the sheet is empty"))?;
    let header: Vec<Cell> = header.iter().map(data_cell).collect();
    let rows = rows
        .enumerate()
        .map(|(i, row)| (first + 1 + i, row.iter().map(data_cell).collect()));
    Ok(Sheet {
        header: columns(&header)?,
        rows: rows.collect(),
        unknown: Vec::new(),
    })
}

fn data_cell(data: &Data) -> Cell {
    match data {
        Data::Empty => Cell::Text(String::new()),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text_cell(text),
        Data::Int(whole) if whole.unsigned_abs() < MAX_EXACT => Cell::Text(whole.to_string()),
        Data::Int(_) => Cell::Unreadable,
        Data::Float(value) => number(*value),
        Data::Bool(flag) => Cell::Text(flag.to_string()),
        Data::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            Cell::Text(format!("{year:04}-{month:02}-{day:02}"))
        }
        Data::DateTime(_) | Data::Error(_) => Cell::Unreadable,
    }
}

/// The first whole number of 16 digits.
const MAX_EXACT: u64 = 1_000_000_000_000_000;

/// A number as text. Beyond 15 digits a double has lost some: an 18-digit id kept as a number is unreadable, not another id.
pub(super) fn number(value: f64) -> Cell {
    if !value.is_finite() || value.abs() >= 1e15 {
        return Cell::Unreadable;
    }
    Cell::Text(format!("{value}"))
}
