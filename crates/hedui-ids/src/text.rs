//! The input hygiene that all identifiers share: what is dropped, what is folded, what is kept.
//! Leaves the meaning of the characters to each identifier.

use crate::error::IdError;

/// Marks that carry no meaning and come from copying, padding or right-to-left layout.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Hyphens and dashes: no identifier here contains one, so they can only be grouping marks.
const fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}'
    )
}

/// The mark that spreadsheets put before a number kept as text.
const fn is_text_mark(c: char) -> bool {
    matches!(c, '\'' | '’' | '`' | '＇')
}

/// Full-width ASCII (U+FF01 to U+FF5E) to ASCII; anything else unchanged.
pub(crate) fn to_half_width(c: char) -> char {
    match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// `None` when the character is dropped (whitespace, invisible mark, hyphen), else its half-width upper-case form.
pub(crate) fn fold(c: char) -> Option<char> {
    if c.is_whitespace() || is_invisible(c) || is_hyphen(c) {
        return None;
    }
    Some(to_half_width(c).to_ascii_uppercase())
}

/// The ASCII letters and digits of a typed identifier, without allocation.
pub(crate) struct Typed<const N: usize> {
    /// The first `N` kept characters.
    pub(crate) bytes: [u8; N],
    /// Where each of them stood in the text, counted in characters from 1.
    positions: [usize; N],
    /// How many characters were kept in all; may exceed `N`.
    pub(crate) len: usize,
    /// The text differs from the kept characters.
    pub(crate) changed: bool,
}

impl<const N: usize> Typed<N> {
    /// Folds `text`; `rename` may replace a character further. Refuses whatever is then no ASCII letter or digit.
    pub(crate) fn read(text: &str, rename: fn(char) -> char) -> Result<Typed<N>, IdError> {
        let mut typed = Typed {
            bytes: [0; N],
            positions: [0; N],
            len: 0,
            changed: false,
        };
        for (index, c) in text.chars().enumerate() {
            if c.is_ascii_digit() || c.is_ascii_uppercase() {
                typed.keep(c, index);
                continue;
            }
            typed.changed = true;
            if typed.len == 0 && is_text_mark(c) {
                continue;
            }
            match fold(c).map(rename) {
                None => {}
                Some(kept) if kept.is_ascii_alphanumeric() => typed.keep(kept, index),
                Some(_) => return Err(IdError::Character { position: index + 1 }),
            }
        }
        Ok(typed)
    }

    fn keep(&mut self, c: char, index: usize) {
        if let (Some(byte), Some(position)) = (self.bytes.get_mut(self.len), self.positions.get_mut(self.len)) {
            // Only ASCII arrives here.
            *byte = u8::try_from(c).unwrap_or(b'?');
            *position = index + 1;
        }
        self.len += 1;
    }

    /// Refuses the first of the leading `count` characters that `allowed` does not accept (index from 0, byte).
    pub(crate) fn check(&self, count: usize, allowed: impl Fn(usize, u8) -> bool) -> Result<(), IdError> {
        let kept = self.bytes.iter().zip(&self.positions).take(count).enumerate();
        for (index, (&byte, &position)) in kept {
            if !allowed(index, byte) {
                return Err(IdError::Character { position });
            }
        }
        Ok(())
    }
}
