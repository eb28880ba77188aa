//! Keys: the texts by which records of several registers are known to be about one thing, brought to one form.
//! Leaves which field of a record is its key to `table`, and what equal keys mean to the files beside it.

use smol_str::SmolStr;

/// A key as it is compared: registers differ in case, spaces and full-width letters.
pub(super) fn key(text: &SmolStr) -> SmolStr {
    // The ordinary cases without a walk through the rules: of visible ASCII they change capitals and full stops only, and nothing from
    // U+4000 to U+9FFF, whose first bytes are E4 to E9.
    let is_plain = |b: u8| (b.wrapping_sub(0x21) < 0x9F) & (b != b'.') & (b != 0x7F) | (b.wrapping_sub(0xE4) < 6);
    // Every byte, without stopping early: many at once.
    let (plain, capitals) = text.bytes().fold((true, false), |(plain, capitals), b| {
        (plain & is_plain(b), capitals | b.is_ascii_uppercase())
    });
    if !plain {
        return by_the_rules(text);
    }
    if !capitals {
        return text.clone();
    }
    let mut form = [0u8; 64];
    let Some(form) = form.get_mut(..text.len()) else {
        return by_the_rules(text);
    };
    form.copy_from_slice(text.as_bytes());
    form.make_ascii_lowercase();
    std::str::from_utf8(form).map_or_else(|_| by_the_rules(text), SmolStr::new)
}

/// A text that tells one thing from another, as it is compared: a key without what people put between its parts, and none where it only says
/// that there is none, or shows a part only.
pub(super) fn identifying(text: &SmolStr) -> SmolStr {
    let form = key(text);
    let is_usual = form.len() > NO_KEYS_BYTES
        && form.bytes().all(|b| b.is_ascii_alphanumeric())
        && form.bytes().any(|b| b != b'0');
    if is_usual {
        return form;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ('\u{4E00}'..='\u{9FFF}').contains(&c);
    let form = if form.chars().all(is_plain) {
        form
    } else if is_masked(text) {
        return SmolStr::default();
    } else {
        form.chars().filter(|c| !is_between(*c)).collect()
    };
    let is_word_for_nothing = || form.len() <= NO_KEYS_BYTES && NO_KEYS.contains(&form.as_str());
    let says_nothing = form.bytes().all(|b| b == b'0') || is_word_for_nothing();
    if says_nothing { SmolStr::default() } else { form }
}

/// The plate of a vehicle: without its colour, in words or as the number by which registers of transport mean it.
pub(super) fn plate(text: &SmolStr) -> SmolStr {
    const COLOURS: &[char] = &['黄', '蓝', '绿', '白', '黑', '渐', '变', '色', '牌'];
    let is_digit = |c: char| c.is_ascii_digit() || ('０'..='９').contains(&c);
    let by_number = text.trim_end().trim_end_matches(is_digit);
    let bare = match by_number.strip_suffix(['_', '＿']) {
        // Two signs in a row are a mask.
        Some(bare) if !bare.ends_with(['_', '＿']) => bare,
        _ => text.as_str(),
    };
    let is_around = |c: char| COLOURS.contains(&c) || c.is_whitespace() || is_between(c) || "（）［］【】".contains(c);
    if is_masked(bare) {
        return SmolStr::default();
    }
    let bare = bare.trim_matches(is_around);
    if bare.len() == text.len() {
        identifying(text)
    } else {
        identifying(&SmolStr::new(bare))
    }
}

/// What people put between the parts of a key.
fn is_between(c: char) -> bool {
    c.is_ascii_punctuation() || matches!(c, '–' | '—' | '―' | '·' | '、' | '。')
}

/// A number that tells one thing from another: one of digits only without the zeros before it, which spreadsheets drop. A text without a digit is
/// no number, and neither is what people type to fill a field, nor a number of which a part is missing.
pub(super) fn identifying_number(text: &SmolStr) -> SmolStr {
    if let Some(ordinary) = Ordinary::of(text) {
        return ordinary.part(0, text.len());
    }
    number_by_the_rules(text)
}

fn number_by_the_rules(text: &SmolStr) -> SmolStr {
    let form = identifying(text);
    if is_no_number(text, &form) {
        return SmolStr::default();
    }
    if form.starts_with('0') && form.bytes().all(|b| b.is_ascii_digit()) {
        return SmolStr::new(form.trim_start_matches('0'));
    }
    form
}

/// The code of an organisation: of a unified social credit code (GB 32100, places 9 to 17) and of the taxpayer's number of 15 places before it
/// (the last nine) the organisation code that both hold (GB 11714), so that registers of several generations mean one employer.
pub(super) fn organisation(text: &SmolStr) -> SmolStr {
    if let Some(ordinary) = Ordinary::of(text) {
        return match text.len() {
            18 => ordinary.part(8, 17),
            15 => ordinary.part(6, 15),
            length => ordinary.part(0, length),
        };
    }
    organisation_by_the_rules(text)
}

fn organisation_by_the_rules(text: &SmolStr) -> SmolStr {
    let form = identifying(text);
    if is_no_number(text, &form) {
        return SmolStr::default();
    }
    let code = match form.len() {
        18 if form.is_ascii() => form.get(8..17),
        15 if form.is_ascii() => form.get(6..),
        _ => None,
    };
    match code {
        Some(code) => SmolStr::new(code),
        None => form,
    }
}

/// A number as nearly all are: of seven to thirty-two ASCII letters and digits, in which nothing reminds of any rule but that capitals do not count.
/// Known in one walk.
struct Ordinary([u8; Ordinary::MOST]);

impl Ordinary {
    const MOST: usize = 32;

    fn of(text: &str) -> Option<Ordinary> {
        let bytes = text.as_bytes();
        let (first, last) = (*bytes.first()?, *bytes.last()?);
        if bytes.len() <= NO_KEYS_BYTES || first == b'0' {
            return None;
        }
        let mut form = [0; Ordinary::MOST];
        form.get_mut(..bytes.len())?.copy_from_slice(bytes);
        form.make_ascii_lowercase();
        let (mut is_plain, mut has_digit, mut is_all_digits, mut is_one) = (true, false, true, true);
        let mut before = 0;
        for (byte, original) in form.iter().zip(bytes) {
            let is_digit = byte.is_ascii_digit();
            // Two signs of a mask among digits are enough for one.
            is_plain &= (is_digit | byte.is_ascii_lowercase()) & !(*byte == b'x' && before == b'x');
            has_digit |= is_digit & (*byte != b'0');
            is_all_digits &= is_digit;
            is_one &= *original == first;
            before = *byte;
        }
        // Of digits only it may be a few in their order, or have lost its end.
        let is_odd = is_one || is_all_digits && (bytes.len() <= 11 || last == b'0');
        (is_plain && has_digit && !is_odd).then_some(Ordinary(form))
    }

    fn part(&self, from: usize, until: usize) -> SmolStr {
        let part = self.0.get(from..until).and_then(|part| std::str::from_utf8(part).ok());
        SmolStr::new(part.unwrap_or_default())
    }
}

/// Whether a text in the form of a key is no number: without a digit, one character over and over, the digits in their order, or cut.
fn is_no_number(text: &str, form: &str) -> bool {
    const IN_ORDER: &str = "01234567890";
    const TAILS: &[&str] = &["尾号", "末四位", "后四位"];
    let bytes = form.as_bytes();
    let has_digit = bytes.iter().any(u8::is_ascii_digit);
    let is_one = bytes.len() >= 3 && bytes.iter().all(|b| Some(b) == bytes.first());
    let is_in_order = || (5..=IN_ORDER.len()).contains(&bytes.len()) && IN_ORDER.contains(form);
    if !has_digit || is_one || is_in_order() {
        return true;
    }
    if bytes.is_ascii() && !bytes.iter().any(|b| matches!(b, b'x' | b'e')) {
        // Spreadsheets keep 15 digits of a number.
        return (16..=19).contains(&bytes.len()) && form.ends_with("000000") && bytes.iter().all(u8::is_ascii_digit);
    }
    // Among digits two signs of a mask will do.
    let is_shown_in_part = form.contains("xx") && bytes.iter().all(|b| b.is_ascii_digit() || *b == b'x');
    is_shown_in_part || form.contains("xxxx") || is_power(text) || TAILS.iter().any(|tail| form.contains(tail))
}

/// Whether a number is written in powers of ten: its end is lost.
fn is_power(text: &str) -> bool {
    let Some((digits, power)) = text.trim().split_once(['e', 'E']) else {
        return false;
    };
    let is_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    power.strip_prefix('+').is_some_and(is_digits) && digits.split('.').all(is_digits)
}

/// Whether a text shows a part only: nobody can say what it means.
fn is_masked(text: &str) -> bool {
    let mut run = (' ', 0);
    text.chars().any(|c| {
        let c = match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            other => other,
        };
        run = (c, if run.0 == c { run.1 + 1 } else { 1 });
        match c {
            '*' | '●' | '•' | '×' | '█' | '■' | '□' | '※' | '…' | '\u{FFFD}' => true,
            '#' | '?' | '~' | '_' => run.1 >= 2,
            '-' | '.' | ',' | '/' | '=' | '+' => run.1 >= 3,
            'x' | 'X' => run.1 >= 4,
            _ => false,
        }
    })
}

/// What a number that is not whole shows; none where it shows nothing.
pub(super) fn shown(text: &SmolStr) -> Option<SmolStr> {
    let form = key(text);
    form.contains(|c: char| matches!(c, '1'..='9')).then_some(form)
}

/// What registers write where they have no key; none is longer than so many bytes.
const NO_KEYS: &[&str] = &["无", "不详", "待定", "未知", "暂无", "空", "none", "null", "nil", "na"];
const NO_KEYS_BYTES: usize = 6;

/// The form of any key.
fn by_the_rules(text: &str) -> SmolStr {
    let form = hedui_ids::name::normalise(text);
    if form.contains(char::is_whitespace) {
        form.split_whitespace().collect()
    } else {
        SmolStr::from(form)
    }
}

#[cfg(test)]
mod tests;
