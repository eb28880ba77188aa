//! The formula language: text to a tree with positions, by recursive descent with bounded length, depth and size.
//! Leaves names, units and scopes to `pack::check`, and values to `evaluate`.

use std::ops::Range;

use crate::ratio::Ratio;

mod lex;
#[cfg(test)]
mod tests;

use lex::{Token, lex};

/// Longest formula in characters: one that is longer is not readable, split it into steps.
pub(crate) const MAX_FORMULA_CHARS: usize = 400;
/// Deepest nesting of brackets, calls and signs.
const MAX_DEPTH: usize = 24;

/// A mistake in a formula, at a byte position of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub at: usize,
    pub message: String,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// Operations on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// Functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Min,
    Max,
    Clamp,
    If,
    Sum,
    Mean,
    Count,
    NetOf,
}

impl Function {
    /// All with their names and the number of arguments that they take, least and most.
    pub(crate) const ALL: [(Function, &'static str, usize, usize); 8] = [
        (Function::Min, "min", 2, 8),
        (Function::Max, "max", 2, 8),
        (Function::Clamp, "clamp", 3, 3),
        (Function::If, "if", 3, 3),
        (Function::Sum, "sum", 1, 1),
        (Function::Mean, "mean", 1, 1),
        (Function::Count, "count", 1, 1),
        (Function::NetOf, "net_of", 2, 2),
    ];
}

/// A part of a formula and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub span: Range<usize>,
    pub kind: Kind,
}

/// What a part of a formula is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number(Ratio),
    Name(String),
    Negate(Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Call(Function, Vec<Node>),
}

impl Node {
    /// Every name in it, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(node) = open.pop() {
            match &node.kind {
                Kind::Number(_) => {}
                Kind::Name(name) => found.push(name.as_str()),
                Kind::Negate(inner) | Kind::Not(inner) => open.push(inner),
                Kind::Arithmetic(_, left, right)
                | Kind::Compare(_, left, right)
                | Kind::And(left, right)
                | Kind::Or(left, right) => open.extend([&**right, &**left]),
                Kind::Call(_, arguments) => open.extend(arguments.iter().rev()),
            }
        }
        found
    }
}

/// Reads a formula.
pub(crate) fn parse(text: &str) -> Result<Node, SyntaxError> {
    if text.chars().count() > MAX_FORMULA_CHARS {
        let message = format!("a formula has at most {MAX_FORMULA_CHARS} characters; split it into steps");
        return Err(SyntaxError { at: 0, message });
    }
    let mut parser = Parser {
        tokens: lex(text)?,
        next: 0,
        depth: 0,
        end: text.len(),
    };
    let node = parser.alternative()?;
    match parser.peek() {
        None => Ok(node),
        Some(token) => Err(parser.error(format!("{token} is not expected here"))),
    }
}

struct Parser {
    tokens: Vec<(Range<usize>, Token)>,
    next: usize,
    depth: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(span, _)| span.start)
    }

    /// Where the last token taken ends.
    fn taken(&self) -> usize {
        self.next
            .checked_sub(1)
            .and_then(|i| self.tokens.get(i))
            .map_or(0, |(span, _)| span.end)
    }

    fn error(&self, message: String) -> SyntaxError {
        SyntaxError { at: self.at(), message }
    }

    fn accept(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), SyntaxError> {
        if self.accept(token) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(found) => self.error(format!("{token} is expected here, not {found}")),
            None => self.error(format!("the formula ends where {token} is expected")),
        })
    }

    fn node(&self, from: usize, kind: Kind) -> Node {
        Node {
            span: from..self.taken(),
            kind,
        }
    }

    /// Runs a rule one level deeper.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T, SyntaxError>) -> Result<T, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(format!("a formula nests at most {MAX_DEPTH} deep; split it into steps")));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    fn alternative(&mut self) -> Result<Node, SyntaxError> {
        let from = self.at();
        let mut left = self.conjunction()?;
        while self.accept(&Token::Or) {
            let right = self.conjunction()?;
            left = self.node(from, Kind::Or(Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Node, SyntaxError> {
        let from = self.at();
        let mut left = self.negation()?;
        while self.accept(&Token::And) {
            let right = self.negation()?;
            left = self.node(from, Kind::And(Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Node, SyntaxError> {
        let from = self.at();
        if self.accept(&Token::Not) {
            let inner = self.deeper(Self::negation)?;
            return Ok(self.node(from, Kind::Not(Box::new(inner))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, SyntaxError> {
        let from = self.at();
        let left = self.sum()?;
        let Some(Token::Compare(comparison)) = self.peek() else {
            return Ok(left);
        };
        let comparison = *comparison;
        self.next += 1;
        let right = self.sum()?;
        if let Some(Token::Compare(_)) = self.peek() {
            return Err(self.error("compare two things at a time; join two comparisons with `and`".into()));
        }
        Ok(self.node(from, Kind::Compare(comparison, Box::new(left), Box::new(right))))
    }

    fn sum(&mut self) -> Result<Node, SyntaxError> {
        let from = self.at();
        let mut left = self.product()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Plus) => Arithmetic::Add,
                Some(Token::Minus) => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = self.product()?;
            left = self.node(from, Kind::Arithmetic(operation, Box::new(left), Box::new(right)));
        }
    }

    fn product(&mut self) -> Result<Node, SyntaxError> {
        let from = self.at();
        let mut left = self.sign()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Times) => Arithmetic::Multiply,
                Some(Token::Over) => Arithmetic::Divide,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = self.sign()?;
            left = self.node(from, Kind::Arithmetic(operation, Box::new(left), Box::new(right)));
        }
    }

    fn sign(&mut self) -> Result<Node, SyntaxError> {
        let from = self.at();
        if self.accept(&Token::Minus) {
            let inner = self.deeper(Self::sign)?;
            return Ok(self.node(from, Kind::Negate(Box::new(inner))));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Node, SyntaxError> {
        let from = self.at();
        match self.peek().cloned() {
            Some(Token::Number(value)) => {
                self.next += 1;
                Ok(self.node(from, Kind::Number(value)))
            }
            Some(Token::Name(name)) => {
                self.next += 1;
                if self.peek() == Some(&Token::Open) {
                    return self.call(from, &name);
                }
                Ok(self.node(from, Kind::Name(name)))
            }
            Some(Token::Open) => {
                self.next += 1;
                let inner = self.deeper(Self::alternative)?;
                self.expect(&Token::Close)?;
                Ok(Node {
                    span: from..self.taken(),
                    ..inner
                })
            }
            Some(token) => Err(self.error(format!("a number, a name or a bracket is expected here, not {token}"))),
            None => Err(self.error("the formula ends too early".into())),
        }
    }

    fn call(&mut self, from: usize, name: &str) -> Result<Node, SyntaxError> {
        let Some((function, _, least, most)) = Function::ALL.into_iter().find(|(_, n, ..)| *n == name) else {
            let names: Vec<&str> = Function::ALL.iter().map(|(_, n, ..)| *n).collect();
            let message = format!("there is no function `{name}`; there are {}", names.join(", "));
            return Err(SyntaxError { at: from, message });
        };
        self.expect(&Token::Open)?;
        let mut arguments = vec![self.deeper(Self::alternative)?];
        while self.accept(&Token::Comma) {
            arguments.push(self.deeper(Self::alternative)?);
        }
        self.expect(&Token::Close)?;
        if !(least..=most).contains(&arguments.len()) {
            let wanted = if least == most {
                format!("{least}")
            } else {
                format!("{least} to {most}")
            };
            let message = format!("{name} takes {wanted} arguments, not {}", arguments.len());
            return Err(SyntaxError { at: from, message });
        }
        Ok(self.node(from, Kind::Call(function, arguments)))
    }
}
