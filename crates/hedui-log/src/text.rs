//! The few spellings that all formats share: canonical base64, canonical decimal numbers, lines.
//! Leaves to the formats which line holds what.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Standard base64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads what [`base64`] writes and nothing else: no white space, no missing padding, no stray bits at the end.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads an ASCII decimal number without sign or leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_canonical = text == "0" || !text.starts_with('0');
    if is_digits && is_canonical {
        text.parse().ok()
    } else {
        None
    }
}

/// Splits off the first line, which must end in a newline; the newline belongs to neither half.
pub(crate) fn line(text: &str) -> Option<(&str, &str)> {
    text.split_once('\n')
}

/// Whether text holds a control character of ASCII other than newline. No C2SP text format has one.
pub(crate) fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}
