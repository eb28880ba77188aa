//! How one cell becomes the value of one field, and back: codes, dates, amounts, areas.
//! Leaves which column feeds which field to the manifest, and what an unreadable value leads to to `read`.

use hedui_core::PartialDate;
use serde_json::Value as Json;

use super::moment::in_china;
use super::schema::FieldKind;

/// A value that cannot be read as the manifest describes it. Says nothing of the value: it may be personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// How a source writes dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFormat {
    /// `20190503`; `00` for an unknown month or day.
    Compact,
    /// `2019-05-03`, `2019-05`, `2019`; of a time of day after it the zone counts, if any. A day with China's zone, as XML Schema writes it, is that day. The default.
    Dashed,
    /// `2019/5/3`, likewise.
    Slashed,
    /// `201905`.
    CompactMonth,
    /// `2019-05`.
    DashedMonth,
    /// `2019年5月3日`, `2019年5月`, `2019年`.
    Chinese,
    /// `2019`.
    Year,
}

impl DateFormat {
    /// Every format with its word in manifests.
    pub const ALL: &[(&str, DateFormat)] = &[
        ("yyyymmdd", DateFormat::Compact),
        ("yyyy-mm-dd", DateFormat::Dashed),
        ("yyyy/mm/dd", DateFormat::Slashed),
        ("yyyymm", DateFormat::CompactMonth),
        ("yyyy-mm", DateFormat::DashedMonth),
        ("yyyy年mm月dd日", DateFormat::Chinese),
        ("yyyy", DateFormat::Year),
    ];

    /// The format of a word.
    pub fn from_word(word: &str) -> Option<DateFormat> {
        Self::ALL.iter().find(|(w, _)| *w == word).map(|(_, format)| *format)
    }

    /// Reads a date.
    pub fn read(self, text: &str) -> Result<PartialDate, Unreadable> {
        let (text, time) = match self {
            DateFormat::Dashed | DateFormat::DashedMonth | DateFormat::Slashed => {
                // XML Schema's date may have a zone. In China's it is the day; which of two another one means nobody can say.
                let whole = || text.strip_suffix("+08:00").unwrap_or(text);
                text.split_once([' ', 'T', 't']).unwrap_or_else(|| (whole(), ""))
            }
            _ => (text, ""),
        };
        let parts: [&str; 3] = match self {
            DateFormat::Compact => match (text.len(), text.get(..4), text.get(4..6), text.get(6..)) {
                (8, Some(y), Some(m), Some(d)) => [y, m, d],
                _ => return Err(Unreadable),
            },
            DateFormat::CompactMonth => match (text.len(), text.get(..4), text.get(4..)) {
                (6, Some(y), Some(m)) => [y, m, ""],
                _ => return Err(Unreadable),
            },
            DateFormat::Year => [text, "", ""],
            DateFormat::Dashed | DateFormat::DashedMonth => split(text, '-'),
            DateFormat::Slashed => split(text, '/'),
            DateFormat::Chinese => chinese(text)?,
        };
        let [year, month, day] = parts;
        if year.len() != 4 || (self == DateFormat::DashedMonth && !day.is_empty()) {
            return Err(Unreadable);
        }
        let (month, day) = (small(month)?, small(day)?);
        // Only the compact form has to fill unknown places with zeros; elsewhere a zero is a mistake of the source.
        let zeros = [month, day]
            .into_iter()
            .zip(parts.into_iter().skip(1))
            .any(|(n, text)| n == 0 && !text.is_empty());
        if zeros && self != DateFormat::Compact {
            return Err(Unreadable);
        }
        let date = PartialDate::new(number(year)?, month, day).ok_or(Unreadable)?;
        in_china(date, time)
    }

    /// Writes a date; what the format cannot hold is dropped.
    pub fn write(self, date: PartialDate) -> String {
        let (y, m, d) = (date.year(), date.month(), date.day());
        match (self, m, d) {
            (DateFormat::Compact, ..) => format!("{y:04}{m:02}{d:02}"),
            (DateFormat::CompactMonth, ..) => format!("{y:04}{m:02}"),
            (DateFormat::Year, ..) | (DateFormat::Dashed | DateFormat::DashedMonth | DateFormat::Slashed, 0, _) => {
                format!("{y:04}")
            }
            (DateFormat::DashedMonth, ..) | (DateFormat::Dashed, _, 0) => format!("{y:04}-{m:02}"),
            (DateFormat::Dashed, ..) => format!("{y:04}-{m:02}-{d:02}"),
            (DateFormat::Slashed, _, 0) => format!("{y:04}/{m:02}"),
            (DateFormat::Slashed, ..) => format!("{y:04}/{m:02}/{d:02}"),
            (DateFormat::Chinese, 0, _) => format!("{y:04}年"),
            (DateFormat::Chinese, _, 0) => format!("{y:04}年{m}月"),
            (DateFormat::Chinese, ..) => format!("{y:04}年{m}月{d}日"),
        }
    }
}

/// Up to three parts.
fn split(text: &str, separator: char) -> [&str; 3] {
    let mut parts = text.splitn(3, separator);
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

fn chinese(text: &str) -> Result<[&str; 3], Unreadable> {
    let (year, rest) = text.split_once('年').ok_or(Unreadable)?;
    if rest.is_empty() {
        return Ok([year, "", ""]);
    }
    let (month, rest) = rest.split_once('月').ok_or(Unreadable)?;
    if rest.is_empty() {
        return Ok([year, month, ""]);
    }
    Ok([year, month, rest.strip_suffix('日').ok_or(Unreadable)?])
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Unreadable> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Unreadable);
    }
    text.parse().map_err(|_| Unreadable)
}

/// Month or day: one or two digits, or nothing.
fn small(text: &str) -> Result<i8, Unreadable> {
    match text.len() {
        0 => Ok(0),
        1 | 2 => number(text),
        _ => Err(Unreadable),
    }
}

/// In what a source counts money or land.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The kind's own: yuan, square metres for buildings, mu for land.
    Natural,
    /// Hundredths of a yuan.
    Fen,
    /// Ten thousand yuan.
    WanYuan,
    /// Square metres, for land.
    SquareMetres,
    /// Mu (2,000/3 square metres), for buildings and homesteads.
    Mu,
}

impl Unit {
    /// The unit of a word, for a kind of field.
    pub fn from_word(word: &str, kind: FieldKind) -> Option<Unit> {
        match (word, kind) {
            ("yuan", FieldKind::Money) => Some(Unit::Natural),
            ("fen", FieldKind::Money) => Some(Unit::Fen),
            ("wan_yuan", FieldKind::Money) => Some(Unit::WanYuan),
            ("square_metres", FieldKind::SquareMetres) | ("mu", FieldKind::Mu) => Some(Unit::Natural),
            ("square_metres", FieldKind::Mu) => Some(Unit::SquareMetres),
            ("mu", FieldKind::SquareMetres) => Some(Unit::Mu),
            _ => None,
        }
    }

    fn decimals(self) -> u32 {
        match self {
            Unit::Fen => 0,
            Unit::WanYuan => 6,
            Unit::Natural | Unit::SquareMetres | Unit::Mu => 2,
        }
    }

    fn read(self, text: &str) -> Result<i64, Unreadable> {
        // Fen with a point are yuan that somebody put there: a hundredth of them would hide the rest.
        if self == Unit::Fen && text.contains('.') {
            return Err(Unreadable);
        }
        let hundredths = decimal(text, self.decimals())?;
        // 1 mu = 2,000/3 square metres. Rounded to the nearest hundredth, half away from zero.
        match self {
            Unit::Mu => ratio(hundredths, 2_000, 3),
            Unit::SquareMetres => ratio(hundredths, 3, 2_000),
            _ => Ok(hundredths),
        }
    }

    fn write(self, amount: i64) -> String {
        let amount = match self {
            Unit::Mu => ratio(amount, 3, 2_000).unwrap_or(amount),
            Unit::SquareMetres => ratio(amount, 2_000, 3).unwrap_or(amount),
            _ => amount,
        };
        let scale = 10u64.pow(self.decimals());
        let sign = if amount < 0 { "-" } else { "" };
        let (whole, rest) = (amount.unsigned_abs() / scale, amount.unsigned_abs() % scale);
        if rest == 0 {
            return format!("{sign}{whole}");
        }
        let fraction = format!("{rest:0width$}", width = self.decimals() as usize);
        format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

fn ratio(amount: i64, numerator: i128, denominator: i128) -> Result<i64, Unreadable> {
    let twice = i128::from(amount) * numerator * 2;
    let rounded = (twice.abs() + denominator) / (2 * denominator);
    i64::try_from(if twice < 0 { -rounded } else { rounded }).map_err(|_| Unreadable)
}

/// A decimal number as an integer of `10^-scale`; more decimals than that (zeros apart) are refused, never rounded away.
pub(super) fn decimal(text: &str, scale: u32) -> Result<i64, Unreadable> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(Unreadable);
    }
    let fraction = fraction.trim_end_matches('0');
    let missing = u32::try_from(fraction.len())
        .ok()
        .and_then(|len| scale.checked_sub(len))
        .ok_or(Unreadable)?;
    let whole: i128 = whole.parse().map_err(|_| Unreadable)?;
    let part: i128 = if fraction.is_empty() {
        0
    } else {
        number::<i64>(fraction)?.into()
    };
    let amount = whole
        .checked_mul(10i128.pow(scale))
        .ok_or(Unreadable)?
        .checked_add(part * 10i128.pow(missing))
        .ok_or(Unreadable)?;
    i64::try_from(if negative { -amount } else { amount }).map_err(|_| Unreadable)
}

/// How the cells of a column become values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codec {
    /// Pairs of the source's code and our word, in the manifest's order; empty where the text is the value.
    pub codes: Vec<(String, String)>,
    /// Our word for codes that are not listed.
    pub other: Option<String>,
    /// Our word for an empty cell.
    pub empty: Option<String>,
    /// How dates are written.
    pub format: DateFormat,
    /// In what money or land is counted.
    pub unit: Unit,
}

impl Default for Codec {
    fn default() -> Codec {
        Codec {
            codes: Vec::new(),
            other: None,
            empty: None,
            format: DateFormat::Dashed,
            unit: Unit::Natural,
        }
    }
}

/// What is written for a value that only `other` covers, unless it is one of the codes.
const UNLISTED: &str = "其他";

impl Codec {
    /// The value of a cell's text as JSON, as `hedui_core::record` reads it.
    pub fn read(&self, kind: FieldKind, text: &str) -> Result<Json, Unreadable> {
        let word = if self.codes.is_empty() {
            text
        } else {
            let listed = self.codes.iter().find(|(code, _)| code == text).map(|(_, word)| word);
            listed.or(self.other.as_ref()).ok_or(Unreadable)?
        };
        self.plain(kind, word)
    }

    /// The value of a text that is no code (any more).
    pub fn plain(&self, kind: FieldKind, text: &str) -> Result<Json, Unreadable> {
        Ok(match kind {
            FieldKind::Text => Json::from(text),
            FieldKind::Money => Json::from(self.unit.read(text)?),
            // No building or field has an area below zero, and 0 stands for an unknown one.
            FieldKind::SquareMetres | FieldKind::Mu => match self.unit.read(text)? {
                area if area < 0 => return Err(Unreadable),
                0 => Json::Null,
                area => Json::from(area),
            },
            FieldKind::Date => Json::from(self.format.read(text)?.to_string()),
            FieldKind::Word(words) if words().contains(&text) => Json::from(text),
            FieldKind::Word(_) => return Err(Unreadable),
            FieldKind::Number(low, high) => match number::<u32>(text)? {
                n if (low..=high).contains(&n) => Json::from(n),
                _ => return Err(Unreadable),
            },
            FieldKind::Flag => match text {
                "true" | "1" => Json::from(true),
                "false" | "0" => Json::from(false),
                _ => return Err(Unreadable),
            },
        })
    }

    /// The cell's text of a value; empty where the column cannot say it.
    pub fn write(&self, kind: FieldKind, value: &Json) -> String {
        let text = match (kind, value) {
            (_, Json::Null) => String::new(),
            (FieldKind::Money | FieldKind::SquareMetres | FieldKind::Mu, Json::Number(n)) => {
                n.as_i64().map(|n| self.unit.write(n)).unwrap_or_default()
            }
            (FieldKind::Date, Json::String(date)) => {
                date.parse().map(|date| self.format.write(date)).unwrap_or_default()
            }
            (_, Json::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        };
        if text.is_empty() || self.codes.is_empty() {
            return text;
        }
        match self.codes.iter().find(|(_, word)| *word == text) {
            Some((code, _)) => code.clone(),
            None if self.other.is_some() && !self.codes.iter().any(|(code, _)| code == UNLISTED) => UNLISTED.to_owned(),
            None => String::new(),
        }
    }
}
