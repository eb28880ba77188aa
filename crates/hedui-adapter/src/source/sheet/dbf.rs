//! dBASE and FoxPro tables, which many offices still hand over: every field as the exact text or whole number that it is.
//! Leaves memo fields, which stand in another file, unread.

use encoding_rs::Encoding;
use hedui_core::Failure;

use super::{Sheet, number, text_cell};
use crate::mapping::Cell;
use crate::reason::Reason;

const HEADER_BYTES: usize = 32;
const FIELD_BYTES: usize = 32;
const END_OF_FIELDS: u8 = 0x0D;
const DELETED: u8 = b'*';

/// 1970-01-01 in days of the Julian calendar, from which moments are counted.
const JULIAN_EPOCH: i32 = 2_440_588;

struct Field {
    kind: u8,
    decimals: u8,
    start: usize,
    end: usize,
}

fn unreadable(what: &str) -> Failure {
    Reason::SourceUnreadable.failure_at(what)
}

fn fixed<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Reads a whole table. Rows that are marked as deleted are not there any more; the number of a row is its place in the table.
pub(super) fn read(bytes: &[u8], encoding: &'static Encoding) -> Result<Sheet, Failure> {
    let broken = || unreadable("not a dBASE table");
    let count = u32::from_le_bytes(fixed(bytes, 4).ok_or_else(broken)?) as usize;
    let first = usize::from(u16::from_le_bytes(fixed(bytes, 8).ok_or_else(broken)?));
    let length = usize::from(u16::from_le_bytes(fixed(bytes, 10).ok_or_else(broken)?));
    let (header, fields) = fields(bytes, first, length, encoding)?;
    let end = length.checked_mul(count).and_then(|rows| rows.checked_add(first));
    let rows = end.and_then(|end| bytes.get(first..end));
    // A table that was cut off while it was copied.
    let rows = rows.ok_or_else(|| unreadable("the table has fewer rows than it says"))?;
    // Rows are counted when the table is closed: behind the last one stands its end, and nothing else.
    let rest = end.and_then(|end| bytes.get(end..)).unwrap_or_default();
    if rest.iter().any(|byte| !matches!(byte, 0x1A | 0)) {
        return Err(unreadable("the table has more rows than it says"));
    }
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for (place, row) in rows.chunks_exact(length).enumerate() {
        match row.first() {
            Some(&DELETED) => {}
            Some(b' ') => found.push((place + 1, fields.iter().map(|f| cell(row, f, encoding)).collect())),
            // Neither there nor deleted.
            _ => unknown.push(place + 1),
        }
    }
    Ok(Sheet {
        header,
        rows: found,
        unknown,
    })
}

fn fields(
    bytes: &[u8],
    first: usize,
    length: usize,
    encoding: &'static Encoding,
) -> Result<(Vec<String>, Vec<Field>), Failure> {
    let (mut header, mut fields) = (Vec::new(), Vec::new());
    let (mut at, mut start) = (HEADER_BYTES, 1);
    while bytes.get(at).is_some_and(|byte| *byte != END_OF_FIELDS) && at < first {
        let field: [u8; FIELD_BYTES] = fixed(bytes, at).ok_or_else(|| unreadable("the fields of the table"))?;
        let [name @ .., kind, _, _, _, _, width, decimals] = fixed::<18>(&field, 0).unwrap_or_default();
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let (name, damaged) = encoding.decode_without_bom_handling(name);
        if damaged || name.is_empty() {
            return Err(unreadable("the header (wrong encoding?)"));
        }
        header.push(name.trim().to_owned());
        // FoxPro has texts longer than a byte can say.
        let wide = if kind == b'C' { usize::from(decimals) << 8 } else { 0 };
        let end = start + usize::from(width) + wide;
        fields.push(Field {
            kind,
            decimals,
            start,
            end,
        });
        (at, start) = (at + FIELD_BYTES, end);
    }
    if fields.is_empty() || start != length {
        return Err(unreadable("the fields of the table"));
    }
    Ok((header, fields))
}

fn cell(row: &[u8], field: &Field, encoding: &'static Encoding) -> Cell {
    let bytes = row.get(field.start..field.end).unwrap_or_default();
    let exact = |text: Option<String>| text.map_or(Cell::Unreadable, Cell::Text);
    match field.kind {
        b'C' => text_cell(encoding.decode_without_bom_handling(bytes).0.trim_matches(['\0', ' '])),
        // Numbers are written in digits; asterisks stand where they found no room.
        b'N' | b'F' | b'D' => {
            let text = String::from_utf8_lossy(bytes);
            let text = text.trim_matches(['\0', ' ']);
            let plain = text
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'));
            exact(plain.then(|| text.trim_start_matches('+').to_owned()))
        }
        b'L' => exact(match bytes {
            b"T" | b"t" | b"Y" | b"y" => Some("true".to_owned()),
            b"F" | b"f" | b"N" | b"n" => Some("false".to_owned()),
            b"?" | b" " => Some(String::new()),
            _ => None,
        }),
        b'I' => exact(fixed(bytes, 0).map(|b| i32::from_le_bytes(b).to_string())),
        b'Y' => exact(fixed(bytes, 0).map(|b| currency(i64::from_le_bytes(b)))),
        b'B' if field.decimals > 0 || bytes.len() == 8 => {
            fixed(bytes, 0).map_or(Cell::Unreadable, |b| number(f64::from_le_bytes(b)))
        }
        b'T' => exact(moment(bytes)),
        _ => Cell::Unreadable,
    }
}

/// Ten thousandths of a unit.
fn currency(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    format!("{sign}{}.{:04}", amount / 10_000, amount % 10_000)
}

/// Days, and milliseconds of the day; zeros or blanks are no moment.
fn moment(bytes: &[u8]) -> Option<String> {
    if bytes.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return Some(String::new());
    }
    let days = i32::from_le_bytes(fixed(bytes, 0)?).checked_sub(JULIAN_EPOCH)?;
    let span = jiff::Span::new().try_days(days).ok()?;
    let date = jiff::civil::date(1970, 1, 1).checked_add(span).ok()?;
    (date.year() > 0).then(|| date.to_string())
}
