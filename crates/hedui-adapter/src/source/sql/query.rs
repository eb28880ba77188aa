//! The parameters of a query: `:id_number`, `:lower_id_number`, `:legacy_id_number`, `:name` become what each database binds, and are never written into the text.
//! Leaves whether the query fits the database to the database.

use hedui_core::{Failure, Subject};

use crate::reason::Reason;

/// Whose spelling of strings, comments and parameters holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite: `?1`.
    Sqlite,
    /// PostgreSQL and its kin: `$1`.
    Postgres,
    /// MySQL and MariaDB: `?`, once for each place.
    Mysql,
    /// Whatever stands behind an ODBC driver: the same.
    Odbc,
}

/// A query as the database takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BoundQuery {
    /// The text with the database's own placeholders.
    pub(crate) text: String,
    /// What each placeholder stands for, in the order of binding.
    pub(crate) parameters: Vec<Parameter>,
}

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// Resident ID, 18 characters, with a capital X.
    IdNumber,
    /// The same with a small x, for who has one: columns that people filled hold both.
    LowerIdNumber,
    /// Its 15-digit form, for who has one.
    LegacyIdNumber,
    /// Name.
    Name,
}

impl Parameter {
    fn from_word(word: &str) -> Option<Parameter> {
        Some(match word {
            "id_number" => Parameter::IdNumber,
            "lower_id_number" => Parameter::LowerIdNumber,
            "legacy_id_number" => Parameter::LegacyIdNumber,
            "name" => Parameter::Name,
            _ => return None,
        })
    }
}

impl BoundQuery {
    /// The values of a person, in the order of binding; none of the forms that their number does not have.
    pub(crate) fn values(&self, subject: &Subject) -> Vec<Option<String>> {
        let value = |parameter: &Parameter| match parameter {
            Parameter::IdNumber => Some(subject.id.expose().to_owned()),
            Parameter::LowerIdNumber => {
                Some(subject.id.expose().to_ascii_lowercase()).filter(|id| id != subject.id.expose())
            }
            Parameter::LegacyIdNumber => subject.id.legacy_15().map(|legacy| legacy.expose().to_owned()),
            Parameter::Name => Some(subject.name.clone()),
        };
        self.parameters.iter().map(value).collect()
    }
}

/// The query with the database's placeholders.
///
/// # Errors
/// Where in the text what is wrong; for the manifest.
pub(crate) fn bind(text: &str, dialect: Dialect) -> Result<BoundQuery, String> {
    let query = scanned(text, dialect)?;
    let searches = |p: &Parameter| matches!(p, Parameter::IdNumber | Parameter::LegacyIdNumber);
    if !query.parameters.iter().any(searches) {
        return Err("must search by :id_number or :legacy_id_number".to_owned());
    }
    Ok(query)
}

/// A query about nobody in particular.
///
/// # Errors
/// Where in the text what is wrong; for the manifest.
pub(crate) fn unbound(text: &str, dialect: Dialect) -> Result<BoundQuery, String> {
    let query = scanned(text, dialect)?;
    if !query.parameters.is_empty() {
        return Err("must have no parameters: it selects numbers of anybody".to_owned());
    }
    Ok(query)
}

fn scanned(text: &str, dialect: Dialect) -> Result<BoundQuery, String> {
    let mut scanner = Scanner {
        text,
        at: 0,
        dialect,
        out: String::with_capacity(text.len()),
        parameters: Vec::new(),
        ended: false,
    };
    if let Err((at, message)) = scanner.run() {
        let before = text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        return Err(format!("line {line}, column {column}: {message}"));
    }
    let (text, parameters) = (scanner.out, scanner.parameters);
    Ok(BoundQuery { text, parameters })
}

/// The same for a connector. The manifest has told where in the text what is wrong.
///
/// # Errors
/// `SOURCE_MISSING`.
pub(super) fn bound(text: &str, dialect: Dialect) -> Result<BoundQuery, Failure> {
    bind(text, dialect).map_err(|_| Reason::SourceMissing.failure_at("the query"))
}

type Mistake = (usize, String);

struct Scanner<'q> {
    text: &'q str,
    at: usize,
    dialect: Dialect,
    out: String,
    parameters: Vec<Parameter>,
    /// After the semicolon that ends the statement.
    ended: bool,
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'q> Scanner<'q> {
    fn rest(&self) -> &'q str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn mistake<T>(&self, message: impl Into<String>) -> Result<T, Mistake> {
        Err((self.at, message.into()))
    }

    /// Copies so many bytes as they are.
    fn copy(&mut self, bytes: usize) {
        self.out.push_str(self.rest().get(..bytes).unwrap_or_default());
        self.at += bytes;
    }

    fn run(&mut self) -> Result<(), Mistake> {
        while let Some(c) = self.rest().chars().next() {
            if self.comment(c)? {
                continue;
            }
            if self.ended && !c.is_whitespace() {
                return self.mistake("only one statement may stand here");
            }
            match (c, self.dialect) {
                ('\0', _) => return self.mistake("holds a NUL"),
                (';', _) => {
                    self.ended = true;
                    self.at += 1;
                }
                ('\'', _) => self.string(c)?,
                ('"', _) => self.string(c)?,
                ('`', Dialect::Sqlite | Dialect::Mysql | Dialect::Odbc) => self.quoted('`', false)?,
                ('[', Dialect::Sqlite | Dialect::Odbc) => self.until("]", "a [ is not closed")?,
                (':', _) => self.colon()?,
                ('$', Dialect::Postgres) => self.dollar()?,
                ('?', Dialect::Sqlite | Dialect::Mysql | Dialect::Odbc) | ('$' | '@', Dialect::Sqlite) => {
                    return self.mistake("a parameter is written :id_number, :legacy_id_number or :name");
                }
                // A name is taken whole, so that a `$` or a quote after it is not mistaken for a beginning.
                (c, _) if begins_name(c) => self.name(),
                (c, _) => self.copy(c.len_utf8()),
            }
        }
        Ok(())
    }

    fn name(&mut self) {
        let inner = |c: char| in_name(c) || c == '$' && self.dialect != Dialect::Sqlite;
        let rest = self.rest();
        let end = rest.find(|c| !inner(c)).unwrap_or(rest.len());
        self.copy(end);
    }

    /// Whether a comment was passed; it is left out of the text, as a blank.
    fn comment(&mut self, c: char) -> Result<bool, Mistake> {
        let rest = self.rest();
        let line = match (c, self.dialect) {
            ('#', Dialect::Mysql) => true,
            // Two signs that nothing separates from what follows are an arithmetic double minus there.
            ('-', Dialect::Mysql) => rest
                .strip_prefix("--")
                .is_some_and(|after| after.chars().next().is_none_or(char::is_whitespace)),
            ('-', _) => rest.starts_with("--"),
            _ => false,
        };
        if line {
            self.at += rest.find('\n').unwrap_or(rest.len());
            self.out.push(' ');
            return Ok(true);
        }
        if !rest.starts_with("/*") {
            return Ok(false);
        }
        if self.dialect == Dialect::Mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
            return self.mistake("a comment that is executed cannot stand here");
        }
        let (mut depth, mut from) = (0_usize, 0);
        loop {
            let after = rest.get(from..).unwrap_or_default();
            let nests = depth == 0 || self.dialect == Dialect::Postgres;
            if nests && after.starts_with("/*") {
                (depth, from) = (depth + 1, from + 2);
            } else if after.starts_with("*/") {
                (depth, from) = (depth - 1, from + 2);
                if depth == 0 {
                    break;
                }
            } else if let Some(c) = after.chars().next() {
                from += c.len_utf8();
            } else {
                return self.mistake("a comment is not closed");
            }
        }
        self.at += from;
        self.out.push(' ');
        Ok(true)
    }

    fn string(&mut self, quote: char) -> Result<(), Mistake> {
        let backslash = match self.dialect {
            Dialect::Mysql => true,
            Dialect::Postgres => quote == '\'' && self.after_escape_mark(),
            Dialect::Sqlite | Dialect::Odbc => false,
        };
        self.quoted(quote, backslash)
    }

    /// Whether an `E` that is no part of a longer name stands right before.
    fn after_escape_mark(&self) -> bool {
        let mut before = self.text.get(..self.at).unwrap_or_default().chars().rev();
        matches!(before.next(), Some('e' | 'E')) && !before.next().is_some_and(|c| in_name(c) || c == '$')
    }

    /// Copies what stands in quotes; a doubled quote does not end it, nor one after a backslash where that counts.
    fn quoted(&mut self, quote: char, backslash: bool) -> Result<(), Mistake> {
        let mut inside = self.rest().char_indices().skip(1).peekable();
        while let Some((index, c)) = inside.next() {
            if c == '\\' && backslash {
                inside.next();
            } else if c == quote && inside.next_if(|(_, next)| *next == quote).is_none() {
                self.copy(index + quote.len_utf8());
                return Ok(());
            }
        }
        self.mistake(format!("a {quote} is not closed"))
    }

    fn until(&mut self, end: &str, message: &str) -> Result<(), Mistake> {
        match self.rest().find(end) {
            Some(index) => {
                self.copy(index + end.len());
                Ok(())
            }
            None => self.mistake(message),
        }
    }

    fn colon(&mut self) -> Result<(), Mistake> {
        let after = self.rest().get(1..).unwrap_or_default();
        if after.starts_with(':') {
            self.copy(2);
            return Ok(());
        }
        if !after.starts_with(begins_name) {
            self.copy(1);
            return Ok(());
        }
        let end = after.find(|c| !in_name(c)).unwrap_or(after.len());
        let Some(key) = after.get(..end).and_then(Parameter::from_word) else {
            return self.mistake("the parameters are :id_number, :lower_id_number, :legacy_id_number and :name");
        };
        self.at += 1 + end;
        if matches!(self.dialect, Dialect::Mysql | Dialect::Odbc) {
            self.parameters.push(key);
            self.out.push('?');
            return Ok(());
        }
        let known = self.parameters.iter().position(|known| *known == key);
        let index = known.unwrap_or_else(|| {
            self.parameters.push(key);
            self.parameters.len() - 1
        });
        self.out.push(if self.dialect == Dialect::Postgres { '$' } else { '?' });
        self.out.push_str(&(index + 1).to_string());
        Ok(())
    }

    /// `$tag$ ... $tag$`
    fn dollar(&mut self) -> Result<(), Mistake> {
        let rest = self.rest();
        let after = rest.get(1..).unwrap_or_default();
        let end = after.find(|c| !in_name(c)).unwrap_or(after.len());
        let closed = after.get(end..).is_some_and(|rest| rest.starts_with('$'));
        if !closed || after.starts_with(|c: char| c.is_ascii_digit()) {
            return self.mistake("a parameter is written :id_number, :legacy_id_number or :name");
        }
        let tag = rest.get(..end + 2).unwrap_or_default();
        match rest.get(tag.len()..).and_then(|inside| inside.find(tag)) {
            Some(index) => {
                self.copy(index + 2 * tag.len());
                Ok(())
            }
            None => self.mistake(format!("a {tag} is not closed")),
        }
    }
}

#[cfg(test)]
mod tests;
