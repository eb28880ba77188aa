//! The form of a column's values, told from texts without keeping any that could be a person's.
//! Leaves which column it is to `inspect`.

use std::collections::BTreeSet;

use crate::mapping::DateFormat;

/// More codes than this are no code table.
const MAX_CODES: usize = 24;
/// A longer text is no code.
const MAX_CODE_BYTES: usize = 4;

/// Of which form the values of a column are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No value was seen.
    Empty,
    /// Resident IDs, of 18 characters or 15 digits.
    IdNumber,
    /// Dates, most of them in this format.
    Date(DateFormat),
    /// A few short codes of ASCII letters and digits, sorted. Nobody is called so.
    Codes(Vec<String>),
    /// Whole numbers.
    Integer,
    /// Numbers of which some have decimals.
    Decimal,
    /// Chinese words of a register's vocabulary, for example 正常, sorted; only words that this crate knows are kept.
    Words(Vec<String>),
    /// Any other text.
    Text,
}

/// The form of what was seen so far.
#[derive(Debug, Default)]
pub struct Gathering {
    seen: usize,
    ids: usize,
    /// How many values each format of [`DateFormat::ALL`] fitted.
    dates: [usize; DateFormat::ALL.len()],
    no_codes: bool,
    codes: BTreeSet<String>,
    no_integer: bool,
    no_decimal: bool,
    no_words: bool,
    words: BTreeSet<&'static str>,
}

impl Gathering {
    /// Looks at one value; an empty one says nothing.
    pub fn see(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.seen += 1;
        self.ids += usize::from(is_id(text));
        for (fitting, (_, format)) in self.dates.iter_mut().zip(DateFormat::ALL) {
            // Years out of living memory are numbers that happen to fit.
            let fits = format.read(text).is_ok_and(|date| (1900..=2100).contains(&date.year()));
            *fitting += usize::from(fits);
        }
        if !self.no_codes {
            let code = text.len() <= MAX_CODE_BYTES && text.bytes().all(|b| b.is_ascii_alphanumeric());
            if code && self.codes.len() < MAX_CODES {
                self.codes.insert(text.to_owned());
            }
            self.no_codes = !code || (self.codes.len() == MAX_CODES && !self.codes.contains(text));
        }
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        self.no_integer |= !digits(unsigned) || unsigned.len() > 12;
        let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        self.no_decimal |= !digits(whole) || !digits(part) || whole.len() > 12;
        match crate::guess::known_word(text) {
            Some(word) => {
                self.words.insert(word);
            }
            None => self.no_words = true,
        }
    }

    /// A value that is no text.
    pub fn see_unreadable(&mut self) {
        self.seen += 1;
        (self.no_codes, self.no_integer, self.no_decimal, self.no_words) = (true, true, true, true);
    }

    /// The form. Dates before numbers, since `20190503` is both; codes before numbers where they are few.
    pub fn shape(self) -> Shape {
        if self.seen == 0 {
            return Shape::Empty;
        }
        // A register has some ids that cannot be read.
        if self.ids * 10 >= self.seen * 8 {
            return Shape::IdNumber;
        }
        // And some days that do not exist: the first format that most values have.
        let dates = self.dates.iter().zip(DateFormat::ALL);
        let most = |(count, (_, format)): &(&usize, &(&str, DateFormat))| {
            **count * 2 > self.seen && *format != DateFormat::Year
        };
        if let Some((_, (_, format))) = dates.into_iter().find(most) {
            return Shape::Date(*format);
        }
        if !self.no_words {
            return Shape::Words(self.words.into_iter().map(str::to_owned).collect());
        }
        // Each code stands for several rows; a column of as many values as rows is a key or an amount.
        let letters = self
            .codes
            .iter()
            .any(|code| code.bytes().any(|b| b.is_ascii_alphabetic()));
        if !self.no_codes && (letters || self.codes.len() * 2 <= self.seen || self.codes.iter().all(|c| c.len() <= 2)) {
            return Shape::Codes(self.codes.into_iter().collect());
        }
        match (self.no_integer, self.no_decimal) {
            (false, _) => Shape::Integer,
            (true, false) => Shape::Decimal,
            (true, true) => Shape::Text,
        }
    }
}

/// 18 characters or 15 digits with a possible month and day of birth, whatever the check character.
fn is_id(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let day = |text: Option<&str>| {
        let number = |range: std::ops::Range<usize>| text?.get(range)?.parse::<u8>().ok();
        matches!((number(0..2), number(2..4)), (Some(1..=12), Some(1..=31)))
    };
    match text.len() {
        18 => {
            text.get(..17).is_some_and(digits)
                && text.ends_with(|c: char| c.is_ascii_digit() || "xX".contains(c))
                && day(text.get(10..14))
        }
        15 => digits(text) && day(text.get(8..12)),
        _ => false,
    }
}
