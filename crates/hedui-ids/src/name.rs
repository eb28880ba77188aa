//! Personal names brought to one form **for matching only**; always keep and show the name as it was given.
//! Leaves traditional and simplified characters, variants and similar-looking names to people: no fuzzy matching here.

use alloc::string::String;

use crate::text;

#[cfg(test)]
mod tests;

/// How two spellings of a name compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Match {
    /// Equal as given.
    Same,
    /// Equal after [`normalise`]: worth a note, not a finding.
    SameAfterNormalising,
    /// Cannot be told: a name is empty, holds a stand-in for a character that was masked or lost (`*`, `?`, `□`, `〓`, U+FFFD), or holds a
    /// private-use character of an old system, which may be the very character that the other side writes in Unicode. A person decides.
    Doubtful,
    /// Different names.
    Different,
}

/// The form in which names are compared.
///
/// Full-width ASCII becomes ASCII, case is folded, every separator (`.` `•` `‧` `・` `﹒` and others) becomes one `·` (U+00B7), invisible marks
/// vanish. Whitespace vanishes at the ends and beside a Han character or separator (databases pad two-character names); between letters it
/// becomes one space.
#[must_use]
pub fn normalise(name: &str) -> String {
    // The two ordinary cases, a Han name and a code of letters and digits, without a walk through the rules.
    if name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return name.to_ascii_lowercase();
    }
    if name.chars().all(is_han) {
        return String::from(name);
    }
    by_the_rules(name)
}

/// The form of any name.
fn by_the_rules(name: &str) -> String {
    let mut form = String::with_capacity(name.len());
    // A space or separator is written only when a letter follows, so that none stands at the end.
    let (mut space, mut separator) = (false, false);
    let mut before = None;
    for c in name.chars() {
        // Most characters by far, and no rule changes them.
        let is_ideograph = ('\u{4E00}'..='\u{9FFF}').contains(&c);
        let c = if is_ideograph { c } else { text::to_half_width(c) };
        if is_ideograph {
        } else if text::is_invisible(c) {
            continue;
        } else if c.is_whitespace() {
            space = true;
            continue;
        } else if is_separator(c) {
            separator = true;
            continue;
        }
        match before {
            Some(_) if separator => form.push('·'),
            Some(before) if space && !is_ideograph && !is_han(before) && !is_han(c) => form.push(' '),
            _ => {}
        }
        (space, separator, before) = (false, false, Some(c));
        if is_ideograph {
            form.push(c);
        } else {
            form.extend(c.to_lowercase());
        }
    }
    form
}

/// Compares two spellings of a name; symmetric.
#[must_use]
pub fn same(a: &str, b: &str) -> Match {
    if !is_telling(a) || !is_telling(b) {
        return Match::Doubtful;
    }
    // The two ordinary cases, without allocation: names that are the same, and Han names that are not.
    if a == b {
        return Match::Same;
    }
    let is_ideograph = |c| ('\u{4E00}'..='\u{9FFF}').contains(&c);
    if a.chars().chain(b.chars()).all(is_ideograph) {
        return Match::Different;
    }
    let (form_a, form_b) = (normalise(a), normalise(b));
    if form_a == form_b {
        Match::SameAfterNormalising
    } else if has_private_use(&form_a) || has_private_use(&form_b) {
        Match::Doubtful
    } else {
        Match::Different
    }
}

/// The name has letters and no stand-in for one.
fn is_telling(name: &str) -> bool {
    let folded = || name.chars().map(text::to_half_width);
    let is_letter = |c: char| !c.is_whitespace() && !is_separator(c) && !text::is_invisible(c);
    folded().any(is_letter) && !folded().any(is_stand_in)
}

/// Whether a name holds a private-use character: a data-quality note for the department that sent it.
#[must_use]
pub fn has_private_use(name: &str) -> bool {
    name.chars().any(is_private_use)
}

/// The point between the parts of a name, after folding to half width.
pub(crate) const fn is_separator(c: char) -> bool {
    matches!(
        c,
        '.' | '·' | '•' | '‧' | '・' | '･' | '﹒' | '∙' | '⋅' | '\u{0387}' | '\u{2024}'
    )
}

const fn is_stand_in(c: char) -> bool {
    matches!(c, '*' | '?' | '□' | '〓' | '\u{FFFD}')
}

const fn is_private_use(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}')
}

/// Han characters, and private-use ones that stand for them.
const fn is_han(c: char) -> bool {
    matches!(c, '〇' | '\u{2E80}'..='\u{2FDF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
        || is_private_use(c)
}
