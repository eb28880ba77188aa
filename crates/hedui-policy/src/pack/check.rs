//! Resolves the names of formulas and checks their units: every formula leaves here compiled or with its mistakes noted.
//! Leaves reading the file to `read`.

use std::collections::{BTreeMap, BTreeSet};

use hedui_core::record::RecordType;

use super::source::{FormulaText, Source};
use crate::formula::{self, Arithmetic, Function, Kind, Node};
use crate::program::{Code, Formula, Piece, Place, Rounding, Scope};
use crate::ratio::Ratio;
use crate::unit::Unit;
use crate::vocabulary::WindowOf;

/// What a part of a formula is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Number(Unit),
    /// The number 0, which fits every unit.
    Zero,
    Condition,
}

impl Type {
    fn describe(self) -> String {
        match self {
            Type::Number(unit) => unit.to_string(),
            Type::Zero => "zero".into(),
            Type::Condition => "a condition".into(),
        }
    }
}

/// A name that formulas may read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub scope: Scope,
    pub place: usize,
    pub of: Type,
}

/// Names and places while a pack is compiled.
#[derive(Default)]
pub(super) struct Checker {
    pub household: Vec<Place>,
    pub member: Vec<Place>,
    pub known: BTreeMap<String, Known>,
    pub used: BTreeSet<String>,
    /// Steps that are not compiled yet, each with the names that its formula uses.
    pub later: BTreeMap<String, Vec<String>>,
    /// The step whose formula is being checked.
    pub now: Option<String>,
    /// Items that could not be read.
    pub broken: BTreeSet<String>,
    pub windows: Vec<(WindowOf, Option<u32>)>,
    /// Whether the formula of `[support]` is being checked: only there a supporter is meant.
    pub in_support: bool,
    /// Record types that the words used so far need, with the word.
    pub needed: BTreeMap<RecordType, &'static str>,
}

/// A formula being checked.
pub(super) struct Pass<'c, 's, 'a> {
    pub(super) checker: &'c mut Checker,
    source: &'s mut Source<'a>,
    formula: &'c FormulaText,
}

impl Checker {
    /// Before anything is defined: the windows, the names of all steps, and of items that could not be read.
    pub fn new(
        windows: Vec<(WindowOf, Option<u32>)>,
        later: BTreeMap<String, Vec<String>>,
        broken: BTreeSet<String>,
    ) -> Checker {
        Checker {
            windows,
            later,
            broken,
            ..Checker::default()
        }
    }

    /// How a step that is not compiled yet comes to the one being checked, both included; `None` where it does not need it.
    pub fn cycle(&self, name: &str) -> Option<Vec<&str>> {
        let now = self.now.as_deref()?;
        let (first, _) = self.later.get_key_value(name)?;
        let mut open: Vec<Vec<&str>> = vec![vec![first.as_str()]];
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(path) = open.pop() {
            let last = path.last().copied()?;
            if last == now {
                return Some(path);
            }
            if seen.insert(last) {
                let next = self
                    .later
                    .get(last)?
                    .iter()
                    .filter_map(|name| self.later.get_key_value(name));
                open.extend(next.map(|(name, _)| [path.as_slice(), &[name.as_str()]].concat()));
            }
        }
        None
    }

    /// Makes a place and its name known.
    pub fn define(&mut self, scope: Scope, place: Place, of: Type) -> usize {
        let name = place.name.clone();
        let places = match scope {
            Scope::Household => &mut self.household,
            Scope::Member => &mut self.member,
        };
        places.push(place);
        let place = places.len() - 1;
        self.known.insert(name.into(), Known { scope, place, of });
        place
    }

    /// Parses, resolves and types a formula.
    pub fn formula(
        &mut self,
        source: &mut Source<'_>,
        text: &FormulaText,
        scope: Scope,
        round: Option<Rounding>,
    ) -> Option<(Formula, Type)> {
        let node = match formula::parse(&text.text) {
            Ok(node) => node,
            Err(error) => {
                source.mistake(text.offset(error.at), "FORMULA_SYNTAX", error.message);
                return None;
            }
        };
        let mut pass = Pass {
            checker: self,
            source,
            formula: text,
        };
        let (code, of) = pass.typed(&node, scope)?;
        let mut pieces = Vec::new();
        let mut written = 0;
        pass.pieces(&node, scope, &mut written, &mut pieces);
        pieces.push(Piece::Text(text.text.get(written..).unwrap_or_default().to_owned()));
        Some((
            rounded(
                Formula {
                    text: text.text.as_str().into(),
                    code,
                    pieces,
                },
                round,
            ),
            of,
        ))
    }
}

/// Shows the rounding in the text that a clerk reads: `round(9200 / 3, 1, half_up)`.
fn rounded(mut formula: Formula, round: Option<Rounding>) -> Formula {
    if let Some(round) = round {
        let tail = format!(", {}, {})", round.to, round.mode.word());
        formula.text = format!("round({}{tail}", formula.text).into();
        formula.pieces.insert(0, Piece::Text("round(".into()));
        formula.pieces.push(Piece::Text(tail));
    }
    formula
}

impl Pass<'_, '_, '_> {
    /// Notes a mistake at a part of the formula.
    pub(super) fn mistake(&mut self, node: &Node, reason: &'static str, message: String, hint: Option<String>) {
        self.source
            .mistake_with(self.formula.offset(node.span.start), reason, message, hint);
    }

    fn typed(&mut self, node: &Node, scope: Scope) -> Option<(Code, Type)> {
        match &node.kind {
            Kind::Number(value) if *value == Ratio::ZERO => Some((Code::Number(*value), Type::Zero)),
            Kind::Number(value) => Some((Code::Number(*value), Type::Number(Unit::RATIO))),
            Kind::Name(name) => self.name(node, name, scope),
            Kind::Negate(inner) => {
                let (code, of) = self.number(inner, scope)?;
                Some((Code::Negate(Box::new(code)), of))
            }
            Kind::Arithmetic(operation, left, right) => self.arithmetic(node, *operation, (left, right), scope),
            Kind::Compare(comparison, left, right) => {
                let (l, r) = (self.number(left, scope), self.number(right, scope));
                let ((l, left_type), (r, right_type)) = (l?, r?);
                self.same(node, left_type, right_type, "compare")?;
                Some((Code::Compare(*comparison, Box::new(l), Box::new(r)), Type::Condition))
            }
            Kind::And(left, right) | Kind::Or(left, right) => {
                let (l, r) = (self.condition(left, scope), self.condition(right, scope));
                let (l, r) = (Box::new(l?), Box::new(r?));
                let code = if matches!(node.kind, Kind::And(..)) {
                    Code::And(l, r)
                } else {
                    Code::Or(l, r)
                };
                Some((code, Type::Condition))
            }
            Kind::Not(inner) => Some((Code::Not(Box::new(self.condition(inner, scope)?)), Type::Condition)),
            Kind::Call(function, arguments) => self.call(node, *function, arguments, scope),
        }
    }

    fn number(&mut self, node: &Node, scope: Scope) -> Option<(Code, Type)> {
        let (code, of) = self.typed(node, scope)?;
        if of == Type::Condition {
            self.mistake(
                node,
                "NUMBER_EXPECTED",
                "a number is expected here, not a condition".into(),
                None,
            );
            return None;
        }
        Some((code, of))
    }

    fn condition(&mut self, node: &Node, scope: Scope) -> Option<Code> {
        let (code, of) = self.typed(node, scope)?;
        if of != Type::Condition {
            let message = format!("a condition is expected here, not a number in {}", of.describe());
            self.mistake(node, "CONDITION_EXPECTED", message, None);
            return None;
        }
        Some(code)
    }

    /// The common type of two numbers, or a mistake.
    fn same(&mut self, node: &Node, left: Type, right: Type, what: &str) -> Option<Type> {
        match (left, right) {
            (Type::Zero, of) | (of, Type::Zero) if of != Type::Condition => Some(of),
            (Type::Condition, Type::Condition) => Some(Type::Condition),
            (Type::Number(a), Type::Number(b)) if a == b => Some(left),
            _ => {
                let message = format!("cannot {what} {} and {}", left.describe(), right.describe());
                let hint = match (left, right) {
                    (Type::Number(a), Type::Number(b)) => a.conversion_hint(b),
                    _ => None,
                };
                self.mistake(node, "UNIT_MISMATCH", message, hint);
                None
            }
        }
    }

    fn arithmetic(
        &mut self,
        node: &Node,
        operation: Arithmetic,
        sides: (&Node, &Node),
        scope: Scope,
    ) -> Option<(Code, Type)> {
        let (l, r) = (self.number(sides.0, scope), self.number(sides.1, scope));
        let ((l, left), (r, right)) = (l?, r?);
        let unit = |of: Type| if let Type::Number(unit) = of { unit } else { Unit::RATIO };
        let of = match operation {
            Arithmetic::Add => self.same(node, left, right, "add")?,
            Arithmetic::Subtract => self.same(node, left, right, "subtract")?,
            Arithmetic::Multiply if left == Type::Zero || right == Type::Zero => Type::Zero,
            Arithmetic::Divide if right == Type::Zero => {
                self.mistake(node, "DIVISION_BY_ZERO", "nothing is divided by zero".into(), None);
                return None;
            }
            Arithmetic::Divide if left == Type::Zero => Type::Zero,
            Arithmetic::Multiply | Arithmetic::Divide => {
                let (a, b) = (unit(left), unit(right));
                let combined = if operation == Arithmetic::Multiply {
                    a.times(b)
                } else {
                    a.per(b)
                };
                let Some(combined) = combined else {
                    self.mistake(node, "LIMIT", "the unit has too high a power".into(), None);
                    return None;
                };
                Type::Number(combined)
            }
        };
        Some((Code::Arithmetic(operation, Box::new(l), Box::new(r)), of))
    }

    fn call(&mut self, node: &Node, function: Function, arguments: &[Node], scope: Scope) -> Option<(Code, Type)> {
        match (function, arguments) {
            (Function::Sum | Function::Mean | Function::Count, [argument]) => {
                self.aggregate(node, function, argument, scope)
            }
            (Function::If, [condition, then, other]) => {
                let condition = self.condition(condition, scope);
                let (then, other) = (self.typed(then, scope), self.typed(other, scope));
                let ((then, a), (other, b)) = (then?, other?);
                let of = self.same(node, a, b, "choose between")?;
                Some((Code::If(Box::new([condition?, then, other])), of))
            }
            (Function::NetOf, [gross, deductions]) => self.net_of(gross, deductions, scope),
            _ => {
                let found: Vec<Option<(Code, Type)>> = arguments.iter().map(|a| self.number(a, scope)).collect();
                let found: Option<Vec<(Code, Type)>> = found.into_iter().collect();
                let mut of = Type::Zero;
                let mut codes = Vec::new();
                for (code, next) in found? {
                    of = self.same(node, of, next, "compare")?;
                    codes.push(code);
                }
                let code = match function {
                    Function::Min => Code::Min(codes),
                    Function::Max => Code::Max(codes),
                    _ => clamp(codes)?,
                };
                Some((code, of))
            }
        }
    }

    /// A gross amount less what comes off, never below zero: the one way from gross to net. What comes off is an amount of its own, and so net.
    fn net_of(&mut self, gross: &Node, deductions: &Node, scope: Scope) -> Option<(Code, Type)> {
        let (from, off) = (self.number(gross, scope), self.number(deductions, scope));
        let ((from, from_type), (off, off_type)) = (from?, off?);
        let net = match from_type {
            Type::Number(unit) => unit.net(),
            Type::Zero | Type::Condition => None,
        };
        let Some(net) = net else {
            let message = format!("net_of takes a gross amount, and this is in {}", from_type.describe());
            let hint = "facts are net already; what a rule gives gross has a unit like yuan/month gross".to_owned();
            self.mistake(gross, "UNIT_MISMATCH", message, Some(hint));
            return None;
        };
        let of = self.same(deductions, Type::Number(net), off_type, "take off")?;
        let rest = Code::Arithmetic(Arithmetic::Subtract, Box::new(from), Box::new(off));
        Some((Code::Max(vec![Code::Number(Ratio::ZERO), rest]), of))
    }

    fn aggregate(&mut self, node: &Node, function: Function, argument: &Node, scope: Scope) -> Option<(Code, Type)> {
        if scope == Scope::Member {
            let message = "members are added up or counted in a household formula, not inside a member's".to_owned();
            self.mistake(node, "SCOPE_WRONG", message, None);
            return None;
        }
        if function == Function::Count {
            let code = self.condition(argument, Scope::Member)?;
            return Some((Code::Count(Box::new(code)), Type::Number(Unit::PERSONS)));
        }
        let (code, of) = self.number(argument, Scope::Member)?;
        let code = Box::new(code);
        Some((
            if function == Function::Sum {
                Code::Sum(code)
            } else {
                Code::Mean(code)
            },
            of,
        ))
    }

    /// Cuts the formula's text at its names and aggregates. Runs only after the formula was typed, so names resolve.
    fn pieces(&mut self, node: &Node, scope: Scope, written: &mut usize, pieces: &mut Vec<Piece>) {
        let piece = match &node.kind {
            Kind::Name(_) => self.typed(node, scope).map(|(code, _)| Piece::Value(code)),
            Kind::Call(Function::Sum | Function::Mean | Function::Count, _) => {
                self.typed(node, scope).map(|(code, _)| match code {
                    Code::Sum(each) => Piece::Members {
                        each: *each,
                        mean: false,
                    },
                    Code::Mean(each) => Piece::Members {
                        each: *each,
                        mean: true,
                    },
                    other => Piece::Value(other),
                })
            }
            _ => None,
        };
        if let Some(piece) = piece {
            let before = self.formula.text.get(*written..node.span.start).unwrap_or_default();
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(piece);
            *written = node.span.end;
            return;
        }
        match &node.kind {
            Kind::Negate(inner) | Kind::Not(inner) => self.pieces(inner, scope, written, pieces),
            Kind::Arithmetic(_, left, right)
            | Kind::Compare(_, left, right)
            | Kind::And(left, right)
            | Kind::Or(left, right) => {
                self.pieces(left, scope, written, pieces);
                self.pieces(right, scope, written, pieces);
            }
            Kind::Call(_, arguments) => {
                for argument in arguments {
                    self.pieces(argument, scope, written, pieces);
                }
            }
            Kind::Number(_) | Kind::Name(_) => {}
        }
    }
}

/// `clamp(x, lo, hi)` as the greater of `lo` and the lesser of `x` and `hi`.
fn clamp(codes: Vec<Code>) -> Option<Code> {
    let [value, lo, hi] = <[Code; 3]>::try_from(codes).ok()?;
    Some(Code::Max(vec![lo, Code::Min(vec![value, hi])]))
}
