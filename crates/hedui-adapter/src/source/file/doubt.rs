//! The lines of a file that may be somebody's though their numbers do not say so: anybody's, those under a damaged number, those under a word.
//! Leaves what a number says by itself to the mapping, and the rows that are certainly somebody's to `table`.

use std::borrow::Cow;
use std::collections::HashMap;

use hedui_core::Subject;
use hedui_ids::name::{self, Match};

use crate::mapping::{Cell, Form, Likeness, Whose, is_none, is_total};

/// Lines under damaged numbers that are looked through for each person. More of them are no mistakes of clerks but of the file.
const MAX_DAMAGED: usize = 100_000;

/// Lines in doubt.
pub(super) struct Doubt {
    name_at: Option<usize>,
    /// Lines that may be anybody's, in order.
    anybodys: Vec<usize>,
    damaged: Vec<Damaged>,
    /// Lines without a number, by the name.
    named: HashMap<String, Vec<usize>>,
}

/// A line under a number that nobody has.
struct Damaged {
    line: usize,
    form: Form,
    name: Option<String>,
}

impl Doubt {
    /// `anybodys` are the lines that could not be split into cells.
    pub(super) fn new(anybodys: Vec<usize>, name_at: Option<usize>) -> Doubt {
        Doubt {
            name_at,
            anybodys,
            damaged: Vec::new(),
            named: HashMap::new(),
        }
    }

    /// Puts a line where its number leads.
    pub(super) fn put(&mut self, line: usize, whose: Whose, cells: &[Cell]) {
        let name = self.name(cells);
        match whose {
            Whose::Of(_) | Whose::Others => {}
            Whose::Damaged(form) if self.damaged.len() < MAX_DAMAGED => {
                let name = name.map(str::to_owned);
                self.damaged.push(Damaged { line, form, name });
            }
            Whose::Nobodys => self.word(line, "", name, cells),
            Whose::Word(word) => self.word(line, &word, name, cells),
            Whose::Damaged(_) | Whose::Anybodys => self.anybodys.push(line),
        }
    }

    /// A line of sums is nobody's. Where a word stands for the number the name says whose the line may be; without one it is as if nothing
    /// stood there.
    fn word(&mut self, line: usize, word: &str, name: Option<&str>, cells: &[Cell]) {
        let is_sum = |cell: &Cell| matches!(cell, Cell::Text(text) if is_total(text));
        match name {
            _ if is_total(word) => {}
            Some(name) if is_total(name) => {}
            None if cells.iter().any(is_sum) => {}
            Some(name) if !word.is_empty() && name::same(name, name) != Match::Doubtful => {
                self.named.entry(name::normalise(name)).or_default().push(line);
            }
            // A remark below the lines.
            None if !word.is_empty() && !is_none(word) => {}
            Some(_) | None => self.anybodys.push(line),
        }
    }

    fn name<'c>(&self, cells: &'c [Cell]) -> Option<&'c str> {
        match cells.get(self.name_at?)? {
            Cell::Text(text) if !text.trim().is_empty() => Some(text.trim()),
            Cell::Text(_) | Cell::Unreadable => None,
        }
    }

    /// Puts the lines in order.
    pub(super) fn sorted(mut self) -> Doubt {
        self.anybodys.sort_unstable();
        self
    }

    /// Lines that may be anybody's, in order.
    pub(super) fn anybodys(&self) -> &[usize] {
        &self.anybodys
    }

    /// Lines that may be this person's for want of a number, in order.
    pub(super) fn of(&self, subject: &Subject) -> Cow<'_, [usize]> {
        let Some(named) = self.named.get(&name::normalise(&subject.name)) else {
            return Cow::Borrowed(&self.anybodys);
        };
        let mut lines = [self.anybodys.as_slice(), named].concat();
        lines.sort_unstable();
        Cow::Owned(lines)
    }

    /// The first line under a damaged form of the person's number.
    pub(super) fn damaged(&self, subject: &Subject) -> Option<usize> {
        let theirs = |damaged: &&Damaged| {
            let named = damaged.name.as_deref().map(|name| name::same(name, &subject.name));
            match damaged.form.like(subject) {
                Likeness::None => false,
                Likeness::Two => matches!(named, Some(Match::Same | Match::SameAfterNormalising)),
                Likeness::One => named != Some(Match::Different),
                // Of several people in one line the name says little.
                Likeness::Whole => true,
            }
        };
        self.damaged.iter().find(theirs).map(|damaged| damaged.line)
    }

    /// Whether the name of a line leaves open that it is this person's.
    pub(super) fn may_be_named(&self, cells: &[Cell], subject: &Subject) -> bool {
        self.name(cells)
            .is_none_or(|name| name::same(name, &subject.name) != Match::Different)
    }
}
