//! Splits the text of a formula into tokens with their byte positions.
//! Leaves their order to the parser.

use std::fmt;
use std::ops::Range;

use super::{Comparison, SyntaxError};
use crate::ratio::Ratio;

/// A word, number or sign of a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Number(Ratio),
    Name(String),
    Compare(Comparison),
    Plus,
    Minus,
    Times,
    Over,
    Open,
    Close,
    Comma,
    And,
    Or,
    Not,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Token::Number(value) => return write!(f, "`{value}`"),
            Token::Name(name) => return write!(f, "`{name}`"),
            Token::Compare(_) => "a comparison",
            Token::Plus => "`+`",
            Token::Minus => "`-`",
            Token::Times => "`*`",
            Token::Over => "`/`",
            Token::Open => "`(`",
            Token::Close => "`)`",
            Token::Comma => "`,`",
            Token::And => "`and`",
            Token::Or => "`or`",
            Token::Not => "`not`",
        };
        f.write_str(text)
    }
}

/// Splits a text into tokens.
pub(super) fn lex(text: &str) -> Result<Vec<(Range<usize>, Token)>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (length, token) = token(rest, first).map_err(|message| SyntaxError { at, message })?;
        tokens.push((at..at + length, token));
        at += length;
    }
    Ok(tokens)
}

fn token(rest: &str, first: char) -> Result<(usize, Token), String> {
    if first.is_ascii_digit() {
        let length = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
            .unwrap_or(rest.len());
        let digits = rest.get(..length).unwrap_or_default();
        let value = Ratio::parse(digits).ok_or_else(|| format!("`{digits}` is not a number"))?;
        return Ok((length, Token::Number(value)));
    }
    if first.is_ascii_lowercase() {
        let of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
        let length = rest.find(|c: char| !of_name(c)).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default();
        let token = match name {
            "and" => Token::And,
            "or" => Token::Or,
            "not" => Token::Not,
            name => Token::Name(name.to_owned()),
        };
        return Ok((length, token));
    }
    let two = match rest.get(..2) {
        Some("<=") => Some(Comparison::LessOrEqual),
        Some(">=") => Some(Comparison::GreaterOrEqual),
        Some("==") => Some(Comparison::Equal),
        Some("!=") => Some(Comparison::NotEqual),
        _ => None,
    };
    if let Some(comparison) = two {
        return Ok((2, Token::Compare(comparison)));
    }
    let one = match first {
        '<' => Token::Compare(Comparison::Less),
        '>' => Token::Compare(Comparison::Greater),
        '+' => Token::Plus,
        '-' => Token::Minus,
        '*' => Token::Times,
        '/' => Token::Over,
        '(' => Token::Open,
        ')' => Token::Close,
        ',' => Token::Comma,
        '=' => return Err("`=` does not compare; write `==`".into()),
        other => {
            return Err(format!(
                "`{other}` has no meaning in a formula; names are lower-case letters, digits, `_` and `.`"
            ));
        }
    };
    Ok((1, one))
}
