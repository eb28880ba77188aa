//! Laws of the grammar.

use proptest::prelude::*;

use super::{Arithmetic, Kind, MAX_FORMULA_CHARS, Node, parse};

/// Writes a tree with every bracket, so that its shape can be compared.
fn shape(node: &Node) -> String {
    match &node.kind {
        Kind::Number(value) => value.to_string(),
        Kind::Name(name) => name.clone(),
        Kind::Negate(inner) => format!("(-{})", shape(inner)),
        Kind::Not(inner) => format!("(not {})", shape(inner)),
        Kind::And(a, b) => format!("({} and {})", shape(a), shape(b)),
        Kind::Or(a, b) => format!("({} or {})", shape(a), shape(b)),
        Kind::Compare(op, a, b) => format!("({} {op:?} {})", shape(a), shape(b)),
        Kind::Arithmetic(op, a, b) => {
            let sign = match op {
                Arithmetic::Add => "+",
                Arithmetic::Subtract => "-",
                Arithmetic::Multiply => "*",
                Arithmetic::Divide => "/",
            };
            format!("({}{sign}{})", shape(a), shape(b))
        }
        Kind::Call(function, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(shape).collect();
            format!("{function:?}({})", arguments.join(","))
        }
    }
}

fn shaped(text: &str) -> String {
    shape(&parse(text).unwrap())
}

fn error(text: &str) -> (usize, String) {
    let error = parse(text).unwrap_err();
    (error.at, error.message)
}

#[test]
fn products_bind_before_sums_before_comparisons_before_not_and_or() {
    assert_eq!(shaped("a + b * c - d / e"), "((a+(b*c))-(d/e))");
    assert_eq!(shaped("a - b - c"), "((a-b)-c)");
    assert_eq!(shaped("a / b / c"), "((a/b)/c)");
    assert_eq!(shaped("-a * b"), "((-a)*b)");
    assert_eq!(
        shaped("a < b + 1 and not c >= d or e == f"),
        "(((a Less (b+1)) and (not (c GreaterOrEqual d))) or (e Equal f))"
    );
    assert_eq!(shaped("(a + b) * c"), "((a+b)*c)");
    assert_eq!(
        shaped("if(a < b, max(0, c), sum(member.age))"),
        "If((a Less b),Max(0,c),Sum(member.age))"
    );
}

#[test]
fn a_mistake_has_its_position() {
    assert_eq!(error("a + "), (4, "the formula ends too early".into()));
    assert_eq!(error("a b").0, 2);
    assert_eq!(error("(a").0, 2);
    assert_eq!(error("a < b < c").0, 6);
    assert_eq!(error("a = b").0, 2);
    assert_eq!(
        error("1 + average(a)"),
        (
            4,
            "there is no function `average`; there are min, max, clamp, if, sum, mean, count, net_of".into()
        )
    );
    assert_eq!(error("max(a)"), (0, "max takes 2 to 8 arguments, not 1".into()));
    assert_eq!(error("1.2.3").0, 0);
    assert_eq!(error("a + 元").0, 4);
    assert_eq!(error("").0, 0);
}

#[test]
fn length_and_depth_are_limited() {
    let long = format!("1{}", "+1".repeat(MAX_FORMULA_CHARS));
    assert!(error(&long).1.contains("at most 400 characters"));
    assert!(error(&"(".repeat(300)).1.contains("nests at most"));
    assert!(error(&"-".repeat(300)).1.contains("nests at most"));
    assert!(error(&"not ".repeat(99)).1.contains("nests at most"));
}

proptest! {
    #[test]
    fn any_text_is_a_formula_or_a_mistake_inside_it(text in "[a-c0-9.+*/()<>=, -]{0,60}|\\PC{0,40}") {
        match parse(&text) {
            Ok(node) => prop_assert!(node.span.end <= text.len()),
            Err(error) => prop_assert!(error.at <= text.len() && !error.message.is_empty()),
        }
    }

    #[test]
    fn every_part_stands_where_it_says(text in "[a-c]( [+*/-] [a-c]){0,6}") {
        fn walk(node: &Node, text: &str) {
            if let Kind::Name(name) = &node.kind {
                assert_eq!(&text[node.span.clone()], name.as_str());
            }
            if let Kind::Arithmetic(_, a, b) = &node.kind {
                assert!(node.span.start <= a.span.start && a.span.end < b.span.start && b.span.end <= node.span.end);
                walk(a, text);
                walk(b, text);
            }
        }
        walk(&parse(&text).unwrap(), &text);
    }
}
