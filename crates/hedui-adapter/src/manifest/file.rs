//! Where a file of rows is found, when it is complete, and how old it may be: what text files, workbooks and dBASE tables share.
//! Leaves looking for it to the connector, and the form of the file to the connector's kind.

use std::time::Duration;

use hedui_core::PartialDate;

use super::Secret;
use crate::mapping::DateFormat;

/// A file that a department drops from time to time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConnector {
    /// The server on which it lies; this machine where there is none.
    pub server: Option<SftpServer>,
    /// Which file.
    pub at: FileAt,
    /// The column that is searched.
    pub key_column: String,
    /// Other names under which a column of the mapping may stand in the file.
    pub spellings: Vec<(String, Vec<String>)>,
    /// Whether rows that nobody can be told from are left out, so that others are found all the same.
    pub quarantine: bool,
    /// Whether a file without any row is believed; else it is an export that failed.
    pub may_be_empty: bool,
    /// Whether a file of less than half the size of the one before it is believed; else it is an export that broke off.
    pub may_shrink: bool,
    /// How old the data may be.
    pub max_age: Option<Duration>,
    /// For how long a file must not have changed to be taken as complete.
    pub settle: Duration,
    /// A file is complete only where another, of its name with this behind it, stands beside it.
    pub done: Option<String>,
    /// How often it is looked for.
    pub refresh: Duration,
}

/// A server that is reached over SFTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SftpServer {
    /// Name or address of the machine.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// The server's key, as `ssh-ed25519 AAAA...` or as its fingerprint `SHA256:...`.
    pub host_key: String,
    /// How.
    pub login: SftpLogin,
}

/// How one logs in to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SftpLogin {
    /// With a password.
    Password(Secret),
    /// With a private key, as OpenSSH writes it, without a passphrase.
    Key(Secret),
}

/// Which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileAt {
    /// This one.
    Path(String),
    /// The newest complete one of a folder.
    Folder(String, NamePattern),
}

impl FileConnector {
    /// The file, or its folder.
    pub fn path(&self) -> &str {
        match &self.at {
            FileAt::Path(path) | FileAt::Folder(path, _) => path,
        }
    }

    /// The same, to change it.
    pub fn path_mut(&mut self) -> &mut String {
        match &mut self.at {
            FileAt::Path(path) | FileAt::Folder(path, _) => path,
        }
    }

    /// Whether it cannot be read without knowing the time.
    pub fn needs_clock(&self) -> bool {
        self.max_age.is_some() || !self.settle.is_zero()
    }
}

/// A part of a file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Anything,
    Date(DateFormat, usize),
}

/// Names of files: `*` for anything, `{yyyymmdd}` and its like for the day of which the data is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamePattern {
    parts: Vec<Part>,
}

/// Dates of one width, which alone can be told from what stands beside them.
const DATES: &[(&str, DateFormat, usize)] = &[
    ("yyyymmdd", DateFormat::Compact, 8),
    ("yyyy-mm-dd", DateFormat::Dashed, 10),
    ("yyyymm", DateFormat::CompactMonth, 6),
    ("yyyy-mm", DateFormat::DashedMonth, 7),
    ("yyyy", DateFormat::Year, 4),
];

/// More would only make matching slow.
const MAX_STARS: usize = 2;

impl NamePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong, as a sentence that follows the key.
    pub fn parse(text: &str) -> Result<NamePattern, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['*', '{']) {
            let (before, after) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            rest = match after.strip_prefix('*') {
                Some(after) => {
                    parts.push(Part::Anything);
                    after
                }
                None => {
                    let known = DATES.iter().find_map(|(word, format, width)| {
                        let after = after.strip_prefix('{')?.strip_prefix(word)?.strip_prefix('}')?;
                        Some((Part::Date(*format, *width), after))
                    });
                    let (part, after) = known.ok_or_else(|| {
                        let words: Vec<String> = DATES.iter().map(|(word, ..)| format!("{{{word}}}")).collect();
                        format!("must have a date as one of {}", words.join(", "))
                    })?;
                    parts.push(part);
                    after
                }
            };
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let count = |is: fn(&Part) -> bool| parts.iter().filter(|part| is(part)).count();
        if text.contains(['/', '\\']) {
            return Err("must be the name of a file, without folders".to_owned());
        }
        if count(|part| matches!(part, Part::Date(..))) > 1 {
            return Err("must have one date at most".to_owned());
        }
        if count(|part| matches!(part, Part::Anything)) > MAX_STARS {
            return Err(format!("must have {MAX_STARS} stars at most"));
        }
        Ok(NamePattern { parts })
    }

    /// The pattern of names like this one: the last date in it may be any other. A name without a date is its own pattern.
    pub fn of(name: &str) -> String {
        let digit = |at: Option<usize>| {
            at.and_then(|at| name.as_bytes().get(at))
                .is_some_and(u8::is_ascii_digit)
        };
        for (word, format, width) in DATES {
            for (start, _) in name.char_indices().rev() {
                let end = start.saturating_add(*width);
                let stands_alone = !digit(start.checked_sub(1)) && !digit(Some(end));
                let date = name.get(start..end).filter(|_| stands_alone);
                let known = date
                    .and_then(|date| format.read(date).ok())
                    .filter(|date| (1990..=2100).contains(&date.year()));
                if let (Some(_), Some(before), Some(after)) = (known, name.get(..start), name.get(end..)) {
                    return format!("{before}{{{word}}}{after}");
                }
            }
        }
        name.to_owned()
    }

    /// Whether the day of the data stands in the name.
    pub fn has_date(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Date(..)))
    }

    /// Whether a name fits, and the day that stands in it. Hidden names and the marks of open workbooks never fit.
    pub fn read(&self, name: &str) -> Option<Option<PartialDate>> {
        if name.starts_with(['.', '~']) {
            return None;
        }
        fit(&self.parts, name)
    }

    /// A name that fits, with this day in it, where one stands in names.
    pub fn name(&self, date: PartialDate) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Anything => "1".to_owned(),
            Part::Date(format, _) => format.write(date),
        });
        parts.collect()
    }
}

fn fit(parts: &[Part], name: &str) -> Option<Option<PartialDate>> {
    let Some((part, others)) = parts.split_first() else {
        return name.is_empty().then_some(None);
    };
    match part {
        Part::Text(text) => fit(others, name.strip_prefix(text.as_str())?),
        Part::Date(format, width) => {
            let (date, rest) = name.split_at_checked(*width)?;
            let date = format.read(date).ok()?;
            fit(others, rest).map(|_| Some(date))
        }
        Part::Anything => {
            let mut ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.find_map(|at| fit(others, name.get(at..)?))
        }
    }
}
