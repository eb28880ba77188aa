//! What a program writes to its log, without what could be a person's: numbers and Chinese text go, the rest helps to find a mistake.
//! Leaves keeping it to `lines`.

/// Shorter numbers are line numbers and codes.
const MAX_DIGITS: usize = 5;

/// The text with long numbers and everything beyond ASCII replaced.
pub(super) fn scrubbed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    let flush = |digits: &mut String, out: &mut String| {
        if digits.len() > MAX_DIGITS {
            out.push_str("<number>");
        } else {
            out.push_str(digits);
        }
        digits.clear();
    };
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        flush(&mut digits, &mut out);
        if c.is_ascii_graphic() || c == ' ' {
            out.push(c);
        } else if !out.ends_with("<text>") {
            out.push_str("<text>");
        }
    }
    flush(&mut digits, &mut out);
    out
}
