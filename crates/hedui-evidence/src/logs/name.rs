//! What a log is called: a district and a year, in a form that fits origins and paths whatever a frame says.
//! Left to others: which district a frame is of.

use crate::period::Period;

/// Which log: the leaves of a district's frames of one civil year in Shanghai.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogName {
    /// Division code of the district.
    pub district: String,
    /// Civil year of the frames.
    pub year: i32,
}

impl LogName {
    /// The log that a frame of a district belongs to by its time, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn of(district: &str, time_ms: i64) -> LogName {
        LogName {
            district: path_word(district),
            year: Period::of_ms(time_ms).year(),
        }
    }

    /// Reads `511703/2026`; `None` for anything that no log is called.
    #[must_use]
    pub fn parse(text: &str) -> Option<LogName> {
        let (district, year) = text.split_once('/')?;
        let log = LogName {
            district: district.to_owned(),
            year: year.parse().ok()?,
        };
        let is_word = path_word(district) == district || is_hidden_word(district);
        (is_word && log.to_string() == text).then_some(log)
    }
}

/// A district as it stands in origins and paths: itself where it is a plain code, as every division code is; else its bytes in hex, or,
/// where those would be too long for a path, a hash of them. Whatever a frame says, it never keeps the others from being followed.
fn path_word(district: &str) -> String {
    let plain = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    if (1..=12).contains(&district.len()) && district.bytes().all(plain) {
        return district.to_owned();
    }
    let hash = blake3::hash(district.as_bytes());
    let (mut word, bytes) = match district.as_bytes() {
        short if short.len() <= 32 => (String::from("x"), short),
        _ => (String::from("y"), hash.as_bytes().as_slice()),
    };
    // Writing to a String does not fail.
    let _ = crate::ids::write_hex(bytes, &mut word);
    word
}

/// Whether it is what [`path_word`] makes of a district that is no plain code.
fn is_hidden_word(word: &str) -> bool {
    let digits = word.strip_prefix(['x', 'y']);
    let is_hex = |d: &str| {
        d.len() <= 64 && d.len().is_multiple_of(2) && d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    digits.is_some_and(is_hex)
}

impl std::fmt::Display for LogName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{:04}", self.district, self.year)
    }
}
