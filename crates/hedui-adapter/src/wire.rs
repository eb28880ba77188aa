//! The wire form of questions and answers (`hedui.department.v1`): the only place where it is read and written.
//! Leaves transport to `port` and `serve`.

/// Whether a text is a stable reason word: `[A-Z][A-Z0-9_]{0,62}`.
pub fn is_reason_word(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
