//! Values of PostgreSQL and its kin as text, out of their binary form: exact, without floating point where the database has none.
//! Leaves the meaning of the text to the mapping.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Span};
use tokio_postgres::types::{FromSql, Kind, Type};

use crate::mapping::Cell;
use crate::source::sheet;

/// A value as it came.
pub(super) struct Raw<'r> {
    bytes: &'r [u8],
}

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(_: &Type, bytes: &'r [u8]) -> Result<Raw<'r>, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw { bytes })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Numbers of more digits than this before the point are no amount of anything.
const MAX_GROUPS: i16 = 16;

/// Decimals beyond this are no unit of anything; a source with more is not what the manifest says.
const MAX_DECIMALS: usize = 64;

/// From where dates and times are counted.
const EPOCH: DateTime = DateTime::constant(2000, 1, 1, 0, 0, 0, 0);

/// Points in time are shown at the hour of Asia/Shanghai: civil dates are meant there. Summer time, kept until 1991, is not.
const CHINA: SignedDuration = SignedDuration::from_hours(8);

/// The text of a value.
pub(super) fn cell(kind: &Type, value: Option<Raw<'_>>) -> Cell {
    let Some(Raw { bytes }) = value else {
        return Cell::Text(String::new());
    };
    match *kind {
        // A double carries at most 17 digits; `sheet::number` refuses what lost some.
        Type::FLOAT8 => fixed(bytes).map_or(Cell::Unreadable, |b| sheet::number(f64::from_be_bytes(b))),
        Type::FLOAT4 => {
            let value = fixed(bytes).map(f32::from_be_bytes).filter(|value| value.is_finite());
            value.map_or(Cell::Unreadable, |value| Cell::Text(format!("{value}")))
        }
        _ => text(kind, bytes).map_or(Cell::Unreadable, Cell::Text),
    }
}

fn text(kind: &Type, bytes: &[u8]) -> Option<String> {
    match *kind {
        Type::BOOL => match bytes {
            [0] => Some("false".to_owned()),
            [1] => Some("true".to_owned()),
            _ => None,
        },
        Type::INT2 => Some(i16::from_be_bytes(fixed(bytes)?).to_string()),
        Type::INT4 => Some(i32::from_be_bytes(fixed(bytes)?).to_string()),
        Type::INT8 => Some(i64::from_be_bytes(fixed(bytes)?).to_string()),
        Type::OID => Some(u32::from_be_bytes(fixed(bytes)?).to_string()),
        Type::NUMERIC => numeric(bytes),
        Type::DATE => {
            let days = i32::from_be_bytes(fixed(bytes)?);
            let date = EPOCH.date().checked_add(Span::new().try_days(days).ok()?).ok()?;
            (date.year() > 0).then(|| date.to_string())
        }
        Type::TIMESTAMP => moment(bytes, SignedDuration::ZERO),
        Type::TIMESTAMPTZ => moment(bytes, CHINA),
        // The padding of char(n) is the database's, not the department's.
        Type::BPCHAR => Some(utf8(bytes)?.trim_end_matches(' ').to_owned()),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN | Type::JSON | Type::XML => {
            Some(utf8(bytes)?.to_owned())
        }
        Type::UUID => Some(uuid(bytes.try_into().ok()?)),
        _ => match kind.kind() {
            Kind::Domain(base) => text(base, bytes),
            Kind::Enum(_) => Some(utf8(bytes)?.to_owned()),
            // Types of text that kin of PostgreSQL have besides.
            _ if matches!(kind.name(), "citext" | "nvarchar2" | "clob") => Some(utf8(bytes)?.to_owned()),
            _ => None,
        },
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Microseconds since the epoch. The two ends of the range stand for infinities.
fn moment(bytes: &[u8], zone: SignedDuration) -> Option<String> {
    let micros = i64::from_be_bytes(fixed(bytes)?);
    let moment = EPOCH.checked_add(SignedDuration::from_micros(micros)).ok()?;
    let moment = moment.checked_add(zone).ok()?;
    (moment.year() > 0).then(|| moment.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn uuid(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Groups of four decimal digits: how many, the power of the first, the sign, the decimals shown, the groups.
fn numeric(bytes: &[u8]) -> Option<String> {
    let mut numbers = bytes.chunks(2).map(|pair| Some(i16::from_be_bytes(fixed(pair)?)));
    let mut next = || numbers.next().flatten();
    let (count, weight, sign, decimals) = (next()?, next()?, next()?, next()?);
    let sign = match sign {
        0 => "",
        0x4000 => "-",
        // Not a number, or infinite.
        _ => return None,
    };
    let decimals = usize::try_from(decimals)
        .ok()
        .filter(|decimals| *decimals <= MAX_DECIMALS)?;
    if weight > MAX_GROUPS {
        return None;
    }
    let groups: Vec<i16> = numbers.collect::<Option<_>>()?;
    if usize::try_from(count).ok()? != groups.len() || groups.iter().any(|group| !(0..10_000).contains(group)) {
        return None;
    }
    // The group of ten thousand to the power of `place`.
    let group = |place: i16| {
        let index = usize::try_from(i32::from(weight) - i32::from(place)).ok();
        index.and_then(|index| groups.get(index)).copied().unwrap_or(0)
    };
    let whole: String = (0..=weight.max(0))
        .rev()
        .map(|place| format!("{:04}", group(place)))
        .collect();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if decimals == 0 {
        return Some(format!("{sign}{whole}"));
    }
    let places = i16::try_from(decimals.div_ceil(4)).ok()?;
    let mut fraction: String = (1..=places).map(|place| format!("{:04}", group(-place))).collect();
    fraction.truncate(decimals);
    Some(format!("{sign}{whole}.{fraction}"))
}
