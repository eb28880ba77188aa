//! The two languages of everything that people read here, and which one applies.
//! Leaves the words themselves to the places that use them.

use clap::ValueEnum;

/// A language of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Of a locale such as `zh_CN.UTF-8`: Chinese for `zh…`, English for everything else.
    pub fn of_locale(locale: &str) -> Lang {
        match locale.get(..2) {
            Some(start) if start.eq_ignore_ascii_case("zh") => Lang::Zh,
            _ => Lang::En,
        }
    }

    /// The text of this language.
    pub fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// The text of this language, or the other one where it is empty.
    pub fn choose<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        let (first, second) = self.pick((zh, en), (en, zh));
        if first.is_empty() { second } else { first }
    }
}
