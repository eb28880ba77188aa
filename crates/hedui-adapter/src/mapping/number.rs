//! Of what form the numbers are by which sources keep people and things: whole ones, masked ones, such as a spreadsheet has rounded.
//! Leaves whether a number is somebody's to `hedui_ids`. What is said to be of a person takes what `key` makes of a text.

use hedui_ids::{CreditCode, ResidentId};

use super::Field;
use super::schema::FieldKind;
use super::whose::key;

/// Whether it has the form of a resident's number, of 18 or of 15; its check digit may be wrong.
pub(crate) fn is_id_number(who: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match who.len() {
        15 => digits(who),
        18 => who.strip_suffix('X').map_or_else(|| digits(who), digits),
        _ => false,
    }
}

/// Whether somebody has put marks in the place of digits.
pub(crate) fn is_masked(who: &str) -> bool {
    who.contains(['*', '#', '?', '×'])
}

/// Whether it is no number any more: a power of ten, or eighteen digits of which a double kept fifteen: three zeros at the end, and the check
/// digit no longer fits.
pub(crate) fn is_rounded(who: &str) -> bool {
    if who.contains('E') && who.contains(['.', '+']) && who.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let digits: Option<[u8; 18]> = who.as_bytes().try_into().ok();
    let Some([first17 @ .., last]) = digits.filter(|_| who.ends_with("000")) else {
        return false;
    };
    ResidentId::checksum(&first17).is_some_and(|check| check != last)
}

/// Whether a spreadsheet has written a number as a power of ten, `6.22202E+18`: which one it was nobody can say.
pub(super) fn is_power(text: &str) -> bool {
    let text = text.trim().trim_start_matches('\'');
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let Some((mantissa, power)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    // Without a mark, `1E10` may be a number of its own.
    let marked = mantissa.contains('.') || power.starts_with('+');
    marked && digits(whole) && digits(part) && digits(power.strip_prefix('+').unwrap_or(power))
}

/// Whether the text of a field is a number by which things are told apart and which has lost digits: two accounts would be one.
pub(super) fn is_damaged(field: Field, text: &str) -> bool {
    if field.harmless || !matches!(field.kind, FieldKind::Text) {
        return false;
    }
    let form = key(text);
    let is_code = field.name.ends_with("credit_code") && form.len() == 18 && form.ends_with("000");
    let all_digits = form.bytes().all(|b| b.is_ascii_digit());
    is_power(text)
        || field.name.ends_with("id_number") && is_rounded(&form)
        || is_code && all_digits && CreditCode::parse(&form).is_err()
}
