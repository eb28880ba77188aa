//! Whose a row is by the text of its number: the person's own, somebody else's, one that may be the person's in a damaged form, or no number.
//! Leaves names, and what follows from it, to who has the row.

use hedui_core::Subject;
use hedui_ids::{CreditCode, ResidentId};

use super::number::{is_masked, is_rounded};

/// So many digits are a resident's number, whatever stands beside them.
const MIN_DIGITS: usize = 14;

/// A text of fewer digits is no number of any document.
const MIN_DOCUMENT: usize = 6;

/// What is left of a number that was cut off, at the least.
const MIN_CUT: usize = 15;

/// An id as it is compared: without blanks, hyphens, spreadsheet and invisible marks, half width, upper case.
pub(crate) fn key(text: &str) -> String {
    text.trim()
        .trim_start_matches(['\'', '’', '＇'])
        .chars()
        .map(|c| match u32::from(c) {
            code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
            _ => c,
        })
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—' | '\u{200B}'..='\u{200F}' | '\u{FEFF}'))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// What the number of a row says by itself of whose the row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Of whoever has this number.
    Of(String),
    /// A number of another document, of a company.
    Others,
    /// No number that anybody has, but one or several in a damaged form.
    Damaged(Form),
    /// Something else than a number: `无`, `0`, `合计`, a number of the line.
    Word(String),
    /// No text.
    Nobodys,
    /// A masked or a rounded number, which may be anybody's.
    Anybodys,
}

impl Whose {
    pub(crate) fn of(text: &str) -> Whose {
        let who = key(text);
        if who.is_empty() {
            return Whose::Nobodys;
        }
        if is_masked(&who) || is_rounded(&who) {
            return Whose::Anybodys;
        }
        if is_id(&who) {
            return Whose::Of(who);
        }
        match digits(&who) {
            MIN_DIGITS.. if CreditCode::parse(&who).is_ok() => Whose::Others,
            MIN_DIGITS.. => Whose::Damaged(Form::of(&who)),
            count if count < MIN_DOCUMENT || count == who.len() => Whose::Word(who),
            _ => Whose::Others,
        }
    }
}

/// What somebody who had no number wrote in its place, as the person in the line above did, or as a database writes nothing.
const NONE: &[&str] = &[
    "无",
    "暂无",
    "没有",
    "无证",
    "无身份证",
    "无证件",
    "空",
    "空白",
    "不详",
    "不明",
    "未知",
    "待查",
    "待补",
    "未提供",
    "未登记",
    "未填",
    "未办理",
    "同上",
    "〃",
    "\"",
    "/",
    "\\",
    ".",
    "NULL",
    "NIL",
    "NONE",
    "NAN",
    "NA",
    "N/A",
    "#N/A",
    "UNKNOWN",
];

/// Words of the line below all others.
const TOTALS: &[&str] = &[
    "合计", "总计", "小计", "共计", "总和", "总数", "汇总", "累计", "TOTAL", "SUM",
];

/// Whether a word stands for a number that is not there.
pub(crate) fn is_none(word: &str) -> bool {
    NONE.contains(&word) || !word.is_empty() && word.bytes().all(|b| b == b'0')
}

/// Whether a text is the head of a line of sums.
pub(crate) fn is_total(text: &str) -> bool {
    let form = key(text);
    let form = form.trim_end_matches([':', '：']);
    TOTALS.contains(&form)
}

/// Whether a text in the place of a number is none.
pub(super) fn is_word(text: &str) -> bool {
    matches!(Whose::of(text), Whose::Word(_))
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether somebody can have this number: 18 with the check character that belongs to them, or 15 with a day of birth.
fn is_id(who: &str) -> bool {
    let two = |from: usize| who.get(from..from + 2).and_then(|text| text.parse::<u8>().ok());
    match who.as_bytes() {
        [first17 @ .., last] if who.len() == 18 => {
            let first17: Option<&[u8; 17]> = first17.try_into().ok();
            first17.and_then(ResidentId::checksum) == Some(*last)
        }
        bytes if bytes.len() == 15 => {
            let is_day = matches!((two(8), two(10)), (Some(1..=12), Some(1..=31)));
            is_day && bytes.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

/// The letters and digits of a text, with digits for the letters that are taken for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form(String);

/// How much a damaged number is like a person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// Another number.
    None,
    /// Of the same length, with two characters that are otherwise.
    Two,
    /// One character is otherwise, missing or too many, two neighbours have changed places, or an end was cut off.
    One,
    /// The number stands in it.
    Whole,
}

impl Form {
    fn of(who: &str) -> Form {
        let plain = who.chars().filter(char::is_ascii_alphanumeric).map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        });
        Form(plain.collect())
    }

    /// How much it is like the number of a person, of 18 or of 15.
    pub(crate) fn like(&self, subject: &Subject) -> Likeness {
        let legacy = subject.id.legacy_15();
        let legacy = legacy.map_or(Likeness::None, |legacy| self.like_number(legacy.expose()));
        legacy.max(self.like_number(subject.id.expose()))
    }

    fn like_number(&self, own: &str) -> Likeness {
        let form = self.0.as_str();
        if form.contains(own) {
            return Likeness::Whole;
        }
        if form.len() >= MIN_CUT && (own.starts_with(form) || own.ends_with(form)) {
            return Likeness::One;
        }
        let (form, own) = (form.as_bytes(), own.as_bytes());
        if form.len().abs_diff(own.len()) > 1 {
            return Likeness::None;
        }
        let front = form.iter().zip(own).take_while(|(a, b)| a == b).count();
        let back = form
            .iter()
            .rev()
            .zip(own.iter().rev())
            .take_while(|(a, b)| a == b)
            .count();
        if front + back + 1 >= form.len().max(own.len()) {
            return Likeness::One;
        }
        if form.len() != own.len() {
            return Likeness::None;
        }
        let pair = |bytes: &[u8]| bytes.get(front).copied().zip(bytes.get(front + 1).copied());
        let is_turned = pair(form) == pair(own).map(|(a, b)| (b, a)) && front + back + 2 == own.len();
        match form.iter().zip(own).filter(|(a, b)| a != b).count() {
            _ if is_turned => Likeness::One,
            2 => Likeness::Two,
            _ => Likeness::None,
        }
    }
}

/// Whether a column's text is certainly not the person's id: a masked or rounded one, several in one cell, one that is like theirs, or none at
/// all may be theirs all the same.
pub(super) fn is_of_another(text: &str, subject: &Subject) -> bool {
    let form = key(text);
    let is_whole = !form.contains(['*', '?', '.', '+', '…']);
    is_whole && !is_word(text) && Form::of(&form).like(subject) == Likeness::None
}

/// Whether a column's text is the person's id, in the form of 18 or of 15.
pub(super) fn is_id_of(text: &str, subject: &Subject) -> bool {
    let same = |text: &str| {
        text == subject.id.expose() || subject.id.legacy_15().is_some_and(|legacy| text == legacy.expose())
    };
    same(text) || same(&key(text))
}
