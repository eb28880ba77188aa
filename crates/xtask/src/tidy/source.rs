//! Splits Rust text into code and comments, so that a rule about code is not misled by a string, nor one about comments
//! by code. Leaves the grammar beyond strings, characters and comments to the compiler.

/// A Rust file in two views of the same lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The text with comments, strings and characters blanked.
    pub(crate) code: Vec<String>,
    /// The comments only.
    pub(crate) comments: Vec<String>,
}

/// Which view a character belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// Splits a file. Never fails: what no compiler would accept is code.
pub(crate) fn split(text: &str) -> Source {
    let mut splitter = Splitter {
        rest: text,
        before: ' ',
        code: String::new(),
        comments: String::new(),
    };
    while !splitter.rest.is_empty() {
        splitter.step();
    }
    Source {
        code: lines(&splitter.code),
        comments: lines(&splitter.comments),
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

struct Splitter<'a> {
    rest: &'a str,
    /// The character before `rest`: an `r` inside a word opens no raw string.
    before: char,
    code: String,
    comments: String,
}

impl Splitter<'_> {
    fn step(&mut self) {
        let in_word = self.before.is_alphanumeric() || self.before == '_';
        if self.rest.starts_with("//") {
            let length = self.rest.find('\n').unwrap_or(self.rest.len());
            return self.take(length, Kind::Comment);
        }
        if self.rest.starts_with("/*") {
            return self.take(block_comment(self.rest), Kind::Comment);
        }
        if self.rest.starts_with('"') {
            return self.take(quoted(self.rest, '"'), Kind::Literal);
        }
        if !in_word && let Some(length) = raw_string(self.rest) {
            return self.take(length, Kind::Literal);
        }
        if self.rest.starts_with('\'') && is_character(self.rest) {
            return self.take(quoted(self.rest, '\''), Kind::Literal);
        }
        let length = self.rest.chars().next().map_or(1, char::len_utf8);
        self.take(length, Kind::Code);
    }

    /// Moves `length` bytes into their view, and blanks into the other; line ends go to both.
    fn take(&mut self, length: usize, kind: Kind) {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        for character in taken.chars() {
            let shown = |view: Kind| {
                if character == '\n' || kind == view {
                    character
                } else {
                    ' '
                }
            };
            self.code.push(shown(Kind::Code));
            self.comments.push(shown(Kind::Comment));
            self.before = character;
        }
        self.rest = rest;
    }
}

/// Length of a block comment with the comments nested in it.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut skip = false;
    for (place, pair) in text.as_bytes().windows(2).enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth = depth.saturating_sub(1),
            _ => continue,
        }
        skip = true;
        if depth == 0 {
            return place + 2;
        }
    }
    text.len()
}

/// Length of a string or character up to its closing quote, past escaped ones.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (place, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return place + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of `r"..."`, `r#"..."#`, `br"..."` or `cr"..."`, where one begins here.
fn raw_string(text: &str) -> Option<usize> {
    let inner = text
        .strip_prefix("br")
        .or_else(|| text.strip_prefix("cr"))
        .or_else(|| text.strip_prefix('r'))?;
    let body = inner.trim_start_matches('#');
    let hashes = inner.len() - body.len();
    let body = body.strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let opened = text.len() - body.len();
    Some(
        body.find(&closing)
            .map_or(text.len(), |place| opened + place + closing.len()),
    )
}

/// Whether a single quote opens a character rather than a lifetime.
fn is_character(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    match (characters.next(), characters.next()) {
        (Some('\\'), _) => true,
        (Some(_), Some(second)) => second == '\'',
        _ => false,
    }
}

/// Whether `word` stands in `line` as a word of its own.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(place, _)| {
        let outside = |character: Option<char>| !character.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let before = line.get(..place).and_then(|text| text.chars().next_back());
        let after = line.get(place + word.len()..).and_then(|text| text.chars().next());
        outside(before) && outside(after)
    })
}

#[cfg(test)]
mod tests;
