//! A TOML file as sections that remember what was read and where everything stands.
//! Leaves what the keys mean to `read`.

use std::ops::Range;

use hedui_core::dates::Date;
use hedui_core::verdict::Text;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::MAX_PACK_BYTES;
use crate::mistake::{Mistake, Mistakes};
use crate::ratio::Ratio;

/// A file and the mistakes found in it so far.
pub(crate) struct Source<'a> {
    pub file: &'a str,
    pub text: &'a str,
    pub mistakes: Vec<Mistake>,
}

/// A value with the byte offset where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Located<T> {
    pub value: T,
    pub at: usize,
}

/// The text of a formula with the offset of its first character, or of the whole value where the two texts differ (escapes).
#[derive(Clone, Debug)]
pub(crate) struct FormulaText {
    pub text: String,
    pub at: usize,
    pub verbatim: bool,
}

impl FormulaText {
    /// Where in the file a byte of the formula stands.
    pub fn offset(&self, inside: usize) -> usize {
        if self.verbatim { self.at + inside } else { self.at }
    }
}

impl<'a> Source<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Source<'a> {
        Source {
            file,
            text,
            mistakes: Vec::new(),
        }
    }

    /// Line and column, from 1, of a byte offset.
    pub fn position(&self, at: usize) -> (usize, usize) {
        let place = hedui_toml::Place::of(self.text, at);
        (place.line, place.column)
    }

    pub fn mistake(&mut self, at: usize, reason: &'static str, message: impl Into<String>) {
        self.mistake_with(at, reason, message, None);
    }

    pub fn mistake_with(&mut self, at: usize, reason: &'static str, message: impl Into<String>, hint: Option<String>) {
        let (line, column) = self.position(at);
        self.mistakes.push(Mistake {
            file: self.file.to_owned(),
            line,
            column,
            reason,
            message: message.into(),
            hint,
        });
    }

    /// The mistakes in the order of the file.
    pub fn into_mistakes(mut self) -> Mistakes {
        self.mistakes
            .sort_by(|a, b| (a.line, a.column, a.reason).cmp(&(b.line, b.column, b.reason)));
        self.mistakes.dedup();
        Mistakes(self.mistakes)
    }
}

/// Reads a whole file: its syntax, its size, everything that `read` asks for, and that nothing else is in it.
///
/// # Errors
/// Every mistake.
pub(crate) fn parse<T>(
    file: &str,
    text: &str,
    name: &str,
    read: impl for<'a> FnOnce(&mut Source<'a>, &mut Section<'_, 'a>) -> Option<T>,
) -> Result<T, Mistakes> {
    let mut source = Source::new(file, text);
    if text.len() > MAX_PACK_BYTES {
        source.mistake(0, "LIMIT", format!("{name} has at most {MAX_PACK_BYTES} bytes"));
        return Err(source.into_mistakes());
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        source.mistake(at, "TOML_SYNTAX", error.message().to_owned());
    }
    if !errors.is_empty() {
        return Err(source.into_mistakes());
    }
    let mut root = Section::new(document.get_ref(), name, 0);
    let value = read(&mut source, &mut root);
    root.end(&mut source);
    match value {
        Some(value) if source.mistakes.is_empty() => Ok(value),
        _ => Err(source.into_mistakes()),
    }
}

/// A number from its digits, or from a text that may also be a fraction.
pub(crate) fn ratio_of(value: &DeValue<'_>) -> Option<Ratio> {
    let text = match value {
        DeValue::String(text) => text.as_ref(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => return None,
    };
    Ratio::parse(text)
}

/// One table of the file. Every key must be asked for; [`Section::end`] reports the others.
pub(crate) struct Section<'d, 'a> {
    table: &'d DeTable<'a>,
    name: String,
    at: usize,
    asked: Vec<&'static str>,
}

impl<'d, 'a> Section<'d, 'a> {
    pub fn new(table: &'d DeTable<'a>, name: impl Into<String>, at: usize) -> Section<'d, 'a> {
        Section {
            table,
            name: name.into(),
            at,
            asked: Vec::new(),
        }
    }

    /// Where it begins.
    pub fn at(&self) -> usize {
        self.at
    }

    /// A value, if there is one.
    pub fn take(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'a>>> {
        self.asked.push(key);
        self.table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
    }

    fn missing(&self, source: &mut Source<'_>, key: &str) {
        source.mistake(self.at, "KEY_MISSING", format!("{} has no `{key}`", self.name));
    }

    fn wrong(&self, source: &mut Source<'_>, span: Range<usize>, key: &str, wanted: &str) {
        source.mistake(
            span.start,
            "TYPE_WRONG",
            format!("`{key}` of {} is {wanted}", self.name),
        );
    }

    /// A text that may be left out.
    pub fn opt_text(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Located<String>> {
        let value = self.take(key)?;
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some(Located {
                value: text.to_owned(),
                at: value.span().start,
            }),
            _ => {
                self.wrong(source, value.span(), key, "a text in quotes, not empty");
                None
            }
        }
    }

    /// A text that must be there.
    pub fn text(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Located<String>> {
        if self.take(key).is_none() {
            self.missing(source, key);
            return None;
        }
        self.opt_text(source, key)
    }

    /// A text, or a list of texts, that may be left out; `Some(None)` after a mistake.
    pub fn opt_texts(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Option<Vec<Located<String>>>> {
        let value = self.take(key)?;
        let located = |value: &Spanned<DeValue<'a>>| {
            let text = value.get_ref().as_str().filter(|text| !text.trim().is_empty())?;
            Some(Located {
                value: text.to_owned(),
                at: value.span().start,
            })
        };
        let texts = match value.get_ref().as_array() {
            Some(list) => list.iter().map(located).collect::<Option<Vec<_>>>(),
            None => located(value).map(|text| vec![text]),
        };
        if texts.is_none() {
            self.wrong(source, value.span(), key, "a text in quotes, or a list of texts");
        }
        Some(texts)
    }

    /// The entries of a table whose keys are names of the pack or words of formulas; none where it is left out.
    pub fn entries(
        &mut self,
        source: &mut Source<'_>,
        key: &'static str,
    ) -> Vec<(Located<String>, &'d Spanned<DeValue<'a>>)> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(source, value.span(), key, "a table; names with a dot stand in quotes");
            return Vec::new();
        };
        let entry = |(key, value): (&Spanned<_>, &'d Spanned<DeValue<'a>>)| {
            let key: &Spanned<toml::de::DeString<'_>> = key;
            let name = Located {
                value: key.get_ref().to_string(),
                at: key.span().start,
            };
            (name, value)
        };
        table.iter().map(entry).collect()
    }

    /// A formula that must be there.
    pub fn formula(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<FormulaText> {
        let text = self.text(source, key)?;
        let span = self.take(key).map(Spanned::span).unwrap_or_default();
        let raw = source.text.get(span).unwrap_or_default();
        let inner = raw.find(text.value.as_str());
        Some(FormulaText {
            at: text.at + inner.unwrap_or(0),
            verbatim: inner.is_some(),
            text: text.value,
        })
    }

    /// A number, read from its digits: `0.25` stays exact. In quotes it may also be a fraction, `"1/3"`.
    pub fn number(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Located<Ratio>> {
        let Some(value) = self.take(key) else {
            self.missing(source, key);
            return None;
        };
        match ratio_of(value.get_ref()) {
            Some(number) => Some(Located {
                value: number,
                at: value.span().start,
            }),
            None => {
                self.wrong(
                    source,
                    value.span(),
                    key,
                    "a number without exponent, for example 3600, 0.25 or \"1/3\"",
                );
                None
            }
        }
    }

    /// A whole number from 0 that may be left out.
    pub fn opt_whole(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Located<u32>> {
        let value = self.take(key)?;
        match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 && number.as_str().parse::<u32>().is_ok() => {
                let whole = number.as_str().parse().unwrap_or_default();
                Some(Located {
                    value: whole,
                    at: value.span().start,
                })
            }
            _ => {
                self.wrong(source, value.span(), key, "a whole number from 0");
                None
            }
        }
    }

    /// A truth value that may be left out.
    pub fn opt_flag(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<bool> {
        let value = self.take(key)?;
        if value.get_ref().as_bool().is_none() {
            self.wrong(source, value.span(), key, "true or false");
        }
        value.get_ref().as_bool()
    }

    /// A date, in quotes or not, that may be left out.
    pub fn opt_date(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Located<Date>> {
        let value = self.take(key)?;
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(date) => date.to_string(),
            _ => String::new(),
        };
        match text.parse::<Date>() {
            Ok(date) if text.len() == 10 => Some(Located {
                value: date,
                at: value.span().start,
            }),
            _ => {
                let message = format!("`{key}` of {} is an existing date, YYYY-MM-DD", self.name);
                source.mistake(value.span().start, "DATE_INVALID", message);
                None
            }
        }
    }

    /// A date that must be there.
    pub fn date(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Located<Date>> {
        if self.take(key).is_none() {
            self.missing(source, key);
            return None;
        }
        self.opt_date(source, key)
    }

    /// A table inside, that may be left out.
    pub fn opt_section(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Section<'d, 'a>> {
        let value = self.take(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(source, value.span(), key, "a table");
            return None;
        };
        Some(Section::new(
            table,
            format!("`{key}` of {}", self.name),
            value.span().start,
        ))
    }

    /// Tables inside, in order.
    pub fn sections(&mut self, source: &mut Source<'_>, key: &'static str, name: &str) -> Vec<Section<'d, 'a>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(
                source,
                value.span(),
                key,
                &format!("a list of tables, each under [[{key}]]"),
            );
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section::new(table, name, item.span().start)),
                None => self.wrong(source, item.span(), key, "a list of tables"),
            }
        }
        sections
    }

    /// Calls the section by its own name from here on: `step `income``.
    pub fn called(&mut self, name: &str) {
        self.name = format!("{} `{name}`", self.name);
    }

    /// The same text in two languages.
    pub fn opt_title(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Text> {
        let mut inner = self.opt_section(source, key)?;
        let (zh, en) = (inner.text(source, "zh"), inner.text(source, "en"));
        inner.end(source);
        Some(Text {
            zh: zh?.value.into(),
            en: en?.value.into(),
        })
    }

    /// The same text in two languages; must be there.
    pub fn title(&mut self, source: &mut Source<'_>, key: &'static str) -> Option<Text> {
        if self.take(key).is_none() {
            self.missing(source, key);
            return None;
        }
        self.opt_title(source, key)
    }

    /// Reports the keys that nobody asked for.
    pub fn end(self, source: &mut Source<'_>) {
        for (key, _) in self.table.iter() {
            if !self.asked.iter().any(|asked| key.get_ref() == asked) {
                let hint = hedui_toml::hint::nearest(key.get_ref(), self.asked.iter().copied());
                let message = format!("{} has no key `{}`", self.name, key.get_ref());
                source.mistake_with(key.span().start, "KEY_UNKNOWN", message, hint);
            }
        }
    }
}
