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
/// vanish, and the private codes that GBK had for 80 characters become those characters. Whitespace vanishes at the ends and beside a Han character or separator (databases pad two-character names); between letters it
/// becomes one space.
#[must_use]
pub fn normalise(name: &str) -> String {
    // The two ordinary cases, a Han name and a code of letters and digits, without a walk through the rules.
    if name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return name.to_ascii_lowercase();
    }
    if name.chars().all(|c| is_han(c) && !is_private_use(c)) {
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
        let c = if is_ideograph {
            c
        } else {
            text::to_half_width(encoded(c))
        };
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

/// Where systems of before GB 18030-2005 keep 80 characters that Unicode had no place for, GBK's FE50 to FEA0: U+E863 is 䶮.
const FIRST_PRIVATE: u32 = 0xE815;

/// What those characters are in Unicode now, as GB 18030-2022 has them.
#[rustfmt::skip]
const PUBLISHED: [char; 80] = [
    '\u{2E81}', '\u{20087}', '\u{20089}', '\u{200CC}', '\u{2E84}', '\u{3473}', '\u{3447}', '\u{2E88}', '\u{2E8B}', '\u{9FB4}',
    '\u{359E}', '\u{361A}', '\u{360E}', '\u{2E8C}', '\u{2E97}', '\u{396E}', '\u{3918}', '\u{9FB5}', '\u{39CF}', '\u{39DF}',
    '\u{3A73}', '\u{39D0}', '\u{9FB6}', '\u{9FB7}', '\u{3B4E}', '\u{3C6E}', '\u{3CE0}', '\u{2EA7}', '\u{215D7}', '\u{9FB8}',
    '\u{2EAA}', '\u{4056}', '\u{415F}', '\u{2EAE}', '\u{4337}', '\u{2EB3}', '\u{2EB6}', '\u{2EB7}', '\u{2298F}', '\u{43B1}',
    '\u{43AC}', '\u{2EBB}', '\u{43DD}', '\u{44D6}', '\u{4661}', '\u{464C}', '\u{9FB9}', '\u{4723}', '\u{4729}', '\u{477C}',
    '\u{478D}', '\u{2ECA}', '\u{4947}', '\u{497A}', '\u{497D}', '\u{4982}', '\u{4983}', '\u{4985}', '\u{4986}', '\u{499F}',
    '\u{499B}', '\u{49B7}', '\u{49B6}', '\u{9FBA}', '\u{241FE}', '\u{4CA3}', '\u{4C9F}', '\u{4CA0}', '\u{4CA1}', '\u{4C77}',
    '\u{4CA2}', '\u{4D13}', '\u{4D14}', '\u{4D15}', '\u{4D16}', '\u{4D17}', '\u{4D18}', '\u{4D19}', '\u{4DAE}', '\u{9FBB}',
];

/// The character that an old system's private code stands for, where it is known; any other as it is.
#[must_use]
pub fn encoded(c: char) -> char {
    let index = u32::from(c)
        .checked_sub(FIRST_PRIVATE)
        .and_then(|index| usize::try_from(index).ok());
    index.and_then(|index| PUBLISHED.get(index)).copied().unwrap_or(c)
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
