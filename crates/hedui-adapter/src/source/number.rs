//! Of what form the numbers are by which sources keep people: whole ones, masked ones, such as a spreadsheet has rounded.
//! Leaves whether a number is somebody's to `hedui_ids`. All functions take what `mapping::key` makes of a text.

use hedui_ids::ResidentId;

/// Whether it has the form of a resident's number, of 18 or of 15; its check digit may be wrong.
pub(super) fn is_id_number(who: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match who.len() {
        15 => digits(who),
        18 => who.strip_suffix('X').map_or_else(|| digits(who), digits),
        _ => false,
    }
}

/// Whether somebody has put marks in the place of digits.
pub(super) fn is_masked(who: &str) -> bool {
    who.contains(['*', '#', '?', '×'])
}

/// Whether it is no number any more: a power of ten, or eighteen digits of which a double kept fifteen: three zeros at the end, and the check
/// digit no longer fits.
pub(super) fn is_rounded(who: &str) -> bool {
    if who.contains('E') && who.contains(['.', '+']) && who.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let digits: Option<[u8; 18]> = who.as_bytes().try_into().ok();
    let Some([first17 @ .., last]) = digits.filter(|_| who.ends_with("000")) else {
        return false;
    };
    ResidentId::checksum(&first17).is_some_and(|check| check != last)
}
