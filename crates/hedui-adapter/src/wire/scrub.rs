//! Texts that a department wrote, made fit to be kept and shown: short, and without the persons asked about.
//! Leaves reasons, which are words of a fixed form, to `answer`.

use hedui_core::Query;

/// As long as a useful note is.
const MAX_CHARACTERS: usize = 200;
/// So many digits in a row are an id or an account, not a line number.
const LONG_NUMBER: usize = 15;
/// What stands for a text that was not kept.
const WITHHELD: &str = "(withheld: the text held personal data)";

/// The text, or a stand-in where it names a person asked about or holds a long number.
pub(super) fn scrub(text: &str, query: &Query) -> String {
    let mut digits = 0;
    let long_number = text.bytes().any(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits >= LONG_NUMBER
    });
    let names = |subject: &hedui_core::Subject| subject.name.chars().count() > 1 && text.contains(&subject.name);
    if long_number || query.subjects.iter().any(names) {
        return WITHHELD.to_owned();
    }
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}
