//! Places: whether the addresses that two registers write in their own ways may be one, by their numbers and names.
//! Leaves what follows from it, and every other sign of sameness, to `things`.

use smol_str::SmolStr;

/// A sign of sameness, and of an address the parts that registers hardly change.
pub(super) struct Place<'a> {
    /// The sign as it is compared: never empty.
    sign: &'a str,
    /// The numbers of an address, from the house to the door; those written in Chinese too.
    numbers: Vec<SmolStr>,
    /// What is left of an address without its numbers, the words for parts of a building, and the districts before the street.
    name: String,
}

impl<'a> Place<'a> {
    /// A sign that is no address.
    pub(super) fn of_sign(sign: &'a str) -> Place<'a> {
        Place {
            sign,
            numbers: Vec::new(),
            name: String::new(),
        }
    }

    /// An address: as it is compared, and as the register writes it.
    pub(super) fn of_address(sign: &'a str, address: &str) -> Place<'a> {
        let (numbers, name) = parts(address);
        Place {
            sign,
            numbers,
            name: without_districts(&name).to_owned(),
        }
    }

    /// Whether two are one place, written with more or less around it.
    pub(super) fn is_like(&self, other: &Place<'_>) -> bool {
        if is_like(self.sign, other.sign) {
            return true;
        }
        let (end, long) = in_length(&self.name, &other.name);
        // Three numbers say enough even without a name.
        let is_named = is_telling(end) || end.is_empty() && self.numbers.len() >= 3;
        !self.numbers.is_empty() && self.numbers == other.numbers && is_named && long.ends_with(end)
    }

    /// Whether nothing in the numbers speaks against one place: one has none, or they have one door and one leaves out numbers that the other has.
    pub(super) fn agrees(&self, other: &Place<'_>) -> bool {
        let (few, many) = if self.numbers.len() < other.numbers.len() {
            (&self.numbers, &other.numbers)
        } else {
            (&other.numbers, &self.numbers)
        };
        let mut rest = many.iter();
        few.is_empty() || few.last() == many.last() && few.iter().all(|number| rest.any(|other| other == number))
    }

    /// Whether both names and numbers say that they are two places.
    pub(super) fn is_elsewhere(&self, other: &Place<'_>) -> bool {
        let (end, long) = in_length(&self.name, &other.name);
        is_telling(end) && !long.ends_with(end) && !self.agrees(other)
    }
}

/// Whether two signs are one, or one is the end of the other.
pub(super) fn is_like(a: &str, b: &str) -> bool {
    let (end, long) = in_length(a, b);
    !end.is_empty() && long.ends_with(end) && (long.len() == end.len() || end.chars().nth(4).is_some())
}

fn in_length<'t>(a: &'t str, b: &'t str) -> (&'t str, &'t str) {
    if a.len() < b.len() { (a, b) } else { (b, a) }
}

/// Whether a name is more than a character.
fn is_telling(name: &str) -> bool {
    name.chars().nth(1).is_some()
}

/// Words for parts of a building, by their characters: registers change them and leave them out.
const PARTS: &[char] = &[
    '号', '幢', '栋', '座', '楼', '室', '层', '户', '房', '单', '元', '附', '第', '之',
];

/// What follows a number that is written in Chinese, where a word does; elsewhere such characters are part of a name.
const COUNTED: &[char] = &[
    '号', '幢', '栋', '座', '楼', '室', '层', '户', '房', '单', '组', '社', '队', '期', '弄', '巷', '段',
];

const DIGITS: &str = "〇一二三四五六七八九";

/// The numbers of an address in their order, and the characters of its names.
fn parts(address: &str) -> (Vec<SmolStr>, String) {
    let form = hedui_ids::name::normalise(address);
    let (mut numbers, mut name) = (Vec::new(), String::new());
    let mut rest: &str = &form;
    while let Some(first) = rest.chars().next() {
        let (number, behind) = split_run(rest, |c| c.is_ascii_alphanumeric());
        if !number.is_empty() {
            numbers.push(SmolStr::new(number.trim_start_matches('0').to_ascii_lowercase()));
            rest = behind;
            continue;
        }
        let (number, behind) = split_run(rest, |c| matches!(c, '零' | '十') || DIGITS.contains(c));
        if !number.is_empty() {
            if !behind.starts_with(|c: char| c.is_alphabetic() && !COUNTED.contains(&c)) {
                numbers.push(in_digits(number));
            } else {
                name.push_str(number);
            }
            rest = behind;
            continue;
        }
        if first.is_alphanumeric() && !PARTS.contains(&first) {
            name.push(first);
        }
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    (numbers, name)
}

/// The characters at the beginning that are of a kind, and what is behind them.
fn split_run(text: &str, is_of_it: impl Fn(char) -> bool) -> (&str, &str) {
    let length = text.find(|c| !is_of_it(c)).unwrap_or(text.len());
    text.split_at_checked(length).unwrap_or((text, ""))
}

/// A number in Chinese characters, below a hundred or digit by digit, in Arabic digits.
fn in_digits(number: &str) -> SmolStr {
    let digits = |part: &str| -> String {
        let value = |c: char| DIGITS.chars().position(|d| d == c || c == '零' && d == '〇');
        let values = part.chars().filter_map(value);
        values
            .filter_map(|v| char::from_digit(u32::try_from(v).ok()?, 10))
            .collect()
    };
    let form = match number.split_once('十') {
        None => digits(number),
        Some((tens, ones)) => {
            let or = |part: &str, without: &str| if part.is_empty() { without.into() } else { digits(part) };
            or(tens, "1") + &or(ones, "0")
        }
    };
    SmolStr::new(form.trim_start_matches('0'))
}

/// A name without the province, town and district before it. What is called a district but is a compound of houses stays.
fn without_districts(name: &str) -> &str {
    let mut ends = name.char_indices().filter_map(|(at, c)| {
        let (before, behind) = name.split_at_checked(at + c.len_utf8())?;
        let is_end = match c {
            '省' | '市' | '县' | '镇' | '乡' => true,
            '区' => !["小区", "社区", "园区"]
                .iter()
                .any(|compound| before.ends_with(compound)),
            '道' => before.ends_with("街道"),
            '处' => before.ends_with("办事处"),
            _ => false,
        };
        (is_end && !behind.is_empty()).then_some(behind)
    });
    ends.next_back().unwrap_or(name)
}
