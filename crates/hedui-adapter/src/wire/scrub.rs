//! Texts that a department wrote, made fit to be kept and shown: short, and without anybody's number or an asked person's name.
//! Leaves reasons, which are words of a fixed form, to `answer`, and names of persons nobody asked about to the departments.

use hedui_core::{Query, Subject};

#[cfg(test)]
mod tests;

/// As long as a useful note is.
const MAX_CHARACTERS: usize = 200;
/// So many digits in a row are an id or an account, not a line number.
const LONG_NUMBER: usize = 15;
/// So many digits of a person's number tell who it is: division, year and month of birth, or birth date and sequence. Other notations leave
/// them whole: the 15-digit number of old hides within the number, and the rest is often starred out.
const TELLING: usize = 12;
/// Division and birth date, with which every person's number begins.
const BORN_WHERE_AND_WHEN: usize = 14;
/// Accounts are written in groups of so many digits or more; dates and amounts have shorter ones.
const ACCOUNT_GROUP: usize = 3;
/// What stands for a text that was not kept.
const WITHHELD: &str = "(withheld: the text held personal data)";

/// The text, or a stand-in where it names a person asked about or holds a number that may be somebody's, however they are written: with
/// gaps, hyphens or dots between, in full width, with invisible marks inside, or with the end of the number starred out.
///
/// The whole text is withheld, not the place alone: what stands around a person is about that person.
pub(super) fn scrub(text: &str, query: &Query) -> String {
    let seen: Vec<char> = text.chars().filter_map(visible).collect();
    let digits: Vec<char> = seen.iter().copied().filter(char::is_ascii_digit).collect();
    let tells = |subject: &Subject| tells_number(&digits, subject) || tells_name(text, &seen, &subject.name);
    if runs(&seen).iter().any(Run::is_a_long_number) || query.subjects.iter().any(tells) {
        return WITHHELD.to_owned();
    }
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}

/// What the eye sees of a character: full width as half width, nothing of marks that only steer layout.
fn visible(c: char) -> Option<char> {
    Some(match c {
        // Line breaks and tabs are seen, as gaps.
        c if c.is_control() && !c.is_whitespace() => return None,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' => return None,
        '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' => return None,
        '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' => return None,
        '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}' => return None,
        // Marks that are drawn over the character before: a number struck through is still read.
        '\u{300}'..='\u{36F}' | '\u{20D0}'..='\u{20FF}' => return None,
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    })
}

/// What stands between the groups of a number or the parts of a name: gaps, hyphens, dots.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}'
        )
        || matches!(
            c,
            '.' | '·' | '•' | '‧' | '・' | '･' | '﹒' | '∙' | '⋅' | '\u{387}' | '\u{2024}'
        )
}

/// Whether the digits of a text, whatever stands between them, hold a telling part of the subject's number.
fn tells_number(digits: &[char], subject: &Subject) -> bool {
    let number: Vec<char> = subject.id.expose().chars().collect();
    let old: Vec<char> = subject
        .id
        .legacy_15()
        .map_or_else(Vec::new, |old| old.expose().chars().collect());
    let mut parts = number.windows(TELLING).chain(old.windows(TELLING));
    parts.any(|part| digits.windows(TELLING).any(|at| at == part))
}

/// Whether a text holds a name, as it is or in other case and with other separators.
///
/// A name in letters with case begins and ends where a word does, else a short one would be found inside any other word. Names of one
/// character are not looked for: they stand everywhere.
fn tells_name(text: &str, seen: &[char], name: &str) -> bool {
    let seen_of_name: Vec<char> = name.chars().filter_map(visible).collect();
    let name_letters: Vec<char> = letters(&seen_of_name).map(|(_, c)| c).collect();
    let (Some(first), Some(last)) = (name_letters.first(), name_letters.last()) else {
        return false;
    };
    if name_letters.len() < 2 {
        return false;
    }
    let in_word = |neighbour: Option<&char>, own: char| own.is_lowercase() && neighbour.is_some_and(|c| has_case(*c));
    let places: Vec<(usize, char)> = letters(seen).collect();
    text.contains(name)
        || places.windows(name_letters.len()).any(|place| {
            let before = place.first().and_then(|(at, _)| seen.get(at.checked_sub(1)?));
            let after = place.last().and_then(|(at, _)| seen.get(at + 1));
            place.iter().map(|(_, c)| c).eq(&name_letters) && !in_word(before, *first) && !in_word(after, *last)
        })
}

/// The characters that make a name, in lower case, each with its place.
fn letters(seen: &[char]) -> impl Iterator<Item = (usize, char)> {
    let kept = seen.iter().enumerate().filter(|(_, c)| !is_separator(**c));
    kept.flat_map(|(at, c)| c.to_lowercase().map(move |lower| (at, lower)))
}

fn has_case(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase()
}

/// Digits with nothing but separators between.
#[derive(Default)]
struct Run {
    digits: Vec<char>,
    /// Where each group begins; the first is 0.
    starts: Vec<usize>,
    /// A letter stands at one of its ends: a part of a word, as in hexadecimal.
    in_word: bool,
}

fn runs(seen: &[char]) -> Vec<Run> {
    let mut runs = vec![Run::default()];
    let mut before = ' ';
    for &c in seen {
        let after_digit = before.is_ascii_digit();
        if let Some(run) = runs.last_mut() {
            if c.is_ascii_digit() {
                run.in_word |= run.digits.is_empty() && before.is_ascii_alphabetic();
                if !after_digit {
                    run.starts.push(run.digits.len());
                }
                run.digits.push(c);
            } else if !is_separator(c) && !run.digits.is_empty() {
                run.in_word |= after_digit && c.is_ascii_alphabetic();
                runs.push(Run::default());
            }
        }
        before = c;
    }
    runs
}

impl Run {
    /// Many digits in a row, the beginning of a person's number, or groups like those of an account.
    fn is_a_long_number(&self) -> bool {
        let from = |start: &usize| self.digits.get(*start..).unwrap_or_default();
        self.starts.iter().any(|start| begins_like_a_person(from(start)))
            || self.groups().any(|group| group.len() >= LONG_NUMBER)
            || !self.in_word && self.is_an_account()
    }

    fn groups(&self) -> impl Iterator<Item = &[char]> {
        let ends = self.starts.iter().skip(1).copied().chain([self.digits.len()]);
        let ranges = self.starts.iter().copied().zip(ends);
        ranges.filter_map(|(start, end)| self.digits.get(start..end))
    }

    /// Neighbouring groups that make a long number and are no dates, amounts with fen, or list of years.
    fn is_an_account(&self) -> bool {
        let (mut length, mut only_years) = (0, true);
        self.groups().any(|group| {
            if group.len() < ACCOUNT_GROUP {
                (length, only_years) = (0, true);
                return false;
            }
            length += group.len();
            only_years &= group.len() == 4 && (1900..2100).contains(&value(group));
            length >= LONG_NUMBER && !only_years
        })
    }
}

/// Whether digits begin with a division's code and a birth date.
fn begins_like_a_person(digits: &[char]) -> bool {
    let Some(digits) = digits.get(..BORN_WHERE_AND_WHEN) else {
        return false;
    };
    let part = |start: usize, end: usize| value(digits.get(start..end).unwrap_or_default());
    // The provinces of GB/T 2260, the residence permits of Hong Kong, Macao and Taiwan, and foreigners.
    let somewhere =
        matches!(part(0, 2), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 90..=99);
    let (year, month, day) = (part(6, 10), part(10, 12), part(12, 14));
    let date = || hedui_ids::Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?);
    somewhere && (1850..2100).contains(&year) && date().is_some()
}

/// The number that a few digits write.
fn value(digits: &[char]) -> u32 {
    let digit = |c: &char| c.to_digit(10).unwrap_or_default();
    digits
        .iter()
        .fold(0, |sum: u32, c| sum.saturating_mul(10).saturating_add(digit(c)))
}
